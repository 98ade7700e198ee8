"""Thin edges to the worker: collect what partners put out, take files, roll balances over, run timers."""

from __future__ import annotations

import logging

from celery import shared_task
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from clearinghouses import collecting, hooks
from clearinghouses.errors import NotReachable
from clearinghouses.models import Connection, InboundFile
from clinics.errors import Refusal
from clinics.models import Clinic
from clinics.scoping import open_clinic
from responses import coordination, inbox
from responses.posting import BLOCK, ROLLOVER, ROLLOVER_BLOCK, clinic_day, promise_alone
from work import outbox
from work.models import Outbox

COLLECT = "responses.collect"
ACTOR = "responses"
OVER = ("done", "dead")
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
    again = Outbox.objects.filter(clinic_id=clinic_id, key=key, state__in=OVER).update(
        state=Outbox.State.PENDING,
        attempts=0,
        due_at=timezone.now(),
        leased_until=None,
        finished_at=None,
        error="",
    )
    if again:
        transaction.on_commit(lambda: outbox.wake(clinic_id, key))
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


@outbox.handles(inbox.TAKE)
def take(clinic_id: int, inbound_id: int) -> None:
    """Read one stored file and hand it on, all in one transaction.

    Files of one clinic take turns: a 277CA and an 835 about one claim would otherwise race for its state.
    """
    with open_clinic(clinic_id, actor=ACTOR):
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '120s'")  # the file before may be large
        list(Connection.objects.select_for_update(no_key=True).order_by("pk"))
        inbound = (
            InboundFile.objects.select_for_update(of=("self",)).select_related("stored").get(pk=inbound_id)
        )
        if inbound.state == InboundFile.State.RECEIVED:
            inbox.take(inbound, at=timezone.now())


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
