"""Home pages: the biller's day, the clinic's figures, all clinics of a billing company, reports, integrity."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_GET

from billing import calls
from billing.models import VisitTransition
from claims import filing, inquiries
from claims.models import StatusInquiry
from desk import figures, places
from lib.money import show_money
from patients.here import location_here, today_here
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
    """Owner and admin: money this month, in flight, stuck and why; every tile opens its list."""
    month = figures.read_month(today_here(request))
    tiles = [
        {
            "label": "Collected this month",
            "value": show_money(month.collected),
            "url": _url("responses:list"),
            "note": f"patients {show_money(month.from_patients)}, insurers {show_money(month.from_insurers)}",
        },
        {
            "label": "With insurers",
            "value": show_money(month.with_insurers),
            "url": _url("claims:report"),
            "note": f"{month.claims_in_flight} claims in flight",
        },
        {
            "label": "Patients owe",
            "value": show_money(month.with_patients),
            "url": _url("billing:statements"),
            "note": f"credit {show_money(month.credit)}",
        },
        {
            "label": "Clean claims",
            "value": month.clean_rate,
            "url": _url("claims:report"),
            "note": f"{month.rejected} of {month.sent} sent were rejected",
        },
    ]
    context = {"tiles": tiles, "month": month, "by_payer": figures.read_payers(), "title": "Dashboard"}
    return render(request, "desk/dashboard.html", context)


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
