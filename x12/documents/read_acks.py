"""Readers of the three acknowledgements: 999 (and 997), TA1, 277CA. After them: claims/acknowledgements."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from x12.documents.claim_ack import (
    AcknowledgedClaim,
    AcknowledgedProvider,
    ClaimAck,
    ClaimStatus,
    LineStatus,
    StatusCode,
)
from x12.documents.elements import ElementReader, read_party
from x12.documents.functional_ack import ElementError, FunctionalAck, SegmentError, TransactionAck
from x12.documents.interchange_ack import InterchangeAck
from x12.documents.parties import Party, Reference
from x12.findings import FindingList
from x12.tokens import Segment

VERDICTS = frozenset({"A", "E", "R", "M", "W", "X"})  # IK501


def read_ta1(segment: Segment) -> InterchangeAck:
    """One TA1 segment."""
    found = [segment[place].strip() for place in range(1, 6)]
    return InterchangeAck(found[0], found[1], found[2], found[3], found[4], segment.position)


# --- 999 and 997 -------------------------------------------------------------------------------------


def read_functional_ack(segments: Iterable[Segment], findings: FindingList) -> FunctionalAck:
    """One ST 999 or 997: IK3, IK4, IK5 and their 997 names AK3, AK4, AK5 mean the same."""
    element = ElementReader(findings)
    group: dict[str, Any] = {"functional_code": "", "group_control_number": ""}
    transactions: list[TransactionAck] = []
    opened: dict[str, Any] | None = None
    errors: list[dict[str, Any]] = []

    def close(status: str, codes: tuple[str, ...]) -> None:
        nonlocal opened, errors
        if opened is not None:
            made = tuple(_segment_error(error) for error in errors)
            transactions.append(TransactionAck(status=status, codes=codes, errors=made, **opened))
        opened, errors = None, []

    for segment in segments:
        name = segment.parts[0]
        if name == "ST":
            group["is_997"] = segment[1] == "997"
            group["segment"] = segment.position
        elif name == "AK1":
            keys = ("functional_code", "group_control_number", "version")
            group.update({key: segment[place].strip() for place, key in enumerate(keys, 1)})
        elif name == "AK2":
            close("", ())
            opened = {
                "kind": segment[1].strip(),
                "control_number": segment[2].strip(),
                "version": segment[3].strip(),
            }
        elif name in ("IK3", "AK3"):
            errors.append(_open_segment_error(segment, element))
        elif name in ("IK4", "AK4") and errors:
            errors[-1]["elements"].append(_element_error(segment, element))
        elif name == "CTX" and errors:
            _take_context(segment, errors[-1])
        elif name in ("IK5", "AK5"):
            if opened is None and transactions and transactions[-1].status not in VERDICTS:
                last = transactions.pop()  # an unknown verdict is replaced by the one that follows it
                transactions.append(replace(last, status=segment[1].strip(), codes=_codes(segment, 2, 6)))
            close(segment[1].strip(), _codes(segment, 2, 6))
        elif name == "AK9":
            close("", ())
            group["status"] = segment[1].strip()
            for place, key in enumerate(("included", "received", "accepted"), 2):
                group[key] = element.whole_number(segment, place)
            group["codes"] = _codes(segment, 5, 9)
    close("", ())
    _check_functional_ack(group, transactions, findings)
    return FunctionalAck(transactions=tuple(transactions), **group)


def _codes(segment: Segment, first: int, last: int) -> tuple[str, ...]:
    found = (segment[place].strip() for place in range(first, last + 1))
    return tuple(code for code in found if code)


def _open_segment_error(segment: Segment, element: ElementReader) -> dict[str, Any]:
    return {
        "segment_id": segment[1].strip(),
        "position": element.whole_number(segment, 2),
        "loop": segment[3].strip(),
        "code": segment[4].strip(),
        "control_number": "",
        "contexts": [],
        "elements": [],
    }


def _segment_error(found: dict[str, Any]) -> SegmentError:
    return SegmentError(
        **{**found, "contexts": tuple(found["contexts"]), "elements": tuple(found["elements"])}
    )


def _element_error(segment: Segment, element: ElementReader) -> ElementError:
    places = [text.strip() for text in segment.components(1)]
    numbers = [int(text) if text.isascii() and text.isdigit() and len(text) < 4 else None for text in places]
    numbers += [None, None]
    return ElementError(
        element=numbers[0] or 0,
        code=segment[3].strip(),
        component=numbers[1],
        repetition=numbers[2],
        reference=segment[2].strip(),
        value=segment[4].strip(),
    )


def _take_context(segment: Segment, error: dict[str, Any]) -> None:
    if segment.component(1, 1).strip() == "CLM01" and not error["control_number"]:
        error["control_number"] = segment.component(1, 2).strip()
    else:
        error["contexts"].append(segment.text()[:200])


def _check_functional_ack(
    group: dict[str, Any], transactions: list[TransactionAck], findings: FindingList
) -> None:
    position = group.get("segment", 0)
    if not group["group_control_number"]:
        findings.add(
            "missing_ak1",
            "The acknowledgement names no group (AK1): it cannot be tied to what was sent.",
            level="transaction",
            segment=position,
        )
    if "status" not in group:
        findings.add(
            "missing_ak9",
            "The acknowledgement has no verdict on the group (AK9).",
            level="transaction",
            segment=position,
        )
    for transaction in transactions:
        if transaction.status not in VERDICTS:
            findings.add(
                "unknown_code",
                f"IK501 {transaction.status!r} is no known verdict.",
                level="transaction",
                segment=position,
                severity="warning",
            )


# --- 277CA -------------------------------------------------------------------------------------------


@dataclass
class _Level:
    """What one HL of a 277CA gathered."""

    party: Party | None = None
    trace: str = ""
    statuses: list[ClaimStatus] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)
    quantities: list[tuple[str, int]] = field(default_factory=list)
    amounts: list[tuple[str, Decimal]] = field(default_factory=list)
    dates: dict[str, Any] = field(default_factory=dict)
    claims: list[AcknowledgedClaim] = field(default_factory=list)
    lines: list[dict[str, Any]] = field(default_factory=list)
    position: int = 0
    kind: str = "PT"


class _ClaimAckReader:
    """Walks one ST 277CA: HL 20 source, 21 receiver, 19 provider, PT claim (22 and 23 in some files)."""

    def __init__(self, findings: FindingList) -> None:
        self.findings = findings
        self.element = ElementReader(findings)
        self.header: dict[str, Any] = {}
        self.source = _Level()
        self.receiver = _Level()
        self.providers: list[_Level] = []
        self.level: _Level | None = None
        self.is_claim = False

    def take(self, segment: Segment) -> None:
        name = segment.parts[0]
        level = self.level
        if name == "HL":
            self._open_level(segment)
        elif name == "BHT":
            self.header.update(reference=segment[3].strip(), created_on=self.element.day(segment, 4))
        elif name == "ST":
            self.header["segment"] = segment.position
        elif level is None or name == "SE":
            return
        elif name == "NM1":
            level.party = level.party or read_party(segment)
        elif name == "TRN":
            if self.is_claim and level.trace:
                self._open_claim(segment, level.party)
                level = self.level
                assert level is not None
            level.trace = segment[2].strip()
        elif name == "STC":
            (level.lines[-1]["statuses"] if level.lines else level.statuses).append(self._status(segment))
        elif name == "SVC":
            charge = self.element.money(segment, 2, "claim")
            level.lines.append(
                {"procedure": segment[1].strip(), "charge": charge, "statuses": [], "references": []}
            )
        elif name == "REF":
            reference = Reference(segment[1].strip(), segment[2].strip())
            (level.lines[-1]["references"] if level.lines else level.references).append(reference)
        elif name == "DTP":
            period = self.element.period(segment)
            (level.lines[-1] if level.lines else level.dates)[segment[1].strip()] = period
        elif name == "QTY":
            count = self.element.whole_number(segment, 2)
            if count is not None:
                level.quantities.append((segment[1].strip(), count))
        elif name == "AMT":
            amount = self.element.money(segment, 2)
            if amount is not None:
                level.amounts.append((segment[1].strip(), amount))

    def _open_level(self, segment: Segment) -> None:
        self._close_claim()
        kind = segment[3].strip()
        self.is_claim = False
        if kind == "20":
            self.level = self.source = _Level()
        elif kind == "21":
            self.level = self.receiver = _Level()
        elif kind == "19":
            self.level = _Level()
            self.providers.append(self.level)
        else:
            self._open_claim(segment, None)
        assert self.level is not None
        self.level.kind = kind
        self.level.position = segment.position

    def _open_claim(self, segment: Segment, party: Party | None) -> None:
        self._close_claim()
        self.level = _Level(party=party, position=segment.position)
        self.is_claim = True

    def _close_claim(self) -> None:
        level = self.level
        if not self.is_claim or level is None:
            return
        self.is_claim = False
        if not level.trace and not level.statuses:
            return  # a subscriber level above the claim
        if not self.providers:
            self.providers.append(_Level())
        first, last = level.dates.get("472", (None, None))
        self.providers[-1].claims.append(
            AcknowledgedClaim(
                control_number=level.trace,
                patient=level.party,
                statuses=tuple(level.statuses),
                payer_claim_number=_reference(level.references, "1K"),
                clearinghouse_trace=_reference(level.references, "D9"),
                references=tuple(level.references),
                service_date=first,
                service_date_end=last,
                lines=tuple(_line_status(line) for line in level.lines),
                level=level.kind,
                segment=level.position,
            )
        )

    def _status(self, segment: Segment) -> ClaimStatus:
        codes = []
        for place in (1, 10, 11):
            if segment[place].strip():
                parts = [text.strip() for text in segment.components(place)] + ["", ""]
                codes.append(StatusCode(parts[0], parts[1], parts[2]))
        return ClaimStatus(
            codes=tuple(codes),
            effective_on=self.element.day(segment, 2),
            action=segment[3].strip(),
            amount=self.element.money(segment, 4),
            text=segment[12].strip(),
        )

    def finish(self) -> ClaimAck:
        self._close_claim()
        source, receiver = self.source, self.receiver
        return ClaimAck(
            source=source.party,
            source_trace=source.trace,
            source_statuses=tuple(source.statuses),
            received_on=source.dates.get("050", (None, None))[0],
            processed_on=source.dates.get("009", (None, None))[0],
            receiver=receiver.party,
            batch_reference=receiver.trace,
            receiver_statuses=tuple(receiver.statuses),
            quantities=tuple(receiver.quantities),
            amounts=tuple(receiver.amounts),
            providers=tuple(_provider(level) for level in self.providers),
            **self.header,
        )


def read_277ca(segments: Iterable[Segment], findings: FindingList) -> ClaimAck:
    """One ST 277CA; a rejection at receiver or provider level stands there and covers all beneath."""
    reader = _ClaimAckReader(findings)
    for segment in segments:
        reader.take(segment)
    return reader.finish()


def _reference(references: list[Reference], qualifier: str) -> str:
    return next((ref.value for ref in references if ref.qualifier == qualifier), "")


def _line_status(found: dict[str, Any]) -> LineStatus:
    return LineStatus(
        procedure=found["procedure"],
        charge=found["charge"],
        line_id=_reference(found["references"], "FJ"),
        statuses=tuple(found["statuses"]),
        service_date=found.get("472", (None, None))[0],
        service_date_end=found.get("472", (None, None))[1],
        references=tuple(found["references"]),
    )


def _provider(level: _Level) -> AcknowledgedProvider:
    return AcknowledgedProvider(
        provider=level.party,
        trace=level.trace,
        statuses=tuple(level.statuses),
        references=tuple(level.references),
        quantities=tuple(level.quantities),
        amounts=tuple(level.amounts),
        claims=tuple(level.claims),
    )
