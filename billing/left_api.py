"""/api/v1/ of what is left: payment plans, requests for a second person, small-balance runs, policies.

Money is a string with two places; ids are public ids. POSTs take an ``Idempotency-Key`` header.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from billing import approvals, plan_pdf, planning, policies, small_balances, writeoff_lists, writeoffs
from billing.api_shapes import ReasonSerializer, money
from billing.enums import Frequency, PayerClass, PlanState, PolicySubject, WriteOffType
from billing.models import Approval, Invoice, LedgerTxn, PaymentPlan, PolicyRow, WriteOffRun
from billing.planning import Followed, Terms
from billing.writeoffs import WriteOff
from clinics import audit
from clinics.errors import BadInput
from clinics.fresh import need_fresh
from clinics.permissions import may
from insurance.models import Payer
from lib.money import total
from patients.here import location_here, today_here
from patients.models import Patient
from work.idempotency import once

PAGE = 200


class PlanInSerializer(serializers.Serializer[Any]):
    """A plan to be made: ``count`` payments, or ``instalment`` each."""

    patient = serializers.CharField(max_length=16)
    frequency = serializers.ChoiceField(choices=Frequency.choices, default=Frequency.MONTHLY)
    start_on = serializers.DateField()
    count = serializers.IntegerField(min_value=1, max_value=260, required=False, allow_null=True)
    instalment = money(required=False, allow_null=True)
    statements = serializers.ChoiceField(choices=["hold", "send"], default="hold")
    override = serializers.CharField(max_length=200, allow_blank=True, default="")
    invoices = serializers.ListField(child=serializers.CharField(max_length=16), default=list, max_length=200)


class InstalmentSerializer(serializers.Serializer[Any]):
    """One instalment and where it stands."""

    number = serializers.IntegerField()
    due_on = serializers.DateField()
    amount = money()
    open = money()
    state = serializers.CharField()


class PaymentPlanSerializer(serializers.Serializer[Any]):
    """A plan."""

    id = serializers.CharField()
    patient = serializers.CharField()
    state = serializers.CharField()
    amount = money()
    left = money()
    frequency = serializers.CharField()
    start_on = serializers.DateField()
    missed = serializers.IntegerField()
    statements = serializers.CharField()
    rule = serializers.CharField()
    instalments = InstalmentSerializer(many=True)


class ApprovalSerializer(serializers.Serializer[Any]):
    """A request for a second person."""

    id = serializers.CharField(source="public_id")
    kind = serializers.CharField()
    state = serializers.CharField()
    words = serializers.CharField()
    reason = serializers.CharField()
    because = serializers.CharField()
    asked_by = serializers.CharField()
    asked_at = serializers.DateTimeField()
    decided_by = serializers.CharField()
    answer = serializers.CharField()


class ApprovalAskSerializer(ReasonSerializer):
    """A write-off that another person is asked to approve."""

    invoice = serializers.CharField(max_length=16)
    party = serializers.ChoiceField(choices=["patient", "1", "2", "3"], default="patient")
    type = serializers.ChoiceField(choices=WriteOffType.choices)
    amount = money()


class ApprovalAnswerSerializer(serializers.Serializer[Any]):
    """approve, or refuse with a reason."""

    answer = serializers.ChoiceField(choices=["approve", "refuse"])
    reason = serializers.CharField(max_length=200, allow_blank=True, default="")


class SmallRunSerializer(serializers.Serializer[Any]):
    """A run: the sum that its preview showed."""

    amount = money()


class PolicyInSerializer(serializers.Serializer[Any]):
    """A dated row of the policy table with its source."""

    subject = serializers.ChoiceField(choices=PolicySubject.choices)
    value = serializers.CharField(max_length=300)
    state = serializers.RegexField("^([A-Z]{2})?$", allow_blank=True, default="")
    payer_class = serializers.ChoiceField(choices=PayerClass.choices, allow_blank=True, default="")
    payer = serializers.CharField(max_length=16, allow_blank=True, default="")
    effective_on = serializers.DateField()
    ends_on = serializers.DateField(required=False, allow_null=True)
    source = serializers.CharField(max_length=300)  # type: ignore[assignment]


@extend_schema(methods=["GET"], responses=PaymentPlanSerializer(many=True), operation_id="plans_list")
@extend_schema(methods=["POST"], request=PlanInSerializer, responses={201: PaymentPlanSerializer})
@api_view(["GET", "POST"])
def plans(request: Request) -> Response:
    """Plans of ``?patient=``; POST agrees on one for what the patient owes now."""
    if request.method == "GET":
        patient = _patient(request.query_params.get("patient", ""))
        rows = PaymentPlan.objects.filter(patient=patient).select_related("patient").order_by("-pk")[:PAGE]
        found = planning.follow(list(rows), today_here(request))
        return Response(PaymentPlanSerializer([_plan_shape(each) for each in found], many=True).data)
    data = _given(PlanInSerializer, request)
    patient = _patient(data["patient"])
    terms = Terms(
        data["frequency"],
        data["start_on"],
        data.get("count"),
        data.get("instalment"),
        data["statements"],
        data["override"],
    )

    def act() -> dict[str, Any]:
        made = planning.make(
            patient,
            terms,
            location=location_here(request),
            today=today_here(request),
            may_override=may(request._request, "plan.override"),  # noqa: SLF001 - DRF's documented door
            invoices=data["invoices"],
        )
        return {"plan": made.public_id}

    answer, code = _once(request, {"act": "plan", **data}, act)
    return Response(_followed(request, answer["plan"]), status=code)


@extend_schema(responses=PaymentPlanSerializer)
@api_view(["GET"])
def plan(request: Request, public_id: str) -> Response:
    """One plan with where each instalment stands."""
    audit.record("plan.read", "plan", public_id)
    return Response(_followed(request, public_id))


@extend_schema(request=ReasonSerializer, responses=PaymentPlanSerializer)
@api_view(["POST"])
def end_plan(request: Request, public_id: str) -> Response:
    """Cancel a plan."""
    row = get_object_or_404(PaymentPlan.objects, public_id=public_id)
    planning.end(row, PlanState.CANCELLED, _given(ReasonSerializer, request)["reason"], timezone.now())
    return Response(_followed(request, public_id))


@extend_schema(responses={(200, "application/pdf"): OpenApiTypes.BINARY})
@api_view(["GET"])
def plan_schedule(request: Request, public_id: str) -> HttpResponse:
    """The schedule as PDF."""
    rows = PaymentPlan.objects.select_related("patient__guarantor", "location__clinic")
    row = get_object_or_404(rows, public_id=public_id)
    audit.record("plan.download", "plan", row.public_id)
    return HttpResponse(plan_pdf.draw(row), content_type="application/pdf")


@extend_schema(request=ReasonSerializer, responses={201: OpenApiTypes.OBJECT})
@api_view(["POST"])
def undo_write_off(request: Request, public_id: str) -> Response:
    """Take a write-off back: ``public_id`` is its ledger transaction, as the list of write-offs gives it."""
    txn = get_object_or_404(LedgerTxn.objects, public_id=public_id, kind="writeoff", source_kind="invoice")
    reason = _given(ReasonSerializer, request)["reason"]

    def act() -> dict[str, Any]:
        return {"txn": writeoffs.undo(txn, reason=reason, today=today_here(request)).public_id}

    answer, code = _once(request, {"act": "undo-write-off", "txn": public_id, "reason": reason}, act)
    return Response(answer, status=code)


@extend_schema(methods=["GET"], responses=ApprovalSerializer(many=True), operation_id="approvals_list")
@extend_schema(methods=["POST"], request=ApprovalAskSerializer, responses={201: ApprovalSerializer})
@api_view(["GET", "POST"])
def approval_list(request: Request) -> Response:
    """Requests that wait and were decided; POST asks for a write-off above one's limit."""
    if request.method == "GET":
        rows = Approval.objects.order_by("-asked_at", "-pk")[:PAGE]
        return Response(ApprovalSerializer(rows, many=True).data)
    data = _given(ApprovalAskSerializer, request)
    known = Invoice.objects.select_related("patient", "location__clinic")
    invoice = get_object_or_404(known, public_id=data["invoice"])
    wanted = WriteOff(data["party"], WriteOffType(data["type"]), data["amount"], data["reason"])

    def act() -> dict[str, Any]:
        return {"approval": approvals.ask_write_off(invoice, wanted, role=_role(request)).public_id}

    answer, code = _once(request, {"act": "ask-write-off", **data}, act)
    row = Approval.objects.get(public_id=answer["approval"])
    return Response(ApprovalSerializer(row).data, status=code)


