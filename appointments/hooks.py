"""What the appointments room asks of and tells the rooms above it; an unanswered question refuses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from lib.questions import Announcement, Question

if TYPE_CHECKING:
    from appointments.models import Appointment

# ask(appointment keys) -> the keys among them whose books are closed: a live invoice with balance zero.
# Unanswered, every checked-out visit counts as open, so that no profile under it can be retired.
CLOSED_BOOKS: Question[set[int]] = Question("appointments.closed_books")


@dataclass(slots=True)
class Missed:
    """A visit that was just cancelled, or whose cancellation was taken back. ``said`` is for the person who did it."""

    appointment: Appointment
    at: datetime
    said: list[str]


# In the transaction of the act: billing charges what the status says, or takes that charge back (B2).
CANCELLED: Announcement[Missed] = Announcement("appointments.cancelled")
RESTORED: Announcement[Missed] = Announcement("appointments.restored")
