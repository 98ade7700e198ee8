"""/api/v1/: the coverage guard, moves of visits with preview and undo, billing a card found later. Public ids only."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from claims import coverage, coverage_layers, coverage_moves
from claims.coverage_moves import Options, Preview
from claims.coverage_views import Days
from claims.models import CoverageMove
from claims.queries import parse_day
from clinics import audit
from insurance.models import InsuranceProfile
from patients.here import today_here
from patients.models import Patient
from work.idempotency import once


class GuardSerializer(serializers.Serializer[Any]):
    """What a card with these days would touch on a profile; money as strings."""

    visits = serializers.IntegerField()
    covered = serializers.IntegerField()
    with_payments = serializers.IntegerField()
    paid_by_insurers = serializers.DecimalField(max_digits=12, decimal_places=2)
    to_bill = serializers.ListField(child=serializers.CharField())
    to_bill_amount = serializers.DecimalField(max_digits=12, decimal_places=2)
    zero = serializers.ListField(child=serializers.CharField())
    ahead = serializers.ListField(child=serializers.CharField())
    before = serializers.ListField(child=serializers.CharField())


class CoverageMoveSerializer(serializers.Serializer[Any]):
    """Which visits go to which profile, and how. ``preview`` true writes nothing."""

    to = serializers.CharField()
    visits = serializers.ListField(child=serializers.CharField(), max_length=1000)
    rebill = serializers.BooleanField(default=True)
    transfer_balance = serializers.BooleanField(default=True)
    update_fees = serializers.BooleanField(default=True)
    void_old = serializers.BooleanField(default=True)
    reset_dunning = serializers.BooleanField(default=True)
    billing_note = serializers.BooleanField(default=True)
    note = serializers.CharField(default="", allow_blank=True, max_length=300)
    preview = serializers.BooleanField(default=False)


class BillSerializer(serializers.Serializer[Any]):
    """Visits to be billed to a card found later."""

    policy = serializers.CharField()
    visits = serializers.ListField(child=serializers.CharField(), max_length=1000)
    note = serializers.CharField(default="", allow_blank=True, max_length=300)


class MovedSerializer(serializers.ModelSerializer[CoverageMove]):
    """A move as it was done; ``items`` names visits, invoices and claims."""

    id = serializers.CharField(source="public_id")
    patient = serializers.CharField(source="patient.public_id")
    profile_from = serializers.CharField(source="profile_from.public_id")
    profile_to = serializers.CharField(source="profile_to.public_id")
    items = serializers.JSONField()

    class Meta:
        model = CoverageMove
        fields = ("id", "kind", "patient", "profile_from", "profile_to", "options", "note", "items", "created_at",
                  "created_by", "undone_at", "undone_by")  # fmt: skip


class UndoSerializer(serializers.Serializer[Any]):
    """Why a move is taken back."""

    reason = serializers.CharField(default="", allow_blank=True, max_length=300)


@extend_schema(
    parameters=[OpenApiParameter("from", str), OpenApiParameter("until", str)], responses=GuardSerializer
)
@api_view(["GET"])
def coverage_guard(request: Request, profile_id: str) -> Response:
    """B11.5's questions: what coverage between two days would touch on this profile."""
    profile = get_object_or_404(InsuranceProfile.objects.select_related("patient"), public_id=profile_id)
    span = Days(
        parse_day(request.query_params.get("from", "")), parse_day(request.query_params.get("until", ""))
    )
    found = coverage.guard(profile, span)
    audit.record("coverage.read", "patient", profile.patient.public_id)
    body = {
        "visits": len(found.rows), "covered": found.covered, "with_payments": found.paid_visits,
        "paid_by_insurers": found.paid, "to_bill_amount": found.to_bill_amount,
        **{
            name: [row.visit.public_id for row in getattr(found, name)]
            for name in ("to_bill", "zero", "ahead", "before")
        },
    }  # fmt: skip
    return Response(GuardSerializer(body).data)


