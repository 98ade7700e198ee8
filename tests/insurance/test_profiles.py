"""Profiles: order, dates, Default, guard, holding area (B11.1 to B11.5, seed 3)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from clinics.models import AuditEvent
from insurance import policies, profile_edits
from insurance.cards import profile_cards
from insurance.errors import BadCoverage, ProfileInUse, ProfileRefused
from insurance.models import InsuranceProfile, Layer
from insurance.profile_edits import LayerSpec
from insurance.profiles import active_policies, ensure_self_pay, holding_area, layers_on, profile_for
from tests.cast import (
    TODAY,
    World,
    make_patient,
    make_payer,
    make_policy,
    make_profile,
    make_visit,
    make_world,
)

pytestmark = pytest.mark.django_db
JAN, JUL, DEC = date(2026, 1, 1), date(2026, 7, 1), date(2025, 12, 20)


@pytest.fixture
def world() -> Any:
    made = make_world()
    with made.open():
        yield made


def payers_on(profile: InsuranceProfile, day: date) -> list[str]:
    return [layer.policy.payer.name for layer in layers_on(profile, day)]


@pytest.mark.rule("S3.1", "S3.4", "S3.5", "S3.6", "B11.1", "B11.2.order")
def test_the_order_in_which_cards_are_added_is_the_order_of_responsibility(world: World) -> None:
    patient = make_patient()
    cards = [
        make_policy(patient, payer, f"M{payer.pk}") for payer in (world.medicare, world.aarp, world.aetna)
    ]
    profile = profile_edits.create_profile(
        patient, name="All three", layers=[LayerSpec(card) for card in cards]
    )
    assert payers_on(profile, TODAY) == ["Medicare", "AARP", "Aetna"]
    assert [layer.position for layer in layers_on(profile, TODAY)] == [1, 2, 3]
    with pytest.raises(ProfileRefused, match="three places"):
        profile_edits.add_layer(profile, make_policy(patient, make_payer("Fourth", "44444")))


@pytest.mark.rule("S3.2", "S3.10", "B11.3")
def test_aetna_until_december_cigna_from_january(world: World) -> None:
    patient = make_patient()
    ensure_self_pay(patient)
    aetna = make_policy(patient, world.aetna, expires_on=date(2025, 12, 31))
    old = profile_edits.create_profile(patient, name="Aetna 2025", layers=[LayerSpec(aetna)])
    december = make_visit(world, patient, old, day=DEC, state="checked_out")
    cigna = make_policy(patient, make_payer("CIGNA", "62308"), effective_on=JAN)
    new = profile_edits.create_profile(patient, name="CIGNA", layers=[LayerSpec(cigna)])
    old.refresh_from_db()
    assert (old.status, new.status) == ("active", "default")
    assert payers_on(december.profile, december.service_date) == ["Aetna"]
    assert profile_for(patient, TODAY).profile == new
    assert (
        profile_for(patient, DEC).profile == old
    )  # the Default is not in force, one active standard profile is
    assert payers_on(old, JAN) == []


@pytest.mark.rule("B11.4")
def test_the_profile_of_a_day(world: World) -> None:
    patient = make_patient()
    assert profile_for(patient, TODAY).profile.kind == "self_pay"
    assert profile_for(patient, TODAY).chip == ""  # nobody claims there is coverage
    first = make_policy(patient, world.aetna, effective_on=JAN, expires_on=date(2026, 1, 31))
    default = profile_edits.create_profile(patient, name="Aetna", layers=[LayerSpec(first)])
    assert profile_for(patient, JAN).profile == default
    ended = profile_for(patient, TODAY)
    assert (ended.profile.kind, ended.chip) == ("self_pay", "No coverage on this date")
    second = make_policy(patient, world.medicare, "M2", effective_on=JAN)
    other = profile_edits.create_profile(
        patient, name="Medicare", layers=[LayerSpec(second)], make_default=False
    )
    assert (profile_for(patient, TODAY).profile, profile_for(patient, TODAY).because) == (
        other,
        "only_active",
    )
    third = make_policy(patient, world.aarp, "M3", effective_on=JAN)
    profile_edits.create_profile(patient, name="AARP", layers=[LayerSpec(third)], make_default=False)
    assert profile_for(patient, TODAY).chip == "Several profiles cover this date: choose one"


@pytest.mark.rule("S3.12", "S3.13", "B11.4")
def test_a_work_injury_is_active_beside_the_default_and_there_is_one_default(world: World) -> None:
    patient = make_patient()
    default = profile_edits.create_profile(
        patient, name="Aetna", layers=[LayerSpec(make_policy(patient, world.aetna))]
    )
    fund = make_policy(patient, make_payer("Crestline Fund", "70410"), "WC1")
    injury = profile_edits.create_profile(
        patient, name="Work injury", layers=[LayerSpec(fund)], kind="work_comp", make_default=False,
        accident_on=date(2026, 3, 4), accident_state="IL",
    )  # fmt: skip
    assert profile_for(patient, TODAY).profile == default
    profile_edits.set_default(injury)
    default.refresh_from_db()
    assert (injury.status, default.status) == ("default", "active")
    with pytest.raises(ProfileRefused, match="another profile the Default"):
        profile_edits.set_inactive(injury)
    profile_edits.set_default(default)
    profile_edits.set_inactive(injury)
    assert InsuranceProfile.objects.filter(patient=patient, status="default").count() == 1


@pytest.mark.rule("S3.11", "B11.4")
def test_a_profile_stays_active_while_its_visits_are_open(world: World) -> None:
    patient = make_patient()
    old = make_profile(patient, make_policy(patient, world.aetna), status="active")
    make_profile(patient, make_policy(patient, world.medicare, "M2"))
    visit = make_visit(world, patient, old)
    with pytest.raises(ProfileInUse, match="1 visits on this profile are not closed"):
        profile_edits.set_inactive(old)
    visit.state = "cancelled"
    visit.save()
    profile_edits.set_inactive(old)
    assert old.status == "inactive"


@pytest.mark.rule("B11.4")
def test_only_an_unused_profile_is_deleted_with_a_reason_and_its_cards_are_held(world: World) -> None:
    patient = make_patient()
    make_profile(patient, make_policy(patient, world.medicare, "M2"))
    card = make_policy(patient, world.aetna)
    profile = make_profile(patient, card, status="active")
    visit = make_visit(world, patient, profile)
    with pytest.raises(BadCoverage):
        profile_edits.delete_profile(profile, " ")
    with pytest.raises(ProfileInUse):
        profile_edits.delete_profile(profile, "typed twice")
    visit.lines.all().delete()
    visit.delete()
    profile_edits.delete_profile(profile, "typed twice")
    assert holding_area(patient) == [card]
    assert AuditEvent.objects.get(action="profile.delete").reason == "typed twice"
    with pytest.raises(ProfileRefused):
        profile_edits.delete_profile(ensure_self_pay(patient), "why not")


@pytest.mark.rule("B11.4")
def test_ending_a_card_ends_the_profile_or_only_its_layer(world: World) -> None:
    patient = make_patient()
    cards = [make_policy(patient, world.medicare, "M1"), make_policy(patient, world.aarp, "M2")]
    whole, part = make_profile(patient, *cards), make_profile(patient, *cards, status="active")
    end = date(2026, 2, 28)
    profile_edits.expire_policy(cards[1], part, end, whole_profile=False)
    profile_edits.expire_policy(cards[1], whole, end)
    assert payers_on(part, TODAY) == ["Medicare"]
    assert payers_on(part, end) == ["Medicare", "AARP"]
    assert payers_on(whole, end) == ["Medicare", "AARP"]
    assert payers_on(whole, TODAY) == []
    with pytest.raises(BadCoverage):
        profile_edits.expire_policy(cards[0], part, date(2024, 1, 1))


@pytest.mark.rule("S3.17", "S3.18", "S3.19", "S3.20", "B11.5")
def test_medicaid_added_to_a_profile_in_use(world: World) -> None:
    patient = make_patient()
    medicare = make_profile(patient, make_policy(patient, world.medicare, "M1"))
    for month in range(1, 7):
        make_visit(world, patient, medicare, day=date(2026, month, 10), state="checked_out")
    medicaid = make_policy(patient, make_payer("State Medicaid", "77034"), "MD1")
    with pytest.raises(ProfileInUse, match="6 visits") as refused:
        profile_edits.add_layer(medicare, medicaid)
    assert refused.value.code == "effective_date_needed"
    assert len(profile_edits.touched_visits(medicare, JUL)) == 0
    with pytest.raises(ProfileInUse) as unverified:
        profile_edits.add_layer(medicare, medicaid, effective_on=date(2026, 4, 1))
    assert (unverified.value.code, unverified.value.data["touched"]) == ("verification_needed", 3)
    with pytest.raises(ProfileInUse):
        profile_edits.set_layers(medicare, [LayerSpec(medicaid)])
    later = profile_edits.add_layer(medicare, medicaid, effective_on=JUL)
    assert payers_on(medicare, date(2026, 6, 10)) == ["Medicare"]  # the trap of the seed is closed
    assert payers_on(medicare, JUL) == ["Medicare", "State Medicaid"]
    later.delete()
    profile_edits.add_layer(
        medicare, medicaid, effective_on=JAN, verified="Remit of 01/29 shows it; called, ref 88"
    )
    assert payers_on(medicare, date(2026, 1, 10)) == ["Medicare", "State Medicaid"]
    assert "ref 88" in AuditEvent.objects.filter(action="profile.add_layer").latest("id").reason


@pytest.mark.rule("B11.1")
def test_a_card_may_sit_on_several_profiles_or_on_none(world: World) -> None:
    patient = make_patient()
    card = make_policy(patient, world.aetna)
    assert holding_area(patient) == [card]
    one = profile_edits.create_profile(patient, name="One", layers=[LayerSpec(card)])
    copied = profile_edits.create_profile(patient, name="Two", layers=profile_edits.copy_layers(one, JUL))
    assert holding_area(patient) == []
    assert payers_on(copied, JUL) == ["Aetna"]
    assert payers_on(copied, TODAY) == []
    assert [profile.name for _, profile in active_policies(patient, TODAY)] == ["One"]


@pytest.mark.rule("B11.1")
@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"payer": None}, "payer"),
        ({"member_id": "A"}, "member_id"),
        ({"member_id": "A~1"}, "member_id"),
        ({"expires_on": date(2024, 1, 1)}, "expires_on"),
        ({"effective_on": None}, "effective_on"),
        ({"relationship": "01"}, "holder_first_name"),
        ({"relationship": "77"}, "relationship"),
        ({"holder_birth_date": date(2030, 1, 1), "relationship": ""}, "holder_birth_date"),
    ],
)
def test_a_card_that_cannot_be_is_refused_at_its_field(
    world: World, change: dict[str, Any], field: str
) -> None:
    patient = make_patient()
    data = {"payer": world.aetna, "member_id": "W1", "relationship": "18", "effective_on": JAN} | change
    with pytest.raises(BadCoverage) as refused:
        policies.add_policy(patient, data, today=TODAY)
    assert field in refused.value.data["fields"]


@pytest.mark.rule("B11.1")
def test_cards_and_places_that_clash_are_refused(world: World) -> None:
    patient, other = make_patient(), make_patient("Sam", "Other", phone="2175550177")
    card = make_policy(patient, world.aetna)
    with pytest.raises(BadCoverage, match="pay twice"):
        profile_edits.create_profile(patient, name="Twice", layers=[LayerSpec(card), LayerSpec(card)])
    with pytest.raises(ProfileRefused, match="another patient"):
        profile_edits.create_profile(other, name="Wrong", layers=[LayerSpec(card)])
    with pytest.raises(BadCoverage):
        profile_edits.create_profile(patient, name="None", layers=[])
    profile = profile_edits.create_profile(patient, name="One", layers=[LayerSpec(card)])
    with pytest.raises(ProfileRefused, match="Place 1 is taken"):
        profile_edits.add_layer(
            profile, make_policy(patient, world.medicare, "M2"), position=1, effective_on=JUL
        )


@pytest.mark.rule("B11.4")
def test_insurance_management_asks_the_same_number_of_queries_for_one_and_three(
    world: World, django_assert_num_queries: Any
) -> None:
    patients = [make_patient("A", "One"), make_patient("B", "Three", phone="2175550188")]
    for patient, number in zip(patients, (1, 3), strict=True):
        for n in range(number):
            profile = make_profile(
                patient, make_policy(patient, world.aetna, f"W{n}"), status="default" if n == 0 else "active"
            )
            make_visit(world, patient, profile)
    for patient in patients:
        with django_assert_num_queries(4):
            profile_cards(patient, TODAY)


@pytest.mark.rule("B14")
def test_eligibility_by_phone_is_good_for_thirty_days_inside_its_month(world: World) -> None:
    patient = make_patient()
    card = make_policy(patient, world.aetna)
    check = policies.record_eligibility(card, on=TODAY, is_active=True, note="ref 12", today=TODAY)
    assert (check.source, check.is_active) == ("phone", True)
    assert policies.eligibility_is_fresh(TODAY, date(2026, 3, 31))
    assert not policies.eligibility_is_fresh(TODAY, date(2026, 4, 1))
    assert not policies.eligibility_is_fresh(date(2026, 3, 1), date(2026, 2, 28))
    with pytest.raises(BadCoverage):
        policies.record_eligibility(card, on=date(2026, 3, 10), is_active=None, note="", today=TODAY)


def test_the_database_refuses_two_payers_in_one_place_on_one_day(world: World) -> None:
    from django.db import IntegrityError

    patient = make_patient()
    profile = make_profile(patient, make_policy(patient, world.aetna))
    with pytest.raises(IntegrityError):
        Layer.objects.create(
            profile=profile, policy=make_policy(patient, world.aarp, "M9"), position=1, effective_on=TODAY
        )
