"""The settings of this room, per location: claim response handling (rules.md B9)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from clinics.errors import BadInput
from clinics.models import Location
from clinics.settings import SettingSpec, declare, guard, value_of
from responses.gates import Terms
from responses.models import PostingRule as PostingRuleRow
from responses.posting_rules import Action, PostingRule

GROUP = "Claim response handling"
OFF, PREVIEW, POST = "off", "preview", "post"

declare(
    SettingSpec(
        "autopay_claims", GROUP, "Auto-Pay Claims",
        "Off: every answer waits as proposed and nothing posts by itself. Preview: the plan of each answer is "
        "worked out and shown, nothing posts. Post: an answer that passes every gate posts at once; the others "
        "wait as exceptions with the reason.",
        "choice", OFF, ((OFF, "Off"), (PREVIEW, "Preview"), (POST, "Post")),
    ),
    SettingSpec(
        "automation_rules", GROUP, "Our own posting rules",
        "On: the clinic's own posting rules are used on top of the defaults (CO-45 and CO-253 written off, "
        "PR-1, PR-2 and PR-3 to the patient or next insurer, OA-23 noted).",
        "flag", False,
    ),
    SettingSpec(
        "unlisted_codes", GROUP, "Codes without a rule",
        "Block: an adjustment that no rule names stops the claim for a person. Post as denial: the claim posts "
        "and that amount stays open with the insurer.",
        "choice", "block", (("block", "Block"), ("post_as_denial", "Post as denial")),
    ),
    SettingSpec(
        "reversals", GROUP, "Reversals",
        "Block: a person decides on every reversal. Exact ones by themselves: a reversal whose amounts are the "
        "exact opposite of an earlier posting is mirrored; any other waits.",
        "choice", "block", (("block", "Block"), ("auto_if_exact", "Exact ones by themselves")),
    ),
    SettingSpec(
        "max_auto_variance", GROUP, "Underpayment that may pass",
        "An answer posts by itself although the insurer allowed less than its contract, if the difference on a "
        "line is not more than this.",
        "money", "0.00",
    ),
    SettingSpec(
        "era_payment_date", GROUP, "Date of insurers' payments",
        "The effective date of a receipt from a remittance: the payment date it names, the day it is taken in, "
        "or a date that a person gives with the file (a collected file keeps the date it names). It is always "
        "posted on the day it is taken in.",
        "choice", "remittance", (("remittance", "On the check"), ("today", "Today"), ("custom", "Asked")),
    ),
)  # fmt: skip


def _needs_rules(value: Any) -> None:
    """``automation_rules`` cannot be switched on with zero rules: rules first (B9)."""
    if value and not PostingRuleRow.objects.exists():
        raise BadInput(
            "Add at least one posting rule first; without one there is nothing to switch on.", code="no_rules"
        )


guard("automation_rules", _needs_rules)


@dataclass(frozen=True, slots=True)
class Handling:
    """What is in force at a location."""

    autopay: str
    payment_date: str
    terms: Terms


def handling_at(location: Location) -> Handling:
    """The settings of one location with the clinic's own rules where they are switched on."""
    rules = own_rules() if value_of("automation_rules", location) else ()
    return Handling(
        autopay=value_of("autopay_claims", location),
        payment_date=value_of("era_payment_date", location),
        terms=Terms(
            unlisted_codes=value_of("unlisted_codes", location),
            reversals=value_of("reversals", location),
            max_auto_variance=value_of("max_auto_variance", location),
            rules=rules,
        ),
    )


def own_rules() -> tuple[PostingRule, ...]:
    """The clinic's posting rules; an empty reason stands for every reason of the group."""
    rows = PostingRuleRow.objects.select_related("payer")
    return tuple(
        PostingRule(row.group, row.reason or None, Action(row.action), row.payer.name if row.payer else None)
        for row in rows
        if row.action in {action.value for action in Action}
    )
