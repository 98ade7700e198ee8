"""Random histories of a patient's visits against a small model of where each cent is.

The model knows nothing of accounts or plans: it moves dollars between named places, as a biller would on paper.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal as D
from itertools import count

import pytest
from django.db import transaction
from django.db.models import Sum
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from billing import balances, payments, statements, writeoffs
from billing.checkout import check_out
from billing.enums import WriteOffType
from billing.models import Invoice, LedgerEntry
from billing.payments import Payment
from billing.writeoffs import WriteOff
from claims import building, queue
from claims.models import Claim
from claims.models.claims import DEAD_STATES
from patients.models import Patient
from responses import coordination, eobs, manual, reversals
from responses.by_hand import ByHand
from responses.models import ClaimResponse
from tests.cast import NOW, TODAY, World, make_patient, make_policy, make_profile, make_visit, make_world
from tests.responses.stage import AARP, AETNA, MEDICARE, answer, clp, set_up
from tests.scenarios.stage import money, wrong

CHARGE, COPAY = 150, 25
PAYERS = {1: AETNA, 2: AARP, 3: MEDICARE}
SERIAL = count(1)


# --- the model -------------------------------------------------------------------------------------


@dataclass
class Answer:
    """A posted answer, and what it left behind to go back to."""

    rank: int
    paid: int
    contract: int
    left: int
    expected: int  # of the patient, before it
    stake: int  # of the insurer, before it
    stay: int = 0  # denied, and left with the insurer by a person
    waived: int = 0  # of our write-offs, needless after it
    freed: int = 0  # of the patient's credit, held until it came
    icn: str = ""
    control: int = 0  # the claim it answered
    row: int = 0  # the response, for an undo


@dataclass(eq=False)
class Visit:
    """Where the 150 dollars of a visit are."""

    layers: int
    insurers: dict[int, int]
    due: int = 0
    paid: int = 0
    held: int = 0
    by_insurers: int = 0
    adjusted: int = 0
    written: int = 0
    turn: int = 1  # who is to answer; 0: nobody
    answers: list[Answer] = field(default_factory=list)


@dataclass
class Model:
    """One patient: visits, free credit, cash in the drawer."""

    visits: list[Visit] = field(default_factory=list)
    free: int = 0
    cash: int = 0

    def check_out(self, layers: int, cash: int) -> None:
        visit = Visit(layers, {1: CHARGE - COPAY, 2: 0, 3: 0}, due=COPAY)
        self.visits.append(visit)
        used = min(self.free, visit.due)  # credit is used for the next copay
        self.free -= used
        visit.due, visit.paid = visit.due - used, visit.paid + used
        if cash:
            self.pay(cash, [visit])

    def pay(self, cash: int, first: list[Visit]) -> None:
        self.cash += cash
        for visit in [*first, *(v for v in self.visits if v not in first)]:
            part = max(0, min(cash, visit.due))
            visit.due, visit.paid, cash = visit.due - part, visit.paid + part, cash - part
        self.free += cash

    def post(self, visit: Visit, contract: int, left: int, stay: int = 0) -> Answer:
        """The insurer whose turn it is answers: the first sees the whole charge, a later one what was left."""
        rank, stake = visit.turn, visit.insurers[visit.turn]
        is_first = not visit.answers
        whole = CHARGE if is_first else stake
        contract = contract if is_first else 0
        expected = COPAY if is_first else 0
        paid = whole - contract - left - stay
        visit.insurers[rank] = stay
        visit.due -= expected  # the first answer replaces what was expected at check-out
        visit.by_insurers += paid
        visit.adjusted += contract
        made = Answer(rank, paid, contract, left, expected, stake, stay)
        if left and rank < visit.layers:
            visit.insurers[rank + 1] += left
            visit.turn = rank + 1
        else:
            visit.due += left
            visit.turn = rank if stay and not left else 0
        visit.answers.append(made)
        made.waived, made.freed = self.settle(visit)
        return made

    def reverse(self, visit: Visit) -> Answer:
        back = visit.answers.pop()
        if back.left and back.rank < visit.layers:
            visit.insurers[back.rank + 1] -= back.left
        else:
            visit.due -= back.left
        visit.insurers[back.rank] += back.stake - back.stay
        visit.due += back.expected
        visit.by_insurers -= back.paid
        visit.adjusted -= back.contract
        visit.turn = back.rank
        visit.due -= back.waived
        visit.written += back.waived
        again = min(back.freed, self.free)
        self.free, visit.held = self.free - again, visit.held + again
        self.settle(visit)
        return back

    def settle(self, visit: Visit) -> tuple[int, int]:
        """Nobody waives what is not owed; too much of the patient's money is held for the visit; it pays what is due;
        at the end it is free. Returns what was taken back of write-offs and what was freed."""
        waived = max(0, min(-visit.due, visit.written))
        visit.due, visit.written = visit.due + waived, visit.written - waived
        over = max(0, min(-visit.due, visit.paid))
        visit.due, visit.paid, visit.held = visit.due + over, visit.paid - over, visit.held + over
        part = max(0, min(visit.due, visit.held))
        visit.due, visit.paid, visit.held = visit.due - part, visit.paid + part, visit.held - part
        if visit.turn == 0:
            freed, self.free, visit.held = visit.held, self.free + visit.held, 0
            return waived, freed
        return waived, 0


# --- the product beside it -------------------------------------------------------------------------


class Both:
    """Does each act in the product and in the model."""

    def __init__(self, world: World) -> None:
        self.world, self.model = world, Model()
        self.patient: Patient = make_patient(last=f"P{next(SERIAL)}")
        cards = {
            rank: make_policy(self.patient, payer, f"W{rank}")
            for rank, payer in enumerate((world.aetna, world.aarp, world.medicare), 1)
        }
        self.profiles = {
            layers: make_profile(
                self.patient, *list(cards.values())[:layers], status="default" if layers == 1 else "active",
                name=f"{layers} layers",
            )
            for layers in (1, 2, 3)
        }  # fmt: skip
        self.invoices: list[Invoice] = []
        self.escrow = 0  # of checks whose posting a person undid

    def check_out(self, layers: int, cash: int) -> None:
        if len(self.invoices) == 3:
            return
        visit = make_visit(self.world, self.patient, self.profiles[layers])
        handed = [Payment(self.world.cash, D(cash), "copay")] if cash else []
        invoice = check_out(visit.public_id, handed, at=NOW).invoice
        building.build(invoice, 1, today=TODAY)
        self.invoices.append(invoice)
        self.model.check_out(layers, cash)

    def take(self, cash: int) -> None:
        if cash:
            payment = Payment(self.world.cash, D(cash), "account")
            payments.take(self.patient, payment, [], location=self.world.location, today=TODAY)
            self.model.pay(cash, [])

    def refund(self, cash: int) -> None:
        amount = min(cash, self.model.free)
        if amount:
            payments.refund(
                self.patient, D(amount), reason="asked", today=TODAY, key=f"refund:{next(SERIAL)}"
            )
            self.model.free -= amount
            self.model.cash -= amount

    def write_off(self, number: int, amount: int) -> None:
        visit, invoice = self.model.visits[number], self.invoices[number]
        amount = min(amount, visit.due)
        is_final = not visit.turn and not any(visit.insurers.values())  # nobody else is asked any more
        if amount > 0 and is_final:
            wanted = WriteOff("patient", WriteOffType.SMALL_BALANCE, D(amount), "rounding")
            writeoffs.write_off(invoice, wanted, role="owner", today=TODAY, key=f"w:{next(SERIAL)}")
            visit.due -= amount
            visit.written += amount

    def claim_of(self, number: int, rank: int) -> Claim:
        rows = Claim.objects.filter(invoice=self.invoices[number], rank=rank).exclude(state__in=DEAD_STATES)
        claim = rows.order_by("-pk").first()
        return claim or queue.next_layer(self.invoices[number], rank, TODAY)

    def post(self, number: int, contract: int, left: int, how: str = "file", stay: int = 0) -> None:
        """One answer: by rule from a file, line by line with a denial left where it is, or typed from paper."""
        visit = self.model.visits[number]
        if not visit.turn:
            return
        rank, is_first = visit.turn, not visit.answers
        whole = CHARGE if is_first else visit.insurers[rank]
        contract = contract if is_first else 0
        left = min(left, whole - contract)
        stay = min(stay, whole - contract - left) if how == "hand" else 0
        claim, icn = self.claim_of(number, rank), f"ICN{next(SERIAL)}"
        cas = [("CO", "45", str(contract))] if contract else []
        cas += [] if is_first else [("OA", "23", str(CHARGE - whole))]
        cas += [("PR", "2", str(left))] if left else []
        cas += [("CO", "16", str(stay))] if stay else []
        paid = whole - contract - left - stay
        if how == "paper":
            row = self.typed(claim, paid, cas, icn)
        else:
            extra = (
                {"plb": [("L6", "-3")]} if paid % 3 == 0 else {}
            )  # interest beside the claims, now and then
            told = clp(claim, str(rank), str(CHARGE), str(paid), *cas, icn=icn)
            [row] = answer(told, trace=f"T{next(SERIAL)}", **PAYERS[rank], **extra)
        if stay:
            assert row.state == "exception", row.plan
            hands = tuple(each.hand for each in manual.sheet_of(row).sheet.lines)
            row = manual.post_as_remitted(row, at=NOW, hand=ByHand(hands, "biller", "as denied"))
        assert row.state in ("auto_posted", "posted_manually"), (row.codes, row.plan.get("reasons"))
        coordination.roll_over(row.pk, at=NOW)
        made = self.model.post(visit, contract, left, stay)
        made.icn, made.control, made.row = icn, claim.pk, row.pk

    def typed(self, claim: Claim, paid: int, cas: list[tuple[str, str, str]], icn: str) -> ClaimResponse:
        codes = tuple((group, reason, D(amount)) for group, reason, amount in cas)
        head = eobs.Eob(f"CHK{next(SERIAL)}", TODAY, payer_claim_number=icn)
        return eobs.enter_eob(claim, head, [eobs.EobLine(claim.lines.get().line_id, D(paid), codes)], at=NOW)

    def undo(self, number: int) -> None:
        """A person undoes the last posting: the money of its check waits in escrow."""
        visit = self.model.visits[number]
        if visit.answers:
            row = ClaimResponse.objects.get(pk=visit.answers[-1].row)
            reversals.unpost(row, reason="looked wrong", at=NOW)
            self.escrow += self.model.reverse(visit).paid

    def there_and_back(self, number: int, contract: int, left: int) -> None:
        """reverse(post(x)) is the identity: every account but the new check's own is as it was."""
        visit = self.model.visits[number]
        if visit.turn:
            before = self.books()
            self.post(number, contract, left)
            self.undo(number)
            assert self.books() == before

    def books(self) -> dict[tuple[str, int | None], D]:
        rows = LedgerEntry.objects.exclude(account__in=["cash", "escrow", "provider_level:L6"])
        sums = (
            rows.filter(patient=self.patient).values_list("account", "charge_id").annotate(sum=Sum("amount"))
        )
        return {(account, charge): amount for account, charge, amount in sums if amount}

    def deny(self, number: int) -> None:
        """A denial stops: nothing moves, the claim waits for a person."""
        visit = self.model.visits[number]
        if visit.turn == 1:
            told = clp(
                self.claim_of(number, 1),
                "1",
                str(CHARGE),
                "0",
                ("CO", "16", str(CHARGE)),
                icn=f"ICN{next(SERIAL)}",
            )
            [row] = answer(told, trace=f"T{next(SERIAL)}", **AETNA)
            assert row.state == "exception"

    def reverse(self, number: int) -> None:
        visit = self.model.visits[number]
        if not visit.answers:
            return
        back = self.model.reverse(visit)
        claim = Claim.objects.get(pk=back.control)
        cas = [("CO", "45", str(-back.contract))] if back.contract else []
        whole = back.paid + back.contract + back.left + back.stay
        cas += [("OA", "23", str(whole - CHARGE))] if whole < CHARGE else []
        cas += [("PR", "2", str(-back.left))] if back.left else []
        cas += [("CO", "16", str(-back.stay))] if back.stay else []
        told = clp(claim, "22", str(-CHARGE), str(-back.paid), *cas, icn=back.icn)
        plb = [("FB", str(-back.paid))] if back.paid else []
        [row] = answer(told, trace=f"T{next(SERIAL)}", plb=plb, amount="0", **PAYERS[back.rank])
        assert row.state == "auto_posted", (row.codes, row.plan.get("reasons"))

    def compare(self) -> None:
        for visit, invoice in zip(self.model.visits, self.invoices, strict=True):
            line = money(invoice)
            found = (
                line.insurers,
                line.patient,
                line.paid_by_patient,
                line.paid_by_insurers,
                line.adjusted,
                line.written_off,
            )
            wanted = (visit.insurers, visit.due, visit.paid, visit.by_insurers, visit.adjusted, visit.written)
            assert found == wanted
        credit = balances.patient_credit(self.patient.pk)
        assert (credit.free, credit.held) == (self.model.free, sum(v.held for v in self.model.visits))
        snapshot = statements.build(self.patient, self.world.location, today=TODAY)
        owed = sum(v.due for v in self.model.visits)
        assert (D(snapshot["due"]), D(snapshot["balance"])) == (D(owed), D(owed - self.model.free))
        assert statements.adds_up(snapshot)
        own = LedgerEntry.objects.filter(account="cash", receipt__patient=self.patient)
        assert (own.aggregate(sum=Sum("amount"))["sum"] or 0) == self.model.cash
        waiting = LedgerEntry.objects.filter(account="escrow").aggregate(sum=Sum("amount"))["sum"] or 0
        assert -waiting == self.escrow


