"""/api/v1/ of the books' edges: the day's sheet, its close and reopening, refunds (rules.md B13, reliability.md c1)."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from billing import approvals, days, payments
from billing.api_shapes import BalanceSerializer, ReasonSerializer, RefundSerializer, shape_balance
from billing.models import DayClose
from billing.views.refunds import OWN_RIGHT
from clinics.errors import BadInput
from clinics.fresh import need_fresh, others_who_may
from clinics.permissions import may
from patients.here import location_here, today_here
from patients.models import Patient
from work.idempotency import once


class DayInSerializer(serializers.Serializer[Any]):
    """A day to close; ``note`` says why, where an owner closes over what does not tie."""

    day = serializers.DateField()
    note = serializers.CharField(max_length=200, allow_blank=True, default="")


class DayCloseSerializer(serializers.Serializer[Any]):
    """A closed day with its sums as they were."""

    id = serializers.CharField(source="public_id")
    day = serializers.DateField()
    sums = serializers.DictField()
    note = serializers.CharField()
    closed_at = serializers.DateTimeField()
    closed_by = serializers.CharField()
    reopened_at = serializers.DateTimeField(allow_null=True)
    reopened_by = serializers.CharField()
    reopen_reason = serializers.CharField()


@extend_schema(parameters=[OpenApiParameter("day", OpenApiTypes.DATE)], responses=OpenApiTypes.OBJECT)
@api_view(["GET"])
def day_sheet(request: Request) -> Response:
    """The day before it is closed: figures since the last close, and everything that does not tie."""
    today = today_here(request)
    try:
        day = date.fromisoformat(request.query_params.get("day", "") or today.isoformat())
    except ValueError as error:
        raise BadInput("A day looks like 2026-03-09.", code="bad_day") from error
    found = days.sheet(location_here(request), day, today=today)
    body = {
        "after": found.span.after,
        "day": day,
        "figures": found.figures.as_json(),
        "ties": [{"tie": key, "words": words, "breaks": count} for key, words, count in found.ties],
        "breaks": [
            {key: row[key] for key in ("tie", "words", "amount")} for row in days.as_json(found.breaks)
        ],
        "stops": found.stops,
    }
    return Response(body)


@extend_schema(methods=["GET"], responses=DayCloseSerializer(many=True), operation_id="day_closes_list")
@extend_schema(methods=["POST"], request=DayInSerializer, responses={201: DayCloseSerializer})
@api_view(["GET", "POST"])
def day_closes(request: Request) -> Response:
    """Closed days, the latest first; POST closes a day that ties."""
    if request.method == "GET":
        return Response(DayCloseSerializer(days.closes(), many=True).data)
    given = DayInSerializer(data=request.data)
    given.is_valid(raise_exception=True)
    day, note = given.validated_data["day"], given.validated_data["note"]

    def act() -> dict[str, Any]:
        row = days.close(
            location_here(request),
            day,
            today=today_here(request),
            note=note,
            over_breaks=bool(note.strip()) and may(request._request, "day.close_over"),  # noqa: SLF001 - DRF's documented door
        )
        return {"day": row.public_id}

    key = request.headers.get("Idempotency-Key", "")
    answer, is_new = once(key, {"act": "close-day", "day": day.isoformat(), "note": note}, act)
    row = DayClose.objects.get(public_id=answer["day"])
    code = status.HTTP_201_CREATED if is_new else status.HTTP_200_OK
    return Response(DayCloseSerializer(row).data, status=code)


@extend_schema(request=ReasonSerializer, responses={200: DayCloseSerializer, 202: OpenApiTypes.OBJECT})
@api_view(["POST"])
def reopen_day(request: Request, public_id: str) -> Response:
    """Open the last closed day again: 202 with the request where another owner has to approve it."""
    row = get_object_or_404(DayClose.objects, public_id=public_id)
    need_fresh(request._request)  # noqa: SLF001 - DRF's documented door
    given = ReasonSerializer(data=request.data)
    given.is_valid(raise_exception=True)
    reason = given.validated_data["reason"]
    if others_who_may("day.reopen"):
        asked = approvals.ask_reopen(row, reason=reason)
        return Response({"approval": asked.public_id, "state": asked.state}, status=status.HTTP_202_ACCEPTED)
    return Response(DayCloseSerializer(days.reopen(row, reason=reason, at=timezone.now())).data)


@extend_schema(request=RefundSerializer, responses={201: BalanceSerializer, 202: OpenApiTypes.OBJECT})
@api_view(["POST"])
def refunds(request: Request) -> Response:
    """Give free credit back, never more than there is: an owner with a fresh sign-in; an admin asks (202)."""
    given = RefundSerializer(data=request.data)
    given.is_valid(raise_exception=True)
    data = given.validated_data
    patient = get_object_or_404(Patient.objects, public_id=data["patient"])
    key = request.headers.get("Idempotency-Key", "")
    if not key:
        raise BadInput(
            "Send an Idempotency-Key header: a refund without one could be posted twice.", code="key_needed"
        )
    alone = may(request._request, OWN_RIGHT)  # noqa: SLF001 - DRF's documented door
    if alone:
        need_fresh(request._request)  # noqa: SLF001

    def act() -> dict[str, Any]:
        if not alone:
            return {
                "approval": approvals.ask_refund(patient, data["amount"], reason=data["reason"]).public_id
            }
        payments.refund(
            patient, data["amount"], reason=data["reason"], today=today_here(request), key=f"refund:{key}"
        )
        return {}

    answer, is_new = once(key, {"act": "refund", **data}, act)
    if answer:
        return Response({**answer, "state": "asked"}, status=status.HTTP_202_ACCEPTED)
    code = status.HTTP_201_CREATED if is_new else status.HTTP_200_OK
    return Response(shape_balance(patient, today_here(request)), status=code)


urlpatterns = [
    path("day-closes/", day_closes, name="day-closes"),
    path("day-closes/sheet/", day_sheet, name="day-sheet"),
    path("day-closes/<str:public_id>/reopen/", reopen_day, name="reopen-day"),
    path("refunds/", refunds, name="refunds"),
]
