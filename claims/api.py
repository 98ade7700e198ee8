"""/api/v1/claims/ and /api/v1/batches/: the same acts as the pages, by public ids. Money is a string."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict
from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from billing.models import Invoice
from claims import (
    batch_api,
    checks,
    corrections,
    coverage_api,
    denial_history,
    inquiry_api,
    left_behind,
    queries,
    queue,
    review,
    scrub_api,
    submitting,
    ticks,
)
from claims.batch_api import valid
from claims.models import Claim, ClaimEvent
from clinics import audit
from clinics.errors import BadInput
from patients.here import today_here
from work.idempotency import once
from work.models import Job


class FindingSerializer(serializers.Serializer[Any]):
    """One thing to mend."""

    code = serializers.CharField()
    where = serializers.CharField(allow_blank=True)
    message = serializers.CharField()
    severity = serializers.ChoiceField(choices=["error", "warning", "info"])


class ClaimSerializer(serializers.ModelSerializer[Claim]):
    """A claim version as lists show it."""

    id = serializers.CharField(source="public_id", read_only=True)
    patient = serializers.CharField(source="patient_name", read_only=True)
    payer = serializers.CharField(source="payer_name", read_only=True)
    layer = serializers.IntegerField(source="rank", read_only=True)
    total = serializers.DecimalField(max_digits=12, decimal_places=2, read_only=True)

    class Meta:
        model = Claim
        fields = (
            "id", "control_number", "version", "part", "frequency", "state", "outcome", "patient", "payer", "layer",
            "clinician_name", "service_from", "service_to", "total", "error_count", "warning_count",
            "payer_claim_number", "hold_reason", "hold_until", "assignee", "last_event", "last_event_at",
            "submitted_at", "filing_deadline", "document_version",
        )  # fmt: skip
        read_only_fields = fields


class EventSerializer(serializers.ModelSerializer[ClaimEvent]):
    """One step of a claim's life."""

    class Meta:
        model = ClaimEvent
        fields = ("at", "actor", "kind", "from_state", "to_state", "text", "segment")


class ClaimDetailSerializer(ClaimSerializer):
    """A claim with its frozen document, findings and timeline."""

    findings = FindingSerializer(many=True, read_only=True)
    document = serializers.JSONField(read_only=True)
    denied_before = serializers.SerializerMethodField()
    events = serializers.SerializerMethodField()
    choices = serializers.SerializerMethodField()

    class Meta(ClaimSerializer.Meta):
        fields = (*ClaimSerializer.Meta.fields, "findings", "denied_before", "document", "events", "choices")  # type: ignore[assignment]
        read_only_fields = fields  # type: ignore[assignment]

    @extend_schema_field(FindingSerializer(many=True))
    def get_denied_before(self, claim: Claim) -> list[dict[str, Any]]:
        """What its payer denied of the same codes lately: information, never a stop."""
        patterns = denial_history.load([claim], self.context["today"]).get(claim.pk, ())
        return checks.as_rows(denial_history.findings(claim, patterns))

    def get_events(self, claim: Claim) -> list[dict[str, Any]]:
        """Oldest first."""
        return list(EventSerializer(claim.events.order_by("at", "pk"), many=True).data)

    def get_choices(self, claim: Claim) -> list[dict[str, Any]]:
        """What Duplicate & resubmit offers now (B8)."""
        return [
            {"frequency": item.frequency, "allowed": item.allowed, "code": item.code, "why": item.why}
            for item in corrections.choices(claim)
        ]


class ClaimPageSerializer(serializers.Serializer[Any]):
    """One page; ``next`` goes into ``after``."""

    results = ClaimSerializer(many=True)
    next = serializers.CharField(allow_blank=True)


class EditSerializer(serializers.Serializer[Any]):
    """Edits of a claim that has not left: dotted field path to value."""

    document_version = serializers.IntegerField()
    edits = serializers.DictField()
    reason = serializers.CharField(required=False, default="", allow_blank=True, max_length=200)


class ActSerializer(serializers.Serializer[Any]):
    """hold (reason, until), release, discard (reason), refresh, assign (assignee), tick its warnings."""

    act = serializers.ChoiceField(choices=["hold", "release", "discard", "refresh", "assign", "tick"])
    reason = serializers.CharField(required=False, default="", allow_blank=True, max_length=200)
    until = serializers.DateField(required=False, allow_null=True, default=None)
    assignee = serializers.CharField(required=False, default="", allow_blank=True, max_length=254)


