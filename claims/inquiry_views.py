"""Pages of status inquiries: the list of who is to be asked and what was said, ask, note an answer by telephone."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from claims import inquiries, keyset
from claims.enums import InquiryState
from claims.models import Claim, StatusInquiry
from clinics import audit
from clinics.permissions import may
from patients.tables import MOST, list_file, wants_file

PAGE = 50
SORTS = {
    "asked": "asked_at", "claim": "claim__control_number", "patient": "claim__patient_name",
    "payer": "claim__payer_name", "charge": "claim__total", "why": "why", "state": "state",
}  # fmt: skip


def found_inquiries(state: str, text: str) -> QuerySet[StatusInquiry]:
    """Questions, newest first; ``text`` is a number or a name."""
    rows = StatusInquiry.objects.select_related("claim", "connection").order_by("-asked_at", "-pk")
    if state in InquiryState.values:
        rows = rows.filter(state=state)
    word = text.strip()
    if word:
        rows = rows.filter(
            Q(claim__control_number__iexact=word) | Q(claim__patient_name__icontains=word)
            | Q(claim__payer_name__icontains=word)
        )  # fmt: skip
    return rows


@require_GET
def inquiry_list(request: HttpRequest) -> HttpResponseBase:
    """Who is to be asked, who was asked, what was said."""
    state = request.GET.get("state", InquiryState.DUE)
    rows = found_inquiries(state, request.GET.get("q", ""))
    if wants_file(request):
        return _file(request, rows[: MOST + 1])
    found = keyset.page(rows, SORTS, request.GET.get("sort", ""), request.GET.get("after", ""), PAGE)
    context: dict[str, Any] = {
        "rows": found.rows,
        "next": found.following,
        "selects": [
            {"name": "state", "label": "State", "value": state,
             "options": [("any", "Any state"), *InquiryState.choices]}
        ],
        "search": request.GET.get("q", ""),
        "filtered": bool(request.GET.get("state") or request.GET.get("q")),
        "due": state == InquiryState.DUE,
        "may_answer": may(request, "claim.edit"),
    }  # fmt: skip
    return render(request, "claims/inquiries.html", context)


def _file(request: HttpRequest, rows: QuerySet[StatusInquiry]) -> HttpResponse:
    lines = [
        [row.asked_at, row.asked_by, row.claim.control_number, row.claim.patient_name, row.claim.payer_name,
         row.claim.total, row.why, row.get_state_display(), row.text or row.detail]
        for row in rows
    ]  # fmt: skip
    audit.record("claim.export", "status_inquiry", rows=len(lines))
    head = ["Asked", "By", "Claim", "Patient", "Payer", "Charge", "Why", "State", "Said"]
    return list_file(request, "status-inquiries", head, lines)


@require_POST
def ask(request: HttpRequest, public_id: str) -> HttpResponse:
    """Ask the payer where a claim stands; where no 276 is taken a person is told to."""
    row = inquiries.ask(get_object_or_404(Claim.objects, public_id=public_id), timezone.now())
    words = "Asked by 276; the answer appears on the timeline"
    if row.state == InquiryState.DUE:
        words = f"{row.detail}. It stands in the list of status inquiries."
    messages.success(request, words)
    return redirect("claims:claim", public_id)


@require_POST
def answer(request: HttpRequest, inquiry_id: str) -> HttpResponse:
    """What the payer said by telephone."""
    row = get_object_or_404(StatusInquiry.objects.select_related("claim"), public_id=inquiry_id)
    inquiries.answer(row, request.POST.get("text", ""), timezone.now())
    messages.success(request, f"Noted for claim {row.claim.control_number}")
    return redirect("claims:inquiries")
