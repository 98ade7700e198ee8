"""Closed days: nothing is posted on a closed day or before it; the database refuses (I-24)."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from clinics.tenancy import PublicModel


class DayClose(PublicModel):
    """A day that was closed with its sums; a reopened one stays in the list, with who and why."""

    day = models.DateField()
    sums = models.JSONField()  # the day sheet as it was
    note = models.CharField(max_length=200, blank=True)
    closed_at = models.DateTimeField(db_default=Now())
    closed_by = models.CharField(max_length=254)
    reopened_at = models.DateTimeField(null=True)
    reopened_by = models.CharField(max_length=254, blank=True)
    reopen_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "public_id"], name="day_close_public_id"),
            models.UniqueConstraint(
                fields=["clinic", "day"], condition=Q(reopened_at__isnull=True), name="day_closed_once"
            ),
        ]
