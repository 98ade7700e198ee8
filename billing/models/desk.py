"""What the front desk leaves behind: attempts to turn visits into charges, and drawers as they were counted."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from billing.enums import TransitionOutcome
from clinics.fields import MoneyField, TenantForeignKey
from clinics.tenancy import PublicModel, TenantModel


class VisitTransition(TenantModel):
    """The last try to charge a visit without the check-out screen (B17.0): one row a visit, by its version.

    ``reasons`` are [{"code", "words", "repair"}]: why nothing was made and where it is mended.
    """

    appointment = TenantForeignKey("appointments.Appointment", models.CASCADE, related_name="transitions")
    visit_version = models.PositiveIntegerField()
    outcome = models.CharField(max_length=16, choices=TransitionOutcome.choices)
    reasons = models.JSONField(default=list)
    tried_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "appointment"], name="visit_transition_once")
        ]


class DrawerClose(PublicModel):
    """One person's drawer at one location as counted against what the system says; never changed."""

    location = TenantForeignKey("clinics.Location", models.PROTECT, related_name="+")
    person = models.CharField(max_length=254)
    day = models.DateField()
    opened_at = models.DateTimeField(null=True)  # the close before; empty = the first
    closed_at = models.DateTimeField(db_default=Now())
    methods = models.JSONField()  # [{"method", "system", "counted"}], dollars as text
    system = MoneyField()
    counted = MoneyField()
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["clinic", "public_id"], name="drawer_close_public_id")]
        indexes = [
            models.Index(fields=["clinic", "location", "person", "-closed_at"], name="drawer_close_by_person")
        ]
