"""Posting rules: what is done with each CAS of an answer (rules.md B9), pure.

A rule names payer (None = all), group and reason (None = all of the group) and an action. The more
specific rule wins: payer first, then reason; a clinic's own rule wins over a default one of equal keys.
Read by responses/plan.py; the clinic's own rules come from the PostingRule table or a plan case.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache


class Action(StrEnum):
    """What a rule does with an adjustment. ``hold`` and ``dispute`` stop the claim for a person (E15)."""

    WRITE_OFF = "write_off"
    PATIENT = "patient"
    NEXT_PAYER = "next_payer"  # the same move as patient: to the next in line
    NOTE = "note"
    HOLD = "hold"
    DISPUTE = "dispute"

    @property
    def words(self) -> str:
        """As it is shown."""
        return self.value.replace("_", " ")


class Goes(StrEnum):
    """Where a person sends one adjustment of one line, posting line by line."""

    WRITE_OFF = "write_off"
    NEXT = "next"  # the next insurer, else the patient
    STAYS = "stays"  # with the insurer that answered
    DISPUTE = "dispute"  # the same, and marked as disputed
    NOTE = "note"  # information only: another insurer's money

    def rule(self, group: str, reason: str) -> PostingRule | None:
        """The same as a rule; None leaves the amount with the insurer."""
        action = {Goes.WRITE_OFF: Action.WRITE_OFF, Goes.NEXT: Action.NEXT_PAYER, Goes.NOTE: Action.NOTE}.get(
            self
        )
        return PostingRule(group, reason, action, words_are="chosen by a person") if action else None


SETTLING = frozenset({Action.WRITE_OFF, Action.PATIENT, Action.NEXT_PAYER, Action.NOTE})
STOPPING = frozenset({Action.HOLD, Action.DISPUTE})


@dataclass(frozen=True, slots=True)
class PostingRule:
    """One row: payer (None = every payer), group, reason (None = every reason), action."""

    group: str
    reason: str | None
    action: Action
    payer: str | None = None
    is_default: bool = False
    words_are: str = ""

    @property
    def words(self) -> str:
        """How a trace names it."""
        if self.words_are:
            return self.words_are
        whose = "default rule" if self.is_default else f"own rule{f' of {self.payer}' if self.payer else ''}"
        return f"{whose} {self.group}-{self.reason or 'any'} {self.action.value}"


DEFAULT_RULES: tuple[PostingRule, ...] = (
    PostingRule("CO", "45", Action.WRITE_OFF, is_default=True),
    PostingRule("CO", "253", Action.WRITE_OFF, is_default=True),
    PostingRule("PR", "1", Action.PATIENT, is_default=True),
    PostingRule("PR", "2", Action.PATIENT, is_default=True),
    PostingRule("PR", "3", Action.PATIENT, is_default=True),
    PostingRule("OA", "23", Action.NOTE, is_default=True),
)


NOT_THE_PATIENTS = "Only PR amounts may go to the patient or the next insurer (B10)."


def bills_wrongly(group: str, action: Action) -> bool:
    """Whether a rule would send on what a payer took off: CO, PI and OA are never asked of the patient (B10)."""
    return name_key(group) != "PR" and action in (Action.PATIENT, Action.NEXT_PAYER)


def find_rule(
    own: Sequence[PostingRule], payers: Iterable[str], group: str, reason: str
) -> PostingRule | None:
    """The most specific rule for one adjustment of a payer known under these names; None when unlisted."""
    names = frozenset([name_key(payer) for payer in payers]) - {""}
    return _find(tuple(own), names, name_key(group), name_key(reason))


@lru_cache(maxsize=4096)  # an 835 asks the same few questions thousands of times
def _find(own: tuple[PostingRule, ...], names: frozenset[str], group: str, reason: str) -> PostingRule | None:
    best: PostingRule | None = None
    best_rank: tuple[bool, bool, bool] = (False, False, False)
    for rule in (*own, *DEFAULT_RULES):
        if name_key(rule.group) != group:
            continue
        if rule.reason is not None and name_key(rule.reason) != reason:
            continue
        if rule.payer is not None and name_key(rule.payer) not in names:
            continue
        rank = (rule.payer is not None, rule.reason is not None, not rule.is_default)
        if best is None or rank > best_rank:
            best, best_rank = rule, rank
    return best


def repeated_rule(own: Sequence[PostingRule]) -> PostingRule | None:
    """A rule whose keys another own rule has too: nothing could choose between them."""
    seen: set[tuple[str, str, str]] = set()
    for rule in own:
        key = (name_key(rule.payer or ""), name_key(rule.group), name_key(rule.reason or ""))
        if key in seen:
            return rule
        seen.add(key)
    return None


_OTHER = re.compile(r"[^A-Z0-9]+")


@lru_cache(maxsize=4096)
def name_key(text: str) -> str:
    """A name or code for comparing: capitals and digits, single spaces."""
    return _OTHER.sub(" ", text.upper()).strip()
