"""Segments to interchanges, groups and transactions, with their counts and control numbers checked.

Before it: x12/reader.py. After it: x12/reading.py, which gives each transaction to its document's reader.
A broken envelope is described by findings; what can still be told apart is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from x12.findings import FindingList, quote
from x12.kinds import transaction_kind
from x12.reader import looks_like_segment
from x12.tokens import ENVELOPE, Block, Segment


class Sink(Protocol):
    """Takes the segments of one transaction as they pass, so that they need not be kept."""

    def take_run(self, block: Block, place: int) -> int:
        """The segments from ``place`` up to the next one of the envelope; where that stands, or the block's length."""


@dataclass(slots=True)
class Transaction:
    """One ST to SE. ``is_complete`` is False when SE never came.

    ``segments`` are all of them, or only ST when a sink took the others.
    """

    kind: str
    control_number: str
    version: str
    segments: list[Segment]
    is_complete: bool = True
    count: int = 1  # segments from ST to SE, also those that went to a sink
    sink: Sink | None = None

    @property
    def position(self) -> int:
        """Where ST stood in the file."""
        return self.segments[0].position

    def take_run(self, block: Block, place: int) -> int:
        """Keep the segments from ``place`` up to the next one of the envelope; where that stands, or the length."""
        while place < len(block.raws):
            segment = block.segment(place)
            if segment.id in ENVELOPE:
                break
            self.segments.append(segment)
            place += 1
        return place


@dataclass(slots=True)
class Group:
    """One GS to GE."""

    functional_code: str
    sender: str
    receiver: str
    date: str
    time: str
    control_number: str
    version: str
    position: int
    transactions: list[Transaction] = field(default_factory=list)


@dataclass(slots=True)
class Interchange:
    """One ISA to IEA; ``acks`` are its TA1 segments."""

    sender_qualifier: str
    sender: str
    receiver_qualifier: str
    receiver: str
    date: str
    time: str
    version: str
    control_number: str
    ack_requested: bool
    usage: str
    position: int
    groups: list[Group] = field(default_factory=list)
    acks: list[Segment] = field(default_factory=list)


