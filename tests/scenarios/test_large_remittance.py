"""One 835 of many claims: live progress, billers at work, and the worker killed on the way (F-1, F-2).

``CLAIMS=5000 KILLS=4 ./check tests/scenarios/test_large_remittance.py -s`` tells its figures; by default it is small.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from random import Random
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from bench import claims_world, post_835
from billing import verification
from billing.models import LedgerTxn, Receipt
from claims.models import Claim
from clinics.models import User
from clinics.scoping import open_clinic
from responses import remit
from responses.models import ClaimResponse, Remittance
from tests.scenarios.test_kill import Worker
from work import outbox
from work.models import Job, Outbox

pytestmark = pytest.mark.django_db(transaction=True)
CLAIMS = int(os.environ.get("CLAIMS", "60"))
KILLS = int(os.environ.get("KILLS", "1"))
NEWCOMER = {
    "first_name": "Walter", "sex": "M", "birth_date": "1971-02-03", "street": "9 Elm Street",
    "city": "Springfield", "state": "IL", "zip_code": "627021234", "reason": "Back pain",
}  # fmt: skip
LONGEST = 60 + CLAIMS // 5  # seconds; machines differ


class Seen:
    """What stood in the rows while the worker was at it: never half of anything."""

    def __init__(self) -> None:
        self.progress: list[int] = []
        self.slowest = 0.0
        self.looks = 0

    def look(self, clinic_id: int, client: Client, desk: Client) -> Job:
        with open_clinic(clinic_id, actor="watcher"):
            job = Job.objects.latest("pk")
            posted = ClaimResponse.objects.filter(state="auto_posted").count()
            assert posted in (0, CLAIMS), "half a remittance is none"
            assert LedgerTxn.objects.filter(kind="adjudication").count() == posted
        if not self.progress or job.done != self.progress[-1]:
            self.progress.append(job.done)
        started = time.monotonic()
        for page in ("responses:list", "claims:queue"):
            assert client.get(reverse(page)).status_code == 200
        self._register(desk)
        self.slowest = max(self.slowest, time.monotonic() - started)
        self.looks += 1
        return job

    def _register(self, desk: Client) -> None:
        """The front desk goes on too: each look one patient more."""
        body = {**NEWCOMER, "last_name": f"Newcomer{self.looks}", "phone": f"217555{self.looks:04d}"}
        made = desk.post(
            reverse("patients-api:patients"), body, content_type="application/json",
            headers={"Idempotency-Key": f"n{self.looks}"},
        )  # fmt: skip
        assert made.status_code == 201, made.content


@pytest.fixture
def worker(tmp_path: Path) -> Any:
    made = Worker(tmp_path)
    yield made
    made.kill()


@pytest.mark.rule("F-1", "F-2")
def test_a_large_remittance_posts_once_whole_while_billers_work(
    settings: Any, tmp_path: Path, worker: Worker
) -> None:
    settings.EXCHANGE_DIR = tmp_path
    demo = claims_world.make(1)
    clinic_id = demo.clinic.pk
    post_835.prepare(clinic_id)
    keys = post_835.submitted(demo, CLAIMS)
    with open_clinic(clinic_id, actor="biller"):
        content = post_835.remittance_text(keys, "LARGE").encode()
        remit.take_later(content, "large.835")
    client, desk = Client(), Client()
    client.force_login(User.objects.get(email="biller@alder.example"))
    desk.force_login(User.objects.get(email="frontdesk@alder.example"))
    seen, random, started = Seen(), Random(7), time.monotonic()
    for kill in range(KILLS):
        _upload_again_if_given_up(clinic_id, content)
        worker.start()
        _run(
            worker,
            seen,
            clinic_id,
            client,
            desk,
            for_seconds=random.uniform(2, 4 + CLAIMS / 500) if kill else 0,
        )
        worker.kill()
        Outbox.objects.filter(state="running").update(leased_until=None)
    _upload_again_if_given_up(clinic_id, content)
    worker.start()
    _run(worker, seen, clinic_id, client, desk, for_seconds=LONGEST)
    worker.kill()
    _prove(clinic_id, keys)
    sys.stderr.write(
        f"\n{CLAIMS} claims posted, {KILLS} kills, {time.monotonic() - started:.1f} s in all; progress seen: "
        f"{seen.progress}; {seen.looks} looks of a biller at two pages with "
        f"a patient registered each time, the slowest {seen.slowest:.2f} s\n"
    )


def _upload_again_if_given_up(clinic_id: int, content: bytes) -> None:
    """Three deaths in one piece of work are poison (F-4): it is put aside, and says so, until a person tries again."""
    poison = Outbox.objects.filter(state="running", attempts__gte=outbox.MAX_ATTEMPTS).first()
    if poison is None:
        return
    outbox.run(poison.pk)
    with open_clinic(clinic_id, actor="biller"):
        job = Job.objects.latest("pk")
        assert (job.state, job.done) == ("failed", 0)
        assert "Upload it again" in job.message
        assert not ClaimResponse.objects.exists()
        assert remit.take_later(content, "large.835").pk != job.pk


def _run(
    worker: Worker, seen: Seen, clinic_id: int, client: Client, desk: Client, *, for_seconds: float
) -> None:
    """Let the worker work and look on; without a time, until the first claims are worked out."""
    deadline = time.monotonic() + (for_seconds or LONGEST)
    while time.monotonic() < deadline:
        worker.ring()
        time.sleep(0.3)
        job = seen.look(clinic_id, client, desk)
        if job.finished_at is not None and not Outbox.objects.exclude(state="done").exists():
            return
        if not for_seconds and job.state == "running":
            return
    assert for_seconds < LONGEST, "it was never done"


def _prove(clinic_id: int, keys: list[int]) -> None:
    with open_clinic(clinic_id, actor="auditor"):
        job = Job.objects.latest("pk")
        assert (job.state, job.done, job.errors) == ("done", CLAIMS, 0)
        assert Remittance.objects.get().state == "closed"
        assert Receipt.objects.filter(kind="insurance").count() == 1
        assert ClaimResponse.objects.filter(state="auto_posted").count() == CLAIMS
        assert LedgerTxn.objects.filter(kind="adjudication").count() == CLAIMS
        assert set(Claim.objects.filter(pk__in=keys).values_list("state", flat=True)) == {"closed"}
        books = {name for name, found in verification.run().items() if found.violations}
        # The claims of this world were marked as sent by a statement: no batch holds them, no event tells it.
        assert books <= {name for name in books if name.startswith(("I-14b", "I-15"))}, books
    assert not Outbox.objects.exclude(state="done").exists()
    connection.close()
