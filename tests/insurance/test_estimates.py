"""The estimate: worked figures of B14 and what holds for any plan."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from insurance.estimates import Estimate, ExpectedLine, Terms, estimate
from lib.money import ZERO, total

MONEY = st.decimals(0, 5000, places=2, allow_nan=False, allow_infinity=False)
MAYBE = st.none() | MONEY
LINES = st.lists(st.builds(ExpectedLine, st.just("98941"), MONEY, st.booleans()), max_size=5)
TERMS = st.builds(Terms, MAYBE, st.none() | st.decimals(0, 100, places=2), MAYBE, MAYBE)


def of(allowed: str = "110.00", own: str = "", old: str = "0.00", **terms: str) -> Estimate:
    lines = [ExpectedLine("98941", Decimal(allowed))]
    if own:
        lines.append(ExpectedLine("97124", Decimal(own), is_self_pay=True))
    return estimate(lines, Terms(**{name: Decimal(value) for name, value in terms.items()}), Decimal(old))


@pytest.mark.rule("B14.estimate")
def test_the_worked_example() -> None:
    found = of(deductible_left="30.00", coinsurance="20")
    assert [(step.label, str(step.amount)) for step in found.steps] == [
        ("Deductible", "30.00"),
        ("Coinsurance", "16.00"),
    ]
    assert str(found.total) == "46.00"
    assert found.steps[1].because == "20 % of 80.00"


@pytest.mark.rule("B14.estimate")
@pytest.mark.parametrize(
    ("terms", "insured"),
    [
        ({"copay": "25.00"}, "25.00"),
        ({"copay": "25.00", "deductible_left": "500.00", "coinsurance": "20"}, "25.00"),
        ({"copay": "150.00"}, "110.00"),
        ({"deductible_left": "500.00", "coinsurance": "20"}, "110.00"),
        ({"deductible_left": "0.00", "coinsurance": "20"}, "22.00"),
        ({"deductible_left": "30.00", "coinsurance": "20", "out_of_pocket_left": "40.00"}, "40.00"),
        ({"copay": "25.00", "out_of_pocket_left": "0.00"}, "0.00"),
    ],
)
def test_the_table_of_the_docs(terms: dict[str, str], insured: str) -> None:
    assert str(of(**terms).insured) == insured


@pytest.mark.rule("B14.estimate")
def test_self_pay_items_and_the_old_balance_are_added() -> None:
    found = of(own="40.00", old="12.50", copay="25.00")
    assert (str(found.today), str(found.total)) == ("65.00", "77.50")


@pytest.mark.rule("B14.estimate")
def test_a_plan_nobody_knows_is_said_to_be_unknown() -> None:
    assert not of().is_known
    assert not of(deductible_left="30.00").is_known
    assert of(deductible_left="500.00").is_known
    assert estimate([], Terms()).is_known


@pytest.mark.rule("B14.estimate", "B11.2.copay")
@settings(max_examples=200)
@given(LINES, TERMS, MONEY, st.sampled_from([None, "Medicaid"]))
def test_what_holds_for_any_plan(
    lines: list[ExpectedLine], terms: Terms, old: Decimal, waits_for: str | None
) -> None:
    found = estimate(lines, terms, old, waits_for=waits_for)
    assert waits_for is None or found.insured == ZERO
    assert total(step.amount for step in found.steps) == found.total
    assert ZERO <= found.insured <= found.allowed
    if terms.out_of_pocket_left is not None:
        assert found.insured <= terms.out_of_pocket_left
    assert found.total == found.insured + found.self_pay + old
    assert all(step.amount == step.amount.quantize(Decimal("0.01")) for step in found.steps)


@pytest.mark.rule("B14.estimate")
@settings(max_examples=100)
@given(LINES, TERMS, MONEY)
def test_more_of_the_deductible_left_never_costs_the_patient_less(
    lines: list[ExpectedLine], terms: Terms, more: Decimal
) -> None:
    from dataclasses import replace

    known = replace(terms, deductible_left=terms.deductible_left or ZERO)
    assert known.deductible_left is not None
    higher = replace(known, deductible_left=known.deductible_left + more)
    assert estimate(lines, higher).insured >= estimate(lines, known).insured
