"""What the claims of an 837P sum up to, read segment by segment: the proof of a file that was just written.

Before it: claims/encoding. A whole reading (x12/reading.py) makes documents of thousands of claims; here each
claim is its number, its charge and the sum of its lines, while envelopes and counts are checked just the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from lib.money import ZERO, BadAmount, parse_money
from x12.envelope import EnvelopeReader, Transaction
from x12.findings import FindingList
from x12.reader import SegmentReader
from x12.tokens import ENVELOPE, Block, Segment


@dataclass(slots=True)
class ClaimTotal:
    """CLM01, CLM02, and the sum of SV102; None where an amount cannot be read."""

    control_number: str
    charge: Decimal | None
    lines: Decimal | None = ZERO


@dataclass(slots=True)
class FileTotals:
    """The ST02 of each transaction set and every claim, both in file order, and what is wrong with the envelopes."""

    references: list[str] = field(default_factory=list)
    claims: list[ClaimTotal] = field(default_factory=list)
    findings: FindingList = field(default_factory=FindingList)


class _Sums:
    """Takes the segments of one transaction as they pass."""

    def __init__(self, claims: list[ClaimTotal]) -> None:
        self._claims = claims
        self._money: dict[str, Decimal | None] = {}

    def take_run(self, block: Block, place: int) -> int:
        """The segments from ``place`` up to the next one of the envelope; where that stands, or the block's length."""
        separator = block.delimiters.element
        while place < len(block.raws):
            name = block.raws[place].partition(separator)[0]
            if name in ENVELOPE:
                break
            if name == "SV1":
                self._take_line(block.segment(place))
            elif name == "CLM":
                claim = block.segment(place)
                self._claims.append(ClaimTotal(claim[1], self._amount(claim[2])))
            place += 1
        return place

    def _take_line(self, line: Segment) -> None:
        if not self._claims:
            self._claims.append(ClaimTotal("", None))  # a line of no claim: no sum will be right
        amount, claim = self._amount(line[2]), self._claims[-1]
        claim.lines = None if amount is None or claim.lines is None else claim.lines + amount

    def _amount(self, text: str) -> Decimal | None:
        if text not in self._money:
            try:
                self._money[text] = parse_money(text)
            except BadAmount:
                self._money[text] = None
        return self._money[text]


def read_totals(content: bytes) -> FileTotals:
    """Walk a file once; nothing is raised for what it holds."""
    found = FileTotals()
    segments = SegmentReader(content)
    found.findings = segments.findings

    def open_sink(transaction: Transaction) -> _Sums:
        return _Sums(found.claims)

    envelope = EnvelopeReader(segments.blocks(), found.findings, open_sink)
    found.references = [transaction.control_number for _, _, transaction in envelope.transactions()]
    return found
