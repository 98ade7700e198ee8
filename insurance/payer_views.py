"""Settings › Payers: insurers, their plans and contract rates."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from clinics.errors import BadInput
from insurance import payer_import, payers
from insurance.forms import PayerFileForm, PayerForm, PlanForm, RateForm
from insurance.models import Payer, Plan
from patients.here import today_here
from patients.tables import list_file, wants_file

SORTS = {"name": "name", "-name": "-name", "payer_id": "payer_id", "-payer_id": "-payer_id"}


@require_GET
def payer_list(request: HttpRequest) -> HttpResponse:
    """The clinic's insurers."""
    rows = Payer.objects.annotate(plan_count=Count("plans")).order_by(
        SORTS.get(request.GET.get("sort", ""), "name")
    )
    typed = request.GET.get("q", "").strip()  # an insurer's name is no health data
    if typed:
        rows = rows.filter(name__icontains=typed) | rows.filter(payer_id__icontains=typed)
    if wants_file(request):
        lines = [[_cell(getattr(row, name)) for name in payer_import.COLUMNS] for row in rows]
        return list_file(request, "payers", list(payer_import.COLUMNS), lines)
    return render(request, "insurance/payers.html", {"rows": list(rows), "q": typed})


@require_http_methods(["GET", "POST"])
def payer_file(request: HttpRequest) -> HttpResponse:
    """Bring a list of insurers in: look at it row by row, then take it."""
    form = PayerFileForm(request.POST or None, request.FILES or None)
    context: dict[str, Any] = {"form": form, "columns": payer_import.COLUMNS}
    if request.method == "POST" and form.is_valid():
        text = form.cleaned_data["text"]
        try:
            if request.POST.get("step") == "take":
                counts = payer_import.take(text)
                messages.success(request, f"{counts['add']} insurers added, {counts['change']} changed")
                return redirect("insurance:payers")
            rows = payer_import.read(text)
            context |= {"rows": rows, "text": text}
            context |= {
                act: sum(row.act == act for row in rows) for act in ("add", "change", "same", "wrong")
            }
        except BadInput as refusal:
            form.add_error(None, refusal.message)
    return render(request, "insurance/payer_file.html", context)


def _cell(value: Any) -> Any:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else value


@require_http_methods(["GET", "POST"])
def payer_new(request: HttpRequest) -> HttpResponse:
    """Add an insurer."""
    form = PayerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        payer = payers.save_payer(form.cleaned_data)
        messages.success(request, f"{payer.name} added")
        return redirect("insurance:payer", payer.public_id)
    return render(request, "insurance/payer.html", {"form": form, "title": "New insurer"})


@require_http_methods(["GET", "POST"])
def payer_page(request: HttpRequest, payer_id: str) -> HttpResponse:
    """Change an insurer; its plans and rates below."""
    payer = get_object_or_404(Payer.objects, public_id=payer_id)
    form = PayerForm(request.POST or None, payer=payer)
    if request.method == "POST" and form.is_valid():
        payers.save_payer(form.cleaned_data, payer)
        messages.success(request, "Saved")
        return redirect("insurance:payers")
    context = {
        "form": form,
        "title": payer.name,
        "payer": payer,
        "plans": payer.plans.order_by("name"),
        "rates": payer.rates.order_by("procedure_code", "-effective_on"),
        "plan_form": PlanForm(prefix="plan"),
        "rate_form": RateForm(prefix="rate", initial={"effective_on": today_here(request)}),
    }
    return render(request, "insurance/payer.html", context)


@require_POST
def plan_save(request: HttpRequest, payer_id: str) -> HttpResponse:
    """Add a plan, or change the one named ``plan``."""
    payer = get_object_or_404(Payer.objects, public_id=payer_id)
    form = PlanForm(request.POST, prefix="plan")
    if not form.is_valid():
        raise BadInput(" ".join(str(error) for errors in form.errors.values() for error in errors))
    data = form.cleaned_data
    known = Plan.objects.filter(payer=payer, name=data["name"].strip()).first()
    payers.save_plan(
        payer, data["name"], data["copay_individual"], data["copay_group"], known, data["requires"]
    )
    messages.success(request, f"{data['name']} saved")
    return redirect("insurance:payer", payer.public_id)


@require_POST
def rate_save(request: HttpRequest, payer_id: str) -> HttpResponse:
    """Add a contract rate."""
    payer = get_object_or_404(Payer.objects, public_id=payer_id)
    form = RateForm(request.POST, prefix="rate")
    if not form.is_valid():
        raise BadInput(" ".join(str(error) for errors in form.errors.values() for error in errors))
    data = form.cleaned_data
    payers.save_rate(payer, data["procedure_code"], data["allowed"], data["effective_on"], data["expires_on"])
    messages.success(request, f"{data['procedure_code']} saved")
    return redirect("insurance:payer", payer.public_id)
