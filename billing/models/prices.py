"""What prices come from: fee schedules, patient fees, reduced-fee programs, modifier rules (B17).

Nothing here is copied into a charge by reference: a charge keeps its trace, so rows may go when they are wrong.
"""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Coalesce

from clinics.fields import MoneyField, TenantForeignKey
from clinics.tenancy import PublicModel


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


class FeeRow(PublicModel):
    """One fee; the keys that are given narrow it, the row with most keys wins (B17.3)."""

    schedule = TenantForeignKey(FeeSchedule, models.CASCADE, related_name="rows")
    service = TenantForeignKey("appointments.Service", models.CASCADE, related_name="+")
    payer = TenantForeignKey("insurance.Payer", models.CASCADE, null=True, blank=True, related_name="+")
    plan = TenantForeignKey("insurance.Plan", models.CASCADE, null=True, blank=True, related_name="+")
    clinician = TenantForeignKey("clinics.Clinician", models.CASCADE, null=True, blank=True, related_name="+")
    credential = models.CharField(max_length=12, blank=True)
    location = TenantForeignKey("clinics.Location", models.CASCADE, null=True, blank=True, related_name="+")
    effective_on = models.DateField()
    fee = MoneyField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "public_id"], name="fee_row_public_id"),
            models.UniqueConstraint(
                fields=[
                    "clinic",
                    "schedule",
                    "service",
                    "payer",
                    "plan",
                    "clinician",
                    "credential",
                    "location",
                    "effective_on",
                ],
                name="fee_row_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(condition=Q(fee__gte=0), name="fee_not_negative"),
        ]


class PatientFee(PublicModel):
    """A fee or copay agreed with one patient for one service (B17.3 order 3, B17.7)."""

    patient = TenantForeignKey("patients.Patient", models.CASCADE, related_name="fees")
    service = TenantForeignKey("appointments.Service", models.CASCADE, related_name="+")
    fee = MoneyField(null=True, blank=True)
    copay = MoneyField(null=True, blank=True)
    copay_per_unit = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "public_id"], name="patient_fee_public_id"),
            models.UniqueConstraint(fields=["clinic", "patient", "service"], name="patient_fee_once"),
            models.CheckConstraint(
                condition=(Q(fee__isnull=True) | Q(fee__gte=0)) & (Q(copay__isnull=True) | Q(copay__gte=0)),
                name="patient_fee_not_negative",
            ),
        ]


class ReducedFee(PublicModel):
    """A patient's eligibility for a reduced schedule, with dates; on one day there is at most one."""

    patient = TenantForeignKey("patients.Patient", models.CASCADE, related_name="reduced_fees")
    schedule = TenantForeignKey(FeeSchedule, models.CASCADE, related_name="+")
    effective_on = models.DateField()
    expires_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "public_id"], name="reduced_fee_public_id"),
            models.CheckConstraint(
                condition=Q(expires_on__isnull=True) | Q(expires_on__gte=F("effective_on")),
                name="reduced_fee_dates_in_order",
            ),
            ExclusionConstraint(
                name="reduced_fee_one_a_day",
                expressions=[
                    ("clinic", RangeOperators.EQUAL),
                    ("patient", RangeOperators.EQUAL),
                    (
                        Func(F("effective_on"), F("expires_on"), models.Value("[]"), function="daterange"),
                        RangeOperators.OVERLAPS,
                    ),
                ],
            ),
        ]


class ModifierRule(PublicModel):
    """Modifiers added by rule; empty keys mean All, the least generic rule wins (B17.6).

    The unit fee may change by an amount or a percentage, less than zero for less. Two rules nothing
    could choose between are refused by the database: equal keys, or age bands that share an age.
    """

    service = TenantForeignKey(
        "appointments.Service", models.CASCADE, null=True, blank=True, related_name="+"
    )
    payer = TenantForeignKey("insurance.Payer", models.CASCADE, null=True, blank=True, related_name="+")
    clinician = TenantForeignKey("clinics.Clinician", models.CASCADE, null=True, blank=True, related_name="+")
    credential = models.CharField(max_length=12, blank=True)
    pos = models.CharField(max_length=2, blank=True)
    age_from = models.PositiveSmallIntegerField(null=True, blank=True)
    age_to = models.PositiveSmallIntegerField(null=True, blank=True)
    modifiers = ArrayField(models.CharField(max_length=2), size=4)
    fee_amount = MoneyField(null=True, blank=True)
    fee_percent = models.DecimalField(max_digits=6, decimal_places=2, null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "public_id"], name="modifier_rule_public_id"),
            models.UniqueConstraint(
                fields=["clinic", "service", "payer", "clinician", "credential", "pos"],
                condition=Q(age_from__isnull=True) & Q(age_to__isnull=True),
                name="modifier_rule_once",
                nulls_distinct=False,
            ),
            ExclusionConstraint(
                name="modifier_rule_ages_apart",
                condition=Q(age_from__isnull=False) | Q(age_to__isnull=False),
                expressions=[
                    ("clinic", RangeOperators.EQUAL),
                    (Coalesce("service_id", 0), RangeOperators.EQUAL),
                    (Coalesce("payer_id", 0), RangeOperators.EQUAL),
                    (Coalesce("clinician_id", 0), RangeOperators.EQUAL),
                    ("credential", RangeOperators.EQUAL),
                    ("pos", RangeOperators.EQUAL),
                    (
                        Func(F("age_from"), F("age_to"), models.Value("[]"), function="int4range"),
                        RangeOperators.OVERLAPS,
                    ),
                ],
            ),
            models.CheckConstraint(
                condition=Q(age_from__isnull=True) | Q(age_to__isnull=True) | Q(age_to__gte=F("age_from")),
                name="modifier_rule_ages_in_order",
            ),
            models.CheckConstraint(
                condition=Q(fee_amount__isnull=True) | Q(fee_percent__isnull=True),
                name="modifier_rule_one_fee_change",
            ),
        ]


class SameDayRule(PublicModel):
    """The nth of some services for a patient on one day: add a modifier (B17.6)."""

    services = ArrayField(models.CharField(max_length=16))  # public ids; counted together
    occurrence = models.PositiveSmallIntegerField()
    and_later = models.BooleanField(default=False)
    modifier = models.CharField(max_length=2)
    payer = TenantForeignKey("insurance.Payer", models.CASCADE, null=True, blank=True, related_name="+")
    per_clinician = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "public_id"], name="same_day_rule_public_id"),
            models.UniqueConstraint(
                fields=["clinic", "services", "occurrence", "payer", "modifier"],
                name="same_day_rule_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(occurrence__gte=1) & Q(occurrence__lte=99), name="same_day_rule_occurrence"
            ),
        ]
