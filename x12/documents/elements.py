"""Element texts to values: money, dates, quantities, parties. What cannot be read becomes a finding.

Used by every document reader. Repeated texts are remembered, because files say the same thing many times.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

from lib.dates import parse_d8
from lib.money import BadAmount, parse_money
from lib.sealing import quick_maker
from x12.documents.parties import Address, Adjustment, Contact, OutpatientRemarks, Party
from x12.documents.remittance import BankAccount, Procedure, RemittanceParty
from x12.findings import FindingList, Level, quote
from x12.tokens import Segment

NUMBER = re.compile(r"[+-]?(?:[0-9]{1,15}(?:\.[0-9]{0,9})?|\.[0-9]{1,9})\Z")


@lru_cache(maxsize=2_048)
def read_money(text: str) -> Decimal:
    """Dollars with two places; raises BadAmount for anything else, an empty text too."""
    if NUMBER.match(text) is None:
        raise BadAmount(text)
    return parse_money(text)


@lru_cache(maxsize=8_192)
def _quantity(text: str) -> Decimal | None:
    return Decimal(text) if NUMBER.match(text) else None


@lru_cache(maxsize=512)
def _adjustment(group: str, reason: str, amount: str, quantity: str) -> Adjustment:
    """One triple whose texts are all readable; raises BadAmount otherwise."""
    if quantity and NUMBER.match(quantity) is None:
        raise BadAmount(quantity)
    return Adjustment(group, reason, read_money(amount), Decimal(quantity) if quantity else None)


@lru_cache(maxsize=512)
def _procedure(text: str, separator: str) -> Procedure:
    parts = [part.strip() for part in text.split(separator)]
    if len(parts) == 1:
        return Procedure(parts[0], qualifier="")
    modifiers = tuple(part for part in parts[2:6] if part)
    return Procedure(parts[1], modifiers, parts[0], parts[6] if len(parts) > 6 else "")


make_name = quick_maker(Party)
read_day = lru_cache(maxsize=8_192)(parse_d8)


class ElementReader:
    """Reads elements of one transaction into values and notes what cannot be read.

    ``bad_amounts`` counts unreadable money, so that a reader can mark what it belongs to.
    """

    def __init__(self, findings: FindingList) -> None:
        self.findings = findings
        self.bad_amounts = 0

    def money(self, segment: Segment, place: int, level: Level = "segment") -> Decimal | None:
        """Dollars with two places; None when empty or unreadable."""
        parts = segment.parts
        text = parts[place].strip() if place < len(parts) else ""
        if not text:
            return None
        try:
            return read_money(text)
        except BadAmount:
            self.bad_amounts += 1
            self.findings.add(
                "bad_amount",
                f"{segment.id}{place:02d} {quote(text)} is no amount of dollars with at most two decimals.",
                level=level,
                segment=segment.position,
            )
            return None

    def required_money(self, segment: Segment, place: int, level: Level = "segment") -> Decimal:
        """Dollars; a missing amount is a finding and counts as 0.00."""
        amount = self.money(segment, place, level)
        if amount is None:
            if not segment[place].strip():
                self.bad_amounts += 1
                self.missing(segment, place, level)
            return Decimal("0.00")
        return amount

    def quantity(self, segment: Segment, place: int) -> Decimal | None:
        """A quantity, exact; None when empty or unreadable."""
        text = segment[place].strip()
        if not text:
            return None
        value = _quantity(text)
        if value is None:
            self.findings.add(
                "bad_quantity",
                f"{segment.id}{place:02d} {quote(text)} is no quantity.",
                level="segment",
                segment=segment.position,
            )
        return value

    def whole_number(self, segment: Segment, place: int) -> int | None:
        """A count; None when empty or unreadable."""
        value = self.quantity(segment, place)
        return int(value) if value is not None and value == value.to_integral_value() else None

    def day(self, segment: Segment, place: int) -> date | None:
        """A CCYYMMDD date; None when empty or no date."""
        return self._parse_day(segment, place, segment[place].strip())

    def period(self, segment: Segment, qualifier: int = 2) -> tuple[date | None, date | None]:
        """The value after a date format qualifier: D8 one day, RD8 two, DT a moment of a day."""
        text = segment[qualifier + 1].strip()
        if segment[qualifier] == "RD8" or (len(text) == 17 and text[8] == "-"):
            first, _, last = text.partition("-")
            place = qualifier + 1
            return self._parse_day(segment, place, first), self._parse_day(segment, place, last)
        if segment[qualifier] == "DT":
            text = text[:8]
        return self._parse_day(segment, qualifier + 1, text), None

    def _parse_day(self, segment: Segment, place: int, text: str) -> date | None:
        if not text:
            return None
        value = read_day(text)
        if value is None:
            self.bad_day(segment.id, place, text, segment.position)
        return value

    def bad_day(self, name: str, place: int, text: str, position: int) -> None:
        """Note that a text of the segment called ``name`` is no date."""
        self.findings.add(
            "bad_date",
            f"{name}{place:02d} {quote(text)} is no date (CCYYMMDD).",
            level="segment",
            segment=position,
            severity="warning",
        )

    def missing(self, segment: Segment, place: int, level: Level = "segment") -> None:
        """Note that a required element is empty."""
        self.findings.add(
            "missing_element",
            f"{segment.id}{place:02d} is required and empty.",
            level=level,
            segment=segment.position,
        )

    def adjustments(self, segment: Segment) -> tuple[Adjustment, ...]:
        """The triples of one CAS; one whose amount is missing or unreadable is a finding and left out."""
        parts = segment.parts
        group = segment[1].strip()
        found = []
        for place in range(2, len(parts), 3):
            reason, amount = parts[place].strip(), segment[place + 1].strip()
            if not reason and not amount:
                continue
            try:
                found.append(_adjustment(group, reason, amount, segment[place + 2].strip()))
            except BadAmount:
                value = self.money(segment, place + 1)
                if value is not None:
                    found.append(Adjustment(group, reason, value, self.quantity(segment, place + 2)))
                elif not amount:
                    self.bad_amounts += 1
                    self.missing(segment, place + 1)
        return tuple(found)

    def service(self, segment: Segment) -> tuple[Any, ...]:
        """SVC: procedure, charge, paid, units, revenue code, procedure and units as submitted if they differ."""
        charge = self.required_money(segment, 2, "claim")
        paid = self.money(segment, 3, "claim") or Decimal("0.00")
        submitted = read_procedure(segment, 6) if segment[6].strip() else None
        units = self.quantity(segment, 5)
        submitted_units = self.quantity(segment, 7) if segment[7] else None
        procedure = read_procedure(segment, 1)
        return procedure, charge, paid, units, segment[4].strip(), submitted, submitted_units

    def outpatient(self, segment: Segment) -> OutpatientRemarks:
        """MOA."""
        return OutpatientRemarks(
            reimbursement_rate=self.quantity(segment, 1),
            payable_amount=self.money(segment, 2),
            remarks=tuple(text for text in (segment[n].strip() for n in range(3, 8)) if text),
            esrd_amount=self.money(segment, 8),
            nonpayable_professional_amount=self.money(segment, 9),
        )


def read_party(segment: Segment) -> Party:
    """NM1."""
    texts = [text.strip() for text in segment.parts] + [""] * (10 - len(segment.parts))
    return make_name(texts[2], texts[3], texts[4], texts[5], texts[7], texts[8], texts[9])


def read_street(segment: Segment) -> Address:
    """N3, the first half of an address."""
    return Address(line1=segment[1].strip(), line2=segment[2].strip())


def read_place(street: Address | None, segment: Segment) -> Address:
    """N4, completing what N3 began."""
    street = street or Address()
    return Address(
        street.line1,
        street.line2,
        segment[1].strip(),
        segment[2].strip(),
        segment[3].strip(),
        segment[4].strip(),
    )


def read_contact(segment: Segment) -> Contact:
    """PER with up to three numbers."""
    numbers = {segment[place]: segment[place + 1].strip() for place in (7, 5, 3) if segment[place]}
    return Contact(
        name=segment[2].strip(),
        phone=numbers.get("TE", ""),
        extension=numbers.get("EX", ""),
        fax=numbers.get("FX", ""),
        email=numbers.get("EM", ""),
        url=numbers.get("UR", ""),
        function=segment[1].strip(),
    )


def read_procedure(segment: Segment, place: int) -> Procedure:
    """A medical procedure composite: qualifier, code, up to four modifiers, description."""
    return _procedure(segment[place], segment.delimiters.component)


def read_account(segment: Segment, place: int) -> BankAccount | None:
    """Four elements of BPR: routing qualifier and number, account qualifier and number; None when empty."""
    found = [segment[place + offset].strip() for offset in range(4)]
    return BankAccount(*found) if any(found) else None


def make_party(found: dict[str, Any]) -> RemittanceParty:
    """N1 with what followed it."""
    values = dict(found)
    for key in ("references", "contacts"):
        if key in values:
            values[key] = tuple(values[key])
    return RemittanceParty(**values)
