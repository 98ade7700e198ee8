"""kill -9 of a real Celery worker at any point of posting one 835: whole or not there, and finished afterwards (F-1).

At named points here: after reading, while planning, between the blocks of rows, before and after the commit, before the
promise is marked kept. By hand at drawn ones:
KILLS=60 [KILL_SEED=7] ./check tests/scenarios/test_kill_points.py -s
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from billing.models import LedgerEntry, Receipt
from claims.models import Claim
from clearinghouses import inbound
from clearinghouses.models import InboundFile
from config.celery import app
from responses.models import ClaimResponse, Remittance
from tests.responses.edi import remit
from tests.responses.stage import AETNA, clp
from tests.scenarios.stage import Story, money, wrong
from tests.scenarios.test_kill import EX1, ROOT, Worker, ready, today_of
from work.models import Outbox

pytestmark = pytest.mark.django_db(transaction=True)
KILLS = int(os.environ.get("KILLS", "0"))
SEED = int(os.environ.get("KILL_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
BEFORE = [  # the commit: nothing may be there
    {"event": "return", "name": "read_file", "n": 1},
    {"event": "call", "name": "plan_claim", "n": 2},
    {"event": "return", "name": "insert_rows", "n": 1},
    {"event": "return", "name": "post_many", "n": 1},
    {"event": "c_call", "name": "commit", "n": 2},
]
AFTER = [  # everything must be: the second commit of the task is the posting's, the first one the lease's
    {"event": "c_return", "name": "commit", "n": 2},
    {"event": "return", "name": "take", "n": 1},
]


class Doomed:
    """A real worker that dies where it is told to, and the next one."""

    def __init__(self, folder: Path) -> None:
        self.broker = Worker(folder).broker
        self.doom = folder / "doom.json"
        environment = {**os.environ, "CELERY_BROKER_URL": self.broker, "EXCHANGE_DIR": str(folder)}
        self.parent = subprocess.Popen(
            [sys.executable, "-m", "tests.scenarios.doomed"], cwd=ROOT, text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, env={**environment, "DOOM": str(self.doom)},
        )  # fmt: skip

    def ring(self) -> None:
        """What beat does every five seconds."""
        with app.connection_for_write(self.broker) as broker:
            app.send_task("work.tasks.sweep", connection=broker)

    def line(self) -> int:
        """What its parent says next."""
        assert self.parent.stdout is not None
        return int(self.parent.stdout.readline())

    def starts(self) -> int:
        """One worker more; its number."""
        assert self.parent.stdin is not None
        self.ring()
        self.parent.stdin.write("\n")
        self.parent.stdin.flush()
        return self.line()

    def dies(self, doom: dict[str, Any]) -> None:
        """A worker comes to its end. Its lease would run out in half a minute, and the third death of one promise
        would be a dead letter (F-4): neither is the matter here."""
        self.doom.write_text(json.dumps(doom))
        number = self.starts()
        guard = threading.Timer(60, os.kill, (number, signal.SIGTERM))
        guard.start()
        assert self.line() == -signal.SIGKILL, f"it never came to {doom}"
        guard.cancel()
        assert not self.doom.exists()
        Outbox.objects.exclude(state="done").update(leased_until=timezone.now(), attempts=0)

    def lives(self, until: Callable[[], bool]) -> None:
        """A worker that nothing happens to, until everything is done."""
        number = self.starts()
        deadline = time.monotonic() + 60
        while not until():
            assert time.monotonic() < deadline, list(Outbox.objects.exclude(state="done").values())
            time.sleep(0.1)
        os.kill(number, signal.SIGKILL)
        self.line()

    def end(self) -> None:
        """Nobody is left."""
        assert self.parent.stdin is not None
        self.parent.stdin.close()
        self.parent.wait(20)
        with app.connection_for_write(self.broker) as broker:
            broker.default_channel.queue_purge("celery")


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Doomed]:
    made = Doomed(tmp_path)
    yield made
    made.end()


@dataclass(frozen=True)
class Arrived:
    """One 835 in the inbox, and how many entries the ledger had before it."""

    claims: list[Claim]
    trace: str
    file: int
    entries: int


def arrived(story: Story, number: int) -> Arrived:
    """Two claims are out; the answer to both is stored and promised."""
    claims = ready(story, 2)
    story.submit_all(today_of(story), 0)
    trace = f"KILL{number}"
    with story.world.open("collector"):
        answers = [clp(claim, *EX1, icn=f"ICN{number}{n}") for n, claim in enumerate(claims)]
        text = remit(*answers, plb=[("WO", "6")], trace=trace, isa=f"{number + 1:09d}", **AETNA)
        file = inbound.receive(text.encode(), f"{trace}.835", "collected", story.world.connection)[0]
        return Arrived(claims, trace, file.pk, LedgerEntry.objects.count())


def stands(story: Story, told: Arrived) -> bool:
    """Whether the 835 is posted: all of it, or not a row of it."""
    with story.world.open():
        rows = ClaimResponse.objects.filter(remittance__trace_number=told.trace)
        receipts = Receipt.objects.filter(kind="insurance", memo=told.trace)
        state = InboundFile.objects.get(pk=told.file).state
        if not Remittance.objects.filter(trace_number=told.trace).exists():
            assert not rows.exists()
            assert not receipts.exists()
            assert LedgerEntry.objects.count() == told.entries
            assert state == "received"
            return False
        assert list(rows.values_list("state", flat=True)) == ["auto_posted"] * len(told.claims)
        assert [money(claim.invoice).paid_by_insurers for claim in told.claims] == [85] * len(told.claims)
        assert (receipts.count(), state) == (1, "read")
        assert not wrong()
        return True


def all_done() -> bool:
    return not Outbox.objects.exclude(state="done").exists()


def finished(story: Story, worker: Doomed, told: Arrived) -> None:
    """A worker that lives does the rest, and nothing twice."""
    worker.lives(all_done)
    assert stands(story, told)
    with story.world.open():
        closed = Claim.objects.filter(pk__in=[claim.pk for claim in told.claims], state="closed")
        assert closed.count() == len(told.claims)


@pytest.mark.rule("F-1")
def test_a_worker_killed_at_each_of_these_points_posts_whole_or_not_at_all(
    story: Story, worker: Doomed
) -> None:
    told = arrived(story, 0)
    for doom in random.Random(SEED).sample(BEFORE, len(BEFORE)):
        worker.dies(doom)
        assert not stands(story, told), (SEED, doom)
    for doom in AFTER:
        worker.dies(doom)
        assert stands(story, told), (SEED, doom)
    finished(story, worker, told)


if KILLS:  # by hand; ./check has no test that is passed over

    def test_a_worker_killed_at_drawn_points_posts_whole_or_not_at_all(story: Story, worker: Doomed) -> None:
        first = arrived(story, 0)
        worker.doom.write_text(json.dumps({"event": "count"}))
        worker.lives(lambda: all_done() and "calls" in worker.doom.read_text())
        calls = max(json.loads(worker.doom.read_text())["calls"])
        worker.doom.unlink()
        assert stands(story, first)
        dice, whole, none, files, told = random.Random(SEED), 0, 0, 1, arrived(story, 1)
        for _ in range(KILLS):
            drawn = {"event": "any", "n": dice.randrange(1, calls - 4)}
            worker.dies(
                dice.choice(AFTER) if dice.random() < 0.2 else drawn
            )  # few calls come after the commit
            if stands(story, told):
                whole += 1
                finished(story, worker, told)
                files += 1
                told = arrived(story, files)
            else:
                none += 1
        finished(story, worker, told)
        print(  # noqa: T201 - the result of a run by hand
            f"seed {SEED}: {KILLS} kills within {calls} calls; {none} left nothing behind, {whole} came after the"
            f" commit and left all of it; {files} remittances of 2 claims posted once each"
        )