@extend_schema(request=ApprovalAnswerSerializer, responses=ApprovalSerializer)
@api_view(["POST"])
def decide(request: Request, public_id: str) -> Response:
    """Approve or refuse a request; who asked can only withdraw."""
    row = get_object_or_404(Approval.objects, public_id=public_id)
    data = _given(ApprovalAnswerSerializer, request)
    if row.kind == "reopen":
        need_fresh(request._request)  # noqa: SLF001 - DRF's documented door
    if data["answer"] == "approve":
        row = approvals.approve(row, role=_role(request), today=today_here(request), at=timezone.now())
    else:
        row = approvals.refuse(row, reason=data["reason"], at=timezone.now())
    return Response(ApprovalSerializer(row).data)


@extend_schema(methods=["GET"], responses=OpenApiTypes.OBJECT)
@extend_schema(methods=["POST"], request=SmallRunSerializer, responses={201: OpenApiTypes.OBJECT})
@api_view(["GET", "POST"])
def small_balance_runs(request: Request) -> Response:
    """What a run would write off, each with the policy row that decides; POST runs exactly that."""
    location, today = location_here(request), today_here(request)
    if request.method == "GET":
        lines = small_balances.preview(location, today)
        body = {
            "amount": str(total(line.amount for line in lines)),
            "lines": [
                {
                    "invoice": line.invoice.public_id,
                    "amount": str(line.amount),
                    "policy": line.decision.as_json(),
                }
                for line in lines
            ],
        }
        return Response(body)
    expected = writeoff_lists.amount_of(str(_given(SmallRunSerializer, request)["amount"]))

    def act() -> dict[str, Any]:
        made = small_balances.run(location, expected=expected, today=today)
        return {"run": made.public_id, "count": made.count, "amount": str(made.amount)}

    answer, code = _once(request, {"act": "small-balances", "amount": str(expected)}, act)
    return Response(answer, status=code)


