"""/api/v1/denials/ and its like: work lists and one act on many; included by api.py."""

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

from claims.models import Claim
from clinics.calendar import clinic_day
from clinics.errors import BadInput
from insurance.models import Payer
from responses import (
    copays,
    denial_acts,
    denials,
    deposits,
    queries,
    refund_views,
    remit,
    takebacks,
    trust,
    what_if,
)
from responses.models import BankLine, ProviderAdjustment, Remittance
from work.idempotency import once


class CopaySerializer(serializers.Serializer):
    """A copay to correct: ``kind`` plan or card, and the amount that its payer tells."""

    kind = serializers.ChoiceField(["plan", "card"])
    id = serializers.CharField(max_length=20)
    amount = serializers.DecimalField(max_digits=12, decimal_places=2)


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


@extend_schema(methods=["GET"], responses=dict, operation_id="copays_list")
@extend_schema(methods=["POST"], request=CopaySerializer, responses=dict, operation_id="copays_correct")
@api_view(["GET", "POST"])
def copays_to_correct(request: Request) -> Response:
    """Copays that payers tell otherwise; POST sets one to what its payer tells."""
    if request.method == "GET":
        return Response(
            [
                {
                    "kind": row.kind, "id": row.public_id, "payer": row.payer, "name": row.name,
                    "known": None if row.known is None else f"{row.known:.2f}", "told": f"{row.told:.2f}",
                    "answers": row.answers, "agreeing": row.agreeing,
                }
                for row in copays.differing()
            ]
        )  # fmt: skip
    given = CopaySerializer(data=request.data)
    given.is_valid(raise_exception=True)
    data = given.validated_data
    answer, _ = once(
        request.headers.get("Idempotency-Key", ""), {"act": "copay", "body": request.data},
        lambda: {"said": copays.correct(data["kind"], data["id"], f"{data['amount']:.2f}")},
    )  # fmt: skip
    return Response(answer)


@extend_schema(responses=dict, operation_id="denials_list")
@api_view(["GET"])
def denied(request: Request) -> Response:
    """Denied answers by payer, code and cause, the most money first; ?payer=, ?code= and ?remark= narrow them."""
    asked = request.query_params
    items = denials.denied(
        payer=asked.get("payer", ""), code=asked.get("code", ""), remark=asked.get("remark")
    )
    return Response([_group(group) for group in denials.groups(items)])


@extend_schema(responses=dict, operation_id="underpaid_list")
@api_view(["GET"])
def underpaid(request: Request) -> Response:
    """Answers below the contract by more than max(1.00, 2 %), by payer and procedure; ?payer=, ?code= narrow."""
    asked = request.query_params
    items = denials.underpaid(payer=asked.get("payer", ""), code=asked.get("code", ""))
    return Response([_group(group) for group in denials.groups(items)])


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


class LinkSerializer(serializers.Serializer):
    """What a provider-level item was for: a claim, or words."""

    control_number = serializers.CharField(max_length=20, required=False, allow_blank=True, default="")
    note = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class BankSerializer(serializers.Serializer):
    """A line of the bank, or the bank's CSV as ``file``."""

    file = serializers.FileField(required=False, allow_empty_file=True, default=None)
    on = serializers.DateField(required=False)
    amount = serializers.DecimalField(max_digits=12, decimal_places=2, required=False)
    reference = serializers.CharField(max_length=80, required=False, allow_blank=True, default="")


@extend_schema(responses=dict, operation_id="takebacks_list")
@api_view(["GET"])
def tracker(request: Request) -> Response:
    """Provider-level items with their check, claim and state; ?state=open, settled or all, ?code=WO."""
    state, code = (request.query_params.get(name, "") for name in ("state", "code"))
    entries = takebacks.tracker(is_open={"open": True, "settled": False}.get(state or "open"), code=code)
    return Response(
        {
            "standings": [
                {"payer": s.payer, "forward": f"{s.forward:.2f}", "recoup": f"{s.recoup:.2f}",
                 "unexplained": f"{s.unexplained:.2f}"}
                for s in takebacks.standings(entries)
            ],
            "items": [_entry(entry) for entry in entries],
        }
    )  # fmt: skip


