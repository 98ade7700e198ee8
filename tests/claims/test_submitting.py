"""Bulk Submit: the dry run, the files, kills, double clicks (rules.md B6, F-1, I-15 to I-17)."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from appointments.models import VisitLine
from claims import delivery, left_behind, queue, submitting, tasks
from claims.enums import BatchState, ClaimState
from claims.errors import CannotResend, NothingToSubmit
from claims.models import Batch, BatchItem, Claim, ClaimEvent, PayerRoute
from clearinghouses.models import Connection, OutboundFile
from clearinghouses.transport import Refused, Unknown
from insurance.enums import ClaimFormat
from insurance.models import Enrollment
from tests.cast import NOW, TODAY, World, make_patient, make_payer, make_world
from tests.claims.helpers import ready_claim, ready_claims, run_and_die, work_off
from work.files import read
from work.models import Job, Outbox, StoredFile
from x12.documents.professional_claim import ClaimTransaction
from x12.pyx12_check import find_faults
from x12.reading import read_file

committing = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(transactional_db: None, settings: Any, tmp_path: Path) -> World:
    settings.EXCHANGE_DIR = tmp_path
    return make_world()


def start(world: World) -> Job:
    with world.open():
        return submitting.start(Claim.objects.all(), TODAY, {"filter": "tab=ready"})


def sent_numbers(world: World) -> Counter[str]:
    """How often each claim number stands in the stored files."""
    found: Counter[str] = Counter()
    with world.open():
        for stored in StoredFile.objects.all():
            for item in read_file(read(stored)).transactions:
                assert isinstance(item.document, ClaimTransaction)
                found.update(claim.control_number for claim in item.document.claims)
    return found


@pytest.mark.rule("B6.1")
@committing
def test_the_example_of_57(world: World) -> None:
    with world.open():
        other = Connection.objects.create(
            name="Partner B",
            kind="folder",
            sender_id="CLEANCLAIM",
            receiver_id="PARTNERB",
            receiver_name="PARTNER B",
            outbound_folder="to_b",
            submitter_name="ALDER",
            submitter_phone="2175550100",
        )
        PayerRoute.objects.create(payer=world.aarp, connection=other)
        Enrollment.objects.create(
            payer=world.aarp, connection=other, kind="837P", state="active", since=TODAY
        )
        paper = make_payer("Paper Mutual", "PAPER", claim_format=ClaimFormat.PAPER)
        ready_claims(world, 40)
        for number in range(9):
            ready_claim(world, patient=make_patient("Be", f"Second{chr(65 + number)}"), payers=[world.aarp])
        for number in range(3):
            ready_claim(world, patient=make_patient("Pa", f"Per{chr(65 + number)}"), payers=[paper])
        spoiled = [ready_claim(world, patient=make_patient("Sp", f"Oiled{chr(65 + n)}")) for n in range(5)]
        for claim in spoiled[:2]:
            VisitLine.objects.filter(appointment=claim.appointment).update(is_confirmed=False)
        for claim in spoiled[2:4]:
            claim.patient.birth_date = None
            claim.patient.save()
            claim.document["subscriber"]["birth_date"] = None
            claim.save()
        spoiled[4].state = ClaimState.BATCHED
        Claim.objects.filter(pk=spoiled[4].pk).update(state=ClaimState.BATCHED)
        look = submitting.preview(Claim.objects.all(), TODAY)
        assert {(group.partner, group.count) for group in look.groups} == {
            ("Sandbox", 40),
            ("Partner B", 9),
            ("Paper", 3),
        }
        assert look.total == Decimal("150.00") * 52
        assert submitting.skip_counts(look.skips) == {
            "SALT-UNCONFIRMED": 2,
            "birth_date": 2,
            "batched": 1,
        }
        assert look.sentence == "Submit 52 claims, 7,800.00, to 3 partners; 5 skipped"
        assert look.chosen == 57
    job = start(world)
    work_off()
    with world.open():
        job.refresh_from_db()
        assert (job.state, job.done, job.errors) == ("done", 57, 5)
        assert left_behind.look(job).number == 57
        assert sorted(Batch.objects.values_list("claim_count", flat=True)) == [3, 9, 40]
        assert Claim.objects.filter(state=ClaimState.SUBMITTED).count() == 49
        assert Claim.objects.filter(state=ClaimState.NEW).count() == 4, (
            "what failed the second check fell back"
        )
        assert Claim.objects.filter(state=ClaimState.BATCHED).count() == 4, "paper waits to be printed"
    assert set(sent_numbers(world).values()) == {1}


@pytest.mark.rule("B6.4.proof")
@committing
def test_every_file_passes_pyx12_and_reads_back(world: World) -> None:
    with world.open():
        Connection.objects.update(claims_per_transaction=2)
        ready_claims(world, 3, pay="25.00")
        ready_claim(
            world,
            patient=make_patient("Kid", "Okafor"),
            relationship="19",
            holder_first_name="Daniel",
            holder_last_name="Okafor",
            holder_birth_date=date(1955, 1, 2),
            holder_sex="M",
        )
        ready_claim(world, patient=make_patient("Two", "Cards"), payers=[world.aetna, world.aarp])
    start(world)
    work_off()
    with world.open():
        batch = Batch.objects.get()
        assert batch.stored is not None
        content = read(batch.stored)
        assert find_faults(content) == []
        assert content.count(b"ST*837*") == 3
        items = BatchItem.objects.filter(batch=batch)
        assert Counter(items.values_list("reference", flat=True)).most_common(1)[0][1] == 2
        assert (batch.claim_count, batch.total) == (5, Decimal("750.00"))
    assert set(sent_numbers(world).values()) == {1}


@committing
@pytest.mark.rule("F-1.submit")
def test_a_worker_killed_at_any_statement_loses_and_doubles_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submitting, "CHUNK", 1)
    through, statement = False, 0
    with world.open():
        made = iter(range(10_000))
    while not through:
        statement += 3 if statement > 6 else 1
        with world.open():
            pair = [
                ready_claim(world, patient=make_patient("K", f"Ill{'ABCDEFGHIJ'[n // 10 % 10]}{n % 10}{n}"))
                for n in (next(made), next(made))
            ]
            job = submitting.start(Claim.objects.filter(pk__in=[c.pk for c in pair]), TODAY, {})
        through = run_and_die(lambda: tasks.submit(world.clinic.pk, job.pk), statement)  # noqa: B023
        connection.close()
        tasks.submit(world.clinic.pk, job.pk)
        with world.open():
            job.refresh_from_db()
            assert job.state == "done", statement
            assert job.result["submitted"] == 2, statement
            items = BatchItem.objects.filter(claim__in=pair, is_live=True)
            assert items.count() == 2, statement
            states = set(Claim.objects.filter(pk__in=[c.pk for c in pair]).values_list("state", flat=True))
            assert states == {ClaimState.BATCHED}, statement
    assert statement > 20, "the kills reached the end of the work"
    assert set(sent_numbers(world).values()) == {1}
    with world.open():
        numbers = list(OutboundFile.objects.values_list("interchange_number", flat=True))
        assert len(numbers) == len(set(numbers))
        moves = ClaimEvent.objects.filter(to_state="batched").count()
        assert moves == Claim.objects.count(), "one move a claim"


@committing
@pytest.mark.rule("F-10.batch")
def test_a_sender_killed_at_any_statement_is_looked_for_and_never_sends_twice(
    world: World, tmp_path: Path
) -> None:
    through, statement = False, 0
    while not through:
        statement += 1
        with world.open():
            claim = ready_claim(world, patient=make_patient("S", f"End{statement}"))
            job = submitting.start(Claim.objects.filter(pk=claim.pk), TODAY, {})
        tasks.submit(world.clinic.pk, job.pk)
        with world.open():
            batch = Batch.objects.get(job=job)
        through = run_and_die(lambda: tasks.send(world.clinic.pk, batch.pk), statement)  # noqa: B023
        connection.close()
        with world.open():
            OutboundFile.objects.exclude(sending_until=None).update(sending_until=NOW)
        tasks.send(world.clinic.pk, batch.pk)
        tasks.look(world.clinic.pk, batch.pk)
        with world.open():
            batch.refresh_from_db()
            claim.refresh_from_db()
            assert (batch.state, claim.state) in {
                (BatchState.DELIVERED, ClaimState.SUBMITTED),
                (BatchState.REFUSED, ClaimState.BATCHED),
            }, statement
            if batch.state == BatchState.REFUSED:
                delivery.send_again(batch)
        if batch.state == BatchState.PENDING or batch.state == BatchState.REFUSED:
            tasks.send(world.clinic.pk, batch.pk)
            with world.open():
                claim.refresh_from_db()
                assert claim.state == ClaimState.SUBMITTED, statement
    names = [path.name for path in tmp_path.rglob("*.837")]
    assert len(names) == len(set(names)) == statement


@committing
@pytest.mark.rule("B6.5.batch")
def test_refused_waits_for_a_person_and_unknown_for_a_look(world: World) -> None:
    with world.open():
        claim = ready_claim(world)
        job = submitting.start(Claim.objects.all(), TODAY, {})
    tasks.submit(world.clinic.pk, job.pk)
    with world.open():
        batch = Batch.objects.get()
        delivery.settle(delivery.lock(batch.pk), Unknown("the line broke after the last byte"), NOW)
        batch.refresh_from_db()
        assert batch.state == BatchState.UNKNOWN
        with pytest.raises(CannotResend):
            delivery.send_again(batch)
        with pytest.raises(CannotResend):
            delivery.dissolve(batch, "")
        delivery.settle(delivery.lock(batch.pk), Refused("looked: not there"), NOW)
        claim.refresh_from_db()
        assert claim.state == ClaimState.BATCHED, "its claims stay until somebody chooses"
        OutboundFile.objects.update(state="refused")
        assert delivery.dissolve(batch, "wrong partner") == 1
        claim.refresh_from_db()
        assert claim.state == ClaimState.READY
        again = submitting.start(Claim.objects.all(), TODAY, {})
    tasks.submit(world.clinic.pk, again.pk)
    with world.open():
        again.refresh_from_db()
        assert claim.public_id in again.result["skipped"], "the partner is looked at first"
        Outbox.objects.filter(kind=delivery.LOOK, state="pending").update(state="done")
        again = submitting.start(Claim.objects.all(), TODAY, {})
    tasks.submit(world.clinic.pk, again.pk)
    with world.open():
        assert BatchItem.objects.filter(claim=claim, is_live=True).count() == 1
        assert BatchItem.objects.filter(claim=claim).count() == 2
    tasks.submit(world.clinic.pk, job.pk)  # the first job again, late
    with world.open():
        assert BatchItem.objects.filter(claim=claim).count() == 2


@committing
@pytest.mark.rule("I-15")
def test_two_jobs_over_the_same_claims_send_each_once(world: World) -> None:
    with world.open():
        ready_claims(world, 3)
    first, second = start(world), start(world)
    work_off()
    with world.open():
        first.refresh_from_db()
        second.refresh_from_db()
        assert [first.result["submitted"], second.result["submitted"]] == [3, 0]
        assert BatchItem.objects.count() == 3
        with pytest.raises(NothingToSubmit):
            submitting.start(Claim.objects.all(), TODAY, {})


@committing
def test_what_spoils_between_start_and_work_stays_behind(world: World) -> None:
    with world.open():
        good, bad, held = ready_claims(world, 3)
    job = start(world)
    with world.open():
        VisitLine.objects.filter(appointment=bad.appointment).update(is_confirmed=False)
        queue.hold(held, "Ask first")
    work_off()
    with world.open():
        job.refresh_from_db()
        bad.refresh_from_db()
        assert job.result["submitted"] == 1
        assert bad.state == ClaimState.NEW
        assert bad.findings[0]["code"] == "SALT-UNCONFIRMED"
        assert "ticked" in job.result["skipped"][bad.public_id]
        assert job.result["skipped"][held.public_id] == "On hold: Ask first"
        assert good.public_id not in job.result["skipped"]


@pytest.mark.django_db
def test_the_number_of_queries_does_not_grow_with_the_claims() -> None:
    from django.test.utils import CaptureQueriesContext

    world = make_world()
    counts = []
    with world.open():
        for size in (1, 3):
            ready_claims(world, size, visit={"note": str(size)}) if size == 1 else [
                ready_claim(world, patient=make_patient("Q", f"Uery{n}")) for n in range(size)
            ]
            job = submitting.start(Claim.objects.filter(state="ready"), TODAY, {})
            with CaptureQueriesContext(
                connection,
            ) as caught:
                submitting.submit_chunk(job, 0, NOW, TODAY)
            counts.append(len(caught))
    assert counts[0] == counts[1]
