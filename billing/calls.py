"""Calls, promises and disputes: what was said with a patient, what is promised, and what is to be done (B13).

An open dispute freezes what it is about: of one invoice, that invoice is not asked for; of the whole account,
the account gets no statement. Small-balance runs pass over the patient either way.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet, Sum

from billing.enums import CallKind, InvoiceState, MethodKind
from billing.errors import BadCall
from billing.models import CallNote, Invoice, Receipt
from clinics import audit
from clinics.scoping import current_actor
from lib.money import ZERO, total
from patients.models import Patient

MOST = 500


@dataclass(frozen=True, slots=True)
class Talk:
    """One talk as it was written down; ``promise_amount`` in dollars."""

    kind: CallKind
    text: str
    spoke_with: str = ""
    reference: str = ""
    promise_on: date | None = None
    promise_amount: Decimal | None = None
    follow_up_on: date | None = None


def log(patient: Patient, talk: Talk, *, invoice: Invoice | None, today: date) -> CallNote:
    """Keep a talk; BadCall says what does not fit. A promise comes back on its day, a dispute stays open."""
    _check(patient, talk, invoice, today)
    again = talk.follow_up_on or talk.promise_on
    stays = again is not None or talk.kind == CallKind.DISPUTE
    with transaction.atomic():
        Patient.objects.select_for_update(no_key=True).get(pk=patient.pk)
        if talk.kind == CallKind.DISPUTE and disputes(patient).filter(invoice=invoice).exists():
            raise BadCall("This is disputed already: close that dispute first.", code="disputed_already")
        row = CallNote.objects.create(
            patient=patient, invoice=invoice, kind=talk.kind, text=talk.text.strip(), reference=talk.reference.strip(),
            spoke_with=talk.spoke_with.strip(), promise_on=talk.promise_on, promise_amount=talk.promise_amount,
            follow_up_on=again, assignee=current_actor(), state="open" if stays else "done", created_by=current_actor(),
        )  # fmt: skip
        audit.record(
            "call.log", "call", row.public_id, patient=patient.public_id, what=str(talk.kind),
            invoice=invoice.public_id if invoice else "",
        )  # fmt: skip
    row.refresh_from_db(fields=["created_at"])
    return row


def close(row: CallNote, outcome: str, *, at: datetime) -> CallNote:
    """End an open talk with words; once."""
    if not outcome.strip():
        raise BadCall("Write what came of it.", code="outcome_needed")
    with transaction.atomic():
        row = CallNote.objects.select_for_update(no_key=True, of=("self",)).get(pk=row.pk)
        if row.state != "open":
            raise BadCall("This is closed already.", code="closed_already")
        row.state, row.outcome = "done", outcome.strip()[:200]
        row.closed_at, row.closed_by = at, current_actor()
        row.save(update_fields=["state", "outcome", "closed_at", "closed_by"])
        audit.record("call.close", "call", row.public_id, what=row.kind)
    return row


def of_patient(patient: Patient, invoice: Invoice | None = None) -> list[CallNote]:
    """What was said with a patient, the open ones first, then the newest; about one invoice if named."""
    rows = CallNote.objects.filter(patient=patient).select_related("invoice")
    if invoice is not None:
        rows = rows.filter(Q(invoice=invoice) | Q(invoice__isnull=True))
    return list(rows.order_by(F("state").desc(), "-created_at", "-pk")[:50])


def follow_ups(today: date, which: str = "due") -> list[CallNote]:
    """Open talks: due until today, all, or the disputes; the longest waiting first."""
    rows = CallNote.objects.filter(state="open").select_related("patient", "invoice")
    if which == "due":
        rows = rows.filter(follow_up_on__lte=today)
    elif which == "disputes":
        rows = rows.filter(kind=CallKind.DISPUTE)
    return list(rows.order_by(F("follow_up_on").asc(nulls_last=True), "pk")[:MOST])


def count_due(today: date) -> int:
    """How many follow-ups wait."""
    return CallNote.objects.filter(state="open", follow_up_on__lte=today).count()


def disputes(patient: Patient) -> QuerySet[CallNote]:
    """Open disputes of a patient."""
    return CallNote.objects.filter(patient=patient, kind=CallKind.DISPUTE, state="open")


def came_since(notes: Iterable[CallNote]) -> dict[int, Decimal]:
    """What each patient paid since each note, dollars, payments taken back left out; one query."""
    rows = list(notes)
    money: dict[int, list[tuple[Any, Decimal]]] = {}
    if rows:
        start = min(row.created_at for row in rows)
        receipts = Receipt.objects.filter(
            patient__in={row.patient_id for row in rows}, kind=MethodKind.PATIENT, created_at__gt=start
        )
        sums = receipts.annotate(kept=Sum("entries__amount", filter=Q(entries__account="cash")))
        for patient_id, at, kept in sums.values_list("patient_id", "created_at", "kept"):
            if patient_id is not None:
                money.setdefault(patient_id, []).append((at, kept or ZERO))
    return {
        row.pk: total(kept for at, kept in money.get(row.patient_id, []) if at > row.created_at)
        for row in rows
    }


def keep_promises(at: datetime) -> int:
    """Close promises whose amount has come since they were made; returns how many."""
    rows = CallNote.objects.filter(kind=CallKind.PROMISE, state="open", promise_amount__isnull=False)
    notes = list(rows.order_by("pk"))
    came = came_since(notes)
    kept = [row for row in notes if row.promise_amount is not None and came[row.pk] >= row.promise_amount]
    for row in kept:
        close(row, f"Kept: {came[row.pk]} came", at=at)
    return len(kept)


def _check(patient: Patient, talk: Talk, invoice: Invoice | None, today: date) -> None:
    if not talk.text.strip():
        raise BadCall("Write what was said.", code="text_needed")
    if talk.kind == CallKind.PROMISE and talk.promise_on is None:
        raise BadCall("A promise has a day.", code="promise_day")
    if talk.kind != CallKind.PROMISE and (talk.promise_on or talk.promise_amount):
        raise BadCall("Only a promise to pay has a promised day and amount.", code="no_promise")
    if talk.promise_on is not None and talk.promise_on < today:
        raise BadCall("A promise is for today or later.", code="promise_day")
    if talk.promise_amount is not None and talk.promise_amount <= ZERO:
        raise BadCall("More than 0.00.", code="promise_amount")
    if talk.follow_up_on is not None and talk.follow_up_on < today:
        raise BadCall("Follow up today or later.", code="follow_up_day")
    if invoice is not None and (invoice.patient_id != patient.pk or invoice.state == InvoiceState.VOID):
        raise BadCall("This invoice is not one of the patient’s, or it is void.", code="bad_invoice")
