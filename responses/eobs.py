"""Paper EOBs typed in: taken in like a remittance, one claim or all claims of a check, and posted by hand (B9).

A line that does not explain its charge, or a check whose lines add up to another amount, is refused whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from claims.models import Claim
from insurance.models import Payer
from lib.findings import Finding
from lib.frozen import freeze
from lib.money import total
from responses import posting
from responses.errors import BadEob
from responses.manual import WAITING, post_as_remitted
from responses.models import ClaimResponse
from x12.documents.parties import Adjustment
from x12.documents.remittance import (
    ClaimPayment,
    Procedure,
    RemittanceParty,
    ServicePayment,
    claim_differences,
)
from x12.documents.remittance import Remittance as RemittanceDocument


@dataclass(frozen=True, slots=True)
class EobLine:
    """One line of a paper EOB: amounts and codes as printed."""

    line_id: str  # REF*6R of the claim's line
    paid: Decimal
    adjustments: tuple[tuple[str, str, Decimal], ...] = ()
    allowed: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Eob:
    """The head of a paper EOB."""

    trace_number: str
    payment_date: date
    payer_claim_number: str = ""
    status_code: str = ""
    method: str = "CHK"


def enter_eob(claim: Claim, eob: Eob, lines: Sequence[EobLine], *, at: datetime) -> ClaimResponse:
    """A paper EOB of one claim: see ``enter_check``."""
    return enter_check([(claim, lines)], eob, at=at)[0]


def enter_check(
    sheets: Sequence[tuple[Claim, Sequence[EobLine]]],
    eob: Eob,
    *,
    at: datetime,
    amount: Decimal | None = None,
) -> list[ClaimResponse]:
    """Take a paper check in like a remittance, one claim or many, and post each by hand; in the sheets' order.

    Raises BadEob while a line does not explain its charge, the claims do not add up to ``amount`` (when the
    check's own amount is given), or a claim belongs to another insurer. The same check number, payer, date,
    amount and lines a second time are the same check: nothing is taken twice. All of it or nothing.
    """
    payer: Payer = sheets[0][0].payer
    payments = []
    for claim, lines in sheets:
        if claim.payer_id != payer.pk:
            raise BadEob(f"Claim {claim.control_number} is not {payer.name}'s.", findings=[])
        payments.append(
            _payment_of(claim, eob if len(sheets) == 1 else replace(eob, payer_claim_number=""), lines)
        )
        _must_balance(claim, payments[-1])
    if not eob.trace_number.strip():
        raise BadEob("Give the check or EFT number: money is found again by it.", findings=[])
    paid = total(payment.paid for payment in payments)
    if amount is not None and amount != paid:
        raise BadEob(f"The check is {amount}, its lines are paid {paid}: {amount - paid} apart.", findings=[])
    document = RemittanceDocument(
        trace_number=eob.trace_number.strip()[:50], payer_identifier=payer.remit_payer_id or payer.payer_id,
        amount=paid, method=eob.method, effective_date=eob.payment_date,
        payer=RemittanceParty(name=payer.name, id_qualifier="XV", identifier=payer.payer_id), claims=tuple(payments),
    )  # fmt: skip
    with transaction.atomic():
        taken = posting.take_remittance(document, at=at, source="manual")
        if taken.is_repeat:
            return taken.responses
        return [
            post_as_remitted(response, at=at, reason="EOB typed in")
            if response.state in WAITING
            else response
            for response in taken.responses
        ]


def _must_balance(claim: Claim, payment: ClaimPayment) -> None:
    differences = claim_differences(payment)
    if differences:
        raise BadEob(
            f"The EOB of claim {claim.control_number} does not add up: every line must explain its charge.",
            findings=[
                freeze(Finding("unbalanced", name, f"{name} is off by {left}"))
                for name, left in differences.items()
            ],
        )


def _payment_of(claim: Claim, eob: Eob, lines: Sequence[EobLine]) -> ClaimPayment:
    by_id = {line.line_id: line for line in claim.lines.all()}
    services = []
    for typed in lines:
        line = by_id.get(typed.line_id)
        if line is None:
            raise BadEob(f"The claim has no line {typed.line_id}.", findings=[])
        services.append(
            ServicePayment(
                procedure=Procedure(line.procedure_code, tuple(line.modifiers)), charge=line.amount,
                paid=typed.paid, units=line.units, service_date=line.service_date, line_id=line.line_id,
                allowed=typed.allowed,
                adjustments=tuple(Adjustment(g.upper(), r.upper(), a) for g, r, a in typed.adjustments if a),
            )
        )  # fmt: skip
    adjusted = [item for service in services for item in service.adjustments]
    return ClaimPayment(
        control_number=claim.control_number, status_code=eob.status_code or str(claim.rank),
        charge=total(line.amount for line in by_id.values()), paid=total(service.paid for service in services),
        patient_responsibility=total(item.amount for item in adjusted if item.group == "PR"),
        payer_control_number=eob.payer_claim_number.strip()[:50], lines=tuple(services),
    )  # fmt: skip
