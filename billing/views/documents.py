"""Documents: invoices with their money, print, void and write-off; statements, their preview and PDF."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from billing import (
    approvals,
    papers,
    patient_money,
    statement_batches,
    statement_pdf,
    statements,
    stories,
    voiding,
    writeoffs,
)
from billing.enums import InvoiceKind, InvoiceState, WriteOffType
from billing.errors import CannotVoid, CannotWriteOff, NothingDue
from billing.forms import ReasonForm, WriteOffForm
from billing.links import url_if_there
from billing.models import Invoice, Statement
from billing.views.local import render_at
from billing.views.money import FILLS, STATES, bar_parts
from billing.views.receipts import pdf_response
from billing.writeoffs import WriteOff
from clinics import audit
from lib.dates import local_day
from lib.money import ZERO, show_money, total
from patients.here import location_here, today_here
from patients.models import Patient
from work import files
from work.idempotency import once

PAGE = 50
INVOICE_WITH = ("patient", "location", "location__clinic", "appointment")
AFTER_VOID: dict[str, str] = {
    InvoiceKind.APPOINTMENT: "The visit goes back to complete and can be checked out again.",
    InvoiceKind.ONE_OFF: "It stood on no visit.",
    InvoiceKind.MISSED: "The missed visit stays as it is, without a charge.",
}
WRITE_OFF_FIELDS = {
    "over_limit": "amount",
    "more_than_owed": "amount",
    "not_positive": "amount",
    "type_does_not_fit": "type",
    "admin_needed": "type",
    "reason_needed": "reason",
    "unknown_party": "party",
    "answer_first": "type",
}


@require_GET
def invoice(request: HttpRequest, public_id: str) -> HttpResponse:
    """One invoice: the frozen document, where its money is, its story."""
    row = get_object_or_404(Invoice.objects.select_related(*INVOICE_WITH), public_id=public_id)
    audit.record("patient.read", "patient", row.patient.public_id, page="invoice")
    money = patient_money.of_invoices([row])[0]
    words, family, icon = STATES[money.state]
    context = {
        "invoice": row,
        "money": money,
        "bar": bar_parts(money),
        "fills": FILLS,
        "state": {"words": words, "family": family, "icon": icon},
        "rows": stories.of_invoices([row.pk])[row.pk],
        "claim_url": url_if_there("claims:for-invoice", row.public_id) if money.balance.insurer_open else "",
        "claims_url": url_if_there("claims:invoice-claims", row.public_id),
        "is_void": row.state == InvoiceState.VOID,
        "has_claims": voiding.has_claims(row),
        "corrected_by": row.corrections.order_by("-pk").first(),
    }
    return render_at(row.location, request, "billing/invoice.html", context)


@require_GET
def invoice_print(request: HttpRequest, public_id: str) -> HttpResponse:
    """The invoice with diagnoses, codes and identifiers (superbill) for paper, from the frozen document."""
    row = get_object_or_404(Invoice.objects.select_related(*INVOICE_WITH), public_id=public_id)
    audit.record("patient.read", "patient", row.patient.public_id, page="superbill")
    money = patient_money.of_invoices([row])[0]
    context = {"invoice": row, "document": row.document, "money": money}
    return render_at(row.location, request, "billing/superbill.html", context)


@require_GET
def superbill_pdf(request: HttpRequest, public_id: str) -> HttpResponse:
    """The superbill's PDF, from the frozen document."""
    row = get_object_or_404(Invoice.objects.select_related(*INVOICE_WITH), public_id=public_id)
    audit.record("invoice.download", "invoice", row.public_id)
    return pdf_response(papers.superbill_pdf(row), f"superbill-{row.number}")


@require_http_methods(["GET", "POST"])
def void_invoice(request: HttpRequest, public_id: str) -> HttpResponse:
    """Void an invoice, or say what stands in the way."""
    row = get_object_or_404(Invoice.objects.select_related(*INVOICE_WITH), public_id=public_id)
    paid = patient_money.of_invoices([row])[0].balance.paid_by_patient
    credit = f"{show_money(paid)} that the patient paid stays received and becomes credit."
    says = [
        f"{show_money(row.total)} comes off the books; the number is never used again.",
        credit if paid else "Nothing was paid on it.",
        AFTER_VOID[row.kind],
    ]
    return _take_back(
        request, row, says, f"Void {row.number}", f"{row.number} is void. {AFTER_VOID[row.kind]}"
    )


