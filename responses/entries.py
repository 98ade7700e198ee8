"""A plan as ledger entries, and what follows for the patient's money (reliability.md a; rules.md B11.2).

Amounts are dollars, debit +. An ``ar:*`` entry that is money carries its receipt, a move carries none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Q, Sum

from billing.enums import TxnKind
from billing.ledger import Entry, Posting
from billing.models import LedgerEntry
from clinics.lookups import Keys
from lib.money import ZERO, total
from responses.claim_ledger import PATIENT
from responses.plan_result import ClaimPlan, LinePlan
from x12.documents.remittance import ProviderAdjustment


def remittance_entries(
    amount: Decimal, adjustments: Sequence[ProviderAdjustment], receipt_id: int
) -> list[Entry]:
    """cash + BPR02, provider_level:<code> + PLB, escrow - the rest, so that the receipt ties at once (E16)."""
    entries = [Entry("cash", amount, receipt_id=receipt_id)]
    by_code: dict[str, Decimal] = {}
    for item in adjustments:
        code = plb_code(item.code)
        by_code[code] = by_code.get(code, ZERO) + item.amount
    entries += [
        Entry(f"provider_level:{code}", value, receipt_id=receipt_id) for code, value in by_code.items()
    ]
    entries.append(Entry("escrow", -total(entry.amount for entry in entries), receipt_id=receipt_id))
    return [entry for entry in entries if entry.amount]


def plb_code(code: str) -> str:
    """A PLB code as an account may be called; what is no such code is CS, an adjustment to be looked at."""
    code = code.strip().upper()
    return code if len(code) == 2 and code.isascii() and code.isalnum() else "CS"


def claim_entries(
    plan: ClaimPlan, patient_id: int, payer_ids: Mapping[int, int], receipt_id: int | None
) -> list[Entry]:
    """escrow + / ar:N - for the payment, adjustment + / ar:N -, and PR from ar:N to the next in line."""
    entries: list[Entry] = []
    paid = total(line.paid for line in plan.lines)
    if paid:
        entries.append(Entry("escrow", paid, receipt_id=receipt_id))
    for line in plan.lines:
        entries += _line_entries(line, plan.layer or 0, patient_id, payer_ids, receipt_id)
    return [entry for entry in entries if entry.amount]


def _line_entries(
    line: LinePlan, rank: int, patient_id: int, payer_ids: Mapping[int, int], receipt_id: int | None
) -> list[Entry]:
    charge_id, payer_id = int(line.id), payer_ids.get(rank)
    owes = f"ar:{rank}"
    made = [Entry(owes, -line.paid, charge_id, patient_id, payer_id, receipt_id)]
    for group, reason, amount in line.adjustments:
        account = f"adjustment:{group}:{reason}"
        made.append(Entry(account, amount, charge_id, patient_id, payer_id))
        made.append(Entry(owes, -amount, charge_id, patient_id, payer_id))
    for party, amount in line.moves.items():
        if party == str(rank):
            made.append(Entry(owes, amount + line.paid + line.write_off, charge_id, patient_id, payer_id))
        elif party == PATIENT:
            made.append(Entry("ar:patient", amount, charge_id, patient_id))
        else:
            made.append(Entry(f"ar:{party}", amount, charge_id, patient_id, payer_ids.get(int(party))))
    if str(rank) not in line.moves:
        made.append(Entry(owes, line.paid + line.write_off, charge_id, patient_id, payer_id))
    return made


@dataclass(frozen=True, slots=True)
class PatientShare:
    """Charges of one visit whose patient money is to be put right after a posting."""

    key: str
    charge_ids: tuple[int, ...]
    patient_id: int
    is_final: bool  # no insurer is to answer any more
    source_key: str


def patient_postings(shares: Sequence[PatientShare], on: date) -> tuple[list[Posting], dict[int, Decimal]]:
    """Money over the patient's part becomes credit, held for the visit until the last layer has answered.

    What we wrote off for the patient above the share that an insurer leaves is taken back first: nobody
    waives what is not owed (B10).
    Held credit is applied where the patient owes again; what is left of it is free credit once the last layer
    has answered. One query for any number of visits. Also tells what the patient then owes on each charge.
    """
    ids = [charge_id for share in shares for charge_id in share.charge_ids]
    rows: Any = (
        LedgerEntry.objects.filter(charge_id__any_of=Keys(ids))
        .filter(
            Q(account__in=["ar:patient", "patient_credit"])
            | Q(account__startswith="writeoff:", payer__isnull=True)
        )
        .values_list("charge_id", "account", "receipt_id")
        .annotate(sum=Sum("amount"))
    )
    due: dict[int, Decimal] = {}
    paid: dict[int, dict[int, Decimal]] = {}
    held: dict[int, dict[int, Decimal]] = {}
    waived: dict[int, dict[str, Decimal]] = {}
    for charge_id, account, receipt_id, amount in rows:
        if account == "ar:patient":
            due[charge_id] = due.get(charge_id, ZERO) + amount
            if receipt_id is not None:
                paid.setdefault(charge_id, {})[receipt_id] = -amount
        elif account.startswith("writeoff:"):
            waived.setdefault(charge_id, {})[account] = amount
        else:
            held.setdefault(charge_id, {})[receipt_id] = -amount
    made = [_take_back_waivers(share, due, waived, on) for share in shares]
    made += [_share_posting(share, due, paid, held, on) for share in shares]
    postings = [posting for posting in made if posting is not None]
    for posting in postings:
        if posting.kind == TxnKind.CREDIT_USE:  # waivers taken back are counted already
            for entry in posting.entries:
                if entry.account == "ar:patient" and entry.charge_id is not None:
                    due[entry.charge_id] = due.get(entry.charge_id, ZERO) + entry.amount
    return postings, due


def _take_back_waivers(
    share: PatientShare, due: dict[int, Decimal], waived: dict[int, dict[str, Decimal]], on: date
) -> Posting | None:
    """writeoff:<type> - / ar:patient + for what was written off above the share; ``due`` moves along."""
    entries: list[Entry] = []
    for charge in share.charge_ids:
        for account, amount in sorted(waived.get(charge, {}).items()):
            part = min(-due.get(charge, ZERO), amount)
            if part > ZERO:
                entries.append(Entry(account, -part, charge, share.patient_id))
                entries.append(Entry("ar:patient", part, charge, share.patient_id))
                due[charge] += part
    if not entries:
        return None
    return Posting(
        key=f"{share.key}:waived", kind=TxnKind.WRITEOFF, entries=tuple(entries), on=on,
        source_kind="adjudication", source_key=share.source_key,
        reason="The insurer leaves less to the patient than was written off",
        trace=[{"rule": "B10", "because": "a write-off is never more than the patient's share"}],
    )  # fmt: skip


def _share_posting(
    share: PatientShare,
    due: dict[int, Decimal],
    paid: dict[int, dict[int, Decimal]],
    held: dict[int, dict[int, Decimal]],
    on: date,
) -> Posting | None:
    entries: list[Entry] = []
    kept = {
        (charge, receipt): amount
        for charge in share.charge_ids
        for receipt, amount in held.get(charge, {}).items()
    }
    for charge in share.charge_ids:
        over = -due.get(charge, ZERO)
        for receipt in sorted(paid.get(charge, {}), reverse=True):
            part = min(over, paid[charge][receipt])
            if part > ZERO:
                entries.append(Entry("ar:patient", part, charge, share.patient_id, receipt_id=receipt))
                entries.append(Entry("patient_credit", -part, charge, share.patient_id, receipt_id=receipt))
                kept[charge, receipt] = kept.get((charge, receipt), ZERO) + part
                over -= part
    for charge in share.charge_ids:
        owed = due.get(charge, ZERO)
        for (held_for, receipt), amount in sorted(kept.items()):
            part = min(owed, amount)
            if part > ZERO:
                entries.append(Entry("patient_credit", part, held_for, share.patient_id, receipt_id=receipt))
                entries.append(Entry("ar:patient", -part, charge, share.patient_id, receipt_id=receipt))
                kept[held_for, receipt] -= part
                owed -= part
    if share.is_final:
        for (held_for, receipt), amount in sorted(kept.items()):
            if amount > ZERO:
                entries.append(
                    Entry("patient_credit", amount, held_for, share.patient_id, receipt_id=receipt)
                )
                entries.append(Entry("patient_credit", -amount, None, share.patient_id, receipt_id=receipt))
    if not entries:
        return None
    because = (
        "the last insurer has answered"
        if share.is_final
        else "held for this visit until the last insurer answers"
    )
    return Posting(
        key=share.key, kind=TxnKind.CREDIT_USE, entries=tuple(entries), on=on, source_kind="adjudication",
        source_key=share.source_key, trace=[{"rule": "B11.2", "because": because}],
    )  # fmt: skip
