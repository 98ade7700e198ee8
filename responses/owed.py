"""Money of a check that is not ours: booked as owed back to its insurer, out of escrow (rules.md B9, B3).

A claim paid twice, a payment for a stranger's claim, a reversal of what was never posted: nothing can be posted, and
escrow must reach 0. The amount becomes a recoupment (WO) of its own check, open in the tracker until the insurer takes
or returns it under the same number. takebacks.py closes the two.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Max

from billing import ledger
from billing.enums import TxnKind
from billing.ledger import Entry
from billing.models import LedgerTxn
from claims import lifecycle
from clinics import audit
from clinics.calendar import clinic_day
from clinics.errors import BadInput
from responses import manual, receipts, takebacks
from responses.enums import PostingState
from responses.errors import CannotPost, CannotUnpost
from responses.models import ClaimResponse, ProviderAdjustment, Remittance

CODE = "WO"


def owe_back(response: ClaimResponse, reason: str, *, at: datetime) -> ProviderAdjustment:
    """Book an exception's money as owed back; the answer is settled, its check closes at escrow 0.

    Ledger, on the check's receipt: escrow + / provider_level:WO -. Raises BadInput without words, CannotPost for an
    answer that does not wait as an exception, has no money or stands on a check that does not add up.
    """
    with transaction.atomic():
        row = manual.lock(response, (PostingState.EXCEPTION,))
        if not reason.strip():
            raise BadInput("Say why this money is not ours.", code="reason_missing")
        if not row.paid:
            raise CannotPost("There is no money in this answer: note it and leave it.")
        check = Remittance.objects.select_for_update(of=("self",)).get(pk=row.remittance_id)
        if check.receipt_id is None:
            raise CannotPost("Its check is not in the books: it does not add up, or is set aside.")
        item = _add(check, row, sign=-1)
        ledger.post(
            key=_key(row, item), kind=TxnKind.PROVIDER_LEVEL, on=clinic_day(at),
            entries=[
                Entry("escrow", row.paid, receipt_id=check.receipt_id),
                Entry(f"provider_level:{CODE}", -row.paid, receipt_id=check.receipt_id),
            ],
            source_kind="response", source_key=row.public_id, reason=f"Owed back: {reason.strip()}"[:200],
        )  # fmt: skip
        row.state, row.hold_reason = PostingState.IGNORED, f"Owed back: {reason.strip()}"[:200]
        row.save(update_fields=["state", "hold_reason"])
        _settle(
            check, row, "response.owe", f"{row.paid} of {check.payer_name} is owed back: {reason.strip()}"
        )
        return item


def is_owed_back(response: ClaimResponse) -> bool:
    """Whether this answer's money was booked as owed back: what Undo takes back."""
    return (
        response.state == PostingState.IGNORED
        and bool(response.paid)
        and response.remittance.receipt_id is not None
    )


def ours_after_all(response: ClaimResponse, reason: str, *, at: datetime) -> None:
    """Undo ``owe_back``: the money is in escrow again and the answer waits as it did.

    Raises CannotUnpost where nothing was booked, or the insurer has settled it since.
    """
    with transaction.atomic():
        row = manual.lock(response, (PostingState.IGNORED,))
        check = Remittance.objects.select_for_update(of=("self",)).get(pk=row.remittance_id)
        items = check.provider_adjustments.filter(code=CODE, amount=-row.paid).order_by("-ordinal")
        booked = {_key(row, item): item for item in items}
        txn = LedgerTxn.objects.filter(key__in=booked).order_by("-pk").first()
        if txn is None or not booked[txn.key].is_open:
            raise CannotUnpost("The insurer has settled this amount since, or it was never owed back.")
        ledger.reverse(txn, key=f"{txn.key}:undo", on=clinic_day(at), reason=reason or "Ours after all")
        _add(check, row, sign=1)
        row.state, row.hold_reason = PostingState.EXCEPTION, ""
        row.save(update_fields=["state", "hold_reason"])
        _settle(check, row, "response.owe_undo", f"{row.paid} waits again: {reason}")


def _add(check: Remittance, row: ClaimResponse, *, sign: int) -> ProviderAdjustment:
    """The amount beside the claims of its own check, under the number that the insurer will name."""
    last = check.provider_adjustments.aggregate(last=Max("ordinal"))["last"] or 0
    item = ProviderAdjustment.objects.create(
        remittance=check, ordinal=last + 1, code=CODE, amount=sign * row.paid,
        reference=(row.payer_claim_number or row.control_number or check.trace_number)[:50],
    )  # fmt: skip
    check.provider_total += item.amount
    check.save(update_fields=["provider_total"])
    return item


def _settle(check: Remittance, row: ClaimResponse, action: str, text: str) -> None:
    takebacks.settle(check)
    receipts.close_if_empty(check)
    audit.record(action, "claim_response", row.public_id, paid=str(row.paid))
    if row.claim is not None:
        lifecycle.note(row.claim, "note", text[:300])


def _key(row: ClaimResponse, item: ProviderAdjustment) -> str:
    return f"owed:{row.public_id}:{item.ordinal}"
