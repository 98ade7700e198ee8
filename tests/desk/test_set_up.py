"""The set-up list tells where a clinic stands from its rows: the table of docs/authorizations.md, page and API."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from appointments.models import ServicePrice
from clinics import settings as house
from desk import set_up
from insurance.enums import EnrollmentKind
from insurance.models import Enrollment
from tests.cast import TODAY, World, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


def line(world: World, key: str) -> tuple[str, str]:
    with world.open():
        found = next(row for row in set_up.read(world.clinic, TODAY) if row.key == key)
        return found.state, found.words


@pytest.mark.rule("B14.set_up")
def test_the_table_of_the_docs(world: World) -> None:
    with world.open():
        world.connection.is_sandbox = True
        world.connection.save()
    assert line(world, "diagnosis_codes")[0] == "look"
    assert line(world, "connection") == ("look", "Only the sandbox: nothing reaches a real payer")
    with world.open():
        world.connection.is_sandbox, world.connection.tested_at = False, world.clinic.created_at
        world.connection.save()
        for payer in (world.medicare, world.aarp):
            Enrollment.objects.create(
                payer=payer,
                connection=world.connection,
                kind=EnrollmentKind.CLAIMS,
                state="active",
                since=TODAY,
            )
    assert line(world, "connection") == ("to_do", f"The last test failed: {world.connection.name}")
    state, words = line(world, "enrollment_837p")
    assert (state, words) == ("to_do", f"Claims wait for 1 of 3: {world.aetna.name}")
    with world.open():
        ServicePrice.objects.filter(service=world.exam).delete()
    assert line(world, "services") == ("look", f"Without a price: {world.exam.code}")
    assert line(world, "autopay")[0] == "look"
    with world.open():
        house.change("autopay_claims", "off", world.clinic, world.location)
    assert line(world, "autopay") == ("done", "Decided")


@pytest.mark.rule("B14.set_up")
def test_page_home_and_api_tell_the_same_and_only_to_admins(client: Any, world: World) -> None:
    client.force_login(world.users["admin"])
    rows = client.get("/api/v1/set-up/").json()
    page = client.get(reverse("desk:set-up")).content.decode()
    assert len(rows) == 13
    for row in rows:
        assert row["label"] in page
        assert row["url"] in page
        assert not row["url"] or client.get(row["url"]).status_code == 200
    done = sum(row["state"] == "done" for row in rows)
    assert f"{done} of 13 are set up" in client.get(reverse("desk:set-up-line")).content.decode()
    assert reverse("desk:set-up-line") in client.get(reverse("desk:dashboard")).content.decode()
    assert reverse("desk:set-up") in client.get(reverse("desk:settings")).content.decode()
    client.force_login(world.users["front_desk"])
    assert client.get(reverse("desk:set-up")).status_code == 403
    assert client.get("/api/v1/set-up/").status_code == 403
