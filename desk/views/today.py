"""Front desk, Today: visits in time order, one number to collect, what is missing and whose job it is."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from appointments.models import Appointment
from clinics import audit
from desk.today import TABS, drawer, read_day
from lib.money import ZERO
from patients.here import location_here, today_here


@require_GET
def today(request: Any) -> HttpResponse:
    """The day's list; ``?day=`` for another day, ``?tab=`` for one group of states."""
    here, now = location_here(request), today_here(request)
    day = _day(request.GET.get("day"), now)
    rows = read_day(here, day)
    tab = request.GET.get("tab", "")
    shown = [row for row in rows if tab not in TABS or row.visit.state in TABS[tab][1]]
    taken = drawer(here, day, request.user.email)
    context = {
        "title": "Today" if day == now else "Visits",
        "here": here,
        "day": day,
        "is_today": day == now,
        "rows": shown,
        "before": day - timedelta(days=1),
        "after": day + timedelta(days=1),
        "tab": tab,
        "tabs": _tabs(rows, tab, day),
        "drawer": taken,
        "drawer_total": sum((amount for _, amount in taken), ZERO),
    }
    return render(request, "desk/today.html", context)


@require_GET
def visit_panel(request: Any, public_id: str) -> HttpResponse:
    """The side panel of one row."""
    visit = get_object_or_404(Appointment.objects.select_related("patient", "location"), public_id=public_id)
    audit.record("patient.view", "patient", visit.patient.public_id)
    row = next(r for r in read_day(visit.location, visit.service_date) if r.visit.pk == visit.pk)
    return render(request, "desk/parts/visit_panel.html", {"row": row, "visit": row.visit})


def _tabs(rows: list[Any], tab: str, day: date) -> list[dict[str, Any]]:
    tabs = [
        {"label": "All", "url": f"?day={day.isoformat()}", "count": len(rows), "current": tab not in TABS}
    ]
    for key, (label, states) in TABS.items():
        number = sum(row.visit.state in states for row in rows)
        tabs.append(
            {
                "label": label,
                "url": f"?day={day.isoformat()}&tab={key}",
                "count": number,
                "current": tab == key,
            }
        )
    return tabs


def _day(text: str | None, now: date) -> date:
    try:
        return date.fromisoformat(text) if text else now
    except ValueError:
        return now
