"""One claim to one answer, purely: the payer's own arithmetic, exact to the cent, every line balanced.

Before it: checking. After it: paying, which gathers answers into 835 files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from clearinghouses.sandbox.contracts import PayerContract
from clearinghouses.sandbox.scenarios import Scenario
from lib.money import ZERO, round_money
from x12.documents.parties import Adjustment, OutpatientRemarks, Party, Reference
from x12.documents.professional_claim import ClaimDocument, OtherPayer, ServiceLine
from x12.documents.remittance import ClaimPayment, Procedure, ServicePayment

PROCESSED_AS = {"P": "1", "S": "2", "T": "3"}
DENIALS = {Scenario.DENY16: ("16", ("N382",)), Scenario.DENY197: ("197", ())}
UNDERPAID_PERCENT = Decimal(80)


def adjudicate(
    claim: ClaimDocument, scenario: Scenario, payer: PayerContract, claim_number: str
) -> ClaimPayment:
    """The payer's answer to a claim; ``claim_number`` is its own number for it (CLP07)."""
    rank = claim.coverage.responsibility
    if rank == "P" or not rank:
        lines, remarks = _as_primary(claim, scenario, payer), ("MA01",)
    elif adjudicated_payers(claim):
        lines, remarks = _as_secondary(claim, scenario), ("MA01",)
    else:  # the earlier payer's answer is missing
        denied = [_line(line, ZERO, [Adjustment("CO", "22", line.charge)]) for line in claim.lines]
        lines, remarks = denied, ("MA04",)
    payment = _payment(claim, PROCESSED_AS.get(rank, "1"), payer, claim_number, lines, remarks)
    if scenario is Scenario.XOVER and rank in ("P", ""):
        carrier = crossover_carrier(claim)
        payment = replace(
            payment,
            status_code="19",
            crossover_carrier=carrier,
            outpatient=OutpatientRemarks(remarks=("MA01", "MA18")),
        )
    return payment


def adjudicated_payers(claim: ClaimDocument) -> list[OtherPayer]:
    """The payers that answered before, last one last."""
    return [payer for payer in claim.other_payers if payer.amount_paid is not None]


def crossover_carrier(claim: ClaimDocument) -> Party:
    """Who gets the claim next: the other payer named on it, else the sandbox's supplement."""
    for other in claim.other_payers:
        if other.amount_paid is None:
            return Party("2", other.payer_name, id_qualifier="PI", identifier=other.payer_id)
    return Party("2", "AARP MEDICARE SUPPLEMENT", id_qualifier="PI", identifier="36273")


def _as_primary(claim: ClaimDocument, scenario: Scenario, payer: PayerContract) -> list[ServicePayment]:
    if scenario in DENIALS:
        reason, remarks = DENIALS[scenario]
        return [_line(line, ZERO, [Adjustment("CO", reason, line.charge)], remarks) for line in claim.lines]
    copay = Decimal("25.00") if scenario is Scenario.COPAY25 else (payer.copay or ZERO)
    found = []
    for line in claim.lines:
        allowed = min(line.charge, payer.allowed(line.procedure, line.charge))
        if scenario is Scenario.PAID:
            allowed = line.charge
        if scenario is Scenario.UNDERPAY:
            allowed = round_money(allowed * UNDERPAID_PERCENT / 100)
        share: list[Adjustment] = []
        if scenario is Scenario.DEDUCT:
            share = [Adjustment("PR", "1", allowed)]
        elif scenario is Scenario.COPAY25 or (payer.copay and scenario is not Scenario.PAID):
            part = min(copay, allowed)
            copay -= part
            share = [Adjustment("PR", "3", part)]
        elif scenario is not Scenario.PAID:
            share = [Adjustment("PR", "2", round_money(allowed * payer.coinsurance / 100))]
        found.append(_line(line, allowed, [Adjustment("CO", "45", line.charge - allowed), *share]))
    return found


def _as_secondary(claim: ClaimDocument, scenario: Scenario) -> list[ServicePayment]:
    copay = Decimal("25.00")
    found = []
    for line, left in zip(claim.lines, left_by_earlier_payers(claim), strict=True):
        adjustments = [Adjustment("OA", "23", line.charge - left)]
        if scenario in DENIALS:
            adjustments.append(Adjustment("CO", DENIALS[scenario][0], left))
        elif scenario is Scenario.DEDUCT:
            adjustments.append(Adjustment("PR", "1", left))
        elif scenario is Scenario.COPAY25:
            part = min(copay, left)
            copay -= part
            adjustments.append(Adjustment("PR", "3", part))
        elif scenario is Scenario.UNDERPAY:
            adjustments.append(Adjustment("PR", "2", left - round_money(left / 2)))
        remarks = DENIALS[scenario][1] if scenario in DENIALS else ()
        found.append(_line(line, None, adjustments, remarks))
    return found


