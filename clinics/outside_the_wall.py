"""What stands outside the wall, and the few shared tables that tenant rows may point at, each with its reason.

The live catalogue is held against these lists by clinics/distribution.py (``./manage distribute --check``)
and by tests/architecture: a new table without a wall needs a line here, and its reason.
"""

from __future__ import annotations

# Table -> why its rows are not behind row-level security.
OUTSIDE: dict[str, str] = {
    # people and what decides about the wall itself
    "clinics_user": "one account a person, whatever the clinics",
    "clinics_company": "the owner of clinics; a name only",
    "clinics_clinic": "the tenant itself; a name only",
    "clinics_membership": "decides which clinics the wall lets through; read by user",
    "clinics_companysetting": "a company's own defaults; neither health data nor money",
    # plumbing that works over all clinics, ids only
    "work_outbox": "the relay takes work of all clinics; ids only, the handler opens the clinic",
    "work_periodrun": "once a period for the whole installation; no clinic in it",
    "work_heartbeat": "a worker's sign of life; no clinic in it",
    # code sets
    "claims_claimtransition": "the allowed moves of a claim; the same for everybody, read-only",
    "claims_diagnosisrelease": "releases of ICD-10-CM; the same for everybody, loaded by the operator",
    "claims_diagnosiscode": "ICD-10-CM, public domain; the same for everybody, loaded by the operator",
    # Django and django-allauth
    "account_emailaddress": "sign-in; belongs to a user",
    "account_emailconfirmation": "sign-in; belongs to a user",
    "mfa_authenticator": "second factors; belong to a user",
    "auth_group": "Django's own, unused: roles stand in clinics/permissions.py",
    "auth_group_permissions": "Django's own, unused",
    "auth_permission": "Django's own, unused",
    "django_content_type": "Django's own list of models",
    "django_migrations": "Django's own list of migrations",
    "django_session": "sessions; belong to a user, read before any clinic is known",
}

# Shared tables that a tenant row may point at (scaling.md rule 3: few, and listed in this one place).
SHARED_TARGETS: dict[str, str] = {
    "clinics_clinic": "whose row it is",
    "clinics_user": "who a clinician signs in as",
}

# Views, functions and grants that the rules would refuse, each with its reason. Empty is the aim.
DEFERRED_TRIGGER_TABLES: dict[str, str] = {
    "billing_ledgertxn": "the ledger's header: balanced and complete at COMMIT (I-1)",
}
