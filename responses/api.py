"""/api/v1/responses/: remittances, claim responses, what is done with them, uploads and typed EOBs."""

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

from claims.models import Claim
from clinics.errors import BadInput
from responses import (
    hand_api,
    letters_api,
    manual,
    owed,
    quarantine,
    queries,
    remit,
    rules_api,
    scan_views,
    undo,
    work_api,
)
from responses.models import ClaimResponse, Remittance
from responses.receipts import tie
from responses.response_json import Money, ResponseSerializer
from work.idempotency import once

app_name = "responses-api"
ACTS = ("post", "leave", "owe", "hold", "dispute", "match", "unmatch", "undo", "assign")


class RemittanceSerializer(serializers.ModelSerializer):
    """A check or EFT; read alone it comes with its tie and its answers."""

    id = serializers.CharField(source="public_id", read_only=True)
    amount = Money()
    provider_total = Money()
    header = serializers.JSONField(source="document")

    class Meta:
        model = Remittance
        fields = [
            "id", "source", "payer_name", "payer_identifier", "trace_number", "method", "payment_date", "amount",
            "provider_total", "is_balanced", "state", "times_received", "findings", "received_at", "header",
        ]  # fmt: skip


class ResponseActSerializer(serializers.Serializer):
    """What an act may need."""

    reason = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    control_number = serializers.CharField(max_length=20, required=False)
    assignee = serializers.CharField(max_length=254, required=False, allow_blank=True)


class UploadSerializer(serializers.Serializer):
    """A file, and the payment date where ``era_payment_date`` is custom."""

    file = serializers.FileField(allow_empty_file=True)
    effective_on = serializers.DateField(required=False, allow_null=True, default=None)


class PayeeSerializer(serializers.Serializer):
    """Whose a set-aside payment is."""

    whose = serializers.ChoiceField(["ours", "other"])
    reason = serializers.CharField(max_length=200)


@extend_schema(methods=["GET"], responses=RemittanceSerializer(many=True), operation_id="remittances_list")
@extend_schema(
    methods=["POST"], request=UploadSerializer, responses={201: dict}, operation_id="remittances_upload"
)
@api_view(["GET", "POST"])
def remittances(request: Request) -> Response:
    """Checks, newest first; POST takes a file in (835, 999, TA1, 277CA) and tells what became of it.

    A large file is the worker's: the answer (202) names the job that shows how far it is.
    """
    if request.method == "GET":
        rows = queries.remittances()
        after = request.query_params.get("after", "")
        found = get_object_or_404(Remittance.objects, public_id=after) if after else None
        rows = rows.filter(pk__lt=found.pk) if found else rows
        return Response(RemittanceSerializer(rows[: queries.PAGE], many=True).data)
    given = UploadSerializer(data=request.data)
    given.is_valid(raise_exception=True)
    file, day = given.validated_data["file"], given.validated_data["effective_on"]
    if file.size > remit.LARGE and day is None:
        job = remit.take_later(file.read(), file.name or "upload")
        return Response({"job": job.public_id}, status=status.HTTP_202_ACCEPTED)
    told = remit.take_bytes(file.read(), file.name or "upload", "upload", at=timezone.now(), effective_on=day)
    return Response(told, status=status.HTTP_200_OK if told["file"]["duplicate"] else status.HTTP_201_CREATED)


@extend_schema(responses=RemittanceSerializer, operation_id="remittances_read")
@api_view(["GET"])
def remittance(request: Request, public_id: str) -> Response:
    """One check with its answers."""
    row = get_object_or_404(Remittance.objects, public_id=public_id)
    answers = row.responses.select_related("remittance", "claim").order_by("ordinal")
    sums = {name: f"{amount:.2f}" for name, amount in tie(row).items()}
    return Response(
        {**RemittanceSerializer(row).data, "tie": sums, "claims": ResponseSerializer(answers, many=True).data}
    )


@extend_schema(request=ResponseActSerializer, responses=dict, operation_id="remittances_undo")
@api_view(["POST"])
def undo_remittance(request: Request, public_id: str) -> Response:
    """Undo every posting of a check."""
    row = get_object_or_404(Remittance.objects, public_id=public_id)
    given = ResponseActSerializer(data=request.data)
    given.is_valid(raise_exception=True)
    reason = given.validated_data["reason"]
    answer, _ = once(
        request.headers.get("Idempotency-Key", ""), {"act": "undo-file", "row": public_id},
        lambda: {"undone": undo.unpost_file(row, reason=reason, at=timezone.now())},
    )  # fmt: skip
    return Response(answer)


