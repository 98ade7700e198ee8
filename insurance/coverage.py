"""Which layers pay on a day, and which of a patient's profiles is in force. Pure: no database, no clock.

insurance/profiles.py loads the rows and asks here, so that what a property test proves of these
functions holds for every visit, claim and price.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol, TypeVar

from insurance.enums import ProfileKind, ProfileStatus


class Spanned(Protocol):
    """Anything with a first and a last day; an empty end is open."""

    @property
    def effective_on(self) -> date | None:
        """The first day."""

    @property
    def expires_on(self) -> date | None:
        """The last day."""


S = TypeVar("S", bound="PlacedLayer")


class PlacedLayer(Spanned, Protocol):
    """A layer as the database has it."""

    @property
    def position(self) -> int:
        """1 to 3."""


def covers(span: Spanned, day: date) -> bool:
    """Whether ``day`` is inside, both ends included."""
    starts_before = span.effective_on is None or span.effective_on <= day
    return starts_before and (span.expires_on is None or day <= span.expires_on)


def in_order_on(layers: Iterable[tuple[S, Spanned]], profile: Spanned, day: date) -> list[S]:
    """The layers that pay on ``day`` in order of responsibility (B11.2).

    Each comes with its policy: a payer is billed only for days inside the profile, the layer *and*
    the card (B11.5), so no later edit can reach back over a boundary.
    """
    if not covers(profile, day):
        return []
    found = [layer for layer, policy in layers if covers(layer, day) and covers(policy, day)]
    return sorted(found, key=lambda layer: layer.position)


@dataclass(frozen=True, slots=True)
class ProfileView:
    """What choosing needs to know of a profile: ``pays`` is whether a layer is in force on the day."""

    id: int
    kind: str
    status: str
    is_in_force: bool
    pays: bool


@dataclass(frozen=True, slots=True)
class Chosen:
    """The profile a new visit takes, the rule that took it and the chip to show ("" for none)."""

    id: int
    because: str
    chip: str


def choose(profiles: Sequence[ProfileView]) -> Chosen:
    """B11.4: the Default if it is in force, else the one active standard profile that is, else self-pay."""
    self_pay = next(view for view in profiles if view.kind == ProfileKind.SELF_PAY)
    usable = [
        view for view in profiles if view.is_in_force and (view.pays or view.kind == ProfileKind.SELF_PAY)
    ]
    for view in usable:
        if view.status == ProfileStatus.DEFAULT:
            return Chosen(view.id, "default", "")
    standard = [
        view for view in usable if view.kind == ProfileKind.STANDARD and view.status == ProfileStatus.ACTIVE
    ]
    if len(standard) == 1:
        return Chosen(standard[0].id, "only_active", "")
    if standard:
        return Chosen(self_pay.id, "ambiguous", "Several profiles cover this date: choose one")
    return Chosen(self_pay.id, "no_coverage", "No coverage on this date")
