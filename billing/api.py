"""/api/v1/: check-out, payments, invoices, charges' whys, statements, write-offs.

Money is a string with two places; ids are public ids. POSTs take an ``Idempotency-Key`` header: the
same key gives the first answer again, with other values it is refused with 422.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from appointments.models import Appointment
from billing import (
    call_api,
    checkout,
    day_api,
    desk_api,
    estimates_api,
    left_api,
    patient_money,
    payments,
    price_api,
    receivables_api,
    statement_pdf,
    statements,
    takebacks,
    till_api,
    voiding,
    writeoff_lists,
    writeoffs,
)
from billing.api_shapes import (
    BalanceSerializer,
    CheckoutPreviewSerializer,
    CheckoutResultSerializer,
    CheckoutSerializer,
    InvoiceSerializer,
    MethodSerializer,
    PaymentInSerializer,
    ReasonSerializer,
    ReceiptSerializer,
    StatementInSerializer,
    StatementSerializer,
    TakeBackSerializer,
    WhySerializer,
    WriteOffSerializer,
    shape_balance,
    shape_invoice,
    shape_preview,
    shape_receipt,
    shape_write_off,
)
from billing.enums import MethodKind, WriteOffType
from billing.models import Charge, Invoice, PaymentMethod, Receipt, Statement
from billing.payments import parse_payment
from billing.views.checkout import VISIT_WITH
from billing.writeoffs import WriteOff
from clinics import audit
from clinics.errors import BadInput
from lib.dates import local_day
from patients.here import location_here, today_here
from patients.models import Patient
from work.idempotency import once

PAGE = 100


def _apply(
    request: Request, asked: dict[str, Any], act: Callable[[], dict[str, Any]]
) -> tuple[dict[str, Any], int]:
    answer, is_new = once(request.headers.get("Idempotency-Key", ""), asked, act)
    return answer, status.HTTP_201_CREATED if is_new else status.HTTP_200_OK


@extend_schema(methods=["GET"], responses=CheckoutPreviewSerializer)
@extend_schema(methods=["POST"], request=CheckoutSerializer, responses={201: CheckoutResultSerializer})
@api_view(["GET", "POST"])
def visit_checkout(request: Request, public_id: str) -> Response:
    """GET prices the visit and says what to collect; POST checks it out, once."""
    visit = get_object_or_404(Appointment.objects.select_related(*VISIT_WITH), public_id=public_id)
    if request.method == "GET":
        return Response(CheckoutPreviewSerializer(shape_preview(visit, checkout.preview(visit))).data)
    given = CheckoutSerializer(data=request.data)
    given.is_valid(raise_exception=True)
    rows = given.validated_data["payments"]
    why_zero = given.validated_data["zero_reason"]
    asked = {
        "act": "check-out",
        "visit": public_id,
        "payments": [dict(row) for row in rows],
        "zero": why_zero,
    }

    def act() -> dict[str, Any]:
        handed_over = [parse_payment(r["method"], r["amount"], r["memo"], r["reference"]) for r in rows]
        result = checkout.check_out(public_id, handed_over, at=timezone.now(), zero_reason=why_zero)
        return {
            "invoice": result.invoice.public_id,
            "receipts": [row.public_id for row in result.receipts],
            "already": result.already,
        }

    answer, code = _apply(request, asked, act)
    invoice = Invoice.objects.select_related("patient", "appointment").get(public_id=answer["invoice"])
    receipts = Receipt.objects.select_related("method", "patient").filter(public_id__in=answer["receipts"])
    body = {
        "invoice": shape_invoice(patient_money.of_invoices([invoice])[0]),
        "receipts": [shape_receipt(row) for row in receipts.order_by("pk")],
        "already": answer["already"],
    }
    return Response(
        CheckoutResultSerializer(body).data, status=status.HTTP_200_OK if answer["already"] else code
    )


@extend_schema(responses=MethodSerializer(many=True))
@api_view(["GET"])
def payment_methods(request: Request) -> Response:
    """How patients can pay; Insurance is not among them (B3)."""
    rows = PaymentMethod.objects.filter(kind=MethodKind.PATIENT, is_active=True)
    return Response(MethodSerializer(rows, many=True).data)


@extend_schema(methods=["GET"], responses=ReceiptSerializer(many=True), operation_id="payments_list")
@extend_schema(methods=["POST"], request=PaymentInSerializer, responses={201: ReceiptSerializer})
@api_view(["GET", "POST"])
def payment_list(request: Request) -> Response:
    """Receipts of ``?patient=``; POST takes a payment: oldest amounts due first, the rest is credit."""
    if request.method == "GET":
        patient = _patient(request.query_params.get("patient", ""))
        audit.record("patient.read", "patient", patient.public_id, page="payments")
        rows = (
            Receipt.objects.select_related("method", "patient").filter(patient=patient).order_by("-pk")[:PAGE]
        )
        return Response(ReceiptSerializer([shape_receipt(row) for row in rows], many=True).data)
    given = PaymentInSerializer(data=request.data)
    given.is_valid(raise_exception=True)
    data = given.validated_data
    patient = _patient(data["patient"])
    location = location_here(request)

    def act() -> dict[str, Any]:
        payment = parse_payment(
            data["method"], data["amount"], data["memo"], data["reference"], data["channel"]
        )
        today = local_day(timezone.now(), location.time_zone)
        split = None if data["split"] is None else [(row["charge"], row["amount"]) for row in data["split"]]
        taken = payments.take(patient, payment, [], location=location, today=today, split=split)
        return {"receipt": taken.public_id}

    answer, code = _apply(request, {"act": "take", **data}, act)
    return Response(ReceiptSerializer(shape_receipt(_receipt(answer["receipt"]))).data, status=code)


@extend_schema(responses=ReceiptSerializer)
@api_view(["GET"])
def payment(request: Request, public_id: str) -> Response:
    """One receipt."""
    row = _receipt(public_id)
    audit.record("patient.read", "patient", row.patient.public_id if row.patient else "", page="payment")
    return Response(ReceiptSerializer(shape_receipt(row)).data)


@extend_schema(request=TakeBackSerializer, responses=ReceiptSerializer)
@api_view(["POST"])
def reverse_payment(request: Request, public_id: str) -> Response:
    """Take a payment back whole (bounced check), with the fee it costs the patient."""
    given = TakeBackSerializer(data=request.data)
    given.is_valid(raise_exception=True)
    row = _receipt(public_id)
    reason, fee = given.validated_data["reason"], given.validated_data["fee"]

    def act() -> dict[str, Any]:
        takebacks.take_back(row, reason=reason, fee=fee, at=timezone.now(), today=today_here(request))
        return {"receipt": row.public_id}

    _apply(request, {"act": "reverse", "receipt": public_id, "reason": reason, "fee": str(fee)}, act)
    return Response(ReceiptSerializer(shape_receipt(_receipt(public_id))).data)


@extend_schema(responses=InvoiceSerializer(many=True), operation_id="invoices_list")
@api_view(["GET"])
def invoices(request: Request) -> Response:
    """Invoices of ``?patient=``, newest first, each with where its money is."""
    patient = _patient(request.query_params.get("patient", ""))
    audit.record("patient.read", "patient", patient.public_id, page="invoices")
    rows = Invoice.objects.select_related("patient", "appointment", "corrects").filter(patient=patient)
    shown = patient_money.of_invoices(rows.order_by("-service_date", "-pk")[:PAGE])
    return Response(InvoiceSerializer([shape_invoice(row) for row in shown], many=True).data)


@extend_schema(responses=InvoiceSerializer)
@api_view(["GET"])
def invoice(request: Request, public_id: str) -> Response:
    """One invoice with its charges and where its money is."""
    row = _invoice(public_id)
    audit.record("patient.read", "patient", row.patient.public_id, page="invoice")
    return Response(InvoiceSerializer(shape_invoice(patient_money.of_invoices([row])[0])).data)


@extend_schema(request=ReasonSerializer, responses=InvoiceSerializer)
@api_view(["POST"])
def void_invoice(request: Request, public_id: str) -> Response:
    """Void an invoice; 409 with the reasons when a claim or an insurer's answer stands on it."""
    return _take_back(request, public_id)


