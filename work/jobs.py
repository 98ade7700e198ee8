"""Job rows: start one, move it, finish it. The page that shows it only reads."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from django.db import connection
from django.utils import timezone

from clinics.scoping import current_actor, open_clinic
from work.models import Job


def start(kind: str, title: str, *, total: int = 0, params: dict[str, Any] | None = None) -> Job:
    """A queued job of the open clinic; the caller promises its work in the same transaction."""
    return Job.objects.create(
        kind=kind, title=title, total=total, params=params or {}, created_by=current_actor()
    )


def progress(
    job: Job, *, done: int, errors: int = 0, total: int | None = None, message: str | None = None
) -> None:
    """Show how far the work is, and with ``message`` what is done just now."""
    fields: dict[str, Any] = {"state": Job.State.RUNNING, "done": done, "errors": errors}
    if total is not None:
        fields["total"] = total
    if message is not None:
        fields["message"] = message
    # A job that is over stays over, whoever comes late.
    Job.objects.filter(pk=job.pk, finished_at__isnull=True).update(**fields)


def finish(
    job: Job, *, result: dict[str, Any], done: int, errors: int = 0, url: str = "", failed: bool = False
) -> None:
    """The end, with a result list people can read."""
    Job.objects.filter(pk=job.pk).update(
        state=Job.State.FAILED if failed else Job.State.DONE,
        result=result,
        done=done,
        errors=errors,
        result_url=url,
        message="",
        finished_at=timezone.now(),
    )


def allow_time() -> None:
    """A worker's transaction over thousands of rows: long waits of its own between statements are no fault.

    For the open transaction only. Between two statements thousands of claims are planned or written as text.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = '15min'")
        cursor.execute("SET LOCAL statement_timeout = '15min'")


LIVE_SECONDS = 0.5


class Told(Protocol):
    """What work calls to say how far it is: the number done, and words when what it does has changed."""

    def __call__(self, done: int, words: str | None = None) -> None:
        """So many are done."""


@contextmanager
def unseen(job: Job) -> Iterator[Told]:
    """Work that nobody watches: what is told is dropped."""
    yield lambda done, words=None: None


@contextmanager
def live(job: Job) -> Iterator[Told]:
    """Progress of work that is one long transaction, seen while it lasts: ``told(done, words)`` as often as one likes.

    A side thread writes the newest number over a connection of its own; it dies with the process. Finish the job
    after this block: both would wait for its row.
    """
    clinic_id = job.clinic_id
    assert clinic_id is not None, "a job is a clinic's"
    latest: tuple[int, str | None] = (job.done, None)
    over = threading.Event()

    def told(done: int, words: str | None = None) -> None:
        nonlocal latest
        latest = (done, latest[1] if words is None else words)

    def tell() -> None:
        shown: tuple[int, str | None] | None = None
        try:
            while not over.wait(0 if shown is None else LIVE_SECONDS):
                if latest != shown:
                    shown = latest
                    with open_clinic(clinic_id, actor="progress"):
                        progress(job, done=shown[0], message=shown[1])
        finally:
            connection.close()

    thread = threading.Thread(target=tell, daemon=True)
    thread.start()
    try:
        yield told
    finally:
        over.set()
        thread.join()