@extend_schema(request=LinkSerializer, responses=dict, operation_id="takebacks_link")
@api_view(["POST"])
def takeback(request: Request, public_id: str, ordinal: int) -> Response:
    """Say what one item of a remittance was for."""
    given = LinkSerializer(data=request.data)
    given.is_valid(raise_exception=True)
    item = get_object_or_404(
        ProviderAdjustment.objects.select_related("remittance"),
        remittance__public_id=public_id,
        ordinal=ordinal,
    )
    number = given.validated_data["control_number"].strip().upper()
    claim = get_object_or_404(Claim.objects, control_number=number) if number else None
    takebacks.link(item, claim, given.validated_data["note"])
    return Response({"remittance": public_id, "ordinal": ordinal, "is_open": False})


@extend_schema(responses=dict, operation_id="deposits_list")
@api_view(["GET"])
def ties(request: Request) -> Response:
    """Checks and EFTs, newest first, each with its tie to books and bank and what breaks it; ?after= goes on."""
    rows, after = queries.remittances(), request.query_params.get("after", "")
    if after:
        rows = rows.filter(pk__lt=get_object_or_404(Remittance.objects, public_id=after).pk)
    made = deposits.deposits(list(rows[: queries.PAGE]), clinic_day(timezone.now()))
    return Response(
        [
            {
                "remittance": tie.row.public_id, "payer": tie.row.payer_name, "trace_number": tie.row.trace_number,
                "payment_date": tie.row.payment_date, "amount": f"{tie.row.amount:.2f}", "posted": f"{tie.posted:.2f}",
                "escrow": f"{tie.escrow:.2f}", "provider_level": f"{tie.row.provider_total:.2f}",
                "bank": tie.bank.public_id if tie.bank else None, "breaks": list(tie.breaks),
            }
            for tie in made
        ]
    )  # fmt: skip


@extend_schema(methods=["GET"], responses=dict, operation_id="bank_lines_list")
@extend_schema(methods=["POST"], request=BankSerializer, responses={201: dict}, operation_id="bank_lines_add")
@api_view(["GET", "POST"])
def bank(request: Request) -> Response:
    """Bank lines that nothing explains; POST adds one (the same again is the same), or all of the bank's CSV."""
    if request.method == "GET":
        return Response([_bank_line(line) for line in deposits.unmatched()])
    given = BankSerializer(data=request.data)
    given.is_valid(raise_exception=True)
    data = given.validated_data
    if data["file"] is not None:
        new, known = deposits.read_csv(data["file"].read())
        deposits.rematch()
        return Response({"new": new, "known": known}, status=201)
    if not {"on", "amount"} <= set(data):
        raise BadInput("A line needs its day and amount, or give the bank's file.", code="line_missing")
    line, is_new = deposits.add_line(data["on"], data["amount"], data["reference"])
    deposits.rematch()
    line.refresh_from_db()
    return Response(_bank_line(line), status=201 if is_new else 200)


class TieSerializer(serializers.Serializer):
    """Which check a bank line is, or what it was if it was none."""

    remittance = serializers.CharField(max_length=40, required=False, allow_blank=True, default="")
    note = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


@extend_schema(request=TieSerializer, responses=dict, operation_id="bank_lines_explain")
@api_view(["POST"])
def bank_line(request: Request, public_id: str) -> Response:
    """Explain one bank line."""
    line = get_object_or_404(BankLine.objects, public_id=public_id)
    given = TieSerializer(data=request.data)
    given.is_valid(raise_exception=True)
    named = given.validated_data["remittance"]
    check = get_object_or_404(Remittance.objects, public_id=named) if named else None
    deposits.tie_by_hand(line, check, given.validated_data["note"])
    line.refresh_from_db()
    return Response(_bank_line(line))


def _entry(entry: takebacks.Entry) -> dict[str, Any]:
    return {
        "remittance": entry.check.public_id, "ordinal": entry.item.ordinal, "trace_number": entry.check.trace_number,
        "payer": entry.check.payer_name, "code": entry.item.code, "words": entry.words,
        "reference": entry.item.reference, "amount": f"{entry.item.amount:.2f}", "is_open": entry.item.is_open,
        "claim": entry.claim.control_number if entry.claim else None, "is_suggested": entry.is_suggested,
        "overpaid_by": entry.overpaid_by, "note": entry.item.note,
    }  # fmt: skip


