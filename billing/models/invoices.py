"""Charges with their trace, frozen invoices, statements, and the counters that number them."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from billing.enums import InvoiceKind, InvoiceState
from clinics.fields import MoneyField, TenantForeignKey
from clinics.tenancy import PublicModel, TenantModel


class NumberCounter(TenantModel):
    """The last number given out per series; numbers are never used again."""

    series = models.CharField(max_length=20)
    value = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["clinic", "series"], name="number_series_once")]


class Invoice(PublicModel):
    """A frozen document; only its state moves. A visit has one live invoice (B2)."""

    number = models.CharField(max_length=20)
    kind = models.CharField(max_length=12, choices=InvoiceKind.choices)
    patient = TenantForeignKey("patients.Patient", models.PROTECT, related_name="invoices")
    appointment = TenantForeignKey(
        "appointments.Appointment", models.PROTECT, null=True, related_name="invoices"
    )
    location = TenantForeignKey("clinics.Location", models.PROTECT, related_name="+")
    profile = TenantForeignKey(
        "insurance.InsuranceProfile", models.PROTECT, null=True, related_name="invoices"
    )
    corrects = TenantForeignKey("self", models.PROTECT, null=True, related_name="corrections")
    service_date = models.DateField()
    issued_at = models.DateTimeField(db_default=Now())
    total = MoneyField()
    document = models.JSONField()  # everything printed, as it was: names, addresses, lines, split
    state = models.CharField(max_length=8, choices=InvoiceState.choices, default=InvoiceState.OPEN)
    voided_at = models.DateTimeField(null=True)
    void_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "public_id"], name="invoice_public_id"),
            models.UniqueConstraint(fields=["clinic", "number"], name="invoice_number_once"),
            models.UniqueConstraint(
                fields=["clinic", "appointment"],
                condition=~Q(state="void"),
                name="invoice_one_live_a_visit",
            ),
            models.CheckConstraint(
                condition=Q(kind="one_off") | Q(appointment__isnull=False),
                name="appointment_invoice_has_visit",
            ),
        ]
        indexes = [models.Index(fields=["clinic", "patient", "-service_date"], name="invoice_by_patient")]

    def __str__(self) -> str:
        return self.number


class Charge(PublicModel):
    """One priced line with the trace that explains it; append-only. Corrections are adjusting charges (B8)."""

    invoice = TenantForeignKey(Invoice, models.PROTECT, related_name="charges")
    patient = TenantForeignKey("patients.Patient", models.PROTECT, related_name="+")
    visit_line = TenantForeignKey("appointments.VisitLine", models.PROTECT, null=True, related_name="+")
    service = TenantForeignKey("appointments.Service", models.PROTECT, null=True, related_name="+")
    line_no = models.PositiveSmallIntegerField()
    service_date = models.DateField()
    procedure_code = models.CharField(max_length=8)
    description = models.CharField(max_length=80)
    modifiers = ArrayField(models.CharField(max_length=2), default=list)
    pointers = ArrayField(models.PositiveSmallIntegerField(), default=list)
    units = models.DecimalField(max_digits=8, decimal_places=3)
    unit_fee = MoneyField()
    amount = MoneyField()
    patient_part = MoneyField()  # expected split at check-out (B17.7)
    rule = models.CharField(max_length=20)
    trace = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "public_id"], name="charge_public_id"),
            models.UniqueConstraint(fields=["clinic", "invoice", "line_no"], name="charge_line_once"),
        ]
        ordering = ["line_no"]


class Statement(PublicModel):
    """What a patient was asked for, as sent: snapshot and PDF never change; its balance equals the ledger then."""

    number = models.CharField(max_length=20)
    patient = TenantForeignKey("patients.Patient", models.PROTECT, related_name="statements")
    cut_at = models.DateTimeField()
    balance = MoneyField()
    snapshot = models.JSONField()
    pdf = TenantForeignKey("work.StoredFile", models.PROTECT, null=True, related_name="+")
    superseded_at = models.DateTimeField(null=True)
    created_by = models.CharField(max_length=254)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "public_id"], name="statement_public_id"),
            models.UniqueConstraint(fields=["clinic", "number"], name="statement_number_once"),
        ]
        indexes = [models.Index(fields=["clinic", "patient", "-cut_at"], name="statement_by_patient")]
