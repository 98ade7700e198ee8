"""/api/v1/: the front desk's lists (missing charges, not transitioned, coding) and the background batch."""

from __future__ import annotations

from typing import Any

from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from billing import transition_batches, worklists
from billing.views.worklists import asked_of, check_range, lacks
from billing.worklists import WaitingRow
from clinics import audit
from patients.here import location_here, today_here
from work.idempotency import once

FILTERS = [
    OpenApiParameter(name, str) for name in ("location", "clinician", "state", "since", "until", "q", "sort")
]


class ReasonRowSerializer(serializers.Serializer[Any]):
    """One reason: its code, in words, and where it is mended."""

    code = serializers.CharField()
    words = serializers.CharField()
    repair = serializers.CharField()


class WaitingSerializer(serializers.Serializer[Any]):
    """A visit that is not money yet, and why."""

    visit = serializers.CharField(source="visit.public_id")
    patient = serializers.CharField(source="visit.patient.public_id")
    service_date = serializers.DateField(source="visit.service_date")
    state = serializers.CharField(source="visit.state")
    days = serializers.IntegerField(source="age")
    reasons = ReasonRowSerializer(many=True)


class UncodedSerializer(serializers.Serializer[Any]):
    """A completed visit without confirmed codes."""

    visit = serializers.CharField(source="public_id")
    patient = serializers.CharField(source="patient.public_id")
    service_date = serializers.DateField()
    minutes = serializers.IntegerField()
    note = serializers.CharField()
    diagnoses = serializers.ListField(child=serializers.CharField())
    lacks = serializers.SerializerMethodField()

    def get_lacks(self, visit: Any) -> list[str]:
        """What the coder has to do."""
        return lacks(visit)


class TransitionsSerializer(serializers.Serializer[Any]):
    """A range of days, at most a year."""

    since = serializers.DateField()
    until = serializers.DateField()


class JobMadeSerializer(serializers.Serializer[Any]):
    """The job that does the work."""

    job = serializers.CharField()


class TriedSerializer(serializers.Serializer[Any]):
    """What came of one visit; ``invoice`` is the number of its invoice."""

    outcome = serializers.CharField()
    invoice = serializers.CharField()
    reasons = ReasonRowSerializer(many=True)


@extend_schema(responses=WaitingSerializer(many=True), parameters=FILTERS)
@api_view(["GET"])
def missing_charges(request: Request) -> Response:
    """Visits without a charge."""
    return _listed(request, "missing-charges", worklists.missing_charges)


@extend_schema(responses=WaitingSerializer(many=True), parameters=FILTERS)
@api_view(["GET"])
def not_transitioned(request: Request) -> Response:
    """Visits that could not be charged by themselves."""
    return _listed(request, "not-transitioned", worklists.not_transitioned)


@extend_schema(responses=UncodedSerializer(many=True), parameters=FILTERS)
@api_view(["GET"])
def coding(request: Request) -> Response:
    """Completed visits without confirmed codes (B15)."""
    rows = worklists.uncoded(asked_of(request._request))  # noqa: SLF001 - the same filters as the page
    audit.record("worklist.read", "worklist", "coding", rows=len(rows))
    return Response(UncodedSerializer(rows, many=True).data)


@extend_schema(request=TransitionsSerializer, responses={201: JobMadeSerializer})
@api_view(["POST"])
def transitions(request: Request) -> Response:
    """Charge the completed visits of a range of days at the location, as a job (B17.0)."""
    given = TransitionsSerializer(data=request.data)
    given.is_valid(raise_exception=True)
    since, until = given.validated_data["since"], given.validated_data["until"]
    check_range(since, until)

    def act() -> dict[str, Any]:
        return {"job": transition_batches.start(location_here(request), since, until).public_id}

    asked = {"act": "transition-batch", "since": str(since), "until": str(until)}
    answer, is_new = once(request.headers.get("Idempotency-Key", ""), asked, act)
    return Response(answer, status=status.HTTP_201_CREATED if is_new else status.HTTP_200_OK)


@extend_schema(request=None, responses=TriedSerializer)
@api_view(["POST"])
def try_visit(request: Request, public_id: str) -> Response:
    """Try to charge one visit; nothing is made twice."""
    tried = transition_batches.try_visit(public_id, at=timezone.now())
    return Response(TriedSerializer(tried).data)


def _listed(request: Request, name: str, read: Any) -> Response:
    rows: list[WaitingRow] = read(asked_of(request._request), today=today_here(request))  # noqa: SLF001
    audit.record("worklist.read", "worklist", name, rows=len(rows))
    return Response(WaitingSerializer(rows, many=True).data)


urlpatterns = [
    path("missing-charges/", missing_charges, name="missing-charges"),
    path("not-transitioned/", not_transitioned, name="not-transitioned"),
    path("coding/", coding, name="coding"),
    path("transitions/", transitions, name="transitions"),
    path("visits/<str:public_id>/transition/", try_visit, name="try-visit"),
]
