"""Home pages: the biller's day, the clinic's figures, all clinics of a billing company, reports, integrity."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, resolve, reverse
from django.utils.dateformat import format as dateformat
from django.views.decorators.http import require_GET

from billing import calls, receivables
from billing.models import VisitTransition
from claims import filing, inquiries
from claims.models import StatusInquiry
from clinics import audit
from clinics.permissions import role_may, route_action
from desk import figures, owner_figures, places
from lib.money import ZERO, show_money, total
from patients.here import location_here, today_here
from patients.tables import csv_file
from responses import denials
from responses.models import BankLine

DAY = (
    (
        "Not transitioned",
        "not_transitioned",
        "billing:not-transitioned",
        "",
        "Visits the batch could not charge",
    ),
    (
        "Completed, not checked out",
        "to_check_out",
        "desk:today",
        "?tab=check-out",
        "Today’s; those of earlier days stand under Missing charges",
    ),
    ("New to review", "claims_new", "claims:queue", "?tab=new", "Walk through the fields, save, ready"),
    ("Ready", "claims_ready", "claims:queue", "?tab=ready", "Bulk Submit sends them"),
    ("On hold", "claims_on_hold", "claims:queue", "?tab=hold", "Somebody wanted to know more"),
    ("Rejected", "claims_rejected", "claims:queue", "?tab=rejected", "Mend, duplicate and resubmit"),
    (
        "Exceptions",
        "exceptions",
        "responses:list",
        "?tab=exceptions",
        "Answers that stopped, with their reason",
    ),
    ("Proposed", "proposed", "responses:list", "?tab=proposed", "Answers that wait for a person to post"),
    ("Denials", "denials", "responses:denials", "", "Correct and resend, appeal, write off"),
    (
        "Underpaid",
        "underpaid",
        "responses:underpaid",
        "",
        "Allowed less than the contract says: dispute or let pass",
    ),
    ("No response", "no_response", "claims:inquiries", "", "Asked by inquiry, or to be asked by telephone"),
    ("Filing deadlines", "filing", "claims:filing", "", "Less than a fifth of the time to file is left"),
    ("Unmatched money", "unmatched", "responses:deposits", "", "At the bank, and no remittance explains it"),
    ("Follow-ups", "follow_ups", "billing:follow-ups", "", "Promises and calls whose day has come"),
)


@require_GET
def my_day(request: Any) -> HttpResponse:
    """The biller's day in order, counts that empty."""
    counts = {
        **places.counts(location_here(request)),
        "follow_ups": calls.count_due(today_here(request)),
        "not_transitioned": VisitTransition.objects.filter(outcome="not_transitioned").count(),
        "underpaid": len(denials.underpaid()),
        "no_response": StatusInquiry.objects.filter(state__in=inquiries.OPEN).count(),
        "filing": filing.count_urgent(today_here(request)),
        "unmatched": BankLine.objects.filter(remittance__isnull=True, note="").count(),
    }
    rows = [
        {"label": label, "n": counts.get(key, 0), "url": _url(route) + query, "words": words}
        for label, key, route, query, words in DAY
    ]
    return render(request, "desk/my_day.html", {"rows": rows, "title": "My day"})


@require_GET
def dashboard(request: Any) -> HttpResponse:
    """Owner and admin: money this month, what insurers owe, stuck and why; every tile opens its list."""
    today = today_here(request)
    month, money, stuck = figures.read_month(today), owner_figures.collected(today), owner_figures.stuck()
    owed = receivables.read(today)
    made = [
        owner_figures.collected_chart(money, today),
        owner_figures.stuck_chart(stuck),
        owner_figures.clean_chart(today),
        owner_figures.age_chart(owed),
        owner_figures.denial_chart(today),
        owner_figures.owed_chart(owed),
    ]
    for chart in made:
        chart.rows = [row if _opens(request, row.url) else replace(row, url="") for row in chart.rows]
    wanted = next((chart for chart in made if chart.name == request.GET.get("chart")), None)
    if wanted and request.GET.get("format") == "csv":
        audit.record("report.export", "report", f"dashboard {wanted.name}", rows=len(wanted.rows))
        return csv_file(wanted.name, list(wanted.heads), [row.plain for row in wanted.rows])
    context = {
        "tiles": [
            tile if _opens(request, tile["url"]) else tile | {"url": ""}
            for tile in _tiles(month, money, stuck, owed)
        ],
        "charts": made,
        "title": "Dashboard",
        "sub": f"{dateformat(today, 'F Y')}, to the {dateformat(today, 'jS')}",
    }
    return render(request, "desk/dashboard.html", context)


