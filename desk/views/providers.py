"""Settings > Clinicians, and Settings > Locations with the billing providers behind them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from clinics.models import BillingProvider, Clinician, Location
from desk import providers
from desk.provider_forms import FORMS
from desk.providers import Row
from lib.spellings import show_zip
from patients.address import one_line
from patients.tables import list_file, wants_file

SORTS = {
    "name": ("last_name", "first_name", "pk"),
    "-name": ("-last_name", "-first_name", "-pk"),
    "npi": ("npi", "pk"),
    "-npi": ("-npi", "-pk"),
}
LIST = {Clinician: "desk:clinicians", Location: "desk:locations", BillingProvider: "desk:locations"}
WORDS = {
    Clinician: ("Clinicians", "New clinician", "clinician"),
    Location: ("Locations", "New location", "location"),
    BillingProvider: ("Locations", "New billing provider", "billing provider"),
}


@require_GET
def clinicians(request: HttpRequest) -> HttpResponse:
    """Everybody who treats, also those who left."""
    typed = request.GET.get("q", "").strip()
    state = request.GET.get("state", "")
    rows = Clinician.objects.order_by(*SORTS.get(request.GET.get("sort", ""), SORTS["name"]))
    if typed:
        rows = rows.filter(
            Q(last_name__icontains=typed) | Q(first_name__icontains=typed) | Q(npi__startswith=typed)
        )
    if state in ("on", "off"):
        rows = rows.filter(is_active=state == "on")
    if wants_file(request):
        lines = [
            [r.last_name, r.first_name, r.credential, r.npi, r.taxonomy, "yes" if r.is_active else "no"]
            for r in rows
        ]
        return list_file(
            request,
            "clinicians",
            ["Last name", "First name", "Credential", "NPI", "Taxonomy", "Can be booked"],
            lines,
        )
    selects = [
        {
            "name": "state",
            "label": "State",
            "options": [("", "All"), ("on", "Can be booked"), ("off", "Switched off")],
            "value": state,
        }
    ]
    context = {"rows": list(rows), "q": typed, "selects": selects, "active": typed or state}
    return render(request, "desk/clinicians.html", context)


@require_GET
def locations(request: HttpRequest) -> HttpResponse:
    """Where patients are seen, and who bills for it."""
    typed = request.GET.get("q", "").strip()
    rows = Location.objects.select_related("billing_provider").order_by("name", "pk")
    if typed:
        rows = rows.filter(Q(name__icontains=typed) | Q(city__icontains=typed))
    if wants_file(request):
        header = [
            "Name", "Street", "Suite", "City", "State", "ZIP", "Phone", "Time zone", "Place of service", "NPI",
            "CLIA", "Billing provider", "Can be booked",
        ]  # fmt: skip
        lines = [
            [
                r.name, r.street, r.street2, r.city, r.state, show_zip(r.zip_code), r.phone, r.time_zone,
                r.place_of_service, r.npi, r.clia, r.billing_provider.name, "yes" if r.is_active else "no",
            ]
            for r in rows
        ]  # fmt: skip
        return list_file(request, "locations", header, lines)
    who = BillingProvider.objects.annotate(places=Count("locations")).order_by("name", "pk")
    context = {
        "rows": [{"row": row, "address": one_line(row)} for row in rows],
        "providers": [{"row": row, "address": one_line(row)} for row in who],
        "q": typed,
    }
    return render(request, "desk/locations.html", context)


@require_http_methods(["GET", "POST"])
def clinician(request: HttpRequest, public_id: str = "") -> HttpResponse:
    """Add or change a clinician."""
    return _edit(request, Clinician, public_id)


@require_http_methods(["GET", "POST"])
def location(request: HttpRequest, public_id: str = "") -> HttpResponse:
    """Add or change a location."""
    return _edit(request, Location, public_id)


@require_http_methods(["GET", "POST"])
def billing_provider(request: HttpRequest, public_id: str = "") -> HttpResponse:
    """Add or change a billing provider."""
    return _edit(request, BillingProvider, public_id)


def _edit(request: HttpRequest, kind: type[Row], public_id: str) -> HttpResponse:
    row: Any = get_object_or_404(kind.objects, public_id=public_id) if public_id else None
    form = FORMS[kind](request.POST or None, row=row)
    if request.method == "POST" and form.is_valid():
        saved = providers.save(kind, form.cleaned_data, row)
        messages.success(request, f"{saved} saved")
        booked = providers.still_booked(saved)
        if booked:
            many = "visits are" if booked > 1 else "visit is"
            messages.warning(request, f"{booked} coming {many} still booked there: move or cancel them.")
        return redirect(LIST[kind])
    place, new, label = WORDS[kind]
    context = {
        "form": form,
        "title": str(row) if row else new,
        "label": label,
        "back": reverse(LIST[kind]),
        "crumbs": [
            ("Settings", reverse("desk:settings")),
            (place, reverse(LIST[kind])),
            (str(row) if row else new, ""),
        ],
    }
    return render(request, "desk/provider_form.html", context, status=400 if form.errors else 200)
