"""Exact money: what is taken, what is refused, and that no cent appears or goes."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.money import (
    LIMIT,
    BadAmount,
    from_cents,
    parse_money,
    plain_money,
    round_money,
    show_money,
    split_evenly,
    to_cents,
    total,
)

CENTS = st.integers(-(10**12) + 1, 10**12 - 1)


@pytest.mark.parametrize(
    ("given_", "taken"),
    [
        ("85", "85.00"),
        (" 85.5 ", "85.50"),
        ("-0", "0.00"),
        ("7.100", "7.10"),
        (12, "12.00"),
        ("+3.05", "3.05"),
    ],
)
def test_amounts_that_are_taken(given_: str | int, taken: str) -> None:
    assert str(parse_money(given_)) == taken


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "x",
        "1.005",
        "NaN",
        "Infinity",
        "1,000.00",
        "1_000",
        "$5",
        "--1",
        "1e11",
        "9" * 30,
        True,
        1.5,
        None,
    ],
)
def test_amounts_that_are_refused(wrong: object) -> None:
    with pytest.raises(BadAmount):
        parse_money(wrong)  # type: ignore[arg-type]


def test_the_bounds() -> None:
    assert parse_money(LIMIT) == LIMIT
    with pytest.raises(BadAmount):
        parse_money(LIMIT + Decimal("0.01"))


@given(CENTS)
def test_cents_and_back(cents: int) -> None:
    assert to_cents(from_cents(cents)) == cents
    assert parse_money(str(from_cents(cents))) == from_cents(cents)


@given(st.decimals(-10000, 10000, places=5))
def test_rounding_is_half_up_away_from_zero(value: Decimal) -> None:
    exact = abs(Fraction(value)) * 100
    wanted = int(exact + Fraction(1, 2))  # floor of x + 1/2, on the amount without its sign
    assert to_cents(abs(round_money(value))) == wanted
    assert round_money(-value) == -round_money(value)


@given(st.integers(0, 10**9), st.integers(1, 60))
def test_a_split_keeps_every_cent_and_the_last_takes_the_rest(cents: int, parts: int) -> None:
    shares = split_evenly(from_cents(cents), parts)
    assert len(shares) == parts
    assert total(shares) == from_cents(cents)
    assert len(set(shares[:-1])) <= 1
    assert all(shares[-1] >= share for share in shares)


def test_how_an_amount_is_written() -> None:
    assert show_money(Decimal("7412.50")) == "7,412.50"
    assert show_money(Decimal("-6.00")) == "\u22126.00"


@given(cents=st.integers(-(10**12), 10**12))
def test_how_json_keeps_an_amount(cents: int) -> None:
    amount = from_cents(cents)
    assert plain_money(amount) == f"{amount:.2f}"


@pytest.mark.parametrize(
    ("amount", "kept"),
    [("-0.00", "0.00"), ("-0", "0.00"), ("7", "7.00"), ("7.5", "7.50"), ("1E+2", "100.00")],
)
def test_json_keeps_two_places_of_any_amount(amount: str, kept: str) -> None:
    assert plain_money(Decimal(amount)) == kept
