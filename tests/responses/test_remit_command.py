"""``./manage remit``, the worker's edges, and what survives a crash or a double click."""

from __future__ import annotations

import json
import os
import signal
import threading
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection

from billing import balances
from billing.models import LedgerTxn, Receipt
from claims.models import Claim
from clearinghouses.inbound import receive
from clearinghouses.models import InboundFile
from clinics.scoping import open_clinic
from responses import manual, tasks
from responses.errors import CannotPost
from responses.models import ClaimResponse, Remittance
from responses.remit import remit_file
from tests.cast import NOW, make_world
from tests.responses.edi import remit
from tests.responses.stage import AARP, AETNA, EX1, answer, claimed, clp, money, set_up
from work import outbox
from work.models import Outbox

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world():
    return make_world()


def file_of(tmp_path: Path, text: str, name: str = "era.835") -> str:
    path = tmp_path / name
    path.write_text(text)
    return str(path)


def test_preview_writes_nothing_and_the_second_time_is_a_duplicate(world, tmp_path, capsys):
    with world.open():
        set_up(world, autopay_claims="post")
        claim = claimed(world, world.aetna)
        text = remit(clp(claim, *EX1), plb=[("WO", "6")], **AETNA)
    path = file_of(tmp_path, text)
    told = remit_file(path, "alder", preview=True, at=NOW)
    assert told.status == 0
    assert told.document["transactions"][0]["claims"][0]["decision"] == "posted"
    with world.open():
        assert (Remittance.objects.count(), InboundFile.objects.count()) == (0, 0)
    call_command("remit", path, "--clinic", "alder", "--json")
    one = json.loads(capsys.readouterr().out)
    [check] = one["transactions"]
    assert (check["trace_number"], check["paid"], check["escrow"], check["provider_adjustments"]) == (
        "EFT1", "79.00", "0.00", "6.00",
    )  # fmt: skip
    [said] = check["claims"]
    assert {key: said[key] for key in ("decision", "codes", "paid", "write_off", "patient", "next")} == {
        "decision": "posted", "codes": [], "paid": "85.00", "write_off": "40.00", "patient": "25.00", "next": "patient",
    }  # fmt: skip
    again = remit_file(path, "alder", preview=False, at=NOW).document
    assert again["file"]["duplicate"]
    assert again["transactions"][0]["claims"][0]["decision"] == "duplicate"
    other = remit_file(
        file_of(tmp_path, text.replace("000000001", "000000007"), "b.835"), "alder", preview=False, at=NOW
    )
    assert not other.document["file"]["duplicate"]
    assert other.document["transactions"][0]["claims"][0]["decision"] == "duplicate"
    with world.open():
        assert Receipt.objects.filter(kind="insurance").count() == 1


@pytest.mark.parametrize(("path", "slug"), [("/nowhere/x.835", "alder"), (__file__, "nobody")])
def test_what_cannot_run_is_two(world, path, slug):
    assert remit_file(path, slug, preview=False, at=NOW).status == 2


def test_a_file_that_is_no_835_is_kept_and_is_one(world, tmp_path):
    told = remit_file(file_of(tmp_path, "hello"), "alder", preview=False, at=NOW)
    assert (told.status, told.document["transactions"]) == (1, [])
    with world.open():
        assert InboundFile.objects.get().state == "rejected"


def test_a_collected_file_is_promised_taken_and_rolled_over(world):
    with world.open():
        set_up(world, autopay_claims="post")
        claim = claimed(world, world.aetna, world.aarp)
        text = remit(clp(claim, "1", "150", "72", ("CO", "45", "60"), ("PR", "2", "18")), **AETNA)
        inbound, _ = receive(text.encode(), "a.835", "collected", world.connection)
    while due := outbox.due_ids():
        for row in due:
            outbox.run(row)
    assert not Outbox.objects.exclude(state="done").exists()
    with world.open():
        inbound.refresh_from_db()
        assert inbound.state == "read"
        assert Claim.objects.get(rank=2).state in ("new", "ready")
    tasks.run_timers()


