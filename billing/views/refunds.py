"""Refunds: an owner gives one with a fresh sign-in, an admin asks a second person (reliability.md c1)."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from billing import approvals, balances, payments
from billing.errors import BadPayment
from billing.forms import RefundForm
from clinics.fresh import is_fresh, sign_in_again
from clinics.permissions import may
from lib.money import show_money
from patients.here import today_here
from patients.models import Patient
from work.idempotency import once

OWN_RIGHT = "payment.refund_alone"  # the owner's; an admin has payment.refund and asks


@require_http_methods(["GET", "POST"])
def refund(request: HttpRequest, public_id: str) -> HttpResponse:
    """Give free credit back to the patient, never more than there is; an admin's waits for another person."""
    patient = get_object_or_404(Patient.objects, public_id=public_id)
    alone = may(request, OWN_RIGHT)
    if alone and not is_fresh(request):
        return sign_in_again(request)
    credit = balances.patient_credit(patient.pk)
    form = RefundForm(request.POST or None, initial={"amount": f"{credit.free:.2f}"})
    back = reverse("patients:patient", args=[patient.public_id])
    if request.method == "POST" and form.is_valid():
        try:
            said = _give(request, patient, form.cleaned_data, alone=alone)
        except BadPayment as error:
            form.add_error("amount", error.message)
        else:
            messages.success(request, said)
            return redirect(back)
    held = f" {show_money(credit.held)} is held until the last insurer has answered." if credit.held else ""
    last = (
        "The cash leaves today’s drawer."
        if alone
        else "Another admin or the owner approves it; then it leaves the drawer."
    )
    nothing = [] if credit.free > 0 else [f"There is nothing to give back: the free credit is 0.00.{held}"]
    context = {
        "title": "Refund",
        "patient": patient,
        "form": form,
        "stops": [] if form.is_bound else nothing,
        "says": [f"Free credit: {show_money(credit.free)}.{held}", last],
        "button": "Give it back" if alone else "Ask for the refund",
        "back": back,
    }
    return render(request, "billing/act.html", context, status=400 if form.errors else 200)


def _give(request: HttpRequest, patient: Patient, data: dict[str, Any], *, alone: bool) -> str:
    key = request.POST.get("idempotency_key", "")

    def act() -> dict[str, Any]:
        if alone:
            today = today_here(request)
            payments.refund(patient, data["amount"], reason=data["reason"], today=today, key=f"refund:{key}")
        else:
            approvals.ask_refund(patient, data["amount"], reason=data["reason"])
        return {}

    with transaction.atomic():
        once(key, {"act": "refund", "patient": patient.public_id, **data}, act)
    return f"Given back {show_money(data['amount'])}" if alone else "Asked: another person approves it"
