"""Work › Timely filing: every open claim by the days it has left, and the same under the API."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from claims import filing, queries
from clinics import audit
from lib.money import show_money
from patients.here import today_here
from patients.tables import MOST, list_file, wants_file


@require_GET
def filing_page(request: HttpRequest) -> HttpResponse:
    """The work list, the most urgent first."""
    today, params = today_here(request), request.GET
    rows = filing.work_list(params, today)
    sort = params.get("sort", "") or "left"
    if wants_file(request):
        return _file(request, rows)
    level = params.get("level", "")
    counts = filing.counts(filing.narrow(filing.open_claims(today), params))
    found = queries.page(rows, sort, params.get("after", ""))
    number, money = queries.sums(rows)
    kept = params.copy()
    for name in ("level", "after"):
        kept.pop(name, None)
    context = {
        "rows": found.rows,
        "next": found.following,
        "number": number,
        "said": f"{number:,} {'claim' if number == 1 else 'claims'} · {show_money(money)}",
        "tabs": [{"label": "All", "url": f"?{kept.urlencode()}", "count": sum(counts.values()),
                  "current": level not in counts}]
        + [
            {"label": label, "url": f"?{kept.urlencode()}{'&' if kept else ''}level={key}", "count": counts[key],
             "current": key == level}
            for key, label in filing.TABS.items()
        ],
        "selects": _selects(request),
        "level": level if level in counts else "",
        "q": params.get("q", ""),
        "filtered": any(params.get(name) for name in ("q", "payer", "sent", "who")),
    }  # fmt: skip
    return render(request, "claims/filing.html", context)


def _selects(request: HttpRequest) -> list[dict[str, Any]]:
    return [
        {"name": "payer", "label": "Payer", "value": request.GET.get("payer", ""),
         "options": [("", "Any payer"), *queries.payers_with_claims()]},
        {"name": "sent", "label": "Sent", "value": request.GET.get("sent", ""),
         "options": [("", "Sent or not"), ("no", "Not sent"), ("yes", "Sent, not accepted")]},
        {"name": "who", "label": "Who has it", "value": request.GET.get("who", ""),
         "options": [("", "Anybody"), ("nobody", "Nobody"), (request.user.email, "Me")]},  # type: ignore[union-attr]
    ]  # fmt: skip


def _file(request: HttpRequest, rows: Any) -> HttpResponse:
    found = list(rows.order_by("filing_deadline", "pk")[: MOST + 1])
    head = ["Claim no.", "Patient", "DOS to", "Payer", "Layer", "Charge", "State", "File until", "Days left", "Level",
            "Assignee", "Last event"]  # fmt: skip
    lines = [
        [c.control_number, c.patient_name, c.service_to, c.payer_name, c.rank, c.total, c.get_state_display(),
         c.filing_deadline, c.left, filing.TABS[c.level], c.assignee, c.last_event]
        for c in found
    ]  # fmt: skip
    audit.record("claim.export", "claim", rows=len(lines))
    return list_file(request, "timely-filing", head, lines)


class FilingSerializer(serializers.Serializer[Any]):
    """An open claim with the days it has left; negative when the limit has passed."""

    id = serializers.CharField(source="public_id")
    control_number = serializers.CharField()
    patient = serializers.CharField(source="patient_name")
    payer = serializers.CharField(source="payer_name")
    layer = serializers.IntegerField(source="rank")
    state = serializers.CharField()
    service_to = serializers.DateField()
    total = serializers.DecimalField(max_digits=12, decimal_places=2)
    filing_deadline = serializers.DateField()
    days_left = serializers.IntegerField(source="left")
    level = serializers.ChoiceField(choices=list(filing.TABS))
    assignee = serializers.CharField()


class FilingPageSerializer(serializers.Serializer[Any]):
    """One page; ``next`` goes into ``after``; ``counts`` by level."""

    results = FilingSerializer(many=True)
    next = serializers.CharField(allow_blank=True)
    counts = serializers.DictField(child=serializers.IntegerField())


FILTERS = [OpenApiParameter(name, str) for name in ("level", "payer", "sent", "who", "q", "sort", "after")]


@extend_schema(parameters=FILTERS, responses=FilingPageSerializer, operation_id="claims_filing")
@api_view(["GET"])
def filing_api(request: Request) -> Response:
    """Claims the payer has not taken yet, 50 a page, the least time first."""
    today, params = today_here(request), request.query_params
    rows = filing.work_list(params, today)
    found = queries.page(rows, params.get("sort", "") or "left", params.get("after", ""))
    answer: dict[str, Any] = {
        "results": FilingSerializer(found.rows, many=True).data,
        "next": found.following,
        "counts": filing.counts(filing.narrow(filing.open_claims(today), params)),
    }
    return Response(answer)
