"""/api/v1/: questions to payers, corrections, authorizations, enrollment. Only public ids; money as text."""

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

from clearinghouses.models import Connection
from insurance import authorizations, corrections, eligibility, enrollment
from insurance.authorizations import Standing, standings
from insurance.enums import EnrollmentKind, EnrollmentState
from insurance.models import Authorization, EligibilityCheck, EligibilityRequest, Payer, Policy
from patients.here import location_here, today_here
from patients.models import Patient
from work.idempotency import once

LIMIT = 200


class QuestionSerializer(serializers.ModelSerializer):
    """One question about a card."""

    id = serializers.CharField(source="public_id", read_only=True)
    policy = serializers.CharField(source="policy.public_id", read_only=True)

    class Meta:
        model = EligibilityRequest
        fields = [
            "id",
            "policy",
            "service_date",
            "service_type",
            "state",
            "detail",
            "asked_at",
            "answered_at",
        ]
        read_only_fields = fields


class AskSerializer(serializers.Serializer):
    """What is asked: a day (today when empty) and a kind of service (30, health benefit plan coverage)."""

    service_date = serializers.DateField(required=False)
    service_type = serializers.RegexField(r"^[A-Z0-9]{1,2}$", required=False, default="30")


class DaySerializer(serializers.Serializer):
    """A day of the schedule."""

    day = serializers.DateField()


class AnswerSerializer(serializers.ModelSerializer):
    """What a payer said, with its figures, rejects and corrections."""

    id = serializers.CharField(source="public_id", read_only=True)

    class Meta:
        model = EligibilityCheck
        fields = [
            "id", "checked_on", "service_date", "service_type", "is_active", "source", "told_by", "reference", "note",
            "benefits", "rejections", "corrections",
        ]  # fmt: skip
        read_only_fields = fields


class FieldSerializer(serializers.Serializer):
    """The field of a correction to take."""

    field = serializers.CharField(max_length=40)


class AuthorizationSerializer(serializers.ModelSerializer):
    """An authorization or referral with what is left of it."""

    id = serializers.CharField(source="public_id", read_only=True)
    policy = serializers.SlugRelatedField(slug_field="public_id", queryset=Policy.objects)
    procedure_codes = serializers.ListField(child=serializers.CharField(max_length=8), required=False)
    reserved = serializers.SerializerMethodField()
    consumed = serializers.SerializerMethodField()
    left = serializers.SerializerMethodField()
    level = serializers.SerializerMethodField()

    class Meta:
        model = Authorization
        fields = [
            "id", "policy", "kind", "number", "procedure_codes", "effective_on", "expires_on", "limit_kind", "limit",
            "note", "is_active", "reserved", "consumed", "left", "level",
        ]  # fmt: skip
        validators: list[Any] = []

    def _standing(self, row: Authorization) -> Standing:
        return self.context["standings"][row.pk]

    def get_reserved(self, row: Authorization) -> str:
        """Booked, as the limit counts."""
        return authorizations.plain(self._standing(row).used.reserved)

    def get_consumed(self, row: Authorization) -> str:
        """Checked out."""
        return authorizations.plain(self._standing(row).used.consumed)

    def get_left(self, row: Authorization) -> str:
        """What is left."""
        return authorizations.plain(self._standing(row).left)

    def get_level(self, row: Authorization) -> str:
        """fine, low, used_up, ended, not_begun."""
        return self._standing(row).level


class RenumberSerializer(serializers.Serializer):
    """A new number, and whether unsent claims follow."""

    number = serializers.CharField(max_length=30)
    update_claims = serializers.BooleanField(default=False)


class EnrollmentSerializer(serializers.Serializer):
    """Where one exchange with one payer over one connection stands."""

    payer = serializers.SlugRelatedField(slug_field="public_id", queryset=Payer.objects)
    connection = serializers.SlugRelatedField(slug_field="public_id", queryset=Connection.objects)
    kind = serializers.ChoiceField(choices=EnrollmentKind.choices)
    state = serializers.ChoiceField(choices=EnrollmentState.choices)
    since = serializers.DateField()
    note = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


@extend_schema(request=AskSerializer, responses={201: QuestionSerializer, 200: QuestionSerializer})
@api_view(["POST"])
def ask(request: Request, policy_id: str) -> Response:
    """Ask the payer about a card; a question that still waits is returned as it is."""
    policy = get_object_or_404(Policy.objects.select_related("payer", "patient"), public_id=policy_id)
    data = _valid(AskSerializer(data=request.data))
    today = today_here(request)
    before = timezone.now()
    row = eligibility.ask(
        policy,
        location_here(request).billing_provider,
        day=data.get("service_date") or today,
        today=today,
        at=before,
        service_type=data["service_type"],
    )
    return Response(QuestionSerializer(row).data, status=201 if row.asked_at == before else 200)


@extend_schema(responses=AnswerSerializer(many=True))
@api_view(["GET"])
def history(request: Request, policy_id: str) -> Response:
    """What the payer has said about a card, newest first."""
    policy = get_object_or_404(Policy.objects, public_id=policy_id)
    rows = policy.eligibility_checks.order_by("-checked_on", "-id")[:LIMIT]
    return Response(AnswerSerializer(rows, many=True).data)


@extend_schema(responses=QuestionSerializer(many=True))
@api_view(["GET"])
def questions(request: Request) -> Response:
    """The newest questions; ``state`` narrows."""
    rows = EligibilityRequest.objects.select_related("policy").order_by("-asked_at", "-id")
    if request.query_params.get("state"):
        rows = rows.filter(state=request.query_params["state"])
    return Response(QuestionSerializer(rows[:LIMIT], many=True).data)


