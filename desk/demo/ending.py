"""What a biller left on the desk: a claim on hold, one given up, one mended and sent again, some on their way."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from claims import corrections, queue
from claims.models import Claim
from clinics.scoping import open_clinic
from desk.demo.clock import moment
from desk.demo.mail import Post
from desk.demo.world import DemoClinic


def leave_work(demo: DemoClinic, post: Post, now: datetime, today: date) -> None:
    """Bring claims into the states that a day leaves behind; statements wait to be sent by a person."""
    with moment(now - timedelta(hours=20)) as evening:
        _send_some(demo, post, evening)
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


def _send_some(demo: DemoClinic, post: Post, at: datetime) -> None:
    """Yesterday evening's batch: delivered, and not answered yet."""
    with open_clinic(demo.clinic.pk, actor="demo"):
        oldest = list(
            Claim.objects.filter(state="ready")
            .order_by("service_from", "pk")
            .values_list("pk", flat=True)[:2]
        )
    post.submit(at, only=oldest)
