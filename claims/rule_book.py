"""The clinic's rules: drafts, versions, switched on after a trial, off again; every change in the audit (B5).

Before it: Settings › Claim rules and its API. After it: claims/check_facts.py, which reads the rules that are on.
What is on is never edited: a change makes the next version, a draft beside it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from claims import rechecks
from claims.errors import BadRule
from claims.models import ClaimRule
from claims.payer_rules import FIELDS, Condition, PayerRule
from clinics import audit
from clinics.scoping import current_actor
from lib.findings import Severity

State = ClaimRule.State


@dataclass(frozen=True, slots=True)
class RuleData:
    """What a biller says of a rule, checked."""

    name: str
    severity: str
    message: str
    field: str
    payers: tuple[str, ...]
    plans: tuple[str, ...]
    conditions: tuple[Condition, ...]
    starts_on: date | None
    ends_on: date | None


def load_on() -> tuple[PayerRule, ...]:
    """The rules claims are checked by, in one statement."""
    return tuple(as_rule(row) for row in ClaimRule.objects.filter(state=State.ON).order_by("number"))


def as_rule(row: ClaimRule) -> PayerRule:
    """A stored version as the pure evaluation takes it; a severity nobody knows blocks."""
    severity: Severity = "warning" if row.severity == "warning" else "error"
    return PayerRule(
        number=row.number,
        name=row.name,
        severity=severity,
        message=row.message,
        field=row.field,
        payers=frozenset(row.payers),
        plans=frozenset(row.plans),
        conditions=conditions_of(row),
        starts_on=row.starts_on,
        ends_on=row.ends_on,
    )


def conditions_of(row: ClaimRule) -> tuple[Condition, ...]:
    """Stored conditions; one that has no known form asks for what nobody can answer."""
    return tuple(
        Condition(str(item.get("test", "")), item.get("value", ""))
        if isinstance(item, dict)
        else Condition("?")
        for item in row.conditions
    )


def fingerprint(row: ClaimRule) -> str:
    """What a trial was of: the same words give the same print."""
    said = [row.payers, row.plans, row.conditions, row.severity, str(row.starts_on), str(row.ends_on)]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]


def save(data: RuleData, rule: ClaimRule | None = None) -> ClaimRule:
    """A new draft, the draft changed, or a draft of the next version beside one that is on or off. Raises BadRule."""
    _check(data)
    values: dict[str, Any] = {
        "name": data.name,
        "severity": data.severity,
        "message": data.message,
        "field": data.field,
        "payers": list(data.payers),
        "plans": list(data.plans),
        "conditions": [{"test": one.test, "value": one.value} for one in data.conditions],
        "starts_on": data.starts_on,
        "ends_on": data.ends_on,
    }
    try:
        with transaction.atomic():
            row = _row_for(rule)
            before = fingerprint(row) if row.pk else ""
            for name, value in values.items():
                setattr(row, name, value)
            if fingerprint(row) != before:
                row.trial = {}
            row.save()
    except IntegrityError as error:
        raise BadRule("Somebody saved a rule at the same moment. Try again.", code="rule_clash") from error
    audit.record(
        "claim_rule.save", "claim-rule", row.public_id, number=row.number, version=row.version,
        values={**values, "starts_on": str(data.starts_on or ""), "ends_on": str(data.ends_on or "")},
    )  # fmt: skip
    return row


def _check(data: RuleData) -> None:
    wrong: dict[str, list[str]] = {}
    if not data.name:
        wrong["name"] = ["Give the rule a name."]
    if not data.message:
        wrong["message"] = ["Say what is to be done."]
    if data.severity not in ("error", "warning"):
        wrong["severity"] = ["Error or warning."]
    if data.field not in FIELDS:
        wrong["field"] = ["There is no such field."]
    if data.starts_on and data.ends_on and data.ends_on < data.starts_on:
        wrong["ends_on"] = ["It ends before it starts."]
    if not (data.conditions or data.payers or data.plans):
        wrong["conditions"] = ["Without a payer or a condition every claim would be flagged."]
    if wrong:
        raise BadRule(next(iter(wrong.values()))[0], fields=wrong)


def _row_for(rule: ClaimRule | None) -> ClaimRule:
    if rule is None:
        last = ClaimRule.objects.aggregate(n=Max("number"))["n"] or 0
        return ClaimRule(number=last + 1, created_by=current_actor())
    draft = (
        ClaimRule.objects.select_for_update(of=("self",))
        .filter(number=rule.number, state=State.DRAFT)
        .first()
    )
    if draft is not None:
        return draft
    last = ClaimRule.objects.filter(number=rule.number).aggregate(n=Max("version"))["n"]
    return ClaimRule(number=rule.number, version=last + 1, created_by=current_actor())


def switch_on(rule: ClaimRule) -> None:
    """From now on claims are checked by this version; the one before is off. Raises BadRule without a trial."""
    row = ClaimRule.objects.select_for_update().get(pk=rule.pk)
    if row.state == State.ON:
        return
    if row.trial.get("of") != fingerprint(row):
        raise BadRule("Try it on past claims first.", code="not_tried")
    for old in ClaimRule.objects.select_for_update().filter(number=row.number, state=State.ON):
        _switch(old, State.OFF)
    _switch(row, State.ON)
    rechecks.ask()
    audit.record(
        "claim_rule.switch_on", "claim-rule", row.public_id, number=row.number, version=row.version,
        trial={name: row.trial.get(name) for name in ("months", "claims", "flagged", "denied")},
    )  # fmt: skip


def switch_off(rule: ClaimRule) -> None:
    """No claim is checked by it any more; a draft is given up. Again is no trouble."""
    row = ClaimRule.objects.select_for_update().get(pk=rule.pk)
    if row.state == State.OFF:
        return
    was = row.state
    _switch(row, State.OFF)
    if was == State.ON:
        rechecks.ask()
    audit.record(
        "claim_rule.switch_off", "claim-rule", row.public_id, number=row.number, version=row.version, was=was
    )


def _switch(row: ClaimRule, state: str) -> None:
    row.state, row.switched_at, row.switched_by = state, timezone.now(), current_actor()
    row.save(update_fields=["state", "switched_at", "switched_by"])


def newest(rows: Iterable[ClaimRule]) -> list[ClaimRule]:
    """One row a rule for the list: the version that is on, else its draft, else its last one."""
    order = {State.ON: 0, State.DRAFT: 1, State.OFF: 2}
    best: dict[int, ClaimRule] = {}
    for row in rows:
        held = best.get(row.number)
        key = (order[State(row.state)], -row.version)
        if held is None or key < (order[State(held.state)], -held.version):
            best[row.number] = row
    return [best[number] for number in sorted(best)]
