"""Payment plans worked out, without a database: B12's figures and what must always hold."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing import plans
from billing.plans import Instalment, Paid, Rules

D = Decimal
START = date(2026, 1, 31)


@pytest.mark.rule("B12.plan")
def test_500_in_six_parts() -> None:
    assert plans.split(D("500.00"), 6) == [D("83.33")] * 5 + [D("83.35")]


@pytest.mark.rule("B12.plan")
def test_an_amount_gives_the_count_and_the_last_is_the_rest() -> None:
    assert plans.by_amount(D("500.00"), D("120.00")) == [D("120.00")] * 4 + [D("20.00")]
    assert plans.count_for(D("500.00"), D("83.33")) == 7


@pytest.mark.rule("B12.plan")
def test_month_ends_clamp_and_return() -> None:
    days = [plans.due_day(START, "monthly", number) for number in range(1, 6)]
    assert [(day.month, day.day) for day in days] == [(1, 31), (2, 28), (3, 31), (4, 30), (5, 31)]
    assert plans.due_day(date(2028, 1, 31), "monthly", 2) == date(2028, 2, 29)
    assert plans.due_day(date(2026, 11, 30), "monthly", 4) == date(2027, 2, 28)
    assert plans.due_day(START, "weekly", 3) == START + timedelta(days=14)
    assert plans.due_day(START, "biweekly", 3) == START + timedelta(days=28)


@pytest.mark.rule("B12.plan")
def test_the_rule_table() -> None:
    rules = Rules(((D("100"), 3), (D("300"), 6), (D("1000"), 12)))
    said = [rules.most(D(amount)) for amount in ("99.99", "100.00", "299.99", "300.00", "1000.00")]
    assert [row[1] if row else None for row in said] == [None, 3, 3, 6, 12]


def monthly(amount: str = "500.00", count: int = 6, start: date = date(2026, 4, 1)) -> list[Instalment]:
    return plans.schedule(plans.split(D(amount), count), start, "monthly")


@pytest.mark.rule("B12.plan")
def test_an_extra_payment_shortens_the_tail_and_skips_no_month() -> None:
    paid = [Paid(date(2026, 3, 30), D("200.00"))]
    standing = plans.stand(monthly(), paid, grace_days=5, today=date(2026, 4, 2))
    assert [row.open for row in standing] == [
        D("0.00"), D("83.33"), D("83.33"), D("83.33"), D("50.01"), D("0.00"),
    ]  # fmt: skip
    assert plans.remaining(standing) == D("300.00")
    following = plans.next_open(standing)
    assert following is not None
    assert following.instalment.due_on == date(2026, 5, 1)


@pytest.mark.rule("B12.plan")
def test_missed_after_five_days_of_grace_and_default_at_two() -> None:
    for today, missed in ((date(2026, 4, 6), 0), (date(2026, 4, 7), 1), (date(2026, 5, 7), 2)):
        standing = plans.stand(monthly(), [], grace_days=5, today=today)
        assert sum(row.missed for row in standing) == missed
        assert plans.is_default(standing) == (missed == 2)
    late = plans.stand(
        monthly(), [Paid(date(2026, 4, 20), D("83.33"))], grace_days=5, today=date(2026, 4, 21)
    )
    assert [row.state for row in late][:2] == ["paid", "open"]


AMOUNTS = st.integers(100, 2_000_000).map(lambda cents: D(cents) / 100)


@pytest.mark.rule("B12.plan")
@settings(max_examples=150, deadline=None)
@given(amount=AMOUNTS, count=st.integers(1, 60), size=st.integers(100, 90_000))
def test_instalments_always_sum_to_the_balance(amount: Decimal, count: int, size: int) -> None:
    for parts in (plans.split(amount, count), plans.by_amount(amount, min(D(size) / 100, amount))):
        assert sum(parts) == amount
        assert all(part > 0 for part in parts)
    assert len({*plans.split(amount, count)[:-1]}) <= 1


@pytest.mark.rule("B12.plan")
@settings(max_examples=120, deadline=None)
@given(
    amount=AMOUNTS,
    count=st.integers(1, 24),
    frequency=st.sampled_from(["weekly", "biweekly", "monthly"]),
    paid=st.lists(st.tuples(st.integers(-40, 400), st.integers(1, 200_000)), max_size=12),
)
def test_what_is_paid_and_what_is_open_is_the_plan(amount, count, frequency, paid) -> None:
    made = plans.schedule(plans.split(amount, count), START, frequency)
    assert [row.due_on for row in made] == sorted({row.due_on for row in made})
    payments = [Paid(START + timedelta(days=days), D(cents) / 100) for days, cents in paid]
    standing = plans.stand(made, payments, grace_days=5, today=START)
    given_in = sum((each.amount for each in payments), D(0))
    assert plans.remaining(standing) == max(D(0), amount - given_in)
    assert all(0 <= row.open <= row.instalment.amount for row in standing)
