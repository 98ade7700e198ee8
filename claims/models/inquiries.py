"""Questions where a claim stands: by 276, or for a person to ask by telephone; and what was said."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from claims.enums import InquiryState
from clinics.fields import MoneyField, TenantForeignKey
from clinics.tenancy import PublicModel


class StatusInquiry(PublicModel):
    """One question about one claim version. ``public_id`` is its trace (TRN02); a row before any byte leaves."""

    claim = TenantForeignKey("claims.Claim", models.PROTECT, related_name="inquiries")
    connection = TenantForeignKey("clearinghouses.Connection", models.PROTECT, null=True, related_name="+")
    outbound_file = TenantForeignKey(
        "clearinghouses.OutboundFile", models.PROTECT, null=True, related_name="+"
    )
    reference = models.CharField(max_length=9, blank=True)  # ST02 and BHT03 of its transaction set
    state = models.CharField(max_length=10, choices=InquiryState.choices, default=InquiryState.WAITING)
    why = models.CharField(max_length=200, blank=True)  # why it is asked: who, or the silence
    detail = models.CharField(max_length=300, blank=True)
    category = models.CharField(max_length=3, blank=True)  # of STC01: F1, P1, A4 ...
    text = models.CharField(max_length=500, blank=True)
    segment = models.CharField(max_length=500, blank=True)
    paid = MoneyField(null=True)
    order_key = models.CharField(max_length=40, blank=True)  # of several answers the latest stays
    asked_at = models.DateTimeField(db_default=Now())
    asked_by = models.CharField(max_length=254)
    answered_at = models.DateTimeField(null=True)
    answered_by = models.CharField(max_length=254, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "public_id"], name="status_inquiry_public_id"),
            # One open question about a claim; a second click finds the first.
            models.UniqueConstraint(
                fields=["clinic", "claim"],
                condition=Q(state__in=["waiting", "due"]),
                name="status_inquiry_open",
            ),
        ]
        indexes = [
            models.Index(fields=["clinic", "state", "-asked_at"], name="status_inquiry_list"),
            models.Index(fields=["clinic", "outbound_file"], name="status_inquiry_by_file"),
        ]
