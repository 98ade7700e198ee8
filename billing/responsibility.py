"""Who owes the charge: the copay and the split between patient and payer (rules.md B17.7).

Pure. Stands last in pricing. The split is what is expected until the payer answers; the claim
still asks for the full charge (B6.7).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from billing.fees import PatientFee
from billing.trace import Step, as_text
from lib.money import ZERO, round_money


class ServiceKind(StrEnum):
    """One patient or several together; plans have a copay for each."""

    INDIVIDUAL = "individual"
    GROUP = "group"


class ClaimFormat(StrEnum):
    """How a payer wants to be asked; ``patient_statement`` means it is not asked at all."""

    ELECTRONIC = "electronic"
    PAPER = "paper"
    PATIENT_STATEMENT = "patient_statement"


@dataclass(frozen=True, slots=True)
class PlanCopay:
    """The plan's copay for each kind of service; None means it has none of that kind."""

    individual: Decimal | None = None
    group: Decimal | None = None


@dataclass(frozen=True, slots=True)
class SplitQuestion:
    """What decides who pays. ``claim_format`` None means there is no payer: self-pay."""

    charge: Decimal
    copay: Decimal
    showed_up: bool
    bill_patient_directly: bool
    claim_format: ClaimFormat | None


@dataclass(frozen=True, slots=True)
class Split:
    """Two parts that always add up to the charge."""

    patient: Decimal
    payer: Decimal


def find_copay(
    kind: ServiceKind, plan: PlanCopay, agreed: PatientFee | None, units: Decimal
) -> tuple[Decimal, Step]:
    """The patient's own copay for the service (times units if flagged), else the plan's, else 0.00."""
    plan_copay = plan.group if kind is ServiceKind.GROUP else plan.individual
    own = agreed.copay if agreed else None
    per_unit = agreed is not None and agreed.copay_per_unit
    inputs = {
        "kind": kind.value,
        "patient_copay": as_text(own),
        "per_unit": per_unit,
        "units": as_text(units),
        "plan_copay": as_text(plan_copay),
    }
    if own is not None and per_unit:
        copay = round_money(own * units)
        because = f"With this patient a copay of {own} a unit was agreed: {copay} for {units:f}."
    elif own is not None:
        copay, because = own, f"With this patient a copay of {own} was agreed for this service."
    elif plan_copay is not None:
        copay, because = plan_copay, f"The plan's copay for {kind.value} services is {plan_copay}."
    else:
        copay, because = ZERO, f"The plan has no copay for {kind.value} services."
    return copay, Step("B17.7.copay", inputs, as_text(copay), because)


def leave_copay(copay: Decimal, later_payer: str) -> tuple[Decimal, Step]:
    """No copay at check-out where a later payer wants none asked (B11.2): its answer says what the patient owes."""
    inputs = {"copay": as_text(copay), "later_payer": later_payer, "collect_primary_copay": False}
    because = (
        f"{later_payer} pays after it: the copay of {copay} is not asked before {later_payer} has answered."
    )
    return ZERO, Step("B11.2.copay", inputs, as_text(ZERO), because)


def split_charge(question: SplitQuestion) -> tuple[Split, Step]:
    """Patient and payer part; the first test of B17.7 that holds decides."""
    charge, copay = question.charge, question.copay
    if not question.showed_up:
        everything, because = True, "The patient did not show up: a payer is never billed for that."
    elif question.bill_patient_directly:
        everything, because = True, "This service is billed to the patient directly."
    elif question.claim_format is None:
        everything, because = True, "There is no payer: the patient pays for this visit."
    elif question.claim_format is ClaimFormat.PATIENT_STATEMENT:
        everything, because = True, "This payer takes no claims: the bill goes to the patient."
    elif charge < copay:
        everything, because = (
            True,
            f"The charge {charge} is less than the copay {copay}: all of it is the patient's.",
        )
    else:
        everything = False
        because = f"The patient owes the copay of {copay}, the payer the other {charge - copay}."
    split = Split(charge, ZERO) if everything else Split(copay, charge - copay)
    inputs = {
        "charge": as_text(charge),
        "copay": as_text(copay),
        "showed_up": question.showed_up,
        "bill_patient_directly": question.bill_patient_directly,
        "claim_format": question.claim_format.value if question.claim_format else None,
    }
    return split, Step(
        "B17.7", inputs, {"patient": as_text(split.patient), "payer": as_text(split.payer)}, because
    )
