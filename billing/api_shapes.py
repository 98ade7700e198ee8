"""What the billing API takes and gives: explicit serializers and the rows made for them."""

from __future__ import annotations

from datetime import date
from typing import Any

from rest_framework import serializers

from appointments.models import Appointment
from billing import checkout, patient_money, takebacks, transitions
from billing.checkout import CheckoutPreview
from billing.enums import Channel, WriteOffType
from billing.models import Receipt
from billing.patient_money import VisitMoney
from billing.writeoff_lists import Row
from lib.frozen import freeze
from lib.money import ZERO
from patients.models import Patient


def money(**kwargs: Any) -> serializers.DecimalField:
    """Dollars as text with exactly two places; a third decimal is refused, never rounded."""
    return serializers.DecimalField(max_digits=12, decimal_places=2, **kwargs)


class MethodSerializer(serializers.Serializer[Any]):
    """A way to pay."""

    id = serializers.CharField(source="public_id")
    name = serializers.CharField()
    needs_reference = serializers.BooleanField()
    gives_change = serializers.BooleanField()


class HandedOverSerializer(serializers.Serializer[Any]):
    """One payment at check-out. ``method`` is an id of /payment-methods; ``reference`` never a card number."""

    method = serializers.CharField(max_length=16)
    amount = money()
    memo = serializers.CharField(max_length=120, allow_blank=True, default="")
    reference = serializers.CharField(max_length=40, allow_blank=True, default="")


class CheckoutSerializer(serializers.Serializer[Any]):
    """What is handed over; an empty list bills later."""

    payments = HandedOverSerializer(many=True, default=list)
    zero_reason = serializers.CharField(max_length=200, allow_blank=True, default="")


class ShareSerializer(serializers.Serializer[Any]):
    """Part of a payment for one charge."""

    charge = serializers.CharField(max_length=16)
    amount = money()


class PaymentInSerializer(HandedOverSerializer):
    """A payment without a visit; ``split`` replaces the oldest-first order, the rest is credit."""

    patient = serializers.CharField(max_length=16)
    channel = serializers.ChoiceField(choices=Channel.choices, default=Channel.DESK)
    split = ShareSerializer(many=True, required=False, allow_null=True, default=None)


class ReasonSerializer(serializers.Serializer[Any]):
    """Why."""

    reason = serializers.CharField(max_length=200)


class TakeBackSerializer(ReasonSerializer):
    """A payment taken back; ``fee`` is charged to the patient by a one-off invoice."""

    fee = money(default=ZERO)


class RefundSerializer(ReasonSerializer):
    """Free credit to give back."""

    patient = serializers.CharField(max_length=16)
    amount = money()


class WriteOffSerializer(ReasonSerializer):
    """Part of an invoice to write off; party is patient, 1, 2 or 3."""

    invoice = serializers.CharField(max_length=16)
    party = serializers.ChoiceField(choices=["patient", "1", "2", "3"], default="patient")
    type = serializers.ChoiceField(choices=WriteOffType.choices)
    amount = money()


class StatementInSerializer(serializers.Serializer[Any]):
    """Whom to ask."""

    patient = serializers.CharField(max_length=16)


class PreviewLineSerializer(serializers.Serializer[Any]):
    """One line priced; ``charge`` null where it cannot be charged."""

    id = serializers.CharField()
    code = serializers.CharField()
    name = serializers.CharField()
    modifiers = serializers.ListField(child=serializers.CharField())
    units = serializers.CharField(allow_null=True)
    fee = money(allow_null=True)
    charge = money(allow_null=True)
    patient = money(allow_null=True)
    rule = serializers.CharField(allow_null=True)
    trace = serializers.ListField(child=serializers.DictField())


class CheckoutPreviewSerializer(serializers.Serializer[Any]):
    """What the check-out screen shows; ``collect_today`` = copay + estimate + old balance - credit used.

    ``estimate`` is what the payer's answer leaves to the patient above the copay, ``estimate_because`` why.
    """

    visit = serializers.CharField()
    state = serializers.CharField()
    lines = PreviewLineSerializer(many=True)
    total = money()
    insurer = money()
    copay = money()
    estimate = money()
    estimate_because = serializers.CharField()
    old_balance = money()
    credit = money()
    credit_used = money()
    collect_today = money()
    problems = serializers.ListField(child=serializers.CharField())
    warnings = serializers.ListField(child=serializers.CharField())
    self_pay_request = serializers.BooleanField()
    needs_zero_reason = serializers.BooleanField()


class ChargeSerializer(serializers.Serializer[Any]):
    """A charge line."""

    id = serializers.CharField(source="public_id")
    line_no = serializers.IntegerField()
    code = serializers.CharField(source="procedure_code")
    description = serializers.CharField()
    modifiers = serializers.ListField(child=serializers.CharField())
    units = serializers.CharField()
    unit_fee = money()
    amount = money()
    patient_part = money()


class WhySerializer(ChargeSerializer):
    """A charge with the rule that made its price and the whole trace."""

    rule = serializers.CharField()
    trace = serializers.ListField(child=serializers.DictField())


class InvoiceSerializer(serializers.Serializer[Any]):
    """An invoice and where its money is."""

    id = serializers.CharField()
    number = serializers.CharField()
    patient = serializers.CharField()
    visit = serializers.CharField(allow_null=True)
    service_date = serializers.DateField()
    state = serializers.CharField()
    corrects = serializers.CharField(allow_null=True)
    total = money()
    insurer_open = money()
    patient_open = money()
    paid_by_insurers = money()
    paid_by_patient = money()
    written_off = money()
    charges = ChargeSerializer(many=True)


