"""The money of one claim family in memory: what each party owes per line, and what was posted before.

The posting plan works on it alone. ``plan_case`` fills it from a case and carries it along;
``family.py`` fills it from the ledger. Amounts are Decimal dollars.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from lib.money import ZERO, total
from x12.documents.remittance import ClaimPayment

PATIENT = "patient"


@dataclass(frozen=True, slots=True)
class LedgerLayer:
    """One insurer in order of responsibility; ``payer_ids`` are ids under which remittances name it."""

    rank: int
    payer: str
    payer_ids: frozenset[str] = frozenset()


@dataclass(slots=True)
class LedgerLine:
    """One submitted line. ``id`` is ours, ``line_ids`` every REF*6R under which it was ever sent.

    ``patient`` is the patient's share before what the patient paid; ``insurers`` by rank, still open.
    """

    id: str
    code: str
    charge: Decimal
    modifiers: tuple[str, ...] = ()
    service_date: date | None = None
    line_ids: tuple[str, ...] = ()
    expected_allowed: Decimal | None = None
    insurers: dict[int, Decimal] = field(default_factory=dict)
    patient: Decimal = ZERO
    paid: Decimal = ZERO
    written_off: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class TakenAnswer:
    """An answer already taken in another remittance, posted or not: what E01 compares (I-11)."""

    remittance: str  # key of its remittance
    payer: str
    payer_claim_number: str
    status_code: str
    paid: Decimal


@dataclass(slots=True)
class EarlierPosting:
    """A posted answer that a reversal may undo: the answer itself and how it moved each line.

    ``told`` may be a function that reads the answer: most are never asked for again.
    """

    key: str
    layer: int
    responsible_before: int | None
    told: ClaimPayment | Callable[[], ClaimPayment]
    lines: Mapping[str, LineMove]
    is_reversed: bool = False

    @property
    def payment(self) -> ClaimPayment:
        """The answer."""
        if not isinstance(self.told, ClaimPayment):
            self.told = self.told()
        return self.told


@dataclass(frozen=True, slots=True)
class LineMove:
    """What one posting changes on one line: parties by rank ("1", "2", "3") or "patient"."""

    moves: Mapping[str, Decimal]
    paid: Decimal = ZERO
    write_off: Decimal = ZERO

    def mirrored(self) -> LineMove:
        """The exact opposite."""
        return LineMove({party: -amount for party, amount in self.moves.items()}, -self.paid, -self.write_off)


@dataclass(slots=True)
class ClaimLedger:
    """Everything a plan needs to know of a family: numbers, layers, lines, pointer and history."""

    control_numbers: tuple[str, ...]
    layers: tuple[LedgerLayer, ...]
    lines: tuple[LedgerLine, ...]
    responsible: int | None  # rank of the layer that is to answer; None: the patient, or nobody
    patient_paid: Decimal = ZERO
    postings: list[EarlierPosting] = field(default_factory=list)
    taken: list[TakenAnswer] = field(default_factory=list)
    void: str = ""  # number of the invoice where it is void: nothing of it can be answered

    @property
    def charge(self) -> Decimal:
        """What was submitted."""
        return total(line.charge for line in self.lines)

    def layer(self, rank: int | None) -> LedgerLayer | None:
        """The layer of a rank."""
        return next((layer for layer in self.layers if layer.rank == rank), None)

    def next_layer(self, rank: int) -> LedgerLayer | None:
        """The layer after ``rank``, if any is in force."""
        later = [layer for layer in self.layers if layer.rank > rank]
        return min(later, key=lambda layer: layer.rank, default=None)

    def live_postings(self) -> list[EarlierPosting]:
        """Postings not reversed, newest first."""
        return [posting for posting in reversed(self.postings) if not posting.is_reversed]

    def move(self, moves: Mapping[str, LineMove]) -> None:
        """Apply what a posting changes."""
        for line in self.lines:
            change = moves.get(line.id)
            if change is None:
                continue
            for party, amount in change.moves.items():
                if party == PATIENT:
                    line.patient += amount
                else:
                    line.insurers[int(party)] = line.insurers.get(int(party), ZERO) + amount
            line.paid += change.paid
            line.written_off += change.write_off

    def standing(self) -> Standing:
        """What each party owes now; charges = insurers + patient - credit + paid + patient paid + written off."""
        gross = total(line.patient for line in self.lines) - self.patient_paid
        ranks = sorted(
            {layer.rank for layer in self.layers} | {r for line in self.lines for r in line.insurers}
        )
        return Standing(
            insurers={r: total(line.insurers.get(r, ZERO) for line in self.lines) for r in ranks},
            patient=max(gross, ZERO),
            unapplied_credit=max(-gross, ZERO),
            paid=total(line.paid for line in self.lines),
            written_off=total(line.written_off for line in self.lines),
        )


@dataclass(frozen=True, slots=True)
class Standing:
    """Who owes what after the postings so far."""

    insurers: Mapping[int, Decimal]
    patient: Decimal
    unapplied_credit: Decimal
    paid: Decimal
    written_off: Decimal


def fold_number(number: str) -> str:
    """A control number as payers mangle it: trimmed, case-folded, no leading zeros, 20 characters."""
    return number.strip().upper().lstrip("0")[:20]


def knows_number(numbers: Iterable[str], asked: str) -> bool:
    """Whether a CLP01 is one of the family's numbers, exactly or folded."""
    wanted = fold_number(asked)
    return bool(wanted) and any(fold_number(number) == wanted for number in numbers)
