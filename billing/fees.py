"""The unit fee: which price applies to this visit (rules.md B17.3, the fee ladder).

Pure. Stands first in pricing; after it come modifiers and quantity. The rungs are tried from the
top and the first that has a price wins; every rung looked at leaves a step in the trace.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from billing import specificity
from billing.trace import Step, as_text
from lib.findings import Finding

KEY_ORDER = ("service", "payer", "plan", "clinician", "credential", "location", "program", "holiday")


class FeeRule(StrEnum):
    """Where a fee came from."""

    OVERRIDE = "override"
    CANCELLATION = "cancellation"
    PATIENT_FEE = "patient_fee"
    REDUCED_FEE = "reduced_fee"
    FEE_SCHEDULE = "fee_schedule"
    DEFAULT_PRICE = "default_price"


class ScheduleKind(StrEnum):
    """A standard schedule is for everybody, a reduced one for patients found eligible for it."""

    STANDARD = "standard"
    REDUCED = "reduced"


@dataclass(frozen=True, slots=True)
class FeeKeys:
    """What a schedule row asks for, or what a visit has; None in a row means all."""

    service: str | None = None
    payer: str | None = None
    plan: str | None = None
    clinician: str | None = None
    credential: str | None = None
    location: str | None = None
    program: str | None = None
    holiday: bool | None = None

    def in_order(self) -> tuple[specificity.Key, ...]:
        """The keys in the fixed order of KEY_ORDER."""
        return (
            self.service,
            self.payer,
            self.plan,
            self.clinician,
            self.credential,
            self.location,
            self.program,
            self.holiday,
        )


@dataclass(frozen=True, slots=True)
class FeeRow:
    """One line of a fee schedule; ``effective_from`` None means it has always been in force."""

    keys: FeeKeys
    fee: Decimal
    effective_from: date | None = None


@dataclass(frozen=True, slots=True)
class FeeSchedule:
    """A named table of fees."""

    name: str
    kind: ScheduleKind
    rows: tuple[FeeRow, ...] = ()


@dataclass(frozen=True, slots=True)
class DefaultPrice:
    """The price of a service when no rule says otherwise, from a day on."""

    price: Decimal
    effective_from: date | None = None


@dataclass(frozen=True, slots=True)
class PatientFee:
    """What was agreed with one patient for one service; either part may be left open."""

    service: str
    fee: Decimal | None = None
    copay: Decimal | None = None
    copay_per_unit: bool = False


@dataclass(frozen=True, slots=True)
class StatusTerms:
    """What an appointment status means for money."""

    name: str
    showed_up: bool
    transition: bool
    cancellation_fee: Decimal | None = None


@dataclass(frozen=True, slots=True)
class FeeQuestion:
    """All that the ladder looks at. ``reduced_schedule`` is given when the patient is eligible on ``day``."""

    day: date
    keys: FeeKeys
    status: StatusTerms
    override_price: Decimal | None = None
    patient_fees: tuple[PatientFee, ...] = ()
    reduced_schedule: str | None = None
    schedules: tuple[FeeSchedule, ...] = ()
    default_prices: tuple[DefaultPrice, ...] = ()
    direct_bill_takes_default: bool = False


@dataclass(frozen=True, slots=True)
class FeeAnswer:
    """The fee and its source, both None when no rung has a price; and the rungs looked at."""

    rule: FeeRule | None
    fee: Decimal | None
    steps: tuple[Step, ...]


def find_fee(question: FeeQuestion) -> FeeAnswer:
    """Go down the ladder to the first price. 0.00 is a price; None is not."""
    ladder = (
        (FeeRule.OVERRIDE, _override),
        (FeeRule.CANCELLATION, _cancellation),
        (FeeRule.PATIENT_FEE, _patient_fee),
        (FeeRule.REDUCED_FEE, _reduced_fee),
        (FeeRule.FEE_SCHEDULE, _fee_schedule),
        (FeeRule.DEFAULT_PRICE, _default_price),
    )
    steps: list[Step] = []
    if question.direct_bill_takes_default:
        fee, step = _default_price(question, "B17.3.0")
        steps.append(step)
        if fee is not None:
            return FeeAnswer(FeeRule.DEFAULT_PRICE, fee, tuple(steps))
    for rung, (rule, look) in enumerate(ladder, start=1):
        fee, step = look(question, f"B17.3.{rung}")
        steps.append(step)
        if fee is not None:
            return FeeAnswer(rule, fee, tuple(steps))
    return FeeAnswer(None, None, tuple(steps))


def patient_fee_for(service: str | None, fees: Sequence[PatientFee]) -> PatientFee | None:
    """The row agreed with the patient for this service, if any (fees are unique per service)."""
    return next((row for row in fees if row.service == service), None)


def repeated_rows(schedule: FeeSchedule, earlier: int = 0) -> list[Finding]:
    """Rows that no rule could choose between: equal keys and equal day in one schedule.

    The first ``earlier`` rows stand in an earlier piece of it; ``where`` counts from the rows after them.
    """
    seen: dict[tuple[object, ...], int] = {}
    findings = []
    for place, row in enumerate(schedule.rows):
        key = (*row.keys.in_order(), row.effective_from)
        if key in seen:
            text = f"same keys and day as row {seen[key] + 1} of schedule {schedule.name}; keep one of them"
            findings.append(Finding("repeated_fee_row", f"rows[{place - earlier}]", text))
        seen.setdefault(key, place)
    return findings


Rung = tuple[Decimal | None, Step]


def _override(question: FeeQuestion, rule: str) -> Rung:
    price = question.override_price
    because = "No price was typed on the appointment."
    if price is not None:
        because = f"The price typed on the appointment, {price}, comes before every other."
    return price, Step(rule, {"override_price": as_text(price)}, as_text(price), because)


def _cancellation(question: FeeQuestion, rule: str) -> Rung:
    status = question.status
    fee = None if status.showed_up else status.cancellation_fee
    inputs = {"showed_up": status.showed_up, "cancellation_fee": as_text(status.cancellation_fee)}
    if fee is not None:
        because = f"Status {status.name} has a cancellation fee of {fee}."
    elif status.showed_up:
        because = "The patient showed up, so no cancellation fee."
    else:
        because = f"Status {status.name} has no cancellation fee, so the usual prices apply."
    return fee, Step(rule, inputs, as_text(fee), because)


def _patient_fee(question: FeeQuestion, rule: str) -> Rung:
    row = patient_fee_for(question.keys.service, question.patient_fees)
    fee = row.fee if row else None
    because = "No fee was agreed with this patient for this service."
    if fee is not None:
        because = f"With this patient a fee of {fee} was agreed for service {question.keys.service}."
    return fee, Step(rule, {"service": question.keys.service, "fee": as_text(fee)}, as_text(fee), because)


def _reduced_fee(question: FeeQuestion, rule: str) -> Rung:
    name = question.reduced_schedule
    if name is None:
        because = "The patient has no reduced fees on this day."
        return None, Step(rule, {"schedule": None, "rows": []}, None, because)
    reduced = [s for s in question.schedules if s.kind is ScheduleKind.REDUCED and s.name == name]
    if not reduced:
        because = f"There is no reduced schedule called {name}, so it is skipped."
        return None, Step(rule, {"schedule": name, "rows": []}, None, because)
    return _best_row(question, reduced, rule, {"schedule": name})


def _fee_schedule(question: FeeQuestion, rule: str) -> Rung:
    standard = [s for s in question.schedules if s.kind is ScheduleKind.STANDARD]
    return _best_row(question, standard, rule, {})


def _best_row(
    question: FeeQuestion, schedules: Iterable[FeeSchedule], rule: str, inputs: dict[str, Any]
) -> Rung:
    """The winning row: most keys, then the first differing key, then the latest day, then file order."""
    actual = question.keys.in_order()
    fitting = [
        (schedule, row)
        for schedule in schedules
        for row in schedule.rows
        if _in_force(row.effective_from, question.day) and specificity.matches(row.keys.in_order(), actual)
    ]
    shown = [
        {
            "schedule": schedule.name,
            "keys": {n: k for n, k in zip(KEY_ORDER, row.keys.in_order(), strict=True) if k is not None},
            "from": as_text(row.effective_from),
            "fee": as_text(row.fee),
        }
        for schedule, row in fitting
    ]
    inputs = {**inputs, "day": as_text(question.day), "rows": shown}
    if not fitting:
        return None, Step(rule, inputs, None, f"No row in force on {question.day} fits this visit.")
    schedule, best = max(fitting, key=lambda pair: _row_weight(pair[1]))
    said = specificity.describe(KEY_ORDER, best.keys.in_order())
    since = f" from {best.effective_from}" if best.effective_from else ""
    because = f"Schedule {schedule.name} says {best.fee} for {said}{since}"
    because += "." if len(fitting) == 1 else f": the closest of {len(fitting)} rows that fit."
    return best.fee, Step(rule, inputs, as_text(best.fee), because)


def _row_weight(row: FeeRow) -> tuple[specificity.Weight, str]:
    given = [key is not None for key in row.keys.in_order()]
    return specificity.weight(given), as_text(row.effective_from) or ""  # "always" before any day


def _default_price(question: FeeQuestion, rule: str) -> Rung:
    fitting = [price for price in question.default_prices if _in_force(price.effective_from, question.day)]
    shown = [{"from": as_text(price.effective_from), "price": as_text(price.price)} for price in fitting]
    inputs = {"day": as_text(question.day), "prices": shown}
    if not fitting:
        because = f"The service has no price of its own on {question.day}."
        return None, Step(rule, inputs, None, because)
    best = max(fitting, key=lambda price: as_text(price.effective_from) or "")
    since = f" from {best.effective_from}" if best.effective_from else ""
    lead = (
        "Bills to patients take the service's own price" if rule == "B17.3.0" else "The service's own price"
    )
    return best.price, Step(rule, inputs, as_text(best.price), f"{lead}{since}: {best.price}.")


def _in_force(effective_from: date | None, day: date) -> bool:
    return effective_from is None or effective_from <= day
