"""Thin edges to the worker: the handlers of the promises this room makes (work/outbox.py).

Each opens its own scope, does one piece of work that is safe to repeat, and leaves the network outside
every transaction.
"""

from __future__ import annotations

import logging

from celery import shared_task
from django.db import OperationalError, connection, transaction
from django.utils import timezone
from psycopg2.errors import LockNotAvailable

from claims import acknowledgements, delivery, inquiries, queue, rechecks, second_opinion, submitting
from claims.enums import BatchState
from claims.models import Batch
from clearinghouses import sending
from clearinghouses.transport import Refused
from clinics.calendar import clinic_day
from clinics.models import Clinic, Location
from clinics.scoping import open_clinic
from clinics.settings import value_of
from work import jobs
from work.models import Job, Outbox
from work.outbox import MAX_ATTEMPTS, handles

logger = logging.getLogger("cleanclaim.claims")
ACTOR = "claims"


def say_given_up(clinic_id: int, job_id: int) -> None:
    """The worker itself ended three times: the job's page must not say that it is still at it."""
    with open_clinic(clinic_id, actor=ACTOR):
        _tell_trouble(clinic_id, job_id)


@handles(submitting.SUBMIT, given_up=say_given_up)
def submit(clinic_id: int, job_id: int) -> None:
    """Work through a bulk submission, one transaction a chunk; run again it goes on where the rows say."""
    try:
        _submit(clinic_id, job_id)
    except Exception:
        with open_clinic(clinic_id, actor=ACTOR):
            _tell_trouble(clinic_id, job_id)
        raise


@handles(delivery.SEND)
def send(clinic_id: int, batch_id: int) -> None:
    """Carry a batch's file and settle what came of it."""
    with open_clinic(clinic_id, actor=ACTOR):
        batch = Batch.objects.select_related("outbound_file__stored").get(pk=batch_id)
        file_id, state = batch.outbound_file_id, batch.state
        judged = second_opinion.bytes_to_judge(batch)
    if file_id is None or state not in delivery.OPEN:
        return
    objection = second_opinion.judge(judged) if judged is not None else ""
    if objection:
        with open_clinic(clinic_id, actor=ACTOR):
            if sending.hold_back(file_id, objection):
                delivery.settle(delivery.lock(batch_id), Refused(objection), timezone.now())
        return
    outcome = sending.carry(file_id, clinic_id)
    with open_clinic(clinic_id, actor=ACTOR):
        delivery.settle(delivery.lock(batch_id), outcome, timezone.now())


@handles(delivery.LOOK)
def look(clinic_id: int, batch_id: int) -> None:
    """Look at the far side for a batch whose fate is unknown, and for one that was given up as refused."""
    with open_clinic(clinic_id, actor=ACTOR):
        batch = Batch.objects.get(pk=batch_id)
        file_id, state = batch.outbound_file_id, batch.state
    if file_id is not None and state == BatchState.DISSOLVED and sending.is_there(file_id, clinic_id):
        with open_clinic(clinic_id, actor=ACTOR):
            delivery.answered_after_all(delivery.lock(batch_id), "The partner's mailbox shows it")
    if file_id is None or state != BatchState.UNKNOWN:
        return
    outcome = sending.look(file_id, clinic_id)
    with open_clinic(clinic_id, actor=ACTOR):
        delivery.settle(delivery.lock(batch_id), outcome, timezone.now())


@handles(inquiries.SEND)
def send_inquiry(clinic_id: int, file_id: int) -> None:
    """Carry a file of questions (276) and settle what came of it."""
    outcome = sending.carry(file_id, clinic_id)
    with open_clinic(clinic_id, actor=ACTOR):
        inquiries.settle(file_id, outcome)


@handles(inquiries.LOOK)
def look_for_inquiry(clinic_id: int, file_id: int) -> None:
    """Look at the far side for a file of questions whose fate is unknown."""
    outcome = sending.look(file_id, clinic_id)
    with open_clinic(clinic_id, actor=ACTOR):
        inquiries.settle(file_id, outcome)


@shared_task(name="claims.tasks.silence")
def silence() -> int:
    """For each clinic: claims that met silence are asked about; questions nobody answered become a person's."""
    asked = 0
    for clinic_id in Clinic.objects.order_by("pk").values_list("pk", flat=True):
        with open_clinic(clinic_id, actor=ACTOR):
            place = Location.objects.filter(is_active=True).select_related("clinic").order_by("pk").first()
            if place is None:
                continue
            now = timezone.now()
            inquiries.give_up(now)
            days = (value_of("no_acknowledgement_days", place), value_of("no_response_days", place))
            asked += inquiries.follow_silence(now, *days)
    return asked


@handles(rechecks.KIND)
def recheck(clinic_id: int, _: int) -> None:
    """Check a clinic's waiting claims again, a chunk a transaction; run again it does nothing twice."""
    after: int | None = 0
    while after is not None:
        with open_clinic(clinic_id, actor=ACTOR):
            after = queue.recheck(after, clinic_day(timezone.now()))


@shared_task(name="claims.tasks.recheck_all")
def recheck_all() -> None:
    """For each clinic: what changed on cards, payers, plans or the ICD-10-CM releases is seen on waiting claims."""
    for clinic_id in Clinic.objects.order_by("pk").values_list("pk", flat=True):
        recheck(clinic_id, clinic_id)


def _submit(clinic_id: int, job_id: int) -> None:
    """Chunk after chunk; then once more those that somebody held, waiting for them: a colleague may have let go."""
    for wait in (False, True):
        after: int | None = 0
        while after is not None:
            with open_clinic(clinic_id, actor=ACTOR):
                job = Job.objects.get(pk=job_id)
                if job.finished_at is not None:
                    return
                if wait and not submitting.passed_by(job):
                    break
                jobs.allow_time()
                after = _chunk(job, after, wait=wait)
    with open_clinic(clinic_id, actor=ACTOR):
        submitting.finish(Job.objects.get(pk=job_id), clinic_day(timezone.now()))
        acknowledgements.rematch(timezone.now())


def _chunk(job: Job, after: int, *, wait: bool) -> int | None:
    """One chunk of a submission. Who still holds a claim after half a minute keeps it; its reason says so."""
    at = timezone.now()
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            if wait:
                cursor.execute("SET LOCAL lock_timeout = '30s'")
            return submitting.submit_chunk(job, after, at, clinic_day(at), watch=jobs.live, wait=wait)
    except OperationalError as error:
        if not (wait and isinstance(error.__cause__, LockNotAvailable)):
            raise
        return None


def _tell_trouble(clinic_id: int, job_id: int) -> None:
    """The page says that the work is tried again, or that it has stopped for good."""
    row = Outbox.objects.filter(clinic_id=clinic_id, kind=submitting.SUBMIT, subject_id=job_id).first()
    job = Job.objects.get(pk=job_id)
    if row is not None and row.attempts >= MAX_ATTEMPTS:
        jobs.finish(job, result=job.result, done=job.done, errors=job.errors, failed=True)
        Job.objects.filter(pk=job_id).update(
            message="Stopped after three attempts; what was batched is safe. Tell the administrator."
        )
    elif row is not None:
        Job.objects.filter(pk=job_id).update(message="Something went wrong; it is tried again by itself.")
