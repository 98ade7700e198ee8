"""What the appointments room asks of the rooms above it; an unanswered question refuses."""

from __future__ import annotations

from lib.questions import Question

# ask(appointment keys) -> the keys among them whose books are closed: a live invoice with balance zero.
# Unanswered, every checked-out visit counts as open, so that no profile under it can be retired.
CLOSED_BOOKS: Question[set[int]] = Question("appointments.closed_books")
