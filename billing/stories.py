"""A balance told in sentences: each ledger transaction of a visit with its amount and its source.

The patient page, the statement and the telephone read the same words. Reads only, never adds up
anything that the ledger does not hold.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billing.enums import TxnKind, WriteOffType
from billing.models import LedgerEntry, LedgerTxn
from lib.money import ZERO, show_money

CODE_WORDS = {
    "CO:45": "over the contract price",
    "CO:253": "sequestration",
    "PR:1": "deductible",
    "PR:2": "coinsurance",
    "PR:3": "copay",
    "OA:23": "what the insurer before paid",
}
PLACES = {"1": "first insurer", "2": "second insurer", "3": "third insurer"}


@dataclass(frozen=True, slots=True)
class Sentence:
    """One transaction: what happened, by how much what is open changed, and what stands behind it."""

    day: date
    say: str
    amount: Decimal
    code: str = ""
    why: str = ""
    source_kind: str = ""
    source_key: str = ""


@dataclass(slots=True)
class _Sums:
    """The entries of one transaction on one visit, sorted."""

    charged: Decimal = ZERO
    open_now: Decimal = ZERO
    to_patient: Decimal = ZERO
    patient_paid: Decimal = ZERO
    credit_used: Decimal = ZERO
    from_insurer: Decimal = ZERO
    to_insurer: Decimal = ZERO
    payer: str = ""
    place: str = ""
    method: str = ""


def of_invoices(invoice_ids: Iterable[int]) -> dict[int, list[Sentence]]:
    """The story of each invoice, oldest first, in one query."""
    rows = (
        LedgerEntry.objects.filter(charge__invoice_id__in=list(invoice_ids))
        .select_related("txn", "payer", "receipt__method")
        .order_by("txn_id", "line_no")
    )
    grouped: dict[int, dict[int, list[LedgerEntry]]] = {}
    owner = _owners(invoice_ids)
    for entry in rows:
        assert entry.charge_id is not None, "filtered by the charge's invoice"
        grouped.setdefault(owner[entry.charge_id], {}).setdefault(entry.txn_id, []).append(entry)
    return {
        invoice_id: [tell(entries[0].txn, entries) for entries in grouped.get(invoice_id, {}).values()]
        for invoice_id in invoice_ids
    }


def _owners(invoice_ids: Iterable[int]) -> dict[int, int]:
    from billing.models import Charge

    return dict(Charge.objects.filter(invoice_id__in=list(invoice_ids)).values_list("pk", "invoice_id"))


def tell(txn: LedgerTxn, entries: list[LedgerEntry]) -> Sentence:
    """One transaction's share of a visit as a sentence."""
    sums = _sort(entries)
    words, code, why = _words(txn, sums, entries)
    return Sentence(txn.posted_on, words, sums.open_now, code, why, txn.source_kind, txn.source_key)


def _sort(entries: list[LedgerEntry]) -> _Sums:
    sums = _Sums()
    for entry in entries:
        if entry.account == "charges":
            sums.charged -= entry.amount
            continue
        if not entry.account.startswith("ar:"):
            continue
        sums.open_now += entry.amount
        if entry.payer is not None:
            sums.payer = entry.payer.name
        money = entry.receipt is not None
        if entry.account == "ar:patient":
            if money:
                sums.patient_paid -= entry.amount
                sums.method = entry.receipt.method.name if entry.receipt else ""
            else:
                sums.to_patient += entry.amount
        else:
            sums.place = entry.account[3:]
            if money:
                sums.from_insurer -= entry.amount
            else:
                sums.to_insurer += entry.amount
    return sums


def _words(txn: LedgerTxn, sums: _Sums, entries: list[LedgerEntry]) -> tuple[str, str, str]:
    kind = txn.kind
    if kind == TxnKind.CHECKOUT:
        return _visit_words(sums), "", ""
    if kind == TxnKind.RECEIPT:
        how = f" ({', '.join(filter(None, [sums.method, txn.reason]))})" if sums.method or txn.reason else ""
        return f"The patient paid {show_money(sums.patient_paid)}{how}.", "", ""
    if kind == TxnKind.CREDIT_USE:
        return f"{show_money(sums.patient_paid)} of credit was used.", "", ""
    if kind == TxnKind.WRITEOFF:
        word = next(
            (WriteOffType(e.account[9:]).label for e in entries if e.account.startswith("writeoff:")), ""
        )
        return f"{show_money(-sums.open_now)} was written off: {word.lower()}. {txn.reason}".strip(), "", ""
    if kind == TxnKind.REVERSAL:
        return f"Taken back: {txn.reason or 'an earlier posting'}.", "", ""
    if kind == TxnKind.VOID:
        return f"The invoice was voided: {txn.reason}. What was paid is credit now.", "", ""
    return _answer_words(sums, entries, txn)


def _visit_words(sums: _Sums) -> str:
    words = f"The visit cost {show_money(sums.charged)}."
    if sums.to_insurer and sums.to_patient:
        return (
            f"{words} {show_money(sums.to_insurer)} was asked of {sums.payer or 'the insurer'}, "
            f"{show_money(sums.to_patient)} is the patient's part."
        )
    if sums.to_insurer:
        return f"{words} All of it was asked of {sums.payer or 'the insurer'}."
    return f"{words} All of it is the patient's part."


def _answer_words(sums: _Sums, entries: list[LedgerEntry], txn: LedgerTxn) -> tuple[str, str, str]:
    """An insurer's answer, a transfer, or held credit: what was paid, written off, moved."""
    who = sums.payer or PLACES.get(sums.place, "The insurer")
    said = []
    if sums.from_insurer > ZERO:
        said.append(f"{who} paid {show_money(sums.from_insurer)}.")
    elif sums.from_insurer < ZERO:
        said.append(f"{who} took {show_money(-sums.from_insurer)} back.")
    code = why = ""
    by_code: dict[str, Decimal] = {}
    for entry in entries:
        if entry.account.startswith("adjustment:"):
            name = entry.account[11:]
            by_code[name] = by_code.get(name, ZERO) + entry.amount
        if entry.account.startswith("writeoff:"):
            name = WriteOffType(entry.account[9:]).label.lower()
            by_code[name] = by_code.get(name, ZERO) + entry.amount
    for name, amount in by_code.items():
        verb = "was written off" if amount > ZERO else "was put back"
        said.append(f"{show_money(abs(amount))} {verb}; nobody pays that part.")
        if ":" in name and not code:
            code, why = name.replace(":", "-"), CODE_WORDS.get(name, "the insurer's code")
    if sums.to_patient > ZERO:
        said.append(f"{show_money(sums.to_patient)} is left to the patient.")
    elif sums.to_patient < ZERO:
        said.append(f"{show_money(-sums.to_patient)} was taken off the patient's part.")
    if sums.patient_paid < ZERO:
        said.append(
            f"{show_money(-sums.patient_paid)} that the patient paid is held as credit until the last answer."
        )
    elif sums.patient_paid > ZERO:
        said.append(f"{show_money(sums.patient_paid)} of credit was used.")
    return " ".join(said) or txn.reason or txn.get_kind_display(), code, why
