"""What a visit will cost the patient: the part for booking, check-in and check-out, and the good-faith estimate."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from appointments.models import Appointment
from billing import good_faith
from billing.booking_estimates import of_booking
from billing.errors import CannotEstimate, PdfUnavailable
from billing.estimating import asked_today, estimate_visit
from billing.models import GoodFaithEstimate
from billing.views.checkout import VISIT_WITH
from billing.visit_pricing import price_visit
from clinics import audit
from lib.dates import local_day
from patients.here import location_here
from work import files
from work.idempotency import once


@require_GET
def estimate_part(request: HttpRequest, public_id: str) -> HttpResponse:
    """The expected patient share of one visit with its lines, for any page that shows the visit.

    ``?sheet=1``: the same beside what check-out asks anyway, as the side sheet of its *Estimate* amount.
    """
    visit = get_object_or_404(Appointment.objects.select_related(*VISIT_WITH), public_id=public_id)
    if request.GET.get("sheet"):
        priced = price_visit(visit)
        context = {"visit": visit, "asked": asked_today(visit, priced), "copay": priced.patient}
        return render(request, "billing/parts/why_estimate.html", context)
    return render(request, "billing/parts/estimate.html", {"visit": visit, "found": estimate_visit(visit)})


@require_GET
def booking_part(request: HttpRequest) -> HttpResponse:
    """Beside the booking form, by its fields: who pays, what is left of authorizations, the expected share."""
    found = of_booking(request.GET.dict(), location_here(request))
    if found is not None:
        audit.record("coverage.read", "patient", found.visit.patient.public_id, page="booking")
    return render(request, "billing/parts/booking.html", {"booking": found})


@require_http_methods(["GET", "POST"])
def good_faith_page(request: HttpRequest, public_id: str) -> HttpResponse:
    """The estimates given for a visit, and a new one before the visit."""
    visit = get_object_or_404(Appointment.objects.select_related(*VISIT_WITH), public_id=public_id)
    refused = ""
    if request.method == "POST":
        key = request.POST.get("idempotency_key", "")
        try:
            with transaction.atomic():  # a refusal takes the idempotency key back with it
                once(
                    key,
                    {"act": "good-faith", "visit": visit.public_id},
                    lambda: {"estimate": good_faith.make(visit, at=timezone.now()).public_id},
                )
        except (CannotEstimate, PdfUnavailable) as error:
            refused = error.message
        else:
            messages.success(request, "Estimate made")
            return redirect("billing:good-faith", visit.public_id)
    audit.record("patient.read", "patient", visit.patient.public_id, page="good-faith")
    context = {
        "visit": visit,
        "found": estimate_visit(visit),
        "rows": list(GoodFaithEstimate.objects.filter(appointment=visit).order_by("-made_at", "-id")),
        "refused": refused,
        "can_make": visit.state in ("scheduled", "arrived"),
        "today": local_day(timezone.now(), visit.location.time_zone),
    }
    return render(request, "billing/good_faith.html", context, status=409 if refused else 200)


@require_GET
def good_faith_pdf(request: HttpRequest, public_id: str) -> HttpResponse:
    """The PDF as it was given."""
    row = get_object_or_404(GoodFaithEstimate.objects.select_related("pdf", "patient"), public_id=public_id)
    audit.record("estimate.read", "patient", row.patient.public_id, estimate=row.public_id)
    response = HttpResponse(files.read(row.pdf), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="good-faith-estimate-{row.public_id}.pdf"'
    return response
