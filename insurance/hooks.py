"""What the insurance room asks of the rooms above it; an unanswered question refuses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from clearinghouses.models import Connection
from lib.questions import Question


@dataclass(frozen=True, slots=True)
class VisitUse:
    """One visit on a profile: when, and whether nothing more will happen to it (no visit to come, balance zero)."""

    public_id: str
    day: date
    is_closed: bool


# ask(profile_ids) -> {profile_id: [VisitUse, ...]} in date order; cancelled visits are not counted.
VISITS_ON: Question[dict[int, list[VisitUse]]] = Question("insurance.visits_on")


@dataclass(frozen=True, slots=True)
class VisitDue:
    """A visit that is still to come on a day: its profile's key and the provider that bills it."""

    profile_id: int
    billing_provider_id: int
    day: date


# ask(day) -> the visits of that day that are booked and not cancelled.
VISITS_DUE: Question[list[VisitDue]] = Question("insurance.visits_due")

# ask(payer keys) -> {payer key: the active connection that carries its files}; payers without one are left out.
CONNECTIONS_FOR: Question[dict[int, Connection]] = Question("insurance.connections_for")
