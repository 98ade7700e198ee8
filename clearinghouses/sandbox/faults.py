"""Trouble on purpose: SANDBOX_DIR/faults.json is a list of what shall go wrong next.

Each entry: ``when`` (connect, auth, open, write, rename, list, read, answer, answer-order), ``do`` and how
often (``times``, default 1). ``do`` is for connect: drop; auth: deny; open, list: drop, hang, fail;
write and read: drop or hang after ``at_byte``; rename: drop_before, drop_after, hang_before, hang_after,
fail_after (taken, and said to have failed), lose (said to be taken, and thrown away);
answer: half (half of the bytes first, the rest after ``seconds``), repeat, delay (``seconds``); answer-order:
reverse. docs/sandbox.md.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from clearinghouses.sandbox.home import read_json

HANG_SECONDS = 60.0


class Faults:
    """Hands out each planned fault as often as it says; a rewritten file starts counting anew."""

    def __init__(self, folder: Path, stopping: threading.Event) -> None:
        self._path = folder / "faults.json"
        self._lock = threading.Lock()
        self._stamp: tuple[int, int] = (0, 0)
        self._left: list[dict[str, Any]] = []
        self._stopping = stopping

    def next(self, when: str, *, reached: int | None = None) -> dict[str, Any] | None:
        """The fault due at this point, counted; with ``reached`` only one whose ``at_byte`` is passed."""
        with self._lock:
            self._reload()
            for fault in self._left:
                if fault.get("when") != when or int(fault.get("times", 1)) <= 0:
                    continue
                if reached is not None and reached < int(fault.get("at_byte", 0)):
                    continue
                fault["times"] = int(fault.get("times", 1)) - 1
                return fault
        return None

    def hang(self) -> None:
        """Say nothing for a long time."""
        self._stopping.wait(HANG_SECONDS)

    def _reload(self) -> None:
        try:
            found = self._path.stat()
        except OSError:
            self._left, self._stamp = [], (0, 0)
            return
        stamp = (found.st_mtime_ns, found.st_ino)
        if stamp != self._stamp:
            listed = read_json(self._path, [])
            self._left = [dict(item) for item in listed if isinstance(item, dict)]
            self._stamp = stamp
