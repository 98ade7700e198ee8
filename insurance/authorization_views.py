"""Authorizations and referrals: the list, one patient's, one with its number; and payers' enrollment."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from clinics import audit
from clinics.errors import BadInput
from insurance import authorizations
from insurance.asking_forms import AuthorizationForm, NumberForm
from insurance.authorizations import Standing, standings
from insurance.enums import AuthorizationKind
from insurance.errors import BadCoverage
from insurance.models import Authorization, Policy
from patients.here import today_here
from patients.models import Patient
from patients.tables import list_file, wants_file
from work.idempotency import once

LEVELS = (
    ("", "All"),
    ("low", "Nearly used up"),
    ("used_up", "Used up"),
    ("ended", "Ended"),
    ("fine", "Fine"),
)
SORTS = {
    "ends": "expires_on",
    "-ends": "-expires_on",
    "patient": "patient__last_name",
    "-patient": "-patient__last_name",
}
LIMIT = 500


@require_GET
def listing(request: HttpRequest) -> HttpResponse:
    """All of the clinic, those that need somebody first; filters and CSV."""
    rows = Authorization.objects.select_related("patient", "policy__payer")
    kind, payer, level = (request.GET.get(name, "") for name in ("kind", "payer", "level"))
    if kind in AuthorizationKind.values:
        rows = rows.filter(kind=kind)
    if payer:
        rows = rows.filter(policy__payer__public_id=payer)
    rows = rows.order_by(SORTS.get(request.GET.get("sort", ""), "expires_on"), "id")[:LIMIT]
    found = [row for row in standings(rows, today_here(request)) if not level or row.level == level]
    if wants_file(request):
        audit.record("authorization.export", "clinic", "", rows=len(found))
        return list_file(request, "authorizations", CSV_HEAD, [_csv_line(row) for row in found])
    payers = sorted(
        {(row.authorization.policy.payer.public_id, row.authorization.policy.payer.name) for row in found}
    )
    context = {
        "rows": found,
        "selects": [
            {"name": "level", "label": "State", "value": level, "options": LEVELS},
            {
                "name": "kind",
                "label": "Kind",
                "value": kind,
                "options": [("", "Both kinds"), *AuthorizationKind.choices],
            },
            {"name": "payer", "label": "Insurer", "value": payer, "options": [("", "Any insurer"), *payers]},
        ],
        "active": bool(level or kind or payer),
    }
    return render(request, "insurance/authorizations.html", context)


@require_GET
def of_patient(request: HttpRequest, patient_id: str) -> HttpResponse:
    """What is left of one patient's authorizations, for the patient's page."""
    patient = get_object_or_404(Patient.objects, public_id=patient_id)
    rows = (
        Authorization.objects.filter(patient=patient)
        .select_related("policy__payer")
        .order_by("-expires_on", "-id")
    )
    found = standings(rows[:50], today_here(request))
    return render(request, "insurance/parts/authorizations.html", {"patient": patient, "rows": found})


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, patient_id: str) -> HttpResponse:
    """Enter what a payer has agreed to."""
    patient = get_object_or_404(Patient.objects, public_id=patient_id)
    form = AuthorizationForm(request.POST or None, patient=patient)
    if request.method == "POST" and form.is_valid():
        data = form.values()
        policy: Policy = data.pop("policy")
        try:
            with transaction.atomic():  # a refusal takes the idempotency key back with it
                once(
                    request.POST.get("idempotency_key", ""),
                    {"act": "authorization", "patient": patient.public_id, "form": form.posted()},
                    lambda: {"id": authorizations.save(policy, data).public_id},
                )
        except BadCoverage as refusal:
            form.take(refusal)
        else:
            messages.success(request, f"{data['number'].upper()} is noted")
            return redirect("patients:patient", patient.public_id)
    return render(
        request,
        "insurance/authorization.html",
        {"form": form, "patient": patient, "title": "New authorization"},
    )


@require_http_methods(["GET", "POST"])
def one(request: HttpRequest, authorization_id: str) -> HttpResponse:
    """Change one; its number has a form of its own, because claims may carry it."""
    row = _get(authorization_id)
    form = AuthorizationForm(request.POST or None, patient=row.patient, row=row)
    if request.method == "POST" and form.is_valid():
        data = form.values()
        data.pop("policy", None)
        try:
            authorizations.save(row.policy, data, row)
        except BadCoverage as refusal:
            form.take(refusal)
        else:
            messages.success(request, "Saved")
            return redirect("insurance:authorization", row.public_id)
    context = {
        "form": form,
        "patient": row.patient,
        "row": row,
        "standing": standings([row], today_here(request))[0],
        "title": row.number,
        "number_form": NumberForm(initial={"number": row.number, "update_claims": True}, prefix="n"),
        "unsent": authorizations.unsent_claims(row),
    }
    audit.record("coverage.read", "patient", row.patient.public_id, page="authorization")
    return render(request, "insurance/authorization.html", context)


@require_POST
def renumber(request: HttpRequest, authorization_id: str) -> HttpResponse:
    """The payer's new number; unsent claims follow where ticked."""
    row = _get(authorization_id)
    form = NumberForm(request.POST, prefix="n")
    if not form.is_valid():
        raise BadInput("Enter the new number.", code="bad_number")
    changed = authorizations.renumber(
        row, form.cleaned_data["number"], update_claims=form.cleaned_data["update_claims"]
    )
    claims = f"; {changed} unsent claim{'' if changed == 1 else 's'} changed" if changed else ""
    messages.success(request, f"The number is {row.number}{claims}")
    return redirect("insurance:authorization", row.public_id)


CSV_HEAD = [
    "Patient",
    "Insurer",
    "Kind",
    "Number",
    "Services",
    "From",
    "Until",
    "Limit",
    "Counts",
    "Reserved",
    "Used",
    "Left",
]


def _csv_line(standing: Standing) -> list[Any]:
    row = standing.authorization
    return [
        str(row.patient), row.policy.payer.name, row.get_kind_display(), row.number, " ".join(row.procedure_codes),
        row.effective_on, row.expires_on, row.limit, row.get_limit_kind_display(),
        standing.used.reserved, standing.used.consumed,
        standing.left,
    ]  # fmt: skip


def _get(public_id: str) -> Authorization:
    rows = Authorization.objects.select_related("patient", "policy__payer")
    return get_object_or_404(rows, public_id=public_id)
