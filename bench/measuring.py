"""Run ours and a reference by turns, and say the ratio: medians, with the lowest and highest of each."""

from __future__ import annotations

import gc
from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Any

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
    goal: tuple[int, int],
    runs: int,
) -> dict[str, Any]:
    """One row of the result: units a second, ours over the reference's."""
    pairs = [(count / timed(ours), count / timed(reference)) for _ in range(runs)]
    mine, theirs = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    ratio = median(mine) / median(theirs)
    return {
        "name": name, "unit": "claims/s", "ours": round(median(mine), 1), "ours_min": round(min(mine), 1),
        "ours_max": round(max(mine), 1), "reference": round(median(theirs), 1),
        "reference_min": round(min(theirs), 1), "reference_max": round(max(theirs), 1), "reference_is": is_what,
        "ratio": round(ratio, 3), "goal": goal[0] / goal[1], "met": ratio * goal[1] >= goal[0], "runs": runs,
    }  # fmt: skip
