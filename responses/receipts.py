"""The receipt of a remittance: one per trace, everything into escrow at once, and the tie that must hold.

Used by posting.py, manual.py and reversals.py; read by the pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from billing import balances, ledger
from billing.enums import MethodKind, TxnKind
from billing.models import PaymentMethod, Receipt
from clinics.scoping import current_actor
from lib.money import ZERO, total
from responses import entries as made_of
from responses import takebacks
from responses.enums import PostingState, RemittanceState
from responses.models import ClaimResponse, ProviderAdjustment, Remittance
from x12.documents.remittance import Remittance as RemittanceDocument


def payment_day(document: RemittanceDocument, today: date) -> date:
    """BPR16, else the production date, else the day it is taken in."""
    return document.effective_date or document.production_date or today


def open_receipt(row: Remittance, document: RemittanceDocument, today: date, effective_on: date) -> None:
    """One receipt per trace, method Insurance, memo the trace number; all money into escrow but PLB (E16)."""
    for place, item in enumerate(document.provider_adjustments, 1):
        ProviderAdjustment.objects.create(
            remittance=row, ordinal=place, code=made_of.plb_code(item.code), reference=item.reference[:50],
            amount=item.amount,
        )  # fmt: skip
    if document.provider_adjustments:
        takebacks.settle(row)
    has_money = document.amount or document.provider_adjustments or any(c.paid for c in document.claims)
    if not has_money:
        return
    row.receipt = Receipt.objects.create(
        method=insurance_method(), kind=MethodKind.INSURANCE, payer=row.payer, amount=document.amount,
        memo=row.trace_number, reference=row.trace_number[:40], source_kind="remittance",
        source_key=row.public_id, received_on=today, effective_on=effective_on, created_by=current_actor(),
    )  # fmt: skip
    made = made_of.remittance_entries(document.amount, document.provider_adjustments, row.receipt.pk)
    if made:
        ledger.post(
            key=f"remittance:{row.public_id}", kind=TxnKind.REMITTANCE, entries=made, on=today,
            effective_on=effective_on, source_kind="remittance", source_key=row.public_id,
            reason=row.trace_number, trace=[{"rule": "B9.E16", "because": "receipt = posted + escrow - PLB"}],
        )  # fmt: skip


def insurance_method() -> PaymentMethod:
    """The one system-owned Insurance method (B3)."""
    method, _ = PaymentMethod.objects.get_or_create(
        kind=MethodKind.INSURANCE, defaults={"name": "Insurance", "position": 99}
    )
    return method


def close_if_empty(row: Remittance, responses: Sequence[ClaimResponse] | None = None) -> None:
    """A remittance is closed at escrow 0 with nothing left to decide."""
    if row.state in (RemittanceState.UNBALANCED, RemittanceState.QUARANTINE):
        return
    rows = responses if responses is not None else list(row.responses.all())
    waits = any(each.state in (PostingState.PROPOSED, PostingState.EXCEPTION) for each in rows)
    held = balances.escrow(row.receipt_id) if row.receipt_id else ZERO
    row.state = RemittanceState.OPEN if waits or held else RemittanceState.CLOSED
    Remittance.objects.filter(pk=row.pk).update(state=row.state)


def tie(row: Remittance) -> dict[str, Decimal]:
    """receipt = posted + escrow - provider-level, signed as in the file (B9 example 3)."""
    posted_states = (PostingState.AUTO_POSTED, PostingState.POSTED_MANUALLY, PostingState.REVERSED)
    posted = total(each.paid for each in row.responses.all() if each.state in posted_states)
    held = balances.escrow(row.receipt_id) if row.receipt_id else ZERO
    return {
        "check": row.amount, "posted": posted, "escrow": held, "provider_level": row.provider_total,
        "difference": row.amount - (posted + held - row.provider_total),
    }  # fmt: skip
