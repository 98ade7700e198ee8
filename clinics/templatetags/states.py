"""How each state is shown: one word, one icon, one colour family, for every kind of thing that has states.

Read by the ``{% state %}`` tag of frame.py and by nobody else; the states themselves belong to each
room's enums.py. A state that waits for a person is *filled* (tinted body), every other one is bare, so that
the eye goes to what has to be done. Families: ok (done, ties, clean), go (moving by itself), warn (waits for
a person), stop (cannot go on), mute (not begun, over), test (sandbox).
"""

from __future__ import annotations

from typing import NamedTuple


class Look(NamedTuple):
    """What a reader sees of a state; ``fill`` marks a state that waits for a person."""

    word: str
    family: str
    icon: str
    fill: bool = False


VISIT = {
    "scheduled": Look("Scheduled", "mute", "circle-dashed"),
    "arrived": Look("Arrived", "go", "door-enter"),
    "in_treatment": Look("In treatment", "go", "progress"),
    "complete": Look("To check out", "warn", "circle-half-2", fill=True),
    "checked_out": Look("Checked out", "ok", "circle-check"),
    "no_show": Look("No-show", "mute", "user-off"),
    "late_cancel": Look("Late cancel", "mute", "user-off"),
    "cancelled": Look("Cancelled", "mute", "x"),
    "clinician_cancelled": Look("Clinician cancelled", "mute", "x"),
}
CLAIM = {
    "new": Look("New", "mute", "circle-dashed"),
    "ready": Look("Ready", "ok", "circle-check"),
    "on_hold": Look("On hold", "warn", "hourglass", fill=True),
    "batched": Look("In a batch", "go", "stack-2"),
    "submitted": Look("Submitted", "go", "send"),
    "acknowledged": Look("Acknowledged", "go", "check"),
    "accepted": Look("Accepted", "go", "checks"),
    "adjudicated": Look("Answered", "ok", "inbox"),
    "closed": Look("Closed", "mute", "lock"),
    "rejected": Look("Rejected", "stop", "ban", fill=True),
    "superseded": Look("Replaced", "mute", "history"),
    "void_requested": Look("Void asked", "go", "send"),
    "voided": Look("Voided", "mute", "ban"),
    "awaiting_crossover": Look("Awaiting crossover", "go", "arrow-bounce"),
    "not_billed": Look("Not billed", "mute", "circle-dashed"),
}
OUTCOME = {
    "paid": Look("Paid", "ok", "checks"),
    "partial": Look("Denied in part", "warn", "trending-down", fill=True),
    "zero_patient": Look("Patient owes all", "warn", "user-dollar"),
    "denied": Look("Denied", "stop", "ban", fill=True),
    "reversed": Look("Reversed", "stop", "history", fill=True),
    "underpaid": Look("Underpaid", "warn", "trending-down", fill=True),
    "unanswered": Look("No answer", "warn", "hourglass", fill=True),
    "patient_owes": Look("Patient owes", "warn", "user-dollar", fill=True),
}
RESPONSE = {
    "unposted": Look("Not posted", "mute", "circle-dashed"),
    "proposed": Look("Proposed", "warn", "circle-half-2", fill=True),
    "auto_posted": Look("Posted by rule", "ok", "checks"),
    "posted_manually": Look("Posted", "ok", "check"),
    "exception": Look("Exception", "stop", "alert-triangle", fill=True),
    "held": Look("Held", "warn", "hourglass", fill=True),
    "disputed": Look("Disputed", "warn", "phone", fill=True),
    "ignored": Look("Set aside", "mute", "x"),
    "duplicate": Look("Duplicate", "mute", "stack-2"),
    "reversed": Look("Reversed", "mute", "history"),
}
REMITTANCE = {
    "open": Look("In escrow", "warn", "hourglass"),
    "closed": Look("Ties to the cent", "ok", "check"),
    "unbalanced": Look("Does not tie", "stop", "alert-triangle", fill=True),
    "quarantine": Look("Payee unknown", "stop", "alert-triangle", fill=True),
    "duplicate": Look("Came before", "mute", "stack-2"),
}
MATCH = {
    "certain": Look("Certain", "ok", "check"),
    "weak": Look("Weak match", "warn", "user-question", fill=True),
    "none": Look("No match", "stop", "alert-triangle", fill=True),
}
BATCH = {
    "building": Look("Being written", "go", "loader-2"),
    "pending": Look("Waiting to go", "mute", "hourglass"),
    "sending": Look("On its way", "go", "send"),
    "delivered": Look("Delivered", "go", "checks"),
    "acknowledged": Look("Acknowledged", "go", "check"),
    "accepted": Look("Accepted", "ok", "checks"),
    "partial": Look("Accepted in part", "warn", "circle-half-2", fill=True),
    "rejected": Look("Rejected", "stop", "ban", fill=True),
    "refused": Look("Refused", "stop", "ban", fill=True),
    "unknown": Look("Awaiting confirmation", "warn", "user-question", fill=True),
    "dissolved": Look("Dissolved", "mute", "x"),
    "empty": Look("Nothing to send", "mute", "circle-dashed"),
    "printed": Look("Printed", "ok", "printer"),
}
JOB = {
    "pending": Look("Waiting", "mute", "hourglass"),
    "queued": Look("Waiting", "mute", "hourglass"),
    "running": Look("Working", "go", "loader-2"),
    "done": Look("Done", "ok", "circle-check"),
    "failed": Look("Stopped", "stop", "alert-circle", fill=True),
    "dead": Look("Given up", "stop", "alert-circle", fill=True),
}
FILE = {
    "received": Look("Received", "go", "inbox"),
    "read": Look("Read", "ok", "check"),
    "rejected": Look("Cannot be read", "stop", "alert-circle", fill=True),
    "duplicate": Look("Came before", "mute", "stack-2"),
    "quarantined": Look("Quarantined", "stop", "alert-triangle", fill=True),
}
MONEY = {
    "draft": Look("Draft", "mute", "circle-dashed"),
    "issued": Look("Issued", "go", "file-invoice"),
    "open": Look("Open", "warn", "circle-half-2"),
    "closed": Look("Closed", "mute", "lock"),
    "due": Look("Due", "warn", "hourglass", fill=True),
    "overdue": Look("Overdue", "stop", "clock-exclamation", fill=True),
    "paid": Look("Paid", "ok", "check"),
    "sent": Look("Sent", "go", "send"),
    "active": Look("Active", "go", "checks"),
    "kept": Look("Kept", "ok", "circle-check"),
    "broken": Look("Broken", "stop", "alert-triangle", fill=True),
    "void": Look("Void", "mute", "ban"),
    "superseded": Look("Replaced", "mute", "history"),
    "refunded": Look("Refunded", "mute", "history"),
    "unmatched": Look("Unmatched", "warn", "user-question", fill=True),
    "written_off": Look("Written off", "mute", "ban"),
}
COVERAGE = {
    "default": Look("Default", "ok", "circle-check", fill=True),
    "active": Look("Active", "go", "checks"),
    "inactive": Look("Inactive", "mute", "lock"),
    "ended": Look("Ended", "mute", "lock"),
    "unknown": Look("Not checked", "warn", "user-question"),
    "pending": Look("Asked", "go", "send"),
    "asked": Look("Asked", "go", "send"),
    "refused": Look("Refused", "stop", "ban", fill=True),
    "stale": Look("Check is old", "warn", "clock-exclamation", fill=True),
    "used_up": Look("Used up", "stop", "alert-circle", fill=True),
}
FINDING = {
    "error": Look("Error", "stop", "alert-circle"),
    "warning": Look("Warning", "warn", "alert-triangle"),
    "info": Look("Note", "mute", "file-text"),
    "ok": Look("Clean", "ok", "check"),
    "clean": Look("Clean", "ok", "check"),
}
QUESTION = {
    "waiting": Look("Waiting", "go", "hourglass"),
    "answered": Look("Answered", "ok", "check"),
    "refused": Look("Not taken", "stop", "ban", fill=True),
    "given_up": Look("No answer", "warn", "hourglass", fill=True),
}
AUTHORIZATION = {
    "fine": Look("Fine", "ok", "check"),
    "low": Look("Nearly used up", "warn", "trending-down", fill=True),
    "used_up": Look("Used up", "stop", "ban", fill=True),
    "ended": Look("Ended", "mute", "history"),
    "not_begun": Look("Not begun", "mute", "circle-dashed"),
}
ENROLLMENT = {
    "active": Look("Active", "ok", "check"),
    "asked": Look("Asked for", "go", "send"),
    "pending": Look("Pending", "warn", "hourglass", fill=True),
    "refused": Look("Refused", "stop", "ban", fill=True),
    "missing": Look("Not enrolled", "stop", "alert-triangle", fill=True),
}
LOOKS: dict[str, dict[str, Look]] = {
    "visit": VISIT,
    "claim": CLAIM,
    "outcome": OUTCOME,
    "response": RESPONSE,
    "remittance": REMITTANCE,
    "match": MATCH,
    "batch": BATCH,
    "job": JOB,
    "file": FILE,
    "money": MONEY,
    "coverage": COVERAGE,
    "finding": FINDING,
    "question": QUESTION,
    "authorization": AUTHORIZATION,
    "enrollment": ENROLLMENT,
}


def look(kind: str, value: object) -> Look:
    """The look of state ``value`` of a ``kind``; a state nobody described yet shows its own name, muted."""
    name = str(getattr(value, "value", value)).lower()
    words = name.replace("_", " ").capitalize()
    return LOOKS[kind].get(name) or Look(words, "mute", "circle-dashed")
