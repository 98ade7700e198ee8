"""Choices of the billing room."""

from django.db import models


class MethodKind(models.TextChoices):
    """Who a payment method is for (B3): exactly one is 'insurance', owned by the system."""

    PATIENT = "patient", "Patient"
    INSURANCE = "insurance", "Insurance"
    TRANSFER = "transfer", "Transfer"


class InvoiceKind(models.TextChoices):
    """An appointment invoice may become claims; a one-off or a missed visit's never does (B2)."""

    APPOINTMENT = "appointment", "Appointment"
    ONE_OFF = "one_off", "One-off"
    MISSED = "missed", "Missed visit"


class Channel(models.TextChoices):
    """How a payment reached the desk."""

    DESK = "desk", "At the desk"
    PHONE = "phone", "By phone"


class TransitionOutcome(models.TextChoices):
    """What came of trying to charge a visit without its check-out screen (B17.1, B17.2)."""

    MADE = "made", "Charged"
    NO_CHARGE = "no_charge", "Not charged in this status"
    NOT_TRANSITIONED = "not_transitioned", "Not transitioned"


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


class PolicySubject(models.TextChoices):
    """What a state's or payer's policy decides (rules.md B10)."""

    BALANCE_BILLING = "balance_billing", "Balance billing"
    MEDICAID_BILLING = "medicaid_billing", "Billing Medicaid patients"
    NO_SHOW_FEE = "no_show_fee", "No-show fee"
    SMALL_BALANCE_LIMIT = "small_balance_limit", "Small balance, up to"
    STATEMENTS_BEFORE_COLLECTIONS = "statements_before_collections", "Statements before collections"
    DAYS_BEFORE_COLLECTIONS = "days_before_collections", "Days before collections"
    STATEMENT_NOTICE = "statement_notice", "Notice on statements"


class PayerClass(models.TextChoices):
    """Kinds of payers that policies tell apart."""

    MEDICARE = "medicare", "Medicare"
    MEDICAID = "medicaid", "Medicaid"
    COMMERCIAL = "commercial", "Commercial"
    SELF_PAY = "self_pay", "Self-pay"


class Frequency(models.TextChoices):
    """How often an instalment is due (B12)."""

    WEEKLY = "weekly", "Every week"
    BIWEEKLY = "biweekly", "Every two weeks"
    MONTHLY = "monthly", "Every month"


class PlanState(models.TextChoices):
    """A plan ends done, in default, or cancelled."""

    ACTIVE = "active", "Active"
    DONE = "done", "Paid"
    DEFAULTED = "defaulted", "In default"
    CANCELLED = "cancelled", "Cancelled"


class CallKind(models.TextChoices):
    """What a note of a talk is."""

    CALL = "call", "Call"
    PROMISE = "promise", "Promise to pay"
    DISPUTE = "dispute", "Dispute"
    NOTE = "note", "Note"


class CaseState(models.TextChoices):
    """A rule proposes, a person approves or spares; an approved case leaves in a file."""

    APPROVED = "approved", "To be handed off"
    SPARED = "spared", "Spared"
    HANDED = "handed", "At the agency"
    CLOSED = "closed", "Closed"
