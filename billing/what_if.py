"""What a visit would cost: a case put together by an admin, priced by the clinic's rules as they are.

The same pure engine as check-out (``pricing.price``); nothing is written. Stands beside ``visit_pricing``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from appointments.models import AppointmentStatus
from billing import fees, policies, quantity, responsibility, rulebook, whys
from billing.enums import PolicySubject
from billing.pricing import (
    MissedPolicy,
    PatientTerms,
    PayerTerms,
    PricingCase,
    PricingResult,
    ServiceTerms,
    price,
)
from insurance.models import Payer
from lib.frozen import freeze

PROBLEMS = {
    "no_transition": "A visit in this status is not charged.",
    "no_price": "Nothing says what this costs: give the service a price on that day.",
    "no_minutes": "The service is charged by time: enter the minutes.",
    "zero_units": "The minutes round to nothing, and the service has no minimum.",
    "charge_too_large": "More than 9,999,999,999.99: look for a slip in the fee.",
    "no_show_charge_forbidden": "The policy table does not allow a charge for this missed visit.",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """The price, what stands in the way in words, and why."""

    result: PricingResult
    problem: str
    steps: list[whys.Step]
    trace: list[dict[str, Any]]


def ask(data: dict[str, Any], status: AppointmentStatus | None) -> Answer:
    """Price the cleaned values of a WhatIfForm against the live rules."""
    service, payer, plan = data["service"], data["payer"], data["plan"]
    clinician, location = data["clinician"], data["location"]
    payer = payer or (plan.payer if plan else None)
    book = rulebook.load()
    names = book.names
    duration = None
    if service.rounding:
        duration = quantity.Duration(
            quantity.Rounding(service.rounding), service.interval_minutes, service.min_units
        )
    case = PricingCase(
        date=data["day"],
        status=_status(status),
        service=ServiceTerms(
            names.of(service) or "",
            responsibility.ServiceKind(service.kind),
            service.bill_patient_directly,
            book.default_prices.get(service.pk, ()),
            duration,
        ),
        minutes=data["minutes"],
        clinician=names.of(clinician),
        credential=clinician.credential or None if clinician else None,
        location=names.of(location),
        pos=location.place_of_service if location else None,
        override_price=data["override"],
        patient=PatientTerms(data["program"].name if data["program"] else None),
        payer=PayerTerms(
            names.of(payer) or "",
            responsibility.ClaimFormat(payer.claim_format),
            names.of(plan),
        )
        if payer
        else None,
        missed=_missed(data, payer),
        copay=book.plan_copay(plan),
        fee_schedules=book.fee_schedules,
        modifier_rules=book.modifier_rules,
        same_day_rules=book.same_day_rules,
    )
    result = price(case)
    trace = freeze(result.trace)
    problem = PROBLEMS.get(result.problems[0], result.problems[0]) if result.problems else ""
    return Answer(result, problem, whys.steps(trace), trace)


def _missed(data: dict[str, Any], payer: Payer | None) -> MissedPolicy:
    """What the policy table says of missed visits, for a patient of the location's state."""
    state = data["location"].state if data["location"] else ""
    case = policies.Case(state, payer.pk if payer else None, policies.class_of(payer), data["day"])
    said = policies.decide(PolicySubject.NO_SHOW_FEE, case, policies.load(data["day"]))
    return MissedPolicy(said.allows, said.row, said.source, said.because)


def _status(status: AppointmentStatus | None) -> fees.StatusTerms:
    if status is None:
        return fees.StatusTerms("Showed Up", True, True)
    return fees.StatusTerms(status.name, status.showed_up, status.transition, status.cancellation_fee)
