"""Saving the rules prices come from: each beside the others, or refused with the clashing row named.

Before it stand the forms of Settings and the API, after it ``rulebook``. The database holds the same
refusals as constraints, so two admins at once cannot save what one could not.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from django.db import IntegrityError, models, transaction
from django.db.models import Q

from billing import modifiers
from billing.errors import RuleClash
from billing.models import FeeRow, FeeSchedule, ModifierRule, PatientFee, ReducedFee, SameDayRule
from clinics import audit
from lib.money import LIMIT, round_money, show_money

Rule = TypeVar("Rule", FeeRow, FeeSchedule, ModifierRule, SameDayRule, PatientFee, ReducedFee)
KINDS: dict[str, type[models.Model]] = {
    "fee": FeeRow,
    "modifier-rule": ModifierRule,
    "same-day-rule": SameDayRule,
    "patient-fee": PatientFee,
    "reduced-fee": ReducedFee,
}
FEE_KEYS = ("schedule", "service", "payer", "plan", "clinician", "credential", "location")


def save(row: Rule) -> Rule:
    """Save a new rule, audited. Raises RuleClash naming the row it cannot stand beside."""
    clash = find_clash(row)
    if clash:
        raise RuleClash(clash)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:  # somebody saved its twin a moment ago
        raise RuleClash(find_clash(row) or "There is a rule for exactly this already.") from error
    audit.record("price_rule.add", kind_of(row), row.public_id, rule=say(row))
    return row


def remove(row: models.Model) -> None:
    """Take a rule away. Charges keep the trace they were made with."""
    said, public_id = say(row), str(getattr(row, "public_id", ""))
    kind = kind_of(row)
    row.delete()
    audit.record("price_rule.remove", kind, public_id, rule=said)


def kind_of(row: models.Model) -> str:
    """The word of a rule's kind, as in addresses."""
    return next((word for word, model in KINDS.items() if isinstance(row, model)), "fee-schedule")


def find_clash(row: models.Model) -> str:
    """Why a new rule cannot stand beside those there are, in words; empty when it can."""
    if isinstance(row, FeeRow):
        twin = fee_twins(row).filter(effective_on=row.effective_on).first()
        return f"{say(twin)} is there already. Take another day, or remove that row." if twin else ""
    if isinstance(row, FeeSchedule):
        taken = FeeSchedule.objects.filter(name=row.name).exists()
        return f"There is a schedule called {row.name} already." if taken else ""
    if isinstance(row, ModifierRule):
        rule = modifier_twin(row)
        return f"Nothing could choose between this and: {say(rule)}. Remove that one first." if rule else ""
    if isinstance(row, SameDayRule):
        return _same_day_clash(row)
    if isinstance(row, PatientFee):
        agreed = PatientFee.objects.filter(patient=row.patient, service=row.service).first()
        return f"Agreed already: {say(agreed)}. Remove that first." if agreed else ""
    assert isinstance(row, ReducedFee), "every kind of rule is known here"
    rows = ReducedFee.objects.filter(patient=row.patient).exclude(expires_on__lt=row.effective_on)
    if row.expires_on is not None:
        rows = rows.filter(effective_on__lte=row.expires_on)
    eligible = rows.select_related("schedule").first()
    return f"The patient is in {say(eligible)} then. End that first." if eligible else ""


def fee_twins(row: FeeRow) -> models.QuerySet[FeeRow]:
    """Rows of the same schedule with the same keys, whatever their day."""
    same: dict[str, Any] = {}
    for name in FEE_KEYS:
        value = getattr(row, name)
        same[f"{name}__isnull" if value is None else name] = True if value is None else value
    return FeeRow.objects.filter(**same).select_related(
        "schedule", "service", "payer", "plan__payer", "clinician", "location"
    )


def say(row: models.Model | None) -> str:
    """A rule in a line of words."""
    if isinstance(row, FeeRow):
        given = (row.payer, row.plan, row.clinician, row.credential, row.location)
        keys = ", ".join(str(key) for key in (row.service.code, *given) if key)
        return f"{row.schedule.name}: {show_money(row.fee)} for {keys} from {_us(row.effective_on)}"
    if isinstance(row, ModifierRule):
        return f"{' '.join(row.modifiers)} for {modifier_keys(row)}{_fee_change(row)}"
    if isinstance(row, SameDayRule):
        later = " and later" if row.and_later else ""
        return f"{row.modifier} for number {row.occurrence}{later} of a day, {row.payer or 'all payers'}"
    if isinstance(row, PatientFee):
        fee = f"fee {show_money(row.fee)}" if row.fee is not None else ""
        each = " a unit" if row.copay_per_unit else ""
        copay = f"copay {show_money(row.copay)}{each}" if row.copay is not None else ""
        return f"{row.service.code} {', '.join(filter(None, [fee, copay]))}"
    if isinstance(row, ReducedFee):
        until = f" until {_us(row.expires_on)}" if row.expires_on else ""
        return f"{row.schedule.name} from {_us(row.effective_on)}{until}"
    return str(row or "")


