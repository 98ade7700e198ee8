"""A biller's rules as data: three-valued, fail-closed, never a crash; and how values are typed. No database."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claims.payer_rules import FIELDS, Condition, PayerRule, evaluate, read_conditions, say, show_value
from claims.rule_tests import TESTS, Facts, code_fits, read_value
from tests.x12 import x12_cast as cast

pytestmark = pytest.mark.rule("B5.rules")
BASE = cast.claim()
CLAIM = replace(BASE, lines=(replace(BASE.lines[0], procedure="98941", modifiers=()),))
FACTS = Facts(CLAIM, "aetna", "ppo", 1, "1", date(2026, 3, 9))
NO_AGE = replace(FACTS, document=replace(CLAIM, subscriber=replace(CLAIM.subscriber, birth_date=None)))
AGED = Condition("age_from", "18")
IS_CODE, IS_NO_CODE = Condition("code_in", ["98941"]), Condition("code_in", ["11111"])


def rule(*conditions: Condition, **fields: Any) -> PayerRule:
    return replace(PayerRule(7, "Try", "warning", "Mend it.", conditions=conditions), **fields)


@pytest.mark.parametrize(
    ("facts", "conditions", "codes"),
    [
        (FACTS, [IS_CODE, AGED], ["RULE-7"]),
        (FACTS, [IS_NO_CODE, AGED], []),
        (NO_AGE, [IS_NO_CODE, AGED], []),
        (NO_AGE, [IS_CODE, AGED], ["RULE-7-NOT-TRIED"]),
        (NO_AGE, [AGED], ["RULE-7-NOT-TRIED"]),
        (FACTS, [Condition("unheard_of", "x")], ["RULE-7-NOT-TRIED"]),
        (FACTS, [IS_NO_CODE, Condition("unheard_of", "x")], []),
        (FACTS, [Condition("units_above", "no number")], ["RULE-7-NOT-TRIED"]),
        (FACTS, [Condition("units_above", None)], ["RULE-7-NOT-TRIED"]),
    ],
)
def test_the_table_of_the_docs(facts: Facts, conditions: list[Condition], codes: list[str]) -> None:
    found = evaluate(rule(*conditions), facts)
    assert sorted({item.code for item in found}) == codes
    for item in found:
        assert item.severity == ("error" if item.code.endswith("NOT-TRIED") else "warning")


def test_conditions_of_a_service_hold_on_one_line() -> None:
    """99213 with 25 and 98941 without: no line is both 98941 and has 25."""
    first = replace(CLAIM.lines[0], procedure="98941", modifiers=())
    second = replace(CLAIM.lines[0], line_id="L2", procedure="99213", modifiers=("25",))
    facts = replace(FACTS, document=replace(CLAIM, lines=(first, second)))
    with_25 = Condition("modifier_any", ["25"])
    assert evaluate(rule(IS_CODE, with_25), facts) == []
    assert [f.where for f in evaluate(rule(Condition("code_in", ["992*"]), with_25), facts)] == [
        "lines.1.modifiers"
    ]
    beside = rule(Condition("code_in", ["99213"]), Condition("also_code", ["98940-98942"]))
    assert [f.where for f in evaluate(beside, facts)] == ["lines.1.modifiers"]


def test_scope_of_payer_plan_and_days() -> None:
    always = rule(IS_CODE)
    day = CLAIM.lines[0].service_date
    for fields, speaks in (
        ({"payers": frozenset({"aetna"})}, True),
        ({"payers": frozenset({"other"})}, False),
        ({"plans": frozenset({"ppo"})}, True),
        ({"plans": frozenset({"hmo"})}, False),
        ({"starts_on": day, "ends_on": day}, True),
        ({"starts_on": date(2027, 1, 1)}, False),
        ({"ends_on": date(2020, 1, 1)}, False),
    ):
        assert bool(evaluate(replace(always, **fields), FACTS)) is speaks, fields
    assert evaluate(rule(starts_on=date(2027, 1, 1)), FACTS) == []


def test_a_rule_leads_to_its_field() -> None:
    assert evaluate(rule(IS_CODE, field="lines.N.pointers"), FACTS)[0].where == "lines.0.pointers"
    assert evaluate(rule(AGED, field="prior_authorization"), FACTS)[0].where == "prior_authorization"
    assert "" in FIELDS


VALUES: dict[str, Any] = {
    "none": [""], "codes": [["98941"], ["9894*", "99202-99215"], ["11111"]], "words": [["11"], ["111N"], ["02", "10"]],
    "diagnoses": [["M54"], ["Z"]], "modifiers": [["25"], ["AT", "GA"]], "number": ["0", "1", "2.5"],
    "money": ["0.00", "99.99", "100000"], "days": ["0", "18", "65"],
}  # fmt: skip


@st.composite
def conditions(draw: st.DrawFn) -> Condition:
    name = draw(st.sampled_from([*TESTS, "unheard_of"]))
    if name not in TESTS:
        return Condition(name, "x")
    test = TESTS[name]
    junk = st.one_of(st.none(), st.text(max_size=5), st.integers(), st.lists(st.text(max_size=3), max_size=2))
    good = st.sampled_from([key for key, _ in test.choices] if test.choices else VALUES[test.kind])
    return Condition(name, draw(st.one_of(good, good, junk)))


@st.composite
def claims(draw: st.DrawFn) -> Facts:
    line = CLAIM.lines[0]
    lines = tuple(
        replace(
            line,
            line_id=f"L{place}",
            procedure=draw(st.sampled_from(["98941", "99213", "97110"])),
            modifiers=draw(st.sampled_from([(), ("25",), ("AT", "GA")])),
            units=Decimal(draw(st.integers(1, 3))),
            pointers=draw(st.sampled_from([(1,), (1, 9)])),
        )
        for place in range(draw(st.integers(0, 3)))
    )
    person = replace(
        CLAIM.subscriber,
        birth_date=draw(st.sampled_from([None, date(1980, 1, 1), date(2020, 1, 1)])),
        sex=draw(st.sampled_from(["", "F", "M"])),
    )
    document = replace(
        CLAIM, lines=lines, subscriber=person, diagnoses=draw(st.sampled_from([(), ("M545",)]))
    )
    return replace(FACTS, document=document)


def verdict(found: list[Any]) -> set[str]:
    return {"unknown" if item.code.endswith("NOT-TRIED") else "speaks" for item in found}


@settings(max_examples=120, deadline=None)
@given(st.lists(conditions(), min_size=1, max_size=4), conditions(), claims())
def test_more_conditions_only_narrow_and_nothing_crashes(
    some: list[Condition], one_more: Condition, facts: Facts
) -> None:
    """Adding a condition never makes a silent rule speak; the order of conditions does not matter."""
    before, after = evaluate(rule(*some), facts), evaluate(rule(*some, one_more), facts)
    if TESTS.get(one_more.test) is None or not TESTS[one_more.test].of_line:
        if not before:
            assert not after
    elif not before:
        assert not after
    turned = evaluate(rule(*reversed(some)), facts)
    assert verdict(turned) == verdict(before)
    assert len(turned) == len(before)
    for item in after:
        assert item.severity == "error" or item.code == "RULE-7"


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(sorted(TESTS)), st.text(max_size=30))
def test_what_is_typed_is_refused_in_words_or_evaluates(name: str, typed: str) -> None:
    found, wrong = read_conditions([(name, typed)])
    assert bool(found) != bool(wrong)
    for one in found:
        test = TESTS[name]
        assert (
            read_value(test, show_value(test, one.value) if test.kind != "choice" else one.value) == one.value
        )
        assert say([one])
        evaluate(rule(one), FACTS)


def test_codes_by_range_and_beginning() -> None:
    assert code_fits("99213", ["99202-99215"])
    assert not code_fits("99216", ["99202-99215"])
    assert code_fits("G0283", ["G02*"])
    assert not code_fits("9921", ["99202-99215"])
    for typed in ("", "99202-", "992021", "*", "abc def"):
        with pytest.raises(ValueError, match=r"."):
            read_value(TESTS["code_in"], typed) if typed != "abc def" else read_value(
                TESTS["units_above"], typed
            )
    assert read_value(TESTS["code_in"], "97110; 97112,97140") == ["97110", "97112", "97140"]
