"""Thin edges to the worker: collect what partners put out, take files, roll balances over, run timers."""

from __future__ import annotations

import logging

from celery import shared_task
from django.db import DatabaseError, connection
from django.urls import reverse
from django.utils import timezone

from clearinghouses import collecting, hooks
from clearinghouses.errors import NotReachable
from clearinghouses.models import Connection, InboundFile
from clinics.calendar import clinic_day
from clinics.errors import Refusal
from clinics.models import Clinic
from clinics.scoping import open_clinic
from responses import coordination, inbox
from responses.closing import BLOCK, ROLLOVER, ROLLOVER_BLOCK, promise_alone
from responses.enums import PostingState
from work import jobs, outbox
from work.models import Job, Outbox

COLLECT = "responses.collect"
ACTOR = "responses"
OVER = (Outbox.State.DONE, Outbox.State.DEAD)
logger = logging.getLogger("cleanclaim.responses")


@shared_task(name="responses.tasks.collect_all")
def collect_all() -> int:
    """Promise a collection for each active connection of each clinic that has none under way."""
    promised = 0
    for clinic_id in Clinic.objects.order_by("pk").values_list("pk", flat=True):
        with open_clinic(clinic_id, actor=ACTOR):
            for connection_id in Connection.objects.filter(is_active=True).values_list("pk", flat=True):
                promised += _promise_collection(clinic_id, connection_id)
    return promised


def _promise_collection(clinic_id: int, connection_id: int) -> int:
    """One row a connection, armed again when its last round is over: polling leaves no heap of rows behind."""
    key = f"{COLLECT}:{connection_id}"
    if outbox.again(clinic_id, key, OVER):
        return 1
    if Outbox.objects.filter(clinic_id=clinic_id, key=key).exists():
        return 0
    outbox.promise(COLLECT, clinic_id, connection_id, key=key)
    return 1


@shared_task(name="responses.tasks.run_timers")
def run_timers() -> int:
    """Crossover timers of every clinic."""
    moved = 0
    for clinic_id in Clinic.objects.order_by("pk").values_list("pk", flat=True):
        with open_clinic(clinic_id, actor=ACTOR):
            moved += coordination.run_timers(clinic_day(timezone.now()))
    return moved


@outbox.handles(COLLECT)
def collect(clinic_id: int, connection_id: int) -> None:
    """Fetch new files of one connection; each is promised to ``take`` in the transaction that stores it."""
    try:
        collecting.collect(connection_id, clinic_id, at=timezone.now())
    except NotReachable as error:
        logger.warning("connection %s: %s", connection_id, error.code)


def say_given_up(clinic_id: int, inbound_id: int) -> None:
    """The worker itself ended three times: the job's page must not say that it is still at it."""
    with open_clinic(clinic_id, actor=ACTOR):
        _tell_trouble(clinic_id, inbound_id)


@outbox.handles(inbox.TAKE, given_up=say_given_up)
def take(clinic_id: int, inbound_id: int) -> None:
    """Read one stored file and hand it on, all in one transaction; its job, if it has one, shows how far it is.

    Files of one clinic take turns: a 277CA and an 835 about one claim would otherwise race for its state.
    """
    try:
        with open_clinic(clinic_id, actor=ACTOR):
            _take(inbound_id)
    except Exception:
        with open_clinic(clinic_id, actor=ACTOR):
            _tell_trouble(clinic_id, inbound_id)
        raise


def _take(inbound_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '120s'")  # the file before may be large
    jobs.allow_time()
    list(Connection.objects.select_for_update(no_key=True).order_by("pk"))
    inbound = InboundFile.objects.select_for_update(of=("self",)).select_related("stored").get(pk=inbound_id)
    if inbound.state != InboundFile.State.RECEIVED:
        return
    job = _job_of(inbound_id)
    if job is None:
        inbox.take(inbound, at=timezone.now())
        return
    with jobs.live(job) as told:
        found = inbox.take(inbound, at=timezone.now(), told=told)
    rows = [row for taken in found.remittances for row in taken.responses]
    aside = sum(row.state == PostingState.EXCEPTION for row in rows)
    jobs.finish(
        job, result={"claims": len(rows), "waiting": aside}, done=job.total, errors=aside,
        url=reverse("responses:remittances"),
    )  # fmt: skip


def _job_of(inbound_id: int) -> Job | None:
    return Job.objects.filter(kind=inbox.TAKE, params__inbound=inbound_id, finished_at__isnull=True).first()


def _tell_trouble(clinic_id: int, inbound_id: int) -> None:
    """The job's page says that the work is tried again, or that it has stopped for good."""
    job = _job_of(inbound_id)
    row = Outbox.objects.filter(clinic_id=clinic_id, kind=inbox.TAKE, subject_id=inbound_id).first()
    if job is None or row is None:
        return
    if row.attempts >= outbox.MAX_ATTEMPTS:
        jobs.finish(job, result={}, done=0, failed=True)
        words = "Stopped after three attempts; nothing was posted. Upload it again or tell the administrator."
    else:
        words = "Something went wrong; it is tried again by itself."
    Job.objects.filter(pk=job.pk).update(message=words)


@outbox.handles(ROLLOVER)
def roll_over(clinic_id: int, response_id: int) -> None:
    """Balance rollover after one posting."""
    with open_clinic(clinic_id, actor=ACTOR):
        coordination.roll_over(response_id, at=timezone.now())


@outbox.handles(ROLLOVER_BLOCK)
def roll_over_block(clinic_id: int, first_id: int) -> None:
    """Balance rollover after a remittance, a block at a time; where one claim stands in the way, one by one."""
    try:
        with open_clinic(clinic_id, actor=ACTOR):
            jobs.allow_time()
            coordination.roll_over_block(first_id, BLOCK, at=timezone.now())
    except (Refusal, DatabaseError, AssertionError, LookupError) as error:
        logger.warning("rollover of a block: %s", type(error).__name__)
        with open_clinic(clinic_id, actor=ACTOR):
            for response in coordination.block_of(first_id, BLOCK).only("txn_key", "public_id", "clinic_id"):
                promise_alone(response)


@hooks.when_received
def promise_take(inbound: InboundFile) -> None:
    """A new file is stored: promise to take it. Uploads and commands take it themselves at once."""
    if inbound.source == "collected":
        outbox.promise(inbox.TAKE, inbound.clinic_id, inbound.pk, key=f"{inbox.TAKE}:{inbound.pk}")
