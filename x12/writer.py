"""Documents to bytes: segments checked as they are added, envelopes with control numbers passed in.

Before it: the write functions of x12/documents. After it: claims/encoding and the sandbox, which keep the
bytes. Same input, same bytes. A segment the guide forbids is a programming mistake and raises WriteError:
what a person can mend must have been found earlier (documents/claim_rules.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache

from lib.dates import format_d8
from x12.folding import fold
from x12.guides.parse import ElementRule, Guide, SegmentRule

Value = str | tuple[str, ...] | None


class WriteError(ValueError):
    """A segment that its guide does not allow: ``code``, the segment's ``place`` and the value."""

    def __init__(self, code: str, place: str, value: str) -> None:
        super().__init__(f"{code} at {place}: {value!r}")
        self.code = code
        self.place = place
        self.value = value


class SegmentWriter:
    """Collects the segments of one transaction, without ST and SE, checking each against ``guide``."""

    def __init__(self, guide: Guide) -> None:
        self.lines: list[str] = []
        self._guide = guide

    def add(self, key: str, *elements: Value) -> None:
        """Append the segment ``key`` (``loop/ID`` or ``loop/ID-variant`` of the guide).

        An element is a text, a tuple of components, or None; trailing empties are dropped and a segment
        with no element left is not written. Raises WriteError.
        """
        rule = self._guide.get(key)
        if rule is None:
            raise WriteError("not_in_guide", key, "")
        texts: list[str] = []
        used = 0
        for place, value in enumerate(elements, 1):
            text = ""
            if value:
                text = element_text(rule, key, place, value)
                if text:
                    used = place
            texts.append(text)
        if not used:
            return
        for place in rule.required:
            if place > used or not texts[place - 1]:
                raise WriteError("missing_element", f"{key}{place:02d}", "")
        self.lines.append(rule.segment_id + "*" + "*".join(texts[:used]))


@lru_cache(maxsize=16_384)  # the claims of a file say the same few things in the same places
def element_text(rule: SegmentRule, key: str, place: int, value: str | tuple[str, ...]) -> str:
    """One element or composite as it is written. Raises WriteError."""
    if isinstance(value, str):
        element = rule.elements.get(place)
        if element is None:
            raise WriteError("not_used", f"{key}{place:02d}", value)
        return checked_text(element, value, key, place)
    parts = rule.components.get(place)
    if parts is None:
        raise WriteError("not_used", f"{key}{place:02d}", ":".join(value))
    texts = []
    for number, text in enumerate(value, 1):
        part = parts.get(number)
        if part is None:
            if text:
                raise WriteError("not_used", f"{key}{place:02d}-{number}", text)
            texts.append("")
        else:
            texts.append(checked_text(part, text, key, place))
    while texts and not texts[-1]:
        texts.pop()
    for number, part in parts.items():
        if part.required and texts and (number > len(texts) or not texts[number - 1]):
            raise WriteError("missing_element", f"{key}{place:02d}-{number}", ":".join(texts))
    return ":".join(texts)


def checked_text(rule: ElementRule, value: str, key: str, place: int) -> str:
    """``value`` folded, cut where the rule allows, and checked. Raises WriteError."""
    text = fold(value)
    if not text:
        return ""
    if len(text) > rule.max_length:
        if not rule.may_cut:
            raise WriteError("too_long", f"{key}{place:02d}", text)
        text = text[: rule.max_length].rstrip()
    if len(text) < rule.min_length:
        raise WriteError("too_short", f"{key}{place:02d}", text)
    if rule.codes is not None and text not in rule.codes:
        raise WriteError("code_not_allowed", f"{key}{place:02d}", text)
    return text


def money(amount: Decimal | None) -> str:
    """Dollars as X12 writes them: no trailing zeros, no exponent, ``-`` for negatives; empty for None."""
    if amount is None:
        return ""
    text = f"{amount:.2f}"
    if Decimal(text) != amount:
        raise WriteError("bad_amount", "money", str(amount))
    text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def quantity(value: Decimal | None) -> str:
    """A quantity without trailing zeros or exponent; empty for None."""
    if value is None:
        return ""
    text = f"{value:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def d8(day: date | None) -> str:
    """CCYYMMDD, empty for None."""
    return format_d8(day) if day is not None else ""


