"""/api/v1/: the estimate of a visit and its good-faith estimates. Money is a string with two places."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from appointments.models import Appointment
from billing import good_faith
from billing.booking_estimates import of_booking
from billing.estimating import UNSAVED, VisitEstimate, estimate_visit
from billing.models import GoodFaithEstimate
from billing.views.checkout import VISIT_WITH
from billing.views.estimates import good_faith_pdf
from clinics import audit
from clinics.errors import BadInput
from clinics.models import Location
from work.idempotency import once

NEEDED = ("patient", "appointment_type", "day")
BOOKING = (*NEEDED, "location", "clinician", "profile", "minutes")


class StepSerializer(serializers.Serializer[Any]):
    """One line of the explanation."""

    label = serializers.CharField()  # type: ignore[assignment]
    because = serializers.CharField()
    amount = serializers.DecimalField(max_digits=12, decimal_places=2)


class EstimateSerializer(serializers.Serializer[Any]):
    """The expected patient share of a visit; the steps add up to the total."""

    visit = serializers.CharField()
    allowed = serializers.DecimalField(max_digits=12, decimal_places=2)
    insured = serializers.DecimalField(max_digits=12, decimal_places=2)
    self_pay = serializers.DecimalField(max_digits=12, decimal_places=2)
    old_balance = serializers.DecimalField(max_digits=12, decimal_places=2)
    today = serializers.DecimalField(max_digits=12, decimal_places=2)
    total = serializers.DecimalField(max_digits=12, decimal_places=2)
    is_known = serializers.BooleanField()
    source = serializers.CharField()  # type: ignore[assignment]
    services_from = serializers.DateField(allow_null=True)
    steps = StepSerializer(many=True)


class StandingSerializer(serializers.Serializer[Any]):
    """Where a card or an authorization stands."""

    id = serializers.CharField(required=False)
    policy = serializers.CharField(required=False)
    level = serializers.CharField()
    words = serializers.CharField()


class BookingEstimateSerializer(EstimateSerializer):
    """The estimate of a visit that is not booked yet, with who pays; ``visit`` is empty."""

    profile = serializers.CharField()
    chip = serializers.CharField()
    warnings = serializers.ListField(child=serializers.CharField())
    eligibility = StandingSerializer(many=True)
    authorizations = StandingSerializer(many=True)


class GoodFaithSerializer(serializers.ModelSerializer[GoodFaithEstimate]):
    """An estimate as it was given."""

    id = serializers.CharField(source="public_id", read_only=True)
    expected_charge = serializers.DecimalField(max_digits=12, decimal_places=2, read_only=True)
    patient_share = serializers.DecimalField(max_digits=12, decimal_places=2, read_only=True)

    class Meta:
        model = GoodFaithEstimate
        fields = ["id", "made_at", "made_by", "expected_charge", "patient_share", "snapshot"]
        read_only_fields = fields


@extend_schema(responses=EstimateSerializer)
@api_view(["GET"])
def estimate(request: Request, public_id: str) -> Response:
    """What this visit will cost the patient."""
    visit = _visit(public_id)
    return Response(EstimateSerializer(shape(visit, estimate_visit(visit))).data)


@extend_schema(
    parameters=[OpenApiParameter(name, str, required=name in NEEDED) for name in BOOKING],
    responses=BookingEstimateSerializer,
)
@api_view(["GET"])
def booking(request: Request) -> Response:
    """What a visit would cost that is only being booked; nothing is written."""
    place = Location.objects.filter(is_active=True).order_by("name", "id").first()
    found = of_booking(request.query_params.dict(), place) if place is not None else None
    if found is None:
        raise BadInput("Give a patient, an appointment type and a day of this clinic.", code="bad_booking")
    audit.record("coverage.read", "patient", found.visit.patient.public_id, page="booking")
    answer = {
        **shape(found.visit, found.found),
        "profile": found.visit.profile.public_id,
        "chip": found.chip,
        "warnings": list(found.warnings),
        "eligibility": [
            {"policy": card.policy.public_id, "level": card.level, "words": card.words}
            for card in found.cards
        ],
        "authorizations": [
            {"id": row.authorization.public_id, "level": row.level, "words": row.words}
            for row in found.authorizations
        ],
    }
    return Response(BookingEstimateSerializer(answer).data)


@extend_schema(request=None, responses={200: GoodFaithSerializer(many=True), 201: GoodFaithSerializer})
@api_view(["GET", "POST"])
def good_faith_list(request: Request, public_id: str) -> Response:
    """The good-faith estimates of a visit; POST makes one before it."""
    visit = _visit(public_id)
    if request.method == "GET":
        rows = GoodFaithEstimate.objects.filter(appointment=visit).order_by("-made_at", "-id")[:100]
        return Response(GoodFaithSerializer(rows, many=True).data)
    answer, is_new = once(
        request.headers.get("Idempotency-Key", ""),
        {"act": "good-faith", "visit": visit.public_id},
        lambda: {"estimate": good_faith.make(visit, at=timezone.now()).public_id},
    )
    row = GoodFaithEstimate.objects.get(public_id=answer["estimate"])
    return Response(GoodFaithSerializer(row).data, status=201 if is_new else 200)


@extend_schema(responses={(200, "application/pdf"): OpenApiTypes.BINARY})
@api_view(["GET"])
def pdf(request: Request, public_id: str) -> HttpResponse:
    """The PDF of one estimate."""
    django_request: HttpRequest = request._request  # noqa: SLF001 - DRF's documented door to the request
    return good_faith_pdf(django_request, public_id)


def shape(visit: Appointment, found: VisitEstimate) -> dict[str, Any]:
    """An estimate as the API names it."""
    names = ("allowed", "insured", "self_pay", "old_balance", "today", "total", "is_known", "steps")
    return {
        "visit": visit.public_id if visit.pk != UNSAVED else "",
        **{name: getattr(found.estimate, name) for name in names},
        "source": found.source,
        "services_from": found.lines_from,
    }


def _visit(public_id: str) -> Appointment:
    return get_object_or_404(Appointment.objects.select_related(*VISIT_WITH), public_id=public_id)


urlpatterns = [
    path("estimates/booking/", booking, name="booking-estimate"),
    path("visits/<str:public_id>/estimate/", estimate, name="estimate"),
    path("visits/<str:public_id>/good-faith-estimates/", good_faith_list, name="good-faith"),
    path("good-faith-estimates/<str:public_id>/pdf/", pdf, name="good-faith-pdf"),
]
