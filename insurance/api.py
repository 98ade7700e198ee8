"""/api/v1/: payers, policies (cards), profiles. Only public ids."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from clinics import audit
from clinics.errors import BadInput
from insurance import asking_api, payer_api, policies, profile_edits
from insurance import payers as payer_work
from insurance.models import EligibilityCheck, InsuranceProfile, Payer, Plan, Policy
from insurance.profile_edits import LayerSpec
from insurance.profiles import ensure_self_pay, holding_area, of_patient
from insurance.views import act_on
from patients.here import today_here
from patients.models import Patient
from work.idempotency import once

FIGURES = ("copay", "coinsurance", "deductible_left", "out_of_pocket_left")


class PlanSerializer(serializers.ModelSerializer):
    """A payer's plan with its usual copays."""

    id = serializers.CharField(source="public_id", read_only=True)
    copay_individual = serializers.DecimalField(
        max_digits=12, decimal_places=2, allow_null=True, required=False
    )
    copay_group = serializers.DecimalField(max_digits=12, decimal_places=2, allow_null=True, required=False)

    requires = serializers.ListField(child=serializers.CharField(max_length=40), required=False)

    class Meta:
        model = Plan
        fields = ["id", "name", "copay_individual", "copay_group", "requires"]


class PayerSerializer(serializers.ModelSerializer):
    """An insurer as this clinic bills it."""

    id = serializers.CharField(source="public_id", read_only=True)
    plans = PlanSerializer(many=True, read_only=True)
    requires = serializers.ListField(child=serializers.CharField(max_length=40), required=False)

    class Meta:
        model = Payer
        fields = [
            "id", "name", "payer_id", "claim_format", "filing_indicator", "remit_payer_id", "filing_days",
            "corrected_days", "appeal_days", "guidelines",
            "accepts_frequency_7_8", "report_zero_share", "tell_patient_paid", "collect_primary_copay",
            "crossover_days", "requires", "is_active", "street", "street2", "city", "state", "zip_code", "plans",
        ]  # fmt: skip


def figure(most: str | None = None) -> serializers.DecimalField:
    """What the plan leaves to the patient, in dollars or percent; written into ``benefits``."""
    return serializers.DecimalField(
        max_digits=12, decimal_places=2, min_value=0, max_value=Decimal(most) if most else None,
        required=False, allow_null=True, write_only=True,
    )  # fmt: skip


class EligibilitySerializer(serializers.ModelSerializer):
    """What a payer said about a card by telephone: who said so, their reference, the figures."""

    id = serializers.CharField(source="public_id", read_only=True)
    copay = figure()
    coinsurance = figure("100")
    deductible_left = figure()
    out_of_pocket_left = figure()

    class Meta:
        model = EligibilityCheck
        fields = [
            "id",
            "checked_on",
            "is_active",
            "source",
            "note",
            "told_by",
            "reference",
            "benefits",
            *FIGURES,
        ]
        read_only_fields = ["source", "benefits"]


class PolicySerializer(serializers.ModelSerializer):
    """A card."""

    id = serializers.CharField(source="public_id", read_only=True)
    payer = serializers.SlugRelatedField(slug_field="public_id", queryset=Payer.objects)
    plan = serializers.SlugRelatedField(
        slug_field="public_id", queryset=Plan.objects, required=False, allow_null=True
    )
    payer_name = serializers.CharField(source="payer.name", read_only=True)
    payer_id = serializers.CharField(source="payer.payer_id", read_only=True)
    copay_individual = serializers.DecimalField(
        max_digits=12, decimal_places=2, allow_null=True, required=False
    )
    copay_group = serializers.DecimalField(max_digits=12, decimal_places=2, allow_null=True, required=False)
    warnings = serializers.SerializerMethodField()

    def get_warnings(self, policy: Policy) -> list[str]:
        """What is odd about it and wants a look."""
        return [finding.message for finding in policies.warnings_of(policy, timezone.localdate())]

    class Meta:
        model = Policy
        fields = [
            "id", "payer", "payer_name", "payer_id", "plan", "member_id", "group_number", "group_name", "relationship",
            "holder_first_name", "holder_last_name", "holder_birth_date", "holder_sex", "effective_on", "expires_on",
            "copay_individual", "copay_group", "medicare_second", "warnings",
        ]  # fmt: skip


