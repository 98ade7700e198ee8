"""999, TA1 and 277CA: what is written reads back equal, and rejections cover what stands beneath them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import x12_cast as cast

from x12.documents.claim_ack import (
    AcknowledgedClaim,
    AcknowledgedProvider,
    ClaimAck,
    ClaimStatus,
    LineStatus,
    StatusCode,
)
from x12.documents.functional_ack import ElementError, FunctionalAck, SegmentError, TransactionAck
from x12.documents.interchange_ack import InterchangeAck
from x12.documents.parties import Party, Reference
from x12.documents.write_acks import write_277ca, write_999, write_ta1
from x12.pyx12_check import find_faults
from x12.reading import read_file
from x12.writer import InterchangeHeader, write_interchange

REFUSED = FunctionalAck(
    functional_code="HC",
    group_control_number="7",
    version="005010X222A1",
    status="P",
    included=2,
    received=2,
    accepted=1,
    transactions=(
        TransactionAck("837", "0001", "005010X222A1", "A"),
        TransactionAck(
            "837",
            "0002",
            "005010X222A1",
            "R",
            ("5",),
            (
                SegmentError(
                    "NM1", 8, "2010", "8", "K7Q2M4X9", (), (ElementError(9, "7", None, None, "67", "BAD"),)
                ),
            ),
        ),
    ),
)


def test_a_999_reads_back_equal_and_passes_the_validator() -> None:
    data = cast.interchange("999", write_999(REFUSED), "FA", "005010X231A1", "005010X231A1")
    reading = read_file(data)
    assert reading.findings == []
    assert reading.transactions[0].document == REFUSED
    assert find_faults(data) == []
    assert [item.is_accepted for item in REFUSED.transactions] == [True, False]


def test_a_ta1_reads_back_equal() -> None:
    ack = InterchangeAck("000000007", "260115", "0930", "R", "025")
    header = InterchangeHeader("RECEIV01", "SUBMIT01", 9, cast.AT)
    reading = read_file(write_interchange(header, acks=[write_ta1(ack)]))
    assert reading.findings == []
    assert [(item.kind, item.document) for item in reading.transactions] == [("TA1", ack)]
    assert not ack.is_accepted


def status(category: str, code: str, action: str, text: str = "") -> ClaimStatus:
    return ClaimStatus(
        (StatusCode(category, code, "PR"),), date(2026, 1, 16), action, Decimal("150.00"), text
    )


def claim_ack(**changes: object) -> ClaimAck:
    values: dict[str, object] = {
        "reference": "ACK1",
        "created_on": date(2026, 1, 16),
        "source": Party("2", "FIRST PAYER", "", "", "", "PI", "PAY01"),
        "source_trace": "S1",
        "received_on": date(2026, 1, 15),
        "processed_on": date(2026, 1, 16),
        "receiver": Party("2", "SOUTHSIDE CLINIC", "", "", "", "46", "S01"),
        "batch_reference": "BATCH1",
        "receiver_statuses": (status("A1", "19", "WQ"),),
        "quantities": (("90", 1), ("AA", 1)),
        "amounts": (("YU", Decimal("150.00")), ("YY", Decimal("150.00"))),
        "providers": (
            AcknowledgedProvider(
                provider=Party("2", "SOUTHSIDE CLINIC", "", "", "", "XX", "1234567893"),
                trace="0",
                statuses=(status("A1", "19", "WQ"),),
                claims=(
                    AcknowledgedClaim(
                        "K7Q2M4X9BCD2",
                        Party("1", "DOE", "JOHN", "", "", "MI", "M123"),
                        (status("A2", "20", "WQ"),),
                        "ICN900",
                        references=(Reference("1K", "ICN900"),),
                        service_date=date(2025, 12, 20),
                    ),
                    AcknowledgedClaim(
                        "K7Q2M4X9BCD3",
                        Party("1", "DOE", "AMY", "", "", "MI", "M123"),
                        (status("A7", "562", "U", "RENDERING NPI NOT ON FILE"),),
                        service_date=date(2025, 12, 20),
                        service_date_end=date(2025, 12, 22),
                        lines=(
                            LineStatus(
                                "HC:99213:25",
                                Decimal("100.00"),
                                "L1",
                                (status("A7", "454", "U"),),
                                references=(Reference("FJ", "L1"),),
                            ),
                        ),
                    ),
                ),
            ),
        ),
    }
    return ClaimAck(**{**values, **changes})  # type: ignore[arg-type]


def test_a_277ca_reads_back_equal() -> None:
    ack = claim_ack()
    data = cast.interchange("277", write_277ca(ack), "HN", "005010X214", "005010X214")
    reading = read_file(data)
    assert reading.findings == []
    assert reading.kinds == ["277CA"]
    assert reading.transactions[0].document == ack
    assert [claim.is_rejected for claim in ack.claims] == [False, True]


def test_a_rejection_of_the_batch_or_provider_covers_claims_that_are_not_listed() -> None:
    whole = claim_ack(receiver_statuses=(status("A3", "24", "U"),), providers=())
    read = read_file(cast.interchange("277", write_277ca(whole), "HN", "005010X214", "005010X214"))
    assert read.transactions[0].document == whole
    assert whole.is_rejected and not whole.claims
    provider = AcknowledgedProvider(
        Party("1", "REED", "IVAN", "", "", "XX", "1"), "0", (status("A3", "24", "U"),)
    )
    assert provider.is_rejected


def test_a_rejecting_category_without_an_action_rejects() -> None:
    assert ClaimStatus((StatusCode("A8", "187"),)).is_rejection
    assert not ClaimStatus((StatusCode("A2", "20"),)).is_rejection
