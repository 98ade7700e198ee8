"""Prices, invoices, receipts, the ledger, and what is done about the rest: statements, plans, write-offs."""

from billing.models.asking import (
    Account,
    CallNote,
    CollectionCase,
    CollectionHandoff,
    CollectionLine,
    StatementDelivery,
    StatementMember,
)
from billing.models.days import DayClose
from billing.models.desk import DrawerClose, VisitTransition
from billing.models.estimates import GoodFaithEstimate
from billing.models.invoices import Charge, Invoice, NumberCounter, Statement
from billing.models.ledger import LedgerEntry, LedgerTxn
from billing.models.payments import PaymentMethod, Receipt
from billing.models.plans import PaymentPlan, PlanInstalment, PlanLine
from billing.models.policies import Approval, PolicyRow, WriteOffRun, WriteOffTerms
from billing.models.prices import (
    FeeRow,
    FeeSchedule,
    ModifierRule,
    PatientFee,
    ReducedFee,
    SameDayRule,
)

__all__ = [
    "Account",
    "Approval",
    "CallNote",
    "Charge",
    "CollectionCase",
    "CollectionHandoff",
    "CollectionLine",
    "DayClose",
    "DrawerClose",
    "FeeRow",
    "FeeSchedule",
    "GoodFaithEstimate",
    "Invoice",
    "LedgerEntry",
    "LedgerTxn",
    "ModifierRule",
    "NumberCounter",
    "PatientFee",
    "PaymentMethod",
    "PaymentPlan",
    "PlanInstalment",
    "PlanLine",
    "PolicyRow",
    "Receipt",
    "ReducedFee",
    "SameDayRule",
    "Statement",
    "StatementDelivery",
    "StatementMember",
    "VisitTransition",
    "WriteOffRun",
    "WriteOffTerms",
]
