"""A patient's money: the balance by party, its story, a payment without a visit, a refund."""

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
from django.views.decorators.http import require_GET, require_http_methods

from billing import balances, patient_money, payments, stories
from billing.enums import Channel, InvoiceKind
from billing.errors import BadPayment
from billing.forms import TakeForm, patient_methods
from billing.links import url_if_there
from billing.models import Charge, PaymentPlan, Statement
from billing.patient_money import PatientMoney, VisitMoney
from billing.views.local import render_at
from clinics import audit
from lib.dates import local_day
from lib.money import ZERO, BadAmount, parse_money, show_money
from patients.here import location_here, today_here
from patients.models import Patient
from work.idempotency import once

FILLS = (("insurer owes", "f1"), ("patient owes", "f4"), ("paid", "f2"), ("written off", "f3"))
STATES = {
    "patient_owes": ("Patient owes", "warn", "user-dollar"),
    "with_insurer": ("With insurer", "go", "send"),
    "closed": ("Closed", "mute", "lock"),
    "void": ("Void", "mute", "ban"),
}
TAKE_FIELDS = {
    "unknown_method": "method",
    "insurance_method": "method",
    "reference_needed": "reference",
    "card_number": "reference",
    "bad_split": "amount",
}


@require_GET
def patient_balance(request: HttpRequest, public_id: str) -> HttpResponse:
    """Part of the patient page: who owes what, visit by visit."""
    patient = get_object_or_404(Patient.objects, public_id=public_id)
    money = patient_money.of_patient(patient.pk, today_here(request))
    context = {
        "patient": patient,
        "money": money,
        "tiles": _tiles(patient, money),
        "visits": [_visit_row(visit) for visit in money.visits],
        "fills": FILLS,
        "plans": PaymentPlan.objects.filter(patient=patient).order_by("-pk")[:3],
        "statement": Statement.objects.filter(patient=patient).order_by("-cut_at").first(),
    }
    return render(request, "billing/parts/patient_balance.html", context)


@require_GET
def explain(request: HttpRequest, public_id: str) -> HttpResponse:
    """Explain this balance: the ledger in sentences, visit by visit, printable."""
    patient = get_object_or_404(Patient.objects, public_id=public_id)
    audit.record("patient.read", "patient", patient.public_id, page="balance")
    money = patient_money.of_patient(patient.pk, today_here(request))
    wanted = [visit for visit in money.visits if visit.balance.open != ZERO or request.GET.get("all")]
    told = stories.of_invoices([visit.invoice.pk for visit in wanted])
    context = {
        "patient": patient,
        "money": money,
        "visits": [{"money": visit, "rows": told[visit.invoice.pk]} for visit in reversed(wanted)],
        "everything": bool(request.GET.get("all")),
        "at": timezone.now(),
    }
    return render_at(location_here(request), request, "billing/explain.html", context)


@require_http_methods(["GET", "POST"])
def take_payment(request: HttpRequest, public_id: str) -> HttpResponse:
    """A payment without a visit: oldest amounts first, the split is shown before it is saved."""
    patient = get_object_or_404(Patient.objects, public_id=public_id)
    location = location_here(request)
    due = balances.patient_due(patient.pk)
    form = TakeForm(request.POST or None, initial={"amount": f"{due:.2f}" if due > ZERO else ""})
    if request.method == "POST" and form.is_valid():
        answer = _take(request, patient, form, local_day(timezone.now(), location.time_zone))
        if answer is not None:
            messages.success(request, f"Taken {answer['amount']}")
            return redirect(reverse("billing:receipt", args=[answer["receipt"]]))
    typed = form["amount"].value() or ""
    shares = typed_split(request)
    context = {
        "patient": patient,
        "form": form,
        "methods": patient_methods(),
        "due": due,
        "credit": balances.patient_credit(patient.pk),
        "split": split_rows(patient, typed, shares),
        "own_split": bool(shares),
    }
    return render(request, "billing/take_payment.html", context, status=400 if form.errors else 200)


@require_GET
def payment_split(request: HttpRequest, public_id: str) -> HttpResponse:
    """What an amount would pay, while it is typed (part)."""
    patient = get_object_or_404(Patient.objects, public_id=public_id)
    context = {"split": split_rows(patient, request.GET.get("amount", ""))}
    return render(request, "billing/parts/split.html", context)


def typed_split(request: HttpRequest) -> list[tuple[str, str]]:
    """The split as it was written: (charge, text) of each ``pays_CHARGE`` field; empty when nobody changed it."""
    rows = [
        (name[5:], str(value).strip()) for name, value in request.POST.items() if name.startswith("pays_")
    ]
    return rows[:200] if request.POST.get("own_split") else []


def read_split(rows: list[tuple[str, str]]) -> list[tuple[str, Decimal]] | None:
    """The written split in dollars, None for the house's own; BadPayment where one is no amount."""
    if not rows:
        return None
    try:
        return [(charge, parse_money((text or "0").replace(",", ""))) for charge, text in rows]
    except BadAmount as error:
        raise BadPayment("An amount has at most two decimals, such as 25.00.", code="bad_split") from error


