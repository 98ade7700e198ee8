"""A person takes postings back: one answer, or a whole file in a few statements (rules.md B9; I-6).

Mirrored entries, dated today: the money is in escrow again and the answer waits. Nothing is deleted, and nothing is
too old. A file is undone in rounds, each with at most one answer of a patient, the last of the file first: what an
undo does to a patient's credit is there before the next one of that patient asks for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime

from django.db import transaction
from django.db.models import Q

from billing import invoicing, ledger
from billing.models import Invoice, LedgerTxn
from claims import lifecycle
from claims.lifecycle import Event
from claims.models import Adjudication
from clinics import audit
from clinics.calendar import clinic_day
from clinics.lookups import Keys
from lib.frozen import thaw
from responses import entries as made_of
from responses import family as families
from responses import receipts, reversals, trust
from responses.enums import PostingState
from responses.errors import CannotUnpost
from responses.family import POSTED, Family, FamilyKey
from responses.models import ClaimResponse, Remittance
from x12.documents.remittance import ClaimPayment

STANDS = "A reversal stands as the payer sent it; correct it by posting its correction."
LATER = "A later answer is posted upon this one. Undo that one first."


def unpost(response: ClaimResponse, *, reason: str, at: datetime) -> None:
    """Undo one posting: its mirror, the money back in escrow, the answer waits again.

    Raises CannotUnpost when it is not posted, or a later posting of the claim stands upon it.
    """
    with transaction.atomic():
        _undo([response], reason, at)
        receipts.close_if_empty(response.remittance)


def unpost_file(remittance: Remittance, *, reason: str, at: datetime) -> int:
    """Undo every posting of a remittance, the last first; returns how many. All or none."""
    with transaction.atomic():
        posted = remittance.responses.filter(state__in=POSTED).select_related("claim").order_by("-ordinal")
        posted = posted.defer("document", "claim__document", "claim__findings")
        rows = [row for row in posted if not families.is_mirror(row)]
        _locked(rows)  # all at once: rounds that lock one after another could wait for each other's turn
        for some in _rounds(rows):
            _undo(some, reason, at)
        receipts.close_if_empty(remittance)
        return len(rows)


def _rounds(rows: Sequence[ClaimResponse]) -> Iterator[list[ClaimResponse]]:
    """At most one answer of a patient at a time, in order."""
    by_patient: dict[int, list[ClaimResponse]] = {}
    for row in rows:
        by_patient.setdefault(row.claim.patient_id if row.claim else 0, []).append(row)
    for turn in range(max((len(group) for group in by_patient.values()), default=0)):
        yield [group[turn] for group in by_patient.values() if turn < len(group)]


def _undo(responses: Sequence[ClaimResponse], reason: str, at: datetime) -> None:
    """Answers of different patients, all at once."""
    rows = _locked(responses)
    for row in rows:
        if row.state not in POSTED or row.claim is None:
            raise CannotUnpost("This answer is not posted.", state=row.state)
        if families.is_mirror(row):
            raise CannotUnpost(STANDS)
    keys = [_key(row) for row in rows]
    loaded = families.load(keys)
    for row, key in zip(rows, keys, strict=True):
        newer = loaded[key].ledger.live_postings()
        if newer and newer[0].key != row.public_id:
            raise CannotUnpost(LATER)
    today = clinic_day(at)
    _mirror(rows, today, reason or "Undone by a person")
    _wait_again(rows)
    reversals.withdraw_next(rows)
    _step_back(rows)
    again = families.load(keys)
    _settle([(row, again[key]) for row, key in zip(rows, keys, strict=True)], today)
    events = [Event(row.claim, f"Posting undone: {reason}"[:300], kind="note") for row in rows if row.claim]
    lifecycle.move_each(events)
    audit.record_each(
        "response.unpost", "claim_response", [row.public_id for row in rows], reason=reason[:200]
    )


def _locked(responses: Sequence[ClaimResponse]) -> list[ClaimResponse]:
    """The answers under lock in the order given, after their invoices: the order in which everybody locks."""
    asked = [row.pk for row in responses]
    billed = ClaimResponse.objects.filter(pk__any_of=Keys(asked)).values_list("claim__invoice_id", flat=True)
    invoices = Invoice.objects.select_for_update(no_key=True).filter(
        pk__any_of=Keys(pk for pk in billed if pk)
    )
    list(invoices.order_by("pk").values_list("pk"))
    rows = ClaimResponse.objects.select_for_update(no_key=True, of=("self",)).filter(pk__any_of=Keys(asked))
    rows = rows.select_related("claim", "remittance__payer").defer("claim__document", "claim__findings")
    found = {row.pk: row for row in rows.order_by("pk")}
    return [found[pk] for pk in asked]


def _key(row: ClaimResponse) -> FamilyKey:
    assert row.claim is not None
    return row.claim.invoice_id, row.claim.part


def _mirror(rows: Sequence[ClaimResponse], today: date, reason: str) -> None:
    keys = [row.txn_key for row in rows if row.txn_key]
    txns = LedgerTxn.objects.filter(key__any_of=Keys(keys))
    ledger.reverse_many([(txn, f"{txn.key}:undo") for txn in txns], on=today, reason=reason)
    reversals.patient_money_back(keys, today)


def _wait_again(rows: Sequence[ClaimResponse]) -> None:
    """Stopped by a gate as before, or proposed; the adjudication is not posted any more."""
    asked = Keys(row.pk for row in rows)
    for state, stopped in ((PostingState.EXCEPTION, ~Q(codes=[])), (PostingState.PROPOSED, Q(codes=[]))):
        ClaimResponse.objects.filter(stopped, pk__any_of=asked, state__in=POSTED).update(
            state=state, posted_at=None, posted_by=""
        )
    told = Keys(row.adjudication_id for row in rows if row.adjudication_id)
    Adjudication.objects.filter(pk__any_of=told).update(posted_at=None)


def _step_back(rows: Sequence[ClaimResponse]) -> None:
    """Codes of what was undone are no longer trusted from its payer."""
    payers = {row.remittance.payer_id: row.remittance.payer for row in rows}
    trusted = {key: trust.trusted_codes(payer) for key, payer in payers.items()}
    for row in rows:
        if trusted[row.remittance.payer_id]:
            trust.step_back(row, thaw(ClaimPayment, row.document))


def _settle(undone: Sequence[tuple[ClaimResponse, Family]], today: date) -> None:
    """Patient money after the undo: held credit pays the expectation again."""
    shares = [
        made_of.PatientShare(
            f"settle:{row.txn_key or row.public_id}:undo", found.charge_ids, found.invoice.patient_id,
            found.ledger.responsible is None, row.public_id,
        )
        for row, found in undone
    ]  # fmt: skip
    made, _ = made_of.patient_postings(shares, today)
    if made:
        ledger.post_many(made)
    invoicing.settle_charges(charge_id for share in shares for charge_id in share.charge_ids)