@require_http_methods(["GET", "POST"])
def correct_invoice(request: HttpRequest, public_id: str) -> HttpResponse:
    """Take an invoice back so that its visit can be mended; the next check-out corrects it (B8)."""
    row = get_object_or_404(Invoice.objects.select_related(*INVOICE_WITH), public_id=public_id)
    says = [
        f"{show_money(row.total)} comes off the books until the visit is checked out again.",
        "Change code, units, charge or lines on the visit. The new invoice says which one it corrects.",
        "One-Click Claim or Queue for Claim then makes the next version of the claim from it.",
    ]
    done = f"{row.number} is taken back. Mend the services, then check the visit out again."
    return _take_back(request, row, says, f"Correct {row.number}", done, for_correction=True)


def _take_back(
    request: HttpRequest,
    row: Invoice,
    says: list[str],
    title: str,
    done: str,
    *,
    for_correction: bool = False,
) -> HttpResponse:
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]

        def act() -> dict[str, Any]:
            made = voiding.void_invoice(
                row.public_id, reason=reason, at=timezone.now(), for_correction=for_correction
            )
            return {"invoice": made.public_id}

        wanted = {"act": "correct" if for_correction else "void", "invoice": row.public_id, "reason": reason}
        try:
            with transaction.atomic():
                once(request.POST.get("idempotency_key", ""), wanted, act)
        except CannotVoid as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, done)
            if for_correction and row.appointment is not None:
                return redirect("appointments:visit", row.appointment.public_id)
            return redirect("billing:invoice", row.public_id)
    context = {
        "title": title,
        "patient": row.patient,
        "form": form,
        "stops": voiding.obstacles(row, for_correction=for_correction),
        "says": says,
        "button": title,
        "back": reverse("billing:invoice", args=[row.public_id]),
    }
    return render(request, "billing/act.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def write_off(request: HttpRequest, public_id: str) -> HttpResponse:
    """Write off part of what is owed on an invoice; type, reason and limit by role (B10)."""
    row = get_object_or_404(Invoice.objects.select_related(*INVOICE_WITH), public_id=public_id)
    money = patient_money.of_invoices([row])[0]
    parties = _parties(money)
    start = (
        {
            "party": parties[0][0],
            "amount": f"{_owed(money, parties[0][0]):.2f}",
            "type": WriteOffType.SMALL_BALANCE,
        }
        if parties
        else {}
    )
    form = WriteOffForm(request.POST or None, parties=parties, initial=start)
    role = request.membership.role  # type: ignore[attr-defined]
    over = False
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        key = request.POST.get("idempotency_key", "")
        wanted = WriteOff(data["party"], WriteOffType(data["type"]), data["amount"], data["reason"])

        def act() -> dict[str, Any]:
            if "ask" in request.POST:
                return {"approval": approvals.ask_write_off(row, wanted, role=role).public_id}
            writeoffs.write_off(row, wanted, role=role, today=_today(row), key=f"writeoff:{key}")
            return {"invoice": row.public_id}

        try:
            with transaction.atomic():
                answer, _ = once(key, {"act": "write-off", "invoice": public_id, **data}, act)
        except CannotWriteOff as error:
            over = error.code == "over_limit"
            form.add_error(WRITE_OFF_FIELDS.get(error.code), error.message)
        else:
            asked = "approval" in answer
            words = "Asked for" if asked else "Written off"
            messages.success(request, f"{words} {show_money(wanted.amount)}")
            return redirect(reverse("billing:invoice", args=[public_id]))
    limit = writeoffs.limit_for(role, row)
    context = {
        "title": f"Write off on {row.number}",
        "patient": row.patient,
        "form": form,
        "stops": [] if parties else ["Nobody owes anything on this invoice."],
        "says": [
            f"Your role may write off {show_money(limit)} on one invoice."
            if limit is not None
            else "Owners have no limit.",
            *_policies(row, parties),
        ],
        "button": "Write off",
        "ask": "Ask another person to approve it" if over else "",
        "back": reverse("billing:invoice", args=[public_id]),
    }
    return render(request, "billing/act.html", context, status=400 if form.errors else 200)


def _policies(row: Invoice, parties: list[tuple[str, str]]) -> list[str]:
    """Which row decides about each party's part, before it is written off."""
    said = []
    for party, label in parties:
        kind = WriteOffType.SMALL_BALANCE if party == "patient" else WriteOffType.CONTRACTUAL
        wanted = WriteOff(party, kind, ZERO, "")
        said.append(f"{label}: {writeoffs.policy_of(row, wanted, _today(row)).because}.")
    return said


@require_GET
def statement_list(request: HttpRequest) -> HttpResponse:
    """Statements as sent, newest first, and who is due one now."""
    rows = Statement.objects.select_related("patient").order_by("-cut_at", "-pk")
    before = request.GET.get("before", "")
    if before.isdecimal():
        rows = rows.filter(pk__lt=int(before))
    shown = list(rows[: PAGE + 1])
    due = statement_batches.due_patients(location_here(request), today_here(request))
    context = {
        "rows": shown[:PAGE],
        "more": shown[PAGE - 1].pk if len(shown) > PAGE else None,
        "due_count": len(due),
        "due_sum": total(owed for _, owed in due),
    }
    return render_at(location_here(request), request, "billing/statements.html", context)


@require_POST
def statement_batch(request: HttpRequest) -> HttpResponse:
    """Issue statements for all who are due, as a job."""
    location = location_here(request)

    def act() -> dict[str, Any]:
        return {
            "job": statement_batches.start(location, at=timezone.now(), today=today_here(request)).public_id
        }

    answer, _ = once(request.POST.get("idempotency_key", ""), {"act": "statement-batch"}, act)
    return redirect(url_if_there("desk:job", answer["job"]) or reverse("billing:statements"))


@require_http_methods(["GET", "POST"])
def statement_preview(request: HttpRequest, public_id: str) -> HttpResponse:
    """What a statement would say now; POST issues it."""
    patient = get_object_or_404(Patient.objects.select_related("guarantor"), public_id=public_id)
    location = location_here(request)
    refused = ""
    if request.method == "POST":

        def act() -> dict[str, Any]:
            return {"statement": statements.issue(patient, location, at=timezone.now()).public_id}

        try:
            with transaction.atomic():
                answer, _ = once(
                    request.POST.get("idempotency_key", ""), {"act": "statement", "patient": public_id}, act
                )
        except NothingDue as error:
            refused = error.message
        else:
            messages.success(request, "Statement issued")
            return redirect(reverse("billing:statement", args=[answer["statement"]]))
    snapshot = statements.build(patient, location, today=today_here(request))
    context = {"patient": patient, "refused": refused, **snapshot_context(snapshot)}
    return render(request, "billing/statement.html", context, status=409 if refused else 200)


@require_GET
def statement(request: HttpRequest, public_id: str) -> HttpResponse:
    """One issued statement as it was frozen."""
    row = get_object_or_404(Statement.objects.select_related("patient"), public_id=public_id)
    audit.record("patient.read", "patient", row.patient.public_id, page="statement")
    context = {"patient": row.patient, "statement": row, **snapshot_context(row.snapshot)}
    return render_at(location_here(request), request, "billing/statement.html", context)


@require_GET
def statement_download(request: HttpRequest, public_id: str) -> HttpResponse:
    """The PDF's bytes; drawn now if the worker has not come to it."""
    row = get_object_or_404(Statement.objects.select_related("patient", "pdf"), public_id=public_id)
    audit.record("statement.download", "statement", row.public_id)
    content = files.read(row.pdf) if row.pdf is not None else statement_pdf.pdf_of(row)
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="statement-{row.number}.pdf"'
    return response


def snapshot_context(snapshot: dict[str, Any]) -> dict[str, Any]:
    """A snapshot for the page: dates as dates; money stays text that the tags show."""
    visits = [{**visit, "day": date.fromisoformat(visit["date"])} for visit in snapshot["visits"]]
    return {
        "s": snapshot,
        "asks": Decimal(snapshot["balance"]) > ZERO,
        "visits": visits,
        "waiting": [{**row, "day": date.fromisoformat(row["date"])} for row in snapshot["waiting"]],
        "day_of": date.fromisoformat(snapshot["date"]),
        "pay_by": date.fromisoformat(snapshot["pay_by"]),
    }


def _parties(money: patient_money.VisitMoney) -> list[tuple[str, str]]:
    named = list(money.payers)
    parties = (
        [("patient", f"The patient's {show_money(money.balance.patient)}")]
        if money.balance.patient > ZERO
        else []
    )
    for rank, owed in money.balance.insurers.items():
        if owed > ZERO:
            name = named[0] if len(named) == 1 else f"Insurer {rank}"
            parts = f"{name}'s {show_money(owed)}"
            parties.append((str(rank), parts))
    return parties


def _owed(money: patient_money.VisitMoney, party: str) -> Any:
    return money.balance.patient if party == "patient" else money.balance.insurers[int(party)]


def _today(row: Invoice) -> date:
    return local_day(timezone.now(), row.location.time_zone)
