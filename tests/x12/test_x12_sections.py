"""One test for each rule of what a claim must be before it leaves (docs/x12.md, X12.3.x) and of COB (X12.4.x)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import x12_cast as cast

from lib.npi import is_npi
from x12.documents.claim_details import (
    Attachment,
    Certification,
    Contract,
    Drug,
    Equipment,
    Form,
    FormAnswer,
    Measurement,
    Note,
    OtherPayerProvider,
    Repricing,
    SpinalManipulation,
    Transport,
)
from x12.documents.claim_rules import check_claim
from x12.documents.parties import Address, Adjustment, Contact, Party, Reference
from x12.documents.professional_claim import (
    ClaimDates,
    ClaimDocument,
    ClaimTransaction,
    Coverage,
    PayToPlan,
    Provider,
    RelatedCauses,
    ServiceFacility,
)
from x12.documents.write_837p import write_837p
from x12.pyx12_check import find_faults
from x12.reading import read_file

CLAIM, SECOND, CHILD = cast.claim(), cast.secondary(), cast.dependent()


def codes(document: ClaimDocument) -> set[str]:
    return {finding.code for finding in check_claim(document, cast.TODAY)}


def text_of(document: ClaimDocument) -> str:
    return cast.claim_file(document).decode()


def lines(**changes: Any) -> ClaimDocument:
    return replace(CLAIM, lines=(replace(CLAIM.lines[0], **changes), *CLAIM.lines[1:]))


def billing(**changes: Any) -> ClaimDocument:
    return replace(CLAIM, billing_provider=replace(CLAIM.billing_provider, **changes))


def other(**changes: Any) -> ClaimDocument:
    return replace(SECOND, other_payers=(replace(SECOND.other_payers[0], **changes),))


def adjudicated(**changes: Any) -> ClaimDocument:
    first = SECOND.lines[0]
    told = replace(first.adjudications[0], **changes)
    return replace(SECOND, lines=(replace(first, adjudications=(told,)), *SECOND.lines[1:]))


@pytest.mark.rule("X12.3.1")
def test_the_total_is_the_sum_of_the_lines() -> None:
    assert "charge_total" in codes(replace(CLAIM, total_charge=Decimal("150.01")))
    assert "CLM*K7Q2M4X9BCD2*150*" in text_of(CLAIM)


@pytest.mark.rule("X12.3.2")
@pytest.mark.parametrize("number", ["", "A" * 21, "abc", "A-1", "Ä1"])
def test_the_claim_number(number: str) -> None:
    assert "control_number" in codes(replace(CLAIM, control_number=number))


@pytest.mark.rule("X12.3.3")
def test_npi_tax_id_and_taxonomy() -> None:
    party = CLAIM.billing_provider.party
    assert is_npi("1234567893") and is_npi("1245319599")
    for number in ("1234567890", "123456789", "3234567893", "12345678E3", ""):
        assert "npi" in codes(billing(party=replace(party, identifier=number))), number
    for number in ("31-123456", "31123456", "3112345678", "31123456X"):
        assert "tax_id" in codes(billing(tax_id=number)), number
    for code in ("207Q00000", "207Q00000Y", "207q00000X"):
        assert "taxonomy" in codes(billing(taxonomy=code)), code


@pytest.mark.rule("X12.3.4")
def test_pointers() -> None:
    assert "pointer_range" in codes(lines(pointers=(3,)))
    assert "pointer_range" in codes(lines(pointers=(0,)))
    assert "pointer_repeated" in codes(lines(pointers=(1, 1)))
    assert "*2:1~" in text_of(lines(pointers=(2, 1))) or "*2:1**" in text_of(lines(pointers=(2, 1)))


@pytest.mark.rule("X12.3.5")
def test_diagnoses() -> None:
    assert "diagnosis_shape" in codes(replace(CLAIM, diagnoses=("J02.0", "R509")))
    assert "diagnosis_external" in codes(replace(CLAIM, diagnoses=("Y929", "R509")))
    assert "diagnosis_repeated" in codes(replace(CLAIM, diagnoses=("J020", "J020")))
    assert "HI*ABK:J020*ABF:R509~" in text_of(CLAIM)


@pytest.mark.rule("X12.3.6")
def test_the_original_reference_goes_with_7_and_8_only() -> None:
    for frequency in ("7", "8"):
        assert "original_reference_missing" in codes(replace(CLAIM, frequency_code=frequency))
        sent = replace(CLAIM, frequency_code=frequency, payer_claim_number="ICN9")
        assert codes(sent) == set()
        assert f"11:B:{frequency}" in text_of(sent) and "REF*F8*ICN9~" in text_of(sent)
    assert "original_reference_unexpected" in codes(replace(CLAIM, payer_claim_number="ICN9"))


@pytest.mark.rule("X12.3.7")
@pytest.mark.parametrize("street", ["PO BOX 7", "P.O. Box 7", "P O BOX 7", "Lock Box 7", "1 A ST P.O.BOX 2"])
def test_the_billing_address_is_a_street_with_nine_digits(street: str) -> None:
    assert "billing_po_box" in codes(billing(address=replace(cast.STREET, line1=street)))
    assert "zip" in codes(billing(address=replace(cast.STREET, postal_code="43215")))
    place = ServiceFacility(Party("2", "HOSPITAL"), Address("9 HIGH ST", "", "DAYTON", "OH", "45401"))
    assert "zip" in codes(replace(CLAIM, service_facility=place))


@pytest.mark.rule("X12.3.8")
def test_days() -> None:
    assert "service_in_future" in codes(lines(service_date=date(2026, 1, 16)))
    assert "service_before_birth" in codes(lines(service_date=date(1969, 12, 31)))
    assert "onset_after_service" in codes(replace(CLAIM, dates=ClaimDates(onset=date(2025, 12, 21))))
    assert "DTP*431" not in text_of(replace(CLAIM, dates=ClaimDates(onset=date(2025, 12, 20))))
    assert "DTP*431*D8*20251219~" in text_of(replace(CLAIM, dates=ClaimDates(onset=date(2025, 12, 19))))
    assert "service_span" in codes(lines(service_date_end=date(2025, 12, 19)))
    assert "service_span_months" in codes(lines(service_date_end=date(2026, 1, 2), units=Decimal(3)))
    assert "units_span" in codes(lines(service_date_end=date(2025, 12, 23)))
    assert codes(lines(service_date_end=date(2025, 12, 23), units=Decimal(4))) == set()


@pytest.mark.rule("X12.3.9")
def test_accidents() -> None:
    auto = replace(CLAIM, related_causes=RelatedCauses(auto_accident=True))
    assert {"accident_state", "accident_date"} <= codes(auto)
    assert "accident_date" in codes(replace(CLAIM, related_causes=RelatedCauses(other_accident=True)))
    assert "employment_payer" in codes(replace(CLAIM, related_causes=RelatedCauses(employment=True)))
    whole = replace(
        CLAIM,
        related_causes=RelatedCauses(auto_accident=True, state="OH"),
        dates=ClaimDates(accident=date(2025, 12, 1)),
    )
    assert codes(whole) == set()
    assert "*AA:::OH~" in text_of(whole) and "DTP*439*D8*20251201~" in text_of(whole)


@pytest.mark.rule("X12.3.10")
def test_18_without_a_patient_loop_and_a_relationship_with_one() -> None:
    assert "SBR*P*18*" in text_of(CLAIM) and "HL*2*1*22*0~" in text_of(CLAIM)
    assert "SBR*P**" in text_of(CHILD) and "HL*2*1*22*1~" in text_of(CHILD) and "PAT*19~" in text_of(CHILD)
    assert CHILD.patient is not None
    for relationship in ("", "18", "99"):
        wrong = replace(CHILD, patient=replace(CHILD.patient, relationship=relationship))
        assert "relationship" in codes(wrong)


@pytest.mark.rule("X12.3.11")
def test_who_repeats_the_billing_provider_is_left_out() -> None:
    facility = ServiceFacility(Party("2", "HERE"), cast.STREET)
    document = replace(CLAIM, rendering_provider=Provider(cast.GROUP.party), service_facility=facility)
    assert "NM1*82" not in text_of(document) and "NM1*77" not in text_of(document)


@pytest.mark.rule("X12.3.12")
def test_each_payer_has_a_place_of_its_own_and_stands_once() -> None:
    assert "responsibility_repeated" in codes(other(responsibility="S"))
    assert "other_payer_repeated" in codes(other(payer_id=SECOND.payer.identifier))


@pytest.mark.rule("X12.3.13")
def test_each_adjudication_names_a_payer_of_the_claim() -> None:
    assert "adjudication_payer" in codes(adjudicated(payer_id="NOBODY"))


@pytest.mark.rule("X12.3.14")
def test_modifiers_and_units() -> None:
    assert "modifier" in codes(lines(modifiers=("2",)))
    assert "modifier" in codes(lines(modifiers=("a1",)))
    assert "modifier_repeated" in codes(lines(modifiers=("25", "25")))
    for units in ("0", "-1", "10000"):
        assert "units" in codes(lines(units=Decimal(units))), units
    assert "units_fraction" in codes(lines(units=Decimal("1.5")))
    drug = Drug("00409123401", Decimal("1.5"), "ML")
    assert codes(lines(units=Decimal("1.5"), drug=drug, procedure="J1885")) == set()


@pytest.mark.rule("X12.3.15")
def test_lengths() -> None:
    long = "A" * 70
    subscriber = replace(CLAIM.subscriber, party=Party("1", long, long, long, "", "MI", "M1"))
    assert f"NM1*IL*1*{'A' * 60}*{'A' * 35}*{'A' * 25}*" in text_of(replace(CLAIM, subscriber=subscriber))
    home = replace(cast.HOME, line1=long, city="A" * 40)
    sent = text_of(replace(CLAIM, subscriber=replace(CLAIM.subscriber, address=home)))
    assert f"N3*{'A' * 55}~" in sent and f"N4*{'A' * 30}*OH" in sent
    assert "guide" in codes(replace(CLAIM, prior_authorization="9" * 51))
    assert "line_id" in codes(lines(line_id="9" * 31))
    spoken = replace(CLAIM.submitter, contact=Contact("JO", "614-555-0100"))
    assert "contact_digits" in codes(replace(CLAIM, submitter=spoken))


@pytest.mark.rule("X12.3.16")
def test_counts() -> None:
    assert "diagnosis_count" in codes(replace(CLAIM, diagnoses=tuple(f"M54{n:02d}" for n in range(13))))
    assert "line_count" in codes(replace(CLAIM, lines=tuple(cast.service_line(n) for n in range(1, 52))))
    assert "modifier_count" in codes(lines(modifiers=("25", "59", "LT", "76", "77")))
    assert "pointer_count" in codes(lines(pointers=(1, 2, 3, 4, 5)))


@pytest.mark.rule("X12.3.16")
@pytest.mark.parametrize("base", [CLAIM, CHILD], ids=["subscriber", "dependent"])
def test_more_than_a_hundred_claims_of_one_person_take_a_second_level(base: ClaimDocument) -> None:
    many = [replace(base, control_number=f"N{n}") for n in range(101)]
    told = write_837p(ClaimTransaction("B", cast.TODAY, "0930", claims=tuple(many)))
    level, most, count = 0, 0, 0
    for line in told:
        level, count = (level + 1, 0) if line.startswith("HL*") else (level, count + line.startswith("CLM*"))
        most = max(most, count)
    assert most == 100 and sum(line.startswith("CLM*") for line in told) == 101
    data = cast.interchange("837", told, "HC", "005010X222A1", "005010X222A1")
    assert find_faults(data) == []
    assert len(read_file(data).transactions[0].document.claims) == 101  # type: ignore[union-attr]


@pytest.mark.rule("X12.3.17")
@pytest.mark.parametrize(
    "number", ["1EG4TE5MK7", "0EG4TE5MK73", "1SG4TE5MK73", "1EG4-TE5-MK73", "1E44TE5MKB3"]
)
def test_payer_id_and_medicare_number(number: str) -> None:
    assert "payer_id" in codes(replace(CLAIM, payer=replace(CLAIM.payer, identifier="")))
    medicare = replace(CLAIM, coverage=Coverage("P", filing_indicator="MB"))
    party = replace(CLAIM.subscriber.party, identifier=number)
    assert "medicare_id" in codes(replace(medicare, subscriber=replace(CLAIM.subscriber, party=party)))
    party = replace(party, identifier="1EG4TE5MK73")
    assert codes(replace(medicare, subscriber=replace(CLAIM.subscriber, party=party))) == set()


@pytest.mark.rule("X12.3.19")
def test_text_is_folded_and_the_same_claim_gives_the_same_bytes() -> None:
    note = Note("ADD", "Señora  Núñez “pain”\t* ~ : ^\r\nMay")
    sent = text_of(replace(CLAIM, note=note))
    assert 'NTE*ADD*SENORA NUNEZ "PAIN" MAY~' in sent
    assert sent == text_of(replace(CLAIM, note=note)) and sent.isascii()


# --- coordination of benefits ----------------------------------------------------------------------------


@pytest.mark.rule("X12.4.1")
def test_every_other_payer_is_told_also_the_one_after() -> None:
    after = replace(
        SECOND.other_payers[0], responsibility="T", payer_id="PAY03", payer_name="THIRD", amount_paid=None,
        claim_control_number="",
    )  # fmt: skip
    document = replace(SECOND, other_payers=(*SECOND.other_payers, after))
    assert codes(document) == set()
    assert text_of(document).count("~\nSBR*") == 3 and text_of(document).count("AMT*D*") == 1
    assert "other_payer_missing" in codes(replace(SECOND, other_payers=(), lines=CLAIM.lines))


@pytest.mark.rule("X12.4.2")
def test_the_other_payers_part_is_whole() -> None:
    assert "other_relationship" in codes(other(relationship=""))
    assert "other_payer_paid" in codes(other(amount_paid=None))
    assert "other_payer_id" in codes(other(payer_name=""))
    assert "other_subscriber" in codes(other(subscriber=Party("1", "DOE", "JOHN")))
    assert "adjudication_date" in codes(adjudicated(adjudicated_on=None))
    assert "OI***Y***Y~" in text_of(SECOND) and "AMT*D*80~" in text_of(SECOND)


@pytest.mark.rule("X12.4.3")
def test_zero_paid_is_told() -> None:
    denied = tuple(
        replace(line, adjudications=(replace(
            line.adjudications[0], paid=Decimal("0.00"), adjustments=(Adjustment("CO", "197", line.charge),)
        ),))
        for line in SECOND.lines
    )  # fmt: skip
    document = replace(other(amount_paid=Decimal("0.00")), lines=denied)
    assert codes(document) == set()
    assert "AMT*D*0~" in text_of(document) and "SVD*PAY01*0*HC:99213:25**1~" in text_of(document)


@pytest.mark.rule("X12.4.4")
def test_lines_and_claim_balance_for_each_payer() -> None:
    assert "cob_line_unbalanced" in codes(adjudicated(paid=Decimal("60.01")))
    assert "cob_paid" in codes(other(amount_paid=Decimal("80.01")))
    assert "cob_claim_unbalanced" in codes(other(adjustments=(Adjustment("CO", "45", Decimal("0.01")),)))
    assert codes(SECOND) == set()


@pytest.mark.rule("X12.4.5")
def test_a_split_line_comes_back_as_several_and_sums() -> None:
    first = SECOND.lines[0]
    told = first.adjudications[0]
    halves = (
        replace(told, paid=Decimal("20.00"), adjustments=()),
        replace(told, paid=Decimal("40.00")),
    )
    split = replace(SECOND, lines=(replace(first, adjudications=halves), *SECOND.lines[1:]))
    assert codes(split) == set()
    assert text_of(split).count("SVD*") == 3 and find_faults(cast.claim_file(split)) == []


@pytest.mark.rule("X12.4.6")
def test_what_is_told_once_is_not_told_twice() -> None:
    both = replace(
        adjudicated(remaining_liability=Decimal("20.00")),
        other_payers=(replace(SECOND.other_payers[0], remaining_liability=Decimal("20.00")),),
    )
    assert "liability_twice" in codes(both)
    assert "paid_on_twice" in codes(other(paid_on=date(2025, 12, 30)))
    assert "non_covered_adjusted" in codes(other(non_covered=Decimal("150.00")))


@pytest.mark.rule("X12.4.7")
def test_adjustments_stand_by_group_six_a_segment_and_five_segments_at_most() -> None:
    mixed = (
        *(
            Adjustment(group, str(reason), Decimal("1.00"))
            for reason in range(1, 8)
            for group in ("CO", "PR")
        ),
        Adjustment("CO", "45", Decimal("26.00"), Decimal(0)),
    )
    sent = text_of(adjudicated(adjustments=mixed))
    groups = [line for line in sent.split("~\n") if line.startswith("CAS*")][:4]
    assert [line[:6] for line in groups] == ["CAS*CO", "CAS*CO", "CAS*PR", "CAS*PR"]
    assert groups[0] == "CAS*CO*1*1**2*1**3*1**4*1**5*1**6*1" and groups[1] == "CAS*CO*7*1**45*26"
    assert codes(adjudicated(adjustments=mixed)) == set()
    many = tuple(Adjustment("CO", str(reason), Decimal("0.00")) for reason in range(1, 32))
    assert "adjustment_count" in codes(
        adjudicated(adjustments=(*SECOND.lines[0].adjudications[0].adjustments, *many))
    )
    assert "adjustment_code" in codes(adjudicated(adjustments=(Adjustment("XX", "45", Decimal("40.00")),)))


# --- what only some claims carry -----------------------------------------------------------------------------

WAY = Transport(
    "A", Decimal(12), Decimal(154), "", "CANNOT SIT", cast.HOME, Address("9 HIGH ST", "", "DAYTON", "OH", "45401"),
    "NORTHSIDE HOSPITAL",
)  # fmt: skip
DETAILS: dict[str, tuple[ClaimDocument, str]] = {
    "ambulance": (replace(CLAIM, transport=WAY), "CR1*LB*154**A*DH*12****CANNOT SIT~"),
    "pick-up": (replace(CLAIM, transport=WAY), "NM1*PW*2~\nN3*1 ELM ST~"),
    "drop-off": (replace(CLAIM, transport=WAY), "NM1*45*2*NORTHSIDE HOSPITAL~\nN3*9 HIGH ST~"),
    "spinal": (
        replace(CLAIM, spinal_manipulation=SpinalManipulation("A", "LOW BACK")),
        "CR2********A**LOW BACK~",
    ),
    "homebound": (replace(CLAIM, certifications=(Certification("75", True, ("IH",)),)), "CRC*75*Y*IH~"),
    "EPSDT": (replace(CLAIM, certifications=(Certification("ZZ", False, ("NU",)),)), "CRC*ZZ*N*NU~"),
    "fixed text": (replace(CLAIM, fixed_texts=("PCN 12",)), "K3*PCN 12~"),
    "death of the subscriber": (
        replace(CLAIM, subscriber=replace(CLAIM.subscriber, death_date=date(2025, 12, 31))),
        "PAT*****D8*20251231~",
    ),
    "newborn's weight": (
        replace(CHILD, patient=replace(CHILD.patient, weight_pounds=Decimal("7.5"))),  # type: ignore[type-var]
        "PAT*19******01*7.5~",
    ),
    "pregnancy": (
        replace(CLAIM, subscriber=replace(CLAIM.subscriber, sex="F", is_pregnant=True)),
        "PAT*********Y~",
    ),
    "attachment": (replace(CLAIM, attachments=(Attachment("OZ", "EL", "A77"),)), "PWK*OZ*EL***AC*A77~"),
    "attachment of a line": (lines(attachments=(Attachment("RR", "AA"),)), "PWK*RR*AA~"),
    "drug": (
        lines(procedure="J1885", drug=Drug("00409123401", Decimal("1.5"), "ML", "RX7")),
        "LIN**N4*00409123401~\nCTP****1.5*ML~\nREF*XZ*RX7~",
    ),
    "purchased service": (
        lines(
            purchased_service_provider="LAB7", purchased_service_charge=Decimal("12.00"),
            purchased_service_from=Provider(Party("2", "", "", "", "", "XX", "1245319599")),
        ),
        "PS1*LAB7*12~",
    ),
    "who did the purchased service": (
        lines(
            purchased_service_provider="LAB7", purchased_service_charge=Decimal("12.00"),
            purchased_service_from=Provider(Party("2", "", "", "", "", "XX", "1245319599")),
        ),
        "NM1*QB*2******XX*1245319599~",
    ),
    "who ordered": (
        lines(ordering_provider=Provider(Party("1", "REED", "ANN", "", "", "XX", "1245319599"))),
        "NM1*DK*1*REED*ANN****XX*1245319599~",
    ),
    "who supervised": (
        replace(CLAIM, supervising_provider=Provider(Party("1", "REED", "ANN", "", "", "XX", "1245319599"))),
        "NM1*DQ*1*REED*ANN****XX*1245319599~",
    ),
    "pay-to": (cast.solo(), "NM1*87*1~\nN3*PO BOX 7~"),
    "pay-to plan": (
        billing(pay_to_plan=PayToPlan(
            Party("2", "STATE MEDICAID", "", "", "", "PI", "MCD1"), cast.STREET, "310000001", (Reference("FY", "C7"),)
        )),
        "NM1*PE*2*STATE MEDICAID*****PI*MCD1~",
    ),
    "contract": (replace(CLAIM, contract=Contract("02", Decimal("80.00"), Decimal("10"), "K7")), "CN1*02*80*10*K7~"),
    "contract of a line": (lines(contract=Contract("05", version="3")), "CN1*05*****3~"),
    "repriced": (
        replace(CLAIM, repricing=Repricing(("03", "90", "60", "NET1"), "RP9", "RP8")),
        "REF*9A*RP9~\nREF*9C*RP8~",
    ),
    "repriced line": (lines(repricing=Repricing(("03", "60", "40"), "RL9")), "HCP*03*60*40~"),
    "numbers another payer knows": (
        other(
            providers=(OtherPayerProvider("82", "1", (Reference("G2", "P77"),)),
                       OtherPayerProvider("85", "2", (Reference("G2", "B77"), Reference("LU", "L1")))),
            references=(Reference("FY", "OFFICE 3"),),
        ),
        "NM1*82*1~\nREF*G2*P77~\nNM1*85*2~\nREF*G2*B77~\nREF*LU*L1~",
    ),
    "medical form": (
        lines(forms=(Form("UT", "484.3", (
            FormAnswer("1A", text="56"), FormAnswer("2", "Y"), FormAnswer("3", day=date(2025, 12, 1)),
            FormAnswer("4", percent=Decimal("88.5")),
        )),)),
        "LQ*UT*484.3~\nFRM*1A**56~\nFRM*2*Y~\nFRM*3***20251201~\nFRM*4****88.5~",
    ),
    "test result": (lines(test_results=(Measurement("TR", "R2", Decimal("31.5")),)), "MEA*TR*R2*31.5~"),
    "line dates": (lines(therapy_began=date(2025, 12, 1)), "DTP*463*D8*20251201~"),
    "immunization batch": (lines(immunization_batch="L77"), "REF*BT*L77~"),
    "line note": (lines(note=Note("ADD", "UNLISTED"), third_party_note="SEE REPORT"), "NTE*ADD*UNLISTED~\nNTE*TPO*"),
    "copay": (replace(CLAIM, patient_amount_paid=Decimal("25.00")), "AMT*F5*25~"),
    "CLIA": (replace(CLAIM, clia_number="36D0000001"), "REF*X4*36D0000001~"),
    "equipment": (
        lines(
            procedure="E0601",
            equipment=Equipment(Decimal(30), Decimal("9.00"), Decimal("90.00"), "4", "I", Decimal(3)),
            prescription=date(2025, 12, 1),
        ),
        "SV5*HC:E0601*DA*30*9*90*4~\nCR3*I*MO*3~",
    ),
}  # fmt: skip


@pytest.mark.rule("X12.2")
@pytest.mark.parametrize("name", DETAILS)
def test_what_some_claims_carry_is_written_valid_and_read_back(name: str) -> None:
    document, expected = DETAILS[name]
    assert {one.code for one in check_claim(document, cast.TODAY) if one.severity == "error"} == set()
    data = cast.claim_file(document)
    assert expected in data.decode()
    assert find_faults(data) == []
    read = read_file(data).transactions[0].document
    assert isinstance(read, ClaimTransaction) and read.claims == (document,)


WRONG: dict[str, Callable[[], ClaimDocument]] = {
    "transport_reason": lambda: replace(CLAIM, transport=replace(WAY, reason="")),
    "transport_miles": lambda: replace(CLAIM, transport=replace(WAY, miles=None)),
    "transport_place": lambda: replace(CLAIM, transport=replace(WAY, drop_off=None)),
    "transport_missing": lambda: replace(CLAIM, place_of_service="41"),
    "spinal_condition": lambda: replace(CLAIM, spinal_manipulation=SpinalManipulation("Z")),
    "certification": lambda: replace(CLAIM, certifications=(Certification("75", True, ("XX",)),)),
    "certification_count": lambda: replace(CLAIM, certifications=(Certification("07", True, ()),)),
    "certification_repeated": lambda: replace(
        CLAIM, certifications=(Certification("75", True, ("IH",)), Certification("75", True, ("IH",)))
    ),
    "epsdt_referral": lambda: replace(CLAIM, certifications=(Certification("ZZ", True, ("NU",)),)),
    "fixed_text": lambda: replace(CLAIM, fixed_texts=("A" * 81,)),
    "note_length": lambda: replace(CLAIM, note=Note("ADD", "A" * 81)),
    "note_kind": lambda: lines(note=Note("CER", "A")),
    "death_date": lambda: replace(CLAIM, subscriber=replace(CLAIM.subscriber, death_date=date(2026, 2, 1))),
    "service_after_death": lambda: replace(
        CLAIM, subscriber=replace(CLAIM.subscriber, death_date=date(2025, 12, 1))
    ),
    "weight": lambda: replace(CLAIM, subscriber=replace(CLAIM.subscriber, weight_pounds=Decimal(0))),
    "pregnancy_sex": lambda: replace(CLAIM, subscriber=replace(CLAIM.subscriber, is_pregnant=True)),
    "attachment_kind": lambda: replace(CLAIM, attachments=(Attachment("OZ", "XX", "A"),)),
    "attachment_number": lambda: replace(CLAIM, attachments=(Attachment("OZ", "FX"),)),
    "attachment_count": lambda: replace(CLAIM, attachments=(Attachment("OZ", "AA"),) * 11),
    "ndc": lambda: lines(drug=Drug("0409-1234-01", Decimal(1))),
    "drug_quantity": lambda: lines(drug=Drug("00409123401")),
    "equipment_price": lambda: lines(equipment=Equipment(Decimal(30))),
    "purchased_service": lambda: lines(purchased_service_provider="LAB7"),
    "test_count": lambda: lines(test_results=(Measurement("TR", "R2", Decimal(31)),) * 6),
    "amount_negative": lambda: lines(postage=Decimal("-1.00")),
    "count": lambda: lines(transported_patients=0),
    "crossover_indicator": lambda: replace(CLAIM, crossover_indicator="X"),
    "admission_missing": lambda: replace(CLAIM, place_of_service="21"),
}


@pytest.mark.rule("X12.2")
@pytest.mark.parametrize("code", WRONG)
def test_what_some_claims_carry_is_checked(code: str) -> None:
    assert code in codes(WRONG[code]())
