"""Front desk, Today: visits in time order, one number to collect, what is missing and whose job it is."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from appointments.models import Appointment
from billing.drawers import open_drawer
from clinics import audit
from desk.today import TABS, DayRow, read_day
from patients.here import location_here, today_here


@require_GET
def today(request: Any) -> HttpResponse:
    """The day's list; ``?day=`` for another day, ``?tab=`` for one group of states."""
    here, now = location_here(request), today_here(request)
    day = _day(request.GET.get("day"), now)
    rows = read_day(here, day)
    tab = request.GET.get("tab", "")
    shown = [row for row in rows if tab not in TABS or row.visit.state in TABS[tab][1]]
    drawer = open_drawer(here, request.user.email)
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
        "drawer": drawer.methods,
        "drawer_total": drawer.system,
        "chosen": _chosen(shown, request.GET.get("visit", "")),
    }
    return render(request, "desk/today.html", context)


@require_GET
def visit_panel(request: Any, public_id: str) -> HttpResponse:
    """The side panel of one row."""
    visit = get_object_or_404(Appointment.objects.select_related("patient", "location"), public_id=public_id)
    audit.record("patient.view", "patient", visit.patient.public_id)
    row = next(r for r in read_day(visit.location, visit.service_date) if r.visit.pk == visit.pk)
    context = {
        "row": row,
        "visit": row.visit,
        "is_today": visit.service_date == today_here(request),
    }
    return render(request, "desk/parts/visit_panel.html", context)


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


def _chosen(rows: list[DayRow], wanted: str) -> DayRow | None:
    """Whose panel stands open: the visit just acted on, else who waits to check out, who is here, who comes next."""
    asked = next((row for row in rows if row.visit.public_id == wanted), None)
    if asked is not None:
        return asked
    for states in (("complete",), ("arrived", "in_treatment"), ("scheduled",)):
        found = next((row for row in rows if row.visit.state in states), None)
        if found is not None:
            return found
    return rows[0] if rows else None


def _day(text: str | None, now: date) -> date:
    try:
        return date.fromisoformat(text) if text else now
    except ValueError:
        return now
