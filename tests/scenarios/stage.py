"""A clinic's days as a story tells them: everything through the work functions, in real transactions.

The clearinghouse is the sandbox's own code, asked directly; its files come in as collected ones and are
taken by the outbox's handlers, as the worker would do it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from appointments import booking, visits
from appointments.models import Appointment, AppointmentType, Service
from appointments.visits import LineData
from billing import balances, checkout, verification
from billing.balances import LineBalance
from billing.checkout import CheckoutResult
from billing.models import Invoice
from billing.payments import Payment
from claims import submitting
from claims.models import Claim
from clearinghouses import inbound
from clearinghouses.models import InboundFile, OutboundFile
from clearinghouses.sandbox.answering import answer
from clearinghouses.sandbox.memory import Memory
from clinics import settings as house
from desk.demo.clock import moment
from insurance import policies, profile_edits
from insurance.models import InsuranceProfile, Payer, Policy
from insurance.profile_edits import LayerSpec
from patients.models import Patient
from patients.registration import register
from tests.cast import World
from work import outbox
from work.models import Job, Outbox

DIAGNOSES = {"M9903": "Lumbar dysfunction", "M5450": "Low back pain"}
ONSET = date(2026, 2, 27)
PERSON: dict[str, Any] = {
    "sex": "F", "birth_date": date(1980, 5, 17), "phone": "2175550123", "street": "12 Oak Lane",
    "city": "Springfield", "state": "IL", "zip_code": "627021234", "reason": "Back pain",
}  # fmt: skip


class Story:
    """One clinic and its mailbox with the clearinghouse."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.memory = Memory(account=world.clinic.slug)
        self.answered: set[int] = set()

    def at(self, day: date, hour: int = 10, minute: int = 0) -> datetime:
        """A moment at the clinic."""
        zone = ZoneInfo(self.world.location.time_zone)
        return datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone)

    @contextmanager
    def on(self, day: date, hour: int = 10, minute: int = 0, actor: str = "desk") -> Iterator[datetime]:
        """Live this moment with the clinic open; what is done in here commits at its end."""
        at = self.at(day, hour, minute)
        with moment(at), self.world.open(actor):
            yield at

    def setting(self, name: str, value: str) -> None:
        """An admin sets it for the location."""
        house.change(name, value, self.world.clinic, self.world.location)

    # --- the front desk ---

    def patient(self, first: str, last: str, today: date, **fields: Any) -> Patient:
        """Register; ``fields`` set to None are not known yet."""
        values = {**PERSON, "first_name": first, "last_name": last, **fields}
        known = {name: value for name, value in values.items() if value is not None}
        return register(known, today=today, allow_duplicate=True)

    def card(self, patient: Patient, payer: Payer, member: str, today: date, **fields: Any) -> Policy:
        """The patient's own card of an insurer."""
        values = {
            "payer": payer, "plan": payer.plans.first(), "member_id": member, "relationship": "18",
            "effective_on": date(2025, 1, 1), **fields,
        }  # fmt: skip
        return policies.add_policy(patient, values, today=today)

    def profile(self, patient: Patient, *cards: Policy, **fields: Any) -> InsuranceProfile:
        """A profile with the cards in order of responsibility."""
        name = " + ".join(card.payer.name for card in cards)
        return profile_edits.create_profile(
            patient, name=name, layers=[LayerSpec(card) for card in cards], **fields
        )

    def insured(self, first: str, last: str, member: str, *payers: Payer, today: date) -> Patient:
        """Registered, with one card an insurer; the first card carries the member id that matters."""
        patient = self.patient(first, last, today)
        cards = [
            self.card(patient, payer, member if place == 0 else f"{member}{place}", today)
            for place, payer in enumerate(payers)
        ]
        self.profile(patient, *cards)
        return patient

    def book(self, patient: Patient, at: datetime, **fields: Any) -> Appointment:
        """A visit of the usual type."""
        kind: AppointmentType = fields.pop("appointment_type", self.world.visit_type)
        return booking.book(
            patient, location=self.world.location, clinician=self.world.clinician, appointment_type=kind,
            starts_at=at, at=at, **fields,
        ).appointment  # fmt: skip

    def treat(
        self, patient: Patient, at: datetime, *services: Service, onset: date = ONSET, **fields: Any
    ) -> Appointment:
        """Book, arrive, fill both tabs, complete."""
        visit = self.book(patient, at, **fields)
        visits.arrive(visit.public_id, at=at)
        lines = [
            LineData(service=service, pointers=(1, 2)) for service in services or (self.world.adjustment,)
        ]
        visits.set_line_items(visit.public_id, lines, list(DIAGNOSES), DIAGNOSES)
        visits.set_treatment(visit.public_id, {"onset_on": onset})
        return visits.complete(visit.public_id).appointment

    def check_out(
        self, visit: Appointment, at: datetime, cash: str = "", memo: str = "copay"
    ) -> CheckoutResult:
        """Check out, with cash or without."""
        handed = [Payment(self.world.cash, Decimal(cash), memo)] if cash else []
        return checkout.check_out(visit.public_id, handed, at=at)

    # --- the biller and the clearinghouse ---

    def submit_all(self, day: date, hour: int = 17) -> Job:
        """Bulk Submit whatever is ready, and let the worker do it."""
        at = self.at(day, hour)
        with moment(at):
            with self.world.open("biller"):
                job = submitting.start(
                    Claim.objects.filter(state="ready"), day, {"filter": "tab=ready"}, ticked=True
                )
            drain()
        return job

    def answers(self, day: date, hour: int = 18) -> list[str]:
        """Whatever the clearinghouse and the payers say to the files delivered since; the names of the files."""
        at = self.at(day, hour)
        with self.world.open("clearinghouse"):
            rows = OutboundFile.objects.filter(state="delivered").exclude(pk__in=self.answered)
            files = {row.pk: bytes(row.stored.content) for row in rows.order_by("pk")}
        names = []
        for key, content in files.items():
            self.answered.add(key)
            for made in answer(content, self.memory, at):
                self.mail(made.content, at + timedelta(minutes=made.delays), made.name)
                names.append(made.name)
        return names

    def mail(self, content: bytes, at: datetime, name: str = "era.835") -> InboundFile:
        """A file is collected and taken by the worker."""
        with moment(at):
            with self.world.open("collector"):
                row, _ = inbound.receive(content, name, "collected", self.world.connection)
            drain()
        with self.world.open("reader"):
            return InboundFile.objects.get(pk=row.pk)


def drain() -> None:
    """Do what was promised and is due, as the worker would; nothing of it may fail."""
    while due := outbox.due_ids():
        for key in due:
            outbox.run(key)
    assert not list(Outbox.objects.exclude(error="").values_list("kind", "error"))


def money(invoice: Invoice) -> LineBalance:
    """Where the money of a visit is; every line whole (I-3)."""
    lines = balances.lines(invoice.charges.values_list("pk", flat=True))
    assert all(line.is_whole for line in lines.values())
    return balances.sum_lines(lines.values())


def wrong() -> dict[str, tuple[str, ...]]:
    """What the books' proof finds in the open clinic: nothing, always."""
    return {name: tuple(found.samples) for name, found in verification.run().items() if found.violations}
