"""What the segments of an 835's claims and lines say: a segment to a value, whatever stands around it.

Before it: x12/documents/elements.py. After it: x12/documents/read_835.py, which puts the value where it belongs.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from x12.documents.elements import ElementReader, read_contact, read_day
from x12.documents.parties import Contact, QualifiedAmount, QualifiedQuantity
from x12.tokens import Segment

CLAIM_DATES = {
    "232": "service_date", "233": "service_date_end", "036": "coverage_expired_on", "050": "received_on",
}  # fmt: skip
LINE_DATES = {"472": "service_date", "150": "service_date", "151": "service_date_end"}
FILE_DATES = {"405": "production_date"}
INPATIENT_REMARKS = (5, 20, 21, 22, 23)


class Day(NamedTuple):
    """One DTM: which field of a line, of a claim and of the file its qualifier names; the date.

    A ``text`` that is no date has none; whether it ought to be one is for the reader to say.
    """

    of_line: str | None
    of_claim: str | None
    of_file: str | None
    value: date | None
    text: str


def day_of(element: ElementReader, segment: Segment) -> Day:
    """DTM."""
    qualifier, text = segment[1].strip(), segment[2].strip()
    names = LINE_DATES.get(qualifier), CLAIM_DATES.get(qualifier), FILE_DATES.get(qualifier)
    return Day(*names, read_day(text), text)


def amount_of(element: ElementReader, segment: Segment) -> QualifiedAmount | None:
    """AMT; None when empty or unreadable."""
    amount = element.money(segment, 2, "claim")
    return QualifiedAmount(segment[1].strip(), amount) if amount is not None else None


def quantity_of(element: ElementReader, segment: Segment) -> QualifiedQuantity | None:
    """QTY; None when empty or unreadable."""
    quantity = element.quantity(segment, 2)
    return QualifiedQuantity(segment[1].strip(), quantity) if quantity is not None else None


def inpatient_remarks_of(element: ElementReader, segment: Segment) -> tuple[str, ...]:
    """The remark codes of MIA."""
    return tuple(code for code in (segment[place].strip() for place in INPATIENT_REMARKS) if code)


def remarks_of(element: ElementReader, segment: Segment) -> tuple[str, ...]:
    """The remark code of LQ*HE; empty for other lists."""
    code = segment[2].strip()
    return (code,) if code and segment[1].strip() == "HE" else ()


def contact_of(element: ElementReader, segment: Segment) -> Contact:
    """PER."""
    return read_contact(segment)
