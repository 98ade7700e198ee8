"""The places menu: each role's rooms with live counts, in the order of its day (rules.md B16).

Counts come from two grouped queries; a place shows only when the role may open it and its page exists.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from appointments.models import Appointment
from claims.models import Claim
from clinics.models import Location
from clinics.permissions import role_may, route_action
from lib.dates import local_day
from responses.models import ClaimResponse


@dataclass(frozen=True, slots=True)
class Place:
    """One line of the menu; ``count`` names a figure of ``counts()``."""

    label: str
    route: str
    icon: str
    count: str = ""
    query: str = ""
    hot: bool = False


FRONT = (
    Place("Today", "desk:today", "calendar-event", "to_check_out", hot=True),
    Place("Schedule", "appointments:schedule", "calendar"),
    Place("Missing charges", "billing:missing-charges", "clock-exclamation"),
    Place("Coding", "billing:coding", "checkup-list"),
)
WORK = (
    Place("My day", "desk:my-day", "home"),
    Place("Not transitioned", "billing:not-transitioned", "progress"),
    Place("Claim queue", "claims:queue", "stack-2", "queue"),
    Place("Batches", "claims:batches", "send"),
    Place("Timely filing", "claims:filing", "clock-exclamation"),
    Place("Status inquiries", "claims:inquiries", "phone"),
    Place("Claim Responses", "responses:list", "inbox", "exceptions", hot=True),
    Place("Denials", "responses:denials", "ban", "denials"),
)
PEOPLE = (
    Place("Patients", "patients:list", "users"),
    Place("Eligibility", "insurance:questions", "id-badge-2"),
    Place("Authorizations", "insurance:authorizations", "checkup-list"),
    Place("Statements", "billing:statements", "file-text"),
    Place("Payment plans", "billing:plans", "calendar-event"),
    Place("Follow-ups", "billing:follow-ups", "phone"),
    Place("Write-offs", "billing:write-off-list", "pencil"),
    Place("Receivables", "billing:receivables", "report-analytics"),
    Place("Collections", "billing:collections", "alert-triangle"),
)
LOOK_BACK = (
    Place("Dashboard", "desk:dashboard", "layout-dashboard"),
    Place("Day close", "billing:day", "lock"),
    Place("Reports", "desk:reports", "report-analytics"),
    Place("All clinics", "desk:clinics", "buildings"),
    Place("Settings", "desk:settings", "settings"),
)

# What one does rather than where one goes: found by Ctrl K alone. The words are those of the button.
ACTS = (
    Place("New patient", "patients:register", "user"),
    Place("Book a visit", "appointments:book", "calendar-event"),
    Place("Walk-in", "appointments:book", "calendar-event", query="?walk_in=1"),
    Place("Check out", "desk:today", "cash", query="?tab=check-out"),
    Place("Close the drawer", "billing:drawer", "cash"),
    Place("Import patients", "patients:imports", "users"),
    Place("Review new claims", "claims:queue", "stack-2", query="?tab=new"),
    Place("Submit ready claims", "claims:queue", "send", query="?tab=ready"),
    Place("Rejected claims", "claims:queue", "ban", query="?tab=rejected"),
    Place("Post proposed answers", "responses:list", "inbox", query="?tab=proposed"),
    Place("Upload an 835 file", "responses:upload", "inbox"),
    Place("Enter a paper EOB", "responses:find-claim", "keyboard"),
    Place("Underpaid claims", "responses:underpaid", "trending-down"),
    Place("Deposits, bank lines", "responses:deposits", "cash"),
    Place("Payer scorecard by month", "responses:by-month", "report-analytics"),
    Place("Insurance Claims report", "claims:report", "report-analytics"),
    Place("Run statements", "billing:statements", "file-text"),
)


def acts_for(role: str) -> list[dict[str, Any]]:
    """What a role may do from anywhere."""
    return [item for place in ACTS if (item := _item(place, role, {}))]


def for_role(role: str, path: str, figures: dict[str, int]) -> list[dict[str, Any]]:
    """The menu of a role, with the place of ``path`` marked and these counts beside the places."""
    groups = [("Front desk", FRONT), ("Work", WORK), ("People", PEOPLE), ("Look back", LOOK_BACK)]
    if role in ("biller", "company_biller", "auditor"):
        groups = [groups[1], groups[0], groups[2], groups[3]]
    menu: list[dict[str, Any]] = []
    shown: list[dict[str, Any]] = []
    for label, places in groups:
        items = [item for place in places if (item := _item(place, role, figures))]
        if items:
            menu.append({"label": label, "items": items})
            shown += items
    _mark_current(shown, path)
    return menu


def counts(here: Location | None) -> dict[str, int]:
    """What waits, in four small queries on partial indexes; to check out as the location's Today shows it."""
    by_state = dict(
        Claim.objects.filter(state__in=["new", "ready", "on_hold", "rejected"])
        .values_list("state")
        .annotate(n=Count("pk"))
    )
    by_posting = dict(
        ClaimResponse.objects.filter(state__in=["exception", "proposed"])
        .values_list("state")
        .annotate(n=Count("pk"))
    )
    return {
        "queue": sum(by_state.values()),
        **{f"claims_{state}": number for state, number in by_state.items()},
        "exceptions": by_posting.get("exception", 0),
        "proposed": by_posting.get("proposed", 0),
        "to_check_out": _to_check_out(here) if here else 0,
        "denials": Claim.objects.filter(outcome__in=["denied", "partial"], state="adjudicated").count(),
    }


def _to_check_out(here: Location) -> int:
    today = local_day(timezone.now(), here.time_zone)
    return Appointment.objects.filter(state="complete", location=here, service_date=today).count()


def _mark_current(items: list[dict[str, Any]], path: str) -> None:
    """The place whose address is the longest beginning of ``path``."""
    fitting = [item for item in items if path == item["address"] or path.startswith(item["address"])]
    if fitting:
        max(fitting, key=lambda item: len(item["address"]))["current"] = True


def _item(place: Place, role: str, figures: dict[str, int]) -> dict[str, Any] | None:
    action = route_action(place.route, "GET")
    try:
        url = reverse(place.route)
    except NoReverseMatch:
        return None
    if action is None or (action not in ("signed_in", "public") and not role_may(role, action)):
        return None
    return {
        "label": place.label,
        "url": url + place.query,
        "icon": place.icon,
        "count": figures.get(place.count) or None,
        "hot": place.hot and bool(figures.get(place.count)),
        "address": url,
        "current": False,
    }