@extend_schema(request=ReasonSerializer, responses=InvoiceSerializer)
@api_view(["POST"])
def correct_invoice(request: Request, public_id: str) -> Response:
    """Take an invoice back so that its visit can be mended; its next check-out corrects it (B8). 409 as for a void."""
    return _take_back(request, public_id, for_correction=True)


def _take_back(request: Request, public_id: str, *, for_correction: bool = False) -> Response:
    given = ReasonSerializer(data=request.data)
    given.is_valid(raise_exception=True)
    _invoice(public_id)
    reason = given.validated_data["reason"]

    def act() -> dict[str, Any]:
        made = voiding.void_invoice(
            public_id, reason=reason, at=timezone.now(), for_correction=for_correction
        )
        return {"invoice": made.public_id}

    wanted = {"act": "correct" if for_correction else "void", "invoice": public_id, "reason": reason}
    _apply(request, wanted, act)
    return Response(
        InvoiceSerializer(shape_invoice(patient_money.of_invoices([_invoice(public_id)])[0])).data
    )


@extend_schema(methods=["GET"], responses=OpenApiTypes.OBJECT)
@extend_schema(methods=["POST"], request=WriteOffSerializer, responses={201: InvoiceSerializer})
@api_view(["GET", "POST"])
def write_offs(request: Request) -> Response:
    """Write-offs of ``?from=`` to ``?to=`` with the policy row behind each; POST writes off part of one."""
    if request.method == "GET":
        today = today_here(request)
        start = date_of(request, "from", today.replace(day=1))
        rows = writeoff_lists.between(start, date_of(request, "to", today))
        return Response({"write_offs": [shape_write_off(row) for row in rows]})
    given = WriteOffSerializer(data=request.data)
    given.is_valid(raise_exception=True)
    data = given.validated_data
    row = _invoice(data["invoice"])
    role = request._request.membership.role  # type: ignore[attr-defined]  # noqa: SLF001 - the middleware's
    key = request.headers.get("Idempotency-Key", "")
    if not key:
        raise BadInput(
            "Send an Idempotency-Key header: a write-off without one could be posted twice.",
            code="key_needed",
        )
    wanted = WriteOff(data["party"], WriteOffType(data["type"]), data["amount"], data["reason"])

    def act() -> dict[str, Any]:
        writeoffs.write_off(
            row,
            wanted,
            role=role,
            today=local_day(timezone.now(), row.location.time_zone),
            key=f"writeoff:{key}",
        )
        return {"invoice": row.public_id}

    _, code = _apply(request, {"act": "write-off", **data}, act)
    return Response(
        InvoiceSerializer(shape_invoice(patient_money.of_invoices([_invoice(row.public_id)])[0])).data,
        status=code,
    )


