"""The clinic's pricing rules of one moment, loaded once, as the engine takes them (rules.md B17).

Check-out loads the rules of a visit's services, the what-if box and the rule time machine the whole
book; a trial is a book with one rule more (``billing/trials.py``). Before it stand the rows of
Settings, after it ``visit_pricing``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from appointments.models import Service, ServicePrice
from billing import fees, modifiers, responsibility
from billing.models import FeeRow, ModifierRule, SameDayRule
from insurance.models import Plan

ROW_WITH = ("schedule", "service", "payer", "plan__payer", "clinician", "location")


class Names:
    """What the engine calls a row: its name, and where two rows share one, with something of its own.

    Two clinicians may have the same name and two services the same code; their rules stay apart.
    """

    def __init__(self) -> None:
        self._names: dict[tuple[str, int], str] = {}
        self._taken: set[tuple[str, str]] = set()

    def of(self, row: Any) -> str | None:
        """The name of a service, payer, plan, clinician or location; None for None."""
        if row is None:
            return None
        kind = type(row).__name__
        plain = row.code if kind == "Service" else row.name if hasattr(row, "name") else str(row)
        if row.pk is None:  # stands for no row: a fee on a one-off invoice
            return str(plain)
        if (kind, row.pk) not in self._names:
            name = str(plain)
            if (kind, name) in self._taken:
                name = f"{name} ({_own(row)})"
            if (kind, name) in self._taken:
                name = f"{name} {row.public_id}"
            self._taken.add((kind, name))
            self._names[(kind, row.pk)] = name
        return self._names[(kind, row.pk)]


@dataclass(frozen=True, slots=True)
class RuleBook:
    """All rules a price may depend on; ``plan_copays`` stand in for what the plans' rows say."""

    fee_schedules: tuple[fees.FeeSchedule, ...] = ()
    modifier_rules: tuple[modifiers.ModifierRule, ...] = ()
    same_day_rules: tuple[modifiers.SameDayRule, ...] = ()
    default_prices: Mapping[int, tuple[fees.DefaultPrice, ...]] = field(default_factory=dict)
    plan_copays: Mapping[int, responsibility.PlanCopay] = field(default_factory=dict)
    names: Names = field(default_factory=Names)

    def plan_copay(self, plan: Plan | None) -> responsibility.PlanCopay:
        """The plan's copays as this book has them; none without a plan."""
        if plan is None:
            return responsibility.PlanCopay()
        found = self.plan_copays.get(plan.pk)
        return found or responsibility.PlanCopay(plan.copay_individual, plan.copay_group)


def load(service_ids: Iterable[int] | None = None) -> RuleBook:
    """The book in four queries; with ``service_ids`` only what is about these services."""
    names = Names()
    rows = FeeRow.objects.select_related(*ROW_WITH).order_by("schedule__name", "pk")
    prices = ServicePrice.objects.all()
    if service_ids is not None:
        wanted = set(service_ids)
        rows, prices = rows.filter(service_id__in=wanted), prices.filter(service_id__in=wanted)
    return RuleBook(
        fee_schedules=_schedules(rows, names),
        modifier_rules=tuple(
            as_modifier_rule(row, names)
            for row in ModifierRule.objects.select_related("service", "payer", "clinician").order_by("pk")
        ),
        same_day_rules=_same_day_rules(names),
        default_prices=_default_prices(prices),
        names=names,
    )


def as_fee_row(row: FeeRow, names: Names) -> fees.FeeRow:
    """A row of a schedule as the engine takes it."""
    keys = fees.FeeKeys(
        service=names.of(row.service),
        payer=names.of(row.payer),
        plan=names.of(row.plan),
        clinician=names.of(row.clinician),
        credential=row.credential or None,
        location=names.of(row.location),
    )
    return fees.FeeRow(keys, row.fee, row.effective_on)


def as_modifier_rule(row: ModifierRule, names: Names) -> modifiers.ModifierRule:
    """A modifier rule as the engine takes it."""
    has_age = row.age_from is not None or row.age_to is not None
    changes = row.fee_amount is not None or row.fee_percent is not None
    return modifiers.ModifierRule(
        modifiers=tuple(row.modifiers),
        service=names.of(row.service),
        payer=names.of(row.payer),
        clinician=names.of(row.clinician),
        credential=row.credential or None,
        pos=row.pos or None,
        age=modifiers.AgeBand(row.age_from, row.age_to) if has_age else None,
        fee_change=modifiers.FeeChange(row.fee_amount, row.fee_percent) if changes else None,
    )


def as_same_day_rule(
    row: SameDayRule, services: Mapping[str, Service], names: Names
) -> modifiers.SameDayRule:
    """A same-day rule as the engine takes it; ``services`` by public id."""
    return modifiers.SameDayRule(
        services=tuple(names.of(services[one]) or "" for one in row.services if one in services),
        occurrence=row.occurrence,
        modifier=row.modifier,
        payer=names.of(row.payer),
        per_clinician=row.per_clinician,
        and_later=row.and_later,
    )


def _schedules(rows: Iterable[FeeRow], names: Names) -> tuple[fees.FeeSchedule, ...]:
    by_schedule: dict[tuple[str, str], list[fees.FeeRow]] = {}
    for row in rows:
        key = (row.schedule.name, row.schedule.kind)
        by_schedule.setdefault(key, []).append(as_fee_row(row, names))
    return tuple(
        fees.FeeSchedule(name, fees.ScheduleKind(kind), tuple(made))
        for (name, kind), made in by_schedule.items()
    )


def _same_day_rules(names: Names) -> tuple[modifiers.SameDayRule, ...]:
    rows = list(SameDayRule.objects.select_related("payer").order_by("occurrence", "pk"))
    if not rows:
        return ()
    wanted = {one for row in rows for one in row.services}
    services = {row.public_id: row for row in Service.objects.filter(public_id__in=wanted)}
    return tuple(as_same_day_rule(row, services, names) for row in rows)


def _default_prices(rows: Iterable[ServicePrice]) -> dict[int, tuple[fees.DefaultPrice, ...]]:
    found: dict[int, list[fees.DefaultPrice]] = {}
    for row in rows:
        found.setdefault(row.service_id, []).append(fees.DefaultPrice(row.price, row.effective_on))
    return {key: tuple(prices) for key, prices in found.items()}


def _own(row: Any) -> str:
    """What tells a row from one of the same name."""
    if isinstance(row, Plan):
        return str(row.payer.name)
    if isinstance(row, Service):
        return str(row.name)
    return str(getattr(row, "payer_id", "") or getattr(row, "npi", "") or row.public_id)
