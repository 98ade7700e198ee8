"""Acts that need a second person: asked by one, run when another one approves (reliability.md c1, "2").

Before it: a write-off above the asker's limit, or by whoever took the payment; an admin's refund, to a patient or to
an insurer; a closed day that an owner opens again; two records of one person that become one. What is approved runs
here, with the approver as its actor and both names in the audit.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from billing import days, payments, writeoffs
from billing.enums import WriteOffType
from billing.errors import CannotDecide, CannotWriteOff
from billing.hooks import INSURER_REFUND, MERGE
from billing.models import Approval, DayClose, Invoice
from billing.writeoffs import WriteOff
from clinics import audit
from clinics.permissions import role_may
from clinics.scoping import current_actor
from lib.money import show_money
from patients.models import Patient

# The right that approving takes, by kind; above it stands the approver's own limit.
RIGHTS = {
    "writeoff": "writeoff",
    "refund": "payment.refund",
    "reopen": "day.reopen",
    "merge": "patient.merge",
    "payer_refund": "payment.refund",
}


def ask_write_off(invoice: Invoice, wanted: WriteOff, *, role: str) -> Approval:
    """Ask for a write-off that this person may not do alone; the amounts are checked, nothing is posted.

    Raises CannotWriteOff where nobody could approve it, or where the person may do it alone.
    """
    why = writeoffs.second_person_reason(invoice, wanted, role)
    if not why:
        raise CannotWriteOff("You may do this yourself.", code="not_needed")
    writeoffs.check_owed(invoice, wanted)
    return _ask(
        "writeoff",
        {"party": wanted.party, "type": str(wanted.kind), "amount": str(wanted.amount)},
        words=f"{WriteOffType(wanted.kind).label} {wanted.amount} on {invoice.number}",
        reason=wanted.reason,
        because=why,
        patient=invoice.patient,
        invoice=invoice,
    )


def ask_refund(patient: Patient, amount: Decimal, *, reason: str) -> Approval:
    """An admin asks for a refund; the amount is checked, nothing leaves the drawer yet."""
    payments.check_refund(patient, amount)
    return _ask(
        "refund",
        {"amount": str(amount)},
        words=f"Refund {show_money(amount)}",
        reason=reason,
        because="A refund by an admin is approved by another admin or the owner.",
        patient=patient,
    )


def ask_reopen(row: DayClose, *, reason: str) -> Approval:
    """An owner asks another owner to open a closed day again."""
    days.check_reopen(row)
    if not reason.strip():
        raise CannotDecide("Say why the day is opened again.", code="reason_needed")
    return _ask(
        "reopen",
        {"day": row.public_id},
        words=f"Reopen {row.day:%m/%d/%Y}",
        reason=reason,
        because="Opening a closed day again takes two owners.",
    )


def ask_merge(kept: Patient, second: Patient, *, reason: str) -> Approval:
    """Ask an admin or the owner to make ``second`` a part of ``kept``; desk/merging.py has checked both."""
    wanted = {"second": second.public_id}
    if Approval.objects.filter(kind="merge", state="asked", patient=kept, wanted=wanted).exists():
        raise CannotDecide("This merge waits for a second person already.", code="asked_already")
    return _ask(
        "merge",
        wanted,
        words=f"Merge chart {second.chart_number} into chart {kept.chart_number}",
        reason=reason,
        because="Two records become one when an admin or the owner agrees.",
        patient=kept,
    )


def ask_insurer_refund(wanted: dict[str, str], *, words: str, reason: str) -> Approval:
    """An admin asks for a refund check to an insurer; responses/insurer_refunds.py has checked it."""
    because = "A refund by an admin is approved by another admin or the owner."
    if Approval.objects.filter(kind="payer_refund", state="asked", wanted=wanted).exists():
        raise CannotDecide("This refund waits for a second person already.", code="asked_already")
    return _ask("payer_refund", wanted, words=words, reason=reason, because=because)


def _ask(
    kind: str,
    wanted: dict[str, str],
    *,
    words: str,
    reason: str,
    because: str,
    patient: Patient | None = None,
    invoice: Invoice | None = None,
) -> Approval:
    row = Approval.objects.create(
        kind=kind,
        patient=patient,
        invoice=invoice,
        wanted=wanted,
        words=words,
        reason=reason.strip()[:200],
        because=because[:200],
        asked_by=current_actor(),
    )
    audit.record("approval.ask", "approval", row.public_id, words=row.words, reason=row.reason)
    return row


@transaction.atomic
def approve(approval: Approval, *, role: str, today: date, at: datetime) -> Approval:
    """Run what was asked; another person with the right and a limit that covers it."""
    row = _open(approval)
    if row.asked_by == current_actor():
        raise CannotDecide("Who asked cannot approve. Another person has to.", code="same_person")
    if not role_may(role, RIGHTS[row.kind]):
        raise CannotDecide("This is for somebody whose role includes it.", code="role")
    if row.kind == "writeoff":
        _run_write_off(row, role, today)
    elif row.kind == "refund":
        assert row.patient is not None, "a refund names its patient"
        amount = Decimal(row.wanted["amount"])
        payments.refund(
            row.patient, amount, reason=row.reason, today=today, key=f"refund:approval:{row.public_id}"
        )
    elif row.kind == "merge":
        MERGE.ask(row.patient, row.wanted["second"], reason=row.reason, at=at, asked_by=row.asked_by)
    elif row.kind == "payer_refund":
        INSURER_REFUND.ask(row.wanted, reason=row.reason, today=today)
    else:
        day = DayClose.objects.get(public_id=row.wanted["day"])
        days.reopen(day, reason=row.reason, at=at, asked_by=row.asked_by)
    return _decided(row, "approved", "", at)


def _run_write_off(row: Approval, role: str, today: date) -> None:
    invoice = Invoice.objects.select_related("patient", "location__clinic").get(pk=row.invoice_id or 0)
    wanted = WriteOff(
        row.wanted["party"], WriteOffType(row.wanted["type"]), Decimal(row.wanted["amount"]), row.reason
    )
    writeoffs.write_off(
        invoice,
        wanted,
        role=role,
        today=today,
        key=f"approval:{row.public_id}",
        asked_by=row.asked_by,
    )


@transaction.atomic
def refuse(approval: Approval, *, reason: str, at: datetime) -> Approval:
    """Say no, with a reason; whoever asked may withdraw it that way too."""
    row = _open(approval)
    if not reason.strip():
        raise CannotDecide("Say why not.", code="reason_needed")
    state = "withdrawn" if row.asked_by == current_actor() else "refused"
    return _decided(row, state, reason.strip()[:200], at)


def _open(approval: Approval) -> Approval:
    row = Approval.objects.select_for_update(of=("self",), no_key=True).get(pk=approval.pk)
    if row.state != "asked":
        raise CannotDecide("This was decided already.", code="decided")
    return row


def _decided(row: Approval, state: str, answer: str, at: datetime) -> Approval:
    row.state, row.answer, row.decided_by, row.decided_at = state, answer, current_actor(), at
    row.save()
    audit.record(f"approval.{state}", "approval", row.public_id, words=row.words, answer=answer)
    return row
