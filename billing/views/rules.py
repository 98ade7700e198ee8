"""Settings > Modifier rules, the what-if box, and trials of rules over past visits."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from appointments.models import Appointment, Service
from billing import price_rules, trials, what_if, whys
from billing.errors import RuleClash
from billing.models import Invoice, ModifierRule, SameDayRule
from billing.price_forms import (
    DefaultPriceForm,
    ModifierRuleForm,
    PlanCopayForm,
    RuleForm,
    SameDayRuleForm,
    WhatIfForm,
)
from billing.views.prices import add_or_try, small_number
from clinics import audit
from lib.money import parse_money, total
from patients.here import today_here
from work.models import Job

SHOWN = 200


@require_http_methods(["GET", "POST"])
def modifier_rules(request: HttpRequest) -> HttpResponse:
    """Modifier rules and same-day rules; the least generic rule wins (B17.6)."""
    form: Any = ModifierRuleForm()
    same_day: Any = SameDayRuleForm()
    if request.method == "POST" and request.POST.get("what") == "same-day":
        same_day = SameDayRuleForm(request.POST)
        if same_day.is_valid():
            try:
                said = price_rules.say(price_rules.save(same_day.row()))
            except RuleClash as refusal:
                same_day.add_error(None, refusal.message)
            else:
                messages.success(request, f"Added: {said}")
                return redirect("billing:modifier-rules")
    elif request.method == "POST":
        answer, form = add_or_try(request, "modifier-rule", ModifierRuleForm, "billing:modifier-rules")
        if answer is not None:
            return answer
    rows = ModifierRule.objects.select_related("service", "payer", "clinician").order_by(
        "service__code", "payer__name", "pk"
    )
    repeats = list(SameDayRule.objects.select_related("payer").order_by("occurrence", "pk"))
    services = {row.public_id: row.code for row in Service.objects.all()} if repeats else {}
    context = {
        "rows": [{"row": row, "keys": price_rules.modifier_keys(row)} for row in rows],
        "repeats": [
            {"row": row, "codes": ", ".join(services.get(one, "") for one in row.services)} for row in repeats
        ],
        "form": form,
        "same_day": same_day,
    }
    bad = form.errors or same_day.errors
    return render(request, "billing/modifier_rules.html", context, status=400 if bad else 200)


@require_GET
def what_if_page(request: HttpRequest) -> HttpResponse:
    """What a visit would cost by the rules as they are: a page, a box for other pages, and the answer alone."""
    asked = request.GET.get("service") and request.GET.get("day")
    today = today_here(request)
    form = WhatIfForm(
        request.GET if asked else None,
        today=today,
        auto_id="wi_%s",
        initial={name: request.GET[name] for name in request.GET if name in WhatIfForm.base_fields},
    )
    answer = None
    if asked and form.is_valid():
        answer = what_if.ask(form.cleaned_data, form.statuses.get(form.cleaned_data["status"]))
    context = {"form": form, "answer": answer}
    if not request.headers.get("HX-Request"):
        return render(request, "billing/what_if.html", context)
    part = "what_if_answer" if request.GET.get("part") == "answer" else "what_if_box"
    return render(request, f"billing/parts/{part}.html", context)


@require_http_methods(["GET", "POST"])
def rule_trials(request: HttpRequest) -> HttpResponse:
    """Try a service's price or a plan's copay on past visits; fees and modifier rules start from their pages."""
    forms: dict[str, RuleForm] = {
        "default-price": DefaultPriceForm(
            initial={"effective_on": today_here(request), "service": request.GET.get("service")},
            auto_id="p_%s",
        ),
        "copay": PlanCopayForm(initial={"plan": request.GET.get("plan")}, auto_id="c_%s"),
    }
    kind = request.POST.get("rule", "")
    if request.method == "POST" and kind in forms:
        forms[kind] = form = type(forms[kind])(request.POST, auto_id=forms[kind].auto_id)
        if form.is_valid():
            typed = {name: request.POST[name] for name in form.fields if name in request.POST}
            months = small_number(request.POST.get("months", "6"))
            job = trials.start(kind, typed, months=months, today=today_here(request))
            return redirect("billing:rule-trial", job.public_id)
    context = {
        "price_form": forms["default-price"],
        "copay_form": forms["copay"],
        "trials": Job.objects.filter(kind=trials.KIND).order_by("-created_at")[:50],
    }
    bad = any(form.errors for form in forms.values() if form.is_bound)
    return render(request, "billing/rule_trials.html", context, status=400 if bad else 200)


@require_GET
def rule_trial(request: HttpRequest, public_id: str) -> HttpResponse:
    """One trial: how far it is, then what would change, charge by charge."""
    job = get_object_or_404(Job.objects, public_id=public_id, kind=trials.KIND)
    result = job.result or {}
    shown = result.get("changes", [])[:SHOWN]
    visits = Appointment.objects.filter(public_id__in=[row["visit"] for row in shown]).select_related(
        "patient"
    )
    by_id = {visit.public_id: visit for visit in visits}
    rows = [
        {
            **row,
            "visit": by_id[row["visit"]],
            **{
                name: _amount(row[name])
                for name in ("charged", "before", "after", "patient_before", "patient_after")
            },
        }
        for row in shown
        if row["visit"] in by_id
    ]
    context = {
        "row": job,
        "rows": rows,
        "result": result,
        "difference": _amount(result.get("difference")),
        "patient_difference": _amount(result.get("patient_difference")),
        "hidden": max(0, result.get("changed", 0) - len(rows)),
    }
    return render(request, "billing/rule_trial.html", context)


@require_GET
def invoice_why(request: HttpRequest, public_id: str) -> HttpResponse:
    """Why a whole visit costs what it costs: each of its charges with the trace stored with it (side sheet)."""
    invoice = get_object_or_404(Invoice.objects.select_related("patient"), public_id=public_id)
    charges = list(invoice.charges.order_by("line_no"))
    audit.record("patient.read", "patient", invoice.patient.public_id, page="invoice-why")
    context = {
        "invoice": invoice,
        "amount": total(charge.amount for charge in charges),
        "charges": [{"charge": charge, "steps": whys.steps(charge.trace)} for charge in charges],
    }
    return render(request, "billing/parts/why_invoice.html", context)


@require_POST
def switch_on(request: HttpRequest, public_id: str) -> HttpResponse:
    """Switch the tried rule on as it was typed."""
    job = get_object_or_404(Job.objects, public_id=public_id, kind=trials.KIND)
    messages.success(request, f"Switched on: {trials.switch_on(job)}")
    return redirect("billing:rule-trial", job.public_id)


def _amount(text: str | None) -> Any:
    return None if text is None else parse_money(text)
