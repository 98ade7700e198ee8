"""Pages of the patients room: the list, registration, one patient.

What other rooms know of a patient (coverage, visits, balance, claims) is fetched by the page from
their own addresses; a room that is not there leaves its part out.
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from clinics import audit
from clinics.permissions import may, route_action
from patients import queries, registration
from patients.address import mail_lines, one_line
from patients.errors import PossibleDuplicate
from patients.forms import PatientForm, sections
from patients.here import today_here
from patients.models import Patient
from patients.requirements import missing_to_bill, missing_to_book
from patients.tables import MOST, list_file
from work.idempotency import once

UPPER_PARTS = {
    "coverage": "insurance:patient-coverage",
    "authorizations": "insurance:patient-authorizations",
    "visits": "appointments:patient-visits",
    "balance": "billing:patient-balance",
    "claims": "claims:patient-claims",
    "moves": "claims:patient-moves",
    "merged": "desk:merged",
}


@require_http_methods(["GET", "POST"])
def patient_list(request: HttpRequest) -> HttpResponse:
    """Everybody by name, or (by POST, so that no name stands in an address) who fits the search."""
    typed = request.POST.get("q", "")
    sort = request.GET.get("sort", "name")
    after = request.POST.get("after") or request.GET.get("after", "")
    rows, following = queries.page(typed, sort, after)
    context = {
        "rows": rows,
        "q": typed,
        "next": following,
        "today": today_here(request),
        "sort": sort,
        "first_page": not after,
    }
    template = "patients/parts/found.html" if request.headers.get("HX-Request") else "patients/list.html"
    return render(request, template, context)


@require_POST
def patient_export(request: HttpRequest) -> HttpResponse:
    """The same search as a file; the export is audited."""
    rows = queries.search(request.POST.get("q", "")).order_by("search_name", "id")[: MOST + 1]
    lines = [
        [p.chart_number, p.last_name, p.first_name, p.birth_date, p.sex, p.phone_shown, p.city, p.state]
        for p in rows
    ]
    audit.record("patient.export", "patient", rows=len(lines))
    head = ["Chart", "Last name", "First name", "Date of birth", "Sex", "Phone", "City", "State"]
    return list_file(request, "patients", head, lines)


@require_http_methods(["GET", "POST"])
def register(request: HttpRequest) -> HttpResponse:
    """A new patient. Somebody who seems to be here already is shown first."""
    form = PatientForm(request.POST or None, today=today_here(request))
    twins: list[Patient] = []
    if request.method == "POST" and form.is_valid():
        allow = request.POST.get("allow_duplicate") == "on"
        try:
            with transaction.atomic():  # a refusal takes the idempotency key back with it
                answer, _ = once(
                    request.POST.get("idempotency_key", ""),
                    {"act": "register", **form.cleaned_data},
                    lambda: _register(form, allow=allow),
                )
        except PossibleDuplicate:
            twins = queries.possible_duplicates(form.cleaned_data)
        else:
            messages.success(request, f"Registered, chart {answer['chart_number']}")
            return redirect(_onward(request, answer["patient"]))
    return render(
        request,
        "patients/form.html",
        {
            "form": form,
            "sections": sections(form),
            "twins": twins,
            "next": _asked(request),
            "title": "New patient",
        },
    )


@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, public_id: str) -> HttpResponse:
    """Change a patient."""
    patient = get_object_or_404(
        Patient.objects.select_related("guarantor", "referring_provider"), public_id=public_id
    )
    form = PatientForm(request.POST or None, today=today_here(request), patient=patient)
    if request.method == "POST" and form.is_valid():
        registration.change(patient, form.cleaned_data, today=today_here(request))
        messages.success(request, "Saved")
        return redirect(_onward(request, patient.public_id))
    audit.record("patient.read", "patient", patient.public_id)
    context = {
        "form": form,
        "sections": sections(form),
        "patient": patient,
        "next": _asked(request),
        "title": "Edit",
    }
    return render(request, "patients/form.html", context)


@require_GET
def patient_page(request: HttpRequest, public_id: str) -> HttpResponse:
    """One patient: who, coverage, visits, balance, claims."""
    patient = get_object_or_404(
        Patient.objects.select_related("guarantor", "referring_provider"), public_id=public_id
    )
    audit.record("patient.read", "patient", patient.public_id)
    booking, billing = missing_to_book(patient), missing_to_bill(patient)
    context = {
        "patient": patient,
        "today": today_here(request),
        "address": one_line(patient),
        "mail": mail_lines(patient),
        "parts": upper_parts(request, patient),
        "missing": booking + [item for item in billing if item not in booking],
    }
    return render(request, "patients/patient.html", context)


@require_POST
def pick(request: HttpRequest) -> HttpResponse:
    """Who fits what is typed, as choices for a form of another room (booking)."""
    typed = request.POST.get("q", "")
    rows = queries.page(typed, size=8)[0] if len(typed.strip()) >= 2 else []
    return render(
        request, "patients/parts/pick.html", {"rows": rows, "q": typed, "today": today_here(request)}
    )


def upper_parts(request: HttpRequest, patient: Patient) -> dict[str, str]:
    """Addresses of what the rooms above show of this patient; "" for a page that is not there or not for this role."""
    parts = {}
    for part, name in UPPER_PARTS.items():
        action = route_action(name, "GET")
        parts[part] = _address(name, patient.public_id) if action and may(request, action) else ""
    return parts


def _address(name: str, public_id: str) -> str:
    try:
        return reverse(name, args=[public_id])
    except NoReverseMatch:
        return ""


def _register(form: PatientForm, *, allow: bool) -> dict[str, Any]:
    patient = registration.register(form.cleaned_data, today=form.today, allow_duplicate=allow)
    return {"patient": patient.public_id, "chart_number": patient.chart_number}


def _asked(request: HttpRequest) -> str:
    """Where to go afterwards, if a page of ours asked for it."""
    wanted = request.POST.get("next") or request.GET.get("next", "")
    return wanted if url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) else ""


def _onward(request: HttpRequest, public_id: str) -> str:
    wanted = _asked(request)
    if wanted:
        return f"{wanted}{'&' if '?' in wanted else '?'}patient={public_id}"
    return reverse("patients:patient", args=[public_id])
