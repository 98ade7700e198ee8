"""Thin edges to the worker: carry questions, look for lost ones, ask in the evening about tomorrow."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from celery import shared_task
from django.utils import timezone

from clearinghouses import sending
from clinics.models import Clinic, Location
from clinics.scoping import open_clinic
from clinics.settings import value_of
from insurance import eligibility
from insurance.settings import AHEAD
from lib.dates import local_day, local_hour
from work import periods
from work.models import Job
from work.outbox import handles

ACTOR = "eligibility"
EVENING = 17  # o'clock at the location
PERIOD = "insurance.evening"


@handles(eligibility.BATCH)
def ask_about_a_day(clinic_id: int, job_id: int) -> None:
    """Write a batch's files, once."""
    with open_clinic(clinic_id, actor=ACTOR):
        job = Job.objects.select_for_update(of=("self",)).get(pk=job_id)
        if job.finished_at is None:
            eligibility.work_batch(job, today=_today(), at=timezone.now())


@handles(eligibility.SEND)
def send(clinic_id: int, file_id: int) -> None:
    """Carry a file of questions and settle what came of it."""
    outcome = sending.carry(file_id, clinic_id)
    with open_clinic(clinic_id, actor=ACTOR):
        eligibility.settle(file_id, outcome)


@handles(eligibility.LOOK)
def look(clinic_id: int, file_id: int) -> None:
    """Look at the far side for a file whose fate is unknown."""
    outcome = sending.look(file_id, clinic_id)
    with open_clinic(clinic_id, actor=ACTOR):
        eligibility.settle(file_id, outcome)


@shared_task(name="insurance.tasks.evening")
def evening() -> int:
    """For each clinic that wants it: tomorrow's questions, once a day; and old questions are given up.

    Returns how many batches were started. A clinic whose evening was taken already is left alone, also
    where the button was pressed before: what is known or asked is left out by the batch itself.
    """
    started = 0
    now = timezone.now()
    for clinic_id in Clinic.objects.order_by("pk").values_list("pk", flat=True):
        with open_clinic(clinic_id, actor=ACTOR):
            eligibility.give_up(now)
            place = _who_wants_it(now)
            if place is None:
                continue
            tomorrow = local_day(now, place.time_zone) + timedelta(days=1)
            if periods.take(PERIOD, f"{clinic_id}:{tomorrow.isoformat()}"):
                eligibility.start_batch(tomorrow)
                started += 1
    return started


def _who_wants_it(now: datetime) -> Location | None:
    """The first location where it is evening and the setting is on; the batch is the whole clinic's."""
    places = Location.objects.filter(is_active=True).select_related("clinic").order_by("pk")
    return next(
        (place for place in places if local_hour(now, place.time_zone) >= EVENING and value_of(AHEAD, place)),
        None,
    )


def _today() -> date:
    zone = Location.objects.order_by("pk").values_list("time_zone", flat=True).first()
    return local_day(timezone.now(), zone or "America/Chicago")
