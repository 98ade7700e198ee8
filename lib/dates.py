"""Dates as EDI writes them and ages as people count them. Time is always passed in."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime
from zoneinfo import ZoneInfo


def parse_d8(text: str) -> date | None:
    """CCYYMMDD (X12 qualifier D8) to a date; None when it is not one."""
    if len(text) != 8 or not (text.isascii() and text.isdigit()):
        return None
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None


def parse_day(text: str) -> date | None:
    """``2026-03-09`` as a form or an address carries it; None when it is no day of the calendar."""
    if len(text) != 10 or text[4] != "-" or text[7] != "-" or not text.isascii():
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def format_d8(day: date) -> str:
    """A date as CCYYMMDD."""
    return f"{day.year:04d}{day.month:02d}{day.day:02d}"


def local_day(moment: datetime, zone: str) -> date:
    """The calendar day of an aware moment in a location's time zone (rules.md conventions)."""
    assert moment.tzinfo is not None, "a moment carries its zone"
    return moment.astimezone(ZoneInfo(zone)).date()


def local_hour(moment: datetime, zone: str) -> int:
    """The hour of the day, 0 to 23, at a place."""
    return moment.astimezone(ZoneInfo(zone)).hour


def age_on(birth: date, day: date) -> int:
    """Completed years on ``day``."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def months_before(day: date, months: int) -> date:
    """The same day so many months earlier, or the last day of that month where it is shorter.

    >>> months_before(date(2026, 3, 31), 1)
    datetime.date(2026, 2, 28)
    """
    assert months >= 0, "months are counted backwards"
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
