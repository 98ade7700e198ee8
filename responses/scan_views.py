"""Scans of a check: add one, see one, take one away. Pages and API side by side."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import api_view, parser_classes
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from clinics import audit
from clinics.errors import BadInput
from responses import scans
from responses.models import Remittance, Scan


class ScanSerializer(serializers.ModelSerializer):
    """A scan without its bytes."""

    id = serializers.CharField(source="public_id", read_only=True)

    class Meta:
        model = Scan
        fields = ["id", "name", "content_type", "size", "created_at", "created_by"]


class ScanUploadSerializer(serializers.Serializer):
    """The file."""

    file = serializers.FileField()


@require_GET
def scan(request: HttpRequest, public_id: str) -> HttpResponse:
    """The scan itself; never kept by the browser or a proxy."""
    return _shown(get_object_or_404(Scan.objects.select_related("remittance"), public_id=public_id))


def _shown(row: Scan) -> HttpResponse:
    audit.record("remittance.scan_read", "remittance", row.remittance.public_id, scan=row.public_id)
    answer = HttpResponse(bytes(row.content), content_type=row.content_type)
    answer["Cache-Control"] = "no-store"
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Disposition"] = f'inline; filename="{row.name}"'
    return answer


@require_POST
def add(request: HttpRequest, public_id: str) -> HttpResponse:
    """Attach a scan to a check."""
    remittance = get_object_or_404(Remittance.objects, public_id=public_id)
    scans.keep(remittance, *read(request.FILES.get("file")))
    messages.success(request, "The scan is kept with the check")
    return redirect(_check(remittance))


@require_POST
def remove(request: HttpRequest, public_id: str) -> HttpResponse:
    """Take a scan away for good."""
    row = get_object_or_404(Scan.objects.select_related("remittance"), public_id=public_id)
    scans.remove(row)
    messages.success(request, "Scan removed")
    return redirect(_check(row.remittance))


def read(file: object) -> tuple[str, bytes]:
    """Name and bytes of an uploaded file. Raises BadInput when there is none or it is too large."""
    size = getattr(file, "size", None)
    if file is None or size is None or size > scans.LARGEST:
        raise BadInput("Choose a PDF, JPEG or PNG of at most 10 MB.", code="no_scan")
    return str(getattr(file, "name", "") or "scan"), bytes(file.read())  # type: ignore[attr-defined]


@extend_schema(methods=["GET"], responses=ScanSerializer(many=True), operation_id="scans_list")
@extend_schema(
    methods=["POST"], request=ScanUploadSerializer, responses={201: ScanSerializer}, operation_id="scans_add"
)
@api_view(["GET", "POST"])
@parser_classes([MultiPartParser])
def api_scans(request: Request, public_id: str) -> Response:
    """The scans of a check; POST adds one as multipart ``file``."""
    remittance = get_object_or_404(Remittance.objects, public_id=public_id)
    if request.method == "GET":
        return Response(ScanSerializer(scans.of_check(remittance), many=True).data)
    row = scans.keep(remittance, *read(request.FILES.get("file")))
    return Response(ScanSerializer(row).data, status=status.HTTP_201_CREATED)


@extend_schema(
    methods=["GET"],
    responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
    operation_id="scans_read",
)
@extend_schema(methods=["DELETE"], responses={204: None}, operation_id="scans_remove")
@api_view(["GET", "DELETE"])
def api_scan(request: Request, public_id: str) -> HttpResponse:
    """The scan itself; DELETE takes it away for good."""
    row = get_object_or_404(Scan.objects.select_related("remittance"), public_id=public_id)
    if request.method == "GET":
        return _shown(row)
    scans.remove(row)
    return Response(status=status.HTTP_204_NO_CONTENT)


def _check(remittance: Remittance) -> str:
    return f"{reverse('responses:list')}?check={remittance.public_id}"
