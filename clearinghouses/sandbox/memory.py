"""What the sandbox remembers of one account, on disk: accepted numbers, its own counters, debts, answers due.

One JSON file an account, replaced atomically. An input and its answers are remembered in one write, so a
killed sandbox neither answers twice nor forgets an answer.
"""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from clearinghouses.sandbox.home import read_json, write_atomically, write_json


@dataclass(slots=True)
class Due:
    """An answer waiting for its moment: ``at`` in seconds since 1970."""

    at: float
    name: str
    stored: str  # the file with its bytes, in the account's state folder


@dataclass(slots=True)
class Memory:
    """The state of one account. Money in debts is text with two places."""

    account: str
    accepted: dict[str, str] = field(default_factory=dict)  # sender|receiver|ISA13 -> sha256 of the file
    counters: dict[str, int] = field(default_factory=dict)
    forwarded: dict[str, list[list[str]]] = field(default_factory=dict)  # payer|npi -> [[reference, amount]]
    recoupments: dict[str, list[list[str]]] = field(default_factory=dict)
    decided: dict[str, str] = field(
        default_factory=dict
    )  # payer's claim number -> our CLM01 of the claim paid
    paid: dict[str, Any] = field(default_factory=dict)  # payer's claim number -> that answer, frozen
    statuses: dict[str, Any] = field(default_factory=dict)  # our CLM01 -> what its payer says when asked
    due: list[Due] = field(default_factory=list)
    taking: list[str] = field(default_factory=list)  # name and sha256 of an input between answer and archive

    def next(self, counter: str) -> int:
        """The next number of a counter, from 1."""
        self.counters[counter] = self.counters.get(counter, 0) + 1
        return self.counters[counter]

    def serial(self, counter: str, seed: int) -> str:
        """Nine digits, unique in the account and unlikely to meet another account's."""
        prefix = zlib.crc32(f"{seed}:{self.account}".encode()) % 900 + 100
        return f"{prefix}{self.next(counter):06d}"

    def owe(self, book: dict[str, list[list[str]]], key: str, reference: str, amount: Decimal) -> None:
        """Note money that a later file must settle."""
        book.setdefault(key, []).append([reference, str(amount)])

    def settle(self, book: dict[str, list[list[str]]], key: str, most: Decimal) -> list[tuple[str, Decimal]]:
        """Take what can be settled out of ``most``, oldest first, and strike it."""
        taken, rest = [], []
        for reference, text in book.get(key, []):
            amount = Decimal(text)
            if amount <= most:
                most -= amount
                taken.append((reference, amount))
            else:
                rest.append([reference, text])
        book[key] = rest
        return taken


def digest(content: bytes) -> str:
    """SHA-256."""
    return hashlib.sha256(content).hexdigest()


def load(folder: Path, account: str) -> Memory:
    """An account's memory; a new one where there is none."""
    found: dict[str, Any] = read_json(folder / "state" / account / "memory.json", {})
    due = [Due(float(item["at"]), str(item["name"]), str(item["stored"])) for item in found.pop("due", [])]
    known = {key: value for key, value in found.items() if key in Memory.__slots__ and key != "account"}
    return Memory(account=account, due=due, **known)


def save(folder: Path, memory: Memory) -> None:
    """Replace the file."""
    value = {name: getattr(memory, name) for name in Memory.__slots__ if name not in ("account", "due")}
    value["due"] = [{"at": item.at, "name": item.name, "stored": item.stored} for item in memory.due]
    write_json(folder / "state" / memory.account / "memory.json", value)


def keep(folder: Path, memory: Memory, name: str, content: bytes, at: float) -> None:
    """Write an answer's bytes beside the memory and note when it is due; ``save`` makes it count."""
    stored = f"{memory.next('stored'):06d}"
    write_atomically(folder / "state" / memory.account / "answers" / stored, content)
    memory.due.append(Due(at, name, stored))


def kept(folder: Path, memory: Memory, item: Due) -> bytes | None:
    """The bytes of an answer; None when somebody emptied the folder."""
    try:
        return (folder / "state" / memory.account / "answers" / item.stored).read_bytes()
    except OSError:
        return None


def forget(folder: Path, memory: Memory, item: Due) -> None:
    """An answer is delivered."""
    memory.due.remove(item)
    save(folder, memory)
    (folder / "state" / memory.account / "answers" / item.stored).unlink(missing_ok=True)
