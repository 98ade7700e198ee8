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

from billing import (
    accounts,
    apart,
    balances,
    patient_money,
    policies,
    statement_mail,
    statement_words,
)
from billing.enums import CallKind, InvoiceState, PolicySubject
from billing.errors import NothingDue, StatementHeld
from billing.models import (
    Account,
    CallNote,
    Charge,
    Invoice,
    LedgerEntry,
    Receipt,
    Statement,
    StatementMember,
)
from billing.numbering import next_number
from billing.patient_money import VisitMoney
from billing.payments import lock_patient_money
from clinics import audit
from clinics.models import Location
from clinics.scoping import current_actor
from clinics.settings import value_of
from lib.dates import local_day
from lib.money import ZERO, total
from lib.spellings import show_phone, show_zip
from patients.address import mail_lines
from patients.models import Patient
from work import outbox
from work.models import Job

PDF_KIND = "billing.statement_pdf"


def build(patient: Patient, location: Location, *, today: date, number: str = "preview") -> dict[str, Any]:
    """The snapshot of a statement as of now: plain JSON, money as text.

    It covers the whole account: all patients of the guarantor. ``balance`` = what they owe on all visits less
    free credit; both are the ledger's sums, asserted here. ``asked`` leaves out what runs on a payment plan or
    is disputed. Amounts with insurers stand apart: they are not due yet.
    """
    people = accounts.people_of(patient)
    ids = [each.pk for each in people]
    invoices = list(
        Invoice.objects.filter(patient_id__in=ids)
        .exclude(state=InvoiceState.VOID)
        .select_related("appointment__appointment_type", "appointment__clinician", "patient")
        .order_by("service_date", "pk")
    )
    previous = Statement.objects.filter(patient_id__in=ids).order_by("-cut_at").first()
    moved = _moved_since(ids, previous.cut_at if previous else None)
    everything = patient_money.of_invoices(invoices)
    shown = [visit for visit in everything if _belongs(visit, moved)]
    lines = _lines(shown)
    hows = statement_words.hows(shown)
    visits = [_visit(visit, lines, hows, named=len(ids) > 1) for visit in shown]
    due = total(visit.balance.patient for visit in shown)
    credit_rows = balances.patients_credit(ids).values()
    free = total(credit.free for credit in credit_rows)
    assert due == total(balances.patients_due(ids).values()), "a statement equals the ledger at its cut"
    pay_by = today + timedelta(days=int(value_of("statement_due_days", location)))
    aside = apart.of_patients(ids, pay_by=pay_by, today=today)
    rows = [row for pk in ids for row in aside.get(pk, [])]
    notice = policies.decide(
        PolicySubject.STATEMENT_NOTICE, policies.case_of(people[0], None, today), policies.load(today)
    )
    return {
        "number": number,
        "date": today.isoformat(),
        "pay_by": pay_by.isoformat(),
        "visits_to": max((visit.invoice.service_date for visit in shown), default=today).isoformat(),
        "clinic": sender(location),
        "to": addressee(patient),
        "patient": " and ".join(str(each) for each in people)
        if len(people) < 4
        else f"{len(people)} patients",
        "account": people[0].chart_number,
        "visits": visits,
        "totals": _totals(shown),
        "waiting": _waiting(everything),
        "ages": _ages(ids, today),
        "due": str(due),
        "credit": str(free),
        "held": str(total(credit.held for credit in credit_rows)),
        "balance": str(due - free),
        "asked": str(max(ZERO, due - free - total(row.amount for row in rows))),
        "apart": [row.as_json() for row in rows],
        "why": statement_words.why(shown),
        "notice": {"text": notice.value, **notice.as_json()},
        "pay_link": str(value_of("payment_link", location) or ""),
        "level": 0,
    }


