"""Calls, promises and disputes: part of the patient's page and of the claim, the forms, the work list (B13)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from billing import calls
from billing.enums import CallKind
from billing.errors import BadCall
from billing.models import CallNote, Invoice
from billing.views.left_forms import CallForm, CloseForm
from billing.views.local import render_at
from billing.views.tables import Cell, Table, show
from clinics.permissions import may
from patients.here import location_here, today_here
from patients.models import Patient
from work.idempotency import once

FIELDS = {
    "text_needed": "text",
    "promise_day": "promise_on",
    "no_promise": "kind",
    "promise_amount": "promise_amount",
    "follow_up_day": "follow_up_on",
    "bad_invoice": "invoice",
    "disputed_already": "kind",
}
LOOKS = {
    "call": ("mute", "phone"),
    "note": ("mute", "writing"),
    "promise": ("go", "calendar-event"),
    "dispute": ("warn", "alert-triangle"),
}
TABS = (("due", "Due"), ("open", "All open"), ("disputes", "Disputes"))


@require_GET
def calls_part(request: HttpRequest, public_id: str) -> HttpResponse:
    """Part of the patient's page, or with ``?invoice=`` of a claim: what was said, open things first."""
    patient = get_object_or_404(Patient.objects, public_id=public_id)
    wanted = request.GET.get("invoice", "")
    invoice = get_object_or_404(Invoice.objects, public_id=wanted, patient=patient) if wanted else None
    rows = [
        {
            "call": row,
            "look": LOOKS[row.kind],
            "may_close": row.state == "open" and _may_close(request, row),
        }
        for row in calls.of_patient(patient, invoice)
    ]
    context = {"patient": patient, "rows": rows, "invoice": invoice, "today": today_here(request)}
    return render_at(location_here(request), request, "billing/parts/calls.html", context)


@require_http_methods(["GET", "POST"])
def new_call(request: HttpRequest, public_id: str) -> HttpResponse:
    """Log a call, a promise or a dispute."""
    patient = get_object_or_404(Patient.objects, public_id=public_id)
    first = {"invoice": request.GET.get("invoice", "")}
    form = CallForm(request.POST or None, patient=patient, initial=first)
    back = reverse("patients:patient", args=[patient.public_id])
    if request.method == "POST" and form.is_valid():
        invoice = form.cleaned_data["invoice"]

        def act() -> dict[str, Any]:
            row = calls.log(patient, form.talk(), invoice=invoice, today=today_here(request))
            return {"call": row.public_id, "kind": row.kind}

        asked = {key: str(value) for key, value in form.cleaned_data.items() if key != "invoice"}
        asked |= {"act": "call", "patient": public_id, "invoice": invoice.public_id if invoice else ""}
        try:
            with transaction.atomic():
                answer, _ = once(request.POST.get("idempotency_key", ""), asked, act)
        except BadCall as error:
            form.add_error(FIELDS.get(error.code), error.message)
        else:
            messages.success(request, f"{CallKind(answer['kind']).label} is noted")
            return redirect(back)
    context = {
        "title": "Log a call",
        "patient": patient,
        "form": form,
        "says": [
            "A promise comes back in the list of follow-ups on its day.",
            "While a dispute is open, what it is about is not asked for and not written off by a run.",
        ],
        "button": "Save",
        "back": back,
    }
    return render(request, "billing/act.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def close_call(request: HttpRequest, public_id: str) -> HttpResponse:
    """Close a follow-up, a promise or a dispute, with what came of it. A dispute only by who sends statements."""
    row = get_object_or_404(CallNote.objects.select_related("patient", "invoice"), public_id=public_id)
    form = CloseForm(request.POST or None)
    stops = [] if row.state == "open" else [f"Closed already: {row.outcome}"]
    if not stops and not _may_close(request, row):
        stops = ["A dispute is closed by somebody who sends statements."]
    if request.method == "POST" and form.is_valid() and not stops:
        try:
            calls.close(row, form.cleaned_data["outcome"], at=timezone.now())
        except BadCall as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, f"{row.get_kind_display()} is closed")
            return redirect(reverse("patients:patient", args=[row.patient.public_id]))
    about = row.invoice.number if row.invoice else "the whole account"
    context = {
        "title": f"Close: {row.get_kind_display().lower()}",
        "patient": row.patient,
        "form": form,
        "stops": stops,
        "says": [f"About {about}: {row.text}"],
        "button": "Close it",
        "back": reverse("patients:patient", args=[row.patient.public_id]),
    }
    status = 409 if stops and request.method == "POST" else 400 if form.errors else 200
    return render(request, "billing/act.html", context, status=status)


@require_GET
def follow_up_list(request: HttpRequest) -> HttpResponse:
    """What is to be followed up: due until today, everything open, disputes."""
    today, tab = today_here(request), request.GET.get("tab", "due")
    tab = tab if tab in dict(TABS) else "due"
    rows = calls.follow_ups(today, tab)
    came = calls.came_since(rows)
    table = Table(
        title="Follow-ups",
        sub="promises, disputes and calls that are not done",
        head=[
            ("On", False),
            ("Patient", False),
            ("Kind", False),
            ("About", False),
            ("What was said", False),
            ("Promised", True),
            ("Came since", True),
            ("By", False),
            ("Close", False),
        ],
        rows=[_line(request, row, came[row.pk]) for row in rows],
        tabs=[{"label": label, "url": f"?tab={key}", "current": key == tab} for key, label in TABS],
        said=f"{len(rows)} to follow up",
        blank="Nothing is due" if tab == "due" else "Nothing is open",
        blank_words="Log a call on a patient’s page and give it a day: it comes back here.",
    )
    return show(request, table, file_name="follow-ups")


def _line(request: HttpRequest, row: CallNote, came: Decimal) -> list[Cell]:
    family, icon = LOOKS[row.kind]
    invoice = row.invoice
    close = reverse("billing:call-close", args=[row.public_id]) if _may_close(request, row) else ""
    return [
        Cell(row.follow_up_on),
        Cell(
            row.patient.list_name,
            url=reverse("patients:patient", args=[row.patient.public_id]),
            phi=True,
            name=True,
        ),
        Cell(row.get_kind_display(), family=family, icon=icon),
        Cell(
            invoice.number if invoice else "account",
            url=reverse("billing:invoice", args=[invoice.public_id]) if invoice else "",
        ),
        Cell(row.text, phi=True),
        Cell(row.promise_amount),
        Cell(came if row.kind == CallKind.PROMISE else None),
        Cell(row.created_by),
        Cell("Close…" if close else "", url=close),
    ]


def _may_close(request: HttpRequest, row: CallNote) -> bool:
    return may(request, "statement.send" if row.kind == CallKind.DISPUTE else "patient.write")
