"""What insurers took off (CO, PI, OA) is never asked of the patient, in whatever order their answers come (B10)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal as D
from itertools import count

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from billing import balances, statements
from claims import queue
from claims.models import Claim
from clinics.errors import Refusal
from responses import coordination, manual
from responses.models import ClaimResponse
from tests.cast import NOW, TODAY, World, make_world
from tests.responses.stage import AARP, AETNA, answer, claimed, clp, set_up

POSTED = ("auto_posted", "posted_manually")
SERIAL = count(1)
# What is taken off beside what the patient is left with: groups and reasons as payers mix them.
OFF = st.lists(
    st.tuples(st.sampled_from(["CO-45", "CO-97", "PI-16", "OA-18", "PI-45", "CO-253"]), st.integers(1, 40)),
    max_size=3,
    unique_by=lambda each: each[0],
)
# Which insurer sends what next: its answer, the same again, or a person posts what waits.
ORDER = st.lists(st.sampled_from(["first", "second", "first again", "by hand"]), min_size=2, max_size=6)


@pytest.fixture
def world(db: None) -> Iterator[World]:
    made = make_world()
    with made.open():
        set_up(made, autopay_claims="post")
        yield made


def told(
    rank: int, whole: int, off: list[tuple[str, int]], left: int
) -> tuple[int, int, list[tuple[str, str, str]]]:
    """(paid, patient's part, CAS) of an answer to what is open: reductions, then the patient, the rest is paid."""
    cas = [("OA", "23", str(150 - whole))] if rank == 2 else []
    for code, wanted in off:
        part = min(wanted, whole)
        if part:
            group, reason = code.split("-")
            cas.append((group, reason, str(part)))
            whole -= part
    left = min(left, whole)
    return whole - left, left, [*cas, ("PR", "2", str(left))] if left else cas


def is_posted(claim: Claim | None) -> bool:
    return claim is not None and ClaimResponse.objects.filter(claim=claim, state__in=POSTED).exists()


@pytest.mark.rule("B10.never")
@settings(
    max_examples=25, deadline=None, suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate], report_multiple_bugs=False,
)  # fmt: skip
@given(order=ORDER, off1=OFF, off2=OFF, left1=st.integers(0, 60), left2=st.integers(0, 60))
def test_no_order_of_answers_bills_the_patient_for_what_was_taken_off(
    world: World,
    order: list[str],
    off1: list[tuple[str, int]],
    off2: list[tuple[str, int]],
    left1: int,
    left2: int,
) -> None:
    with transaction.atomic():
        first = claimed(world, world.aetna, world.aarp, last=f"P{next(SERIAL)}")
        second: Claim | None = None
        paid1, pr1, cas1 = told(1, 150, off1, left1)
        paid2, pr2, cas2 = told(2, pr1, off2, left2)
        for step in order:
            if step.startswith("first"):
                answer(clp(first, "1", "150", str(paid1), *cas1, icn="A1"), trace=f"T{next(SERIAL)}", **AETNA)
            elif step == "second" and pr1:
                second = second or queue.next_layer(first.invoice, 2, TODAY)
                answer(clp(second, "2", "150", str(paid2), *cas2, icn="B1"), trace=f"T{next(SERIAL)}", **AARP)
            elif step == "by hand":
                post_what_waits()
            for row in ClaimResponse.objects.filter(state__in=POSTED):
                coordination.roll_over(row.pk, at=NOW)
            expected = 25 if not is_posted(first) else pr2 if is_posted(second) else 0
            due = balances.patient_due(first.patient_id)
            assert due <= D(expected), (step, due, expected)
            snapshot = statements.build(first.patient, world.location, today=TODAY)
            assert D(snapshot["asked"]) <= D(expected)
            assert statements.adds_up(snapshot)
        transaction.set_rollback(True)


def post_what_waits() -> None:
    """A person posts each waiting answer as it was sent, where that is possible at all."""
    for row in ClaimResponse.objects.filter(state__in=["exception", "proposed", "held"]).order_by("pk"):
        try:
            with transaction.atomic():
                manual.post_as_remitted(row, at=NOW, reason="as sent")
        except Refusal:
            continue
