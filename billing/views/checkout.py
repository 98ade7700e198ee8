"""The check-out page: visit, who pays, collect; after it receipt, claim and the next patient, in place."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_http_methods

from appointments.coding import place_words
from appointments.models import Appointment
from billing import balances, checkout, transitions, whys
from billing.checkout import READY_STATES, CheckoutPreview
from billing.errors import BadPayment, CannotCheckOut
from billing.forms import patient_methods
from billing.links import url_if_there
from billing.models import Charge, Receipt
from billing.papers import RECEIPT_WITH, mail_obstacle
from billing.payments import Payment, parse_payment
from billing.views.local import render_at
from billing.views.receipts import receipt_rows
from billing.visit_pricing import PricedLine, price_visit
from clinics import audit
from clinics.errors import Refusal
from insurance.enums import ProfileKind
from lib.dates import local_day
from lib.frozen import freeze
from lib.money import ZERO, BadAmount, parse_money, to_cents
from work.idempotency import once

LETTERS = "ABCDEFGHIJKL"
ENDS = ("", "_2", "_3", "_4")  # several methods in one go
FIELD_OF = {
    "unknown_method": "method",
    "insurance_method": "method",
    "reference_needed": "reference",
    "card_number": "reference",
    "bad_amount": "amount",
    "not_positive": "amount",
    "zero_charge": "zero_reason",
}
VISIT_WITH = (
    "patient",
    "location__clinic",
    "location__billing_provider",
    "clinician",
    "profile",
    "clinic",
    "appointment_type",
    "status",
)


@require_http_methods(["GET", "POST"])
def check_out(request: HttpRequest, public_id: str) -> HttpResponse:
    """The page of one visit, before and after its check-out."""
    visit = get_object_or_404(Appointment.objects.select_related(*VISIT_WITH), public_id=public_id)
    if request.method == "POST":
        return _take(request, visit)
    audit.record("patient.read", "patient", visit.patient.public_id, page="check-out")
    if checkout.live_invoice(visit) is not None:
        return _done(request, visit)
    return _open(request, visit)


def _take(request: HttpRequest, visit: Appointment) -> HttpResponse:
    typed = typed_payments(request)
    try:
        handed_over = [parse_payment(p["method"], p["amount"], p["memo"], p["reference"]) for p in typed]
        answer = _once(request, visit, handed_over)
    except (BadPayment, CannotCheckOut) as error:
        if error.code not in FIELD_OF:
            return _open(
                request, visit, typed=_all_typed(request), refused=error.message, status=error.status
            )
        return _open(
            request,
            visit,
            typed=_all_typed(request),
            bad={FIELD_OF[error.code]: error.message},
            status=400,
        )
    except Refusal as refusal:
        return _open(
            request, visit, typed=_all_typed(request), refused=refusal.message, status=refusal.status
        )
    query = urlencode([("receipt", public_id) for public_id in answer["receipts"]])
    return redirect(f"{reverse('billing:check-out', args=[visit.public_id])}{'?' + query if query else ''}")


def _once(request: HttpRequest, visit: Appointment, handed_over: list[Payment]) -> dict[str, Any]:
    asked = {
        "act": "check-out",
        "visit": visit.public_id,
        "payments": [[p.method.public_id, str(p.amount), p.memo, p.reference] for p in handed_over],
        "zero": request.POST.get("zero_reason", ""),
    }

    def act() -> dict[str, Any]:
        result = checkout.check_out(
            visit.public_id, handed_over, at=timezone.now(), zero_reason=request.POST.get("zero_reason", "")
        )
        if result.already and handed_over:
            raise Refusal(
                "This visit was checked out a moment ago. Nothing was taken a second time; reload to see it.",
                code="already_done",
            )
        return {"invoice": result.invoice.public_id, "receipts": [row.public_id for row in result.receipts]}

    with transaction.atomic():  # a refusal takes the idempotency key back with it
        return once(request.POST.get("idempotency_key", ""), asked, act)[0]


def typed_payments(request: HttpRequest) -> list[dict[str, str]]:
    """The payments of the form, up to four; none when it is billed later or the amount is empty or 0.00."""
    if request.POST.get("later"):
        return []
    rows = _all_typed(request)
    if not request.POST.get("split"):
        rows = rows[:1]
    for row in rows[1:]:
        row["memo"] = row["memo"] or rows[0]["memo"]
    return [row for row in rows if not _is_nothing(row["amount"])]


def _all_typed(request: HttpRequest) -> list[dict[str, str]]:
    return [
        {
            name: request.POST.get(name + end, "").strip()
            for name in ("method", "amount", "memo", "reference", "handed")
        }
        for end in ENDS
    ]


def _is_nothing(text: str) -> bool:
    try:
        return text == "" or parse_money(text.replace(",", "")) == ZERO
    except BadAmount:
        return False


def _open(
    request: HttpRequest,
    visit: Appointment,
    *,
    typed: list[dict[str, str]] | None = None,
    bad: dict[str, str] | None = None,
    refused: str = "",
    status: int = 200,
) -> HttpResponse:
    """Before check-out: three columns."""
    preview = checkout.preview(visit)
    ready = visit.state in READY_STATES
    context = {
        "visit": visit,
        "preview": preview,
        "lines": [_line(priced) for priced in preview.visit.lines],
        "unconfirmed": sum(1 for priced in preview.visit.lines if not priced.line.is_confirmed),
        "diagnoses": [
            (LETTERS[place], code, visit.diagnosis_labels.get(code, ""))
            for place, code in enumerate(visit.diagnoses)
        ],
        "layers": list(enumerate(preview.visit.layers, start=1)),
        "bar": _bar(preview),
        "split_words": _split_words(preview),
        "methods": patient_methods(),
        "typed": typed or [_first_typed(preview)],
        "more": [
            {"end": end, "number": number, "typed": typed[number - 1] if typed else {}}
            for number, end in enumerate(ENDS[1:], start=2)
        ],
        "place_words": place_words(visit.place_of_service),
        "zero_reason": request.POST.get("zero_reason", ""),
        "needs_zero_reason": checkout.needs_zero_reason(visit, preview.visit),
        "asked": preview.estimate,
        "too_many": transitions.time_reasons(visit, preview.visit),
        "estimate_url": f"{reverse('billing:estimate', args=[visit.public_id])}?sheet=1",
        "may_ask_self_pay": visit.profile.kind != ProfileKind.SELF_PAY,
        "here": request.get_full_path(),
        "split_open": bool(request.POST.get("split")),
        "bad": bad or {},
        "refused": refused,
        "copay_cents": to_cents(_copay_left(preview)),
        "memo_of_all": _memo(preview),
        "due_cents": to_cents(max(preview.collect_today, ZERO)),
        "ready": ready,
        "can_check_out": ready and not preview.problems and bool(preview.visit.lines),
        "edit_url": url_if_there("appointments:visit", visit.public_id),
        "profile_url": url_if_there("insurance:manage", visit.patient.public_id),
        **_neighbours(visit),
    }
    return render_at(visit.location, request, "billing/check_out.html", context, status=status)


def _done(request: HttpRequest, visit: Appointment) -> HttpResponse:
    """After check-out, in place: the receipts, the claim, the next patient."""
    invoice = checkout.live_invoice(visit)
    assert invoice is not None, "the caller looked"
    asked = request.GET.getlist("receipt")[:6]
    receipts = Receipt.objects.filter(patient=visit.patient).select_related(*RECEIPT_WITH)
    shown = (
        receipts.filter(public_id__in=asked)
        if asked
        else receipts.filter(entries__charge__invoice=invoice).distinct()
    )
    balance = balances.invoices([invoice.pk])[invoice.pk]
    found = list(shown.order_by("pk"))
    context = {
        "visit": visit,
        "invoice": invoice,
        "balance": balance,
        "receipts": receipt_rows(found),
        "no_mail": mail_obstacle(found[0]) if found else "",
        "credit": balances.patient_credit(visit.patient_id),
        "old": balances.patient_due(visit.patient_id) - balance.patient,
        "claim_url": url_if_there("claims:for-invoice", invoice.public_id)
        if balance.insurer_open > ZERO
        else "",
        **_neighbours(visit),
    }
    return render_at(visit.location, request, "billing/checked_out.html", context)


@require_GET
def why(request: HttpRequest, public_id: str) -> HttpResponse:
    """Why a charge is what it is, from the trace stored with it (side sheet)."""
    charge = get_object_or_404(Charge.objects.select_related("invoice"), public_id=public_id)
    context = {
        "words": f"{charge.procedure_code} {charge.description}",
        "amount": charge.amount,
        "patient_part": charge.patient_part,
        "units": charge.units,
        "unit_fee": charge.unit_fee,
        "steps": whys.steps(charge.trace),
        "stored": True,
    }
    return render(request, "billing/parts/why.html", context)


@require_GET
def why_line(request: HttpRequest, public_id: str, line_id: str) -> HttpResponse:
    """Why a line of a visit would be charged so, from rules as they are now (side sheet)."""
    visit = get_object_or_404(Appointment.objects.select_related(*VISIT_WITH), public_id=public_id)
    for priced in price_visit(visit).lines:
        if priced.line.public_id == line_id:
            result = priced.result
            context = {
                "words": f"{priced.line.service.code} {priced.line.service.name}",
                "amount": result.charge,
                "patient_part": result.patient,
                "units": result.quantity,
                "unit_fee": result.fee,
                "steps": whys.steps(freeze(list(result.trace))),
            }
            return render(request, "billing/parts/why.html", context)
    raise Http404


def _line(priced: PricedLine) -> dict[str, Any]:
    line = priced.line
    return {
        "row": line,
        "result": priced.result,
        "pointers": " ".join(LETTERS[place - 1] for place in line.pointers if 1 <= place <= len(LETTERS)),
        "units": f"{priced.result.quantity.normalize():f}" if priced.result.quantity is not None else "",
        "why": reverse("billing:why-line", args=[line.appointment.public_id, line.public_id]),
    }


def _bar(preview: CheckoutPreview) -> list[dict[str, Any]]:
    """Insurer and patient as parts of one bar; x and width in percent."""
    whole, patient = preview.visit.total, preview.visit.patient
    if whole <= ZERO:
        return []
    share = (preview.visit.payer * 100 / whole).quantize(Decimal("0.01"))
    payer = preview.visit.layers[0].policy.payer.name if preview.visit.layers else "Insurer"
    parts = [
        {
            "amount": preview.visit.payer,
            "words": payer,
            "fill": "f1",
            "x": "0",
            "width": str(max(share - Decimal("0.6"), ZERO)),
        }
    ]
    if preview.visit.layers:
        parts.append(
            {
                "amount": patient,
                "words": "Patient: copay",
                "fill": "f4",
                "x": str(share),
                "width": str(100 - share),
            }
        )
        return parts
    return [{"amount": patient, "words": "Patient", "fill": "f4", "x": "0", "width": "100"}]


def _split_words(preview: CheckoutPreview) -> str:
    """Why the patient's part is what it is: the split step of the line that carries most of it."""
    lines = [priced for priced in preview.visit.lines if priced.result.patient is not None]
    if not lines:
        return ""
    top = max(lines, key=lambda priced: priced.result.patient or ZERO)
    trace = freeze(list(top.result.trace))
    return whys.sentence(trace, "B11.2.copay") or whys.sentence(trace, "B17.7")


