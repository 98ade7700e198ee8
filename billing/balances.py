"""What is owed, paid, adjusted: always derived from the ledger's entries, never stored beside them.

Each cent of a charge is in exactly one place: owed by insurer 1, 2 or 3, owed by the patient, paid,
adjusted or written off. Pages, statements, claims and reports read it here and do no arithmetic of
their own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import Q, Sum

from billing.models import Charge, LedgerEntry
from clinics.lookups import Keys
from lib.money import ZERO, total

RANKS = (1, 2, 3)


@dataclass(slots=True)
class LineBalance:
    """Where the money of one charge line is. ``paid_by_insurers`` is by layer; all in dollars."""

    charge: Decimal = ZERO
    insurers: dict[int, Decimal] = field(default_factory=lambda: dict.fromkeys(RANKS, ZERO))
    patient: Decimal = ZERO
    paid_by_insurers: Decimal = ZERO
    paid_by_patient: Decimal = ZERO
    adjusted: Decimal = ZERO
    written_off: Decimal = ZERO
    waived: Decimal = ZERO  # the part of ``written_off`` that was the patient's

    @property
    def insurer_open(self) -> Decimal:
        """What all insurers together still owe."""
        return total(self.insurers.values())

    @property
    def is_whole(self) -> bool:
        """I-3: charge = owed + paid + adjusted + written off."""
        paid = self.paid_by_insurers + self.paid_by_patient
        return self.charge == self.open + paid + self.adjusted + self.written_off

    @property
    def open(self) -> Decimal:
        """What anybody still owes."""
        return self.insurer_open + self.patient


@dataclass(frozen=True, slots=True)
class Credit:
    """A patient's credit: free to use, or held for a visit whose last insurer has not answered (B11.2)."""

    free: Decimal
    held: Decimal


def lines(charge_ids: Iterable[int]) -> dict[int, LineBalance]:
    """The balance of each charge line, in one query."""
    wanted = list(charge_ids)
    found = {charge_id: LineBalance() for charge_id in wanted}
    rows = (
        LedgerEntry.objects.filter(charge_id__any_of=Keys(wanted))
        .annotate(is_money=Q(receipt__isnull=False), is_payers=Q(payer__isnull=False))
        .values_list("charge_id", "account", "is_money", "is_payers")
        .annotate(sum=Sum("amount"))
    )
    for charge_id, account, is_money, is_payers, amount in rows:
        _add(found[charge_id], account, amount, is_money)
        if account.startswith("writeoff:") and not is_payers:
            found[charge_id].waived += amount
    return found


def sum_lines(balances: Iterable[LineBalance]) -> LineBalance:
    """Several lines as one: an invoice, a visit, a patient."""
    result = LineBalance()
    for line in balances:
        result.charge += line.charge
        for rank in RANKS:
            result.insurers[rank] += line.insurers[rank]
        result.patient += line.patient
        result.paid_by_insurers += line.paid_by_insurers
        result.paid_by_patient += line.paid_by_patient
        result.adjusted += line.adjusted
        result.written_off += line.written_off
        result.waived += line.waived
    return result


def invoices(invoice_ids: Iterable[int]) -> dict[int, LineBalance]:
    """The balance of each invoice, in two queries."""
    wanted = list(invoice_ids)
    owner = dict(Charge.objects.filter(invoice_id__in=wanted).values_list("pk", "invoice_id"))
    by_line = lines(owner)
    result = {invoice_id: LineBalance() for invoice_id in wanted}
    for charge_id, invoice_id in owner.items():
        result[invoice_id] = sum_lines([result[invoice_id], by_line[charge_id]])
    return result


def patient_due(patient_id: int) -> Decimal:
    """What the patient owes now over all visits."""
    return _sum(account="ar:patient", patient_id=patient_id)


def patient_credit(patient_id: int) -> Credit:
    """What the patient has paid ahead. Entries that name a charge are held for its visit."""
    return patients_credit([patient_id])[patient_id]


def patients_credit(patient_ids: Iterable[int]) -> dict[int, Credit]:
    """``patient_credit`` of each of these patients, in one query."""
    wanted = set(patient_ids)
    rows = LedgerEntry.objects.filter(account="patient_credit", patient_id__in=wanted)
    is_held = Q(charge__isnull=False)
    sums = rows.values_list("patient_id").annotate(
        free=Sum("amount", filter=~is_held), held=Sum("amount", filter=is_held)
    )
    none = {patient_id: Credit(ZERO, ZERO) for patient_id in wanted}
    return none | {key: Credit(-(free or ZERO), -(held or ZERO)) for key, free, held in sums}


def patients_due(patient_ids: Iterable[int]) -> dict[int, Decimal]:
    """``patient_due`` of many patients, in one query; who owes nothing is not in it."""
    return _sums("ar:patient", patient_ids)


def patients_free_credit(patient_ids: Iterable[int]) -> dict[int, Decimal]:
    """The free part of ``patient_credit`` of many patients, in one query; who has none is not in it."""
    return {key: -found for key, found in _sums("patient_credit", patient_ids, charge__isnull=True).items()}


def escrow(receipt_id: int) -> Decimal:
    """Insurer money of this receipt that is not posted to any claim yet."""
    return -_sum(account="escrow", receipt_id=receipt_id)


def _sums(account: str, patient_ids: Iterable[int], **where: object) -> dict[int, Decimal]:
    rows = LedgerEntry.objects.filter(account=account, patient_id__in=set(patient_ids), **where)
    return dict(rows.values_list("patient_id").annotate(sum=Sum("amount")))


def _sum(**where: object) -> Decimal:
    return LedgerEntry.objects.filter(**where).aggregate(sum=Sum("amount"))["sum"] or ZERO


def _add(line: LineBalance, account: str, amount: Decimal, is_money: bool) -> None:
    """Sort one sum into its place. An ``ar:*`` entry that names a receipt is money; without one a move."""
    if account == "charges":
        line.charge -= amount
    elif account == "ar:patient":
        line.patient += amount
        line.paid_by_patient -= amount if is_money else ZERO
    elif account.startswith("ar:"):
        line.insurers[int(account[3:])] += amount
        line.paid_by_insurers -= amount if is_money else ZERO
    elif account.startswith("adjustment:"):
        line.adjusted += amount
    elif account.startswith("writeoff:"):
        line.written_off += amount
