"""Payment plans kept: made from what a patient owes, followed by the ledger, ended (rules.md B12).

A plan freezes the lines it covers; what comes later is not added. What took a line's balance down since the
plan was made pays the plan, whoever paid. Nothing here moves money.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Sum

from billing import accounts, plans
from billing.enums import CaseState, Frequency, PlanState
from billing.errors import CannotPlan
from billing.models import Charge, CollectionLine, LedgerEntry, PaymentPlan, PlanInstalment, PlanLine
from billing.payments import lock_patient_money, oldest_dues
from billing.plans import Instalment, Paid, Rules, Standing
from clinics import audit
from clinics.models import Location
from clinics.scoping import current_actor
from clinics.settings import value_of
from lib.money import ZERO, show_money, total
from patients.models import Patient


@dataclass(frozen=True, slots=True)
class Terms:
    """What is agreed. One of ``count`` and ``instalment`` (dollars) is given;

    ``override`` says why a rule is passed.
    """

    frequency: str
    start_on: date
    count: int | None = None
    instalment: Decimal | None = None
    statements: str = "hold"
    override: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """A plan before it is made: what it covers, its instalments, the rule that decided, and what stops it."""

    lines: tuple[tuple[Charge, Decimal], ...]
    instalments: tuple[Instalment, ...]
    rule: str
    stops: str
    needs_override: bool

    @property
    def amount(self) -> Decimal:
        """The balance that goes on the plan."""
        return total(amount for _, amount in self.lines)


@dataclass(frozen=True, slots=True)
class Followed:
    """A plan with where it stands today."""

    plan: PaymentPlan
    standing: tuple[Standing, ...]

    @property
    def left(self) -> Decimal:
        """Still to be paid."""
        return plans.remaining(self.standing)

    @property
    def next(self) -> Standing | None:
        """What comes next."""
        return plans.next_open(self.standing)

    @property
    def missed(self) -> int:
        """How many instalments are missed."""
        return sum(row.missed for row in self.standing)


def rules_at(location: Location) -> Rules:
    """The clinic's rule table: from 100.00 three payments, from 300.00 six, from 1,000.00 twelve."""
    rows = [
        (Decimal(value_of(f"plan_from_{step}", location)), int(value_of(f"plan_payments_{step}", location)))
        for step in (1, 2, 3)
    ]
    return Rules(tuple(sorted(row for row in rows if row[1])))


def offer(
    patient: Patient, terms: Terms, *, location: Location, today: date, invoices: Iterable[str] = ()
) -> Offer:
    """Work a plan out for what the patient owes now (or for some invoices), and say what stops it."""
    lines = _lines(patient, set(invoices))
    amount = total(owed for _, owed in lines)
    if not lines and _at_agency(patient):
        return Offer((), (), "", "This balance is with a collection agency: no plan on it.", False)
    if not lines:
        return Offer((), (), "", "The patient owes nothing that is not on a plan already.", False)
    amounts = _amounts(amount, terms)
    made = plans.schedule(amounts, terms.start_on, terms.frequency) if amounts else []
    stops = _stops(terms, today) if amounts else "Say how many payments, or how much each."
    row = rules_at(location).most(amount)
    if row is None:
        least = rules_at(location).rows[0][0] if rules_at(location).rows else ZERO
        rule, over = f"A balance of {show_money(amount)} is below {show_money(least)}: no plan by rule.", True
    else:
        rule = f"From {show_money(row[0])} on at most {row[1]} payments."
        over = len(amounts) > row[1]
    return Offer(tuple(lines), tuple(made), rule, stops, over)


@transaction.atomic
def make(
    patient: Patient,
    terms: Terms,
    *,
    location: Location,
    today: date,
    may_override: bool,
    invoices: Iterable[str] = (),
) -> PaymentPlan:
    """Agree on a plan. Raises CannotPlan with what stops it; over the rule only with right and reason."""
    lock_patient_money(patient)
    worked = offer(patient, terms, location=location, today=today, invoices=invoices)
    if worked.stops:
        raise CannotPlan(worked.stops, code="stopped")
    if worked.needs_override and not (may_override and terms.override.strip()):
        how = "Say why." if may_override else "An admin may allow more, with a reason."
        raise CannotPlan(f"{worked.rule} {how}", code="over_rule")
    account = accounts.account_of(patient)
    plan = PaymentPlan.objects.create(
        patient=patient,
        location=location,
        amount=worked.amount,
        frequency=terms.frequency,
        start_on=terms.start_on,
        count=len(worked.instalments),
        grace_days=int(value_of("plan_grace_days", location)),
        statements=terms.statements,
        dunning_level=account.level,
        terms={
            "rule": worked.rule,
            "override": terms.override.strip()[:200] if worked.needs_override else "",
        },
        made_by=current_actor(),
    )
    PlanInstalment.objects.bulk_create(
        PlanInstalment(
            clinic_id=plan.clinic_id, plan=plan, number=row.number, due_on=row.due_on, amount=row.amount
        )
        for row in worked.instalments
    )
    PlanLine.objects.bulk_create(
        PlanLine(clinic_id=plan.clinic_id, plan=plan, charge=charge, amount=amount)
        for charge, amount in worked.lines
    )
    audit.record(
        "plan.make", "plan", plan.public_id, amount=str(plan.amount), payments=plan.count, **plan.terms
    )
    return plan


