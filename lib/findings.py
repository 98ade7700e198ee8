"""Finding: one thing a person can mend, as a value. Lists of them are never raised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, where, and how bad: ``error`` blocks, ``warning`` wants a look, ``info`` tells.

    ``where`` is a dotted field path or segment; ``message`` says in plain words how to mend it.
    """

    code: str
    where: str
    message: str
    severity: Severity = "error"


def has_errors(findings: list[Finding]) -> bool:
    """Whether any finding blocks."""
    return any(finding.severity == "error" for finding in findings)
