"""Which modifiers a charge carries, and what they do to its fee (rules.md B17.6).

Pure. Stands between the fee and the quantity. One rule is chosen, the one that says most about
the visit; modifiers typed by a person stay first; then come those for repeats on the same day.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from billing import specificity
from billing.trace import Step, as_text
from lib.findings import Finding
from lib.money import ZERO, round_money

KEY_ORDER = ("service", "payer", "clinician", "credential", "program", "pos", "age")
MOST_ON_A_LINE = 4  # SV101-3 to SV101-6; box 24D has room for four


@dataclass(frozen=True, slots=True)
class AgeBand:
    """Completed years on the date of service, both ends included; None leaves an end open."""

    youngest: int | None = None
    oldest: int | None = None

    def holds(self, age: int | None) -> bool:
        """Whether a patient of this age is in the band; an unknown age never is."""
        if age is None:
            return False
        return (self.youngest is None or age >= self.youngest) and (self.oldest is None or age <= self.oldest)

    def overlaps(self, other: AgeBand) -> bool:
        """Whether some age is in both bands."""
        low = max(self.youngest or 0, other.youngest or 0)
        ends = [end for end in (self.oldest, other.oldest) if end is not None]
        return not ends or low <= min(ends)


@dataclass(frozen=True, slots=True)
class FeeChange:
    """What a modifier does to the unit fee: so many dollars, or so many percent, more or (negative) less."""

    amount: Decimal | None = None
    percent: Decimal | None = None


@dataclass(frozen=True, slots=True)
class ModifierRule:
    """Modifiers to add, 1 to 4 in order, where every given key fits; None means all."""

    modifiers: tuple[str, ...]
    service: str | None = None
    payer: str | None = None
    clinician: str | None = None
    credential: str | None = None
    program: str | None = None
    pos: str | None = None
    age: AgeBand | None = None
    fee_change: FeeChange | None = None

    def plain_keys(self) -> tuple[str | None, ...]:
        """Every key but the age band, in the fixed order."""
        return (self.service, self.payer, self.clinician, self.credential, self.program, self.pos)


@dataclass(frozen=True, slots=True)
class ModifierKeys:
    """What a visit has of each key; ``payer`` is the primary of the visit."""

    service: str | None = None
    payer: str | None = None
    clinician: str | None = None
    credential: str | None = None
    program: str | None = None
    pos: str | None = None
    age: int | None = None


@dataclass(frozen=True, slots=True)
class SameDayRule:
    """The nth time one of ``services`` is done for a patient on a day: add ``modifier``.

    ``payer`` None means all. ``per_clinician`` counts each clinician's own; ``and_later`` also
    marks every time after the nth.
    """

    services: tuple[str, ...]
    occurrence: int
    modifier: str
    payer: str | None = None
    per_clinician: bool = False
    and_later: bool = False


@dataclass(frozen=True, slots=True)
class EarlierLine:
    """A service done for the same patient earlier on the same day."""

    service: str
    clinician: str | None = None
    payer: str | None = None


def choose_rule(keys: ModifierKeys, rules: Iterable[ModifierRule]) -> ModifierRule | None:
    """The fitting rule with most keys given; equal count: the first differing key in the fixed order."""
    return max(_fitting(keys, rules), key=_weight, default=None)


def rule_step(keys: ModifierKeys, rules: Iterable[ModifierRule]) -> tuple[ModifierRule | None, Step]:
    """Choose a rule and say why."""
    fitting = _fitting(keys, rules)
    best = max(fitting, key=_weight, default=None)
    inputs = {"rules": [_shown(rule) for rule in fitting]}
    if best is None:
        return None, Step("B17.6.rule", inputs, None, "No modifier rule fits this visit.")
    because = f"The rule for {_said(best)} adds {', '.join(best.modifiers)}"
    because += "." if len(fitting) == 1 else f": the closest of {len(fitting)} rules that fit."
    return best, Step("B17.6.rule", inputs, list(best.modifiers), because)


def same_day_modifiers(
    keys: ModifierKeys, earlier: Sequence[EarlierLine], rules: Iterable[SameDayRule]
) -> tuple[tuple[str, ...], Step]:
    """Modifiers for a repeat on the same day, from the lines of this patient and day before this one."""
    added: list[str] = []
    words: list[str] = []
    shown: list[dict[str, Any]] = []
    for rule in rules:
        if keys.service not in rule.services or rule.payer not in (None, keys.payer):
            continue
        before = [
            line
            for line in earlier
            if line.service in rule.services
            and rule.payer in (None, line.payer)
            and (not rule.per_clinician or line.clinician == keys.clinician)
        ]
        count = len(before) + 1
        fits = count == rule.occurrence or (rule.and_later and count > rule.occurrence)
        shown.append(
            {
                "modifier": rule.modifier,
                "occurrence": rule.occurrence,
                "and_later": rule.and_later,
                "count": count,
            }
        )
        if fits:
            added.append(rule.modifier)
            words.append(f"number {count} of {'/'.join(rule.services)} today adds {rule.modifier}")
    because = f"Same day: {'; '.join(words)}." if words else "No rule for repeats on the same day fits."
    return tuple(added), Step("B17.6.same_day", {"rules": shown}, added, because)


def combine(
    manual: Sequence[str], by_rule: Sequence[str], same_day: Sequence[str] = ()
) -> tuple[tuple[str, ...], list[Finding], Step]:
    """Manual modifiers first, then the rule's, then the day's; a repeated one is dropped.

    More than four stay listed, with a finding: a claim line has room for four, a person chooses.
    """
    result = tuple(dict.fromkeys((*manual, *by_rule, *same_day)))
    findings = []
    because = "Modifiers typed by hand come first, then those of the rules, each once."
    if not result:
        because = "No modifiers."
    if len(result) > MOST_ON_A_LINE:
        text = f"{len(result)} modifiers ({', '.join(result)}), room for {MOST_ON_A_LINE}: remove some"
        findings.append(Finding("too_many_modifiers", "modifiers", text))
        because += f" That is more than the {MOST_ON_A_LINE} a claim line has room for."
    inputs = {"manual": list(manual), "by_rule": list(by_rule), "same_day": list(same_day)}
    return result, findings, Step("B17.6", inputs, list(result), because)


def change_fee(fee: Decimal, change: FeeChange) -> tuple[Decimal, Step]:
    """The unit fee after the rule's change: a price in whole cents again, never below 0.00."""
    if change.percent is not None:
        changed = round_money(fee * (100 + change.percent) / 100)
        said = f"{change.percent:+f} %"
    else:
        assert change.amount is not None, "a fee change has an amount or a percentage"
        changed = fee + change.amount
        said = f"{change.amount:+f}"
    changed = max(changed, ZERO)
    inputs = {"fee": as_text(fee), "amount": as_text(change.amount), "percent": as_text(change.percent)}
    return changed, Step(
        "B17.6.fee", inputs, as_text(changed), f"The modifier rule changes the fee {fee} by {said}."
    )


