"""Which of several matching rules wins: the one that says most about the case.

Fee schedule rows (rules.md B17.3) and modifier rules (B17.6) are chosen the same way: a key left
empty means "all"; the rule with most keys given wins; with equal counts the first key, in a fixed
order, that one rule gives and the other leaves open decides.
"""

from __future__ import annotations

from collections.abc import Sequence

Key = str | bool | None
Weight = tuple[int, tuple[bool, ...]]


def matches(wanted: Sequence[Key], actual: Sequence[Key]) -> bool:
    """Whether every key the rule gives is the one of the case; an empty key matches all."""
    return all(want is None or want == have for want, have in zip(wanted, actual, strict=True))


def weight(given: Sequence[bool]) -> Weight:
    """How specific a rule is, from which of its keys (in the fixed order) are given; greater wins."""
    return sum(given), tuple(given)


def describe(names: Sequence[str], keys: Sequence[Key]) -> str:
    """The given keys as words: ``service 90834, payer Aetna``; ``every visit`` when none is given."""
    words = [f"{name} {_word(key)}" for name, key in zip(names, keys, strict=True) if key is not None]
    return ", ".join(words) or "every visit"


def _word(key: Key) -> str:
    if isinstance(key, bool):
        return "yes" if key else "no"
    return str(key)
