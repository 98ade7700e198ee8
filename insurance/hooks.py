"""What the insurance room asks of the rooms above it; an unanswered question refuses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from clearinghouses.models import Connection
from insurance.models import Authorization
from lib.questions import Announcement, Question


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


@dataclass(frozen=True, slots=True)
class Used:
    """How much of an authorization visits take, in visits, units, dollars or days as its limit counts."""

    reserved: Decimal = Decimal(0)
    consumed: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Renumbered:
    """An authorization with its new number; ``claims`` are control numbers of unsent claims that follow."""

    authorization: Authorization
    before: str
    claims: tuple[str, ...]


# ask(authorization keys) -> {key: Used}; an authorization that no visit takes of is left out.
AUTHORIZATION_USE: Question[dict[int, Used]] = Question("insurance.authorization_use")

# ask(authorization) -> control numbers of claims that carry its number and have not been sent.
UNSENT_CLAIMS: Question[list[str]] = Question("insurance.unsent_claims")

# An authorization was added or changed: booked visits reserve anew.
AUTHORIZATION_CHANGED: Announcement[Authorization] = Announcement("insurance.authorization_changed")

# It has another number: the claims named take it.
RENUMBERED: Announcement[Renumbered] = Announcement("insurance.renumbered")
