"""/api/v1/: connections (without secrets) and the files that crossed them. Reading only."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from clearinghouses import queries
from clearinghouses.models import Connection, InboundFile, OutboundFile

MOST = 200


class ConnectionSerializer(serializers.ModelSerializer):
    """A partner's mailbox. Passwords and keys are not part of it."""

    id = serializers.CharField(source="public_id", read_only=True)
    last_sent = serializers.DateTimeField(read_only=True)
    last_received = serializers.DateTimeField(read_only=True)
    awaiting_confirmation = serializers.SerializerMethodField()

    class Meta:
        model = Connection
        fields = [
            "id", "name", "kind", "is_sandbox", "is_active", "host", "port", "username", "sender_id", "receiver_id",
            "receiver_name", "usage", "wants_ta1", "answers_276", "claims_per_transaction", "tested_at", "test_passed",
            "test_result", "last_sent", "last_received", "awaiting_confirmation",
        ]  # fmt: skip

    def get_awaiting_confirmation(self, row: Any) -> int:
        """Files whose outcome is unknown."""
        return int(row.unknown or 0)


class OutboundFileSerializer(serializers.ModelSerializer):
    """A file on its way out."""

    id = serializers.CharField(source="public_id", read_only=True)
    connection = serializers.CharField(source="connection.public_id", read_only=True)
    size = serializers.IntegerField(source="stored.size", read_only=True)

    class Meta:
        model = OutboundFile
        fields = [
            "id", "connection", "name", "interchange_number", "group_number", "state", "attempts", "detail", "size",
            "created_at", "sent_at",
        ]  # fmt: skip


class InboundFileSerializer(serializers.ModelSerializer):
    """A file as it came."""

    id = serializers.CharField(source="public_id", read_only=True)
    connection = serializers.CharField(source="connection.public_id", read_only=True, default=None)

    class Meta:
        model = InboundFile
        fields = [
            "id", "connection", "name", "sha256", "source", "state", "kinds", "times_received", "received_at",
            "received_by",
        ]  # fmt: skip


@extend_schema(responses=ConnectionSerializer(many=True))
@api_view(["GET"])
def connection_list(request: Request) -> Response:
    """All connections."""
    return Response({"results": ConnectionSerializer(queries.connections(), many=True).data})


@extend_schema(responses=ConnectionSerializer)
@api_view(["GET"])
def connection(request: Request, public_id: str) -> Response:
    """One connection."""
    return Response(ConnectionSerializer(get_object_or_404(queries.connections(), public_id=public_id)).data)


@extend_schema(responses=OutboundFileSerializer(many=True))
@api_view(["GET"])
def outbound_list(request: Request) -> Response:
    """The latest files sent, newest first; ``state`` filters."""
    rows = (
        OutboundFile.objects.select_related("connection", "stored").defer("stored__content").order_by("-pk")
    )
    state = request.query_params.get("state", "")
    if state in OutboundFile.State.values:
        rows = rows.filter(state=state)
    return Response({"results": OutboundFileSerializer(rows[:MOST], many=True).data})


@extend_schema(responses=InboundFileSerializer(many=True))
@api_view(["GET"])
def inbound_list(request: Request) -> Response:
    """The latest files received, newest first."""
    rows = InboundFile.objects.select_related("connection").order_by("-pk")[:MOST]
    return Response({"results": InboundFileSerializer(rows, many=True).data})


app_name = "clearinghouses-api"
urlpatterns = [
    path("clearinghouses/", connection_list, name="connections"),
    path("clearinghouses/outbound/", outbound_list, name="outbound"),
    path("clearinghouses/inbound/", inbound_list, name="inbound"),
    path("clearinghouses/<str:public_id>/", connection, name="connection"),
]
