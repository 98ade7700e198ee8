"""The schedule: the visits of a day at a location, on screen and as CSV."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from appointments import queries
from appointments.views import page_of
from clinics import audit
from clinics.models import Location
from lib.dates import parse_day
from patients.here import location_here, today_here
from patients.tables import list_file, wants_file


@require_GET
def schedule(request: HttpRequest) -> HttpResponse:
    """The visits of a day at a location, in time order."""
    here = _place_asked(request)
    day = _day_asked(request)
    rows = queries.day(here, day)
    clinician = request.GET.get("clinician", "")
    clinicians = sorted(
        {(row.visit.clinician.public_id, str(row.visit.clinician)) for row in rows}, key=lambda x: x[1]
    )
    shown = [row for row in rows if not clinician or row.visit.clinician.public_id == clinician]
    if wants_file(request):
        return _schedule_file(request, shown, day)
    context = {
        "rows": shown,
        "day": day,
        "here": here,
        "today": today_here(request),
        "before": day - timedelta(days=1),
        "after": day + timedelta(days=1),
        "selects": _selects(here, clinician, clinicians),
        "dates": [{"name": "day", "label": "Day", "value": day.isoformat()}],
        "check_out": page_of("billing:check-out"),
    }
    return render(request, "appointments/schedule.html", context)


def _day_asked(request: HttpRequest) -> date:
    """The day in the address; today where it is no day of the calendar."""
    return parse_day(request.GET.get("day", "")) or today_here(request)


def _place_asked(request: HttpRequest) -> Location:
    wanted = request.GET.get("location", "")
    found = Location.objects.filter(public_id=wanted, is_active=True).first() if wanted else None
    return found or location_here(request)


def _selects(here: Location, clinician: str, clinicians: list[tuple[str, str]]) -> list[dict[str, Any]]:
    places = [
        (place.public_id, place.name) for place in Location.objects.filter(is_active=True).order_by("name")
    ]
    who = [("", "All clinicians"), *clinicians]
    return [
        {"name": "location", "label": "Location", "options": places, "value": here.public_id},
        {"name": "clinician", "label": "Clinician", "options": who, "value": clinician},
    ]


def _schedule_file(request: HttpRequest, rows: list[queries.DayRow], day: date) -> HttpResponse:
    audit.record("schedule.export", "schedule", day.isoformat(), rows=len(rows))
    lines = [
        [row.clock, row.visit.patient.list_name, row.visit.appointment_type.name, str(row.visit.clinician),
         row.visit.get_state_display(), row.first_payer]
        for row in rows
    ]  # fmt: skip
    return list_file(
        request, f"schedule-{day}", ["Time", "Patient", "Type", "Clinician", "State", "First payer"], lines
    )
