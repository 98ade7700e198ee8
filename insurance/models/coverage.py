"""Payers and plans, policies on profiles in layers, expected prices."""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Func, Q

from clinics.fields import MoneyField, TenantForeignKey
from clinics.models.places import Address
from clinics.tenancy import PublicModel, TenantModel
from insurance.enums import (
    ClaimFormat,
    FilingIndicator,
    MedicareSecond,
    ProfileKind,
    ProfileStatus,
    Relationship,
)


class Payer(PublicModel, Address):
    """An insurer as this clinic bills it. ``payer_id``: the clearinghouse's electronic id (2010BB NM109)."""

    name = models.CharField(max_length=60)
    payer_id = models.CharField(max_length=30)
    claim_format = models.CharField(
        max_length=20, choices=ClaimFormat.choices, default=ClaimFormat.ELECTRONIC
    )
    filing_indicator = models.CharField(
        max_length=2, choices=FilingIndicator.choices, default=FilingIndicator.COMMERCIAL
    )
    remit_payer_id = models.CharField(max_length=30, blank=True)  # TRN03 of its 835s: "1" + EIN
    # Filing limits in days (B14): initial claims from the visit (empty = 90), corrected claims and appeals
    # from the payer's answer (empty = not known).
    filing_days = models.PositiveIntegerField(null=True, blank=True)
    corrected_days = models.PositiveIntegerField(null=True, blank=True)
    appeal_days = models.PositiveIntegerField(null=True, blank=True)
    guidelines = models.TextField(blank=True, max_length=4000)  # the clinic's own notes on this payer
    accepts_frequency_7_8 = models.BooleanField(default=True)
    report_zero_share = models.BooleanField(default=False)
    tell_patient_paid = models.BooleanField(default=True)  # box 29, AMT*F5 (B6.7)
    # As a later payer: whether the first one's copay is asked at check-out. Empty: as usual, Medicaid no (B11.2).
    collect_primary_copay = models.BooleanField(null=True, blank=True)
    crossover_days = models.PositiveIntegerField(default=30)
    requires = models.JSONField(default=list)  # plan requirements B17.1: names such as "referring_npi"
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "public_id"], name="payer_public_id"),
            models.UniqueConstraint(fields=["clinic", "payer_id", "name"], name="payer_once"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def asks_primary_copay(self) -> bool:
        """Whether a copay of the insurer before it is asked at check-out where this one pays later (B11.2)."""
        if self.collect_primary_copay is None:
            return self.filing_indicator != FilingIndicator.MEDICAID
        return self.collect_primary_copay


class Plan(PublicModel):
    """A product of a payer with its usual copays."""

    payer = TenantForeignKey(Payer, models.PROTECT, related_name="plans")
    name = models.CharField(max_length=60)
    copay_individual = MoneyField(null=True, blank=True)
    copay_group = MoneyField(null=True, blank=True)
    requires = models.JSONField(default=list)  # beyond what its payer asks for (B17.1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "public_id"], name="plan_public_id"),
            models.UniqueConstraint(fields=["clinic", "payer", "name"], name="plan_once"),
        ]

    def __str__(self) -> str:
        return f"{self.payer.name} {self.name}"


class Policy(PublicModel):
    """A card: one person's coverage with one payer. It may sit on several profiles, or on none (holding)."""

    patient = TenantForeignKey("patients.Patient", models.PROTECT, related_name="policies")
    payer = TenantForeignKey(Payer, models.PROTECT, related_name="policies")
    plan = TenantForeignKey(Plan, models.PROTECT, null=True, blank=True, related_name="policies")
    member_id = models.CharField(max_length=40)
    group_number = models.CharField(max_length=30, blank=True)
    group_name = models.CharField(max_length=60, blank=True)
    relationship = models.CharField(max_length=2, choices=Relationship.choices, blank=True)
    medicare_second = models.CharField(max_length=2, choices=MedicareSecond.choices, blank=True)  # SBR05
    # The holder, where that is not the patient.
    holder_first_name = models.CharField(max_length=35, blank=True)
    holder_last_name = models.CharField(max_length=60, blank=True)
    holder_birth_date = models.DateField(null=True, blank=True)
    holder_sex = models.CharField(max_length=1, blank=True)
    effective_on = models.DateField()
    expires_on = models.DateField(null=True, blank=True)
    copay_individual = MoneyField(null=True, blank=True)  # overrides the plan's
    copay_group = MoneyField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["clinic", "public_id"], name="policy_public_id")]
        indexes = [models.Index(fields=["clinic", "patient"], name="policy_by_patient")]

    def __str__(self) -> str:
        return f"{self.payer.name} {self.member_id}"


class InsuranceProfile(PublicModel):
    """Who pays in which order for which dates (B11). Primary, secondary and tertiary are its layers."""

    patient = TenantForeignKey("patients.Patient", models.PROTECT, related_name="profiles")
    name = models.CharField(max_length=60)
    kind = models.CharField(max_length=10, choices=ProfileKind.choices, default=ProfileKind.STANDARD)
    status = models.CharField(max_length=10, choices=ProfileStatus.choices, default=ProfileStatus.ACTIVE)
    effective_on = models.DateField(null=True, blank=True)
    expires_on = models.DateField(null=True, blank=True)
    # Workers' compensation and auto: copied into the visit's treatment dates (B11.4).
    accident_on = models.DateField(null=True, blank=True)
    accident_state = models.CharField(max_length=2, blank=True)
    accident_claim_number = models.CharField(max_length=40, blank=True)
    employer = models.CharField(max_length=60, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "public_id"], name="profile_public_id"),
            models.UniqueConstraint(
                fields=["clinic", "patient"], condition=Q(status="default"), name="profile_one_default"
            ),
        ]
        indexes = [models.Index(fields=["clinic", "patient"], name="profile_by_patient")]

    def __str__(self) -> str:
        return self.name


class Layer(TenantModel):
    """One payer's place on a profile: position 1 to 3 and the dates between which it is billed."""

    profile = TenantForeignKey(InsuranceProfile, models.CASCADE, related_name="layers")
    policy = TenantForeignKey(Policy, models.PROTECT, related_name="layers")
    position = models.PositiveSmallIntegerField()
    effective_on = models.DateField()
    expires_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(position__gte=1) & Q(position__lte=3), name="layer_position_1_to_3"
            ),
            models.CheckConstraint(
                condition=Q(expires_on__isnull=True) | Q(expires_on__gte=F("effective_on")),
                name="layer_dates_in_order",
            ),
            # No two payers in one position on one day of a profile (I-22); needs btree_gist.
            ExclusionConstraint(
                name="layer_position_once_a_day",
                expressions=[
                    ("clinic", RangeOperators.EQUAL),
                    ("profile", RangeOperators.EQUAL),
                    ("position", RangeOperators.EQUAL),
                    (
                        Func(F("effective_on"), F("expires_on"), models.Value("[]"), function="daterange"),
                        RangeOperators.OVERLAPS,
                    ),
                ],
            ),
        ]
        ordering = ["position", "effective_on"]


class ContractRate(TenantModel):
    """What a payer's contract allows for a procedure (B13): the expected allowed amount, with dates."""

    payer = TenantForeignKey(Payer, models.CASCADE, related_name="rates")
    procedure_code = models.CharField(max_length=8)  # by code, not by key (design.md 2)
    allowed = MoneyField()
    effective_on = models.DateField()
    expires_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "payer", "procedure_code", "effective_on"], name="rate_once"
            )
        ]
