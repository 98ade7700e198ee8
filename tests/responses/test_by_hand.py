"""An answer posted line by line: what a person may change, what is refused, and that it can be taken back."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from django.db.models import Sum
from django.urls import reverse

from billing import balances
from billing.models import LedgerEntry
from claims.models import Claim
from clinics.errors import BadInput
from clinics.models import AuditEvent
from responses import coordination, manual, queries, trust, undo
from responses.by_hand import ByHand, HandCode, HandLine
from responses.errors import CannotPost
from responses.models import ClaimResponse
from responses.posting_rules import Goes
from responses.receipts import tie
from tests.cast import NOW, make_service, make_world
from tests.responses.edi import Clp, Svc
from tests.responses.stage import AETNA, EX1, MEDICARE, answer, claimed, clp, money, set_up
from tests.scenarios.stage import wrong

D = Decimal
pytestmark = pytest.mark.django_db


@pytest.fixture
def posting():
    world = make_world()
    with world.open():
        set_up(world, autopay_claims="post", reversals="auto_if_exact")
        yield world
        assert not wrong()


def two_lines(world, *payers):
    """A claim of 150 for 98941 and 60 for 97140."""
    massage = make_service("97140", "Manual therapy", "60.00")
    return claimed(world, *payers, services=(world.adjustment, massage))


def told(claim, *services, status="1", paid, icn="ICN1", charge="210"):
    """An answer to its two lines: (charge, paid, cas...) each."""
    lines = [
        Svc(charged, got, cas, line_id=line.line_id, code=line.procedure_code)
        for line, (charged, got, *cas) in zip(claim.lines.order_by("line_no"), services, strict=True)
    ]
    return Clp(claim.control_number, status, charge, paid, lines, icn=icn)


def by_hand(row, change=None, *, role="biller", reason="looked at the EOB", **goes):
    """Post the sheet with where some codes go, and what else ``change`` does to its lines."""
    lines = [each.hand for each in manual.sheet_of(row).sheet.lines]
    lines = [
        HandLine(
            line.line_id, line.paid,
            tuple(
                HandCode(c.group, c.reason, c.amount, goes.get(f"{c.group}{c.reason}", c.goes)) for c in line.codes
            ), line.note,
        )
        for line in lines
    ]  # fmt: skip
    sheet = ByHand(tuple(change(lines) if change else lines), role, reason)
    return manual.post_as_remitted(row, at=NOW, reason=reason, hand=sheet)


def books():
    """Every account's sum for every charge: what an undo brings back."""
    rows = LedgerEntry.objects.values_list("account", "charge_id").annotate(sum=Sum("amount"))
    return {(account, charge): amount for account, charge, amount in rows if amount}


DENIED_LINE = (("150", "85", ("CO", "45", "40"), ("PR", "3", "25")), ("60", "0", ("CO", "50", "60")))


@pytest.mark.rule("B9.hand")
def test_a_denied_line_stays_with_its_insurer_while_the_other_posts(posting):
    claim = two_lines(posting, posting.aetna)
    [row] = answer(told(claim, *DENIED_LINE, paid="85"), **AETNA)
    assert (row.state, row.codes) == ("exception", ["E10"])
    before = books()
    posted = by_hand(row)
    line = money(claim.invoice)
    assert (line.insurers[1], line.patient, line.paid_by_insurers, line.adjusted) == (60, 25, 85, 40)
    assert tie(posted.remittance)["difference"] == 0
    assert AuditEvent.objects.get(action="response.post_lines").data["sheet"][1]["paid"] == "0.00"
    undo.unpost(ClaimResponse.objects.get(pk=row.pk), reason="wrong claim", at=NOW)
    assert books() == before
    by_hand(ClaimResponse.objects.get(pk=row.pk))
    assert money(claim.invoice).insurers[1] == 60


@pytest.mark.rule("B9.hand")
def test_a_denied_line_is_disputed_or_written_off_within_the_role_s_limit(posting):
    claim = two_lines(posting, posting.aetna)
    [row] = answer(told(claim, *DENIED_LINE, paid="85"), **AETNA)
    with pytest.raises(BadInput, match="disputed"):
        by_hand(row, CO50=Goes.DISPUTE, reason="")
    with pytest.raises(CannotPost, match=r"may write off 50\.00"):
        by_hand(row, CO50=Goes.WRITE_OFF)
    by_hand(row, CO50=Goes.WRITE_OFF, role="admin")
    line = money(claim.invoice)
    assert (line.insurers[1], line.adjusted) == (0, 100)
    other = claimed(posting, posting.aetna, last="Second")
    [row] = answer(clp(other, "1", "150", "0", ("CO", "16", "150"), icn="I9"), trace="T9", **AETNA)
    row = by_hand(row, CO16=Goes.DISPUTE)
    assert row.hold_reason.startswith("Disputed: 98941 CO-16 150.00: looked at the EOB")
    assert money(other.invoice).insurers[1] == 150


