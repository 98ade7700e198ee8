"""Which modifiers a charge carries (docs/fees.md, B17.6)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.modifiers import (
    AgeBand,
    EarlierLine,
    ModifierKeys,
    ModifierRule,
    SameDayRule,
    choose_rule,
    overlapping_rules,
    same_day_modifiers,
)
from billing.pricing import price
from tests.billing.pricing_cases import NO_SHOW, case

pytestmark = pytest.mark.rule("B17.6")

WORKED = [
    ModifierRule(("95",), service="90837"),
    ModifierRule(("GT",), service="90837", payer="Aetna"),
    ModifierRule(("HO",), service="90837", clinician="Dr B"),
]


@pytest.mark.parametrize(
    ("payer", "clinician", "modifier"),
    [
        ("Aetna", "Dr A", "GT"),
        ("Cigna", "Dr B", "HO"),
        ("Aetna", "Dr B", "GT"),
        ("Cigna", "Dr A", "95"),
        (None, None, "95"),
    ],
)
@pytest.mark.parametrize("order", [1, -1])
def test_the_least_generic_rule(payer: str | None, clinician: str | None, modifier: str, order: int) -> None:
    keys = ModifierKeys(service="90837", payer=payer, clinician=clinician)
    chosen = choose_rule(keys, WORKED[::order])
    assert chosen is not None
    assert chosen.modifiers == (modifier,)


def test_no_rule_fits() -> None:
    assert choose_rule(ModifierKeys(service="99213"), WORKED) is None


KEYS = {
    "service": "S",
    "payer": "P",
    "clinician": "C",
    "credential": "R",
    "program": "G",
    "pos": "11",
    "age": AgeBand(0, 17),
}


@pytest.mark.parametrize(("stronger", "weaker"), list(zip(list(KEYS), list(KEYS)[1:], strict=False)))
def test_equal_count_the_earlier_key_wins(stronger: str, weaker: str) -> None:
    visit = ModifierKeys("S", "P", "C", "R", "G", "11", 9)
    rules = [
        ModifierRule(("W1",), **{weaker: KEYS[weaker]}),
        ModifierRule(("S1",), **{stronger: KEYS[stronger]}),
    ]
    chosen = choose_rule(visit, rules)
    assert chosen is not None
    assert chosen.modifiers == ("S1",)


@pytest.mark.parametrize(
    ("band", "age", "holds"),
    [
        (AgeBand(0, 17), 17, True),
        (AgeBand(0, 17), 18, False),
        (AgeBand(65, None), 65, True),
        (AgeBand(None, 5), 6, False),
        (AgeBand(), 40, True),
        (AgeBand(), None, False),
    ],
)
def test_age_band(band: AgeBand, age: int | None, holds: bool) -> None:
    assert band.holds(age) is holds


@pytest.mark.parametrize(
    ("rules", "where"),
    [
        ([ModifierRule(("95",)), ModifierRule(("GT",))], ["modifier_rules[1]"]),
        ([ModifierRule(("95",), service="A"), ModifierRule(("GT",), service="B")], []),
        ([ModifierRule(("95",), service="A"), ModifierRule(("GT",), payer="A")], []),
        (
            [ModifierRule(("95",), age=AgeBand(0, 17)), ModifierRule(("GT",), age=AgeBand(17, 20))],
            ["modifier_rules[1]"],
        ),
        ([ModifierRule(("95",), age=AgeBand(0, 17)), ModifierRule(("GT",), age=AgeBand(18, None))], []),
        (
            [ModifierRule(("95",), age=AgeBand(5, None)), ModifierRule(("GT",), age=AgeBand(80, None))],
            ["modifier_rules[1]"],
        ),
        ([ModifierRule(("95",)), ModifierRule(("GT",), age=AgeBand(0, 17))], []),
    ],
)
def test_rules_nothing_could_choose_between_are_refused(rules: list[ModifierRule], where: list[str]) -> None:
    assert [finding.where for finding in overlapping_rules(rules)] == where


def modifiers_of(**changes: Any) -> tuple[str, ...]:
    return price(case(**changes)).modifiers


def test_manual_first_and_each_once() -> None:
    rules = [{"modifiers": ["95", "59", "GT"]}]
    assert modifiers_of(manual_modifiers=["59", "HO", "59"], modifier_rules=rules) == ("59", "HO", "95", "GT")


@pytest.mark.parametrize(
    "changes",
    [
        {"payer": None},
        {"payer__claim_format": "patient_statement"},
        {"service__bill_patient_directly": True},
        {"status": NO_SHOW},
        {"override_price": "5.00"},
    ],
)
def test_modifiers_whoever_pays_and_whatever_the_status(changes: dict[str, Any]) -> None:
    assert modifiers_of(**changes) == ("95",)


def test_more_than_four_is_a_finding_and_stays_priced() -> None:
    result = price(case(manual_modifiers=["25", "59", "76", "GT"]))
    assert result.modifiers == ("25", "59", "76", "GT", "95")
    assert [finding.code for finding in result.findings] == ["too_many_modifiers"]
    assert (result.problems, str(result.charge)) == ((), "97.50")


@pytest.mark.parametrize(
    ("change", "changes", "fee", "charge"),
    [
        ({"amount": "-30.00"}, {}, "100.00", "75.00"),
        ({"amount": "5.00"}, {}, "135.00", "101.25"),
        ({"percent": "10"}, {}, "143.00", "107.25"),
        ({"percent": "-12.5"}, {}, "113.75", "85.31"),  # 85.3125
        ({"amount": "-200.00"}, {}, "0.00", "0.00"),
        ({"amount": "-30.00"}, {"override_price": "80.00"}, "80.00", "80.00"),
        ({"amount": "-30.00"}, {"status": NO_SHOW}, "50.00", "50.00"),
    ],
)
def test_fee_change(change: dict[str, str], changes: dict[str, Any], fee: str, charge: str) -> None:
    rules = [{"service": "90834", "modifiers": ["52"], "fee_change": change}]
    result = price(case(modifier_rules=rules, **changes))
    assert (str(result.fee), str(result.charge)) == (fee, charge)


EARLIER = [EarlierLine("97110", "Dr A", "Aetna"), EarlierLine("97140", "Dr B", "Aetna")]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (SameDayRule(("97110",), 2, "59"), ("59",)),
        (SameDayRule(("97110", "97140"), 2, "59"), ()),  # it is the third of the group
        (SameDayRule(("97110", "97140"), 2, "59", and_later=True), ("59",)),
        (SameDayRule(("97110", "97140"), 3, "76"), ("76",)),
        (SameDayRule(("97110",), 2, "59", per_clinician=True), ()),  # Dr B's first
        (SameDayRule(("97110",), 2, "59", payer="Cigna"), ()),
        (SameDayRule(("97110",), 2, "59", payer="Aetna"), ("59",)),
        (SameDayRule(("99213",), 1, "25"), ()),
    ],
)
def test_same_day(rule: SameDayRule, expected: tuple[str, ...]) -> None:
    added, _ = same_day_modifiers(ModifierKeys("97110", "Aetna", "Dr B"), EARLIER, [rule])
    assert added == expected


def test_same_day_comes_last() -> None:
    rules = [{"services": ["90834"], "occurrence": 2, "modifier": "59"}]
    earlier = [{"service": "90834"}]
    assert modifiers_of(same_day_rules=rules, earlier_today=earlier, manual_modifiers=["HO"]) == (
        "HO",
        "95",
        "59",
    )


@given(
    st.lists(
        st.tuples(
            st.sampled_from([None, "S", "x"]), st.sampled_from([None, "P"]), st.sampled_from([None, "C"])
        ),
        unique=True,
    ),
    st.randoms(use_true_random=False),
)
def test_the_order_of_rules_never_matters(keys: list[tuple[str | None, ...]], random: Any) -> None:
    rules = [ModifierRule((f"{n:02d}",), *key) for n, key in enumerate(keys)]
    assert overlapping_rules(rules) == []
    visit = ModifierKeys("S", "P", "C")
    first = choose_rule(visit, rules)
    random.shuffle(rules)
    assert choose_rule(visit, rules) == first
