"""No sequence of profile edits makes a claim for a day outside a layer's dates, nor changes a claim that was sent."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appointments.models import Appointment
from billing import verification
from billing.checkout import check_out
from billing.models import Invoice
from claims import coverage_layers, coverage_moves, lifecycle, queue
from claims.coverage_moves import Options
from claims.enums import ClaimState
from claims.models import Claim, CoverageMove
from clinics.errors import Refusal
from insurance import profile_edits
from insurance.models import InsuranceProfile
from insurance.profile_edits import LayerSpec
from tests.cast import NOW, TODAY, World, make_patient, make_payer, make_policy, make_visit, make_world

START = TODAY - timedelta(days=20)
SENT = {"state", "last_event", "last_event_at", "submitted_at"}  # what happens to a claim, not what it says
EDITS = st.lists(
    st.tuples(
        st.sampled_from(["add", "end", "default", "move", "move", "undo", "bill", "claim", "send"]),
        st.integers(0, 2),
        st.integers(0, 20),
        st.integers(0, 20),
    ),
    min_size=3,
    max_size=10,
)


@pytest.fixture
def world(db: None) -> Any:
    made = make_world()
    with made.open():
        yield made


def day(number: int) -> date:
    return START + timedelta(days=number)


@pytest.mark.rule("S3.20", "B11.5", "B11.6")
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=EDITS, first=st.integers(0, 20))
def test_a_claim_is_for_a_day_that_was_covered_and_a_sent_one_stays(
    world: World, edits: list[tuple[str, int, int, int]], first: int
) -> None:
    patient = make_patient(chart_number=f"HC{InsuranceProfile.objects.count()}")
    cards = [
        make_policy(patient, make_payer(f"C{n}", f"{patient.pk}-{n}"), f"M{n}", effective_on=START)
        for n in range(3)
    ]
    profiles = [
        profile_edits.create_profile(patient, name=f"P{n}", layers=[LayerSpec(cards[n], day(first * n // 2))])
        for n in range(2)
    ]
    allowed = {cards[n].pk: [(day(first * n // 2), date.max)] for n in range(2)}  # every span ever given
    for number in (2, 9, 16):
        check_out(make_visit(world, patient, profiles[0], day=day(number)).public_id, [], at=NOW)
    sent: dict[int, dict[str, Any]] = {}
    for act, number, one, two in edits:
        low, high = day(min(one, two)), day(max(one, two))
        try:
            if act == "add":
                profile_edits.add_layer(
                    profiles[number % 2], cards[number], effective_on=low, expires_on=high, verified="by call"
                )
                allowed.setdefault(cards[number].pk, []).append((low, high))
            else:
                do(act, number, low, profiles, cards[number], patient)
        except Refusal:
            pass
        for claim in Claim.objects.filter(patient=patient):
            spans = allowed.get(claim.policy_id, [])
            assert any(start <= claim.service_from and claim.service_to <= end for start, end in spans)
            values = {
                name: value
                for name, value in Claim.objects.values().get(pk=claim.pk).items()
                if name not in SENT
            }
            if claim.state == ClaimState.SUBMITTED:
                assert sent.setdefault(claim.pk, values) == values
            assert claim.pk not in sent or claim.state == ClaimState.SUBMITTED, "only its payer moves it on"
        assert Invoice.objects.filter(patient=patient).exclude(state="void").count() == 3
    assert not [name for name, found in verification.run().items() if found.violations]


def do(act: str, number: int, low: date, profiles: list[InsuranceProfile], card: Any, patient: Any) -> None:
    """One edit; what a rule refuses is refused."""
    old, new = profiles[number % 2], profiles[1 - number % 2]
    if act == "end":
        profile_edits.expire_policy(card, old, low, whole_profile=number == 2)
    elif act == "default":
        profile_edits.set_default(old)
    elif act == "move":
        visits = list(Appointment.objects.filter(profile=old).values_list("public_id", flat=True))
        coverage_moves.move(old, new, visits[: number + 1], Options(update_fees=number > 0), at=NOW)
    elif act == "undo":
        last = CoverageMove.objects.filter(patient=patient, undone_at__isnull=True).last()
        if last is not None:
            coverage_moves.undo(last, at=NOW)
    elif act == "bill":
        layer = coverage_layers.layer_of(old, card.public_id)
        coverage_layers.bill(
            layer, [row.visit.public_id for row in coverage_layers.billable(layer)], today=TODAY
        )
    elif act == "claim":
        for invoice in Invoice.objects.filter(patient=patient, state="open"):
            queue.make_ready_or_queue(invoice, TODAY)
    else:
        claim = Claim.objects.filter(patient=patient, state=ClaimState.READY).first()
        if claim is not None:
            lifecycle.move(claim, ClaimState.BATCHED, text="test")
            lifecycle.move(claim, ClaimState.SUBMITTED, text="test")
