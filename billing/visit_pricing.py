"""Load what a visit's price depends on, and price its lines with the pure engine (rules.md B17.0).

Check-out shows what comes out of here and asks again inside its own transaction.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from appointments.enums import AppointmentState
from appointments.models import Appointment, AppointmentStatus, ServicePrice, VisitLine
from billing import fees, modifiers, quantity, responsibility
from billing.models import FeeRow, ModifierRule, PatientFee, ReducedFee
from billing.pricing import PatientTerms, PayerTerms, PricingCase, PricingResult, ServiceTerms, price
from insurance.models import Layer
from insurance.profiles import layers_on
from lib.dates import age_on
from lib.money import ZERO, total


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
    """Price every line of a visit in a constant number of queries.

    A plan's copay is asked once a visit: lines take it in order until it is used up, which for one
    line is B17.7 itself. A copay agreed for a service is that line's own.
    """
    lines = list(appointment.lines.select_related("service"))
    layers = tuple(layers_on(appointment.profile, appointment.service_date))
    base = _visit_case(appointment, layers, [line.service_id for line in lines])
    prices = _default_prices([line.service_id for line in lines])
    left = base.copay
    priced = []
    for number, line in enumerate(lines):
        case = replace(
            base,
            service=_service_terms(line, prices),
            units=line.units,
            manual_modifiers=tuple(line.modifiers),
            copay=left,
            # An override is the price of the visit, so it stands on its first line alone.
            override_price=appointment.override_price if number == 0 else _no_override(appointment),
        )
        result = price(case)
        left = _copay_left(left, case, result)
        priced.append(PricedLine(line, result))
    return PricedVisit(tuple(priced), layers)


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


def _visit_case(appointment: Appointment, layers: tuple[Layer, ...], service_ids: list[int]) -> PricingCase:
    first = layers[0] if layers else None
    day = appointment.service_date
    patient = appointment.patient
    return PricingCase(
        date=day,
        status=_status_terms(appointment),
        service=ServiceTerms("", responsibility.ServiceKind.INDIVIDUAL),
        minutes=appointment.minutes,
        clinician=str(appointment.clinician),
        credential=appointment.clinician.credential or None,
        location=appointment.location.name,
        pos=appointment.place_of_service or appointment.location.place_of_service,
        patient=PatientTerms(
            reduced_fee_schedule=_reduced_schedule(appointment.patient_id, day),
            fees=_patient_fees(appointment.patient_id),
            age=age_on(patient.birth_date, day) if patient.birth_date else None,
        ),
        payer=_payer_terms(first),
        copay=_copay(first),
        fee_schedules=_fee_schedules(service_ids),
        modifier_rules=_modifier_rules(),
    )


def _status_terms(appointment: Appointment) -> fees.StatusTerms:
    state = appointment.state
    if state in (AppointmentState.NO_SHOW, AppointmentState.LATE_CANCEL, AppointmentState.CANCELLED):
        status = AppointmentStatus.objects.filter(state=state).order_by("name").first()
        fee = status.cancellation_fee if status else None
        return fees.StatusTerms(
            appointment.get_state_display(), False, bool(status and status.transition), fee
        )
    # Check-out completes an arrived visit in the same transaction (B2), so it is priced as shown up.
    return fees.StatusTerms("Showed Up", True, True)


def _payer_terms(layer: Layer | None) -> PayerTerms | None:
    if layer is None:
        return None
    policy = layer.policy
    return PayerTerms(
        name=policy.payer.name,
        claim_format=responsibility.ClaimFormat(policy.payer.claim_format),
        plan=policy.plan.name if policy.plan else None,
    )


def _copay(layer: Layer | None) -> responsibility.PlanCopay:
    if layer is None:
        return responsibility.PlanCopay()
    policy, plan = layer.policy, layer.policy.plan
    individual = policy.copay_individual
    group = policy.copay_group
    if individual is None and plan is not None:
        individual = plan.copay_individual
    if group is None and plan is not None:
        group = plan.copay_group
    return responsibility.PlanCopay(individual, group)


def _service_terms(line: VisitLine, prices: dict[int, list[fees.DefaultPrice]]) -> ServiceTerms:
    service = line.service
    duration = None
    if service.rounding and line.units is None:
        duration = quantity.Duration(
            quantity.Rounding(service.rounding), service.interval_minutes, service.min_units
        )
    return ServiceTerms(
        code=service.code,
        kind=responsibility.ServiceKind(service.kind),
        bill_patient_directly=service.bill_patient_directly,
        default_prices=tuple(prices.get(service.pk, ())),
        duration=duration,
    )


def _default_prices(service_ids: list[int]) -> dict[int, list[fees.DefaultPrice]]:
    found: dict[int, list[fees.DefaultPrice]] = {}
    for row in ServicePrice.objects.filter(service_id__in=service_ids):
        found.setdefault(row.service_id, []).append(fees.DefaultPrice(row.price, row.effective_on))
    return found


def _patient_fees(patient_id: int) -> tuple[fees.PatientFee, ...]:
    rows = PatientFee.objects.filter(patient_id=patient_id).select_related("service")
    return tuple(fees.PatientFee(row.service.code, row.fee, row.copay) for row in rows)


def _reduced_schedule(patient_id: int, day: date) -> str | None:
    row = (
        ReducedFee.objects.filter(patient_id=patient_id, effective_on__lte=day)
        .exclude(expires_on__lt=day)
        .select_related("schedule")
        .order_by("-effective_on")
        .first()
    )
    return row.schedule.name if row else None


def _fee_schedules(service_ids: list[int]) -> tuple[fees.FeeSchedule, ...]:
    rows = FeeRow.objects.filter(service_id__in=service_ids).select_related(
        "schedule", "service", "payer", "plan", "clinician", "location"
    )
    by_schedule: dict[tuple[str, str], list[fees.FeeRow]] = {}
    for row in rows:
        keys = fees.FeeKeys(
            service=row.service.code,
            payer=row.payer.name if row.payer else None,
            plan=row.plan.name if row.plan else None,
            clinician=str(row.clinician) if row.clinician else None,
            location=row.location.name if row.location else None,
        )
        made = fees.FeeRow(keys, row.fee, row.effective_on)
        by_schedule.setdefault((row.schedule.name, row.schedule.kind), []).append(made)
    return tuple(
        fees.FeeSchedule(name, fees.ScheduleKind(kind), tuple(made))
        for (name, kind), made in by_schedule.items()
    )


def _modifier_rules() -> tuple[modifiers.ModifierRule, ...]:
    rows = ModifierRule.objects.select_related("service", "payer", "clinician")
    return tuple(
        modifiers.ModifierRule(
            modifiers=tuple(row.modifiers),
            service=row.service.code if row.service else None,
            payer=row.payer.name if row.payer else None,
            clinician=str(row.clinician) if row.clinician else None,
        )
        for row in rows
    )
