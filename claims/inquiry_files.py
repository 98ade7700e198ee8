"""Questions to the bytes of one 276 file: a transaction set a payer and provider. Pure but for the rows.

Before it: claims/inquiries.py with its rows and fresh control numbers. After it: clearinghouses/sending.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from claims.models import StatusInquiry
from clearinghouses.control import ControlNumbers
from clearinghouses.models import Connection
from lib.frozen import thaw
from x12.documents.claim_inquiry import ClaimInquiry, InquiryClaim
from x12.documents.parties import Party
from x12.documents.professional_claim import ClaimDocument
from x12.documents.write_inquiry import VERSION_276, write_276
from x12.reading import read_file
from x12.writer import GroupText, InterchangeHeader, TransactionText, write_interchange


class SelfCheckFailed(AssertionError):
    """What we wrote does not read back as what we meant: a bug, and nothing leaves the house."""


def write_file(
    rows: Sequence[StatusInquiry], connection: Connection, numbers: ControlNumbers, at: datetime
) -> bytes:
    """One interchange with one group and a transaction set for each reference of the rows."""
    by_reference: dict[str, list[StatusInquiry]] = {}
    for row in rows:
        by_reference.setdefault(row.reference, []).append(row)
    texts = [
        TransactionText("276", reference, write_276(question(mine, connection, at), at), VERSION_276)
        for reference, mine in by_reference.items()
    ]
    sender, receiver = connection.sender_id.strip(), connection.receiver_id.strip()
    header = InterchangeHeader(
        sender_id=sender,
        receiver_id=receiver,
        control_number=numbers.interchange,
        created_at=at,
        sender_qualifier=connection.sender_qualifier,
        receiver_qualifier=connection.receiver_qualifier,
        usage=connection.usage,
        ack_requested=connection.wants_ta1,
    )
    group = GroupText("HR", sender, receiver, numbers.group, VERSION_276, texts)
    content = write_interchange(header, [group])
    _prove(content, rows)
    return content


def question(rows: Sequence[StatusInquiry], connection: Connection, at: datetime) -> ClaimInquiry:
    """What is asked of one payer for one provider, from the claims as they were sent."""
    documents = [thaw(ClaimDocument, row.claim.document) for row in rows]
    first = documents[0]
    payer, billing = first.payer, first.billing_provider.party
    return ClaimInquiry(
        kind="276",
        reference=rows[0].reference,
        created_on=at.date(),
        created_time=f"{at:%H%M}",
        payer=Party("2", payer.name, id_qualifier="PI", identifier=payer.identifier),
        receiver=Party(
            "2", connection.submitter_name, id_qualifier="46", identifier=connection.sender_id.strip()
        ),
        provider=billing,
        claims=tuple(_claim(row, document) for row, document in zip(rows, documents, strict=True)),
    )


def _claim(row: StatusInquiry, document: ClaimDocument) -> InquiryClaim:
    person = document.patient or document.subscriber
    days = [line.service_date for line in document.lines]
    last = max([*days, *(line.service_date_end for line in document.lines if line.service_date_end)])
    return InquiryClaim(
        trace=row.public_id,
        subscriber=document.subscriber.party,
        patient=document.patient.party if document.patient else None,
        birth_date=person.birth_date,
        sex=person.sex,
        control_number=document.control_number,
        payer_claim_number=row.claim.payer_claim_number,
        charge=document.total_charge,
        service_date=min(days),
        service_date_end=last if last != min(days) else None,
    )


def _prove(content: bytes, rows: Sequence[StatusInquiry]) -> None:
    """Read it back: every question stands in it once."""
    reading = read_file(content)
    traces = [
        claim.trace
        for found in reading.transactions
        if isinstance(found.document, ClaimInquiry)
        for claim in found.document.claims
    ]
    if reading.has_errors or sorted(traces) != sorted(row.public_id for row in rows):
        raise SelfCheckFailed("a 276 does not read back as it was meant")