@pytest.mark.rule("B9.hand")
def test_what_is_not_the_patient_s_never_reaches_the_patient(posting):
    claim = claimed(posting, posting.aetna)
    [row] = answer(clp(claim, "1", "150", "85", ("CO", "16", "40"), ("PR", "3", "25")), **AETNA)
    with pytest.raises(BadInput, match="not the patient's"):
        by_hand(row, CO16=Goes.NEXT)
    with pytest.raises(BadInput, match="patient's share"):
        by_hand(row, PR3=Goes.WRITE_OFF)
    assert row.state == ClaimResponse.objects.get(pk=row.pk).state == "exception"


@pytest.mark.rule("B9.hand")
def test_a_denial_that_names_another_insurer_is_passed_on_to_it(posting):
    claim = claimed(posting, posting.medicare, posting.aarp)
    [row] = answer(clp(claim, "1", "150", "0", ("CO", "22", "150")), **MEDICARE)
    assert row.codes == ["E10"]
    row = by_hand(row, CO22=Goes.NEXT)
    assert row.plan["next"] == "layer-2"
    assert money(claim.invoice).insurers == {1: 0, 2: 150, 3: 0}
    coordination.roll_over(row.pk, at=NOW)
    assert Claim.objects.get(invoice=claim.invoice, rank=2).payer == posting.aarp
    undo.unpost(ClaimResponse.objects.get(pk=row.pk), reason="theirs after all", at=NOW)
    assert money(claim.invoice).insurers[1] == 150
    assert Claim.objects.get(invoice=claim.invoice, rank=2).state == "voided"


@pytest.mark.rule("B9.hand")
def test_a_sheet_that_does_not_add_up_is_refused_with_the_amount(posting):
    claim = two_lines(posting, posting.aetna)
    [row] = answer(told(claim, *DENIED_LINE, paid="85"), **AETNA)
    short = lambda lines: [HandLine(lines[0].line_id, D("80"), lines[0].codes), lines[1]]  # noqa: E731
    with pytest.raises(BadInput, match=r"Line 98941: 5\.00 of 150\.00"):
        by_hand(row, short)
    moved = HandCode("CO", "45", D("45"), Goes.WRITE_OFF)
    less = lambda lines: [HandLine(lines[0].line_id, D("80"), (moved, lines[0].codes[1])), lines[1]]  # noqa: E731
    with pytest.raises(BadInput, match=r"pays 85\.00 .* paid 80\.00: 5\.00 apart"):
        by_hand(row, less)
    with pytest.raises(BadInput, match="Every line"):
        by_hand(row, lambda lines: lines[:1])


@pytest.mark.rule("B9.hand")
def test_lines_that_the_payer_told_otherwise_are_put_right(posting):
    """97140 came back as 48.00 under another code (E06, E07, E08): the person puts 12.00 where they belong."""
    claim = two_lines(posting, posting.aetna)
    lines = claim.lines.order_by("line_no")
    services = [
        Svc("150", "110", [("CO", "45", "40")], line_id=lines[0].line_id, code="98941"),
        Svc("48", "40", [("CO", "45", "8")], line_id="", code="97112"),
    ]
    [row] = answer(Clp(claim.control_number, "1", "198", "150", services), **AETNA)
    assert {"E06", "E07"} <= set(row.codes)
    assert [(s.procedure.code, s.charge) for s in manual.sheet_of(row).sheet.strangers] == [("97112", 48)]
    second = HandLine(
        lines[1].line_id, D("40"), (HandCode("CO", "45", D("20"), Goes.WRITE_OFF),), "97112 is ours"
    )
    by_hand(row, lambda lines: [lines[0], second])
    line = money(claim.invoice)
    assert (line.insurer_open, line.paid_by_insurers, line.adjusted) == (0, 150, 60)
    # and the payer takes exactly that answer back: no line is left behind
    back = [
        Svc(f"-{s.charge}", f"-{s.paid}", [(g, r, f"-{a}") for g, r, a in s.cas], s.line_id, s.code)
        for s in services
    ]
    [turned] = answer(
        Clp(claim.control_number, "22", "-198", "-150", back),
        trace="T2",
        plb=[("FB", "-150")],
        amount="0",
        **AETNA,
    )
    assert turned.state == "exception"  # lines that were never submitted: a person looks


