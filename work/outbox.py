"""Promises of work: written with the business rows, woken on commit, swept when the wake-up is lost.

``promise()`` is called inside the business transaction. A handler is registered once per kind by
the room that does the work, as ``handler(clinic_id, subject_id)``; it opens its own scope and must
be safe to run again (its effect is guarded by its own keys). Attempts are counted in the database
before the work starts, at most three, then the row is a visible dead letter (F-4).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db import connection, transaction
from django.utils import timezone

from work.models import Outbox

Handler = Callable[[int, int], None]
HANDLERS: dict[str, Handler] = {}
GIVEN_UP: dict[str, Handler] = {}
MAX_ATTEMPTS = 3
LEASE_SECONDS = 24  # a killed worker's row is taken again within this time (F-1: done within 30 s)
RENEW_SECONDS = 8  # a living one keeps its lease fresh from a side thread
RETRY_SECONDS = (2, 10, 30)
logger = logging.getLogger("cleanclaim.outbox")


def handles(kind: str, given_up: Handler | None = None) -> Callable[[Handler], Handler]:
    """Register the handler of an outbox kind.

    ``given_up`` is called once when its row dies because the worker itself ended three times: the handler had no
    chance to say so.
    """

    def register(handler: Handler) -> Handler:
        assert kind not in HANDLERS or HANDLERS[kind] is handler, f"two handlers for {kind}"
        HANDLERS[kind] = handler
        if given_up is not None:
            GIVEN_UP[kind] = given_up
        return handler

    return register


def promise(
    kind: str, clinic_id: int | None, subject_id: int, *, key: str = "", delay_seconds: int = 0
) -> None:
    """Write one promise in the current transaction; the same key again is the same promise."""
    assert clinic_id is not None, "work is promised for exactly one clinic"
    assert kind in HANDLERS, f"no handler for outbox kind {kind}"
    due_at = timezone.now() + timedelta(seconds=delay_seconds)
    rows = Outbox.objects.bulk_create(
        [
            Outbox(
                clinic_id=clinic_id,
                kind=kind,
                subject_id=subject_id,
                key=key or f"{kind}:{subject_id}",
                due_at=due_at,
            )
        ],
        ignore_conflicts=True,
    )
    if rows and delay_seconds == 0:
        transaction.on_commit(lambda: wake(clinic_id, key or f"{kind}:{subject_id}"))


def again(clinic_id: int, key: str, states: tuple[str, ...] = (Outbox.State.DEAD,)) -> bool:
    """Arm a promise that is over once more, with all its attempts; False when there is none in ``states``."""
    armed = Outbox.objects.filter(clinic_id=clinic_id, key=key, state__in=states).update(
        state=Outbox.State.PENDING, attempts=0, due_at=timezone.now(), leased_until=None, finished_at=None, error=""
    )  # fmt: skip
    if armed:
        transaction.on_commit(lambda: wake(clinic_id, key))
    return bool(armed)


def wake(clinic_id: int, key: str) -> None:
    """Ring the worker. A broker that is down only means the sweep does it some seconds later."""
    from work.tasks import run_one

    try:
        run_one.apply_async(args=(clinic_id, key), retry=False)
    except Exception as error:  # noqa: BLE001 - any broker trouble: the row is the truth, the bell is a hint
        logger.warning("wake-up not delivered: %s", type(error).__name__)


def run(outbox_id: int) -> bool:
    """Lease one row, count the attempt, do the work. False when the row was not ours to take."""
    row = _lease(outbox_id)
    if row is None:
        return False
    try:
        with _kept_lease(row.pk):
            HANDLERS[row.kind](row.clinic_id, row.subject_id)
    except Exception as error:
        logger.exception("outbox %s %s failed", row.kind, row.pk)
        _set_back(row, f"{type(error).__name__}: {getattr(error, 'code', '')}"[:300])
        return True
    Outbox.objects.filter(pk=row.pk, clinic_id=row.clinic_id).update(
        state=Outbox.State.DONE, finished_at=timezone.now(), leased_until=None, error=""
    )
    return True


def due_ids(limit: int = 50) -> list[int]:
    """Rows whose time has come: pending, or running under a lease that ran out (a killed worker)."""
    now = timezone.now()
    return list(
        Outbox.objects.filter(state__in=["pending", "running"], due_at__lte=now)
        .exclude(leased_until__gt=now)
        .order_by("due_at")
        .values_list("pk", flat=True)[:limit]
    )


def _lease(outbox_id: int) -> Outbox | None:
    """Take the row by one conditional UPDATE; a row at its last attempt's end becomes dead."""
    now = timezone.now()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE work_outbox SET attempts = attempts + 1, state = 'running', leased_until = %s "
            "WHERE id = %s AND state IN ('pending', 'running') AND attempts < %s "
            "AND (leased_until IS NULL OR leased_until <= %s) RETURNING id",
            [now + timedelta(seconds=LEASE_SECONDS), outbox_id, MAX_ATTEMPTS, now],
        )
        if cursor.fetchone() is None:
            cursor.execute(
                "UPDATE work_outbox SET state = 'dead', finished_at = %s, "
                "error = coalesce(nullif(error, ''), 'the worker ended three times during this work') "
                "WHERE id = %s AND state IN ('pending', 'running') AND attempts >= %s "
                "AND (leased_until IS NULL OR leased_until <= %s) RETURNING kind, clinic_id, subject_id",
                [now, outbox_id, MAX_ATTEMPTS, now],
            )
            dead = cursor.fetchone()
            if dead is not None and dead[0] in GIVEN_UP:
                GIVEN_UP[dead[0]](dead[1], dead[2])
            return None
    return Outbox.objects.get(pk=outbox_id)


@contextmanager
def _kept_lease(outbox_id: int) -> Iterator[None]:
    """Renew the lease while the work lasts. The thread dies with its process, and so does the lease."""
    over = threading.Event()

    def renew() -> None:
        while not over.wait(RENEW_SECONDS):
            until = timezone.now() + timedelta(seconds=LEASE_SECONDS)
            Outbox.objects.filter(pk=outbox_id, state="running").update(leased_until=until)
        connection.close()

    thread = threading.Thread(target=renew, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _set_back(row: Outbox, error: str) -> None:
    dead = row.attempts >= MAX_ATTEMPTS
    pause = RETRY_SECONDS[min(row.attempts, len(RETRY_SECONDS)) - 1]
    Outbox.objects.filter(pk=row.pk, clinic_id=row.clinic_id).update(
        state=Outbox.State.DEAD if dead else Outbox.State.PENDING,
        due_at=timezone.now() + timedelta(seconds=pause),
        leased_until=None,
        finished_at=timezone.now() if dead else None,
        error=error,
    )
