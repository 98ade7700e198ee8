"""What is left of the authorizations a visit takes of: a part for booking, check-in and check-out."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from appointments.authorizations import standings_of
from appointments.models import Appointment


@require_GET
def of_visit(request: HttpRequest, public_id: str) -> HttpResponse:
    """Chips with what is left, this visit counted."""
    visit = get_object_or_404(Appointment.objects.select_related("patient"), public_id=public_id)
    return render(
        request, "appointments/parts/authorizations.html", {"visit": visit, "rows": standings_of(visit)}
    )
