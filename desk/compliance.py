"""Was what was billed done? Doubts that the rows themselves raise, and a month's random sample for people (B15).

Read only. Before it: checked-out visits and their claims. After it: Reports > Compliance, where a person looks.
A doubt is no verdict: it names the visit, the claim and the numbers, and says what to compare.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from appointments.models import Appointment, VisitLine
from appointments.queries import DAY_MINUTES
from billing.enums import InvoiceState
from billing.models import Charge
from claims.models import Claim, ClaimLine
from claims.models.claims import DEAD_STATES

SEEN = ("complete", "checked_out")
UNSENT = ("new", "ready", "on_hold")
EIGHT_MINUTE_UNIT = 15  # CMS8 counts quarters of an hour whatever the service's own interval says
SAMPLE_SIZE = 10


@dataclass(frozen=True, slots=True)
class Doubt:
    """One thing to look at. ``visit`` and ``claim`` are public ids; either may be empty."""

    kind: str
    day: date
    patient: str
    clinician: str
    words: str
    visit: str = ""
    claim: str = ""


@dataclass(frozen=True, slots=True)
class SampledClaim:
    """A claim of the month's sample beside the evidence of its visit."""

    claim: Claim
    lines: tuple[ClaimLine, ...]
    visit: Appointment
    minutes: int
    evidence: tuple[str, ...]


def doubts(first: date, last: date) -> list[Doubt]:
    """Everything doubtful from ``first`` to ``last``, by date of service (rule B15.AUDIT)."""
    found = [*_without_visit(first, last), *_more_units_than_minutes(first, last)]
    found += [*_at_two_places(first, last), *_days_too_long(first, last), *_changed_since(first, last)]
    return sorted(found, key=lambda doubt: (doubt.day, doubt.kind, doubt.patient, doubt.claim))


def month_sample(month: date, size: int = SAMPLE_SIZE) -> list[SampledClaim]:
    """``size`` claims sent for the month's services, chosen by the month and their numbers (rule B15.SAMPLE).

    The choice is the same whenever the report is opened, and nobody can know it before a claim has its number.
    """
    first = month.replace(day=1)
    after = (first + timedelta(days=32)).replace(day=1)
    sent = Claim.objects.filter(
        service_from__gte=first, service_from__lt=after, submitted_at__isnull=False, frequency="1"
    )
    lots = sorted(
        (hashlib.sha256(f"{first:%Y-%m} {number}".encode()).digest(), key)
        for key, number in sent.values_list("pk", "control_number")
    )
    chosen = [key for _, key in lots[:size]]
    rows = Claim.objects.filter(pk__in=chosen).select_related(
        "appointment__clinician", "appointment__appointment_type", "patient"
    )
    claims = sorted(
        rows.prefetch_related("lines", "appointment__lines__service"), key=lambda c: chosen.index(c.pk)
    )
    return [
        SampledClaim(
            claim, tuple(claim.lines.all()), claim.appointment, claim.appointment.minutes, _evidence(claim)
        )
        for claim in claims
    ]


def _evidence(claim: Claim) -> tuple[str, ...]:
    """What the visit itself says was done."""
    visit = claim.appointment
    said = [f"{visit.get_state_display()}, {visit.minutes} minutes, {visit.appointment_type.name}"]
    for line in visit.lines.all():
        tick = "" if line.is_confirmed else ", not confirmed"
        said.append(f"{line.service.code} {line.service.name}{tick}")
    if visit.note:
        said.append(f"Note: {visit.note}")
    return tuple(said)


def _without_visit(first: date, last: date) -> Iterator[Doubt]:
    """No claim without a checked-out visit and a live invoice."""
    rows = (
        _live(first, last)
        .filter(~Q(appointment__state="checked_out") | Q(invoice__state=InvoiceState.VOID))
        .select_related("appointment")
    )
    for claim in rows:
        yield Doubt(
            "no_visit",
            claim.service_from,
            claim.patient_name,
            claim.clinician_name,
            f"The claim stands, but its visit is {claim.appointment.get_state_display().lower()}.",
            claim.appointment.public_id,
            claim.public_id,
        )


