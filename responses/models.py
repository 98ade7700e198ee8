"""Remittances and their claim responses; they point down at adjudications, receipts and journals."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from clinics.fields import EncryptedBytes, MoneyField, TenantForeignKey
from clinics.tenancy import PublicModel, TenantModel
from responses.enums import MatchQuality, PostingState, RemittanceState


class Remittance(PublicModel):
    """One ST..SE of an 835, or a typed-in EOB: taken in whole, once (I-10, I-12)."""

    inbound_file = TenantForeignKey(
        "clearinghouses.InboundFile", models.PROTECT, null=True, related_name="remittances"
    )
    ordinal = models.PositiveIntegerField(default=0)  # which transaction of the file
    source = models.CharField(max_length=8, default="era")  # era, manual
    payer = TenantForeignKey("insurance.Payer", models.PROTECT, null=True, related_name="+")
    payer_name = models.CharField(max_length=60)
    payer_identifier = models.CharField(max_length=30)  # TRN03
    trace_number = models.CharField(max_length=50)  # TRN02
    payee_npi = models.CharField(max_length=20, blank=True)
    method = models.CharField(max_length=3, blank=True)  # BPR04
    payment_date = models.DateField()  # BPR16
    effective_on = models.DateField(null=True)  # of its receipt and postings, by era_payment_date
    amount = MoneyField()  # BPR02
    provider_total = MoneyField(default=0)  # sum of PLB
    fingerprint = models.CharField(max_length=64, blank=True)  # what it says, as a hash
    is_balanced = models.BooleanField(default=True)
    state = models.CharField(max_length=10, choices=RemittanceState.choices, default=RemittanceState.OPEN)
    receipt = TenantForeignKey("billing.Receipt", models.PROTECT, null=True, related_name="+")
    same_as = TenantForeignKey("self", models.PROTECT, null=True, related_name="repeats")
    times_received = models.PositiveIntegerField(default=1)
    document = models.JSONField(default=dict)  # header as read, for the page
    findings = models.JSONField(default=list)
    received_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "public_id"], name="remittance_public_id"),
            models.UniqueConstraint(
                fields=[
                    "clinic",
                    "payer_identifier",
                    "trace_number",
                    "payee_npi",
                    "payment_date",
                    "amount",
                    "fingerprint",
                ],
                name="remittance_once",
            ),
        ]
        indexes = [models.Index(fields=["clinic", "-received_at"], name="remittance_recent")]


class ClaimResponse(PublicModel):
    """One CLP: what it says, which claim it answers, what was decided and why."""

    remittance = TenantForeignKey(Remittance, models.PROTECT, related_name="responses")
    ordinal = models.PositiveIntegerField()
    claim = TenantForeignKey("claims.Claim", models.PROTECT, null=True, related_name="responses")
    adjudication = TenantForeignKey("claims.Adjudication", models.PROTECT, null=True, related_name="+")
    match_quality = models.CharField(max_length=8, choices=MatchQuality.choices, default=MatchQuality.NONE)
    match_reason = models.CharField(max_length=120, blank=True)
    control_number = models.CharField(max_length=40, blank=True)  # CLP01 as sent
    status_code = models.CharField(max_length=2)  # CLP02
    payer_claim_number = models.CharField(max_length=50, blank=True)  # CLP07
    charged = MoneyField()
    allowed = MoneyField(null=True)
    paid = MoneyField()
    contractual = MoneyField(default=0)
    other_adjustment = MoneyField(default=0)
    patient_responsibility = MoneyField(default=0)
    expected_allowed = MoneyField(null=True)
    variance = MoneyField(null=True)
    next_payer = models.CharField(max_length=60, blank=True)
    document = models.JSONField()  # x12 ClaimPayment as JSON: the whole answer
    state = models.CharField(max_length=16, choices=PostingState.choices, default=PostingState.PROPOSED)
    codes = models.JSONField(default=list)  # E-codes
    plan = models.JSONField(default=dict)  # what was or would be posted, with its trace
    patient_name = models.CharField(max_length=120, blank=True)
    service_date = models.DateField(null=True)
    assignee = models.CharField(max_length=254, blank=True)
    hold_reason = models.CharField(max_length=200, blank=True)
    posted_at = models.DateTimeField(null=True)
    posted_by = models.CharField(max_length=254, blank=True)
    txn_key = models.CharField(max_length=120, blank=True)  # the ledger transaction's key
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "public_id"], name="claim_response_public_id"),
            models.UniqueConstraint(fields=["clinic", "remittance", "ordinal"], name="claim_response_once"),
        ]
        indexes = [
            models.Index(fields=["clinic", "state", "-id"], name="claim_response_queue"),
            models.Index(fields=["clinic", "claim"], name="claim_response_by_claim"),
            models.Index(fields=["clinic", "payer_claim_number"], name="claim_response_by_icn"),
        ]


class ProviderAdjustment(TenantModel):
    """One PLB pair: booked to provider_level at once, open until a person links it (E16)."""

    remittance = TenantForeignKey(Remittance, models.PROTECT, related_name="provider_adjustments")
    ordinal = models.PositiveSmallIntegerField()
    code = models.CharField(max_length=2)
    reference = models.CharField(max_length=50, blank=True)
    amount = MoneyField()  # positive reduces the payment
    linked_claim = TenantForeignKey("claims.Claim", models.PROTECT, null=True, related_name="+")
    is_open = models.BooleanField(default=True)
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "remittance", "ordinal"], name="provider_adjustment_once"
            )
        ]


class PostingRule(TenantModel):
    """A clinic's own rule: payer (empty = all), group, reason -> action; more specific wins (B9)."""

    payer = TenantForeignKey("insurance.Payer", models.CASCADE, null=True, blank=True, related_name="+")
    group = models.CharField(max_length=2)
    reason = models.CharField(max_length=5)
    action = models.CharField(max_length=12)  # write_off, patient, note, hold, dispute
    created_by = models.CharField(max_length=254, blank=True)

    @property
    def words(self) -> str:
        """The action as it is shown."""
        return self.action.replace("_", " ")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "payer", "group", "reason"], name="posting_rule_once", nulls_distinct=False
            )
        ]


