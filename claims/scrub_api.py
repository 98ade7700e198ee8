"""/api/v1/: code tables and claim rules, the same acts as the pages; and a claim's PDFs."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from claims import (
    code_loading,
    diagnosis_table,
    filing_views,
    paper,
    payer_rules,
    proof,
    rule_book,
    rule_trials,
)
from claims.batch_api import valid
from claims.claim_views import FULL, pdf_answer
from claims.code_table_views import UploadForm
from claims.errors import BadCodeFile, BadRule
from claims.models import Claim, ClaimRule, CodeTable, DiagnosisRelease
from claims.rule_tests import TESTS, read_value
from claims.rule_views import latest_trial
from clinics import audit
from insurance.models import Payer, Plan
from patients.here import today_here
from work.idempotency import once


class CodeTableSerializer(serializers.ModelSerializer[CodeTable]):
    """A loaded version of a list; ``wrong_rows`` names the first rows that could not be read."""

    id = serializers.CharField(source="public_id")
    done = serializers.IntegerField(source="job.done", default=0)
    total = serializers.IntegerField(source="job.total", default=0)

    class Meta:
        model = CodeTable
        fields = (
            "id", "kind", "state", "effective_on", "files", "row_count", "wrong_count", "wrong_rows", "differences",
            "created_at", "created_by", "decided_at", "decided_by", "done", "total",
        )  # fmt: skip
        read_only_fields = fields


class DiagnosisReleaseSerializer(serializers.ModelSerializer[DiagnosisRelease]):
    """A release of ICD-10-CM."""

    class Meta:
        model = DiagnosisRelease
        fields = ("starts_on", "name", "sha256", "codes", "billable", "loaded_at")


class CodeTablesSerializer(serializers.Serializer[Any]):
    """Everything claims are checked against; ``current`` is the release of today, null when none is loaded."""

    releases = DiagnosisReleaseSerializer(many=True)
    current = DiagnosisReleaseSerializer(allow_null=True)
    tables = CodeTableSerializer(many=True)


class CodeTableUploadSerializer(serializers.Serializer[Any]):
    """multipart/form-data: kind, effective_on, file, and more, third, fourth where a list has parts."""

    kind = serializers.ChoiceField(choices=CodeTable.Kind.choices)
    effective_on = serializers.DateField()
    file = serializers.FileField()


class CodeTableActSerializer(serializers.Serializer[Any]):
    """Switch a table on, or take it away."""

    act = serializers.ChoiceField(choices=["switch_on", "discard"])


class RuleConditionSerializer(serializers.Serializer[Any]):
    """One condition: the name of a test (see /claim-rules/tests/) and its value as text or a list."""

    test = serializers.CharField()
    value = serializers.JSONField(required=False)


class ClaimRuleSerializer(serializers.Serializer[Any]):
    """One version of a rule; everything but id, number, version, state, says and trial can be written."""

    id = serializers.CharField(source="public_id", read_only=True)
    number = serializers.IntegerField(read_only=True)
    version = serializers.IntegerField(read_only=True)
    state = serializers.CharField(read_only=True)
    name = serializers.CharField(max_length=80)
    severity = serializers.ChoiceField(choices=["error", "warning"])
    message = serializers.CharField(max_length=200)
    field = serializers.ChoiceField(choices=list(payer_rules.FIELDS), required=False, default="")
    payers = serializers.ListField(child=serializers.CharField(), required=False, default=list)
    plans = serializers.ListField(child=serializers.CharField(), required=False, default=list)
    conditions = RuleConditionSerializer(many=True, required=False, default=list)
    starts_on = serializers.DateField(required=False, allow_null=True, default=None)
    ends_on = serializers.DateField(required=False, allow_null=True, default=None)
    says = serializers.SerializerMethodField()
    trial = serializers.JSONField(read_only=True)

    def get_says(self, row: ClaimRule) -> list[str]:
        """Its conditions in words."""
        return payer_rules.say(rule_book.conditions_of(row))


class ClaimRuleActSerializer(serializers.Serializer[Any]):
    """try (on so many months), switch_on, switch_off."""

    act = serializers.ChoiceField(choices=["try", "switch_on", "switch_off"])
    months = serializers.IntegerField(required=False, default=6, min_value=1, max_value=36)


@extend_schema(methods=["GET"], responses=CodeTablesSerializer, operation_id="code_tables_list")
@extend_schema(methods=["POST"], request=CodeTableUploadSerializer, responses={202: CodeTableSerializer})
@api_view(["GET", "POST"])
def code_tables(request: Request) -> Response:
    """What is loaded; POST reads a new table in the background."""
    if request.method == "POST":
        sent: Any = request.data
        form = UploadForm(sent, request.FILES)
        if not form.is_valid():
            fields = {name: [str(error) for error in errors] for name, errors in form.errors.items()}
            raise BadCodeFile(next(iter(fields.values()))[0], fields=fields)
        data, files = form.cleaned_data, form.contents()
        asked = {"path": "code-tables", "kind": data["kind"], "day": str(data["effective_on"]),
                 "files": [name for name, _ in files]}  # fmt: skip
        answer, _ = once(
            _key(request),
            asked,
            lambda: {"id": code_loading.upload(data["kind"], data["effective_on"], files).public_id},
        )
        row = CodeTable.objects.select_related("job").get(public_id=answer["id"])
        return Response(CodeTableSerializer(row).data, status=status.HTTP_202_ACCEPTED)
    held = {
        "releases": DiagnosisRelease.objects.order_by("-starts_on"),
        "current": diagnosis_table.release_on(today_here(request)),
        "tables": CodeTable.objects.select_related("job").order_by("kind", "-effective_on", "-pk")[:100],
    }
    return Response(CodeTablesSerializer(held).data)


@extend_schema(responses=CodeTableSerializer, operation_id="code_tables_read")
@api_view(["GET"])
def code_table(request: Request, table_id: str) -> Response:
    """One table: how far its reading is, its counts, its wrong rows."""
    row = get_object_or_404(CodeTable.objects.select_related("job"), public_id=table_id)
    return Response(CodeTableSerializer(row).data)


@extend_schema(request=CodeTableActSerializer, responses=CodeTableSerializer)
@api_view(["POST"])
def code_table_act(request: Request, table_id: str) -> Response:
    """Check claims by it, or no longer."""
    data = valid(CodeTableActSerializer(data=request.data))
    row = get_object_or_404(CodeTable.objects, public_id=table_id)
    (code_loading.switch_on if data["act"] == "switch_on" else code_loading.discard)(row)
    row = CodeTable.objects.select_related("job").get(pk=row.pk)
    return Response(CodeTableSerializer(row).data)


@extend_schema(methods=["GET"], responses=ClaimRuleSerializer(many=True), operation_id="claim_rules_list")
@extend_schema(methods=["POST"], request=ClaimRuleSerializer, responses={201: ClaimRuleSerializer})
@api_view(["GET", "POST"])
def claim_rules(request: Request) -> Response:
    """Every rule by its version that counts; POST makes a draft."""
    if request.method == "POST":
        data = rule_data(request)
        answer, is_new = once(
            _key(request),
            {"path": "claim-rules", "name": data.name, "message": data.message},
            lambda: {"id": rule_book.save(data).public_id},
        )
        row = ClaimRule.objects.get(public_id=answer["id"])
        made = status.HTTP_201_CREATED if is_new else status.HTTP_200_OK
        return Response(ClaimRuleSerializer(row).data, status=made)
    rows = rule_book.newest(ClaimRule.objects.all())
    return Response(ClaimRuleSerializer(rows, many=True).data)


@extend_schema(methods=["GET"], responses=ClaimRuleSerializer, operation_id="claim_rules_read")
@extend_schema(methods=["PUT"], request=ClaimRuleSerializer, responses=ClaimRuleSerializer)
@api_view(["GET", "PUT"])
def claim_rule(request: Request, rule_id: str) -> Response:
    """One version; PUT changes a draft, or makes the next version of one that is on."""
    row = get_object_or_404(ClaimRule.objects, public_id=rule_id)
    if request.method == "PUT":
        row = rule_book.save(rule_data(request), row)
    return Response(ClaimRuleSerializer(row).data)


@extend_schema(request=ClaimRuleActSerializer, responses={200: dict})
@api_view(["POST"])
def claim_rule_act(request: Request, rule_id: str) -> Response:
    """Try it on past claims (a job), switch it on, switch it off."""
    data = valid(ClaimRuleActSerializer(data=request.data))
    row = get_object_or_404(ClaimRule.objects, public_id=rule_id)
    if data["act"] == "try":
        rule_trials.start(row, data["months"], today_here(request))
    elif data["act"] == "switch_on":
        rule_book.switch_on(row)
    else:
        rule_book.switch_off(row)
    row = ClaimRule.objects.get(pk=row.pk)
    job = latest_trial(row)
    told = None
    if job is not None:
        told = {
            "id": job.public_id,
            "state": job.state,
            "done": job.done,
            "total": job.total,
            "result": job.result,
        }
    return Response({"rule": ClaimRuleSerializer(row).data, "trial": told})


@extend_schema(responses={200: dict})
@api_view(["GET"])
def claim_rule_tests(request: Request) -> Response:
    """What a condition can ask: name, words, kind of value, choices; and the fields a finding may lead to."""
    tests = [
        {"test": name, "words": test.words, "group": test.group, "value": test.kind, "of_line": test.of_line,
         "choices": [key for key, _ in test.choices]}
        for name, test in TESTS.items()
    ]  # fmt: skip
    return Response({"tests": tests, "fields": payer_rules.FIELDS})


@extend_schema(responses={(200, "application/pdf"): OpenApiTypes.BINARY}, operation_id="claims_paper_form")
@api_view(["GET"])
def paper_form(request: Request, claim_id: str) -> HttpResponse:
    """The CMS-1500 as a PDF: on a drawn form; with ?print=data the data alone for the red one."""
    row = get_object_or_404(Claim.objects.select_related(*FULL), public_id=claim_id)
    drawn = request.query_params.get("print") != "data"
    audit.record("claim.print", "claim", claim_id, drawn=drawn)
    return pdf_answer(paper.form_of(row, drawn=drawn), f"CMS-1500_{row.control_number}.pdf")


@extend_schema(responses={(200, "application/pdf"): OpenApiTypes.BINARY}, operation_id="claims_proof")
@api_view(["GET"])
def proof_packet(request: Request, claim_id: str) -> HttpResponse:
    """That the claim was filed in time, as a PDF for the payer."""
    row = get_object_or_404(Claim.objects.select_related(*FULL), public_id=claim_id)
    audit.record("claim.proof", "claim", claim_id)
    return pdf_answer(proof.packet(row), f"proof_{row.control_number}.pdf")


def rule_data(request: Request) -> rule_book.RuleData:
    """A rule as JSON, checked: payers and plans of this clinic, conditions by the table of tests. Raises BadRule."""
    data = valid(ClaimRuleSerializer(data=request.data))
    payers, plans = tuple(sorted(set(data["payers"]))), tuple(sorted(set(data["plans"])))
    if Payer.objects.filter(public_id__in=payers).count() != len(payers):
        raise BadRule("There is no such payer.", fields={"payers": ["Unknown."]})
    if Plan.objects.filter(public_id__in=plans).count() != len(plans):
        raise BadRule("There is no such plan.", fields={"plans": ["Unknown."]})
    conditions = []
    for item in data["conditions"]:
        test, value = TESTS.get(item["test"]), item.get("value", "")
        if test is None:
            raise BadRule(f"There is no condition {item['test'][:40]}.", fields={"conditions": ["Unknown."]})
        typed = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        try:
            conditions.append(payer_rules.Condition(item["test"], read_value(test, typed)))
        except ValueError as error:
            raise BadRule(f"{test.words}: {error}.", fields={"conditions": [str(error)]}) from error
    if len(conditions) > payer_rules.MOST_CONDITIONS:
        raise BadRule(
            f"At most {payer_rules.MOST_CONDITIONS} conditions.", fields={"conditions": ["Too many."]}
        )
    return rule_book.RuleData(
        name=data["name"].strip(), severity=data["severity"], message=data["message"].strip(), field=data["field"],
        payers=payers, plans=plans, conditions=tuple(conditions), starts_on=data["starts_on"],
        ends_on=data["ends_on"],
    )  # fmt: skip


def _key(request: Request) -> str:
    return str(request.headers.get("Idempotency-Key", ""))


urlpatterns = [
    path("claims/filing/", filing_views.filing_api, name="filing"),
    path("claims/<str:claim_id>/cms-1500/", paper_form, name="paper-form"),
    path("claims/<str:claim_id>/proof/", proof_packet, name="proof"),
    path("code-tables/", code_tables, name="code-tables"),
    path("code-tables/<str:table_id>/", code_table, name="code-table"),
    path("code-tables/<str:table_id>/act/", code_table_act, name="code-table-act"),
    path("claim-rules/", claim_rules, name="claim-rules"),
    path("claim-rules/tests/", claim_rule_tests, name="claim-rule-tests"),
    path("claim-rules/<str:rule_id>/", claim_rule, name="claim-rule"),
    path("claim-rules/<str:rule_id>/act/", claim_rule_act, name="claim-rule-act"),
]
