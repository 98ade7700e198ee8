"""Settings of the billing room: payment methods and fee schedules."""

from __future__ import annotations

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from billing.enums import MethodKind
from billing.forms import FeeRowForm, MethodForm
from billing.models import FeeRow, FeeSchedule, PaymentMethod
from clinics import audit


@require_http_methods(["GET", "POST"])
def payment_methods(request: HttpRequest) -> HttpResponse:
    """How patients pay. Insurance is the system's own: shown, never changed (B3)."""
    chosen = request.POST.get("method") or request.GET.get("method") or ""
    row = (
        get_object_or_404(PaymentMethod.objects, public_id=chosen, kind=MethodKind.PATIENT)
        if chosen
        else None
    )
    form = MethodForm(request.POST or None, instance=row)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                saved = form.save()
        except IntegrityError:
            form.add_error("name", "There is a method of this name already.")
        else:
            audit.record("payment_method.save", "payment_method", saved.public_id, name=saved.name)
            messages.success(request, f"Saved {saved.name}")
            return redirect("billing:payment-methods")
    context = {"rows": PaymentMethod.objects.all(), "form": form, "chosen": row}
    return render(request, "billing/payment_methods.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def fees(request: HttpRequest) -> HttpResponse:
    """Fee schedules with their rows; add a row. A fee is never changed: a new one starts on its day."""
    form = FeeRowForm(request.POST or None)
    if not FeeSchedule.objects.exists():
        FeeSchedule.objects.get_or_create(name="Standard", defaults={"kind": "standard"})
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                row = FeeRow.objects.create(**form.cleaned_data)
        except IntegrityError:
            form.add_error("effective_on", "There is a fee for exactly this from this day already.")
        else:
            audit.record(
                "fee.add", "service", row.service.public_id, fee=str(row.fee), since=str(row.effective_on)
            )
            messages.success(request, "Fee added")
            return redirect("billing:fees")
    rows = FeeRow.objects.select_related(
        "schedule", "service", "payer", "plan", "clinician", "location"
    ).order_by("schedule__name", "service__code", "-effective_on", "pk")[:500]
    return render(
        request, "billing/fees.html", {"rows": rows, "form": form}, status=400 if form.errors else 200
    )
