"""What is wrong with a file, as values: a code, where it stood, how bad, and a sentence a biller can use.

Readers add to a ``FindingList``, which is bounded so that a hostile file cannot fill memory with complaints.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Level = Literal["file", "interchange", "group", "transaction", "claim", "segment"]
Severity = Literal["error", "warning", "info"]

MAX_PER_CODE = 100
MAX_QUOTE = 40


@dataclass(frozen=True, slots=True)
class X12Finding:
    """One thing found. ``segment`` counts segments from 1 over the whole file; 0 means the file itself."""

    code: str
    level: Level
    severity: Severity
    segment: int
    message: str


class FindingList(list[X12Finding]):
    """Findings in the order met; after ``MAX_PER_CODE`` of one code the rest of that code is only counted.

    ``noted`` counts all of them.
    """

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()
        self.noted = 0

    def add(
        self, code: str, message: str, *, level: Level, segment: int = 0, severity: Severity = "error"
    ) -> None:
        """Append one finding unless its code has already been met very often."""
        self.noted += 1
        self.counts[code] += 1
        if self.counts[code] <= MAX_PER_CODE:
            self.append(X12Finding(code, level, severity, segment, message))

    def take_over(self, others: Iterable[X12Finding]) -> None:
        """Append findings that were made elsewhere, within the same bound."""
        for each in others:
            self.add(each.code, each.message, level=each.level, segment=each.segment, severity=each.severity)

    def has_errors(self) -> bool:
        """Whether any finding blocks."""
        return any(finding.severity == "error" for finding in self)


def quote(text: str) -> str:
    """A value for a message: printable, short, in quotation marks."""
    shown = "".join(char if char.isprintable() else "?" for char in text[:MAX_QUOTE])
    return f'"{shown}…"' if len(text) > MAX_QUOTE else f'"{shown}"'
