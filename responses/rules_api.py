"""/api/v1/: the clinic's own posting rules as on their page, and the monthly payer scorecard."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from insurance.models import Payer
from responses import queries, rule_book
from responses.models import PostingRule
from responses.posting_rules import DEFAULT_RULES


class PostingRuleSerializer(serializers.Serializer):
    """One rule: an empty payer is every insurer, an empty reason every reason of the group."""

    payer = serializers.CharField(max_length=40, required=False, allow_blank=True, default="")
    group = serializers.CharField(max_length=2)
    reason = serializers.CharField(max_length=5, required=False, allow_blank=True, default="")
    action = serializers.CharField(max_length=12, required=False, allow_blank=True, default="")


@extend_schema(methods=["GET"], responses=dict, operation_id="posting_rules_list")
@extend_schema(
    methods=["POST"], request=PostingRuleSerializer, responses=dict, operation_id="posting_rules_add"
)
@extend_schema(
    methods=["DELETE"], request=PostingRuleSerializer, responses=dict, operation_id="posting_rules_remove"
)
@api_view(["GET", "POST", "DELETE"])
def rules(request: Request) -> Response:
    """The rules; POST adds one, DELETE takes the one of this payer, group and reason away."""
    if request.method != "GET":
        given = PostingRuleSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        data = given.validated_data
        payer = get_object_or_404(Payer.objects, public_id=data["payer"]) if data["payer"] else None
        if request.method == "POST":
            rule_book.add(payer, data["group"], data["reason"], data["action"])
        else:
            key = {"group": data["group"].strip().upper(), "reason": data["reason"].strip().upper()}
            rule_book.remove(get_object_or_404(PostingRule.objects, payer=payer, **key))
    return Response(_told(), status=201 if request.method == "POST" else 200)


def _told() -> dict[str, Any]:
    own = PostingRule.objects.select_related("payer").order_by("group", "reason", "pk")
    return {
        "rules": [
            {"payer": row.payer.public_id if row.payer else "", "name": row.payer.name if row.payer else "",
             "group": row.group, "reason": row.reason, "action": row.action}
            for row in own
        ],
        "defaults": [
            {"group": rule.group, "reason": rule.reason, "action": rule.action} for rule in DEFAULT_RULES
        ],
    }  # fmt: skip


@extend_schema(responses=dict, operation_id="payer_scorecard")
@api_view(["GET"])
def by_month(request: Request) -> Response:
    """The payer scorecard: answers by month and insurer, dollars as text (B7.scorecard)."""
    return Response(
        [
            {
                "month": f"{row['month']:%Y-%m}",
                "payer": row["remittance__payer_name"],
                **{name: row[name] for name in ("answers", "at_once", "denied", "causes", "days")},
                **{name: _money(row[name]) for name in MONEY},
            }
            for row in queries.by_month()
        ]
    )


MONEY = ("sum_paid", "sum_expected", "sum_contracted", "sum_patient", "benefits", "benefits_told")


def _money(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:.2f}"


urlpatterns = [
    path("posting-rules/", rules, name="rules"),
    path("reports/claim-responses/by-month/", by_month, name="by-month"),
]
