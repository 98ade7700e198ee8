"""One visit priced: a pure function from a case to a result with its trace (rules.md B17.0).

Check-out shows the result and runs it again in its own transaction; the batch and
``./manage price`` call the same function. Before it stands loading (rows to a ``PricingCase``),
after it invoicing and the ledger. Its rooms: fees, modifiers, quantity, responsibility.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from billing import fees, modifiers, quantity, responsibility
from billing.trace import Step, as_text
from lib.findings import Finding
from lib.money import LIMIT, ZERO, round_money


@dataclass(frozen=True, slots=True)
class ServiceTerms:
    """What the catalogue says of a service. ``duration`` None: not charged by time."""

    code: str
    kind: responsibility.ServiceKind
    bill_patient_directly: bool = False
    default_prices: tuple[fees.DefaultPrice, ...] = ()
    duration: quantity.Duration | None = None


@dataclass(frozen=True, slots=True)
class PayerTerms:
    """The primary payer of the visit.

    ``forbids_no_show_charge``: its patients may not be charged for missed visits (Medicaid).
    """

    name: str
    claim_format: responsibility.ClaimFormat
    plan: str | None = None
    forbids_no_show_charge: bool = False


@dataclass(frozen=True, slots=True)
class PatientTerms:
    """What was agreed with the patient; ``age`` in completed years on the date of service."""

    reduced_fee_schedule: str | None = None
    fees: tuple[fees.PatientFee, ...] = ()
    age: int | None = None


@dataclass(frozen=True, slots=True)
class MissedPolicy:
    """What the policy table says of charging for a missed visit: the row that decided, and why (B10)."""

    allowed: bool
    row: str
    source: str
    because: str


@dataclass(frozen=True, slots=True)
class PricingCase:
    """Everything one price depends on; the catalogue parts may hold rows that do not fit.

    ``units`` is a fixed count for a service not charged by time (None: 1); ``day_units`` is this
    line's part of the day's timed codes (quantity.cms8_units_of_day); ``earlier_today`` are the
    patient's lines before this one on the same day.
    """

    date: date
    status: fees.StatusTerms
    service: ServiceTerms
    minutes: int | None = None
    clinician: str | None = None
    credential: str | None = None
    location: str | None = None
    program: str | None = None
    pos: str | None = None
    holiday: bool = False
    override_price: Decimal | None = None
    units: Decimal | None = None
    day_units: int | None = None
    patient: PatientTerms = field(default_factory=PatientTerms)
    payer: PayerTerms | None = None
    copay: responsibility.PlanCopay = field(default_factory=responsibility.PlanCopay)
    copay_waits_for: str | None = (
        None  # a later payer that wants no copay asked before it has answered (B11.2)
    )
    fee_schedules: tuple[fees.FeeSchedule, ...] = ()
    modifier_rules: tuple[modifiers.ModifierRule, ...] = ()
    manual_modifiers: tuple[str, ...] = ()
    same_day_rules: tuple[modifiers.SameDayRule, ...] = ()
    earlier_today: tuple[modifiers.EarlierLine, ...] = ()
    bill_directly_forces_default_price: bool = False
    missed: MissedPolicy | None = None


@dataclass(frozen=True, slots=True)
class PricingResult:
    """What the visit costs and who owes it. With problems, or without transition, every amount is None.

    ``findings`` do not stop the charge (B17.6: more than four modifiers stop the claim).
    """

    transition: bool
    problems: tuple[str, ...]
    rule: fees.FeeRule | None
    fee: Decimal | None
    quantity: Decimal | None
    charge: Decimal | None
    modifiers: tuple[str, ...]
    patient: Decimal | None
    payer: Decimal | None
    findings: tuple[Finding, ...]
    trace: tuple[Step, ...]

    @property
    def billable(self) -> bool:
        """Whether there is a charge (0.00 is one)."""
        return self.charge is not None


def price(case: PricingCase) -> PricingResult:
    """Price one visit. Same case, same result; never raises for a case that could be built."""
    status = case.status
    if not status.transition:
        because = f"Status {status.name} makes no charge."
        return _stopped([_gate(case, because)], "no_transition", None, transition=False)
    trace = [_gate(case, f"Status {status.name} lets the visit become a charge.")]

    answer = fees.find_fee(_fee_question(case))
    trace += answer.steps
    if answer.fee is None or answer.rule is None:
        return _stopped(trace, "no_price", None)
    listed, findings, fee = _modifiers(case, answer.rule, answer.fee, trace)

    counted = _quantity(case, answer.rule, trace)
    if counted is None:
        return _stopped(trace, "no_minutes", answer.rule)
    if counted == 0:
        return _stopped(trace, "zero_units", answer.rule)
    charge = round_money(fee * counted)
    if charge > LIMIT:
        return _stopped(trace, "charge_too_large", answer.rule)
    because = f"{fee} × {counted:f} = {charge}."
    inputs = {"fee": as_text(fee), "quantity": as_text(counted)}
    trace.append(Step("B17.4.charge", inputs, as_text(charge), because))
    if _forbidden(case, charge, trace):
        return _stopped(trace, "no_show_charge_forbidden", answer.rule)

    split = _split(case, charge, counted, trace)
    return PricingResult(
        transition=True,
        problems=(),
        rule=answer.rule,
        fee=fee,
        quantity=counted,
        charge=charge,
        modifiers=listed,
        patient=split.patient,
        payer=split.payer,
        findings=tuple(findings),
        trace=tuple(trace),
    )


def _gate(case: PricingCase, because: str) -> Step:
    inputs = {"status": case.status.name, "transition": case.status.transition}
    return Step("B17.2", inputs, case.status.transition, because)


def _fee_question(case: PricingCase) -> fees.FeeQuestion:
    keys = fees.FeeKeys(
        service=case.service.code,
        payer=case.payer.name if case.payer else None,
        plan=case.payer.plan if case.payer else None,
        clinician=case.clinician,
        credential=case.credential,
        location=case.location,
        program=case.program,
        holiday=case.holiday,
    )
    return fees.FeeQuestion(
        day=case.date,
        keys=keys,
        status=case.status,
        override_price=case.override_price,
        patient_fees=case.patient.fees,
        reduced_schedule=case.patient.reduced_fee_schedule,
        schedules=case.fee_schedules,
        default_prices=case.service.default_prices,
        direct_bill_takes_default=case.bill_directly_forces_default_price
        and case.service.bill_patient_directly,
    )


def _modifiers(
    case: PricingCase, rule: fees.FeeRule, fee: Decimal, trace: list[Step]
) -> tuple[tuple[str, ...], list[Finding], Decimal]:
    """The modifiers and the unit fee after them; typed prices and cancellation fees are never changed."""
    keys = modifiers.ModifierKeys(
        service=case.service.code,
        payer=case.payer.name if case.payer else None,
        clinician=case.clinician,
        credential=case.credential,
        program=case.program,
        pos=case.pos,
        age=case.patient.age,
    )
    chosen, step = modifiers.rule_step(keys, case.modifier_rules)
    trace.append(step)
    same_day: tuple[str, ...] = ()
    if case.same_day_rules:
        same_day, step = modifiers.same_day_modifiers(keys, case.earlier_today, case.same_day_rules)
        trace.append(step)
    by_rule = chosen.modifiers if chosen else ()
    listed, findings, step = modifiers.combine(case.manual_modifiers, by_rule, same_day)
    trace.append(step)
    if chosen and chosen.fee_change and rule not in (fees.FeeRule.OVERRIDE, fees.FeeRule.CANCELLATION):
        fee, step = modifiers.change_fee(fee, chosen.fee_change)
        trace.append(step)
    return listed, findings, fee


def _quantity(case: PricingCase, rule: fees.FeeRule, trace: list[Step]) -> Decimal | None:
    """Units by B17.4; None when a timed service has no minutes."""
    duration = case.service.duration
    if rule is fees.FeeRule.OVERRIDE:
        counted, step = quantity.fixed_quantity(quantity.ONE, "A typed price is for the whole visit.")
    elif rule is fees.FeeRule.CANCELLATION:
        counted, step = quantity.fixed_quantity(quantity.ONE, "A cancellation fee is for the whole visit.")
    elif duration is None:
        units = quantity.ONE if case.units is None else quantity.shortest(case.units)
        counted, step = quantity.fixed_quantity(units, "The service is not charged by time.")
    elif case.minutes is None:
        because = "The service is charged by time, but the visit has no minutes."
        trace.append(Step("B17.4", {"minutes": None}, None, because))
        return None
    else:
        counted, step = quantity.timed_quantity(duration, case.minutes, case.day_units)
    trace.append(step)
    return counted


def _forbidden(case: PricingCase, charge: Decimal, trace: list[Step]) -> bool:
    """Whether a policy or the payer's rules forbid charging the patient for a visit that did not happen."""
    if case.status.showed_up or charge == ZERO:
        return False
    if case.missed is not None:
        inputs = {"row": case.missed.row, "source": case.missed.source, "charge": as_text(charge)}
        trace.append(Step("B10.policy", inputs, case.missed.allowed, case.missed.because))
        return not case.missed.allowed
    payer = case.payer
    if payer is None or not payer.forbids_no_show_charge:
        return False
    because = f"{payer.name} does not allow its patients to be charged for a missed visit."
    seen = {"payer": payer.name, "forbids_no_show_charge": True, "charge": as_text(charge)}
    trace.append(Step("B17.7.missed", seen, None, because))
    return True


def _split(case: PricingCase, charge: Decimal, counted: Decimal, trace: list[Step]) -> responsibility.Split:
    agreed = fees.patient_fee_for(case.service.code, case.patient.fees)
    copay, step = responsibility.find_copay(case.service.kind, case.copay, agreed, counted)
    trace.append(step)
    if case.copay_waits_for is not None and copay:
        copay, step = responsibility.leave_copay(copay, case.copay_waits_for)
        trace.append(step)
    question = responsibility.SplitQuestion(
        charge=charge,
        copay=copay,
        showed_up=case.status.showed_up,
        bill_patient_directly=case.service.bill_patient_directly,
        claim_format=case.payer.claim_format if case.payer else None,
    )
    split, step = responsibility.split_charge(question)
    trace.append(step)
    return split


def _stopped(
    trace: list[Step], problem: str, rule: fees.FeeRule | None, *, transition: bool = True
) -> PricingResult:
    """A result without amounts; the last step of the trace says why."""
    return PricingResult(
        transition=transition,
        problems=(problem,),
        rule=rule,
        fee=None,
        quantity=None,
        charge=None,
        modifiers=(),
        patient=None,
        payer=None,
        findings=(),
        trace=tuple(trace),
    )