@extend_schema(request=None, responses=OpenApiTypes.OBJECT)
@api_view(["POST"])
def undo_run(request: Request, public_id: str) -> Response:
    """Take a whole run back."""
    row = get_object_or_404(WriteOffRun.objects, public_id=public_id)
    made = small_balances.undo(row, at=timezone.now(), today=today_here(request))
    return Response({"run": made.public_id, "undone_at": made.undone_at})


@extend_schema(methods=["GET"], responses=OpenApiTypes.OBJECT)
@extend_schema(methods=["POST"], request=PolicyInSerializer, responses={201: OpenApiTypes.OBJECT})
@api_view(["GET", "POST"])
def policy_rows(request: Request) -> Response:
    """The policy table with the careful defaults; POST adds a row."""
    if request.method == "GET":
        rows = PolicyRow.objects.select_related("payer").order_by("subject", "-effective_on", "pk")
        return Response({"rows": [_policy_shape(row) for row in rows], "defaults": policies.HOUSE})
    data = _given(PolicyInSerializer, request)
    payer = data.pop("payer")
    data["payer"] = get_object_or_404(Payer.objects, public_id=payer) if payer else None
    row = policies.add(data.pop("subject"), data)
    return Response(_policy_shape(row), status=status.HTTP_201_CREATED)


@extend_schema(request=None, responses=OpenApiTypes.OBJECT)
@api_view(["POST"])
def end_policy(request: Request, public_id: str) -> Response:
    """A row ends today."""
    row = get_object_or_404(PolicyRow.objects.select_related("payer"), public_id=public_id)
    return Response(_policy_shape(policies.end(row, today_here(request))))


def _once(request: Request, asked: dict[str, Any], act: Callable[[], dict[str, Any]]) -> tuple[Any, int]:
    answer, is_new = once(request.headers.get("Idempotency-Key", ""), asked, act)
    return answer, status.HTTP_201_CREATED if is_new else status.HTTP_200_OK


def _given(serializer: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    given = serializer(data=request.data)
    given.is_valid(raise_exception=True)
    return dict(given.validated_data)


def _patient(public_id: str) -> Patient:
    if not public_id:
        raise BadInput("Name the patient: ?patient=ID.", code="patient_needed")
    return get_object_or_404(Patient.objects.select_related("guarantor"), public_id=public_id)


def _role(request: Request) -> str:
    return str(request._request.membership.role)  # type: ignore[attr-defined]  # noqa: SLF001 - the middleware's


def _followed(request: Request, public_id: str) -> Any:
    row = get_object_or_404(PaymentPlan.objects.select_related("patient"), public_id=public_id)
    return PaymentPlanSerializer(_plan_shape(planning.follow([row], today_here(request))[0])).data


def _plan_shape(each: Followed) -> dict[str, Any]:
    plan_row = each.plan
    return {
        "id": plan_row.public_id,
        "patient": plan_row.patient.public_id,
        "state": plan_row.state,
        "amount": plan_row.amount,
        "left": each.left,
        "frequency": plan_row.frequency,
        "start_on": plan_row.start_on,
        "missed": each.missed,
        "statements": plan_row.statements,
        "rule": plan_row.terms.get("rule", ""),
        "instalments": [
            {
                "number": row.instalment.number,
                "due_on": row.instalment.due_on,
                "amount": row.instalment.amount,
                "open": row.open,
                "state": row.state,
            }
            for row in each.standing
        ],
    }


def _policy_shape(row: PolicyRow) -> dict[str, Any]:
    return {
        "id": row.public_id,
        "subject": row.subject,
        "value": row.value,
        "state": row.state,
        "payer_class": row.payer_class,
        "payer": row.payer.public_id if row.payer else "",
        "effective_on": row.effective_on.isoformat(),
        "ends_on": row.ends_on.isoformat() if row.ends_on else None,
        "source": row.source,
    }


urlpatterns = [
    path("plans/", plans, name="plans"),
    path("plans/<str:public_id>/", plan, name="plan"),
    path("plans/<str:public_id>/end/", end_plan, name="plan-end"),
    path("plans/<str:public_id>/schedule/", plan_schedule, name="plan-schedule"),
    path("write-offs/posted/<str:public_id>/undo/", undo_write_off, name="undo-write-off"),
    path("write-offs/requests/", approval_list, name="approvals"),
    path("write-offs/requests/<str:public_id>/decide/", decide, name="decide"),
    path("write-offs/small-balances/", small_balance_runs, name="small-balances"),
    path("write-offs/runs/<str:public_id>/undo/", undo_run, name="undo-run"),
    path("policies/", policy_rows, name="policies"),
    path("policies/<str:public_id>/end/", end_policy, name="end-policy"),
]
