"""What payers leave to patients beside what we thought: copays to correct, and known benefits (rules.md B7, B11.2).

Before it: posted answers of first insurers. After it: the plan's or card's copay, corrected when an admin approves;
what was collected too much is credit already (responses/entries.py). Reads only, but for ``correct``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from billing.estimating import terms_of_card
from clinics import audit
from clinics.errors import BadInput
from insurance import payers
from insurance.estimates import ExpectedLine, estimate
from insurance.models import EligibilityCheck, Plan, Policy
from lib.money import ZERO, parse_money
from responses.enums import PostingState
from responses.family import POSTED
from responses.models import ClaimResponse

MOST = 3000  # answers looked at, the newest first
NOT_COUNTED = (PostingState.REVERSED, PostingState.DUPLICATE, PostingState.IGNORED)


@dataclass(slots=True)
class CopayDiffers:
    """A plan (or a card with its own copay) whose payer tells another copay than we ask."""

    kind: str  # plan, card
    public_id: str
    payer: str
    name: str
    known: Decimal | None
    told: Decimal  # by the newest answer
    answers: int = 0
    agreeing: int = 0  # of them tell the same as the newest
    last: ClaimResponse | None = None

    @property
    def is_reduction(self) -> bool:
        """We collect more than the payer leaves: the rest is the patients' credit."""
        return self.known is not None and self.known > self.told


def differing() -> list[CopayDiffers]:
    """Copays that the newest posted answer tells otherwise than the plan or card; the most told first."""
    rows = (
        ClaimResponse.objects.filter(state__in=POSTED, claim__rank=1, patient_responsibility__gt=0)
        .exclude(status_code="22")
        .select_related(
            "claim__policy__plan__payer", "claim__policy__payer", "claim__policy__patient", "remittance"
        )
        .order_by("-pk")
    )
    found: dict[tuple[str, str], CopayDiffers] = {}
    for row in rows[:MOST]:
        told = copay_told(row.document)
        if not told or row.claim is None:
            continue
        item = _holder(row.claim.policy, told)
        known = found.setdefault((item.kind, item.public_id), item)
        known.answers += 1
        known.agreeing += told == known.told
        known.last = known.last or row
    different = [item for item in found.values() if item.known != item.told]
    return sorted(different, key=lambda item: (-item.agreeing, item.payer, item.name))


def copay_told(document: dict[str, Any]) -> Decimal:
    """Σ PR-3 of an answer, claim and lines."""
    holders = [document, *(document.get("lines") or [])]
    items = [item for holder in holders for item in holder.get("adjustments") or []]
    return sum(
        (parse_money(item["amount"]) for item in items if (item["group"], item["reason"]) == ("PR", "3")),
        ZERO,
    )


def correct(kind: str, public_id: str, amount: str) -> str:
    """Set the copay of a plan or card to what its payer tells; new visits ask it. Returns what was said, in words.

    Raises BadInput when no answer tells another copay any more: somebody else has corrected it.
    """
    item = next((each for each in differing() if (each.kind, each.public_id) == (kind, public_id)), None)
    if item is None or f"{item.told:.2f}" != amount:
        raise BadInput("The copay is as the payer tells it already; reload to see it.", code="copay_agrees")
    if kind == "plan":
        plan = Plan.objects.select_related("payer").get(public_id=public_id)
        payers.save_plan(plan.payer, plan.name, item.told, plan.copay_group, plan=plan)
    else:
        Policy.objects.filter(public_id=public_id).update(copay_individual=item.told)
    audit.record(
        "copay.correct", kind, public_id, before=str(item.known), after=str(amount), answers=item.agreeing
    )
    return f"{item.payer} {item.name}: the copay is {amount} now"


@dataclass(slots=True)
class PatientPart:
    """What payers left to patients, beside what their plans' known benefits say."""

    told: Decimal = ZERO
    known: Decimal = ZERO
    answers: int = 0


def patient_parts(rows: Iterable[ClaimResponse]) -> dict[tuple[date, str], PatientPart]:
    """By month and payer, for first insurers' answers whose card's benefits are known. Two queries.

    Known benefits are the newest 271 or telephone answer before the visit, else the copay on the card.
    """
    answers = [row for row in rows if row.claim is not None and row.allowed is not None]
    checks: dict[int, list[EligibilityCheck]] = {}
    for check in EligibilityCheck.objects.filter(
        policy__in={row.claim.policy_id for row in answers if row.claim is not None}
    ).order_by("checked_on", "pk"):
        checks.setdefault(check.policy_id, []).append(check)
    found: dict[tuple[date, str], PatientPart] = {}
    for row in answers:
        known = _known(row, checks)
        if known is None:
            continue
        key = (row.remittance.payment_date.replace(day=1), row.remittance.payer_name)
        part = found.setdefault(key, PatientPart())
        part.told += row.patient_responsibility
        part.known += known
        part.answers += 1
    return found


def scored() -> list[ClaimResponse]:
    """The first insurers' answers that the scorecard compares with known benefits, newest first."""
    rows = (
        ClaimResponse.objects.filter(claim__rank=1).exclude(state__in=NOT_COUNTED).exclude(status_code="22")
    )
    with_ = rows.select_related("remittance", "claim__policy__plan")
    return list(with_.exclude(codes__contains=["E10"]).order_by("-pk")[:MOST])


def _known(row: ClaimResponse, checks: dict[int, list[EligibilityCheck]]) -> Decimal | None:
    claim = row.claim
    assert claim is not None and row.allowed is not None
    before = [each for each in checks.get(claim.policy_id, []) if each.checked_on <= claim.service_from]
    terms, _, _ = terms_of_card(claim.policy, before[-1] if before else None)
    told = estimate([ExpectedLine("", row.allowed)], terms)
    return told.insured if told.is_known else None


def _holder(policy: Policy, told: Decimal) -> CopayDiffers:
    if policy.copay_individual is not None or policy.plan is None:
        name = f"card {policy.member_id[-4:]} of {policy.patient.list_name}"
        return CopayDiffers("card", policy.public_id, policy.payer.name, name, policy.copay_individual, told)
    plan = policy.plan
    return CopayDiffers("plan", plan.public_id, plan.payer.name, plan.name, plan.copay_individual, told)
