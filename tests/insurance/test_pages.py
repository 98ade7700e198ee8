"""Insurance Management, payers and the API, as people use them (S3)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from insurance.models import ContractRate, InsuranceProfile, Payer, Policy
from insurance.payers import allowed_on, rates_of
from insurance.profiles import layers_on, profile_for
from patients.models import Patient
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


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def patient(world: World) -> Patient:
    with world.open():
        return make_patient()


@pytest.fixture
def desk(client: Client, world: World) -> Client:
    client.force_login(world.users["front_desk"])
    return client


def card(world: World, prefix: str, payer: Payer, member: str, **more: str) -> dict[str, str]:
    values = {
        "policy": "new", "payer": payer.public_id, "member_id": member, "relationship": "18",
        "effective_on": "2026-01-01",
    }  # fmt: skip
    return {f"{prefix}-{name}": value for name, value in {**values, **more}.items()}


@pytest.mark.rule("S3.1", "S3.4", "S3.16", "S3.3", "S3.15")
def test_primary_and_secondary_are_entered_on_one_page_once(
    desk: Client, world: World, patient: Patient
) -> None:
    form = {"kind": "standard", "make_default": "on", "idempotency_key": "p1", "name": ""}
    form |= (
        card(world, "c1", world.medicare, "1EG4TE5MK72")
        | card(world, "c2", world.aarp, "AARP77")
        | {"c3-policy": ""}
    )
    where = reverse("insurance:new-profile", args=[patient.public_id])
    for _ in range(2):
        assert desk.post(where, form).status_code == 302
    with world.open():
        profile = InsuranceProfile.objects.get(kind="standard")
        assert (profile.name, profile.status) == ("Medicare, AARP", "default")
        assert [layer.policy.member_id for layer in layers_on(profile, TODAY)] == ["1EG4TE5MK72", "AARP77"]
    page = desk.get(reverse("insurance:manage", args=[patient.public_id])).content.decode()
    assert 'class="pid-big">MEDB1<' in page
    assert page.index("MEDB1") < page.index("36273")
    panel = desk.get(reverse("insurance:patient-coverage", args=[patient.public_id])).content.decode()
    assert reverse("insurance:manage", args=[patient.public_id]) in panel
    with world.open():
        policy = Policy.objects.get(member_id="AARP77")
    assert reverse("insurance:hover-card", args=[policy.public_id]) in page
    assert b"AARP77" in desk.get(reverse("insurance:hover-card", args=[policy.public_id])).content


@pytest.mark.rule("B11.1")
def test_a_bad_card_is_shown_at_its_field_and_nothing_is_written(
    desk: Client, world: World, patient: Patient
) -> None:
    form = {"kind": "standard", "idempotency_key": "p2"} | card(
        world, "c1", world.aetna, "", expires_on="2025-01-01"
    )
    shown = desk.post(reverse("insurance:new-profile", args=[patient.public_id]), form)
    assert b"before it starts" in shown.content
    assert b"policy number as printed" in shown.content
    with world.open():
        assert not Policy.objects.exists()


@pytest.mark.rule("S3.17", "B11.5")
def test_placing_a_card_offers_the_safe_choice_first(desk: Client, world: World, patient: Patient) -> None:
    with world.open():
        profile = make_profile(patient, make_policy(patient, world.medicare, "M1"))
        make_visit(world, patient, profile, day=date(2026, 2, 2))
        late = make_policy(patient, world.aarp, "A1", effective_on=date(2026, 1, 1))
    where = reverse("insurance:place", args=[late.public_id])
    page = desk.get(where).content.decode()
    assert "1 of 1" in page
    assert page.index("Create new profile") < page.index("Add it to Medicare")
    asked = desk.post(where, {"where": profile.public_id, "effective_on": "2026-01-01", "verified": ""})
    assert b"Say who verified" in asked.content
    onward = desk.post(where, {"where": "new", "effective_on": "2026-01-01"})
    assert onward.headers["Location"].endswith(f"?card={late.public_id}")
    prepared = desk.get(onward.headers["Location"]).content.decode()
    assert "Create profile" in prepared
    done = desk.post(where, {"where": profile.public_id, "effective_on": "2026-03-01", "verified": ""})
    assert done.status_code == 302


@pytest.mark.rule("S3.13")
def test_acts_on_a_profile(desk: Client, world: World, patient: Patient) -> None:
    with world.open():
        one = make_profile(patient, make_policy(patient, world.aetna))
        two = make_profile(
            patient,
            make_policy(patient, world.medicare, "M2"),
            make_policy(patient, world.aarp, "M3"),
            status="active",
        )
        third = two.layers.get(position=2).policy
    where = reverse("insurance:profile-act", args=[two.public_id])
    assert desk.post(where, {"act": "up", "policy": third.public_id}).status_code == 302
    assert desk.post(where, {"act": "default"}).status_code == 302
    assert desk.post(where, {"act": "inactive"}).status_code == 409
    assert desk.post(where, {"act": "fly"}).status_code == 400
    assert (
        desk.post(
            where, {"act": "expire", "policy": third.public_id, "on": "2026-03-31", "whole": "layer"}
        ).status_code
        == 302
    )
    with world.open():
        assert [la.policy.payer.name for la in layers_on(two, date(2026, 4, 1))] == ["Medicare"]
        assert [la.policy.payer.name for la in layers_on(two, TODAY)] == ["AARP", "Medicare"]
        one.refresh_from_db()
        assert one.status == "active"


@pytest.mark.rule("B14")
def test_eligibility_is_noted_by_phone(desk: Client, world: World, patient: Patient) -> None:
    with world.open():
        policy = make_policy(patient, world.aetna)
    where = reverse("insurance:check-eligibility", args=[policy.public_id])
    assert (
        desk.post(where, {"e-checked_on": "2026-03-09", "e-answer": "active", "e-note": "ref 7"}).status_code
        == 302
    )
    assert desk.post(where, {"e-checked_on": "2199-03-09", "e-answer": "active"}).status_code == 400
    assert b"ref 7" in desk.get(reverse("insurance:history", args=[policy.public_id])).content


def test_payers_are_the_admins(client: Client, world: World) -> None:
    client.force_login(world.users["front_desk"])
    assert client.get(reverse("insurance:payers")).status_code == 200
    assert client.get(reverse("insurance:payer-new")).status_code == 403
    client.force_login(world.users["admin"])
    form = {
        "name": "Harbor Mutual", "payer_id": "9021-4", "claim_format": "electronic", "filing_indicator": "CI",
        "crossover_days": "30", "is_active": "on", "requires": ["group_number"],
    }  # fmt: skip
    bad = client.post(reverse("insurance:payer-new"), form | {"payer_id": "90 214"})
    assert b"letters and digits only" in bad.content
    made = client.post(reverse("insurance:payer-new"), form)
    assert made.status_code == 302
    with world.open():
        payer = Payer.objects.get(name="Harbor Mutual")
        assert payer.requires == ["group_number"]
        assert payer.collect_primary_copay is None and payer.asks_primary_copay
    assert b"already in the list" in client.post(reverse("insurance:payer-new"), form).content
    page = reverse("insurance:payer", args=[payer.public_id])
    changed = client.post(page, form | {"filing_indicator": "MC", "collect_primary_copay": "no"})
    assert changed.status_code == 302
    assert b'value="no" selected' in client.get(page).content
    assert client.post(page, form | {"filing_indicator": "MC"}).status_code == 302
    with world.open():
        payer.refresh_from_db()
        assert payer.collect_primary_copay is None and not payer.asks_primary_copay
    assert (
        client.post(f"{page}plans/", {"plan-name": "PPO", "plan-copay_individual": "25.00"}).status_code
        == 302
    )
    assert (
        client.post(f"{page}plans/", {"plan-name": "PPO", "plan-copay_individual": "25.001"}).status_code
        == 400
    )
    rate = {"rate-procedure_code": "98941", "rate-allowed": "110.00", "rate-effective_on": "2026-01-01"}
    assert client.post(f"{page}rates/", rate).status_code == 302
    assert b"98941" in client.get(page).content
    assert client.get(reverse("insurance:payers"), {"format": "csv"}).content.startswith(b"name,payer_id")
    with world.open():
        rates = rates_of([payer.pk], ["98941"])
        assert str(allowed_on(rates, payer.pk, "98941", TODAY)) == "110.00"
        assert allowed_on(rates, payer.pk, "98941", date(2025, 12, 31)) is None
        assert ContractRate.objects.count() == 1


@pytest.mark.rule("S3.2", "B11.5")
def test_the_api_makes_cards_and_profiles(desk: Client, world: World, patient: Patient) -> None:
    def post(path: str, body: dict[str, Any], **headers: str) -> Any:
        return desk.post(f"/api/v1/{path}", body, content_type="application/json", headers=headers)

    one = post(
        f"patients/{patient.public_id}/policies/",
        {
            "payer": world.medicare.public_id,
            "member_id": "M1",
            "relationship": "18",
            "effective_on": "2026-01-01",
        },
    )
    assert (one.status_code, one.json()["payer_id"]) == (201, "MEDB1")
    wrong = post(
        f"patients/{patient.public_id}/policies/",
        {
            "payer": world.medicare.public_id,
            "member_id": "M1",
            "effective_on": "2026-02-01",
            "expires_on": "2026-01-01",
        },
    )
    assert (wrong.status_code, list(wrong.json()["error"]["fields"])) == (400, ["expires_on"])
    made = post(
        f"patients/{patient.public_id}/profiles/",
        {"name": "Medicare", "kind": "standard", "layers": [{"policy": one.json()["id"]}]},
        **{"Idempotency-Key": "k"},
    )
    assert (made.status_code, made.json()["status"]) == (201, "default")
    with world.open():
        profile = InsuranceProfile.objects.get(public_id=made.json()["id"])
        make_visit(world, patient, profile, day=date(2026, 2, 2))
        second = make_policy(patient, world.aarp, "A1")
    layers = f"profiles/{profile.public_id}/layers/"
    refused = post(layers, {"policy": second.public_id})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "effective_date_needed")
    added = post(layers, {"policy": second.public_id, "effective_on": "2026-03-01"})
    assert [layer["position"] for layer in added.json()["layers"]] == [1, 2]
    shown = desk.get(f"/api/v1/patients/{patient.public_id}/profiles/").json()
    assert [row["kind"] for row in shown["profiles"]] == ["standard", "self_pay"]
    assert post(f"profiles/{profile.public_id}/act/", {"act": "inactive"}).status_code == 409
    checked = post(
        f"policies/{second.public_id}/eligibility/", {"checked_on": "2026-03-09", "is_active": True}
    )
    assert checked.status_code == 201
    assert desk.post("/api/v1/payers/", {}, content_type="application/json").status_code == 403


@pytest.mark.rule("B11.3", "S3.2", "S3.10")
def test_from_existing_copies_the_cards_that_stay_and_ends_the_old_profile(
    desk: Client, world: World, patient: Patient
) -> None:
    """Aetna + AARP until 12-31; from 01-01 CIGNA + AARP, in one step."""
    with world.open():
        cigna = make_payer("Cigna", "62308")
        second = make_policy(patient, world.aarp, "A1")
        old = make_profile(patient, make_policy(patient, world.aetna, "W1"), second)
    where = reverse("insurance:new-profile", args=[patient.public_id])
    dialog = desk.get(reverse("insurance:manage", args=[patient.public_id])).content.decode()
    assert "Copy the rest to a new profile" in dialog
    page = desk.get(where, {"from": old.public_id, "since": "2027-01-01", "replace": "1"})
    first, kept, third = (place for _, place in page.context["cards"])
    assert [place["policy"].value() for place in (first, kept, third)] == ["new", second.public_id, ""]
    assert page.context["form"]["effective_on"].value() == date(2027, 1, 1)
    form = {
        "kind": "standard", "effective_on": "2027-01-01", "make_default": "on", "source": old.public_id,
        "end_source": "on", "idempotency_key": "copy", "c2-policy": second.public_id, "c3-policy": "",
        **card(world, "c1", cigna, "U77", effective_on="2027-01-01"), "c1-policy": "new",
    }  # fmt: skip
    assert "takes over" in desk.post(where, form | {"effective_on": ""}).content.decode()
    assert desk.post(where, form).status_code == 302
    with world.open():
        old.refresh_from_db()
        new = InsuranceProfile.objects.get(status="default", patient=patient)
        assert (old.status, old.expires_on) == ("active", date(2026, 12, 31))
        assert [
            (layer.policy.payer.name, layer.effective_on)
            for layer in new.layers.select_related("policy__payer")
        ] == [("Cigna", date(2027, 1, 1)), ("AARP", date(2027, 1, 1))]
        assert profile_for(patient, date(2026, 12, 20)).profile == old
        assert profile_for(patient, date(2027, 1, 4)).profile == new


@pytest.mark.rule("B11.3", "S3.2", "S3.10")
def test_from_existing_by_the_api(desk: Client, world: World, patient: Patient) -> None:
    """The same step as the page's: CIGNA in Aetna's place, AARP stays, the old profile ends the day before."""
    with world.open():
        cigna = make_policy(patient, make_payer("Cigna", "62308"), "U77", effective_on=date(2027, 1, 1))
        old = make_profile(
            patient, make_policy(patient, world.aetna, "W1"), make_policy(patient, world.aarp, "A1")
        )
        stranger = make_profile(make_patient("Sam", "Other"))
    where = f"/api/v1/patients/{patient.public_id}/profiles/"
    body = {
        "name": "Cigna and AARP", "source": old.public_id, "effective_on": "2027-01-01",
        "layers": [{"policy": cigna.public_id, "position": 1}],
    }  # fmt: skip

    def post(body: dict[str, Any], key: str = "") -> Any:
        return desk.post(where, body, content_type="application/json", headers={"Idempotency-Key": key})

    for wrong in ({"effective_on": None}, {"source": stranger.public_id}):
        assert post(body | wrong).status_code == 400
    with world.open():
        old.refresh_from_db()
        assert (old.expires_on, patient.profiles.count()) == (None, 1), "nothing half done"
    made = [post(body, "copy") for _ in range(2)]
    assert [answer.status_code for answer in made] == [201, 200]
    with world.open():
        new = InsuranceProfile.objects.get(public_id=made[0].json()["id"])
        old.refresh_from_db()
        assert (new.status, old.status, old.expires_on) == ("default", "active", date(2026, 12, 31))
        assert [
            (layer.position, layer.policy.payer.name, layer.effective_on)
            for layer in new.layers.select_related("policy__payer")
        ] == [(1, "Cigna", date(2027, 1, 1)), (2, "AARP", date(2027, 1, 1))]
        assert profile_for(patient, date(2026, 12, 20)).profile == old
