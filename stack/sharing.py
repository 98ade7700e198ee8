"""How a run's tests are shared among its processes: what makes one costly thing stays together, the long goes first.

A file is one share, so that what it makes once is made once. The parts of the source's inspection share one parsed
house, the browser's stories one product and one Chromium; the walk through all pages has its own pair.
"""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling

TOGETHER = ("tests/browser/", "tests/architecture/")
ALONE = ("tests/browser/test_walk.py", "tests/architecture/test_query_counts.py")
# By the minutes they take; whatever is not named comes after them.
LONG_FIRST = (
    "tests/browser/test_walk.py",
    "tests/browser/",
    "tests/sweep/",
    "tests/scenarios/",
    "tests/architecture/",
    "tests/clearinghouses/",
    "tests/stack/",
    "tests/desk/",
    "tests/claims/",
    "tests/billing/",
)


def share_of(test: str) -> str:
    """The share that a test belongs to: a folder that stays together, or its file."""
    path = test.partition("::")[0]
    if path in ALONE:
        return path
    return next((folder for folder in TOGETHER if path.startswith(folder)), path)


def rank(share: str) -> int:
    """Its place among the long ones; smaller goes first."""
    return next((at for at, start in enumerate(LONG_FIRST) if share.startswith(start)), len(LONG_FIRST))


class Sharing(LoadScopeScheduling):  # type: ignore[misc]
    """Hands out whole shares, the longest that is left to whoever is free."""

    def _split_scope(self, nodeid: str) -> str:
        return share_of(nodeid)

    def _assign_work_unit(self, node: object) -> None:
        self.workqueue.move_to_end(min(self.workqueue, key=rank), last=False)
        super()._assign_work_unit(node)
