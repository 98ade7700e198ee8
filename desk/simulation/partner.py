"""A clearinghouse that cannot be relied on, behind a shared folder, with the sandbox's own judgement.

It takes what it finds, remembers the bytes, and lays its answers out as its faults allow: some come late, twice
under two names, in another order, half at first, or not until somebody has asked for them again.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from clearinghouses.sandbox.answering import answer
from clearinghouses.sandbox.memory import Memory
from clearinghouses.transport import UNFINISHED

ASKED_AGAIN_AFTER = timedelta(days=6)
HALF_FOR = timedelta(minutes=10)
# Of a hundred answers.
CHANCES = {"lost": 6, "delayed": 15, "repeated": 10, "half_written": 15, "reordered": 15}


@dataclass(order=True)
class Due:
    """A file to be laid out."""

    at: datetime
    name: str
    content: bytes = field(compare=False)


class Partner:
    """One clinic's mailbox, seen from the other side. ``faults`` counts what went wrong, by kind."""

    def __init__(self, account: str, folder: Path, random: Random) -> None:
        self._memory = Memory(account=account)
        self._inbound, self._outbound = folder / "inbound", folder / "outbound"
        self._random = random
        self._due: list[Due] = []
        self._is_honest = False
        self.faults: Counter[str] = Counter(dict.fromkeys(CHANCES, 0))
        self.received: list[bytes] = []
        self.laid: dict[str, bytes] = {}  # sha256 -> bytes, each file once however often it was laid out

    def be_honest(self, at: datetime) -> None:
        """The last days: nothing goes wrong any more, and what was lost is asked for again at once."""
        self._is_honest = True
        self._due = [Due(min(due.at, at), due.name, due.content) for due in self._due]

    def work(self, at: datetime) -> None:
        """Take what was put there, answer it, lay out what is due."""
        self._inbound.mkdir(parents=True, exist_ok=True)
        self._outbound.mkdir(parents=True, exist_ok=True)
        for path in sorted(self._inbound.iterdir()):
            if path.suffix in UNFINISHED:
                continue
            content = path.read_bytes()
            path.unlink()
            self.received.append(content)
            for made in answer(content, self._memory, at):
                self._promise(made.name, made.content, at + timedelta(hours=made.delays * 8))
        for due in sorted(due for due in self._due if due.at <= at):
            self._lay(due)
            self._due.remove(due)

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to be laid out."""
        return not self._due

    def _promise(self, name: str, content: bytes, at: datetime) -> None:
        if self._happens("lost"):
            at += ASKED_AGAIN_AFTER
        if self._happens("delayed"):
            at += timedelta(days=self._random.randint(1, 5))
        if self._happens("reordered"):
            at -= timedelta(hours=16)  # before what should have come first
        self._due.append(Due(at, name, content))
        if self._happens("repeated"):
            self._due.append(Due(at + timedelta(hours=20), f"again-{name}", content))

    def _lay(self, due: Due) -> None:
        path = self._outbound / due.name
        if not path.exists() and self._happens("half_written"):
            path.write_bytes(due.content[: len(due.content) // 2])
            self._due.append(Due(due.at + HALF_FOR, due.name, due.content))
            return
        path.write_bytes(due.content)
        self.laid[hashlib.sha256(due.content).hexdigest()] = due.content

    def _happens(self, fault: str) -> bool:
        if self._is_honest or self._random.randrange(100) >= CHANCES[fault]:
            return False
        self.faults[fault] += 1
        return True
