"""Receivables: who owes how much for how long, days in A/R, and which balances are at risk (rules.md B12).

All from the ledger's open entries; an amount ages from the day it became that party's. Reads only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from django.db.models import Q, Sum

from billing import agency, calls, patient_money
from billing.enums import CallKind, CaseState, PlanState
from billing.models import Account, CallNote, CollectionCase, LedgerEntry, PaymentPlan
from billing.patient_money import BUCKETS
from lib.money import ZERO, total
from patients.models import Patient

AGES = tuple(words for _, words in BUCKETS)
SPAN = 90  # days whose charges give the average of a day
PATIENTS = "Patients"


@dataclass(slots=True)
class Party:
    """One party: patients together, an insurer, or one patient; dollars by age."""

    name: str
    public_id: str = ""
    ages: dict[str, Decimal] = field(default_factory=lambda: dict.fromkeys(AGES, ZERO))

    @property
    def total(self) -> Decimal:
        """All ages."""
        return total(self.ages.values())

    def add(self, amount: Decimal, since: date, today: date) -> None:
        """Put a part into its age."""
        self.ages[patient_money.bucket(max(0, (today - min(since, today)).days))] += amount


@dataclass(frozen=True, slots=True)
class Receivables:
    """All that is owed, by party and age, and what stands against it; dollars."""

    parties: tuple[Party, ...]
    credit: Decimal  # patients' money not used yet
    escrow: Decimal  # insurers' money not posted yet
    days: Decimal | None  # days in A/R; None without charges
    at_agency: Decimal

    @property
    def total(self) -> Decimal:
        """What everybody owes."""
        return total(party.total for party in self.parties)

    @property
    def patients(self) -> Decimal:
        """What patients owe."""
        return total(party.total for party in self.parties if party.name == PATIENTS)


@dataclass(frozen=True, slots=True)
class Risk:
    """A patient's balance and what speaks against its being paid; ``points`` add up."""

    patient: Patient
    owed: Party
    reasons: tuple[str, ...]
    points: int

    @property
    def grade(self) -> str:
        """high from 3 points, some from 1, none."""
        return "high" if self.points >= 3 else "some" if self.points else "none"


def read(today: date) -> Receivables:
    """Everything open by party and age; a constant number of queries."""
    parties: dict[tuple[str, str], Party] = {("", ""): Party(PATIENTS)}
    open_charges = (
        LedgerEntry.objects.filter(account__startswith="ar:")
        .values("account", "charge_id")
        .annotate(sum=Sum("amount"))
        .exclude(sum=0)
        .values("charge_id")
    )
    rows = (
        LedgerEntry.objects.filter(account__startswith="ar:", charge_id__in=open_charges)
        .order_by("txn__posted_on", "pk")
        .values_list("account", "charge_id", "payer__name", "payer__public_id", "amount", "txn__posted_on")
    )
    entries = [
        (
            ((name or "Insurer", key or "") if account != "ar:patient" else ("", ""), account, charge),
            amount,
            day,
        )
        for account, charge, name, key, amount, day in rows
    ]
    for (who, _, _), amount, since in patient_money.open_parts(entries):
        parties.setdefault(who, Party(who[0], who[1])).add(amount, since, today)
    shown = [party for party in parties.values() if party.total or party.name == PATIENTS]
    shown.sort(key=lambda party: (party.name != PATIENTS, -party.total, party.name))
    sums = dict(
        LedgerEntry.objects.filter(account__in=["patient_credit", "escrow"])
        .values_list("account")
        .annotate(sum=Sum("amount"))
        .order_by()
    )
    handed = list(CollectionCase.objects.filter(state=CaseState.HANDED))
    return Receivables(
        tuple(shown),
        credit=-(sums.get("patient_credit") or ZERO),
        escrow=-(sums.get("escrow") or ZERO),
        days=days_in_ar(total(party.total for party in shown), charged(today)),
        at_agency=total(each.left for each in agency.follow(handed)) if handed else ZERO,
    )


