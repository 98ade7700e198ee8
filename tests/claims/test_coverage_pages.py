"""Move visits, bill a card found later, the guard: as pages and as the API, by role (B11.5, B11.6)."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal as D
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from appointments.models import Appointment
from billing import accounts
from billing.checkout import check_out
from claims import queue
from claims.models import Claim, CoverageMove
from insurance.models import InsuranceProfile, Policy
from tests.cast import NOW, TODAY, World, make_patient, make_policy, make_profile, make_visit, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def story(world: World) -> dict[str, Any]:
    """Aetna was billed for two visits; Medicare is the profile they belong on. AARP's card lies beside."""
    with world.open():
        patient = make_patient()
        old = make_profile(patient, make_policy(patient, world.aetna))
        new = make_profile(patient, make_policy(patient, world.medicare, "1EG4TE5MK73"), status="active")
        visits = [make_visit(world, patient, old, day=day) for day in (date(2026, 3, 2), TODAY)]
        for visit in visits:
            queue.one_click(check_out(visit.public_id, [], at=NOW).invoice, TODAY)
        held = make_policy(patient, world.aarp, "A1", effective_on=date(2026, 3, 5))
    return {"patient": patient, "old": old, "new": new, "visits": visits, "held": held}


def signed_in(world: World, role: str) -> Client:
    client = Client()
    client.force_login(world.users[role])
    return client


@pytest.mark.rule("B11.6", "S3.14")
def test_choose_preview_move_undo(world: World, story: dict[str, Any]) -> None:
    biller = signed_in(world, "biller")
    where = reverse("claims:move-visits", args=[story["old"].public_id])
    page = biller.get(where, {"to": story["new"].public_id}).content.decode()
    assert page.count('name="visit"') == 2
    assert "Preview the move" in page
    form = {
        "to": story["new"].public_id,
        "visit": [visit.public_id for visit in story["visits"]],
        "rebill": "on", "transfer_balance": "on", "update_fees": "on", "note": "Card shown",
        "reset_dunning": "on", "billing_note": "on",
    }  # fmt: skip
    look = biller.post(where, form).content.decode()
    assert "Move 2 visits" in look
    assert "begins anew" not in look
    assert "300.00" in look
    with world.open():
        assert not CoverageMove.objects.exists()
    done = [biller.post(where, form | {"step": "move", "idempotency_key": "m1"}) for _ in range(2)]
    assert done[0].headers["Location"] == done[1].headers["Location"]
    with world.open():
        assert CoverageMove.objects.count() == 1
        assert set(Appointment.objects.values_list("profile_id", flat=True)) == {story["new"].pk}
        assert Claim.objects.filter(payer__name="Medicare").count() == 2
    shown = biller.get(done[0].headers["Location"]).content.decode()
    assert "Undo the whole move" in shown
    assert "INV-1004" in shown
    assert biller.post(done[0].headers["Location"], {"reason": "no"}).status_code == 302
    with world.open():
        assert set(Appointment.objects.values_list("profile_id", flat=True)) == {story["old"].pk}
    told = biller.get(reverse("claims:patient-moves", args=[story["patient"].public_id])).content.decode()
    assert "Card shown" in told
    here = biller.get(reverse("patients:patient", args=[story["patient"].public_id])).content.decode()
    assert reverse("claims:patient-moves", args=[story["patient"].public_id]) in here
    with world.open():
        claim = Claim.objects.filter(payer__name="Medicare").first()
        assert claim is not None
        accounts.set_level(accounts.account_of(story["patient"]), 3, NOW)
    line = biller.get(reverse("claims:claim", args=[claim.public_id]), {"tab": "timeline"}).content.decode()
    assert "Moved from Aetna. Card shown" in line
    assert "Reset dunning" in biller.get(where, {"to": story["new"].public_id}).content.decode()
    assert "(dunning level 3 to 0)" in biller.post(where, form).content.decode()
    manage = biller.get(reverse("insurance:manage", args=[story["patient"].public_id])).content.decode()
    assert where in manage
    assert reverse("claims:patient-moves", args=[story["patient"].public_id]) in manage


