"""/api/v1/: fee schedules and rows, CSV, copies, agreements, modifier rules, what-if, trials.

Takes the fields of the pages' forms as JSON (public ids, money as text, days as YYYY-MM-DD) and answers the same
refusals: 400 with ``fields`` for what cannot be read, 409 ``rule_clash`` naming the row that is in the way.
"""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from billing import fee_csv, price_rules, trials, what_if
from billing.errors import BadRule
from billing.models import FeeRow, FeeSchedule, ModifierRule, PatientFee, ReducedFee, SameDayRule
from billing.price_case import render
from billing.price_forms import (
    CopyForm,
    FeeRowForm,
    ModifierRuleForm,
    PatientFeeForm,
    ReducedFeeForm,
    RuleForm,
    SameDayRuleForm,
    ScheduleForm,
    WhatIfForm,
)
from billing.rulebook import ROW_WITH
from clinics import audit
from patients.here import today_here
from patients.tables import csv_file
from work.idempotency import once
from work.models import Job

PAGE = 500


class RuleSerializer(serializers.Serializer[Any]):
    """One rule: its id, its kind, what it says in words, and its fields."""

    id = serializers.CharField()
    kind = serializers.CharField()
    says = serializers.CharField()
    values = serializers.DictField()


class RuleAskSerializer(serializers.Serializer[Any]):
    """The fields of the page's form, as JSON."""


class RuleAnswerSerializer(serializers.Serializer[Any]):
    """An answer; its keys are told in docs/fees.md."""


def _read(form_class: type[RuleForm], request: Request, **more: Any) -> Any:
    """The form of what was sent. Raises BadRule with the fields that are wrong."""
    if not isinstance(request.data, dict):
        raise BadRule("Send an object with the fields of the rule.")
    typed = {name: value for name, value in {**request.data, **more}.items() if value is not None}
    nested = [name for name, value in typed.items() if isinstance(value, dict)]
    nested += [name for name, value in typed.items() if isinstance(value, list) and name != "services"]
    if nested:
        raise BadRule(
            f"{nested[0]}: must be a single value.", fields={nested[0]: ["Must be a single value."]}
        )
    form = form_class(
        {name: value if isinstance(value, list) else str(value) for name, value in typed.items()}
    )
    if not form.is_valid():
        fields = {name: [str(error) for error in errors] for name, errors in form.errors.items()}
        raise BadRule(next(iter(fields.values()))[0], fields=fields)
    return form


def _flags(request: Request) -> dict[str, Any]:
    """JSON's true and false as a form has them."""
    words = request.data if isinstance(request.data, dict) else {}
    return {name: "on" if value else None for name, value in words.items() if isinstance(value, bool)}


def shape(row: Any) -> dict[str, Any]:
    """A rule for JSON: keys of other rows as public ids, amounts as text."""
    values: dict[str, Any] = {}
    for field in row._meta.fields:
        if field.name in ("id", "clinic", "public_id"):
            continue
        value = getattr(row, field.name)
        if hasattr(value, "public_id"):
            value = value.public_id
        values[field.name] = value if value is None or isinstance(value, bool | int | list) else str(value)
    kind = price_rules.kind_of(row)
    return {"id": row.public_id, "kind": kind, "says": price_rules.say(row), "values": values}


def _answer(row: Any, status: int = 200) -> Response:
    return Response(shape(row), status=status)


def _listed(rows: Any) -> Response:
    return Response([shape(row) for row in rows[:PAGE]])


def _save(form_class: type[RuleForm], request: Request) -> Response:
    def act() -> dict[str, Any]:
        return shape(price_rules.save(_read(form_class, request, **_flags(request)).row()))

    key = request.headers.get("Idempotency-Key", "")
    answer, is_new = once(key, {"act": form_class.__name__, "data": request.data}, act)
    return Response(answer, status=201 if is_new else 200)


@extend_schema(methods=["GET"], responses=RuleSerializer(many=True), operation_id="fee_schedules_list")
@extend_schema(methods=["POST"], request=RuleAskSerializer, responses={201: RuleSerializer})
@api_view(["GET", "POST"])
def schedules(request: Request) -> Response:
    """Fee schedules; POST adds an empty one (name, kind: standard or reduced)."""
    if request.method == "POST":
        return _save(ScheduleForm, request)
    return _listed(FeeSchedule.objects.order_by("kind", "name"))


