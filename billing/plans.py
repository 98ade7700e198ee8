"""Payment plans worked out: instalments to the cent, their days, what is paid, missed and in default (B12). Pure.

Dollars in Decimal; time is passed in. Before it: a person who agrees with a patient. After it: planning.py,
which loads, keeps and ends plans.
"""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_CEILING, Decimal

from billing.enums import Frequency
from lib.money import ZERO, from_cents, to_cents, total

MISSED_FOR_DEFAULT = 2


@dataclass(frozen=True, slots=True)
class Instalment:
    """One amount on one day."""

    number: int
    due_on: date
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Paid:
    """Something that took the plan's balance down: a payment, or anything else that settled part of it."""

    on: date
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Standing:
    """An instalment today: what is open of it, and whether it counts as missed."""

    instalment: Instalment
    open: Decimal
    missed: bool

    @property
    def state(self) -> str:
        """paid, dropped (the tail was shortened), missed, part or open; for the page."""
        if self.open == ZERO:
            return "paid"
        if self.missed:
            return "missed"
        return "part" if self.open < self.instalment.amount else "open"


@dataclass(frozen=True, slots=True)
class Rules:
    """(balance from, most payments) in rising order; a smaller balance takes no plan."""

    rows: tuple[tuple[Decimal, int], ...]

    def most(self, balance: Decimal) -> tuple[Decimal, int] | None:
        """The row that decides for a balance, or None."""
        fitting = [row for row in self.rows if balance >= row[0]]
        return fitting[-1] if fitting else None


def split(amount: Decimal, count: int) -> list[Decimal]:
    """Equal instalments floored to the cent; the last takes the rest. 500.00 in 6: 5 x 83.33 + 83.35."""
    assert count >= 1 and amount > ZERO, "a plan is something in parts"
    each, rest = divmod(to_cents(amount), count)
    return [from_cents(each)] * (count - 1) + [from_cents(each + rest)]


def count_for(amount: Decimal, instalment: Decimal) -> int:
    """How many instalments of at least this size pay the amount: 500.00 at 83.33 is 7, the last one small."""
    return int((amount / instalment).to_integral_value(rounding=ROUND_CEILING))


def by_amount(amount: Decimal, instalment: Decimal) -> list[Decimal]:
    """Instalments of a wanted size; the last is what is left."""
    count = count_for(amount, instalment)
    return [instalment] * (count - 1) + [amount - instalment * (count - 1)]


def due_day(start: date, frequency: str, number: int) -> date:
    """The day of the ``number``th instalment (from 1). Month ends clamp and return: 31 Jan, 28 Feb, 31 Mar."""
    steps = number - 1
    if frequency == Frequency.WEEKLY:
        return start + timedelta(weeks=steps)
    if frequency == Frequency.BIWEEKLY:
        return start + timedelta(weeks=2 * steps)
    years, month = divmod(start.month - 1 + steps, 12)
    year, month = start.year + years, month + 1
    return date(year, month, min(start.day, calendar.monthrange(year, month)[1]))


def schedule(amounts: Sequence[Decimal], start: date, frequency: str) -> list[Instalment]:
    """Amounts with their days."""
    return [
        Instalment(number, due_day(start, frequency, number), amount)
        for number, amount in enumerate(amounts, start=1)
    ]


def stand(
    instalments: Sequence[Instalment], paid: Sequence[Paid], *, grace_days: int, today: date
) -> list[Standing]:
    """Where each instalment stands today.

    What comes in pays the instalments that are due and the next one; anything more comes off the end, so an
    extra payment shortens the tail and never skips a month. Missed = open when the grace after its day is over.
    """
    left = {row.number: row.amount for row in instalments}
    for payment in sorted(paid, key=lambda each: each.on):
        amount = payment.amount
        for row in _in_order(instalments, payment.on):
            used = min(amount, left[row.number])
            left[row.number] -= used
            amount -= used
    limit = today - timedelta(days=grace_days)
    return [
        Standing(row, left[row.number], left[row.number] > ZERO and row.due_on < limit) for row in instalments
    ]


def remaining(standing: Sequence[Standing]) -> Decimal:
    """What is still to be paid."""
    return total(row.open for row in standing)


def due_by(standing: Sequence[Standing], day: date) -> Decimal:
    """What a statement may ask for: instalments up to a day."""
    return total(row.open for row in standing if row.instalment.due_on <= day)


def is_default(standing: Sequence[Standing]) -> bool:
    """Two missed instalments end the plan."""
    return sum(row.missed for row in standing) >= MISSED_FOR_DEFAULT


def next_open(standing: Sequence[Standing]) -> Standing | None:
    """The instalment to be paid next."""
    return next((row for row in standing if row.open > ZERO), None)


def _in_order(instalments: Sequence[Instalment], day: date) -> list[Instalment]:
    """First those due until the next one after ``day``, then the rest from the end."""
    coming = next((row.number for row in instalments if row.due_on >= day), len(instalments))
    return [row for row in instalments if row.number <= coming] + [
        row for row in reversed(instalments) if row.number > coming
    ]
