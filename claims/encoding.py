"""Claims to the bytes of one 837P file, and the reading back that proves them (rules.md B6.3, B6.4; I-17).

Before it: claims/submitting.py with locked claims and fresh control numbers. After it: the stored file that
clearinghouses/sending carries. Pure: the same claims and numbers give the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from clearinghouses.control import ControlNumbers
from clearinghouses.models import Connection
from lib.money import ZERO, total
from x12.documents.parties import Contact
from x12.documents.professional_claim import ClaimDocument, ClaimTransaction, Receiver, Submitter
from x12.documents.write_837p import FUNCTIONAL_CODE, SET_ID, VERSION, write_837p
from x12.reading import FileReading, read_file
from x12.writer import GroupText, InterchangeHeader, TransactionText, write_interchange


@dataclass(frozen=True, slots=True)
class Encoded:
    """The bytes, and for each claim in order the ST02/BHT03 of the transaction set that holds it."""

    content: bytes
    references: tuple[str, ...]


class SelfCheckFailed(AssertionError):
    """What we wrote does not read back as what we meant: a bug, and nothing leaves the house (I-17)."""


def set_count(claims: int, per_transaction: int) -> int:
    """How many transaction sets this many claims need: a 999 R bounces a whole one (B6.3)."""
    size = max(1, per_transaction)
    return -(-claims // size)


def complete(document: ClaimDocument, connection: Connection) -> ClaimDocument:
    """The document with the sender and receiver of the connection that carries it (1000A, 1000B)."""
    phone = "".join(char for char in connection.submitter_phone if char.isdigit())
    return replace(
        document,
        submitter=Submitter(
            connection.submitter_name, connection.sender_id, Contact(connection.submitter_contact, phone)
        ),
        receiver=Receiver(connection.receiver_name, connection.receiver_id),
    )


def encode(
    documents: Sequence[ClaimDocument], connection: Connection, numbers: ControlNumbers, at: datetime
) -> Encoded:
    """One interchange with one group and a transaction set for each ``claims_per_transaction`` claims.

    ``documents`` are complete. ``at`` is the moment written into ISA, GS and BHT. Raises WriteError for a
    claim the guide forbids (the checks find those earlier) and SelfCheckFailed.
    """
    size = max(1, connection.claims_per_transaction)
    chunks = [documents[start : start + size] for start in range(0, len(documents), size)]
    assert len(chunks) == len(numbers.references), "one reference for each transaction set"
    sets = []
    placed: list[str] = []
    for reference, chunk in zip(numbers.references, chunks, strict=True):
        transaction = ClaimTransaction(reference, at.date(), at.strftime("%H%M"), claims=tuple(chunk))
        sets.append(TransactionText(SET_ID, reference, write_837p(transaction), VERSION))
        placed += [reference] * len(chunk)
    header = InterchangeHeader(
        sender_id=connection.sender_id,
        receiver_id=connection.receiver_id,
        control_number=numbers.interchange,
        created_at=at,
        sender_qualifier=connection.sender_qualifier,
        receiver_qualifier=connection.receiver_qualifier,
        usage=connection.usage,
        ack_requested=connection.wants_ta1,
    )
    group = GroupText(
        FUNCTIONAL_CODE,
        connection.sender_id.strip(),
        connection.receiver_id.strip(),
        numbers.group,
        VERSION,
        sets,
    )
    content = write_interchange(header, [group])
    prove(content, documents, numbers)
    return Encoded(content, tuple(placed))


def prove(content: bytes, documents: Sequence[ClaimDocument], numbers: ControlNumbers) -> None:
    """Read the bytes with our own reader: envelope counts, every claim once, money to the cent (I-17)."""
    reading = read_file(content)
    if reading.has_errors:
        first = next(finding for finding in reading.findings if finding.severity == "error")
        raise SelfCheckFailed(f"{first.code} at segment {first.segment}")
    got = _claims(reading)
    if dict(got) != {d.control_number: d.total_charge for d in documents}:
        raise SelfCheckFailed("claims or charges differ")
    if len(got) != len(documents) or total(c for _, c in got) != total(d.total_charge for d in documents):
        raise SelfCheckFailed("count or total differs")
    if [item.control_number for item in reading.transactions] != list(numbers.references):
        raise SelfCheckFailed("transaction numbers differ")


def _claims(reading: FileReading) -> list[tuple[str, Decimal]]:
    """Claim number and the sum of its lines, as the file says them."""
    found = []
    for item in reading.transactions:
        if isinstance(item.document, ClaimTransaction):
            for claim in item.document.claims:
                lines = total(line.charge for line in claim.lines)
                found.append(
                    (claim.control_number, claim.total_charge if lines == claim.total_charge else ZERO)
                )
    return found
