"""Policies of states and payers as dated rows with their source, and the terms of write-off types (B10)."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from billing.enums import PayerClass, PolicySubject, WriteOffType
from clinics.fields import MoneyField, TenantForeignKey
from clinics.tenancy import PublicModel, TenantModel


class PolicyRow(PublicModel):
    """One rule of a state or payer; empty keys mean all. The row with most keys in force decides."""

    subject = models.CharField(max_length=32, choices=PolicySubject.choices)
    state = models.CharField(max_length=2, blank=True)
    payer_class = models.CharField(max_length=12, choices=PayerClass.choices, blank=True)
    payer = TenantForeignKey("insurance.Payer", models.PROTECT, null=True, blank=True, related_name="+")
    value = models.CharField(max_length=300)
    effective_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)
    source = models.CharField(max_length=300)  # where it is written: statute, manual, contract
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.CharField(max_length=254)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "public_id"], name="policy_row_public_id"),
            models.UniqueConstraint(
                fields=["clinic", "subject", "state", "payer_class", "payer", "effective_on"],
                name="policy_row_once",
                nulls_distinct=False,
            ),
        ]


class WriteOffTerms(TenantModel):
    """What the clinic says of one write-off type; a type without a row has the house's terms."""

    type = models.CharField(max_length=24, choices=WriteOffType.choices)
    gl_code = models.CharField(max_length=20, blank=True)
    needs_reason = models.BooleanField(default=True)
    counts_as_bad_debt = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["clinic", "type"], name="write_off_terms_once")]


class Approval(PublicModel):
    """An act that a second person decides: who asked, for what, who answered. The act runs on approval."""

    kind = models.CharField(
        max_length=12,
        choices=[
            ("writeoff", "Write-off"),
            ("refund", "Refund"),
            ("reopen", "Reopen a day"),
            ("merge", "Merge two records"),
            ("payer_refund", "Refund to an insurer"),
        ],
    )
    state = models.CharField(
        max_length=10,
        choices=[
            ("asked", "Waits"),
            ("approved", "Approved"),
            ("refused", "Refused"),
            ("withdrawn", "Withdrawn"),
        ],
        default="asked",
    )
    patient = TenantForeignKey("patients.Patient", models.PROTECT, null=True, related_name="+")
    invoice = TenantForeignKey("billing.Invoice", models.PROTECT, null=True, related_name="approvals")
    wanted = models.JSONField()  # the act with its values, money as text
    words = models.CharField(max_length=200)
    reason = models.CharField(max_length=200)
    because = models.CharField(max_length=200)  # why a second person is needed
    asked_by = models.CharField(max_length=254)
    asked_at = models.DateTimeField(db_default=Now())
    decided_by = models.CharField(max_length=254, blank=True)
    decided_at = models.DateTimeField(null=True)
    answer = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "public_id"], name="approval_public_id"),
            # c1: who asked cannot approve.
            models.CheckConstraint(
                condition=~Q(state="approved") | ~Q(decided_by=models.F("asked_by")),
                name="approval_second_person",
            ),
        ]
        indexes = [models.Index(fields=["clinic", "state", "-asked_at"], name="approval_by_state")]


class WriteOffRun(PublicModel):
    """A run over small balances, as it was previewed; undone whole, never edited."""

    location = TenantForeignKey("clinics.Location", models.PROTECT, related_name="+")
    lines = models.JSONField()  # invoice, patient, amount, decision: as posted
    count = models.PositiveIntegerField()
    amount = MoneyField()
    made_at = models.DateTimeField(db_default=Now())
    made_by = models.CharField(max_length=254)
    undone_at = models.DateTimeField(null=True)
    undone_by = models.CharField(max_length=254, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "public_id"], name="write_off_run_public_id")
        ]
