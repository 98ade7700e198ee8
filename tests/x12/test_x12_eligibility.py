"""270 written and read again, 271 read: people, traces, corrected names, benefits, rejects, other payers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from x12.documents.eligibility import Benefit, Eligibility, EligibilityPerson, RequestRejection
from x12.documents.parties import Party
from x12.documents.write_eligibility import VERSION_270, write_270, write_271
from x12.reading import read_file
from x12.writer import GroupText, InterchangeHeader, TransactionText, WriteError, write_interchange

AT = datetime(2026, 3, 9, 9, 30, tzinfo=UTC)
PAYER = Party("2", "AETNA", id_qualifier="PI", identifier="60054")
PROVIDER = Party("2", "ALDER GROUP", id_qualifier="XX", identifier="1234567893")
JANE = Party("1", "DOE", "JANE", id_qualifier="MI", identifier="W123")


def subscriber(trace: str = "T1", party: Party = JANE, **fields: object) -> EligibilityPerson:
    made = EligibilityPerson(
        "22", party=party, birth_date=date(1980, 5, 17), sex="F", traces=(trace,),
        dates=(("291", "20260310"),), inquiries=("30",),
    )  # fmt: skip
    return replace(made, **fields)  # type: ignore[arg-type]


def dependent(trace: str = "T2") -> tuple[EligibilityPerson, EligibilityPerson]:
    holder = EligibilityPerson("22", party=JANE)
    child = EligibilityPerson(
        "23", subscriber=JANE, party=Party("1", "DOE", "BABY"), birth_date=date(2024, 1, 1), traces=(trace,),
        relationship="19", dates=(("291", "20260310"),), inquiries=("30", "98"),
    )  # fmt: skip
    return holder, child


def asked(*people: EligibilityPerson) -> Eligibility:
    return Eligibility("270", "REF1", AT.date(), "0930", PAYER, PROVIDER, people)


def enclose(kind: str, code: str, lines: list[str]) -> bytes:
    text = TransactionText(kind, "0001", lines, VERSION_270)
    header = InterchangeHeader("CLINIC", "SANDBOX", 1, AT)
    return write_interchange(header, [GroupText(code, "CLINIC", "SANDBOX", 1, VERSION_270, [text])])


def again(document: Eligibility) -> Eligibility:
    write, code = (write_270, "HS") if document.kind == "270" else (write_271, "HB")
    reading = read_file(enclose(document.kind, code, write(document, "9123456789", AT)))
    assert not reading.findings
    found = reading.transactions[0].document
    assert isinstance(found, Eligibility)
    return found


def test_a_270_is_read_back_as_it_was_written() -> None:
    document = asked(subscriber(), *dependent(), subscriber("T3"))
    assert again(document) == document


def test_the_270_of_one_subscriber_segment_by_segment() -> None:
    assert write_270(asked(subscriber()), "9123456789", AT) == [
        "BHT*0022*13*REF1*20260309*0930",
        "HL*1**20*1",
        "NM1*PR*2*AETNA*****PI*60054",
        "HL*2*1*21*1",
        "NM1*1P*2*ALDER GROUP*****XX*1234567893",
        "HL*3*2*22*0",
        "TRN*1*T1*9123456789",
        "NM1*IL*1*DOE*JANE****MI*W123",
        "DMG*D8*19800517*F",
        "DTP*291*D8*20260310",
        "EQ*30",
    ]


NAMES = st.text("ABCDEFGHIJ '-", min_size=1, max_size=30).map(
    lambda text: f"A{text.strip()}".replace("  ", "")
)


@settings(max_examples=40)
@given(st.lists(st.tuples(NAMES, NAMES, st.sampled_from(["", "F", "M", "U"])), min_size=1, max_size=5))
def test_any_batch_is_read_back(names: list[tuple[str, str, str]]) -> None:
    people = [
        subscriber(f"T{place}", replace(JANE, last_name=" ".join(last.split()), first_name=" ".join(first.split())),
                   sex=sex)
        for place, (last, first, sex) in enumerate(names)
    ]  # fmt: skip
    assert again(asked(*people)) == asked(*people)


def test_a_271_tells_benefits_other_payers_and_rejects() -> None:
    rows = (
        Benefit("1", "IND", ("30",), plan_name="GOLD"),
        Benefit("A", "IND", ("30",), time_period="23", percent=Decimal("0.2")),
        Benefit("C", "IND", ("30",), time_period="29", amount=Decimal("30.00"), messages=("AS OF TODAY",)),
        Benefit(
            "R", "IND", ("30",), dates=(("290", "20260101"),),
            related=(Party("2", "CIGNA", id_qualifier="PI", identifier="62308"),), related_codes=("PR",),
        ),
    )  # fmt: skip
    rejected = subscriber("T9", inquiries=(), rejections=(RequestRejection("22", "N", "75", "C"),))
    told = subscriber("T1", inquiries=(), benefits=rows, dates=())
    found = again(replace(asked(told, rejected), kind="271"))
    seen = [replace(row, elements=(), segment=0) for row in found.people[0].benefits]
    assert seen == list(rows)
    assert [row.reason for row in found.people[1].rejections] == ["75"]
    assert found.people[1].traces == ("T9",)


def test_a_reject_of_the_whole_request_stands_above_the_people() -> None:
    found = again(replace(asked(), kind="271", rejections=(RequestRejection("20", "Y", "42", "R"),)))
    assert [(row.level, row.reason, row.follow_up) for row in found.rejections] == [("20", "42", "R")]
    assert found.reference == "REF1"


def test_a_company_number_of_another_length_is_a_programming_mistake() -> None:
    with pytest.raises(WriteError):
        write_270(asked(subscriber()), "91", AT)
