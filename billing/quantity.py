"""How many units a visit counts: minutes into units, in whole-number arithmetic (rules.md B17.4).

Stands after the fee ladder and before the charge. No floating point and no division that could
lose a tie: minutes and interval are whole numbers, a unit is counted in halves, quarters, tenths
or thousandths.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from billing.trace import Step, as_text

ONE = Decimal("1")
NONE = Decimal("0")


class Rounding(StrEnum):
    """Direction N(earest, half up) U(p) D(own) by grain W(hole) H(alf) Q(uarter) T(enth); X exact; CMS8."""

    NW = "NW"
    NH = "NH"
    NQ = "NQ"
    NT = "NT"
    UW = "UW"
    UH = "UH"
    UQ = "UQ"
    UT = "UT"
    DW = "DW"
    DH = "DH"
    DQ = "DQ"
    DT = "DT"
    X = "X"
    CMS8 = "CMS8"


_DIRECTIONS = {"N": "to the nearest", "U": "up to the next", "D": "down to the last"}
_GRAINS = {
    "W": (1, "whole unit"),
    "H": (2, "half unit"),
    "Q": (4, "quarter unit"),
    "T": (10, "tenth of a unit"),
}


@dataclass(frozen=True, slots=True)
class Duration:
    """How a service that is charged by time counts its units.

    ``interval_minutes`` is one unit (ignored by CMS8); ``min_units`` stands in for a result of
    exactly zero and for nothing else, 0 meaning "ask a person" (problem ``zero_units``).
    """

    rounding: Rounding
    interval_minutes: int | None = None
    min_units: Decimal = NONE


def units_of(minutes: int, interval: int | None, rounding: Rounding) -> Decimal:
    """Minutes over interval, rounded. A tie goes up for N and X; CMS8 needs no interval.

    >>> units_of(50, 60, Rounding.NQ)
    Decimal('0.75')
    """
    assert minutes >= 0, "minutes are never negative"
    if rounding is Rounding.CMS8:
        return Decimal(cms8_units(minutes))
    assert interval, "an interval has at least one minute"
    if rounding is Rounding.X:
        return _plain(_nearest(minutes * 1000, interval), 1000)
    direction, (grain, _) = rounding[0], _GRAINS[rounding[1]]
    parts = minutes * grain
    if direction == "N":
        return _plain(_nearest(parts, interval), grain)
    if direction == "U":
        return _plain(-(-parts // interval), grain)
    return _plain(parts // interval, grain)


def cms8_units(minutes: int) -> int:
    """Medicare's eight-minute rule: 8 to 22 minutes count 1, 23 to 37 count 2, and so on."""
    return (minutes + 7) // 15


def cms8_units_of_day(minutes: Sequence[int]) -> list[int]:
    """Units of each timed code of one day, in the order given, from the day's summed minutes.

    The total comes from all minutes together; each code keeps its full quarter hours and what is
    left goes to the codes with most minutes over (equal: the earlier line).
    """
    units = [each // 15 for each in minutes]
    left = cms8_units(sum(minutes)) - sum(units)
    by_rest = sorted(range(len(minutes)), key=lambda place: (-(minutes[place] % 15), place))
    for place in by_rest[:left]:
        units[place] += 1
    return units


def timed_quantity(duration: Duration, minutes: int, day_units: int | None = None) -> tuple[Decimal, Step]:
    """Units of a service charged by time, 0 when there are none (the caller's ``zero_units``).

    ``day_units`` is this line's part of the day by ``cms8_units_of_day`` where several timed
    codes were done; it only counts with CMS8.
    """
    by_day = day_units is not None and duration.rounding is Rounding.CMS8
    counted = (
        Decimal(day_units or 0) if by_day else units_of(minutes, duration.interval_minutes, duration.rounding)
    )
    result = counted or shortest(duration.min_units)
    inputs: dict[str, object] = {
        "minutes": minutes,
        "rounding": duration.rounding.value,
        "min_units": as_text(duration.min_units),
    }
    if duration.rounding is not Rounding.CMS8:
        inputs["interval_minutes"] = duration.interval_minutes
    if by_day:
        inputs["day_units"] = day_units
    return result, Step(
        "B17.4", inputs, as_text(result), _because(duration, minutes, counted, result, by_day=by_day)
    )


def fixed_quantity(units: Decimal, because: str) -> tuple[Decimal, Step]:
    """A quantity that is not worked out from minutes (an override, a cancellation fee, a fixed count)."""
    return units, Step("B17.4", {"units": as_text(units)}, as_text(units), because)


def shortest(units: Decimal) -> Decimal:
    """The same quantity without zeros at its end: 1.50 becomes 1.5, 10 stays 10."""
    whole = int(units)
    return Decimal(whole) if whole == units else units.normalize()


def _nearest(parts: int, interval: int) -> int:
    return (2 * parts + interval) // (2 * interval)


def _plain(parts: int, grain: int) -> Decimal:
    """``parts`` grains as an exact decimal: every grain divides a thousand."""
    return shortest(Decimal(parts * (1000 // grain)).scaleb(-3))


def _because(duration: Duration, minutes: int, counted: Decimal, result: Decimal, *, by_day: bool) -> str:
    rounding, interval = duration.rounding, duration.interval_minutes
    if by_day:
        text = f"By the eight-minute rule over all timed codes of the day this line counts {counted:f}."
    elif rounding is Rounding.CMS8:
        text = f"By the eight-minute rule {minutes} minutes count {counted:f}."
    elif rounding is Rounding.X:
        text = f"{minutes} of {interval} minutes, kept to three decimals, is {counted:f}."
    else:
        how = f"{_DIRECTIONS[rounding[0]]} {_GRAINS[rounding[1]][1]}"
        text = f"{minutes} of {interval} minutes, rounded {how} ({rounding.value}), is {counted:f}."
    if counted:
        return text
    if result:
        return f"{text} The service counts at least {result:f} when there would be none."
    return f"{text} Zero units cannot be charged: somebody must look at this visit."
