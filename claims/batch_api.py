"""The API of batches and of claims on paper: what the pages do, as JSON."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from claims import clashes, delivery, queries
from claims.cms1500 import crosswalk
from claims.enums import BatchState
from claims.models import Acknowledgement, Batch, BatchItem, Claim
from clinics import audit
from clinics.errors import BadInput
from lib.frozen import freeze, thaw
from x12.documents.professional_claim import ClaimDocument


class BatchSerializer(serializers.ModelSerializer[Batch]):
    """A batch."""

    id = serializers.CharField(source="public_id", read_only=True)
    connection = serializers.CharField(source="connection.name", read_only=True, default="")
    total = serializers.DecimalField(max_digits=12, decimal_places=2, read_only=True)

    class Meta:
        model = Batch
        fields = (
            "id", "connection", "format", "state", "usage", "interchange_number", "group_number", "reference",
            "claim_count", "total", "created_at", "created_by", "delivered_at", "detail",
        )  # fmt: skip
        read_only_fields = fields


class BatchActSerializer(serializers.Serializer[Any]):
    """send_again or dissolve a refused batch, look for an unknown one, printed for one on paper, try_again; never_taken
    after a clash of numbers, with who said so."""

    act = serializers.ChoiceField(
        choices=["send_again", "dissolve", "look", "printed", "try_again", "doubt", "never_taken"]
    )
    reason = serializers.CharField(required=False, default="", allow_blank=True, max_length=200)


@extend_schema(responses=BatchSerializer(many=True), operation_id="batches_list")
@api_view(["GET"])
def batches(request: Request) -> Response:
    """The last hundred batches."""
    return Response(BatchSerializer(queries.batches(request.query_params)[:100], many=True).data)


@extend_schema(responses={200: dict}, operation_id="batches_read")
@api_view(["GET"])
def batch(request: Request, batch_id: str) -> Response:
    """One batch with its claims and the answers it got."""
    row = get_object_or_404(Batch.objects.select_related("connection"), public_id=batch_id)
    items = BatchItem.objects.filter(batch=row).select_related("claim").order_by("pk")
    acks = Acknowledgement.objects.filter(batch=row).order_by("received_at", "pk")
    return Response(
        {
            **BatchSerializer(row).data,
            "claims": [
                {
                    "id": item.claim.public_id,
                    "control_number": item.claim.control_number,
                    "state": item.claim.state,
                    "transaction": item.transaction_number,
                    "is_live": item.is_live,
                }
                for item in items
            ],
            "acknowledgements": [
                {
                    "kind": ack.kind,
                    "result": ack.result,
                    "text": ack.text,
                    "segment": ack.segment,
                    "received_at": ack.received_at,
                }
                for ack in acks
            ],
        }
    )


@extend_schema(request=BatchActSerializer, responses=BatchSerializer)
@api_view(["POST"])
def batch_act(request: Request, batch_id: str) -> Response:
    """What a person may do with a batch that failed (B6.5)."""
    data = valid(BatchActSerializer(data=request.data))
    row = get_object_or_404(Batch.objects, public_id=batch_id)
    if data["act"] == "send_again":
        delivery.send_again(row)
    elif data["act"] == "dissolve":
        delivery.dissolve(row, data["reason"])
    elif data["act"] == "try_again":
        delivery.try_again(row)
    elif data["act"] == "never_taken":
        clashes.give_up(row, data["reason"])
    elif data["act"] == "doubt":
        delivery.doubt(row)
    elif data["act"] == "printed":
        delivery.mark_printed(row, timezone.now())
    elif row.state == BatchState.UNKNOWN:
        delivery.look_now(row)
    else:
        raise BadInput("Only an unknown batch is looked for.", code="not_unknown")
    row.refresh_from_db()
    return Response(BatchSerializer(row).data)


@extend_schema(responses={200: dict})
@api_view(["GET"])
def boxes(request: Request, claim_id: str) -> Response:
    """The CMS-1500 of a claim: each box, what is printed in it, and the 837P element it equals."""
    row = get_object_or_404(Claim.objects, public_id=claim_id)
    audit.record("claim.read", "claim", claim_id)
    entries = crosswalk(thaw(ClaimDocument, row.document))
    return Response({"boxes": [freeze(entry) for entry in entries]})


def valid(serializer: serializers.Serializer[Any]) -> dict[str, Any]:
    """The checked data of a body; the house's answer to a bad one."""
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)
