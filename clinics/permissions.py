"""The permission matrix: which role may do which act, and which act each route is. Default deny.

ACTIONS is the table of roles x actions; ROUTES names the act of every URL, page and API alike.
A route without a line is refused, and the system check stops the start (clinics/checks.py).
Names, tests and the docs page come from here.
"""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import BasePermission

from clinics.roles import Role
from clinics.routes import ROUTES

FD, BL, AD, OW, BC, AU = (
    Role.FRONT_DESK,
    Role.BILLER,
    Role.ADMIN,
    Role.OWNER,
    Role.COMPANY_BILLER,
    Role.AUDITOR,
)
EVERYBODY = frozenset(Role)
DESK = frozenset({FD, BL, AD, OW, BC})
BILLING = frozenset({BL, AD, OW, BC})
ADMINS = frozenset({AD, OW})

ACTIONS: dict[str, frozenset[Role]] = {
    "home": EVERYBODY,
    "patient.view": EVERYBODY,
    "patient.write": DESK,
    "patient.import": ADMINS,
    "patient.merge_ask": BILLING,
    "patient.merge": ADMINS,
    "patient.merge_alone": frozenset({OW}),
    "coverage.write": DESK,
    "coverage.move": BILLING,
    "visit.view": EVERYBODY,
    "visit.write": DESK,
    "checkout": DESK,
    "payment.take": DESK,
    "payment.reverse": BILLING,
    "payment.refund": ADMINS,
    "payment.refund_alone": frozenset({OW}),
    "writeoff": BILLING,
    "writeoff.run": ADMINS,
    "day.close": BILLING,
    "day.close_over": frozenset({OW}),
    "day.reopen": frozenset({OW}),
    "collections": BILLING,
    "collections.hand": ADMINS,
    "plan.write": BILLING,
    "plan.override": ADMINS,
    "claim.create": DESK,
    "claim.view": BILLING | {AU},
    "claim.edit": BILLING,
    "claim.submit": BILLING,
    "claim.resolve_unknown": BILLING,
    "remit.view": BILLING | {AU},
    "remit.post": BILLING,
    "remit.scan_remove": ADMINS,
    "edi.download": BILLING | {AU},
    "statement.view": DESK | {AU},
    "statement.send": BILLING,
    "report.phi": BILLING | {AU},
    "report.aggregate": EVERYBODY,
    "settings.view": ADMINS,
    "settings.autopay": ADMINS,
    "settings.other": ADMINS,
    "clearinghouse.credentials": ADMINS,
    "audit.view": frozenset({AD, OW, AU}),
    "integrity.view": ADMINS | {AU},
}
# Open to anybody, signed in or not.
PUBLIC = "public"
# Open to every signed-in person, whatever the clinic.
SIGNED_IN = "signed_in"


# Acts that want a sign-in of the last ten minutes (reliability.md c1, "M"). Refunds, merges and the reopening of a
# day ask by themselves: there it depends on who else could approve.
FRESH = frozenset({"patient.import", "settings.autopay", "clearinghouse.credentials"})


def role_may(role: str, action: str) -> bool:
    """Whether the matrix gives ``action`` to ``role``; an unknown action is a bug."""
    assert action in ACTIONS, f"action {action} is not in the matrix"
    return role in ACTIONS[action]


def may(request: Any, action: str) -> bool:
    """Whether the signed-in person may do ``action`` in the clinic that is open."""
    membership = getattr(request, "membership", None)
    return membership is not None and role_may(membership.role, action)


def route_action(route: str, method: str) -> str | None:
    """The act of a route for an HTTP method; None for a route the matrix does not know."""
    entry = ROUTES.get(route)
    if entry is None:
        return None
    if isinstance(entry, str):
        return entry
    reading = method in ("GET", "HEAD", "OPTIONS")
    return entry.get(method) or entry.get("read" if reading else "write")


class RoutePermission(BasePermission):
    """The same matrix for the API; the middleware has already asked it, this is the second lock."""

    def has_permission(self, request: Any, view: Any) -> bool:
        """Ask the matrix for the route that was resolved."""
        django_request = request._request  # noqa: SLF001 - DRF's documented door to the request
        action = route_action(django_request.resolver_match.view_name, request.method)
        if action is None:
            return False
        if action == PUBLIC:
            return True
        if action == SIGNED_IN:
            return bool(request.user and request.user.is_authenticated)
        return may(django_request, action)
