"""Rules a biller builds for a payer, as data: conditions in, findings out (rules.md B5). Pure, fail-closed.

A rule speaks when all its conditions hold; conditions about a service must hold on one and the same line. What
cannot be known holds the claim: False and unknown is False, True and unknown is unknown, and unknown is an
error that says so. Before it: claims/rule_book.py. After it: claims/checks.py and claims/rule_trials.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import TYPE_CHECKING, Any

from claims.rule_tests import TESTS, Facts, Test, read_value
from lib.findings import Finding, Severity
from x12.documents.professional_claim import ServiceLine

if TYPE_CHECKING:
    from claims.check_context import CheckContext

MOST_CONDITIONS = 12
# Where a finding may lead: field -> words. "lines.N" is filled with the line that was found.
FIELDS: Mapping[str, str] = {
    "": "Nowhere in particular",
    "lines.N.modifiers": "Modifiers of the line",
    "lines.N.pointers": "Diagnoses of the line",
    "diagnoses": "Diagnoses",
    "prior_authorization": "Authorization",
    "referral_number": "Referral number",
    "referring_provider": "Referring provider",
    "supervising_provider": "Supervising provider",
    "place_of_service": "Place of service",
    "coverage.group_number": "Group number",
    "subscriber.party.identifier": "Member ID",
    "dates.onset": "Date of onset",
    "dates.accident": "Date of the accident",
    "note": "Note to the payer",
    "attachments": "Attachment",
}


@dataclass(frozen=True, slots=True)
class Condition:
    """One test with its value."""

    test: str
    value: Any = ""


@dataclass(frozen=True, slots=True)
class PayerRule:
    """One version of a rule. Empty ``payers`` or ``plans``: all of them."""

    number: int
    name: str
    severity: Severity
    message: str
    field: str = ""
    payers: frozenset[str] = frozenset()
    plans: frozenset[str] = frozenset()
    conditions: tuple[Condition, ...] = ()
    starts_on: date | None = None
    ends_on: date | None = None

    @property
    def code(self) -> str:
        """What its findings are called."""
        return f"RULE-{self.number}"

    @property
    def is_of_today(self) -> bool:
        """Whether it may say something else tomorrow; so may what no program knows."""
        return any(one.test not in TESTS or TESTS[one.test].of_today for one in self.conditions)

    @property
    def whole(self) -> tuple[Any, ...]:
        """All that it says, in one order: equal for equal rules, in every process."""
        said = [getattr(self, item.name) for item in fields(self)]
        return tuple(sorted(value) if isinstance(value, frozenset) else value for value in said)


def check_rules(context: CheckContext) -> Iterator[Finding]:
    """Every rule that is on, on this claim."""
    if not context.rules:
        return
    facts = Facts(
        context.document, context.payer_key, context.plan_key, context.rank, context.frequency, context.today
    )
    for rule in context.rules:
        yield from evaluate(rule, facts)


def evaluate(rule: PayerRule, facts: Facts) -> list[Finding]:
    """What a rule says of a claim: nothing, its message (for each line it is about), or that it cannot be tried."""
    if (rule.payers and facts.payer not in rule.payers) or (rule.plans and facts.plan not in rule.plans):
        return []
    of_line = [one for one in rule.conditions if one.test in TESTS and TESTS[one.test].of_line]
    of_claim = [one for one in rule.conditions if one not in of_line]
    whole, why = _all(of_claim, facts, None)
    if whole is False:
        return []
    if not of_line:
        day = facts.first_day
        return [] if day is not None and not _in_force(rule, day) else _say(rule, whole, why, None)
    found: list[Finding] = []
    for place, line in enumerate(facts.document.lines):
        if not _in_force(rule, line.service_date):
            continue
        here, why_here = _all(of_line, facts, line)
        if here is not False:
            known = True if (here and whole) else None
            found += _say(rule, known, why_here or why, place)
    return found


def _all(conditions: Iterable[Condition], facts: Facts, line: ServiceLine | None) -> tuple[bool | None, str]:
    """All of them, by three-valued logic; and which could not be known."""
    why = ""
    for one in conditions:
        answer = _ask(one, facts, line)
        if answer is False:
            return False, ""
        if answer is None:
            why = why or _words_of(one)
    return (None, why) if why else (True, "")


def _ask(condition: Condition, facts: Facts, line: ServiceLine | None) -> bool | None:
    test = TESTS.get(condition.test)
    if test is None:
        return None
    try:
        return test.ask(facts, line, condition.value)
    except Exception:  # noqa: BLE001 - fail-closed: a condition that cannot be tried is not known (B5)
        return None


def _in_force(rule: PayerRule, day: date) -> bool:
    return (rule.starts_on is None or rule.starts_on <= day) and (rule.ends_on is None or day <= rule.ends_on)


def _say(rule: PayerRule, holds: bool | None, why: str, place: int | None) -> list[Finding]:
    where = rule.field.replace("lines.N", f"lines.{place or 0}")
    if not where and place is not None:
        where = f"lines.{place}.modifiers"
    if holds is None:
        words = (
            f"Rule {rule.number} “{rule.name}” could not be tried ({why}): the claim is held until it can."
        )
        return [Finding(f"{rule.code}-NOT-TRIED", where, words)]
    return [Finding(rule.code, where, rule.message, rule.severity)]


def _words_of(condition: Condition) -> str:
    test = TESTS.get(condition.test)
    return test.words.lower() if test else f"unknown condition {condition.test}"


def say(conditions: Iterable[Condition]) -> list[str]:
    """Each condition in words."""
    found = []
    for one in conditions:
        test = TESTS.get(one.test)
        if test is None:
            found.append(f"unknown condition {one.test}")
            continue
        found.append(f"{test.words} {show_value(test, one.value)}".strip())
    return found


def show_value(test: Test, value: Any) -> str:
    """A stored value as it is typed and read."""
    if test.kind == "choice":
        return dict(test.choices).get(value, str(value))
    return ", ".join(value) if isinstance(value, list | tuple) else str(value)


def read_conditions(rows: Sequence[tuple[str, str]]) -> tuple[list[Condition], dict[int, str]]:
    """Conditions as typed (test, value), and what is wrong by its place. Empty rows are passed over."""
    found: list[Condition] = []
    wrong: dict[int, str] = {}
    for place, (name, typed) in enumerate(rows):
        if not name:
            if typed.strip():
                wrong[place] = "Choose what is asked."
            continue
        test = TESTS.get(name)
        if test is None:
            wrong[place] = "There is no such condition."
            continue
        try:
            found.append(Condition(name, read_value(test, typed)))
        except ValueError as error:
            wrong[place] = f"{test.words}: {error}."
    if len(found) > MOST_CONDITIONS:
        wrong[len(rows) - 1] = f"At most {MOST_CONDITIONS} conditions."
    return found, wrong
