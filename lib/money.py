"""Exact money: the only module that rounds or splits an amount.

Amounts are ``Decimal`` dollars with two places in Python and ``bigint`` cents in the database.
Binary floating point never touches them: a test in tests/architecture bans it.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

CENT = Decimal("0.01")
ZERO = Decimal("0.00")
# A clinic's single amount; well inside bigint and inside X12's 18 digits for R elements.
LIMIT = Decimal("9999999999.99")


class BadAmount(ValueError):
    """An amount that cannot be taken as it stands: not a number, or more than two decimals."""


def parse_money(value: str | int | Decimal) -> Decimal:
    """Return ``value`` (dollars) with exactly two places; never rounds.

    Raises BadAmount for text that is no plain decimal number, for a third decimal that is
    not zero, for NaN or infinity, and beyond +-9,999,999,999.99 (invariant I-2).
    """
    if type(value) is str and len(value) <= 12 and value.isascii():  # the plain case: 85, 85.5 or 85.50
        whole, _, part = value.partition(".")
        if whole.isdigit() and len(whole) <= 10 and (not part or (part.isdigit() and len(part) <= 2)):
            return Decimal(whole + "." + (part + "00")[:2])
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise BadAmount(f"not an amount: {value!r}")
    if isinstance(value, str) and (len(value) > 24 or "_" in value):
        raise BadAmount(f"not an amount: {value[:24]!r}")
    try:
        amount = Decimal(value.strip()) if isinstance(value, str) else Decimal(value)
    except InvalidOperation as error:
        raise BadAmount(f"not an amount: {value!r}") from error
    if not amount.is_finite() or abs(amount) > LIMIT:
        raise BadAmount(f"not an amount: {value!r}")
    exact = amount.quantize(CENT)
    if exact != amount:
        raise BadAmount(f"more than two decimals: {value!r}")
    return exact + ZERO  # -0.00 becomes 0.00


def round_money(value: Decimal) -> Decimal:
    """Round to whole cents, half up, away from zero (rules.md conventions: once per service line)."""
    return value.quantize(CENT, rounding=ROUND_HALF_UP) + ZERO


def to_cents(amount: Decimal) -> int:
    """Dollars to whole cents; raises BadAmount rather than lose a fraction of a cent."""
    if type(amount) is Decimal and amount.is_finite() and -LIMIT <= amount <= LIMIT:  # the plain case
        scaled = amount * 100
        cents = int(scaled)
        if cents == scaled:
            return cents
    return int(parse_money(amount).scaleb(2))


def from_cents(cents: int) -> Decimal:
    """Whole cents to dollars with two places."""
    return Decimal(cents).scaleb(-2)


def total(amounts: Iterable[Decimal]) -> Decimal:
    """Exact sum, 0.00 for none."""
    return sum(amounts, ZERO)


def split_evenly(amount: Decimal, parts: int) -> list[Decimal]:
    """Split into ``parts``, each floored to the cent; the last takes the rest (rules.md B12).

    >>> split_evenly(Decimal("500.00"), 6)[-1]
    Decimal('83.35')
    """
    assert parts >= 1, "a split needs at least one part"
    cents = to_cents(amount)
    assert cents >= 0, "only amounts of zero or more are split"
    share = cents // parts
    return [from_cents(share)] * (parts - 1) + [from_cents(cents - share * (parts - 1))]


def plain_money(amount: Decimal) -> str:
    """Two places and nothing else: how JSON keeps an amount."""
    text = str(amount)
    return text if text[-3:-2] == "." and text != "-0.00" else f"{amount + ZERO:.2f}"


def show_money(amount: Decimal) -> str:
    """Two places, thousands commas, a true minus sign: how pages print an amount."""
    text = f"{abs(amount):,.2f}"
    return f"\u2212{text}" if amount < 0 else text
