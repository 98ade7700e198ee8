"""Remittances into the ledger: B9 and B11.2's figures, once, to the cent."""

from __future__ import annotations

from decimal import Decimal

import pytest

from billing import balances, voiding
from billing.models import LedgerTxn, Receipt
from claims.models import Adjudication, Claim
from responses import coordination, eobs, manual, undo
from responses.errors import CannotPost, CannotUnpost
from responses.models import ClaimResponse, PostingRule, ProviderAdjustment, Remittance
from responses.receipts import tie
from tests.cast import NOW, make_world
from tests.responses.edi import remit
from tests.responses.stage import AARP, AETNA, EX1, MEDICARE, answer, claimed, clp, money, set_up, take

D = Decimal
pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    world = make_world()
    with world.open():
        yield world


@pytest.fixture
def posting(world):
    set_up(world, autopay_claims="post", reversals="auto_if_exact")
    return world


@pytest.mark.rule("B9")
@pytest.mark.rule("B3")
def test_example_1_posts_by_itself_and_leaves_the_fifteen_as_credit(posting):
    claim = claimed(posting, posting.aetna, paid="40.00")
    [row] = answer(clp(claim, *EX1), **AETNA)
    assert (row.state, row.codes, row.next_payer) == ("auto_posted", [], "Patient")
    line = money(claim.invoice)
    assert line.insurers == {1: D("0.00"), 2: D("0.00"), 3: D("0.00")}
    assert (line.patient, line.paid_by_insurers, line.adjusted, line.paid_by_patient) == (0, 85, 40, 25)
    assert balances.patient_credit(claim.patient_id).free == D("15.00")
    receipt = Receipt.objects.get(kind="insurance")
    assert (receipt.memo, receipt.amount, receipt.method.name) == ("EFT1", D("85.00"), "Insurance")
    assert balances.escrow(receipt.pk) == 0
    claim.refresh_from_db()
    assert (claim.state, claim.outcome) == ("closed", "paid")
    claim.invoice.refresh_from_db()
    assert claim.invoice.state == "closed"
    assert tie(row.remittance)["difference"] == 0
    assert row.remittance.state == "closed" or Remittance.objects.get().state == "closed"


def test_pr_thirty_where_twenty_five_was_expected_leaves_five_due(posting):
    claim = claimed(posting, posting.aetna, paid="25.00")
    answer(clp(claim, "1", "150", "80", ("CO", "45", "40"), ("PR", "3", "30")), **AETNA)
    assert (money(claim.invoice).patient, balances.patient_due(claim.patient_id)) == (5, 5)


def test_less_patient_part_than_was_paid_becomes_free_credit(posting):
    claim = claimed(posting, posting.aetna, paid="25.00")
    answer(clp(claim, "1", "150", "100", ("CO", "45", "40"), ("PR", "3", "10")), **AETNA)
    assert money(claim.invoice).patient == 0
    assert balances.patient_credit(claim.patient_id) == balances.Credit(D("15.00"), D("0.00"))


@pytest.mark.rule("B9.E10")
def test_example_2_a_denial_stops_and_stays_with_the_insurer(posting):
    claim = claimed(posting, posting.aetna)
    [row] = answer(clp(claim, "1", "150", "0", ("CO", "16", "150")), **AETNA)
    assert row.state == "exception"
    assert "E10" in row.codes
    claim.refresh_from_db()
    assert (claim.state, claim.outcome) == ("adjudicated", "denied")
    assert money(claim.invoice).insurers[1] == 125