def modifier_keys(row: ModifierRule) -> str:
    """The keys of a modifier rule in words; "every visit" without any."""
    place = f"place {row.pos}" if row.pos else ""
    given = [
        row.service.code if row.service else "",
        row.payer,
        row.clinician,
        row.credential,
        place,
        _ages(row),
    ]
    return ", ".join(str(key) for key in given if key) or "every visit"


def copy_schedule(
    source: FeeSchedule, name: str, percent: Decimal, effective_on: date
) -> tuple[FeeSchedule, int]:
    """Copy the fees in force on a day, changed by a percentage and rounded half up once, from that day on.

    Into a new schedule of the same kind, or into one that is there. Raises RuleClash with the first
    row that is in the way; nothing is copied then. Returns the schedule and the number of rows.
    """
    with transaction.atomic():
        target = FeeSchedule.objects.filter(name=name.strip()).first()
        if target is None:
            target = save(FeeSchedule(name=name.strip(), kind=source.kind))
        made = []
        for row in in_force(source, effective_on):
            fee = round_money(row.fee * (100 + percent) / 100)
            if fee > LIMIT:
                raise RuleClash(f"{say(row)} would become too large.")
            made.append(_copied(row, target, effective_on, fee))
        taken = _taken(target, effective_on)
        clash = next((row for row in made if fee_key(row) in taken), None)
        if clash is not None:
            raise RuleClash(
                f"{say(taken[fee_key(clash)])} is there already. Take another day or another name."
            )
        FeeRow.objects.bulk_create(made)
        audit.record(
            "fee_schedule.copy", "fee-schedule", target.public_id, source=source.name, percent=str(percent),
            since=effective_on.isoformat(), rows=len(made),
        )  # fmt: skip
    return target, len(made)


def in_force(schedule: FeeSchedule, day: date) -> list[FeeRow]:
    """The latest row of each set of keys that is in force on a day."""
    rows = FeeRow.objects.filter(schedule=schedule, effective_on__lte=day).select_related(
        "schedule", "service", "payer", "plan__payer", "clinician", "location"
    )
    latest = {fee_key(row)[1:]: row for row in rows.order_by("effective_on")}
    return list(latest.values())


def fee_key(row: FeeRow) -> tuple[Any, ...]:
    """What makes a row of a schedule its own, but for the day."""
    return (
        row.schedule_id, row.service_id, row.payer_id, row.plan_id, row.clinician_id, row.credential, row.location_id
    )  # fmt: skip


def _taken(schedule: FeeSchedule, day: date) -> dict[tuple[Any, ...], FeeRow]:
    rows = FeeRow.objects.filter(schedule=schedule, effective_on=day)
    rows = rows.select_related("schedule", "service", "payer", "plan__payer", "clinician", "location")
    return {fee_key(row): row for row in rows}


def _copied(row: FeeRow, target: FeeSchedule, effective_on: date, fee: Decimal) -> FeeRow:
    return FeeRow(
        schedule=target, service=row.service, payer=row.payer, plan=row.plan, clinician=row.clinician,
        credential=row.credential, location=row.location, effective_on=effective_on, fee=fee,
    )  # fmt: skip


def modifier_twin(row: ModifierRule) -> ModifierRule | None:
    """A rule with the same keys whose age band shares an age, or which has no band either."""
    rows = ModifierRule.objects.filter(
        service=row.service, payer=row.payer, clinician=row.clinician, credential=row.credential, pos=row.pos
    ).select_related("service", "payer", "clinician")
    has_band = row.age_from is not None or row.age_to is not None
    without = Q(age_from__isnull=True, age_to__isnull=True)
    if not has_band:
        return rows.filter(without).first()
    own = modifiers.AgeBand(row.age_from, row.age_to)
    fitting = (
        one for one in rows.exclude(without) if own.overlaps(modifiers.AgeBand(one.age_from, one.age_to))
    )
    return next(fitting, None)


def _same_day_clash(row: SameDayRule) -> str:
    rows = SameDayRule.objects.filter(
        services__overlap=row.services, payer=row.payer, modifier=row.modifier
    ).select_related("payer")
    for other in rows:
        later, sooner = max(other, row, key=_nth), min(other, row, key=_nth)
        if other.occurrence == row.occurrence or (sooner.and_later and later.occurrence > sooner.occurrence):
            return f"There is already: {say(other)}. Remove that first."
    return ""


def _nth(row: SameDayRule) -> int:
    return row.occurrence


def _ages(row: ModifierRule) -> str:
    if row.age_from is None and row.age_to is None:
        return ""
    if row.age_to is None:
        return f"age {row.age_from} and over"
    return f"age {row.age_from or 0} to {row.age_to}"


def _fee_change(row: ModifierRule) -> str:
    if row.fee_amount is not None:
        return f", fee {row.fee_amount:+}"
    return f", fee {row.fee_percent:+f} %" if row.fee_percent is not None else ""


def _us(day: date) -> str:
    return f"{day:%m/%d/%Y}"
