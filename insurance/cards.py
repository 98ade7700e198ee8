"""What Insurance Management shows: profiles as cards, policies with their last check. Reads only.

A fixed number of queries for a patient, however many profiles, cards and visits there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from insurance.coverage import in_order_on
from insurance.enums import ProfileKind, ProfileStatus
from insurance.hooks import VISITS_ON, VisitUse
from insurance.models import EligibilityCheck, InsuranceProfile, Layer, Policy
from insurance.policies import eligibility_is_fresh
from insurance.profiles import of_patient
from lib.questions import Unanswered
from patients.models import Patient


@dataclass(frozen=True, slots=True)
class LayerCard:
    """One payer's row on a profile."""

    layer: Layer
    policy: Policy
    is_paying: bool
    check: EligibilityCheck | None
    check_is_fresh: bool


@dataclass(frozen=True, slots=True)
class ProfileCard:
    """A profile with its layers in order and the visits that stand on it."""

    profile: InsuranceProfile
    layers: list[LayerCard]
    visits: list[VisitUse] | None

    @property
    def first_day(self) -> date | None:
        """The first visit's day."""
        return self.visits[0].day if self.visits else None

    @property
    def last_day(self) -> date | None:
        """The last visit's day."""
        return self.visits[-1].day if self.visits else None

    @property
    def open_visits(self) -> int:
        """Visits that are not closed."""
        return sum(not visit.is_closed for visit in self.visits or [])

    @property
    def patient_pays_rest(self) -> bool:
        """Workers' compensation never leaves a balance to the patient."""
        return self.profile.kind != ProfileKind.WORK_COMP

    @property
    def is_self_pay(self) -> bool:
        """The profile that is always there."""
        return self.profile.kind == ProfileKind.SELF_PAY

    @property
    def is_quiet(self) -> bool:
        """Drawn in the background."""
        return self.profile.status == ProfileStatus.INACTIVE or self.is_self_pay


def profile_cards(patient: Patient, today: date) -> list[ProfileCard]:
    """All profiles of a patient as Insurance Management shows them."""
    profiles = of_patient(patient)
    checks = latest_checks(patient)
    try:
        visits: dict[int, list[VisitUse]] | None = VISITS_ON.ask([profile.pk for profile in profiles])
    except Unanswered:
        visits = None
    cards = []
    for profile in profiles:
        layers = list(profile.layers.all())
        paying = {
            layer.pk for layer in in_order_on([(layer, layer.policy) for layer in layers], profile, today)
        }
        rows = [
            _layer_card(layer, layer.pk in paying, checks.get(layer.policy_id), today) for layer in layers
        ]
        cards.append(ProfileCard(profile, rows, None if visits is None else visits.get(profile.pk, [])))
    return cards


def latest_checks(patient: Patient) -> dict[int, EligibilityCheck]:
    """The last eligibility answer of each of a patient's cards, by policy key."""
    rows = EligibilityCheck.objects.filter(policy__patient=patient).order_by(
        "policy_id", "-checked_on", "-id"
    )
    return {row.policy_id: row for row in rows.distinct("policy_id")}


def _layer_card(layer: Layer, is_paying: bool, check: EligibilityCheck | None, today: date) -> LayerCard:
    fresh = check is not None and eligibility_is_fresh(check.checked_on, today)
    return LayerCard(layer, layer.policy, is_paying, check, fresh)