def split_rows(
    patient: Patient, typed: str, shares: list[tuple[str, str]] | None = None
) -> list[dict[str, Any]]:
    """How an amount would be spread, oldest due first; nothing while it is no amount. ``shares`` as typed."""
    try:
        amount = parse_money(typed.replace(",", ""))
    except BadAmount:
        return []
    if amount <= ZERO:
        return []
    dues = payments.oldest_dues(patient.pk)
    charges = {
        row.pk: row for row in Charge.objects.filter(pk__in=[pk for pk, _ in dues]).select_related("invoice")
    }
    rows: list[dict[str, Any]] = []
    for charge_id, due in dues:
        share = min(due, amount)
        charge = charges[charge_id]
        text = dict(shares or []).get(charge.public_id, f"{share:.2f}" if share > ZERO else "")
        rows.append({"charge": charge, "due": due, "pays": share, "left": due - share, "text": text})
        amount -= share
    if amount > ZERO:
        rows.append({"charge": None, "due": None, "pays": amount, "left": None})
    return rows


def _take(request: HttpRequest, patient: Patient, form: TakeForm, today: date) -> dict[str, Any] | None:
    data = form.cleaned_data
    location = location_here(request)
    shares = typed_split(request)

    def act() -> dict[str, Any]:
        payment = payments.parse_payment(
            data["method"], data["amount"], data["memo"], data["reference"],
            Channel.PHONE if data["phone"] else Channel.DESK,
        )  # fmt: skip
        split = read_split(shares)
        row = payments.take(patient, payment, [], location=location, today=today, split=split)
        return {"receipt": row.public_id, "amount": show_money(row.amount)}

    try:
        with transaction.atomic():
            asked = {"act": "take", "patient": patient.public_id, "split": shares, **data}
            return once(request.POST.get("idempotency_key", ""), asked, act)[0]
    except BadPayment as error:
        form.add_error(TAKE_FIELDS.get(error.code, "amount"), error.message)
        return None


def _patient_url(patient: Patient) -> str:
    return reverse("patients:patient", args=[patient.public_id])


def _tiles(patient: Patient, money: PatientMoney) -> list[dict[str, Any]]:
    explain_url = reverse("billing:explain", args=[patient.public_id])
    insurers = ", ".join(money.insurers) or "insurers"
    opened = sum(1 for visit in money.visits if visit.balance.open != ZERO)
    late = sum((amount for words, amount in money.ages if words != "0 to 30 days"), Decimal(0))
    held = (
        f"{show_money(money.credit.held)} more is held" if money.credit.held else "used at the next check-out"
    )
    return [
        {
            "label": "Open in all",
            "value": show_money(money.insurer_open + money.patient),
            "url": explain_url,
            "sheet": True,
            "note": f"{opened} of {len(money.visits)} visits",
        },
        {
            "label": f"With {insurers}",
            "value": show_money(money.insurer_open),
            "url": explain_url,
            "sheet": True,
            "swatch": "f1",
            "note": "not due from the patient",
        },
        {
            "label": "Owed by the patient",
            "value": show_money(money.patient),
            "url": explain_url,
            "sheet": True,
            "swatch": "f4",
            "key": "w",
            "note": "Explain this balance",
            "family": "warn" if late > ZERO else "link",
        },
        {
            "label": "Credit on account",
            "value": show_money(money.credit.free),
            "url": explain_url,
            "sheet": True,
            "note": held if money.credit.free or money.credit.held else "none",
        },
    ]


def _named(visit: VisitMoney) -> str:
    """What the invoice is for: the visit's type, a missed visit's status, a product."""
    appointment = visit.invoice.appointment
    if appointment is None or visit.invoice.kind == InvoiceKind.MISSED:
        return str(visit.charges[0].description) if visit.charges else "Other charge"
    return str(appointment.appointment_type)


def _visit_row(visit: VisitMoney) -> dict[str, Any]:
    words, family, icon = STATES[visit.state]
    appointment = visit.invoice.appointment
    return {
        "money": visit,
        "url": reverse("billing:invoice", args=[visit.invoice.public_id]),
        "name": _named(visit),
        "visit_url": url_if_there("appointments:visit", appointment.public_id) if appointment else "",
        "why": reverse("billing:invoice-why", args=[visit.invoice.public_id]),
        "bar": bar_parts(visit),
        "said": ", ".join(f"{words} {show_money(amount)}" for words, amount in places(visit)),
        "words": words,
        "family": family,
        "icon": icon,
    }


def places(visit: VisitMoney) -> list[tuple[str, Decimal]]:
    """Where each cent of a visit is, in the order of FILLS."""
    amounts = (visit.balance.insurer_open, visit.balance.patient, visit.paid, visit.written_off)
    return [(words, amount) for (words, _), amount in zip(FILLS, amounts, strict=True)]


def bar_parts(visit: VisitMoney) -> list[dict[str, str]]:
    """Where each cent of a visit is, as parts of one bar in percent."""
    whole = visit.balance.charge
    if whole <= ZERO:
        return []
    place, parts = Decimal(0), []
    for (_, amount), (_, fill) in zip(places(visit), FILLS, strict=True):
        if amount > ZERO:
            share = amount * 100 / whole
            parts.append(
                {
                    "fill": fill,
                    "x": f"{place:.2f}",
                    "width": f"{max(share - Decimal('0.6'), Decimal('0.4')):.2f}",
                }
            )
            place += share
    return parts