class LayerSerializer(serializers.Serializer):
    """A card's place on a profile."""

    policy = serializers.SlugRelatedField(slug_field="public_id", queryset=Policy.objects)
    position = serializers.IntegerField(required=False, min_value=1, max_value=3)
    effective_on = serializers.DateField(required=False, allow_null=True)
    expires_on = serializers.DateField(required=False, allow_null=True)
    verified = serializers.CharField(required=False, allow_blank=True, write_only=True, max_length=200)


class ProfileSerializer(serializers.ModelSerializer):
    """A profile with its layers in order of responsibility."""

    id = serializers.CharField(source="public_id", read_only=True)
    name = serializers.CharField(max_length=60)
    layers = LayerSerializer(many=True)
    make_default = serializers.BooleanField(required=False, default=True, write_only=True)
    # "From Existing": cards of this profile that are still good from effective_on on stay in their places;
    # ``layers`` names those that change, by position. The old profile ends the day before (end_source).
    source = serializers.SlugRelatedField(  # type: ignore[assignment]
        slug_field="public_id",
        queryset=InsuranceProfile.objects,
        required=False,
        allow_null=True,
        write_only=True,
    )
    end_source = serializers.BooleanField(required=False, default=True, write_only=True)
    # The Default that was looked at: where another desk made another one since, default_changed is answered.
    seen = serializers.CharField(required=False, allow_blank=True, default="", write_only=True, max_length=16)

    class Meta:
        model = InsuranceProfile
        fields = [
            "id", "name", "kind", "status", "effective_on", "expires_on", "accident_on", "accident_state",
            "accident_claim_number", "employer", "layers", "make_default", "source", "end_source",
            "seen",
        ]  # fmt: skip
        read_only_fields = ["status"]


class ProfileActSerializer(serializers.Serializer):
    """An act on a profile: default, active, inactive, up, expire, delete."""

    act = serializers.ChoiceField(choices=["default", "active", "inactive", "up", "expire", "delete"])
    policy = serializers.CharField(required=False, default="", allow_blank=True)
    on = serializers.CharField(required=False, default="", allow_blank=True)
    whole = serializers.BooleanField(required=False, default=True)
    reason = serializers.CharField(required=False, default="", allow_blank=True, max_length=300)
    seen = serializers.CharField(required=False, default="", allow_blank=True, max_length=16)


class CoverageSerializer(serializers.Serializer):
    """All profiles of a patient and the cards on none."""

    profiles = ProfileSerializer(many=True)
    holding = PolicySerializer(many=True)


@extend_schema(methods=["GET"], responses=PayerSerializer(many=True), operation_id="payers_list")
@extend_schema(methods=["POST"], request=PayerSerializer, responses={201: PayerSerializer})
@api_view(["GET", "POST"])
def payers(request: Request) -> Response:
    """The insurers; POST adds one."""
    if request.method == "GET":
        rows = Payer.objects.prefetch_related("plans").order_by("name")
        return Response(PayerSerializer(rows, many=True).data)
    row = payer_work.save_payer(_valid(PayerSerializer(data=request.data)))
    return Response(PayerSerializer(row).data, status=status.HTTP_201_CREATED)


