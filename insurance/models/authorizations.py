"""What a payer has agreed to beforehand: prior authorizations and referrals with their limits (B14)."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from clinics.fields import TenantForeignKey
from clinics.tenancy import PublicModel
from insurance.enums import AuthorizationKind, LimitKind


class Authorization(PublicModel):
    """A number with dates and a limit. What is used is counted by the visits (appointments/AuthorizationUse)."""

    patient = TenantForeignKey("patients.Patient", models.PROTECT, related_name="authorizations")
    policy = TenantForeignKey("insurance.Policy", models.PROTECT, related_name="authorizations")
    kind = models.CharField(
        max_length=8, choices=AuthorizationKind.choices, default=AuthorizationKind.AUTHORIZATION
    )
    number = models.CharField(max_length=30)  # REF*G1 or REF*9F of 2300
    procedure_codes = ArrayField(
        models.CharField(max_length=8), default=list, blank=True
    )  # empty = any service
    effective_on = models.DateField()
    expires_on = models.DateField()
    limit_kind = models.CharField(max_length=6, choices=LimitKind.choices, default=LimitKind.VISITS)
    limit = models.DecimalField(max_digits=11, decimal_places=3)  # visits, units, dollars or days
    note = models.CharField(max_length=200, blank=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now())
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "public_id"], name="authorization_public_id"),
            models.UniqueConstraint(fields=["clinic", "policy", "number"], name="authorization_once"),
            models.CheckConstraint(
                condition=Q(expires_on__gte=F("effective_on")), name="authorization_dates_in_order"
            ),
            models.CheckConstraint(condition=Q(limit__gt=0), name="authorization_limit_positive"),
        ]
        indexes = [
            models.Index(fields=["clinic", "patient"], name="authorization_by_patient"),
            models.Index(fields=["clinic", "expires_on"], name="authorization_by_end"),
        ]

    def __str__(self) -> str:
        return self.number
