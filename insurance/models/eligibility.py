"""What we asked payers about cards (270) and what they said (271, telephone)."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from clinics.fields import TenantForeignKey
from clinics.tenancy import PublicModel
from insurance.enums import RequestState


class EligibilityRequest(PublicModel):
    """One question about one card on one day: a row before any byte leaves. ``public_id`` is its trace (TRN02)."""

    policy = TenantForeignKey("insurance.Policy", models.CASCADE, related_name="eligibility_requests")
    connection = TenantForeignKey("clearinghouses.Connection", models.PROTECT, related_name="+")
    outbound_file = TenantForeignKey(
        "clearinghouses.OutboundFile", models.PROTECT, null=True, related_name="eligibility_requests"
    )
    job = TenantForeignKey("work.Job", models.PROTECT, null=True, related_name="+")
    service_date = models.DateField()  # DTP 291: the day the coverage is asked for
    service_type = models.CharField(max_length=2, default="30")  # EQ01
    reference = models.CharField(max_length=9)  # ST02 and BHT03 of its transaction set
    state = models.CharField(max_length=10, choices=RequestState.choices, default=RequestState.WAITING)
    detail = models.CharField(max_length=300, blank=True)
    asked_on = models.DateField()  # the clinic's day
    asked_at = models.DateTimeField(db_default=Now())
    asked_by = models.CharField(max_length=254)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "public_id"], name="eligibility_request_public_id"),
            # One open question about a card, day and kind of service; a second click finds the first.
            models.UniqueConstraint(
                fields=["clinic", "policy", "service_date", "service_type"],
                condition=Q(state="waiting"),
                name="eligibility_request_once",
            ),
        ]
        indexes = [
            models.Index(fields=["clinic", "policy", "-asked_at"], name="eligibility_asked"),
            models.Index(fields=["clinic", "outbound_file"], name="eligibility_by_file"),
        ]


class EligibilityCheck(PublicModel):
    """What a payer said about a card on a day, by 271 or by telephone; the raw answer is kept."""

    policy = TenantForeignKey("insurance.Policy", models.CASCADE, related_name="eligibility_checks")
    request = TenantForeignKey(EligibilityRequest, models.CASCADE, null=True, related_name="checks")
    stored = TenantForeignKey(
        "work.StoredFile", models.PROTECT, null=True, related_name="+"
    )  # the 271's bytes
    checked_on = models.DateField()
    service_date = models.DateField(null=True)  # the day it was asked for; empty = the day of the check
    service_type = models.CharField(max_length=2, default="30")
    is_active = models.BooleanField(null=True)  # empty: rejected, or they could not tell
    source = models.CharField(max_length=12, default="phone")
    note = models.CharField(max_length=200, blank=True)
    told_by = models.CharField(max_length=80, blank=True)  # telephone: who said so
    reference = models.CharField(max_length=50, blank=True)  # telephone: their reference number
    benefits = models.JSONField(default=dict)  # insurance/benefits.py
    rejections = models.JSONField(default=list)  # AAA: code, words, what to do
    corrections = models.JSONField(default=list)  # field, ours, theirs
    order_key = models.CharField(
        max_length=40, blank=True
    )  # of several answers to one request the highest stays

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "public_id"], name="eligibility_public_id"),
            models.UniqueConstraint(fields=["clinic", "request"], name="eligibility_answer_once"),
        ]
        indexes = [models.Index(fields=["clinic", "policy", "-checked_on"], name="eligibility_recent")]
