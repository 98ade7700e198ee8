"""The likeliest cause of a stop is said first, from what is known."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from responses.causes import Known, causes


@pytest.mark.parametrize(
    ("code", "known", "first"),
    [
        ("E12", Known(has_reversal_waiting=True, earlier_answers=2), "A correction came before its reversal"),
        ("E12", Known(), "The insurer before has not been posted"),
        ("E11", Known(waiting_answers=1), "The answer that it takes back was never posted"),
        ("E11", Known(earlier_answers=1), "What was posted was changed by hand"),
        ("E06", Known(versions=2, charged=D("150.00"), sent=D("210.00")), "It answers another version"),
        ("E06", Known(charged=D("150.00"), sent=D("210.00")), "60.00 of the claim is left out"),
        ("E04", Known(by_name=True), "The number was retyped"),
        ("E01", Known(has_reversal_waiting=True), "The first one was taken back"),
    ],
)
def test_the_likeliest_cause_comes_first(code, known, first):
    assert causes(code, known)[0].startswith(first)


def test_a_code_that_explains_itself_has_no_causes():
    assert causes("E15", Known()) == []
