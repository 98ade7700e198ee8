"""/api/v1/: the drawer and its counts, one-off invoices, receipts and superbills on paper or by e-mail."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from appointments.models import Service
from billing import drawers, one_offs, papers, patient_money
from billing.api_shapes import InvoiceSerializer, money, shape_invoice
from billing.enums import MethodKind
from billing.models import Invoice, Receipt
from clinics import audit
from clinics.permissions import may
from patients.here import location_here, today_here
from patients.models import Patient
from work.idempotency import once

PDF = {(200, "application/pdf"): OpenApiTypes.BINARY}


class DrawerMethodSerializer(serializers.Serializer[Any]):
    """What one method should come to."""

    method = serializers.CharField()
    amount = money()


class DrawerSerializer(serializers.Serializer[Any]):
    """The caller's drawer at the location since the last count."""

    opened_at = serializers.DateTimeField(allow_null=True)
    methods = DrawerMethodSerializer(many=True)
    system = money()


class CountSerializer(serializers.Serializer[Any]):
    """A count: every method by name; ``seen`` is the system's sum it was counted against."""

    counted = serializers.DictField(child=money())
    seen = money()
    note = serializers.CharField(max_length=200, allow_blank=True, default="")


class DrawerCloseSerializer(serializers.Serializer[Any]):
    """A count as it was kept."""

    id = serializers.CharField(source="public_id")
    person = serializers.CharField()
    day = serializers.DateField()
    closed_at = serializers.DateTimeField()
    system = money()
    counted = money()
    note = serializers.CharField()
    methods = serializers.ListField(child=serializers.DictField())


class ItemSerializer(serializers.Serializer[Any]):
    """One line; ``service`` an id of /services/, or ``name``. Without ``price`` the list's price."""

    service = serializers.SlugRelatedField(
        slug_field="public_id", queryset=Service.objects, required=False, allow_null=True, default=None
    )
    name = serializers.CharField(max_length=80, allow_blank=True, default="")
    quantity = serializers.IntegerField(min_value=1, max_value=999, default=1)
    price = money(required=False, allow_null=True, default=None)


class OneOffSerializer(serializers.Serializer[Any]):
    """A one-off invoice of a patient."""

    patient = serializers.CharField(max_length=16)
    items = ItemSerializer(many=True)


class MailedSerializer(serializers.Serializer[Any]):
    """Where the receipt goes."""

    to = serializers.EmailField()


@extend_schema(methods=["GET"], responses=DrawerSerializer)
@extend_schema(methods=["POST"], request=CountSerializer, responses={201: DrawerCloseSerializer})
@api_view(["GET", "POST"])
def drawer(request: Request) -> Response:
    """What the caller's drawer should hold; POST keeps a count of it."""
    here, person = location_here(request), _person(request)
    if request.method == "GET":
        found = drawers.open_drawer(here, person)
        methods = [{"method": name, "amount": amount} for name, amount in found.methods]
        body = {"opened_at": found.opened_at, "methods": methods, "system": found.system}
        return Response(DrawerSerializer(body).data)
    given = CountSerializer(data=request.data)
    given.is_valid(raise_exception=True)
    data = given.validated_data

    def act() -> dict[str, Any]:
        row = drawers.close(
            here, person, data["counted"], seen=data["seen"], day=today_here(request), note=data["note"]
        )
        return {"id": row.public_id}

    answer, is_new = once(request.headers.get("Idempotency-Key", ""), {"act": "drawer", **data}, act)
    row = next(row for row in drawers.closes(here, person) if row.public_id == answer["id"])
    code = status.HTTP_201_CREATED if is_new else status.HTTP_200_OK
    return Response(DrawerCloseSerializer(row).data, status=code)


@extend_schema(responses=DrawerCloseSerializer(many=True))
@api_view(["GET"])
def drawer_closes(request: Request) -> Response:
    """Counts at the location, newest first: the caller's own, an admin's view has everybody's."""
    everybody = may(request._request, "settings.view")  # noqa: SLF001 - the membership is the middleware's
    rows = drawers.closes(location_here(request), "" if everybody else _person(request))
    return Response(DrawerCloseSerializer(rows, many=True).data)


@extend_schema(request=OneOffSerializer, responses={201: InvoiceSerializer})
@api_view(["POST"])
def one_off_invoices(request: Request) -> Response:
    """Make a one-off invoice: the patient alone owes it, it never becomes a claim."""
    given = OneOffSerializer(data=request.data)
    given.is_valid(raise_exception=True)
    data = given.validated_data
    patient = get_object_or_404(Patient.objects, public_id=data["patient"])
    items = [
        one_offs.Item(row["name"], row["quantity"], row["price"], row["service"]) for row in data["items"]
    ]

    def act() -> dict[str, Any]:
        made = one_offs.issue(
            patient, items, location=location_here(request), at=timezone.now(), today=today_here(request)
        )
        return {"invoice": made.public_id}

    asked = {"act": "one-off", "data": request.data}
    answer, is_new = once(request.headers.get("Idempotency-Key", ""), asked, act)
    row = Invoice.objects.select_related("patient", "appointment").get(public_id=answer["invoice"])
    code = status.HTTP_201_CREATED if is_new else status.HTTP_200_OK
    return Response(InvoiceSerializer(shape_invoice(patient_money.of_invoices([row])[0])).data, status=code)


@extend_schema(responses=PDF)
@api_view(["GET"])
def receipt_pdf(request: Request, public_id: str) -> HttpResponse:
    """A receipt's PDF."""
    row = _receipt(public_id)
    audit.record("receipt.download", "receipt", row.public_id)
    return HttpResponse(papers.receipt_pdf(row), content_type="application/pdf")


@extend_schema(request=None, responses={202: MailedSerializer})
@api_view(["POST"])
def receipt_mail(request: Request, public_id: str) -> Response:
    """E-mail a receipt to the address on file; 400 with the reason where that cannot be."""
    key = request.headers.get("Idempotency-Key", "") or "api"
    to = papers.promise_mail(_receipt(public_id), key=key)
    return Response({"to": to}, status=status.HTTP_202_ACCEPTED)


@extend_schema(responses=PDF)
@api_view(["GET"])
def superbill(request: Request, public_id: str) -> HttpResponse:
    """An invoice's superbill as PDF."""
    row = get_object_or_404(
        Invoice.objects.select_related("patient", "location__clinic"), public_id=public_id
    )
    audit.record("invoice.download", "invoice", row.public_id)
    return HttpResponse(papers.superbill_pdf(row), content_type="application/pdf")


def _person(request: Request) -> str:
    return str(getattr(request.user, "email", ""))


def _receipt(public_id: str) -> Receipt:
    rows = Receipt.objects.select_related(*papers.RECEIPT_WITH)
    return get_object_or_404(rows, public_id=public_id, kind=MethodKind.PATIENT)


urlpatterns = [
    path("drawer/", drawer, name="drawer"),
    path("drawer/counts/", drawer_closes, name="drawer-closes"),
    path("one-off-invoices/", one_off_invoices, name="one-off-invoices"),
    path("payments/<str:public_id>/pdf/", receipt_pdf, name="receipt-pdf"),
    path("payments/<str:public_id>/mail/", receipt_mail, name="receipt-mail"),
    path("invoices/<str:public_id>/superbill/", superbill, name="superbill"),
]
