"""Answers about cards: 271, and the TA1 and 999 that speak of our 270 files (rules.md B14; design.md walk 10).

Before it: responses/inbox with a stored file and its reading. After it: the card's history, the chips and the
estimates. Answers may be lost, come twice or late: there is one answer a question, and of several the same
one stays whatever their order (what tells benefits before what rejects, then the later made).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from clearinghouses import sending
from clearinghouses.models import InboundFile, OutboundFile
from clearinghouses.queries import find_outbound, find_outbound_by_group
from insurance import benefits
from insurance.eligibility import follow_job, refuse
from insurance.eligibility_files import patient_of
from insurance.enums import RequestState
from insurance.models import EligibilityCheck, EligibilityRequest
from x12.documents.eligibility import Eligibility, EligibilityPerson, RequestRejection
from x12.documents.functional_ack import FunctionalAck
from x12.documents.interchange_ack import InterchangeAck
from x12.reading import FileReading, TransactionReading

FUNCTIONAL_CODE = "HS"
ABOVE = ("20", "21", "")


def take(inbound: InboundFile, reading: FileReading, *, at: datetime) -> list[TransactionReading]:
    """Take what is ours in the open transaction; returns the rest, for the other rooms. Safe to repeat."""
    rest = []
    for item in reading.transactions:
        document = item.document
        if isinstance(document, Eligibility) and document.kind == "271":
            _take_271(inbound, item, document, at)
        elif isinstance(document, FunctionalAck) and document.functional_code == FUNCTIONAL_CODE:
            _take_999(inbound, document)
        elif not (isinstance(document, InterchangeAck) and _take_ta1(inbound, document)):
            rest.append(item)
    return rest


def _take_271(inbound: InboundFile, item: TransactionReading, document: Eligibility, at: datetime) -> None:
    """Each person by the trace they were asked under; a reject above the people speaks of everybody asked with them."""
    sent_at = f"{document.created_on or '':%Y%m%d}" if document.created_on else "00000000"
    order = f"{sent_at}{document.created_time:0>4}{item.interchange.control_number:0>9}"[:30]
    above = [row for row in document.rejections if row.level in ABOVE]
    traces = [trace for person in document.people for trace in person.traces]
    requests = _requests(inbound, traces)
    for person in document.people:
        for trace in person.traces:
            if trace in requests:
                _store(inbound, requests[trace], person, [*above, *person.rejections], order, at)
    if above and document.reference:
        asked = EligibilityRequest.objects.filter(reference=document.reference, connection=inbound.connection)
        for request in _locked(asked):
            if request.public_id not in traces:
                _store(inbound, request, EligibilityPerson("22"), above, order, at)


def _requests(inbound: InboundFile, traces: Iterable[str]) -> dict[str, EligibilityRequest]:
    """The questions behind these traces, of the connection the answer came over (an upload has none)."""
    rows = EligibilityRequest.objects.filter(public_id__in=list(traces))
    if inbound.connection_id is not None:
        rows = rows.filter(connection_id=inbound.connection_id)
    return {row.public_id: row for row in _locked(rows)}


def _locked(rows: Any) -> list[EligibilityRequest]:
    locked = rows.select_for_update(of=("self",)).select_related(
        "policy__patient", "policy__payer", "outbound_file"
    )
    return list(locked.order_by("pk"))


def _store(
    inbound: InboundFile,
    request: EligibilityRequest,
    person: EligibilityPerson,
    rejections: list[RequestRejection],
    order: str,
    at: datetime,
) -> None:
    tells = bool(person.benefits)
    key = f"{'1' if tells else '0'}{order}"
    known = EligibilityCheck.objects.filter(request=request).first()
    if request.outbound_file is not None:
        sending.confirm(request.outbound_file, "answered by a 271")
    if known is not None and known.order_key >= key:
        return
    found = benefits.read_benefits(person)
    values = {
        "policy": request.policy,
        "stored": inbound.stored,
        "checked_on": request.asked_on,
        "service_date": request.service_date,
        "service_type": request.service_type,
        "is_active": found["active"],
        "source": "271",
        "benefits": found,
        "rejections": [benefits.rejection_words(row) for row in rejections],
        "corrections": benefits.find_corrections(person, patient_of(request.policy)),
        "order_key": key,
    }
    EligibilityCheck.objects.update_or_create(request=request, defaults=values)
    EligibilityRequest.objects.filter(pk=request.pk).update(
        state=RequestState.ANSWERED, detail="", answered_at=request.answered_at or at
    )
    if request.job_id:
        follow_job(request.job_id)


def _take_999(inbound: InboundFile, ack: FunctionalAck) -> None:
    """A refused transaction set has no answer any more; anything at all proves that the file arrived."""
    sent = find_outbound_by_group(ack.group_control_number, inbound.connection)
    if sent is None:
        return
    sending.confirm(sent, "answered by a 999")
    refused = [item.control_number for item in ack.transactions if not item.is_accepted]
    rows = EligibilityRequest.objects.filter(outbound_file=sent, state=RequestState.WAITING)
    if ack.transactions:
        wanted = {number.lstrip("0") for number in refused}
        mine = [row for row in rows if row.reference.lstrip("0") in wanted]
    else:
        mine = list(rows) if ack.status in ("R", "M", "W", "X") else []
    refuse(mine, "The clearinghouse refused the question as malformed (999). Tell the administrator.")


def _take_ta1(inbound: InboundFile, ack: InterchangeAck) -> bool:
    """Whether the TA1 speaks of a file of questions."""
    sent = find_outbound(ack.control_number, inbound.connection)
    if sent is None or not _is_inquiry(sent):
        return False
    sending.confirm(sent, "answered by a TA1")
    if ack.status == "R":
        rows = list(EligibilityRequest.objects.filter(outbound_file=sent, state=RequestState.WAITING))
        refuse(rows, f"The clearinghouse refused the file (TA1 {ack.note}). Ask again.")
    return True


def _is_inquiry(sent: OutboundFile) -> bool:
    return EligibilityRequest.objects.filter(outbound_file=sent).exists()