@pytest.mark.rule("B9.hand")
def test_a_reversal_that_is_not_exact_is_taken_back_line_by_line(posting):
    """85/40/25 posted; the payer takes back 80 of it and 30 from the patient: 5 stay paid. Then it pays 70 anew."""
    claim = claimed(posting, posting.aetna, paid="25.00")
    [first] = answer(clp(claim, *EX1), **AETNA)
    back = clp(claim, "22", "-150", "-80", ("CO", "45", "-40"), ("PR", "3", "-30"))
    [row] = answer(back, trace="T2", plb=[("FB", "-80")], amount="0", **AETNA)
    assert (row.state, row.codes) == ("exception", ["E11"])
    with pytest.raises(CannotPost, match="line by line"):
        manual.post_as_remitted(row, at=NOW)
    before = books()
    by_hand(row)
    line = money(claim.invoice)
    assert (line.insurers[1], line.paid_by_insurers, line.adjusted) == (150, 5, 0)
    assert balances.patient_credit(claim.patient_id).held == 25
    assert tie(row.remittance)["escrow"] == 0
    with pytest.raises(undo.CannotUnpost):
        undo.unpost(first, reason="under the reversal", at=NOW)
    undo.unpost(ClaimResponse.objects.get(pk=row.pk), reason="not yet", at=NOW)
    assert books() == before
    by_hand(ClaimResponse.objects.get(pk=row.pk))
    cas = (("CO", "45", "40"), ("PR", "3", "25"), ("PR", "2", "15"))
    [anew] = answer(clp(claim, "1", "150", "70", *cas, icn="ICN2"), trace="T3", **AETNA)
    assert anew.state == "auto_posted"
    line = money(claim.invoice)
    # 150 = 5 + 70 paid, 35 of the 40 written off, 40 of the patient of which 25 were handed over
    assert (line.insurer_open, line.paid_by_insurers, line.adjusted, line.patient) == (0, 75, 35, 15)


@pytest.mark.rule("B9.trust")
def test_an_answer_posted_line_by_line_earns_no_trust(posting):
    set_up(posting, autopay_claims="preview")
    claim = claimed(posting, posting.aetna)
    [row] = answer(clp(claim, *EX1), **AETNA)
    assert row.state == "proposed"
    by_hand(row)
    assert {(share.code, share.decided, share.accepted) for share in trust.shares()} == {
        ("CO-45", 1, 0), ("PR-3", 1, 0),
    }  # fmt: skip


def test_the_sheet_on_the_page_and_in_the_api(client, posting):
    claim = two_lines(posting, posting.aetna)
    [row] = answer(told(claim, *DENIED_LINE, paid="85"), **AETNA)
    client.force_login(posting.users["biller"])
    address = reverse("responses:lines", args=[row.public_id])
    page = client.get(address).content.decode()
    assert 'value="CO-50"' in page
    assert "Leave with Aetna" in page
    body = {"l0-paid": "85.00", "l0-code1": "CO-45", "l0-amount1": "40", "l0-goes1": "write_off", "l0-code2": "pr 3",
            "l0-amount2": "25", "l0-goes2": "next", "l1-paid": "0", "l1-code1": "CO-50", "l1-amount1": "59",
            "l1-goes1": "stays", "reason": "as printed"}  # fmt: skip
    refused = client.post(address, {**body, "idempotency_key": "a1"})
    assert (refused.status_code, "1.00 of 60.00" in refused.content.decode()) == (409, True)
    for _ in range(2):
        done = client.post(address, {**body, "l1-amount1": "60", "idempotency_key": "a2"})
        assert done.status_code == 302
    assert money(claim.invoice).insurers[1] == 60
    assert client.get(address).status_code == 409
    shown = client.get(reverse("responses:response", args=[row.public_id]), {"part": 1}).content.decode()
    assert "Posted line by line" in shown

    other = claimed(posting, posting.aetna, last="Second")
    [row] = answer(clp(other, "1", "150", "0", ("CO", "16", "150"), icn="I9"), trace="T9", **AETNA)
    address = reverse("responses-api:lines", args=[row.public_id])
    sheet = client.get(address).json()
    assert sheet["lines"][0]["codes"] == [
        {"group": "CO", "reason": "16", "amount": "150.00", "goes": "stays"}
    ]
    sheet["lines"][0]["codes"][0]["amount"] = "149.00"
    said = client.post(address, json.dumps(sheet), content_type="application/json")
    assert (said.status_code, "1.00 of 150.00" in said.content.decode()) == (400, True)
    sheet["lines"][0]["codes"][0]["amount"] = "150.00"
    said = client.post(address, json.dumps(sheet), content_type="application/json", HTTP_IDEMPOTENCY_KEY="k9")
    assert (said.status_code, said.json()["state"]) == (200, "posted_manually")
    client.force_login(posting.users["front_desk"])
    assert client.get(address).status_code == 403


def test_the_fitting_act_stands_first(posting):
    claim = claimed(posting, posting.aetna)
    [denied] = answer(clp(claim, "1", "150", "0", ("CO", "16", "150")), **AETNA)
    assert queries.opened(denied).acts[0][0] == "resubmit"
    [short] = answer(clp(claim, "1", "140", "85", ("CO", "45", "30"), ("PR", "3", "25")), trace="T2", **AETNA)
    assert (short.codes, queries.opened(short).acts[0]) == (["E06"], ("lines", "Line by line", "e"))
    back = clp(claim, "22", "-150", "-80", ("CO", "45", "-45"), ("PR", "3", "-25"))
    [turned] = answer(back, trace="T3", plb=[("FB", "-80")], amount="0", **AETNA)
    assert [act for act, _, _ in queries.opened(turned).acts] == ["lines", "hold", "owe", "dispute"]
