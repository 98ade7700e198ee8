"""What is left: policies, second persons, small-balance runs and plans on a real ledger (B10, B12)."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction

from billing import (
    accounts,
    approvals,
    balances,
    payments,
    plan_pdf,
    planning,
    policies,
    small_balances,
    statements,
    takebacks,
    verification,
    writeoff_lists,
    writeoff_terms,
    writeoffs,
)
from billing.checkout import check_out
from billing.enums import WriteOffType
from billing.errors import BadPolicy, CannotDecide, CannotPlan, CannotWriteOff, NothingDue
from billing.models import Approval, PaymentPlan
from billing.payments import Payment
from billing.planning import Terms
from billing.policies import Case
from billing.writeoffs import WriteOff
from claims import queue
from responses import manual
from tests.cast import (
    NOW,
    TODAY,
    make_patient,
    make_profile,
    make_service,
    make_visit,
    make_world,
)
from tests.responses.stage import AARP, AETNA, MEDICARE, answer, claimed, clp, set_up

D = Decimal
pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    world = make_world()
    with world.open("biller@alder.example"):
        yield world


def self_pay(world, first="Lee", *, services=(), day=TODAY, **fields):
    """A patient without insurance who owes one visit."""
    patient = make_patient(first, "Stone", **fields)
    visit = make_visit(world, patient, make_profile(patient), *services, day=day)
    return patient, check_out(visit.public_id, [], at=NOW).invoice


def policy(subject, value, **more):
    return policies.add(
        subject, {"value": value, "effective_on": date(2026, 1, 1), "source": "215 ILCS 5/0", **more}
    )


@pytest.mark.rule("B10.policy")
def test_the_row_with_most_keys_in_force_decides_and_is_named(world):
    policy("small_balance_limit", "4.99")
    il = policy("small_balance_limit", "2.50", state="IL")
    kind = policy("small_balance_limit", "0.00", payer_class="medicaid")
    payer = policy("small_balance_limit", "9.99", payer=world.aetna)
    policy("small_balance_limit", "1.00", state="IL", effective_on=date(2027, 1, 1))
    rows = policies.load(TODAY)

    def ask(state, payer_id, kind_of, on=TODAY):
        return policies.decide("small_balance_limit", Case(state, payer_id, kind_of, on), rows)

    assert (ask("WI", None, "self_pay").value, ask("IL", None, "self_pay").row) == ("4.99", il.public_id)
    assert ask("IL", 0, "medicaid").row == kind.public_id, "payer kind beats state"
    assert ask("IL", world.aetna.pk, "commercial").row == payer.public_id
    assert policies.decide("balance_billing", Case("IL", None, "self_pay", TODAY), rows).value == "no"
    policies.end(il, TODAY - timedelta(days=1))
    assert (
        policies.decide(
            "small_balance_limit", Case("IL", None, "self_pay", TODAY), policies.load(TODAY)
        ).value
        == "4.99"
    )


@pytest.mark.rule("B10.policy")
@pytest.mark.parametrize(
    ("subject", "value"),
    [("balance_billing", "maybe"), ("small_balance_limit", "-1"), ("small_balance_limit", "1.005"),
     ("days_before_collections", "soon"), ("statement_notice", " ")],
)  # fmt: skip
def test_a_row_that_says_nothing_sensible_is_refused(world, subject, value):
    with pytest.raises(BadPolicy):
        policy(subject, value)
    with pytest.raises(BadPolicy) as refused:
        policies.add(subject, {"value": "yes", "effective_on": TODAY, "source": " "})
    assert refused.value.code == "source_needed"


@pytest.mark.rule("B10.second")
def test_above_the_limit_another_person_approves(world):
    _, invoice = self_pay(world)
    wanted = WriteOff("patient", WriteOffType.ADMINISTRATIVE, D("60.00"), "billed by mistake")
    with pytest.raises(CannotWriteOff) as refused:
        writeoffs.write_off(invoice, wanted, role="biller", today=TODAY, key="w")
    assert refused.value.code == "over_limit"
    row = approvals.ask_write_off(invoice, wanted, role="biller")
    assert balances.patient_due(invoice.patient_id) == D("150.00"), "asking moves nothing"
    with pytest.raises(CannotDecide):
        approvals.approve(row, role="owner", today=TODAY, at=NOW)
    with pytest.raises(DatabaseError), transaction.atomic():
        Approval.objects.filter(pk=row.pk).update(state="approved", decided_by=row.asked_by)


@pytest.mark.rule("B10.second")
def test_the_approver_needs_the_right_and_decides_once(world):
    _, invoice = self_pay(world)
    wanted = WriteOff("patient", WriteOffType.ADMINISTRATIVE, D("60.00"), "billed by mistake")
    row = approvals.ask_write_off(invoice, wanted, role="biller")
    Approval.objects.filter(pk=row.pk).update(asked_by="another@alder.example")
    with pytest.raises(CannotWriteOff):
        approvals.approve(row, role="biller", today=TODAY, at=NOW)
    done = approvals.approve(row, role="admin", today=TODAY, at=NOW)
    assert (done.state, done.decided_by) == ("approved", "biller@alder.example")
    assert balances.patient_due(invoice.patient_id) == D("90.00")
    with pytest.raises(CannotDecide):
        approvals.refuse(row, reason="late", at=NOW)
    with pytest.raises(CannotWriteOff):
        approvals.ask_write_off(
            invoice, WriteOff("patient", WriteOffType.ADMINISTRATIVE, D("1.00"), "x"), role="owner"
        )


@pytest.mark.rule("B10.second")
def test_whoever_took_the_payment_does_not_write_the_rest_off_alone(world):
    patient, invoice = self_pay(world)
    payments.take(patient, Payment(world.cash, D("20.00")), [], location=world.location, today=TODAY)
    wanted = WriteOff("patient", WriteOffType.ADMINISTRATIVE, D("130.00"), "the rest")
    with pytest.raises(CannotWriteOff) as refused:
        writeoffs.write_off(invoice, wanted, role="admin", today=TODAY, key="w")
    assert "You took a payment" in refused.value.message
    writeoffs.write_off(invoice, wanted, role="owner", today=TODAY, key="w")


@pytest.mark.rule("B10")
def test_types_carry_their_code_and_waivers_are_told_apart(world):
    _, invoice = self_pay(world)
    writeoff_terms.set_terms(
        "courtesy", gl_code="4999", needs_reason=False, counts_as_bad_debt=False, is_active=True
    )
    assert writeoff_terms.terms_of("courtesy").needs_reason, "courtesy always needs a reason"
    for kind, amount in (("courtesy", "10.00"), ("small_balance", "5.00")):
        wanted = WriteOff("patient", WriteOffType(kind), D(amount), "because")
        writeoffs.write_off(invoice, wanted, role="owner", today=TODAY, key=kind)
    rows = writeoff_lists.between(TODAY, TODAY)
    assert [(row.type, row.gl_code, row.amount) for row in rows] == [
        ("small_balance", "4200", D("5.00")),
        ("courtesy", "4999", D("10.00")),
    ]
    assert [row.type for row in writeoff_lists.between(TODAY, TODAY, waivers_only=True)] == ["courtesy"]
    writeoffs.undo(rows[0].txn, reason="no", today=TODAY)
    assert [row.stands for row in writeoff_lists.between(TODAY, TODAY)] == [False, True]
    writeoff_terms.set_terms(
        "bad_debt", gl_code="1", needs_reason=True, counts_as_bad_debt=True, is_active=False
    )
    with pytest.raises(CannotWriteOff):
        writeoffs.write_off(
            invoice,
            WriteOff("patient", WriteOffType.BAD_DEBT, D("1.00"), "x"),
            role="owner",
            today=TODAY,
            key="b",
        )


@pytest.mark.rule("B10.small")
def test_a_small_balance_run_is_previewed_run_and_undone_whole(world):
    tiny = make_service("99000", "Form", "4.00")
    asked, small = self_pay(world, "Ann", services=[tiny])
    self_pay(world, "Ben", services=[tiny])  # never had a statement
    assert small_balances.preview(world.location, TODAY) == []
    row = policy("small_balance_limit", "4.99", state="IL")
    assert small_balances.preview(world.location, TODAY) == [], "not before a statement"
    statements.issue(asked, world.location, at=NOW)
    [line] = small_balances.preview(world.location, TODAY)
    assert (line.invoice, line.amount, line.decision.row) == (small, D("4.00"), row.public_id)
    with pytest.raises(CannotWriteOff) as refused:
        small_balances.run(world.location, expected=D("5.00"), today=TODAY)
    assert refused.value.code == "changed"
    made = small_balances.run(world.location, expected=D("4.00"), today=TODAY)
    assert balances.patient_due(asked.pk) == 0
    assert made.lines[0]["policy"]["source"] == "215 ILCS 5/0"
    assert small_balances.preview(world.location, TODAY) == []
    for _ in range(2):
        small_balances.undo(made, at=NOW, today=TODAY)
    assert balances.patient_due(asked.pk) == D("4.00")
    assert not {name: found.samples for name, found in verification.run().items() if found.violations}


def monthly(count=3, **more):
    return Terms("monthly", TODAY + timedelta(days=10), count, **more)


def make_plan(world, patient, terms=None, **more):
    values = {"location": world.location, "today": TODAY, "may_override": False, **more}
    return planning.make(patient, terms or monthly(), **values)


@pytest.mark.rule("B12.plan")
def test_a_plan_covers_what_is_owed_and_follows_the_ledger(world):
    patient, invoice = self_pay(world)
    plan = make_plan(world, patient)
    assert [row.amount for row in plan.instalments.all()] == [D("50.00")] * 3
    with pytest.raises(CannotPlan):
        make_plan(world, patient)
    receipt = payments.take(
        patient, Payment(world.cash, D("70.00")), [], location=world.location, today=TODAY
    )
    [followed] = planning.active_of([patient.pk], TODAY)
    assert (followed.left, [row.open for row in followed.standing]) == (
        D("80.00"),
        [D("0.00"), D("50.00"), D("30.00")],
    )
    takebacks.reverse_payment(receipt, reason="bounced", today=TODAY)
    assert planning.active_of([patient.pk], TODAY)[0].left == D("150.00")
    later = make_visit(world, patient, patient.profiles.get(), day=TODAY)
    check_out(later.public_id, [], at=NOW)
    assert planning.active_of([patient.pk], TODAY)[0].left == D("150.00"), "a new visit is not on the plan"
    assert invoice.patient == patient


@pytest.mark.rule("B12.plan")
def test_more_payments_than_the_table_need_an_admin_and_a_reason(world):
    patient, _ = self_pay(world)
    for terms, may, code in (
        (monthly(4), False, "over_rule"),
        (monthly(4, override="asked"), False, "over_rule"),
        (monthly(4), True, "over_rule"),
        (Terms("monthly", TODAY - timedelta(days=1), 3), True, "stopped"),
        (Terms("yearly", TODAY, 3), True, "stopped"),
        (monthly(0), True, "stopped"),
    ):
        with pytest.raises(CannotPlan) as refused:
            make_plan(world, patient, terms, may_override=may)
        assert refused.value.code == code, terms
    plan = make_plan(world, patient, monthly(4, override="lost her job"), may_override=True)
    assert (plan.count, plan.terms["override"]) == (4, "lost her job")


@pytest.mark.rule("B12.plan")
def test_two_missed_end_the_plan_and_asking_goes_on_at_the_old_level(world):
    patient, _ = self_pay(world)
    accounts.set_level(accounts.account_of(patient), 2, NOW)
    plan = make_plan(world, patient)
    accounts.set_level(accounts.account_of(patient), 0, NOW)
    assert planning.review(TODAY + timedelta(days=20), NOW) == {"done": 0, "defaulted": 0}
    assert planning.review(TODAY + timedelta(days=60), NOW) == {"done": 0, "defaulted": 1}
    plan.refresh_from_db()
    assert (plan.state, accounts.account_of(patient).level) == ("defaulted", 2)
    with pytest.raises(CannotPlan):
        planning.end(plan, "cancelled", "again", NOW)


@pytest.mark.rule("B12.plan")
def test_a_paid_plan_is_done_and_its_amounts_never_change(world):
    patient, _ = self_pay(world)
    plan = make_plan(world, patient)
    payments.take(patient, Payment(world.cash, D("150.00")), [], location=world.location, today=TODAY)
    assert planning.review(TODAY, NOW) == {"done": 1, "defaulted": 0}
    for change in ({"amount": D("1.00")}, {"count": 9}):
        with pytest.raises(DatabaseError), transaction.atomic():
            PaymentPlan.objects.filter(pk=plan.pk).update(**change)
    assert plan_pdf.draw(plan).startswith(b"%PDF-")


@pytest.mark.rule("B10")
def test_24_00_after_both_insurers_is_the_patients_and_8_40_as_co_97_is_not(world):
    """The worked figures of the rule: what the last answer gave (PR), never what an insurer kept back (CO)."""
    set_up(world, autopay_claims="post")
    claim = claimed(world, world.medicare, world.aarp)
    answer(clp(claim, "1", "150.00", "96.00", ("CO", "45", "30.00"), ("PR", "2", "24.00")), **MEDICARE)
    second = queue.next_layer(claim.invoice, 2, TODAY)
    answer(
        clp(second, "2", "150.00", "0.00", ("OA", "23", "126.00"), ("PR", "1", "24.00")), trace="T2", **AARP
    )
    assert balances.patient_due(claim.patient_id) == D("24.00")
    assert statements.build(claim.patient, world.location, today=TODAY)["asked"] == "24.00"
    other = claimed(world, world.aetna, last="Other")
    cas = (("CO", "45", "40.00"), ("CO", "97", "8.40"))
    [row] = answer(clp(other, "1", "150.00", "101.60", *cas, icn="ICN2"), trace="T3", **AETNA)
    if row.state == "exception":
        manual.post_as_remitted(row, at=NOW)
    line = balances.invoices([other.invoice_id])[other.invoice_id]
    assert (line.patient, line.insurers[1]) == (D("0.00"), D("8.40"))
    with pytest.raises(NothingDue), transaction.atomic():
        statements.issue(other.patient, world.location, at=NOW)
    off = WriteOff("1", WriteOffType.CONTRACTUAL, D("8.40"), "bundled")
    txn = writeoffs.write_off(other.invoice, off, role="biller", today=TODAY, key="co97")
    [said] = [step["policy"] for step in txn.trace]
    assert said["because"] == "Balance billing: no row is set, the careful default holds"
    assert balances.invoices([other.invoice_id])[other.invoice_id].open == D("0.00")


@pytest.mark.rule("B10.policy")
def test_every_write_off_names_the_row_that_decided(world):
    patient, invoice = self_pay(world, "Ann")
    row = policy("small_balance_limit", "4.99", state="IL")
    named = []
    for number, (kind, role) in enumerate(
        (
            (WriteOffType.SMALL_BALANCE, "biller"),
            (WriteOffType.BAD_DEBT, "biller"),
            (WriteOffType.COURTESY, "admin"),
        )
    ):
        wanted = WriteOff("patient", kind, D("1.00"), "why")
        txn = writeoffs.write_off(invoice, wanted, role=role, today=TODAY, key=f"named{number}")
        named.append((txn.trace[0]["policy"]["row"], txn.trace[0]["policy"]["because"]))
    assert named[0] == (row.public_id, f"Small balance, up to for IL since {row.effective_on:%m/%d/%Y}")
    assert named[1] == ("", "Statements before collections: no row is set, the careful default holds")
    assert named[2] == ("", "The terms of the type courtesy; no policy is about it")
    shown = writeoff_lists.between(TODAY, TODAY)
    assert {each.decided_by for each in shown} == {because for _, because in named}
    assert patient.pk == invoice.patient_id
