"""The proof of a written file: what does not read back as it was meant never leaves the house (I-17)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from claims.encoding import SelfCheckFailed, encode, prove, set_count
from clearinghouses.control import ControlNumbers
from clearinghouses.models import Connection
from tests.x12 import x12_cast
from x12.documents.professional_claim import ClaimDocument
from x12.documents.read_totals import read_totals
from x12.documents.write_837p import claim_text
from x12.reading import read_file

AT = datetime(2026, 3, 9, 18, 0, tzinfo=UTC)
CARRIER = Connection(
    name="P", sender_id="CLEANCLAIM", receiver_id="PARTNER", receiver_name="PARTNER", submitter_name="ALDER",
    submitter_phone="(217) 555-0100", claims_per_transaction=2, usage="T",
)  # fmt: skip
CLAIMS: tuple[ClaimDocument, ...] = tuple(
    replace(x12_cast.claim() if place % 2 else x12_cast.dependent(), control_number=f"C{place}")
    for place in range(5)
)
TEXTS = [claim_text(claim) for claim in CLAIMS]
NUMBERS = ControlNumbers(7, 7, ("000000001", "000000002", "000000003"))


def test_written_claims_are_joined_and_proven() -> None:
    assert set_count(len(TEXTS), 2) == 3
    made = encode(TEXTS, CARRIER, NUMBERS, AT)
    assert made.references == ("000000001",) * 2 + ("000000002",) * 2 + ("000000003",)
    assert b"*TE*2175550100~" in made.content
    reading = read_file(made.content)
    assert not reading.has_errors
    told = read_totals(made.content)
    assert [claim.control_number for claim in told.claims] == [
        claim.control_number
        for item in reading.transactions
        for claim in item.document.claims  # type: ignore[union-attr]
    ]
    assert {claim.charge for claim in told.claims} == {claim.lines for claim in told.claims}


SPOILED: dict[str, Callable[[bytes], bytes]] = {
    "a claim lost": lambda data: data.replace(b"CLM*C1*", b"NTE*C1*"),
    "a claim twice": lambda data: data.replace(b"CLM*C1*", b"CLM*C3*"),
    "another charge": lambda data: data.replace(b"CLM*C1*", b"CLM*C1*1"),
    "a line of another amount": lambda data: data.replace(b"*UN*", b"1*UN*", 1),
    "an amount that is none": lambda data: data.replace(b"CLM*C1*", b"CLM*C1*x"),
    "a count of segments": lambda data: data.replace(b"SE*", b"SE*9", 1),
    "a count of sets": lambda data: data.replace(b"GE*3*", b"GE*2*"),
    "another set number": lambda data: data.replace(b"*000000002", b"*000000009"),
    "cut off": lambda data: data[:-40],
}


@pytest.mark.rule("B6.4.proof")
@pytest.mark.parametrize("name", SPOILED)
def test_a_file_that_is_not_what_was_meant_is_no_file(name: str) -> None:
    content = encode(TEXTS, CARRIER, NUMBERS, AT).content
    spoiled = SPOILED[name](content)
    assert spoiled != content
    with pytest.raises(SelfCheckFailed):
        prove(spoiled, TEXTS, NUMBERS)


@pytest.mark.rule("B6.4.proof")
def test_claims_that_were_not_meant_are_found() -> None:
    content = encode(TEXTS, CARRIER, NUMBERS, AT).content
    for meant in (TEXTS[:-1], [*TEXTS, TEXTS[0]], [replace(TEXTS[0], charge=Decimal("1.00")), *TEXTS[1:]]):
        with pytest.raises(SelfCheckFailed):
            prove(content, meant, NUMBERS)
