"""What a biller left on the desk: a claim in every state, each brought there by the house's own functions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from random import Random

from claims import corrections, queue
from claims.models import Claim
from clearinghouses.models import Connection
from clinics.scoping import open_clinic
from desk.demo import days
from desk.demo.clock import moment
from desk.demo.mail import Post
from desk.demo.people import DemoPatient
from desk.demo.world import DemoClinic

# Days back, clock, scenario of desk/demo/catalogue.py: sent on by Medicare, rejected twice, paid in full.
ANSWERED = (
    (6, time(16, 0), "XOVER"),
    (6, time(16, 30), "REJ277"),
    (5, time(16, 30), "REJ277"),
    (6, time(17, 0), "PAID"),
)
WAITING = ((5, time(17, 0), "TAKEBACK"), (5, time(17, 30), "DENY197"), (5, time(18, 0), "REVERSE"))
MISTYPED = "../inbound"


def leave_work(demo: DemoClinic, post: Post, cast: Sequence[DemoPatient], now: datetime, today: date) -> None:
    """Bring claims into the states that a day leaves behind; statements wait to be sent by a person."""
    _last_week(demo, post, cast, today)
    with moment(now - timedelta(hours=20)) as evening:
        _send_some(demo, post, evening)
    _refused(demo, post, now - timedelta(hours=3))
    with (
        moment(now - timedelta(hours=2)),
        open_clinic(demo.clinic.pk, actor=f"biller@{demo.facts.slug}.example"),
    ):
        waiting = list(Claim.objects.filter(state="new").order_by("service_from", "pk")[:2])
        if waiting:
            queue.hold(waiting[0], "Waiting for the referral letter", today + timedelta(days=5))
        if len(waiting) > 1:
            queue.discard(waiting[1], "Billed to the wrong profile")
        rejected = list(Claim.objects.filter(state="rejected").order_by("pk")[:2])
        if len(rejected) > 1:  # the other one waits for somebody to mend it
            corrections.duplicate(rejected[0], "1", "Member number corrected", today=today)
        paid = Claim.objects.filter(state="closed", frequency="1", payer__accepts_frequency_7_8=True, rank=1)
        wrong = paid.exclude(payer_claim_number="").order_by("-service_from", "pk").first()
        if wrong is not None:
            corrections.duplicate(wrong, "8", "The patient was never here that day", today=today)


def _send_some(demo: DemoClinic, post: Post, at: datetime) -> None:
    """Yesterday evening's batch: delivered, and not answered yet."""
    with open_clinic(demo.clinic.pk, actor="demo"):
        oldest = list(
            Claim.objects.filter(state="ready")
            .order_by("service_from", "pk")
            .values_list("pk", flat=True)[:2]
        )
    post.submit(at, only=oldest)


def _last_week(demo: DemoClinic, post: Post, cast: Sequence[DemoPatient], today: date) -> None:
    """Visits out of turn: four whose answers are here already, and three whose claims wait to be submitted."""
    random = Random(f"last week {demo.facts.slug}")  # noqa: S311 - invented visits, not secrets
    by_scenario = {item.scenario: item for item in reversed(cast)}
    made = [
        [
            _visit(
                demo, by_scenario[scenario], days.at_clinic(demo, today - timedelta(days=back), clock), random
            )
            for back, clock, scenario in plan
            if scenario in by_scenario
        ]
        for plan in (ANSWERED, WAITING)
    ]
    evening = days.at_clinic(demo, today - timedelta(days=5), time(19, 0))
    post.submit(evening, only=made[0])
    post.receive(evening, up_to=3.0)


def _visit(demo: DemoClinic, person: DemoPatient, start: datetime, random: Random) -> int:
    """One visit from booking to check-out; the key of its claim, ready to go."""
    actor = days.DESK.format(slug=demo.facts.slug)
    with moment(start), open_clinic(demo.clinic.pk, actor=actor):
        visit = days.treat(demo, person, start, random)
    with moment(start + timedelta(minutes=20)) as later, open_clinic(demo.clinic.pk, actor=actor):
        invoice = days.leave(demo, visit, later, random)
        claim = Claim.objects.get(invoice=invoice, rank=1)
        queue.settle(claim, queue.check(claim, visit.service_date), "Reviewed: nothing is missing")
        return claim.pk


def _refused(demo: DemoClinic, post: Post, at: datetime) -> None:
    """A batch that could not be put: somebody had mistyped the folder. It is mended; a person sends it again."""
    with open_clinic(demo.clinic.pk, actor="demo"):
        rows = Claim.objects.filter(state="ready").order_by("service_from", "pk")
        next_ones = list(rows.values_list("pk", flat=True)[:2])
        folder = demo.connection.outbound_folder
        Connection.objects.filter(pk=demo.connection.pk).update(outbound_folder=MISTYPED)
    post.submit(at, only=next_ones)
    with open_clinic(demo.clinic.pk, actor="demo"):
        Connection.objects.filter(pk=demo.connection.pk).update(outbound_folder=folder)