def left_by_earlier_payers(claim: ClaimDocument) -> list[Decimal]:
    """For each line what the last earlier payer left to the patient (its PR), from 2430, else from 2320."""
    last = adjudicated_payers(claim)[-1]
    by_line = [[a for a in line.adjudications if a.payer_id == last.payer_id] for line in claim.lines]
    if any(by_line):
        return [
            _within(
                sum((c.amount for a in found for c in a.adjustments if c.group == "PR"), ZERO), line.charge
            )
            for line, found in zip(claim.lines, by_line, strict=True)
        ]
    patient = sum((a.amount for a in last.adjustments if a.group == "PR"), ZERO)
    if not last.adjustments:
        paid = last.amount_paid or ZERO
        patient = claim.total_charge - paid if last.remaining_liability is None else last.remaining_liability
    shares = []
    for line in claim.lines:
        share = _within(patient, line.charge)
        patient -= share
        shares.append(share)
    return shares


def cross_over(
    claim: ClaimDocument, primary: ClaimPayment, payer: PayerContract, number: str
) -> ClaimPayment:
    """The supplement's own answer under the primary's control number: the rest is its deductible."""
    lines = []
    for line, earlier in zip(claim.lines, primary.lines, strict=True):
        left = sum((a.amount for a in earlier.adjustments if a.group == "PR"), ZERO)
        shares = [Adjustment("OA", "23", line.charge - left), Adjustment("PR", "1", left)]
        lines.append(_line(line, None, shares))
    return _payment(claim, "2", payer, number, lines, ())


def reverse(payment: ClaimPayment) -> ClaimPayment:
    """The same answer with every sign turned (CLP02 22)."""
    lines = tuple(
        replace(
            line,
            charge=-line.charge,
            paid=-line.paid,
            units=-line.units if line.units is not None else None,
            adjustments=_turned(line.adjustments),
            allowed=None,
            remarks=(),
        )
        for line in payment.lines
    )
    return replace(
        payment,
        status_code="22",
        charge=-payment.charge,
        paid=-payment.paid,
        patient_responsibility=-(payment.patient_responsibility or ZERO),
        adjustments=_turned(payment.adjustments),
        crossover_carrier=None,
        outpatient=None,
        references=(Reference("F8", payment.payer_control_number),),
        lines=lines,
    )


def correct(payment: ClaimPayment, claim_number: str, less: Decimal = Decimal("15.00")) -> ClaimPayment:
    """The same claim decided again: ``less`` is paid, the patient owes it as coinsurance (PR-2)."""
    lines, rest = [], less
    for line in payment.lines:
        part = min(rest, max(line.paid, ZERO))
        rest -= part
        adjustments = [a for a in line.adjustments if (a.group, a.reason) != ("PR", "2")]
        before = sum((a.amount for a in line.adjustments if (a.group, a.reason) == ("PR", "2")), ZERO)
        if before + part:
            adjustments.append(Adjustment("PR", "2", before + part))
        lines.append(replace(line, paid=line.paid - part, adjustments=tuple(adjustments)))
    return replace(
        payment,
        payer_control_number=claim_number,
        paid=sum((line.paid for line in lines), ZERO),
        patient_responsibility=_patient(lines),
        references=(Reference("F8", payment.payer_control_number),),
        lines=tuple(lines),
    )


def _within(amount: Decimal, limit: Decimal) -> Decimal:
    return max(ZERO, min(amount, limit))


def _turned(adjustments: Sequence[Adjustment]) -> tuple[Adjustment, ...]:
    return tuple(replace(a, amount=-a.amount) for a in adjustments)


def _patient(lines: Sequence[ServicePayment]) -> Decimal:
    return sum((a.amount for line in lines for a in line.adjustments if a.group == "PR"), ZERO)


def _line(
    line: ServiceLine, allowed: Decimal | None, adjustments: list[Adjustment], remarks: tuple[str, ...] = ()
) -> ServicePayment:
    kept = tuple(a for a in adjustments if a.amount)
    return ServicePayment(
        procedure=Procedure(line.procedure, line.modifiers, line.procedure_qualifier),
        charge=line.charge,
        paid=line.charge - sum((a.amount for a in kept), ZERO),
        units=line.units,
        service_date=line.service_date,
        service_date_end=line.service_date_end,
        adjustments=kept,
        line_id=line.line_id,
        allowed=allowed,
        remarks=remarks,
    )


def _payment(
    claim: ClaimDocument,
    status: str,
    payer: PayerContract,
    number: str,
    lines: list[ServicePayment],
    remarks: tuple[str, ...],
) -> ClaimPayment:
    patient = claim.patient_party
    rendering = claim.rendering_provider.party if claim.rendering_provider else None
    return ClaimPayment(
        control_number=claim.control_number,
        status_code=status,
        charge=sum((line.charge for line in lines), ZERO),
        paid=sum((line.paid for line in lines), ZERO),
        patient_responsibility=_patient(lines),
        filing_indicator=claim.coverage.filing_indicator or "CI",
        payer_control_number=number,
        place_of_service=claim.place_of_service,
        frequency_code=claim.frequency_code,
        patient=replace(patient, id_qualifier="MI", identifier=claim.subscriber.party.identifier),
        insured=claim.subscriber.party if claim.patient else None,
        rendering_provider=rendering,
        outpatient=OutpatientRemarks(remarks=remarks) if remarks else None,
        service_date=min(line.service_date for line in claim.lines),
        lines=tuple(lines),
    )
