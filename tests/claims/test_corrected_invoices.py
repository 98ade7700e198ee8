"""A correction of code, units or charge: the invoice is taken back, corrected, and its claims follow it (B8)."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from appointments.models import VisitLine
from billing import lineage, voiding
from billing.checkout import check_out
from billing.errors import CannotVoid
from billing.models import Invoice
from claims import corrections, lifecycle, queue
from claims.enums import ClaimState
from claims.errors import NotResubmittable
from claims.models import Claim
from responses import matching
from responses.models import ClaimResponse
from tests.cast import NOW, TODAY, World, make_world
from tests.claims.helpers import bill, cash, visit_of
from tests.responses.stage import AETNA, answer, clp, money, set_up
from tests.scenarios.stage import wrong

pytestmark = [pytest.mark.django_db, pytest.mark.rule("B8.corrected")]


@pytest.fixture
def world(settings: Any) -> World:
    made = make_world()
    with made.open():
        set_up(made, autopay_claims="post", reversals="auto_if_exact")
    return made


def sent(world: World, *states: ClaimState) -> Claim:
    """A claim of one adjustment that left, and then went on."""
    claim = queue.one_click(bill(world, pay="25.00"), TODAY)
    for state in (ClaimState.BATCHED, ClaimState.SUBMITTED, *states):
        lifecycle.move(claim, state, text="test")
    return claim


def denied(world: World) -> Claim:
    """A claim that its insurer denied; the denial waits for a person."""
    claim = sent(world)
    [row] = answer(clp(claim, "1", "150", "0", ("CO", "16", "150"), icn="OLD1"), **AETNA)
    assert (row.state, row.codes) == ("exception", ["E10"])
    claim.refresh_from_db()
    return claim


def correct(world: World, invoice: Invoice) -> Invoice:
    """The visit was an office visit, not an adjustment: 100.00 instead of 150.00."""
    voiding.void_invoice(invoice.public_id, reason="wrong code", at=NOW, for_correction=True)
    VisitLine.objects.filter(appointment=visit_of(invoice)).update(service=world.exam)
    return check_out(visit_of(invoice).public_id, [], at=NOW).invoice


def test_a_denied_claim_is_replaced_from_its_corrected_invoice(world: World) -> None:
    with world.open():
        old = denied(world)
        made = correct(world, old.invoice)
        assert (made.corrects, made.total) == (old.invoice, 100)
        assert money(made).paid_by_patient == 25, "what the patient paid counts for the corrected one"
        assert money(old.invoice).charge == 0
        new = queue.one_click(made, TODAY)
        assert queue.one_click(made, TODAY) == new
        assert (new.version, new.frequency, new.payer_claim_number) == (2, "7", "OLD1")
        assert (new.replaces, new.total, new.state) == (old, 100, "ready")
        old.refresh_from_db()
        assert old.state == ClaimState.SUPERSEDED
        assert corrections.family(new) == corrections.family(old) == [old, new]
        assert not wrong()


@pytest.mark.parametrize("under_the_old_number", [False, True])
def test_either_number_finds_the_corrected_family(world: World, under_the_old_number: bool) -> None:
    with world.open():
        old = denied(world)
        made = correct(world, old.invoice)
        new = queue.one_click(made, TODAY)
        for state in (ClaimState.BATCHED, ClaimState.SUBMITTED):
            lifecycle.move(new, state, text="test")
        told = clp(new, "1", "100", "60", ("CO", "45", "15"), ("PR", "3", "25"), icn="NEW1")
        if under_the_old_number:
            told.number = old.control_number
        [row] = answer(told, trace="EFT2", **AETNA)
        assert row.state == "auto_posted", row.plan
        assert row.claim == new
        line = money(made)
        assert (line.insurer_open, line.patient, line.paid_by_insurers, line.adjusted) == (0, 0, 60, 15)
        assert not wrong()
        # The payer takes the new answer back under either number.
        back = clp(new, "22", "-100", "-60", ("CO", "45", "-15"), ("PR", "3", "-25"), icn="NEW1")
        back.number = old.control_number if under_the_old_number else new.control_number
        [row] = answer(back, trace="EFT3", plb=[("FB", "-60")], amount="0", **AETNA)
        assert row.state == "auto_posted", row.plan
        assert money(made).insurer_open == 75
        assert not wrong()


def test_a_late_answer_to_what_was_sent_first_is_a_question(world: World) -> None:
    with world.open():
        old = denied(world)
        correct(world, old.invoice)
        late = clp(old, "1", "150", "85", ("CO", "45", "40"), ("PR", "3", "25"), icn="OLD2")
        [row] = answer(late, trace="EFT2", **AETNA)
        assert row.state == "exception"
        assert "E06" in row.codes
        assert not wrong()


def test_a_second_correction_goes_on_from_the_first(world: World) -> None:
    with world.open():
        old = denied(world)
        first = correct(world, old.invoice)
        claim = queue.one_click(first, TODAY)
        for state in (ClaimState.BATCHED, ClaimState.SUBMITTED, ClaimState.REJECTED):
            lifecycle.move(claim, state, text="test")
        second = correct(world, first)
        third = queue.one_click(second, TODAY)
        assert (third.version, third.frequency, third.payer_claim_number) == (3, "7", "OLD1")
        assert lineage.whole(second) == lineage.whole(old.invoice) == [old.invoice_id, first.pk, second.pk]
        [found] = matching.match_families([_asked(old)])
        assert found.key == (second.pk, 1)
        assert not wrong()


def _asked(claim: Claim) -> Any:
    """A payment under this claim's number."""
    from lib.frozen import thaw
    from x12.documents.remittance import ClaimPayment

    row = ClaimResponse.objects.filter(claim=claim).first()
    assert row is not None
    return thaw(ClaimPayment, row.document)


