"""Good-faith estimates as they were given to patients."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from clinics.fields import MoneyField, TenantForeignKey
from clinics.tenancy import PublicModel


class GoodFaithEstimate(PublicModel):
    """What a patient was told before a visit: the figures it was made from and its PDF, frozen (append-only)."""

    appointment = TenantForeignKey("appointments.Appointment", models.PROTECT, related_name="estimates")
    patient = TenantForeignKey("patients.Patient", models.PROTECT, related_name="+")
    expected_charge = MoneyField()  # list of services before insurance
    patient_share = MoneyField()  # expected to be paid by the patient for this visit
    snapshot = models.JSONField()
    pdf = TenantForeignKey("work.StoredFile", models.PROTECT, related_name="+")
    made_at = models.DateTimeField(db_default=Now())
    made_by = models.CharField(max_length=254)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["clinic", "public_id"], name="good_faith_public_id")]
        indexes = [models.Index(fields=["clinic", "appointment", "-made_at"], name="good_faith_by_visit")]