ACTS: dict[str, Callable[[Both, int, int, int], None]] = {
    "visit": lambda both, _, a, b: both.check_out(1 + a % 3, b % 61),
    "pay": lambda both, _, a, b: both.take((a * 7 + b) % 90),
    "refund": lambda both, _, a, b: both.refund(a + b),
    "write_off": lambda both, number, a, _: both.write_off(number, a),
    "answer": lambda both, number, a, b: both.post(number, a % 100, b % 60),
    "paper": lambda both, number, a, b: both.post(number, a % 100, b % 60, "paper"),
    "line_by_line": lambda both, number, a, b: both.post(number, a % 50, b % 40, "hand", 1 + a % 40),
    "there_and_back": lambda both, number, a, b: both.there_and_back(number, a % 100, b % 60),
    "undo": lambda both, number, _a, _b: both.undo(number),
    "deny": lambda both, number, _a, _b: both.deny(number),
    "reverse": lambda both, number, _a, _b: both.reverse(number),
}
# Answers come most often: most histories should get beyond the first insurer.
KINDS = st.sampled_from([*ACTS, "answer", "answer", "answer", "reverse", "write_off"])
STEPS = st.lists(
    st.tuples(KINDS, st.integers(0, 2), st.integers(0, 99), st.integers(0, 99)), min_size=2, max_size=9
)