def _opens(request: Any, url: str) -> bool:
    """Whether the person may open the list behind a figure; else the figure stands there without a link."""
    action = route_action(resolve(urlsplit(url).path).view_name, "GET") if url else None
    return action is not None and role_may(request.membership.role, action)


def _tiles(
    month: figures.Month,
    money: owner_figures.Collected,
    stuck: list[owner_figures.Stuck],
    owed: receivables.Receivables,
) -> list[dict[str, Any]]:
    """The five figures of the head, each with its list."""
    behind = money.ahead < ZERO
    return [
        {
            "label": "Collected this month",
            "value": show_money(month.collected),
            "url": _url("billing:closed-days"),
            "icon": "trending-down" if behind else "trending-up",
            "family": "warn" if behind else "ok",
            "note": f"{show_money(abs(money.ahead))} {'behind' if behind else 'ahead of'} last month",
        },
        {
            "label": "Insurers owe",
            "value": show_money(month.with_insurers),
            "url": _url("claims:report"),
            "note": f"{month.claims_in_flight} claim{'s' * (month.claims_in_flight != 1)} in flight",
        },
        {
            "label": "Stuck, and why",
            "value": show_money(total(row.amount for row in stuck)),
            "url": stuck[0].url,
            "icon": "alert-triangle" if stuck[0].number else "",
            "family": "warn" if stuck[0].number else "",
            "note": f"{stuck[0].words.lower()}: {stuck[0].number}" if stuck[0].number else "nothing waits",
        },
        {
            "label": "Clean claims",
            "value": month.clean_rate,
            "url": _url("claims:queue") + "?tab=rejected",
            "note": f"{month.rejected} of {month.sent} sent were rejected",
        },
        {
            "label": "Days in A/R",
            "value": owed.days if owed.days is not None else "–",
            "url": _url("billing:receivables"),
            "note": f"patients owe {show_money(month.with_patients)}",
        },
    ]


@require_GET
def clinics(request: Any) -> HttpResponse:
    """A billing company's clinics side by side: one read over all of a person's clinics."""
    mine = [membership for membership in request.memberships if membership.role == request.membership.role]
    rows = figures.read_clinics([membership.clinic for membership in mine])
    return render(request, "desk/clinics.html", {"rows": rows, "title": "All clinics"})


@require_GET
def reports(request: Any) -> HttpResponse:
    """Reports by group."""
    groups = [
        (
            "Insurance Reports",
            [
                (
                    "Insurance Claims",
                    "claims:report",
                    "Every claim with state, outcome and days left to file",
                ),
                ("Claim Responses", "responses:list", "What payers answered and what was posted"),
            ],
        ),
        (
            "Visit Reports",
            [
                ("Missing charges", "billing:missing-charges", "Visits without a charge, and what to do"),
                ("Not transitioned", "billing:not-transitioned", "Visits that could not be charged, and why"),
                ("SALT drift", "appointments:salt-drift", "Visits that are the same many times running"),
                ("Coding", "billing:coding", "Completed visits without confirmed codes"),
            ],
        ),
        (
            "Compliance",
            [
                (
                    "Compliance",
                    "desk:compliance",
                    "Claims without their visit, units against minutes, overlaps",
                ),
                ("Monthly sample", "desk:compliance-sample", "Ten claims beside the record of their visits"),
            ],
        ),
        (
            "Patient Reports",
            [
                ("Statements", "billing:statements", "What patients were asked for"),
                ("Receivables", "billing:receivables", "Who owes how much for how long; days in A/R"),
                ("At risk", "billing:receivables-risk", "Balances that may not be paid, and why"),
                (
                    "Collections",
                    "billing:collections",
                    "Proposed accounts, the agency’s files, what came back",
                ),
                ("Closed days", "billing:closed-days", "Each close with its sums; reopened ones among them"),
            ],
        ),
    ]
    shown = [(label, [(name, _url(route), words) for name, route, words in rows]) for label, rows in groups]
    return render(request, "desk/reports.html", {"groups": shown, "title": "Reports"})


def _url(route: str) -> str:
    try:
        return reverse(route)
    except NoReverseMatch:
        return "#"
