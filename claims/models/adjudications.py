"""A payer's answer with its lines and raw CAS: written by responses/, read for COB, history, statements."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from clinics.fields import MoneyField, TenantForeignKey
from clinics.tenancy import PublicModel, TenantModel


class Adjudication(PublicModel):
    """One payer's decision on one claim, posted or not. Raw amounts as the payer sent them; append-only but
    for ``posted_at`` and ``reversed_at``."""

    claim = TenantForeignKey("claims.Claim", models.PROTECT, related_name="adjudications")
    rank = models.PositiveSmallIntegerField()
    payer = TenantForeignKey("insurance.Payer", models.PROTECT, related_name="+")
    source_kind = models.CharField(max_length=12)  # era, manual
    source_key = models.CharField(max_length=40)  # public id of the claim response
    status_code = models.CharField(max_length=2)  # CLP02
    payer_claim_number = models.CharField(max_length=50, blank=True)
    charge = MoneyField()
    paid = MoneyField()
    patient_responsibility = MoneyField()
    adjustments = models.JSONField(default=list)  # claim level CAS [[group, reason, amount, quantity], ...]
    remarks = models.JSONField(default=list)
    outpatient_remarks = models.JSONField(default=dict)  # MOA as received
    crossover_payer = models.CharField(max_length=60, blank=True)  # NM1*TT
    adjudicated_on = models.DateField()
    created_at = models.DateTimeField(db_default=Now())
    posted_at = models.DateTimeField(null=True)
    reversed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "public_id"], name="adjudication_public_id"),
            models.UniqueConstraint(
                fields=["clinic", "source_kind", "source_key"], name="adjudication_source_once"
            ),
        ]
        indexes = [
            models.Index(fields=["clinic", "claim"], name="adjudication_by_claim"),
            models.Index(fields=["clinic", "payer", "adjudicated_on"], name="adjudication_by_payer"),
        ]


class AdjudicationLine(TenantModel):
    """One line of the answer with its raw CAS triples: a secondary claim's 2430 is made from it."""

    adjudication = TenantForeignKey(Adjudication, models.PROTECT, related_name="lines")
    claim_line = TenantForeignKey(
        "claims.ClaimLine", models.PROTECT, null=True, related_name="adjudication_lines"
    )
    ordinal = models.PositiveSmallIntegerField()
    procedure_code = models.CharField(max_length=8)
    modifiers = models.JSONField(default=list)
    charge = MoneyField()
    paid = MoneyField()
    allowed = MoneyField(null=True)
    units = models.DecimalField(max_digits=8, decimal_places=3, null=True)
    adjustments = models.JSONField(default=list)  # [[group, reason, amount, quantity], ...]
    remarks = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "adjudication", "ordinal"], name="adjudication_line_once"
            )
        ]
        ordering = ["ordinal"]
