"""Load what a visit's price depends on, and price its lines with the pure engine (rules.md B17.0).

Check-out shows what comes out of here and asks again inside its own transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from appointments.enums import AppointmentState
from appointments.models import Appointment, Service, VisitLine
from billing import fees, modifiers, policies, quantity, responsibility, rulebook
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
from billing.rulebook import Names, RuleBook
from billing.visit_facts import VisitFacts, load_facts
from insurance.models import Layer
from lib.dates import age_on
from lib.money import ZERO, total

MISSED_STATES = (
    AppointmentState.NO_SHOW,
    AppointmentState.LATE_CANCEL,
    AppointmentState.CANCELLED,
    AppointmentState.CLINICIAN_CANCELLED,
)
MISSED_CODE = "MISSED"  # what stands for a procedure code on a missed visit's own invoice


@dataclass(frozen=True, slots=True)
class PricedLine:
    """One line of the visit with its price and the reasons."""

    line: VisitLine
    result: PricingResult

    @property
    def payer_part(self) -> Decimal:
        """What the insurers are expected to owe, dollars."""
        return self.result.payer or ZERO


@dataclass(frozen=True, slots=True)
class PricedVisit:
    """Every line priced, and the layers that were asked."""

    lines: tuple[PricedLine, ...]
    layers: tuple[Layer, ...]

    @property
    def problems(self) -> list[tuple[PricedLine, str]]:
        """Lines that cannot become a charge, with the reason's code."""
        return [(priced, problem) for priced in self.lines for problem in priced.result.problems]

    @property
    def total(self) -> Decimal:
        """The whole charge."""
        return total(priced.result.charge or ZERO for priced in self.lines)

    @property
    def patient(self) -> Decimal:
        """The patient's expected part."""
        return total(priced.result.patient or ZERO for priced in self.lines)

    @property
    def payer(self) -> Decimal:
        """The insurers' expected part."""
        return total(priced.payer_part for priced in self.lines)


def price_visit(appointment: Appointment) -> PricedVisit:
    """Price every line of a visit in a constant number of queries."""
    lines = list(appointment.lines.select_related("service"))
    book = rulebook.load(line.service_id for line in lines)
    return price_visits([appointment], book, {appointment.pk: lines})[0]


def price_visits(
    appointments: Sequence[Appointment],
    book: RuleBook,
    lines: Mapping[int, list[VisitLine]],
    facts: VisitFacts | None = None,
) -> list[PricedVisit]:
    """Price many visits with one rule book in a constant number of queries, in the order given.

    ``lines`` are those of each visit in order. A plan's copay is asked once a visit: lines take it in
    order until it is used up, which for one line is B17.7 itself. A copay agreed for a service is that
    line's own. ``facts`` that were loaded for the same visits are used again.
    """
    known = facts or load_facts(appointments, book, lines)
    return [_price_one(visit, lines.get(visit.pk, []), book, known) for visit in appointments]


def _price_one(
    appointment: Appointment, lines: list[VisitLine], book: RuleBook, facts: VisitFacts
) -> PricedVisit:
    layers = facts.layers[appointment.pk]
    base = _visit_case(appointment, layers, book, facts)
    left = base.copay
    priced = []
    earlier = list(base.earlier_today)
    shares = _shares_of_time(lines, appointment.minutes)
    for number, line in enumerate(lines):
        case = replace(
            base,
            service=_service_terms(line, book),
            units=line.units,
            day_units=shares.get(number),
            manual_modifiers=tuple(line.modifiers),
            copay=left,
            earlier_today=tuple(earlier),
            # An override is the price of the visit, so it stands on its first line alone.
            override_price=appointment.override_price if number == 0 else _no_override(appointment),
        )
        result = price(case)
        left = _copay_left(left, case, result)
        payer = case.payer.name if case.payer else None
        earlier.append(modifiers.EarlierLine(case.service.code, case.clinician, payer))
        priced.append(PricedLine(line, result))
    return PricedVisit(tuple(priced), layers)


def _shares_of_time(lines: list[VisitLine], minutes: int) -> dict[int, int]:
    """Units of the lines that share a visit's minutes by the eight-minute rule; none where one stands alone.

    A visit has one count of minutes, so they are split evenly; the sum is what all of them allow (B17.4).
    """
    timed = [
        place
        for place, line in enumerate(lines)
        if line.units is None and line.service.rounding == quantity.Rounding.CMS8
    ]
    if len(timed) < 2:
        return {}
    each, over = divmod(minutes, len(timed))
    split = [each + (1 if place < over else 0) for place in range(len(timed))]
    return dict(zip(timed, quantity.cms8_units_of_day(split), strict=True))


def price_missed(appointment: Appointment) -> PricedVisit:
    """What a missed visit costs the patient (B17.3 row 2): the status's fee, once for the visit.

    Without a fee (or a typed price) the services that were planned cost what they always cost. No
    insurer is asked, but the first one may forbid it.
    """
    status = appointment.status
    if appointment.override_price is None and (status is None or status.cancellation_fee is None):
        return replace(price_visit(appointment), layers=())
    book = rulebook.load([])
    facts = load_facts([appointment], book, {})
    line = loose_line(appointment, MISSED_CODE, status.name if status else appointment.get_state_display())
    case = replace(
        _visit_case(appointment, facts.layers[appointment.pk], book, facts),
        service=ServiceTerms(MISSED_CODE, responsibility.ServiceKind.INDIVIDUAL),
        override_price=appointment.override_price,
    )
    return PricedVisit((PricedLine(line, price(case)),), ())


