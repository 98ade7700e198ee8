"""A check of ours to an insurer: it settles what is owed, ties, waits for a second person, and may come back."""

from __future__ import annotations

from datetime import date
from decimal import Decimal as D

import pytest
from django.db.models import Sum
from django.urls import reverse

from billing import approvals
from billing.errors import CannotDecide
from billing.models import Approval, LedgerEntry
from clinics.errors import BadInput
from responses import insurer_refunds, owed, takebacks
from responses.errors import CannotPost
from responses.insurer_refunds import Check
from responses.models import ProviderAdjustment
from tests.cast import NOW, PASSWORD, TODAY, make_world
from tests.responses.edi import remit
from tests.responses.stage import AETNA, BACK, EX1, answer, claimed, clp, set_up, take
from tests.scenarios.stage import wrong

pytestmark = [pytest.mark.django_db, pytest.mark.rule("B9.refund")]
OURS = Check("1042", date(2026, 3, 9), "their letter of March 3")
SETTLED = [("WO:ICN1", "85"), ("72:ICN1", "-85")]


@pytest.fixture
def world():
    world = make_world()
    with world.open():
        set_up(world, autopay_claims="post", reversals="auto_if_exact")
    return world


def owed_twice(world):
    """85.00 came twice and is owed back: the open item."""
    claim = claimed(world, world.aetna)
    answer(clp(claim, *EX1), trace="T1", **AETNA)
    [again] = answer(clp(claim, *EX1), trace="T2", **AETNA)
    return owed.owe_back(again, "paid on T1", at=NOW)


def books():
    """Cash, provider-level and escrow; every invariant holds."""
    assert not wrong()
    rows = LedgerEntry.objects.all()
    return tuple(
        rows.filter(account__startswith=name).aggregate(sum=Sum("amount"))["sum"] or D("0.00")
        for name in ("cash", "provider_level", "escrow")
    )


def test_our_check_settles_what_is_owed_and_the_payers_word_on_it_answers_itself(world):
    with world.open():
        item = owed_twice(world)
        assert books() == (D("170.00"), D("-85.00"), 0)
        insurer_refunds.refund(item, OURS, today=TODAY)
        assert books() == (D("85.00"), 0, 0)
        assert takebacks.tracker() == []
        [entry] = takebacks.tracker(is_open=False)
        assert (entry.is_paid_back, entry.item.note) == (True, "Paid back by check 1042 on 03/09/2026")
        take(remit(trace="T3", plb=SETTLED, amount="0", **AETNA))
        assert takebacks.tracker() == []
        assert books() == (D("85.00"), 0, 0)
        with pytest.raises(CannotPost):
            insurer_refunds.refund(item, OURS, today=TODAY)


def test_a_refund_that_the_payer_tells_before_it_is_on_record(world):
    """Reversed with WO -85, our check sent, WO +85 and 72 -85: the 72 is paid back on record."""
    with world.open():
        claim = claimed(world, world.aetna)
        answer(clp(claim, *EX1), trace="T1", **AETNA)
        take(remit(clp(claim, *BACK), trace="T2", plb=[("WO:ICN1", "-85")], amount="0", **AETNA))
        take(remit(trace="T3", plb=SETTLED, amount="0", **AETNA))
        [entry] = takebacks.tracker()
        assert (entry.item.code, entry.is_payable) == ("72", True)
        insurer_refunds.refund(entry.item, OURS, today=TODAY)
        assert (books(), takebacks.tracker()) == ((0, 0, 0), [])


def test_a_check_that_came_back_opens_the_item_and_another_may_go(world):
    with world.open():
        item = owed_twice(world)
        before = books()
        for number in ("1042", "1043"):
            insurer_refunds.refund(item, Check(number, TODAY, "letter"), today=TODAY)
            insurer_refunds.came_back(item, "returned by mail", today=TODAY)
            assert books() == before
            [entry] = takebacks.tracker()
            assert entry.is_payable
        with pytest.raises(CannotPost):
            insurer_refunds.came_back(item, "once more", today=TODAY)


@pytest.mark.parametrize(
    ("check", "error"),
    [
        (Check(" ", TODAY, "letter"), BadInput),
        (Check("1042", TODAY, " "), BadInput),
        (Check("1042", date(2126, 1, 1), "letter"), BadInput),
    ],
)
def test_a_check_that_cannot_be(world, check, error):
    with world.open():
        item = owed_twice(world)
        with pytest.raises(error):
            insurer_refunds.refund(item, check, today=TODAY)
        take(remit(trace="T3", plb=[("WO:OTHER", "5"), ("L6:X", "-5")], amount="0", **AETNA))
        for other in ProviderAdjustment.objects.filter(remittance__trace_number="T3"):
            with pytest.raises(CannotPost):
                insurer_refunds.refund(other, OURS, today=TODAY)


def test_an_admin_asks_and_an_owner_signs_in_again(world, client):
    with world.open():
        item = owed_twice(world)
    where = [item.remittance.public_id, item.ordinal]
    page, api = (
        reverse("responses:insurer-refund", args=where),
        reverse("responses-api:insurer-refund", args=where),
    )
    body = {"number": "1042", "sent_on": "2026-03-09", "reason": "letter"}
    head = {"HTTP_IDEMPOTENCY_KEY": "o", "content_type": "application/json"}
    client.force_login(world.users["biller"])
    assert client.get(page).status_code == 403
    client.force_login(world.users["admin"])
    assert "Pay back" in client.get(reverse("responses:takebacks")).content.decode()
    assert "Ask for the refund" in client.get(page).content.decode()
    assert client.post(page, {**body, "number": "", "idempotency_key": "a"}).status_code == 400
    assert client.post(api, {**body, "came_back": True}, **head).status_code == 409
    assert client.post(api, body, **head).status_code == 202
    assert client.post(page, {**body, "idempotency_key": "b"}).status_code == 400, "it waits already"
    with world.open():
        asked = Approval.objects.get()
        assert asked.words == "Refund 85.00 to AETNA by check 1042"
        with pytest.raises(CannotDecide):
            approvals.approve(asked, role="biller", today=TODAY, at=NOW)
        assert books()[0] == D("170.00")
    client.force_login(world.users["owner"])
    assert client.get(page)["Location"].startswith("/accounts/reauthenticate/")
    assert client.post(api, body, **head).status_code == 403
    approval = reverse("billing:approval", args=[asked.public_id])
    assert "None" not in client.get(approval).content.decode(), "it has no patient"
    assert client.post(approval, {"answer": "approve"}).status_code == 302
    with world.open():
        assert books()[0] == D("85.00")
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    assert "Refund check 1042 came back" in client.get(page).content.decode()
    assert client.post(page, {"reason": "stopped", "idempotency_key": "c"}).status_code == 302
    assert client.post(api, {"reason": "letter", "number": "1043"}, **head).status_code == 400, (
        "without its day"
    )
    assert client.post(api, {**body, "number": "1043"}, **head).status_code == 200
    with world.open():
        assert books() == (D("85.00"), 0, 0)
