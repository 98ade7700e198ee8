"""The whole price of a visit: gate, problems, trace and the auditor's second sum (B17.0, B17.2, B17.4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.price_case import parse_case, render
from billing.pricing import PricingResult, price
from billing.quantity import Rounding
from billing.retrace import Amounts, TraceMismatchError, retrace
from billing.trace import Step
from lib.frozen import freeze, thaw
from tests.billing.pricing_cases import NO_SHOW, as_json, case, row, schedules


def amounts(result: PricingResult) -> tuple[Any, ...]:
    return result.fee, result.quantity, result.charge, result.patient, result.payer


@pytest.mark.rule("B17.0", "B17.4")
def test_the_worked_visit() -> None:
    result = render(price(case()))
    trace = result.pop("trace")
    assert result == {
        "transition": True,
        "problems": [],
        "rule": "fee_schedule",
        "fee": "130.00",
        "quantity": "0.75",
        "charge": "97.50",
        "modifiers": ["95"],
        "patient": "25.00",
        "payer": "72.50",
        "findings": [],
    }
    assert [set(step) for step in trace] == [{"rule", "inputs", "result", "because"}] * len(trace)


@pytest.mark.rule("B17.2")
def test_a_status_without_transition_makes_no_charge() -> None:
    result = price(case(status__transition=False, override_price="10.00"))
    assert (result.transition, result.problems, result.rule) == (False, ("no_transition",), None)
    assert amounts(result) == (None,) * 5
    assert (result.billable, result.modifiers) == (False, ())
    assert result.trace[-1].because == "Status Showed Up makes no charge."


@pytest.mark.rule("B17.4")
@pytest.mark.parametrize(
    ("changes", "quantity", "charge"),
    [
        ({"fee_schedules": []}, "0.75", "90.00"),  # 120.00 × 0.75
        ({"service__duration": None}, "1", "130.00"),
        ({"service__duration": None, "minutes": None}, "1", "130.00"),
        ({"service__duration": None, "units": "2.50"}, "2.5", "325.00"),
        ({"override_price": "80.00"}, "1", "80.00"),
        ({"override_price": "80.00", "minutes": 0}, "1", "80.00"),
        ({"status": NO_SHOW, "minutes": None}, "1", "50.00"),
        ({"status": {**NO_SHOW, "cancellation_fee": None}}, "0.75", "97.50"),
        ({"minutes": 0, "service__duration__min_units": "0.25"}, "0.25", "32.50"),
        ({"service__duration": {"rounding": "CMS8", "interval_minutes": None}}, "3", "390.00"),
        ({"service__duration": {"rounding": "X", "interval_minutes": 60}}, "0.833", "108.29"),  # 108.29
        (
            {"fee_schedules": schedules(row("0.03")), "service__duration__rounding": "DH"},
            "0.5",
            "0.02",
        ),  # 0.015
        ({"fee_schedules": schedules(row("33.33")), "service__duration__rounding": "X"}, "0.833", "27.76"),
    ],
)
def test_quantity_and_charge(changes: dict[str, Any], quantity: str, charge: str) -> None:
    result = price(case(**changes))
    assert (str(result.quantity), str(result.charge)) == (quantity, charge)


@pytest.mark.rule("B17.0", "B17.4")
@pytest.mark.parametrize(
    ("changes", "problem", "rule"),
    [
        ({"minutes": 0}, "zero_units", "fee_schedule"),
        ({"minutes": 7}, "zero_units", "fee_schedule"),
        ({"minutes": None}, "no_minutes", "fee_schedule"),
        ({"service__duration": None, "units": "0"}, "zero_units", "fee_schedule"),
        ({"fee_schedules": [], "service__default_prices": []}, "no_price", None),
        (
            {"fee_schedules": schedules(row("9999999999.99")), "minutes": 120},
            "charge_too_large",
            "fee_schedule",
        ),
    ],
)
def test_problems_have_no_amounts_and_say_why(
    changes: dict[str, Any], problem: str, rule: str | None
) -> None:
    result = price(case(**changes))
    assert (result.transition, result.problems, result.rule) == (True, (problem,), rule)
    assert amounts(result) == (None,) * 5
    assert retrace(freeze(result.trace)) == Amounts(rule=rule)


@pytest.mark.rule("B17.0")
def test_day_units_come_from_the_caller() -> None:
    timed = case(service__duration={"rounding": "CMS8"}, minutes=7)
    assert price(timed).problems == ("zero_units",)
    assert price(replace(timed, day_units=1)).quantity == 1


MONEY = st.integers(0, 50_000).map(lambda cents: f"{cents // 100}.{cents % 100:02d}")
MAYBE_MONEY = st.none() | MONEY
DAYS = st.sampled_from([None, "2025-06-01", "2026-01-01", "2026-03-09", "2026-07-01"])


def some(*values: str) -> st.SearchStrategy[str | None]:
    return st.sampled_from([None, *values])


FEE_ROWS = st.lists(
    st.fixed_dictionaries(
        {"service": some("90834", "x"), "payer": some("Aetna"), "plan": some("PPO"), "location": some("Main")}
        | {"from": DAYS, "fee": MONEY}
    ),
    max_size=5,
    unique_by=lambda r: tuple(r[key] for key in ("service", "payer", "plan", "location", "from")),
)
CODES = st.sampled_from(["95", "59", "GT", "HO", "25", "76"])
RULES = st.lists(
    st.fixed_dictionaries(
        {"service": some("90834"), "payer": some("Aetna"), "clinician": some("Dr A", "Dr B")}
        | {
            "modifiers": st.lists(CODES, min_size=1, max_size=4),
            "fee_change": st.none()
            | st.fixed_dictionaries({"amount": st.sampled_from(["-5.00", "3.33"])})
            | st.fixed_dictionaries({"percent": st.sampled_from(["-12.5", "7", "33.33"])}),
        }
    ),
    max_size=4,
    unique_by=lambda r: tuple(r[key] for key in ("service", "payer", "clinician")),
)
DURATIONS = st.none() | st.fixed_dictionaries(
    {
        "rounding": st.sampled_from([rounding.value for rounding in Rounding]),
        "interval_minutes": st.integers(1, 120),
        "min_units": st.sampled_from(["0", "1", "0.25"]),
    }
)
CASES = st.fixed_dictionaries(
    {
        "date": st.just("2026-03-09"),
        "minutes": st.none() | st.integers(0, 300),
        "clinician": some("Dr A", "Dr B"),
        "location": some("Main"),
        "override_price": st.none() | MAYBE_MONEY,
        "status": st.fixed_dictionaries(
            {
                "name": st.just("S"),
                "showed_up": st.booleans(),
                "transition": st.sampled_from([True, True, True, False]),
                "cancellation_fee": MAYBE_MONEY,
            }
        ),
        "service": st.fixed_dictionaries(
            {
                "code": st.just("90834"),
                "kind": st.sampled_from(["individual", "group"]),
                "bill_patient_directly": st.booleans(),
                "default_prices": st.lists(
                    st.fixed_dictionaries({"from": DAYS, "price": MONEY}),
                    max_size=3,
                    unique_by=lambda p: p["from"],
                ),
                "duration": DURATIONS,
            }
        ),
        "patient": st.fixed_dictionaries(
            {
                "reduced_fee_schedule": some("sliding-a", "gone"),
                "fees": st.lists(
                    st.fixed_dictionaries(
                        {
                            "service": st.sampled_from(["90834", "x"]),
                            "fee": MAYBE_MONEY,
                            "copay": MAYBE_MONEY,
                            "copay_per_unit": st.booleans(),
                        }
                    ),
                    max_size=2,
                    unique_by=lambda f: f["service"],
                ),
            }
        ),
        "payer": st.none()
        | st.fixed_dictionaries(
            {
                "name": st.sampled_from(["Aetna", "Cigna"]),
                "claim_format": st.sampled_from(["electronic", "paper", "patient_statement"]),
                "plan": some("PPO"),
            }
        ),
        "copay": st.none() | st.fixed_dictionaries({"individual": MAYBE_MONEY, "group": MAYBE_MONEY}),
        "fee_schedules": st.tuples(FEE_ROWS, FEE_ROWS).map(lambda two: schedules(*two[0], reduced=two[1])),
        "modifier_rules": RULES,
        "manual_modifiers": st.lists(CODES, max_size=3),
        "same_day_rules": st.just([{"services": ["90834"], "occurrence": 2, "modifier": "77"}]),
        "earlier_today": st.lists(st.just({"service": "90834"}), max_size=2),
        "bill_directly_forces_default_price": st.booleans(),
    }
)


@pytest.mark.rule("B17.0", "B17.7")
@given(CASES)
def test_any_case_adds_up_and_its_trace_leads_to_the_same_amounts(data: dict[str, Any]) -> None:
    built, warnings = parse_case(data)
    result = price(built)
    assert warnings == ()
    assert price(built) == result  # pure
    if result.billable:
        assert result.fee is not None
        assert result.quantity is not None
        assert result.charge is not None
        assert result.patient is not None
        assert result.payer is not None
        assert result.problems == ()
        assert result.patient + result.payer == result.charge
        assert result.charge == (result.fee * result.quantity).quantize(Decimal("0.01"), ROUND_HALF_UP)
        assert len(set(result.modifiers)) == len(result.modifiers)
    else:
        assert len(result.problems) == 1
        assert amounts(result) == (None,) * 5
    written = render(result)
    names = ("rule", "fee", "quantity", "charge", "patient", "payer")
    expected = Amounts(**{name: written[name] for name in names}, modifiers=tuple(written["modifiers"]))
    assert retrace(written["trace"]) == expected
    assert [thaw(Step, step) for step in written["trace"]] == list(result.trace)


@pytest.mark.rule("B17.0")
@given(CASES, st.randoms(use_true_random=False))
def test_the_order_of_rules_never_changes_a_price(data: dict[str, Any], random: Any) -> None:
    before = render(price(parse_case(data)[0]))
    for schedule in data["fee_schedules"]:
        random.shuffle(schedule["rows"])
    for rules in (data["modifier_rules"], data["service"]["default_prices"], data["patient"]["fees"]):
        random.shuffle(rules)
    random.shuffle(
        data["fee_schedules"]
    )  # one standard, one reduced: only the order of standard ones is a key
    after = render(price(parse_case(data)[0]))
    assert {**after, "trace": None} == {**before, "trace": None}


EVERY_KIND_OF_STEP: list[dict[str, Any]] = [
    {"service__duration": {"rounding": "CMS8"}, "minutes": 23},
    {"service__duration": {"rounding": "CMS8", "min_units": "1"}, "minutes": 7},
    {"service__duration": {"rounding": "X", "interval_minutes": 45}},
    {"service__duration": None, "units": "2.5"},
    {"override_price": "0.00", "manual_modifiers": ["GT", "95"]},
    {"status": NO_SHOW, "payer": None},
    {"patient": {"fees": [{"service": "90834", "fee": "80.00", "copay": "9.99", "copay_per_unit": True}]}},
    {
        "patient": {"reduced_fee_schedule": "sliding-a"},
        "fee_schedules": schedules(reduced=[row("1.00"), row("2.00", payer="Aetna")]),
    },
    {"service__bill_patient_directly": True, "bill_directly_forces_default_price": True},
    {"modifier_rules": [{"modifiers": ["52"], "fee_change": {"percent": "-33.33"}}]},
    {"modifier_rules": [{"modifiers": ["52"], "fee_change": {"amount": "0.01"}}]},
    {
        "patient": {"age": 9},
        "modifier_rules": [{"modifiers": ["HA"], "age": {"from": 0, "to": 17}}, {"modifiers": ["95"]}],
        "same_day_rules": [{"services": ["90834"], "occurrence": 1, "modifier": "59", "and_later": True}],
        "earlier_today": [{"service": "90834"}],
    },
]


@pytest.mark.rule("B17.0")
@pytest.mark.parametrize("changes", EVERY_KIND_OF_STEP)
def test_the_second_sum_agrees_for_every_kind_of_step(changes: dict[str, Any]) -> None:
    written = render(price(case(**changes)))
    again = retrace(written["trace"])
    assert written["charge"] is not None
    assert (again.fee, again.quantity, again.charge) == (
        written["fee"],
        written["quantity"],
        written["charge"],
    )
    assert (again.patient, again.payer) == (written["patient"], written["payer"])
    assert (again.rule, list(again.modifiers)) == (written["rule"], written["modifiers"])


@pytest.mark.rule("B17.0", "B11.2.copay")
def test_the_second_sum_of_a_copay_that_waits() -> None:
    result = price(case(copay_waits_for="Medicaid"))
    written = freeze(result.trace)
    assert (str(result.patient), retrace(written).patient, result.payer) == ("0.00", "0.00", result.charge)
    next(step for step in written if step["rule"] == "B11.2.copay")["result"] = "25.00"
    with pytest.raises(TraceMismatchError):
        retrace(written)


@pytest.mark.rule("B17.0")
def test_the_second_sum_of_a_line_among_the_days_timed_codes() -> None:
    result = price(replace(case(service__duration={"rounding": "CMS8"}, minutes=7), day_units=1))
    assert retrace(freeze(result.trace)).quantity == "1"


def tampered() -> Iterator[tuple[str, str, Any]]:
    yield "B17.3.5", "result", "131.00"
    yield "B17.4", "result", "1"
    yield "B17.4", "inputs", {"minutes": 60, "rounding": "NQ", "min_units": "0", "interval_minutes": 60}
    yield "B17.4.charge", "result", "97.51"
    yield "B17.7.copay", "result", "26.00"
    yield "B17.7", "result", {"patient": "25.01", "payer": "72.49"}
    yield "B17.6", "result", []
    yield "B17.2", "rule", "B99"


@pytest.mark.rule("B17.0")
@pytest.mark.parametrize(("rule", "part", "value"), list(tampered()))
def test_a_changed_trace_does_not_hold(rule: str, part: str, value: Any) -> None:
    trace = render(price(parse_case(as_json())[0]))["trace"]
    next(step for step in trace if step["rule"] == rule)[part] = value
    with pytest.raises(TraceMismatchError):
        retrace(trace)
