"""Take postings back: by the payer's own reversal (CLP02 = 22) or by a person's undo. Mirrors only (I-6).

A mirror is dated today and never deletes. Money of a reversal belongs to the check that carried it, so
what the mirror takes out of the old check is carried over to the new one: payment and escrow alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise

from django.db import transaction
from django.db.models import Sum
from django.db.models.functions import Now

from billing import ledger
from billing.enums import TxnKind
from billing.ledger import Entry
from billing.models import LedgerEntry, LedgerTxn
from claims import lifecycle
from claims.enums import ClaimState
from claims.models import Adjudication, Claim
from clinics import audit
from lib.frozen import thaw
from lib.money import ZERO
from responses import family as families
from responses import posting, receipts, trust
from responses.enums import PostingState
from responses.errors import CannotUnpost
from responses.family import POSTED, Family
from responses.models import ClaimResponse, Remittance
from responses.plan_result import ClaimPlan
from x12.documents.remittance import ClaimPayment

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
        _patient_money_back(old.txn_key, today)
    else:  # it moved nothing, so there is nothing to mirror: no journal of its own either (I-12)
        response.txn_key = ""
        ClaimResponse.objects.filter(pk=response.pk).update(txn_key="")
    ClaimResponse.objects.filter(pk=old.pk).update(state=PostingState.REVERSED)
    if old.adjudication_id is not None:
        Adjudication.objects.filter(pk=old.adjudication_id).update(reversed_at=Now())
    withdraw_next(old, today)


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


def _patient_money_back(txn_key: str, today: date) -> None:
    """What a posting did to the patient's side beside its own entries goes back with it (I-6).

    A write-off that it made needless stands again. Credit that it freed, because the last insurer had answered,
    is held for the visit again, as far as the patient still has free credit.
    """
    waived = ledger.find(f"settle:{txn_key}:waived")
    if waived is not None:
        ledger.reverse(
            waived, key=f"{waived.key}:back", on=today, reason="The answer that made it needless is gone"
        )
    settled = ledger.find(f"settle:{txn_key}")
    if settled is None:
        return
    moves = settled.entries.filter(account="patient_credit").order_by("line_no")
    freed = [(move, after) for move, after in pairwise(moves) if after.charge_id is None and move.charge_id]
    entries: list[Entry] = []
    free = _free_credit([after.patient_id for _, after in freed])
    for move, after in freed:
        left = -after.amount
        for receipt in sorted(free, key=lambda each: (each != after.receipt_id, each)):
            part = min(left, free[receipt])
            if part > ZERO:
                entries.append(Entry("patient_credit", part, None, after.patient_id, receipt_id=receipt))
                entries.append(
                    Entry("patient_credit", -part, move.charge_id, after.patient_id, receipt_id=receipt)
                )
                free[receipt] -= part
                left -= part
    if entries:
        ledger.post(
            key=f"{settled.key}:held", kind=TxnKind.CREDIT_USE, on=today, entries=entries,
            source_kind=settled.source_kind, source_key=settled.source_key,
            reason="Held for the visit again: an insurer is to answer",
        )  # fmt: skip


def _free_credit(patient_ids: Sequence[int | None]) -> dict[int, Decimal]:
    """The patient's free credit by receipt."""
    rows = LedgerEntry.objects.filter(
        account="patient_credit", charge__isnull=True, patient__in=set(patient_ids), receipt__isnull=False
    )
    sums = rows.values_list("receipt_id").annotate(sum=Sum("amount"))
    return {receipt: -amount for receipt, amount in sums if receipt is not None and amount < ZERO}


def unpost(response: ClaimResponse, *, reason: str, at: datetime) -> None:
    """A person undoes a posting: mirrored entries, the money back in escrow, the answer waits again.

    Raises CannotUnpost when it is not posted, or a later posting of the claim stands upon it.
    """
    with transaction.atomic():
        row = _locked(response)
        if row.state not in POSTED or row.claim is None:
            raise CannotUnpost("This answer is not posted.", state=row.state)
        if families.is_mirror(row):
            raise CannotUnpost(
                "A reversal stands as the payer sent it; correct it by posting its correction."
            )
        key = (row.claim.invoice_id, row.claim.part)
        found = families.load([key])[key]
        newer = found.ledger.live_postings()
        if newer and newer[0].key != row.public_id:
            raise CannotUnpost("A later answer is posted upon this one. Undo that one first.")
        today = posting.clinic_day(at)
        if row.txn_key:
            txn = LedgerTxn.objects.get(key=row.txn_key)
            ledger.reverse(txn, key=f"{row.txn_key}:undo", on=today, reason=reason or "Undone by a person")
            _patient_money_back(row.txn_key, today)
        row.state = PostingState.EXCEPTION if row.codes else PostingState.PROPOSED
        row.posted_at, row.posted_by = None, ""
        row.save()
        if row.adjudication_id is not None:
            Adjudication.objects.filter(pk=row.adjudication_id).update(posted_at=None)
        withdraw_next(row, today)
        trust.step_back(row, thaw(ClaimPayment, row.document))
        again = families.load([key])[key]
        _settle(row, again, today)
        receipts.close_if_empty(row.remittance)
        lifecycle.note(row.claim, "note", f"Posting undone: {reason}"[:300])
        audit.record("response.unpost", "claim_response", row.public_id, reason=reason[:200])


def unpost_file(remittance: Remittance, *, reason: str, at: datetime) -> int:
    """Undo every posting of a remittance, the last first; returns how many."""
    with transaction.atomic():
        posted = remittance.responses.filter(state__in=POSTED).order_by("-ordinal")
        rows = [row for row in posted if not families.is_mirror(row)]
        for row in rows:
            unpost(row, reason=reason, at=at)
        return len(rows)


def withdraw_next(response: ClaimResponse, today: date) -> None:
    """The next layer's claim that has not left is voided: its share went back (rules.md B9, B11.2)."""
    if response.claim is None:
        return
    rows = Claim.objects.select_for_update(of=("self",)).filter(
        invoice_id=response.claim.invoice_id,
        part=response.claim.part,
        rank__gt=response.claim.rank,
        state__in=UNSENT,
    )
    for claim in rows.order_by("pk"):
        lifecycle.move(claim, ClaimState.VOIDED, text="The answer before it was taken back")


def _locked(response: ClaimResponse) -> ClaimResponse:
    families.lock_invoice_of(response)
    rows = ClaimResponse.objects.select_for_update(no_key=True, of=("self",))
    return rows.select_related("claim", "remittance").get(pk=response.pk)


def _settle(row: ClaimResponse, found: Family, today: date) -> None:
    """Patient money after the undo: held credit pays the expectation again."""
    from billing import invoicing
    from responses.entries import PatientShare, patient_postings

    charge_ids = found.charge_ids
    share = PatientShare(
        f"settle:{row.txn_key or row.public_id}:undo", charge_ids, found.invoice.patient_id,
        found.ledger.responsible is None, row.public_id,
    )  # fmt: skip
    made, _ = patient_postings([share], today)
    if made:
        ledger.post_many(made)
    invoicing.settle_charges(charge_ids)
