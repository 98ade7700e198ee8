"""837P: what is written reads back equal, passes the independent validator, and wrong claims are told."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
import x12_cast as cast

from x12.documents.claim_details import (
    Note,
)
from x12.documents.claim_rules import check_claim
from x12.documents.parties import Contact, Party
from x12.documents.professional_claim import (
    ClaimDates,
    ClaimDocument,
    ClaimTransaction,
    Coverage,
    Payer,
    Provider,
    RelatedCauses,
    ServiceFacility,
    ServiceLine,
)
from x12.documents.write_837p import claim_at, write_837p
from x12.pyx12_check import find_faults
from x12.reading import read_file
from x12.writer import WriteError


def read_claims(data: bytes) -> ClaimTransaction:
    reading = read_file(data)
    assert not reading.findings, reading.findings
    document = reading.transactions[0].document
    assert isinstance(document, ClaimTransaction)
    return document


@pytest.mark.parametrize(
    "claims",
    [
        (cast.claim(),),
        (cast.dependent(),),
        (cast.solo(),),
        (cast.secondary(),),
        (cast.claim(), cast.dependent(), cast.solo(), cast.secondary()),
        (cast.claim(frequency_code="7", payer_claim_number="ICN900"),),
        (cast.claim(note=Note("ADD", "Señora O’Brien: pain*since~May")),),
    ],
    ids=["subscriber", "dependent", "solo", "secondary", "all together", "replacement", "folded note"],
)
def test_what_we_write_passes_the_independent_validator_and_our_rules(
    claims: tuple[ClaimDocument, ...],
) -> None:
    assert [finding for one in claims for finding in check_claim(one, cast.TODAY)] == []
    data = cast.claim_file(*claims)
    assert find_faults(data) == []
    assert len(read_claims(data).claims) == len(claims)


def test_the_validator_would_object_to_a_wrong_file() -> None:
    broken = cast.claim_file(cast.claim()).replace(b"HL*2*1*22*0", b"HL*2*9*22*0")
    assert find_faults(broken)


def test_own_claims_stand_before_dependents_and_numbers_run_through() -> None:
    levels = [
        line
        for line in cast.claim_file(cast.dependent(), cast.claim(), cast.solo()).decode().split("~\n")
        if line[:3] == "HL*"
    ]
    assert levels == ["HL*1**20*1", "HL*2*1*22*1", "HL*3*2*23*0", "HL*4**20*1", "HL*5*4*22*0"]


def test_what_must_not_be_sent_is_left_out() -> None:
    day = cast.claim().lines[0].service_date
    document = cast.claim(
        dates=ClaimDates(onset=day),
        rendering_provider=Provider(cast.GROUP.party),
        service_facility=ServiceFacility(cast.GROUP.party, cast.GROUP.address),
    )
    read = read_claims(cast.claim_file(document)).claims[0]
    assert (read.dates.onset, read.rendering_provider, read.service_facility) == (None, None, None)


def test_same_claims_give_the_same_bytes() -> None:
    assert cast.claim_file(cast.claim(), cast.secondary()) == cast.claim_file(cast.claim(), cast.secondary())


def test_a_segment_position_of_a_999_names_the_claim() -> None:
    lines = write_837p(ClaimTransaction("B", cast.TODAY, "0930", claims=(cast.claim(), cast.dependent())))
    first = next(n for n, line in enumerate(lines, 2) if line.startswith("CLM*"))
    assert claim_at(lines, 3) == ""
    assert claim_at(lines, first) == "K7Q2M4X9BCD2"
    assert claim_at(lines, len(lines)) == "K7Q2M4X9BCD3"


def test_a_forbidden_value_is_refused_when_written() -> None:
    with pytest.raises(WriteError) as refused:
        cast.claim_file(cast.claim(place_of_service="111"))
    assert (refused.value.code, refused.value.place) == ("too_long", "2300/CLM05")


def wrong(**changes: object) -> ClaimDocument:
    return cast.claim(**changes)


def line(**changes: object) -> tuple[ServiceLine, ...]:
    first = cast.claim().lines[0]
    return (replace(first, **changes), cast.claim().lines[1])  # type: ignore[arg-type]


CASES: list[tuple[str, ClaimDocument]] = [
    ("control_number", wrong(control_number="lower")),
    ("charge_total", wrong(total_charge=Decimal("150.01"))),
    ("frequency", wrong(frequency_code="9")),
    ("original_reference_missing", wrong(frequency_code="7")),
    ("original_reference_unexpected", wrong(payer_claim_number="X1")),
    ("accident_state", wrong(related_causes=RelatedCauses(auto_accident=True))),
    ("accident_date", wrong(related_causes=RelatedCauses(other_accident=True))),
    ("npi", wrong(rendering_provider=Provider(Party("1", "A", "B", "", "", "XX", "1234567890")))),
    (
        "billing_po_box",
        wrong(billing_provider=replace(cast.GROUP, address=replace(cast.STREET, line1="P.O. Box 9"))),
    ),
    ("zip", wrong(billing_provider=replace(cast.GROUP, address=replace(cast.STREET, postal_code="43215")))),
    ("tax_id", wrong(billing_provider=replace(cast.GROUP, tax_id="31-1234567"))),
    ("tax_id_kind", wrong(billing_provider=replace(cast.GROUP, tax_id_qualifier="SY"))),
    ("taxonomy", wrong(billing_provider=replace(cast.GROUP, taxonomy="207Q"))),
    ("member_id", wrong(subscriber=replace(cast.claim().subscriber, party=Party("1", "DOE", "J")))),
    ("medicare_id", wrong(coverage=Coverage("P", filing_indicator="MB"))),
    ("birth_date", wrong(subscriber=replace(cast.claim().subscriber, birth_date=None))),
    ("sex", wrong(subscriber=replace(cast.claim().subscriber, sex=""))),
    ("payer_id", wrong(payer=Payer("X", ""))),
    ("insurance_type", wrong(coverage=Coverage("P", insurance_type="12", filing_indicator="CI"))),
    ("diagnosis_missing", wrong(diagnoses=())),
    ("diagnosis_repeated", wrong(diagnoses=("J020", "J020"))),
    ("diagnosis_shape", wrong(diagnoses=("J02.0", "R509"))),
    ("diagnosis_external", wrong(diagnoses=("W010", "R509"))),
    ("onset_after_service", wrong(dates=ClaimDates(onset=date(2025, 12, 21)))),
    ("admission_missing", wrong(place_of_service="21")),
    ("lines_missing", wrong(lines=())),
    ("line_id_repeated", wrong(lines=(cast.service_line(1), cast.service_line(1, "50.00")))),
    ("procedure", wrong(lines=line(procedure="9921"))),
    ("modifier_repeated", wrong(lines=line(modifiers=("25", "25")))),
    ("charge_negative", wrong(lines=line(charge=Decimal("-1.00")))),
    ("units", wrong(lines=line(units=Decimal(0)))),
    ("pointer_range", wrong(lines=line(pointers=(3,)))),
    ("pointer_repeated", wrong(lines=line(pointers=(1, 1)))),
    ("service_in_future", wrong(lines=line(service_date=date(2026, 1, 16)))),
    ("service_before_birth", wrong(lines=line(service_date=date(1969, 1, 1)))),
    ("service_span", wrong(lines=line(service_date_end=date(2025, 12, 1)))),
    ("responsibility_repeated", replace(cast.secondary(), coverage=Coverage("P", filing_indicator="CI"))),
    ("other_payer_missing", wrong(coverage=Coverage("S", filing_indicator="CI"))),
    (
        "cob_paid",
        replace(
            cast.secondary(),
            other_payers=(replace(cast.secondary().other_payers[0], amount_paid=Decimal("81.00")),),
        ),
    ),
    (
        "adjudication_payer",
        replace(cast.secondary(), other_payers=(replace(cast.secondary().other_payers[0], payer_id="ELSE"),)),
    ),
    ("guide", wrong(delay_reason="99")),
]


@pytest.mark.parametrize(("code", "document"), CASES, ids=[code for code, _ in CASES])
def test_each_rule_tells_its_code(code: str, document: ClaimDocument) -> None:
    assert code in {finding.code for finding in check_claim(document, cast.TODAY)}


def test_other_payers_must_add_up_to_the_cent() -> None:
    good = cast.secondary()
    first = good.lines[0]
    short = replace(first.adjudications[0], paid=Decimal("59.99"))
    bad = replace(good, lines=(replace(first, adjudications=(short,)), good.lines[1]))
    assert {f.code for f in check_claim(bad, cast.TODAY)} == {"cob_line_unbalanced", "cob_paid"}


def test_a_contact_keeps_three_numbers() -> None:
    contact = Contact("JO", "6145550100", "12", email="JO@X.EXAMPLE")
    document = cast.claim(submitter=replace(cast.claim().submitter, contact=contact))
    assert read_claims(cast.claim_file(document)).claims[0].submitter.contact == contact
