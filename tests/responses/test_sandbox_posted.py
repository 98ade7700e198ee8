"""What the sandbox's payers answer to a claim and to its replacement, posted: the books follow (SB8, B8, B9)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from claims import acknowledgements, corrections, queue, review, submitting
from claims.models import Batch, Claim
from clearinghouses.inbound import receive
from clearinghouses.sandbox.answering import answer
from clearinghouses.sandbox.memory import Memory
from responses import inbox
from responses.models import ClaimResponse
from tests.cast import NOW, TODAY, World, make_world
from tests.claims.helpers import bill
from tests.responses.stage import AETNA, clp, money, set_up
from tests.responses.stage import answer as claim_response
from work.files import read
from x12.reading import read_file

pytestmark = pytest.mark.django_db
D = Decimal


def sent_and_answered(world: World, claim: Claim, memory: Memory) -> list[ClaimResponse]:
    """Submit one claim, let the sandbox answer its very bytes, take all answers in; the newest responses."""
    job = submitting.start(Claim.objects.filter(pk=claim.pk), TODAY, {}, ticked=True)
    submitting.submit_chunk(job, 0, NOW, TODAY)
    batch = Batch.objects.select_related("stored").get(job=job)
    assert batch.stored is not None
    known = set(ClaimResponse.objects.values_list("pk", flat=True))
    for item in answer(read(batch.stored), memory, NOW):
        row, _ = receive(item.content, item.name, "collected", world.connection)
        if "835" in item.name.split("_"):
            inbox.take(row, at=NOW)
        else:
            acknowledgements.take(row, read_file(item.content), at=NOW)
    return list(ClaimResponse.objects.exclude(pk__in=known).order_by("ordinal"))


@pytest.mark.rule("SB8", "B8")
def test_a_replacement_is_reversed_and_decided_anew_and_the_books_follow() -> None:
    world = make_world()
    with world.open():
        set_up(world, autopay_claims="post", reversals="auto_if_exact")
        memory = Memory("alder")
        claim = queue.one_click(bill(world, member="COPAY25"), TODAY)
        [first] = sent_and_answered(world, claim, memory)
        before = money(claim.invoice)
        assert (first.state, before.paid_by_insurers, before.patient) == (
            "auto_posted",
            D("85.00"),
            D("25.00"),
        )
        claim.refresh_from_db()
        assert (claim.state, bool(claim.payer_claim_number)) == ("closed", True)
        again = corrections.duplicate(claim, "7", "the modifier was missing", today=TODAY)
        review.save_review(again, {"lines.0.modifiers": "AT"}, again.document_version, TODAY)
        assert again.state == "ready"
        back, new = sent_and_answered(world, again, memory)
        assert [(row.status_code, row.state) for row in (back, new)] == [
            ("22", "auto_posted"),
            ("1", "auto_posted"),
        ]
        assert (back.claim, new.claim) == (claim, again)
        after = money(claim.invoice)
        assert after == before, "taken back and paid anew: the same money, once"
        claim.refresh_from_db()
        again.refresh_from_db()
        assert (claim.state, again.state) == ("superseded", "closed")
        assert again.payer_claim_number not in ("", claim.payer_claim_number)


@pytest.mark.rule("B8")
@pytest.mark.parametrize("reversed_too", [False, True])
def test_an_answer_to_a_version_that_was_replaced_is_posted_and_leaves_it_replaced(
    reversed_too: bool,
) -> None:
    world = make_world()
    with world.open():
        set_up(world, autopay_claims="post", reversals="auto_if_exact")
        claim = queue.one_click(bill(world), TODAY)
        for step in ("batched", "submitted"):
            Claim.objects.filter(pk=claim.pk).update(state=step, submitted_at=NOW)
        claim.refresh_from_db()
        again = corrections.duplicate(claim, "1", "nobody answered", today=TODAY)
        share = (("CO", "45", "40"), ("PR", "3", "25"))
        [row] = claim_response(clp(claim, "1", "150", "85", *share), trace="T1", **AETNA)
        assert (row.state, money(claim.invoice).paid_by_insurers) == ("auto_posted", D("85.00"))
        if reversed_too:
            back = clp(claim, "22", "-150", "-85", ("CO", "45", "-40"), ("PR", "3", "-25"))
            [row] = claim_response(back, trace="T2", plb=[("FB", "-85")], amount="0", **AETNA)
            assert (row.state, money(claim.invoice).paid_by_insurers) == ("auto_posted", D("0.00"))
        claim.refresh_from_db()
        again.refresh_from_db()
        assert (claim.state, claim.outcome) == ("superseded", "reversed" if reversed_too else "paid")
        assert again.state in ("new", "ready")