def _bank_line(line: BankLine) -> dict[str, Any]:
    return {
        "id": line.public_id, "on": line.on, "amount": f"{line.amount:.2f}", "reference": line.reference,
        "remittance": line.remittance.public_id if line.remittance else None, "note": line.note,
    }  # fmt: skip


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


class WhatIfSerializer(serializers.Serializer):
    """A rule to try on the answers of the last months."""

    payer = serializers.CharField(max_length=40, required=False, allow_blank=True, default="")
    group = serializers.CharField(max_length=2)
    reason = serializers.CharField(max_length=5, required=False, allow_blank=True, default="")
    action = serializers.CharField(max_length=12)
    months = serializers.IntegerField(min_value=1, max_value=24, default=3)


class TrustSerializer(serializers.Serializer):
    """A payer's code, switched on or off."""

    payer = serializers.CharField(max_length=40)
    code = serializers.CharField(max_length=8)
    is_on = serializers.BooleanField()


class PreviewSerializer(serializers.Serializer):
    """A file to try, and the payment date where ``era_payment_date`` is custom."""

    file = serializers.FileField(allow_empty_file=True)
    effective_on = serializers.DateField(required=False, allow_null=True, default=None)


@extend_schema(request=PreviewSerializer, responses=dict, operation_id="remittances_preview")
@api_view(["POST"])
def preview(request: Request) -> Response:
    """What taking a file in would do; nothing is written."""
    given = PreviewSerializer(data=request.data)
    given.is_valid(raise_exception=True)
    file, day = given.validated_data["file"], given.validated_data["effective_on"]
    return Response(
        remit.preview_bytes(file.read(), file.name or "preview", at=timezone.now(), effective_on=day)
    )


@extend_schema(request=WhatIfSerializer, responses={202: dict}, operation_id="posting_rules_what_if")
@api_view(["POST"])
def what_if_rule(request: Request) -> Response:
    """What a rule would have changed: the id of the job whose result tells it."""
    given = WhatIfSerializer(data=request.data)
    given.is_valid(raise_exception=True)
    data = given.validated_data
    payer = get_object_or_404(Payer.objects, public_id=data["payer"]) if data["payer"] else None
    job = what_if.start(
        payer, data["group"], data["reason"], data["action"], data["months"], at=timezone.now()
    )
    return Response({"job": job.public_id}, status=202)


@extend_schema(methods=["GET"], responses=dict, operation_id="trusted_codes_list")
@extend_schema(methods=["POST"], request=TrustSerializer, responses=dict, operation_id="trusted_codes_set")
@api_view(["GET", "POST"])
def trusted(request: Request) -> Response:
    """Per payer and code the share accepted unchanged; POST switches one on or off."""
    if request.method == "POST":
        given = TrustSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        data = given.validated_data
        trust.switch(
            get_object_or_404(Payer.objects, public_id=data["payer"]), data["code"], is_on=data["is_on"]
        )
    return Response(
        [
            {"payer": s.payer.public_id, "name": s.payer.name, "code": s.code, "decided": s.decided,
             "accepted": s.accepted, "is_on": s.is_on, "is_suggested": s.is_suggested}
            for s in trust.shares()
        ]
    )  # fmt: skip


urlpatterns = [
    path("copays/", copays_to_correct, name="copays"),
    path("remittances/preview/", preview, name="preview"),
    path("posting-rules/what-if/", what_if_rule, name="what-if"),
    path("trusted-codes/", trusted, name="trust"),
    path("takebacks/", tracker, name="takebacks"),
    path("takebacks/<str:public_id>/<int:ordinal>/", takeback, name="takeback"),
    path("takebacks/<str:public_id>/<int:ordinal>/refund/", refund_views.api, name="insurer-refund"),
    path("deposits/", ties, name="deposits"),
    path("deposits/bank/", bank, name="bank"),
    path("deposits/bank/<str:public_id>/", bank_line, name="bank-line"),
    path("denials/", denied, name="denials"),
    path("underpaid/", underpaid, name="underpaid"),
    path("work/<str:which>/acts/", act, name="denial-acts"),
]
