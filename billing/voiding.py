"""Void an invoice: what it charged is undone, what the patient paid becomes credit (rules.md B2).

The visit goes back to complete and can be checked out again under a new number. Claims are asked by
hooks.py, because nothing of billing knows them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Sum

from appointments.authorizations import give_back
from appointments.carryforward import note_voided_source
from appointments.enums import AppointmentState
from appointments.models import Appointment
from billing import hooks, invoicing, ledger
from billing.enums import InvoiceState, TxnKind
from billing.errors import CannotVoid
from billing.ledger import Entry
from billing.models import Invoice, LedgerEntry, LedgerTxn
from billing.payments import lock_patient_money
from clinics import audit
from lib.dates import local_day
from lib.money import ZERO
from lib.questions import Unanswered


def obstacles(invoice: Invoice, *, ask_claims: bool = True, for_correction: bool = False) -> list[str]:
    """Why this invoice cannot be voided, in words that say what to do first; empty when it can.

    ``for_correction``: its claims stay, to be followed by their next versions (B8); they must be rejected or decided.
    """
    if invoice.state == InvoiceState.VOID:
        return ["It is void already."]
    found = []
    try:
        if for_correction:
            found += hooks.CORRECTABLE.ask(invoice)
        elif ask_claims and (live := hooks.LIVE_CLAIMS.ask(invoice)):
            found.append(f"Claim {', '.join(live)} still stands: void or replace it first.")
    except Unanswered:
        found.append("Whether a claim still stands for it cannot be told right now.")
    if for_correction and _answers_standing(invoice):
        found.append(
            "An insurer's answer is posted to it: undo that posting, or void the claim (8) and wait for the reversal."
        )
        return found
    if any(row["sum"] for row in _insurer_rows(invoice)):
        found.append("An insurer's answer is posted to it: undo that posting first.")
    return found


def void_invoice(
    public_id: str, *, reason: str, at: datetime, issued_again: bool = False, for_correction: bool = False
) -> Invoice:
    """Void a live invoice by its public id; CannotVoid says what stands in the way.

    ``issued_again``: the visit gets its next invoice in the same transaction (B11.6); the caller has dealt
    with its claims, and visits that copied from it need no note. ``for_correction``: the visit is mended and checked
    out again; its next invoice corrects this one, and the claims' next versions are built from it (B8).

    Ledger (kind void): each line's entries back to zero; the patient's money on them moves to
    patient_credit - with its receipt, so the cash stays received and is offered at the next check-out.
    """
    reason = reason.strip()[:200]
    if not reason:
        raise CannotVoid("Say why the invoice is void.", code="reason_needed")
    found = Invoice.objects.select_related("patient", "location").filter(public_id=public_id).first()
    if found is None:
        raise CannotVoid("This invoice is not here.", code="not_found")
    lock_patient_money(found.patient)
    invoice = (
        Invoice.objects.select_for_update(of=("self",), no_key=True)
        .select_related("location")
        .get(pk=found.pk)
    )
    why_not = obstacles(invoice, ask_claims=not issued_again, for_correction=for_correction)
    if why_not:
        raise CannotVoid(" ".join(why_not), code="cannot_void", reasons=why_not)
    entries = void_entries(invoice)
    if entries:
        ledger.post(
            key=_key(invoice),
            kind=TxnKind.VOID,
            entries=entries,
            on=local_day(at, invoice.location.time_zone),
            reason=reason,
            source_kind="invoice",
            source_key=invoice.public_id,
            trace=[{"rule": "B2", "because": "the invoice is void; what the patient paid is credit now"}],
        )
    Invoice.objects.filter(pk=invoice.pk).update(state=InvoiceState.VOID, voided_at=at, void_reason=reason)
    if invoice.appointment is not None:
        if not issued_again:  # visits that copied from this one keep their lines and say so
            note_voided_source(invoice.appointment)
        give_back(invoice.appointment)
        Appointment.objects.filter(pk=invoice.appointment.pk, state=AppointmentState.CHECKED_OUT).update(
            state=AppointmentState.COMPLETE, checked_out_at=None
        )
    audit.record("invoice.void", "invoice", invoice.public_id, reason=reason, number=invoice.number)
    invoice.refresh_from_db()
    return invoice


def has_claims(invoice: Invoice) -> bool:
    """Whether a claim stands for it: then it is corrected rather than voided."""
    try:
        return bool(hooks.LIVE_CLAIMS.ask(invoice))
    except Unanswered:
        return False


def corrected_by_check_out(appointment: Appointment) -> Invoice | None:
    """The invoice that the visit's next one corrects: voided last, with claims that were rejected or decided."""
    last = Invoice.objects.filter(appointment=appointment, state=InvoiceState.VOID).order_by("-pk").first()
    if (
        last is None or last.profile_id != appointment.profile_id
    ):  # other insurers: nobody is corrected (B11.6)
        return None
    try:
        return None if hooks.CORRECTABLE.ask(last) else last
    except Unanswered:
        return None


