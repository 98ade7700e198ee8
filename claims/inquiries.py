"""Ask where a claim stands (276): from its page, and by the silence timer (rules.md B8, last row).

Before it: a person, or the hourly look for claims that nobody has answered. After it: clearinghouses/sending,
which carries the file as it carries claims, and inquiry_answers.py, which takes the 277. Where the partner takes no
276, or the claim went on paper, the row waits for a person to ask by telephone. A file that is refused or unknown
is never sent a second time: one asks anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet

from claims import lifecycle
from claims.enums import ClaimState, Format, InquiryState
from claims.errors import CannotInquire
from claims.inquiry_files import write_file
from claims.models import BatchItem, Claim, StatusInquiry
from clearinghouses import control, sending
from clearinghouses.models import Connection, OutboundFile
from clearinghouses.transport import Outcome, Refused, Unknown
from clinics import audit
from clinics.scoping import current_actor
from work import outbox
from work.models import Outbox

SEND = "claims.inquire"
LOOK = "claims.inquiry_look"
LOOK_PAUSES = (15, 30, 60, 120, 300, 600, 1800)  # seconds until the far side is looked at again
OPEN = (InquiryState.WAITING, InquiryState.DUE)
SENT = (ClaimState.SUBMITTED, ClaimState.ACKNOWLEDGED, ClaimState.ACCEPTED)
AGAIN_AFTER = timedelta(days=14)  # an answered question is not asked again by itself before that
GIVE_UP_AFTER = timedelta(days=2)
FILE_SIZE = 200
MOST = 1000  # claims of one look; the next one takes the rest


def may_ask(claim: Claim) -> bool:
    """Whether there is anything to ask: it left, and the payer has not decided."""
    return claim.state in SENT or claim.state == ClaimState.VOID_REQUESTED


def ask(claim: Claim, at: datetime, *, why: str = "") -> StatusInquiry:
    """Ask about one claim in the caller's transaction; an open question is returned as it is.

    Raises CannotInquire when the claim is not at the payer.
    """
    locked = Claim.objects.select_for_update(of=("self",), no_key=True).get(pk=claim.pk)
    if not may_ask(locked):
        raise CannotInquire(
            f"Claim {locked.control_number} is {ClaimState(locked.state).label.lower()}: there is nothing to ask."
        )
    known = StatusInquiry.objects.filter(claim=locked, state__in=OPEN).first()
    if known is not None:
        return known
    (row,) = _ask_all([locked], at, why or f"Asked by {current_actor()}")
    audit.record("claim.inquire", "claim", locked.public_id, by=row.state)
    return row


def silent(at: datetime, unacknowledged_days: int, unanswered_days: int) -> QuerySet[Claim]:
    """Claims that left and met silence: no 999 or 277CA, or no payment or denial, for so many days.

    Left out: those with an open question, or one asked within two weeks.
    """
    no_ack = Q(
        state__in=(ClaimState.SUBMITTED, ClaimState.ACKNOWLEDGED),
        submitted_at__lt=at - timedelta(days=unacknowledged_days),
        format=Format.ELECTRONIC,
    )
    no_answer = Q(state__in=SENT, submitted_at__lt=at - timedelta(days=unanswered_days))
    asked = StatusInquiry.objects.filter(claim=OuterRef("pk")).filter(
        Q(state__in=OPEN) | Q(asked_at__gt=at - AGAIN_AFTER)
    )
    rows = Claim.objects.filter(no_ack | no_answer).exclude(Exists(asked)).order_by("pk")
    return rows.exclude(
        frequency="8", replaces__state=ClaimState.VOIDED
    )  # a void that was taken waits for nothing


def follow_silence(at: datetime, unacknowledged_days: int, unanswered_days: int) -> int:
    """Ask about silent claims, or tell a person to. Returns how many; safe to repeat."""
    rows = silent(at, unacknowledged_days, unanswered_days)
    found = list(rows.select_for_update(of=("self",), skip_locked=True)[:MOST])
    if found:
        _ask_all(found, at, "")
    return len(found)


def give_up(at: datetime) -> int:
    """Questions that nobody answered become a person's; a late answer is taken all the same."""
    rows = StatusInquiry.objects.filter(state=InquiryState.WAITING, asked_at__lt=at - GIVE_UP_AFTER)
    return rows.update(state=InquiryState.DUE, detail="The partner did not answer the 276: ask by telephone")


def answer(row: StatusInquiry, text: str, at: datetime) -> None:
    """A person asked by telephone and says what was said. Raises CannotInquire."""
    said = text.strip()[:300]
    if not said:
        raise CannotInquire("Write what the payer said.")
    moved = StatusInquiry.objects.filter(pk=row.pk).exclude(state=InquiryState.ANSWERED).update(
        state=InquiryState.ANSWERED, text=said, answered_at=at, answered_by=current_actor(), detail="By telephone"
    )  # fmt: skip
    if not moved:
        raise CannotInquire("It was answered meanwhile.")
    lifecycle.note(row.claim, "status", f"The payer said by telephone: {said}"[:300])
    audit.record("claim.inquiry_answer", "claim", row.claim.public_id)


