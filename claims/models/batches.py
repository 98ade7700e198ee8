"""Batches of submitted claims, what each batch held, and the acknowledgements that came back."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from claims.enums import BatchState, Format
from clinics.fields import MoneyField, TenantForeignKey
from clinics.tenancy import PublicModel, TenantModel


class Batch(PublicModel):
    """One file to one partner for one billing provider (B6.3). Control numbers and bytes are immutable."""

    connection = TenantForeignKey(
        "clearinghouses.Connection", models.PROTECT, null=True, related_name="batches"
    )
    billing_provider = TenantForeignKey("clinics.BillingProvider", models.PROTECT, related_name="+")
    outbound_file = TenantForeignKey(
        "clearinghouses.OutboundFile", models.PROTECT, null=True, related_name="batches"
    )
    stored = TenantForeignKey("work.StoredFile", models.PROTECT, null=True, related_name="+")
    job = TenantForeignKey("work.Job", models.PROTECT, null=True, related_name="+")
    format = models.CharField(max_length=6, choices=Format.choices, default=Format.ELECTRONIC)
    state = models.CharField(max_length=10, choices=BatchState.choices, default=BatchState.PENDING)
    usage = models.CharField(max_length=1, default="T")
    interchange_number = models.BigIntegerField(null=True)
    group_number = models.BigIntegerField(null=True)
    reference = models.CharField(max_length=30, blank=True)  # first BHT03, echoed by the 277CA
    claim_count = models.PositiveIntegerField(default=0)
    total = MoneyField(default=0)
    selection = models.JSONField(default=dict)  # the ids or the filter it was made from
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.CharField(max_length=254)
    delivered_at = models.DateTimeField(null=True)
    detail = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["clinic", "public_id"], name="batch_public_id")]
        indexes = [models.Index(fields=["clinic", "-created_at"], name="batch_recent")]


class BatchItem(TenantModel):
    """The submission of one claim version: at most once, ever (I-15)."""

    batch = TenantForeignKey(Batch, models.PROTECT, related_name="items")
    claim = TenantForeignKey("claims.Claim", models.PROTECT, related_name="submissions")
    transaction_number = models.CharField(max_length=9)  # ST02 of its transaction set
    reference = models.CharField(max_length=30, blank=True)  # BHT03 of its transaction set
    is_live = models.BooleanField(default=True)  # false once the batch was dissolved: those bytes never left

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "claim"], condition=models.Q(is_live=True), name="claim_submitted_once"
            ),
        ]
        indexes = [models.Index(fields=["clinic", "batch"], name="batch_item_by_batch")]


class Acknowledgement(TenantModel):
    """One TA1, 999 set or 277CA status as it came; matched now or later (orphans wait)."""

    file_key = models.CharField(max_length=40)  # public id of the InboundFile
    kind = models.CharField(max_length=6)  # TA1, 999, 277CA
    ordinal = models.PositiveIntegerField()
    batch = TenantForeignKey(Batch, models.PROTECT, null=True, related_name="acknowledgements")
    claim = TenantForeignKey("claims.Claim", models.PROTECT, null=True, related_name="acknowledgements")
    result = models.CharField(max_length=20)  # accepted, accepted_with_errors, rejected, information
    reference = models.CharField(max_length=50, blank=True)  # ISA13, GS06/ST02 or CLM01 that it names
    payer_claim_number = models.CharField(max_length=50, blank=True)
    text = models.CharField(max_length=500, blank=True)
    segment = models.CharField(max_length=500, blank=True)
    data = models.JSONField(default=dict)
    received_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "file_key", "kind", "ordinal"], name="acknowledgement_once"
            )
        ]
        indexes = [models.Index(fields=["clinic", "claim"], name="acknowledgement_by_claim")]
