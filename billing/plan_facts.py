"""What payers' answers and contracts say of some visits' cards: two queries for any number of visits (B14).

Loaded before ``estimating`` reckons; Today's list and check-out load the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from insurance.models import ContractRate, EligibilityCheck, Layer
from insurance.policies import eligibility_is_fresh

FIGURES = ("copay", "coinsurance", "deductible_left", "out_of_pocket_left")


@dataclass(frozen=True, slots=True)
class PlanFacts:
    """Answers by card and contract rates by payer and code, the latest first."""

    answers: Mapping[int, list[EligibilityCheck]] = field(default_factory=dict)
    rates: Mapping[tuple[int, str], list[ContractRate]] = field(default_factory=dict)

    def answer(self, policy_id: int, day: date) -> EligibilityCheck | None:
        """The last answer about a card that is good on a day and tells what the plan leaves to the patient."""
        rows = self.answers.get(policy_id, [])
        return next((row for row in rows if eligibility_is_fresh(row.checked_on, day) and _tells(row)), None)

    def rate(self, payer_id: int, code: str, day: date) -> Decimal | None:
        """What the payer's contract allows for a unit of a code on a day: dollars; None where none is in force."""
        begun = [row for row in self.rates.get((payer_id, code), []) if row.effective_on <= day]
        if not begun or (begun[0].expires_on is not None and begun[0].expires_on < day):
            return None
        allowed: Decimal = begun[0].allowed
        return allowed


def load_plan_facts(layers: Iterable[Layer], codes: Sequence[str]) -> PlanFacts:
    """Answers about the cards of these layers and their payers' rates for these codes."""
    policies = {layer.policy_id: layer.policy for layer in layers}
    if not policies:
        return PlanFacts()
    answers: dict[int, list[EligibilityCheck]] = {}
    checks = EligibilityCheck.objects.filter(policy_id__in=policies, is_active=True)
    for check in checks.order_by("-checked_on", "-id"):
        answers.setdefault(check.policy_id, []).append(check)
    rates: dict[tuple[int, str], list[ContractRate]] = {}
    payers = {policy.payer_id for policy in policies.values()}
    rows = ContractRate.objects.filter(payer_id__in=payers, procedure_code__in=set(codes))
    for rate in rows.order_by("-effective_on", "-id") if codes else []:
        rates.setdefault((rate.payer_id, rate.procedure_code), []).append(rate)
    return PlanFacts(answers, rates)


def _tells(check: EligibilityCheck) -> bool:
    return any(name in check.benefits for name in FIGURES)
