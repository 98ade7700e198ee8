"""Payment plans at the desk: offer, agree, follow, print the schedule, end (rules.md B12)."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from billing import plan_pdf, planning
from billing.enums import PlanState
from billing.errors import CannotPlan
from billing.models import PaymentPlan
from billing.planning import Followed, Terms
from billing.views.left_forms import PlanForm
from billing.views.local import render_at
from billing.views.tables import Cell, Table, counted, show
from clinics import audit
from clinics.permissions import may
from lib.money import ZERO, show_money, total
from patients.here import location_here, today_here
from patients.models import Patient
from patients.tables import MOST, wants_file
from work.idempotency import once

PAGE = 200
LOOKS = {
    PlanState.ACTIVE: ("go", "calendar-event"),
    PlanState.DONE: ("ok", "circle-check"),
    PlanState.DEFAULTED: ("stop", "alert-triangle"),
    PlanState.CANCELLED: ("mute", "ban"),
}
PART_LOOKS = {
    "paid": ("Paid", "ok", "circle-check"),
    "missed": ("Missed", "stop", "alert-triangle"),
    "part": ("Part paid", "warn", "hourglass"),
    "open": ("Open", "mute", "circle-dashed"),
}
PLAN_WITH = ("patient__guarantor", "location__clinic")


@require_http_methods(["GET", "POST"])
def new_plan(request: HttpRequest, public_id: str) -> HttpResponse:
    """Agree on a plan for what the patient owes; the schedule is shown while it is typed."""
    patient = get_object_or_404(Patient.objects.select_related("guarantor"), public_id=public_id)
    today = today_here(request)
    form = PlanForm(request.POST or None, today=today)
    if request.method == "POST" and form.is_valid():
        made = _make(request, patient, form)
        if made is not None:
            return redirect(reverse("billing:plan", args=[made]))
    terms = form.terms() if form.is_bound and form.is_valid() else form.first_terms()
    worked = planning.offer(patient, terms, location=location_here(request), today=today)
    context = {
        "patient": patient,
        "form": form,
        "offer": worked,
        "rules": planning.rules_at(location_here(request)).rows,
    }
    return render(request, "billing/plan_new.html", context, status=400 if form.errors else 200)


@require_GET
def plan_offer(request: HttpRequest, public_id: str) -> HttpResponse:
    """The schedule of what is typed (part)."""
    patient = get_object_or_404(Patient.objects, public_id=public_id)
    form = PlanForm(request.GET, today=today_here(request))
    terms = form.terms() if form.is_valid() else None
    worked = (
        planning.offer(patient, terms, location=location_here(request), today=today_here(request))
        if terms
        else None
    )
    return render(request, "billing/parts/plan_offer.html", {"offer": worked, "form": form})


@require_GET
def plan(request: HttpRequest, public_id: str) -> HttpResponse:
    """One plan with where each instalment stands."""
    row = _plan(public_id)
    audit.record("patient.read", "patient", row.patient.public_id, page="plan")
    followed = planning.follow([row], today_here(request))[0]
    words = PlanState(row.state).label
    family, icon = LOOKS[PlanState(row.state)]
    context = {
        "plan": row,
        "followed": followed,
        "paid": row.amount - followed.left,
        "parts": [(each, *PART_LOOKS[each.state]) for each in followed.standing],
        "state": {"words": words, "family": family, "icon": icon},
        "mail": plan_pdf.mail_address(row),
    }
    return render_at(row.location, request, "billing/plan.html", context)


@require_GET
def plan_schedule(request: HttpRequest, public_id: str) -> HttpResponse:
    """The schedule as PDF, for the patient."""
    row = _plan(public_id)
    audit.record("plan.download", "plan", row.public_id)
    response = HttpResponse(plan_pdf.draw(row), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="payment-plan-{row.public_id}.pdf"'
    return response


@require_POST
def send_plan(request: HttpRequest, public_id: str) -> HttpResponse:
    """E-mail the schedule; the worker sends it."""
    row = _plan(public_id)
    key = request.POST.get("idempotency_key", "")

    def act() -> dict[str, Any]:
        plan_pdf.promise_mail(row)
        return {}

    with transaction.atomic():
        once(key, {"act": "send-plan", "plan": public_id}, act)
    messages.success(request, "The schedule is on its way")
    return redirect(reverse("billing:plan", args=[public_id]))


@require_POST
def end_plan(request: HttpRequest, public_id: str) -> HttpResponse:
    """Cancel a plan, with a reason."""
    row = _plan(public_id)
    try:
        with transaction.atomic():
            planning.end(row, PlanState.CANCELLED, request.POST.get("reason", ""), timezone.now())
    except CannotPlan as error:
        messages.error(request, error.message)
    else:
        messages.success(request, "The plan is cancelled; statements ask for the whole balance again")
    return redirect(reverse("billing:plan", args=[public_id]))


@require_GET
def plan_list(request: HttpRequest) -> HttpResponse:
    """Plans by state, those with missed instalments first."""
    state = request.GET.get("tab", PlanState.ACTIVE)
    state = state if state in PlanState.values else str(PlanState.ACTIVE)
    rows = PaymentPlan.objects.filter(state=state).select_related("patient").order_by("-made_at", "-pk")
    shown = MOST + 1 if wants_file(request) else PAGE
    followed = planning.follow(list(rows[:shown]), today_here(request))
    cut = ", the newest of more; a file holds all" if len(followed) == PAGE else ""
    followed.sort(key=lambda each: -each.missed)
    table = Table(
        title="Payment plans",
        head=[
            ("Patient", False),
            ("First payment", False),
            ("Next", False),
            ("Next amount", True),
            ("Agreed", True),
            ("Left", True),
            ("Standing", False),
        ],
        rows=[_row(each) for each in followed],
        tabs=[
            {"label": label, "url": f"?tab={value}", "count": None, "current": value == state}
            for value, label in PlanState.choices
        ],
        said=f"{counted(len(followed), 'plan')} · {show_money(total(each.left for each in followed))} left{cut}",
        blank="No plans here",
        blank_words="A plan is made on the patient's page: Payment plan.",
    )
    return show(request, table, file_name="payment-plans")


def _row(each: Followed) -> list[Cell]:
    words = PlanState(each.plan.state).label
    family, icon = LOOKS[PlanState(each.plan.state)]
    if each.missed and each.plan.state == PlanState.ACTIVE:
        words, family, icon = f"{each.missed} missed", "stop", "alert-triangle"
    following = each.next
    return [
        Cell(
            each.plan.patient.list_name,
            url=reverse("billing:plan", args=[each.plan.public_id]),
            phi=True,
            name=True,
        ),
        Cell(each.plan.start_on),
        Cell(following.instalment.due_on if following else None),
        Cell(following.open if following else ZERO),
        Cell(each.plan.amount),
        Cell(each.left),
        Cell(words, family=family, icon=icon),
    ]


def _make(request: HttpRequest, patient: Patient, form: PlanForm) -> str | None:
    terms: Terms = form.terms()

    def act() -> dict[str, Any]:
        made = planning.make(
            patient,
            terms,
            location=location_here(request),
            today=today_here(request),
            may_override=may(request, "plan.override"),
        )
        return {"plan": made.public_id}

    asked = {"act": "plan", "patient": patient.public_id, **form.cleaned_data}
    try:
        with transaction.atomic():
            answer, _ = once(request.POST.get("idempotency_key", ""), asked, act)
    except CannotPlan as error:
        form.add_error("override" if error.code == "over_rule" else None, error.message)
        return None
    messages.success(request, "The plan is agreed. Print the schedule, or send it.")
    return str(answer["plan"])


def _plan(public_id: str) -> PaymentPlan:
    return get_object_or_404(PaymentPlan.objects.select_related(*PLAN_WITH), public_id=public_id)