@extend_schema(request=RuleAskSerializer, responses={201: RuleAnswerSerializer})
@api_view(["POST"])
def copy(request: Request) -> Response:
    """Copy the fees in force on a day (source, name, percent, effective_on)."""

    def act() -> dict[str, Any]:
        data = _read(CopyForm, request).cleaned_data
        target, count = price_rules.copy_schedule(
            data["source"], data["name"], data["percent"], data["effective_on"]
        )
        return {"schedule": target.public_id, "fees": count}

    key = request.headers.get("Idempotency-Key", "")
    answer, is_new = once(key, {"act": "fee-copy", "data": request.data}, act)
    return Response(answer, status=201 if is_new else 200)


@extend_schema(methods=["GET"], responses={(200, "text/csv"): OpenApiTypes.STR})
@extend_schema(methods=["POST"], request=RuleAskSerializer, responses=RuleAnswerSerializer)
@api_view(["GET", "POST"])
def schedule_csv(request: Request, public_id: str) -> Response | HttpResponse:
    """GET exports a schedule as CSV; POST ``{"csv": text, "apply": false}`` says what a file would do, or takes it."""
    schedule = get_object_or_404(FeeSchedule.objects, public_id=public_id)
    if request.method == "GET":
        rows = FeeRow.objects.filter(schedule=schedule).select_related(*ROW_WITH)
        rows = rows.order_by("service__code", "-effective_on", "pk")
        return csv_file("fees", list(fee_csv.HEADER), fee_csv.rows_of(rows))
    data = request.data if isinstance(request.data, dict) else {}
    text = data.get("csv")
    if not isinstance(text, str) or len(text) > fee_csv.LARGEST:
        raise BadRule("Send the file's text as csv, at most 4 MB.", fields={"csv": ["Must be text."]})
    run = fee_csv.read(text, schedule)
    body: dict[str, Any] = {word: len(run.of(word)) for word in ("add", "change", "same")}
    body["wrong"] = [{"row": line.number, "errors": line.wrong} for line in run.of("")]
    body["taken"] = data.get("apply") is True
    if body["taken"]:
        fee_csv.apply(run)
    return Response(body)


@extend_schema(methods=["GET"], responses=RuleSerializer(many=True), operation_id="fees_list")
@extend_schema(methods=["POST"], request=RuleAskSerializer, responses={201: RuleSerializer})
@api_view(["GET", "POST"])
def fees(request: Request) -> Response:
    """Fees, of ``?schedule=`` where given; POST adds one."""
    if request.method == "POST":
        return _save(FeeRowForm, request)
    rows = FeeRow.objects.select_related(*ROW_WITH).order_by("service__code", "-effective_on", "pk")
    wanted = request.query_params.get("schedule")
    return _listed(rows.filter(schedule__public_id=wanted) if wanted else rows)


@extend_schema(methods=["GET"], responses=RuleSerializer(many=True), operation_id="modifier_rules_list")
@extend_schema(methods=["POST"], request=RuleAskSerializer, responses={201: RuleSerializer})
@api_view(["GET", "POST"])
def modifier_rules(request: Request) -> Response:
    """Modifier rules; POST adds one."""
    if request.method == "POST":
        return _save(ModifierRuleForm, request)
    return _listed(ModifierRule.objects.select_related("service", "payer", "clinician").order_by("pk"))


@extend_schema(methods=["GET"], responses=RuleSerializer(many=True), operation_id="same_day_rules_list")
@extend_schema(methods=["POST"], request=RuleAskSerializer, responses={201: RuleSerializer})
@api_view(["GET", "POST"])
def same_day_rules(request: Request) -> Response:
    """Rules for repeats on one day; POST adds one (services: a list of ids)."""
    if request.method == "POST":
        return _save(SameDayRuleForm, request)
    return _listed(SameDayRule.objects.select_related("payer").order_by("occurrence", "pk"))


@extend_schema(methods=["GET"], responses=RuleSerializer(many=True), operation_id="reduced_fees_list")
@extend_schema(methods=["POST"], request=RuleAskSerializer, responses={201: RuleSerializer})
@api_view(["GET", "POST"])
def reduced_fees(request: Request) -> Response:
    """Who is in a reduced-fee program, of ``?patient=`` where given; POST adds an eligibility."""
    if request.method == "POST":
        return _save(ReducedFeeForm, request)
    return _of_patient(request, ReducedFee.objects.select_related("patient", "schedule").order_by("-pk"))


@extend_schema(methods=["GET"], responses=RuleSerializer(many=True), operation_id="patient_fees_list")
@extend_schema(methods=["POST"], request=RuleAskSerializer, responses={201: RuleSerializer})
@api_view(["GET", "POST"])
def patient_fees(request: Request) -> Response:
    """Fees and copays agreed with patients, of ``?patient=`` where given; POST agrees one."""
    if request.method == "POST":
        return _save(PatientFeeForm, request)
    return _of_patient(request, PatientFee.objects.select_related("patient", "service").order_by("-pk"))


