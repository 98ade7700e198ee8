"""The day's close: what happened, what ties, what breaks it and where that is mended; closed days (rules.md B13)."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from billing import approvals, days
from billing.errors import CannotClose
from billing.forms import ReasonForm
from billing.links import url_if_there
from billing.models import Approval, DayClose
from billing.views.local import render_at
from billing.views.tables import Cell, Table, counted, show
from billing.views.writeoff_pages import parse_date_or
from clinics.fresh import is_fresh, others_who_may, sign_in_again
from clinics.permissions import may
from lib.money import ZERO, parse_money
from patients.here import location_here, today_here
from work.idempotency import once


@require_http_methods(["GET", "POST"])
def day(request: HttpRequest) -> HttpResponse:
    """The sheet of the days since the last close, through ``?day=``; POST closes them."""
    here, today = location_here(request), today_here(request)
    wanted = parse_date_or(str(request.POST.get("day") or request.GET.get("day", "")), today)
    wrong = ""
    if request.method == "POST":
        try:
            said = _close(request, wanted)
        except CannotClose as refusal:
            wrong = refusal.message
        else:
            messages.success(request, said)
            return redirect("billing:day")
    found = days.sheet(here, wanted, today=today)
    context = {
        "sheet": found,
        "day": wanted,
        "today": today,
        "wrong": wrong,
        "note": request.POST.get("note", ""),
        "over": may(request, "day.close_over"),
        "dates": [{"name": "day", "label": "Through", "value": wanted.isoformat()}],
        "ties": [
            {"key": key, "words": words, "count": count, "said": counted(count, "break")}
            for key, words, count in found.ties
        ],
        "breaks": [
            {
                "row": row,
                "url": url_if_there(row.route, *filter(None, [row.subject])),
                "tie": days.TIES[row.tie],
            }
            for row in found.breaks[:200]
        ],
        "closes": [{"row": row, "figures": row.sums["figures"]} for row in days.closes()[:5]],
    }
    return render_at(here, request, "billing/day.html", context, status=409 if wrong else 200)


@require_GET
def closed_days(request: HttpRequest) -> HttpResponse:
    """Closed days with their sums, the latest first; a reopened one stays in the list."""
    rows = days.closes()
    table = Table(
        title="Closed days",
        sub="nothing is posted on a closed day or before it",
        head=[
            ("Day", False),
            ("Charges", True),
            ("From patients", True),
            ("From insurers", True),
            ("Owed after", True),
            ("Closed by", False),
            ("Breaks", True),
            ("Note", False),
            ("State", False),
            ("Reopen", False),
        ],
        rows=[_line(row, may(request, "day.reopen")) for row in rows],
        said=counted(len(rows), "close"),
        blank="No day is closed yet",
        blank_words="Close a day when everything ties: what comes later goes to the next open day.",
        acts=[("Day close", reverse("billing:day"), False)],
    )
    return show(request, table, file_name="closed-days")


@require_http_methods(["GET", "POST"])
def reopen(request: HttpRequest, public_id: str) -> HttpResponse:
    """Open the last closed day again: an owner with a fresh sign-in asks another owner; alone with a reason."""
    row = get_object_or_404(DayClose.objects, public_id=public_id)
    if not is_fresh(request):
        return sign_in_again(request)
    form = ReasonForm(request.POST or None)
    two = others_who_may("day.reopen") > 0
    stops = _stops(row)
    if request.method == "POST" and form.is_valid() and not stops:
        reason = form.cleaned_data["reason"]

        def act() -> dict[str, Any]:
            if two:
                approvals.ask_reopen(row, reason=reason)
            else:
                days.reopen(row, reason=reason, at=timezone.now())
            return {}

        with transaction.atomic():
            key = request.POST.get("idempotency_key", "")
            once(key, {"act": "reopen", "day": public_id, "reason": reason}, act)
        said = "Asked: another owner approves it" if two else f"{row.day:%m/%d/%Y} is open again"
        messages.success(request, said)
        return redirect("billing:closed-days")
    context = {
        "title": f"Reopen {row.day:%m/%d/%Y}",
        "patient": "",
        "form": form,
        "stops": stops,
        "says": [
            "Postings can change this day again. Its close stays in the list, with your name and reason.",
            "Another owner has to approve it."
            if two
            else "You are the only owner, so your reason stands alone.",
        ],
        "button": "Ask the other owner" if two else "Reopen the day",
        "back": reverse("billing:closed-days"),
    }
    status = 409 if stops and request.method == "POST" else 400 if form.errors else 200
    return render(request, "billing/act.html", context, status=status)


def _close(request: HttpRequest, wanted: Any) -> str:
    note = str(request.POST.get("note", ""))

    def act() -> dict[str, Any]:
        row = days.close(
            location_here(request),
            wanted,
            today=today_here(request),
            note=note,
            over_breaks=may(request, "day.close_over"),
        )
        return {"day": row.public_id}

    with transaction.atomic():
        asked = {"act": "close-day", "day": wanted.isoformat(), "note": note}
        once(request.POST.get("idempotency_key", ""), asked, act)
    return f"{wanted:%m/%d/%Y} is closed; what comes later goes to the next open day"


def _stops(row: DayClose) -> list[str]:
    waiting = Approval.objects.filter(kind="reopen", state="asked", wanted__day=row.public_id)
    if waiting.exists():
        return ["Another owner was asked already."]
    try:
        days.check_reopen(row)
    except CannotClose as refusal:
        return [refusal.message]
    return []


def _line(row: DayClose, may_reopen: bool) -> list[Cell]:
    figures = row.sums["figures"]
    patients = sum((parse_money(amount) for amount in figures["methods"].values()), ZERO)
    open_again = row.reopened_at is not None
    url = reverse("billing:reopen-day", args=[row.public_id]) if may_reopen and not open_again else ""
    return [
        Cell(row.day, name=True),
        Cell(parse_money(figures["charges"])),
        Cell(patients),
        Cell(parse_money(figures["from_insurers"])),
        Cell(parse_money(figures["owed_after"])),
        Cell(row.closed_by),
        Cell(len(row.sums["breaks"])),
        Cell(row.note),
        Cell("Reopened", family="warn", icon="history")
        if open_again
        else Cell("Closed", family="ok", icon="lock"),
        Cell("Reopen…" if url else f"{row.reopened_by}: {row.reopen_reason}" if open_again else "", url=url),
    ]
