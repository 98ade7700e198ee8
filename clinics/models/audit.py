"""Who did or read what, when and why: append-only, behind the wall (45 CFR 164.312(b))."""

from __future__ import annotations

from django.db import models

from clinics.tenancy import TenantModel


class AuditEvent(TenantModel):
    """One act: a change, a read of a patient's record, an export, a sign-in."""

    at = models.DateTimeField(db_default=models.functions.Now())
    actor = models.CharField(max_length=254)
    action = models.CharField(max_length=60)
    object_kind = models.CharField(max_length=40, blank=True)
    object_id = models.CharField(max_length=40, blank=True)  # the public id
    reason = models.CharField(max_length=300, blank=True)
    data = models.JSONField(default=dict)  # old and new values of what changed, never free text about health

    class Meta:
        indexes = [
            models.Index(fields=["clinic", "object_kind", "object_id", "at"], name="audit_by_object"),
            models.Index(fields=["clinic", "at"], name="audit_by_time"),
        ]