# --- rows, bytes, promise ----------------------------------------------------------------------------


def _ask_all(claims: Sequence[Claim], at: datetime, why: str) -> list[StatusInquiry]:
    """A row each; those whose partner takes a 276 in files of it, the others for a person."""
    carried = {
        item.claim_id: item.batch
        for item in BatchItem.objects.filter(claim__in=claims, is_live=True).select_related(
            "batch__connection", "batch__billing_provider"
        )
    }
    groups: dict[tuple[int, int], list[Claim]] = defaultdict(list)
    connections: dict[int, Connection] = {}
    made: list[StatusInquiry] = []
    for claim in claims:
        batch = carried.get(claim.pk)
        connection = batch.connection if batch is not None else None
        if batch is not None and connection is not None and connection.answers_276 and connection.is_active:
            connections[connection.pk] = connection
            groups[connection.pk, batch.billing_provider_id].append(claim)
        else:
            made.append(_due(claim, connection, at, why))
    for (connection_id, _), mine in groups.items():
        for start in range(0, len(mine), FILE_SIZE):
            made += _write(connections[connection_id], mine[start : start + FILE_SIZE], at, why)
    return made


def _because(claim: Claim, at: datetime) -> str:
    days = (at - claim.submitted_at).days if claim.submitted_at else 0
    return f"{days} days without an answer"


def _due(claim: Claim, connection: Connection | None, at: datetime, why: str) -> StatusInquiry:
    where = f"{connection.name} takes no 276" if connection else "It went on paper"
    row = StatusInquiry.objects.create(
        claim=claim,
        connection=connection,
        state=InquiryState.DUE,
        why=(why or _because(claim, at))[:200],
        detail=f"{where}: ask {claim.payer_name} by telephone",
        asked_at=at,
        asked_by=current_actor(),
    )
    lifecycle.note(claim, "status", f"Somebody is to ask {claim.payer_name}: {row.why}"[:300])
    return row


def _write(connection: Connection, claims: Sequence[Claim], at: datetime, why: str) -> list[StatusInquiry]:
    """Rows, control numbers, bytes and the promise to send them, in the open transaction."""
    payers = list(dict.fromkeys(claim.payer_id for claim in claims))
    numbers = control.next_numbers(connection, len(payers))
    reference = dict(zip(payers, numbers.references, strict=True))
    rows = [
        StatusInquiry(
            claim=claim,
            connection=connection,
            reference=reference[claim.payer_id],
            why=(why or _because(claim, at))[:200],
            asked_at=at,
            asked_by=current_actor(),
        )
        for claim in claims
    ]
    content = write_file(rows, connection, numbers, at)
    name = f"{connection.sender_id.strip()}_{numbers.interchange:09d}.276"
    outbound = sending.prepare(connection, content, numbers, name=name)
    for row in rows:
        row.outbound_file = outbound
    StatusInquiry.objects.bulk_create(rows)
    for row in rows:
        lifecycle.note(row.claim, "status", f"Asked the payer where it stands (276): {row.why}"[:300])
    outbox.promise(SEND, connection.clinic_id, outbound.pk)
    return rows


# --- what became of the file ----------------------------------------------------------------------------


def settle(file_id: int, outcome: Outcome) -> None:
    """Write what became of a file of questions; safe to repeat."""
    rows = StatusInquiry.objects.filter(outbound_file_id=file_id, state=InquiryState.WAITING)
    if isinstance(outcome, Refused):
        refuse(list(rows), f"The file did not reach the partner: {outcome.reason}")
    elif isinstance(outcome, Unknown) and rows.exists():
        look_later(OutboundFile.objects.get(pk=file_id))


def refuse(rows: Sequence[StatusInquiry], why: str) -> None:
    """These questions will have no answer: their file never arrived, or was sent back."""
    StatusInquiry.objects.filter(pk__in=[row.pk for row in rows], state=InquiryState.WAITING).update(
        state=InquiryState.REFUSED, detail=why[:300]
    )


def look_later(row: OutboundFile) -> None:
    """Promise another look at the far side, each time a little later."""
    assert row.clinic_id is not None
    looks = Outbox.objects.filter(clinic_id=row.clinic_id, kind=LOOK, subject_id=row.pk).count()
    pause = LOOK_PAUSES[min(looks, len(LOOK_PAUSES) - 1)]
    outbox.promise(LOOK, row.clinic_id, row.pk, key=f"{LOOK}:{row.pk}:{looks + 1}", delay_seconds=pause)
