"""Pieces for other rooms' pages: One-Click and Queue after check-out, and a patient's claims."""

from __future__ import annotations

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET, require_http_methods

from billing.models import Invoice
from claims import building, queue
from claims.claim_views import remedy_of
from claims.errors import NothingToClaim, NotReady
from claims.models import Claim
from claims.settings import QUEUE_ONLY
from clinics.errors import BadInput
from clinics.settings import value_of
from lib.findings import has_errors
from patients.here import today_here
from patients.models import Patient
from work.idempotency import once


@require_http_methods(["GET", "POST"])
def for_invoice(request: HttpRequest, public_id: str) -> HttpResponse:
    """What can be claimed from an invoice: GET shows both buttons, POST ``act`` one_click or queue makes it.

    Answers with the piece templates/claims/parts/for_invoice.html; One-Click that is not possible comes
    back with its list of what is missing.
    """
    invoice = get_object_or_404(
        Invoice.objects.select_related("location__clinic", "patient", "appointment"), public_id=public_id
    )
    today = today_here(request)
    context: dict[str, object] = {
        "invoice": invoice,
        "queue_only": value_of("claim_creation", invoice.location) == QUEUE_ONLY,
    }
    try:
        if request.method == "POST":
            act = request.POST.get("act", "")
            if act not in ("one_click", "queue"):
                raise BadInput("Choose One-Click Claim or Queue for Claim.", code="unknown_act")
            make = queue.one_click if act == "one_click" else queue.enqueue
            with transaction.atomic():  # a refusal takes the idempotency key back with it
                once(
                    request.POST.get("idempotency_key", ""),
                    {"act": act, "invoice": public_id},
                    lambda: {"claim": make(invoice, today).public_id},
                )
        standing = building.live_claims(invoice, 1)
        context["claims"] = standing
        if not standing:
            found = queue.missing(invoice, today)
            shell = Claim(
                appointment=invoice.appointment,
                patient=invoice.patient,
                invoice=invoice,
                location=invoice.location,
            )
            context["findings"] = [
                (item, remedy_of(request, item.code, item.where, shell, has_patient=False)) for item in found
            ]
            context["may_click"] = not has_errors(found)
    except NothingToClaim as refusal:
        context["nothing"] = refusal.message
    except NotReady as refusal:
        context["findings"] = [(item, None) for item in refusal.data["findings"]]
    return render(request, "claims/parts/for_invoice.html", context)


@require_GET
def patient_claims(request: HttpRequest, public_id: str) -> HttpResponse:
    """The claims of a patient, newest first, for the patient's page."""
    patient = get_object_or_404(Patient.objects, public_id=public_id)
    rows = Claim.objects.filter(patient=patient).order_by("-service_from", "rank", "-version")[:50]
    return render(request, "claims/parts/patient_claims.html", {"rows": list(rows), "patient": patient})