def loose_line(appointment: Appointment | None, code: str, name: str) -> VisitLine:
    """A line that stands on no visit: a fee, or a product of a one-off invoice. It is never saved."""
    return VisitLine(appointment=appointment, service=Service(code=code, name=name[:80]), pointers=[])


def _no_override(appointment: Appointment) -> Decimal | None:
    return None if appointment.override_price is None else ZERO


def _copay_left(
    left: responsibility.PlanCopay, case: PricingCase, result: PricingResult
) -> responsibility.PlanCopay:
    own = fees.patient_fee_for(case.service.code, case.patient.fees)
    directly = case.service.bill_patient_directly or case.payer is None
    if result.patient is None or directly or (own is not None and own.copay is not None):
        return left
    if case.service.kind == responsibility.ServiceKind.GROUP:
        return replace(left, group=max(ZERO, (left.group or ZERO) - result.patient))
    return replace(left, individual=max(ZERO, (left.individual or ZERO) - result.patient))


def _visit_case(
    appointment: Appointment, layers: tuple[Layer, ...], book: RuleBook, facts: VisitFacts
) -> PricingCase:
    first = layers[0] if layers else None
    day = appointment.service_date
    patient = appointment.patient
    return PricingCase(
        date=day,
        status=_status_terms(appointment),
        service=ServiceTerms("", responsibility.ServiceKind.INDIVIDUAL),
        minutes=appointment.minutes,
        clinician=book.names.of(appointment.clinician),
        credential=appointment.clinician.credential or None,
        location=book.names.of(appointment.location),
        pos=appointment.place_of_service or appointment.location.place_of_service,
        patient=PatientTerms(
            reduced_fee_schedule=facts.reduced_schedule(appointment.patient_id, day),
            fees=facts.patient_fees(appointment.patient_id, book.names),
            age=age_on(patient.birth_date, day) if patient.birth_date else None,
        ),
        payer=_payer_terms(first, book.names),
        missed=_missed_policy(appointment, first, facts),
        copay=_copay(first, book),
        copay_waits_for=copay_waits_for(layers),
        fee_schedules=book.fee_schedules,
        modifier_rules=book.modifier_rules,
        same_day_rules=book.same_day_rules,
        earlier_today=facts.earlier.get(appointment.pk, ()),
        bill_directly_forces_default_price=facts.forces_default[appointment.location_id],
    )


def _status_terms(appointment: Appointment) -> fees.StatusTerms:
    status, state = appointment.status, AppointmentState(appointment.state)
    if status is not None and status.state == state:
        return fees.StatusTerms(status.name, status.showed_up, status.transition, status.cancellation_fee)
    if state in MISSED_STATES:  # the state's own word charges nothing (B2: transition off)
        return fees.StatusTerms(state.label, False, False)
    # Check-out completes an arrived visit in the same transaction (B2), so it is priced as shown up.
    return fees.StatusTerms("Showed Up", True, True)


def _missed_policy(appointment: Appointment, first: Layer | None, facts: VisitFacts) -> MissedPolicy | None:
    """What the policy table says where a visit was missed; the first layer's payer and the patient's state ask."""
    if appointment.state not in MISSED_STATES:
        return None
    payer = first.policy.payer if first else None
    case = policies.case_of(appointment.patient, payer, appointment.service_date)
    said = policies.decide(PolicySubject.NO_SHOW_FEE, case, facts.policies)
    return MissedPolicy(said.allows, said.row, said.source, said.because)


def _payer_terms(layer: Layer | None, names: Names) -> PayerTerms | None:
    if layer is None:
        return None
    policy = layer.policy
    return PayerTerms(
        name=names.of(policy.payer) or "",
        claim_format=responsibility.ClaimFormat(policy.payer.claim_format),
        plan=names.of(policy.plan),
    )


def _copay(layer: Layer | None, book: RuleBook) -> responsibility.PlanCopay:
    """What the card says, else what its plan says."""
    if layer is None:
        return responsibility.PlanCopay()
    policy, plan = layer.policy, book.plan_copay(layer.policy.plan)
    return responsibility.PlanCopay(
        plan.individual if policy.copay_individual is None else policy.copay_individual,
        plan.group if policy.copay_group is None else policy.copay_group,
    )


def copay_waits_for(layers: Sequence[Layer]) -> str | None:
    """The first later payer that wants no copay asked at check-out (B11.2); None where all let it be asked."""
    later = (layer.policy.payer for layer in layers[1:])
    return next((payer.name for payer in later if not payer.asks_primary_copay), None)


def card_copay(layers: Sequence[Layer], book: RuleBook) -> Decimal:
    """What the first card asks for an individual service, before any service is known: dollars."""
    first = layers[0] if layers else None
    if first is None or first.policy.payer.claim_format == responsibility.ClaimFormat.PATIENT_STATEMENT:
        return ZERO
    return ZERO if copay_waits_for(layers) else _copay(first, book).individual or ZERO


def _service_terms(line: VisitLine, book: RuleBook) -> ServiceTerms:
    service = line.service
    duration = None
    if service.rounding and line.units is None:
        duration = quantity.Duration(
            quantity.Rounding(service.rounding), service.interval_minutes, service.min_units
        )
    return ServiceTerms(
        code=book.names.of(service) or "",
        kind=responsibility.ServiceKind(service.kind),
        bill_patient_directly=service.bill_patient_directly,
        default_prices=book.default_prices.get(service.pk, ()),
        duration=duration,
    )
