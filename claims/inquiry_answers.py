"""Answers where claims stand: 277, and the TA1 and 999 that speak of our 276 files.

Before it: responses/inbox with a stored file and its reading. After it: the claim's timeline. A 277 moves no state:
only 999, 277CA and 835 do; it tells, and its payer's number is kept. Answers may come twice or late: of several
the latest stays.
"""

from __future__ import annotations

from datetime import datetime

from claims import ack_words, lifecycle
from claims.enums import InquiryState
from claims.inquiries import refuse
from claims.models import Claim, StatusInquiry
from clearinghouses import sending
from clearinghouses.models import InboundFile
from clearinghouses.queries import find_outbound, find_outbound_by_group
from x12.documents.claim_inquiry import ClaimInquiry, InquiryClaim
from x12.documents.functional_ack import FunctionalAck
from x12.documents.interchange_ack import InterchangeAck
from x12.reading import FileReading, TransactionReading

FUNCTIONAL_CODE = "HR"


def take(inbound: InboundFile, reading: FileReading, *, at: datetime) -> list[TransactionReading]:
    """Take what is ours in the open transaction; returns the rest, for the other rooms. Safe to repeat."""
    rest = []
    for item in reading.transactions:
        document = item.document
        if isinstance(document, ClaimInquiry) and document.kind == "277":
            _take_277(inbound, item, document, at)
        elif isinstance(document, FunctionalAck) and document.functional_code == FUNCTIONAL_CODE:
            _take_999(inbound, document)
        elif not (isinstance(document, InterchangeAck) and _take_ta1(inbound, document)):
            rest.append(item)
    return rest


def _take_277(inbound: InboundFile, item: TransactionReading, document: ClaimInquiry, at: datetime) -> None:
    made = f"{document.created_on:%Y%m%d}" if document.created_on else "00000000"
    order = f"{made}{document.created_time:0>4}{item.interchange.control_number:0>9}"[:40]
    told = {claim.trace: claim for claim in document.claims if claim.statuses}
    rows = StatusInquiry.objects.filter(public_id__in=list(told))
    if inbound.connection_id is not None:
        rows = rows.filter(connection_id=inbound.connection_id)
    locked = rows.select_for_update(of=("self",)).select_related("claim", "outbound_file")
    for row in locked.order_by("pk"):
        if row.outbound_file is not None:
            sending.confirm(row.outbound_file, "answered by a 277")
        if order > row.order_key:
            _store(inbound, row, told[row.public_id], order, at)


def _store(inbound: InboundFile, row: StatusInquiry, told: InquiryClaim, order: str, at: datetime) -> None:
    status = told.statuses[0]
    text, segment = ack_words.inquiry(told.statuses), ack_words.inquiry_stc(told.statuses)
    StatusInquiry.objects.filter(pk=row.pk).update(
        state=InquiryState.ANSWERED,
        category=status.category[:3],
        text=text[:500],
        segment=segment[:500],
        paid=status.paid,
        detail="",
        order_key=order,
        answered_at=row.answered_at or at,
        answered_by="277",
    )
    claim = row.claim
    if told.payer_claim_number and not claim.payer_claim_number:
        Claim.objects.filter(pk=claim.pk).update(payer_claim_number=told.payer_claim_number[:50])
    lifecycle.note(claim, "status", text[:300], segment=segment[:300], file_key=inbound.public_id)


def _take_999(inbound: InboundFile, ack: FunctionalAck) -> None:
    """A refused transaction set has no answer any more; anything at all proves that the file arrived."""
    sent = find_outbound_by_group(ack.group_control_number, inbound.connection)
    if sent is None:
        return
    sending.confirm(sent, "answered by a 999")
    rows = list(StatusInquiry.objects.filter(outbound_file=sent, state=InquiryState.WAITING))
    if ack.transactions:
        wanted = {one.control_number.lstrip("0") for one in ack.transactions if not one.is_accepted}
        rows = [row for row in rows if row.reference.lstrip("0") in wanted]
    elif ack.status not in ("R", "M", "W", "X"):
        rows = []
    refuse(rows, "The clearinghouse refused the question as malformed (999). Tell the administrator.")


def _take_ta1(inbound: InboundFile, ack: InterchangeAck) -> bool:
    """Whether the TA1 speaks of a file of questions."""
    sent = find_outbound(ack.control_number, inbound.connection)
    if sent is None or not StatusInquiry.objects.filter(outbound_file=sent).exists():
        return False
    sending.confirm(sent, "answered by a TA1")
    if ack.status == "R":
        rows = list(StatusInquiry.objects.filter(outbound_file=sent, state=InquiryState.WAITING))
        refuse(rows, f"The clearinghouse refused the file (TA1 {ack.note}). Ask again.")
    return True
