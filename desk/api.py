<<<<<<< HEAD
"""/api/v1/: merge two records of one person, and take the merge back. Public ids only."""
=======
"""/api/v1/reports/compliance: the doubts and the month's sample, as the pages show them."""
>>>>>>> 16b246a (desk: Raise doubts about what was billed, and draw a month's sample of claims.)

from __future__ import annotations

from typing import Any

<<<<<<< HEAD
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import extend_schema
=======
from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
>>>>>>> 16b246a (desk: Raise doubts about what was billed, and draw a month's sample of claims.)
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

<<<<<<< HEAD
from desk import merging
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
urlpatterns = [path("patients/<str:public_id>/merge/", merge, name="merge")]
=======
from desk import compliance
from desk.views.compliance_pages import period, wanted_month
from patients.here import today_here

app_name = "desk-api"


class DoubtSerializer(serializers.Serializer[Any]):
    """One thing to look at; ``visit`` and ``claim`` are public ids or empty."""

    kind = serializers.ChoiceField(["no_visit", "units", "overlap", "changed"])
    day = serializers.DateField()
    patient = serializers.CharField()
    clinician = serializers.CharField()
    words = serializers.CharField()
    visit = serializers.CharField(allow_blank=True)
    claim = serializers.CharField(allow_blank=True)


class SampleSerializer(serializers.Serializer[Any]):
    """A claim of the sample and what its visit says was done."""

    claim = serializers.CharField(source="claim.public_id")
    control_number = serializers.CharField(source="claim.control_number")
    patient = serializers.CharField(source="claim.patient_name")
    service_date = serializers.DateField(source="claim.service_from")
    total = serializers.DecimalField(source="claim.total", max_digits=12, decimal_places=2)
    codes = serializers.SerializerMethodField()
    visit = serializers.CharField(source="visit.public_id")
    minutes = serializers.IntegerField()
    evidence = serializers.ListField(child=serializers.CharField())

    def get_codes(self, row: compliance.SampledClaim) -> list[str]:
        """Procedure codes in the order of the claim."""
        return [line.procedure_code for line in row.lines]


@extend_schema(
    parameters=[OpenApiParameter("from", str), OpenApiParameter("to", str)],
    responses=DoubtSerializer(many=True),
)
@api_view(["GET"])
def doubts(request: Request) -> Response:
    """Doubts by date of service, at most a year; without dates last month and this one (rule B15.AUDIT)."""
    first, last = period(request.query_params, today_here(request))
    return Response(DoubtSerializer(compliance.doubts(first, last), many=True).data)


@extend_schema(parameters=[OpenApiParameter("month", str)], responses=SampleSerializer(many=True))
@api_view(["GET"])
def sample(request: Request) -> Response:
    """The month's sample, ``month`` as 2026-03; without it last month's (rule B15.SAMPLE)."""
    month = wanted_month(request.query_params.get("month", ""), today_here(request))
    return Response(SampleSerializer(compliance.month_sample(month), many=True).data)


urlpatterns = [
    path("reports/compliance/", doubts, name="compliance"),
    path("reports/compliance/sample/", sample, name="compliance-sample"),
]
>>>>>>> 16b246a (desk: Raise doubts about what was billed, and draw a month's sample of claims.)
