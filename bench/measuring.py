"""Run ours and a reference by turns, and say the ratio: medians, with the lowest and highest of each."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Any

from django.db import connection

Act = Callable[[], object]


def timed(prepare: Callable[[], Act]) -> float:
    """Seconds of one run; what ``prepare`` does is not counted."""
    act = prepare()
    gc.collect()
    start = perf_counter()
    act()
    return perf_counter() - start


def by_turns(
    name: str,
    count: int,
    ours: Callable[[], Act],
    reference: Callable[[], Act],
    *,
    is_what: str,
    goal: tuple[int, int] | None,
    runs: int,
) -> dict[str, Any]:
    """One row of the result: units a second, ours over the reference's."""
    pairs = [(count / timed(ours), count / timed(reference)) for _ in range(runs)]
    return told(name, [pair[0] for pair in pairs], [pair[1] for pair in pairs], is_what=is_what, goal=goal)


def told(
    name: str, mine: list[float], theirs: list[float], *, is_what: str, goal: tuple[int, int] | None
) -> dict[str, Any]:
    """The row of the result from the rates of both sides; without a goal it is told, not judged."""
    wanted, of = goal or (0, 1)
    each = [one / two for one, two in zip(mine, theirs, strict=True)]
    ratio = median(each)
    return {
        "name": name, "unit": "claims/s", "ours": round(median(mine), 1), "ours_min": round(min(mine), 1),
        "ours_max": round(max(mine), 1), "reference": round(median(theirs), 1),
        "reference_min": round(min(theirs), 1), "reference_max": round(max(theirs), 1), "reference_is": is_what,
        "ratio": round(ratio, 3), "ratio_min": round(min(each), 3), "ratio_max": round(max(each), 3),
        "goal": wanted / of, "met": ratio * of >= wanted, "runs": len(mine),
    }  # fmt: skip


def analyze() -> None:
    """Fresh statistics after a load, as autovacuum would have made them (scaling.md rule 14): the owner may."""
    import psycopg2

    if not os.environ.get("DB_OWNER_PASSWORD"):
        return
    asked = connection.get_connection_params()
    link = psycopg2.connect(
        host=asked["host"], port=asked["port"], dbname=asked["dbname"],
        user=os.environ["DB_OWNER_USER"], password=os.environ["DB_OWNER_PASSWORD"],
    )  # fmt: skip
    link.autocommit = True
    with link.cursor() as cursor:
        cursor.execute("ANALYZE")
    link.close()
