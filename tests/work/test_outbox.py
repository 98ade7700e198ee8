"""Promises: kept once, retried at most three times, taken again from a killed worker, rung through a real broker."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clinics.scoping import open_clinic
from tests.cast import World, make_patient, make_world
from work import jobs, outbox
from work.models import Heartbeat, Job, Outbox
from work.tasks import heartbeat, run_one, sweep

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def handler() -> Iterator[Callable[..., None]]:
    """Register handlers for the length of a test."""
    kinds: list[str] = []

    def register(kind: str, act: Callable[[int, int], None]) -> None:
        outbox.handles(kind)(act)
        kinds.append(kind)

    yield register
    for kind in kinds:
        del outbox.HANDLERS[kind]


def quiet_promise(world: World, kind: str, subject: int = 1, **options: object) -> Outbox:
    """A promise whose bell nobody hears: the sweep has to find it."""
    with world.open():
        outbox.promise(kind, world.clinic.pk, subject, **options)  # type: ignore[arg-type]
    return Outbox.objects.get(clinic=world.clinic, kind=kind, subject_id=subject)


def make_due(row: Outbox) -> None:
    Outbox.objects.filter(pk=row.pk).update(due_at=timezone.now() - timedelta(seconds=1), leased_until=None)


def test_the_sweep_keeps_a_promise_whose_bell_was_lost(world: World, handler: Callable[..., None]) -> None:
    seen: list[tuple[int, int]] = []
    handler("test.note", lambda clinic, subject: seen.append((clinic, subject)))
    row = quiet_promise(world, "test.note", 7)
    assert sweep() == 1
    assert seen == [(world.clinic.pk, 7)]
    row.refresh_from_db()
    assert (row.state, row.attempts, row.leased_until) == ("done", 1, None)
    assert sweep() == 0
    assert seen == [(world.clinic.pk, 7)]


def test_the_same_promise_twice_is_one(world: World, handler: Callable[..., None]) -> None:
    seen: list[int] = []
    handler("test.note", lambda clinic, subject: seen.append(subject))
    for _ in range(2):
        with world.open():
            outbox.promise("test.note", world.clinic.pk, 3)
            outbox.promise("test.note", world.clinic.pk, 3)
    assert sweep() == 1
    assert seen == [3]


def test_a_promise_of_a_rolled_back_step_does_not_exist(world: World, handler: Callable[..., None]) -> None:
    handler("test.note", lambda clinic, subject: None)
    with pytest.raises(ZeroDivisionError), world.open():
        outbox.promise("test.note", world.clinic.pk, 3)
        raise ZeroDivisionError
    assert Outbox.objects.count() == 0


def test_a_promise_nobody_can_keep_is_a_bug(world: World) -> None:
    with pytest.raises(AssertionError, match="no handler"), world.open():
        outbox.promise("test.unknown", world.clinic.pk, 1)


def test_a_promise_for_later_waits(world: World, handler: Callable[..., None]) -> None:
    handler("test.note", lambda clinic, subject: None)
    row = quiet_promise(world, "test.note", delay_seconds=3600)
    assert outbox.due_ids() == []
    make_due(row)
    assert outbox.due_ids() == [row.pk]


def test_what_fails_is_tried_three_times_and_then_shown(world: World, handler: Callable[..., None]) -> None:
    """F-4: attempts are counted in the database before the work starts; the fourth never happens."""
    tries: list[int] = []

    def fail(clinic: int, subject: int) -> None:
        tries.append(subject)
        with open_clinic(clinic, actor="worker"):
            make_patient()
            raise LookupError("Maren Okafor was not found")

    handler("test.fail", fail)
    handler("test.note", lambda clinic, subject: None)
    row, other = quiet_promise(world, "test.fail"), quiet_promise(world, "test.note")
    for _ in range(5):
        make_due(row)
        sweep()
    row.refresh_from_db()
    other.refresh_from_db()
    assert len(tries) == outbox.MAX_ATTEMPTS == 3
    assert (row.state, row.attempts) == ("dead", 3)
    assert row.finished_at is not None
    assert "Maren" not in row.error, "errors carry classes and codes, never data"
    assert other.state == "done", "others keep flowing"
    with world.open():
        from patients.models import Patient

        assert Patient.objects.count() == 0, "what a failed attempt did is undone"


def test_each_retry_waits_longer(world: World, handler: Callable[..., None]) -> None:
    def fail(clinic: int, subject: int) -> None:
        raise LookupError

    handler("test.fail", fail)
    row = quiet_promise(world, "test.fail")
    pauses = []
    for _ in range(2):
        make_due(row)
        sweep()
        row.refresh_from_db()
        pauses.append(round((row.due_at - timezone.now()).total_seconds()))
    assert pauses == [outbox.RETRY_SECONDS[0], outbox.RETRY_SECONDS[1]]


def test_a_leased_row_is_nobody_elses(world: World, handler: Callable[..., None]) -> None:
    handler("test.note", lambda clinic, subject: None)
    row = quiet_promise(world, "test.note")
    later = timezone.now() + timedelta(seconds=20)
    Outbox.objects.filter(pk=row.pk).update(state="running", attempts=1, leased_until=later)
    assert outbox.due_ids() == []
    assert outbox.run(row.pk) is False
    row.refresh_from_db()
    assert (row.state, row.attempts) == ("running", 1)


KILLED = """
import os, signal, sys
import django
django.setup()
from work import outbox
@outbox.handles("test.killed")
def die(clinic, subject):
    from clinics.scoping import open_clinic
    from tests.cast import make_patient
    with open_clinic(clinic, actor="worker"):
        make_patient()
        os.kill(os.getpid(), signal.SIGKILL)
