"""How long a claim may still be filed or corrected (rules.md B14, timely filing). Pure; days come in, nothing is read.

Before it: claims/building.py, which stores the deadline. After it: the queue's column, the checks, reports.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

DEFAULT_DAYS = 90  # a payer whose limit nobody has entered
Level = Literal["none", "calm", "soon", "late", "over"]


@dataclass(frozen=True, slots=True)
class Deadline:
    """Days left (negative when past) and how loud to say it: soon from 80 % of the time, late from 90 %."""

    on: date | None
    days_left: int | None
    level: Level


def filing_deadline(filing_days: int | None, service_day: date, answered_on: Iterable[date] = ()) -> date:
    """The last day to file: date of service plus the payer's days; a later layer counts from the prior answer."""
    start = max([service_day, *answered_on])
    return start + timedelta(days=filing_days or DEFAULT_DAYS)


def limit_after(answer: date | None, days: int | None) -> date | None:
    """The last day for a corrected claim (7) or an appeal: the payer's days from its answer; None: not known."""
    return answer + timedelta(days=days) if answer is not None and days else None


def look(deadline: date | None, service_day: date, today: date) -> Deadline:
    """Where ``today`` stands between the date of service and the deadline (levels 80, 90, 100 %)."""
    if deadline is None:
        return Deadline(None, None, "none")
    left = (deadline - today).days
    whole = max((deadline - service_day).days, 1)
    gone = whole - left
    if left < 0:
        return Deadline(deadline, left, "over")
    if gone * 10 >= whole * 9:
        return Deadline(deadline, left, "late")
    if gone * 10 >= whole * 8:
        return Deadline(deadline, left, "soon")
    return Deadline(deadline, left, "calm")
