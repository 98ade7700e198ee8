"""Acts that need a second person: asked by one, run when another one approves (reliability.md c1, "2").

Before it: a write-off above the asker's limit, or by whoever took the payment. What is approved runs here,
with the approver as its actor and both names in its reason.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from billing import writeoffs
from billing.enums import WriteOffType
from billing.errors import CannotDecide, CannotWriteOff
from billing.models import Approval, Invoice
from billing.writeoffs import WriteOff
from clinics import audit
from clinics.scoping import current_actor


def ask_write_off(invoice: Invoice, wanted: WriteOff, *, role: str) -> Approval:
    """Ask for a write-off that this person may not do alone; the amounts are checked, nothing is posted.

    Raises CannotWriteOff where nobody could approve it, or where the person may do it alone.
    """
    why = writeoffs.second_person_reason(invoice, wanted, role)
    if not why:
        raise CannotWriteOff("You may do this yourself.", code="not_needed")
    writeoffs.check_owed(invoice, wanted)
    row = Approval.objects.create(
        kind="writeoff",
        patient=invoice.patient,
        invoice=invoice,
        wanted={"party": wanted.party, "type": str(wanted.kind), "amount": str(wanted.amount)},
        words=f"{WriteOffType(wanted.kind).label} {wanted.amount} on {invoice.number}",
        reason=wanted.reason.strip()[:200],
        because=why[:200],
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
    return _decided(row, "approved", "", at)


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
