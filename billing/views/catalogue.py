"""Settings of the billing room: payment methods."""

from __future__ import annotations

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from billing.enums import MethodKind
from billing.forms import MethodForm
from billing.models import PaymentMethod
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