class EnvelopeReader:
    """Walks segments once and yields each transaction with its group and interchange when it is closed.

    ``interchanges`` and ``findings`` are complete when the walk is. ``open_sink`` is asked at each ST whether
    somebody takes its segments as they pass; otherwise they are kept until the transaction is closed.
    """

    def __init__(
        self,
        blocks: Iterable[Block],
        findings: FindingList,
        open_sink: Callable[[Transaction], Sink | None] = lambda transaction: None,
    ) -> None:
        self.findings = findings
        self.interchanges: list[Interchange] = []
        self._blocks = blocks
        self._open_sink = open_sink
        self._interchange: Interchange | None = None
        self._group: Group | None = None
        self._transaction: Transaction | None = None
        self._last_position = 0
        self._closed_interchange = False
        self._groups_seen = 0
        self._junk_reported = False

    def transactions(self) -> Iterator[tuple[Interchange, Group, Transaction]]:
        """Every transaction in file order, complete or cut off."""
        for block in self._blocks:
            self._last_position = block.last
            place, count = 0, len(block.raws)
            while place < count:
                transaction = self._transaction
                if transaction is not None:
                    place = (transaction.sink or transaction).take_run(block, place)
                    if place == count:
                        break
                segment = block.segment(place)
                place += 1
                if transaction is not None:
                    self._end_transaction(transaction, segment)
                    yield self._finished(transaction)
                if transaction is None or segment.id != "SE":
                    self._take_envelope(segment.id, segment)
        if self._transaction is not None:
            transaction = self._transaction
            self._cut_off_transaction(self._last_position + 1, "at the end of the file")
            yield self._finished(transaction)
        self._end_group(None)
        self._end_interchange(None)

    def _end_transaction(self, transaction: Transaction, segment: Segment) -> None:
        """By its SE, or cut off by another segment of the envelope."""
        if segment.id == "SE":
            self._close_transaction(segment)
        else:
            self._cut_off_transaction(segment.position, f"before {segment.id}")

    def _finished(self, transaction: Transaction) -> tuple[Interchange, Group, Transaction]:
        assert self._interchange is not None and self._group is not None, "a transaction stands in a group"
        return self._interchange, self._group, transaction

    def _take_envelope(self, name: str, segment: Segment) -> None:
        if name == "ISA":
            self._end_group(None)
            self._end_interchange(None)
            self._open_interchange(segment)
        elif name == "GS":
            self._end_group(None)
            self._open_group(segment)
        elif name == "ST":
            self._open_transaction(segment)
        elif name == "GE":
            self._end_group(segment)
        elif name == "IEA":
            self._end_group(None)
            self._end_interchange(segment)
        elif name == "TA1" and self._interchange is not None and not self._closed_interchange:
            self._interchange.acks.append(segment)
        else:
            self._take_stray(segment)

    def _take_stray(self, segment: Segment) -> None:
        if self._closed_interchange:
            if not self._junk_reported:
                self._junk_reported = True
                self.findings.add(
                    "trailing_junk",
                    f"Text after the end of the interchange was ignored: {quote(segment.text())}.",
                    level="file",
                    segment=segment.position,
                    severity="warning",
                )
            return
        what = "is outside any transaction" if looks_like_segment(segment) else "is no segment"
        self.findings.add(
            "stray_segment",
            f"{quote(segment.text())} {what} and was ignored.",
            level="segment",
            segment=segment.position,
        )

    def _open_interchange(self, segment: Segment) -> None:
        self._interchange = Interchange(
            sender_qualifier=segment[5].strip(),
            sender=segment[6].strip(),
            receiver_qualifier=segment[7].strip(),
            receiver=segment[8].strip(),
            date=segment[9],
            time=segment[10],
            version=segment[12].strip(),
            control_number=segment[13].strip(),
            ack_requested=segment[14] == "1",
            usage=segment[15],
            position=segment.position,
        )
        self.interchanges.append(self._interchange)
        self._closed_interchange = False
        self._groups_seen = 0
        self._junk_reported = False

    def _open_group(self, segment: Segment) -> None:
        assert self._interchange is not None, "the reader starts with an ISA"
        if self._closed_interchange:
            self.findings.add(
                "stray_group",
                "A group stands after the end of its interchange.",
                level="group",
                segment=segment.position,
            )
        self._group = Group(
            functional_code=segment[1].strip(),
            sender=segment[2].strip(),
            receiver=segment[3].strip(),
            date=segment[4],
            time=segment[5],
            control_number=segment[6].strip(),
            version=segment[8].strip(),
            position=segment.position,
        )
        self._interchange.groups.append(self._group)
        self._groups_seen += 1

    def _open_transaction(self, segment: Segment) -> None:
        if self._group is None:
            if self._interchange is not None and self._interchange.position:
                self.findings.add(
                    "missing_gs",
                    "A transaction stands outside any group (GS is missing).",
                    level="group",
                    segment=segment.position,
                )
            self._open_group(Segment(["GS"], 0, segment.delimiters))
        assert self._group is not None
        number = segment[2].strip()
        self._transaction = Transaction(
            kind="",
            control_number=number,
            version=segment[3].strip() or self._group.version,
            segments=[segment],
        )
        self._group.transactions.append(self._transaction)
        transaction = self._transaction
        transaction.sink = self._open_sink(transaction)

    def _close_transaction(self, segment: Segment) -> None:
        transaction = self._transaction
        assert transaction is not None and self._group is not None
        if transaction.sink is None:
            transaction.segments.append(segment)
        transaction.count = segment.position - transaction.position + 1
        self._name_transaction()
        _check_count(self.findings, segment, transaction.count, "se_count", "SE01", "segments", "transaction")
        _check_number(self.findings, segment, transaction.control_number, "se_control", "ST02", "transaction")
        self._transaction = None

    def _cut_off_transaction(self, position: int, where: str) -> None:
        transaction = self._transaction
        assert transaction is not None
        transaction.is_complete = False
        transaction.count = max(position - transaction.position, 1)
        self._name_transaction()
        self.findings.add(
            "missing_se",
            f"Transaction {quote(transaction.control_number)} has no end (SE is missing {where}): "
            "it was cut off, ask the sender for the whole file.",
            level="transaction",
            segment=position - 1,
        )
        self._transaction = None

    def _name_transaction(self) -> None:
        transaction, group = self._transaction, self._group
        assert transaction is not None and group is not None
        transaction.kind = transaction_kind(transaction.segments, group.functional_code, group.version)

    def _end_group(self, segment: Segment | None) -> None:
        group = self._group
        self._group = None
        if group is None:
            if segment is not None:
                self._take_stray(segment)
            return
        if segment is None and not group.position:
            return  # a group we supposed ourselves
        if segment is None:
            self.findings.add(
                "missing_ge",
                f"Group {quote(group.control_number)} has no end (GE is missing).",
                level="group",
                segment=group.position,
            )
            return
        _check_count(
            self.findings, segment, len(group.transactions), "ge_count", "GE01", "transactions", "group"
        )
        _check_number(self.findings, segment, group.control_number, "ge_control", "GS06", "group")
        seen: set[str] = set()
        for transaction in group.transactions:
            if transaction.control_number in seen:
                self.findings.add(
                    "duplicate_st02",
                    f"Transaction number {quote(transaction.control_number)} is used twice in one group.",
                    level="transaction",
                    segment=transaction.position,
                    severity="warning",
                )
            seen.add(transaction.control_number)

    def _end_interchange(self, segment: Segment | None) -> None:
        interchange = self._interchange
        if interchange is None or self._closed_interchange:
            if segment is not None:
                self._take_stray(segment)
            return
        self._closed_interchange = True
        if not interchange.position:
            return  # the file had no ISA: that was said
        if segment is None:
            self.findings.add(
                "missing_iea",
                f"Interchange {quote(interchange.control_number)} has no end (IEA is missing): "
                "the file is cut off.",
                level="interchange",
                segment=interchange.position,
            )
            return
        # A lone TA1 is counted as one group by some senders.
        if not (self._groups_seen == 0 and interchange.acks):
            _check_count(
                self.findings, segment, self._groups_seen, "iea_count", "IEA01", "groups", "interchange"
            )
        _check_number(
            self.findings, segment, interchange.control_number, "iea_control", "ISA13", "interchange"
        )


def _check_count(
    findings: FindingList, trailer: Segment, counted: int, code: str, name: str, things: str, level: str
) -> None:
    stated = trailer[1].strip()
    if not (stated.isascii() and stated.isdigit() and len(stated) <= 10 and int(stated) == counted):
        findings.add(
            code,
            f"{name} says {quote(stated)} {things}; there are {counted}.",
            level=level,  # type: ignore[arg-type]
            segment=trailer.position,
        )


def _check_number(
    findings: FindingList, trailer: Segment, number: str, code: str, name: str, level: str
) -> None:
    stated = trailer[2].strip()
    if stated == number:
        return
    only_zeros_differ = stated.lstrip("0") == number.lstrip("0") and stated.lstrip("0") != ""
    findings.add(
        code,
        f"{trailer.id}02 is {quote(stated)} but {name} is {quote(number)}.",
        level=level,  # type: ignore[arg-type]
        segment=trailer.position,
        severity="warning" if only_zeros_differ else "error",
    )
