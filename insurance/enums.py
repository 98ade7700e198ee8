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
    WORK_COMP = "WC", "Workers' compensation"
    AUTO = "AM", "Automobile"
    OTHER = "ZZ", "Other"
