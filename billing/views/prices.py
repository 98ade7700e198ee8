"""Settings > Fee schedules: rows with their keys, CSV in and out, copies; what is agreed with patients."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from billing import fee_csv, price_rules, trials
from billing.errors import BadRule, RuleClash
from billing.models import FeeRow, FeeSchedule, PatientFee, ReducedFee
from billing.price_forms import (
    CopyForm,
    FeeRowForm,
    ImportForm,
    PatientFeeForm,
    ReducedFeeForm,
    RuleForm,
    ScheduleForm,
)
from billing.rulebook import ROW_WITH
from clinics import audit
from insurance.models import Payer
from patients.here import today_here
from patients.models import Patient
from patients.tables import list_file, wants_file

PAGE = 200
SORTS = {
    "service": ("service__code", "schedule__name", "-effective_on", "pk"),
    "-service": ("-service__code", "schedule__name", "-effective_on", "pk"),
    "from": ("effective_on", "service__code", "pk"),
    "-from": ("-effective_on", "service__code", "pk"),
    "fee": ("fee", "service__code", "pk"),
    "-fee": ("-fee", "service__code", "pk"),
}
BACK = {
    "fee": "billing:fees",
    "modifier-rule": "billing:modifier-rules",
    "same-day-rule": "billing:modifier-rules",
    "patient-fee": "billing:agreed-fees",
    "reduced-fee": "billing:agreed-fees",
}


@require_http_methods(["GET", "POST"])
def fees(request: HttpRequest) -> HttpResponse:
    """Fee schedules with their rows; add one, or try it on past visits first.

    A fee is not changed: a new one starts on its day, and a wrong one is removed.
    """
    if not FeeSchedule.objects.exists():
        FeeSchedule.objects.get_or_create(name="Standard", defaults={"kind": "standard"})
    if request.method == "POST":
        answer, form = add_or_try(request, "fee", FeeRowForm, "billing:fees")
        if answer is not None:
            return answer
    else:
        usual = (
            FeeSchedule.objects.filter(kind="standard").order_by("name").values_list("public_id", flat=True)
        )
        form = FeeRowForm(
            initial={
                "effective_on": today_here(request),
                "schedule": request.GET.get("schedule") or usual.first(),
            }
        )
    schedules = list(FeeSchedule.objects.order_by("kind", "name"))
    rows, chosen = _fee_rows(request)
    if wants_file(request):
        return list_file(request, "fees", list(fee_csv.HEADER), fee_csv.rows_of(rows))
    page = max(1, small_number(request.GET.get("page", "1")))
    shown = list(rows[(page - 1) * PAGE : page * PAGE + 1])
    payers = Payer.objects.filter(is_active=True).order_by("name")
    context = {
        "rows": shown[:PAGE],
        "more": page + 1 if len(shown) > PAGE else None,
        "less": page - 1 if page > 1 else None,
        "first": (page - 1) * PAGE + 1,
        "last": (page - 1) * PAGE + len(shown[:PAGE]),
        "form": form,
        "schedules": schedules,
        "chosen": chosen,
        "selects": [
            _select("schedule", "Schedule", "All schedules", schedules, chosen["schedule"]),
            _select("payer", "Payer", "Any payer", payers, chosen["payer"]),
        ],
    }
    return render(request, "billing/fees.html", context, status=400 if form.errors else 200)


def add_or_try(
    request: HttpRequest, kind: str, form_class: type[RuleForm], back: str
) -> tuple[HttpResponse | None, Any]:
    """Save the rule of a form, or start its trial; (None, form) when it has to be shown again."""
    form = form_class(request.POST)
    if not form.is_valid():
        return None, form
    try:
        if request.POST.get("try"):
            typed = {name: request.POST[name] for name in form.fields if name in request.POST}
            months = small_number(request.POST.get("months", "6"))
            job = trials.start(kind, typed, months=months, today=today_here(request))
            return redirect("billing:rule-trial", job.public_id), form
        said = price_rules.say(price_rules.save(form.row()))  # type: ignore[attr-defined]
    except (RuleClash, BadRule) as refusal:
        form.add_error(None, refusal.message)
        return None, form
    messages.success(request, f"Added: {said}")
    return redirect(back), form


@require_POST
def add_schedule(request: HttpRequest) -> HttpResponse:
    """A new, empty schedule."""
    form = ScheduleForm(request.POST)
    if not form.is_valid():
        raise BadRule("Give the schedule a name.", fields=form.errors.get_json_data())
    row = price_rules.save(form.row())
    messages.success(request, f"Added the schedule {row.name}")
    return redirect(f"{reverse('billing:fees')}?schedule={row.public_id}")


@require_http_methods(["GET", "POST"])
def copy_fees(request: HttpRequest) -> HttpResponse:
    """Copy a schedule with a percentage, from a day on."""
    form = CopyForm(request.POST or None, initial={"source": request.GET.get("schedule"), "percent": "0"})
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            target, count = price_rules.copy_schedule(
                data["source"], data["name"], data["percent"], data["effective_on"]
            )
        except RuleClash as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(request, f"Copied {count} fees into {target.name}")
            return redirect(f"{reverse('billing:fees')}?schedule={target.public_id}")
    return render(request, "billing/fee_copy.html", {"form": form}, status=400 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def import_fees(request: HttpRequest) -> HttpResponse:
    """A CSV file: first what it would do, row by row; then, with a second press, it is done."""
    form = ImportForm(
        request.POST or None, request.FILES or None, initial={"schedule": request.GET.get("schedule")}
    )
    run, text = None, ""
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            text = fee_csv.decode(file.read(fee_csv.LARGEST + 1)) if file else form.cleaned_data["text"]
            run = fee_csv.read(text, form.cleaned_data["schedule"])
            if request.POST.get("apply"):
                added, changed = fee_csv.apply(run)
                messages.success(
                    request, f"Took {added} new and {changed} changed fees into {run.schedule.name}"
                )
                return redirect(f"{reverse('billing:fees')}?schedule={run.schedule.public_id}")
        except BadRule as refusal:
            form.add_error("file", refusal.message)
    context = {
        "form": form,
        "run": run,
        "text": text,
        "header": fee_csv.HEADER,
        "counts": {word: len(run.of(word)) for word in ("add", "change", "same")} if run else {},
        "wrong": run.of("")[:PAGE] if run else [],
        "changes": run.of("change")[:PAGE] if run else [],
        "additions": run.of("add")[:50] if run else [],
    }
    bad = form.errors or (run is not None and not run.is_clean)
    return render(request, "billing/fee_import.html", context, status=400 if bad else 200)


@require_POST
def remove(request: HttpRequest, price_kind: str, public_id: str) -> HttpResponse:
    """Take one rule away; what was charged by it stays as it is."""
    model = price_rules.KINDS.get(price_kind)
    if model is None:
        raise Http404("no such kind of rule")
    row = get_object_or_404(model.objects, public_id=public_id)  # type: ignore[attr-defined]
    said = price_rules.say(row)
    price_rules.remove(row)
    messages.success(request, f"Removed: {said}")
    if isinstance(row, PatientFee | ReducedFee):
        return redirect("billing:patient-agreed-fees", row.patient.public_id)
    return redirect(BACK[price_kind])


@require_GET
def agreed_fees(request: HttpRequest) -> HttpResponse:
    """Who is in a reduced-fee program, and what was agreed with single patients."""
    typed = request.GET.get("q", "").strip().lower()
    patient = request.GET.get("patient", "")
    if patient:
        found = get_object_or_404(Patient.objects, public_id=patient)
        return redirect("billing:patient-agreed-fees", found.public_id)
    reduced = ReducedFee.objects.select_related("patient", "schedule")
    agreed = PatientFee.objects.select_related("patient", "service")
    if typed:
        fits = Q(patient__search_name__contains=typed) | Q(patient__chart_number__icontains=typed)
        reduced, agreed = reduced.filter(fits), agreed.filter(fits)
    audit.record("patient.read", "patient", "", page="agreed-fees")
    context = {
        "reduced": reduced.order_by("patient__last_name", "patient__first_name", "-effective_on")[:PAGE],
        "agreed": agreed.order_by("patient__last_name", "patient__first_name", "service__code")[:PAGE],
        "programs": FeeSchedule.objects.filter(kind="reduced").order_by("name"),
        "q": typed,
        "today": today_here(request),
    }
    return render(request, "billing/agreed_fees.html", context)


@require_http_methods(["GET", "POST"])
def patient_agreed_fees(request: HttpRequest, public_id: str) -> HttpResponse:
    """One patient's reduced-fee programs and agreed fees."""
    patient = get_object_or_404(Patient.objects, public_id=public_id)
    forms: dict[str, Any] = {"reduced": ReducedFeeForm(initial={"effective_on": today_here(request)}),
                             "agreed": PatientFeeForm()}  # fmt: skip
    chosen = request.POST.get("what", "")
    if request.method == "POST" and chosen in forms:
        form = type(forms[chosen])({**request.POST.dict(), "patient": patient.public_id})
        forms[chosen] = form
        if form.is_valid():
            try:
                said = price_rules.say(price_rules.save(form.row()))
            except RuleClash as refusal:
                form.add_error(None, refusal.message)
            else:
                messages.success(request, f"Added: {said}")
                return redirect("billing:patient-agreed-fees", patient.public_id)
    audit.record("patient.read", "patient", patient.public_id, page="agreed-fees")
    context = {
        "patient": patient,
        "reduced": patient.reduced_fees.select_related("schedule").order_by("-effective_on"),
        "agreed": patient.fees.select_related("service").order_by("service__code"),
        "forms": forms,
        "today": today_here(request),
    }
    bad = any(form.errors for form in forms.values() if form.is_bound)
    return render(request, "billing/patient_agreed_fees.html", context, status=400 if bad else 200)


def small_number(text: str) -> int:
    """A number of at most four digits as an address or a form gives it; 0 for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else 0


def _fee_rows(request: HttpRequest) -> tuple[QuerySet[FeeRow], dict[str, str]]:
    rows = FeeRow.objects.select_related(*ROW_WITH)
    chosen = {name: request.GET.get(name, "").strip() for name in ("schedule", "payer", "q")}
    if chosen["schedule"]:
        rows = rows.filter(schedule__public_id=chosen["schedule"])
    if chosen["payer"]:
        rows = rows.filter(payer__public_id=chosen["payer"])
    if chosen["q"]:
        rows = rows.filter(
            Q(service__code__istartswith=chosen["q"]) | Q(service__name__icontains=chosen["q"])
        )
    return rows.order_by(*SORTS.get(request.GET.get("sort", ""), SORTS["service"])), chosen


def _select(name: str, label: str, words: str, rows: Any, value: str) -> dict[str, Any]:
    options = [("", words), *[(row.public_id, row.name) for row in rows]]
    return {"name": name, "label": label, "options": options, "value": value}
