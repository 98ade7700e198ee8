"""The one door to the ledger: post balanced transactions, each once, and reverse them exactly.

Work functions of billing and responses stand before it; the database's own checks stand behind it
(billing/migrations/sql/ledger_rules.sql). Amounts are dollars, debit +, credit -.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import IntegrityError, connection, transaction
from django.db.models import Max

from billing.enums import TxnKind
from billing.errors import DayClosed, LedgerConflict, Unbalanced
from billing.models import DayClose, LedgerEntry, LedgerTxn
from clinics import bulk
from clinics.lookups import Keys
from clinics.scoping import current_actor, current_clinic_id
from lib.identifiers import new_public_id
from lib.money import to_cents


class Entry(NamedTuple):
    """One signed amount on one account; ``ar:*`` entries carry the charge, its patient and the payer.

    An ``ar:*`` entry that is *money* (paid, or a payment taken back) also carries its receipt; one that
    moves or adjusts what is owed carries none. balances.py tells paid from adjusted by that.
    """

    account: str
    amount: Decimal
    charge_id: int | None = None
    patient_id: int | None = None
    payer_id: int | None = None
    receipt_id: int | None = None


@dataclass(frozen=True, slots=True)
class Posting:
    """One transaction to be posted. ``key`` is made by the caller before the work, so a retry is a no-op."""

    key: str
    kind: TxnKind
    entries: tuple[Entry, ...]
    on: date
    effective_on: date | None = None
    reason: str = ""
    source_kind: str = ""
    source_key: str = ""
    trace: Any = field(default_factory=list)
    reverses_id: int | None = None

    def digest(self) -> str:
        """What makes two postings the same: everything that moves money, not who or when."""
        entries = sorted(
            [
                repr([e.account, str(e.amount), e.charge_id, e.patient_id, e.payer_id, e.receipt_id])
                for e in self.entries
            ]
        )
        body = json.dumps([self.kind, entries, self.source_kind, self.source_key, self.reverses_id])
        return hashlib.sha256(body.encode()).hexdigest()


def post(
    *,
    key: str,
    kind: TxnKind,
    entries: Sequence[Entry],
    on: date,
    effective_on: date | None = None,
    reason: str = "",
    source_kind: str = "",
    source_key: str = "",
    trace: Any = None,
    reverses: LedgerTxn | None = None,
) -> LedgerTxn:
    """Post one transaction; see ``post_many``."""
    posting = Posting(
        key,
        kind,
        tuple(entries),
        on,
        effective_on,
        reason,
        source_kind,
        source_key,
        trace or [],
        reverses.pk if reverses is not None else None,
    )
    return post_many([posting])[0]


def post_many(postings: Sequence[Posting]) -> list[LedgerTxn]:
    """Post transactions of the open clinic together; each balances, or none is posted.

    A key that was posted before with the same content gives that transaction back (a no-op); with
    other content LedgerConflict is raised. What the database refuses surfaces here as Unbalanced,
    not at the end of the request: the deferred checks run before this returns.
    """
    assert connection.in_atomic_block, "the ledger is written inside the caller's transaction"
    clinic_id = current_clinic_id()
    assert clinic_id is not None, "work that writes opens exactly one clinic"
    postings = [_without_zeros(posting) for posting in postings]
    for posting in postings:
        _check_shape(posting)
    known = {txn.key: txn for txn in LedgerTxn.objects.filter(key__any_of=Keys(p.key for p in postings))}
    for posting in postings:
        if posting.key in known and known[posting.key].digest != posting.digest():
            raise LedgerConflict(f"{posting.key} was posted with other amounts.", key=posting.key)
    fresh = {posting.key: posting for posting in postings if posting.key not in known}
    if fresh:
        try:
            _insert(list(fresh.values()), clinic_id, known)
        except DayClosed:  # closed since we looked: now we see it, and nobody can close another one meanwhile
            _insert(list(fresh.values()), clinic_id, known)
    return [known[posting.key] for posting in postings]


def reverse(txn: LedgerTxn, *, key: str, on: date, reason: str) -> LedgerTxn:
    """Post the exact mirror of ``txn`` (I-6): same accounts, opposite amounts, once."""
    return reverse_many([(txn, key)], on=on, reason=reason)[0]


def reverse_many(wanted: Sequence[tuple[LedgerTxn, str]], *, on: date, reason: str) -> list[LedgerTxn]:
    """The same for many, each with the key of its mirror: a few statements for any number."""
    mirrors: dict[int, list[Entry]] = {txn.pk: [] for txn, _ in wanted}
    rows = LedgerEntry.objects.filter(txn_id__any_of=Keys(mirrors)).order_by("txn_id", "line_no")
    for txn_id, amount, account, charge_id, patient_id, payer_id, receipt_id in rows.values_list(
        "txn_id", "amount", "account", "charge_id", "patient_id", "payer_id", "receipt_id"
    ):
        mirrors[txn_id].append(Entry(account, -amount, charge_id, patient_id, payer_id, receipt_id))
    return post_many(
        [
            Posting(
                key=key, kind=TxnKind.REVERSAL, entries=tuple(mirrors[txn.pk]), on=on, reason=reason,
                source_kind=txn.source_kind, source_key=txn.source_key, reverses_id=txn.pk,
                trace=[{"rule": "I-6", "because": f"mirrors {txn.key}"}],
            )
            for txn, key in wanted
        ]
    ) if wanted else []  # fmt: skip


def closed_through() -> date | None:
    """The last closed day; what comes late is posted on the day after it, its own day stays as effective_on."""
    rows = DayClose.objects.filter(reopened_at__isnull=True)
    last: date | None = rows.aggregate(last=Max("day"))["last"]
    return last


def find(key: str) -> LedgerTxn | None:
    """The transaction posted under ``key``, if any."""
    return LedgerTxn.objects.filter(key=key).first()


def _without_zeros(posting: Posting) -> Posting:
    entries = tuple(entry for entry in posting.entries if entry.amount != 0)
    if len(entries) == len(posting.entries):
        return posting
    return Posting(
        posting.key,
        posting.kind,
        entries,
        posting.on,
        posting.effective_on,
        posting.reason,
        posting.source_kind,
        posting.source_key,
        posting.trace,
        posting.reverses_id,
    )


def _check_shape(posting: Posting) -> None:
    if len(posting.entries) < 2:
        raise Unbalanced("A ledger transaction needs at least two entries.", key=posting.key)
    if sum([entry.amount for entry in posting.entries]):
        raise Unbalanced("The entries do not sum to zero.", key=posting.key)


def _insert(postings: list[Posting], clinic_id: int, known: dict[str, LedgerTxn]) -> None:
    """Headers and entries by two statements, then the deferred checks."""
    actor = current_actor()
    closed = closed_through()
    headers = [
        LedgerTxn(
            id=key,
            clinic_id=clinic_id,
            public_id=new_public_id(),
            key=p.key,
            digest=p.digest(),
            kind=p.kind,
            lines=len(p.entries),
            posted_on=p.on if closed is None or p.on > closed else closed + timedelta(days=1),
            effective_on=p.effective_on or p.on,
            actor=actor,
            reason=p.reason,
            source_kind=p.source_kind,
            source_key=p.source_key,
            reverses_id=p.reverses_id,
            trace=p.trace,
        )
        for key, p in zip(bulk.next_ids(LedgerTxn, len(postings)), postings, strict=True)
    ]
    try:
        with transaction.atomic():
            bulk.insert_rows(headers)
            bulk.insert(LedgerEntry, ENTRY_COLUMNS, _entry_rows(headers, postings))
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    except IntegrityError as error:
        raise _as_refusal(error) from error
    known.update({header.key: header for header in headers})


ENTRY_COLUMNS = (
    "clinic_id", "txn_id", "lines", "line_no", "account", "amount", "charge_id", "patient_id", "payer_id",
    "receipt_id",
)  # fmt: skip


def _entry_rows(headers: list[LedgerTxn], postings: list[Posting]) -> list[tuple[bulk.Value, ...]]:
    """The entries as rows, without a model object each: a remittance has tens of thousands."""
    null = bulk.NULL
    return [
        (
            header.clinic_id, header.pk, header.lines, number, e.account, to_cents(e.amount),
            null if e.charge_id is None else e.charge_id, null if e.patient_id is None else e.patient_id,
            null if e.payer_id is None else e.payer_id, null if e.receipt_id is None else e.receipt_id,
        )
        for header, posting in zip(headers, postings, strict=True)
        for number, e in enumerate(posting.entries, start=1)
    ]  # fmt: skip


def _as_refusal(error: IntegrityError) -> Exception:
    """Name what the database refused (scaling.md rule 12: names without a trailing number)."""
    diagnosis = getattr(error.__cause__, "diag", None)
    name = (getattr(diagnosis, "constraint_name", "") or "").rstrip("0123456789").rstrip("_")
    if name == "receipt_not_overspent":
        return Unbalanced("That is more credit than this payment has left.", code="overspent")
    if name == "day_is_open":
        return DayClosed("The day was closed this moment. Try again: it goes to the next open day.")
    if name in ("ledger_key_once", "ledger_reversed_once"):
        return LedgerConflict("This was just posted by somebody else. Reload to see it.", code="already_done")
    return Unbalanced("The ledger refused an entry that does not balance.", constraint=name)