@extend_schema(methods=["GET"], responses=PayerSerializer, operation_id="payers_read")
@extend_schema(methods=["PATCH"], request=PayerSerializer(partial=True), responses=PayerSerializer)
@api_view(["GET", "PATCH"])
def payer(request: Request, payer_id: str) -> Response:
    """One insurer; PATCH changes what is given."""
    row = get_object_or_404(Payer.objects, public_id=payer_id)
    if request.method == "PATCH":
        row = payer_work.save_payer(_valid(PayerSerializer(data=request.data, partial=True)), row)
    return Response(PayerSerializer(row).data)


@extend_schema(request=PlanSerializer, responses={201: PlanSerializer})
@api_view(["POST"])
def plans(request: Request, payer_id: str) -> Response:
    """Add a plan to an insurer."""
    row = get_object_or_404(Payer.objects, public_id=payer_id)
    data = _valid(PlanSerializer(data=request.data))
    plan = payer_work.save_plan(
        row,
        data["name"],
        data.get("copay_individual"),
        data.get("copay_group"),
        requires=data.get("requires"),
    )
    return Response(PlanSerializer(plan).data, status=status.HTTP_201_CREATED)


@extend_schema(methods=["GET"], responses=PolicySerializer(many=True), operation_id="policies_list")
@extend_schema(methods=["POST"], request=PolicySerializer, responses={201: PolicySerializer})
@api_view(["GET", "POST"])
def patient_policies(request: Request, patient_id: str) -> Response:
    """A patient's cards; POST adds one (on no profile yet)."""
    patient = get_object_or_404(Patient.objects, public_id=patient_id)
    if request.method == "GET":
        audit.record("coverage.read", "patient", patient.public_id)
        rows = Policy.objects.filter(patient=patient).select_related("payer", "plan").order_by("-id")
        return Response(PolicySerializer(rows, many=True).data)
    data = _valid(PolicySerializer(data=request.data))
    today = today_here(request)
    answer, is_new = once(
        request.headers.get("Idempotency-Key", ""),
        {"act": "policy", "patient": patient_id, "data": request.data},
        lambda: {"id": policies.add_policy(patient, data, today=today).public_id},
    )
    return Response(
        PolicySerializer(Policy.objects.get(public_id=answer["id"])).data, status=201 if is_new else 200
    )


@extend_schema(methods=["GET"], responses=PolicySerializer, operation_id="policies_read")
@extend_schema(methods=["PATCH"], request=PolicySerializer(partial=True), responses=PolicySerializer)
@api_view(["GET", "PATCH"])
def policy(request: Request, policy_id: str) -> Response:
    """One card; PATCH corrects it."""
    row = get_object_or_404(Policy.objects.select_related("payer", "plan"), public_id=policy_id)
    if request.method == "PATCH":
        row = policies.change_policy(
            row, _valid(PolicySerializer(data=request.data, partial=True)), today=today_here(request)
        )
    return Response(PolicySerializer(row).data)


@extend_schema(request=EligibilitySerializer, responses={201: EligibilitySerializer})
@api_view(["POST"])
def eligibility(request: Request, policy_id: str) -> Response:
    """Write down what a payer said on the telephone."""
    row = get_object_or_404(Policy.objects, public_id=policy_id)
    data = _valid(EligibilitySerializer(data=request.data))
    check = policies.record_eligibility(
        row,
        on=data["checked_on"],
        is_active=data.get("is_active"),
        note=data.get("note", ""),
        told_by=data.get("told_by", ""),
        reference=data.get("reference", ""),
        figures={name: f"{data[name]:.2f}" for name in FIGURES if data.get(name) is not None},
        today=today_here(request),
    )
    return Response(EligibilitySerializer(check).data, status=status.HTTP_201_CREATED)


