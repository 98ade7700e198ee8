"""Minutes into units: the table of docs/fees.md, and the whole-number sums against fractions."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.quantity import (
    Duration,
    Rounding,
    cms8_units,
    cms8_units_of_day,
    fixed_quantity,
    shortest,
    timed_quantity,
    units_of,
)

pytestmark = pytest.mark.rule("B17.4")

TABLE = """
minutes interval  NW  NH   NQ    UW  UH   UQ    DW  DH   DQ    NT   UT   DT   X
7       15        0   0.5  0.5   1   0.5  0.5   0   0    0.25  0.5  0.5  0.4  0.467
10      15        1   0.5  0.75  1   1    0.75  0   0.5  0.5   0.7  0.7  0.6  0.667
22      15        1   1.5  1.5   2   1.5  1.5   1   1    1.25  1.5  1.5  1.4  1.467
23      15        2   1.5  1.5   2   2    1.75  1   1.5  1.5   1.5  1.6  1.5  1.533
45      60        1   1    0.75  1   1    0.75  0   0.5  0.75  0.8  0.8  0.7  0.75
50      60        1   1    0.75  1   1    1     0   0.5  0.75  0.8  0.9  0.8  0.833
"""


def cells() -> list[tuple[int, int, str, str]]:
    header, *lines = [line.split() for line in TABLE.strip().splitlines()]
    return [
        (int(line[0]), int(line[1]), name, cell)
        for line in lines
        for name, cell in zip(header[2:], line[2:], strict=True)
    ]


@pytest.mark.parametrize(("minutes", "interval", "rounding", "units"), cells())
def test_table(minutes: int, interval: int, rounding: str, units: str) -> None:
    assert str(units_of(minutes, interval, Rounding(rounding))) == units


@pytest.mark.parametrize(
    ("minutes", "units"),
    [
        (0, 0),
        (1, 0),
        (7, 0),
        (8, 1),
        (22, 1),
        (23, 2),
        (37, 2),
        (38, 3),
        (52, 3),
        (53, 4),
        (127, 8),
        (128, 9),
    ],
)
def test_eight_minute_rule(minutes: int, units: int) -> None:
    assert cms8_units(minutes) == units
    assert units_of(minutes, None, Rounding.CMS8) == units


@pytest.mark.parametrize(
    ("minutes", "units"),
    [
        ([24, 23], [2, 1]),  # 47 minutes: three units, the third to the line with more over
        ([20, 20], [2, 1]),  # equal rests: the earlier line
        ([33, 7], [2, 1]),
        ([18, 13, 10, 8], [1, 1, 1, 0]),
        ([7, 7], [1, 0]),  # neither alone, together fourteen
        ([7], [0]),
        ([], []),
    ],
)
def test_timed_codes_of_the_day_are_summed(minutes: list[int], units: list[int]) -> None:
    assert cms8_units_of_day(minutes) == units


@given(st.lists(st.integers(0, 300), max_size=8))
def test_the_day_gives_out_every_unit(minutes: list[int]) -> None:
    units = cms8_units_of_day(minutes)
    assert sum(units) == cms8_units(sum(minutes))
    for given_minutes, got in zip(minutes, units, strict=True):
        assert got in (given_minutes // 15, given_minutes // 15 + 1)


@pytest.mark.parametrize(
    ("minutes", "interval", "rounding", "units"),
    [
        (1, 2000, "X", "0.001"),  # 0.0005 goes up at the third decimal
        (1, 2001, "X", "0"),
        (5, 16, "X", "0.313"),  # 0.3125
        (30, 60, "NW", "1"),  # a tie goes up
        (15, 60, "NH", "0.5"),
        (3, 60, "NT", "0.1"),
        (60, 60, "UW", "1"),  # exact stays
        (61, 60, "UW", "2"),
        (600, 60, "DW", "10"),
    ],
)
def test_ties_and_edges(minutes: int, interval: int, rounding: str, units: str) -> None:
    assert str(units_of(minutes, interval, Rounding(rounding))) == units


@given(
    st.integers(0, 100_000),
    st.integers(1, 5_000),
    st.sampled_from([r for r in Rounding if r != Rounding.CMS8]),
)
def test_whole_number_sums_equal_exact_fractions(minutes: int, interval: int, rounding: Rounding) -> None:
    grain = 1000 if rounding is Rounding.X else {"W": 1, "H": 2, "Q": 4, "T": 10}[rounding[1]]
    parts = Fraction(minutes, interval) * grain
    direction = "N" if rounding is Rounding.X else rounding[0]
    expected = {"N": floor(parts + Fraction(1, 2)), "U": ceil(parts), "D": floor(parts)}[direction]
    assert Fraction(units_of(minutes, interval, rounding)) == Fraction(expected, grain)


@pytest.mark.parametrize(
    ("minutes", "min_units", "units"),
    [(0, "0", "0"), (0, "1", "1"), (0, "0.500", "0.5"), (7, "1", "1"), (8, "1", "0.25"), (15, "1", "0.25")],
)
def test_min_units_replaces_exactly_zero_and_nothing_else(minutes: int, min_units: str, units: str) -> None:
    quantity, step = timed_quantity(Duration(Rounding.NQ, 60, Decimal(min_units)), minutes)
    assert str(quantity) == units == step.result


def test_because_says_how_it_was_rounded() -> None:
    _, step = timed_quantity(Duration(Rounding.NQ, 60), 50)
    assert step.because == "50 of 60 minutes, rounded to the nearest quarter unit (NQ), is 0.75."
    _, step = timed_quantity(Duration(Rounding.X, 60, Decimal("1")), 0)
    assert step.because.endswith("The service counts at least 1 when there would be none.")
    _, step = timed_quantity(Duration(Rounding.CMS8), 7)
    assert "somebody must look" in step.because


def test_day_units_count_only_with_the_eight_minute_rule() -> None:
    quantity, step = timed_quantity(Duration(Rounding.CMS8), 7, day_units=1)
    assert quantity == 1
    assert "over all timed codes of the day" in step.because
    assert timed_quantity(Duration(Rounding.NW, 15), 30, day_units=1)[0] == 2


def test_fixed_and_shortest() -> None:
    assert fixed_quantity(Decimal("3"), "so")[1].result == "3"
    assert [str(shortest(Decimal(text))) for text in ("1.50", "10", "1E+2", "0.000")] == [
        "1.5",
        "10",
        "100",
        "0",
    ]
