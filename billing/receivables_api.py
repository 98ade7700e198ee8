"""/api/v1/ of receivables: by party and age, balances at risk, holds of an account, collections (rules.md B12)."""

from __future__ import annotations

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

from billing import accounts, agency, receivables
from billing.accounts import Asking
from billing.api_shapes import ReasonSerializer, money
from billing.models import CollectionCase, CollectionHandoff
from clinics import audit
from clinics.errors import BadInput
from patients.here import location_here, today_here
from patients.models import Patient
from work import files
from work.idempotency import once

PAGE = 500


class AskingSerializer(serializers.Serializer[Any]):
    """What holds the asking of an account."""

    hold_until = serializers.DateField(required=False, allow_null=True, default=None)
    hold_reason = serializers.CharField(max_length=120, allow_blank=True, default="")
    bad_address = serializers.BooleanField(default=False)


class CollectionDecisionSerializer(ReasonSerializer):
    """A person's decision about a proposed account."""

    patient = serializers.CharField(max_length=16)
    decision = serializers.ChoiceField(choices=["approved", "spared"])


class HandOffInSerializer(serializers.Serializer[Any]):
    """Who gets the file."""

    agency = serializers.CharField(max_length=80)


class HandOffSerializer(serializers.Serializer[Any]):
    """A file for an agency, as it was made."""

    id = serializers.CharField(source="public_id")
    number = serializers.CharField()
    agency = serializers.CharField()
    count = serializers.IntegerField()
    amount = money()
    made_at = serializers.DateTimeField()
    made_by = serializers.CharField()


@extend_schema(methods=["GET"], responses=AskingSerializer)
@extend_schema(methods=["POST"], request=AskingSerializer, responses=AskingSerializer)
@api_view(["GET", "POST"])
def asking(request: Request, public_id: str) -> Response:
    """What holds the asking of the patient's account; POST sets all of it."""
    patient = get_object_or_404(Patient.objects.select_related("guarantor"), public_id=public_id)
    if request.method == "POST":
        given = AskingSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        wanted = Asking(**given.validated_data)
        today = today_here(request)
        if wanted.hold_until is not None and (wanted.hold_until < today or not wanted.hold_reason.strip()):
            raise BadInput("A hold ends today or later and has its reason.", code="bad_hold")
        accounts.set_asking(patient, wanted, today=today)
    known = accounts.find(patient)
    body = {
        "hold_until": known.hold_until if known else None,
        "hold_reason": known.hold_reason if known else "",
        "bad_address": bool(known and known.bad_address_on),
    }
    return Response({**body, "level": known.level if known else 0})


@extend_schema(responses=OpenApiTypes.OBJECT)
@api_view(["GET"])
def by_party(request: Request) -> Response:
    """What each party owes by age, days in A/R, credit and escrow that stand against it."""
    found = receivables.read(today_here(request))
    body = {
        "total": str(found.total),
        "days_in_ar": str(found.days) if found.days is not None else None,
        "credit": str(found.credit),
        "escrow": str(found.escrow),
        "at_agency": str(found.at_agency),
        "parties": [_party(row) for row in found.parties],
    }
    return Response(body)


@extend_schema(responses=OpenApiTypes.OBJECT)
@api_view(["GET"])
def at_risk(request: Request) -> Response:
    """Patients who owe, those least likely to pay first, with the reasons."""
    rows = receivables.risks(today_here(request), search=str(request.query_params.get("q", ""))[:60])
    body = [
        {
            "patient": row.patient.public_id,
            "owed": str(row.owed.total),
            "ages": {age: str(amount) for age, amount in row.owed.ages.items()},
            "risk": row.grade,
            "points": row.points,
            "reasons": row.reasons,
        }
        for row in rows[:PAGE]
    ]
    return Response({"patients": body})


