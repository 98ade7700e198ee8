"""Load what an estimate depends on and reckon it (rules.md B14): prices, contract rates, the payer's last answer.

Before it: a visit that is booked, here or complete. After it: its pages and the good-faith estimate.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal

from appointments.carryforward import sources_of
from appointments.models import Appointment, AppointmentType, VisitLine
from billing import balances, rulebook
from billing.plan_facts import FIGURES, PlanFacts, load_plan_facts
from billing.visit_pricing import PricedLine, PricedVisit, copay_waits_for, price_visits
from clinics.models import Clinician, Location
from insurance.enums import ClaimFormat
from insurance.estimates import Estimate, ExpectedLine, Terms, estimate
from insurance.models import EligibilityCheck, InsuranceProfile, Layer, Policy
from lib.money import ZERO, parse_money, round_money, show_money
from patients.here import moment_at
from patients.models import Patient

UNSAVED = 0  # the key of a visit that is only being booked


@dataclass(frozen=True, slots=True)
class VisitEstimate:
    """The estimate of one visit with its sources: the lines, the card that was asked, from which visit they are."""

    estimate: Estimate
    lines: tuple[PricedLine, ...]
    expected: tuple[ExpectedLine, ...]
    layer: Layer | None
    check: EligibilityCheck | None
    lines_from: date | None  # services of an earlier visit stand in for those that are not known yet
    source: str  # in words: where the plan's figures come from
    is_answered: bool  # the payer's good answer told the plan's figures, not the card

    @property
    def charge(self) -> Decimal:
        """The whole charge before insurance."""
        return sum((line.result.charge or ZERO for line in self.lines), ZERO)


@dataclass(frozen=True, slots=True)
class AskedToday:
    """What check-out asks above the copay because of the estimate: dollars, never below 0.00, and why."""

    found: VisitEstimate
    above_copay: Decimal
    because: str


def estimate_visit(visit: Appointment) -> VisitEstimate:
    """What this visit will cost the patient, each amount explained. Reads only."""
    priced, lines_from = _priced(visit)
    facts = facts_of([priced])
    return _reckoned(visit, priced, lines_from, balances.patient_due(visit.patient_id), facts)


def facts_of(visits: Iterable[PricedVisit]) -> PlanFacts:
    """What answers and contracts say of the first cards of these visits."""
    rows = list(visits)
    codes = {line.line.service.code for visit in rows for line in visit.lines}
    return load_plan_facts([visit.layers[0] for visit in rows if visit.layers], sorted(codes))


def asked_today(visit: Appointment, priced: PricedVisit, facts: PlanFacts | None = None) -> AskedToday:
    """The estimate beside what check-out asks anyway (rule B14.collect). ``priced`` is the visit as it is charged.

    The copay and the patient's own items are part of both, so only what the estimate is above them is asked.
    Nothing is asked on an estimate that the payer's answer does not carry, nor before a second insurer answers.
    ``facts`` that were loaded for several visits are used again.
    """
    found = _reckoned(visit, priced, None, ZERO, facts or facts_of([priced]))
    if not priced.lines:
        return AskedToday(found, ZERO, "no services are known yet")
    if not priced.layers:
        return AskedToday(found, ZERO, "no insurance pays: the whole charge is asked")
    if len(priced.layers) > 1:
        return AskedToday(found, ZERO, "the next insurer is asked before the patient")
    if not found.is_answered or not found.estimate.is_known:
        return AskedToday(found, ZERO, "no good answer of the payer: only the copay is asked")
    if any(_copay_agreed(line) for line in priced.lines):
        return AskedToday(found, ZERO, "a copay was agreed with this patient: only that is asked")
    above = found.estimate.today - priced.patient
    if above <= ZERO:
        return AskedToday(found, ZERO, "the copay is all the plan leaves to the patient")
    return AskedToday(
        found,
        above,
        f"{show_money(found.estimate.today)} is expected from the patient, {show_money(priced.patient)} of it "
        "is asked as copay",
    )


def _copay_agreed(line: PricedLine) -> bool:
    steps = (step for step in line.result.trace if step.rule == "B17.7.copay")
    return any(step.inputs.get("patient_copay") is not None for step in steps)


def _reckoned(
    visit: Appointment, priced: PricedVisit, lines_from: date | None, old: Decimal, facts: PlanFacts
) -> VisitEstimate:
    layer = priced.layers[0] if priced.layers else None
    check = facts.answer(layer.policy_id, visit.service_date) if layer is not None else None
    terms, source, is_answered = _terms(layer, check)
    waits_for = copay_waits_for(priced.layers)
    if len(priced.layers) > 1 and waits_for is None:
        source += f"; {priced.layers[1].policy.payer.name} is asked before the patient, so it may be less"
    expected = _expected(priced, layer, visit.service_date, facts)
    reckoned = estimate(expected, terms, old, waits_for=waits_for)
    return VisitEstimate(reckoned, priced.lines, expected, layer, check, lines_from, source, is_answered)


def planned_visit(
    patient: Patient,
    appointment_type: AppointmentType,
    profile: InsuranceProfile,
    *,
    location: Location,
    clinician: Clinician,
    day: date,
) -> Appointment:
    """A visit that is only being booked, never saved: noon of its day stands for the time nobody typed yet."""
    return Appointment(
        pk=UNSAVED,
        patient=patient,
        appointment_type=appointment_type,
        profile=profile,
        location=location,
        clinician=clinician,
        starts_at=moment_at(location, day, time(12)),
        service_date=day,
        minutes=appointment_type.minutes,
    )


def known_lines(visits: Sequence[Appointment]) -> tuple[dict[int, list[VisitLine]], dict[int, date]]:
    """Each visit's lines by its key; where it has none yet, those of the last visit of its type, and from which day.

    Four queries for any number of visits. Lines that stand in are never saved.
    """
    saved = {visit.pk: visit for visit in visits if visit.pk != UNSAVED}
    lines: dict[int, list[VisitLine]] = {visit.pk: [] for visit in visits}
    own = VisitLine.objects.filter(appointment_id__in=saved).select_related("service")
    for line in own.order_by("appointment_id", "line_no") if saved else []:
        line.appointment = saved[line.appointment_id]  # at hand, so nobody asks for it line by line
        lines[line.appointment_id].append(line)
    sources = sources_of([visit for visit in visits if not lines[visit.pk]])
    there: dict[int, list[VisitLine]] = {}
    earlier = VisitLine.objects.filter(appointment_id__in={row.pk for row in sources.values()})
    for line in earlier.select_related("service").order_by("line_no") if sources else []:
        there.setdefault(line.appointment_id, []).append(line)
    for visit in visits:
        if visit.pk in sources:
            lines[visit.pk] = [_standing_in(visit, line) for line in there.get(sources[visit.pk].pk, [])]
    return lines, {key: source.service_date for key, source in sources.items()}


def _priced(visit: Appointment) -> tuple[PricedVisit, date | None]:
    """The visit's lines with prices; those of the last visit of its type where it has none yet."""
    lines, days = known_lines([visit])
    book = rulebook.load(line.service_id for line in lines[visit.pk])
    return price_visits([visit], book, lines)[0], days.get(visit.pk)


