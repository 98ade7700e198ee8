"""276 and 277: what is written reads back equal; samples of both are read."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
import x12_cast as cast
from hypothesis import given, settings
from hypothesis import strategies as st

from x12.documents.claim_ack import StatusCode
from x12.documents.claim_inquiry import ClaimInquiry, InquiryClaim, InquiryStatus
from x12.documents.parties import Party
from x12.documents.write_inquiry import VERSION_276, write_276, write_277
from x12.reading import read_file

pytestmark = pytest.mark.rule("X12.276")
HOLDER = Party("1", "DOE", "JOHN", "", "", "MI", "M123")
CHILD = Party("1", "DOE", "AMY")


def inquiry(kind: str, *claims: InquiryClaim) -> ClaimInquiry:
    return ClaimInquiry(
        kind,
        "000000007",
        cast.AT.date(),
        "0930",
        Party("2", "FIRST PAYER", "", "", "", "PI", "PAY01"),
        Party("2", "SOUTHSIDE CLINIC", "", "", "", "46", "S01"),
        Party("2", "SOUTHSIDE CLINIC", "", "", "", "XX", "1234567893"),
        claims,
    )


def asked(**changes: object) -> InquiryClaim:
    values: dict[str, object] = {
        "trace": "T1", "subscriber": HOLDER, "birth_date": date(1970, 1, 1), "sex": "M", "control_number": "K7Q2",
        "charge": Decimal("150.00"), "service_date": date(2025, 12, 20), **changes,
    }  # fmt: skip
    return InquiryClaim(**values)  # type: ignore[arg-type]


def read(document: ClaimInquiry) -> ClaimInquiry:
    write, code = (write_276, "HR") if document.kind == "276" else (write_277, "HN")
    data = cast.interchange(document.kind, write(document, cast.AT), code, VERSION_276, VERSION_276)
    reading = read_file(data)
    assert not reading.findings, list(reading.findings)
    assert reading.kinds == [document.kind]
    found = reading.transactions[0].document
    assert isinstance(found, ClaimInquiry)
    return found


def test_a_276_segment_by_segment() -> None:
    lines = write_276(inquiry("276", asked(payer_claim_number="ICN9")), cast.AT)
    assert lines == [
        "BHT*0010*13*000000007*20260115*0930",
        "HL*1**20*1",
        "NM1*PR*2*FIRST PAYER*****PI*PAY01",
        "HL*2*1*21*1",
        "NM1*41*2*SOUTHSIDE CLINIC*****46*S01",
        "HL*3*2*19*1",
        "NM1*1P*2*SOUTHSIDE CLINIC*****XX*1234567893",
        "HL*4*3*22*0",
        "DMG*D8*19700101*M",
        "NM1*IL*1*DOE*JOHN****MI*M123",
        "TRN*1*T1",
        "REF*1K*ICN9",
        "REF*EJ*K7Q2",
        "AMT*T3*150",
        "DTP*472*D8*20251220",
    ]


CODE = st.builds(StatusCode, st.sampled_from(["F1", "P1", "A4"]), st.just("65"), st.sampled_from(["", "PR"]))
STATUS = st.builds(
    InquiryStatus,
    codes=st.lists(CODE, min_size=1, max_size=3).map(tuple),
    effective_on=st.just(date(2026, 1, 2)),
    charge=st.just(Decimal("150.00")),
    paid=st.none() | st.just(Decimal("85.00")),
    decided_on=st.none() | st.just(date(2026, 1, 1)),
    paid_on=st.none() | st.just(date(2026, 1, 3)),
    check_number=st.sampled_from(["", "EFT1"]),
    text=st.sampled_from(["", "IN REVIEW"]),
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), st.lists(STATUS, max_size=2)), min_size=1, max_size=4),
    st.sampled_from(["276", "277"]),
)
def test_any_inquiry_and_answer_read_back_equal(
    rows: list[tuple[bool, list[InquiryStatus]]], kind: str
) -> None:
    claims = tuple(
        asked(
            trace=f"T{number}",
            patient=CHILD if child else None,
            level="23" if child else "22",
            statuses=tuple(told) if kind == "277" else (),
            service_date_end=date(2025, 12, 22) if child else None,
        )
        for number, (child, told) in enumerate(rows)
    )
    document = inquiry(kind, *claims)
    assert read(document) == document


def test_samples_of_both_are_read() -> None:
    folder = cast.SAMPLES / "x12"
    if not folder.exists():
        pytest.skip("the sample corpus is not beside the project (../shared/samples)")
    traces = statuses = 0
    for path in [*(folder / "276").glob("*"), *(folder / "277").glob("*")]:
        for item in read_file(path.read_bytes()).transactions:
            if isinstance(item.document, ClaimInquiry):
                traces += sum(bool(claim.trace) for claim in item.document.claims)
                statuses += sum(len(claim.statuses) for claim in item.document.claims)
    assert traces > 5 and statuses > 5, (traces, statuses)
