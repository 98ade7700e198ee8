"""A history of one patient's visits, each act done in the product and in the model beside it (test_model.py)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal as D
from itertools import count
from typing import Any

from django.db.models import Sum

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
from responses import coordination, eobs, manual, receipts, takebacks, undo
from responses.by_hand import ByHand
from responses.models import ClaimResponse, ProviderAdjustment, Remittance
from tests.cast import NOW, TODAY, World, make_patient, make_policy, make_profile, make_visit
from tests.responses.edi import Cas, Clp, Svc, remit
from tests.responses.stage import AARP, AETNA, MEDICARE, take
from tests.scenarios.model import Answer, Line, Model, Visit
from tests.scenarios.stage import wrong

PAYERS = {1: AETNA, 2: AARP, 3: MEDICARE}
NAMES = {1: "AETNA", 2: "AARP", 3: "MEDICARE"}
SERIAL = count(1)
POSTED = ("auto_posted", "posted_manually")
Told = list[tuple[int, int, int]]  # line by line: contract, left to the next, denied


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
        self.seconds = 0
        self.invoices: list[Invoice] = []
        self.sent: list[tuple[tuple[Clp, ...], dict[str, Any]]] = []  # every file so far

    def now(self) -> datetime:
        """Each act has its moment, a second after the one before."""
        self.seconds += 1
        return NOW + timedelta(seconds=self.seconds)

    # --- the front desk ---

    def check_out(self, layers: int, lines: int, cash: int) -> None:
        if len(self.invoices) == 3:
            return
        services = (self.world.adjustment, self.world.exam)[:lines]
        visit = make_visit(self.world, self.patient, self.profiles[layers], *services)
        handed = [Payment(self.world.cash, D(cash), "copay")] if cash else []
        invoice = check_out(visit.public_id, handed, at=self.now()).invoice
        building.build(invoice, 1, today=TODAY)
        self.invoices.append(invoice)
        self.model.check_out(layers, (150, 100)[:lines], cash)

    def take_cash(self, cash: int) -> None:
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
        is_final = not visit.turn and not any(visit.open(rank) for rank in (1, 2, 3))
        if amount > 0 and is_final:  # nobody else is asked any more
            wanted = WriteOff("patient", WriteOffType.SMALL_BALANCE, D(amount), "rounding")
            writeoffs.write_off(invoice, wanted, role="owner", today=TODAY, key=f"w:{next(SERIAL)}")
            self.model.write_off(visit, amount)

    # --- what insurers say ---

    def claim_of(self, number: int, rank: int) -> Claim:
        rows = Claim.objects.filter(invoice=self.invoices[number], rank=rank).exclude(state__in=DEAD_STATES)
        claim = rows.order_by("-pk").first()
        return claim or queue.next_layer(self.invoices[number], rank, TODAY)

    def told(self, visit: Visit, contract: int, left: int, stay: int = 0) -> Told:
        """The drawn amounts as an answer that adds up; a second line has others than the first."""
        is_first, made = not visit.answers, []
        for place, line in enumerate(visit.lines):
            whole = line.charge if is_first else line.insurers[visit.turn]
            part = min((contract + 17 * place) % 100, whole) if is_first else 0
            rest = min(left + 5 * place, whole - part) if left else 0
            made.append((part, rest, min(stay, whole - part - rest)))
        return made

    def post(self, number: int, contract: int, left: int, how: str = "file", stay: int = 0) -> None:
        """One answer: by rule from a file, denied or line by line by a person, or typed from paper."""
        visit = self.model.visits[number]
        if not visit.turn:
            return
        told = self.told(visit, contract, left, stay)
        if how == "denied":
            told = [
                (0, 0, line.charge if not visit.answers else line.insurers[visit.turn])
                for line in visit.lines
            ]
        rank, icn = visit.turn, f"ICN{next(SERIAL)}"
        claim, at_payer = self.claim_of(number, rank), self.asked(visit, number)
        made = self.model.post(visit, told)
        made.icn, made.control = icn, claim.pk
        made.is_crossover = rank == 1 and visit.turn == 2 and made.left % 2 == 1
        services = self.services(at_payer, visit, made)
        if how == "paper":
            row = self.typed(claim, services, icn)
        else:
            status = "19" if made.is_crossover else str(rank)
            [row] = self.file(
                [self.clp(at_payer, status, services, icn)], rank, **self.beside(rank, made.paid)
            )
        if any(stay for _, _, stay in told):
            assert row.state == "exception", row.plan
            row = self.by_hand(row) if how == "hand" else manual.post_as_remitted(row, at=self.now())
        assert row.state in POSTED, (row.codes, row.plan.get("reasons"))
        coordination.roll_over(row.pk, at=self.now())
        made.row = row.pk

    def asked(self, visit: Visit, number: int) -> Claim:
        """The claim under whose number the answer comes: one that was forwarded keeps the first insurer's."""
        last = visit.answers[-1] if visit.answers else None
        if last is not None and last.is_crossover and visit.turn == 2:
            return Claim.objects.get(pk=last.control)
        return self.claim_of(number, visit.turn)

    def services(self, claim: Claim, visit: Visit, made: Answer) -> list[Svc]:
        """The service lines of an answer that says this."""
        services = []
        for row, line, said in zip(claim.lines.order_by("line_no"), visit.lines, made.lines, strict=True):
            whole = said.paid + said.contract + said.left + said.stay
            cas = [("CO", "45", said.contract), ("OA", "23", line.charge - whole), ("PR", "2", said.left)]
            cas.append(("CO", "16", said.stay))
            texts: list[Cas] = [(group, reason, str(amount)) for group, reason, amount in cas if amount]
            services.append(
                Svc(str(line.charge), str(said.paid), texts, line_id=row.line_id, code=row.procedure_code)
            )
        return services

    def clp(self, claim: Claim, status: str, services: Sequence[Svc], icn: str) -> Clp:
        """One answer of a file."""
        charge = sum(int(service.charge) for service in services)
        paid = sum(int(service.paid) for service in services)
        return Clp(claim.control_number, status, str(charge), str(paid), list(services), icn=icn)

    def file(self, told: Sequence[Clp], rank: int, **head: Any) -> list[ClaimResponse]:
        """One remittance of an insurer, taken in."""
        head = {"trace": f"T{next(SERIAL)}", **PAYERS[rank], **head}
        self.sent.append((tuple(told), head))
        [taken] = take(remit(*told, **head), self.now())
        return list(taken.remittance.responses.select_related("remittance").order_by("ordinal"))

    def beside(self, rank: int, paid: int) -> dict[str, Any]:
        """Interest or an adjustment now and then; a check that pays enough is lowered by what is to be recovered."""
        plb: list[tuple[str, str]] = []
        for code, amount in (("L6", -3 if paid % 3 == 0 else 0), ("CS", paid % 5 - 2 if paid > 1 else 0)):
            if amount:
                reference = f"N{next(SERIAL)}"
                plb.append((f"{code}:{reference}", str(amount)))
                self.model.beside.append((rank, code, reference, amount))
                paid -= max(amount, 0)
        for (payer, code, reference), amount in sorted(self.model.carried.items()):
            part = min(-amount, paid) if payer == rank else 0
            if part > 0:
                plb.append((f"{code}:{reference}", str(part)))
                self.model.carry(rank, code, reference, part)
                break
        return {"plb": plb} if plb else {}

    def typed(self, claim: Claim, services: Sequence[Svc], icn: str) -> ClaimResponse:
        head = eobs.Eob(f"CHK{next(SERIAL)}", TODAY, payer_claim_number=icn)
        ids = claim.lines.order_by("line_no").values_list("line_id", flat=True)
        lines = [
            eobs.EobLine(line_id, D(each.paid), tuple((g, r, D(amount)) for g, r, amount in each.cas))
            for line_id, each in zip(ids, services, strict=True)
        ]
        return eobs.enter_eob(claim, head, lines, at=self.now())

    def by_hand(self, row: ClaimResponse) -> ClaimResponse:
        hands = tuple(each.hand for each in manual.sheet_of(row).sheet.lines)
        return manual.post_as_remitted(row, at=self.now(), hand=ByHand(hands, "biller", "as denied"))

    def deny(self, number: int) -> None:
        """A denial stops: nothing moves, the claim waits for a person."""
        visit = self.model.visits[number]
        if visit.turn == 1 and not visit.answers:
            claim = self.claim_of(number, 1)
            services = [
                Svc(str(line.charge), "0", [("CO", "16", str(line.charge))], line_id=row.line_id,
                    code=row.procedure_code)
                for row, line in zip(claim.lines.order_by("line_no"), visit.lines, strict=True)
            ]  # fmt: skip
            [row] = self.file([self.clp(claim, "1", services, f"ICN{next(SERIAL)}")], 1)
            assert row.state == "exception"

    # --- and take back ---

    def undo(self, number: int) -> None:
        """A person undoes the last posting: the money of its check waits in escrow."""
        visit = self.model.visits[number]
        if visit.answers:
            back = visit.answers[-1]
            undo.unpost(ClaimResponse.objects.get(pk=back.row), reason="looked wrong", at=self.now())
            self.model.reverse(visit, back)
            self.model.escrow += back.paid

    def there_and_back(self, number: int, contract: int, left: int) -> None:
        """reverse(post(x)) is the identity: every account but the new check's own is as it was."""
        visit = self.model.visits[number]
        if visit.turn:
            before = self.books()
            self.post(number, contract, left)
            self.undo(number)
            assert self.books() == before

    def reversal(self, visit: Visit, back: Answer) -> Clp:
        """The payer's words for taking this answer back."""
        claim = Claim.objects.get(pk=back.control)
        services = [_negative(each) for each in self.services(claim, visit, back)]
        return self.clp(claim, "22", services, back.icn)

    def carried(self, rank: int, paid: int, code: str, icn: str) -> dict[str, Any]:
        """A check below zero pays nothing and carries the rest: it forwards it, or says it will be recovered."""
        trace = f"T{next(SERIAL)}"
        if paid >= 0:
            return {"trace": trace}
        reference = trace if code == "FB" else icn
        self.model.carry(rank, code, reference, paid)
        return {"trace": trace, "plb": [(f"{code}:{reference}", str(paid))]}

    def reverse(self, number: int, which: int, code: str) -> None:
        """The payer takes an answer back, mostly the last; an earlier one only where nobody used it since."""
        visit = self.model.visits[number]
        if not visit.answers:
            return
        back = visit.answers[-1 - which % len(visit.answers)]
        moves = self.model.can_reverse(visit, back)
        told = self.reversal(visit, back)
        [row] = self.file([told], back.rank, **self.carried(back.rank, -back.paid, code, back.icn))
        if moves:
            assert row.state == "auto_posted", (row.codes, row.plan.get("reasons"))
            self.model.reverse(visit, back)
            coordination.roll_over(row.pk, at=self.now())
        else:
            assert row.state == "exception", row.plan.get("reasons")
            assert "E13" in row.codes, row.plan.get("reasons")
            self.model.escrow -= back.paid

    def correct(self, number: int, contract: int, left: int, order: str) -> None:
        """A reversal of the last answer and the right one: in one file either way round, or in two."""
        visit = self.model.visits[number]
        if not visit.answers:
            return
        back = visit.answers[-1]
        claim, before = Claim.objects.get(pk=back.control), visit.turn
        if order == "later" and before == back.rank:
            return  # it would answer at once: the insurer whose turn it is
        old = self.reversal(visit, back)
        self.model.reverse(visit, back, is_alone=order == "later")
        made = self.model.post(visit, self.told(visit, contract, left))
        made.icn, made.control = f"ICN{next(SERIAL)}", claim.pk
        new = self.clp(claim, str(back.rank), self.services(claim, visit, made), made.icn)
        if order == "later":
            row = self.two_files(old, new, back, made)
        else:
            files = [old, new] if order == "reversal first" else [new, old]
            head = self.carried(back.rank, made.paid - back.paid, "FB", back.icn)
            rows = self.file(files, back.rank, **head)
            assert [row.state for row in rows] == ["auto_posted"] * 2, [(r.codes, r.plan) for r in rows]
            row = rows[files.index(new)]
        coordination.roll_over(row.pk, at=self.now())
        made.row = row.pk

    def two_files(self, old: Clp, new: Clp, back: Answer, made: Answer) -> ClaimResponse:
        """The correction waits until its reversal has come, then posts with one key."""
        [row] = self.file([new], back.rank)
        assert (row.state, row.codes) == ("exception", ["E12"]), row.plan.get("reasons")
        [taken] = self.file([old], back.rank, **self.carried(back.rank, -back.paid, "WO", back.icn))
        assert taken.state == "auto_posted", taken.plan.get("reasons")
        coordination.roll_over(taken.pk, at=self.now())
        row.refresh_from_db()
        assert (row.state, row.codes) == ("proposed", []), row.plan.get("reasons")
        return manual.post_as_remitted(row, at=self.now())

    def again(self, which: int) -> None:
        """A file comes once more in another envelope: nothing moves."""
        if self.sent:
            told, head = self.sent[which % len(self.sent)]
            before = LedgerEntry.objects.count(), ClaimResponse.objects.count()
            [taken] = take(remit(*told, **head, isa=f"{next(SERIAL):09d}"), self.now())
            assert taken.is_repeat
            assert (LedgerEntry.objects.count(), ClaimResponse.objects.count()) == before

    def acknowledge(self, rank: int, amount: int) -> None:
        """A check of 0.00 says that our refund check came: what it announced is settled, the refund is to be closed."""
        due = [key for key, left in self.model.carried.items() if key[:2] == (rank, "WO") and left]
        reference = due[0][2] if due else f"ICN{next(SERIAL)}"
        amount = -self.model.carried[due[0]] if due else amount
        if amount:
            if due:
                self.model.carry(rank, "WO", reference, amount)
                self.model.beside.append((rank, "72", reference, -amount))
            plb = [(f"72:{reference}", str(-amount)), (f"WO:{reference}", str(amount))]
            assert self.file([], rank, plb=plb, amount="0") == []

    def explain(self, which: int) -> None:
        """A person says what a provider-level amount was for."""
        if self.model.beside:
            _, code, reference, amount = self.model.beside.pop(which % len(self.model.beside))
            [item] = ProviderAdjustment.objects.filter(
                is_open=True, code=code, reference=reference, amount=amount
            )
            takebacks.link(item, None, "asked the payer")

    # --- the comparison ---

    def books(self) -> dict[tuple[str, int | None], D]:
        """Sums by account and line; held credit by its visit, for which it is held whatever line it names (B11.2)."""
        rows = LedgerEntry.objects.filter(patient=self.patient).exclude(account__in=["cash", "escrow"])
        sums = rows.values_list("account", "charge_id", "charge__invoice_id").annotate(sum=Sum("amount"))
        found: dict[tuple[str, int | None], D] = {}
        for account, charge, invoice, amount in sums:
            place = (account, invoice if account == "patient_credit" else charge)
            found[place] = found.get(place, D(0)) + amount
        return {place: amount for place, amount in found.items() if amount}

    def compare(self) -> None:
        """Every place of the model holds what the product says, and every proof of the books holds."""
        charges = [
            list(row.charges.order_by("line_no").values_list("pk", flat=True)) for row in self.invoices
        ]
        found = balances.lines([key for keys in charges for key in keys])
        for visit, keys in zip(self.model.visits, charges, strict=True):
            for line, key in zip(visit.lines, keys, strict=True):
                assert found[key].is_whole
                assert _told(found[key]) == _kept(line)
        credit = balances.patient_credit(self.patient.pk)
        assert (credit.free, credit.held) == (self.model.free, sum(v.held for v in self.model.visits))
        snapshot = statements.build(self.patient, self.world.location, today=TODAY)
        owed = sum(v.due for v in self.model.visits)
        assert (D(snapshot["due"]), D(snapshot["balance"])) == (D(owed), D(owed - self.model.free))
        assert statements.adds_up(snapshot)
        own = LedgerEntry.objects.filter(account="cash", receipt__patient=self.patient)
        assert (own.aggregate(sum=Sum("amount"))["sum"] or 0) == self.model.cash
        waiting = LedgerEntry.objects.filter(account="escrow").aggregate(sum=Sum("amount"))["sum"] or 0
        assert -waiting == self.model.escrow
        self.compare_takebacks()
        broken = wrong()
        assert not broken, broken

    def compare_takebacks(self) -> None:
        """What insurers carry forward or recover, to the dollar; what came back to zero is settled."""
        told = {
            each.payer: (each.forward, each.recoup, each.unexplained)
            for each in takebacks.standings(takebacks.tracker())
        }
        for rank, name in NAMES.items():
            sums = {"FB": 0, "WO": 0}
            for (payer, code, _), amount in self.model.carried.items():
                sums[code] += amount if payer == rank else 0
            beside = sum(amount for payer, _, _, amount in self.model.beside if payer == rank)
            wanted = (sums["FB"], sums["WO"], beside)
            assert told.get(name, (0, 0, 0)) == wanted
        open_ = ProviderAdjustment.objects.filter(is_open=True, code__in=["FB", "WO"])
        left = {reference for (_, _, reference), amount in self.model.carried.items() if amount}
        assert set(open_.values_list("reference", flat=True)) == left
        rows = ProviderAdjustment.objects.filter(is_open=True).exclude(code__in=["FB", "WO"])
        told_beside = sorted(rows.values_list("code", "reference", "amount"))
        assert told_beside == sorted(each[1:] for each in self.model.beside)

    def ties(self) -> None:
        """receipt = posted + escrow - provider-level, for every check there was."""
        for row in Remittance.objects.all():
            assert not receipts.tie(row)["difference"], receipts.tie(row)


def _negative(service: Svc) -> Svc:
    cas = [(group, reason, str(-D(amount))) for group, reason, amount in service.cas]
    return Svc(
        str(-D(service.charge)), str(-D(service.paid)), cas, line_id=service.line_id, code=service.code
    )


def _told(line: balances.LineBalance) -> tuple[object, ...]:
    return (
        line.insurers, line.patient, line.paid_by_patient, line.paid_by_insurers, line.adjusted, line.written_off
    )  # fmt: skip


def _kept(line: Line) -> tuple[object, ...]:
    return line.insurers, line.due, line.paid, line.by_insurers, line.adjusted, line.written
