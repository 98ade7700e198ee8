"""Rules a biller built: one row a version, so that what a claim was checked by can always be read again."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from clinics.tenancy import PublicModel


class ClaimRule(PublicModel):
    """One version of a rule (rules.md B5). ``conditions`` are data for claims/payer_rules.py; all must hold."""

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        ON = "on", "On"
        OFF = "off", "Off"

    number = models.PositiveIntegerField()  # the rule's name in findings: RULE-7; the same in every version
    version = models.PositiveSmallIntegerField(default=1)
    state = models.CharField(max_length=5, choices=State.choices, default=State.DRAFT)
    name = models.CharField(max_length=80)
    severity = models.CharField(max_length=7, choices=(("error", "Error"), ("warning", "Warning")))
    message = models.CharField(max_length=200)
    field = models.CharField(max_length=40, blank=True)  # where the finding points, "" where the rule looks
    payers = models.JSONField(default=list)  # public ids; none: every payer
    plans = models.JSONField(default=list)  # public ids; none: every plan
    conditions = models.JSONField(default=list)  # [{"test": "...", "value": ...}, ...]
    starts_on = models.DateField(null=True)  # services from this day
    ends_on = models.DateField(null=True)  # to this day
    trial = models.JSONField(
        default=dict
    )  # {"job", "months", "claims", "flagged", "denied"} of its last trial
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.CharField(max_length=254)
    switched_at = models.DateTimeField(null=True)
    switched_by = models.CharField(max_length=254, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "public_id"], name="claim_rule_public_id"),
            models.UniqueConstraint(fields=["clinic", "number", "version"], name="claim_rule_version_once"),
            models.UniqueConstraint(
                fields=["clinic", "number"], condition=Q(state="on"), name="claim_rule_one_on"
            ),
            models.UniqueConstraint(
                fields=["clinic", "number"], condition=Q(state="draft"), name="claim_rule_one_draft"
            ),
        ]

    @property
    def code(self) -> str:
        """What its findings are called."""
        return f"RULE-{self.number}"