def charged(today: date) -> Decimal:
    """Net charges of the last 90 days, voids taken off, dollars."""
    rows = LedgerEntry.objects.filter(
        account="charges", txn__posted_on__gt=today - timedelta(days=SPAN), txn__posted_on__lte=today
    )
    return -(rows.aggregate(sum=Sum("amount"))["sum"] or ZERO)


def days_in_ar(owed: Decimal, charges: Decimal) -> Decimal | None:
    """What is owed over the average charges of a day, to one decimal; None without charges."""
    if charges <= ZERO:
        return None
    return (owed * SPAN / charges).quantize(Decimal("0.1"), ROUND_HALF_UP)


def risks(today: date, *, search: str = "") -> list[Risk]:
    """Patients who owe, those least likely to pay first; a constant number of queries."""
    rows = LedgerEntry.objects.filter(account="ar:patient")
    owing = rows.values("patient_id").annotate(sum=Sum("amount")).filter(sum__gt=0).values("patient_id")
    people = Patient.objects.filter(pk__in=owing).select_related("guarantor")
    if search:
        people = people.filter(Q(search_name__icontains=search.lower()) | Q(chart_number__iexact=search))
    patients = {row.pk: row for row in people.order_by("pk")}
    parts = patient_money.open_lines_of(patients)
    flags = _flags(patients, today)
    found = []
    for pk, patient in patients.items():
        party = Party(str(patient), patient.public_id)
        for _, amount, since in parts.get(pk, []):
            party.add(amount, since, today)
        own = [*_of_age(party), *flags.get(pk, [])]
        found.append(Risk(patient, party, tuple(words for words, _ in own), sum(points for _, points in own)))
    return sorted(found, key=lambda risk: (-risk.points, -risk.owed.total, risk.patient.pk))


def _of_age(party: Party) -> list[tuple[str, int]]:
    if party.ages[AGES[4]] > ZERO:
        return [("over 120 days", 2)]
    return [("over 90 days", 1)] if party.ages[AGES[3]] > ZERO else []


def _flags(patients: dict[int, Patient], today: date) -> dict[int, list[tuple[str, int]]]:
    """What is known of each patient beside the age: mail, requests, plans, promises."""
    found: dict[int, list[tuple[str, int]]] = {}
    guarantors = {row.guarantor_id for row in patients.values() if row.guarantor_id}
    accounts: dict[tuple[str, int | None], Account] = {}
    for row in Account.objects.filter(Q(patient__in=patients) | Q(guarantor__in=guarantors)):
        accounts[("g", row.guarantor_id) if row.guarantor_id else ("p", row.patient_id)] = row
    for pk, patient in patients.items():
        key = ("g", patient.guarantor_id) if patient.guarantor_id else ("p", pk)
        found[pk] = _of_account(accounts.get(key))
    failed = PaymentPlan.objects.filter(patient__in=patients, state=PlanState.DEFAULTED)
    for pk in set(failed.values_list("patient_id", flat=True)):
        found[pk].append(("plan in default", 2))
    for pk in broken_promises(patients, today):
        found[pk].append(("broken promise", 1))
    return found


def _of_account(account: Account | None) -> list[tuple[str, int]]:
    if account is None:
        return []
    own = [("mail came back", 2)] if account.bad_address_on is not None else []
    if account.level >= 4:
        return [*own, ("final request sent", 2)]
    return [*own, (f"asked {account.level} times", 1)] if account.level == 3 else own


def broken_promises(patient_ids: Iterable[int], today: date) -> set[int]:
    """Patients whose promised day has passed without the promised money since the promise."""
    notes = list(
        CallNote.objects.filter(
            patient__in=list(patient_ids), kind=CallKind.PROMISE, state="open", promise_on__lt=today
        )
    )
    came = calls.came_since(notes)
    return {note.patient_id for note in notes if came[note.pk] < (note.promise_amount or Decimal("0.01"))}
