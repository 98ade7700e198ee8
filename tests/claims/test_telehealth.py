"""Place of service per visit: the Treatment tab and the API write it, rules add its modifier, the claim carries it."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from appointments.models import Appointment
from billing.checkout import check_out, preview
from billing.models import ModifierRule
from claims import queue
from claims.cms1500 import crosswalk
from lib.frozen import thaw
from tests.cast import (
    NOW,
    TODAY,
    World,
    make_patient,
    make_payer,
    make_policy,
    make_profile,
    make_visit,
    make_world,
)
from x12.documents.professional_claim import ClaimDocument
from x12.documents.write_837p import claim_text

pytestmark = [pytest.mark.django_db, pytest.mark.rule("B17.6.place")]


@pytest.fixture
def world() -> World:
    made = make_world()
    with made.open():
        cigna = make_payer("Cigna", "62308")
        ModifierRule.objects.create(pos="10", modifiers=["95"])
        ModifierRule.objects.create(pos="02", modifiers=["95"])
        ModifierRule.objects.create(payer=cigna, pos="10", modifiers=["GT"])
    return made


def visit_for(world: World, payer_name: str) -> Appointment:
    with world.open():
        payer = world.aetna if payer_name == "Aetna" else world.aetna.__class__.objects.get(name=payer_name)
        patient = make_patient(payer_name)
        return make_visit(world, patient, make_profile(patient, make_policy(patient, payer)), world.exam)


def desk(world: World) -> Client:
    client = Client()
    client.force_login(world.users["front_desk"])
    return client


def by_page(client: Client, visit: Appointment, place: str) -> None:
    url = reverse("appointments:treatment", args=[visit.public_id])
    answer = client.post(url, {"onset_on": "2026-02-27", "minutes": "30", "place_of_service": place})
    assert answer.status_code == 302


def by_api(client: Client, visit: Appointment, place: str) -> None:
    url = f"/api/v1/appointments/{visit.public_id}/treatment/"
    answer = client.patch(url, {"place_of_service": place}, content_type="application/json")
    assert answer.json()["place_of_service"] == place


@pytest.mark.parametrize("set_place", [by_page, by_api])
@pytest.mark.parametrize(
    ("payer", "place", "on_claim", "modifiers"),
    [
        ("Aetna", "", "11", ()),
        ("Aetna", "10", "10", ("95",)),
        ("Aetna", "02", "02", ("95",)),
        ("Cigna", "10", "10", ("GT",)),
        ("Cigna", "02", "02", ("95",)),
        ("Aetna", "12", "12", ()),
    ],
)
def test_place_and_modifier_reach_charge_claim_and_paper(world, set_place, payer, place, on_claim, modifiers):
    client, visit = desk(world), visit_for(world, payer)
    if place or set_place is by_page:
        set_place(client, visit, place)
    with world.open():
        visit = Appointment.objects.get(pk=visit.pk)
        assert visit.place_of_service == place
        [line] = preview(visit).visit.lines
        assert line.result.modifiers == modifiers
        invoice = check_out(visit.public_id, [], at=NOW).invoice
        assert tuple(invoice.charges.get().modifiers) == modifiers
        claim = queue.one_click(invoice, TODAY)
        document = thaw(ClaimDocument, claim.document)
        text = claim_text(document).claim
    assert f"***{on_claim}:B:1" in text
    assert ":".join(["SV1*HC", "99213", *modifiers]) + "*100*UN" in text
    assert [entry.text for entry in crosswalk(document) if entry.box == "24B"] == [on_claim]


def test_the_desk_sees_the_place_and_a_wrong_one_is_refused(world):
    client, visit = desk(world), visit_for(world, "Aetna")
    page = client.get(
        reverse("appointments:visit", args=[visit.public_id]) + "?tab=treatment"
    ).content.decode()
    assert "Telehealth, patient at home" in page
    by_page(client, visit, "10")
    page = client.get(reverse("billing:check-out", args=[visit.public_id])).content.decode()
    assert "Telehealth, patient at home" in page
    url = reverse("appointments:treatment", args=[visit.public_id])
    refused = client.post(url, {"minutes": "30", "place_of_service": "telephone"})
    assert b"is not one of the available choices" in refused.content
    api = f"/api/v1/appointments/{visit.public_id}/treatment/"
    for wrong in ("1", "xx", "100"):
        answer = client.patch(api, {"place_of_service": wrong}, content_type="application/json")
        assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, ["place_of_service"])
    with world.open():
        assert Appointment.objects.get(pk=visit.pk).place_of_service == "10"
