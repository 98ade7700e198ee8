"""Claim status to lines: the 276 a clinic asks with, the 277 the sandbox answers with (005010X212).

Before it: claims/inquiry_files. After it: x12/writer, which puts the envelope around the lines. One transaction
asks one payer for one provider about any number of claims.
"""

from __future__ import annotations

from datetime import datetime

from x12.documents.claim_inquiry import ClaimInquiry, InquiryClaim, InquiryStatus
from x12.documents.parties import Party
from x12.documents.write_elements import write_party, write_period, write_references
from x12.guides.status import CLAIM_STATUS
from x12.writer import SegmentWriter, d8, money

VERSION_276 = VERSION_277 = "005010X212"
PURPOSES = {"276": "13", "277": "08"}  # BHT02: request, status
TRACES = {"276": "1", "277": "2"}  # TRN01: ours, the one that is answered


def write_276(asked: ClaimInquiry, at: datetime) -> list[str]:
    """The lines between ST and SE of a 276 (GS01 HR). Raises WriteError."""
    return _write(asked, at)


def write_277(answered: ClaimInquiry, at: datetime) -> list[str]:
    """The lines between ST and SE of a 277 (GS01 HN); for the sandbox and for tests. Raises WriteError."""
    return _write(answered, at)


def _write(document: ClaimInquiry, at: datetime) -> list[str]:
    writer, kind = SegmentWriter(CLAIM_STATUS), document.kind
    last = ("DG",) if kind == "277" else ()
    writer.add("BHT", "0010", PURPOSES[kind], document.reference, f"{at:%Y%m%d}", f"{at:%H%M}", *last)
    for number, (level, key, qualifier, party) in enumerate(
        (
            ("20", "2100A/NM1", "PR", document.payer),
            ("21", "2100B/NM1", "41", document.receiver),
            ("19", "2100C/NM1", "1P", document.provider),
        ),
        1,
    ):
        writer.add("HL", str(number), str(number - 1) if number > 1 else "", level, "1")
        write_party(writer, key, qualifier, party or Party())
    number = 3
    for claim in document.claims:
        number += 1
        parent = number
        writer.add("HL", str(number), "3", "22", "1" if claim.patient else "0")
        if claim.patient is None:
            _write_birth(writer, claim)
        write_party(writer, "2100D/NM1", "IL", claim.subscriber or Party())
        if claim.patient is not None:
            number += 1
            writer.add("HL", str(number), str(parent), "23")
            _write_birth(writer, claim)
            write_party(writer, "2100E/NM1", "QC", claim.patient)
        _write_claim(writer, claim, kind)
    return writer.lines


def _write_birth(writer: SegmentWriter, claim: InquiryClaim) -> None:
    born = d8(claim.birth_date)
    if born or claim.sex:
        writer.add("2000/DMG", "D8" if born else "", born, claim.sex)


def _write_claim(writer: SegmentWriter, claim: InquiryClaim, kind: str) -> None:
    writer.add("2200/TRN", TRACES[kind], claim.trace)
    for status in claim.statuses:
        _write_status(writer, status)
    for qualifier, value in (("1K", claim.payer_claim_number), ("EJ", claim.control_number)):
        if value:
            writer.add("2200/REF", qualifier, value)
    write_references(writer, "2200/REF", claim.references)
    if claim.charge is not None:
        writer.add("2200/AMT", "T3", money(claim.charge))
    if claim.service_date is not None:
        write_period(writer, "2200/DTP", "472", claim.service_date, claim.service_date_end)


def _write_status(writer: SegmentWriter, status: InquiryStatus) -> None:
    codes = [(code.category, code.status, code.entity) for code in status.codes]
    codes += [()] * (3 - len(codes))  # type: ignore[list-item]
    writer.add(
        "2200/STC",
        codes[0],
        d8(status.effective_on),
        "",
        money(status.charge),
        money(status.paid),
        d8(status.decided_on),
        "",
        d8(status.paid_on),
        status.check_number,
        codes[1],
        codes[2],
        status.text,
    )
