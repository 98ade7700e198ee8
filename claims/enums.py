"""States and outcomes of claims and batches (rules.md B5, B6)."""

from django.db import models


class ClaimState(models.TextChoices):
    """Where one claim version stands. Moves are data in claims/lifecycle.py."""

    NEW = "new", "New"
    READY = "ready", "Ready"
    ON_HOLD = "on_hold", "On hold"
    BATCHED = "batched", "Batched"
    SUBMITTED = "submitted", "Submitted"
    ACKNOWLEDGED = "acknowledged", "Acknowledged"
    ACCEPTED = "accepted", "Accepted"
    REJECTED = "rejected", "Rejected"
    AWAITING_CROSSOVER = "awaiting_crossover", "Awaiting crossover"
    ADJUDICATED = "adjudicated", "Adjudicated"
    CLOSED = "closed", "Closed"
    SUPERSEDED = "superseded", "Superseded"
    VOID_REQUESTED = "void_requested", "Void requested"
    VOIDED = "voided", "Voided"


class Outcome(models.TextChoices):
    """What the payer decided, apart from the state (B5)."""

    PAID = "paid", "Paid"
    PARTIAL = "partial", "Partly denied"
    ZERO_PATIENT = "zero_patient", "Patient owes all allowed"
    DENIED = "denied", "Denied"
    REVERSED = "reversed", "Reversed"


class Format(models.TextChoices):
    """How a claim leaves."""

    ELECTRONIC = "837P", "837P"
    PAPER = "paper", "CMS-1500"


class BatchState(models.TextChoices):
    """What became of a batch's bytes."""

    BUILDING = "building", "Being built"
    PENDING = "pending", "Waiting to be sent"
    DELIVERED = "delivered", "Delivered"
    REFUSED = "refused", "Refused"
    UNKNOWN = "unknown", "Awaiting confirmation"
    DISSOLVED = "dissolved", "Dissolved"
    EMPTY = "empty", "Nothing to send"


class InquiryState(models.TextChoices):
    """What became of a question where a claim stands (276)."""

    DUE = "due", "To be asked by telephone"
    WAITING = "waiting", "Asked, no answer yet"
    ANSWERED = "answered", "Answered"
    REFUSED = "refused", "Could not be asked"
    GIVEN_UP = "given_up", "No answer came"
