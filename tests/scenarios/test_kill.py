"""kill -9 in the middle of the work: nothing is lost, nothing is doubled (reliability.md F-1, F-2).

At every few statements of a posting and of a rollover in a forked child; and a whole Celery worker, shot while
it holds half a bulk submission and half a remittance. Submission at every statement: tests/claims.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from billing.models import LedgerEntry, LedgerTxn, Receipt
from claims import queue, submitting
from claims.models import Batch, BatchItem, Claim
from clearinghouses import inbound
from clearinghouses.models import ControlCounter, InboundFile
from config.celery import app
from lib.dates import local_day
from responses import tasks
from responses.models import ClaimResponse, Remittance
from tests.claims.helpers import run_and_die
from tests.responses.edi import remit
from tests.responses.stage import AETNA, EX1, clp
from tests.scenarios.stage import Story, drain, money, wrong
from work.models import Job, Outbox

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).resolve().parents[2]


def ready(story: Story, count: int, *, secondary: bool = False) -> list[Claim]:
    """Claims of today, by the real clock: the worker outside lives in it."""
    today = today_of(story)
    payers = [story.world.aetna, *([story.world.aarp] if secondary else [])]
    with story.on(today, 0) as at:
        story.setting("autopay_claims", "post")
        made = []
        for number in range(count):
            patient = story.insured(
                "Pat", f"Number{chr(65 + number)}", f"SILENT-{number}", *payers, today=today
            )
            made.append(queue.one_click(story.check_out(story.treat(patient, at), at).invoice, today))
        return made


def today_of(story: Story) -> date:
    return local_day(timezone.now(), story.world.location.time_zone)


def arrived(story: Story, claims: list[Claim], *told: object) -> InboundFile:
    """Their remittance is stored and promised."""
    with story.world.open("collector"):
        answers = [clp(claim, *(told or EX1), icn=f"ICN{n}") for n, claim in enumerate(claims)]  # type: ignore[arg-type]
        text = remit(*answers, plb=[("WO", "6")], **AETNA)
        return inbound.receive(text.encode(), "era.835", "collected", story.world.connection)[0]


@pytest.mark.rule("F-1")
def test_a_posting_killed_at_any_statement_is_whole_or_not_there(story: Story) -> None:
    claims = ready(story, 2)
    story.submit_all(today_of(story), 0)
    file = arrived(story, claims)
    with story.world.open():
        before = LedgerEntry.objects.count()
    statement, through = 0, False
    while not through:
        statement += 3 if statement > 6 else 1
        through = run_and_die(lambda: tasks.take(story.world.clinic.pk, file.pk), statement)
        connection.close()
        with story.world.open():
            if not through:
                assert LedgerEntry.objects.count() == before, statement
                assert not Remittance.objects.exists(), statement
                assert InboundFile.objects.get().state == "received", statement
    assert statement > 30, "the kills reached the end of the work"
    tasks.take(story.world.clinic.pk, file.pk)
    drain()
    posted_once(story, claims)


@pytest.mark.rule("F-1")
def test_a_rollover_killed_at_any_statement_makes_one_next_claim(story: Story) -> None:
    [claim] = ready(story, 1, secondary=True)
    story.submit_all(today_of(story), 0)
    file = arrived(story, [claim], "1", "150", "72", ("CO", "45", "60"), ("PR", "2", "18"))
    tasks.take(story.world.clinic.pk, file.pk)
    with story.world.open():
        row = ClaimResponse.objects.get()
        assert row.state == "auto_posted", row.codes
    statement, through = 0, False
    while not through:
        statement += 2
        through = run_and_die(lambda: tasks.roll_over(story.world.clinic.pk, row.pk), statement)
        connection.close()
        with story.world.open():
            assert Claim.objects.filter(rank=2).count() == int(through), statement
    drain()
    with story.world.open():
        assert Claim.objects.filter(rank=2).count() == 1
        assert money(claim.invoice).insurers[2] == 18
        assert not wrong()


def posted_once(story: Story, claims: list[Claim]) -> None:
    """Each answer posted once, the check whole, every promise kept, the books proven."""
    with story.world.open():
        assert Remittance.objects.count() == Receipt.objects.filter(kind="insurance").count() == 1
        assert list(ClaimResponse.objects.values_list("state", flat=True)) == ["auto_posted"] * len(claims)
        assert LedgerTxn.objects.filter(kind="adjudication").count() == len(claims)
        for claim in claims:
            assert money(claim.invoice).paid_by_insurers == 85
            assert Claim.objects.get(pk=claim.pk).state == "closed"
        assert not Outbox.objects.exclude(state="done").exists()
        assert not wrong()


# --- a whole worker --------------------------------------------------------------------------------


class Worker:
    """A real Celery worker of its own broker database, killed with all its children."""

    def __init__(self, exchange: Path) -> None:
        mine = 40 - int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw") or 0)
        self.broker = re.sub(r"host=\d+", f"host={mine}", settings.CELERY_BROKER_URL)
        assert self.broker != settings.CELERY_BROKER_URL, "other tests' bells are not for this worker"
        self.environment = {**os.environ, "CELERY_BROKER_URL": self.broker, "EXCHANGE_DIR": str(exchange)}
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "celery", "-A", "config", "worker", "-c", "1", "-l", "ERROR"]
        self.process = subprocess.Popen(command, cwd=ROOT, env=self.environment, start_new_session=True)

    def ring(self) -> None:
        """What beat does every five seconds."""
        with app.connection_for_write(self.broker) as broker:
            app.send_task("work.tasks.sweep", connection=broker)

    def kill(self) -> None:
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(20)
            self.process = None


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Worker]:
    made = Worker(tmp_path)
    yield made
    made.kill()
    with app.connection_for_write(made.broker) as broker:
        broker.default_channel.queue_purge("celery")


@contextmanager
def shot_while_waiting(story: Story, worker: Worker, rows: Callable[[], Iterable[object]]) -> Iterator[None]:
    """Hold these rows until the worker waits for them in the middle of its work; then shoot it."""
    with story.world.open("the hand that holds"), connection.cursor() as cursor:
        list(rows())
        worker.start()
        worker.ring()
        deadline = time.monotonic() + 60
        waiting = 0
        while not waiting and time.monotonic() < deadline:
            time.sleep(0.1)
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND transactionid = pg_current_xact_id()::xid"
            )
            waiting = cursor.fetchone()[0]
        assert waiting == 1, "the worker never came to these rows"
        worker.kill()
    yield
    # Its lease would run out in half a minute; the test does not wait for it.
    Outbox.objects.filter(state="running").update(leased_until=timezone.now())


def finish(story: Story, worker: Worker) -> None:
    """A new worker; the sweep finds what the dead one left."""
    worker.start()
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        worker.ring()
        time.sleep(0.5)
        if not Outbox.objects.exclude(state="done").exists():
            worker.kill()
            return
    left = list(Outbox.objects.exclude(state="done").values_list("kind", "state", "attempts", "error"))
    raise AssertionError(f"never done: {left}")


@pytest.mark.rule("F-2")
def test_a_worker_shot_in_the_middle_of_submission_and_of_posting(story: Story, worker: Worker) -> None:
    claims = ready(story, 5)
    with story.world.open("biller"):
        job = submitting.start(Claim.objects.all(), today_of(story), {"filter": "tab=ready"})
    with shot_while_waiting(story, worker, ControlCounter.objects.select_for_update):
        with story.world.open():
            assert set(Claim.objects.values_list("state", flat=True)) == {"ready"}, "half a batch is no batch"
            assert not Batch.objects.exists()
        assert Outbox.objects.get(kind="claims.submit").state == "running"
    finish(story, worker)
    with story.world.open():
        assert Job.objects.get(pk=job.pk).result["submitted"] == 5
        assert Batch.objects.get().state == "delivered"
        assert sorted(BatchItem.objects.values_list("claim_id", flat=True)) == sorted(c.pk for c in claims)
        assert set(Claim.objects.values_list("state", flat=True)) == {"submitted"}
    arrived(story, claims)
    last = claims[-1].pk  # the rows of the others are written when the worker comes to this one
    with shot_while_waiting(story, worker, lambda: Claim.objects.select_for_update().filter(pk=last)):
        with story.world.open():
            assert not Remittance.objects.exists(), "half a remittance is none"
            assert not Receipt.objects.exists()
        assert Outbox.objects.get(kind="responses.take").state == "running"
    finish(story, worker)
    posted_once(story, claims)
    with transaction.atomic():
        assert max(Outbox.objects.values_list("attempts", flat=True)) == 2