@extend_schema(responses=BalanceSerializer)
@api_view(["GET"])
def balance(request: Request, public_id: str) -> Response:
    """A patient's balance by party, with credit and age."""
    patient = _patient(public_id)
    audit.record("patient.read", "patient", patient.public_id, page="balance")
    return Response(shape_balance(patient, today_here(request)))


@extend_schema(responses=WhySerializer)
@api_view(["GET"])
def why(request: Request, public_id: str) -> Response:
    """The trace of a charge: every rule tried, taken, with its inputs."""
    row = get_object_or_404(Charge.objects, public_id=public_id)
    return Response(WhySerializer(row).data)


@extend_schema(methods=["GET"], responses=StatementSerializer(many=True), operation_id="statements_list")
@extend_schema(methods=["POST"], request=StatementInSerializer, responses={201: StatementSerializer})
@api_view(["GET", "POST"])
def statement_list(request: Request) -> Response:
    """Statements of ``?patient=``; POST issues one as of now."""
    if request.method == "GET":
        patient = _patient(request.query_params.get("patient", ""))
        audit.record("patient.read", "patient", patient.public_id, page="statements")
        rows = Statement.objects.select_related("patient").filter(patient=patient).order_by("-cut_at")[:PAGE]
        return Response(StatementSerializer(rows, many=True).data)
    given = StatementInSerializer(data=request.data)
    given.is_valid(raise_exception=True)
    patient = _patient(given.validated_data["patient"])

    def act() -> dict[str, Any]:
        return {"statement": statements.issue(patient, location_here(request), at=timezone.now()).public_id}

    answer, code = _apply(request, {"act": "statement", "patient": patient.public_id}, act)
    return Response(StatementSerializer(_statement(answer["statement"])).data, status=code)


