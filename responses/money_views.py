"""Where the insurers' money stands: the takeback tracker, the deposits with their ties, the bank's lines."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from clinics import audit
from clinics.calendar import clinic_day
from clinics.errors import Refusal
from clinics.permissions import role_may
from lib.money import ZERO, total
from patients.tables import MOST, list_file, wants_file
from responses import copays, deposits, queries, takebacks
from responses.forms import BankForm, TieForm
from responses.models import BankLine
from responses.views import CRUMBS
from work.idempotency import once

SHOW = (("open", "Open"), ("settled", "Settled"), ("all", "All"))


@require_GET
def tracker(request: HttpRequest) -> HttpResponse:
    """Provider-level items: which check, what for, who was overpaid; what each payer still brings back to zero."""
    show = request.GET.get("tab", "open")
    code = request.GET.get("code", "")
    entries = takebacks.tracker(is_open={"open": True, "settled": False}.get(show), code=code)
    if wants_file(request):
        return _tracker_file(request, entries)
    context = {
        "entries": entries[: queries.PAGE * 4], "standings": takebacks.standings(entries) if show != "settled" else [],
        "tabs": [{"label": words, "url": f"?tab={key}", "current": key == show} for key, words in SHOW],
        "said": "1 item" if len(entries) == 1 else f"{len(entries)} items", "code": code,
        "crumbs": [*CRUMBS[:-1], ("Takebacks", "")],
        "selects": [{
            "name": "code", "label": "Code", "value": code,
            "options": [("", "Any code"), *((key, f"{key} {words}") for key, words in takebacks.WORDS.items())],
        }],
    }  # fmt: skip
    return render(request, "responses/takebacks.html", context)


@require_http_methods(["GET", "POST"])
def copays_page(request: HttpRequest) -> HttpResponse:
    """Copays that payers tell otherwise than our plans and cards; an admin approves each correction."""
    if request.method == "POST":
        kind, public_id, amount = (request.POST.get(name, "") for name in ("kind", "id", "amount"))
        body = {"act": "copay", "kind": kind, "id": public_id, "amount": amount}
        with transaction.atomic():
            said, _ = once(
                request.POST.get("idempotency_key", ""), body,
                lambda: {"said": copays.correct(kind, public_id, amount)},
            )  # fmt: skip
        messages.success(request, said["said"])
        return redirect("responses:copays")
    rows = copays.differing()
    if wants_file(request):
        header = ["payer", "plan or card", "we ask", "payer tells", "answers that agree", "answers"]
        lines = [[row.payer, row.name, row.known, row.told, row.agreeing, row.answers] for row in rows]
        audit.record("report.export", "report", "copays", rows=len(lines))
        return list_file(request, "copays", header, lines)
    context = {
        "rows": rows, "crumbs": [*CRUMBS[:-1], ("Copays to correct", "")],
        "may_correct": role_may(request.membership.role, "settings.other"),  # type: ignore[attr-defined]
    }  # fmt: skip
    return render(request, "responses/copays.html", context)


@require_GET
def deposits_page(request: HttpRequest) -> HttpResponse:
    """Every check and EFT with its two ties: books and bank."""
    today = clinic_day(timezone.now())
    rows = queries.remittances()
    after = request.GET.get("after", "")
    if after.isdigit():
        rows = rows.filter(pk__lt=int(after))
    if wants_file(request):
        return _deposits_file(request, deposits.deposits(list(rows[: MOST + 1]), today))
    found = list(rows[: queries.PAGE + 1])
    more = found[queries.PAGE - 1].pk if len(found) == queries.PAGE + 1 else None
    ties = deposits.deposits(found[: queries.PAGE] if more else found, today)
    lines = deposits.unmatched()
    context = {
        "ties": ties, "lines": lines, "next": more, "broken": sum(bool(tie.breaks) for tie in ties),
        "crumbs": [*CRUMBS[:-1], ("Deposits", "")], "unexplained": total(line.amount for line in lines),
    }  # fmt: skip
    return render(request, "responses/deposits.html", context)


@require_http_methods(["GET", "POST"])
def bank(request: HttpRequest) -> HttpResponse:
    """Lines of the bank: one typed, or the bank's CSV."""
    form = BankForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            if data["file"]:
                new, known = deposits.read_csv(data["file"].read())
            else:
                new, known = int(deposits.add_line(data["on"], data["amount"], data["reference"])[1]), 0
                known = 1 - new
            deposits.rematch()
        except Refusal as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(request, f"{new} new bank lines{f', {known} known before' if known else ''}")
            return redirect("responses:deposits")
    back = reverse("responses:deposits")
    context = {
        "form": form, "title": "Lines of the bank", "button": "Keep them", "back": back, "files": True,
        "crumbs": [*CRUMBS[:-1], ("Deposits", back), ("Bank", "")],
    }  # fmt: skip
    return render(request, "responses/act.html", context, status=409 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def bank_line(request: HttpRequest, public_id: str) -> HttpResponse:
    """Which check a bank line is, or what it was."""
    line = get_object_or_404(BankLine.objects, public_id=public_id)
    form = TieForm(request.POST or None)
    back = reverse("responses:deposits")
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                deposits.tie_by_hand(line, form.remittance, form.cleaned_data["note"])
        except Refusal as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(request, "The bank line is explained")
            return redirect(back)
    context = {
        "form": form, "title": f"{line.amount} at the bank on {line.on:%m/%d/%Y}: {line.reference or 'no text'}",
        "button": "Explain it", "back": back, "crumbs": [*CRUMBS[:-1], ("Deposits", back), ("Bank line", "")],
    }  # fmt: skip
    return render(request, "responses/act.html", context, status=409 if form.errors else 200)


def _tracker_file(request: HttpRequest, entries: list[takebacks.Entry]) -> HttpResponse:
    header = ["check", "payer", "payment date", "code", "words", "reference", "amount", "state", "claim", "patient",
              "overpaid on", "note"]  # fmt: skip
    rows: list[list[Any]] = [
        [
            entry.check.trace_number, entry.check.payer_name, entry.check.payment_date, entry.item.code, entry.words,
            entry.item.reference, entry.item.amount, "open" if entry.item.is_open else "settled",
            entry.claim.control_number if entry.claim else "", entry.claim.patient_name if entry.claim else "",
            entry.overpaid_by, entry.item.note,
        ]
        for entry in entries
    ]  # fmt: skip
    audit.record("report.export", "report", "takebacks", rows=len(rows))
    return list_file(request, "takebacks", header, rows)


def _deposits_file(request: HttpRequest, ties: list[deposits.Deposit]) -> HttpResponse:
    header = ["payer", "check", "method", "payment date", "amount", "posted", "escrow", "provider-level", "difference",
              "bank date", "bank amount", "breaks"]  # fmt: skip
    rows: list[list[Any]] = [
        [
            tie.row.payer_name, tie.row.trace_number, tie.row.method, tie.row.payment_date, tie.row.amount, tie.posted,
            tie.escrow, tie.row.provider_total, tie.difference if tie.row.receipt_id else ZERO,
            tie.bank.on if tie.bank else "", tie.bank.amount if tie.bank else "", "; ".join(tie.breaks),
        ]
        for tie in ties
    ]  # fmt: skip
    audit.record("report.export", "report", "deposits", rows=len(rows))
    return list_file(request, "deposits", header, rows)
