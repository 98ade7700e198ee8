"""/api/v1/: merge two records and take it back; providers and places; the compliance lists. Public ids only."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from desk import compliance_api, merging, providers_api
from desk.views import set_up
from patients.models import Patient


class MergeSerializer(serializers.Serializer[Any]):
    """The second record and how one knows; ``undo`` true takes the merge of it back."""

    second = serializers.CharField()
    reason = serializers.CharField(max_length=300, default="", allow_blank=True)
    undo = serializers.BooleanField(default=False)


@extend_schema(request=MergeSerializer, responses={200: dict})
@api_view(["POST"])
def merge(request: Request, public_id: str) -> Response:
    """Make the second record a part of this one, or take that back; both histories are kept."""
    kept = get_object_or_404(Patient.objects, public_id=public_id)
    given = MergeSerializer(data=request.data)
    given.is_valid(raise_exception=True)
    data = given.validated_data
    second = get_object_or_404(Patient.objects, public_id=data["second"])
    if data["undo"]:
        merging.undo(second, reason=data["reason"])
    else:
        merging.merge(kept, second, reason=data["reason"], at=timezone.now())
    merged = Patient.objects.filter(merged_into=kept).order_by("pk").values_list("public_id", flat=True)
    return Response({"id": kept.public_id, "merged": list(merged)})


app_name = "desk-api"
urlpatterns = [
    path("set-up/", set_up.api, name="set-up"),
    path("patients/<str:public_id>/merge/", merge, name="merge"),
    path("clinicians/", providers_api.clinicians, name="clinicians"),
    path("clinicians/<str:public_id>/", providers_api.clinician, name="clinician"),
    path("locations/", providers_api.locations, name="locations"),
    path("locations/<str:public_id>/", providers_api.location, name="location"),
    path("billing-providers/", providers_api.billing_providers, name="billing-providers"),
    path("billing-providers/<str:public_id>/", providers_api.billing_provider, name="billing-provider"),
    path("reports/compliance/", compliance_api.doubts, name="compliance"),
    path("reports/compliance/sample/", compliance_api.sample, name="compliance-sample"),
]