@pytest.mark.rule("B11.6")
def test_what_cannot_be_moved_is_said_and_nothing_happens(world: World, story: dict[str, Any]) -> None:
    biller = signed_in(world, "biller")
    where = reverse("claims:move-visits", args=[story["old"].public_id])
    for form in (
        {"to": story["new"].public_id, "visit": []},
        {"to": story["old"].public_id, "visit": [story["visits"][0].public_id]},
        {"to": story["new"].public_id, "visit": ["nobody"]},
    ):
        assert "Not like this" in biller.post(where, form).content.decode()
        assert biller.post(where, {**form, "step": "move"}).status_code == 409
    assert biller.post(where, {"to": "nobody"}).status_code == 404
    with world.open():
        stranger = make_profile(make_patient("Other", "Person"))
    other = {"to": stranger.public_id, "visit": [story["visits"][0].public_id]}
    assert biller.post(where, {**other, "step": "move"}).status_code == 409
    assert signed_in(world, "front_desk").get(where).status_code == 403
    with world.open():
        assert not CoverageMove.objects.exists()
        assert InsuranceProfile.objects.get(pk=story["old"].pk).appointments.count() == 2


@pytest.mark.rule("S3.17", "B11.5")
def test_the_guard_tells_money_for_each_way_to_change_coverage(world: World, story: dict[str, Any]) -> None:
    desk = signed_in(world, "front_desk")
    where = reverse("claims:coverage-guard", args=[story["patient"].public_id])
    added = desk.get(where, {"mode": "add", "policy": story["held"].public_id}).content.decode()
    assert "1 of 2" in added
    assert "reach it by themselves" in added
    earlier = {"mode": "add", "policy": story["held"].public_id, "effective_on": "2026-01-01"}
    assert "2 of 2" in desk.get(where, earlier).content.decode()
    with world.open():
        card = Policy.objects.get(payer=world.aetna)
    ended = desk.get(where, {"mode": "end", "policy": card.public_id, "from": "2026-03-05"}).content.decode()
    assert "would lose it" in ended
    assert "1 of 2" in ended
    assert (
        "fall into the new coverage"
        in desk.get(where, {"mode": "new", "from": "2026-03-05"}).content.decode()
    )


@pytest.mark.rule("B11.5", "B11.6")
def test_the_same_by_the_api(world: World, story: dict[str, Any]) -> None:
    biller = signed_in(world, "biller")
    old = story["old"].public_id

    def post(where: str, **body: Any) -> Any:
        return biller.post(
            where, json.dumps(body), content_type="application/json", HTTP_IDEMPOTENCY_KEY=where
        )

    asked = biller.get(f"/api/v1/profiles/{old}/guard/", {"from": "2026-03-05"}).json()
    assert (asked["visits"], asked["covered"], len(asked["ahead"])) == (2, 1, 1)
    visits = [visit.public_id for visit in story["visits"]]
    wanted = {"to": story["new"].public_id, "visits": visits}
    look = post(f"/api/v1/profiles/{old}/move/", **wanted, preview=True).json()
    assert [(row["charge"], row["payer"]) for row in look["visits"]] == [("150.00", "Medicare")] * 2
    made = post(f"/api/v1/profiles/{old}/move/", **wanted)
    assert (made.status_code, len(made.json()["items"])) == (201, 2)
    one = f"/api/v1/coverage-moves/{made.json()['id']}/"
    assert (
        biller.get(f"/api/v1/patients/{story['patient'].public_id}/coverage-moves/").json()[0]["kind"]
        == "profile"
    )
    assert post(one, reason="wrong").json()["undone_at"]
    refused = post(f"/api/v1/profiles/{old}/bill-card/", policy=story["held"].public_id, visits=visits)
    assert refused.status_code == 409
    with world.open():
        assert Claim.objects.filter(state="ready", total=D("150.00")).count() == 2