class CreateSerializer(serializers.Serializer[Any]):
    """Make the claim of an invoice: one_click, or queue whatever is missing."""

    invoice = serializers.CharField()
    act = serializers.ChoiceField(choices=["one_click", "queue"])


class ResubmitSerializer(serializers.Serializer[Any]):
    """Duplicate & resubmit under a frequency code (B8)."""

    frequency = serializers.ChoiceField(choices=["1", "7", "8"])
    reason = serializers.CharField(required=False, default="", allow_blank=True, max_length=200)
    payer_claim_number = serializers.CharField(required=False, default="", allow_blank=True, max_length=50)


class SelectionSerializer(serializers.Serializer[Any]):
    """Claims by ids, or the filter of the queue as its query string; ``ticked``: their warnings were looked at."""

    ids = serializers.ListField(child=serializers.CharField(), required=False, max_length=20000)
    filter = serializers.CharField(required=False, allow_blank=True)
    ticked = serializers.BooleanField(required=False, default=False)


FILTERS = [OpenApiParameter(name, str) for name in ("state", "outcome", "layer", "payer", "q", "date", "from", "to",
                                                    "find", "who", "sort", "after")]  # fmt: skip


@extend_schema(parameters=FILTERS, responses=ClaimPageSerializer, operation_id="claims_list")
@api_view(["GET"])
def claims(request: Request) -> Response:
    """Claims by filter, 50 a page."""
    rows = queries.all_claims(request.query_params)
    found = queries.page(rows, request.query_params.get("sort", ""), request.query_params.get("after", ""))
    return Response({"results": ClaimSerializer(found.rows, many=True).data, "next": found.following})


@extend_schema(methods=["GET"], responses=ClaimDetailSerializer, operation_id="claims_read")
@extend_schema(methods=["PATCH"], request=EditSerializer, responses=ClaimDetailSerializer)
@api_view(["GET", "PATCH"])
def claim(request: Request, claim_id: str) -> Response:
    """One claim; PATCH saves a review (409 when somebody saved before)."""
    row = get_object_or_404(Claim.objects.select_related("payer", "invoice"), public_id=claim_id)
    if request.method == "PATCH":
        data = valid(EditSerializer(data=request.data))
        review.save_review(
            row, data["edits"], data["document_version"], today_here(request), reason=data["reason"]
        )
    else:
        audit.record("claim.read", "claim", row.public_id)
    return Response(ClaimDetailSerializer(row, context={"today": today_here(request)}).data)


@extend_schema(request=CreateSerializer, responses={201: ClaimSerializer})
@api_view(["POST"])
def create(request: Request) -> Response:
    """One-Click Claim or Queue for Claim."""
    data = valid(CreateSerializer(data=request.data))
    invoice = get_object_or_404(Invoice.objects, public_id=data["invoice"])
    make = queue.one_click if data["act"] == "one_click" else queue.enqueue
    answer, is_new = once(
        _key(request),
        {"path": "claims/create", **data},
        lambda: {"id": make(invoice, today_here(request)).public_id},
    )
    row = Claim.objects.get(public_id=answer["id"])
    return Response(
        ClaimSerializer(row).data, status=status.HTTP_201_CREATED if is_new else status.HTTP_200_OK
    )


@extend_schema(request=ActSerializer, responses=ClaimSerializer)
@api_view(["POST"])
def act(request: Request, claim_id: str) -> Response:
    """Hold, release, copy again, assign."""
    data = valid(ActSerializer(data=request.data))
    row = get_object_or_404(
        Claim.objects.select_related("invoice").select_for_update(of=("self",)), public_id=claim_id
    )
    if data["act"] == "hold":
        queue.hold(row, data["reason"], data["until"])
    elif data["act"] == "discard":
        queue.discard(row, data["reason"])
    elif data["act"] == "release":
        queue.release(row, today_here(request))
    elif data["act"] == "refresh":
        review.refresh(row, today_here(request))
    elif data["act"] == "tick":
        ticks.tick(row)
    else:
        queue.assign([row], data["assignee"])
    return Response(ClaimSerializer(row).data)


