"""Take a patient's payment back: a bounced check, a wrong amount, a payment of somebody else (rules.md B3).

Nothing is deleted: what the receipt did is mirrored, so every line owes again what it owed before.
Stands beside ``payments``; refunds of credit are there.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from django.db.models import Sum

from billing import invoicing, ledger, one_offs
from billing.enums import MethodKind, TxnKind
from billing.errors import BadPayment
from billing.ledger import Entry
from billing.models import Invoice, LedgerEntry, LedgerTxn, Receipt
from billing.payments import lock_patient_money
from clinics import audit
from clinics.settings import value_of
from lib.money import ZERO


def is_reversed(receipt: Receipt) -> bool:
    """Whether this payment was taken back."""
    return LedgerTxn.objects.filter(key=_key(receipt)).exists()


def reverse_payment(receipt: Receipt, *, reason: str, today: date) -> LedgerTxn:
    """Take one patient payment back whole; the second call gives the first one's transaction.

    Ledger: the mirror of all that this receipt did, at the receipt's own lines: cash -, ar:patient +,
    patient_credit + (also where its credit was used for a later visit). Raises BadPayment when some of
    it was already given back as a refund: that cash is gone and stays the clinic's loss until settled.
    """
    if receipt.kind != MethodKind.PATIENT or receipt.patient is None:
        raise BadPayment(
            "An insurer's payment is taken back by undoing its claim response.", code="not_patient_money"
        )
    reason = reason.strip()[:200]
    if not reason:
        raise BadPayment("Say why the payment is taken back, such as: check bounced.", code="reason_needed")
    lock_patient_money(receipt.patient)
    done = ledger.find(_key(receipt))
    if done is not None:
        return done
    if LedgerEntry.objects.filter(receipt=receipt, txn__kind=TxnKind.REFUND).exists():
        raise BadPayment(
            "Some of this payment was already given back as a refund, so it cannot be taken back whole.",
            code="already_refunded",
        )
    touched = list(LedgerTxn.objects.filter(entries__receipt=receipt).distinct().order_by("pk"))
    if len(touched) == 1:
        txn = ledger.reverse(touched[0], key=_key(receipt), on=today, reason=reason)
    else:
        txn = ledger.post(
            key=_key(receipt),
            kind=TxnKind.REVERSAL,
            entries=_undo(receipt),
            on=today,
            reason=reason,
            source_kind="receipt",
            source_key=receipt.public_id,
            trace=[{"rule": "B3", "because": "all that this payment did, also by its credit, is undone"}],
        )
    invoicing.settle_charges(txn.entries.values_list("charge_id", flat=True))
    audit.record(
        "payment.reverse",
        "receipt",
        receipt.public_id,
        reason=reason,
        amount=str(receipt.amount),
        method=receipt.method.name,
    )
    return txn


def take_back(receipt: Receipt, *, reason: str, fee: Decimal, at: datetime, today: date) -> Invoice | None:
    """``reverse_payment`` with the fee a bounced check costs the patient; the fee's invoice, if there is one.

    A second call takes nothing back twice and charges no second fee.
    """
    if fee < ZERO:
        raise BadPayment("A fee is 0.00 or more.", code="bad_fee")
    was_back = is_reversed(receipt)
    reverse_payment(receipt, reason=reason, today=today)
    if fee == ZERO or was_back:
        return None
    assert receipt.patient is not None and receipt.location is not None, "reverse_payment looked"
    name = f"Returned {receipt.method.name.lower()} {receipt.reference}".strip()
    item = one_offs.Item(name=name, price=fee, code="RETURNED")
    return one_offs.issue(
        receipt.patient, [item], location=receipt.location, at=at, today=today, reason=reason.strip()
    )


def proposed_fee(receipt: Receipt) -> Decimal:
    """What the location asks for a bounced check; 0.00 for a method without a number to bounce."""
    if receipt.location is None or "check" not in receipt.method.name.lower():
        return ZERO
    return Decimal(value_of("bounced_check_fee", receipt.location))


def applied_to(receipt: Receipt) -> list[tuple[int | None, bool, Decimal]]:
    """Where a receipt's money is, for its page: (charge or None, held for it rather than paid, dollars).

    Without a charge it is free credit.
    """
    rows = (
        LedgerEntry.objects.filter(receipt=receipt)
        .exclude(account="cash")
        .values_list("charge_id", "account")
        .annotate(sum=Sum("amount"))
        .order_by("charge_id")
    )
    return [
        (charge_id, account == "patient_credit" and charge_id is not None, -amount)
        for charge_id, account, amount in rows
        if amount
    ]


def _undo(receipt: Receipt) -> list[Entry]:
    rows = (
        LedgerEntry.objects.filter(receipt=receipt)
        .values("account", "charge_id", "patient_id", "payer_id")
        .annotate(sum=Sum("amount"))
        .order_by("account", "charge_id")
    )
    return [
        Entry(row["account"], -row["sum"], row["charge_id"], row["patient_id"], row["payer_id"], receipt.pk)
        for row in rows
        if row["sum"] != ZERO
    ]


def _key(receipt: Receipt) -> str:
    return f"takeback:{receipt.public_id}"