def _first_typed(preview: CheckoutPreview) -> dict[str, str]:
    amount = preview.collect_today
    return {"amount": f"{amount:.2f}", "memo": _memo(preview)} if amount > ZERO else {}


def _copay_left(preview: CheckoutPreview) -> Decimal:
    return max(preview.copay_due - preview.credit_used, ZERO)


def _memo(preview: CheckoutPreview) -> str:
    """What the whole of today's number is for, as the receipt says it: copay, estimate and balance."""
    expected = preview.copay_due + preview.estimate.above_copay - preview.credit_used
    copay = _copay_left(preview)
    parts = [("copay", copay), ("estimate", expected - copay), ("balance", preview.old_balance)]
    words = [word for word, amount in parts if amount > ZERO]
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _neighbours(visit: Appointment) -> dict[str, Any]:
    """How many wait to be checked out here today, and who is next."""
    waiting = Appointment.objects.filter(
        location=visit.location, service_date=visit.service_date, state__in=READY_STATES
    ).exclude(pk=visit.pk)
    later = waiting.filter(starts_at__gte=visit.starts_at).order_by("starts_at", "pk").first()
    following = later or waiting.order_by("starts_at", "pk").first()
    return {
        "waiting": waiting.count() if following else 0,
        "next_url": reverse("billing:check-out", args=[following.public_id]) if following else "",
        "today_url": url_if_there("desk:today"),
        "explain_url": reverse("billing:explain", args=[visit.patient.public_id]),
        "today": local_day(timezone.now(), visit.location.time_zone),
    }
