"""/api/v1/responses/: answers line by line, in the payer's file, and typed EOBs."""

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
from clinics import audit
from responses import eobs, file_words, manual
from responses.by_hand import ByHand, HandCode, HandLine
from responses.models import ClaimResponse
from responses.posting_rules import Goes
from responses.response_json import ResponseSerializer
from work.idempotency import once


class AdjustmentSerializer(serializers.Serializer):
    """One code of a line."""

    group = serializers.ChoiceField(["CO", "PR", "OA", "PI"])
    reason = serializers.RegexField(r"^[A-Za-z0-9]{1,5}$")
    amount = serializers.DecimalField(max_digits=12, decimal_places=2)


class EobLineSerializer(serializers.Serializer):
    """One line of a typed EOB."""

    line_id = serializers.CharField(max_length=30)
    paid = serializers.DecimalField(max_digits=12, decimal_places=2)
    allowed = serializers.DecimalField(max_digits=12, decimal_places=2, required=False, allow_null=True)
    adjustments = AdjustmentSerializer(many=True, default=list)


class EobPartSerializer(serializers.Serializer):
    """One more claim of the same check."""

    claim = serializers.CharField(max_length=40)
    lines = EobLineSerializer(many=True)


class EobSerializer(serializers.Serializer):
    """A typed EOB; ``also`` holds the other claims of the check, ``amount`` what the check says."""

    claim = serializers.CharField(max_length=40)
    trace_number = serializers.CharField(max_length=50)
    payment_date = serializers.DateField()
    payer_claim_number = serializers.CharField(max_length=50, required=False, allow_blank=True, default="")
    lines = EobLineSerializer(many=True)
    also = EobPartSerializer(many=True, required=False, default=list)
    amount = serializers.DecimalField(
        max_digits=12, decimal_places=2, required=False, allow_null=True, default=None
    )


class HandCodeSerializer(AdjustmentSerializer):
    """One code of a line and where it goes."""

    goes = serializers.ChoiceField([each.value for each in Goes], default=Goes.STAYS.value)


class HandLineSerializer(serializers.Serializer):
    """One line as a person has it."""

    line_id = serializers.CharField(max_length=30)
    paid = serializers.DecimalField(max_digits=12, decimal_places=2)
    codes = HandCodeSerializer(many=True, default=list)
    note = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class HandSheetSerializer(serializers.Serializer):
    """An answer line by line."""

    lines = HandLineSerializer(many=True)
    reason = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class SegmentSerializer(serializers.Serializer):
    """One segment of the file with what it says."""

    place = serializers.IntegerField()
    text = serializers.CharField()
    words = serializers.CharField()


@extend_schema(methods=["GET"], responses=HandSheetSerializer, operation_id="responses_sheet")
@extend_schema(
    methods=["POST"],
    request=HandSheetSerializer,
    responses=ResponseSerializer,
    operation_id="responses_post_lines",
)
@api_view(["GET", "POST"])
def lines(request: Request, public_id: str) -> Response:
    """The answer laid on our lines; POST posts it as it is given, and refuses what does not add up."""
    row = _load(public_id)
    if request.method == "GET":
        hands = [each.hand for each in manual.sheet_of(row).sheet.lines]
        return Response(HandSheetSerializer({"lines": hands}).data)
    given = HandSheetSerializer(data=request.data)
    given.is_valid(raise_exception=True)
    data = given.validated_data
    role = request.membership.role  # type: ignore[attr-defined]
    hand = ByHand(tuple(_hand_line(line) for line in data["lines"]), role, data["reason"])

    def do() -> dict[str, Any]:
        return {
            "id": manual.post_as_remitted(row, at=timezone.now(), reason=hand.reason, hand=hand).public_id
        }

    once(
        request.headers.get("Idempotency-Key", ""),
        {"act": "lines", "row": public_id, "body": request.data},
        do,
    )
    return Response(ResponseSerializer(_load(public_id)).data)


def _hand_line(line: dict[str, Any]) -> HandLine:
    codes = tuple(
        HandCode(each["group"], each["reason"].upper(), each["amount"], Goes(each["goes"]))
        for each in line["codes"]
    )
    return HandLine(line["line_id"], line["paid"], codes, line["note"])


@extend_schema(responses=SegmentSerializer(many=True), operation_id="responses_in_file")
@api_view(["GET"])
def in_file(request: Request, public_id: str) -> Response:
    """The claim's segments in the payer's file, and ``figures``: which segment each figure came from."""
    row = get_object_or_404(
        ClaimResponse.objects.select_related("remittance__inbound_file__stored"), public_id=public_id
    )
    found = file_words.reading_of(row).claim
    audit.record("response.file", "claim_response", row.public_id)
    return Response(
        {"segments": SegmentSerializer(found, many=True).data, "figures": file_words.figures(found)}
    )


@extend_schema(request=EobSerializer, responses={201: ResponseSerializer}, operation_id="responses_eob")
@api_view(["POST"])
def eob(request: Request) -> Response:
    """Type a paper EOB in; it cannot be saved unbalanced."""
    given = EobSerializer(data=request.data)
    given.is_valid(raise_exception=True)
    data = given.validated_data
    rows = Claim.objects.select_related("payer", "patient")
    head = eobs.Eob(data["trace_number"], data["payment_date"], data["payer_claim_number"])
    sheets = [
        (get_object_or_404(rows, public_id=part["claim"]), _eob_lines(part["lines"]))
        for part in [data, *data["also"]]
    ]

    def do() -> dict[str, Any]:
        made = eobs.enter_check(sheets, head, at=timezone.now(), amount=data["amount"])
        return {"id": made[0].public_id}

    answer, _ = once(request.headers.get("Idempotency-Key", ""), {"act": "eob", "body": request.data}, do)
    return Response(ResponseSerializer(_load(answer["id"])).data, status=status.HTTP_201_CREATED)


def _eob_lines(lines: list[dict[str, Any]]) -> list[eobs.EobLine]:
    return [
        eobs.EobLine(
            line["line_id"], line["paid"],
            tuple((each["group"], each["reason"], each["amount"]) for each in line["adjustments"]), line.get("allowed"),
        )
        for line in lines
    ]  # fmt: skip


def _load(public_id: str) -> ClaimResponse:
    rows = ClaimResponse.objects.select_related("remittance", "claim__payer")
    return get_object_or_404(rows, public_id=public_id)


urlpatterns = [
    path("responses/eob/", eob, name="eob"),
    path("responses/<str:public_id>/lines/", lines, name="lines"),
    path("responses/<str:public_id>/file/", in_file, name="in-file"),
]
