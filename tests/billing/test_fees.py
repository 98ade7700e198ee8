"""The fee ladder: which price wins, and why (docs/fees.md, B17.3)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.fees import FeeKeys, FeeRow, FeeSchedule, ScheduleKind, repeated_rows
from billing.pricing import price
from lib.money import parse_money
from tests.billing.pricing_cases import MISSING, NO_SHOW, case, row, schedules

pytestmark = pytest.mark.rule("B17.3")


def fee_of(**changes: Any) -> tuple[str | None, str | None]:
    result = price(case(**changes))
    return (result.rule.value if result.rule else None), (str(result.fee) if result.fee is not None else None)


def test_the_ladder_from_the_top() -> None:
    """Everything is there; rungs are taken away one by one."""
    everything: dict[str, Any] = {
        "override_price": "99.00",
        "status": NO_SHOW,
        "patient": {"reduced_fee_schedule": "sliding-a", "fees": [{"service": "90834", "fee": "80.00"}]},
        "fee_schedules": schedules(row("130.00"), reduced=[row("40.00")]),
    }
    assert fee_of(**everything) == ("override", "99.00")
    everything["override_price"] = None
    assert fee_of(**everything) == ("cancellation", "50.00")
    everything["status"] = {**NO_SHOW, "cancellation_fee": None}
    assert fee_of(**everything) == ("patient_fee", "80.00")
    everything["patient"]["fees"] = []
    assert fee_of(**everything) == ("reduced_fee", "40.00")
    everything["patient"] = None
    assert fee_of(**everything) == ("fee_schedule", "130.00")
    everything["fee_schedules"] = []
    assert fee_of(**everything) == ("default_price", "120.00")
    everything["service__default_prices"] = []
    assert fee_of(**everything) == (None, None)


def test_no_price_anywhere_is_a_problem() -> None:
    result = price(case(fee_schedules=[], service__default_prices=None))
    assert (result.transition, result.problems) == (True, ("no_price",))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"override_price": "0.00"}, ("override", "0.00")),
        ({"status": {**NO_SHOW, "cancellation_fee": "0.00"}}, ("cancellation", "0.00")),
        ({"patient__fees": [{"service": "90834", "fee": "0.00"}]}, ("patient_fee", "0.00")),
        ({"fee_schedules": schedules(row("0.00"))}, ("fee_schedule", "0.00")),
        ({"fee_schedules": [], "service__default_prices": [{"price": "0.00"}]}, ("default_price", "0.00")),
    ],
)
def test_zero_is_a_price(changes: dict[str, Any], expected: tuple[str, str]) -> None:
    assert fee_of(**changes) == expected


def test_a_cancellation_fee_counts_only_when_the_patient_did_not_show_up() -> None:
    assert fee_of(status__cancellation_fee="50.00") == ("fee_schedule", "130.00")


@pytest.mark.parametrize(
    ("fees", "expected"),
    [
        ([{"service": "90837", "fee": "80.00"}], "fee_schedule"),  # another service
        ([{"service": "90834", "fee": None, "copay": "10.00"}], "fee_schedule"),  # only a copay was agreed
        ([{"service": "90834", "fee": "80.00"}], "patient_fee"),
    ],
)
def test_patient_fee(fees: list[dict[str, Any]], expected: str) -> None:
    assert fee_of(patient__fees=fees)[0] == expected


@pytest.mark.parametrize(
    ("name", "reduced", "expected"),
    [
        ("sliding-a", [row("40.00", service="90834")], ("reduced_fee", "40.00")),
        ("sliding-a", [row("40.00", service="90837")], ("fee_schedule", "130.00")),  # no fitting row: go on
        ("sliding-a", [row("40.00", "2026-03-10")], ("fee_schedule", "130.00")),  # not yet in force
        ("sliding-b", [row("40.00")], ("fee_schedule", "130.00")),  # not in the file: skipped
        ("standard", [row("40.00")], ("fee_schedule", "130.00")),  # a standard schedule is not a reduced one
        (None, [row("40.00")], ("fee_schedule", "130.00")),
    ],
)
def test_reduced_schedule(name: str | None, reduced: list[dict[str, Any]], expected: tuple[str, str]) -> None:
    made = schedules(row("130.00"), reduced=reduced)
    assert fee_of(patient__reduced_fee_schedule=name, fee_schedules=made) == expected


ALL = {"service": "90834", "payer": "Aetna", "plan": "PPO", "clinician": "Dr A", "location": "Main"}


@pytest.mark.parametrize(
    ("winner", "loser"),
    [
        ({"service": "90834"}, {}),
        ({"service": "90834", "payer": "Aetna"}, {"service": "90834"}),
        ({"clinician": "Dr A", "location": "Main"}, {"service": "90834"}),  # two keys beat one
        ({"service": "90834"}, {"payer": "Aetna"}),
        ({"payer": "Aetna"}, {"plan": "PPO"}),
        ({"plan": "PPO"}, {"clinician": "Dr A"}),
        ({"clinician": "Dr A"}, {"location": "Main"}),
        ({"service": "90834", "payer": "Aetna"}, {"service": "90834", "plan": "PPO"}),
        ({"service": "90834", "location": "Main"}, {"payer": "Aetna", "plan": "PPO"}),
    ],
)
@pytest.mark.parametrize("winner_first", [True, False])
def test_the_closest_row_wins_whatever_the_order(
    winner: dict[str, Any], loser: dict[str, Any], winner_first: bool
) -> None:
    """Most keys; equal count: the first differing key. A later day never outweighs a key."""
    rows = [row("1.00", "2026-01-01", **winner), row("2.00", "2026-03-01", **loser)]
    if not winner_first:
        rows.reverse()
    assert fee_of(fee_schedules=schedules(*rows)) == ("fee_schedule", "1.00")


@pytest.mark.parametrize(
    ("day", "fee"),
    [("2025-12-31", "100.00"), ("2026-01-01", "110.00"), ("2026-02-28", "110.00"), ("2026-03-01", "125.00")],
)
def test_the_latest_row_in_force_on_the_day(day: str, fee: str) -> None:
    rows = [
        row("125.00", "2026-03-01", service="90834"),
        row("100.00", None, service="90834"),  # without a day: always
        row("110.00", "2026-01-01", service="90834"),
    ]
    assert fee_of(date=day, fee_schedules=schedules(*rows)) == ("fee_schedule", fee)
    prices = [{"from": each["from"], "price": each["fee"]} for each in rows]
    assert fee_of(date=day, fee_schedules=[], service__default_prices=prices) == ("default_price", fee)


@pytest.mark.parametrize("key", list(ALL))
def test_a_row_for_something_else_does_not_fit(key: str) -> None:
    assert fee_of(fee_schedules=schedules(row("1.00", **{key: "other"})))[0] == "default_price"


def test_the_worked_rows() -> None:
    """Rows a to e of docs/fees.md."""
    rows = [
        row("110.00", "2026-03-01", service="90834"),
        row("130.00", "2026-01-01", service="90834", payer="Aetna"),
        row("125.00", "2026-03-01", service="90834", clinician="Dr A"),
        row("120.00", "2025-01-01", service="90834", payer="Aetna"),
        row("140.00", "2026-04-01", service="90834", payer="Aetna", plan="PPO"),
    ]
    assert fee_of(fee_schedules=schedules(*rows)) == ("fee_schedule", "130.00")


def test_always_is_older_than_any_day() -> None:
    rows = [row("1.00", "0001-01-01"), row("2.00", None)]
    for each in (rows, rows[::-1]):
        assert fee_of(fee_schedules=schedules(*each)) == ("fee_schedule", "1.00")


def test_without_a_payer_only_rows_for_all_payers_fit() -> None:
    made = schedules(row("1.00", payer="Aetna"), row("2.00", plan="PPO"), row("3.00"))
    assert fee_of(payer=None, fee_schedules=made) == ("fee_schedule", "3.00")


def test_more_keys_of_the_house() -> None:
    made = schedules(row("1.00", credential="LCSW"), row("2.00", holiday=True), row("3.00", program="IOP"))
    assert fee_of(credential="LCSW", holiday=True, program="IOP", fee_schedules=made)[1] == "1.00"
    assert fee_of(credential=None, holiday=True, program="IOP", fee_schedules=made)[1] == "3.00"
    assert fee_of(holiday=True, fee_schedules=made)[1] == "2.00"
    assert fee_of(fee_schedules=made)[0] == "default_price"


def test_several_standard_schedules_are_one_table() -> None:
    made = [
        {"name": "a", "kind": "standard", "rows": [row("1.00"), row("2.00", service="90834")]},
        {"name": "b", "kind": "standard", "rows": [row("3.00", service="90834"), row("4.00", **ALL)]},
    ]
    assert fee_of(fee_schedules=made)[1] == "4.00"
    made[1]["rows"].pop()
    assert fee_of(fee_schedules=made)[1] == "2.00"  # equal: the schedule listed first


@pytest.mark.parametrize(
    ("switch", "expected"), [(True, "default_price"), (False, "override"), (MISSING, "override")]
)
def test_switch_for_bills_to_patients(switch: Any, expected: str) -> None:
    changes = {"service__bill_patient_directly": True, "override_price": "5.00"}
    if switch is not MISSING:
        changes["bill_directly_forces_default_price"] = switch
    assert fee_of(**changes)[0] == expected
    if switch is True:
        assert fee_of(**changes, service__default_prices=[])[0] == "override"
        assert fee_of(**{**changes, "service__bill_patient_directly": False})[0] == "override"


ROWS = st.fixed_dictionaries(
    {
        "service": st.sampled_from([None, "90834", "x"]),
        "payer": st.sampled_from([None, "Aetna", "x"]),
        "plan": st.sampled_from([None, "PPO"]),
        "clinician": st.sampled_from([None, "Dr A"]),
        "location": st.sampled_from([None, "Main"]),
        "from": st.sampled_from([None, "2026-01-01", "2026-03-01", "2027-01-01"]),
    }
)


@given(
    st.lists(ROWS, max_size=12, unique_by=lambda r: tuple(r[key] for key in sorted(r))),
    st.randoms(use_true_random=False),
)
def test_the_order_of_rows_never_matters(rows: list[dict[str, Any]], random: Any) -> None:
    numbered = [{**each, "fee": f"{place}.00"} for place, each in enumerate(rows, 1)]
    first = fee_of(fee_schedules=schedules(*numbered))
    random.shuffle(numbered)
    assert fee_of(fee_schedules=schedules(*numbered)) == first


def test_repeated_rows_are_found() -> None:
    keys, fee = FeeKeys(service="90834"), parse_money("1.00")
    schedule = FeeSchedule(
        "standard", ScheduleKind.STANDARD, (FeeRow(keys, fee), FeeRow(FeeKeys(), fee), FeeRow(keys, fee))
    )
    assert [(f.code, f.where) for f in repeated_rows(schedule)] == [("repeated_fee_row", "rows[2]")]


def test_every_rung_looked_at_is_in_the_trace() -> None:
    trace = price(case()).trace
    assert [step.rule for step in trace if step.rule.startswith("B17.3")] == [
        f"B17.3.{n}" for n in range(1, 6)
    ]
    assert trace[5].because == "Schedule standard says 130.00 for service 90834, payer Aetna from 2026-01-01."
