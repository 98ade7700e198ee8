"""A check that the clinic sends back to an insurer (rules.md B3; PLB 72 and WO of x12 section 8).

Stands on an open item of the tracker below zero: announced by the insurer (WO), owed back by us (owed.py), or the
insurer's word that a refund of ours came in (72). The check is a receipt below zero of its own, so that every check of
the insurer ties as it did. Nothing of a patient or a claim moves.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import transaction

from billing import approvals, ledger
from billing.enums import MethodKind, TxnKind
from billing.ledger import Entry
from billing.models import Approval, Receipt
from clinics import audit
from clinics.errors import BadInput
from clinics.scoping import current_actor
from lib.money import ZERO, show_money
from responses.errors import CannotPost
from responses.models import ProviderAdjustment
from responses.receipts import insurance_method
from responses.takebacks import PAID_BACK, REFUNDED

SOURCE = "insurer_refund"


@dataclass(frozen=True, slots=True)
class Check:
    """Our check: its number, the day it was sent, and why."""

    number: str
    sent_on: date
    reason: str


def refusal(item: ProviderAdjustment) -> str:
    """Why nothing can be paid back on this item, in words; empty where it can."""
    if item.code not in REFUNDED or item.amount >= ZERO:
        return "Only a recoupment that is owed (WO below 0.00) or an acknowledged refund (72) is paid back."
    if not item.is_open:
        return f"This item is settled already: {item.note or 'linked to a claim'}."
    return "" if item.remittance.payer_id else "Its check is not in the books yet."


def refund(item: ProviderAdjustment, check: Check, *, today: date) -> Receipt:
    """Record our check for the whole item. Ledger, on a receipt of its own: cash - / provider_level:<code> +.

    Raises CannotPost where ``refusal`` has something to say, BadInput for a check that cannot be.
    """
    with transaction.atomic():
        row = _lock(item)
        _check(row, check, today)
        receipt = _book(row, check, today, sign=1)
        row.is_open, row.note = False, f"{PAID_BACK} {check.number} on {check.sent_on:%m/%d/%Y}"[:200]
        row.save(update_fields=["is_open", "note"])
        _tell(row, "provider_adjustment.refund", check)
        return receipt


def ask(item: ProviderAdjustment, check: Check, *, today: date) -> Approval:
    """The same, asked of a second person by somebody who may not do it alone."""
    _check(item, check, today)
    return approvals.ask_insurer_refund(
        {
            "remittance": item.remittance.public_id, "ordinal": str(item.ordinal),
            "number": check.number, "sent_on": check.sent_on.isoformat(),
        },
        words=f"Refund {show_money(-item.amount)} to {item.remittance.payer_name} by check {check.number}"[:200],
        reason=check.reason,
    )  # fmt: skip


def approved(wanted: dict[str, str], *, reason: str, today: date) -> None:
    """What a second person approved (billing.hooks.INSURER_REFUND)."""
    item = ProviderAdjustment.objects.get(
        remittance__public_id=wanted["remittance"], ordinal=int(wanted["ordinal"])
    )
    check = Check(wanted["number"], date.fromisoformat(wanted["sent_on"]), reason)
    refund(item, check, today=today)


def standing_check(item: ProviderAdjustment) -> Receipt | None:
    """The check that paid this item back, unless it came back."""
    last = _receipts(item).order_by("-pk").first()
    return last if last is not None and last.amount < ZERO else None


def came_back(item: ProviderAdjustment, reason: str, *, today: date) -> None:
    """The check was stopped or returned: its mirror on a receipt of its own, and the item is open again."""
    with transaction.atomic():
        row = _lock(item)
        sent = standing_check(row)
        if sent is None:
            raise CannotPost("No check of ours stands on this item.", code="already_decided")
        if not reason.strip():
            raise BadInput("Say what became of the check.", code="reason_missing")
        check = Check(sent.reference, today, reason)
        _book(row, check, today, sign=-1)
        row.is_open, row.note = True, f"Check {check.number} came back"[:200]
        row.save(update_fields=["is_open", "note"])
        _tell(row, "provider_adjustment.refund_back", check)


def _lock(item: ProviderAdjustment) -> ProviderAdjustment:
    rows = ProviderAdjustment.objects.select_for_update(of=("self",)).select_related("remittance")
    return rows.get(pk=item.pk)


def _check(item: ProviderAdjustment, check: Check, today: date) -> None:
    if because := refusal(item):
        raise CannotPost(because, code="not_refundable")
    if not check.number.strip() or not check.reason.strip():
        raise BadInput("A refund needs the number of its check and a reason.", code="reason_missing")
    if check.sent_on > today:
        raise BadInput("The check is dated in the future.", code="bad_date")


def _book(item: ProviderAdjustment, check: Check, today: date, *, sign: int) -> Receipt:
    """One receipt and its two entries; ``item.amount`` is below zero, so that ``sign`` 1 is money out."""
    amount, key = sign * item.amount, _key(item)
    words = f"Refund check {check.number}" if sign > 0 else f"Refund check {check.number} came back"
    receipt = Receipt.objects.create(
        method=insurance_method(), kind=MethodKind.INSURANCE, payer_id=item.remittance.payer_id, amount=amount,
        memo=words[:120], reference=check.number[:40], source_kind=SOURCE, source_key=key, received_on=today,
        effective_on=check.sent_on, created_by=current_actor(),
    )  # fmt: skip
    ledger.post(
        key=f"{SOURCE}:{key}:{_receipts(item).count()}", kind=TxnKind.REFUND, on=today, effective_on=check.sent_on,
        entries=[
            Entry("cash", amount, receipt_id=receipt.pk),
            Entry(f"provider_level:{item.code}", -amount, receipt_id=receipt.pk),
        ],
        source_kind=SOURCE, source_key=key, reason=f"{words}: {check.reason}"[:200],
    )  # fmt: skip
    return receipt


def _receipts(item: ProviderAdjustment) -> Any:
    return Receipt.objects.filter(source_kind=SOURCE, source_key=_key(item))


def _key(item: ProviderAdjustment) -> str:
    return f"{item.remittance.public_id}:{item.ordinal}"


def _tell(item: ProviderAdjustment, action: str, check: Check) -> None:
    audit.record(
        action, "remittance", item.remittance.public_id, code=item.code, amount=str(item.amount), check=check.number,
        reason=check.reason[:200],
    )  # fmt: skip
