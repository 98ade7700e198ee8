"""Merge two records of one person: find the other, compare, say why; and the pieces on the patient page."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from appointments.models import Appointment
from billing import balances
from clinics import audit
from clinics.errors import Refusal
from clinics.fresh import is_fresh, sign_in_again
from clinics.permissions import may
from desk import merging
from patients import queries
from patients.models import Patient


@require_http_methods(["GET", "POST"])
def merge(request: HttpRequest, public_id: str) -> HttpResponse:
    """GET or POST q finds the other record; ``second`` shows both; step merge asks for it.

    An owner where nobody else could agree does it alone, with a fresh sign-in.
    """
    alone = not merging.needs_second() and may(request, merging.ALONE)
    if alone and not is_fresh(request):
        return sign_in_again(request)
    kept = get_object_or_404(Patient.objects.select_related("guarantor"), public_id=public_id)
    typed = request.POST.get("q", "")
    wanted = request.POST.get("second") or request.GET.get("second", "")
    second = get_object_or_404(Patient.objects, public_id=wanted) if wanted else None
    error = ""
    if request.method == "POST" and request.POST.get("step") == "merge" and second is not None:
        try:
            said = _merge(kept, second, request.POST.get("reason", ""), alone=alone)
        except Refusal as refusal:
            error = refusal.message
        else:
            messages.success(request, said)
            return redirect("patients:patient", kept.public_id)
    found = queries.page(typed, size=12)[0] if typed.strip() else _similar(kept)
    audit.record("patient.read", "patient", kept.public_id)
    context = {
        "patient": kept, "q": typed, "found": [row for row in found if row.pk != kept.pk], "error": error,
        "alone": alone,
        "second": second, "sides": [_side(row) for row in (kept, second)] if second is not None else [],
    }  # fmt: skip
    return render(request, "desk/merge.html", context)


@require_http_methods(["POST"])
def unmerge(request: HttpRequest, public_id: str) -> HttpResponse:
    """Two records again."""
    second = get_object_or_404(Patient.objects, public_id=public_id)
    merging.undo(second, reason=request.POST.get("reason", ""))
    messages.success(request, f"Chart {second.chart_number} stands by itself again")
    return redirect("patients:patient", second.public_id)


@require_GET
def merged(request: HttpRequest, public_id: str) -> HttpResponse:
    """The piece of the patient page: records merged into this one with their money, or the one it went into."""
    patient = get_object_or_404(Patient.objects.select_related("merged_into"), public_id=public_id)
    rows = [(row, balances.patient_due(row.pk)) for row in patient.merged.order_by("pk")]
    return render(request, "desk/parts/merged.html", {"patient": patient, "rows": rows})


def _merge(kept: Patient, second: Patient, reason: str, *, alone: bool) -> str:
    """What was done, in words."""
    if alone:
        merging.merge(kept, second, reason=reason, at=timezone.now())
        return f"Chart {second.chart_number} is part of chart {kept.chart_number} now"
    merging.ask(kept, second, reason=reason)
    return "Asked: an admin or the owner agrees to the merge, under Write-offs > Waiting for a second person"


def _similar(kept: Patient) -> list[Patient]:
    data = {name: getattr(kept, name) for name in ("first_name", "last_name", "birth_date", "phone")}
    return queries.possible_duplicates(data, exclude=kept)


def _side(patient: Patient) -> dict[str, object]:
    return {
        "patient": patient, "visits": Appointment.objects.filter(patient=patient).count(),
        "due": balances.patient_due(patient.pk), "cards": list(patient.policies.select_related("payer")),
    }  # fmt: skip