@extend_schema(request=DaySerializer, responses={202: DaySerializer})
@api_view(["POST"])
def batch(request: Request) -> Response:
    """Ask about every card of a day's schedule; the job tells how far it is."""
    day = _valid(DaySerializer(data=request.data))["day"]
    answer, _ = once(
        request.headers.get("Idempotency-Key", ""),
        {"act": "ask-day", "day": day.isoformat()},
        lambda: {"job": eligibility.start_batch(day).public_id},
    )
    return Response({"day": day.isoformat(), **answer}, status=202)


@extend_schema(request=FieldSerializer, responses=AnswerSerializer)
@api_view(["POST"])
def take(request: Request, check_id: str) -> Response:
    """Take the payer's value of one field."""
    check = get_object_or_404(EligibilityCheck.objects.select_related("policy__patient"), public_id=check_id)
    corrections.apply(check, _valid(FieldSerializer(data=request.data))["field"], today=today_here(request))
    return Response(AnswerSerializer(check).data)


@extend_schema(
    request=AuthorizationSerializer,
    responses={200: AuthorizationSerializer(many=True), 201: AuthorizationSerializer},
)
@api_view(["GET", "POST"])
def authorization_list(request: Request) -> Response:
    """All authorizations (``patient`` narrows); POST adds one to a card."""
    if request.method == "POST":
        data = _valid(_serializer([], request, data=request.data))
        policy = data.pop("policy")
        answer, is_new = once(
            request.headers.get("Idempotency-Key", ""),
            {"act": "authorization", "data": request.data},
            lambda: {"id": authorizations.save(policy, data).public_id},
        )
        return Response(_shape(answer["id"], request), status=201 if is_new else 200)
    rows = Authorization.objects.select_related("policy").order_by("expires_on", "id")
    if request.query_params.get("patient"):
        rows = rows.filter(
            patient=get_object_or_404(Patient.objects, public_id=request.query_params["patient"])
        )
    listed = list(rows[:LIMIT])
    return Response(_serializer(listed, request, listed, many=True).data)


@extend_schema(request=AuthorizationSerializer, responses=AuthorizationSerializer)
@api_view(["GET", "PATCH"])
def authorization(request: Request, authorization_id: str) -> Response:
    """One; its number changes by ``renumber``."""
    row = get_object_or_404(
        Authorization.objects.select_related("policy__patient"), public_id=authorization_id
    )
    if request.method == "PATCH":
        data = _valid(_serializer([], request, data=request.data, partial=True))
        data.pop("policy", None)
        authorizations.save(row.policy, data, row)
    return Response(_shape(authorization_id, request))


@extend_schema(request=RenumberSerializer, responses=AuthorizationSerializer)
@api_view(["POST"])
def renumber(request: Request, authorization_id: str) -> Response:
    """Give it the payer's new number; unsent claims follow when asked."""
    row = get_object_or_404(
        Authorization.objects.select_related("policy__patient"), public_id=authorization_id
    )
    data = _valid(RenumberSerializer(data=request.data))
    authorizations.renumber(row, data["number"], update_claims=data["update_claims"])
    return Response(_shape(authorization_id, request))


@extend_schema(
    request=EnrollmentSerializer, responses={200: EnrollmentSerializer(many=True), 201: EnrollmentSerializer}
)
@api_view(["GET", "POST"])
def enrollments(request: Request) -> Response:
    """Where every payer stands over its connection (``missing`` where nothing was noted); POST notes one exchange."""
    if request.method == "POST":
        data = _valid(EnrollmentSerializer(data=request.data))
        since = data.pop("since")
        row = enrollment.save(**data, on=since, today=today_here(request))
        return Response(EnrollmentSerializer(row).data, status=201)
    rows = [
        {
            "payer": line.payer.public_id,
            "connection": line.connection.public_id if line.connection else None,
            "kind": cell.kind,
            "state": cell.state,
            "since": cell.row.since.isoformat() if cell.row else None,
            "note": cell.row.note if cell.row else "",
        }
        for line in enrollment.lines()
        for cell in line.cells
    ]
    return Response(rows)


def _serializer(rows: list[Authorization], request: Request, *args: Any, **kwargs: Any) -> Any:
    known = {item.authorization.pk: item for item in standings(rows, today_here(request))}
    return AuthorizationSerializer(*args, **kwargs, context={"standings": known})


def _shape(public_id: str, request: Request) -> Any:
    row = Authorization.objects.select_related("policy").get(public_id=public_id)
    return _serializer([row], request, row).data


def _valid(given: Any) -> dict[str, Any]:
    given.is_valid(raise_exception=True)
    return dict(given.validated_data)


urlpatterns = [
    path("policies/<str:policy_id>/ask/", ask, name="ask"),
    path("policies/<str:policy_id>/answers/", history, name="history"),
    path("eligibility/", questions, name="questions"),
    path("eligibility/batches/", batch, name="ask-day"),
    path("eligibility/answers/<str:check_id>/take/", take, name="take-correction"),
    path("authorizations/", authorization_list, name="authorizations"),
    path("authorizations/<str:authorization_id>/", authorization, name="authorization"),
    path("authorizations/<str:authorization_id>/renumber/", renumber, name="renumber"),
    path("enrollments/", enrollments, name="enrollments"),
]
