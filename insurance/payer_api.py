"""/api/v1/: contract rates of a payer, and the payer list from a CSV text."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from insurance import payer_import
from insurance import payers as payer_work
from insurance.card_image_views import api_card_image
from insurance.models import ContractRate, Payer


class RateSerializer(serializers.ModelSerializer[ContractRate]):
    """What the contract allows for a procedure between two days."""

    allowed = serializers.DecimalField(max_digits=12, decimal_places=2)

    class Meta:
        model = ContractRate
        fields = ("procedure_code", "allowed", "effective_on", "expires_on")


class PayerFileSerializer(serializers.Serializer[Any]):
    """The CSV's text; ``dry_run`` true only judges it."""

    text = serializers.CharField(max_length=600_000, trim_whitespace=False)
    dry_run = serializers.BooleanField(default=True)


@extend_schema(methods=["GET"], responses=RateSerializer(many=True), operation_id="rates_list")
@extend_schema(methods=["POST"], request=RateSerializer, responses={201: RateSerializer})
@api_view(["GET", "POST"])
def rates(request: Request, payer_id: str) -> Response:
    """A payer's contract rates; POST adds one or changes the one of that code and day."""
    row = get_object_or_404(Payer.objects, public_id=payer_id)
    if request.method == "GET":
        return Response(RateSerializer(row.rates.order_by("procedure_code", "-effective_on"), many=True).data)
    given = RateSerializer(data=request.data)
    given.is_valid(raise_exception=True)
    data = given.validated_data
    made = payer_work.save_rate(
        row, data["procedure_code"], data["allowed"], data["effective_on"], data.get("expires_on")
    )
    return Response(RateSerializer(made).data, status=status.HTTP_201_CREATED)


@extend_schema(request=PayerFileSerializer, responses={200: dict})
@api_view(["POST"])
def payer_file(request: Request) -> Response:
    """Judge a payer list row by row, or take it all at once."""
    given = PayerFileSerializer(data=request.data)
    given.is_valid(raise_exception=True)
    if given.validated_data["dry_run"]:
        rows = payer_import.read(given.validated_data["text"])
        shown = [
            {"line": row.number, "name": row.values["name"], "payer_id": row.values["payer_id"], "act": row.act,
             "changed": list(row.changed), "wrong": row.wrong}
            for row in rows
        ]  # fmt: skip
        return Response({"rows": shown})
    return Response(payer_import.take(given.validated_data["text"]))


urlpatterns = [
    path("policies/<str:policy_id>/images/", api_card_image, name="card-image"),
    path("payers/import/", payer_file, name="payer-file"),
    path("payers/<str:payer_id>/rates/", rates, name="rates"),
]
