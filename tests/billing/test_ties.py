"""Halves drawn on purpose: units, charges, percentages and copays by the unit go up at an exact half, never below."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.modifiers import FeeChange, change_fee
from billing.price_case import render
from billing.pricing import price
from billing.quantity import Rounding, units_of
from billing.retrace import retrace
from lib.frozen import freeze
from tests.billing.pricing_cases import case

GRAINS = {"NW": 1, "NH": 2, "NQ": 4, "NT": 10, "X": 1000}
# Units that come to an exact half cent with these fees in cents: half of 99 is 49.5.
HALVES = st.one_of(
    st.tuples(st.just("0.5"), st.integers(0, 60_000).map(lambda n: 2 * n + 1)),
    st.tuples(st.just("1.5"), st.integers(0, 60_000).map(lambda n: 2 * n + 1)),
    st.tuples(st.just("0.25"), st.integers(0, 30_000).map(lambda n: 4 * n + 2)),
    st.tuples(st.just("0.1"), st.integers(0, 20_000).map(lambda n: 10 * n + 5)),
    st.tuples(st.just("0.125"), st.integers(0, 20_000).map(lambda n: 8 * n + 4)),
    st.tuples(st.just("0.001"), st.integers(0, 200).map(lambda n: 1000 * n + 500)),
)


def dollars(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


@pytest.mark.rule("B17.4")
@given(st.sampled_from(sorted(GRAINS)), st.integers(0, 400), st.integers(1, 12))
def test_minutes_at_an_exact_half_go_up(rounding: str, whole: int, wide: int) -> None:
    grain = GRAINS[rounding]
    interval, minutes = 2 * grain * wide, (2 * whole + 1) * wide  # minutes / interval = (whole + 1/2) / grain
    assert Fraction(minutes, interval) * grain == whole + Fraction(1, 2)
    assert Fraction(units_of(minutes, interval, Rounding(rounding))) == Fraction(whole + 1, grain)
    one_minute_less = units_of(minutes - 1, interval, Rounding(rounding))
    assert Fraction(one_minute_less) == Fraction(whole, grain)


@pytest.mark.rule("B17.4", "B17.7")
@given(HALVES, st.sampled_from(["0.00", "0.01", "25.00"]))
def test_a_charge_of_an_exact_half_cent_goes_up_and_the_parts_make_it_up(
    drawn: tuple[str, int], copay: str
) -> None:
    units, cents = drawn
    exact = Fraction(units) * cents
    assert exact.denominator == 2
    result = price(
        case(
            service__duration=None,
            units=units,
            fee_schedules=[],
            copay={"individual": copay, "group": None},
            service__default_prices=[{"from": "2026-01-01", "price": dollars(cents)}],
            modifier_rules=[],
        )
    )
    assert result.charge is not None and result.patient is not None and result.payer is not None
    assert result.charge * 100 == exact + Fraction(1, 2)
    assert result.patient + result.payer == result.charge
    assert min(result.patient, result.payer) >= 0
    assert retrace(freeze(result.trace)).charge == render(result)["charge"]


@pytest.mark.rule("B17.6")
@given(
    st.one_of(
        st.tuples(st.sampled_from(["50", "-50", "150"]), st.integers(0, 40_000).map(lambda n: 2 * n + 1)),
        st.tuples(
            st.sampled_from(["12.5", "-12.5", "37.5"]), st.integers(0, 10_000).map(lambda n: 8 * n + 4)
        ),
        st.tuples(st.sampled_from(["0.5", "-0.5"]), st.integers(0, 400).map(lambda n: 200 * n + 100)),
    )
)
def test_a_percentage_that_ends_in_an_exact_half_cent_goes_up(drawn: tuple[str, int]) -> None:
    percent, cents = drawn
    exact = Fraction(cents) * (100 + Fraction(percent)) / 100
    assert exact.denominator == 2
    changed, _ = change_fee(Decimal(dollars(cents)), FeeChange(percent=Decimal(percent)))
    assert changed * 100 == exact + Fraction(1, 2)
    rules = [{"modifiers": ["52"], "fee_change": {"percent": percent}}]
    result = price(
        case(
            service__duration=None,
            fee_schedules=[],
            modifier_rules=rules,
            service__default_prices=[{"from": None, "price": dollars(cents)}],
        )
    )
    assert result.fee == result.charge == changed
    assert retrace(freeze(result.trace)).fee == str(changed)


@pytest.mark.rule("B17.7")
@given(HALVES)
def test_a_copay_by_the_unit_that_ends_in_an_exact_half_cent_goes_up(drawn: tuple[str, int]) -> None:
    units, cents = drawn
    fees = [{"service": "90834", "fee": None, "copay": dollars(cents), "copay_per_unit": True}]
    result = price(
        case(
            service__duration=None,
            units=units,
            patient={"fees": fees},
            fee_schedules=[],
            modifier_rules=[],
            service__default_prices=[{"from": None, "price": "9000.00"}],
        )
    )
    assert result.charge is not None and result.patient is not None and result.payer is not None
    if result.patient != result.charge:  # else the charge is less than the copay
        assert result.patient * 100 == Fraction(units) * cents + Fraction(1, 2)
    assert result.patient + result.payer == result.charge
