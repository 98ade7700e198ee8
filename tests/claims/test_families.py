"""Version families: any number ever sent finds the family, and what left is printed again byte by byte (B8)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from claims import corrections, delivery, lifecycle, paper, queue, submitting, tasks
from claims.enums import BatchState, ClaimState
from claims.models import Batch, BatchItem, Claim
from clearinghouses.models import OutboundFile
from lib.frozen import thaw
from responses import matching
from responses.enums import MatchQuality
from tests.cast import NOW, TODAY, World, make_world
from tests.claims.helpers import ready_claims
from tests.claims.test_answers import payment, record
from work.files import read, store
from x12.documents.professional_claim import ClaimDocument, ClaimTransaction
from x12.reading import read_file


@pytest.fixture
def world(settings: Any, tmp_path: Path) -> World:
    settings.EXCHANGE_DIR = tmp_path
    return make_world()


def submit(claim: Claim) -> Batch:
    job = submitting.start(Claim.objects.filter(pk=claim.pk), TODAY, {})
    submitting.submit_chunk(job, 0, NOW, TODAY)
    return Batch.objects.get(job=job)


def three_versions(world: World) -> list[Claim]:
    """An original, its replacement, and the replacement of that; each was sent and decided."""
    (claim,) = ready_claims(world, 1)
    found = []
    for number in range(1, 4):
        submit(claim)
        record(claim, replace(payment(claim), payer_control_number=f"ICN{number}"), f"R{number}")
        claim.refresh_from_db()
        found.append(claim)
        if number < 3:
            claim = corrections.duplicate(claim, "7", "data error", today=TODAY)
            queue.check(claim, TODAY)
            if claim.state == ClaimState.NEW:
                lifecycle.move(claim, ClaimState.READY, text="Reviewed")
    return found


@pytest.mark.django_db
@pytest.mark.rule("B8")
def test_a_remittance_for_any_versions_number_finds_its_family(world: World) -> None:
    with world.open():
        versions = three_versions(world)
        assert [row.version for row in versions] == [1, 2, 3]
        numbers = [row.control_number for row in versions]
        assert len(set(numbers)) == 3
        for written in (str, str.lower, lambda text: f"{text} ", lambda text: f"0{text}"[:20]):
            told = [replace(payment(versions[0]), control_number=written(number)) for number in numbers]
            found = matching.match_families(told)
            assert {(one.key, one.quality) for one in found} == {
                ((versions[0].invoice_id, 1), MatchQuality.CERTAIN)
            }
        unknown = replace(payment(versions[0]), control_number="0", payer_control_number="ICN2")
        (weak,) = matching.match_families([unknown])
        assert (weak.key, weak.quality) == ((versions[0].invoice_id, 1), MatchQuality.WEAK)


@pytest.mark.django_db
@pytest.mark.rule("B8.reprint")
def test_every_version_is_printed_again_byte_by_byte(world: World) -> None:
    with world.open():
        versions = three_versions(world)

        def prints() -> list[bytes]:
            found = []
            for row in versions:
                claim = Claim.objects.select_related("location").get(pk=row.pk)
                item = BatchItem.objects.select_related("batch__stored").get(claim=claim, is_live=True)
                assert item.batch.stored is not None
                found += [
                    paper.form_of(claim, drawn=True),
                    paper.form_of(claim, drawn=False),
                    read(item.batch.stored),
                ]
            return found

        before = prints()
        patient = versions[0].patient
        patient.last_name, patient.birth_date, patient.street = "Changed", date(1950, 5, 5), "Elsewhere 1"
        patient.save()
        world.aetna.name = "OTHER NAME"
        world.aetna.save()
        world.provider.name = "OTHER CLINIC"
        world.provider.save()
        assert prints() == before
        for row, content in zip(versions, before[2::3], strict=True):
            sent = read_file(content).transactions[0].document
            assert isinstance(sent, ClaimTransaction)
            kept = thaw(ClaimDocument, Claim.objects.get(pk=row.pk).document)
            (told,) = sent.claims
            assert (told.control_number, told.frequency_code, told.payer_claim_number) == (
                row.control_number,
                "1" if row.version == 1 else "7",
                "" if row.version == 1 else f"ICN{row.version - 1}",
            )
            assert [line.charge for line in told.lines] == [line.charge for line in kept.lines]
            assert told.subscriber.birth_date == kept.subscriber.birth_date


@pytest.mark.django_db
@pytest.mark.rule("B8.reprint")
def test_stored_bytes_cannot_be_changed(world: World) -> None:
    with world.open():
        stored = submit(ready_claims(world, 1)[0]).stored
        assert stored is not None
        with pytest.raises(DatabaseError), transaction.atomic():
            type(stored).objects.filter(pk=stored.pk).update(content=b"other")


@pytest.mark.django_db(transaction=True)
@pytest.mark.rule("B6.4.opinion")
def test_what_the_independent_validator_objects_to_does_not_leave(world: World, tmp_path: Path) -> None:
    with world.open():
        good, bad = (submit(claim) for claim in ready_claims(world, 2))
        assert bad.outbound_file is not None
        broken = read(bad.outbound_file.stored).replace(b"*HC:", b"*XX:")
        OutboundFile.objects.filter(pk=bad.outbound_file.pk).update(stored=store(broken, "broken.837"))
    tasks.send(world.clinic.pk, good.pk)
    tasks.send(world.clinic.pk, bad.pk)
    with world.open():
        good.refresh_from_db()
        bad.refresh_from_db()
        assert (good.state, bad.state) == (BatchState.DELIVERED, BatchState.REFUSED)
        assert "independent validator objects" in bad.detail and "SV1" in bad.detail
        assert set(Claim.objects.filter(submissions__batch=bad).values_list("state", flat=True)) == {
            "batched"
        }
        file = OutboundFile.objects.get(pk=bad.outbound_file_id)
        assert (file.state, file.attempts) == ("refused", 1)
        put = [path.name for path in tmp_path.rglob("*.837")]
        assert file.name not in put and len(put) == 1

        delivery.send_again(bad)
    tasks.send(world.clinic.pk, bad.pk)
    with world.open():
        bad.refresh_from_db()
        assert bad.state == BatchState.DELIVERED, "a person took it on: they are taken at their word"
