"""Chips of a day's visits about their coverage: old eligibility, authorizations that run out (rules.md B14)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from appointments.authorizations import standings_of_visits
from appointments.models import Appointment
from insurance.eligibility_reads import standings_on
from insurance.profiles import layers_on_days


@dataclass(frozen=True, slots=True)
class Flag:
    """One chip: its words, its colour (warn or stop) and its icon."""

    words: str
    level: str
    icon: str


def cover_flags(visits: Sequence[Appointment], day: date) -> dict[int, tuple[Flag, ...]]:
    """Chips for each visit of one day, in a constant number of queries; a visit that needs nobody has none.

    Of a visit's cards the first that wants somebody speaks. A card that was never asked about is said on the
    panel only: in the list it would stand on nearly every row.
    """
    layers = layers_on_days((visit.profile, day) for visit in visits)
    cards = {layer.policy_id: layer.policy for rows in layers.values() for layer in rows}
    known = {standing.policy.pk: standing for standing in standings_on(list(cards.values()), day)}
    taken = standings_of_visits(visits)
    found: dict[int, tuple[Flag, ...]] = {}
    for visit in visits:
        mine = [known[layer.policy_id] for layer in layers.get((visit.profile_id, day), [])]
        wanting = next((row for row in mine if row.check and row.level in ("warn", "stop")), None)
        flags = [Flag(wanting.words, wanting.level, "id-badge-2")] if wanting else []
        flags += [
            Flag(row.short, "stop" if row.level == "ended" else "warn", "checkup-list")
            for row in taken.get(visit.pk, [])
            if row.short
        ]
        found[visit.pk] = tuple(flags)
    return found