@pytest.mark.rule("B9.E16")
@pytest.mark.parametrize(
    ("mode", "held", "posted"), [("auto_if_exact", "0.00", "166.00"), ("block", "-40.00", "206.00")]
)
def test_example_3_the_check_ties_with_and_without_the_reversal(posting, mode, held, posted):
    set_up(posting, reversals=mode)
    old = claimed(posting, posting.aetna, last="Old")
    first, second = claimed(posting, posting.aetna, last="One"), claimed(posting, posting.aetna, last="Two")
    answer(clp(old, "1", "150", "40", ("CO", "45", "110")), trace="EFT0", **AETNA)
    rows = answer(
        clp(first, "1", "150", "96", ("CO", "45", "54"), icn="A"),
        clp(second, "1", "150", "110", ("CO", "45", "40"), icn="B"),
        clp(old, "22", "-150", "-40", ("CO", "45", "-110")),
        plb=[("WO", "6")], **AETNA,
    )  # fmt: skip
    row = rows[0].remittance
    sums = tie(row)
    assert (sums["check"], sums["provider_level"]) == (160, 6)
    assert (sums["escrow"], sums["posted"], sums["difference"]) == (D(held), D(posted), 0)
    assert [each.state for each in rows][:2] == ["auto_posted", "auto_posted"]
    assert rows[2].codes == ([] if mode == "auto_if_exact" else ["E11"])
    assert ProviderAdjustment.objects.get().is_open
    assert money(old.invoice).insurers[1] == (125 if mode == "auto_if_exact" else 0)
    assert all(balances.escrow(r.pk) == 0 for r in Receipt.objects.filter(memo="EFT0"))


def test_example_4_reversal_and_correction_leave_fifteen_due(posting):
    claim = claimed(posting, posting.aetna, paid="25.00")
    answer(clp(claim, *EX1), trace="T1", **AETNA)
    rows = answer(
        clp(claim, "22", "-150", "-85", ("CO", "45", "-40"), ("PR", "3", "-25")),
        clp(claim, "1", "150", "70", ("CO", "45", "40"), ("PR", "3", "25"), ("PR", "2", "15"), icn="ICN2"),
        trace="T2", plb=[("FB", "-15")], amount="0", **AETNA,
    )  # fmt: skip
    assert [row.state for row in rows] == ["auto_posted", "auto_posted"]
    line = money(claim.invoice)
    assert (line.paid_by_insurers, line.patient, line.insurer_open) == (70, 15, 0)
    assert ClaimResponse.objects.get(remittance__trace_number="T1").state == "reversed"
    assert Adjudication.objects.get(
        source_key=ClaimResponse.objects.get(remittance__trace_number="T1").public_id
    ).reversed_at
    assert {balances.escrow(r.pk) for r in Receipt.objects.filter(kind="insurance")} == {D("0.00")}
    assert all(tie(row)["difference"] == 0 for row in Remittance.objects.all())


@pytest.mark.rule("B11.2")
def test_crossover_waits_thirty_days_then_the_answer_closes_it(posting):
    claim = claimed(posting, posting.medicare, posting.aarp)
    [row] = answer(
        clp(claim, "19", "150", "72", ("CO", "45", "60"), ("PR", "2", "18"), extra=["NM1*TT*2*AARP*****PI*36273"]),
        trace="M1", **MEDICARE,
    )  # fmt: skip
    assert (row.plan["next"], row.next_payer) == ("crossover", "AARP")
    coordination.roll_over(row.pk, at=NOW)
    waiting = Claim.objects.get(rank=2)
    assert waiting.state == "awaiting_crossover"
    assert waiting.crossover_until.isoformat() == "2026-04-08"
    assert money(claim.invoice).insurers[2] == 18
    [second] = answer(clp(claim, "2", "150", "0", ("OA", "23", "132"), ("PR", "1", "18")), trace="A1", **AARP)
    assert (second.state, second.claim_id) == ("auto_posted", waiting.pk)
    assert (money(claim.invoice).patient, money(claim.invoice).insurer_open) == (18, 0)


def test_a_crossover_without_an_answer_becomes_a_claim_to_look_at(posting):
    claim = claimed(posting, posting.medicare, posting.aarp)
    [row] = answer(clp(claim, "19", "150", "72", ("CO", "45", "60"), ("PR", "2", "18")), **MEDICARE)
    coordination.roll_over(row.pk, at=NOW)
    day = Claim.objects.get(rank=2).crossover_until
    assert coordination.run_timers(day) == 0
    assert coordination.run_timers(day.replace(day=day.day + 1)) == 1
    assert Claim.objects.get(rank=2).state == "new"


