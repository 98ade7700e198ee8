"""SB20: a 270 in, its 999 and 271 out, by the member id; no bytes stop it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from clearinghouses.sandbox.answering import Answer
from tests.clearinghouses.batches import AT, answers_to, read
from tests.x12.test_x12_eligibility import JANE, asked, dependent, enclose, subscriber
from x12.documents.eligibility import Eligibility, EligibilityPerson
from x12.documents.functional_ack import FunctionalAck
from x12.documents.parties import Party
from x12.documents.write_eligibility import write_270


def ask(*people: EligibilityPerson, payer: str = "62308") -> list[Answer]:
    document = replace(asked(*people), payer=Party("2", "CIGNA", id_qualifier="PI", identifier=payer))
    return answers_to(enclose("270", "HS", write_270(document, "9123456789", AT)))


def member(member_id: str, trace: str = "T1") -> EligibilityPerson:
    return subscriber(trace, replace(JANE, identifier=member_id))


def told(answers: list[Answer]) -> list[Eligibility]:
    found = [t.document for reading in read(answers, "271") for t in reading.transactions]
    return [document for document in found if isinstance(document, Eligibility)]


def only(member_id: str) -> EligibilityPerson:
    found = told(ask(member(member_id)))
    assert len(found) == 1
    return found[0].people[0]


@pytest.mark.rule("SB20")
def test_an_accepted_270_is_acknowledged_and_answered_under_its_trace_and_reference() -> None:
    answers = ask(member("W1"))
    acks = [t.document for reading in read(answers, "999") for t in reading.transactions]
    assert isinstance(acks[0], FunctionalAck)
    assert (acks[0].functional_code, acks[0].status) == ("HS", "A")
    found = told(answers)[0]
    assert (found.reference, found.people[0].traces) == ("REF1", ("T1",))


@pytest.mark.rule("SB20")
@pytest.mark.parametrize(
    ("member_id", "rows"),
    [
        ("W1", ["1", "A", "C", "C", "G", "G"]),
        ("COPAY25-1", ["1", "B", "G", "G"]),
        ("INACTIVE1", ["6"]),
        ("LIMITED1", ["1", "A", "C", "C", "G", "G", "F", "F"]),
        ("OTHERINS1", ["1", "A", "C", "C", "G", "G", "R"]),
    ],
)
def test_what_a_payer_says(member_id: str, rows: list[str]) -> None:
    assert [row.information for row in only(member_id).benefits] == rows


@pytest.mark.rule("SB20")
def test_what_is_left_of_the_deductible() -> None:
    def left(member_id: str) -> Decimal | None:
        return next(
            row.amount
            for row in only(member_id).benefits
            if (row.information, row.time_period) == ("C", "29")
        )

    assert (left("W1"), left("DEDUCT1")) == (Decimal("30.00"), Decimal("500.00"))


@pytest.mark.rule("SB20")
@pytest.mark.parametrize(
    ("member_id", "reason"), [("NOTFOUND1", "75"), ("BADDOB1", "71"), ("WRONGID1", "72")]
)
def test_rejects(member_id: str, reason: str) -> None:
    person = only(member_id)
    assert ([row.reason for row in person.rejections], person.benefits) == ([reason], ())


@pytest.mark.rule("SB20")
def test_a_payer_that_is_down_rejects_everybody_and_a_silent_one_nobody() -> None:
    found = told(ask(member("W1"), member("PAYERDOWN1", "T2")))[0]
    assert ([row.reason for row in found.rejections], found.people) == (["42"], ())
    answers = ask(member("SILENT1"), member("W2", "T2"))
    assert [person.traces for person in told(answers)[0].people] == [("T2",)]
    assert told(ask(member("SILENT1"))) == []


@pytest.mark.rule("SB20")
def test_corrected_names_dependents_and_repeats() -> None:
    party = only("RENAMED1").party
    assert party is not None
    assert (party.last_name, party.identifier) == ("DOE-SMITH", "CRENAMED1")
    people = told(ask(*dependent()))[0].people
    assert [person.level for person in people] == ["22", "23"]
    assert people[1].benefits
    names = [item.name.split("_", 1)[0] for item in ask(member("DUPFILE1")) if item.name.endswith(".271")]
    assert len(names) == 3


@pytest.mark.rule("SB20")
def test_a_270_that_asks_nothing_is_refused_in_the_999() -> None:
    answers = ask(subscriber(inquiries=()))
    acks = [t.document for reading in read(answers, "999") for t in reading.transactions]
    assert isinstance(acks[0], FunctionalAck)
    assert acks[0].status == "R"
    assert told(answers) == []
