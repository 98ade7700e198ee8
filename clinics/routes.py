"""The act of every route: one line each, pages and API alike.

A value is an action of the matrix, or {"read": ..., "write": ...} where GET and POST differ.
"public" needs no sign-in, "signed_in" no clinic.
"""

from __future__ import annotations

ROUTES: dict[str, str | dict[str, str]] = {
    # frame
    "desk:health-live": "public",
    "desk:health-ready": "public",
    "desk:choose-clinic": "signed_in",
    "desk:home": "home",
    "desk:places": "home",
    "desk:find": "patient.view",
    "desk:job": "home",
    "desk:design": "home",
    "desk:today": "visit.view",
    "desk:visit-panel": "visit.view",
    "desk:my-day": "claim.view",
    "desk:dashboard": "report.aggregate",
    "desk:clinics": "claim.view",
    "desk:reports": "report.aggregate",
    "desk:denials": "claim.view",
    "desk:settings": "settings.view",
    "desk:advanced-settings": {"read": "settings.view", "write": "settings.view"},
    # patients
    "patients:list": "patient.view",
    "patients:csv": "patient.view",
    "patients:register": "patient.write",
    "patients:pick": "patient.view",
    "patients:patient": "patient.view",
    "patients:edit": "patient.write",
    "patients-api:patients": {"read": "patient.view", "write": "patient.write"},
    "patients-api:search": "patient.view",
    "patients-api:patient": {"read": "patient.view", "write": "patient.write"},
    # insurance
    "insurance:manage": "patient.view",
    "insurance:patient-coverage": "patient.view",
    "insurance:hover-card": "patient.view",
    "insurance:new-profile": "coverage.write",
    "insurance:new-card": "coverage.write",
    "insurance:card": {"read": "patient.view", "write": "coverage.write"},
    "insurance:check-eligibility": "coverage.write",
    "insurance:place": "coverage.write",
    "insurance:profile-act": "coverage.write",
    "insurance:payers": "home",
    "insurance:payer-new": "settings.other",
    "insurance:payer": "settings.other",
    "insurance:plan-save": "settings.other",
    "insurance:rate-save": "settings.other",
    "insurance-api:payers": {"read": "home", "write": "settings.other"},
    "insurance-api:payer": {"read": "home", "write": "settings.other"},
    "insurance-api:plans": "settings.other",
    "insurance-api:policies": {"read": "patient.view", "write": "coverage.write"},
    "insurance-api:policy": {"read": "patient.view", "write": "coverage.write"},
    "insurance-api:eligibility": "coverage.write",
    "insurance-api:profiles": {"read": "patient.view", "write": "coverage.write"},
    "insurance-api:profile": "patient.view",
    "insurance-api:layers": "coverage.write",
    "insurance-api:act": "coverage.write",
    # API description
    "api-schema": "signed_in",
    "api-docs": "signed_in",
}

# Pages that read over all clinics of a person (billing companies); they never write.
SPANNING = ("desk:clinics",)

# django-allauth guards its own pages; sign-up by strangers is closed (clinics/accounts.py).
ALLAUTH_PREFIXES = ("account_", "mfa_", "usersessions_")
