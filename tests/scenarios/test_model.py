"""Random histories of a patient's visits against a small model of where each cent is (model.py).

After every step each place of the model is compared with the product's, and every proof of the books is run.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, example, given, note, seed, settings
from hypothesis import strategies as st

from tests.cast import World, make_world
from tests.responses.stage import set_up
from tests.scenarios.histories import Both

Step = tuple[str, int, int, int]
# ./check draws the same forty each time. By hand new ones, with their seed printed:
# HISTORIES=400 [HISTORY_SEED=7] ./check tests/scenarios/test_model.py -s
EXAMPLES = int(os.environ.get("HISTORIES", "40"))
SEED = int(os.environ.get("HISTORY_SEED", "0")) or random.SystemRandom().randrange(1, 10**9)

ACTS: dict[str, Callable[[Both, int, int, int], None]] = {
    "visit": lambda both, _, a, b: both.check_out(1 + a % 3, 1 + b % 2, b % 61),
    "pay": lambda both, _, a, b: both.take_cash((a * 7 + b) % 90),
    "refund": lambda both, _, a, b: both.refund(a + b),
    "write_off": lambda both, number, a, _: both.write_off(number, a),
    "answer": lambda both, number, a, b: both.post(number, a % 100, b % 60),
    "zero_pay": lambda both, number, a, _: both.post(number, a % 100, 150),
    "paper": lambda both, number, a, b: both.post(number, a % 100, b % 60, "paper"),
    "line_by_line": lambda both, number, a, b: both.post(number, a % 50, b % 40, "hand", 1 + a % 40),
    "denied": lambda both, number, _a, _b: both.post(number, 0, 0, "denied"),
    "there_and_back": lambda both, number, a, b: both.there_and_back(number, a % 100, b % 60),
    "undo": lambda both, number, _a, _b: both.undo(number),
    "deny": lambda both, number, _a, _b: both.deny(number),
    "reverse": lambda both, number, a, b: both.reverse(number, max(0, a - 70), "FB" if b % 2 else "WO"),
    "correct": lambda both, number, a, b: both.correct(
        number, a % 100, b % 60, ("reversal first", "correction first", "later")[(a + b) % 3]
    ),
    "acknowledge": lambda both, number, a, b: both.acknowledge(1 + number, a + b),
    "explain": lambda both, _, a, _b: both.explain(a),
    "again": lambda both, _, a, _b: both.again(a),
}
# Answers come most often: most histories should get beyond the first insurer.
KINDS = st.sampled_from([*ACTS, "answer", "answer", "answer", "reverse", "correct", "write_off"])
STEPS = st.lists(
    st.tuples(KINDS, st.integers(0, 2), st.integers(0, 99), st.integers(0, 99)), min_size=2, max_size=9
)


def drawn(test: Callable[..., None]) -> Callable[..., None]:
    """By hand from a printed seed; in ./check from the test's own name, so that nobody's landing hangs on the dice."""
    if "HISTORIES" not in os.environ:
        return test
    print(f"histories: {EXAMPLES} of seed {SEED}")  # noqa: T201 - the result of a run by hand
    return seed(SEED)(test)


@pytest.fixture
def world(db: None) -> Iterator[World]:
    made = make_world()
    with made.open():
        set_up(made, autopay_claims="post", reversals="auto_if_exact")
        yield made


@pytest.mark.rule("I-3", "I-5", "B12")
@settings(
    max_examples=EXAMPLES, deadline=None, derandomize="HISTORIES" not in os.environ,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate], report_multiple_bugs=False,
)  # fmt: skip
@given(layers=st.integers(1, 3), lines=st.integers(1, 2), cash=st.sampled_from([0, 10, 25, 40]), steps=STEPS)
@example(1, 2, 10, [("answer", 0, 0, 1), ("correct", 0, 0, 6)])
# A correction waits for its reversal, then posts by a key; the second insurer is to answer then.
@example(2, 1, 40, [("zero_pay", 1, 33, 95), ("correct", 0, 59, 36), ("zero_pay", 1, 52, 11)])
# An answer that moved nothing is taken back: there is no journal to mirror.
@example(2, 1, 40, [("line_by_line", 0, 50, 27), ("denied", 0, 96, 46), ("zero_pay", 0, 33, 29), ("undo", 0, 26, 75),
                    ("correct", 0, 9, 43)])  # fmt: skip
# The second insurer's answer taken back by its payer, the first one's by a person: the first is to answer again.
@example(2, 1, 10, [("answer", 0, 85, 31), ("answer", 0, 0, 32), ("reverse", 0, 0, 1), ("undo", 0, 0, 0),
                    ("answer", 0, 71, 35)])  # fmt: skip
@example(3, 1, 0, [("answer", 0, 50, 50), ("answer", 0, 0, 40), ("answer", 0, 0, 30), ("reverse", 0, 0, 1),
                   ("undo", 0, 0, 0), ("line_by_line", 0, 0, 30), ("undo", 0, 0, 0), ("undo", 0, 0, 0),
                   ("paper", 0, 20, 10)])  # fmt: skip
# Credit held for a visit of two lines: after an answer and its undo it may stand on the other line of the visit.
@example(
    3, 2, 40, [("answer", 0, 83, 32), ("pay", 1, 97, 77), ("answer", 0, 29, 6), ("there_and_back", 2, 27, 24)]
)
# The payer announces a recoupment, then says that our refund check came; a person closes the refund.
@example(1, 1, 0, [("answer", 0, 30, 20), ("reverse", 0, 0, 0), ("acknowledge", 0, 0, 0), ("explain", 0, 0, 0),
                   ("answer", 0, 31, 7)])  # fmt: skip
# The first of two denials is taken back; the next answer replaces what the patient was expected to pay.
@example(1, 2, 25, [("denied", 0, 0, 0), ("denied", 0, 0, 0), ("reverse", 0, 75, 1), ("denied", 0, 0, 0)])
@drawn
def test_every_history_leaves_each_cent_where_the_model_has_it(
    world: World, layers: int, lines: int, cash: int, steps: list[Step]
) -> None:
    with transaction.atomic():
        both = Both(world)
        both.check_out(layers, lines, cash)
        for kind, number, a, b in steps:
            note(f"{kind} {number} {a} {b}")
            ACTS[kind](both, number % len(both.invoices), a, b)
            both.compare()
        both.ties()
        transaction.set_rollback(True)  # the next history begins with empty books
