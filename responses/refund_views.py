"""Our check to an insurer: an owner records one with a fresh sign-in, an admin asks a second person (c1)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from clinics.calendar import clinic_day
from clinics.errors import BadInput, Refusal
from clinics.fresh import is_fresh, need_fresh, sign_in_again
from clinics.permissions import may
from lib.money import show_money
from responses import insurer_refunds
from responses.insurer_refunds import Check
from responses.models import ProviderAdjustment
from work.idempotency import once

OWN_RIGHT = "payment.refund_alone"  # the owner's; an admin has payment.refund and asks


class CheckForm(forms.Form):
    """Our check to the insurer."""

    number = forms.CharField(label="Number of our check", max_length=40)
    sent_on = forms.DateField(label="Sent on", widget=forms.DateInput(attrs={"type": "date"}))
    reason = forms.CharField(label="Reason", max_length=200, help_text="Such as: their letter of March 3.")


class CameBackForm(forms.Form):
    """The check was stopped or returned."""

    reason = forms.CharField(label="What became of the check?", max_length=200)


class InsurerRefundSerializer(serializers.Serializer):
    """Our check to the insurer; ``came_back`` says instead that the one on record was stopped or returned."""

    number = serializers.CharField(max_length=40, required=False, allow_blank=True, default="")
    sent_on = serializers.DateField(required=False)
    reason = serializers.CharField(max_length=200)
    came_back = serializers.BooleanField(required=False, default=False)


@require_http_methods(["GET", "POST"])
def page(request: HttpRequest, public_id: str, ordinal: int) -> HttpResponse:
    """Pay an open item back by check; where a check of ours stands on it, say that it came back."""
    item = _item(public_id, ordinal)
    alone = may(request, OWN_RIGHT)
    if alone and not is_fresh(request):
        return sign_in_again(request)
    sent = insurer_refunds.standing_check(item)
    form = CameBackForm(request.POST or None) if sent else CheckForm(request.POST or None)
    back = reverse("responses:takebacks")
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                key = request.POST.get("idempotency_key", "")
                body = {"act": "insurer_refund", "item": f"{public_id}:{ordinal}", **form.cleaned_data}
                said, _ = once(
                    key, body, lambda: _do(item, form.cleaned_data, alone=alone, is_back=bool(sent))
                )
        except Refusal as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(request, said["said"])
            return redirect(back)
    amount, payer = show_money(-item.amount), item.remittance.payer_name
    stop = "" if sent else insurer_refunds.refusal(item)
    if sent and not alone:
        stop = "Only the owner takes a refund check back."
    last = "It leaves the books’ cash today." if alone else "Another admin or the owner approves it."
    context = {
        "title": f"Refund check {sent.reference} came back" if sent else f"Pay {payer} back by check",
        "patient": f"{item.code} {item.reference} of check {item.remittance.trace_number}", "form": form,
        "stops": [stop] if stop else [],
        "says": [f"{amount} is open again at {payer}." if sent else f"{amount} to {payer}. {last}"],
        "button": "It came back" if sent else "Record the check" if alone else "Ask for the refund", "back": back,
    }  # fmt: skip
    return render(request, "billing/act.html", context, status=400 if form.errors else 200)


@extend_schema(
    request=InsurerRefundSerializer,
    responses={200: OpenApiTypes.OBJECT, 202: OpenApiTypes.OBJECT},
    operation_id="takebacks_refund",
)
@api_view(["POST"])
def api(request: Request, public_id: str, ordinal: int) -> Response:
    """Record our check for an open item: an owner with a fresh sign-in; an admin asks (202)."""
    item = _item(public_id, ordinal)
    given = InsurerRefundSerializer(data=request.data)
    given.is_valid(raise_exception=True)
    data = given.validated_data
    key = request.headers.get("Idempotency-Key", "")
    if not key:
        raise BadInput(
            "Send an Idempotency-Key header: a refund without one could be posted twice.", code="key_needed"
        )
    alone = may(request._request, OWN_RIGHT)  # noqa: SLF001 - DRF's documented door
    if alone:
        need_fresh(request._request)  # noqa: SLF001
    elif data["came_back"]:
        raise Refusal("Only the owner takes a refund check back.")
    if not data["came_back"] and "sent_on" not in data:
        raise BadInput("Say on which day the check was sent.", code="bad_date")
    body = {"act": "insurer_refund", "item": f"{public_id}:{ordinal}", **data}
    told, _ = once(key, body, lambda: _do(item, data, alone=alone, is_back=data["came_back"]))
    asked = told.get("approval")
    return Response(told, status=status.HTTP_202_ACCEPTED if asked else status.HTTP_200_OK)


def _do(item: ProviderAdjustment, data: dict[str, Any], *, alone: bool, is_back: bool) -> dict[str, Any]:
    today = clinic_day(timezone.now())
    if is_back:
        if not alone:
            raise Refusal("Only the owner takes a refund check back.")
        insurer_refunds.came_back(item, data["reason"], today=today)
        return {"said": "The check came back; the item is open again"}
    check = Check(data["number"].strip(), data["sent_on"], data["reason"])
    if alone:
        insurer_refunds.refund(item, check, today=today)
        return {"said": f"Paid back {show_money(-item.amount)} by check {check.number}"}
    asked = insurer_refunds.ask(item, check, today=today)
    return {"said": "Asked: another person approves it", "approval": asked.public_id, "state": asked.state}


def _item(public_id: str, ordinal: int) -> ProviderAdjustment:
    rows = ProviderAdjustment.objects.select_related("remittance")
    return get_object_or_404(rows, remittance__public_id=public_id, ordinal=ordinal)
