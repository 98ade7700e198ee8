"""Take postings back by the payer's own reversal (CLP02 = 22), and what an undo shares with it. Mirrors only (I-6).

A mirror is dated today and never deletes. Money of a reversal belongs to the check that carried it, so
what the mirror takes out of the old check is carried over to the new one: payment and escrow alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise

from django.db.models import Sum
from django.db.models.functions import Now

from billing import ledger
from billing.enums import TxnKind
from billing.ledger import Entry, Posting
from billing.models import LedgerEntry, LedgerTxn
from claims import lifecycle
from claims.enums import ClaimState
from claims.lifecycle import Event
from claims.models import Adjudication, Claim
from clinics.lookups import Keys
from lib.money import ZERO
from responses.enums import PostingState
from responses.models import ClaimResponse, Remittance
from responses.plan_result import ClaimPlan

UNSENT = (ClaimState.NEW, ClaimState.READY, ClaimState.ON_HOLD, ClaimState.AWAITING_CROSSOVER)


def mirror(response: ClaimResponse, plan: ClaimPlan, row: Remittance, today: date) -> None:
    """The payer took an earlier answer back: mirror its posting, carry the money, mark it reversed."""
    old = ClaimResponse.objects.select_for_update(no_key=True, of=("self",)).select_related("remittance").get(
        public_id=plan.reverses
    )  # fmt: skip
    if old.txn_key:
        txn = LedgerTxn.objects.get(key=old.txn_key)
        made = ledger.reverse(
            txn, key=response.txn_key, on=today, reason=f"Reversed by {row.payer_name} {row.trace_number}"
        )
        if old.remittance.receipt_id != row.receipt_id:
            _carry_over(made, response, row, today)
        patient_money_back([old.txn_key], today)
    else:  # it moved nothing, so there is nothing to mirror: no journal of its own either (I-12)
        response.txn_key = ""
        ClaimResponse.objects.filter(pk=response.pk).update(txn_key="")
    ClaimResponse.objects.filter(pk=old.pk).update(state=PostingState.REVERSED)
    if old.adjudication_id is not None:
        Adjudication.objects.filter(pk=old.adjudication_id).update(reversed_at=Now())
    withdraw_next([old])


def _carry_over(made: LedgerTxn, response: ClaimResponse, row: Remittance, today: date) -> None:
    """The mirror's money, both sides of it, belongs to the check that carried the reversal (I-5c).

    The old check did pay what it paid: its receipt ends as it was, the new one carries the taking back.
    """
    money = list(made.entries.filter(receipt_id__isnull=False).order_by("line_no"))
    entries = [
        Entry(each.account, sign * each.amount, each.charge_id, each.patient_id, each.payer_id, receipt_id)
        for each in money
        for sign, receipt_id in ((-1, each.receipt_id), (1, row.receipt_id))
    ]
    if entries:
        ledger.post(
            key=f"{response.txn_key}:escrow", kind=TxnKind.REMITTANCE, on=today, entries=entries,
            source_kind="remittance", source_key=row.public_id, reason="The reversal's check carries its money",
        )  # fmt: skip


def patient_money_back(txn_keys: Sequence[str], today: date) -> None:
    """What postings did to the patients' side beside their own entries goes back with them (I-6).

    A write-off that one made needless stands again. Credit that it freed, because the last insurer had answered,
    is held for the visit again, as far as the patient still has free credit.
    """
    settled = [f"settle:{key}" for key in txn_keys]
    beside = LedgerTxn.objects.filter(key__any_of=Keys([*settled, *(f"{key}:waived" for key in settled)]))
    by_key = {txn.key: txn for txn in beside}
    waived = [(txn, f"{key}:back") for key, txn in by_key.items() if key.endswith(":waived")]
    ledger.reverse_many(waived, on=today, reason="The answer that made it needless is gone")
    freed = _freed([txn for key, txn in by_key.items() if not key.endswith(":waived")])
    free = _free_credit({after.patient_id for moves in freed.values() for _, after in moves}) if freed else {}
    made = [
        Posting(
            key=f"{txn.key}:held", kind=TxnKind.CREDIT_USE, on=today, entries=entries,
            source_kind=txn.source_kind, source_key=txn.source_key,
            reason="Held for the visit again: an insurer is to answer",
        )
        for txn, moves in freed.items()
        if (entries := _held_again(moves, free))
    ]  # fmt: skip
    if made:
        ledger.post_many(made)


Freed = list[tuple[LedgerEntry, LedgerEntry]]  # credit of a visit, and the same as free credit


def _freed(settled: Sequence[LedgerTxn]) -> dict[LedgerTxn, Freed]:
    """The credit that each of these settlements freed."""
    moves: dict[int, list[LedgerEntry]] = {}
    rows = LedgerEntry.objects.filter(
        txn_id__any_of=Keys(txn.pk for txn in settled), account="patient_credit"
    )
    for row in rows.order_by("txn_id", "line_no"):
        moves.setdefault(row.txn_id, []).append(row)
    found = {
        txn: [
            (move, after)
            for move, after in pairwise(moves.get(txn.pk, []))
            if after.charge_id is None and move.charge_id
        ]
        for txn in settled
    }
    return {txn: pairs for txn, pairs in found.items() if pairs}


def _held_again(moves: Freed, free: dict[tuple[int | None, int], Decimal]) -> tuple[Entry, ...]:
    """``free`` is what is left of each patient's credit by receipt, and moves along."""
    entries: list[Entry] = []
    for move, after in moves:
        left = -after.amount
        own = [receipt for patient, receipt in free if patient == after.patient_id]
        for receipt in sorted(own, key=lambda each: (each != after.receipt_id, each)):
            part = min(left, free[after.patient_id, receipt])
            if part > ZERO:
                entries.append(Entry("patient_credit", part, None, after.patient_id, receipt_id=receipt))
                entries.append(
                    Entry("patient_credit", -part, move.charge_id, after.patient_id, receipt_id=receipt)
                )
                free[after.patient_id, receipt] -= part
                left -= part
    return tuple(entries)


def _free_credit(patient_ids: set[int | None]) -> dict[tuple[int | None, int], Decimal]:
    """The free credit of these patients, by patient and receipt."""
    rows = LedgerEntry.objects.filter(
        account="patient_credit",
        charge__isnull=True,
        patient_id__any_of=Keys(patient_ids),
        receipt__isnull=False,
    )
    sums = rows.values_list("patient_id", "receipt_id").annotate(sum=Sum("amount"))
    return {
        (patient, receipt): -amount
        for patient, receipt, amount in sums
        if receipt is not None and amount < ZERO
    }


def withdraw_next(responses: Sequence[ClaimResponse]) -> None:
    """The next layers' claims that have not left are voided: their share went back (rules.md B9, B11.2)."""
    ranks: dict[tuple[int, int], int] = {}
    for row in responses:
        if row.claim is not None:
            ranks[row.claim.invoice_id, row.claim.part] = row.claim.rank
    waiting = Claim.objects.select_for_update(of=("self",)).filter(
        invoice_id__any_of=Keys(invoice for invoice, _ in ranks), state__in=UNSENT
    )
    later = [
        claim
        for claim in waiting.defer("document", "findings").order_by("pk")
        if claim.rank > ranks.get((claim.invoice_id, claim.part), claim.rank)
    ]
    lifecycle.move_each(
        [Event(claim, "The answer before it was taken back", to=ClaimState.VOIDED) for claim in later]
    )
