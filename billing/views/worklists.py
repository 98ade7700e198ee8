"""Work lists of the front desk and the coder: visits without a charge, not transitioned, without confirmed codes."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from appointments.models import Appointment
from billing import missed, transition_batches, worklists
from billing.enums import TransitionOutcome
from billing.links import url_if_there
from billing.models import VisitTransition
from billing.transitions import Reason
from billing.worklists import PAGE, Asked, WaitingRow
from clinics import audit
from clinics.errors import BadInput
from clinics.models import Clinician, Location
from clinics.permissions import may
from patients.here import location_here, today_here
from patients.tables import MOST, list_file, wants_file
from work.idempotency import once

LONGEST = 366


@require_GET
def missing_charges(request: HttpRequest) -> HttpResponse:
    """Visits that took place, or should have, and have no charge."""
    asked = asked_of(request)
    limit = MOST + 1 if wants_file(request) else PAGE
    rows = worklists.missing_charges(asked, today=today_here(request), limit=limit)
    if wants_file(request):
        return _file(request, "missing-charges", rows)
    return render(request, "billing/missing_charges.html", _context(request, asked, rows))


@require_GET
def not_transitioned(request: HttpRequest) -> HttpResponse:
    """Visits the background batch could not charge, each reason with the place to mend it."""
    asked = asked_of(request)
    limit = MOST + 1 if wants_file(request) else PAGE
    rows = worklists.not_transitioned(asked, today=today_here(request), limit=limit)
    if wants_file(request):
        return _file(request, "not-transitioned", rows)
    today = today_here(request)
    context = {
        **_context(request, asked, rows),
        "batch_since": (asked.since or today - timedelta(days=7)).isoformat(),
        "batch_until": (asked.until or today).isoformat(),
    }
    return render(request, "billing/not_transitioned.html", context)


@require_GET
def coding(request: HttpRequest) -> HttpResponse:
    """Completed visits without confirmed codes, with what the visit itself says beside them (B15)."""
    asked = asked_of(request)
    limit = MOST + 1 if wants_file(request) else PAGE
    visits = worklists.uncoded(asked, limit=limit)
    if wants_file(request):
        audit.record("worklist.export", "worklist", "coding", rows=len(visits))
        head = ["DOS", "Patient", "Type", "Clinician", "Minutes", "Services", "Diagnoses", "Note"]
        return list_file(request, "coding", head, [_coding_cells(visit) for visit in visits])
    context = _context(request, asked, visits)
    context["rows"] = [{"visit": visit, "lacks": lacks(visit)} for visit in visits]
    return render(request, "billing/coding.html", context)


@require_POST
def start_batch(request: HttpRequest) -> HttpResponse:
    """Charge the completed visits of a range of days in the background (B17.0)."""
    since, until = _day(request.POST.get("since")), _day(request.POST.get("until"))
    location = location_here(request)
    check_range(since, until)

    def act() -> dict[str, Any]:
        return {"job": transition_batches.start(location, since, until).public_id}  # type: ignore[arg-type]

    asked = {"act": "transition-batch", "since": str(since), "until": str(until)}
    answer, _ = once(request.POST.get("idempotency_key", ""), asked, act)
    return redirect(url_if_there("desk:job", answer["job"]) or reverse("billing:not-transitioned"))


@require_POST
def try_visit(request: HttpRequest, public_id: str) -> HttpResponse:
    """Try one visit again after its reason was mended; what was tried is said."""
    tried = transition_batches.try_visit(public_id, at=timezone.now())
    if tried.outcome == TransitionOutcome.MADE:
        messages.success(request, f"Charged: {tried.invoice}")
    else:
        messages.warning(request, "; ".join(row["words"] for row in tried.reasons) or tried.outcome.label)
    wanted = request.POST.get("next", "")
    is_safe = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return redirect(wanted if is_safe else reverse("billing:not-transitioned"))


@require_GET
def missed_visit(request: HttpRequest, public_id: str) -> HttpResponse:
    """Part of a missed visit's page: what its status charged, or why it did not."""
    visit = get_object_or_404(Appointment.objects.select_related("status", "patient"), public_id=public_id)
    tried = VisitTransition.objects.filter(appointment=visit).first()
    context = {
        "invoices": missed.live_missed(visit),
        "reasons": tried.reasons if tried and tried.outcome == TransitionOutcome.NOT_TRANSITIONED else [],
        "visit": visit,
    }
    return render(request, "billing/parts/missed_visit.html", context)


