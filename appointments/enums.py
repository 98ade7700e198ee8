"""Choices of the appointments room."""

from django.db import models


class AppointmentState(models.TextChoices):
    """The fixed states of rules.md B2; statuses made by admins belong to exactly one."""

    SCHEDULED = "scheduled", "Scheduled"
    ARRIVED = "arrived", "Arrived"
    IN_TREATMENT = "in_treatment", "In treatment"
    COMPLETE = "complete", "Complete"
    CHECKED_OUT = "checked_out", "Checked out"
    NO_SHOW = "no_show", "No-show"
    LATE_CANCEL = "late_cancel", "Late cancel"
    CANCELLED = "cancelled", "Cancelled"
    CLINICIAN_CANCELLED = "clinician_cancelled", "Cancelled by clinician"


class ServiceKind(models.TextChoices):
    """Which copay of a plan applies (B17.7)."""

    INDIVIDUAL = "individual", "Individual"
    GROUP = "group", "Group"


class LineOrigin(models.TextChoices):
    """Where a visit line came from."""

    TYPED = "typed", "Entered"
    SALT = "salt", "Same as last time"


class UseState(models.TextChoices):
    """How a visit counts against its authorization."""

    RESERVED = "reserved", "Reserved"
    CONSUMED = "consumed", "Used"
