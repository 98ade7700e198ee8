"""Pictures of insurance cards, encrypted at rest."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from clinics.fields import EncryptedBytes, TenantForeignKey
from clinics.tenancy import PublicModel
from insurance.models.coverage import Policy


class CardImage(PublicModel):
    """One side of a card as it was photographed; a newer picture of a side takes the place of the older one."""

    policy = TenantForeignKey(Policy, models.CASCADE, related_name="images")
    side = models.CharField(max_length=5, choices=[("front", "Front"), ("back", "Back")])
    content_type = models.CharField(max_length=20)
    size = models.PositiveIntegerField()
    content = EncryptedBytes()
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.CharField(max_length=254)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "public_id"], name="card_image_public_id"),
            models.UniqueConstraint(fields=["clinic", "policy", "side"], name="card_image_one_a_side"),
        ]
