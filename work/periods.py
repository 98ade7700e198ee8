"""A periodic job's period, taken once, however many schedulers tick (design.md, F-17)."""

from __future__ import annotations

from work.models import PeriodRun


def take(job: str, period: str) -> bool:
    """Whether this caller is the first for the period; call it inside the transaction of the work itself.

    A second caller waits for the first one's commit and then finds its row; where the first one rolls back,
    the row goes with the work and the second does it. ``period`` holds ids and days only.
    """
    _, is_first = PeriodRun.objects.get_or_create(job=job, period=period)
    return is_first
