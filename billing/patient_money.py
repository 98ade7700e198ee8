"""A patient's money on one page: who owes what, visit by visit, with credit and age. Reads only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Sum

from billing import balances
from billing.balances import Credit, LineBalance
from billing.enums import InvoiceState
from billing.models import Charge, Invoice, LedgerEntry
from lib.money import ZERO, total

BUCKETS = ((30, "0 to 30 days"), (60, "31 to 60"), (90, "61 to 90"), (120, "91 to 120"), (None, "over 120"))


@dataclass(frozen=True, slots=True)
class VisitMoney:
    """One invoice with where its money is and the word for it."""

    invoice: Invoice
    charges: tuple[Charge, ...]
    balance: LineBalance
    payers: dict[str, Decimal]  # open with each insurer, by name
    lines: dict[int, LineBalance]  # of each charge

    @property
    def state(self) -> str:
        """The money state shown to people: closed, patient_owes, with_insurer or void."""
        if self.invoice.state == InvoiceState.VOID:
            return "void"
        if self.balance.patient > ZERO:
            return "patient_owes"
        return "with_insurer" if self.balance.insurer_open else "closed"

    @property
    def written_off(self) -> Decimal:
        """Adjusted by insurers' contracts and written off by us, dollars."""
        return self.balance.adjusted + self.balance.written_off

    @property
    def paid(self) -> Decimal:
        """Paid by anybody."""
        return self.balance.paid_by_insurers + self.balance.paid_by_patient


@dataclass(frozen=True, slots=True)
class PatientMoney:
    """Everything of one patient; ``insurers`` is by name, all in dollars."""

    visits: tuple[VisitMoney, ...]
    insurers: dict[str, Decimal]
    patient: Decimal
    credit: Credit
    ages: tuple[tuple[str, Decimal], ...]

    @property
    def insurer_open(self) -> Decimal:
        """Open with all insurers."""
        return total(self.insurers.values())

    @property
    def asked(self) -> Decimal:
        """What the patient is asked for: owed less free credit."""
        return self.patient - self.credit.free


def of_patient(patient_id: int, today: date) -> PatientMoney:
    """Load it all in a constant number of queries; newest visit first."""
    invoices = list(
        Invoice.objects.filter(patient_id=patient_id)
        .select_related("appointment__appointment_type", "appointment__clinician", "location")
        .order_by("-service_date", "-pk")
    )
    visits = of_invoices(invoices)
    insurers: dict[str, Decimal] = {}
    for visit in visits:
        for name, amount in visit.payers.items():
            insurers[name] = insurers.get(name, ZERO) + amount
    return PatientMoney(
        visits=visits,
        insurers={name: amount for name, amount in insurers.items() if amount},
        patient=total(visit.balance.patient for visit in visits),
        credit=balances.patient_credit(patient_id),
        ages=ages(patient_id, today),
    )


def of_invoices(invoices: Iterable[Invoice]) -> tuple[VisitMoney, ...]:
    """Where the money of each invoice is, in three queries."""
    rows = list(invoices)
    charges: dict[int, list[Charge]] = {row.pk: [] for row in rows}
    for charge in Charge.objects.filter(invoice_id__in=list(charges)).order_by("invoice_id", "line_no"):
        charges[charge.invoice_id].append(charge)
    lines = balances.lines([charge.pk for group in charges.values() for charge in group])
    payers = _open_by_payer(list(charges))
    return tuple(
        VisitMoney(
            invoice=row,
            charges=tuple(charges[row.pk]),
            balance=balances.sum_lines(lines[charge.pk] for charge in charges[row.pk]),
            payers=payers.get(row.pk, {}),
            lines={charge.pk: lines[charge.pk] for charge in charges[row.pk]},
        )
        for row in rows
    )


def ages(patient_id: int, today: date) -> tuple[tuple[str, Decimal], ...]:
    """What the patient owes by age, counted from the day each line became the patient's (B12)."""
    sums = {words: ZERO for _, words in BUCKETS}
    for amount, since in owed_since(patient_id):
        sums[bucket((today - since).days)] += amount
    return tuple(sums.items())


def owed_since(patient_id: int) -> list[tuple[Decimal, date]]:
    """Each line the patient owes on, with the day from which it counts.

    The rest of a line is what came last: payments use up the oldest part first.
    """
    return [(amount, day) for _, amount, day in open_lines_of([patient_id]).get(patient_id, [])]


def open_lines_of(patient_ids: Iterable[int]) -> dict[int, list[tuple[int, Decimal, date]]]:
    """By patient: (charge, dollars, since) of each part that is owed, in one query."""
    rows = (
        LedgerEntry.objects.filter(account="ar:patient", patient_id__in=list(patient_ids))
        .order_by("txn__posted_on", "pk")
        .values_list("patient_id", "charge_id", "amount", "txn__posted_on")
    )
    by_patient: dict[int, list[tuple[Any, Decimal, date]]] = {}
    for patient_id, charge_id, amount, day in rows:
        by_patient.setdefault(patient_id, []).append((charge_id, amount, day))
    return {patient_id: open_parts(entries) for patient_id, entries in by_patient.items()}


def open_parts(entries: Iterable[tuple[Any, Decimal, date]]) -> list[tuple[Any, Decimal, date]]:
    """What is left of (key, dollars, day) in order: for each key what took it down uses up the oldest part first."""
    owed: dict[Any, list[tuple[Decimal, date]]] = {}
    paid: dict[Any, Decimal] = {}
    for key, amount, day in entries:
        if amount > ZERO:
            owed.setdefault(key, []).append((amount, day))
        else:
            paid[key] = paid.get(key, ZERO) - amount
    left: list[tuple[Any, Decimal, date]] = []
    for key, parts in owed.items():
        gone = paid.pop(key, ZERO)
        for amount, day in parts:
            used = min(gone, amount)
            gone -= used
            if amount > used:
                left.append((key, amount - used, day))
        if gone > ZERO:
            left.append((key, -gone, parts[-1][1]))  # paid more than was owed on the line: shown, not hidden
    left += [(key, -amount, date.max) for key, amount in paid.items() if amount]
    return left


def bucket(days: int) -> str:
    """The bucket of an age in days."""
    return next(words for limit, words in BUCKETS if limit is None or days <= limit)


def _open_by_payer(invoice_ids: list[int]) -> dict[int, dict[str, Decimal]]:
    rows: Any = (
        LedgerEntry.objects.filter(charge__invoice_id__in=invoice_ids, account__in=["ar:1", "ar:2", "ar:3"])
        .values_list("charge__invoice_id", "payer__name")
        .annotate(sum=Sum("amount"))
        .order_by()
    )
    found: dict[int, dict[str, Decimal]] = {}
    for invoice_id, name, amount in rows:
        if amount:
            by_name = found.setdefault(invoice_id, {})
            by_name[name or "Insurer"] = by_name.get(name or "Insurer", ZERO) + amount
    return found