@extend_schema(request=ResubmitSerializer, responses={201: ClaimSerializer})
@api_view(["POST"])
def resubmit(request: Request, claim_id: str) -> Response:
    """The next version of a claim."""
    data = valid(ResubmitSerializer(data=request.data))
    row = get_object_or_404(Claim.objects, public_id=claim_id)
    today = today_here(request)
    answer, is_new = once(
        _key(request),
        {"path": "claims/resubmit", "claim": claim_id, **data},
        lambda: {
            "id": corrections.duplicate(
                row,
                data["frequency"],
                data["reason"],
                today=today,
                payer_claim_number=data["payer_claim_number"],
            ).public_id
        },
    )
    made = Claim.objects.get(public_id=answer["id"])
    return Response(
        ClaimSerializer(made).data, status=status.HTTP_201_CREATED if is_new else status.HTTP_200_OK
    )


@extend_schema(request=SelectionSerializer, responses={200: dict})
@api_view(["POST"])
def preview(request: Request) -> Response:
    """The dry run of Bulk Submit."""
    look = submitting.preview(_chosen(request), today_here(request))
    return Response(
        {
            "chosen": look.chosen,
            "count": look.count,
            "total": str(look.total),
            "sentence": look.sentence,
            "groups": [
                {
                    "connection": group.partner,
                    "provider": group.provider.npi,
                    "count": group.count,
                    "total": str(group.total),
                }
                for group in look.groups
            ],
            "warnings": [_skip(skip) for skip in look.warned],
            "skipped": [_skip(skip) for skip in look.skips],
        }
    )


@extend_schema(request=SelectionSerializer, responses={202: dict})
@api_view(["POST"])
def submit(request: Request) -> Response:
    """Start a submission; its job is polled under /claims/jobs/."""
    selection = valid(SelectionSerializer(data=request.data))
    today, ticked = today_here(request), selection.pop("ticked")
    answer, _ = once(
        _key(request),
        {"path": "claims/submit", "ticked": ticked, **selection},
        lambda: {"job": submitting.start(_chosen(request), today, dict(selection), ticked=ticked).public_id},
    )
    return Response(answer, status=status.HTTP_202_ACCEPTED)


@extend_schema(responses={200: dict})
@api_view(["GET"])
def job(request: Request, job_id: str) -> Response:
    """How far a submission is, and its result for each claim."""
    row = get_object_or_404(Job.objects, public_id=job_id, kind=submitting.SUBMIT)
    results = [
        {"claim": it.claim.public_id, "control_number": it.claim.control_number, "state": it.claim.state,
         "batch": it.item.batch.public_id if it.item else None, "reason": it.why}
        for it in left_behind.look(row, size=len(row.params.get("claims", []))).rows
    ]  # fmt: skip
    return Response(
        {"id": row.public_id, "state": row.state, "done": row.done, "total": row.total, "errors": row.errors,
         "doing": row.message, "results": results}
    )  # fmt: skip


def _skip(skip: submitting.Skip) -> dict[str, Any]:
    return {"code": skip.code, "message": skip.words, "claims": [item.public_id for item in skip.claims]}


def _key(request: Request) -> str:
    return str(request.headers.get("Idempotency-Key", ""))


def _chosen(request: Request) -> Any:
    data = valid(SelectionSerializer(data=request.data))
    if "ids" in data:
        return Claim.objects.filter(public_id__in=data["ids"])
    if "filter" in data:
        return queries.work_list(QueryDict(data["filter"]))
    raise BadInput("Name the claims: ids or filter.", code="nothing_chosen")


app_name = "claims-api"
urlpatterns = [
    *coverage_api.urlpatterns,
    *scrub_api.urlpatterns,
    *inquiry_api.urlpatterns,
    path("claims/", claims, name="claims"),
    path("claims/create/", create, name="create"),
    path("claims/preview/", preview, name="preview"),
    path("claims/submit/", submit, name="submit"),
    path("claims/jobs/<str:job_id>/", job, name="job"),
    path("claims/<str:claim_id>/", claim, name="claim"),
    path("claims/<str:claim_id>/act/", act, name="act"),
    path("claims/<str:claim_id>/resubmit/", resubmit, name="resubmit"),
    path("claims/<str:claim_id>/boxes/", batch_api.boxes, name="boxes"),
    path("batches/", batch_api.batches, name="batches"),
    path("batches/<str:batch_id>/", batch_api.batch, name="batch"),
    path("batches/<str:batch_id>/act/", batch_api.batch_act, name="batch-act"),
]
