"""/api/v1/: services, appointment types, appointments and what is done to visits. Only public ids."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from appointments import booking, catalogue, coding, visits
from appointments.booking import CANCELS
from appointments.drift import drifting
from appointments.drift_views import runs_asked
from appointments.models import Appointment, AppointmentType, Service
from appointments.views import do_act
from appointments.visits import LineData
from clinics import audit
from clinics.models import Clinician, Location
from clinics.settings import value_of
from insurance.models import InsuranceProfile
from patients.here import location_here, today_here
from patients.models import Patient
from work.idempotency import once


class ServiceSerializer(serializers.ModelSerializer):
    """What can be done; ``price`` with ``price_from`` sets a default price."""

    id = serializers.CharField(source="public_id", read_only=True)
    price = serializers.DecimalField(
        max_digits=12, decimal_places=2, required=False, write_only=True, min_value=0
    )
    price_from = serializers.DateField(required=False, write_only=True)

    class Meta:
        model = Service
        fields = [
            "id", "code", "name", "kind", "bill_patient_directly", "interval_minutes", "rounding", "min_units",
            "is_active", "price", "price_from",
        ]  # fmt: skip


class TypeSerializer(serializers.ModelSerializer):
    """A kind of visit."""

    id = serializers.CharField(source="public_id", read_only=True)

    class Meta:
        model = AppointmentType
        fields = ["id", "name", "minutes", "is_active"]


class LineSerializer(serializers.Serializer):
    """One line of a visit; ``id`` keeps a line that is there."""

    id = serializers.CharField(source="public_id", required=False, allow_blank=True, max_length=16)
    service = serializers.SlugRelatedField(slug_field="public_id", queryset=Service.objects)
    code = serializers.CharField(source="service.code", read_only=True)
    modifiers = serializers.ListField(child=serializers.CharField(max_length=2), required=False, default=list)
    units = serializers.DecimalField(max_digits=8, decimal_places=3, required=False, allow_null=True)
    pointers = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=12), required=False
    )
    origin = serializers.CharField(read_only=True)
    is_confirmed = serializers.BooleanField(required=False, default=True)


class AppointmentSerializer(serializers.ModelSerializer):
    """A visit with its lines, diagnoses and dates."""

    id = serializers.CharField(source="public_id", read_only=True)
    patient = serializers.CharField(source="patient.public_id", read_only=True)
    location = serializers.CharField(source="location.public_id", read_only=True)
    clinician = serializers.CharField(source="clinician.public_id", read_only=True)
    appointment_type = serializers.CharField(source="appointment_type.public_id", read_only=True)
    profile = serializers.CharField(source="profile.public_id", read_only=True)
    status = serializers.CharField(source="status.name", read_only=True, default=None, allow_null=True)
    lines = LineSerializer(many=True, read_only=True)

    class Meta:
        model = Appointment
        fields = [
            "id", "patient", "location", "clinician", "appointment_type", "profile", "starts_at", "service_date",
            "minutes", "state", "status", "self_pay_request", "series", "note",
            "onset_on", "initial_treatment_on", "last_menstrual_on", "accident_on",
            "accident_kind", "accident_state", "diagnoses", "place_of_service", "authorization_number", "salt_from",
            "checked_out_at", "lines",
        ]  # fmt: skip


class BookingSerializer(serializers.Serializer):
    """A booking; without ``profile`` the date of service chooses it."""

    patient = serializers.SlugRelatedField(slug_field="public_id", queryset=Patient.objects)
    location = serializers.SlugRelatedField(slug_field="public_id", queryset=Location.objects)
    clinician = serializers.SlugRelatedField(slug_field="public_id", queryset=Clinician.objects)
    appointment_type = serializers.SlugRelatedField(slug_field="public_id", queryset=AppointmentType.objects)
    starts_at = serializers.DateTimeField()
    minutes = serializers.IntegerField(required=False, min_value=1, max_value=1440, allow_null=True)
    profile = serializers.SlugRelatedField(
        slug_field="public_id", queryset=InsuranceProfile.objects, required=False, allow_null=True
    )
    note = serializers.CharField(required=False, allow_blank=True, max_length=200)
    walk_in = serializers.BooleanField(required=False, default=False)
    repeat_weeks = serializers.IntegerField(required=False, min_value=1, max_value=12, default=1)
    repeat_times = serializers.IntegerField(
        required=False, min_value=2, max_value=52, allow_null=True, default=None
    )


class BookedSerializer(serializers.Serializer):
    """A booked visit and the chip of its profile."""

    appointment = AppointmentSerializer()
    chip = serializers.CharField(allow_blank=True)


class MoveSerializer(serializers.Serializer):
    """Another time for a scheduled visit. ``profile`` is needed over a boundary of coverage (coverage_boundary)."""

    starts_at = serializers.DateTimeField()
    minutes = serializers.IntegerField(required=False, min_value=1, max_value=1440, allow_null=True)
    profile = serializers.SlugRelatedField(
        slug_field="public_id", queryset=InsuranceProfile.objects, required=False, allow_null=True
    )


class VisitActSerializer(serializers.Serializer):
    """A move of a visit: arrive, start, complete, reopen, undo_arrival, salt, confirm, self_pay, bill_insurer,
    cancel_series, restore, status, or how it ended.

    ``status`` names one of the clinic's statuses of that state; needed where it has several.
    """

    act = serializers.CharField(max_length=30)
    status = serializers.CharField(required=False, allow_blank=True, default="", max_length=40)
    reason = serializers.CharField(required=False, allow_blank=True, default="", max_length=300)


class LineItemsSerializer(serializers.Serializer):
    """The Line Items tab as a whole: it replaces what is there."""

    lines = LineSerializer(many=True)
    diagnoses = serializers.ListField(child=serializers.CharField(max_length=9))
    labels = serializers.DictField(child=serializers.CharField(max_length=120), required=False)


class TreatmentSerializer(serializers.Serializer):
    """The Treatment tab; what is not given stays."""

    onset_on = serializers.DateField(required=False, allow_null=True)
    initial_treatment_on = serializers.DateField(required=False, allow_null=True)
    last_menstrual_on = serializers.DateField(required=False, allow_null=True)
    accident_on = serializers.DateField(required=False, allow_null=True)
    accident_kind = serializers.ChoiceField(choices=visits.ACCIDENT_KINDS, required=False, allow_blank=True)
    accident_state = serializers.CharField(required=False, allow_blank=True, max_length=2)
    place_of_service = serializers.CharField(required=False, allow_blank=True, max_length=2)
    authorization_number = serializers.CharField(required=False, allow_blank=True, max_length=30)
    minutes = serializers.IntegerField(required=False, min_value=1, max_value=1440)
    note = serializers.CharField(required=False, allow_blank=True, max_length=200)


@extend_schema(methods=["GET"], responses=ServiceSerializer(many=True), operation_id="services_list")
@extend_schema(methods=["POST"], request=ServiceSerializer, responses={201: ServiceSerializer})
@api_view(["GET", "POST"])
def services(request: Request) -> Response:
    """The services; POST adds one."""
    if request.method == "GET":
        return Response(ServiceSerializer(Service.objects.order_by("code"), many=True).data)
    return Response(ServiceSerializer(_save_service(request, None)).data, status=status.HTTP_201_CREATED)


@extend_schema(methods=["GET"], responses=ServiceSerializer, operation_id="services_read")
@extend_schema(methods=["PATCH"], request=ServiceSerializer(partial=True), responses=ServiceSerializer)
@api_view(["GET", "PATCH"])
def service(request: Request, public_id: str) -> Response:
    """One service; PATCH changes it or its price."""
    row = get_object_or_404(Service.objects, public_id=public_id)
    if request.method == "PATCH":
        row = _save_service(request, row)
    return Response(ServiceSerializer(row).data)


@extend_schema(methods=["GET"], responses=TypeSerializer(many=True), operation_id="appointment_types_list")
@extend_schema(methods=["POST"], request=TypeSerializer, responses={201: TypeSerializer})
@api_view(["GET", "POST"])
def types(request: Request) -> Response:
    """The appointment types; POST adds one."""
    if request.method == "GET":
        return Response(TypeSerializer(AppointmentType.objects.order_by("name"), many=True).data)
    data = _valid(TypeSerializer(data=request.data))
    row = catalogue.save_type(data["name"], data.get("minutes", 30), is_active=data.get("is_active", True))
    return Response(TypeSerializer(row).data, status=status.HTTP_201_CREATED)


@extend_schema(
    methods=["GET"],
    responses=AppointmentSerializer(many=True),
    parameters=[OpenApiParameter("day", str), OpenApiParameter("location", str)],
    operation_id="appointments_list",
)
@extend_schema(methods=["POST"], request=BookingSerializer, responses={201: BookedSerializer})
@api_view(["GET", "POST"])
def appointments(request: Request) -> Response:
    """The visits of a day at a location; POST books one."""
    if request.method == "GET":
        day = serializers.DateField().to_internal_value(
            request.query_params.get("day") or today_here(request).isoformat()
        )
        wanted = request.query_params.get("location", "")
        here = get_object_or_404(Location.objects, public_id=wanted) if wanted else location_here(request)
        rows = _rows().filter(location=here, service_date=day).order_by("starts_at", "id")
        return Response(AppointmentSerializer(rows, many=True).data)
    data = _valid(BookingSerializer(data=request.data))
    patient = data.pop("patient")

    def act() -> dict[str, Any]:
        weeks, times = data["repeat_weeks"], data["repeat_times"]
        fields = {name: value for name, value in data.items() if not name.startswith("repeat_")}
        booked = booking.book(patient, at=timezone.now(), **fields)
        if times:
            booking.repeat(booked.appointment, every_weeks=weeks, times=times, at=timezone.now())
        return {"id": booked.appointment.public_id, "chip": booked.chip}

    key = request.headers.get("Idempotency-Key", "")
    answer, is_new = once(key, {"act": "book", "data": request.data}, act)
    shown = {"appointment": _rows().get(public_id=answer["id"]), "chip": answer["chip"]}
    return Response(BookedSerializer(shown).data, status=201 if is_new else 200)


@extend_schema(responses=AppointmentSerializer)
@api_view(["GET"])
def appointment(request: Request, public_id: str) -> Response:
    """One visit."""
    row = get_object_or_404(_rows(), public_id=public_id)
    audit.record("visit.read", "appointment", row.public_id, patient=row.patient.public_id)
    return Response(AppointmentSerializer(row).data)


@extend_schema(request=VisitActSerializer, responses=AppointmentSerializer)
@api_view(["POST"])
def act(request: Request, public_id: str) -> Response:
    """Move a visit on, copy last time's codes, confirm them, or cancel."""
    data = _valid(VisitActSerializer(data=request.data))
    name = data["act"]
    if name == "salt":
        visits.same_as_last_time(public_id)
    elif name == "confirm":
        visits.confirm_lines(public_id)
    elif name == "status":
        booking.give_status(get_object_or_404(Appointment, public_id=public_id), data["status"])
    elif name in ("self_pay", "bill_insurer"):
        visits.ask_self_pay(public_id, name == "self_pay")
    elif name in {state.value for state in CANCELS}:
        row = get_object_or_404(_rows(), public_id=public_id)
        booking.cancel(row, name, status=data["status"], reason=data["reason"], at=timezone.now())
    elif name == "cancel_series":
        booking.cancel_series(get_object_or_404(_rows(), public_id=public_id), reason=data["reason"])
    elif name == "restore":
        booking.take_back_cancel(get_object_or_404(_rows(), public_id=public_id), at=timezone.now())
    else:
        do_act(public_id, name)
    return _shown(public_id)


