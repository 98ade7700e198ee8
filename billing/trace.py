"""The trace: why a price is what it is, step by step, in words the front desk understands.

Every pricing rule leaves a ``Step``; the charge keeps the list. ``billing/retrace.py`` works
the amounts out a second time from the steps alone. Stands below every pricing module.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class Step:
    """One rule looked at: its id, what it saw, what it answered and why.

    ``inputs`` and ``result`` hold plain JSON only (money and quantities as text), so a step
    stored with a charge reads back equal.
    """

    rule: str
    inputs: dict[str, Any]
    result: Any
    because: str


def as_text(value: Decimal | date | None) -> str | None:
    """An amount or a day as a trace writes it; None stays None."""
    if value is None:
        return None
    return value.isoformat() if isinstance(value, date) else f"{value:f}"


def as_json(steps: Iterable[Step]) -> list[dict[str, Any]]:
    """Steps as they are stored."""
    return [
        {"rule": step.rule, "inputs": step.inputs, "result": step.result, "because": step.because}
        for step in steps
    ]
