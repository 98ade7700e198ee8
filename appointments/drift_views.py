"""The SALT drift report: page, CSV."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from appointments.drift import drifting
from clinics import audit
from clinics.models import Clinician
from clinics.settings import value_of
from patients.here import location_here, today_here
from patients.tables import list_file, wants_file

PAGE = 200


@require_GET
def drift_report(request: HttpRequest) -> HttpResponse:
    """Patients whose last visits of one type are the same many times running."""
    runs = runs_asked(request.GET.get("runs", ""), int(value_of("salt_drift_runs", location_here(request))))
    clinician = request.GET.get("clinician", "")
    rows = drifting(today=today_here(request), runs=runs, clinician=clinician)
    if wants_file(request):
        audit.record("drift.export", "report", rows=len(rows))
        head = ["Patient", "Chart", "Type", "Clinician", "Times", "From", "To", "Copied", "Codes"]
        lines = [
            [row.last.patient.list_name, row.last.patient.chart_number, row.last.appointment_type.name,
             str(row.last.clinician), row.times, row.since, row.last.service_date, row.copied, row.words]
            for row in rows
        ]  # fmt: skip
        return list_file(request, "salt-drift", head, lines)
    who = [
        ("", "All clinicians"),
        *((one.public_id, str(one)) for one in Clinician.objects.order_by("last_name")),
    ]
    times = [(str(number), f"{number} times or more") for number in sorted({2, 3, 4, 6, 8, 12, runs})]
    context = {
        "rows": rows[:PAGE],
        "runs": runs,
        "selects": [
            {"name": "runs", "label": "Times running", "options": times, "value": str(runs)},
            {"name": "clinician", "label": "Clinician", "options": who, "value": clinician},
        ],
        "said": f"{len(rows)} patient{'' if len(rows) == 1 else 's'}",
    }
    return render(request, "appointments/salt_drift.html", context)


def runs_asked(text: str, usual: int) -> int:
    """How many times running counts: 2 to 99, else the location's setting."""
    return int(text) if text.isdecimal() and 2 <= int(text) <= 99 else usual
