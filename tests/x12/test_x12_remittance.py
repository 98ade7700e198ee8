"""835: round trip, the worked examples, exact balancing, and amounts nobody can read."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from datetime import date
from decimal import Decimal

import pytest
import x12_cast as cast
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.frozen import freeze, thaw
from lib.sealing import quick_maker
from x12.documents import read_835
from x12.documents.open_claim import OpenClaim, OpenLine
from x12.documents.parties import (
    Address,
    Adjustment,
    Contact,
    OutpatientRemarks,
    Party,
    QualifiedAmount,
    QualifiedQuantity,
    Reference,
)
from x12.documents.remittance import (
    BankAccount,
    ClaimPayment,
    Procedure,
    ProviderAdjustment,
    Remittance,
    RemittanceParty,
    ServicePayment,
    claim_balances,
    claim_differences,
    line_difference,
    remittance_balances,
    remittance_difference,
)
from x12.documents.write_835 import write_835
from x12.reading import FileReading, read_file

WORD = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=2, max_size=12)
NAME = st.lists(WORD, min_size=1, max_size=3).map(" ".join)
CODE = st.text("ABCDEFGHJKLMNPQRSTVWXYZ23456789", min_size=1, max_size=20)
AMOUNT = (
    st.integers(0, 999_999).map(lambda cents: Decimal(cents) / 100).map(lambda d: d.quantize(Decimal("0.01")))
)
SIGNED = st.integers(-99_999, 99_999).map(lambda cents: (Decimal(cents) / 100).quantize(Decimal("0.01")))
DAY = st.dates(date(1990, 1, 1), date(2030, 12, 31))
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
PROCEDURE = st.builds(
    Procedure,
    st.sampled_from(["99213", "87880"]),
    st.sampled_from([(), ("25",), ("25", "59")]),
    st.just("HC"),
)
LINE = st.builds(
    ServicePayment,
    procedure=PROCEDURE,
    charge=SIGNED,
    paid=SIGNED,
    units=st.none() | st.integers(-3, 9).map(Decimal),
    submitted=st.none() | PROCEDURE,
    service_date=st.just(date(2025, 12, 20)),
    service_date_end=st.none() | st.just(date(2025, 12, 22)),
    adjustments=ADJUSTMENTS,
    line_id=st.just("") | CODE,
    allowed=st.none() | AMOUNT,
    remarks=st.lists(st.sampled_from(["N19", "MA130"]), max_size=2).map(tuple),
    references=st.lists(st.builds(Reference, st.just("LU"), WORD), max_size=1).map(tuple),
    amounts=st.lists(st.builds(QualifiedAmount, st.just("KH"), AMOUNT), max_size=1).map(tuple),
    quantities=st.lists(
        st.builds(QualifiedQuantity, st.just("ZK"), st.integers(1, 9).map(Decimal)), max_size=1
    ).map(tuple),
)
CARRIER = st.builds(lambda name: Party("2", name, "", "", "", "PI", "36273"), NAME)
CLAIM = st.builds(
    ClaimPayment,
    control_number=CODE,
    status_code=st.sampled_from(["1", "2", "4", "19", "22"]),
    charge=SIGNED,
    paid=SIGNED,
    patient_responsibility=st.none() | AMOUNT,
    filing_indicator=st.sampled_from(["12", "MB"]),
    payer_control_number=WORD,
    place_of_service=st.sampled_from(["", "11"]),
    frequency_code=st.sampled_from(["", "1"]),
    adjustments=ADJUSTMENTS,
    patient=PERSON,
    insured=st.none() | PERSON,
    corrected_insured=st.none() | PERSON,
    crossover_carrier=st.none() | CARRIER,
    outpatient=st.none()
    | st.builds(
        OutpatientRemarks, remarks=st.sampled_from([("MA01",), ("MA01", "MA18")]), payable_amount=AMOUNT
    ),
    references=st.lists(st.builds(Reference, st.sampled_from(["F8", "EA"]), WORD), max_size=2).map(tuple),
    service_date=st.none() | DAY,
    service_date_end=st.none() | DAY,
    received_on=st.none() | DAY,
    contacts=st.just(()) | st.just((Contact("HELP", "8005550100", function="CX"),)),
    amounts=st.lists(st.builds(QualifiedAmount, st.sampled_from(["I", "AU"]), AMOUNT), max_size=2).map(tuple),
    lines=st.lists(LINE, max_size=3).map(tuple),
)
PARTY = st.builds(
    RemittanceParty,
    name=NAME,
    id_qualifier=st.just("XX"),
    identifier=st.just("1234567893"),
    address=st.none() | ADDRESS,
    references=st.just((Reference("TJ", "311234567"),)),
)
ACCOUNT = st.none() | st.just(BankAccount("01", "999999992", "DA", "88888"))
REMITTANCE = st.builds(
    Remittance,
    trace_number=WORD,
    payer_identifier=st.just("1512345678"),
    amount=AMOUNT,
    method=st.sampled_from(["ACH", "CHK", "NON"]),
    effective_date=DAY,
    handling_code=st.sampled_from("IH"),
    payment_format=st.sampled_from(["", "CCP"]),
    payer_account=ACCOUNT,
    originating_company=st.just("1512345678"),
    payee_account=ACCOUNT,
    currency=st.sampled_from(["", "USD", "CAD"]),
    receiver_id=st.just("") | WORD,
    production_date=st.none() | DAY,
    payer=st.builds(
        RemittanceParty,
        name=NAME,
        address=st.none() | ADDRESS,
        references=st.just((Reference("2U", "PAY01"),)),
        contacts=st.just((Contact("EDI", "8005550100", function="BL"),)),
    ),
    payee=PARTY,
    claims=st.lists(CLAIM, max_size=3).map(tuple),
    provider_adjustments=st.lists(
        st.builds(
            ProviderAdjustment,
            st.just("1234567893"),
            st.just(date(2026, 12, 31)),
            st.sampled_from(["WO", "FB", "L6"]),
            st.just("") | WORD,
            SIGNED,
        ),
        max_size=8,
    ).map(tuple),
)


def file_of(remittance: Remittance) -> bytes:
    return cast.interchange("835", write_835(remittance), "HP", "005010X221A1")


def read_one(data: bytes) -> Remittance:
    document = read_file(data).transactions[0].document
    assert isinstance(document, Remittance)
    return document


@settings(max_examples=120, deadline=None)
@given(REMITTANCE)
def test_a_remittance_reads_back_equal(remittance: Remittance) -> None:
    assert read_one(file_of(remittance)) == remittance
    assert thaw(Remittance, freeze(remittance)) == remittance


def example(name: str) -> Remittance:
    path = cast.EXAMPLES / name
    if not path.exists():
        pytest.skip(f"the worked example {name} is not here")
    reading = read_file(path.read_bytes())
    assert reading.findings == []
    document = reading.transactions[0].document
    assert isinstance(document, Remittance)
    assert remittance_balances(document)
    return document


def test_example_primary_paid() -> None:
    remittance = example("835_1_primary_paid.edi")
    claim = remittance.claims[0]
    first = claim.lines[0]
    assert (remittance.trace_number, remittance.amount, remittance.payee.tax_id) == (
        "EFT0001",
        Decimal("54.00"),
        "311234567",
    )
    assert (claim.patient_responsibility, claim.payer_control_number) == (Decimal("46.00"), "ICN900")
    assert [(a.group, a.reason, str(a.amount)) for a in first.adjustments] == [
        ("CO", "45", "26.00"),
        ("PR", "1", "20.00"),
        ("PR", "3", "10.00"),
        ("PR", "2", "6.00"),
    ]
    assert (first.line_id, first.allowed, first.adjustments[1].quantity) == ("A100-1", Decimal("74.00"), None)


def test_example_reversal_correction_and_forward_balance() -> None:
    remittance = example("835_2_reversal_correction_forward_balance.edi")
    reversal, correction = remittance.claims
    assert reversal.is_reversal and not correction.is_reversal
    assert correction.lines[1].remarks == ("N19",)
    assert [(p.code, p.reference, str(p.amount)) for p in remittance.provider_adjustments] == [
        ("FB", "NP0002", "-24.00")
    ]


def test_example_four_provider_adjustments() -> None:
    remittance = example("835_3_forward_balance_applied_interest.edi")
    assert [p.code for p in remittance.provider_adjustments] == ["FB", "L6", "WO", "72"]
    assert remittance.claims[0].amounts == (QualifiedAmount("I", Decimal("1.50")),)


def test_example_crossover() -> None:
    claim = example("835_4_medicare_crossover.edi").claims[0]
    assert claim.is_crossover and claim.remarks == ("MA01", "MA18")
    assert claim.crossover_carrier is not None and claim.crossover_carrier.identifier == "36273"


def small(**changes: object) -> Remittance:
    line = ServicePayment(Procedure("99213"), Decimal("100.00"), Decimal("80.00"))
    adjusted = ServicePayment(
        Procedure("99213"),
        line.charge,
        line.paid,
        adjustments=(cast.Adjustment("CO", "45", Decimal("20.00")),),
    )
    values: dict[str, object] = {
        "trace_number": "T1",
        "payer_identifier": "1512345678",
        "amount": Decimal("80.00"),
        "method": "CHK",
        "effective_date": date(2026, 1, 15),
        "payer": RemittanceParty("PAYER"),
        "payee": RemittanceParty("CLINIC", "XX", "1234567893"),
        "claims": (
            ClaimPayment(
                "C1",
                "1",
                Decimal("100.00"),
                Decimal("80.00"),
                None,
                "12",
                "ICN1",
                lines=(adjusted,),
                patient=Party("1", "DOE", "JOHN"),
            ),
        ),
    }
    return Remittance(**{**values, **changes})  # type: ignore[arg-type]


def test_differences_are_exact() -> None:
    remittance = small()
    assert remittance_balances(remittance)
    assert remittance_difference(small(amount=Decimal("80.01"))) == Decimal("0.01")
    line = ServicePayment(Procedure("99213"), Decimal("100.00"), Decimal("80.00"))
    assert line_difference(line) == Decimal("20.00")
    claim = ClaimPayment("C1", "1", Decimal("110.00"), Decimal("80.00"), lines=(line,))
    assert claim_differences(claim) == {
        "charge_less_adjustments": Decimal("30.00"),
        "line_charges": Decimal("10.00"),
        "line_1": Decimal("20.00"),
    }


@pytest.mark.parametrize("bad", ["NaN", "1e400", "80.001", "1,000.00", "Infinity", "0x10", "٨٠", "--1", "."])
def test_an_unreadable_amount_is_a_finding_and_never_balances(bad: str) -> None:
    data = file_of(small()).decode().replace("CLP*C1*1*100*80", f"CLP*C1*1*100*{bad}").encode()
    reading = read_file(data)
    remittance = reading.transactions[0].document
    assert isinstance(remittance, Remittance)
    assert "bad_amount" in {finding.code for finding in reading.findings}
    assert not remittance.claims[0].amounts_readable
    assert not claim_balances(remittance.claims[0]) and not remittance_balances(remittance)


def test_an_imbalance_is_an_error_with_its_difference() -> None:
    reading = read_file(file_of(small(amount=Decimal("79.99"))))
    assert [(f.code, f.severity) for f in reading.findings] == [("remittance_unbalanced", "error")]
    assert "-0.01" in reading.findings[0].message


def test_a_claim_tells_where_it_stood() -> None:
    assert read_one(file_of(small())).claims[0].segment == 9


CENTS = st.sampled_from([Decimal("0.00"), Decimal("10.00"), Decimal("-10.00"), Decimal("20.00")])
PARTS = st.lists(st.builds(Adjustment, st.just("CO"), st.just("45"), CENTS), max_size=2).map(tuple)
SERVICE = st.builds(ServicePayment, st.just(Procedure("99213")), CENTS, CENTS, adjustments=PARTS)


@settings(max_examples=200, deadline=None)
@given(charge=CENTS, paid=CENTS, adjustments=PARTS, lines=st.lists(SERVICE, max_size=2).map(tuple))
def test_a_claim_balances_when_no_equation_is_off(
    charge: Decimal, paid: Decimal, adjustments: tuple[Adjustment, ...], lines: tuple[ServicePayment, ...]
) -> None:
    claim = ClaimPayment("K", "1", charge, paid, adjustments=adjustments, lines=lines)
    assert claim_balances(claim) == (not claim_differences(claim))


ISA = b"ISA*00*          *00*          *ZZ*PAYER          *ZZ*CLINIC         *260316*1200*^*00501*000000001*0*P*:~"


def told_by(reading: FileReading) -> tuple[object, ...]:
    """What a reading says: segments, documents and findings."""
    return reading.segments, [each.document for each in reading.transactions], list(reading.findings)


def segments_of(remittance: Remittance) -> list[int]:
    """Where its claims and lines stand; the documents' equality does not ask."""
    return [each.segment for claim in remittance.claims for each in (claim, *claim.lines)]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_file_reads_the_same_from_memory_piece_by_piece_and_claim_by_claim(data: st.DataObject) -> None:
    """Texts that repeat, in claims and before them, damaged or not: memory and giving claims away change nothing."""
    pieces = [
        "CLP*K1*1*100*60*15*12*ICN1*11*1", "CLP* K2 *22*-1.005*x", "NM1*QC*1*DOE*JANE****MI* W1", "NM1*82*2*CLINIC",
        "SVC*HC:99213:25* 150 *85.5**2", "SVC*HC:1*x*1", "SVC*HC:1**1", "SVC*HC:1*1*1**1*HC:2*3", "SVC*HC:1*1*1**x",
        "CAS*CO*45*25", "CAS*PR*3*15**2*7.50", "CAS*PR*3", "CAS*PR**x", "DTM*472*20260301", "DTM*232*20269999",
        "DTM*405*20260301", "REF*6R*7", "REF*6R", "REF*F8*OLD*W", "AMT*B6*75", "AMT*B6*x", "AMT*AU*5", "QTY*ZK*x",
        "LQ*HE*N130", "MOA***MA07*x", "MIA*****MA18", "PER*BL*HELP*TE*8005550100", "N1*PR*AETNA", "LX*1", "TS3*1",
        "ZZZ*1", "PLB*1*20261231*WO:A*5*72*x", "BPR*I*60*C*ACH", "TRN*1*T1*1", "SE*9*0001", "ST*835*0002",
    ]  # fmt: skip
    body = data.draw(st.lists(st.sampled_from(pieces), min_size=5, max_size=60))
    head = b"GS*HP*AA*BB*20260115*0930*1*X*005010X221A1~ST*835*0001~BPR*I*60*C*ACH~TRN*1*T*1~"
    content = ISA + head + "~".join([*body, *body]).encode() + b"~SE*1*0001~GE*1*1~IEA*1*000000001~"
    given_away: list[ClaimPayment] = []
    known = read_file(content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(read_835, "MOST_REMEMBERED", 1)
        plain = read_file(content)
    streamed = read_file(content, give=given_away.append)
    assert told_by(known) == told_by(plain)
    documents = [each.document for each in known.transactions]
    assert [
        claim for each in documents if isinstance(each, Remittance) for claim in each.claims
    ] == given_away
    assert list(streamed.findings) == list(known.findings) and streamed.segments == known.segments
    for one, other in zip(documents, [each.document for each in plain.transactions], strict=True):
        assert isinstance(one, Remittance) and isinstance(other, Remittance)
        assert segments_of(one) == segments_of(other)


def test_a_claim_that_was_read_is_frozen_like_one_that_was_made() -> None:
    assert (OpenClaim.__slots__, OpenLine.__slots__) == (ClaimPayment.__slots__, ServicePayment.__slots__)
    made = OpenLine(7, Procedure("1"), Decimal(1), Decimal(1), None, "", None, None)
    line = OpenClaim("K", "1", Decimal(1), Decimal(1), None, "", "", "", "", 6).seal([made]).lines[0]
    assert line == ServicePayment(Procedure("1"), Decimal(1), Decimal(1)) and line.segment == 7
    with pytest.raises(FrozenInstanceError):
        line.paid = Decimal(2)  # type: ignore[misc]
    party = quick_maker(Party)("1", "DOE", "", "", "", "MI", "W1")
    assert party == Party("1", "DOE", id_qualifier="MI", identifier="W1") and hash(party)
    with pytest.raises(FrozenInstanceError):
        party.last_name = "ROE"  # type: ignore[misc]