@extend_schema(responses=StatementSerializer)
@api_view(["GET"])
def statement(request: Request, public_id: str) -> Response:
    """One statement with its frozen snapshot."""
    row = _statement(public_id)
    audit.record("patient.read", "patient", row.patient.public_id, page="statement")
    return Response(StatementSerializer(row).data)


@extend_schema(responses={(200, "application/pdf"): OpenApiTypes.BINARY})
@api_view(["GET"])
def statement_download(request: Request, public_id: str) -> HttpResponse:
    """The statement's PDF."""
    row = _statement(public_id)
    audit.record("statement.download", "statement", row.public_id)
    return HttpResponse(statement_pdf.pdf_of(row), content_type="application/pdf")


def date_of(request: Request, name: str, usual: date) -> date:
    """A day of the query, or the usual one."""
    try:
        return date.fromisoformat(request.query_params.get(name, "") or usual.isoformat())
    except ValueError as error:
        raise BadInput("A day looks like 2026-03-09.", code="bad_day") from error


def _patient(public_id: str) -> Patient:
    if not public_id:
        raise BadInput("Name the patient: ?patient=ID.", code="patient_needed")
    return get_object_or_404(Patient.objects.select_related("guarantor"), public_id=public_id)


def _receipt(public_id: str) -> Receipt:
    rows = Receipt.objects.select_related("method", "patient", "location")
    return get_object_or_404(rows, public_id=public_id, kind=MethodKind.PATIENT)


def _invoice(public_id: str) -> Invoice:
    rows = Invoice.objects.select_related("patient", "appointment", "location__clinic")
    return get_object_or_404(rows, public_id=public_id)


def _statement(public_id: str) -> Statement:
    return get_object_or_404(Statement.objects.select_related("patient", "pdf"), public_id=public_id)


app_name = "billing-api"
urlpatterns = [
    path("visits/<str:public_id>/checkout/", visit_checkout, name="checkout"),
    path("payment-methods/", payment_methods, name="payment-methods"),
    path("payments/", payment_list, name="payments"),
    path("payments/<str:public_id>/", payment, name="payment"),
    path("payments/<str:public_id>/reverse/", reverse_payment, name="reverse-payment"),
    path("invoices/", invoices, name="invoices"),
    path("invoices/<str:public_id>/", invoice, name="invoice"),
    path("invoices/<str:public_id>/void/", void_invoice, name="void-invoice"),
    path("invoices/<str:public_id>/correct/", correct_invoice, name="correct-invoice"),
    path("write-offs/", write_offs, name="write-offs"),
    path("charges/<str:public_id>/why/", why, name="why"),
    path("patients/<str:public_id>/balance/", balance, name="balance"),
    path("statements/", statement_list, name="statements"),
    path("statements/<str:public_id>/", statement, name="statement"),
    path("statements/<str:public_id>/pdf/", statement_download, name="statement-pdf"),
    *desk_api.urlpatterns,
    *estimates_api.urlpatterns,
    *till_api.urlpatterns,
    *price_api.urlpatterns,
    *left_api.urlpatterns,
    *call_api.urlpatterns,
    *day_api.urlpatterns,
    *receivables_api.urlpatterns,
]
