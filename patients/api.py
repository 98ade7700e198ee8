"""/api/v1/patients/: list, search, register, read and change. Only public ids."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from clinics import audit
from clinics.models import ReferringProvider
from patients import import_api, queries, registration
from patients.enums import Sex
from patients.here import today_here
from patients.models import Guarantor, Patient
from patients.requirements import missing_to_bill, missing_to_book
from work.idempotency import once


class GuarantorSerializer(serializers.ModelSerializer):
    """Who pays what the insurers leave."""

    id = serializers.CharField(source="public_id", read_only=True)

    class Meta:
        model = Guarantor
        fields = [
            "id",
            "first_name",
            "last_name",
            "phone",
            "email",
            "street",
            "street2",
            "city",
            "state",
            "zip_code",
        ]


class PatientSerializer(serializers.Serializer):
    """A patient. ``ssn`` is written whole and read as its last four digits."""

    id = serializers.CharField(source="public_id", read_only=True)
    chart_number = serializers.CharField(max_length=20, required=False)
    first_name = serializers.CharField(max_length=35)
    middle_name = serializers.CharField(max_length=25, required=False, allow_blank=True)
    last_name = serializers.CharField(max_length=60)
    suffix = serializers.CharField(max_length=10, required=False, allow_blank=True)
    birth_date = serializers.DateField(required=False, allow_null=True)
    death_date = serializers.DateField(required=False, allow_null=True)
    sex = serializers.ChoiceField(choices=Sex.choices, required=False, allow_blank=True)
    phone = serializers.CharField(max_length=20, required=False, allow_blank=True)
    email = serializers.CharField(max_length=254, required=False, allow_blank=True)
    reason = serializers.CharField(max_length=120, required=False, allow_blank=True)
    street = serializers.CharField(max_length=55, required=False, allow_blank=True)
    street2 = serializers.CharField(max_length=55, required=False, allow_blank=True)
    city = serializers.CharField(max_length=30, required=False, allow_blank=True)
    state = serializers.CharField(max_length=2, required=False, allow_blank=True)
    zip_code = serializers.CharField(max_length=10, required=False, allow_blank=True)
    ssn = serializers.CharField(max_length=11, required=False, allow_blank=True)
    signature_on_file = serializers.BooleanField(required=False)
    assigns_benefits = serializers.BooleanField(required=False)
    is_confidential = serializers.BooleanField(required=False)
    mail_street = serializers.CharField(max_length=55, required=False, allow_blank=True)
    mail_street2 = serializers.CharField(max_length=55, required=False, allow_blank=True)
    mail_city = serializers.CharField(max_length=30, required=False, allow_blank=True)
    mail_state = serializers.CharField(max_length=2, required=False, allow_blank=True)
    mail_zip_code = serializers.CharField(max_length=10, required=False, allow_blank=True)
    guarantor = GuarantorSerializer(required=False, allow_null=True)
    referring_provider = serializers.SlugRelatedField(
        slug_field="public_id", queryset=ReferringProvider.objects, required=False, allow_null=True
    )

    def to_representation(self, instance: Patient) -> dict[str, Any]:
        """With the SSN masked and what is still missing."""
        shown = super().to_representation(instance)
        shown["ssn"] = instance.ssn_masked
        for name, items in (
            ("missing_to_book", missing_to_book(instance)),
            ("missing_to_bill", missing_to_bill(instance)),
        ):
            shown[name] = [{"field": item.field, "words": item.words, "owner": item.owner} for item in items]
        return shown


class PatientWriteSerializer(PatientSerializer):
    """What POST takes beyond the patient: yes, register although somebody similar is there."""

    allow_duplicate = serializers.BooleanField(required=False, default=False)


class SearchSerializer(serializers.Serializer):
    """A search is a POST so that names never stand in addresses and logs."""

    q = serializers.CharField(max_length=80, allow_blank=True, default="")
    after = serializers.CharField(max_length=16, required=False, allow_blank=True, default="")


class PatientPageSerializer(serializers.Serializer):
    """One page of patients; ``next`` goes into ``after``."""

    results = PatientSerializer(many=True)
    next = serializers.CharField(allow_blank=True)


@extend_schema(methods=["GET"], responses=PatientPageSerializer, operation_id="patients_list")
@extend_schema(methods=["POST"], request=PatientWriteSerializer, responses={201: PatientSerializer})
@api_view(["GET", "POST"])
def patients(request: Request) -> Response:
    """The patients by name, a page at a time; POST registers one."""
    if request.method == "GET":
        return Response(_page("", request.query_params.get("after", "")))
    given = PatientWriteSerializer(data=request.data)
    given.is_valid(raise_exception=True)
    data = flat(given.validated_data)
    allow = data.pop("allow_duplicate", False)
    today = today_here(request)

    def act() -> dict[str, Any]:
        return {"id": registration.register(data, today=today, allow_duplicate=allow).public_id}

    answer, is_new = once(request.headers.get("Idempotency-Key", ""), {"act": "register", **data}, act)
    patient = Patient.objects.select_related("guarantor", "referring_provider").get(public_id=answer["id"])
    code = status.HTTP_201_CREATED if is_new else status.HTTP_200_OK
    return Response(PatientSerializer(patient).data, status=code)


@extend_schema(request=SearchSerializer, responses=PatientPageSerializer)
@api_view(["POST"])
def search(request: Request) -> Response:
    """Patients by name prefix, chart number, date of birth or telephone."""
    given = SearchSerializer(data=request.data)
    given.is_valid(raise_exception=True)
    return Response(_page(given.validated_data["q"], given.validated_data["after"]))


@extend_schema(methods=["GET"], responses=PatientSerializer, operation_id="patients_read")
@extend_schema(methods=["PATCH"], request=PatientSerializer(partial=True), responses=PatientSerializer)
@api_view(["GET", "PATCH"])
def patient(request: Request, public_id: str) -> Response:
    """One patient; PATCH changes what is given."""
    row = get_object_or_404(
        Patient.objects.select_related("guarantor", "referring_provider"), public_id=public_id
    )
    if request.method == "PATCH":
        given = PatientSerializer(data=request.data, partial=True)
        given.is_valid(raise_exception=True)
        row = registration.change(row, flat(given.validated_data), today=today_here(request))
    else:
        audit.record("patient.read", "patient", row.public_id)
    return Response(PatientSerializer(row).data)


def flat(data: dict[str, Any]) -> dict[str, Any]:
    """The nested guarantor as ``guarantor_…`` fields, as registration takes them."""
    values = dict(data)
    guarantor = values.pop("guarantor", None)
    if guarantor:
        values |= {f"guarantor_{name}": value for name, value in guarantor.items()}
    return values


def _page(typed: str, after: str) -> dict[str, Any]:
    rows, following = queries.page(typed, after=after)
    return {"results": PatientSerializer(rows, many=True).data, "next": following}


app_name = "patients-api"
urlpatterns = [
    path("patients/", patients, name="patients"),
    path("patients/search/", search, name="search"),
    path("patients/imports/", import_api.imports, name="imports"),
    path("patients/imports/<str:public_id>/", import_api.one_import, name="import"),
    path("patients/<str:public_id>/", patient, name="patient"),
]
