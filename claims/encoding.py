"""Written claims to the bytes of one 837P file, and the reading back that proves them (rules.md B6.3, B6.4; I-17).

Before it: claims/submitting.py with locked claims, their segments (claims/scrubbing.py) and fresh control numbers.
After it: the stored file that clearinghouses/sending carries. Pure: the same claims and numbers give the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from clearinghouses.control import ControlNumbers
from clearinghouses.models import Connection
from x12.documents.parties import Contact
from x12.documents.professional_claim import ClaimTransaction, Receiver, Submitter
from x12.documents.read_totals import read_totals
from x12.documents.write_837p import FUNCTIONAL_CODE, SET_ID, VERSION, ClaimText, write_set
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


def encode(
    texts: Sequence[ClaimText], connection: Connection, numbers: ControlNumbers, at: datetime
) -> Encoded:
    """One interchange with one group and a transaction set for each ``claims_per_transaction`` claims.

    ``at`` is the moment written into ISA, GS and BHT. Raises WriteError for a sender or receiver that the guide
    forbids (claims were checked when they were written) and SelfCheckFailed.
    """
    size = max(1, connection.claims_per_transaction)
    chunks = [texts[start : start + size] for start in range(0, len(texts), size)]
    assert len(chunks) == len(numbers.references), "one reference for each transaction set"
    submitter, receiver = _ends(connection)
    sets = []
    placed: list[str] = []
    for reference, chunk in zip(numbers.references, chunks, strict=True):
        transaction = ClaimTransaction(reference, at.date(), at.strftime("%H%M"))
        lines = write_set(transaction, submitter, receiver, chunk)
        sets.append(TransactionText(SET_ID, reference, lines, VERSION))
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
    prove(content, texts, numbers)
    return Encoded(content, tuple(placed))


def _ends(connection: Connection) -> tuple[Submitter, Receiver]:
    """The sender and receiver of the connection that carries the file (1000A, 1000B)."""
    phone = "".join(char for char in connection.submitter_phone if char.isdigit())
    contact = Contact(connection.submitter_contact, phone)
    return (
        Submitter(connection.submitter_name, connection.sender_id, contact),
        Receiver(connection.receiver_name, connection.receiver_id),
    )


def prove(content: bytes, texts: Sequence[ClaimText], numbers: ControlNumbers) -> None:
    """Read the bytes with our own reader: envelope counts, every claim once, money to the cent (I-17)."""
    found = read_totals(content)
    if found.findings.has_errors():
        first = next(finding for finding in found.findings if finding.severity == "error")
        raise SelfCheckFailed(f"{first.code} at segment {first.segment}")
    if any(claim.lines != claim.charge for claim in found.claims):
        raise SelfCheckFailed("a claim is not the sum of its lines")
    told = {claim.control_number: claim.charge for claim in found.claims}
    if told != {text.control_number: text.charge for text in texts}:
        raise SelfCheckFailed("claims or charges differ")
    if len(found.claims) != len(texts):
        raise SelfCheckFailed("a claim stands in it twice")
    if found.references != list(numbers.references):
        raise SelfCheckFailed("transaction numbers differ")
