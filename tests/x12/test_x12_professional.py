"""837P: what is written reads back equal, passes the independent validator, and wrong claims are told."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
import x12_cast as cast
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.frozen import freeze, thaw
from x12.documents.claim_details import (
    Attachment,
    Certification,
    Drug,
    Equipment,
    Measurement,
    Note,
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
    LineAdjudication,
    OtherPayer,
    Patient,
    Payer,
    Provider,
    RelatedCauses,
    ServiceFacility,
    ServiceLine,
    Subscriber,
)
from x12.documents.write_837p import claim_at, write_837p
from x12.pyx12_check import find_faults
from x12.reading import read_file
from x12.writer import WriteError

WORD = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=2, max_size=12)
NAME = st.lists(WORD, min_size=1, max_size=3).map(" ".join)
CODE = st.text("ABCDEFGHJKLMNPQRSTVWXYZ23456789", min_size=1, max_size=20)
AMOUNT = (
    st.integers(0, 999_999).map(lambda cents: Decimal(cents) / 100).map(lambda d: d.quantize(Decimal("0.01")))
)
SIGNED = st.integers(-99_999, 99_999).map(lambda cents: (Decimal(cents) / 100).quantize(Decimal("0.01")))
DAY = st.dates(date(1990, 1, 1), date(2030, 12, 31))
OPTIONAL_DAY = st.none() | DAY
ADDRESS = st.builds(
    Address,
    line1=NAME,
    line2=st.just("") | NAME,
    city=WORD,
    state=st.sampled_from(["OH", "TX", "CA"]),
    postal_code=st.sampled_from(["432150001", "75001"]),
)
PERSON = st.builds(
    Party,
    entity_type=st.just("1"),
    last_name=NAME,
    first_name=WORD,
    middle_name=st.just("") | WORD,
    suffix=st.sampled_from(["", "JR"]),
    id_qualifier=st.just("MI"),
    identifier=CODE.filter(lambda text: len(text) > 1),
)
NPI_PERSON = st.builds(
    Party,
    entity_type=st.just("1"),
    last_name=NAME,
    first_name=WORD,
    id_qualifier=st.just("XX"),
    identifier=st.just("1245319599"),
)
PROVIDER = st.builds(
    Provider,
    party=NPI_PERSON,
    references=st.lists(st.builds(Reference, st.just("G2"), WORD), max_size=2).map(tuple),
)
RENDERING = st.builds(Provider, party=NPI_PERSON, taxonomy=st.sampled_from(["", "207Q00000X"]))
ADJUSTMENT = st.builds(
    Adjustment,
    group=st.sampled_from(["CO", "PR", "OA", "PI"]),
    reason=st.sampled_from(["45", "1", "2", "3", "253", "A1"]),
    amount=SIGNED,
    quantity=st.none() | st.integers(1, 9).map(Decimal),
)
# The writer puts the triples of one group together; in any other order a claim would not read back the same.
ADJUSTMENTS = st.lists(ADJUSTMENT, max_size=9).map(
    lambda found: tuple(sorted(found, key=lambda one: one.group))
)
ADJUDICATION = st.builds(
    LineAdjudication,
    payer_id=WORD,
    paid=SIGNED,
    procedure=st.sampled_from(["99213", "J1885"]),
    modifiers=st.sampled_from([(), ("25",), ("25", "59")]),
    units=st.integers(1, 20).map(Decimal),
    bundled_into_line=st.none() | st.integers(1, 9),
    adjustments=ADJUSTMENTS,
    adjudicated_on=DAY,
    remaining_liability=st.none() | AMOUNT,
)
TRANSPORT = st.builds(
    Transport,
    reason=st.sampled_from("ABCDE"),
    miles=st.integers(1, 90).map(Decimal),
    weight_pounds=st.none() | st.just(Decimal("154.5")),
    stretcher_purpose=st.just("") | NAME,
    pick_up=ADDRESS,
    drop_off=ADDRESS,
    drop_off_name=st.just("") | NAME,
)
ATTACHMENTS = st.lists(st.builds(Attachment, st.just("OZ"), st.just("EL"), WORD), max_size=2).map(tuple)
FIXED = st.lists(NAME, max_size=2).map(tuple)
NOTE = st.none() | st.builds(Note, st.sampled_from(["ADD", "DCP"]), NAME)
LINE = st.builds(
    ServiceLine,
    line_id=CODE,
    procedure=st.sampled_from(["99213", "87880", "J1885", "98941"]),
    charge=AMOUNT,
    units=st.sampled_from([Decimal(1), Decimal("2"), Decimal("0.75")]),
    service_date=DAY,
    modifiers=st.sampled_from([(), ("25",), ("AT", "GP"), ("25", "59", "LT", "76")]),
    pointers=st.sampled_from([(1,), (2, 1), (1, 2, 3, 4)]),
    place_of_service=st.sampled_from(["", "12"]),
    description=st.just("") | NAME,
    is_emergency=st.booleans(),
    is_epsdt=st.booleans(),
    is_family_planning=st.booleans(),
    copay_exempt=st.booleans(),
    note=NOTE,
    prior_authorization=st.just("") | WORD,
    referral_number=st.just("") | WORD,
    clia_number=st.just("") | WORD,
    last_seen=OPTIONAL_DAY,
    initial_treatment=OPTIONAL_DAY,
    sales_tax=st.none() | AMOUNT,
    drug=st.none() | st.builds(Drug, st.just("00409123401"), AMOUNT, st.just("ML"), st.just("") | WORD),
    rendering_provider=st.none() | RENDERING,
    purchased_service_provider=st.just("LAB7"),
    purchased_service_charge=AMOUNT,
    purchased_service_from=st.none() | st.just(Provider(Party("2", "", "", "", "", "XX", "1245319599"))),
    ordering_provider=st.none()
    | st.builds(
        Provider,
        NPI_PERSON,
        address=st.none() | ADDRESS,
        contact=st.none() | st.just(Contact("JO", "6145550100")),
    ),
    transport=st.none() | TRANSPORT,
    attachments=ATTACHMENTS,
    certifications=st.sampled_from([(), (Certification("70", False, ("65",)),)]),
    equipment=st.none()
    | st.just(Equipment(Decimal(30), Decimal("10.00"), Decimal("90.00"), "4", "I", Decimal(3))),
    test_results=st.sampled_from([(), (Measurement("TR", "R2", Decimal("31.5")),)]),
    transported_patients=st.none() | st.just(2),
    obstetric_units=st.none() | st.just(Decimal(3)),
    therapy_began=OPTIONAL_DAY,
    hemoglobin_test=OPTIONAL_DAY,
    shipped=OPTIONAL_DAY,
    immunization_batch=st.just("") | WORD,
    referring_clia_number=st.just("") | WORD,
    postage=st.none() | AMOUNT,
    fixed_texts=FIXED,
    third_party_note=st.just("") | NAME,
    supervising_provider=st.none() | PROVIDER,
    referring_provider=st.none() | PROVIDER,
    adjudications=st.lists(ADJUDICATION, max_size=2).map(tuple),
)
SPANNED = st.builds(
    lambda line, days: (
        replace(line, service_date_end=line.service_date + timedelta(days=days)) if days else line
    ),
    LINE,
    st.integers(0, 20),
)
OTHER_PAYER = st.builds(
    OtherPayer,
    responsibility=st.sampled_from(["P", "S", "T"]),
    relationship=st.sampled_from(["18", "01", "19"]),
    payer_name=NAME,
    payer_id=WORD,
    subscriber=PERSON,
    filing_indicator=st.sampled_from(["CI", "MB"]),
    group_number=st.just("") | WORD,
    adjustments=ADJUSTMENTS,
    amount_paid=st.none() | AMOUNT,
    non_covered=st.none() | AMOUNT,
    subscriber_address=st.none() | ADDRESS,
    payer_address=st.none() | ADDRESS,
    paid_on=OPTIONAL_DAY,
    claim_control_number=st.just("") | WORD,
    prior_authorization=st.just("") | WORD,
    claim_adjusted=st.booleans(),
)
PATIENT = st.builds(
    Patient,
    party=PERSON.map(lambda party: replace(party, id_qualifier="", identifier="")),
    relationship=st.sampled_from(["01", "19", "G8"]),
    address=ADDRESS,
    birth_date=DAY,
    sex=st.sampled_from("FMU"),
    death_date=OPTIONAL_DAY,
    weight_pounds=st.none() | st.just(Decimal("7.5")),
    is_pregnant=st.booleans(),
)
DATES = st.builds(
    ClaimDates,
    last_menstrual_period=OPTIONAL_DAY,
    initial_treatment=OPTIONAL_DAY,
    last_seen=OPTIONAL_DAY,
    accident=OPTIONAL_DAY,
    disability_from=OPTIONAL_DAY,
    disability_to=OPTIONAL_DAY,
    admission=OPTIONAL_DAY,
    discharge=OPTIONAL_DAY,
)
CAUSES = st.builds(
    RelatedCauses,
    auto_accident=st.just(True),
    employment=st.booleans(),
    other_accident=st.booleans(),
    state=st.just("OH"),
) | st.just(RelatedCauses())


@st.composite
def documents(draw: st.DrawFn) -> ClaimDocument:
    base = cast.claim()
    facility = ServiceFacility(draw(NPI_PERSON), draw(ADDRESS), references=())
    patient = draw(st.none() | PATIENT)
    facts = {} if patient else {"death_date": draw(OPTIONAL_DAY), "is_pregnant": draw(st.booleans())}
    return replace(
        base,
        coverage=Coverage(
            draw(st.sampled_from("PST")),
            draw(st.just("") | WORD),
            "",
            "",
            draw(st.sampled_from(["CI", "BL"])),
        ),
        subscriber=Subscriber(
            draw(PERSON), draw(st.none() | ADDRESS), draw(DAY), draw(st.sampled_from("FMU")), **facts
        ),
        payer=Payer(draw(NAME), draw(WORD), address=draw(st.none() | ADDRESS)),
        patient=patient,
        control_number=draw(CODE),
        total_charge=draw(AMOUNT),
        frequency_code=draw(st.sampled_from("178")),
        place_of_service="11",
        diagnoses=tuple(draw(st.lists(st.sampled_from(["J020", "R509", "M545"]), min_size=1, max_size=12))),
        lines=tuple(draw(st.lists(SPANNED, min_size=1, max_size=3))),
        dates=draw(DATES),
        related_causes=draw(CAUSES),
        attachments=draw(ATTACHMENTS),
        transport=draw(st.none() | TRANSPORT),
        spinal_manipulation=draw(st.sampled_from([None, SpinalManipulation("A", "ACUTE PAIN")])),
        certifications=draw(st.sampled_from([(), (Certification("07", True, ("01", "04")),)])),
        fixed_texts=draw(FIXED),
        crossover_indicator=draw(st.sampled_from(["", "Y"])),
        mammography_number=draw(st.just("") | WORD),
        care_plan_oversight=draw(st.just("") | WORD),
        patient_amount_paid=draw(st.none() | AMOUNT),
        payer_claim_number=draw(st.just("") | WORD),
        prior_authorization=draw(st.just("") | WORD),
        note=draw(NOTE),
        condition_codes=tuple(draw(st.lists(st.sampled_from(["17", "67"]), max_size=2))),
        referring_provider=draw(st.none() | PROVIDER),
        rendering_provider=draw(st.none() | RENDERING),
        service_facility=draw(st.none() | st.just(facility)),
        supervising_provider=draw(st.none() | PROVIDER),
        other_payers=tuple(draw(st.lists(OTHER_PAYER, max_size=2))),
    )


def read_claims(data: bytes) -> ClaimTransaction:
    reading = read_file(data)
    assert not reading.findings, reading.findings
    document = reading.transactions[0].document
    assert isinstance(document, ClaimTransaction)
    return document


@settings(max_examples=120, deadline=None)
@given(documents())
def test_a_claim_reads_back_equal(document: ClaimDocument) -> None:
    read = read_claims(cast.claim_file(document))
    assert read.claims == (document,)
    assert read.reference == "BATCH1"
    assert thaw(ClaimDocument, freeze(document)) == document


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
