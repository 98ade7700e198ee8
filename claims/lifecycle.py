"""How a claim moves: a table of allowed moves, one writer, one event row a move (rules.md B5, I-14).

The database holds the same table (ClaimTransition) and refuses any other move; a test compares them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection as database
from django.utils import timezone

from claims.enums import ClaimState as S
from claims.errors import IllegalMove
from claims.models import Claim, ClaimEvent
from clinics import bulk
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


@dataclass(slots=True)
class Event:
    """One move or notice of many: ``to`` None moves nothing. ``fields`` are columns set with it."""

    claim: Claim
    text: str
    to: S | None = None
    kind: str = "state"
    segment: str = ""
    file_key: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)


def move_each(events: Sequence[Event]) -> None:
    """Moves and notices of many claims in order, a claim any number of times: few statements for all.

    First moves are one conditional UPDATE for each set of columns, then second moves, and so on; each must hit
    its claim. The claims in memory are moved along. Raises IllegalMove as ``move`` does.
    """
    now, actor = timezone.now(), current_actor()
    waves: list[list[tuple[Event, S, S]]] = []
    turns: dict[int, int] = {}
    rows: list[tuple[bulk.Value, ...]] = []
    for event in events:
        claim, start = event.claim, S(event.claim.state)
        to = event.to or start
        if event.to is not None and to not in MOVES[start]:
            raise IllegalMove(claim.control_number, start, to)
        if event.to is not None or event.fields:
            turn = turns[claim.pk] = turns.get(claim.pk, -1) + 1
            waves += [[]] if turn == len(waves) else []
            event.fields |= {"last_event": event.text[:200]}
            event.fields |= {"last_event_at": now} if event.to is not None else {}
            waves[turn].append((event, start, to))
            claim.state = to
            for name, value in event.fields.items():
                setattr(claim, name, value)
        moved = ("", "") if event.to is None else (start.value, to.value)
        rows.append(
            (
                claim.clinic_id, claim.pk, now.isoformat(), actor, event.kind, *moved, event.text[:300],
                event.segment[:300], event.file_key, bulk.json_text(event.data),
            )
        )  # fmt: skip
    for wave in waves:
        _update_wave(wave)
    bulk.insert(ClaimEvent, EVENT_COLUMNS, rows)


EVENT_COLUMNS = (
    "clinic_id", "claim_id", "at", "actor", "kind", "from_state", "to_state", "text", "segment", "file_key",
    "data",
)  # fmt: skip


def _update_wave(wave: list[tuple[Event, S, S]]) -> None:
    """One UPDATE for each set of columns."""
    groups: dict[tuple[str, ...], list[tuple[Event, S, S]]] = {}
    for item in wave:
        groups.setdefault(tuple(sorted(item[0].fields)), []).append(item)
    for names, items in groups.items():
        items.sort(key=lambda item: item[0].claim.pk)
        columns = {name: [item[0].fields[name] for item in items] for name in names}
        kinds = {name: Claim._meta.get_field(name).db_type(database) for name in names}
        asked: list[list[Any]] = [
            [item[0].claim.pk for item in items],
            [item[1].value for item in items],
            [item[2].value for item in items],
            *columns.values(),
        ]
        casts = ["bigint", "text", "text", *kinds.values()]
        arrays = ", ".join(f"%s::{cast}[]" for cast in casts)
        sets = "".join(f', "{name}" = m."{name}"' for name in names)
        with database.cursor() as cursor:
            # Column names and types come from the model, values are bound.
            cursor.execute(
                f"UPDATE claims_claim c SET state = m.to_state{sets} FROM unnest({arrays}) "  # noqa: S608
                f'AS m (claim, from_state, to_state{"".join(f""", "{name}" """ for name in names)}) '
                "WHERE c.clinic_id = %s AND c.id = m.claim AND c.state = m.from_state",
                [*asked, items[0][0].claim.clinic_id],
            )
            hit = cursor.rowcount
        if hit != len(items):
            raise IllegalMove(items[0][0].claim.control_number, items[0][1], items[0][2], raced=True)


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
