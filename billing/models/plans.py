"""Payment plans: what was agreed, its instalments, and the lines it covers (B12)."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from billing.enums import Frequency, PlanState
from clinics.fields import MoneyField, TenantForeignKey
from clinics.tenancy import PublicModel, TenantModel


class PaymentPlan(PublicModel):
    """One agreement. Amounts and dates never change; only its state moves."""

    patient = TenantForeignKey("patients.Patient", models.PROTECT, related_name="plans")
    location = TenantForeignKey("clinics.Location", models.PROTECT, related_name="+")
    amount = MoneyField()
    frequency = models.CharField(max_length=10, choices=Frequency.choices)
    start_on = models.DateField()
    count = models.PositiveSmallIntegerField()
    grace_days = models.PositiveSmallIntegerField()
    statements = models.CharField(max_length=4, choices=[("hold", "Hold"), ("send", "Send")], default="hold")
    dunning_level = models.PositiveSmallIntegerField(default=0)  # where asking goes on after a default
    state = models.CharField(max_length=10, choices=PlanState.choices, default=PlanState.ACTIVE)
    terms = models.JSONField()  # the rule row that allowed it, or the override with its reason
    made_at = models.DateTimeField(db_default=Now())
    made_by = models.CharField(max_length=254)
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "public_id"], name="payment_plan_public_id"),
            models.CheckConstraint(condition=Q(amount__gt=0, count__gte=1), name="payment_plan_is_something"),
        ]
        indexes = [models.Index(fields=["clinic", "state", "patient"], name="payment_plan_by_state")]


class PlanInstalment(TenantModel):
    """One amount on one day."""

    plan = TenantForeignKey(PaymentPlan, models.PROTECT, related_name="instalments")
    number = models.PositiveSmallIntegerField()
    due_on = models.DateField()
    amount = MoneyField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["clinic", "plan", "number"], name="instalment_once")]
        ordering = ["number"]


class PlanLine(TenantModel):
    """A charge that the plan covers, with what was owed on it when the plan was made."""

    plan = TenantForeignKey(PaymentPlan, models.PROTECT, related_name="lines")
    charge = TenantForeignKey("billing.Charge", models.PROTECT, related_name="plan_lines")
    amount = MoneyField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["clinic", "plan", "charge"], name="plan_line_once")]