def yes_no(value: bool) -> str:
    """Y or N."""
    return "Y" if value else "N"


# --- envelopes ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class InterchangeHeader:
    """ISA: who to whom, when, under which number (1 to 999,999,999, never reused)."""

    sender_id: str
    receiver_id: str
    control_number: int
    created_at: datetime
    sender_qualifier: str = "ZZ"
    receiver_qualifier: str = "ZZ"
    usage: str = "T"  # P production, T test
    ack_requested: bool = False  # ISA14: ask for a TA1


@dataclass(frozen=True, slots=True)
class TransactionText:
    """The lines of one transaction without ST and SE, and what ST says: ST01, ST02, ST03."""

    set_id: str
    control_number: str
    lines: Sequence[str]
    version: str = ""  # ST03; an 835 has none


@dataclass(frozen=True, slots=True)
class GroupText:
    """One GS with its transactions; ``version`` is GS08."""

    functional_code: str  # HC 837, HP 835, FA 999, HN 277CA
    sender_code: str
    receiver_code: str
    control_number: int
    version: str
    transactions: Sequence[TransactionText]


def write_interchange(
    header: InterchangeHeader,
    groups: Sequence[GroupText] = (),
    acks: Sequence[str] = (),
    line_end: str = "\n",
) -> bytes:
    """The bytes of one interchange; SE, GE and IEA counts are computed. ``acks`` are TA1 lines."""
    lines = [_isa(header), *acks]
    for group in groups:
        lines += _group_lines(group, header.created_at)
    lines.append(f"IEA*{len(groups)}*{header.control_number:09d}")
    ending = "~" + line_end
    return (ending.join(lines) + ending).encode("ascii")


def _isa(header: InterchangeHeader) -> str:
    if not 0 < header.control_number <= 999_999_999:
        raise WriteError("bad_control_number", "ISA13", str(header.control_number))
    for place, value in (("ISA06", header.sender_id), ("ISA08", header.receiver_id)):
        if not value or len(value) > 15 or fold(value) != value:
            raise WriteError("bad_identifier", place, value)
    at = header.created_at
    return "*".join(
        (
            "ISA*00*          *00*          ",
            f"{header.sender_qualifier:2.2}",
            f"{header.sender_id:15}",
            f"{header.receiver_qualifier:2.2}",
            f"{header.receiver_id:15}",
            f"{at:%y%m%d}",
            f"{at:%H%M}",
            "^",
            "00501",
            f"{header.control_number:09d}",
            "1" if header.ack_requested else "0",
            header.usage,
            ":",
        )
    )


def _group_lines(group: GroupText, at: datetime) -> list[str]:
    if not 0 < group.control_number <= 999_999_999:
        raise WriteError("bad_control_number", "GS06", str(group.control_number))
    for place, value in (("GS02", group.sender_code), ("GS03", group.receiver_code)):
        if not 2 <= len(value) <= 15 or fold(value) != value:
            raise WriteError("bad_identifier", place, value)
    lines = [
        f"GS*{group.functional_code}*{group.sender_code}*{group.receiver_code}*{at:%Y%m%d}*{at:%H%M}"
        f"*{group.control_number}*X*{group.version}"
    ]
    for transaction in group.transactions:
        if not 4 <= len(transaction.control_number) <= 9:
            raise WriteError("bad_control_number", "ST02", transaction.control_number)
        start = f"ST*{transaction.set_id}*{transaction.control_number}"
        lines.append(f"{start}*{transaction.version}" if transaction.version else start)
        lines += transaction.lines
        lines.append(f"SE*{len(transaction.lines) + 2}*{transaction.control_number}")
    lines.append(f"GE*{len(group.transactions)}*{group.control_number}")
    return lines
