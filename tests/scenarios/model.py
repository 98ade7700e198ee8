"""Where each dollar of a patient's visits is, line by line, as a biller would keep it on paper.

It knows nothing of accounts, plans or files: it moves dollars between named places. What the product says is held
against it after every step (test_model.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field

COPAY = 25


@dataclass
class Said:
    """What an answer said of one line, and what stood on the line before it."""

    paid: int
    contract: int
    left: int  # to the next in line
    stay: int  # denied, and left with the insurer by a person
    kept: int  # what the insurer owes after it
    expected: int  # of the patient, before it
    stake: int  # of the insurer, before it
    waived: int = 0  # of our write-offs, needless after it


@dataclass(eq=False)
class Answer:
    """A posted answer, and what it left behind to go back to."""

    rank: int
    lines: list[Said]
    turn: int  # whose turn it was
    freed: int = 0  # of the patient's credit, held until it came
    icn: str = ""
    control: int = 0  # the claim it answered
    row: int = 0  # the response, for an undo
    is_crossover: bool = False

    @property
    def paid(self) -> int:
        """What it paid in all."""
        return sum(line.paid for line in self.lines)

    @property
    def left(self) -> int:
        """What it left to the next in line, in all."""
        return sum(line.left for line in self.lines)


@dataclass(eq=False)
class Line:
    """Where the dollars of a line are."""

    charge: int
    insurers: dict[int, int]
    due: int = 0
    paid: int = 0
    by_insurers: int = 0
    adjusted: int = 0
    written: int = 0


@dataclass(eq=False)
class Visit:
    """The lines of a visit, what the patient paid ahead for it, and who is to answer (0: nobody)."""

    layers: int
    lines: list[Line]
    held: int = 0
    turn: int = 1
    answers: list[Answer] = field(default_factory=list)

    @property
    def due(self) -> int:
        """What the patient owes for it."""
        return sum(line.due for line in self.lines)

    def open(self, rank: int) -> int:
        """What an insurer owes for it."""
        return sum(line.insurers[rank] for line in self.lines)


@dataclass
class Model:
    """One patient: visits, free credit, cash in the drawer; and what insurers' checks carry beside the claims."""

    visits: list[Visit] = field(default_factory=list)
    free: int = 0
    cash: int = 0
    escrow: int = 0  # of checks whose posting a person undid
    # (insurer, code, reference, amount) of what a person is to explain: interest, adjustments, refunds of ours
    beside: list[tuple[int, str, str, int]] = field(default_factory=list)
    # (insurer, "FB" or "WO", reference) -> what is to come out of a later check, below zero
    carried: dict[tuple[int, str, str], int] = field(default_factory=dict)

    def check_out(self, layers: int, charges: tuple[int, ...], cash: int) -> None:
        """The first line carries the copay; the first insurer is expected to pay the rest."""
        lines = [Line(charge, {1: charge, 2: 0, 3: 0}) for charge in charges]
        first = lines[0]
        first.due, first.insurers[1] = COPAY, first.charge - COPAY
        visit = Visit(layers, lines)
        self.visits.append(visit)
        used = min(self.free, first.due)  # credit is used for the next copay
        self.free -= used
        first.due, first.paid = first.due - used, first.paid + used
        if cash:
            self.pay(cash, [visit])

    def pay(self, cash: int, first: list[Visit]) -> None:
        """Cash pays these visits, then the oldest line due, then it is credit."""
        self.cash += cash
        for visit in [*first, *(v for v in self.visits if v not in first)]:
            for line in visit.lines:
                part = max(0, min(cash, line.due))
                line.due, line.paid, cash = line.due - part, line.paid + part, cash - part
        self.free += cash

    def write_off(self, visit: Visit, amount: int) -> None:
        """Of what the patient owes, line by line in order."""
        for line in visit.lines:
            part = max(0, min(amount, line.due))
            line.due, line.written, amount = line.due - part, line.written + part, amount - part

    def post(self, visit: Visit, told: list[tuple[int, int, int]]) -> Answer:
        """The insurer whose turn it is answers each line: what is contract, what it leaves, what it denies.

        The first answer sees the whole charge, a later one what was left. It pays the rest.
        """
        rank, is_first = visit.turn, not visit.answers
        made = Answer(rank, [], visit.turn)
        for line, (contract, left, stay) in zip(visit.lines, told, strict=True):
            stake = line.insurers[rank]
            whole = line.charge if is_first else stake
            expected = (
                line.due + line.paid + line.written
            )  # an answer replaces what was the patient's before it
            paid = whole - contract - left - stay
            kept = line.insurers[rank] = stake + expected - paid - contract - left
            line.due -= expected
            line.by_insurers += paid
            line.adjusted += contract
            made.lines.append(Said(paid, contract, left, stay, kept, expected, stake))
            if rank < visit.layers:
                line.insurers[rank + 1] += left
            else:
                line.due += left
        visit.turn = rank if visit.open(rank) else 0
        if made.left:
            visit.turn = rank + 1 if rank < visit.layers else 0
        visit.answers.append(made)
        made.freed = self.settle(visit, made.lines)
        return made

    def can_reverse(self, visit: Visit, back: Answer) -> bool:
        """No insurer's side of a line may go below zero: what a later answer used cannot be taken back before it."""
        for line, said in zip(visit.lines, back.lines, strict=True):
            again = line.insurers[back.rank] + said.stake - said.kept
            further = line.insurers[back.rank + 1] - said.left if back.rank < visit.layers else 0
            if (said.stake < said.kept and again < 0) or (said.left and further < 0):
                return False
        return True

    def reverse(self, visit: Visit, back: Answer, *, is_alone: bool = True) -> None:
        """Everything that an answer did goes back, and it is that insurer's turn again.

        Not alone: the right answer is in the same file, and the patient's money is put right after both.
        """
        is_last = visit.answers[-1] is back
        visit.answers.remove(back)
        for line, said in zip(visit.lines, back.lines, strict=True):
            if back.rank < visit.layers:
                line.insurers[back.rank + 1] -= said.left
            else:
                line.due -= said.left
            line.insurers[back.rank] += said.stake - said.kept
            line.due += said.expected - said.waived
            line.written += said.waived
            line.by_insurers -= said.paid
            line.adjusted -= said.contract
        if is_last or visit.open(back.turn):  # else a later answer stands, and nothing is open again
            visit.turn = back.turn
        again = min(back.freed, self.free)
        self.free, visit.held = self.free - again, visit.held + again
        if is_alone:
            self.settle(visit)

    def settle(self, visit: Visit, told: list[Said] | None = None) -> int:
        """Nobody waives what is not owed; too much of the patient's money is held for the visit; it pays what is due;
        at the end it is free. Returns what was freed."""
        for place, line in enumerate(visit.lines):
            waived = max(0, min(-line.due, line.written))
            line.due, line.written = line.due + waived, line.written - waived
            if told is not None:
                told[place].waived = waived
        for line in visit.lines:
            over = max(0, min(-line.due, line.paid))
            line.due, line.paid, visit.held = line.due + over, line.paid - over, visit.held + over
        for line in visit.lines:
            part = max(0, min(line.due, visit.held))
            line.due, line.paid, visit.held = line.due - part, line.paid + part, visit.held - part
        freed = 0 if visit.turn else visit.held
        self.free, visit.held = self.free + freed, visit.held - freed
        return freed

    def carry(self, rank: int, code: str, reference: str, amount: int) -> None:
        """A check tells what is to come out of a later one (below zero), or takes it."""
        key = (rank, code, reference)
        self.carried[key] = self.carried.get(key, 0) + amount
