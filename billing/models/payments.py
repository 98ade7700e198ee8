"""Payment methods and receipts: money as it came in."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from billing.enums import Channel, MethodKind
from clinics.fields import MoneyField, TenantForeignKey
from clinics.tenancy import PublicModel


class PaymentMethod(PublicModel):
    """Cash, check, card terminal ... and the one system-owned Insurance method (B3)."""

    name = models.CharField(max_length=30)
    kind = models.CharField(max_length=10, choices=MethodKind.choices, default=MethodKind.PATIENT)
    needs_reference = models.BooleanField(
        default=False
    )  # check number, terminal reference; never a card number
    gives_change = models.BooleanField(default=False)
    position = models.PositiveSmallIntegerField(default=0)
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "public_id"], name="payment_method_public_id"),
            models.UniqueConstraint(fields=["clinic", "name"], name="payment_method_once"),
            models.UniqueConstraint(
                fields=["clinic"], condition=Q(kind="insurance"), name="one_insurance_method"
            ),
        ]
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.name


class Receipt(PublicModel):
    """Money received, once: a patient's payment or an insurer's check. Only ``unapplied`` moves, by trigger (I-5)."""

    method = TenantForeignKey(PaymentMethod, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=MethodKind.choices)
    patient = TenantForeignKey("patients.Patient", models.PROTECT, null=True, related_name="receipts")
    payer = TenantForeignKey("insurance.Payer", models.PROTECT, null=True, related_name="receipts")
    location = TenantForeignKey("clinics.Location", models.PROTECT, null=True, related_name="+")
    amount = MoneyField()
    memo = models.CharField(max_length=120, blank=True)
    reference = models.CharField(max_length=40, blank=True)
    channel = models.CharField(max_length=8, choices=Channel.choices, default=Channel.DESK)
    # The claim response or manual EOB behind insurer money; a key, never a foreign key upward.
    source_kind = models.CharField(max_length=20, blank=True)
    source_key = models.CharField(max_length=60, blank=True)
    received_on = models.DateField()
    effective_on = models.DateField()
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.CharField(max_length=254)
    unapplied = MoneyField(default=0)  # patient credit left of this receipt; kept by trigger, verified

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "public_id"], name="receipt_public_id"),
            # B3's hard rule, in the database too.
            models.CheckConstraint(
                condition=(
                    Q(kind="insurance", payer__isnull=False) & ~Q(source_key="") & Q(patient__isnull=True)
                )
                | Q(kind="patient", payer__isnull=True, source_key="", patient__isnull=False, amount__gt=0),
                name="receipt_kind_fits_source",
            ),
            # I-5: never more allocated than received, never more credit than received.
            models.CheckConstraint(
                condition=Q(kind="insurance") | Q(unapplied__gte=0, unapplied__lte=F("amount")),
                name="receipt_not_overspent",
            ),
        ]
        indexes = [models.Index(fields=["clinic", "patient", "-received_on"], name="receipt_by_patient")]
