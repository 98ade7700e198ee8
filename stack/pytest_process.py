"""A pytest plugin, loaded before Django's settings: gives each xdist process its own Valkey databases.

`./check` loads it by `-p`. It also says how the processes share the tests (stack/sharing.py), and writes the counts of
a whole run where ./check can read them.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

_name = os.environ.get("PYTEST_XDIST_WORKER", "")
if _name.startswith("gw"):
    _first = 2 * int(_name[2:]) + 2  # databases 0 and 1 belong to the run without xdist
    os.environ["REDIS_URL"] = os.environ["REDIS_URL"].replace("?db=1", f"?db={_first + 1}")
    os.environ["CELERY_BROKER_URL"] = os.environ["CELERY_BROKER_URL"].replace("host=0", f"host={_first}")


def pytest_xdist_make_scheduler(config: Any, log: Any) -> Any:
    """Whole files, the long ones first."""
    from stack.sharing import Sharing

    return Sharing(config, log)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Leave the counts for the summary of ./check."""
    path = os.environ.get("CHECK_COUNTS")
    if path and not _name:
        stats = terminalreporter.stats
        counts = {"passed": len(stats.get("passed", []))}
        counts["failed"] = len(stats.get("failed", [])) + len(stats.get("error", []))
        Path(path).write_text(json.dumps(counts))