class ReceiptSerializer(serializers.Serializer[Any]):
    """A patient's payment."""

    id = serializers.CharField()
    patient = serializers.CharField()
    method = serializers.CharField()
    amount = money()
    memo = serializers.CharField(allow_blank=True)
    reference = serializers.CharField(allow_blank=True)
    received_on = serializers.DateField()
    credit_left = money()
    reversed = serializers.BooleanField()


class CheckoutResultSerializer(serializers.Serializer[Any]):
    """The invoice and what was taken; ``already`` when the visit had been checked out before."""

    invoice = InvoiceSerializer()
    receipts = ReceiptSerializer(many=True)
    already = serializers.BooleanField()


class PartySerializer(serializers.Serializer[Any]):
    """What is open with one insurer."""

    name = serializers.CharField()
    amount = money()


class AgeSerializer(serializers.Serializer[Any]):
    """What the patient owes of one age."""

    days = serializers.CharField()
    amount = money()


class BalanceSerializer(serializers.Serializer[Any]):
    """A patient's balance by party."""

    patient = serializers.CharField()
    insurers = PartySerializer(many=True)
    patient_due = money()
    free_credit = money()
    held_credit = money()
    ages = AgeSerializer(many=True)


def shape_write_off(row: Row) -> dict[str, Any]:
    """One write-off with what decided it."""
    return {
        "id": row.txn.public_id,
        "day": row.txn.posted_on.isoformat(),
        "invoice": row.invoice.public_id,
        "type": row.type,
        "party": row.party,
        "gl_code": row.gl_code,
        "amount": str(row.amount),
        "stands": row.stands,
        "waiver": row.is_waiver,
        "reason": row.reason,
        "decided_by": row.decided_by,
        "by": row.txn.actor,
    }


def shape_balance(patient: Patient, today: date) -> Any:
    """A patient's balance by party, with credit and age."""
    found = patient_money.of_patient(patient.pk, today)
    body = {
        "patient": patient.public_id,
        "insurers": [{"name": name, "amount": amount} for name, amount in found.insurers.items()],
        "patient_due": found.patient,
        "free_credit": found.credit.free,
        "held_credit": found.credit.held,
        "ages": [{"days": words, "amount": amount} for words, amount in found.ages],
    }
    return dict(BalanceSerializer(body).data)


class StatementSerializer(serializers.Serializer[Any]):
    """A statement as it was frozen."""

    id = serializers.CharField(source="public_id")
    number = serializers.CharField()
    patient = serializers.CharField(source="patient.public_id")
    cut_at = serializers.DateTimeField()
    balance = money()
    snapshot = serializers.DictField()
    superseded_at = serializers.DateTimeField(allow_null=True)


def shape_preview(visit: Appointment, preview: CheckoutPreview) -> dict[str, Any]:
    """The preview as the serializer wants it."""
    return {
        "visit": visit.public_id,
        "state": visit.state,
        "lines": [
            {
                "id": priced.line.public_id,
                "code": priced.line.service.code,
                "name": priced.line.service.name,
                "modifiers": list(priced.result.modifiers),
                "units": None if priced.result.quantity is None else f"{priced.result.quantity:f}",
                "fee": priced.result.fee,
                "charge": priced.result.charge,
                "patient": priced.result.patient,
                "rule": str(priced.result.rule) if priced.result.rule else None,
                "trace": freeze(list(priced.result.trace)),
            }
            for priced in preview.visit.lines
        ],
        "total": preview.visit.total,
        "insurer": preview.visit.payer,
        "copay": preview.copay_due,
        "estimate": preview.estimate.above_copay,
        "estimate_because": preview.estimate.because,
        "old_balance": preview.old_balance,
        "credit": preview.credit,
        "credit_used": preview.credit_used,
        "collect_today": preview.collect_today,
        "problems": list(preview.problems),
        "warnings": [row["words"] for row in transitions.time_reasons(visit, preview.visit)],
        "self_pay_request": visit.self_pay_request,
        "needs_zero_reason": checkout.needs_zero_reason(visit, preview.visit),
    }


def shape_invoice(row: VisitMoney) -> dict[str, Any]:
    """An invoice as the serializer wants it."""
    invoice = row.invoice
    return {
        "id": invoice.public_id,
        "number": invoice.number,
        "patient": invoice.patient.public_id,
        "visit": invoice.appointment.public_id if invoice.appointment else None,
        "service_date": invoice.service_date,
        "state": invoice.state,
        "corrects": invoice.corrects.public_id if invoice.corrects else None,
        "total": invoice.total,
        "insurer_open": row.balance.insurer_open,
        "patient_open": row.balance.patient,
        "paid_by_insurers": row.balance.paid_by_insurers,
        "paid_by_patient": row.balance.paid_by_patient,
        "written_off": row.written_off,
        "charges": list(row.charges),
    }


def shape_receipt(row: Receipt) -> dict[str, Any]:
    """A receipt as the serializer wants it."""
    return {
        "id": row.public_id,
        "patient": row.patient.public_id if row.patient else "",
        "method": row.method.name,
        "amount": row.amount,
        "memo": row.memo,
        "reference": row.reference,
        "received_on": row.received_on,
        "credit_left": row.unapplied,
        "reversed": takebacks.is_reversed(row),
    }
