"""The drawer counted against the system, and one-off invoices: what the desk does beside visits."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from billing import balances, drawers, one_offs
from billing.errors import BadDrawer, NothingToCharge
from billing.forms import OneOffForm
from billing.views.local import render_at
from clinics import audit
from clinics.permissions import may
from lib.money import ZERO, BadAmount, parse_money, show_money
from patients.here import location_here, today_here
from patients.models import Patient
from patients.tables import list_file, wants_file
from work.idempotency import once

ITEM_FIELDS = {"no_name": "name", "no_price": "price", "bad_price": "price", "bad_quantity": "quantity"}


@require_http_methods(["GET", "POST"])
def drawer(request: HttpRequest) -> HttpResponse:
    """My drawer here: what the system says by method, what was counted, and the counts before."""
    here, person = location_here(request), str(request.user.email)  # type: ignore[union-attr]
    wrong = ""
    if request.method == "POST":
        try:
            answer = _close(request)
        except BadDrawer as refusal:
            wrong = refusal.message
        else:
            messages.success(
                request, f"Drawer closed: {answer['counted']} counted, {answer['system']} expected"
            )
            return redirect("billing:drawer")
    everybody = may(request, "settings.view")
    shown = drawers.closes(here, "" if everybody else person)
    if wants_file(request):
        audit.record("drawer.export", "drawer", rows=len(shown))
        head = ["Day", "Person", "Expected", "Counted", "Difference", "Note"]
        return list_file(
            request,
            "drawers",
            head,
            [[r.day, r.person, r.system, r.counted, r.counted - r.system, r.note] for r in shown],
        )
    open_now = drawers.open_drawer(here, person)
    context = {
        "here": here,
        "drawer": open_now,
        "rows": [
            {"name": name, "amount": amount, "typed": request.POST.get(f"counted_{number}", "")}
            for number, (name, amount) in enumerate(open_now.methods)
        ],
        "note": request.POST.get("note", ""),
        "wrong": wrong,
        "closes": [{"row": row, "difference": row.counted - row.system} for row in shown],
        "may_close": may(request, "payment.take"),
    }
    return render_at(here, request, "billing/drawer.html", context, status=409 if wrong else 200)


def _close(request: HttpRequest) -> dict[str, Any]:
    here, person = location_here(request), str(request.user.email)  # type: ignore[union-attr]
    typed = {
        str(request.POST[f"method_{key[8:]}"]): str(value).strip()
        for key, value in request.POST.items()
        if key.startswith("counted_") and f"method_{key[8:]}" in request.POST
    }
    try:
        counted = {name: parse_money((text or "0").replace(",", "")) for name, text in typed.items()}
        seen = parse_money(request.POST.get("seen", "").replace(",", ""))
    except BadAmount as error:
        raise BadDrawer("An amount has at most two decimals, such as 25.00.", code="bad_amount") from error
    note = request.POST.get("note", "")

    def act() -> dict[str, Any]:
        row = drawers.close(here, person, counted, seen=seen, day=today_here(request), note=note)
        return {"id": row.public_id, "counted": show_money(row.counted), "system": show_money(row.system)}

    with transaction.atomic():  # a refusal takes the idempotency key back with it
        asked = {
            "act": "drawer",
            "seen": str(seen),
            "counted": {k: str(v) for k, v in counted.items()},
            "note": note,
        }
        return once(request.POST.get("idempotency_key", ""), asked, act)[0]


@require_http_methods(["GET", "POST"])
def one_off(request: HttpRequest, public_id: str) -> HttpResponse:
    """A one-off invoice for a patient: a product, a form, a fee. Never a claim."""
    patient = get_object_or_404(Patient.objects, public_id=public_id)
    here = location_here(request)
    form = OneOffForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        item = one_offs.Item(data["name"], data["quantity"], data["price"], data["service"])

        def act() -> dict[str, Any]:
            made = one_offs.issue(
                patient, [item], location=here, at=timezone.now(), today=today_here(request)
            )
            return {"invoice": made.public_id, "number": made.number}

        try:
            with transaction.atomic():
                asked = {"act": "one-off", "patient": public_id, "item": _plain(data)}
                answer, _ = once(request.POST.get("idempotency_key", ""), asked, act)
        except NothingToCharge as refusal:
            form.add_error(ITEM_FIELDS.get(refusal.code), refusal.message)
        else:
            messages.success(request, f"{answer['number']} is made")
            if balances.patient_due(patient.pk) > ZERO and may(request, "payment.take"):
                return redirect(reverse("billing:take-payment", args=[patient.public_id]))
            return redirect(reverse("billing:invoice", args=[answer["invoice"]]))
    context = {
        "title": "One-off invoice",
        "patient": patient,
        "form": form,
        "says": ["For products, forms and fees: the patient alone owes it, and it never becomes a claim."],
        "button": "Make the invoice",
        "back": reverse("patients:patient", args=[patient.public_id]),
    }
    return render(request, "billing/act.html", context, status=400 if form.errors else 200)


def _plain(data: dict[str, Any]) -> dict[str, str]:
    price: Decimal | None = data["price"]
    service = data["service"].public_id if data["service"] else ""
    return {"name": data["name"], "quantity": str(data["quantity"]), "price": str(price), "service": service}
