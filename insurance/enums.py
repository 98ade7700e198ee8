"""Choices of the insurance room."""

from django.db import models


class ClaimFormat(models.TextChoices):
    """How a payer is billed."""

    ELECTRONIC = "electronic", "Electronic (837P)"
    PAPER = "paper", "Paper (CMS-1500)"
    PATIENT_STATEMENT = "patient_statement", "Patient statement"


class ProfileKind(models.TextChoices):
    """What a profile is for (rules.md B11.1)."""

    STANDARD = "standard", "Standard"
    SELF_PAY = "self_pay", "Self-pay"
    WORK_COMP = "work_comp", "Workers' compensation"
    AUTO = "auto", "Auto accident"
    DME = "dme", "Durable equipment"
    OTHER = "other", "Other"


class ProfileStatus(models.TextChoices):
    """Exactly one profile of a patient is the default."""

    DEFAULT = "default", "Default"
    ACTIVE = "active", "Active"
    INACTIVE = "inactive", "Inactive"


class Relationship(models.TextChoices):
    """The patient's relationship to the policy holder: SBR02 / PAT01 (Individual Relationship Code)."""

    SELF = "18", "Self"
    SPOUSE = "01", "Spouse"
    CHILD = "19", "Child"
    EMPLOYEE = "20", "Employee"
    UNKNOWN = "21", "Unknown"
    LIFE_PARTNER = "53", "Life partner"
    OTHER = "G8", "Other"


class FilingIndicator(models.TextChoices):
    """SBR09, claim filing indicator."""

    COMMERCIAL = "CI", "Commercial"
    BLUE = "BL", "Blue Cross Blue Shield"
    MEDICARE_B = "MB", "Medicare Part B"
    MEDICAID = "MC", "Medicaid"
    HMO = "HM", "HMO"
    PPO = "12", "PPO"
    POS = "13", "Point of service"
    TRICARE = "CH", "TRICARE"
    EPO = "14", "EPO"
    INDEMNITY = "15", "Indemnity"
    ADVANTAGE = "16", "Medicare Advantage"
    DENTAL = "17", "Dental maintenance"
    OTHER_NON_FEDERAL = "11", "Other non-federal program"
    FEDERAL_EMPLOYEES = "FI", "Federal employees"
    MEDICARE_A = "MA", "Medicare Part A"
    VETERANS = "VA", "Veterans affairs"
    OTHER_FEDERAL = "OF", "Other federal program"
    TITLE_V = "TV", "Title V"
    WORK_COMP = "WC", "Workers' compensation"
    AUTO = "AM", "Automobile"
    LIABILITY = "LM", "Liability"
    DISABILITY = "DS", "Disability"
    OTHER = "ZZ", "Other"


class MedicareSecond(models.TextChoices):
    """SBR05: why Medicare is not the first to be asked."""

    AGED = "12", "Working aged"
    KIDNEY = "13", "Kidney disease"
    NO_FAULT = "14", "No-fault insurance"
    WORK = "15", "Workers' compensation"
    FEDERAL = "16", "Public health service or other federal agency"
    BLACK_LUNG = "41", "Black lung"
    VETERANS = "42", "Veterans affairs"
    DISABLED = "43", "Disabled, with a large group plan"
    LIABILITY = "47", "Liability insurance"


class RequestState(models.TextChoices):
    """A question to a payer about a card."""

    WAITING = "waiting", "Waiting for the answer"
    ANSWERED = "answered", "Answered"
    REFUSED = "refused", "Not taken"  # the file never arrived, or a TA1 or 999 refused it
    GIVEN_UP = "given_up", "No answer"


class AuthorizationKind(models.TextChoices):
    """Which number it is on the claim: REF*G1 or REF*9F."""

    AUTHORIZATION = "G1", "Prior authorization"
    REFERRAL = "9F", "Referral"


class LimitKind(models.TextChoices):
    """What an authorization counts (B14)."""

    VISITS = "visits", "Visits"
    UNITS = "units", "Units"
    AMOUNT = "amount", "Amount"
    DAYS = "days", "Days"


class EnrollmentKind(models.TextChoices):
    """What is exchanged with a payer."""

    CLAIMS = "837P", "Claims (837P)"
    PAYMENTS = "835", "Payment files (835)"
    ELIGIBILITY = "270", "Eligibility (270)"
    TRANSFER = "EFT", "Bank transfer (EFT)"


class EnrollmentState(models.TextChoices):
    """How far an enrollment is (B14)."""

    ASKED = "asked", "Asked for"
    PENDING = "pending", "Pending"
    ACTIVE = "active", "Active"
    REFUSED = "refused", "Refused"