@extend_schema(methods=["GET"], responses=OpenApiTypes.OBJECT)
@extend_schema(methods=["POST"], request=CollectionDecisionSerializer, responses={201: OpenApiTypes.OBJECT})
@api_view(["GET", "POST"])
def collections(request: Request) -> Response:
    """Proposed accounts and cases; POST is a person's decision about a proposed one."""
    here, today = location_here(request), today_here(request)
    if request.method == "GET":
        rows = CollectionCase.objects.select_related("patient", "handoff").order_by("-decided_at", "-pk")
        found = agency.candidates(here, today)
        proposed = [
            {"patient": row.patient.public_id, "amount": str(row.amount), **row.as_json()}
            for row in found[:PAGE]
        ]
        return Response(
            {"proposed": proposed, "cases": [_case(each) for each in agency.follow(list(rows[:PAGE]))]}
        )
    given = CollectionDecisionSerializer(data=request.data)
    given.is_valid(raise_exception=True)
    data = given.validated_data
    patient = get_object_or_404(Patient.objects.select_related("guarantor"), public_id=data["patient"])

    def act() -> dict[str, Any]:
        row = agency.decide(patient, data["decision"], reason=data["reason"], location=here, today=today)
        return {"case": row.public_id}

    answer, is_new = once(request.headers.get("Idempotency-Key", ""), {"act": "collections", **data}, act)
    row = CollectionCase.objects.select_related("patient", "handoff").get(public_id=answer["case"])
    code = status.HTTP_201_CREATED if is_new else status.HTTP_200_OK
    return Response(_case(agency.follow([row])[0]), status=code)


@extend_schema(methods=["GET"], responses=HandOffSerializer(many=True), operation_id="hand_offs_list")
@extend_schema(methods=["POST"], request=HandOffInSerializer, responses={201: HandOffSerializer})
@api_view(["GET", "POST"])
def handoffs(request: Request) -> Response:
    """Files made for agencies; POST makes one of all approved cases."""
    if request.method == "GET":
        rows = CollectionHandoff.objects.order_by("-made_at", "-pk")[:PAGE]
        return Response(HandOffSerializer(rows, many=True).data)
    given = HandOffInSerializer(data=request.data)
    given.is_valid(raise_exception=True)
    name = given.validated_data["agency"]

    def act() -> dict[str, Any]:
        made = agency.hand_off(
            name, location=location_here(request), today=today_here(request), at=timezone.now()
        )
        return {"handoff": made.public_id}

    answer, is_new = once(
        request.headers.get("Idempotency-Key", ""), {"act": "hand-off", "agency": name}, act
    )
    row = CollectionHandoff.objects.get(public_id=answer["handoff"])
    code = status.HTTP_201_CREATED if is_new else status.HTTP_200_OK
    return Response(HandOffSerializer(row).data, status=code)


@extend_schema(responses={(200, "text/csv"): OpenApiTypes.BINARY})
@api_view(["GET"])
def handoff_file(request: Request, public_id: str) -> HttpResponse:
    """The agency's CSV as it was made."""
    row = get_object_or_404(CollectionHandoff.objects.select_related("file"), public_id=public_id)
    audit.record("collections.download", "handoff", row.public_id, count=row.count)
    return HttpResponse(files.read(row.file), content_type="text/csv; charset=utf-8")


@extend_schema(request=ReasonSerializer, responses=OpenApiTypes.OBJECT)
@api_view(["POST"])
def take_back(request: Request, public_id: str) -> Response:
    """Withdraw an approval, or call a case back from the agency."""
    row = get_object_or_404(CollectionCase.objects.select_related("patient", "handoff"), public_id=public_id)
    given = ReasonSerializer(data=request.data)
    given.is_valid(raise_exception=True)
    made = agency.take_back(row, reason=given.validated_data["reason"], at=timezone.now())
    return Response(_case(agency.follow([made])[0]))


def _party(row: receivables.Party) -> dict[str, Any]:
    ages = {age: str(amount) for age, amount in row.ages.items()}
    return {"party": row.name, "payer": row.public_id, "total": str(row.total), "ages": ages}


def _case(each: agency.Standing) -> dict[str, Any]:
    case = each.case
    return {
        "id": case.public_id,
        "patient": case.patient.public_id,
        "state": case.state,
        "amount": str(case.amount),
        "recovered": str(each.recovered),
        "left": str(each.left),
        "why": case.why,
        "reason": case.reason,
        "decided_by": case.decided_by,
        "hand_off": case.handoff.public_id if case.handoff else "",
        "outcome": case.outcome,
    }


urlpatterns = [
    path("patients/<str:public_id>/asking/", asking, name="asking"),
    path("receivables/", by_party, name="receivables"),
    path("receivables/risk/", at_risk, name="receivables-risk"),
    path("collections/", collections, name="collections"),
    path("collections/hand-offs/", handoffs, name="handoffs"),
    path("collections/hand-offs/<str:public_id>/file/", handoff_file, name="handoff-file"),
    path("collections/<str:public_id>/call-back/", take_back, name="collection-take-back"),
]
