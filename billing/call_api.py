"""/api/v1/ of calls, promises and disputes: log, read, close, and what is to be followed up."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from billing import calls
from billing.api_shapes import money
from billing.enums import CallKind
from billing.errors import BadCall
from billing.models import CallNote, Invoice
from clinics.errors import BadInput
from clinics.permissions import may
from patients.here import today_here
from patients.models import Patient
from work.idempotency import once


class CallInSerializer(serializers.Serializer[Any]):
    """A talk; ``invoice`` is empty for the whole account."""

    patient = serializers.CharField(max_length=16)
    invoice = serializers.CharField(max_length=16, allow_blank=True, default="")
    kind = serializers.ChoiceField(choices=CallKind.choices, default=CallKind.CALL)
    text = serializers.CharField(max_length=500)
    spoke_with = serializers.CharField(max_length=80, allow_blank=True, default="")
    reference = serializers.CharField(max_length=40, allow_blank=True, default="")
    promise_on = serializers.DateField(required=False, allow_null=True)
    promise_amount = money(required=False, allow_null=True)
    follow_up_on = serializers.DateField(required=False, allow_null=True)


class CallSerializer(serializers.Serializer[Any]):
    """A talk as it stands."""

    id = serializers.CharField(source="public_id")
    patient = serializers.CharField(source="patient.public_id")
    invoice = serializers.CharField(source="invoice.public_id", default="")
    kind = serializers.CharField()
    text = serializers.CharField()
    spoke_with = serializers.CharField()
    reference = serializers.CharField()
    promise_on = serializers.DateField()
    promise_amount = money()
    follow_up_on = serializers.DateField()
    state = serializers.CharField()
    outcome = serializers.CharField()
    created_at = serializers.DateTimeField()
    created_by = serializers.CharField()


class OutcomeSerializer(serializers.Serializer[Any]):
    """What came of it."""

    outcome = serializers.CharField(max_length=200)


@extend_schema(methods=["GET"], responses=CallSerializer(many=True), operation_id="calls_list")
@extend_schema(methods=["POST"], request=CallInSerializer, responses={201: CallSerializer})
@api_view(["GET", "POST"])
def call_list(request: Request) -> Response:
    """Talks with ``?patient=``; POST logs one."""
    if request.method == "GET":
        rows = calls.of_patient(_patient(request.query_params.get("patient", "")))
        return Response(CallSerializer(rows, many=True).data)
    given = CallInSerializer(data=request.data)
    given.is_valid(raise_exception=True)
    data = dict(given.validated_data)
    asked = {"act": "call", **{key: str(value) for key, value in data.items()}}
    patient = _patient(data.pop("patient"))
    wanted = data.pop("invoice")
    invoice = get_object_or_404(Invoice.objects, public_id=wanted) if wanted else None
    talk = calls.Talk(**{**data, "kind": CallKind(data["kind"])})

    def act() -> dict[str, Any]:
        return {"call": calls.log(patient, talk, invoice=invoice, today=today_here(request)).public_id}

    answer, is_new = once(request.headers.get("Idempotency-Key", ""), asked, act)
    code = status.HTTP_201_CREATED if is_new else status.HTTP_200_OK
    return Response(CallSerializer(_row(answer["call"])).data, status=code)


@extend_schema(request=OutcomeSerializer, responses=CallSerializer)
@api_view(["POST"])
def close_call(request: Request, public_id: str) -> Response:
    """Close one with what came of it; a dispute only by who sends statements."""
    row = _row(public_id)
    given = OutcomeSerializer(data=request.data)
    given.is_valid(raise_exception=True)
    if row.kind == CallKind.DISPUTE and not may(request._request, "statement.send"):  # noqa: SLF001 - DRF's door
        raise BadCall("A dispute is closed by somebody who sends statements.", code="not_yours")
    return Response(CallSerializer(calls.close(row, given.validated_data["outcome"], at=timezone.now())).data)


@extend_schema(responses=CallSerializer(many=True))
@api_view(["GET"])
def follow_ups(request: Request) -> Response:
    """Open talks: ``?which=due`` (until today), ``open`` or ``disputes``."""
    which = request.query_params.get("which", "due")
    if which not in ("due", "open", "disputes"):
        raise BadInput("which is due, open or disputes.", code="bad_which")
    return Response(CallSerializer(calls.follow_ups(today_here(request), which), many=True).data)


def _patient(public_id: str) -> Patient:
    if not public_id:
        raise BadInput("Name the patient: ?patient=ID.", code="patient_needed")
    return get_object_or_404(Patient.objects, public_id=public_id)


def _row(public_id: str) -> CallNote:
    return get_object_or_404(CallNote.objects.select_related("patient", "invoice"), public_id=public_id)


urlpatterns = [
    path("calls/", call_list, name="calls"),
    path("calls/follow-ups/", follow_ups, name="follow-ups"),
    path("calls/<str:public_id>/close/", close_call, name="call-close"),
]
