"""Two desks at once: whatever they press, a patient has one Default (B11.4)."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.urls import reverse

from clinics.scoping import open_clinic
from insurance import profile_edits
from insurance.models import InsuranceProfile
from insurance.profile_edits import LayerSpec
from tests.cast import make_patient, make_policy, make_profile, make_world


@pytest.mark.rule("B11.4")
@pytest.mark.django_db(transaction=True)
def test_two_defaults_at_once_from_two_desks_leave_one_and_lose_nothing() -> None:
    world = make_world()
    with world.open():
        patient = make_patient()
        first = make_profile(patient, make_policy(patient, world.aetna))
        second = make_profile(patient, make_policy(patient, world.medicare, "1EG4TE5MK73"), status="active")
        third = make_policy(patient, world.aarp, "A1")
    gate, done = threading.Barrier(3), []

    def new_one() -> None:
        profile_edits.create_profile(patient, name="AARP", layers=[LayerSpec(third)])

    def desk(name: str, act: Any) -> None:
        try:
            with open_clinic(world.clinic.pk, actor=f"{name}@alder.example"):
                row = InsuranceProfile.objects.select_related("patient").get(pk=act.pk) if act else None
                gate.wait(10)
                profile_edits.set_default(row) if row else new_one()
                done.append(name)
        finally:
            connections.close_all()

    desks = [
        threading.Thread(target=desk, args=job) for job in (("one", first), ("two", second), ("three", None))
    ]
    for thread in desks:
        thread.start()
    for thread in desks:
        thread.join(30)
    assert sorted(done) == ["one", "three", "two"], "nobody was refused, nothing is lost"
    with world.open():
        kinds = list(patient.profiles.order_by("pk").values_list("name", "status"))
        assert [status for _, status in kinds].count("default") == 1
        assert {name for name, _ in kinds} == {"Aetna", "Medicare", "AARP", "Self-pay"}


@pytest.mark.rule("B11.4")
@pytest.mark.django_db(transaction=True)
def test_of_two_desks_that_saw_the_same_default_the_second_is_refused_and_nothing_is_lost() -> None:
    """By the pages, at the same moment: one redirect, one refusal in words; a form that was refused can go again."""
    world = make_world()
    with world.open():
        patient = make_patient()
        old = make_profile(patient, make_policy(patient, world.aetna))
        others = [
            make_profile(patient, make_policy(patient, payer, member), status="active")
            for payer, member in ((world.medicare, "1EG4TE5MK73"), (world.aarp, "A1"))
        ]
        held = make_policy(patient, world.aetna, "W2")
    gate, answers = threading.Barrier(2), []

    def desk(target: InsuranceProfile) -> None:
        try:
            client = Client()
            client.force_login(world.users["front_desk"])
            page = client.get(reverse("insurance:manage", args=[patient.public_id])).content.decode()
            assert f'name="seen" value="{old.public_id}"' in page
            gate.wait(20)
            where = reverse("insurance:profile-act", args=[target.public_id])
            answers.append(client.post(where, {"act": "default", "seen": old.public_id}))
        finally:
            connections.close_all()

    desks = [threading.Thread(target=desk, args=(target,)) for target in others]
    for thread in desks:
        thread.start()
    for thread in desks:
        thread.join(60)
    assert sorted(answer.status_code for answer in answers) == [302, 409]
    refused = next(answer for answer in answers if answer.status_code == 409)
    assert "Look again and decide" in refused.content.decode()
    with world.open():
        assert patient.profiles.filter(status="default").count() == 1
        now = patient.profiles.get(status="default")
        assert now in others
    client = Client()
    client.force_login(world.users["front_desk"])
    form = {"kind": "standard", "make_default": "on", "name": "Third", "c1-policy": held.public_id, "c2-policy": "",
            "c3-policy": "", "seen": old.public_id, "idempotency_key": "one"}  # fmt: skip
    where = reverse("insurance:new-profile", args=[patient.public_id])
    page = client.post(where, form).content.decode()
    assert "Look again and decide" in page
    assert 'value="Third"' in page
    assert f'name="seen" value="{now.public_id}"' in page
    assert client.post(where, form | {"seen": now.public_id}).status_code == 302
    with world.open():
        assert patient.profiles.get(status="default").name == "Third"
        body = {"act": "default", "seen": now.public_id}
    api = f"/api/v1/profiles/{old.public_id}/act/"
    said = client.post(api, body, content_type="application/json")
    assert (said.status_code, said.json()["error"]["code"]) == (409, "default_changed")
