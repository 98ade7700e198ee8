"""/api/v1/: merge two records and take it back; providers and places; the compliance lists. Public ids only."""

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

from clinics.fresh import need_fresh
from clinics.permissions import may
from desk import compliance_api, merging, providers_api
from desk.views import set_up
from patients.models import Patient


class MergeSerializer(serializers.Serializer[Any]):
    """The second record and how one knows."""

    second = serializers.CharField()
    reason = serializers.CharField(max_length=200, default="", allow_blank=True)


class UnmergeSerializer(serializers.Serializer[Any]):
    """Why the two are not one person."""

    reason = serializers.CharField(max_length=200, default="", allow_blank=True)


@extend_schema(request=MergeSerializer, responses={200: dict, 202: dict})
@api_view(["POST"])
def merge(request: Request, public_id: str) -> Response:
    """Make the second record a part of this one: 202 with the request where somebody has to agree."""
    kept = get_object_or_404(Patient.objects, public_id=public_id)
    given = MergeSerializer(data=request.data)
    given.is_valid(raise_exception=True)
    second = get_object_or_404(Patient.objects, public_id=given.validated_data["second"])
    reason = given.validated_data["reason"]
    if merging.needs_second() or not may(request._request, merging.ALONE):  # noqa: SLF001 - DRF's documented door
        asked = merging.ask(kept, second, reason=reason)
        return Response({"approval": asked.public_id, "state": asked.state}, status=status.HTTP_202_ACCEPTED)
    need_fresh(request._request)  # noqa: SLF001
    merging.merge(kept, second, reason=reason, at=timezone.now())
    return Response(_merged_into(kept))


@extend_schema(request=UnmergeSerializer, responses={200: dict})
@api_view(["POST"])
def unmerge(request: Request, public_id: str) -> Response:
    """Take the merge of this record back: two records again."""
    second = get_object_or_404(Patient.objects.select_related("merged_into"), public_id=public_id)
    given = UnmergeSerializer(data=request.data)
    given.is_valid(raise_exception=True)
    kept = second.merged_into or second
    merging.undo(second, reason=given.validated_data["reason"])
    return Response(_merged_into(kept))


def _merged_into(kept: Patient) -> dict[str, Any]:
    merged = Patient.objects.filter(merged_into=kept).order_by("pk").values_list("public_id", flat=True)
    return {"id": kept.public_id, "merged": list(merged)}


app_name = "desk-api"
urlpatterns = [
    path("set-up/", set_up.api, name="set-up"),
    path("patients/<str:public_id>/merge/", merge, name="merge"),
    path("patients/<str:public_id>/unmerge/", unmerge, name="unmerge"),
    path("clinicians/", providers_api.clinicians, name="clinicians"),
    path("clinicians/<str:public_id>/", providers_api.clinician, name="clinician"),
    path("locations/", providers_api.locations, name="locations"),
    path("locations/<str:public_id>/", providers_api.location, name="location"),
    path("billing-providers/", providers_api.billing_providers, name="billing-providers"),
    path("billing-providers/<str:public_id>/", providers_api.billing_provider, name="billing-provider"),
    path("reports/compliance/", compliance_api.doubts, name="compliance"),
    path("reports/compliance/sample/", compliance_api.sample, name="compliance-sample"),
]