def check_range(since: date | None, until: date | None) -> None:
    """BadInput unless both days are there, in order, and not more than a year apart."""
    if since is None or until is None or until < since or (until - since).days > LONGEST:
        raise BadInput("Choose a first and a last day, at most a year apart.", code="bad_range")


def asked_of(request: HttpRequest) -> Asked:
    """The filters of a list from its address; what cannot be read is left out."""
    get = request.GET
    return Asked(
        location=Location.objects.filter(public_id=_plain(get.get("location", ""))).first(),
        clinician=Clinician.objects.filter(public_id=_plain(get.get("clinician", ""))).first(),
        state=_plain(get.get("state", "")),
        since=_day(get.get("since")),
        until=_day(get.get("until")),
        chart=_plain(get.get("q", "")),
        sort=get.get("sort", "day"),
    )


def repair_url(visit: Appointment, found: Reason) -> str:
    """Where a reason is mended: the field's own page where there is one."""
    place, _, detail = found["repair"].partition(":")
    here = reverse("appointments:visit", args=[visit.public_id])
    patient = visit.patient.public_id
    places = {
        "treatment": f"{here}?tab=treatment",
        "check-out": reverse("billing:check-out", args=[visit.public_id]),
        "coverage": reverse("insurance:manage", args=[patient]),
        "patient": reverse("patients:edit", args=[patient]) + (f"#id_{detail}" if detail else ""),
    }
    if place == "service" and detail:
        return reverse("appointments:service", args=[detail])
    return places.get(place, here)


def lacks(visit: Any) -> list[str]:
    """What a coder still has to do on a visit."""
    found = []
    if not visit.line_count:
        found.append("no service")
    if not visit.diagnoses:
        found.append("no diagnosis")
    if visit.unconfirmed:
        found.append(f"{visit.unconfirmed} not ticked")
    return found


def _context(request: HttpRequest, asked: Asked, rows: list[Any]) -> dict[str, Any]:
    places = [
        ("", "All locations"),
        *((row.public_id, row.name) for row in Location.objects.order_by("name")),
    ]
    who = [
        ("", "All clinicians"),
        *((row.public_id, str(row)) for row in Clinician.objects.order_by("last_name")),
    ]
    selects = [
        {"name": "location", "label": "Location", "options": places,
         "value": asked.location.public_id if asked.location else ""},
        {"name": "clinician", "label": "Clinician", "options": who,
         "value": asked.clinician.public_id if asked.clinician else ""},
    ]  # fmt: skip
    shown = [
        {"row": row, "links": [(part["words"], repair_url(row.visit, part)) for part in row.reasons]}
        for row in rows
        if isinstance(row, WaitingRow)
    ]
    more = "+" if len(rows) == PAGE else ""
    return {
        "rows": shown,
        "q": asked.chart,
        "selects": selects,
        "dates": [
            {"name": "since", "label": "From", "value": asked.since.isoformat() if asked.since else ""},
            {"name": "until", "label": "To", "value": asked.until.isoformat() if asked.until else ""},
        ],
        "active": bool(asked.location or asked.clinician or asked.since or asked.until or asked.chart),
        "said": f"{len(rows)}{more} visit{'' if len(rows) == 1 else 's'}",
        "may_charge": may(request, "checkout"),
        "path": request.get_full_path(),
    }


def _file(request: HttpRequest, name: str, rows: list[WaitingRow]) -> HttpResponse:
    audit.record("worklist.export", "worklist", name, rows=len(rows))
    head = ["DOS", "Patient", "Chart", "Type", "Clinician", "Location", "State", "Days", "Why"]
    lines = [
        [row.visit.service_date, row.visit.patient.list_name, row.visit.patient.chart_number,
         row.visit.appointment_type.name, str(row.visit.clinician), row.visit.location.name,
         row.visit.get_state_display(), row.age, "; ".join(part["words"] for part in row.reasons)]
        for row in rows
    ]  # fmt: skip
    return list_file(request, name, head, lines)


def _coding_cells(visit: Appointment) -> list[Any]:
    codes = " ".join(line.service.code for line in visit.lines.all())
    return [
        visit.service_date, visit.patient.list_name, visit.appointment_type.name, str(visit.clinician),
        visit.minutes, codes, " ".join(visit.diagnoses), visit.note,
    ]  # fmt: skip


def _plain(text: str) -> str:
    """What an address may ask for: a short word; anything the database could not read is left out."""
    return text.strip()[:20] if text.isprintable() else ""


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None
