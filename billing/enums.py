"""Choices of the billing room."""

from django.db import models


class MethodKind(models.TextChoices):
    """Who a payment method is for (B3): exactly one is 'insurance', owned by the system."""

    PATIENT = "patient", "Patient"
    INSURANCE = "insurance", "Insurance"
    TRANSFER = "transfer", "Transfer"


class InvoiceKind(models.TextChoices):
    """An appointment invoice may become claims; a one-off never does (B2)."""

    APPOINTMENT = "appointment", "Appointment"
    ONE_OFF = "one_off", "One-off"


class InvoiceState(models.TextChoices):
    """Closed = balance zero; void = released and never used again (B2)."""

    OPEN = "open", "Open"
    CLOSED = "closed", "Closed"
    VOID = "void", "Void"


class TxnKind(models.TextChoices):
    """What a ledger transaction records."""

    CHECKOUT = "checkout", "Check-out"
    RECEIPT = "receipt", "Patient payment"
    CREDIT_USE = "credit_use", "Credit applied"
    REMITTANCE = "remittance", "Insurer's payment received"
    ADJUDICATION = "adjudication", "Claim response posted"
    TRANSFER = "transfer", "Responsibility moved"
    PROVIDER_LEVEL = "provider_level", "Provider-level adjustment"
    WRITEOFF = "writeoff", "Write-off"
    REFUND = "refund", "Refund"
    VOID = "void", "Invoice voided"
    REVERSAL = "reversal", "Reversal"


class WriteOffType(models.TextChoices):
    """rules.md B10."""

    CONTRACTUAL = "contractual", "Contractual"
    SEQUESTRATION = "sequestration", "Sequestration"
    SMALL_BALANCE = "small_balance", "Small balance"
    FINANCIAL_ASSISTANCE = "financial_assistance", "Financial assistance"
    COURTESY = "courtesy", "Courtesy"
    PROMPT_PAY = "prompt_pay", "Prompt pay"
    BAD_DEBT = "bad_debt", "Bad debt"
    TIMELY_FILING = "timely_filing", "Timely filing"
    ADMINISTRATIVE = "administrative", "Administrative"
    BANKRUPTCY = "bankruptcy", "Bankruptcy"