@extend_schema(request=MoveSerializer, responses=BookedSerializer)
@api_view(["POST"])
def move(request: Request, public_id: str) -> Response:
    """Move a scheduled visit to another time."""
    data = _valid(MoveSerializer(data=request.data))
    moved = booking.move(get_object_or_404(_rows(), public_id=public_id), at=timezone.now(), **data)
    return Response(
        BookedSerializer({"appointment": _rows().get(public_id=public_id), "chip": moved.chip}).data
    )


@extend_schema(request=LineItemsSerializer, responses=AppointmentSerializer)
@api_view(["PUT"])
def line_items(request: Request, public_id: str) -> Response:
    """Replace the Line Items tab."""
    data = _valid(LineItemsSerializer(data=request.data))
    codes, findings = coding.read_diagnoses(" ".join(data["diagnoses"]))
    lines = []
    for number, row in enumerate(data["lines"], start=1):
        modifiers, trouble = coding.read_modifiers(" ".join(row["modifiers"]), f"lines.{number}.modifiers")
        findings += trouble
        if row.get("units") is not None and row["units"] <= 0:
            findings += coding.read_units(str(row["units"]), f"lines.{number}.units")[1]
        pointers = row.get("pointers") or list(range(1, min(len(codes), coding.MAX_POINTERS) + 1))
        lines.append(
            LineData(
                row["service"], tuple(modifiers), row.get("units"), tuple(pointers), row.get("public_id", ""),
                row["is_confirmed"],
            )
        )  # fmt: skip
    visits.refuse(findings)
    labels = {key.replace(".", "").upper(): words for key, words in data.get("labels", {}).items()}
    visits.set_line_items(public_id, lines, codes, labels)
    return _shown(public_id)


