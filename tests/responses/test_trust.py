"""Before something is switched on: previews, rules tried on the past, trust that is earned and taken back."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from billing.models import LedgerEntry
from clinics.errors import BadInput
from responses import manual, rule_book, trust, undo, what_if
from responses import remit as remit_work
from responses.models import ClaimResponse, Remittance, TrustedCode
from responses.trust import Share
from tests.cast import NOW, make_world, sign_in
from tests.responses.edi import remit
from tests.responses.stage import AETNA, EX1, answer, claimed, clp, money, set_up
from work.models import Job

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    world = make_world()
    with world.open():
        set_up(world, autopay_claims="preview")
    return world


@pytest.mark.rule("B9.preview")
def test_a_preview_shows_each_claim_and_writes_nothing(world, client):
    client.force_login(world.users["biller"])
    with world.open():
        set_up(world, autopay_claims="post")
        claim = claimed(world, world.aetna)
        before = LedgerEntry.objects.count()
        text = remit(clp(claim, *EX1), **AETNA).encode()
    page = client.post(
        reverse("responses:upload"), {"file": SimpleUploadedFile("a.835", text), "preview": "1"}
    )
    assert "nothing was written" in page.content.decode()
    assert "owes 125.00 → 0.00" in page.content.decode()
    told = client.post(reverse("responses-api:preview"), {"file": SimpleUploadedFile("a.835", text)}).json()
    assert told["transactions"][0]["claims"][0]["decision"] == "posted"
    with world.open():
        assert (LedgerEntry.objects.count(), Remittance.objects.count()) == (before, 0)
    client.post(reverse("responses:upload"), {"file": SimpleUploadedFile("a.835", text)})
    with world.open():
        assert money(claim.invoice).insurers[1] == 0


@pytest.mark.rule("B9.whatif")
def test_a_rule_is_tried_on_the_books_of_their_time(world, client):
    """CO-59 stops one answer; with a rule it posts. An answer posted since is planned as it stood before."""
    with world.open():
        one, two = claimed(world, world.aetna, last="One"), claimed(world, world.aetna, last="Two")
        answer(clp(one, "1", "150", "85", ("CO", "59", "40"), ("PR", "3", "25")), trace="T1", **AETNA)
        [plain] = answer(clp(two, *EX1, icn="B"), trace="T2", **AETNA)
        manual.post_as_remitted(plain, at=NOW)
        before = LedgerEntry.objects.count()
        job = what_if.start(None, "CO", "59", "write_off", 3, at=NOW)
        with pytest.raises(BadInput):
            what_if.start(None, "XX", "59", "write_off", 3, at=NOW)
    what_if.run(world.clinic.pk, job.pk)
    with world.open():
        told = Job.objects.get(pk=job.pk)
        assert (told.state, told.result["answers"], told.result["would_post"], told.result["same"]) == (
            "done",
            2,
            1,
            1,
        )
        assert told.result["items"][0]["result"] == "stops E09 → posts"
        assert "written off 0.00 → 40.00" in told.result["items"][0]["why"]
        assert LedgerEntry.objects.count() == before
        again = what_if.start(None, "CO", "45", "hold", 3, at=NOW)
    what_if.run(world.clinic.pk, again.pk)
    with world.open():
        assert Job.objects.get(pk=again.pk).result["would_stop"] == 1
    sign_in(client, world.users["admin"])
    form = {"payer": "", "group": "CO", "reason": "59", "action": "write_off", "months": "3"}
    assert client.post(reverse("responses:what-if"), form).status_code == 302


@pytest.mark.rule("B9.trust")
@pytest.mark.parametrize(
    ("decided", "accepted", "is_suggested"),
    [(19, 19, False), (20, 20, True), (50, 49, True), (50, 48, False)],
)
def test_a_code_is_suggested_after_enough_answers_nearly_all_as_proposed(decided, accepted, is_suggested):
    assert Share(None, "CO-45", decided, accepted).is_suggested is is_suggested


@pytest.mark.rule("B9.trust")
def test_trust_lets_an_answer_post_under_preview_and_an_undo_takes_it_back(world, client):
    with world.open():
        claims = [claimed(world, world.aetna, last=name) for name in ("A", "B", "C", "D")]
        [first] = answer(clp(claims[0], *EX1), trace="T1", **AETNA)
        assert first.state == "proposed"
        manual.post_as_remitted(first, at=NOW)
        assert [(s.code, s.decided, s.percent, s.is_on) for s in trust.shares()] == [
            ("CO-45", 1, 100, False), ("PR-3", 1, 100, False),
        ]  # fmt: skip
        trust.switch(world.aetna, "CO-45", is_on=True)
        [second] = answer(clp(claims[1], *EX1, icn="B"), trace="T2", **AETNA)
        assert second.state == "proposed"  # PR-3 is not trusted yet
        trust.switch(world.aetna, "pr-3", is_on=True)
        [third] = answer(clp(claims[2], *EX1, icn="C"), trace="T3", **AETNA)
        assert third.state == "auto_posted"
        undo.unpost(third, reason="wrong patient", at=NOW)
        assert not TrustedCode.objects.filter(is_on=True).exists()
        [fourth] = answer(clp(claims[3], *EX1, icn="D"), trace="T4", **AETNA)
        assert fourth.state == "proposed"
    sign_in(client, world.users["admin"])
    page = client.get(reverse("responses:trust")).content.decode()
    assert "undone" in page
    with world.open():
        payer = world.aetna.public_id
    assert (
        client.post(reverse("responses:trust"), {"payer": payer, "code": "CO-45", "on": "1"}).status_code
        == 302
    )
    told = client.get(reverse("responses-api:trust")).json()
    assert [row["is_on"] for row in told if row["code"] == "CO-45"] == [True]


def test_trust_never_lets_a_gate_pass(world):
    with world.open():
        trust.switch(world.aetna, "CO-16", is_on=True)
        rule_book.add(None, "CO", "16", "hold")
        claim = claimed(world, world.aetna)
        [row] = answer(clp(claim, "1", "150", "0", ("CO", "16", "150")), **AETNA)
        assert row.state == "exception"
        assert ClaimResponse.objects.count() == 1


@pytest.mark.rule("B9.preview")
def test_the_preview_tells_insurer_patient_next_and_statement(world):
    """150: paid 85, 40 off, 25 the patient's, of which 10 were handed over: 15 go on the next statement."""
    with world.open():
        claim = claimed(world, world.aetna, paid="10.00")
        text = remit(clp(claim, "1", "150", "85", ("CO", "45", "40"), ("PR", "3", "25")), **AETNA)
        told = remit_work.preview_bytes(text.encode(), "e.835", at=NOW)
    [one] = told["transactions"][0]["claims"]
    assert [(side["who"], side["before"], side["after"]) for side in one["sides"]] == [
        ("Aetna owes", "125.00", "0.00"),
        ("Patient owes", "15.00", "15.00"),
        ("On the next statement", "0.00", "15.00"),
    ]
