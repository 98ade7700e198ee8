"""Acknowledgements to lines: 999, TA1, 277CA. Used by the sandbox clearinghouse and by tests."""

from __future__ import annotations

from collections.abc import Iterable

from x12.documents.claim_ack import AcknowledgedClaim, AcknowledgedProvider, ClaimAck, ClaimStatus, LineStatus
from x12.documents.functional_ack import FunctionalAck, SegmentError
from x12.documents.interchange_ack import InterchangeAck
from x12.documents.parties import Party
from x12.documents.write_elements import write_party, write_period, write_references
from x12.guides.responses import CLAIM_ACK, FUNCTIONAL_ACK
from x12.writer import SegmentWriter, d8, money

VERSION_999 = "005010X231A1"
VERSION_277CA = "005010X214"


def write_999(ack: FunctionalAck) -> list[str]:
    """The lines between ST and SE of a 999 (GS01 FA). Raises WriteError."""
    writer = SegmentWriter(FUNCTIONAL_ACK)
    writer.add("AK1", ack.functional_code, ack.group_control_number, ack.version)
    for transaction in ack.transactions:
        writer.add("AK2", transaction.kind, transaction.control_number, transaction.version)
        for error in transaction.errors:
            _write_segment_error(writer, error)
        writer.add("IK5", transaction.status, *transaction.codes)
    counts = (str(n) if n is not None else "" for n in (ack.included, ack.received, ack.accepted))
    writer.add("AK9", ack.status, *counts, *ack.codes)
    return writer.lines


def _write_segment_error(writer: SegmentWriter, error: SegmentError) -> None:
    position = str(error.position) if error.position is not None else ""
    writer.add("IK3", error.segment_id, position, error.loop, error.code)
    if error.control_number:
        writer.add("CTX-CLM", ("CLM01", error.control_number))
    for element in error.elements:
        places = tuple(
            str(n) if n is not None else "" for n in (element.element, element.component, element.repetition)
        )
        writer.add("IK4", places, element.reference, element.code, element.value)


def write_ta1(ack: InterchangeAck) -> str:
    """The TA1 line, for ``acks`` of write_interchange. Raises WriteError."""
    writer = SegmentWriter(FUNCTIONAL_ACK)
    writer.add("TA1", ack.control_number, ack.date, ack.time, ack.status, ack.note or "000")
    return writer.lines[0]


def write_277ca(ack: ClaimAck, created_time: str = "0000") -> list[str]:
    """The lines between ST and SE of a 277CA (GS01 HN). Raises WriteError."""
    writer = SegmentWriter(CLAIM_ACK)
    writer.add("BHT", "0085", "08", ack.reference, d8(ack.created_on), created_time, "TH")
    writer.add("HL", "1", "", "20", "1")
    write_party(writer, "2100A/NM1", "PR", ack.source or Party())
    writer.add("2200A/TRN", "1", ack.source_trace)
    for qualifier, day in (("050", ack.received_on), ("009", ack.processed_on)):
        if day is not None:
            writer.add("2200A/DTP", qualifier, "D8", d8(day))
    _write_statuses(writer, "2200A/STC", ack.source_statuses)
    writer.add("HL", "2", "1", "21", "1" if ack.providers else "0")
    write_party(writer, "2100B/NM1", "41", ack.receiver or Party())
    writer.add("2200B/TRN", "2", ack.batch_reference)
    _write_statuses(writer, "2200B/STC", ack.receiver_statuses)
    for kind, count in ack.quantities:
        writer.add("2200B/QTY", kind, str(count))
    for kind, amount in ack.amounts:
        writer.add("2200B/AMT", kind, money(amount))
    number = 2
    for provider in ack.providers:
        number = _write_provider(writer, provider, number + 1)
    return writer.lines


def _write_statuses(writer: SegmentWriter, key: str, statuses: Iterable[ClaimStatus]) -> None:
    for status in statuses:
        codes = [(code.category, code.status, code.entity) for code in status.codes]
        codes += [()] * (3 - len(codes))  # type: ignore[list-item]
        writer.add(
            key,
            codes[0],
            d8(status.effective_on),
            status.action,
            money(status.amount),
            *("", "", "", "", ""),
            codes[1],
            codes[2],
            status.text,
        )


def _write_provider(writer: SegmentWriter, provider: AcknowledgedProvider, number: int) -> int:
    writer.add("HL", str(number), "2", "19", "1" if provider.claims else "0")
    write_party(writer, "2100C/NM1", "85", provider.provider or Party())
    if provider.trace:
        writer.add("2200C/TRN", "1", provider.trace)
    _write_statuses(writer, "2200C/STC", provider.statuses)
    write_references(writer, "2200C/REF", provider.references)
    for kind, count in provider.quantities:
        writer.add("2200C/QTY", kind, str(count))
    for kind, amount in provider.amounts:
        writer.add("2200C/AMT", kind, money(amount))
    parent = number
    for claim in provider.claims:
        number += 1
        _write_claim(writer, claim, number, parent)
    return number


def _write_claim(writer: SegmentWriter, claim: AcknowledgedClaim, number: int, parent: int) -> None:
    writer.add("HL", str(number), str(parent), "PT")
    write_party(writer, "2100D/NM1", "QC", claim.patient or Party(entity_type="1"))
    writer.add("2200D/TRN", "2", claim.control_number)
    _write_statuses(writer, "2200D/STC", claim.statuses)
    listed = {ref.qualifier for ref in claim.references}
    for qualifier, value in (("1K", claim.payer_claim_number), ("D9", claim.clearinghouse_trace)):
        if value and qualifier not in listed:
            writer.add("2200D/REF", qualifier, value)
    write_references(writer, "2200D/REF", claim.references)
    if claim.service_date is not None:
        write_period(writer, "2200D/DTP", "472", claim.service_date, claim.service_date_end)
    for line in claim.lines:
        _write_line(writer, line)


def _write_line(writer: SegmentWriter, line: LineStatus) -> None:
    writer.add("2220D/SVC", tuple(line.procedure.split(":")), money(line.charge))
    _write_statuses(writer, "2220D/STC", line.statuses)
    if line.line_id and not any(ref.qualifier == "FJ" for ref in line.references):
        writer.add("2220D/REF", "FJ", line.line_id)
    write_references(writer, "2220D/REF", line.references)
    if line.service_date is not None:
        write_period(writer, "2220D/DTP", "472", line.service_date, line.service_date_end)