@extend_schema(request=TreatmentSerializer, responses=AppointmentSerializer)
@api_view(["PATCH"])
def treatment(request: Request, public_id: str) -> Response:
    """Change the Treatment tab."""
    visits.set_treatment(public_id, _valid(TreatmentSerializer(data=request.data, partial=True)))
    return _shown(public_id)


class DriftSerializer(serializers.Serializer):
    """The last visits of one patient and type, all the same; ``copied`` of them came by SALT."""

    patient = serializers.CharField(source="last.patient.public_id")
    visit = serializers.CharField(source="last.public_id")
    appointment_type = serializers.CharField(source="last.appointment_type.public_id")
    clinician = serializers.CharField(source="last.clinician.public_id")
    times = serializers.IntegerField()
    since = serializers.DateField()
    until = serializers.DateField(source="last.service_date")
    copied = serializers.IntegerField()
    codes = serializers.CharField(source="words")


@extend_schema(
    responses=DriftSerializer(many=True),
    parameters=[OpenApiParameter("runs", int), OpenApiParameter("clinician", str)],
)
@api_view(["GET"])
def salt_drift(request: Request) -> Response:
    """Patients whose last visits of one type carry the same codes ``?runs=`` times running or more."""
    usual = int(value_of("salt_drift_runs", location_here(request)))
    runs = runs_asked(request.query_params.get("runs", ""), usual)
    rows = drifting(today=today_here(request), runs=runs, clinician=request.query_params.get("clinician", ""))
    audit.record("drift.read", "report", rows=len(rows))
    return Response(DriftSerializer(rows, many=True).data)