@extend_schema(request=PayeeSerializer, responses=RemittanceSerializer, operation_id="remittances_payee")
@api_view(["POST"])
def payee(request: Request, public_id: str) -> Response:
    """A set-aside payment is ours (taken in now) or not (set aside for good)."""
    row = get_object_or_404(Remittance.objects, public_id=public_id)
    given = PayeeSerializer(data=request.data)
    given.is_valid(raise_exception=True)
    if given.validated_data["whose"] == "ours":
        quarantine.release(row, reason=given.validated_data["reason"], at=timezone.now())
    else:
        quarantine.refuse(row, reason=given.validated_data["reason"])
    row.refresh_from_db()
    return Response(RemittanceSerializer(row).data)


@extend_schema(responses=ResponseSerializer(many=True), operation_id="responses_list")
@api_view(["GET"])
def responses(request: Request) -> Response:
    """Answers by tab (exceptions, proposed, posted, other, all), newest first."""
    asked = request.query_params
    rows = queries.rows_of(
        asked.get("tab", "exceptions"), check=asked.get("check", ""), code=asked.get("code", ""),
        q=asked.get("q", "").strip(),
    )  # fmt: skip
    if asked.get("after"):
        rows = rows.filter(pk__lt=get_object_or_404(ClaimResponse.objects, public_id=asked["after"]).pk)
    return Response(ResponseSerializer(rows[: queries.PAGE], many=True).data)


@extend_schema(responses=ResponseSerializer, operation_id="responses_read")
@api_view(["GET"])
def response(request: Request, public_id: str) -> Response:
    """One answer; a waiting one with its plan as it would post now."""
    row = _load(public_id)
    shown = queries.opened(row)
    told = ResponseSerializer(row).data
    told["now"] = {
        "posts": shown.posts,
        "reasons": {code: text for code, _, text in shown.reasons},
        "causes": shown.causes,
        "trace": shown.trace,
    }
    return Response(told)


@extend_schema(request=ResponseActSerializer, responses=ResponseSerializer, operation_id="responses_act")
@api_view(["POST"])
def act(request: Request, public_id: str, act: str) -> Response:
    """post, leave, owe, hold, dispute, match, unmatch, undo or assign."""
    row = _load(public_id)
    if act not in ACTS:
        raise BadInput(f"An act is one of {', '.join(ACTS)}.", code="unknown_act")
    given = ResponseActSerializer(data=request.data)
    given.is_valid(raise_exception=True)
    data = given.validated_data
    once(
        request.headers.get("Idempotency-Key", ""), {"act": act, "row": public_id, **data},
        lambda: _do(act, row, data),
    )  # fmt: skip
    return Response(ResponseSerializer(_load(public_id)).data)


def _do(act: str, row: ClaimResponse, data: dict[str, Any]) -> dict[str, Any]:
    at, reason = timezone.now(), data["reason"]
    if act == "post":
        manual.post_as_remitted(row, at=at, reason=reason)
    elif act == "leave":
        manual.leave(row, reason)
    elif act == "owe":
        owed.owe_back(row, reason, at=at)
    elif act == "hold":
        manual.hold(row, reason)
    elif act == "dispute":
        manual.dispute(row, reason, at=at)
    elif act == "match":
        number = str(data.get("control_number", "")).strip().upper()
        manual.match(
            row, get_object_or_404(Claim.objects.select_related("payer"), control_number=number), at=at
        )
    elif act == "unmatch":
        manual.unmatch(row)
    elif act == "undo" and owed.is_owed_back(row):
        owed.ours_after_all(row, reason, at=at)
    elif act == "undo":
        undo.unpost(row, reason=reason, at=at)
    else:
        manual.assign(row, str(data.get("assignee", "")))
    return {"id": row.public_id}


def _load(public_id: str) -> ClaimResponse:
    rows = ClaimResponse.objects.select_related("remittance", "claim__payer")
    return get_object_or_404(rows, public_id=public_id)


urlpatterns = [
    *work_api.urlpatterns,
    *hand_api.urlpatterns,
    *rules_api.urlpatterns,
    *letters_api.urlpatterns,
    path("remittances/", remittances, name="remittances"),
    path("remittances/<str:public_id>/", remittance, name="remittance"),
    path("remittances/<str:public_id>/undo/", undo_remittance, name="undo-remittance"),
    path("remittances/<str:public_id>/payee/", payee, name="payee"),
    path("remittances/<str:public_id>/scans/", scan_views.api_scans, name="scans"),
    path("scans/<str:public_id>/", scan_views.api_scan, name="scan"),
    path("responses/", responses, name="responses"),
    path("responses/<str:public_id>/", response, name="response"),
    path("responses/<str:public_id>/<str:act>/", act, name="act"),
]
