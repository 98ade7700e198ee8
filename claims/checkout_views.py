"""Pieces for other rooms' pages: One-Click and Queue after check-out, and a patient's claims."""

from __future__ import annotations

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from billing.models import Invoice
from claims import building, queue, remedies
from claims.errors import NothingToClaim, NotReady
from claims.models import Claim
from claims.remedy_links import remedy_of
from claims.settings import QUEUE_ONLY
from clinics.errors import BadInput
from clinics.permissions import may
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
            found = queue.missing_by_claim(invoice, today)
            context["findings"] = [
                (item, place_of(request, item.code, item.where, claim)) for claim, item in found
            ]
            context["may_click"] = not has_errors([item for _, item in found])
    except NothingToClaim as refusal:
        context["nothing"] = refusal.message
    except NotReady as refusal:
        shell = Claim(
            appointment=invoice.appointment,
            patient=invoice.patient,
            invoice=invoice,
            location=invoice.location,
        )
        context["findings"] = [
            (item, place_of(request, item["code"], item["where"], shell)) for item in refusal.data["findings"]
        ]
    return render(request, "claims/parts/for_invoice.html", context)


def place_of(request: HttpRequest, code: str, where: str, claim: Claim) -> tuple[str, str] | None:
    """Words and address of the page that mends what a claim misses before there is one.

    What has a box on the claim alone (a diagnosis, a date of illness, an authorization's number) is copied from the
    visit, so it is mended there. None where the person may open neither.
    """
    found = remedy_of(request, code, where, claim, has_patient=False)
    if found is None and claim.appointment_id and may(request, "visit.view"):
        return remedies.VISIT.words, reverse(remedies.VISIT.route, args=[claim.appointment.public_id])
    return found


@require_GET
def patient_claims(request: HttpRequest, public_id: str) -> HttpResponse:
    """The claims of a patient, newest first, for the patient's page."""
    patient = get_object_or_404(Patient.objects, public_id=public_id)
    rows = Claim.objects.filter(patient=patient).order_by("-service_from", "rank", "-version")[:50]
    return render(request, "claims/parts/patient_claims.html", {"rows": list(rows), "patient": patient})
