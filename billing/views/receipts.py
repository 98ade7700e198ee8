"""Receipts: what was received, what it paid, printed or taken back."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from billing import papers, takebacks
from billing.enums import Channel, MethodKind
from billing.errors import BadPayment
from billing.forms import TakeBackForm
from billing.models import Charge, Receipt
from billing.views.local import render_at
from clinics import audit
from lib.dates import local_day
from lib.money import ZERO, show_money
from work.idempotency import once

WITH = ("method", "location__clinic", "patient__guarantor")


@require_GET
def receipt(request: HttpRequest, public_id: str) -> HttpResponse:
    """One receipt on screen and on paper."""
    row = get_object_or_404(
        Receipt.objects.select_related(*WITH), public_id=public_id, kind=MethodKind.PATIENT
    )
    assert row.patient is not None, "a patient's receipt has a patient"
    audit.record("patient.read", "patient", row.patient.public_id, page="receipt")
    context = {
        "receipt": row,
        "shown": receipt_rows([row])[0],
        "reversed": takebacks.is_reversed(row),
        "no_mail": papers.mail_obstacle(row),
        "address": papers.address_of(row),
    }
    return render_at(row.location, request, "billing/receipt.html", context)


@require_GET
def receipt_pdf(request: HttpRequest, public_id: str) -> HttpResponse:
    """The receipt's PDF."""
    row = _load(public_id)
    audit.record("receipt.download", "receipt", row.public_id)
    return pdf_response(papers.receipt_pdf(row), f"receipt-{row.public_id}")


@require_POST
def receipt_mail(request: HttpRequest, public_id: str) -> HttpResponse:
    """Send the receipt to the address on file, once for this form."""
    row = _load(public_id)
    address = papers.promise_mail(row, key=request.POST.get("idempotency_key", "") or "page")
    messages.success(request, f"The receipt goes to {address}")
    return redirect(reverse("billing:receipt", args=[row.public_id]))


@require_http_methods(["GET", "POST"])
def reverse_payment(request: HttpRequest, public_id: str) -> HttpResponse:
    """Take a payment back whole: a bounced check, a wrong amount."""
    row = get_object_or_404(
        Receipt.objects.select_related(*WITH), public_id=public_id, kind=MethodKind.PATIENT
    )
    assert row.patient is not None and row.location is not None, "taken at a desk"
    today = local_day(timezone.now(), row.location.time_zone)
    proposed = takebacks.proposed_fee(row)
    form = TakeBackForm(request.POST or None, initial={"fee": f"{proposed:.2f}" if proposed else ""})
    if request.method == "POST" and form.is_valid():
        reason, fee = form.cleaned_data["reason"], form.cleaned_data["fee"] or ZERO

        def act() -> dict[str, Any]:
            made = takebacks.take_back(row, reason=reason, fee=fee, at=timezone.now(), today=today)
            return {"receipt": row.public_id, "fee": made.number if made else ""}

        try:
            with transaction.atomic():
                once(
                    request.POST.get("idempotency_key", ""),
                    {"act": "reverse", "receipt": public_id, "reason": reason, "fee": str(fee)},
                    act,
                )
        except BadPayment as error:
            form.add_error("fee" if error.code == "bad_fee" else None, error.message)
        else:
            messages.success(request, f"Taken back {show_money(row.amount)}")
            return redirect(reverse("billing:receipt", args=[row.public_id]))
    context = {
        "title": f"Take {show_money(row.amount)} back",
        "form": form,
        "patient": row.patient,
        "says": [
            f"{row.method.name} of {show_money(row.amount)} goes out of the books of today.",
            "Every visit it paid owes again what it owed before; credit from it is gone.",
        ],
        "button": f"Take {show_money(row.amount)} back",
        "back": reverse("billing:receipt", args=[row.public_id]),
    }
    return render(request, "billing/act.html", context, status=400 if form.errors else 200)


def pdf_response(content: bytes, name: str) -> HttpResponse:
    """PDF bytes shown in the browser under a file name."""
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    return response


def _load(public_id: str) -> Receipt:
    return get_object_or_404(
        Receipt.objects.select_related(*papers.RECEIPT_WITH), public_id=public_id, kind=MethodKind.PATIENT
    )


def receipt_rows(receipts: list[Receipt]) -> list[dict[str, Any]]:
    """What the receipt part needs of each: number, lines in words, address."""
    if not receipts:
        return []
    applied = {row.pk: takebacks.applied_to(row) for row in receipts}
    ids = {charge_id for parts in applied.values() for charge_id, _, _ in parts if charge_id is not None}
    charges = {charge.pk: charge for charge in Charge.objects.filter(pk__in=ids)}
    return [
        {
            "row": row,
            "address": _address(row),
            "lines": [
                {"words": papers.line_words(charges.get(charge_id or 0), is_held), "amount": amount}
                for charge_id, is_held, amount in applied[row.pk]
            ],
            "method": f"{row.method.name}{f', no. {row.reference}' if row.reference else ''}"
            f"{', by phone' if row.channel == Channel.PHONE else ''}",
        }
        for row in receipts
    ]


def _address(row: Receipt) -> list[str]:
    place = row.location
    if place is None:
        return []
    return [
        line
        for line in (place.street, f"{place.city}, {place.state} {place.zip_code[:5]}")
        if line.strip(", ")
    ]
