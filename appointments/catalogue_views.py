"""Settings: services with default prices, appointment types, statuses."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import OuterRef, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from appointments import catalogue
from appointments.forms import ServiceForm, StatusForm, TypeForm
from appointments.models import AppointmentStatus, AppointmentType, Service, ServicePrice
from patients.here import today_here
from patients.tables import list_file, wants_file

SORTS = {
    "code": ("code", "name"),
    "-code": ("-code", "-name"),
    "name": ("name", "code"),
    "-name": ("-name", "-code"),
}


@require_GET
def services(request: HttpRequest) -> HttpResponse:
    """The services with the default price of today."""
    today = today_here(request)
    prices = ServicePrice.objects.filter(
        service=OuterRef("pk"), clinic=OuterRef("clinic"), effective_on__lte=today
    )
    rows = Service.objects.annotate(price_now=Subquery(prices.order_by("-effective_on").values("price")[:1]))
    rows = rows.order_by(*SORTS.get(request.GET.get("sort", ""), SORTS["code"]))
    typed = request.GET.get("q", "").strip()
    if typed:
        rows = rows.filter(name__icontains=typed) | rows.filter(code__istartswith=typed)
    if wants_file(request):
        lines = [
            [s.code, s.name, s.get_kind_display(), s.price_now, "yes" if s.is_active else "no"] for s in rows
        ]
        return list_file(request, "services", ["Code", "Name", "Kind", "Default price", "Offered"], lines)
    return render(request, "appointments/services.html", {"rows": list(rows), "q": typed})


@require_http_methods(["GET", "POST"])
def service(request: HttpRequest, public_id: str = "") -> HttpResponse:
    """Add or change a service and its default price."""
    row = get_object_or_404(Service.objects, public_id=public_id) if public_id else None
    form = ServiceForm(request.POST or None, today=today_here(request), service=row)
    if request.method == "POST" and form.is_valid():
        saved = catalogue.save_service(form.cleaned_data, row)
        if form.cleaned_data["price"] is not None:
            catalogue.set_price(saved, form.cleaned_data["price"], form.cleaned_data["effective_on"])
        messages.success(request, f"{saved.code} saved")
        return redirect("appointments:services")
    prices = row.prices.order_by("-effective_on") if row else []
    title = str(row) if row else "New service"
    return render(
        request, "appointments/service.html", {"form": form, "service": row, "prices": prices, "title": title}
    )


@require_GET
def types(request: HttpRequest) -> HttpResponse:
    """Appointment types and statuses."""
    context = {
        "types": list(AppointmentType.objects.order_by("name")),
        "statuses": list(AppointmentStatus.objects.order_by("state", "name")),
    }
    return render(request, "appointments/types.html", context)


@require_http_methods(["GET", "POST"])
def appointment_type(request: HttpRequest, public_id: str = "") -> HttpResponse:
    """Add or change an appointment type."""
    row = get_object_or_404(AppointmentType.objects, public_id=public_id) if public_id else None
    start: dict[str, Any] = (
        {"name": row.name, "minutes": row.minutes, "is_active": row.is_active} if row else {}
    )
    form = TypeForm(request.POST or None, initial={"is_active": True, "minutes": 30, **start})
    if request.method == "POST" and form.is_valid():
        catalogue.save_type(**form.cleaned_data, appointment_type=row)
        messages.success(request, f"{form.cleaned_data['name']} saved")
        return redirect("appointments:types")
    title = row.name if row else "New appointment type"
    return render(request, "appointments/simple_form.html", {"form": form, "title": title, "label": "type"})


@require_http_methods(["GET", "POST"])
def status(request: HttpRequest, name: str = "") -> HttpResponse:
    """Add or change a status."""
    row = get_object_or_404(AppointmentStatus.objects, name=name) if name else None
    fields = ("name", "state", "transition", "cancellation_fee")
    form = StatusForm(
        request.POST or None, initial={field: getattr(row, field) for field in fields} if row else {}
    )
    if request.method == "POST" and form.is_valid():
        saved = catalogue.save_status(**form.cleaned_data, status=row)
        messages.success(request, f"{saved.name} saved")
        if catalogue.status_warning(saved):
            messages.warning(request, catalogue.status_warning(saved))
        return redirect("appointments:types")
    title = row.name if row else "New status"
    return render(request, "appointments/simple_form.html", {"form": form, "title": title, "label": "status"})
