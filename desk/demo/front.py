"""What a front desk has to do with beside the plain visit: a no-show, a late cancel, no codes, a product, a series."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from appointments import booking, catalogue, visits
from appointments.enums import AppointmentState
from appointments.models import Appointment
from billing import one_offs, payments, transition_batches
from billing.payments import Payment
from clinics.scoping import open_clinic
from desk.demo import days
from desk.demo.clock import moment
from desk.demo.people import DemoPatient
from desk.demo.world import DemoClinic

MISSED = (
    ("No-show, charged", AppointmentState.NO_SHOW, "50.00"),
    ("Late cancel, charged", AppointmentState.LATE_CANCEL, "25.00"),
)
PRODUCT = one_offs.Item("Cold pack", 2, Decimal("8.50"))


def leave_odds(demo: DemoClinic, cast: Sequence[DemoPatient], now: datetime, today: date) -> None:
    """One of each, yesterday and today; nothing of it is a claim."""
    people = list(reversed(cast))  # whoever the plain days come to last
    yesterday = today - timedelta(days=1)
    actor = days.DESK.format(slug=demo.facts.slug)
    for number, (name, state, fee) in enumerate(MISSED):
        start = days.at_clinic(demo, yesterday, time(15, 15 * number))
        with moment(start) as at, open_clinic(demo.clinic.pk, actor=actor):
            catalogue.save_status(name, state, transition=True, cancellation_fee=Decimal(fee))
            booking.cancel(_book(demo, people[number], start), state, at=at, status=name)
    start = days.at_clinic(demo, yesterday, time(16, 0))
    with moment(start), open_clinic(demo.clinic.pk, actor=actor):
        uncoded = _book(demo, people[2], start).public_id
        visits.arrive(uncoded, at=start)
        visits.set_line_items(uncoded, [], [], {})
        visits.complete(uncoded)
        transition_batches.try_visit(uncoded, at=start + timedelta(hours=1))
    with moment(now - timedelta(minutes=30)) as at, open_clinic(demo.clinic.pk, actor=actor):
        buyer = people[3].patient
        sold = one_offs.issue(buyer, [PRODUCT], location=demo.location, at=at, today=today)
        cash = Payment(demo.methods["Cash"], Decimal("10.00"), "cold packs")
        payments.take(buyer, cash, list(sold.charges.all()), location=demo.location, today=today)
        first = _book(demo, people[4], days.at_clinic(demo, today + timedelta(days=1), time(9, 0)))
        booking.repeat(first, every_weeks=1, times=6, at=at)


def _book(demo: DemoClinic, person: DemoPatient, start: datetime) -> Appointment:
    name, _, _ = demo.facts.types[0]
    return booking.book(
        person.patient, location=demo.location, clinician=demo.clinicians[0], appointment_type=demo.types[name],
        starts_at=start, at=start,
    ).appointment  # fmt: skip
