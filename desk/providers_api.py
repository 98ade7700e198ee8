"""/api/v1/: clinicians, locations and billing providers. Only public ids."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from clinics.models import BillingProvider, Clinician, Location
from desk import providers
from desk.providers import FIELDS, Row


class ClinicianSerializer(serializers.ModelSerializer[Clinician]):
    """Who treats; on claims the rendering provider."""

    id = serializers.CharField(source="public_id", read_only=True)

    class Meta:
        model = Clinician
        fields = ["id", *FIELDS[Clinician]]


class LocationSerializer(serializers.ModelSerializer[Location]):
    """Where patients are seen; ``billing_provider`` is the id of who bills for it."""

    id = serializers.CharField(source="public_id", read_only=True)
    billing_provider = serializers.SlugRelatedField(slug_field="public_id", queryset=BillingProvider.objects)  # type: ignore[var-annotated]

    class Meta:
        model = Location
        fields = ["id", *FIELDS[Location]]


class BillingProviderSerializer(serializers.ModelSerializer[BillingProvider]):
    """Who is paid."""

    id = serializers.CharField(source="public_id", read_only=True)
    tax_id = serializers.CharField(max_length=11)

    class Meta:
        model = BillingProvider
        fields = ["id", *FIELDS[BillingProvider]]


@extend_schema(methods=["GET"], responses=ClinicianSerializer(many=True), operation_id="clinicians_list")
@extend_schema(methods=["POST"], request=ClinicianSerializer, responses={201: ClinicianSerializer})
@api_view(["GET", "POST"])
def clinicians(request: Request) -> Response:
    """The clinicians; POST adds one."""
    return _many(request, ClinicianSerializer, Clinician, ("last_name", "first_name", "pk"))


@extend_schema(methods=["GET"], responses=ClinicianSerializer, operation_id="clinicians_read")
@extend_schema(methods=["PATCH"], request=ClinicianSerializer(partial=True), responses=ClinicianSerializer)
@api_view(["GET", "PATCH"])
def clinician(request: Request, public_id: str) -> Response:
    """One clinician; PATCH changes it, ``is_active`` false switches it off."""
    return _one(request, ClinicianSerializer, Clinician, public_id)


@extend_schema(methods=["GET"], responses=LocationSerializer(many=True), operation_id="locations_list")
@extend_schema(methods=["POST"], request=LocationSerializer, responses={201: LocationSerializer})
@api_view(["GET", "POST"])
def locations(request: Request) -> Response:
    """The locations; POST adds one."""
    return _many(request, LocationSerializer, Location, ("name", "pk"))


@extend_schema(methods=["GET"], responses=LocationSerializer, operation_id="locations_read")
@extend_schema(methods=["PATCH"], request=LocationSerializer(partial=True), responses=LocationSerializer)
@api_view(["GET", "PATCH"])
def location(request: Request, public_id: str) -> Response:
    """One location; PATCH changes it, ``is_active`` false switches it off."""
    return _one(request, LocationSerializer, Location, public_id)


@extend_schema(
    methods=["GET"], responses=BillingProviderSerializer(many=True), operation_id="billing_providers_list"
)
@extend_schema(
    methods=["POST"], request=BillingProviderSerializer, responses={201: BillingProviderSerializer}
)
@api_view(["GET", "POST"])
def billing_providers(request: Request) -> Response:
    """The billing providers; POST adds one."""
    return _many(request, BillingProviderSerializer, BillingProvider, ("name", "pk"))


@extend_schema(methods=["GET"], responses=BillingProviderSerializer, operation_id="billing_providers_read")
@extend_schema(
    methods=["PATCH"], request=BillingProviderSerializer(partial=True), responses=BillingProviderSerializer
)
@api_view(["GET", "PATCH"])
def billing_provider(request: Request, public_id: str) -> Response:
    """One billing provider; PATCH changes it."""
    return _one(request, BillingProviderSerializer, BillingProvider, public_id)


def _many(request: Request, shape: type[Any], kind: type[Row], order: tuple[str, ...]) -> Response:
    if request.method == "GET":
        rows: Any = kind.objects.order_by(*order)
        if kind is Location:
            rows = rows.select_related("billing_provider")
        return Response(shape(rows, many=True).data)
    given = shape(data=request.data)
    given.is_valid(raise_exception=True)
    return Response(shape(providers.save(kind, given.validated_data)).data, status=201)


def _one(request: Request, shape: type[Any], kind: type[Row], public_id: str) -> Response:
    row: Any = get_object_or_404(kind.objects, public_id=public_id)
    if request.method == "PATCH":
        given = shape(row, data=request.data, partial=True)
        given.is_valid(raise_exception=True)
        row = providers.save(kind, given.validated_data, row)
    return Response(shape(row).data)
