"""An 837P file is judged as if it were to be sent: faults put into a valid file are found, unusual ones pass."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import x12_cast as cast

from x12 import claim_audit
from x12.documents.claim_details import Drug, Equipment
from x12.documents.claim_rules import check_claim
from x12.documents.parties import Address, Adjustment, Party
from x12.documents.professional_claim import (
    ClaimDates,
    ClaimDocument,
    Coverage,
    OtherPayer,
    RelatedCauses,
    ServiceFacility,
)
from x12.report import describe, exit_status

pytestmark = pytest.mark.rule("X12.file")
CLAIM, SECOND, CHILD = cast.claim(), cast.secondary(), cast.dependent()
PLAIN, SECONDARY, DEPENDENT = (cast.claim_file(each).decode() for each in (CLAIM, SECOND, CHILD))
FILES = {"": PLAIN, "second": SECONDARY, "child": DEPENDENT}


def errors(text: str) -> set[str]:
    described = describe(text.encode(), cast.TODAY)
    found = {finding["code"] for finding in described["findings"] if finding["severity"] == "error"}
    assert exit_status([described]) == int(bool(found))
    return found


def recounted(text: str) -> str:
    """With SE01 counting what there is, so that only the fault meant stands in the file."""
    lines = text.split("~\n")
    start = next(place for place, line in enumerate(lines) if line.startswith("ST*"))
    end = next(place for place, line in enumerate(lines) if line.startswith("SE*"))
    lines[end] = f"SE*{end - start + 1}*0001"
    return "~\n".join(lines)


# File, what stands in it, what is put there instead, what is found. First those pyx12 lets through, then others.
FAULTS = r"""
|*150***11|*151***11|charge_total
|XX*1234567893|XX*1234567890|npi
|1245319599|1245319598|npi
|*1:2~|*1:5~|pointer_range
|ABK:J020|ABK:1234|diagnosis_shape
|ABK:J020|ABK:J02.0|diagnosis_point
|ABK:J020|ABK:W010XXA|diagnosis_external
|HC:99213|HC:9921|procedure
|472*D8*20251220|472*D8*20300101|service_in_future
|472*D8*20251220|472*RD8*20251220-20300101|service_in_future
|472*D8*20251220|472*RD8*20251220-20251219|service_span
|431*D8*20251215|431*D8*20251225|onset_after_service
|431*D8*20251215|431*D8*20251220|onset_on_service
|19700101|20260101|service_before_birth
|11:B:1|11:B:9|frequency
|11:B:1|11:B:7|original_reference_missing
|HI*ABK|REF*F8*X1~\nHI*ABK|original_reference_unexpected
|N3*100 MAIN ST|N3*P O BOX 5|billing_po_box
|N3*100 MAIN ST|N3*POST OFFICE BOX 5|billing_po_box
|OH*432150001|OH*43215|zip
|COLUMBUS*OH|COLUMBUS*ZZ|state
|EI*311234567|EI*31-1234567|tax_id
|EI*311234567|EI*000000000|tax_id
|REF*EI|REF*SY|tax_id_kind
|K7Q2M4X9BCD2|K7Q2M4X9BCD2K7Q2M4X9B|control_number
|K7Q2M4X9-1|9999999999999999999999999999999|line_id
|99213:25*100*|99213:25*100.005*|bad_amount
|99213:25*100*|99213:25*-100*|charge_negative
|ST*837*0001*005010X222A1|ST*837*0001*005010X222|version_differs
|11:B:1*Y*A*Y*Y|11:B:1*Y*A*Y*Y**AA|accident_state
|11:B:1*Y*A*Y*Y|11:B:1*Y*A*Y*Y**OA|accident_date
|11:B:1*Y*A*Y*Y~\nDTP*431*D8*20251215|11:B:1*Y*A*Y*Y**OA~\nDTP*439*D8*20260110|accident_after_service
|SBR*P*18*|SBR*P**|patient_level_missing
|DMG*D8*19700101*M~\n||birth_date
|1245319599|1234567893|rendering_repeated
|HL*2*1*22*0|HL*2*1*22*1|hl_children
|PXC*207Q00000X|PXC*207Q00000|taxonomy
|ABF:R509|ABF:J020|diagnosis_repeated
|99213:25|99213:25:25|modifier_repeated
|*1:2~|*1:2:1:2:1~|pointer_count
|UN*1***1:2|UN*10000***1:2|units
|DOE*JOHN|DOÉ*JOHN|character_set
|GRP1******CI|GRP1**12****CI|insurance_type
|******CI|******MB|medicare_id
|TE*6145550100|TE*614-555-0100|contact_digits
|150***11:|150***21:|admission_missing
|HI*ABK|AMT*F5*-5~\nHI*ABK|patient_paid
|SBR*P*18|SBR*S*18|other_payer_missing
second|SBR*P*18|SBR*S*18|responsibility_repeated
second|SVD*PAY01|SVD*PAYXX|adjudication_payer
second|AMT*D*80~\n||other_payer_paid
second|AMT*D*80|AMT*D*81|cob_claim_unbalanced
second|CAS*PR*2*20|CAS*PR*2*21|cob_line_unbalanced
second|CAS*PR*2*20|CAS*PR*ZZZ*20|adjustment_code
second|CAS*PR*2*20|CAS*PR*999*20|adjustment_code
second|PI*PAY02|PI*PAY01|other_payer_repeated
second|REF*F8*ICN900|DTP*573*D8*20251230~\nREF*F8*ICN900|paid_on_twice
second|HC:87880**1~|HC:87880**1*9~|bundled_line
second|N3*9 HIGH ST~\nN4*DAYTON*OH*454010001|N3*100 MAIN ST~\nN4*COLUMBUS*OH*432150001|facility_repeated
second|454010001|45401|zip
child|SBR*P**|SBR*P*18*|subscriber_is_patient
child|HL*2*1*22*1|HL*2*1*22*0|hl_children
child|PAT*19|PAT*18|relationship
|HL*2*1|HL*2*9|hl_parent
|HL*2*1|HL*3*1|hl_number
|LX*2|LX*3|lx_number
|HI*ABK:J020*ABF:R509~\n||diagnosis_missing
|N3*100 MAIN ST~\n||street_missing
|19700101*M|19700101*X|sex
|******CI|******QQ|syntax
|150***11:|150***98:|syntax
|HI*ABK|ZZZ*1~\nHI*ABK|syntax
|DMG*D8*19700101*M|DMG*D8*19700101*M**|syntax
second|OI***Y***Y~\n||syntax
second|DTP*573*D8*20251230~\n||adjudication_date
""".strip("\n").splitlines()


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_in_a_valid_file_is_found(fault: str) -> None:
    file, stands, instead, code = (part.replace("\\n", "\n") for part in fault.split("|"))
    assert stands in FILES[file]
    assert code in errors(recounted(FILES[file].replace(stands, instead, 1)))


def test_what_two_claims_and_a_silent_payer_show() -> None:
    twice = cast.claim_file(CLAIM, replace(CHILD, control_number=CLAIM.control_number)).decode()
    assert "control_number_repeated" in errors(twice)
    silent = replace(
        SECOND,
        other_payers=(replace(SECOND.other_payers[0], amount_paid=None),),
        lines=CLAIM.lines,
    )
    assert "prior_answer" in errors(cast.claim_file(silent).decode())
    paid = replace(silent, other_payers=(replace(SECOND.other_payers[0], amount_paid=Decimal("150.00")),))
    assert "adjudication_date" in {finding.code for finding in check_claim(paid, cast.TODAY)}


def test_foreign_claims_need_no_line_ids_and_may_be_numbered_otherwise() -> None:
    foreign = PLAIN.replace("REF*6R*K7Q2M4X9-1~\n", "").replace("REF*6R*K7Q2M4X9-2~\n", "")
    assert not errors(recounted(foreign.replace("K7Q2M4X9BCD2", "A-77.b")))


def test_archives_may_have_old_codes_and_made_up_people_but_must_add_up() -> None:
    for day, more in (("20150930", set()), ("20151001", {"npi", "diagnosis_shape", "zip"})):
        old = replace(CLAIM, dates=ClaimDates()), f"D8*{day}"
        text = cast.claim_file(old[0]).decode().replace("D8*20251220", old[1])
        for stands, instead in (
            ("XX*1234567893", "XX*1234567890"),
            ("OH*432150001", "OH*43215"),
            ("J020", "4011"),
        ):
            text = text.replace(stands, instead)
        assert errors(text.replace("*150***11:", "*151***11:")) == {"charge_total"} | more


def test_medicare_had_other_numbers_before_2020() -> None:
    claim = replace(CLAIM, dates=ClaimDates(), coverage=replace(CLAIM.coverage, filing_indicator="MB"))
    text = cast.claim_file(claim).decode()
    assert errors(text.replace("D8*20251220", "D8*20191231")) == set()
    assert errors(text.replace("D8*20251220", "D8*20200101")) == {"medicare_id"}


def test_equipment_may_be_certified_without_prices_of_its_own() -> None:
    certified = replace(
        CLAIM.lines[0], equipment=Equipment(Decimal(0), certification="I", months=Decimal(12))
    )
    assert not errors(cast.claim_file(replace(CLAIM, lines=(certified, *CLAIM.lines[1:]))).decode())


def test_a_large_file_goes_without_the_second_opinion(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claim_audit, "MOST_SEGMENTS", 10)
    assert "second_opinion" in {f["code"] for f in describe(PLAIN.encode(), cast.TODAY)["findings"]}
    assert not errors(PLAIN.replace("DMG*D8*19700101*M", "DMG*D8*19700101*M**"))


def test_a_claim_without_measure_is_told_in_the_time_of_its_size() -> None:
    payers = tuple(replace(SECOND.other_payers[0], payer_id=f"P{n}") for n in range(500))
    huge = replace(CLAIM, lines=tuple(cast.service_line(n) for n in range(1, 101)), other_payers=payers)
    assert claim_audit._is_beyond_measure(huge) and not claim_audit._is_beyond_measure(SECOND)
    sent = (
        SECONDARY.split("LX*1~")[0]
        + "SBR*P*18*******CI~\n" * 30_000
        + "LX*1~\nSV1*HC:99213*1*UN*1***1~\n" * 30_000
    )
    assert "claim_size" in errors(sent)


# --- valid, though unusual ---------------------------------------------------------------------------

LINE = replace(cast.service_line(1, "150.00"), pointers=(1,))
MEDICARE = replace(CLAIM.subscriber, party=Party("1", "DOE", "JOHN", "", "", "MI", "1EG4TE5MK73"))
ANSWER = SECOND.other_payers[0]
NO_DATES = ClaimDates()
HURT = ClaimDates(accident=date(2025, 12, 1))
HOSPITAL = ServiceFacility(Party("2", "ST MARY'S"), Address("9 HIGH ST", "", "DAYTON", "OH", "454010001"))


def living(*address: str) -> dict[str, Any]:
    return {"subscriber": replace(CLAIM.subscriber, address=Address(*address))}


def named(*name: str) -> dict[str, Any]:
    party = Party("1", *name, id_qualifier="MI", identifier="M1")
    return {"subscriber": replace(CLAIM.subscriber, party=party)}


def one(**changes: Any) -> dict[str, Any]:
    return {"lines": (replace(LINE, **changes),)}


UNUSUAL: dict[str, ClaimDocument] = {
    "dependent, group without number": replace(
        CHILD, coverage=Coverage("P", group_name="ACME CO", filing_indicator="CI")
    ),
    "newborn of today": replace(
        CHILD, dates=NO_DATES,
        patient=replace(CHILD.patient, party=Party("1", "DOE", "BABY BOY"), birth_date=LINE.service_date),  # type: ignore[type-var]
    ),
    "solo by EIN": replace(cast.solo(), billing_provider=replace(cast.SOLO, tax_id_qualifier="EI")),
    "abroad": replace(CLAIM, **living("12 RUE X", "", "PARIS", "", "75001", "FR")),
    "Canada": replace(CLAIM, **living("12 KING", "", "TORONTO", "ON", "M5H2N2", "CA")),
    "army post office": replace(CLAIM, **living("PSC 1", "", "APO", "AE", "09012")),
    "patient at a PO box": replace(CLAIM, **living("PO BOX 12", "", "COLUMBUS", "OH", "43215")),
    "clinic in Poblano Street": replace(
        CLAIM, billing_provider=replace(cast.GROUP, address=replace(cast.STREET, line1="12 POBLANO ST STE P"))
    ),
    "apostrophe, hyphen, suffix": replace(CLAIM, **named("O'NEIL-SMITH", "MARY ANN", "J", "JR")),
    "accents": replace(CLAIM, **named("Peña", "Zoë", "", "III")),
    "one name": replace(CLAIM, **named("MADONNA")),
    "names beyond the guide are cut": replace(CLAIM, **named("A" * 70, "B" * 40, "C" * 30)),
    "12 diagnoses": replace(CLAIM, diagnoses=tuple(f"M54{n:02d}" for n in range(12)), **one(pointers=(12, 3, 1, 7))),
    "50 lines": replace(
        CLAIM, lines=tuple(replace(cast.service_line(n), charge=Decimal("3.00")) for n in range(1, 51))
    ),
    "anesthesia": replace(CLAIM, **one(procedure="00400", modifiers=("QK",), unit_basis="MJ", units=Decimal(95))),
    "a tenth of a drug": replace(
        CLAIM, **one(procedure="J1885", units=Decimal("0.1"), drug=Drug("00409123401", Decimal("0.5"), "ME"))
    ),
    "Category II, III and laboratory": replace(
        CLAIM, lines=tuple(
            replace(cast.service_line(n, "50.00", code), pointers=(1,))
            for n, code in enumerate(("3008F", "0042T", "0001U"), 1)
        ),
    ),
    "hospital without NPI": replace(CLAIM, place_of_service="22", service_facility=HOSPITAL),
    "workers' compensation, no group": replace(
        CLAIM, coverage=Coverage("P", filing_indicator="WC"), related_causes=RelatedCauses(employment=True), dates=HURT
    ),
    "the employer holds the policy": replace(
        CHILD, coverage=Coverage("P", filing_indicator="WC"),
        subscriber=replace(CHILD.subscriber, party=Party("2", "ACME CORP", id_qualifier="MI", identifier="E1")),
        patient=replace(CHILD.patient, relationship="20", property_casualty_number="WC1"),  # type: ignore[type-var]
    ),
    "auto with state": replace(
        CLAIM, coverage=Coverage("P", filing_indicator="AM"), dates=HURT,
        related_causes=RelatedCauses(auto_accident=True, state="OH"),
    ),
    "auto abroad": replace(CLAIM, dates=HURT, related_causes=RelatedCauses(auto_accident=True, country="CA")),
    "Medicare second": replace(
        SECOND, coverage=Coverage("S", insurance_type="12", filing_indicator="MB"), subscriber=MEDICARE
    ),
    "Medigap": replace(
        CLAIM, coverage=Coverage("P", filing_indicator="MB"), subscriber=MEDICARE,
        other_payers=(OtherPayer("S", "18", "AARP", "36273", MEDICARE.party, filing_indicator="CI"),),
    ),
    "passed over": replace(
        SECOND, lines=CLAIM.lines, other_payers=(replace(ANSWER, amount_paid=None, non_covered=Decimal("150.00")),)
    ),
    "told for the claim alone": replace(
        SECOND, lines=CLAIM.lines,
        other_payers=(
            replace(ANSWER, adjustments=(Adjustment("PR", "2", Decimal("70.00")),), paid_on=date(2025, 12, 30)),
        ),
    ),
    "replacement": replace(CLAIM, frequency_code="7", payer_claim_number="ICN1"),
    "sex not told": replace(CLAIM, subscriber=replace(CLAIM.subscriber, sex="U")),
    "five days in hospital": replace(CLAIM, **one(service_date_end=date(2025, 12, 24), units=Decimal(5))),
}  # fmt: skip


@pytest.mark.parametrize("name", UNUSUAL)
def test_no_valid_claim_is_refused(name: str) -> None:
    document = UNUSUAL[name]
    assert check_claim(document, cast.TODAY) == []
    assert describe(cast.claim_file(document), cast.TODAY)["findings"] == []


def test_a_name_that_no_letter_of_x12_can_write_is_told() -> None:
    found = check_claim(replace(CLAIM, **named("李", "小龙")), cast.TODAY)
    assert [finding.code for finding in found] == ["name_missing"]
