"""A void and the claim it takes back, whatever the payer answers (rules.md B8; frequency 8)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from claims import building, corrections, queue, submitting
from claims.enums import ClaimState
from claims.errors import IllegalMove, NotResubmittable
from claims.models import Batch, Claim
from claims.verification import live_claim_numbers
from tests.cast import NOW, TODAY, World, make_world
from tests.claims.test_answers import answer_277, payment, record, sent, state, ta1, take

pytestmark = [pytest.mark.django_db, pytest.mark.rule("B8.void")]


@pytest.fixture
def world(settings: Any, tmp_path: Path) -> World:
    settings.EXCHANGE_DIR = tmp_path
    return make_world()


def asked(world: World) -> tuple[Claim, Claim]:
    """A paid claim and the void that was made for it."""
    _, claims = sent(world)
    record(claims[0], payment(claims[0]))
    claims[0].refresh_from_db()
    void = corrections.duplicate(claims[0], "8", "billed by mistake", today=TODAY)
    return claims[0], void


def leave(void: Claim) -> Batch:
    """The void is checked, batched and its file made."""
    queue.settle(void, queue.check(void, TODAY), "mended")
    assert void.state == ClaimState.READY, void.findings
    job = submitting.start(Claim.objects.filter(pk=void.pk), TODAY, {})
    submitting.submit_chunk(job, 0, NOW, TODAY)
    return Batch.objects.get(job=job)


def test_the_old_claim_waits_and_stays_the_live_one(world: World) -> None:
    with world.open():
        claim, void = asked(world)
        assert (state(claim), void.frequency, void.state) == ("void_requested", "8", "new")
        assert building.live_claims(claim.invoice, 1) == [claim]
        assert queue.enqueue(claim.invoice, TODAY) == claim, "no second claim while the void is out"
        assert corrections.duplicate(claim, "8", "again", today=TODAY) == void, "pressing twice makes one"
        assert set(live_claim_numbers(claim.invoice)) == {claim.control_number, void.control_number}
        claim.refresh_from_db()
        assert not any(choice.allowed for choice in corrections.choices(claim))


def test_the_payers_acceptance_voids_and_a_late_reversal_changes_no_state(world: World) -> None:
    with world.open():
        claim, void = asked(world)
        batch = leave(void)
        take(world, answer_277(batch, [void], "A1"))
        assert state(claim) == ClaimState.VOID_REQUESTED, "the clearinghouse decides nothing"
        take(world, answer_277(batch, [void], "A2", "ICN2"))
        assert (state(claim), state(void)) == ("voided", "accepted")
        assert live_claim_numbers(claim.invoice) == []
        claim.refresh_from_db()
        record(claim, payment(claim, paid="-150.00", status="22"), "R2")
        assert (state(claim), state(void)) == ("voided", "adjudicated")
        made = queue.enqueue(claim.invoice, TODAY)
        assert (made.state, made.frequency) == ("new", "1"), "the invoice can be claimed anew"


@pytest.mark.parametrize("under", ["the old number", "the void's number"])
def test_the_payers_reversal_voids_under_either_number(world: World, under: str) -> None:
    with world.open():
        claim, void = asked(world)
        record(claim, payment(claim, paid="-1.00", status="22"), "R0")
        assert state(claim) == ClaimState.ADJUDICATED, "a reversal before the void left is no answer to it"
        Claim.objects.filter(pk=claim.pk).update(state="void_requested")
        take(world, ta1(leave(void)))
        void.refresh_from_db()
        claim.refresh_from_db()
        named = claim if under == "the old number" else void
        record(named, payment(named, paid="-150.00", status="22"), "R2")
        assert (state(claim), state(void)) == ("voided", "adjudicated")


def test_a_rejected_void_goes_again_as_a_void_or_is_given_up(world: World) -> None:
    with world.open():
        claim, void = asked(world)
        batch = leave(void)
        take(world, answer_277(batch, [void], "A7"))
        void.refresh_from_db()
        assert (state(claim), void.state) == ("void_requested", "rejected")
        with pytest.raises(NotResubmittable) as refused:
            corrections.duplicate(void, "1", "try", today=TODAY)
        assert refused.value.code == "other_frequency"
        again = corrections.duplicate(void, "8", "number mended", today=TODAY)
        assert (again.replaces_id, again.document["payer_claim_number"]) == (claim.pk, "ICN1")
        assert corrections.duplicate(void, "8", "number mended", today=TODAY) == again
        queue.discard(again, "it was right after all")
        assert (state(claim), state(void), state(again)) == ("adjudicated", "superseded", "voided")


def test_a_rejected_void_can_be_given_up_where_it_stands(world: World) -> None:
    with world.open():
        claim, void = asked(world)
        take(world, answer_277(leave(void), [void], "A7"))
        void.refresh_from_db()
        queue.discard(void, "the payer keeps it")
        assert (state(claim), state(void)) == ("adjudicated", "voided")
        with pytest.raises(IllegalMove):
            queue.discard(claim, "no")


def test_a_rejected_replacement_goes_again_as_a_replacement(world: World) -> None:
    with world.open():
        _, claims = sent(world)
        record(claims[0], payment(claims[0]))
        claims[0].refresh_from_db()
        second = corrections.duplicate(claims[0], "7", "modifier", today=TODAY)
        take(world, answer_277(leave(second), [second], "A7"))
        second.refresh_from_db()
        assert [c.frequency for c in corrections.choices(second) if c.allowed] == ["7"]
        third = corrections.duplicate(second, "7", "modifier", today=TODAY)
        assert (state(second), third.document["payer_claim_number"]) == ("superseded", "ICN1")
