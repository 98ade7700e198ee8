"""The rule time machine: a new rule replayed over past visits before it is switched on (features: rules).

A trial is a Job: outbox row first, then chunks of visits priced twice by the same code as check-out, once by
the rules as they are and once with the new one. Nothing is written but the job's own progress and result.
The new rule is taken as if it had always been in force, since its own day is usually still to come.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction

from appointments import catalogue
from appointments.models import Appointment, VisitLine
from billing import fees, modifiers, price_forms, price_rules, responsibility, rulebook, visit_facts
from billing.enums import InvoiceKind, InvoiceState
from billing.errors import BadRule
from billing.models import Charge, FeeRow, Invoice, ModifierRule
from billing.rulebook import RuleBook
from billing.visit_pricing import PricedLine, price_visits
from clinics.scoping import open_clinic
from insurance import payers
from lib.dates import months_before
from lib.money import ZERO, show_money
from work import jobs, outbox
from work.models import Job

KIND = "billing.rule_trial"
CHUNK = 200
MOST_SHOWN = 1000
MOST_MONTHS = 36
FORMS: dict[str, type[price_forms.RuleForm]] = {
    "fee": price_forms.FeeRowForm,
    "modifier-rule": price_forms.ModifierRuleForm,
    "default-price": price_forms.DefaultPriceForm,
    "copay": price_forms.PlanCopayForm,
}


def start(kind: str, typed: dict[str, Any], *, months: int, today: date) -> Job:
    """Promise the replay of one new rule over the visits of the last months. Raises BadRule, RuleClash."""
    form = read(kind, typed)
    if not 1 <= months <= MOST_MONTHS:
        raise BadRule(f"Between 1 and {MOST_MONTHS} months.", fields={"months": ["Out of range."]})
    since = months_before(today, months)
    job = jobs.start(
        KIND,
        f"Trial: {say(kind, form)}"[:160],
        total=len(_visits(since, today)),
        params={
            "kind": kind, "typed": typed, "months": months, "since": since.isoformat(), "until": today.isoformat(),
            "rule": say(kind, form),
        },
    )  # fmt: skip
    outbox.promise(KIND, job.clinic_id, job.pk)
    return job


def read(kind: str, typed: dict[str, Any]) -> price_forms.RuleForm:
    """The rule that was typed, checked as it would be on saving."""
    if kind not in FORMS:
        raise BadRule(f"A trial is of {', '.join(FORMS)}.", fields={"kind": ["Unknown."]})
    form = FORMS[kind](typed)
    if not form.is_valid():
        fields = {name: [str(error) for error in errors] for name, errors in form.errors.items()}
        raise BadRule(next(iter(fields.values()))[0], fields=fields)
    return form


def say(kind: str, form: Any) -> str:
    """The rule in a line of words."""
    data = form.cleaned_data
    if kind == "default-price":
        return f"{data['service'].code} at {show_money(data['price'])} by default"
    if kind == "copay":
        words = [
            show_money(one) if one is not None else "none" for one in (data["individual"], data["group"])
        ]
        return f"{data['plan']}: copay {words[0]}, group {words[1]}"
    return price_rules.say(form.row())


def switch_on(job: Job) -> str:
    """Save the rule of a trial as it was typed, once; its words. Raises what saving raises."""
    with transaction.atomic():
        row = Job.objects.select_for_update().get(pk=job.pk)
        kind = row.params["kind"]
        if row.params.get("switched_on"):
            return str(row.params["rule"])
        form: Any = read(kind, row.params["typed"])
        data = form.cleaned_data
        if kind == "default-price":
            catalogue.set_price(data["service"], data["price"], data["effective_on"])
        elif kind == "copay":
            plan = data["plan"]
            payers.save_plan(plan.payer, plan.name, data["individual"], data["group"], plan)
        else:
            rule = form.row()
            replaced = price_rules.modifier_twin(rule) if isinstance(rule, ModifierRule) else None
            if replaced is not None:
                price_rules.remove(replaced)
            price_rules.save(rule)
        row.params = {**row.params, "switched_on": True}
        row.save(update_fields=["params"])
        return say(kind, form)


@outbox.handles(KIND)
def run(clinic_id: int, job_id: int) -> None:
    """Outbox: price every visit twice, 200 at a time. Run again it starts anew; it writes no money."""
    with open_clinic(clinic_id, actor="worker"):
        job = Job.objects.get(pk=job_id)
        ids = _visits(*_window(job))
        now = rulebook.load()
        then = changed(now, job.params["kind"], read(job.params["kind"], job.params["typed"]))
        jobs.progress(job, done=0, total=len(ids))
    found = _Found()
    for at in range(0, len(ids), CHUNK):
        with open_clinic(clinic_id, actor=job.created_by):
            _replay(ids[at : at + CHUNK], now, then, found)
            jobs.progress(job, done=min(at + CHUNK, len(ids)))
    with open_clinic(clinic_id, actor="worker"):
        jobs.finish(
            job,
            result=found.result(len(ids)),
            done=len(ids),
            url=f"/settings/rule-trials/{job.public_id}/",
        )


def changed(book: RuleBook, kind: str, form: Any) -> RuleBook:
    """The book with the new rule in force from ever, in the place of what it replaces."""
    data = form.cleaned_data
    if kind == "default-price":
        price = (fees.DefaultPrice(data["price"]),)
        return replace(book, default_prices={**book.default_prices, data["service"].pk: price})
    if kind == "copay":
        copay = responsibility.PlanCopay(data["individual"], data["group"])
        return replace(book, plan_copays={**book.plan_copays, data["plan"].pk: copay})
    row = form.row()
    if isinstance(row, ModifierRule):
        rule = rulebook.as_modifier_rule(row, book.names)
        others = (one for one in book.modifier_rules if not modifiers.overlapping_rules([one, rule]))
        return replace(book, modifier_rules=(*others, rule))
    assert isinstance(row, FeeRow), "a trial is of a known kind"
    new = replace(rulebook.as_fee_row(row, book.names), effective_from=None)
    schedules = {(one.name, one.kind): one.rows for one in book.fee_schedules}
    key = (row.schedule.name, fees.ScheduleKind(row.schedule.kind))
    kept = tuple(one for one in schedules.get(key, ()) if one.keys != new.keys)
    schedules[key] = (*kept, new)
    return replace(
        book,
        fee_schedules=tuple(fees.FeeSchedule(name, kind, rows) for (name, kind), rows in schedules.items()),
    )


class _Found:
    """What has been seen so far."""

    def __init__(self) -> None:
        self.charges = self.changed = 0
        self.difference = self.patients = ZERO
        self.items: list[dict[str, Any]] = []

    def add(self, visit: Appointment, before: PricedLine, after: PricedLine, charged: Decimal | None) -> None:
        self.charges += 1
        old, new = before.result, after.result
        if (old.charge, old.patient, old.modifiers) == (new.charge, new.patient, new.modifiers):
            return
        self.changed += 1
        self.difference += (new.charge or ZERO) - (old.charge or ZERO)
        self.patients += (new.patient or ZERO) - (old.patient or ZERO)
        if len(self.items) < MOST_SHOWN:
            self.items.append(
                {
                    "visit": visit.public_id,
                    "day": visit.service_date.isoformat(),
                    "code": before.line.service.code,
                    "charged": _text(charged),
                    "before": _text(old.charge),
                    "after": _text(new.charge),
                    "patient_before": _text(old.patient),
                    "patient_after": _text(new.patient),
                    "modifiers_before": list(old.modifiers),
                    "modifiers_after": list(new.modifiers),
                }
            )

    def result(self, visits: int) -> dict[str, Any]:
        return {
            "visits": visits,
            "charges": self.charges,
            "changed": self.changed,
            "difference": str(self.difference),
            "patient_difference": str(self.patients),
            "changes": self.items,
        }


def _replay(ids: list[int], now: RuleBook, then: RuleBook, found: _Found) -> None:
    visits = list(
        Appointment.objects.filter(pk__in=ids)
        .select_related("patient", "location__clinic", "clinician", "profile", "status")
        .order_by("service_date", "pk")
    )
    lines: dict[int, list[VisitLine]] = {}
    for line in (
        VisitLine.objects.filter(appointment_id__in=ids).select_related("service").order_by("line_no")
    ):
        lines.setdefault(line.appointment_id, []).append(line)
    charged = dict(
        Charge.objects.filter(visit_line__appointment_id__in=ids)
        .exclude(invoice__state=InvoiceState.VOID)
        .values_list("visit_line_id", "amount")
    )
    facts = visit_facts.load_facts(visits, now, lines)
    for visit, before, after in _both(visits, lines, now, then, facts):
        for old, new in zip(before, after, strict=True):
            found.add(visit, old, new, charged.get(old.line.pk))


def _both(
    visits: list[Appointment],
    lines: dict[int, list[VisitLine]],
    now: RuleBook,
    then: RuleBook,
    facts: visit_facts.VisitFacts,
) -> Iterator[tuple[Appointment, tuple[PricedLine, ...], tuple[PricedLine, ...]]]:
    before = price_visits(visits, now, lines, facts)
    after = price_visits(visits, then, lines, facts)
    for visit, old, new in zip(visits, before, after, strict=True):
        yield visit, old.lines, new.lines


def _visits(since: date, until: date) -> list[int]:
    """Visits of a window that were charged by their services, by day. Of the invoices alone: a join of both
    tables grows with the square of the visits until the database has counted its rows.
    """
    charged = Invoice.objects.filter(
        kind=InvoiceKind.APPOINTMENT,
        service_date__gte=since,
        service_date__lte=until,
        appointment__isnull=False,
    ).exclude(state=InvoiceState.VOID)
    ids = charged.order_by("service_date", "appointment_id").values_list("appointment_id", flat=True)
    return list(dict.fromkeys(ids))  # a corrected visit has two


def _window(job: Job) -> tuple[date, date]:
    return date.fromisoformat(job.params["since"]), date.fromisoformat(job.params["until"])


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)
