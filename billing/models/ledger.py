"""The ledger's two tables. Only billing/ledger.py writes them; the database refuses what does not balance.

Amounts are signed, debit +, credit -; a transaction sums to 0 (reliability.md a). Append-only.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from billing.enums import TxnKind
from clinics.fields import MoneyField, TenantForeignKey
from clinics.tenancy import PublicModel, TenantModel

ACCOUNT_PATTERN = (
    r"^(charges|ar:[123]|ar:patient|cash|escrow|patient_credit|insurer_credit|interest|opening"
    r"|adjustment:[A-Z]{2}:[A-Z0-9]{1,5}|writeoff:[a-z_]+|provider_level:[A-Z0-9]{2})$"
)


class LedgerTxn(PublicModel):
    """The header of one balanced transaction: who, why, from what; ``lines`` seals how many entries it has."""

    key = models.CharField(max_length=120)  # the same key again is a no-op, with other content an error
    digest = models.CharField(max_length=64)
    kind = models.CharField(max_length=16, choices=TxnKind.choices)
    lines = models.PositiveSmallIntegerField()
    posted_at = models.DateTimeField(db_default=Now())
    posted_on = models.DateField()
    effective_on = models.DateField()
    actor = models.CharField(max_length=254)
    reason = models.CharField(max_length=200, blank=True)
    source_kind = models.CharField(max_length=20, blank=True)
    source_key = models.CharField(max_length=60, blank=True)
    reverses = TenantForeignKey("self", models.PROTECT, null=True, related_name="reversed_by")
    trace = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "public_id"], name="ledger_txn_public_id"),
            models.UniqueConstraint(fields=["clinic", "key"], name="ledger_key_once"),
            models.UniqueConstraint(fields=["clinic", "reverses"], name="ledger_reversed_once"),
            models.UniqueConstraint(fields=["clinic", "id", "lines"], name="ledger_txn_seal"),
            models.CheckConstraint(condition=Q(lines__gte=2), name="ledger_two_entries"),
            models.CheckConstraint(
                condition=Q(reverses__isnull=True) | ~Q(reverses=F("id")), name="ledger_not_itself"
            ),
            # I-13: responsibility moves only with the adjudication behind it.
            models.CheckConstraint(
                condition=~Q(kind__in=["adjudication", "transfer"])
                | (Q(source_kind__in=["adjudication", "person"]) & ~Q(source_key="")),
                name="ledger_move_has_source",
            ),
        ]
        indexes = [models.Index(fields=["clinic", "source_kind", "source_key"], name="ledger_by_source")]


class LedgerEntry(TenantModel):
    """One signed amount on one account; lines of a charge carry the charge, its patient and the payer."""

    txn = TenantForeignKey(LedgerTxn, models.PROTECT, related_name="entries")
    lines = models.PositiveSmallIntegerField()
    line_no = models.PositiveSmallIntegerField()
    account = models.CharField(max_length=40)
    amount = MoneyField()
    patient = TenantForeignKey("patients.Patient", models.PROTECT, null=True, related_name="+")
    charge = TenantForeignKey("billing.Charge", models.PROTECT, null=True, related_name="entries")
    payer = TenantForeignKey("insurance.Payer", models.PROTECT, null=True, related_name="+")
    receipt = TenantForeignKey("billing.Receipt", models.PROTECT, null=True, related_name="entries")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "txn", "line_no"], name="ledger_entry_once"),
            models.CheckConstraint(
                condition=Q(line_no__gte=1) & Q(line_no__lte=F("lines")), name="ledger_line_within_seal"
            ),
            models.CheckConstraint(condition=~Q(amount=0), name="ledger_amount_not_zero"),
            models.CheckConstraint(condition=Q(account__regex=ACCOUNT_PATTERN), name="ledger_account_known"),
            models.CheckConstraint(
                condition=~Q(account__startswith="ar:") | Q(charge__isnull=False, patient__isnull=False),
                name="ledger_ar_has_charge",
            ),
            models.CheckConstraint(
                condition=~Q(account="patient_credit") | Q(receipt__isnull=False, patient__isnull=False),
                name="ledger_credit_has_receipt",
            ),
        ]
        indexes = [
            models.Index(fields=["clinic", "charge"], name="ledger_by_charge"),
            models.Index(fields=["clinic", "patient", "account"], name="ledger_by_patient"),
            models.Index(fields=["clinic", "receipt"], name="ledger_by_receipt"),
        ]