outbox.run(int(sys.argv[1]))
"""


def run_and_be_killed(row: Outbox) -> None:
    child = subprocess.run([sys.executable, "-c", KILLED, str(row.pk)], cwd=ROOT, env={**os.environ})
    assert child.returncode == -signal.SIGKILL


def test_the_work_of_a_killed_worker_is_taken_again_when_its_lease_ends(
    world: World, handler: Callable[..., None]
) -> None:
    """F-1, F-2: a real process, killed for real in the middle; nothing half done, the row is done by another."""
    seen: list[int] = []
    handler("test.killed", lambda clinic, subject: seen.append(subject))
    row = quiet_promise(world, "test.killed")
    run_and_be_killed(row)
    row.refresh_from_db()
    assert (row.state, row.attempts) == ("running", 1)
    assert row.leased_until is not None
    assert row.leased_until <= timezone.now() + timedelta(seconds=outbox.LEASE_SECONDS), (
        "done within 30 s (F-1)"
    )
    assert sweep() == 0, "its lease still runs"
    Outbox.objects.filter(pk=row.pk).update(leased_until=timezone.now() - timedelta(seconds=1))
    assert sweep() == 1
    assert seen == [row.subject_id]
    row.refresh_from_db()
    assert (row.state, row.attempts) == ("done", 2)
    with world.open():
        from patients.models import Patient

        assert Patient.objects.count() == 0


def test_work_that_kills_every_worker_becomes_a_dead_letter(
    world: World, handler: Callable[..., None]
) -> None:
    """F-4: poison. Three workers die, the fourth sweep puts the row aside."""
    handler("test.killed", lambda clinic, subject: pytest.fail("must not run a fourth time"))
    told: list[int] = []
    outbox.GIVEN_UP["test.killed"] = lambda clinic, subject: told.append(subject)
    row = quiet_promise(world, "test.killed")
    for _ in range(3):
        run_and_be_killed(row)
        Outbox.objects.filter(pk=row.pk).update(leased_until=timezone.now() - timedelta(seconds=1))
    sweep()
    row.refresh_from_db()
    assert (row.state, row.attempts) == ("dead", 3)
    assert "ended three times" in row.error
    assert outbox.due_ids() == []
    assert told == [row.subject_id], "whoever shows the work is told"
    del outbox.GIVEN_UP["test.killed"]


def test_what_was_given_up_is_tried_again_when_a_person_says_so(
    world: World, handler: Callable[..., None]
) -> None:
    handler("test.healed", lambda clinic, subject: None)
    row = quiet_promise(world, "test.healed")
    assert not outbox.again(row.clinic_id, row.key), "it is not over"
    Outbox.objects.filter(pk=row.pk).update(state="dead", attempts=3, error="died")
    client = Client()
    client.force_login(world.users["auditor"])
    assert client.post(reverse("desk:integrity-again")).status_code == 403
    assert b"Try again" not in client.get(reverse("desk:integrity")).content
    client.force_login(world.users["admin"])
    assert b"Try again" in client.get(reverse("desk:integrity")).content
    page = client.post(reverse("desk:integrity-again"), follow=True)
    assert b"Trying 1 again." in page.content
    row.refresh_from_db()
    assert (row.state, row.attempts, row.error) in [("pending", 0, ""), ("done", 1, "")]
    sweep()
    row.refresh_from_db()
    assert row.state == "done"
    page = client.post(reverse("desk:integrity-again"), follow=True)
    assert b"Nothing was given up." in page.content


def test_a_long_work_keeps_its_lease(
    world: World, handler: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "LEASE_SECONDS", 1)
    monkeypatch.setattr(outbox, "RENEW_SECONDS", 0.2)
    due: list[list[int]] = []

    def work(clinic: int, subject: int) -> None:
        time.sleep(1.6)
        due.append(outbox.due_ids())

    handler("test.long", work)
    quiet_promise(world, "test.long")
    assert sweep() == 1
    assert due == [[]], "while the worker lives its row is nobody else's"


def test_a_lost_bell_changes_nothing(world: World, handler: Callable[..., None], settings: object) -> None:
    """F-9: the broker is a hint. Promising with a broker that is away still commits the row."""
    handler("test.note", lambda clinic, subject: None)
    from config.celery import app

    address = app.conf.broker_url
    app.conf.broker_url = "redis://127.0.0.1:1/0"
    try:
        row = quiet_promise(world, "test.note")
    finally:
        app.conf.broker_url = address
    assert row.state == "pending"
    assert sweep() == 1


WORKER = """
import django
django.setup()
from work import outbox
@outbox.handles("test.worker")
def work(clinic, subject):
    from clinics.scoping import open_clinic
    from work.models import Job
    from work import jobs
    with open_clinic(clinic, actor="worker"):
        jobs.finish(Job.objects.get(pk=subject), result={"items": []}, done=1)
