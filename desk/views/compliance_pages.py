"""Reports > Compliance: doubts about what was billed, and the month's random sample beside its evidence."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from clinics import audit
from desk import compliance
from lib.dates import parse_day
from patients.here import today_here
from patients.tables import list_file, wants_file

KINDS = {
    "no_visit": "Claim without its visit",
    "units": "Units against minutes",
    "overlap": "Two places at once",
    "day": "More than a day's hours",
    "changed": "Changed since check-out",
}
CRUMBS = [("Reports", "/reports/"), ("Compliance", "")]
LONGEST = timedelta(days=366)


@require_GET
def doubts(request: Any) -> HttpResponse:
    """The list; ``?from=&to=&kind=&q=`` narrow it, ``?format=csv`` exports it."""
    first, last = period(request.GET, today_here(request))
    found = compliance.doubts(first, last)
    counts = {kind: sum(doubt.kind == kind for doubt in found) for kind in KINDS}
    kind, typed = request.GET.get("kind", ""), request.GET.get("q", "").strip().lower()
    rows = [doubt for doubt in found if _fits(doubt, kind, typed)]
    audit.record("report.read", "report", "compliance", reason=f"{first} to {last}")
    if wants_file(request):
        header = ["Date of service", "Doubt", "Patient", "Clinician", "What", "Claim"]
        lines = [[r.day, KINDS[r.kind], r.patient, r.clinician, r.words, r.claim] for r in rows]
        return list_file(request, "compliance", header, lines)
    options = [("", f"Every doubt ({len(found)})")]
    options += [(name, f"{words} ({counts[name]})") for name, words in KINDS.items()]
    context = {
        "title": "Compliance",
        "crumbs": CRUMBS,
        "rows": [{**asdict(row), "kind_words": KINDS[row.kind]} for row in rows],
        "selects": [{"name": "kind", "label": "Doubt", "options": options, "value": kind}],
        "dates": [
            {"name": "from", "label": "From", "value": first.isoformat()},
            {"name": "to", "label": "to", "value": last.isoformat()},
        ],
        "q": request.GET.get("q", "").strip(),
        "filtered": bool(kind in KINDS or typed),
        "said": f"{len(rows)} doubt{'' if len(rows) == 1 else 's'}",
    }
    return render(request, "desk/compliance.html", context)


@require_GET
def sample(request: Any) -> HttpResponse:
    """The month's claims to be compared with the record, ten of them; ``?month=2026-03``."""
    month = wanted_month(request.GET.get("month", ""), today_here(request))
    rows = compliance.month_sample(month)
    audit.record("report.read", "report", "compliance-sample", reason=f"{month:%Y-%m}")
    context = {
        "title": "Monthly sample",
        "crumbs": [CRUMBS[0], ("Compliance", reverse("desk:compliance")), ("Monthly sample", "")],
        "rows": rows,
        "month": month,
        "size": compliance.SAMPLE_SIZE,
    }
    return render(request, "desk/sample.html", context)


def period(asked: Any, today: date) -> tuple[date, date]:
    """The days asked for, at most a year; the last month and this one when nothing fitting is asked."""
    usual = (today.replace(day=1) - timedelta(days=1)).replace(day=1)
    first, last = _day(asked.get("from", ""), usual), _day(asked.get("to", ""), today)
    if last < first:
        first, last = last, first
    return max(first, last - LONGEST), last


def wanted_month(text: str, today: date) -> date:
    """The first day of the month asked for; last month when the text is none."""
    usual = (today.replace(day=1) - timedelta(days=1)).replace(day=1)
    return _day(f"{text}-01", usual).replace(day=1)


def _day(text: str, usual: date) -> date:
    return parse_day(text) or usual


def _fits(doubt: compliance.Doubt, kind: str, typed: str) -> bool:
    if kind in KINDS and doubt.kind != kind:
        return False
    return not typed or typed in f"{doubt.patient} {doubt.clinician}".lower()
