"""What was done when coverage changed: visits moved to another profile, or billed to a card found later."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from clinics.fields import TenantForeignKey
from clinics.tenancy import PublicModel


class CoverageMove(PublicModel):
    """One act of rules.md B11.5 or B11.6 over any number of visits, with what one undo needs to know.

    ``items`` names each visit by public ids: {"visit", "old", "new", "txn", "claims",
    "was_claimed", "decided"}.
    """

    KINDS = (("profile", "Moved to another profile"), ("layer", "Billed to a card found later"))

    kind = models.CharField(max_length=8, choices=KINDS)
    patient = TenantForeignKey("patients.Patient", models.PROTECT, related_name="coverage_moves")
    profile_from = TenantForeignKey("insurance.InsuranceProfile", models.PROTECT, related_name="+")
    profile_to = TenantForeignKey("insurance.InsuranceProfile", models.PROTECT, related_name="+")
    options = models.JSONField(default=dict)
    note = models.CharField(max_length=300, blank=True)
    items = models.JSONField(default=list)
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.CharField(max_length=254)
    undone_at = models.DateTimeField(null=True)
    undone_by = models.CharField(max_length=254, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "public_id"], name="coverage_move_public_id")
        ]
        indexes = [models.Index(fields=["clinic", "patient", "-created_at"], name="coverage_move_recent")]
