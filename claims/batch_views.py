"""Pages of batches: the list, one batch with its bytes, answers and claims, what to do when it failed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from claims import clashes, delivery, keyset, paper, queries
from claims.claim_views import pdf_answer
from claims.enums import BatchState, Format
from claims.models import Acknowledgement, Batch, BatchItem
from clinics import audit
from clinics.errors import BadInput
from clinics.permissions import may
from patients.tables import MOST, list_file, wants_file
from work.files import read

ITEMS = 100
SORTS = {
    "made": "created_at", "claims": "claim_count", "charges": "total", "state": "state",
    "by": "created_by",
}  # fmt: skip
SHOWN_BYTES = 200_000  # of the readable view; the download is whole


@require_GET
def batch_list(request: HttpRequest) -> HttpResponse:
    """Batches, newest first when nothing is chosen."""
    rows = queries.batches(request.GET)
    if wants_file(request):
        return _file(request, list(rows[: MOST + 1]))
    found = keyset.page(rows, SORTS, request.GET.get("sort", ""), request.GET.get("after", ""))
    context = {
        "rows": found.rows,
        "next": found.following,
        "q": request.GET.get("q", ""),
        "selects": [
            {"name": "state", "label": "State", "value": request.GET.get("state", ""),
             "options": [("", "Any state"), *BatchState.choices]}
        ],
        "filtered": bool(request.GET.get("state") or request.GET.get("q")),
    }  # fmt: skip
    return render(request, "claims/batches.html", context)


def _file(request: HttpRequest, rows: list[Batch]) -> HttpResponse:
    head = ["Made", "Batch", "Partner", "Test or production", "Provider", "Claims", "Charges", "State", "ISA13", "By",
            "Delivered"]  # fmt: skip
    lines = [
        [row.created_at, row.public_id, row.connection.name if row.connection else "Paper", row.usage,
         row.billing_provider.name, row.claim_count, row.total, row.get_state_display(), row.interchange_number or "",
         row.created_by, row.delivered_at]
        for row in rows
    ]  # fmt: skip
    audit.record("claim.export", "batch", rows=len(lines))
    return list_file(request, "batches", head, lines)


@require_GET
def batch(request: HttpRequest, public_id: str) -> HttpResponse:
    """One batch."""
    row = get_object_or_404(
        Batch.objects.select_related("connection", "billing_provider", "outbound_file", "stored", "job"),
        public_id=public_id,
    )
    tab = request.GET.get("tab", "")
    base = reverse("claims:batch", args=[public_id])
    context: dict[str, Any] = {
        "batch": row,
        "tab": tab if tab in ("file", "answers") else "",
        "tabs": [
            {"label": "Claims", "url": base, "count": row.claim_count, "current": tab not in ("file", "answers")},
            {"label": "Answers", "url": f"{base}?tab=answers", "count": row.acknowledgements.count(),
             "current": tab == "answers"},
            {"label": "File", "url": f"{base}?tab=file", "count": None, "current": tab == "file"},
        ],
        "fates": queries.fates(row),
        "crumbs": [("Batches", reverse("claims:batches")), (row.public_id, "")],
        "may_doubt": delivery.may_doubt(row),
        "may_resolve": may(request, "claim.resolve_unknown") and row.state == BatchState.REFUSED,
        "may_download": may(request, "edi.download"),
    }  # fmt: skip
    context |= {"is_stuck": delivery.is_stuck(row), "clash": clashes.told(row)}
    is_paper = row.format == Format.PAPER
    context["may_print"] = (
        is_paper and row.state == BatchState.PENDING and may(request, "claim.resolve_unknown")
    )
    if tab == "file" and row.stored is not None and context["may_download"] and not is_paper:
        audit.record("edi.read", "batch", public_id)
        context["text"] = readable(read(row.stored))
    elif tab == "answers":
        context["acks"] = list(
            Acknowledgement.objects.filter(batch=row)
            .select_related("claim")
            .order_by("-received_at", "-pk")[:500]
        )
    else:
        context |= _items(row, request)
        if wants_file(request):
            return _items_file(request, row, context["rows"])
    return render(request, "claims/batch.html", context)


def _items(row: Batch, request: HttpRequest) -> dict[str, Any]:
    """A page of a batch's claims in the order of its file, or those that fit ``q``."""
    asked = request.GET
    rows = BatchItem.objects.filter(batch=row).select_related("claim").defer("claim__document").order_by("pk")
    word, after = asked.get("q", "").strip(), asked.get("after", "")
    if word:
        rows = rows.filter(Q(claim__control_number__iexact=word) | Q(claim__patient_name__icontains=word))
    if after.isascii() and after.isdigit() and len(after) < 18:
        rows = rows.filter(pk__gt=int(after))
    if wants_file(request):
        return {"rows": rows[: MOST + 1]}
    found = list(rows[: ITEMS + 1])
    return {"items": found[:ITEMS], "next": found[ITEMS - 1].pk if len(found) > ITEMS else "", "q": word}


