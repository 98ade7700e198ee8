"""No sequence of profile edits bills a payer outside a layer's dates (B11.2, B11.5), against a small model."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinics.errors import Refusal
from insurance import profile_edits
from insurance.coverage import ProfileView, choose
from insurance.models import InsuranceProfile
from insurance.profile_edits import LayerSpec
from insurance.profiles import layers_on
from tests.cast import World, make_patient, make_payer, make_policy, make_world

START = date(2026, 1, 1)
DAYS = st.integers(0, 40)
EDITS = st.lists(
    st.tuples(
        st.sampled_from(["add", "end_layer", "end_profile", "default", "inactive"]),
        st.integers(0, 3),
        DAYS,
        DAYS,
    ),
    max_size=12,
)


@pytest.fixture
def world(db: None) -> Any:
    made = make_world()
    with made.open():
        yield made


def day(number: int) -> date:
    return START + timedelta(days=number)


@pytest.mark.rule("B11.2.order", "B11.5", "S3.20")
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=EDITS, first=st.tuples(DAYS, DAYS))
def test_nobody_is_billed_outside_the_dates_that_were_given(
    world: World, edits: list[tuple[str, int, int, int]], first: tuple[int, int]
) -> None:
    patient = make_patient(chart_number=f"H{InsuranceProfile.objects.count()}")
    cards = [
        make_policy(
            patient, make_payer(f"P{n}", f"{patient.pk}-{n}"), f"M{n}", effective_on=START, expires_on=None
        )
        for n in range(4)
    ]
    begin, end = sorted(first)
    profile = profile_edits.create_profile(
        patient, name="P", layers=[LayerSpec(cards[0], day(begin), day(end))]
    )
    # The model: what each card was ever allowed to be billed for, kept by hand.
    allowed: dict[int, set[int]] = {cards[0].pk: set(range(begin, end + 1))}
    for act, number, one, two in edits:
        card, low, high = cards[number], min(one, two), max(one, two)
        try:
            if act == "add":
                profile_edits.add_layer(profile, card, effective_on=day(low), expires_on=day(high))
                allowed.setdefault(card.pk, set()).update(range(low, high + 1))
            elif act in ("end_layer", "end_profile"):
                profile_edits.expire_policy(card, profile, day(one), whole_profile=act == "end_profile")
                for key in allowed if act == "end_profile" else [card.pk]:
                    allowed[key] -= set(range(one + 1, 100))
            elif act == "default":
                profile_edits.set_default(profile)
            else:
                profile_edits.set_inactive(profile)
        except Refusal:
            continue
    for number in range(45):
        layers = layers_on(profile, day(number))
        assert [layer.position for layer in layers] == sorted({layer.position for layer in layers})
        for layer in layers:
            assert number in allowed[layer.policy_id]


VIEWS = st.builds(
    ProfileView,
    id=st.integers(2, 9),
    kind=st.sampled_from(["standard", "work_comp", "dme"]),
    status=st.sampled_from(["active", "inactive"]),
    is_in_force=st.booleans(),
    pays=st.booleans(),
)


@pytest.mark.rule("B11.4")
@given(others=st.lists(VIEWS, max_size=4, unique_by=lambda view: view.id), default=st.none() | VIEWS)
def test_a_visit_never_lands_on_a_profile_that_does_not_pay(
    others: list[ProfileView], default: ProfileView | None
) -> None:
    self_pay = ProfileView(1, "self_pay", "default" if default is None else "active", True, False)
    views = [self_pay, *others]
    if default is not None:
        views.append(ProfileView(10, default.kind, "default", default.is_in_force, default.pays))
    chosen = choose(views)
    view = next(view for view in views if view.id == chosen.id)
    assert view is self_pay or (view.is_in_force and view.pays and view.status in ("default", "active"))
    assert bool(chosen.chip) == (view is self_pay and self_pay.status != "default")