def _of_patient(request: Request, rows: Any) -> Response:
    wanted = request.query_params.get("patient", "")
    audit.record("patient.read", "patient", wanted[:16], page="agreed-fees")
    return _listed(rows.filter(patient__public_id=wanted) if wanted else rows)


@extend_schema(methods=["GET"], responses=RuleSerializer)
@extend_schema(methods=["DELETE"], responses={204: None})
@api_view(["GET", "DELETE"])
def rule(request: Request, price_kind: str, public_id: str) -> Response:
    """One rule by kind (fee, modifier-rule, same-day-rule, patient-fee, reduced-fee); DELETE takes it away."""
    model = price_rules.KINDS.get(price_kind)
    if model is None:
        raise Http404
    row = get_object_or_404(model.objects, public_id=public_id)  # type: ignore[attr-defined]
    if request.method == "DELETE":
        price_rules.remove(row)
        return Response(status=204)
    return _answer(row)


@extend_schema(request=RuleAskSerializer, responses=RuleAnswerSerializer)
@api_view(["POST"])
def ask_what_if(request: Request) -> Response:
    """Price a visit that never was by the live rules; the answer of ``./manage price``, nothing is written."""
    form = _read(WhatIfForm, request)
    return Response(
        render(what_if.ask(form.cleaned_data, form.statuses.get(form.cleaned_data["status"])).result)
    )


@extend_schema(methods=["GET"], responses=RuleAnswerSerializer, operation_id="rule_trials_list")
@extend_schema(
    methods=["POST"],
    request=RuleAskSerializer,
    responses={202: RuleAnswerSerializer},
    operation_id="rule_trials_start",
)
@api_view(["GET", "POST"])
def rule_trials(request: Request) -> Response:
    """Trials, newest first; POST ``{"rule": kind, "months": 6, "values": {…}}`` starts one."""
    if request.method == "GET":
        return Response(
            [_trial(job) for job in Job.objects.filter(kind=trials.KIND).order_by("-created_at")[:50]]
        )
    data = request.data if isinstance(request.data, dict) else {}
    values, months = data.get("values"), data.get("months", 6)
    if not isinstance(values, dict) or isinstance(months, bool) or not isinstance(months, int):
        raise BadRule("Send rule, months (a number) and values (the fields of the rule).")
    typed = {name: str(value) for name, value in values.items() if value is not None}
    key = request.headers.get("Idempotency-Key", "")

    def act() -> dict[str, Any]:
        kind = str(data.get("rule", ""))
        return {"id": trials.start(kind, typed, months=months, today=today_here(request)).public_id}

    answer, _ = once(key, {"act": "rule-trial", "data": data}, act)
    return Response(_trial(Job.objects.get(public_id=answer["id"])), status=202)


@extend_schema(methods=["GET"], responses=RuleAnswerSerializer)
@extend_schema(methods=["POST"], request=None, responses=RuleAnswerSerializer)
@api_view(["GET", "POST"])
def rule_trial(request: Request, public_id: str) -> Response:
    """How far a trial is and what would change; POST switches its rule on, once."""
    job = get_object_or_404(Job.objects, public_id=public_id, kind=trials.KIND)
    if request.method == "POST":
        trials.switch_on(job)
        job.refresh_from_db()
    return Response(_trial(job))


def _trial(job: Job) -> dict[str, Any]:
    return {
        "id": job.public_id,
        "rule": job.params["rule"],
        "months": job.params["months"],
        "state": job.state,
        "done": job.done,
        "total": job.total,
        "switched_on": bool(job.params.get("switched_on")),
        "result": job.result,
    }


urlpatterns = [
    path("fee-schedules/", schedules, name="fee-schedules"),
    path("fee-schedules/copy/", copy, name="fee-copy"),
    path("fee-schedules/<str:public_id>/csv/", schedule_csv, name="fee-csv"),
    path("fees/", fees, name="fees"),
    path("modifier-rules/", modifier_rules, name="modifier-rules"),
    path("same-day-rules/", same_day_rules, name="same-day-rules"),
    path("reduced-fees/", reduced_fees, name="reduced-fees"),
    path("patient-fees/", patient_fees, name="patient-fees"),
    path("price-rules/<str:price_kind>/<str:public_id>/", rule, name="price-rule"),
    path("what-if/", ask_what_if, name="what-if"),
    path("rule-trials/", rule_trials, name="rule-trials"),
    path("rule-trials/<str:public_id>/", rule_trial, name="rule-trial"),
]