def test_patient_money_is_held_while_the_second_insurer_is_to_answer(posting):
    claim = claimed(posting, posting.aetna, posting.aarp, paid="25.00")
    [first] = answer(clp(claim, "1", "150", "72", ("CO", "45", "60"), ("PR", "2", "18")), trace="M1", **AETNA)
    assert (money(claim.invoice).patient, money(claim.invoice).insurers[2]) == (0, 18)
    assert balances.patient_credit(claim.patient_id) == balances.Credit(D("0.00"), D("25.00"))
    answer(clp(claim, "2", "150", "8", ("OA", "23", "132"), ("PR", "1", "10")), trace="A1", **AARP)
    line = money(claim.invoice)
    assert (line.patient, line.paid_by_patient, line.paid_by_insurers) == (0, 10, 80)
    assert balances.patient_credit(claim.patient_id) == balances.Credit(D("15.00"), D("0.00"))
    assert first.state == "auto_posted"


def test_a_reversal_gives_the_held_copay_back_to_the_visit(posting):
    claim = claimed(posting, posting.aetna, posting.aarp, paid="25.00")
    [first] = answer(clp(claim, "1", "150", "72", ("CO", "45", "60"), ("PR", "2", "18")), trace="M1", **AETNA)
    coordination.roll_over(first.pk, at=NOW)
    assert Claim.objects.get(rank=2).state in ("new", "ready")
    answer(clp(claim, "22", "-150", "-72", ("CO", "45", "-60"), ("PR", "2", "-18")), trace="M2", **AETNA)
    line = money(claim.invoice)
    assert (line.insurers[1], line.insurers[2], line.patient, line.paid_by_patient) == (125, 0, 0, 25)
    assert balances.patient_credit(claim.patient_id).held == 0
    assert Claim.objects.get(rank=2).state == "voided"


def test_the_same_file_and_the_same_remittance_in_another_file_change_nothing(posting):
    claim = claimed(posting, posting.aetna)
    text = remit(clp(claim, *EX1), **AETNA)
    take(text)
    before = LedgerTxn.objects.count()
    assert take(text) == []
    [again] = take(text.replace("000000001", "000000002"))
    assert again.is_repeat
    assert (
        LedgerTxn.objects.count(),
        Remittance.objects.count(),
        Receipt.objects.filter(kind="insurance").count(),
    ) == (before, 1, 1)
    assert Remittance.objects.get().times_received == 2


@pytest.mark.rule("B9.E01")
def test_the_same_trace_with_another_amount_is_held(posting):
    claim = claimed(posting, posting.aetna)
    answer(clp(claim, *EX1), **AETNA)
    [row] = answer(clp(claim, "1", "150", "84", ("CO", "45", "41"), ("PR", "3", "25"), icn="X"), **AETNA)
    assert row.state == "exception"
    assert "E01" in row.codes


@pytest.mark.parametrize("mode", ["off", "preview"])
def test_nothing_posts_by_itself_when_autopay_is_off_or_preview(world, mode):
    set_up(world, autopay_claims=mode)
    claim = claimed(world, world.aetna)
    [row] = answer(clp(claim, *EX1), **AETNA)
    assert (row.state, row.plan["decision"]) == ("proposed", "post")
    assert money(claim.invoice).insurers[1] == 125
    assert balances.escrow(row.remittance.receipt_id) == 85
    manual.post_as_remitted(row, at=NOW)
    assert money(claim.invoice).insurers[1] == 0
    assert balances.escrow(row.remittance.receipt_id) == 0
    with pytest.raises(CannotPost):
        manual.post_as_remitted(row, at=NOW)


def test_undo_mirrors_and_the_answer_can_be_posted_again(posting):
    claim = claimed(posting, posting.aetna, paid="25.00")
    [row] = answer(clp(claim, *EX1), **AETNA)
    undo.unpost(row, reason="wrong", at=NOW)
    line = money(claim.invoice)
    assert (line.insurers[1], line.patient, balances.escrow(row.remittance.receipt_id)) == (125, 0, 85)
    with pytest.raises(CannotUnpost):
        undo.unpost(row, reason="again", at=NOW)
    manual.post_as_remitted(ClaimResponse.objects.get(pk=row.pk), at=NOW)
    assert (money(claim.invoice).insurer_open, balances.escrow(row.remittance.receipt_id)) == (0, 0)


