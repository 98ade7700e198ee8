"""Statements: what a patient is asked for, as a snapshot of the ledger that never changes (rules.md B12).

``build`` reads, ``issue`` freezes; the PDF is drawn from the frozen snapshot alone
(statement_pdf.py), so it can be drawn again at any time and is always the same. Sending a statement
never moves money.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Sum

from billing import balances, patient_money
from billing.enums import InvoiceState
from billing.errors import NothingDue
from billing.models import Charge, Invoice, LedgerEntry, Statement
from billing.numbering import next_number
from billing.patient_money import VisitMoney
from billing.payments import lock_patient_money
from clinics import audit
from clinics.models import Location
from clinics.scoping import current_actor
from clinics.settings import value_of
from lib.dates import local_day
from lib.money import ZERO, show_money, total
from lib.spellings import show_phone, show_zip
from patients.address import mail_lines
from patients.models import Patient
from work import outbox

PDF_KIND = "billing.statement_pdf"


def build(patient: Patient, location: Location, *, today: date, number: str = "preview") -> dict[str, Any]:
    """The snapshot of a statement as of now: plain JSON, money as text.

    ``balance`` = what the patient owes on all visits less free credit; both are the ledger's sums,
    asserted here. Amounts with insurers stand apart: they are not due yet.
    """
    invoices = list(
        Invoice.objects.filter(patient=patient)
        .exclude(state=InvoiceState.VOID)
        .select_related("appointment__appointment_type", "appointment__clinician")
        .order_by("service_date", "pk")
    )
    previous = Statement.objects.filter(patient=patient).order_by("-cut_at").first()
    moved = _moved_since(patient.pk, previous.cut_at if previous else None)
    everything = patient_money.of_invoices(invoices)
    shown = [visit for visit in everything if _belongs(visit, moved)]
    lines = _lines(shown)
    visits = [_visit(visit, lines) for visit in shown]
    due = total(visit.balance.patient for visit in shown)
    credit = balances.patient_credit(patient.pk)
    assert due == balances.patient_due(patient.pk), "a statement equals the ledger at its cut"
    pay_by = today + timedelta(days=int(value_of("statement_due_days", location)))
    return {
        "number": number,
        "date": today.isoformat(),
        "pay_by": pay_by.isoformat(),
        "visits_to": max((visit.invoice.service_date for visit in shown), default=today).isoformat(),
        "clinic": _sender(location),
        "to": _addressee(patient),
        "patient": str(patient),
        "account": patient.chart_number,
        "visits": visits,
        "totals": _totals(shown),
        "waiting": _waiting(everything),
        "ages": [[words, str(amount)] for words, amount in patient_money.ages(patient.pk, today)],
        "due": str(due),
        "credit": str(credit.free),
        "held": str(credit.held),
        "balance": str(due - credit.free),
        "why": _why(shown),
    }


def issue(patient: Patient, location: Location, *, at: datetime) -> Statement:
    """Freeze a statement with its number and promise its PDF; NothingDue when nothing is asked.

    The patient's money is locked while the ledger is read, so no payment slips between.
    """
    lock_patient_money(patient)
    today = local_day(at, location.time_zone)
    snapshot = build(patient, location, today=today)
    balance = Decimal(snapshot["balance"])
    if balance <= ZERO:
        raise NothingDue(f"{patient} owes nothing right now, so there is no statement to send.")
    snapshot["number"] = next_number("statement", "ST")
    Statement.objects.filter(patient=patient, superseded_at__isnull=True).update(superseded_at=at)
    statement = Statement.objects.create(
        number=snapshot["number"],
        patient=patient,
        cut_at=at,
        balance=balance,
        snapshot=snapshot,
        created_by=current_actor(),
    )
    outbox.promise(PDF_KIND, statement.clinic_id, statement.pk)
    audit.record(
        "statement.issue", "statement", statement.public_id, number=statement.number, balance=str(balance)
    )
    return statement


def adds_up(snapshot: dict[str, Any]) -> bool:
    """Whether a frozen snapshot's figures agree with each other; ``ledger verify`` asks this of each."""
    money = [{key: Decimal(visit[key]) for key in FIGURES} for visit in snapshot["visits"]]
    rows = all(
        row["charge"] - row["insurer_paid"] - row["written_off"] - row["with_insurer"] - row["patient_paid"]
        == row["due"]
        for row in money
    )
    sums = all(total(row[key] for row in money) == Decimal(snapshot["totals"][key]) for key in FIGURES)
    due = Decimal(snapshot["due"])
    aged = total(Decimal(amount) for _, amount in snapshot["ages"])
    return (
        rows
        and sums
        and total(row["due"] for row in money) == due == aged
        and Decimal(snapshot["balance"]) == due - Decimal(snapshot["credit"])
    )


FIGURES = ("charge", "insurer_paid", "written_off", "with_insurer", "patient_paid", "due")


def _belongs(visit: VisitMoney, moved: set[int] | None) -> bool:
    """A visit is listed while the patient owes on it, and once after something happened to it."""
    if visit.balance.patient != ZERO:
        return True
    if visit.balance.insurer_open != ZERO:
        return False
    return moved is None or any(charge.pk in moved for charge in visit.charges)


