"""A payer's answer on one claim, kept raw: written when a response is matched, read for COB and history.

Before it: responses/posting and responses/manual. After it: the claim's outcome (rules.md B5), and for the
next layer claims/snapshot.py, which copies the stored CAS triples and never recomputes them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from claims import lifecycle, voids
from claims.enums import ClaimState, Outcome
from claims.models import Adjudication, AdjudicationLine, Claim, ClaimLine
from lib.frozen import freeze
from lib.money import ZERO, total
from x12.documents.parties import Adjustment
from x12.documents.remittance import ClaimPayment, ServicePayment

REVERSAL = "22"
DENIED = "4"


def record(
    claim: Claim,
    payment: ClaimPayment,
    *,
    source_kind: str,
    source_key: str,
    adjudicated_on: date,
    line_of: Mapping[int, ClaimLine | None] | None = None,
    segment: str = "",
    file_key: str = "",
    decided_at: datetime | None = None,
) -> Adjudication:
    """Store one answer with its lines and move the claim to ``adjudicated`` with its outcome.

    ``line_of`` maps the payment's lines (by place from 0) to claim lines as responses/matching found them;
    without it they are matched by REF*6R. ``source_kind`` (era, manual) and ``source_key`` (the response's
    public id) make the record unique: the same source again returns the first.
    """
    known = Adjudication.objects.filter(source_kind=source_kind, source_key=source_key).first()
    if known is not None:
        return known
    answer = Adjudication.objects.create(
        claim=claim,
        rank=claim.rank,
        payer_id=claim.payer_id,
        source_kind=source_kind,
        source_key=source_key,
        status_code=payment.status_code,
        payer_claim_number=payment.payer_control_number,
        charge=payment.charge,
        paid=payment.paid,
        patient_responsibility=responsibility_of_patient(payment),
        adjustments=triples(payment.adjustments),
        remarks=list(payment.remarks),
        outpatient_remarks=freeze(payment.outpatient) if payment.outpatient else {},
        crossover_payer=payment.crossover_carrier.last_name[:60] if payment.crossover_carrier else "",
        adjudicated_on=adjudicated_on,
    )
    _store_lines(answer, claim, payment, line_of)
    _move(claim, payment, answer, segment=segment, file_key=file_key, at=decided_at)
    return answer


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
        [item.group, item.reason, f"{item.amount:.2f}", None if item.quantity is None else str(item.quantity)]
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


def _store_lines(
    answer: Adjudication, claim: Claim, payment: ClaimPayment, line_of: Mapping[int, ClaimLine | None] | None
) -> None:
    if line_of is None:
        by_id = {line.line_id: line for line in claim.lines.all()}
        line_of = {place: by_id.get(line.line_id) for place, line in enumerate(payment.lines)}
    AdjudicationLine.objects.bulk_create(
        [
            AdjudicationLine(
                clinic_id=answer.clinic_id,
                adjudication=answer,
                claim_line=line_of.get(place),
                ordinal=place + 1,
                procedure_code=line.procedure.code[:8],
                modifiers=list(line.procedure.modifiers),
                charge=line.charge,
                paid=line.paid,
                allowed=line.allowed,
                units=line.units,
                adjustments=triples(line.adjustments),
                remarks=list(line.remarks),
            )
            for place, line in enumerate(payment.lines)
        ]
    )


def _move(
    claim: Claim,
    payment: ClaimPayment,
    answer: Adjudication,
    *,
    segment: str,
    file_key: str,
    at: datetime | None,
) -> None:
    """Adjudicated with its outcome; a claim already adjudicated keeps its state and takes the newer outcome."""
    outcome = outcome_of(payment)
    number = payment.payer_control_number or claim.payer_claim_number
    text = f"{claim.payer_name} decided: {outcome.label.lower()}, paid {payment.paid:.2f}"
    fields: dict[str, Any] = {
        "outcome": outcome,
        "payer_claim_number": number,
        "adjudicated_at": at or answer.created_at,
    }
    if ClaimState(claim.state) == ClaimState.BATCHED:  # the answer proves that the file arrived
        lifecycle.move(
            claim,
            ClaimState.SUBMITTED,
            text="Submitted: the payer has answered",
            submitted_at=at or answer.created_at,
        )
    told: dict[str, Any] = {"segment": segment, "file_key": file_key}
    is_void = payment.is_reversal and claim.state == ClaimState.VOID_REQUESTED and voids.has_left(claim)
    to = ClaimState.VOIDED if is_void else ClaimState.ADJUDICATED
    moves = to in lifecycle.MOVES[ClaimState(claim.state)]
    if moves:
        lifecycle.move(claim, to, text=text, **told, **fields)
    if payment.is_reversal:
        voids.reversed_by_payer(claim, text, **told)
    elif claim.frequency == voids.VOID and outcome == Outcome.DENIED:
        voids.refused(claim, f"{claim.payer_name} refused to void it", **told)
    if moves:
        return
    Claim.objects.filter(pk=claim.pk).update(last_event=text[:200], **fields)
    for name, value in fields.items():
        setattr(claim, name, value)
    lifecycle.note(claim, "state", text, segment=segment, file_key=file_key, data={"outcome": outcome.value})
