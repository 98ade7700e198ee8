"""Money that can never be posted leaves escrow as owed back, and comes to zero when the insurer settles it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal as D

import pytest
from django.urls import reverse

from clinics.errors import BadInput
from responses import deposits, owed, queries, takebacks
from responses.errors import CannotPost, CannotUnpost
from responses.models import ClaimResponse, Remittance
from responses.receipts import tie
from tests.cast import NOW, make_world
from tests.responses.edi import Clp, remit
from tests.responses.stage import AETNA, EX1, answer, claimed, clp, money, set_up, take
from tests.scenarios.stage import wrong

pytestmark = [pytest.mark.django_db, pytest.mark.rule("B9.owed")]


@pytest.fixture
def world():
    world = make_world()
    with world.open():
        set_up(world, autopay_claims="post", reversals="auto_if_exact")
    return world


def twice(world):
    """Example 1 posted, and the same payment in a second check: E01 and E12, 85.00 in escrow."""
    claim = claimed(world, world.aetna)
    answer(clp(claim, *EX1), trace="T1", **AETNA)
    [again] = answer(clp(claim, *EX1), trace="T2", **AETNA)
    assert again.codes == ["E01", "E12"]
    return claim, again


def standing(row):
    """State of the answer and its check, and the check's tie."""
    fresh = ClaimResponse.objects.select_related("remittance").get(pk=row.pk)
    sums = tie(fresh.remittance)
    assert sums["difference"] == 0
    assert not wrong()
    return fresh.state, fresh.remittance.state, sums["escrow"], sums["provider_level"]


def test_a_payment_that_came_twice_is_owed_back_until_the_payer_takes_it(world):
    with world.open():
        claim, again = twice(world)
        before = money(claim.invoice)
        assert queries.opened(again).acts[0] == ("owe", "Owed back 85.00", "o")
        assert standing(again) == ("exception", "open", D("85.00"), D("0.00"))
        owed.owe_back(again, "paid on T1 already", at=NOW)
        assert standing(again) == ("ignored", "closed", D("0.00"), D("-85.00"))
        [entry] = takebacks.tracker()
        assert (entry.item.code, entry.item.amount, entry.claim) == ("WO", D("-85.00"), claim)
        other = claimed(world, world.aetna, last="Other")
        take(remit(clp(other, *EX1, icn="O1"), trace="T3", plb=[("WO:ICN1", "85")], **AETNA))
        assert takebacks.tracker() == []
        assert {row.note for row in entry.check.provider_adjustments.all()} == {"Back to zero: checks T2, T3"}
        assert money(claim.invoice) == before, "no patient and no claim is touched"
        ties = deposits.deposits(list(Remittance.objects.all()), date(2026, 3, 17))
        assert [(each.difference, each.breaks) for each in ties] == [(0, ())] * 3
        with pytest.raises(CannotUnpost):
            owed.ours_after_all(again, "too late", at=NOW)


def test_a_strangers_payment_and_its_reversal_answer_each_other(world):
    with world.open():
        [paid] = answer(Clp("STRANGER1", "1", "60", "60", icn="S1"), trace="T1", **AETNA)
        owed.owe_back(paid, "not our patient", at=NOW)
        [back] = answer(
            Clp("STRANGER1", "22", "-60", "-60", icn="S1"), trace="T2", plb=[("FB:T2", "-60")], amount="0", **AETNA
        )  # fmt: skip
        assert standing(back)[2] == D("-60.00")
        owed.owe_back(back, "taken back by the payer", at=NOW)
        assert standing(back) == ("ignored", "closed", D("0.00"), D("0.00"))
        assert [entry.item.code for entry in takebacks.tracker()] == ["FB"]


def test_ours_after_all_brings_everything_back_as_it_was(world):
    with world.open():
        _, again = twice(world)
        before = standing(again)
        for _ in range(2):
            owed.owe_back(again, "paid on T1 already", at=NOW)
            again.refresh_from_db()
            assert queries.opened(again).acts == [("undo", "Ours after all", "u")]
            owed.ours_after_all(again, "looked again", at=NOW)
            assert standing(again) == before
            assert takebacks.tracker() == []
        with pytest.raises(CannotPost):
            owed.ours_after_all(again, "twice", at=NOW)


def test_what_is_no_stopped_money_in_the_books_is_refused(world):
    with world.open():
        claim, again = twice(world)
        with pytest.raises(BadInput):
            owed.owe_back(again, " ", at=NOW)
        posted = ClaimResponse.objects.get(remittance__trace_number="T1")
        with pytest.raises(CannotPost):
            owed.owe_back(posted, "no", at=NOW)
        [denied] = answer(clp(claim, "1", "150", "0", ("CO", "16", "150"), icn="D"), trace="T3", **AETNA)
        [odd] = answer(clp(claim, *EX1, icn="E"), trace="T4", amount="80", **AETNA)
        for row in (denied, odd):
            with pytest.raises(CannotPost):
                owed.owe_back(row, "no", at=NOW)
            assert "owe" not in [act for act, _, _ in queries.opened(row).acts]


def test_the_page_and_the_api_do_the_same(world, client):
    client.force_login(world.users["biller"])
    with world.open():
        _, again = twice(world)
    page = reverse("responses:act", args=[again.public_id, "owe"])
    assert "Owe back 85.00" in client.get(page).content.decode()
    assert client.post(page, {"reason": "", "idempotency_key": "a"}).status_code == 409
    assert client.post(page, {"reason": "paid on T1", "idempotency_key": "b"}).status_code == 302
    assert "-85.00" in client.get(reverse("responses:takebacks"), {"format": "csv"}).content.decode()
    undo = reverse("responses-api:act", args=[again.public_id, "undo"])
    told = client.post(
        undo, {"reason": "ours"}, content_type="application/json", headers={"Idempotency-Key": "c"}
    )
    assert told.json()["state"] == "exception"
    owe = reverse("responses-api:act", args=[again.public_id, "owe"])
    told = client.post(
        owe, {"reason": "theirs"}, content_type="application/json", headers={"Idempotency-Key": "d"}
    )
    assert told.json()["state"] == "ignored"