def revive(invoice: Invoice, *, reason: str, at: datetime) -> None:
    """Take the void of an invoice back, by the exact mirror of what it posted (B11.6: one undo of a move).

    Raises Unbalanced where the patient's credit that the void set free was used or refunded since.
    """
    lock_patient_money(invoice.patient)
    done = LedgerTxn.objects.filter(
        kind=TxnKind.VOID, source_kind="invoice", source_key=invoice.public_id, reversed_by__isnull=True
    ).first()
    if done is not None:
        day = local_day(at, invoice.location.time_zone)
        ledger.reverse(done, key=f"revive:{done.public_id}", on=day, reason=reason[:200])
    Invoice.objects.filter(pk=invoice.pk, state=InvoiceState.VOID).update(
        state=InvoiceState.OPEN, voided_at=None, void_reason=""
    )
    invoicing.settle([invoice.pk])
    audit.record("invoice.revive", "invoice", invoice.public_id, reason=reason, number=invoice.number)


def _key(invoice: Invoice) -> str:
    """A second void, after the first was taken back, is an act of its own."""
    before = LedgerTxn.objects.filter(
        kind=TxnKind.VOID, source_kind="invoice", source_key=invoice.public_id
    ).count()
    return f"void:{invoice.public_id}" + (f":{before + 1}" if before else "")


def void_entries(invoice: Invoice) -> list[Entry]:
    """Everything on the invoice's lines negated; patient money and held credit go to free credit."""
    rows = (
        LedgerEntry.objects.filter(charge__invoice=invoice)
        .values("account", "charge_id", "patient_id", "payer_id", "receipt_id")
        .annotate(sum=Sum("amount"))
        .order_by("charge_id", "account", "receipt_id")
    )
    entries = []
    for row in rows:
        if row["sum"] == ZERO:
            continue
        entries.append(
            Entry(
                row["account"],
                -row["sum"],
                row["charge_id"],
                row["patient_id"],
                row["payer_id"],
                row["receipt_id"],
            )
        )
        if row["receipt_id"] is not None:
            entries.append(
                Entry(
                    "patient_credit", row["sum"], patient_id=row["patient_id"], receipt_id=row["receipt_id"]
                )
            )
    return entries


def _answers_standing(invoice: Invoice) -> bool:
    """Whether an answer is posted to it and was not taken back, with money or without."""
    rows = LedgerTxn.objects.filter(kind=TxnKind.ADJUDICATION, entries__charge__invoice=invoice)
    return rows.filter(reversed_by__isnull=True, reverses__isnull=True).exists()


def _insurer_rows(invoice: Invoice) -> Any:
    """What insurers paid or adjusted on it, by account: money on ar:N and adjustment:*."""
    rows = LedgerEntry.objects.filter(charge__invoice=invoice).order_by("account")
    money = rows.filter(account__in=["ar:1", "ar:2", "ar:3"], receipt__isnull=False)
    adjusted = rows.filter(account__startswith="adjustment:")
    by_account = [group.values("account").annotate(sum=Sum("amount")) for group in (money, adjusted)]
    return [row for group in by_account for row in group]
