"""Tenancy and people."""

from clinics.models.audit import AuditEvent
from clinics.models.people import Membership, User
from clinics.models.places import (
    BillingProvider,
    Clinic,
    Clinician,
    Company,
    Location,
    ReferringProvider,
)
from clinics.models.settings import CompanySetting, Setting

__all__ = [
    "AuditEvent",
    "BillingProvider",
    "Clinic",
    "Clinician",
    "Company",
    "CompanySetting",
    "Location",
    "Membership",
    "ReferringProvider",
    "Setting",
    "User",
]