def test_a_rejected_claim_goes_again_as_an_original(world: World) -> None:
    with world.open():
        old = sent(world, ClaimState.REJECTED)
        new = queue.one_click(correct(world, old.invoice), TODAY)
        assert (new.version, new.frequency, new.payer_claim_number) == (2, "1", "")


def test_what_stands_in_the_way_is_said(world: World) -> None:
    with world.open():
        waiting = sent(world)
        with pytest.raises(CannotVoid, match="wait for the payer's answer"):
            correct(world, waiting.invoice)
        unsent = queue.one_click(bill(world), TODAY)
        with pytest.raises(CannotVoid, match="it has not left"):
            correct(world, unsent.invoice)
        with pytest.raises(CannotVoid, match="No claim stands for it"):
            correct(world, bill(world))
        paid = sent(world)
        [row] = answer(clp(paid, "1", "150", "85", ("CO", "45", "40"), ("PR", "3", "25")), **AETNA)
        assert row.state == "auto_posted"
        with pytest.raises(CannotVoid, match="answer is posted"):
            correct(world, paid.invoice)


def test_without_the_payers_number_the_next_version_asks_for_it(world: World) -> None:
    with world.open():
        old = denied(world)
        Claim.objects.filter(pk=old.pk).update(payer_claim_number="")
        made = correct(world, old.invoice)
        with pytest.raises(NotResubmittable, match="claim number is missing"):
            queue.one_click(made, TODAY)


def test_by_page_and_by_api(world: World, client: Client) -> None:
    with world.open():
        page, api = denied(world), denied_again(world)
        visit = visit_of(page.invoice).public_id
        page_invoice, api_invoice = page.invoice, api.invoice
    client.force_login(world.users["biller"])
    shown = client.get(reverse("billing:invoice", args=[page_invoice.public_id])).content.decode()
    here = reverse("billing:correct-invoice", args=[page_invoice.public_id])
    assert here in shown
    assert "comes off the books until" in client.get(here).content.decode()
    done = client.post(here, {"reason": "wrong code", "idempotency_key": "c1"})
    assert done.url == reverse("appointments:visit", args=[visit])  # type: ignore[attr-defined]
    with world.open():
        new = check_out(visit, [cash(world, "1.00")], at=NOW).invoice
    shown = client.get(reverse("billing:invoice", args=[new.public_id])).content.decode()
    assert page_invoice.number in shown
    shown = client.get(reverse("billing:invoice", args=[page_invoice.public_id])).content.decode()
    assert new.number in shown
    told = client.get(reverse("billing-api:invoice", args=[new.public_id])).json()
    assert told["corrects"] == page_invoice.public_id
    there = reverse("billing-api:correct-invoice", args=[api_invoice.public_id])
    answered = client.post(
        there, {"reason": "wrong code"}, content_type="application/json", headers={"Idempotency-Key": "c2"}
    )
    assert (answered.status_code, answered.json()["state"]) == (200, "void")
    again = client.post(
        there, {"reason": "wrong"}, content_type="application/json", headers={"Idempotency-Key": "c3"}
    )
    assert again.status_code == 409


def denied_again(world: World) -> Claim:
    """Another patient's denied claim."""
    from tests.cast import make_patient

    claim = queue.one_click(bill(world, make_patient(last="Other")), TODAY)
    for state in (ClaimState.BATCHED, ClaimState.SUBMITTED):
        lifecycle.move(claim, state, text="test")
    told = clp(claim, "1", "150", "0", ("CO", "16", "150"), icn="OLD9")
    [row] = answer(told, trace="EFT9", **AETNA)
    assert row.state == "exception"
    return claim
