"""The clinic's own posting rules: added and taken away with an audit row, used where ``automation_rules`` is on."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from clinics import audit
from clinics.errors import BadInput
from clinics.models import Setting
from clinics.scoping import current_actor
from insurance.models import Payer
from responses.models import PostingRule
from responses.posting_rules import DEFAULT_RULES, NOT_THE_PATIENTS, Action, bills_wrongly
from x12.carc import REASONS

GROUPS = ("CO", "PR", "OA", "PI")
SUGGESTED = tuple(
    (group, code, Action.WRITE_OFF if reason.post == "W" else Action.PATIENT, reason.meaning)
    for code, reason in REASONS.items()
    for group in (("CO",) if reason.post == "W" else ("PR",))
    if reason.post in "WP" and not any((rule.group, rule.reason) == (group, code) for rule in DEFAULT_RULES)
)  # the other W and P marks: shipped as suggestions, switched off


def checked(group: str, reason: str, action: str) -> tuple[str, str]:
    """Group and reason as a rule holds them. Raises BadInput for a rule that may not be."""
    group, reason = group.strip().upper(), reason.strip().upper()
    if group not in GROUPS or (reason and not (reason.isascii() and reason.isalnum() and len(reason) <= 5)):
        raise BadInput("A rule names a group (CO, PR, OA, PI) and a reason such as 59.", code="bad_rule")
    if action not in {each.value for each in Action}:
        raise BadInput(f"An action is one of {', '.join(Action)}.", code="bad_rule")
    if bills_wrongly(group, Action(action)):
        raise BadInput(NOT_THE_PATIENTS, code="not_the_patients")
    return group, reason


def add(payer: Payer | None, group: str, reason: str, action: str) -> PostingRule:
    """One rule more. An empty reason stands for every reason of the group. Raises BadInput."""
    group, reason = checked(group, reason, action)
    try:
        with transaction.atomic():
            row = PostingRule.objects.create(
                payer=payer, group=group, reason=reason, action=action, created_by=current_actor()
            )
    except IntegrityError as error:
        raise BadInput(
            "There is a rule for this payer, group and reason already.", code="rule_twice"
        ) from error
    audit.record("posting_rule.add", "posting_rule", f"{group}-{reason or 'any'}", action_taken=action)
    return row


def remove(row: PostingRule) -> None:
    """Take a rule away. The last one cannot go while the rules are switched on."""
    is_on = Setting.objects.filter(name="automation_rules", value=True).exists()
    if is_on and PostingRule.objects.count() == 1:
        raise BadInput("Switch our own posting rules off before the last one goes.", code="last_rule")
    audit.record(
        "posting_rule.remove", "posting_rule", f"{row.group}-{row.reason or 'any'}", action_taken=row.action
    )
    row.delete()