class FollowUp(PublicModel):
    """What was done about an answer that was denied or paid short, and what came of it (B13)."""

    class Kind(models.TextChoices):
        CALL = "call", "Call"
        APPEAL = "appeal", "Appeal"
        NOTE = "note", "Note"

    class Outcome(models.TextChoices):
        OPEN = "", "Open"
        WON = "won", "Paid after all"
        PARTLY = "partly", "Paid in part"
        LOST = "lost", "Upheld"

    response = TenantForeignKey(ClaimResponse, models.PROTECT, related_name="follow_ups")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    cause = models.CharField(max_length=20)  # the group it was worked in: CO-97, underpaid 97110
    text = models.CharField(max_length=1000)
    person = models.CharField(max_length=80, blank=True)  # who was spoken to
    reference = models.CharField(max_length=50, blank=True)  # the payer's call or appeal number
    promised_on = models.DateField(null=True)  # when to look again
    outcome = models.CharField(max_length=8, choices=Outcome.choices, blank=True)
    letter = models.TextField(blank=True)  # an appeal's words as they were sent
    created_by = models.CharField(max_length=254)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["clinic", "public_id"], name="follow_up_public_id")]
        indexes = [
            models.Index(fields=["clinic", "response"], name="follow_up_by_response"),
            models.Index(fields=["clinic", "cause"], name="follow_up_by_cause"),
        ]


class Scan(PublicModel):
    """A scanned EOB or letter of a check, encrypted at rest."""

    remittance = TenantForeignKey(Remittance, models.CASCADE, related_name="scans")
    name = models.CharField(max_length=120)
    content_type = models.CharField(max_length=20)
    size = models.PositiveIntegerField()
    content = EncryptedBytes()
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.CharField(max_length=254)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["clinic", "public_id"], name="scan_public_id")]
        indexes = [models.Index(fields=["clinic", "remittance"], name="scan_by_remittance")]


class BankLine(PublicModel):
    """One deposit as the bank shows it, and the check or EFT that it is (B13)."""

    on = models.DateField()
    amount = MoneyField()
    reference = models.CharField(max_length=80, blank=True)
    remittance = TenantForeignKey(Remittance, models.PROTECT, null=True, related_name="bank_lines")
    note = models.CharField(max_length=200, blank=True)  # what it was, when it is no remittance
    created_by = models.CharField(max_length=254)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "public_id"], name="bank_line_public_id"),
            models.UniqueConstraint(fields=["clinic", "on", "amount", "reference"], name="bank_line_once"),
            models.UniqueConstraint(fields=["clinic", "remittance"], name="bank_line_of_remittance"),
        ]


class TrustedCode(TenantModel):
    """A payer's code whose answers may post by themselves under preview; an undo switches it off."""

    payer = TenantForeignKey("insurance.Payer", models.CASCADE, related_name="+")
    code = models.CharField(max_length=8)  # CO-45; "none" for an answer without adjustments
    is_on = models.BooleanField(default=False)
    because = models.CharField(max_length=120, blank=True)  # why it was switched off
    changed_by = models.CharField(max_length=254)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["clinic", "payer", "code"], name="trusted_code_once")]