def test_two_people_post_the_same_answer(world):
    with world.open():
        claim = claimed(world, world.aetna)
        [row] = answer(clp(claim, *EX1), **AETNA)
    gate, said = threading.Barrier(2), []

    def press():
        gate.wait()
        try:
            with open_clinic(world.clinic.pk, actor="two"):
                manual.post_as_remitted(row, at=NOW)
            said.append("posted")
        except CannotPost:
            said.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=press) for _ in range(2)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert sorted(said) == ["posted", "refused"]
    with world.open():
        assert money(claim.invoice).insurer_open == 0
        assert LedgerTxn.objects.filter(source_key=row.public_id, kind="adjudication").count() == 1


def test_the_same_remittance_taken_by_two_at_once_is_one(world):
    with world.open():
        set_up(world, autopay_claims="post")
        claim = claimed(world, world.aetna)
        texts = [remit(clp(claim, *EX1), isa=f"00000000{n}", **AETNA) for n in (1, 2)]
    gate, failed = threading.Barrier(2), []

    def take(text):
        gate.wait()
        try:
            with open_clinic(world.clinic.pk, actor="two"):
                from responses import inbox

                inbound, _ = receive(text.encode(), "x.835", "upload")
                inbox.take(inbound, at=NOW)
        except Exception as error:  # noqa: BLE001 - told below
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=take, args=[text]) for text in texts]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert failed == []
    with world.open():
        assert (Remittance.objects.count(), Receipt.objects.filter(kind="insurance").count()) == (1, 1)
        assert Remittance.objects.get().times_received == 2
        assert money(claim.invoice).paid_by_insurers == 85


@pytest.mark.parametrize("at_call", [1, 2])
def test_a_worker_killed_in_the_middle_leaves_nothing_half_done(world, at_call):
    with world.open():
        set_up(world, autopay_claims="post")
        claims = [claimed(world, world.aetna, last=f"P{n}") for n in range(3)]
        text = remit(*[clp(claim, *EX1, icn=f"I{n}") for n, claim in enumerate(claims)], **AETNA)
        inbound, _ = receive(text.encode(), "a.835", "collected", world.connection)
    connection.close()
    child = os.fork()
    if child == 0:
        from responses import posting

        calls = iter(range(1, 100))
        real = posting.ledger.post_many

        def killing(postings):
            done = real(postings)
            if next(calls) == at_call:
                os.kill(os.getpid(), signal.SIGKILL)
            return done

        posting.ledger.post_many = killing
        try:
            tasks.take(world.clinic.pk, inbound.pk)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)
    with world.open():
        assert Remittance.objects.count() == 0
    tasks.take(world.clinic.pk, inbound.pk)
    tasks.take(world.clinic.pk, inbound.pk)
    with world.open():
        assert Remittance.objects.count() == 1
        assert sum(money(claim.invoice).paid_by_insurers for claim in claims) == 255
        assert balances.escrow(Remittance.objects.get().receipt_id) == 0
        assert {row.state for row in ClaimResponse.objects.all()} == {"auto_posted"}


def test_the_second_insurers_answer_before_the_first_waits(world):
    with world.open():
        set_up(world, autopay_claims="post")
        claim = claimed(world, world.aetna, world.aarp)
        [row] = answer(clp(claim, "2", "150", "18", ("OA", "23", "132")), **AARP)
        assert (row.state, "E12" in row.codes) == ("exception", True)
        assert balances.escrow(row.remittance.receipt_id) == 18


def test_collecting_is_one_row_a_connection_however_often_the_beat_ticks(world):
    world.clinic.refresh_from_db()
    assert tasks.collect_all() == 1
    assert tasks.collect_all() == 0
    Outbox.objects.filter(kind=tasks.COLLECT).update(state="done")
    assert tasks.collect_all() == 1
    assert Outbox.objects.filter(kind=tasks.COLLECT).count() == 1


def test_an_empty_file_is_one(world, tmp_path):
    told = remit_file(file_of(tmp_path, ""), "alder", preview=False, at=NOW)
    assert (told.status, told.document["findings"][0]["code"]) == (1, "not_x12")
