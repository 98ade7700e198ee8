"""What prices come from: fee schedules, patient fees, reduced-fee programs, modifier rules (B17)."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from clinics.fields import MoneyField, TenantForeignKey
from clinics.tenancy import PublicModel, TenantModel


class FeeSchedule(PublicModel):
    """A list of fees: the clinic's standard ones, or a reduced schedule for eligible patients."""

    name = models.CharField(max_length=60)
    kind = models.CharField(max_length=10, choices=[("standard", "Standard"), ("reduced", "Reduced")])

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "public_id"], name="fee_schedule_public_id"),
            models.UniqueConstraint(fields=["clinic", "name"], name="fee_schedule_once"),
        ]

    def __str__(self) -> str:
        return self.name


class FeeRow(TenantModel):
    """One fee; the keys that are given narrow it, the row with most keys wins (B17.3)."""

    schedule = TenantForeignKey(FeeSchedule, models.CASCADE, related_name="rows")
    service = TenantForeignKey("appointments.Service", models.CASCADE, related_name="+")
    payer = TenantForeignKey("insurance.Payer", models.CASCADE, null=True, blank=True, related_name="+")
    plan = TenantForeignKey("insurance.Plan", models.CASCADE, null=True, blank=True, related_name="+")
    clinician = TenantForeignKey("clinics.Clinician", models.CASCADE, null=True, blank=True, related_name="+")
    location = TenantForeignKey("clinics.Location", models.CASCADE, null=True, blank=True, related_name="+")
    effective_on = models.DateField()
    fee = MoneyField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "clinic",
                    "schedule",
                    "service",
                    "payer",
                    "plan",
                    "clinician",
                    "location",
                    "effective_on",
                ],
                name="fee_row_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(condition=Q(fee__gte=0), name="fee_not_negative"),
        ]


class PatientFee(TenantModel):
    """A fee or copay agreed with one patient for one service (B17.3 order 3, B17.7)."""

    patient = TenantForeignKey("patients.Patient", models.CASCADE, related_name="fees")
    service = TenantForeignKey("appointments.Service", models.CASCADE, related_name="+")
    fee = MoneyField(null=True, blank=True)
    copay = MoneyField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "patient", "service"], name="patient_fee_once")
        ]


class ReducedFee(TenantModel):
    """A patient's eligibility for a reduced schedule, with dates."""

    patient = TenantForeignKey("patients.Patient", models.CASCADE, related_name="reduced_fees")
    schedule = TenantForeignKey(FeeSchedule, models.CASCADE, related_name="+")
    effective_on = models.DateField()
    expires_on = models.DateField(null=True, blank=True)


class ModifierRule(TenantModel):
    """Modifiers added by rule; empty keys mean All, the least generic rule wins (B17.6)."""

    service = TenantForeignKey(
        "appointments.Service", models.CASCADE, null=True, blank=True, related_name="+"
    )
    payer = TenantForeignKey("insurance.Payer", models.CASCADE, null=True, blank=True, related_name="+")
    clinician = TenantForeignKey("clinics.Clinician", models.CASCADE, null=True, blank=True, related_name="+")
    modifiers = ArrayField(models.CharField(max_length=2), size=4)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "service", "payer", "clinician"],
                name="modifier_rule_once",
                nulls_distinct=False,
            )
        ]
