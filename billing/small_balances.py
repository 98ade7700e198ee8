"""Small-balance runs: preview, run, undo whole (rules.md B10).

Only what patients owe for good: after at least one statement, no insurer open, no plan, no dispute. The policy
row of the patient's state decides the limit; 0.00 is off. Each line keeps the row that decided it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Sum

from billing import balances, ledger, policies, writeoffs
from billing.enums import CallKind, CaseState, InvoiceState, PlanState, PolicySubject, WriteOffType
from billing.errors import CannotWriteOff
from billing.models import (
    CallNote,
    CollectionLine,
    Invoice,
    LedgerEntry,
    LedgerTxn,
    PlanLine,
    StatementMember,
    WriteOffRun,
)
from billing.writeoffs import WriteOff
from clinics import audit
from clinics.models import Location
from clinics.roles import Role
from clinics.scoping import current_actor
from lib.money import ZERO, total
from patients.models import Patient

MOST = 2000  # lines in one run


@dataclass(frozen=True, slots=True)
class Line:
    """One invoice that the run would write off."""

    invoice: Invoice
    amount: Decimal
    decision: policies.Decision


def preview(location: Location, today: date) -> list[Line]:
    """What a run would write off now at this location, oldest first; nothing is written."""
    owed = dict(
        LedgerEntry.objects.filter(account="ar:patient")
        .values_list("patient_id")
        .annotate(sum=Sum("amount"))
        .filter(sum__gt=0)
    )
    patients = {
        row.pk: row
        for row in Patient.objects.filter(pk__in=owed).exclude(
            pk__in=CallNote.objects.filter(kind=CallKind.DISPUTE, state="open").values("patient_id")
        )
    }
    rows = policies.load(today)
    decided = {
        pk: policies.decide(PolicySubject.SMALL_BALANCE_LIMIT, policies.case_of(patient, None, today), rows)
        for pk, patient in patients.items()
    }
    small = {pk for pk, decision in decided.items() if ZERO < owed[pk] <= decision.money}
    small &= set(StatementMember.objects.filter(patient__in=small).values_list("patient_id", flat=True))
    invoices = list(
        Invoice.objects.filter(patient__in=small, location=location, state=InvoiceState.OPEN)
        .exclude(pk__in=_on_plans())
        .exclude(pk__in=_at_agency())
        .select_related("patient", "location__clinic")
        .order_by("service_date", "pk")[:MOST]
    )
    money = balances.invoices([row.pk for row in invoices])
    return [
        Line(row, money[row.pk].patient, decided[row.patient_id])
        for row in invoices
        if money[row.pk].patient > ZERO and money[row.pk].insurer_open == ZERO
    ]


@transaction.atomic
def run(location: Location, *, expected: Decimal, today: date) -> WriteOffRun:
    """Write off what the preview showed; refused where it has changed since (``expected`` is its sum)."""
    lines = preview(location, today)
    amount = total(line.amount for line in lines)
    if not lines:
        raise CannotWriteOff("There is no small balance to write off.", code="nothing_left")
    if amount != expected:
        raise CannotWriteOff(
            f"The list has changed: it comes to {amount} now, not {expected}. Look again.", code="changed"
        )
    made = WriteOffRun.objects.create(
        location=location,
        lines=[_as_json(line) for line in lines],
        count=len(lines),
        amount=amount,
        made_by=current_actor(),
    )
    for line in lines:
        writeoffs.write_off(
            line.invoice,
            WriteOff(
                "patient", WriteOffType.SMALL_BALANCE, line.amount, f"Small-balance run {made.public_id}"
            ),
            role=Role.OWNER,  # the run has its own right (routes.py): limits are the policy's
            today=today,
            key=_key(made, line.invoice.public_id),
        )
    audit.record("writeoff.run", "writeoff_run", made.public_id, count=len(lines), amount=str(amount))
    return made


@transaction.atomic
def undo(made: WriteOffRun, *, at: datetime, today: date) -> WriteOffRun:
    """Take a whole run back in one step; a second time changes nothing."""
    row = WriteOffRun.objects.select_for_update(no_key=True).get(pk=made.pk)
    if row.undone_at is not None:
        return row
    keys = [_key(row, line["invoice"]) for line in row.lines]
    for txn in LedgerTxn.objects.filter(key__in=keys).order_by("pk"):
        writeoffs.undo(txn, reason=f"Small-balance run {row.public_id} undone", today=today)
    row.undone_at, row.undone_by = at, current_actor()
    row.save(update_fields=["undone_at", "undone_by"])
    audit.record("writeoff.run_undo", "writeoff_run", row.public_id, count=row.count)
    return row


def posted(made: WriteOffRun) -> Sequence[LedgerTxn]:
    """The ledger's rows of a run."""
    found = [ledger.find(_key(made, line["invoice"])) for line in made.lines]
    return [txn for txn in found if txn is not None]


def _as_json(line: Line) -> dict[str, Any]:
    return {
        "invoice": line.invoice.public_id,
        "number": line.invoice.number,
        "patient": str(line.invoice.patient),
        "amount": str(line.amount),
        "policy": line.decision.as_json(),
    }


def _on_plans() -> Any:
    return PlanLine.objects.filter(plan__state=PlanState.ACTIVE).values("charge__invoice_id")


def _at_agency() -> Any:
    return CollectionLine.objects.filter(case__state=CaseState.HANDED).values("charge__invoice_id")


def _key(made: WriteOffRun, invoice: str) -> str:
    return f"small:{made.public_id}:{invoice}"