@extend_schema(request=CoverageMoveSerializer, responses={201: MovedSerializer})
@api_view(["POST"])
def move_visits(request: Request, profile_id: str) -> Response:
    """Move visits to another profile and queue them for re-billing; with ``preview`` only say what would happen."""
    profile = get_object_or_404(InsuranceProfile.objects.select_related("patient"), public_id=profile_id)
    data = _valid(CoverageMoveSerializer(data=request.data))
    to = get_object_or_404(InsuranceProfile.objects, public_id=data["to"])
    options = Options(**{field.name: data[field.name] for field in fields(Options)})
    if data["preview"]:
        looks = coverage_moves.preview(profile, to, data["visits"], options)
        return Response({"visits": [_shown(look) for look in looks]})
    answer, is_new = once(
        request.headers.get("Idempotency-Key", ""),
        {"act": "move", "from": profile_id, "data": request.data},
        lambda: {
            "id": coverage_moves.move(
                profile, to, data["visits"], options, at=timezone.now(), note=data["note"]
            ).public_id
        },
    )
    return Response(_moved(answer["id"]), status=status.HTTP_201_CREATED if is_new else status.HTTP_200_OK)


@extend_schema(request=BillSerializer, responses={201: MovedSerializer})
@api_view(["POST"])
def bill_card(request: Request, profile_id: str) -> Response:
    """Bill visits inside an added card's dates for what they left to the patient (B11.5)."""
    profile = get_object_or_404(InsuranceProfile.objects.select_related("patient"), public_id=profile_id)
    data = _valid(BillSerializer(data=request.data))
    layer = coverage_layers.layer_of(profile, data["policy"])
    answer, is_new = once(
        request.headers.get("Idempotency-Key", ""),
        {"act": "bill", "profile": profile_id, "data": request.data},
        lambda: {
            "id": coverage_layers.bill(
                layer, data["visits"], today=today_here(request), note=data["note"]
            ).public_id
        },
    )
    return Response(_moved(answer["id"]), status=status.HTTP_201_CREATED if is_new else status.HTTP_200_OK)


@extend_schema(responses=MovedSerializer(many=True), operation_id="coverage_moves_list")
@api_view(["GET"])
def coverage_moves_of(request: Request, patient_id: str) -> Response:
    """A patient's moves, newest first."""
    patient = get_object_or_404(Patient.objects, public_id=patient_id)
    rows = CoverageMove.objects.filter(patient=patient).select_related(
        "patient", "profile_from", "profile_to"
    )
    return Response(MovedSerializer(rows.order_by("-created_at"), many=True).data)


@extend_schema(methods=["GET"], responses=MovedSerializer, operation_id="coverage_moves_read")
@extend_schema(
    methods=["POST"], request=UndoSerializer, responses=MovedSerializer, operation_id="coverage_moves_undo"
)
@api_view(["GET", "POST"])
def coverage_move(request: Request, move_id: str) -> Response:
    """One move; POST takes it back whole."""
    row = get_object_or_404(CoverageMove.objects.select_related("patient"), public_id=move_id)
    if request.method == "POST":
        data = _valid(UndoSerializer(data=request.data))
        coverage_moves.undo(row, at=timezone.now(), reason=data["reason"])
    return Response(_moved(move_id))


def _shown(look: Preview) -> dict[str, Any]:
    return {
        "visit": look.candidate.visit.public_id,
        "day": look.candidate.visit.service_date.isoformat(),
        "payer": look.payer,
        **{
            name: str(getattr(look, name))
            for name in ("charge_before", "charge", "insurer", "patient", "applied", "credit")
        },
        "problems": list(look.problems),
    }


def _moved(public_id: str) -> Any:
    row = CoverageMove.objects.select_related("patient", "profile_from", "profile_to").get(
        public_id=public_id
    )
    return MovedSerializer(row).data


def _valid(serializer: serializers.Serializer[Any]) -> dict[str, Any]:
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


urlpatterns = [
    path("profiles/<str:profile_id>/guard/", coverage_guard, name="coverage-guard"),
    path("profiles/<str:profile_id>/move/", move_visits, name="move-visits"),
    path("profiles/<str:profile_id>/bill-card/", bill_card, name="bill-card"),
    path("patients/<str:patient_id>/coverage-moves/", coverage_moves_of, name="coverage-moves"),
    path("coverage-moves/<str:move_id>/", coverage_move, name="coverage-move"),
]