def overlapping_rules(rules: Sequence[ModifierRule]) -> list[Finding]:
    """Rules no order could choose between: equal keys, or equal but for age bands that share an age."""
    seen: dict[tuple[object, ...], list[tuple[int, ModifierRule]]] = {}
    findings = []
    for place, rule in enumerate(rules):
        twins = seen.setdefault((*rule.plain_keys(), rule.age is None), [])
        for other_place, other in twins:
            if rule.age is None or other.age is None or rule.age.overlaps(other.age):
                text = f"asks for the same as rule {other_place + 1} ({_said(rule)}); keep one of them"
                findings.append(Finding("overlapping_modifier_rules", f"modifier_rules[{place}]", text))
                break
        twins.append((place, rule))
    return findings


def _fitting(keys: ModifierKeys, rules: Iterable[ModifierRule]) -> list[ModifierRule]:
    actual = (keys.service, keys.payer, keys.clinician, keys.credential, keys.program, keys.pos)
    return [
        rule
        for rule in rules
        if specificity.matches(rule.plain_keys(), actual) and (rule.age is None or rule.age.holds(keys.age))
    ]


def _weight(rule: ModifierRule) -> specificity.Weight:
    return specificity.weight([key is not None for key in (*rule.plain_keys(), rule.age)])


def _band_text(band: AgeBand | None) -> str | None:
    if band is None:
        return None
    return f"{'' if band.youngest is None else band.youngest}-{'' if band.oldest is None else band.oldest}"


def _said(rule: ModifierRule) -> str:
    return specificity.describe(KEY_ORDER, (*rule.plain_keys(), _band_text(rule.age)))


def _shown(rule: ModifierRule) -> dict[str, Any]:
    keys = (*rule.plain_keys(), _band_text(rule.age))
    given = {name: key for name, key in zip(KEY_ORDER, keys, strict=True) if key is not None}
    return {"keys": given, "modifiers": list(rule.modifiers)}
