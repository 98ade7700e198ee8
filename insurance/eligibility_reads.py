"""Reads of eligibility in a constant number of queries: where a card stands on a day, the tabs of the list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, QuerySet

from insurance.enums import RequestState
from insurance.models import EligibilityCheck, EligibilityRequest, Policy
from insurance.policies import eligibility_is_fresh

LIMIT = 200  # rows of the list; filters narrow it


@dataclass(frozen=True, slots=True)
class CardStanding:
    """What is known of a card on a day, in words for a chip and with its colour."""

    policy: Policy
    day: date
    check: EligibilityCheck | None
    waiting: EligibilityRequest | None

    @property
    def is_fresh(self) -> bool:
        """Whether the answer is good on the day (B14)."""
        return self.check is not None and eligibility_is_fresh(self.check.checked_on, self.day)

    @property
    def level(self) -> str:
        """ok, go (asked), warn (old, unclear, never), stop (not active, rejected)."""
        if self.waiting is not None and not self.is_fresh:
            return "go"
        if self.check is None or (not self.is_fresh and self.check.is_active is not False):
            return "warn"
        if self.check.is_active is None:
            return "stop" if self.check.rejections else "warn"
        return "ok" if self.check.is_active else "stop"

    @property
    def words(self) -> str:
        """ "Eligibility 34 days old"."""
        if self.waiting is not None and not self.is_fresh:
            return "Eligibility asked"
        if self.check is None:
            return "Eligibility not checked"
        age = (self.day - self.check.checked_on).days
        if not self.is_fresh and self.check.is_active is not False:
            return f"Eligibility {age} days old" if age > 0 else "Eligibility of another day"
        if self.check.is_active is None:
            return "Eligibility rejected" if self.check.rejections else "Eligibility unclear"
        return "Active" if self.check.is_active else "Not active"


def standings_on(policies: Sequence[Policy], day: date) -> list[CardStanding]:
    """Each card's last answer and open question, in two queries."""
    keys = [policy.pk for policy in policies]
    checks = EligibilityCheck.objects.filter(policy_id__in=keys, checked_on__lte=day)
    last = {
        row.policy_id: row for row in checks.order_by("policy_id", "-checked_on", "-id").distinct("policy_id")
    }
    open_rows = EligibilityRequest.objects.filter(policy_id__in=keys, state=RequestState.WAITING)
    waiting = {row.policy_id: row for row in open_rows.order_by("asked_at")}
    return [CardStanding(policy, day, last.get(policy.pk), waiting.get(policy.pk)) for policy in policies]


def tabs_of(rows: QuerySet[EligibilityRequest], current: str, job: str) -> list[dict[str, Any]]:
    """The tabs of the list with counts, in one query."""
    counts = dict(rows.order_by().values_list("state").annotate(n=Count("pk")))
    keep = f"&job={job}" if job else ""
    every = {
        "label": "All",
        "url": f"?{keep.lstrip('&')}",
        "count": sum(counts.values()),
        "current": not current,
    }
    return [
        every,
        *(
            {
                "label": label,
                "url": f"?tab={state}{keep}",
                "count": counts.get(state, 0),
                "current": state == current,
            }
            for state, label in RequestState.choices
        ),
    ]
