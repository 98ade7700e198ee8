"""/api/v1/claims/inquiries/: where claims stand, asked by 276 or by telephone; the same acts as the pages."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from claims import inquiries
from claims.batch_api import valid
from claims.inquiry_views import found_inquiries
from claims.models import Claim, StatusInquiry

MOST = 200


class StatusInquirySerializer(serializers.ModelSerializer[StatusInquiry]):
    """One question and what was said."""

    id = serializers.CharField(source="public_id", read_only=True)
    claim = serializers.CharField(source="claim.public_id", read_only=True)
    control_number = serializers.CharField(source="claim.control_number", read_only=True)

    class Meta:
        model = StatusInquiry
        fields = (
            "id", "claim", "control_number", "state", "why", "detail", "category", "text", "segment", "paid",
            "asked_at", "asked_by", "answered_at", "answered_by",
        )  # fmt: skip
        read_only_fields = fields


class StatusInquiryPageSerializer(serializers.Serializer[Any]):
    """The latest, newest first."""

    results = StatusInquirySerializer(many=True)


class StatusAnswerSerializer(serializers.Serializer[Any]):
    """What the payer said by telephone."""

    text = serializers.CharField(max_length=300)


@extend_schema(
    parameters=[OpenApiParameter("state", str), OpenApiParameter("q", str)],
    responses=StatusInquiryPageSerializer,
    operation_id="claims_inquiries_list",
)
@api_view(["GET"])
def inquiry_list(request: Request) -> Response:
    """Status inquiries by state."""
    rows = found_inquiries(request.query_params.get("state", ""), request.query_params.get("q", ""))
    return Response({"results": StatusInquirySerializer(rows[:MOST], many=True).data})


@extend_schema(request=None, responses={201: StatusInquirySerializer}, operation_id="claims_ask")
@api_view(["POST"])
def ask(request: Request, claim_id: str) -> Response:
    """Ask where a claim stands; an open question is returned as it is."""
    row = inquiries.ask(get_object_or_404(Claim.objects, public_id=claim_id), timezone.now())
    return Response(StatusInquirySerializer(row).data, status=status.HTTP_201_CREATED)


@extend_schema(
    request=StatusAnswerSerializer, responses=StatusInquirySerializer, operation_id="claims_inquiry_answer"
)
@api_view(["POST"])
def answer(request: Request, inquiry_id: str) -> Response:
    """Note what the payer said by telephone."""
    data = valid(StatusAnswerSerializer(data=request.data))
    row = get_object_or_404(StatusInquiry.objects.select_related("claim"), public_id=inquiry_id)
    inquiries.answer(row, data["text"], timezone.now())
    row.refresh_from_db()
    return Response(StatusInquirySerializer(row).data)


urlpatterns = [
    path("claims/inquiries/", inquiry_list, name="inquiries"),
    path("claims/inquiries/<str:inquiry_id>/answer/", answer, name="inquiry-answer"),
    path("claims/<str:claim_id>/ask/", ask, name="ask"),
]
