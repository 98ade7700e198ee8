"""Days, ages, frozen copies and questions between rooms."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError, dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.dates import age_on, format_d8, local_day, parse_d8, parse_day
from lib.frozen import freeze, freeze_told, maker, thaw
from lib.questions import Announcement, Question, Unanswered
from x12.documents.parties import Adjustment, Party
from x12.documents.remittance import ClaimPayment, Procedure, ServicePayment


@given(st.dates())
def test_a_day_as_edi_writes_it_reads_back(day: date) -> None:
    assert parse_d8(format_d8(day)) == day


def test_what_is_no_day_is_none() -> None:
    for text in ("", "20260230", "2026-02-0", "2026021", "202602011", "२०२६०२०१", "00000101"):
        assert parse_d8(text) is None, text


def test_a_day_of_a_form_is_read_or_is_none() -> None:
    assert parse_day("2026-03-09") == date(2026, 3, 9)
    for text in (
        "",
        "0000-00-00",
        "2026-02-30",
        "20260309",
        "2026-3-9",
        "2026-W10-1",
        "09/03/2026",
        "２０２６-03-09",
    ):
        assert parse_day(text) is None, text


def test_the_day_is_the_locations_own() -> None:
    moment = datetime(2026, 3, 10, 4, 30, tzinfo=UTC)
    assert local_day(moment, "America/Chicago") == date(2026, 3, 9)
    assert local_day(moment, "America/New_York") == date(2026, 3, 10)


def test_an_age_changes_on_the_birthday() -> None:
    born = date(2012, 2, 29)
    assert [age_on(born, day) for day in (date(2026, 2, 28), date(2026, 3, 1), date(2028, 2, 29))] == [
        13,
        14,
        16,
    ]


@dataclass(frozen=True)
class Line:
    amount: Decimal
    on: date
    code: str | None = None


@dataclass(frozen=True)
class Paper:
    lines: tuple[Line, ...]
    totals: dict[str, Decimal]


@given(
    st.lists(
        st.tuples(st.decimals(-999, 999, places=2), st.dates(), st.none() | st.text(max_size=5)), max_size=4
    )
)
def test_a_frozen_copy_thaws_equal(rows: list[tuple[Decimal, date, str | None]]) -> None:
    paper = Paper(tuple(Line(*row) for row in rows), {str(n): row[0] for n, row in enumerate(rows)})
    assert thaw(Paper, freeze(paper)) == paper


def test_what_stands_at_its_default_need_not_be_kept() -> None:
    said = ClaimPayment(
        "A1", "1", Decimal("10.00"), Decimal("0.00"), patient_responsibility=Decimal("0.00"),
        patient=Party("1", "ROE", identifier="W1"), service_date=date(2026, 3, 9), amounts_readable=False,
        lines=(ServicePayment(Procedure("97110", ("59",)), Decimal("10.00"), Decimal("0.00"),
                              adjustments=(Adjustment("CO", "45", Decimal("10.00")),)),),
    )  # fmt: skip
    kept = freeze_told(said)
    assert thaw(ClaimPayment, kept) == thaw(ClaimPayment, freeze(said)) == said
    assert kept["lines"] == [
        {
            "procedure": {"code": "97110", "modifiers": ["59"]}, "charge": "10.00", "paid": "0.00",
            "adjustments": [{"group": "CO", "reason": "45", "amount": "10.00"}],
        }
    ]  # fmt: skip
    assert "insured" not in kept and kept["patient_responsibility"] == "0.00"  # told, and it was nothing


def test_an_object_made_fast_is_the_classs_own() -> None:
    given: dict[str, Any] = {
        "procedure": Procedure("97140"),
        "charge": Decimal("85.00"),
        "paid": Decimal("0.00"),
    }
    made, plain = maker(ServicePayment)(**given), ServicePayment(**given)
    assert type(made) is ServicePayment
    assert (made, hash(made), repr(made)) == (plain, hash(plain), repr(plain))
    assert pickle.loads(pickle.dumps(made)) == replace(made, units=None) == plain
    with pytest.raises(FrozenInstanceError):
        made.units = Decimal(2)  # type: ignore[misc]
    assert maker(Line)(Decimal("1.00"), date(2026, 1, 2)) == Line(Decimal("1.00"), date(2026, 1, 2))


def test_a_copy_of_an_older_or_newer_release_is_read() -> None:
    kept = freeze(Party("1", "DOE", "JANE"))
    del kept["suffix"]
    assert thaw(Party, kept | {"of_a_later_release": 1}) == Party("1", "DOE", "JANE")


def test_a_question_nobody_answers_refuses() -> None:
    question: Question[int] = Question("tests.how_many")
    with pytest.raises(Unanswered):
        question.ask()
    question.answered_by(lambda: 3)
    assert question.ask() == 3
    with pytest.raises(AssertionError):
        question.answered_by(lambda: 4)


def test_an_announcement_reaches_each_follower_once() -> None:
    heard: list[str] = []
    news: Announcement[str] = Announcement("tests.news")
    assert not news.is_answered
    for _ in range(2):
        news.followed_by(heard.append)
    news.tell("closed")
    assert heard == ["closed"]
