"""Prices, invoices, receipts and the ledger."""

from billing.models.invoices import Charge, Invoice, NumberCounter, Statement
from billing.models.ledger import LedgerEntry, LedgerTxn
from billing.models.payments import PaymentMethod, Receipt
from billing.models.prices import (
    FeeRow,
    FeeSchedule,
    ModifierRule,
    PatientFee,
    ReducedFee,
    SameDayRule,
)

__all__ = [
    "Charge",
    "FeeRow",
    "FeeSchedule",
    "Invoice",
    "LedgerEntry",
    "LedgerTxn",
    "ModifierRule",
    "NumberCounter",
    "PatientFee",
    "PaymentMethod",
    "Receipt",
    "ReducedFee",
    "SameDayRule",
    "Statement",
]