@pytest.fixture
def world(db: None) -> Iterator[World]:
    made = make_world()
    with made.open():
        set_up(made, autopay_claims="post", reversals="auto_if_exact")
        yield made


@pytest.mark.rule("I-3", "I-5", "B12")
@settings(
    max_examples=40, deadline=None, suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate], report_multiple_bugs=False,
)  # fmt: skip
@given(layers=st.integers(1, 3), cash=st.sampled_from([0, 10, 25, 40]), steps=STEPS)
# The second insurer's answer taken back by its payer, the first one's by a person: the first is to answer again.
@example(2, 10, [("answer", 0, 85, 31), ("answer", 0, 0, 32), ("reverse", 0, 0, 0), ("undo", 0, 0, 0),
                 ("answer", 0, 71, 35)])  # fmt: skip
@example(3, 0, [("answer", 0, 50, 50), ("answer", 0, 0, 40), ("answer", 0, 0, 30), ("reverse", 0, 0, 0),
                ("undo", 0, 0, 0), ("line_by_line", 0, 0, 30), ("undo", 0, 0, 0), ("undo", 0, 0, 0),
                ("paper", 0, 20, 10)])  # fmt: skip
def test_every_history_leaves_each_cent_where_the_model_has_it(
    world: World, layers: int, cash: int, steps: list[tuple[str, int, int, int]]
) -> None:
    with transaction.atomic():
        both = Both(world)
        both.check_out(layers, cash)
        for kind, number, a, b in steps:
            ACTS[kind](both, number % len(both.invoices), a, b)
            both.compare()
        assert not wrong()
        transaction.set_rollback(True)  # the next history begins with empty books
