"""Claims on paper are submitted when somebody printed them; warnings go out only with a tick (B5, B6.5, B6.6)."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pypdf import PdfReader

from claims import delivery, review, submitting, ticks
from claims.enums import BatchState
from claims.errors import CannotResend
from claims.models import Batch, Claim
from insurance.models import Payer
from tests.cast import NOW, TODAY, World, make_world
from tests.claims.helpers import ready_claim
from work.files import read
from work.models import Job

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(settings: Any, tmp_path: Path, transactional_db: None) -> World:
    settings.EXCHANGE_DIR = tmp_path
    return make_world()


def submit(claims: Any, *, ticked: bool = False) -> Job:
    job = submitting.start(claims, TODAY, {}, ticked=ticked)
    submitting.submit_chunk(job, 0, NOW, TODAY)
    submitting.finish(job, TODAY)
    job.refresh_from_db()
    return job


def on_paper(world: World) -> Claim:
    Payer.objects.filter(pk=world.aetna.pk).update(claim_format="paper")
    world.aetna.refresh_from_db()
    return ready_claim(world)


@pytest.mark.rule("B6.6")
def test_a_number_that_no_box_holds_keeps_a_paper_claim_back(world: World) -> None:
    with world.open():
        for claim, codes in ((ready_claim(world), []), (on_paper(world), ["PAPER-BOX"])):
            edits = {"prior_authorization": "A" * 30}
            found = review.save_review(claim, edits, claim.document_version, TODAY)
            assert [item.code for item in found] == codes
        assert found[0].where == "prior_authorization"
        assert "holds 29 characters" in found[0].message


@pytest.mark.rule("B6.6")
def test_a_paper_batch_is_printed_and_then_submitted(world: World) -> None:
    with world.open():
        claim = on_paper(world)
        look = submitting.preview(Claim.objects.all(), TODAY)
        assert [(group.partner, group.count) for group in look.groups] == [("Paper", 1)]
        batch = Batch.objects.get(job=submit(Claim.objects.all()))
        assert (batch.state, batch.connection, batch.format) == (BatchState.PENDING, None, "paper")
        assert batch.stored is not None
        assert claim.control_number in PdfReader(io.BytesIO(read(batch.stored))).pages[0].extract_text()
        claim.refresh_from_db()
        assert claim.state == "batched"
        delivery.mark_printed(batch, NOW)
        claim.refresh_from_db()
        assert (claim.state, claim.last_event) == ("submitted", "Submitted on paper: printed and mailed")
        for act in (lambda: delivery.mark_printed(batch, NOW), lambda: delivery.dissolve(batch, "late")):
            with pytest.raises(CannotResend):
                act()


@pytest.mark.rule("B6.6")
def test_what_was_not_printed_can_be_dissolved(world: World) -> None:
    with world.open():
        claim = on_paper(world)
        batch = Batch.objects.get(job=submit(Claim.objects.all()))
        assert delivery.dissolve(batch, "wrong paper") == 1
        claim.refresh_from_db()
        assert claim.state == "ready"
        again = Batch.objects.get(job=submit(Claim.objects.all()))
        assert again.pk != batch.pk


@pytest.mark.rule("B5.tick")
def test_a_warning_goes_out_only_with_a_tick(world: World) -> None:
    with world.open():
        claim = ready_claim(world)
        Claim.objects.filter(pk=claim.pk).update(filing_deadline=TODAY.replace(year=TODAY.year - 1))
        look = submitting.preview(Claim.objects.all(), TODAY)
        assert (look.count, [skip.code for skip in look.warned]) == (1, ["FILING-OVER"])
        job = submit(Claim.objects.all())
        assert job.result["submitted"] == 0
        assert "Nobody has looked" in next(iter(job.result["skipped"].values()))
        claim.refresh_from_db()
        assert (claim.state, claim.warning_count) == ("ready", 1)
        assert (ticks.tick(claim), ticks.tick(claim)) == (1, 0)
        assert submit(Claim.objects.all()).result["submitted"] == 1


@pytest.mark.rule("B5.tick")
def test_one_tick_in_the_dry_run_lets_all_go(world: World) -> None:
    with world.open():
        claim = ready_claim(world)
        Claim.objects.filter(pk=claim.pk).update(filing_deadline=TODAY.replace(year=TODAY.year - 1))
        assert submit(Claim.objects.all(), ticked=True).result["submitted"] == 1


def test_pages_of_paper(world: World, client: Client) -> None:
    with world.open():
        claim = on_paper(world)
    client.force_login(world.users["biller"])
    page = client.get(f"/claims/{claim.public_id}/?tab=boxes").content.decode()
    assert "2010BA NM109" in page
    form = client.get(f"/claims/{claim.public_id}/cms-1500.pdf")
    assert (form.status_code, form["Content-Type"]) == (200, "application/pdf")
    with world.open():
        batch = Batch.objects.get(job=submit(Claim.objects.all()))
    page = client.get(f"/claims/batches/{batch.public_id}/").content.decode()
    assert "Printed and mailed" in page
    assert (
        client.get(f"/claims/batches/{batch.public_id}/file/?print=drawn")["Content-Type"]
        == "application/pdf"
    )
    answer = client.post(f"/claims/batches/{batch.public_id}/printed/", follow=True)
    assert "submitted on paper" in answer.content.decode()
    assert client.get(f"/claims/{claim.public_id}/?tab=files").status_code == 200
    boxes = client.get(f"/api/v1/claims/{claim.public_id}/boxes/").json()["boxes"]
    assert {"box", "text", "element"} <= set(boxes[0])
