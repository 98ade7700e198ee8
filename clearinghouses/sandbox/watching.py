"""The sandbox at work: take complete files from every account's inbound folder, lay out what is due.

An input is answered, remembered and only then moved to the archive, in this order, so that a kill at any
moment neither loses nor repeats an answer.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from clearinghouses.sandbox import memory as memories
from clearinghouses.sandbox.answering import answer
from clearinghouses.sandbox.checking import is_whole
from clearinghouses.sandbox.faults import Faults
from clearinghouses.sandbox.home import Settings, account_names, write_atomically
from clearinghouses.sandbox.memory import Memory

logger = logging.getLogger("sandbox")
ROUND_SECONDS = 0.15
GIVE_UP_SECONDS = 20.0  # a file without its end that does not grow is judged as it is
MAX_BYTES = 25_000_000
UNFINISHED = (".part", ".tmp", ".filepart")


@dataclass(slots=True)
class Watcher:
    """All accounts, one round after the other, in one thread."""

    settings: Settings
    faults: Faults
    stopping: threading.Event
    seen: dict[Path, tuple[int, float]] = field(default_factory=dict)

    def run(self) -> None:
        """Until told to stop."""
        while not self.stopping.is_set():
            for account in account_names(self.settings.folder):
                try:
                    self.round(account, time.time())
                except Exception:  # a stranger keeps its door open; the trouble is in its log
                    logger.exception("trouble with account %s", account)
            self.stopping.wait(ROUND_SECONDS)

    def round(self, account: str, now: float) -> None:
        """One look at one account."""
        memory = memories.load(self.settings.folder, account)
        self._finish_interrupted(account, memory)
        for path in self._complete_files(account, now):
            self._take(path, memory, now)
        self._deliver(memory, now)

    def _complete_files(self, account: str, now: float) -> list[Path]:
        """Inputs whose size two rounds agree on and whose end is there."""
        found = []
        for path in sorted((self.settings.folder / account / "inbound").glob("*")):
            if path.name.startswith(".") or path.name.endswith(UNFINISHED) or not path.is_file():
                continue
            size = path.stat().st_size
            before, since = self.seen.get(path, (-1, now))
            if before != size:
                self.seen[path] = (size, now)
                continue
            if is_whole(path.read_bytes()) or now - since > GIVE_UP_SECONDS:
                found.append(path)
        return found

    def _take(self, path: Path, memory: Memory, now: float) -> None:
        folder = self.settings.folder
        content = path.read_bytes() if path.stat().st_size <= MAX_BYTES else b""
        at = datetime.fromtimestamp(now).astimezone()
        try:
            answers = answer(content, memory, at, seed=self.settings.seed, folder=folder)
        except Exception:  # no file may stop the sandbox: it goes to the archive unanswered
            logger.exception("%s: %s could not be judged", memory.account, path.name)
            memory, answers = memories.load(folder, memory.account), []
        for item in answers:
            due = now + item.delays * self.settings.delay_seconds
            memories.keep(folder, memory, item.name, item.content, due)
        memory.taking = [path.name, memories.digest(content)]
        memories.save(folder, memory)
        self._archive(path, memory)
        logger.info("%s: %s answered by %s files", memory.account, path.name, len(answers))

    def _finish_interrupted(self, account: str, memory: Memory) -> None:
        """An input that was answered before a kill is only put away."""
        if not memory.taking:
            return
        name, known = memory.taking
        path = self.settings.folder / account / "inbound" / name
        if path.is_file() and memories.digest(path.read_bytes()) == known:
            self._archive(path, memory)
        else:
            memory.taking = []
            memories.save(self.settings.folder, memory)

    def _archive(self, path: Path, memory: Memory) -> None:
        archive = path.parent.parent / "archive"
        archive.mkdir(exist_ok=True)
        target, number = archive / path.name, 1
        while target.exists():
            number += 1
            target = archive / f"{path.name}.{number}"
        path.rename(target)
        self.seen.pop(path, None)
        memory.taking = []
        memories.save(self.settings.folder, memory)

    def _deliver(self, memory: Memory, now: float) -> None:
        due = sorted((item for item in memory.due if item.at <= now), key=lambda item: (item.at, item.stored))
        if len(due) > 1 and self.faults.next("answer-order") is not None:
            due.reverse()
        for item in due:
            content = memories.kept(self.settings.folder, memory, item)
            if content is not None and not self._lay_out(item, content, memory, now):
                continue
            memories.forget(self.settings.folder, memory, item)

    def _lay_out(self, item: memories.Due, content: bytes, memory: Memory, now: float) -> bool:
        """Put one answer into outbound; False when a fault keeps it for later."""
        target = self.settings.folder / memory.account / "outbound" / item.name
        fault = self.faults.next("answer") or {}
        action = fault.get("do")
        if action == "delay":
            item.at = now + float(fault.get("seconds", 1))
        elif action == "half":  # a writer without manners: it writes under the final name, slowly
            target.write_bytes(content[: len(content) // 2])
            item.at = now + float(fault.get("seconds", 1))
        else:
            write_atomically(target, content, 0o644)
            if action == "repeat":
                write_atomically(target.with_name(f"again_{item.name}"), content, 0o644)
            return True
        memories.save(self.settings.folder, memory)
        return False
