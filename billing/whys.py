"""A price's trace as people read it: each rule that was looked at, what it said and why."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

RULE_WORDS = {
    "B11.2": "Copay",
    "B17.2": "Status of the visit",
    "B17.3": "Fee",
    "B17.4": "Units",
    "B17.6": "Modifiers",
    "B17.7": "Who pays",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One rule in words; ``facts`` are what it saw."""

    rule: str
    title: str
    because: str
    result: str
    facts: tuple[tuple[str, str], ...]


def steps(trace: list[dict[str, Any]]) -> list[Step]:
    """The steps of a stored or fresh trace, in the order in which the rules were asked."""
    return [_step(step) for step in trace]


def sentence(trace: list[dict[str, Any]], rule: str) -> str:
    """The words of the last step of one rule, such as B17.7 for the split."""
    said = [str(step.get("because", "")) for step in trace if str(step.get("rule", "")).startswith(rule)]
    return said[-1] if said else ""


def _step(step: dict[str, Any]) -> Step:
    rule = str(step.get("rule", ""))
    inputs = step.get("inputs") or {}
    facts = tuple(
        (name.replace("_", " "), _plain(value))
        for name, value in inputs.items()
        if _plain(value) and not isinstance(value, dict)
    )
    title = next((words for start, words in RULE_WORDS.items() if rule.startswith(start)), rule)
    return Step(rule, title, str(step.get("because", "")), _short(step.get("result")), facts)


def _short(value: Any) -> str:
    """A result that fits its column; a split says itself in words."""
    return "" if isinstance(value, dict | bool) else _plain(value)


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_plain(item) for item in value if not isinstance(item, dict | list))
    if isinstance(value, dict):
        return ", ".join(
            f"{key.replace('_', ' ')} {_plain(item)}" for key, item in value.items() if item not in (None, "")
        )
    try:
        return f"{Decimal(str(value)):f}" if not isinstance(value, str) else value
    except InvalidOperation:
        return str(value)
