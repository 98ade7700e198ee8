"""Clinic days of the demo: book, arrive, treat, check out, claim, as the front desk does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from zoneinfo import ZoneInfo

from appointments import booking, visits
from appointments.models import Appointment
from appointments.visits import LineData
from billing import checkout
from billing.models import Invoice
from billing.payments import Payment
from claims import queue
from clinics.scoping import open_clinic
from desk.demo.clock import moment
from desk.demo.people import DemoPatient
from desk.demo.world import DemoClinic
from lib.money import ZERO

HOURS = (time(8, 20), time(9, 40), time(11, 0), time(14, 20))
DESK = "frontdesk@{slug}.example"


def at_clinic(demo: DemoClinic, day: date, clock: time) -> datetime:
    """A moment at the clinic."""
    return datetime.combine(day, clock, tzinfo=ZoneInfo(demo.location.time_zone))


def past_day(demo: DemoClinic, people: Iterator[DemoPatient], day: date, random: Random) -> None:
    """A finished day: every visit is checked out and its claim made. People come in turn, so nobody is left out."""
    for clock, person in zip(HOURS[: random.choice((1, 2, 2))], people, strict=False):
        start = at_clinic(demo, day, clock)
        with moment(start), open_clinic(demo.clinic.pk, actor=DESK.format(slug=demo.facts.slug)):
            visit = treat(demo, person, start, random)
        with (
            moment(start + timedelta(minutes=35)) as now,
            open_clinic(demo.clinic.pk, actor=DESK.format(slug=demo.facts.slug)),
        ):
            leave(demo, visit, now, random)


def treat(
    demo: DemoClinic, person: DemoPatient, start: datetime, random: Random, *, until: str = "complete"
) -> Appointment:
    """Book and bring a visit as far as ``until``: scheduled, arrived or complete."""
    name, _, codes = random.choice(demo.facts.types)
    row = booking.book(
        person.patient,
        location=demo.location,
        clinician=random.choice(demo.clinicians),
        appointment_type=demo.types[name],
        starts_at=start,
        at=start,
    ).appointment
    if until == "scheduled":
        return row
    visits.arrive(row.public_id, at=start)
    if until == "arrived":
        return row
    diagnoses = demo.facts.diagnoses[:2]
    visits.set_line_items(
        row.public_id,
        [LineData(service=demo.services[code], pointers=(1, 2)) for code in codes],
        [code for code, _ in diagnoses],
        dict(diagnoses),
    )
    onset = row.service_date - timedelta(days=random.randint(5, 20))
    visits.set_treatment(row.public_id, {"onset_on": onset, "initial_treatment_on": onset})
    visits.confirm_lines(row.public_id)
    return visits.complete(row.public_id).appointment


def leave(demo: DemoClinic, visit: Appointment, now: datetime, random: Random) -> Invoice:
    """Check out with the copay, most of the time paid, and make the claim."""
    preview = checkout.preview(
        Appointment.objects.select_related("patient", "location", "profile").get(pk=visit.pk)
    )
    due = preview.copay_due - preview.credit_used
    handed = []
    if due > ZERO and random.random() < 0.85:
        method = demo.methods[random.choice(("Cash", "Cash", "Check", "Card terminal"))]
        reference = str(random.randint(1000, 9999)) if method.needs_reference else ""
        extra = Decimal("15.00") if random.random() < 0.05 else ZERO
        handed = [Payment(method, due + extra, "copay", reference)]
    result = checkout.check_out(visit.public_id, handed, at=now)
    if preview.visit.payer > ZERO:
        today = visit.service_date
        if random.random() < 0.8 and not [
            f for f in queue.missing(result.invoice, today) if f.severity == "error"
        ]:
            queue.one_click(result.invoice, today)
        else:
            queue.enqueue(result.invoice, today)
    return result.invoice


def this_day(demo: DemoClinic, people: Sequence[DemoPatient], now: datetime, random: Random) -> None:
    """Today as it is when somebody first opens the product: done, here, to check out, to come."""
    stages = (
        "complete",
        "complete",
        "arrived",
        "arrived",
        "scheduled",
        "scheduled",
        "scheduled",
        "scheduled",
    )
    clocks = [time(8 + number // 2, 30 * (number % 2)) for number in range(len(stages))]
    actor = DESK.format(slug=demo.facts.slug)
    for number, (stage, clock) in enumerate(zip(stages, clocks, strict=True)):
        person = people[(number * 5) % len(people)]
        start = at_clinic(demo, now.astimezone(ZoneInfo(demo.location.time_zone)).date(), clock)
        with moment(start), open_clinic(demo.clinic.pk, actor=actor):
            visit = treat(demo, person, start, random, until=stage)
        if number == 0:
            with moment(start + timedelta(minutes=30)) as later, open_clinic(demo.clinic.pk, actor=actor):
                leave(demo, visit, later, random)