def follow(rows: Sequence[PaymentPlan], today: date) -> list[Followed]:
    """Plans with where they stand, in three queries for any number."""
    found = list(rows)
    instalments: dict[int, list[Instalment]] = {plan.pk: [] for plan in found}
    for row in PlanInstalment.objects.filter(plan__in=found).order_by("plan_id", "number"):
        instalments[row.plan_id].append(Instalment(row.number, row.due_on, row.amount))
    paid = _paid(found)
    return [
        Followed(
            plan,
            tuple(
                plans.stand(
                    instalments[plan.pk], paid.get(plan.pk, []), grace_days=plan.grace_days, today=today
                )
            ),
        )
        for plan in found
    ]


def active_of(patient_ids: Iterable[int], today: date) -> list[Followed]:
    """Active plans of some patients."""
    rows = PaymentPlan.objects.filter(patient_id__in=list(patient_ids), state=PlanState.ACTIVE)
    return follow(list(rows.select_related("patient").order_by("pk")), today)


@transaction.atomic
def review(today: date, at: datetime) -> dict[str, int]:
    """Each day: plans that are paid are done; two missed instalments are a default and asking goes on as before."""
    counts = {"done": 0, "defaulted": 0}
    rows = PaymentPlan.objects.select_for_update(of=("self",), no_key=True).filter(state=PlanState.ACTIVE)
    for each in follow(list(rows.select_related("patient__guarantor").order_by("pk")), today):
        if each.left == ZERO:
            end(each.plan, PlanState.DONE, "Paid", at)
            counts["done"] += 1
        elif plans.is_default(each.standing):
            end(each.plan, PlanState.DEFAULTED, f"{each.missed} instalments missed", at)
            accounts.set_level(accounts.account_of(each.plan.patient), each.plan.dunning_level, at)
            counts["defaulted"] += 1
    return counts


def end(plan: PaymentPlan, state: str, reason: str, at: datetime) -> PaymentPlan:
    """Done, in default, or cancelled; the amounts stay as they were agreed."""
    if plan.state != PlanState.ACTIVE:
        raise CannotPlan("This plan has ended.", code="ended")
    if not reason.strip():
        raise CannotPlan("Say why the plan ends.", code="reason_needed")
    plan.state, plan.end_reason, plan.ended_at = state, reason.strip()[:200], at
    plan.save(update_fields=["state", "end_reason", "ended_at"])
    audit.record(f"plan.{state}", "plan", plan.public_id, reason=plan.end_reason)
    return plan


def _lines(patient: Patient, invoices: set[str]) -> list[tuple[Charge, Decimal]]:
    """What the patient owes line by line, oldest first, without what a plan covers already."""
    owed = dict(oldest_dues(patient.pk))
    taken = _at_agency(patient) | set(
        PlanLine.objects.filter(charge_id__in=owed, plan__state=PlanState.ACTIVE).values_list(
            "charge_id", flat=True
        )
    )
    charges = {
        row.pk: row
        for row in Charge.objects.filter(pk__in=set(owed) - taken).select_related("invoice")
        if not invoices or row.invoice.public_id in invoices
    }
    return [(charges[pk], amount) for pk, amount in owed.items() if pk in charges]


def _at_agency(patient: Patient) -> set[int]:
    """The patient's charges that are with a collection agency."""
    rows = CollectionLine.objects.filter(case__state=CaseState.HANDED, charge__patient=patient)
    return set(rows.values_list("charge_id", flat=True))


def _amounts(amount: Decimal, terms: Terms) -> list[Decimal]:
    if terms.instalment is not None and terms.instalment > ZERO:
        return plans.by_amount(amount, min(terms.instalment, amount))[:261]
    if terms.count is not None and 1 <= terms.count <= 260 and amount >= Decimal(terms.count) / 100:
        return plans.split(amount, terms.count)
    return []


def _stops(terms: Terms, today: date) -> str:
    if terms.frequency not in Frequency.values:
        return "Choose how often."
    if terms.start_on < today:
        return "The first payment is today or later."
    if terms.statements not in ("hold", "send"):
        return "Choose whether statements go on."
    return ""


def _paid(rows: Sequence[PaymentPlan]) -> dict[int, list[Paid]]:
    """What took the plans' lines down since each was made, by day."""
    owners: dict[int, list[PaymentPlan]] = {}
    by_pk = {plan.pk: plan for plan in rows}
    for plan_id, charge_id in PlanLine.objects.filter(plan__in=rows).values_list("plan_id", "charge_id"):
        owners.setdefault(charge_id, []).append(by_pk[plan_id])
    entries: Any = (
        LedgerEntry.objects.filter(charge_id__in=owners, account="ar:patient")
        .values_list("charge_id", "txn_id", "txn__posted_at", "txn__effective_on")
        .annotate(sum=Sum("amount"))
        .order_by("txn_id")
    )
    found: dict[int, dict[int, tuple[date, Decimal]]] = {}
    for charge_id, txn_id, posted_at, day, amount in entries:
        for plan in owners[charge_id]:
            if posted_at > plan.made_at:
                _, before = found.setdefault(plan.pk, {}).get(txn_id, (day, ZERO))
                found[plan.pk][txn_id] = (day, before - amount)
    return {key: _net([Paid(day, amount) for day, amount in txns.values()]) for key, txns in found.items()}


def _net(moves: list[Paid]) -> list[Paid]:
    """A payment taken back (below zero) undoes the latest before it; what was added later is not the plan's."""
    kept: list[Paid] = []
    for move in moves:
        if move.amount > ZERO:
            kept.append(move)
            continue
        back = -move.amount
        while back > ZERO and kept:
            last = kept.pop()
            if last.amount > back:
                kept.append(Paid(last.on, last.amount - back))
            back = max(ZERO, back - last.amount)
    return kept
