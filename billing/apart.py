"""What patients owe and are not asked for now: with an agency, asked of the insurer again, disputed, not allowed,
on a plan (rules.md B12). Each charge stands in one place, the first that fits; statements and rounds read it here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.db.models import Sum

from billing import hooks, planning, plans, policies
from billing.enums import CallKind, CaseState, PayerClass, PlanState, PolicySubject
from billing.models import CallNote, CollectionLine, LedgerEntry, PlanLine
from billing.policies import Decision
from insurance.models import Payer
from lib.money import ZERO, show_money, total
from patients.models import Patient


@dataclass(frozen=True, slots=True)
class Apart:
    """One reason with its amount in dollars; ``hold`` is the reason as a round gives it."""

    words: str
    amount: Decimal
    hold: str
    plan: str = ""
    policy: Decision | None = None

    def as_json(self) -> dict[str, object]:
        """As a statement keeps it."""
        row: dict[str, object] = {"words": self.words, "amount": str(self.amount), "plan": self.plan}
        return {**row, "policy": self.policy.as_json()} if self.policy else row


@dataclass(slots=True)
class _Owed:
    """Open charges of some patients: (patient, invoice, dollars), and what is placed already."""

    charges: dict[int, tuple[int, int, Decimal]]
    found: dict[int, list[Apart]] = field(default_factory=dict)
    placed: set[int] = field(default_factory=set)

    def place(self, charges: Iterable[int], make: Callable[[Decimal], Apart]) -> None:
        """Put these charges aside, one line a patient."""
        sums: dict[int, Decimal] = {}
        for charge in sorted(set(charges) & set(self.charges) - self.placed):
            self.placed.add(charge)
            patient, _, amount = self.charges[charge]
            sums[patient] = sums.get(patient, ZERO) + amount
        for patient, amount in sums.items():
            self.found.setdefault(patient, []).append(make(amount))

    def of_invoices(self, wanted: Iterable[int]) -> list[int]:
        """The charges of some invoices."""
        keys = set(wanted)
        return [charge for charge, (_, invoice, _) in self.charges.items() if invoice in keys]


def of_patients(patient_ids: Iterable[int], *, pay_by: date, today: date) -> dict[int, list[Apart]]:
    """By patient, what is owed and not asked for by a statement to be paid by ``pay_by``; a handful of queries."""
    ids = list(patient_ids)
    owed = _placed(ids, today)
    if owed.charges:
        _plans(owed, ids, pay_by, today)
    return owed.found


def charges_aside(patient_ids: Iterable[int], *, today: date) -> set[int]:
    """The open charges of some patients that an agency must not get: set aside above, or on an active plan."""
    ids = list(patient_ids)
    owed = _placed(ids, today)
    on_plans = PlanLine.objects.filter(charge__in=owed.charges, plan__state=PlanState.ACTIVE)
    return owed.placed | set(on_plans.values_list("charge_id", flat=True))


def _placed(ids: list[int], today: date) -> _Owed:
    owed = _Owed(_open_charges(ids))
    if not owed.charges:
        return owed
    handed = CollectionLine.objects.filter(case__state=CaseState.HANDED, charge__in=owed.charges)
    owed.place(
        handed.values_list("charge_id", flat=True),
        lambda amount: Apart("With a collection agency", amount, "With a collection agency"),
    )
    again = hooks.REOPENED.ask({invoice for _, invoice, _ in owed.charges.values()})
    owed.place(
        owed.of_invoices(again),
        lambda amount: Apart("Your insurer is asked again", amount, "An insurer is asked again"),
    )
    disputes = CallNote.objects.filter(patient_id__in=ids, kind=CallKind.DISPUTE, state="open")
    disputed = {key for key in disputes.values_list("invoice_id", flat=True) if key}
    owed.place(owed.of_invoices(disputed), lambda amount: Apart("Being looked into", amount, "Disputed"))
    _not_allowed(owed, today)
    return owed


def _open_charges(ids: list[int]) -> dict[int, tuple[int, int, Decimal]]:
    rows = (
        LedgerEntry.objects.filter(account="ar:patient", patient_id__in=ids)
        .values_list("charge_id", "patient_id", "charge__invoice_id")
        .annotate(sum=Sum("amount"))
        .filter(sum__gt=0)
        .order_by("charge_id")
    )
    return {charge: (patient, invoice, amount) for charge, patient, invoice, amount in rows}


def _not_allowed(owed: _Owed, today: date) -> None:
    """What Medicaid left to its patients is asked for only where a row of the policy table allows it (B10)."""
    rows = (
        LedgerEntry.objects.filter(charge__in=owed.charges, account__startswith="ar:", payer__isnull=False)
        .order_by("account", "pk")
        .values_list("charge_id", "payer_id")
    )
    last = {charge: payer for charge, payer in rows if payer is not None}
    payers = {row.pk: row for row in Payer.objects.filter(pk__in=set(last.values()), filing_indicator="MC")}
    if not payers:
        return
    table = policies.load(today)
    patients = Patient.objects.in_bulk({owed.charges[charge][0] for charge in last})
    for charge, payer_id in last.items():
        payer = payers.get(payer_id)
        if payer is None:
            continue
        assert policies.class_of(payer) == PayerClass.MEDICAID, "chosen by the indicator"
        case = policies.case_of(patients[owed.charges[charge][0]], payer, today)
        said = policies.decide(PolicySubject.MEDICAID_BILLING, case, table)
        if not said.allows:
            words = f"Not asked of you: {payer}"
            owed.place([charge], _refusal(words, said))


def _refusal(words: str, said: Decision) -> Callable[[Decimal], Apart]:
    return lambda amount: Apart(words, amount, said.because, policy=said)


def _plans(owed: _Owed, ids: list[int], pay_by: date, today: date) -> None:
    """What runs on a plan, less an instalment that is due where the plan's statements go on."""
    active = planning.active_of(ids, today)
    lines: dict[int, list[int]] = {}
    for plan_id, charge_id in PlanLine.objects.filter(plan__in=[each.plan.pk for each in active]).values_list(
        "plan_id", "charge_id"
    ):
        lines.setdefault(plan_id, []).append(charge_id)
    for each in active:
        due = plans.due_by(each.standing, pay_by) if each.plan.statements == "send" else ZERO
        here = [charge for charge in lines.get(each.plan.pk, []) if charge in owed.charges]
        open_here = total(owed.charges[charge][2] for charge in here if charge not in owed.placed)
        waits = min(each.left - due, open_here)
        if waits > ZERO:
            words = f"On your payment plan: {show_money(waits)} later"
            row = Apart(words, waits, "On a payment plan", plan=each.plan.public_id)
            owed.found.setdefault(each.plan.patient_id, []).append(row)
