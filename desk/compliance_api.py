"""/api/v1/reports/compliance: the doubts and the month's sample, as the pages show them."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from desk import compliance
from desk.views.compliance_pages import period, wanted_month
from patients.here import today_here


class DoubtSerializer(serializers.Serializer[Any]):
    """One thing to look at; ``visit`` and ``claim`` are public ids or empty."""

    kind = serializers.ChoiceField(["no_visit", "units", "overlap", "day", "changed"])
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