@extend_schema(methods=["GET"], responses=CoverageSerializer, operation_id="profiles_list")
@extend_schema(methods=["POST"], request=ProfileSerializer, responses={201: ProfileSerializer})
@api_view(["GET", "POST"])
def profiles(request: Request, patient_id: str) -> Response:
    """A patient's profiles and the cards on none; POST makes a profile with its layers in order."""
    patient = get_object_or_404(Patient.objects, public_id=patient_id)
    if request.method == "GET":
        ensure_self_pay(patient)
        audit.record("coverage.read", "patient", patient.public_id)
        shown = {"profiles": of_patient(patient), "holding": holding_area(patient)}
        return Response(CoverageSerializer(shown).data)
    data = _valid(ProfileSerializer(data=request.data))
    answer, is_new = once(
        request.headers.get("Idempotency-Key", ""),
        {"act": "profile", "patient": patient_id, "data": request.data},
        lambda: {"id": _make_profile(patient, data).public_id},
    )
    return Response(_profile(answer["id"]), status=201 if is_new else 200)


def _make_profile(patient: Patient, data: dict[str, Any]) -> InsuranceProfile:
    source, ends, rows = data.pop("source", None), data.pop("end_source", True), data.pop("layers")
    specs = [LayerSpec(row["policy"], row.get("effective_on"), row.get("expires_on")) for row in rows]
    if source is None:
        return profile_edits.create_profile(patient, layers=specs, **data)
    since = data.pop("effective_on", None)
    if source.patient_id != patient.pk or since is None:
        words = (
            "Give one of this patient's profiles as source, and the day from which the new one takes over."
        )
        raise BadInput(words, code="bad_source")
    changed = {
        row.get("position") or place: spec
        for place, (row, spec) in enumerate(zip(rows, specs, strict=True), 1)
    }
    return profile_edits.continue_profile(source, since, changed, end_source=ends, **data)


@extend_schema(responses=ProfileSerializer)
@api_view(["GET"])
def profile(request: Request, profile_id: str) -> Response:
    """One profile."""
    get_object_or_404(InsuranceProfile.objects, public_id=profile_id)
    return Response(_profile(profile_id))


@extend_schema(request=LayerSerializer, responses={201: ProfileSerializer})
@api_view(["POST"])
def layers(request: Request, profile_id: str) -> Response:
    """Add a card to a profile; one in use needs ``effective_on`` and, where visits are touched, ``verified``."""
    row = get_object_or_404(InsuranceProfile.objects, public_id=profile_id)
    data = _valid(LayerSerializer(data=request.data))
    profile_edits.add_layer(row, data.pop("policy"), **data)
    return Response(_profile(profile_id), status=status.HTTP_201_CREATED)


@extend_schema(request=ProfileActSerializer, responses=ProfileSerializer)
@api_view(["POST"])
def act(request: Request, profile_id: str) -> Response:
    """Default, active, inactive, up, expire, delete."""
    row = get_object_or_404(InsuranceProfile.objects.select_related("patient"), public_id=profile_id)
    data = _valid(ProfileActSerializer(data=request.data))
    said = act_on(row, data["act"], data)
    return Response({"said": said} if data["act"] == "delete" else _profile(profile_id))


def _valid(given: Any) -> dict[str, Any]:
    given.is_valid(raise_exception=True)
    return dict(given.validated_data)


def _profile(public_id: str) -> Any:
    return ProfileSerializer(InsuranceProfile.objects.get(public_id=public_id)).data


app_name = "insurance-api"
urlpatterns = [
    path("payers/", payers, name="payers"),
    *payer_api.urlpatterns,
    path("payers/<str:payer_id>/", payer, name="payer"),
    path("payers/<str:payer_id>/plans/", plans, name="plans"),
    path("patients/<str:patient_id>/policies/", patient_policies, name="policies"),
    path("policies/<str:policy_id>/", policy, name="policy"),
    path("policies/<str:policy_id>/eligibility/", eligibility, name="eligibility"),
    path("patients/<str:patient_id>/profiles/", profiles, name="profiles"),
    path("profiles/<str:profile_id>/", profile, name="profile"),
    path("profiles/<str:profile_id>/layers/", layers, name="layers"),
    path("profiles/<str:profile_id>/act/", act, name="act"),
    *asking_api.urlpatterns,
]
