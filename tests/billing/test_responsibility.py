"""Copay and split: who owes the charge (docs/fees.md, B17.7)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.fees import PatientFee
from billing.pricing import price
from billing.responsibility import (
    ClaimFormat,
    PlanCopay,
    ServiceKind,
    SplitQuestion,
    find_copay,
    split_charge,
)
from tests.billing.pricing_cases import NO_SHOW, case

pytestmark = pytest.mark.rule("B17.7")


def split_of(**changes: Any) -> tuple[str, str]:
    result = price(case(**changes))
    return str(result.patient), str(result.payer)


@pytest.mark.parametrize(
    ("charge", "changes", "expected"),
    [
        ("90.00", {}, ("25.00", "65.00")),
        ("20.00", {}, ("20.00", "0.00")),  # less than the copay
        ("25.00", {}, ("25.00", "0.00")),  # exactly the copay
        ("25.01", {}, ("25.00", "0.01")),
        ("0.00", {}, ("0.00", "0.00")),
        ("40.00", {"service__kind": "group"}, ("15.00", "25.00")),
        (
            "40.00",
            {"service__kind": "group", "copay__group": None},
            ("0.00", "40.00"),
        ),  # not the individual one
        ("40.00", {"copay": None}, ("0.00", "40.00")),
        ("50.00", {"status": NO_SHOW}, ("50.00", "0.00")),
        ("50.00", {"status": {**NO_SHOW, "cancellation_fee": None}}, ("50.00", "0.00")),
        ("90.00", {"service__bill_patient_directly": True}, ("90.00", "0.00")),
        ("90.00", {"payer__claim_format": "patient_statement"}, ("90.00", "0.00")),
        ("90.00", {"payer__claim_format": "paper"}, ("25.00", "65.00")),
        ("90.00", {"payer": None}, ("90.00", "0.00")),
        ("90.00", {"patient__fees": [{"service": "90834", "fee": None, "copay": "0.00"}]}, ("0.00", "90.00")),
        (
            "90.00",
            {"patient__fees": [{"service": "90834", "fee": None, "copay": "40.00"}]},
            ("40.00", "50.00"),
        ),
        (
            "90.00",
            {"patient__fees": [{"service": "90834", "fee": "1.00", "copay": None}]},
            ("25.00", "65.00"),
        ),
        (
            "90.00",
            {"patient__fees": [{"service": "90837", "fee": None, "copay": "40.00"}]},
            ("25.00", "65.00"),
        ),
    ],
)
def test_worked_splits(charge: str, changes: dict[str, Any], expected: tuple[str, str]) -> None:
    assert split_of(override_price=charge, **changes) == expected


def test_a_cancellation_fee_is_all_the_patients() -> None:
    result = price(case(status=NO_SHOW))
    assert (str(result.charge), str(result.patient), str(result.payer)) == ("50.00", "50.00", "0.00")


def test_copay_by_the_unit() -> None:
    agreed = PatientFee("90834", copay=Decimal("10.01"), copay_per_unit=True)
    copay, step = find_copay(ServiceKind.INDIVIDUAL, PlanCopay(Decimal("25.00")), agreed, Decimal("1.5"))
    assert str(copay) == step.result == "15.02"  # 15.015
    fees = [{"service": "90834", "fee": None, "copay": "20.00", "copay_per_unit": True}]
    assert split_of(patient__fees=fees) == ("15.00", "82.50")


@pytest.mark.parametrize("charge", ["50.00", "0.00"])
def test_a_payer_may_forbid_charging_for_missed_visits(charge: str) -> None:
    result = price(case(status={**NO_SHOW, "cancellation_fee": charge}, payer__forbids_no_show_charge=True))
    assert result.problems == (("no_show_charge_forbidden",) if charge != "0.00" else ())
    assert price(case(payer__forbids_no_show_charge=True)).billable


CENTS = st.integers(0, 10**9).map(lambda cents: Decimal(cents).scaleb(-2))


@given(CENTS, CENTS, st.booleans(), st.booleans(), st.sampled_from([None, *ClaimFormat]))
def test_the_parts_add_up(
    charge: Decimal, copay: Decimal, showed_up: bool, direct: bool, claim_format: ClaimFormat | None
) -> None:
    split, _ = split_charge(SplitQuestion(charge, copay, showed_up, direct, claim_format))
    assert split.patient + split.payer == charge
    assert split.patient >= 0
    assert split.payer >= 0
    assert split.payer == 0 or (showed_up and not direct and split.patient == copay)