def issue(patient: Patient, location: Location, *, at: datetime, job: Job | None = None) -> Statement:
    """Freeze the statement of the patient's account with its number; NothingDue when nothing is asked,
    StatementHeld while the whole account is disputed. A hold or a bad address stops rounds only: a person
    who hands a statement over knows.

    The account's patients are locked in order while the ledger is read, so no payment slips between. With
    ``job`` the database lets each patient be asked once in it.
    """
    people = accounts.people_of(patient)
    for each in people:
        lock_patient_money(each)
    if CallNote.objects.filter(
        patient__in=people, kind=CallKind.DISPUTE, state="open", invoice__isnull=True
    ).exists():
        raise StatementHeld("The account is disputed: close the dispute before a statement is sent.")
    today = local_day(at, location.time_zone)
    snapshot = build(patient, location, today=today)
    if Decimal(snapshot["asked"]) <= ZERO:
        raise NothingDue(f"{patient} owes nothing right now, so there is no statement to send.")
    account = accounts.account_of(patient)
    accounts.set_level(account, _next_level(account, people, location), at)
    snapshot["level"] = account.level
    snapshot["number"] = next_number("statement", "ST")
    if snapshot["pay_link"]:
        snapshot["pay_link"] = snapshot["pay_link"].replace("{statement}", snapshot["number"])
    Statement.objects.filter(patient__in=people, superseded_at__isnull=True).update(superseded_at=at)
    statement = Statement.objects.create(
        number=snapshot["number"],
        patient=people[0] if patient.guarantor_id else patient,
        cut_at=at,
        balance=Decimal(snapshot["balance"]),
        snapshot=snapshot,
        created_by=current_actor(),
    )
    ids = [each.pk for each in people]
    due, credit = balances.patients_due(ids), balances.patients_credit(ids)
    StatementMember.objects.bulk_create(
        StatementMember(
            clinic_id=statement.clinic_id,
            statement=statement,
            patient=each,
            account=account,
            job=job,
            level=account.level,
            balance=due.get(each.pk, ZERO) - credit[each.pk].free,
        )
        for each in people
    )
    outbox.promise(PDF_KIND, statement.clinic_id, statement.pk)
    if statement_mail.address(statement, location):
        statement_mail.send_later(statement)
    audit.record(
        "statement.issue",
        "statement",
        statement.public_id,
        number=statement.number,
        balance=snapshot["balance"],
        asked=snapshot["asked"],
        level=account.level,
        notice=snapshot["notice"]["row"],
    )
    return statement


def _next_level(account: Account, people: Sequence[Patient], location: Location) -> int:
    """One more than before; a payment since the last statement takes it back first (B12)."""
    if account.level and account.level_at is not None:
        paid = Receipt.objects.filter(patient__in=people, created_at__gt=account.level_at).aggregate(
            sum=Sum("amount")
        )["sum"]
        if paid and paid >= _least_that_counts(people, location):
            return 1 if value_of("dunning_after_payment", location) == "zero" else account.level
    return account.level + 1


def _least_that_counts(people: Sequence[Patient], location: Location) -> Decimal:
    """The payment that takes a level back: the set amount, or the set share of what was asked last if that is more."""
    least = Decimal(value_of("dunning_payment_least", location))
    percent = int(value_of("dunning_payment_percent", location))
    last = Statement.objects.filter(patient__in=people).order_by("-cut_at").first()
    if not percent or last is None:
        return least
    return max(least, Decimal(last.snapshot["asked"]) * percent / 100)


def _ages(ids: Sequence[int], today: date) -> list[list[str]]:
    sums: dict[str, Decimal] = {}
    for pk in ids:
        for words, amount in patient_money.ages(pk, today):
            sums[words] = sums.get(words, ZERO) + amount
    return [[words, str(amount)] for words, amount in sums.items()]


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


def _moved_since(ids: Sequence[int], cut: datetime | None) -> set[int] | None:
    if cut is None:
        return None
    rows = LedgerEntry.objects.filter(patient_id__in=ids, charge__isnull=False, txn__posted_at__gt=cut)
    return set(rows.values_list("charge_id", flat=True))


def _lines(visits: Sequence[VisitMoney]) -> dict[int, dict[str, Any]]:
    """Each line's figures, with what each insurer paid by name."""
    charges = [charge for visit in visits for charge in visit.charges]
    lines = {key: line for visit in visits for key, line in visit.lines.items()}
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


def _visit(
    visit: VisitMoney, lines: dict[int, dict[str, Any]], hows: dict[int, list[str]], *, named: bool
) -> dict[str, Any]:
    balance, appointment = visit.balance, visit.invoice.appointment
    return {
        "invoice": visit.invoice.number,
        "date": visit.invoice.service_date.isoformat(),
        "name": appointment.appointment_type.name if appointment else "Other charge",
        "clinician": str(appointment.clinician) if appointment else "",
        "patient": str(visit.invoice.patient) if named else "",
        "how": hows.get(visit.invoice.pk, []),
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


def sender(location: Location) -> dict[str, Any]:
    """Who asks: name, address and where checks go."""
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


def addressee(patient: Patient) -> list[str]:
    """Upper case without points, as the post office reads it best."""
    return [line.upper() for line in mail_lines(patient)]
