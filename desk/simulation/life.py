"""A clinic's days: visits, check-outs with money over the counter, claims, Bulk Submit, answers, second tries.

Every step is one the pages or the workers do, by the same functions. A step whose process died is simply done
again, as a person would: press again, or let the sweep find it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import cycle
from random import Random
from zoneinfo import ZoneInfo

from django.utils import timezone

from appointments import booking, visits
from appointments.visits import LineData
from billing import checkout
from billing.models import Invoice
from billing.payments import Payment
from claims import corrections, queue, submitting
from claims.models import Claim
from clinics.scoping import open_clinic
from desk.demo.clock import moment
from desk.demo.people import DemoPatient
from desk.demo.world import DemoClinic
from desk.simulation.auditor import Auditor
from desk.simulation.deaths import Reaper
from desk.simulation.partner import Partner
from responses.tasks import collect_all
from work import outbox
from work.models import Outbox

HANDED = (Decimal("0.00"), Decimal("0.00"), Decimal("25.00"), Decimal("40.00"))
SUNDAY = 6
VERSIONS = 3  # then a rejected claim is left to a person
LEASE = timedelta(seconds=60)  # longer than a dead worker's lease


@dataclass
class ClinicLife:
    """One clinic, its clock and everybody around it."""

    demo: DemoClinic
    people: list[DemoPatient]
    partner: Partner
    auditor: Auditor
    reaper: Reaper
    random: Random

    def __post_init__(self) -> None:
        self._in_turn = cycle(self.people)

    def day(self, day: date) -> None:
        """One day: patients in the morning and after, the partner all day, the biller in the evening."""
        if day.weekday() != SUNDAY:
            for number in range(self.random.randint(2, 5)):
                self._visit(next(self._in_turn), self._at(day, 8 + number, 20))
        if day.weekday() != SUNDAY:
            self._bill(self._at(day, 17))
        for hour, minute in ((18, 0), (18, 12), (23, 0), (23, 12)):
            self.mail(self._at(day, hour, minute))

    def mail(self, at: datetime) -> None:
        """The partner works, then we collect and do what is promised."""
        self.partner.work(at)
        with moment(at):
            collect_all()
        self._drain(at)

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing is promised or on its way."""
        waiting = Outbox.objects.filter(clinic_id=self.demo.clinic.pk, state__in=("pending", "running"))
        return self.partner.is_done and not waiting.exists()

    def _visit(self, person: DemoPatient, at: datetime) -> None:
        """From the door to the claim. What is charged and handed over, the auditor hears from us."""
        name, _, codes = self.random.choice(self.demo.facts.types)
        clinician = self.random.choice(self.demo.clinicians)
        handed, onset = self.random.choice(HANDED), at.date() - timedelta(days=self.random.randint(5, 20))
        with self._desk(at):
            row = booking.book(
                person.patient,
                location=self.demo.location,
                clinician=clinician,
                appointment_type=self.demo.types[name],
                starts_at=at,
                at=at,
            ).appointment

        def treat() -> None:
            with self._desk(at):
                visits.arrive(row.public_id, at=at)
                dx = self.demo.facts.diagnoses[:2]
                lines = [LineData(service=self.demo.services[code], pointers=(1, 2)) for code in codes]
                visits.set_line_items(row.public_id, lines, [code for code, _ in dx], dict(dx))
                visits.set_treatment(row.public_id, {"onset_on": onset, "initial_treatment_on": onset})
                visits.confirm_lines(row.public_id)
                visits.complete(row.public_id)

        def leave() -> None:
            with self._desk(at + timedelta(minutes=35)) as now:
                payments = [Payment(self.demo.methods["Cash"], handed, "copay")] if handed else []
                checkout.check_out(row.public_id, payments, at=now)

        def claim() -> None:
            with self._desk(at + timedelta(minutes=36)):
                invoice = Invoice.objects.filter(appointment=row).exclude(state="void").get()
                if person.payer_ids and not Claim.objects.filter(invoice=invoice).exists():
                    queue.make_ready_or_queue(invoice, at.date())

        for step in (treat, leave, claim):
            self._again(step)
        prices = {code: Decimal(price) for code, _, price in self.demo.facts.services}
        self.auditor.note_visit(
            row.public_id, [prices[code] for code in codes], handed, bool(person.payer_ids)
        )

    def _bill(self, at: datetime) -> None:
        """Mend what was rejected, submit what is ready."""

        def mend() -> None:
            with self._office(at):
                for rejected in Claim.objects.filter(state="rejected", version__lt=VERSIONS).order_by("pk"):
                    made = corrections.duplicate(rejected, "1", "sent again", today=at.date())
                    queue.check(made, at.date())

        def submit() -> None:
            with self._office(at):
                ready = Claim.objects.filter(state="ready")
                if submitting.preview(ready, at.date()).count:
                    submitting.start(ready, at.date(), {"filter": "all ready"}, ticked=True)

        self._again(mend)
        self._again(submit)
        self._drain(at)

    def _drain(self, at: datetime) -> None:
        """Do what this clinic was promised until nothing is due; the dead one's lease has to run out first."""
        while True:
            with moment(at):
                keys = self._due(at)
                if not keys:
                    return
                for key in keys:
                    if not self.reaper.visit(lambda key=key: outbox.run(key)):  # type: ignore[misc]
                        at += LEASE

    def _due(self, at: datetime) -> list[int]:
        rows = Outbox.objects.filter(
            clinic_id=self.demo.clinic.pk, state__in=("pending", "running"), due_at__lte=at
        ).exclude(leased_until__gt=at)
        return list(rows.order_by("due_at", "pk").values_list("pk", flat=True))

    def _again(self, step: Callable[[], object]) -> None:
        """A person whose screen went dead does it once more."""
        if not self.reaper.visit(step):
            step()

    def _at(self, day: date, hour: int, minute: int = 0) -> datetime:
        return datetime.combine(day, time(hour, minute), tzinfo=ZoneInfo(self.demo.location.time_zone))

    @contextmanager
    def _desk(self, at: datetime) -> Iterator[datetime]:
        with moment(at), open_clinic(self.demo.clinic.pk, actor=f"frontdesk@{self.demo.facts.slug}.example"):
            yield timezone.now()

    @contextmanager
    def _office(self, at: datetime) -> Iterator[datetime]:
        with moment(at), open_clinic(self.demo.clinic.pk, actor=f"biller@{self.demo.facts.slug}.example"):
            yield timezone.now()