from config.celery import app
app.worker_main(["worker", "--pool", "solo", "--loglevel", "WARNING", "--without-gossip", "--without-mingle"])
"""


def test_a_real_worker_hears_the_bell_through_the_broker(world: World, handler: Callable[..., None]) -> None:
    """Row, commit, bell, Valkey, another process, its own scope, done: nothing of it is ours to call."""
    handler("test.worker", lambda clinic, subject: pytest.fail("this process must not do it"))
    worker = subprocess.Popen([sys.executable, "-c", WORKER], cwd=ROOT, env={**os.environ})
    try:
        with world.open():
            job = jobs.start("test.worker", "Through the broker", total=1)
            outbox.promise("test.worker", world.clinic.pk, job.pk)
        end = time.monotonic() + 60
        while Outbox.objects.get(subject_id=job.pk).state != "done" and time.monotonic() < end:
            time.sleep(0.1)
    finally:
        worker.terminate()
        worker.wait(30)
    with world.open():
        assert Job.objects.get(pk=job.pk).state == "done"
    assert Outbox.objects.get(subject_id=job.pk).attempts == 1


def test_a_bell_for_work_that_is_done_or_gone_does_nothing(
    world: World, handler: Callable[..., None]
) -> None:
    seen: list[int] = []
    handler("test.note", lambda clinic, subject: seen.append(subject))
    row = quiet_promise(world, "test.note")
    run_one(world.clinic.pk, row.key)
    run_one(world.clinic.pk, row.key)
    run_one(world.clinic.pk, "no such key")
    assert seen == [1]


def test_the_wall_keeps_a_wrong_pair_of_clinic_and_subject_apart(
    world: World, handler: Callable[..., None]
) -> None:
    """A row that named another clinic's subject finds nothing behind that clinic's wall."""
    birch = make_world("birch")
    with birch.open():
        job = jobs.start("test", "Birch's")

    def work(clinic: int, subject: int) -> None:
        with open_clinic(clinic, actor="worker"):
            Job.objects.get(pk=subject)

    handler("test.pair", work)
    row = quiet_promise(world, "test.pair", job.pk)
    sweep()
    row.refresh_from_db()
    assert row.error.startswith("DoesNotExist")


def test_a_job_tells_how_far_it_is(world: World) -> None:
    with world.open("ida@alder.example"):
        job = jobs.start("test", "Two steps", total=2, params={"a": 1})
        assert (job.state, job.created_by) == ("queued", "ida@alder.example")
        jobs.progress(job, done=1, errors=1, total=3)
        job.refresh_from_db()
        assert (job.state, job.done, job.errors, job.total) == ("running", 1, 1, 3)
        jobs.finish(job, result={"items": [1]}, done=3, url="/claims/")
        job.refresh_from_db()
        assert (job.state, job.done, job.result, job.result_url) == ("done", 3, {"items": [1]}, "/claims/")
        assert job.finished_at is not None
        jobs.finish(job, result={}, done=3, failed=True)
        job.refresh_from_db()
        assert job.state == "failed"


def test_the_heartbeat_leaves_one_row() -> None:
    heartbeat()
    heartbeat()
    assert timezone.now() - Heartbeat.objects.get().beat_at < timedelta(seconds=10)
