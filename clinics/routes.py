"""The act of every route: one line each, pages and API alike.

A value is an action of the matrix, or {"read": ..., "write": ...} where GET and POST differ.
"public" needs no sign-in, "signed_in" no clinic.
"""

from __future__ import annotations

ROUTES: dict[str, str | dict[str, str]] = {
    # frame
    "health-live": "public",
    "health-ready": "public",
    "choose-clinic": "signed_in",
    "set-theme": "public",
    # API description
    "api-schema": "signed_in",
    "api-docs": "signed_in",
}

# django-allauth guards its own pages; sign-up by strangers is closed (clinics/accounts.py).
OPEN_NAMESPACES: tuple[str, ...] = ()
ALLAUTH_PREFIXES = ("account_", "mfa_", "usersessions_")
