"""/api/v1/denials/ and its like: work lists and one act on many; included by api.py."""

from __future__ import annotations

from typing import Any

from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from clinics.errors import BadInput
from responses import denial_acts, denials
from work.idempotency import once

LISTS = {"denials": denials.denied, "underpaid": denials.underpaid}


class DenialActSerializer(serializers.Serializer):
    """One act on many answers."""

    responses = serializers.ListField(child=serializers.CharField(max_length=40), max_length=500)
    act = serializers.ChoiceField(list(denial_acts.ACTS))
    text = serializers.CharField(max_length=1000)
    person = serializers.CharField(max_length=80, required=False, allow_blank=True, default="")
    reference = serializers.CharField(max_length=50, required=False, allow_blank=True, default="")
    promised_on = serializers.DateField(required=False, allow_null=True, default=None)
    frequency = serializers.ChoiceField(["1", "7", "8"], required=False, default="7")


@extend_schema(responses=dict, operation_id="denials_list")
@api_view(["GET"])
def denied(request: Request) -> Response:
    """Denied answers by payer, code and cause, the most money first."""
    return Response([_group(group) for group in denials.groups(denials.denied())])


@extend_schema(responses=dict, operation_id="underpaid_list")
@api_view(["GET"])
def underpaid(request: Request) -> Response:
    """Answers below the contract by more than max(1.00, 2 %), by payer and procedure."""
    return Response([_group(group) for group in denials.groups(denials.underpaid())])


@extend_schema(request=DenialActSerializer, responses=dict, operation_id="denials_act")
@api_view(["POST"])
def act(request: Request, which: str) -> Response:
    """call, appeal, resend, write_off, note, won, partly or lost for each of the named answers."""
    if which not in LISTS:
        raise BadInput(f"A list is one of {', '.join(LISTS)}.", code="unknown_list")
    given = DenialActSerializer(data=request.data)
    given.is_valid(raise_exception=True)
    data = dict(given.validated_data)
    asked = set(data.pop("responses"))
    chosen = [item for item in LISTS[which]() if item.row.public_id in asked]
    if len(chosen) != len(asked):
        raise BadInput("Some of these answers are not in this list (any more).", code="not_in_list")
    key = request.headers.get("Idempotency-Key", "")
    role = request._request.membership.role  # type: ignore[attr-defined]  # noqa: SLF001 - set by the frame
    wanted = denial_acts.Wanted(**data)

    def do() -> dict[str, Any]:
        done = denial_acts.act_on(chosen, wanted, role=role, at=timezone.now(), key=key)
        return {"results": [{"response": d.item.row.public_id, "done": d.ok, "said": d.said} for d in done]}

    body = {"which": which, "ids": sorted(asked), **{name: str(value) for name, value in data.items()}}
    answer, _ = once(key, body, do)
    return Response(answer)


def _group(group: denials.Group) -> dict[str, Any]:
    return {
        "payer": group.payer, "payer_id": group.payer_id, "code": group.code, "cause": group.remark,
        "words": group.words, "action": group.action, "worked": group.worked, "amount": f"{group.amount:.2f}",
        "items": [
            {
                "response": item.row.public_id,
                "claim": item.row.claim.public_id if item.row.claim else None,
                "control_number": item.row.control_number,
                "amount": f"{item.amount:.2f}",
                "last": item.last.text if item.last else None,
                "look_again": item.last.promised_on if item.last else None,
            }
            for item in group.items
        ],
    }  # fmt: skip


urlpatterns = [
    path("denials/", denied, name="denials"),
    path("underpaid/", underpaid, name="underpaid"),
    path("work/<str:which>/acts/", act, name="denial-acts"),
]