def _standing_in(visit: Appointment, line: VisitLine) -> VisitLine:
    return VisitLine(
        appointment=visit,
        line_no=line.line_no,
        service=line.service,
        modifiers=line.modifiers,
        units=line.units,
    )


def _expected(
    priced: PricedVisit, layer: Layer | None, day: date, facts: PlanFacts
) -> tuple[ExpectedLine, ...]:
    by_statement = layer is not None and layer.policy.payer.claim_format == ClaimFormat.PATIENT_STATEMENT
    found = []
    for line in priced.lines:
        service, charge = line.line.service, line.result.charge or ZERO
        if layer is None or by_statement or service.bill_patient_directly:
            because = "no insurance on this day" if layer is None else "not billed to insurance"
            found.append(ExpectedLine(service.code, charge, True, because))
            continue
        rate = facts.rate(layer.policy.payer_id, service.code, day)
        if rate is None:
            found.append(ExpectedLine(service.code, charge, because="our charge: no contract rate is known"))
            continue
        units = line.result.quantity or Decimal(1)
        allowed = min(charge, round_money(rate * units))
        found.append(ExpectedLine(service.code, allowed, because=f"contract rate {rate:,.2f}"))
    return tuple(found)


def _terms(layer: Layer | None, check: EligibilityCheck | None) -> tuple[Terms, str, bool]:
    if layer is None:
        return Terms(), "Self-pay", False
    return terms_of_card(layer.policy, check)


def terms_of_card(policy: Policy, check: EligibilityCheck | None) -> tuple[Terms, str, bool]:
    """What a card leaves to the patient: by the payer's answer, else its copay; where from; whether it was asked."""
    if check is not None:
        said = {name: parse_money(check.benefits[name]) for name in FIGURES if name in check.benefits}
        by = "the payer's answer" if check.source == "271" else "the payer's word by telephone"
        terms = Terms(**said)
        if terms.copay is not None or terms.coinsurance is not None:
            return terms, f"{by} of {check.checked_on:%m/%d/%Y}", True
    plan = policy.plan
    copay = policy.copay_individual
    if copay is None and plan is not None:
        copay = plan.copay_individual
    if copay is None:
        return Terms(), "not known: ask the payer", False
    return Terms(copay=copay), "the copay on the card", False