def _more_units_than_minutes(first: date, last: date) -> Iterator[Doubt]:
    """Units times their interval fit into the minutes of the visit, all timed services together."""
    charges = (
        Charge.objects.filter(
            service_date__range=(first, last),
            service__interval_minutes__isnull=False,
            service__kind="individual",
            invoice__appointment__isnull=False,
        )
        .exclude(invoice__state=InvoiceState.VOID)
        .select_related("service", "invoice__appointment__clinician", "invoice__appointment__patient")
        .order_by("service_date", "pk")
    )
    needed: dict[int, Decimal] = {}
    visits: dict[int, Appointment] = {}
    for charge in charges:
        visit = charge.invoice.appointment
        assert visit is not None
        assert charge.service is not None
        interval = EIGHT_MINUTE_UNIT if charge.service.rounding == "CMS8" else charge.service.interval_minutes
        needed[visit.pk] = needed.get(visit.pk, Decimal(0)) + charge.units * Decimal(interval or 0)
        visits[visit.pk] = visit
    for key, minutes in needed.items():
        visit = visits[key]
        if minutes > visit.minutes:
            words = f"The units billed stand for {_plain(minutes)} minutes; the visit took {visit.minutes}."
            yield _of_visit("units", visit, words)


def _at_two_places(first: date, last: date) -> Iterator[Doubt]:
    """A clinician treats one patient at a time, group visits apart."""
    visits = _alone(first, last).order_by("clinician_id", "starts_at", "pk")
    before: Appointment | None = None
    for visit in visits:
        if (
            before is not None
            and before.clinician_id == visit.clinician_id
            and _end(before) > visit.starts_at
        ):
            minutes = int((min(_end(before), _end(visit)) - visit.starts_at).total_seconds()) // 60
            words = f"{minutes} minutes overlap with the visit of {before.patient.list_name}."
            yield _of_visit("overlap", visit, words)
        if before is None or before.clinician_id != visit.clinician_id or _end(visit) > _end(before):
            before = visit


def _days_too_long(first: date, last: date) -> Iterator[Doubt]:
    """The visits of one clinician on one day come to 24 hours at most, group visits apart; one doubt a day."""
    visits = _alone(first, last).order_by("service_date", "clinician_id", "starts_at", "pk")
    for _, rows in groupby(visits, key=lambda visit: (visit.service_date, visit.clinician_id)):
        day = list(rows)
        minutes = sum(visit.minutes for visit in day)
        if minutes > DAY_MINUTES:
            words = f"{len(day)} visits of this day come to {minutes} minutes; a day has {DAY_MINUTES}."
            yield _of_visit("day", day[-1], words)


def _alone(first: date, last: date) -> QuerySet[Appointment]:
    """Visits that took place and need their clinician alone: no group service stands on them."""
    in_group = VisitLine.objects.filter(
        appointment=OuterRef("pk"), clinic=OuterRef("clinic"), service__kind="group"
    )
    rows = Appointment.objects.filter(~Exists(in_group), service_date__range=(first, last), state__in=SEEN)
    return rows.select_related("clinician", "patient")


def _changed_since(first: date, last: date) -> Iterator[Doubt]:
    """Codes, modifiers, units or diagnoses of a claim that left differ from what was checked out."""
    claims = (
        _live(first, last)
        .exclude(state__in=UNSENT)
        .filter(frequency__in=("1", "7"))
        .select_related("appointment")
        .prefetch_related("lines__charge")
    )
    for claim in claims:
        changes = [*_line_changes(claim.lines.all())]
        told = [code.replace(".", "") for code in claim.document.get("diagnoses", [])]
        if told and told != [code.replace(".", "") for code in claim.appointment.diagnoses][: len(told)]:
            changes.append("diagnoses")
        if changes:
            words = (
                f"Version {claim.version} differs from the visit as it was checked out: {', '.join(changes)}."
            )
            yield Doubt(
                "changed",
                claim.service_from,
                claim.patient_name,
                claim.clinician_name,
                words,
                claim.appointment.public_id,
                claim.public_id,
            )


def _line_changes(lines: Iterable[ClaimLine]) -> Iterator[str]:
    for line in lines:
        charge = line.charge
        for name, ours, theirs in (
            ("code", charge.procedure_code, line.procedure_code),
            ("modifiers", list(charge.modifiers), list(line.modifiers)),
            ("units", charge.units, line.units),
        ):
            if ours != theirs:
                yield f"{name} of line {line.line_no}"


def _live(first: date, last: date) -> QuerySet[Claim]:
    return Claim.objects.filter(service_from__range=(first, last)).exclude(state__in=DEAD_STATES)


def _of_visit(kind: str, visit: Appointment, words: str) -> Doubt:
    return Doubt(
        kind, visit.service_date, visit.patient.list_name, str(visit.clinician), words, visit.public_id
    )


def _end(visit: Appointment) -> Any:
    return visit.starts_at + timedelta(minutes=visit.minutes)


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"