def _moved_since(patient_id: int, cut: datetime | None) -> set[int] | None:
    if cut is None:
        return None
    rows = LedgerEntry.objects.filter(patient_id=patient_id, charge__isnull=False, txn__posted_at__gt=cut)
    return set(rows.values_list("charge_id", flat=True))


def _lines(visits: Sequence[VisitMoney]) -> dict[int, dict[str, Any]]:
    """Each line's figures, with what each insurer paid by name."""
    charges = [charge for visit in visits for charge in visit.charges]
    lines = balances.lines([charge.pk for charge in charges])
    rows = (
        LedgerEntry.objects.filter(
            charge__in=charges, account__in=["ar:1", "ar:2", "ar:3"], receipt__isnull=False
        )
        .values_list("charge_id", "payer__name")
        .annotate(sum=Sum("amount"))
        .order_by()
    )
    paid: dict[int, dict[str, str]] = {}
    for charge_id, name, amount in rows:
        if amount:
            paid.setdefault(charge_id, {})[name or "Insurer"] = str(-amount)
    return {charge.pk: _line(charge, lines[charge.pk], paid.get(charge.pk, {})) for charge in charges}


def _line(charge: Charge, line: balances.LineBalance, insurers: dict[str, str]) -> dict[str, Any]:
    units = charge.units.normalize()
    words = charge.description if units == 1 else f"{charge.description}, {units:f} ×"
    return {
        "words": words,
        "code": charge.procedure_code,
        "insurers": insurers,
        "charge": str(line.charge),
        "insurer_paid": str(line.paid_by_insurers),
        "written_off": str(line.adjusted + line.written_off),
        "with_insurer": str(line.insurer_open),
        "patient_paid": str(line.paid_by_patient),
        "due": str(line.patient),
    }


def _visit(visit: VisitMoney, lines: dict[int, dict[str, Any]]) -> dict[str, Any]:
    balance, appointment = visit.balance, visit.invoice.appointment
    return {
        "invoice": visit.invoice.number,
        "date": visit.invoice.service_date.isoformat(),
        "name": appointment.appointment_type.name if appointment else "Other charge",
        "clinician": str(appointment.clinician) if appointment else "",
        "lines": [lines[charge.pk] for charge in visit.charges],
        "charge": str(balance.charge),
        "insurer_paid": str(balance.paid_by_insurers),
        "written_off": str(balance.adjusted + balance.written_off),
        "with_insurer": str(balance.insurer_open),
        "patient_paid": str(balance.paid_by_patient),
        "due": str(balance.patient),
    }


def _totals(visits: Sequence[VisitMoney]) -> dict[str, str]:
    whole = balances.sum_lines(visit.balance for visit in visits)
    return {
        "charge": str(whole.charge),
        "insurer_paid": str(whole.paid_by_insurers),
        "written_off": str(whole.adjusted + whole.written_off),
        "with_insurer": str(whole.insurer_open),
        "patient_paid": str(whole.paid_by_patient),
        "due": str(whole.patient),
    }


def _waiting(visits: Sequence[VisitMoney]) -> list[dict[str, str]]:
    """What is still with insurers, payer by payer: listed, not due yet."""
    return [
        {
            "date": visit.invoice.service_date.isoformat(),
            "name": visit.invoice.appointment.appointment_type.name
            if visit.invoice.appointment
            else "Other charge",
            "payer": name,
            "amount": str(amount),
        }
        for visit in visits
        for name, amount in visit.payers.items()
    ]


def _why(visits: Sequence[VisitMoney]) -> list[str]:
    """At most two sentences that say where the largest amounts come from."""
    owed = sorted(
        (visit for visit in visits if visit.balance.patient > ZERO), key=lambda v: -v.balance.patient
    )
    said = []
    for visit in owed[:2]:
        day = visit.invoice.service_date
        amount = show_money(visit.balance.patient)
        if visit.balance.insurer_open or (not visit.payers and not visit.balance.paid_by_insurers):
            words = f"your part of the visit is ${show_money(visit.balance.patient + visit.balance.paid_by_patient)}"
        else:
            words = "your insurance left this part to you"
        paid = visit.balance.paid_by_patient
        rest = f"; you paid ${show_money(paid)}, so ${amount} is left" if paid else f": ${amount}"
        said.append(f"{day:%B} {day.day}: {words}{rest}.")
    return said


def _sender(location: Location) -> dict[str, Any]:
    provider = location.billing_provider
    return {
        "name": location.clinic.name,
        "address": f"{location.street}, {location.city}, {location.state} {show_zip(location.zip_code)}",
        "phone": show_phone(location.phone),
        "pay_to": [
            provider.name,
            provider.pay_to_street or provider.street,
            f"{provider.pay_to_city or provider.city} {provider.pay_to_state or provider.state} "
            f"{show_zip(provider.pay_to_zip or provider.zip_code)}",
        ],
    }


def _addressee(patient: Patient) -> list[str]:
    """Upper case without points, as the post office reads it best."""
    return [line.upper() for line in mail_lines(patient)]
