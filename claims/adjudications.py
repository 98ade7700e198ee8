"""A payer's answer on one claim, kept raw: written when a response is matched, read for COB and history.

Before it: responses/posting and responses/manual. After it: the claim's outcome (rules.md B5), and for the
next layer claims/snapshot.py, which copies the stored CAS triples and never recomputes them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone

from claims import lifecycle, voids
from claims.enums import ClaimState, Outcome
from claims.lifecycle import Event
from claims.models import Adjudication, AdjudicationLine, Claim, ClaimLine
from claims.models.claims import DEAD_STATES
from clinics import bulk
from lib.frozen import freeze
from lib.identifiers import new_public_id
from lib.money import ZERO, plain_money, total
from x12.documents.parties import Adjustment
from x12.documents.remittance import ClaimPayment, ServicePayment

REVERSAL = "22"
DENIED = "4"


@dataclass(slots=True)
class Answer:
    """One answer to be recorded. ``source_kind`` (era, manual) and ``source_key`` (the response's public id)
    make the record unique. ``line_of`` maps the payment's lines (by place from 0) to keys of claim lines as
    responses/matching found them; without it they are matched by REF*6R."""

    claim: Claim
    payment: ClaimPayment
    source_kind: str
    source_key: str
    adjudicated_on: date
    line_of: Mapping[int, int | None] | None = None
    segment: str = ""
    file_key: str = ""
    decided_at: datetime | None = None
    posted_at: datetime | None = None


def record(claim: Claim, payment: ClaimPayment, **told: Any) -> Adjudication:
    """``record_many`` for one answer; the same source again returns the first."""
    source = {name: told[name] for name in ("source_kind", "source_key")}
    known = Adjudication.objects.filter(**source).first()
    return known or Adjudication.objects.get(pk=record_many([Answer(claim, payment, **told)])[0])


def record_many(answers: Sequence[Answer]) -> list[int]:
    """Store answers with their lines and move their claims to ``adjudicated`` with the outcome, in order.

    Returns the keys. A few statements for any number, so long as none is a reversal and no claim is a void.
    """
    keys = bulk.next_ids(Adjudication, len(answers))
    rows = [_row(key, answer) for key, answer in zip(keys, answers, strict=True)]
    bulk.insert(Adjudication, ANSWER_COLUMNS, rows)
    _store_lines(keys, answers)
    events: list[Event] = []
    moving: set[int] = set()
    for answer in answers:
        special = answer.payment.is_reversal or answer.claim.frequency == voids.VOID
        if special or answer.claim.pk in moving:  # what it says depends on where the claim stands by then
            lifecycle.move_each(events)
            events, moving = [], set()
        moving.add(answer.claim.pk)
        if special:
            _move_void(answer)
        else:
            events += _events(answer)
    lifecycle.move_each(events)
    return keys


ANSWER_COLUMNS = (
    "clinic_id", "id", "public_id", "claim_id", "rank", "payer_id", "source_kind", "source_key", "status_code",
    "payer_claim_number", "charge", "paid", "patient_responsibility", "adjustments", "remarks",
    "outpatient_remarks", "crossover_payer", "adjudicated_on", "posted_at",
)  # fmt: skip


def _row(key: int, answer: Answer) -> tuple[bulk.Value, ...]:
    claim, payment = answer.claim, answer.payment
    crossover = payment.crossover_carrier.last_name[:60] if payment.crossover_carrier else ""
    return (
        claim.clinic_id, key, new_public_id(), claim.pk, claim.rank, claim.payer_id, answer.source_kind,
        answer.source_key, payment.status_code[:2], payment.payer_control_number[:50], bulk.cents(payment.charge),
        bulk.cents(payment.paid), bulk.cents(responsibility_of_patient(payment)),
        bulk.json_text(triples(payment.adjustments)), bulk.json_text(payment.remarks),
        bulk.json_text(freeze(payment.outpatient) if payment.outpatient else {}), crossover,
        answer.adjudicated_on.isoformat(), bulk.text_of(answer.posted_at),
    )  # fmt: skip


def responsibility_of_patient(payment: ClaimPayment) -> Decimal:
    """Σ PR of claim and lines: what this payer leaves to the next in line, negative ones included."""
    parts = [*payment.adjustments, *(item for line in payment.lines for item in line.adjustments)]
    return total(item.amount for item in parts if item.group == "PR")


def outcome_of(payment: ClaimPayment) -> Outcome:
    """paid, partial, zero_patient, denied or reversed: the claim's second fact beside its state (B5)."""
    if payment.is_reversal:
        return Outcome.REVERSED
    if payment.lines:
        denied = [is_denied(line) for line in payment.lines]
        if all(denied):
            return Outcome.DENIED
        if any(denied):
            return Outcome.PARTIAL
    elif payment.status_code == DENIED and payment.paid == ZERO:
        return Outcome.DENIED
    if payment.paid == ZERO:
        return Outcome.ZERO_PATIENT if responsibility_of_patient(payment) else Outcome.DENIED
    return Outcome.PAID


def is_denied(line: ServicePayment) -> bool:
    """Nothing paid, nothing the patient's, and more than a contract reduction: the payer refused the line."""
    if line.paid != ZERO or line.charge == ZERO:
        return False
    patient = total(
        item.amount for item in line.adjustments if item.group == "PR" and item.reason in PATIENT_SHARE
    )
    prior = total(item.amount for item in line.adjustments if item.reason == "23")
    contract = total(item.amount for item in line.adjustments if item.reason == "45")
    return patient == ZERO and prior == ZERO and contract != line.charge


PATIENT_SHARE = frozenset({"1", "2", "3", "66", "100", "187"})  # deductible, coinsurance, copay and their kin


def triples(adjustments: Sequence[Adjustment]) -> list[list[str | None]]:
    """CAS as stored: [group, reason, amount, quantity], amounts as the payer wrote them."""
    return [
        [
            item.group,
            item.reason,
            plain_money(item.amount),
            None if item.quantity is None else str(item.quantity),
        ]
        for item in adjustments
    ]


def earlier_answers(invoice_id: int, rank: int, part: int = 1) -> dict[int, Adjudication]:
    """Each earlier layer's last word on this invoice, with its lines: the source of a COB claim.

    A reversal alone is no answer; an answer that was reversed is none either.
    """
    if rank <= 1:
        return {}
    rows = (
        Adjudication.objects.filter(
            claim__invoice_id=invoice_id, claim__part=part, rank__lt=rank, reversed_at__isnull=True
        )
        .exclude(status_code=REVERSAL)
        .select_related("payer")
        .prefetch_related("lines__claim_line")
        .order_by("created_at", "pk")
    )
    return {row.rank: row for row in rows}


LINE_COLUMNS = (
    "clinic_id", "adjudication_id", "claim_line_id", "ordinal", "procedure_code", "modifiers", "charge", "paid",
    "allowed", "units", "adjustments", "remarks",
)  # fmt: skip


def _store_lines(keys: Sequence[int], answers: Sequence[Answer]) -> None:
    made: list[tuple[bulk.Value, ...]] = []
    for key, answer in zip(keys, answers, strict=True):
        line_of = answer.line_of
        if line_of is None:
            by_id = dict(ClaimLine.objects.filter(claim=answer.claim).values_list("line_id", "pk"))
            line_of = {place: by_id.get(line.line_id) for place, line in enumerate(answer.payment.lines)}
        for place, line in enumerate(answer.payment.lines):
            made.append(
                (
                    answer.claim.clinic_id, key, bulk.text_of(line_of.get(place)), place + 1, line.procedure.code[:8],
                    bulk.json_text(line.procedure.modifiers), bulk.cents(line.charge), bulk.cents(line.paid),
                    bulk.cents(line.allowed), bulk.text_of(line.units), bulk.json_text(triples(line.adjustments)),
                    bulk.json_text(line.remarks),
                )
            )  # fmt: skip
    bulk.insert(AdjudicationLine, LINE_COLUMNS, made)


def _told(answer: Answer) -> tuple[str, dict[str, Any]]:
    """The words of the event, and the columns that every answer sets."""
    payment = answer.payment
    outcome = outcome_of(payment)
    text = f"{answer.claim.payer_name} decided: {outcome.label.lower()}, paid {payment.paid:.2f}"
    return text, {
        "outcome": outcome.value,
        "payer_claim_number": payment.payer_control_number[:50] or answer.claim.payer_claim_number,
        "adjudicated_at": answer.decided_at or timezone.now(),
    }


def _is_replaced(claim: Claim) -> bool:
    """Whether a later version lives in its place: then it stays superseded, whatever is still said of it."""
    if claim.state != ClaimState.SUPERSEDED:
        return False
    beside = Claim.objects.filter(invoice_id=claim.invoice_id, rank=claim.rank, part=claim.part)
    return beside.exclude(state__in=DEAD_STATES).exclude(frequency=voids.VOID).exists()


def _arrived(answer: Answer) -> list[Event]:
    """A claim still in its batch is submitted: the answer proves that the file arrived."""
    if ClaimState(answer.claim.state) != ClaimState.BATCHED:
        return []
    fields = {"submitted_at": answer.decided_at or timezone.now()}
    return [Event(answer.claim, "Submitted: the payer has answered", to=ClaimState.SUBMITTED, fields=fields)]


def _events(answer: Answer) -> list[Event]:
    """Adjudicated with its outcome; a claim already adjudicated keeps its state and takes the newer outcome."""
    claim = answer.claim
    text, fields = _told(answer)
    arrived = _arrived(answer)
    start = ClaimState.SUBMITTED if arrived else ClaimState(claim.state)
    moves = ClaimState.ADJUDICATED in lifecycle.MOVES[start] and not _is_replaced(claim)
    last = Event(
        claim, text, to=ClaimState.ADJUDICATED if moves else None, segment=answer.segment,
        file_key=answer.file_key, fields=fields, data={} if moves else {"outcome": fields["outcome"]},
    )  # fmt: skip
    return [*arrived, last]


def _move_void(answer: Answer) -> None:
    """The same for a reversal or a void, whose answer moves the claim behind it too."""
    claim, payment = answer.claim, answer.payment
    text, fields = _told(answer)
    lifecycle.move_each(_arrived(answer))
    told: dict[str, Any] = {"segment": answer.segment, "file_key": answer.file_key}
    is_void = payment.is_reversal and claim.state == ClaimState.VOID_REQUESTED and voids.has_left(claim)
    to = ClaimState.VOIDED if is_void else ClaimState.ADJUDICATED
    moves = to in lifecycle.MOVES[ClaimState(claim.state)] and not _is_replaced(claim)
    if moves:
        lifecycle.move(claim, to, text=text, **told, **fields)
    if payment.is_reversal:
        voids.reversed_by_payer(claim, text, **told)
    elif claim.frequency == voids.VOID and fields["outcome"] == Outcome.DENIED:
        voids.refused(claim, f"{claim.payer_name} refused to void it", **told)
    if not moves:
        data = {"outcome": fields["outcome"]}
        lifecycle.move_each([Event(claim, text, **told, fields=fields, data=data)])