def _save_service(request: Request, row: Service | None) -> Service:
    data = _valid(ServiceSerializer(row, data=request.data, partial=row is not None))
    price, since = data.pop("price", None), data.pop("price_from", None)
    saved = catalogue.save_service(data, row)
    if price is not None:
        catalogue.set_price(saved, price, since or today_here(request))
    return saved


def _valid(given: Any) -> dict[str, Any]:
    given.is_valid(raise_exception=True)
    return dict(given.validated_data)


def _rows() -> Any:
    rows = Appointment.objects.select_related(
        "patient", "location", "clinician", "appointment_type", "profile", "status"
    )
    return rows.prefetch_related("lines__service")


def _shown(public_id: str) -> Response:
    return Response(AppointmentSerializer(_rows().get(public_id=public_id)).data)


app_name = "appointments-api"
urlpatterns = [
    path("services/", services, name="services"),
    path("services/<str:public_id>/", service, name="service"),
    path("appointment-types/", types, name="types"),
    path("salt-drift/", salt_drift, name="salt-drift"),
    path("appointments/", appointments, name="appointments"),
    path("appointments/<str:public_id>/", appointment, name="appointment"),
    path("appointments/<str:public_id>/act/", act, name="act"),
    path("appointments/<str:public_id>/move/", move, name="move"),
    path("appointments/<str:public_id>/line-items/", line_items, name="line-items"),
    path("appointments/<str:public_id>/treatment/", treatment, name="treatment"),
]
