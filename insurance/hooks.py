"""What the insurance room asks of the rooms above it; an unanswered question refuses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from lib.questions import Question


@dataclass(frozen=True, slots=True)
class VisitUse:
    """One visit on a profile: when, and whether nothing more will happen to it (no visit to come, balance zero)."""

    public_id: str
    day: date
    is_closed: bool


# ask(profile_ids) -> {profile_id: [VisitUse, ...]} in date order; cancelled visits are not counted.
VISITS_ON: Question[dict[int, list[VisitUse]]] = Question("insurance.visits_on")