def _items_file(request: HttpRequest, batch: Batch, rows: Iterable[BatchItem]) -> HttpResponse:
    head = ["DOS", "Patient", "Claim", "Payer", "Charge", "State", "Last word", "ST02"]
    lines = [
        [c.service_from, c.patient_name, c.control_number, c.payer_name, c.total, c.get_state_display(), c.last_event,
         item.transaction_number]
        for item in rows for c in [item.claim]
    ]  # fmt: skip
    audit.record("claim.export", "batch", batch.public_id, rows=len(lines))
    return list_file(request, f"batch-{batch.public_id}", head, lines)


@require_GET
def batch_file(request: HttpRequest, public_id: str) -> HttpResponse:
    """The bytes exactly as they left."""
    row = get_object_or_404(Batch.objects.select_related("stored", "outbound_file"), public_id=public_id)
    if row.stored is None:
        raise BadInput("This batch has no file.", code="no_file")
    audit.record("edi.download", "batch", public_id, sha256=row.stored.sha256)
    if row.format == Format.PAPER and request.GET.get("print") == "drawn":
        return pdf_answer(paper.forms_of(row), f"read_{row.stored.name}")
    kind = "application/pdf" if row.format == Format.PAPER else "application/edi-x12"
    response = HttpResponse(read(row.stored), content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{row.stored.name}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


@require_POST
def batch_act(request: HttpRequest, public_id: str, act: str) -> HttpResponse:
    """Send again or dissolve a refused batch, look for an unknown or unanswered one, say that paper was printed."""
    row = get_object_or_404(Batch.objects, public_id=public_id)
    if act == "send-again":
        delivery.send_again(row)
        messages.success(request, "It is sent again: the same bytes under the same numbers")
    elif act == "dissolve":
        moved = delivery.dissolve(row, request.POST.get("reason", ""))
        messages.success(request, f"Dissolved; {moved} claims are ready again")
    elif act == "try-again":
        delivery.try_again(row)
        messages.success(request, "The worker sends it now")
    elif act == "printed":
        delivery.mark_printed(row, timezone.now())
        messages.success(request, f"{row.claim_count} claims are submitted on paper")
    elif act == "never-taken":
        moved = clashes.give_up(row, request.POST.get("reason", ""))
        messages.success(request, f"{moved} claims are rejected: resubmit them under new numbers")
    elif act == "doubt":
        delivery.doubt(row)
        messages.success(request, "The partner's mailbox is looked at now")
    elif act == "look" and row.state == BatchState.UNKNOWN:
        delivery.look_now(row)
        messages.success(request, "The partner's mailbox is looked at now")
    else:
        raise BadInput("There is no such act for this batch.", code="unknown_act")
    return redirect("claims:batch", public_id)


def readable(content: bytes) -> list[tuple[int, str]]:
    """Segments one a line, numbered; the beginning of a very long file."""
    text = content[:SHOWN_BYTES].decode("ascii", "replace")
    segments = [segment.strip() for segment in text.split("~")]
    return [(number, segment) for number, segment in enumerate(filter(None, segments), 1)]
