"""How a claim moves: a table of allowed moves, one writer, one event row a move (rules.md B5, I-14).

The database holds the same table (ClaimTransition) and refuses any other move; a test compares them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import connection as database
from django.utils import timezone

from claims.enums import ClaimState as S
from claims.errors import IllegalMove
from claims.models import Claim, ClaimEvent
from clinics.scoping import current_actor

# A claim that has not left may be adjudicated all the same: the payer before sent it on (crossover).
MOVES: dict[S, tuple[S, ...]] = {
    S.NEW: (S.READY, S.ON_HOLD, S.VOIDED, S.SUPERSEDED, S.ADJUDICATED),
    S.READY: (S.NEW, S.ON_HOLD, S.BATCHED, S.VOIDED, S.SUPERSEDED, S.ADJUDICATED),
    S.ON_HOLD: (S.NEW, S.READY, S.VOIDED, S.SUPERSEDED, S.ADJUDICATED),
    S.BATCHED: (S.SUBMITTED, S.READY),
    S.SUBMITTED: (S.ACKNOWLEDGED, S.ACCEPTED, S.REJECTED, S.ADJUDICATED, S.SUPERSEDED),
    S.ACKNOWLEDGED: (S.ACCEPTED, S.REJECTED, S.ADJUDICATED, S.SUPERSEDED),
    S.ACCEPTED: (S.REJECTED, S.ADJUDICATED, S.SUPERSEDED),
    S.REJECTED: (S.SUPERSEDED, S.ADJUDICATED, S.VOIDED),
    S.AWAITING_CROSSOVER: (S.NEW, S.READY, S.ADJUDICATED, S.VOIDED),
    S.ADJUDICATED: (S.CLOSED, S.SUPERSEDED, S.VOID_REQUESTED),
    S.CLOSED: (S.ADJUDICATED, S.SUPERSEDED, S.VOID_REQUESTED),
    S.SUPERSEDED: (S.ADJUDICATED,),
    S.VOID_REQUESTED: (S.VOIDED, S.ADJUDICATED),
    S.VOIDED: (),
}


# One statement for any number of claims.
SAME_EVENT = """
INSERT INTO claims_claimevent
    (clinic_id, claim_id, at, actor, kind, from_state, to_state, text, segment, file_key, data)
SELECT %(clinic)s, claim, %(at)s, %(actor)s, 'state', %(start)s, %(to)s, %(text)s, '', '', '{}'
  FROM unnest(%(claims)s::bigint[]) WITH ORDINALITY AS chosen (claim, place) ORDER BY place
"""


def allowed_moves() -> set[tuple[str, str]]:
    """Every (from, to) pair."""
    return {(start.value, end.value) for start, ends in MOVES.items() for end in ends}


def move(claim: Claim, to: S, *, text: str, segment: str = "", file_key: str = "", **fields: Any) -> None:
    """Move one claim: a conditional UPDATE that must hit exactly one row, and its event.

    ``fields`` are further columns to set in the same statement. Raises IllegalMove when the
    table does not allow it or somebody else moved the claim first.
    """
    start = S(claim.state)
    if to not in MOVES[start]:
        raise IllegalMove(claim.control_number, start, to)
    now = timezone.now()
    hit = Claim.objects.filter(pk=claim.pk, state=start).update(
        state=to, last_event=text[:200], last_event_at=now, **fields
    )
    if hit != 1:
        raise IllegalMove(claim.control_number, start, to, raced=True)
    for name, value in {**fields, "state": to, "last_event": text[:200], "last_event_at": now}.items():
        setattr(claim, name, value)
    note(claim, "state", text, from_state=start, to_state=to, segment=segment, file_key=file_key)


def move_many(claims: Iterable[Claim], to: S, *, text: str, **fields: Any) -> int:
    """Move claims of one state together: one UPDATE, one INSERT of events. Returns how many moved.

    All must stand in the same state and be locked by the caller; a count that differs is refused.
    """
    rows = list(claims)
    if not rows:
        return 0
    starts = {S(claim.state) for claim in rows}
    assert len(starts) == 1, "move_many takes claims of one state"
    start = starts.pop()
    if to not in MOVES[start]:
        raise IllegalMove(rows[0].control_number, start, to)
    now = timezone.now()
    hit = Claim.objects.filter(pk__in=[claim.pk for claim in rows], state=start).update(
        state=to, last_event=text[:200], last_event_at=now, **fields
    )
    if hit != len(rows):
        raise IllegalMove(rows[0].control_number, start, to, raced=True)
    with database.cursor() as cursor:
        cursor.execute(
            SAME_EVENT,
            {
                "clinic": rows[0].clinic_id,
                "claims": [claim.pk for claim in rows],
                "at": now,
                "actor": current_actor(),
                "start": start.value,
                "to": to.value,
                "text": text[:300],
            },
        )
    for claim in rows:
        claim.state = to
    return hit


def note(
    claim: Claim,
    kind: str,
    text: str,
    *,
    from_state: str = "",
    to_state: str = "",
    segment: str = "",
    file_key: str = "",
    data: dict[str, Any] | None = None,
) -> None:
    """Append one event to a claim's timeline without moving it."""
    ClaimEvent.objects.create(
        clinic_id=claim.clinic_id,
        claim=claim,
        at=timezone.now(),
        actor=current_actor(),
        kind=kind,
        from_state=from_state,
        to_state=to_state,
        text=text[:300],
        segment=segment[:300],
        file_key=file_key,
        data=data or {},
    )
