"""One row per claim version. The family is everything made from one invoice: all versions, all layers."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from claims.enums import ClaimState, Format, Outcome
from clinics.fields import MoneyField, TenantForeignKey
from clinics.tenancy import PublicModel, TenantModel

DEAD_STATES = ("superseded", "voided")


class Claim(PublicModel):
    """A claim version to one layer's payer. ``document`` is frozen when it leaves (x12 ClaimDocument as JSON).

    Names and dates that lists show are copied here, so a work list needs no joins (performance.md 5).
    """

    control_number = models.CharField(max_length=20)  # CLM01, new for every version, never used again
    invoice = TenantForeignKey("billing.Invoice", models.PROTECT, related_name="claims")
    patient = TenantForeignKey("patients.Patient", models.PROTECT, related_name="claims")
    appointment = TenantForeignKey("appointments.Appointment", models.PROTECT, related_name="claims")
    location = TenantForeignKey("clinics.Location", models.PROTECT, related_name="+")
    payer = TenantForeignKey("insurance.Payer", models.PROTECT, related_name="claims")
    policy = TenantForeignKey("insurance.Policy", models.PROTECT, related_name="+")
    rank = models.PositiveSmallIntegerField()  # which layer is asked: 1, 2, 3
    part = models.PositiveSmallIntegerField(default=1)
    version = models.PositiveSmallIntegerField(default=1)
    replaces = TenantForeignKey("self", models.PROTECT, null=True, related_name="replaced_by")
    frequency = models.CharField(max_length=1, default="1")
    payer_claim_number = models.CharField(max_length=50, blank=True)  # what the payer calls it: 1K, CLP07
    format = models.CharField(max_length=6, choices=Format.choices, default=Format.ELECTRONIC)
    state = models.CharField(max_length=20, choices=ClaimState.choices, default=ClaimState.NEW)
    outcome = models.CharField(max_length=14, choices=Outcome.choices, blank=True)
    accepted_by = models.CharField(max_length=14, blank=True)  # clearinghouse or payer
    total = MoneyField()
    document = models.JSONField()
    document_version = models.PositiveIntegerField(default=1)  # optimistic lock of the review screen
    findings = models.JSONField(default=list)
    error_count = models.PositiveSmallIntegerField(default=0)
    warning_count = models.PositiveSmallIntegerField(default=0)
    # Copies for lists
    patient_name = models.CharField(max_length=120)
    payer_name = models.CharField(max_length=60)
    clinician_name = models.CharField(max_length=110, blank=True)
    service_from = models.DateField()
    service_to = models.DateField()
    hold_reason = models.CharField(max_length=200, blank=True)
    hold_until = models.DateField(null=True, blank=True)
    assignee = models.CharField(max_length=254, blank=True)
    last_event = models.CharField(max_length=200, blank=True)
    last_event_at = models.DateTimeField(db_default=Now())
    created_at = models.DateTimeField(db_default=Now())
    submitted_at = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True)
    adjudicated_at = models.DateTimeField(null=True)
    crossover_until = models.DateField(null=True, blank=True)
    filing_deadline = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "public_id"], name="claim_public_id"),
            models.UniqueConstraint(fields=["clinic", "control_number"], name="claim_control_number_once"),
            models.UniqueConstraint(
                fields=["clinic", "invoice", "rank", "part"],
                condition=~Q(state__in=DEAD_STATES) & ~Q(frequency="8"),  # a void stands beside it
                name="claim_one_live_a_layer",
            ),
            models.CheckConstraint(condition=Q(rank__gte=1) & Q(rank__lte=3), name="claim_rank_1_to_3"),
            models.CheckConstraint(condition=Q(frequency__in=["1", "7", "8"]), name="claim_frequency_known"),
        ]
        indexes = [
            models.Index(fields=["clinic", "state", "-service_from", "-id"], name="claim_queue"),
            models.Index(fields=["clinic", "-service_from", "-id"], name="claim_all"),
            models.Index(fields=["clinic", "patient"], name="claim_by_patient"),
            models.Index(
                fields=["clinic", "payer_claim_number"],
                name="claim_by_payer_number",
                condition=~Q(payer_claim_number=""),
            ),
        ]


class ClaimLine(TenantModel):
    """A line of a claim version: its REF*6R id comes back on the 835 and leads to the charge."""

    claim = TenantForeignKey(Claim, models.PROTECT, related_name="lines")
    charge = TenantForeignKey("billing.Charge", models.PROTECT, related_name="claim_lines")
    line_no = models.PositiveSmallIntegerField()
    line_id = models.CharField(max_length=30)
    procedure_code = models.CharField(max_length=8)
    modifiers = ArrayField(models.CharField(max_length=2), default=list)
    units = models.DecimalField(max_digits=8, decimal_places=3)
    amount = MoneyField()
    service_date = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "claim", "line_no"], name="claim_line_once"),
            models.UniqueConstraint(fields=["clinic", "claim", "line_id"], name="claim_line_id_once"),
        ]
        ordering = ["line_no"]


class ClaimEvent(TenantModel):
    """One change or notice: who, what, when, why and the segment behind it. Append-only."""

    claim = TenantForeignKey(Claim, models.PROTECT, related_name="events")
    at = models.DateTimeField(db_default=Now())
    actor = models.CharField(max_length=254)
    kind = models.CharField(max_length=30)  # state, note, acknowledgement, edit
    from_state = models.CharField(max_length=20, blank=True)
    to_state = models.CharField(max_length=20, blank=True)
    text = models.CharField(max_length=300, blank=True)
    segment = models.CharField(max_length=300, blank=True)
    file_key = models.CharField(max_length=40, blank=True)  # public id of the inbound or outbound file
    data = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["clinic", "claim", "at"], name="claim_event_by_claim")]


class ClaimTransition(models.Model):
    """The allowed moves of claims/lifecycle.py as the database knows them (I-14). No clinic, no data."""

    from_state = models.CharField(max_length=20)
    to_state = models.CharField(max_length=20)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["from_state", "to_state"], name="claim_transition_once")
        ]
