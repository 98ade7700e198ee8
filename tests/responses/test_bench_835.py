"""What the benchmark of posting compares does the same work: rows, filled columns and words, table by table."""

from __future__ import annotations

import pytest

from bench import post_835, rows

pytestmark = pytest.mark.django_db(transaction=True)


def test_product_twin_and_limit_script_leave_the_same_rows() -> None:
    told = post_835.measure(6, 1)  # compares what each way has left
    assert [row["reference_is"] for row in told] == ["plain Django twin", "limit script"]


def test_a_reference_that_leaves_less_is_refused() -> None:
    whole = {"a": rows.Written(2, {"plan": 2}, 100)}
    for other in ({}, {"a": rows.Written(2, {"plan": 1}, 100)}, {"a": rows.Written(2, {"plan": 2}, 90)}):
        assert rows.differences(whole, other)
        assert rows.differences(other, whole)
    assert not rows.differences(whole, {"a": rows.Written(2, {"plan": 2}, 99)})
