"""Collections: who is proposed by rule, what a person decides, the agency's file, and what comes back (rules.md B12).

Nothing goes to an agency by itself. A case covers charges; while they are with the agency, statements, plans and
small-balance runs leave them alone. Nothing here moves money.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Max, Sum

from billing import accounts, apart, patient_money, policies
from billing.enums import CaseState, MethodKind, PolicySubject
from billing.errors import CannotCollect
from billing.models import (
    Account,
    CollectionCase,
    CollectionHandoff,
    CollectionLine,
    LedgerEntry,
    Receipt,
    StatementMember,
)
from billing.numbering import next_number
from billing.payments import lock_patient_money, oldest_dues
from clinics import audit
from clinics.models import Location
from clinics.scoping import current_actor
from clinics.settings import value_of
from lib.money import ZERO, total
from lib.spellings import show_phone, show_zip
from patients.models import Patient
from patients.tables import safe_cell
from work import files

SPARED_FOR = timedelta(days=90)
PAGE = 500
# What an agency needs to ask for money, and nothing that says why somebody was treated.
COLUMNS = (
    "reference", "name", "street", "city", "state", "zip", "phone", "amount", "first_due_on", "last_asked_on",
    "last_payment_on",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Candidate:
    """An account that the rule proposes, with why; ``amount`` is what could be handed over, dollars."""

    account: Account
    patient: Patient
    amount: Decimal
    level: int
    days: int
    decisions: tuple[policies.Decision, ...]

    def as_json(self) -> dict[str, Any]:
        """Kept with the decision."""
        rows = [said.as_json() for said in self.decisions]
        return {"level": self.level, "days": self.days, "policies": rows}


@dataclass(frozen=True, slots=True)
class Standing:
    """A case with what came in since it was handed over and what is left, dollars."""

    case: CollectionCase
    recovered: Decimal
    left: Decimal


def candidates(location: Location, today: date) -> list[Candidate]:
    """Accounts asked often and long enough by the policy of their state, the largest first; a handful of queries."""
    rows = Account.objects.filter(level__gte=1).select_related("patient", "guarantor").order_by("pk")
    busy = CollectionCase.objects.filter(state__in=[CaseState.APPROVED, CaseState.HANDED])
    spared = CollectionCase.objects.filter(state=CaseState.SPARED, decided_at__date__gt=today - SPARED_FOR)
    rows = rows.exclude(pk__in=busy.values("account")).exclude(pk__in=spared.values("account"))
    found = [row for row in rows if row.hold_until is None or row.hold_until < today]
    people = _people(found)
    ids = [patient.pk for group in people.values() for patient in group]
    owed = patient_money.open_lines_of(ids)
    aside = apart.charges_aside(ids, today=today)
    credit = _with_credit(ids)
    table = policies.load(today)
    least = Decimal(value_of("statement_min_amount", location))
    made = []
    for account in found:
        group = people[account.pk]
        parts = [part for row in group for part in owed.get(row.pk, []) if part[0] not in aside]
        if any(row.pk in credit for row in group):
            continue  # their credit pays first
        one = _candidate(account, group, parts, table, today)
        if one is not None and one.amount >= least:
            made.append(one)
    return sorted(made, key=lambda each: (-each.amount, each.account.pk))


def decide(
    patient: Patient, decision: str, *, reason: str, location: Location, today: date
) -> CollectionCase:
    """A person approves the account for the agency, or spares it for 90 days; always with a reason."""
    if decision not in (CaseState.APPROVED, CaseState.SPARED):
        raise CannotCollect("Approve it for the agency, or spare it.", code="bad_decision")
    if not reason.strip():
        raise CannotCollect("Write why.", code="reason_needed")
    account = accounts.account_of(patient)
    with transaction.atomic():
        for each in accounts.members(account):
            lock_patient_money(each)
        proposed = {each.account.pk: each for each in candidates(location, today)}
        one = proposed.get(account.pk)
        if one is None:
            raise CannotCollect("This account is not proposed any more. Look again.", code="not_proposed")
        row = CollectionCase.objects.create(
            account=account,
            patient=one.patient,
            state=decision,
            amount=one.amount,
            why=one.as_json(),
            decided_by=current_actor(),
            reason=reason.strip()[:200],
        )
        audit.record(
            f"collections.{decision}", "case", row.public_id, reason=row.reason, amount=str(row.amount),
            policies=[said.row for said in one.decisions],
        )  # fmt: skip
    return row


@transaction.atomic
def hand_off(agency: str, *, location: Location, today: date, at: datetime) -> CollectionHandoff:
    """One file of all approved cases; what was paid meanwhile is closed instead. CannotCollect where none is left."""
    if not agency.strip():
        raise CannotCollect("Name the agency.", code="agency_needed")
    rows = CollectionCase.objects.select_for_update(of=("self",), no_key=True).filter(
        state=CaseState.APPROVED
    )
    cases = list(rows.select_related("account__guarantor", "account__patient", "patient").order_by("pk"))
    lines = {case.pk: _lines(case, today) for case in cases}
    for case in cases:
        if not lines[case.pk]:
            _close(case, "Paid or set aside before it was handed over", at)
    going = [case for case in cases if lines[case.pk]]
    if not going:
        raise CannotCollect("No approved account is left to hand over.", code="nothing_left")
    for case in going:
        case.amount = total(amount for _, amount in lines[case.pk])
    number = next_number("handoff", "CA")
    made = CollectionHandoff.objects.create(
        number=number,
        agency=agency.strip()[:80],
        count=len(going),
        amount=total(case.amount for case in going),
        file=files.store(_file(going, today), f"{number}.csv"),
        made_by=current_actor(),
    )
    CollectionLine.objects.bulk_create(
        CollectionLine(clinic_id=case.clinic_id, case=case, charge_id=charge, amount=amount)
        for case in going
        for charge, amount in lines[case.pk]
    )
    for case in going:
        case.state, case.handoff = CaseState.HANDED, made
        case.save(update_fields=["state", "handoff", "amount"])
    audit.record(
        "collections.hand_off", "handoff", made.public_id, agency=made.agency, count=made.count,
        amount=str(made.amount),
    )  # fmt: skip
    return made


@transaction.atomic
def take_back(case: CollectionCase, *, reason: str, at: datetime) -> CollectionCase:
    """Call a case back from the agency, or withdraw an approval: we ask again ourselves."""
    if not reason.strip():
        raise CannotCollect("Write why.", code="reason_needed")
    row = CollectionCase.objects.select_for_update(of=("self",), no_key=True).get(pk=case.pk)
    if row.state not in (CaseState.APPROVED, CaseState.HANDED):
        raise CannotCollect("This case is closed.", code="closed_already")
    _close(row, reason, at)
    return row


@transaction.atomic
def review(at: datetime) -> int:
    """Close cases whose charges are paid or written off; returns how many."""
    rows = CollectionCase.objects.select_for_update(of=("self",), no_key=True).filter(state=CaseState.HANDED)
    done = [each for each in follow(list(rows.order_by("pk"))) if each.left == ZERO]
    for each in done:
        _close(each.case, f"Settled, {each.recovered} of {each.case.amount} paid", at)
    return len(done)


def follow(cases: Sequence[CollectionCase]) -> list[Standing]:
    """Cases with what patients paid on their charges since the hand-off, and what is left; three queries."""
    lines: dict[int, list[int]] = {}
    for case_id, charge_id in CollectionLine.objects.filter(case__in=cases).values_list(
        "case_id", "charge_id"
    ):
        lines.setdefault(case_id, []).append(charge_id)
    charges = {charge for group in lines.values() for charge in group}
    entries = LedgerEntry.objects.filter(charge__in=charges, account="ar:patient")
    left = dict(entries.values_list("charge_id").annotate(sum=Sum("amount")).order_by())
    made = {case.handoff_id for case in cases if case.handoff_id}
    since = dict(CollectionHandoff.objects.filter(pk__in=made).values_list("pk", "made_at"))
    paid: dict[int, list[tuple[datetime, Decimal]]] = {}
    money = entries.filter(receipt__isnull=False).order_by("pk")
    for charge_id, at, amount in money.values_list("charge_id", "txn__posted_at", "amount"):
        paid.setdefault(charge_id, []).append((at, -amount))
    found = []
    for case in cases:
        own = lines.get(case.pk, [])
        start = since.get(case.handoff_id or 0)
        back = [
            amount
            for charge in own
            for at, amount in paid.get(charge, [])
            if start is not None and at > start
        ]
        rest = total(max(ZERO, left.get(charge) or ZERO) for charge in own)
        found.append(Standing(case, total(back), rest if own else case.amount))
    return found


def _candidate(
    account: Account,
    group: list[Patient],
    parts: list[tuple[int, Decimal, date]],
    table: Sequence[Any],
    today: date,
) -> Candidate | None:
    amount = total(part[1] for part in parts)
    if amount <= ZERO:
        return None
    case = policies.case_of(group[0], None, today)
    subjects = (PolicySubject.STATEMENTS_BEFORE_COLLECTIONS, PolicySubject.DAYS_BEFORE_COLLECTIONS)
    asked, wait = (policies.decide(subject, case, table) for subject in subjects)
    days = (today - min(since for _, _, since in parts)).days
    if account.level < int(asked.value) or days < int(wait.value):
        return None
    return Candidate(account, group[0], amount, account.level, days, (asked, wait))


def _with_credit(ids: Iterable[int]) -> set[int]:
    rows = LedgerEntry.objects.filter(account="patient_credit", patient_id__in=ids, charge__isnull=True)
    sums = rows.values_list("patient_id").annotate(sum=Sum("amount")).filter(sum__lt=0).order_by()
    return {pk for pk, _ in sums if pk is not None}


def _people(rows: Iterable[Account]) -> dict[int, list[Patient]]:
    """The patients of each account, in one query for all guarantors."""
    found: dict[int, list[Patient]] = {}
    by_guarantor = {row.guarantor_id: row.pk for row in rows if row.guarantor_id}
    for patient in Patient.objects.filter(guarantor__in=by_guarantor).order_by("pk"):
        assert patient.guarantor_id is not None, "chosen by the guarantor"
        found.setdefault(by_guarantor[patient.guarantor_id], []).append(patient)
    for row in rows:
        found.setdefault(row.pk, [row.patient] if row.patient else [])
    return found


def _lines(case: CollectionCase, today: date) -> list[tuple[int, Decimal]]:
    """What goes to the agency: open charges of the account that nothing sets aside."""
    people = accounts.members(case.account)
    for each in people:
        lock_patient_money(each)
    aside = apart.charges_aside([row.pk for row in people], today=today)
    return [
        (charge, amount)
        for row in people
        for charge, amount in oldest_dues(row.pk)
        if charge not in aside and amount > ZERO
    ]


def _file(cases: Sequence[CollectionCase], today: date) -> bytes:
    """The agency's CSV: who owes how much since when, how to reach them. No service, no diagnosis, no insurer."""
    groups = _people([case.account for case in cases])
    ids = [row.pk for group in groups.values() for row in group]
    owed = patient_money.open_lines_of(ids)
    asked = dict(
        StatementMember.objects.filter(patient__in=ids)
        .values_list("patient_id")
        .annotate(last=Max("statement__cut_at"))
        .order_by()
    )
    paid = dict(
        Receipt.objects.filter(patient__in=ids, kind=MethodKind.PATIENT)
        .values_list("patient_id")
        .annotate(last=Max("received_on"))
        .order_by()
    )
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for case in cases:
        group = groups[case.account_id]
        person: Any = case.account.guarantor or case.account.patient
        starts = [since for row in group for _, amount, since in owed.get(row.pk, []) if amount > ZERO]
        last_asked = max((asked[row.pk] for row in group if row.pk in asked), default=None)
        last_paid = max((paid[row.pk] for row in group if row.pk in paid), default=None)
        row = [
            case.public_id, f"{person.first_name} {person.last_name}", person.street, person.city, person.state,
            show_zip(person.zip_code), show_phone(getattr(person, "phone", "") or group[0].phone), case.amount,
            min(starts, default=today), last_asked.date() if last_asked else "", last_paid or "",
        ]  # fmt: skip
        writer.writerow([safe_cell(cell) for cell in row])
    return text.getvalue().encode()


def _close(case: CollectionCase, outcome: str, at: datetime) -> None:
    case.state, case.outcome = CaseState.CLOSED, outcome.strip()[:200]
    case.closed_at, case.closed_by = at, current_actor()
    case.save(update_fields=["state", "outcome", "closed_at", "closed_by"])
    audit.record("collections.close", "case", case.public_id, reason=case.outcome)
