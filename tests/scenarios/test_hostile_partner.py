"""A clearinghouse that drops at any byte, lies, repeats and answers late: one accepted copy, the same end (F-10, F-12).

Over a real SFTP server in another process. ``ORDERS=24 SEED=1 ./check tests/scenarios/test_hostile_partner.py -s``
takes every order of the four answers, each with a fault of its own; by default a few.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from datetime import timedelta
from itertools import permutations
from random import Random
from typing import Any

import pytest

from claims import acknowledgements, delivery, inquiries, submitting, tasks
from claims.errors import CannotResend
from claims.models import Acknowledgement, Batch, Claim, ClaimEvent, StatusInquiry
from clearinghouses import inbound
from clearinghouses.sftp import transport as sftp
from tests.cast import NOW, TODAY, World, make_patient, make_world
from tests.claims.helpers import ready_claim
from tests.clearinghouses.conftest import PASSWORD, SandboxProcess, until
from x12.reading import read_file

pytestmark = pytest.mark.django_db(transaction=True)
ORDERS = int(os.environ.get("ORDERS", "3"))
SEED = int(os.environ.get("SEED", "1"))


@pytest.fixture
def world(transactional_db: None, settings: Any, sandbox: SandboxProcess) -> World:
    made = make_world()
    settings.SANDBOX_SFTP_PORT = sandbox.port
    with made.open():
        made.connection.kind, made.connection.username, made.connection.password = "sftp", "alder", PASSWORD
        made.connection.host_key, made.connection.archive_folder = sandbox.host_key(), "archive"
        made.connection.save()
    return made


@pytest.mark.rule("F-10.batch", "F-12")
def test_whatever_the_partner_does_one_copy_is_accepted_and_the_end_is_the_same(
    world: World,
    sandbox: SandboxProcess,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sftp, "STEP_SECONDS", 1.5)
    random = Random(SEED)
    orders = random.sample(list(permutations(range(4))), ORDERS)
    ends: Counter[tuple[object, ...]] = Counter()
    met: Counter[str] = Counter()
    for number, order in enumerate(orders):
        with world.open("biller"):
            claim = ready_claim(world, patient=make_patient("Host", f"Ile{number}"))
            job = submitting.start(Claim.objects.filter(pk=claim.pk), TODAY, {}, ticked=True)
        tasks.submit(world.clinic.pk, job.pk)
        with world.open():
            batch = Batch.objects.select_related("outbound_file", "stored").get(job=job)
        assert batch.stored is not None and batch.outbound_file is not None
        name = batch.outbound_file.name
        fault = trouble(random, batch.stored.size)
        met[carried(world, sandbox, batch, fault)] += 1
        got: list[bytes] = until(lambda: answers(sandbox))
        for place in order:
            take(world, got[place], f"{number}-{place}")
            if random.random() < 0.5:  # the same once more, and one of the others late
                take(world, got[place], f"{number}-{place}-again")
                take(world, got[random.choice(order)], f"{number}-{place}-late")
        assert archived(sandbox).count(name) == 1, (order, fault)
        ends[end(world, claim, batch)] += 1
    assert len(ends) == 1, ends
    assert Counter(archived(sandbox)) == Counter(set(archived(sandbox)))
    sys.stderr.write(f"\n{ORDERS} of 24 orders, seed {SEED}: {dict(met)}; all ended {next(iter(ends))}\n")


def one_batch(world: World, name: str) -> tuple[Claim, Batch]:
    """A claim in a batch that nobody has carried yet."""
    with world.open("biller"):
        claim = ready_claim(world, patient=make_patient("Host", name))
        job = submitting.start(Claim.objects.filter(pk=claim.pk), TODAY, {}, ticked=True)
    tasks.submit(world.clinic.pk, job.pk)
    with world.open():
        return claim, Batch.objects.select_related("outbound_file", "stored").get(job=job)


def states(world: World, claim: Claim, batch: Batch) -> tuple[str, str]:
    with world.open():
        claim.refresh_from_db()
        batch.refresh_from_db()
        return claim.state, batch.state


@pytest.mark.rule("B6.5.lies")
def test_a_file_that_was_thanked_for_and_lost_is_missed_looked_for_and_sent_once_more(
    world: World, sandbox: SandboxProcess
) -> None:
    claim, batch = one_batch(world, "Lost")
    sandbox.plan({"when": "rename", "do": "lose"})
    for _ in range(2):
        tasks.send(world.clinic.pk, batch.pk)
    assert states(world, claim, batch) == ("submitted", "delivered")
    assert sandbox.files("inbound") == sandbox.files("archive") == sandbox.files("outbound") == []
    with world.open():  # nobody answers: the timer names it, and nothing is sent by itself
        assert claim.submitted_at is not None
        later = claim.submitted_at + timedelta(days=3, minutes=1)
        assert inquiries.follow_silence(later - timedelta(minutes=2), 3, 30) == 0
        assert inquiries.follow_silence(later, 3, 30) == 1
        asked = StatusInquiry.objects.get(claim=claim)
        assert asked.why == "3 days without an answer"
        with pytest.raises(CannotResend):
            delivery.send_again(batch)
    with world.open("biller"):
        delivery.doubt(batch)
    tasks.look(world.clinic.pk, batch.pk)
    assert states(world, claim, batch) == ("submitted", "refused"), "looked for and not there"
    with world.open("biller"), pytest.raises(CannotResend, match="count as submitted"):
        delivery.dissolve(batch, "gone")
    with world.open("biller"):
        delivery.send_again(batch)
    for _ in range(2):
        tasks.send(world.clinic.pk, batch.pk)
    got = until(lambda: answers(sandbox))
    for place, content in enumerate(got):
        take(world, content, f"lost-{place}")
    assert states(world, claim, batch) == ("accepted", "delivered")
    assert len(archived(sandbox)) == 1
    with world.open("biller"), pytest.raises(CannotResend, match="answered"):
        delivery.doubt(batch)


@pytest.mark.rule("B6.5.lies")
def test_a_file_that_was_only_slow_is_not_sent_again_after_the_doubt(
    world: World, sandbox: SandboxProcess
) -> None:
    claim, batch = one_batch(world, "Slow")
    tasks.send(world.clinic.pk, batch.pk)
    with world.open("biller"):
        delivery.doubt(batch)
    until(lambda: archived(sandbox))
    tasks.look(world.clinic.pk, batch.pk)
    assert states(world, claim, batch) == ("submitted", "delivered")
    tasks.send(world.clinic.pk, batch.pk)
    assert len(archived(sandbox)) == 1


@pytest.mark.rule("B6.5.lies")
@pytest.mark.parametrize("choice", ["send again", "dissolve"])
def test_a_file_that_was_refused_and_taken_is_accepted_once(
    world: World, sandbox: SandboxProcess, settings: Any, choice: str
) -> None:
    with world.open():
        connection = world.connection
        connection.kind, connection.host_key = "https", sandbox.certificate()
        connection.save()
    settings.SANDBOX_HTTPS_PORT = sandbox.https_port
    claim, batch = one_batch(world, "Refused")
    sandbox.plan({"when": "put", "status": 403, "keep": True})
    tasks.send(world.clinic.pk, batch.pk)
    assert states(world, claim, batch) == ("batched", "refused")
    got = until(lambda: answers(sandbox))
    with world.open("biller"):
        if choice == "dissolve":
            delivery.dissolve(batch, "they said no")
        else:
            delivery.send_again(batch)
    if choice == "dissolve":
        assert states(world, claim, batch) == ("ready", "dissolved")
        with world.open("biller"):  # somebody is quicker than the look
            quick = submitting.start(Claim.objects.filter(pk=claim.pk), TODAY, {})
        tasks.submit(world.clinic.pk, quick.pk)
        with world.open():
            quick.refresh_from_db()
            assert "mailbox is looked at" in quick.result["skipped"][claim.public_id]
        tasks.look(world.clinic.pk, batch.pk)
        assert states(world, claim, batch) == ("on_hold", "dissolved")
        assert "mailbox shows it, although batch" in claim.hold_reason
    else:
        tasks.send(world.clinic.pk, batch.pk)
        assert states(world, claim, batch) == ("submitted", "delivered")
    for place, content in enumerate(got):
        take(world, content, f"refused-{place}")
    assert states(world, claim, batch)[0] == ("on_hold" if choice == "dissolve" else "accepted")
    assert len(archived(sandbox)) == 1


def trouble(random: Random, size: int) -> dict[str, Any]:
    """What goes wrong with this file: mostly the line breaks after some byte of it."""
    if random.random() < 0.6:
        return {"when": "write", "at_byte": random.randint(0, size), "do": random.choice(["drop", "fail"])}
    return {"when": "rename", "do": random.choice(["drop_before", "drop_after"])}


def carried(world: World, sandbox: SandboxProcess, batch: Batch, fault: dict[str, Any]) -> str:
    """Send under the fault; the worker asks again, looks, and a person sends what is proven absent. The ending."""
    for name in sandbox.files("outbound"):
        (sandbox.folder / "alder" / "outbound" / name).unlink()
    sandbox.plan(fault)
    tasks.send(world.clinic.pk, batch.pk)
    for ask in (tasks.look, tasks.send, tasks.look):
        ask(world.clinic.pk, batch.pk)
    with world.open("biller"):
        batch.refresh_from_db()
        was = batch.state
        if was == "refused":
            delivery.send_again(batch)
    tasks.send(world.clinic.pk, batch.pk)
    tasks.send(world.clinic.pk, batch.pk)
    return f"{fault['when']} {fault['do']}: {was}"


def answers(sandbox: SandboxProcess) -> list[bytes]:
    """TA1, 999 and both 277CAs of the newest file, when all are there."""
    names = sandbox.files("outbound")
    found = [name for kind in ("_TA1_", "_999_", "_277CA_", "_277CA-") for name in names if kind in name]
    assert len(found) <= 4, "each answer once: the file was taken once"
    return (
        [(sandbox.folder / "alder" / "outbound" / name).read_bytes() for name in found]
        if len(found) == 4
        else []
    )


def archived(sandbox: SandboxProcess) -> list[str]:
    """Names of the files that the partner took; a second copy would have a suffix."""
    return [name[: name.index(".837") + 4] for name in sandbox.files("archive")]


def take(world: World, content: bytes, name: str) -> None:
    """As the worker takes what it collected: known bytes are counted and not taken again."""
    with world.open("collector"):
        row, is_new = inbound.receive(content, f"{name}.txt", "collected", world.connection)
        if is_new:
            acknowledgements.take(row, read_file(content), at=NOW)


def end(world: World, claim: Claim, batch: Batch) -> tuple[object, ...]:
    """Where claim and batch stand in the end; nothing that differs from claim to claim."""
    with world.open():
        claim.refresh_from_db()
        batch.refresh_from_db()
        moves = ClaimEvent.objects.filter(claim=claim, kind="state").values_list("to_state", flat=True)
        return (
            claim.state, claim.accepted_by, bool(claim.payer_claim_number), batch.state,
            Acknowledgement.objects.filter(batch=batch).count(), len(moves) == len(set(moves)),
        )  # fmt: skip