def test_undo_of_the_first_payer_is_refused_while_the_second_stands(posting):
    claim = claimed(posting, posting.medicare, posting.aarp)
    [first] = answer(
        clp(claim, "1", "150", "72", ("CO", "45", "60"), ("PR", "2", "18")), trace="M1", **MEDICARE
    )
    answer(clp(claim, "2", "150", "18", ("OA", "23", "132")), trace="A1", **AARP)
    with pytest.raises(CannotUnpost):
        undo.unpost(first, reason="x", at=NOW)


@pytest.mark.rule("B9.E04")
def test_a_claim_nobody_sent_waits_with_its_money_in_escrow(posting):
    claim = claimed(posting, posting.aetna)
    answered = clp(claim, *EX1)
    answered.number, answered.lines[0].line_id = "NOSUCHCLAIM", ""
    [row] = answer(answered, **AETNA)
    assert (row.codes, row.claim, balances.escrow(row.remittance.receipt_id)) == (["E04"], None, 85)
    manual.match(row, claim, at=NOW)
    row.refresh_from_db()
    assert (row.state, row.codes, row.allowed) == ("proposed", [], 110)
    manual.post_as_remitted(row, at=NOW)
    assert money(claim.invoice).insurer_open == 0


@pytest.mark.rule("B9.E02")
def test_an_unbalanced_check_is_stored_and_posts_nothing(posting):
    claim = claimed(posting, posting.aetna)
    [row] = answer(clp(claim, *EX1), amount="86", **AETNA)
    assert (row.state, row.codes, row.remittance.state) == ("exception", ["E02"], "unbalanced")
    assert not Receipt.objects.filter(kind="insurance").exists()
    manual.post_as_remitted(row, at=NOW, reason="the payer confirmed")
    assert money(claim.invoice).insurer_open == 0
    assert balances.escrow(Remittance.objects.get().receipt_id) == 1


def test_own_rules_count_only_when_switched_on(posting):
    PostingRule.objects.create(group="CO", reason="59", action="write_off")
    claim = claimed(posting, posting.aetna)
    cas = ("1", "150", "85", ("CO", "45", "20"), ("CO", "59", "20"), ("PR", "3", "25"))
    [row] = answer(clp(claim, *cas), trace="T1", **AETNA)
    assert row.codes == ["E09"]
    set_up(posting, automation_rules=True)
    other = claimed(posting, posting.aetna, last="Second")
    [row] = answer(clp(other, *cas, icn="Q"), trace="T2", **AETNA)
    assert row.state == "auto_posted"
    assert money(other.invoice).adjusted == 40


def test_a_paper_eob_is_taken_like_a_remittance(world):
    claim = claimed(world, world.aetna)
    line = claim.lines.get()
    head = eobs.Eob("CHK77", NOW.date())
    typed = eobs.EobLine(line.line_id, D("85.00"), (("CO", "45", D("40.00")), ("PR", "3", D("25.00"))))
    row = eobs.enter_eob(claim, head, [typed], at=NOW)
    assert row.state == "posted_manually"
    assert money(claim.invoice).insurer_open == 0
    with pytest.raises(eobs.BadEob):
        eobs.enter_eob(claim, head, [eobs.EobLine(line.line_id, D("85.00"))], at=NOW)
    assert eobs.enter_eob(claim, head, [typed], at=NOW).pk == row.pk


@pytest.mark.rule("B9.E13", "B11.6")
@pytest.mark.parametrize("paid", ["85", "0"])
def test_an_answer_for_a_void_invoice_stops_and_says_so(posting, paid):
    claim = claimed(posting, posting.aetna)
    voiding.void_invoice(claim.invoice.public_id, reason="Moved to Cigna", at=NOW, issued_again=True)
    cas = (("CO", "45", "40"), ("PR", "3", "25")) if paid == "85" else (("CO", "16", "150"),)
    [response] = answer(clp(claim, "1", "150", paid, *cas), **AETNA)
    assert (response.state, "E13" in response.codes) == ("exception", True)
    assert f"invoice {claim.invoice.number} is void: nothing is open on it" in str(response.plan["reasons"])
    with pytest.raises(CannotPost):
        manual.post_as_remitted(response, at=NOW, reason="post it all the same")
    assert not LedgerTxn.objects.filter(kind="adjudication").exists()
    assert tie(response.remittance)["difference"] == 0
