"""Eligibility pages: the list of questions, one card's history and benefits, asking, taking a correction, chips."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from clinics import audit
from clinics.errors import BadInput
from insurance import corrections, eligibility
from insurance.eligibility_reads import LIMIT, standings_on, tabs_of
from insurance.enums import RequestState
from insurance.forms import EligibilityForm
from insurance.models import EligibilityCheck, EligibilityRequest, InsuranceProfile, Policy
from insurance.profiles import layers_on
from lib.dates import parse_day
from patients.here import location_here, today_here
from patients.tables import list_file, wants_file
from work.idempotency import once
from work.models import Job

ANSWERS = {True: "active", False: "not active", None: "unclear"}


@require_GET
def questions(request: HttpRequest) -> HttpResponse:
    """Every question put to payers, newest first, with its answer; ``job`` shows one batch."""
    rows = EligibilityRequest.objects.select_related("policy__patient", "policy__payer").order_by(
        "-asked_at", "-id"
    )
    job = None
    if request.GET.get("job"):
        job = get_object_or_404(Job.objects, public_id=request.GET["job"], kind=eligibility.BATCH)
        rows = rows.filter(job=job)
    tab = request.GET.get("tab", "")
    tabs = tabs_of(rows, tab, request.GET.get("job", ""))
    if tab in RequestState.values:
        rows = rows.filter(state=tab)
    day = parse_day(request.GET.get("day", ""))
    if day is not None:
        rows = rows.filter(service_date=day)
    shown = list(rows.prefetch_related("checks")[:LIMIT])
    if wants_file(request):
        audit.record("eligibility.export", "clinic", "", rows=len(shown))
        lines = [
            [str(row.policy.patient), row.policy.payer.name, row.policy.member_id, row.service_date, row.asked_on,
             row.get_state_display(), _said(row)]
            for row in shown
        ]  # fmt: skip
        return list_file(
            request,
            "eligibility",
            ["Patient", "Insurer", "Member ID", "For", "Asked", "State", "Answer"],
            lines,
        )
    context = {
        "rows": [(row, next(iter(row.checks.all()), None)) for row in shown],
        "tabs": tabs,
        "job": job,
        "job_url": reverse("desk:job", args=[job.public_id]) if job else "",
        "left": job.result.get("items", []) if job else [],
        "tomorrow": today_here(request) + timedelta(days=1),
        "dates": [{"name": "day", "label": "For", "value": day.isoformat() if day else ""}],
        "more": len(shown) == LIMIT,
    }
    return render(request, "insurance/questions.html", context)


@require_POST
def ask_about_a_day(request: HttpRequest) -> HttpResponse:
    """Ask about every card of a day's schedule, tomorrow's when none is given."""
    day = parse_day(request.POST.get("day", ""))
    today = today_here(request)
    if day is None:
        day = today + timedelta(days=1)
    if not today <= day <= today + timedelta(days=60):
        raise BadInput("Choose a day from today to two months ahead.", code="bad_day")
    answer, _ = once(
        request.POST.get("idempotency_key", ""),
        {"act": "ask-day", "day": day.isoformat()},
        lambda: {"job": eligibility.start_batch(day).public_id},
    )
    return redirect(f"{reverse('insurance:questions')}?job={answer['job']}")


@require_POST
def ask_one(request: HttpRequest, policy_id: str) -> HttpResponse:
    """Ask about one card now; htmx gets the panel back."""
    policy = get_object_or_404(Policy.objects.select_related("patient", "payer"), public_id=policy_id)
    place = location_here(request)
    day = parse_day(request.POST.get("day", ""))
    asked = eligibility.ask(
        policy,
        place.billing_provider,
        day=day or today_here(request),
        today=today_here(request),
        at=timezone.now(),
    )
    if request.headers.get("HX-Request"):
        return render(request, "insurance/parts/eligibility_row.html", _row_of(policy, request))
    messages.success(request, f"{policy.payer.name} is asked: {asked.get_state_display().lower()}")
    return redirect("insurance:history", policy.public_id)


@require_GET
def history(request: HttpRequest, policy_id: str) -> HttpResponse:
    """One card's answers by date: the last one in full, the questions, the telephone."""
    policy = get_object_or_404(Policy.objects.select_related("patient", "payer", "plan"), public_id=policy_id)
    audit.record("coverage.read", "policy", policy.public_id, page="eligibility")
    today = today_here(request)
    checks = list(policy.eligibility_checks.order_by("-checked_on", "-id")[:50])
    chosen = next(
        (row for row in checks if row.public_id == request.GET.get("check")), checks[0] if checks else None
    )
    context = {
        "patient": policy.patient,
        "policy": policy,
        "checks": checks,
        "chosen": chosen,
        "benefits": chosen.benefits if chosen else {},
        "labels": corrections.LABELS,
        "offers": [
            {**row, "label": corrections.LABELS[row["field"]]}
            for row in (chosen.corrections if chosen else [])
        ],
        "requests": list(policy.eligibility_requests.order_by("-asked_at", "-id")[:12]),
        "form": EligibilityForm(initial={"checked_on": today, "answer": "active"}, prefix="e"),
        "today": today,
        **_row_of(policy, request),
    }
    return render(request, "insurance/history.html", context)


@require_POST
def take_correction(request: HttpRequest, check_id: str) -> HttpResponse:
    """Take the payer's name or number, one field at a click."""
    check = get_object_or_404(EligibilityCheck.objects.select_related("policy__patient"), public_id=check_id)
    said = corrections.apply(check, request.POST.get("field", ""), today=today_here(request))
    messages.success(request, said)
    return redirect("insurance:history", check.policy.public_id)


@require_GET
def chips(request: HttpRequest, profile_id: str) -> HttpResponse:
    """Eligibility of the cards that pay on a day, for any page that shows a visit: ``?day=2026-03-09``."""
    profile = get_object_or_404(InsuranceProfile.objects, public_id=profile_id)
    day = parse_day(request.GET.get("day", ""))
    day = day or today_here(request)
    rows = standings_on([layer.policy for layer in layers_on(profile, day)], day)
    return render(request, "insurance/parts/eligibility_chips.html", {"rows": rows, "day": day})


def _row_of(policy: Policy, request: HttpRequest) -> dict[str, Any]:
    return {"policy": policy, "standing": standings_on([policy], today_here(request))[0]}


def _said(row: EligibilityRequest) -> str:
    check = next(iter(row.checks.all()), None)
    if check is None:
        return row.detail
    rejected = "; ".join(item["words"] for item in check.rejections)
    return rejected or ANSWERS[check.is_active]
