"""Write-offs of the patient's part and insurers' answers, in any order: nobody owes below zero (B10)."""

from __future__ import annotations

import contextlib
import itertools
from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing import balances, payments, verification, writeoffs
from billing.enums import WriteOffType
from billing.errors import CannotWriteOff
from billing.models import LedgerTxn
from billing.payments import Payment
from billing.writeoffs import WriteOff
from tests.cast import TODAY, make_world
from tests.responses.stage import AETNA, answer, claimed, clp, money, set_up

D = Decimal
pytestmark = pytest.mark.django_db
KEYS = itertools.count(1)


@pytest.fixture
def posting():
    world = make_world()
    with world.open():
        set_up(world, autopay_claims="post", reversals="auto_if_exact")
        yield world


def waive(claim, amount: str, kind: str = "courtesy") -> LedgerTxn:
    wanted = WriteOff("patient", WriteOffType(kind), D(amount), "hardship")
    return writeoffs.write_off(claim.invoice, wanted, role="owner", today=TODAY, key=f"w:{next(KEYS)}")


@pytest.mark.rule("B10")
def test_a_copay_waived_before_the_answer_does_not_stop_it(posting):
    claim = claimed(posting, posting.aetna)
    waive(claim, "25.00")
    [row] = answer(clp(claim, "1", "150", "85", ("CO", "45", "40"), ("PR", "3", "25")), **AETNA)
    assert (row.state, row.codes) == ("auto_posted", [])
    line = money(claim.invoice)
    assert (line.patient, line.insurer_open, line.waived, line.adjusted) == (0, 0, 25, 40)
    claim.invoice.refresh_from_db()
    assert claim.invoice.state == "closed"


@pytest.mark.rule("B10")
def test_what_was_waived_above_the_share_is_taken_back(posting):
    claim = claimed(posting, posting.aetna)
    txn = waive(claim, "25.00")
    answer(clp(claim, "1", "150", "100", ("CO", "45", "40"), ("PR", "3", "10")), **AETNA)
    line = money(claim.invoice)
    assert (line.patient, line.waived) == (0, 10)
    undone = writeoffs.undo(txn, reason="asked for after all", today=TODAY)
    assert writeoffs.undo(txn, reason="again", today=TODAY) == undone
    line = money(claim.invoice)
    assert (line.patient, line.waived) == (10, 0), "only what was left of it comes back"


@pytest.mark.rule("B10")
def test_a_takeback_after_a_write_off_never_leaves_the_patient_below_zero(posting):
    claim = claimed(posting, posting.aetna)
    terms = (("CO", "45", "40"), ("PR", "1", "60"))
    answer(clp(claim, "1", "150", "50", *terms), **AETNA)
    waive(claim, "60.00", "small_balance")
    back = tuple((group, reason, f"-{amount}") for group, reason, amount in terms)
    fixed = clp(claim, "1", "150", "100", ("CO", "45", "40"), ("PR", "3", "10"), icn="ICN2")
    rows = answer(clp(claim, "22", "-150", "-50", *back), fixed, trace="EFT2", **AETNA)
    assert [row.state for row in rows] == ["auto_posted", "auto_posted"]
    line = money(claim.invoice)
    assert (line.patient, line.waived, line.insurer_open) == (0, 10, 0)


@pytest.mark.rule("B10")
def test_an_expected_share_is_no_balance_to_write_off(posting):
    claim = claimed(posting, posting.aetna)
    for kind in ("small_balance", "bad_debt", "prompt_pay", "administrative", "bankruptcy"):
        with pytest.raises(CannotWriteOff) as refused, transaction.atomic():
            waive(claim, "5.00", kind)
        assert refused.value.code == "answer_first"
    waive(claim, "5.00", "financial_assistance")


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["waive", "pay", "answer", "deny", "takeback", "undo"]),
        st.integers(1, 9),
        st.integers(0, 8),
    ),
    min_size=3,
    max_size=9,
)


class Desk:
    """One claim and what was done to it; ``share`` is what the last standing answer gave the patient."""

    def __init__(self, world) -> None:
        self.world, self.claim = world, claimed(world, world.aetna)
        self.posted: list[tuple[str, str, tuple]] = []
        self.waived: list[LedgerTxn] = []
        self.share = D("25.00")  # the copay expected at check-out

    def waive(self, size: int, _: int) -> None:
        owed = money(self.claim.invoice).patient
        amount = min(owed, D(size * 7))
        if amount > 0:
            self.waived.append(waive(self.claim, str(amount)))

    def pay(self, size: int, _: int) -> None:
        handed = Payment(self.world.cash, D(size * 6))
        payments.take(self.claim.patient, handed, [], location=self.world.location, today=TODAY)

    def answer(self, paid: int, patient: int) -> None:
        """Paid + PR + the rest CO-45, OA-23 nothing: only PR may become the patient's."""
        if self.posted:
            return
        paid, patient = paid * 10, patient * 5
        cas = [("CO", "45", str(150 - paid - patient))] + ([("PR", "2", str(patient))] if patient else [])
        number = next(KEYS)
        [row] = answer(
            clp(self.claim, "1", "150", str(paid), *cas, icn=f"I{number}"), trace=f"E{number}", **AETNA
        )
        assert row.state == "auto_posted", row.codes
        self.posted, self.share = [(f"I{number}", str(paid), tuple(cas))], D(patient)

    def deny(self, group: int, _: int) -> None:
        if not self.posted:
            code = [("CO", "97"), ("PI", "16"), ("OA", "18")][group % 3]
            number = next(KEYS)
            [row] = answer(
                clp(self.claim, "1", "150", "0", (*code, "150"), icn=f"D{number}"),
                trace=f"E{number}",
                **AETNA,
            )
            assert row.state == "exception"

    def takeback(self, _: int, __: int) -> None:
        if self.posted:
            icn, paid, cas = self.posted.pop()
            back = [(group, reason, f"-{amount}") for group, reason, amount in cas]
            number = next(KEYS)
            [row] = answer(
                clp(self.claim, "22", "-150", f"-{paid}", *back, icn=icn), trace=f"E{number}", **AETNA
            )
            assert row.state == "auto_posted", row.codes
            self.share = D("25.00")

    def undo(self, _: int, __: int) -> None:
        if self.waived:
            with contextlib.suppress(CannotWriteOff):  # an answer had taken it back whole
                writeoffs.undo(self.waived.pop(), reason="owed after all", today=TODAY)


@pytest.mark.rule("B10")
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS)
def test_whatever_the_order_the_patient_owes_only_what_the_last_answer_gave(posting, steps):
    point = transaction.savepoint()
    try:
        desk = Desk(posting)
        for name, size, other in steps:
            getattr(desk, name)(size, other)
            line = money(desk.claim.invoice)
            assert line.patient >= 0, (name, line)
            assert line.patient + line.paid_by_patient + line.waived == desk.share, (name, line)
            assert balances.patient_due(desk.claim.patient_id) == line.patient
        assert not {name: found.samples for name, found in verification.run().items() if found.violations}
    finally:
        transaction.savepoint_rollback(point)
