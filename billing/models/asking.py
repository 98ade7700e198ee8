"""Who is asked for money and how far the asking has come: accounts, members and deliveries of statements,
calls, promises and disputes, collections (B12, B13)."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from billing.enums import CallKind, CaseState
from clinics.fields import MoneyField, TenantForeignKey
from clinics.tenancy import PublicModel, TenantModel


class Account(PublicModel):
    """Whoever gets the statements: a guarantor for all their patients, or a patient alone."""

    patient = TenantForeignKey("patients.Patient", models.PROTECT, null=True, related_name="+")
    guarantor = TenantForeignKey("patients.Guarantor", models.PROTECT, null=True, related_name="+")
    level = models.PositiveSmallIntegerField(default=0)  # statements since asking began
    level_at = models.DateTimeField(null=True)
    bad_address_on = models.DateField(null=True)
    hold_until = models.DateField(null=True)
    hold_reason = models.CharField(max_length=120, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "public_id"], name="account_public_id"),
            models.UniqueConstraint(fields=["clinic", "patient"], name="account_one_a_patient"),
            models.UniqueConstraint(fields=["clinic", "guarantor"], name="account_one_a_guarantor"),
            models.CheckConstraint(
                condition=Q(patient__isnull=True, guarantor__isnull=False)
                | Q(patient__isnull=False, guarantor__isnull=True),
                name="account_of_one",
            ),
        ]


class StatementMember(TenantModel):
    """A patient who stands on a statement, with the balance there; append-only."""

    statement = TenantForeignKey("billing.Statement", models.PROTECT, related_name="members")
    patient = TenantForeignKey("patients.Patient", models.PROTECT, related_name="+")
    account = TenantForeignKey(Account, models.PROTECT, related_name="+")
    job = TenantForeignKey("work.Job", models.PROTECT, null=True, related_name="+")
    level = models.PositiveSmallIntegerField()
    balance = MoneyField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "statement", "patient"], name="statement_member_once"),
            # One statement an account in one job, however often the job is run again.
            models.UniqueConstraint(
                fields=["clinic", "job", "patient"], condition=Q(job__isnull=False), name="asked_once_a_job"
            ),
        ]
        indexes = [models.Index(fields=["clinic", "patient"], name="statement_member_by_who")]


class StatementDelivery(TenantModel):
    """How a statement left the house; append-only."""

    statement = TenantForeignKey("billing.Statement", models.PROTECT, related_name="deliveries")
    way = models.CharField(max_length=6, choices=[("print", "Printed"), ("email", "E-mailed")])
    recipient = models.CharField(max_length=254, blank=True)
    at = models.DateTimeField(db_default=Now())
    by = models.CharField(max_length=254)

    class Meta:
        indexes = [models.Index(fields=["clinic", "statement"], name="delivery_by_statement")]


class CallNote(PublicModel):
    """What was said with a patient, what was promised, what is disputed, and what is to be done about it."""

    patient = TenantForeignKey("patients.Patient", models.PROTECT, related_name="calls")
    invoice = TenantForeignKey("billing.Invoice", models.PROTECT, null=True, blank=True, related_name="+")
    kind = models.CharField(max_length=8, choices=CallKind.choices, default=CallKind.CALL)
    spoke_with = models.CharField(max_length=80, blank=True)
    reference = models.CharField(max_length=40, blank=True)
    text = models.CharField(max_length=500)
    promise_on = models.DateField(null=True, blank=True)
    promise_amount = MoneyField(null=True, blank=True)
    follow_up_on = models.DateField(null=True, blank=True)
    assignee = models.CharField(max_length=254, blank=True)
    state = models.CharField(max_length=4, choices=[("open", "Open"), ("done", "Done")], default="done")
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.CharField(max_length=254)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.CharField(max_length=254, blank=True)
    outcome = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["clinic", "public_id"], name="call_note_public_id")]
        indexes = [
            models.Index(fields=["clinic", "patient", "-created_at"], name="call_note_by_patient"),
            models.Index(fields=["clinic", "state", "follow_up_on"], name="call_note_to_do"),
        ]


class CollectionHandoff(PublicModel):
    """One file for a collection agency, as it was made; append-only."""

    number = models.CharField(max_length=20)
    agency = models.CharField(max_length=80)
    count = models.PositiveIntegerField()
    amount = MoneyField()
    file = TenantForeignKey("work.StoredFile", models.PROTECT, related_name="+")
    made_at = models.DateTimeField(db_default=Now())
    made_by = models.CharField(max_length=254)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["clinic", "public_id"], name="handoff_public_id")]


class CollectionCase(PublicModel):
    """An account on the way to collections: proposed by rule, decided by a person (B12)."""

    account = TenantForeignKey(Account, models.PROTECT, related_name="cases")
    patient = TenantForeignKey("patients.Patient", models.PROTECT, related_name="+")
    state = models.CharField(max_length=8, choices=CaseState.choices)
    amount = MoneyField()
    why = models.JSONField()  # what proposed it: level, days, the policy rows that decided
    handoff = TenantForeignKey(CollectionHandoff, models.PROTECT, null=True, related_name="cases")
    decided_at = models.DateTimeField(db_default=Now())
    decided_by = models.CharField(max_length=254)
    reason = models.CharField(max_length=200)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.CharField(max_length=254, blank=True)
    outcome = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "public_id"], name="collection_case_public_id"),
            models.UniqueConstraint(
                fields=["clinic", "account"],
                condition=Q(state__in=["approved", "handed"]),
                name="one_open_case_an_account",
            ),
        ]
        indexes = [models.Index(fields=["clinic", "state", "-decided_at"], name="collection_case_by_state")]


class CollectionLine(TenantModel):
    """A charge that was handed to an agency, with what was owed on it then; append-only."""

    case = TenantForeignKey(CollectionCase, models.PROTECT, related_name="lines")
    charge = TenantForeignKey("billing.Charge", models.PROTECT, related_name="+")
    amount = MoneyField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "case", "charge"], name="collection_line_once")
        ]
        indexes = [models.Index(fields=["clinic", "charge"], name="collection_line_by_charge")]
