"""One record a person: merge and its undo, confidential mail."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from billing import balances, statements
from billing.checkout import check_out
from desk import merging
from insurance.models import Policy
from insurance.profiles import ensure_self_pay, holding_area
from patients import queries, registration
from patients.models import Guarantor, Patient
from tests.cast import NOW, TODAY, World, make_patient, make_policy, make_profile, make_visit, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> Any:
    made = make_world()
    with made.open():
        yield made


def two_records(world: World) -> tuple[Patient, Patient]:
    """The second record has a billed visit, one still to come and a card the first does not know."""
    kept = make_patient()
    make_profile(kept, make_policy(kept, world.aetna))
    second = make_patient("Maren", "Okafor", chart_number="OLD9", email="maren@x.example")
    profile = make_profile(second, make_policy(second, world.medicare, "1EG4TE5MK73"))
    check_out(make_visit(world, second, profile).public_id, [], at=NOW)
    make_visit(world, second, profile, day=TODAY + timedelta(days=7), state="scheduled")
    for patient in (kept, second):
        ensure_self_pay(patient)
    return kept, second


@pytest.mark.rule("B14.merge")
def test_a_merge_keeps_both_histories_and_is_undone(world: World) -> None:
    kept, second = two_records(world)
    due = balances.patient_due(second.pk)
    merging.merge(kept, second, reason="Same driving licence", at=NOW)
    kept.refresh_from_db()
    assert kept.email == "maren@x.example"
    assert [visit.state for visit in kept.appointments.all()] == ["scheduled"]
    assert kept.appointments.get().profile.patient_id == kept.pk, "its payer is chosen anew"
    assert [card.member_id for card in holding_area(kept)] == ["1EG4TE5MK73"]
    assert (second.invoices.count(), balances.patient_due(second.pk)) == (1, due)
    assert list(queries.search("okafor")) == [kept]
    assert second in queries.search("OLD9"), "its old chart number still finds it"
    assert queries.possible_duplicates({"phone": second.phone}) == [kept]
    with pytest.raises(merging.CannotMerge):
        merging.merge(second, kept, reason="round", at=NOW)
    merging.undo(second, reason="They are twins")
    second.refresh_from_db()
    kept.refresh_from_db()
    assert (second.merged_into, kept.email, second.appointments.count()) == (None, "", 2)
    assert not holding_area(kept)


@pytest.mark.rule("B14.merge")
def test_merge_by_page_and_api_and_by_role(world: World, client: Client) -> None:
    kept, second = two_records(world)
    client.force_login(world.users["biller"])
    where = reverse("desk:merge", args=[kept.public_id])
    assert "Compare" in client.get(where).content.decode()
    assert "Merge chart OLD9" in client.get(where, {"second": second.public_id}).content.decode()
    form = {"second": second.public_id, "step": "merge"}
    assert b"Say how you know" in client.post(where, {**form, "reason": ""}).content
    assert client.post(where, {**form, "reason": "licence"}).status_code == 302
    piece = client.get(reverse("desk:merged", args=[kept.public_id])).content.decode()
    assert "OLD9" in piece
    assert "is part of" in client.get(reverse("desk:merged", args=[second.public_id])).content.decode()
    one = f"/api/v1/patients/{kept.public_id}/merge/"
    body = {"second": second.public_id, "undo": True}
    assert client.post(one, body, content_type="application/json").json()["merged"] == []
    body = {"second": second.public_id, "reason": "licence"}
    assert client.post(one, body, content_type="application/json").json()["merged"] == [second.public_id]
    client.force_login(world.users["front_desk"])
    assert client.post(where, {**form, "reason": "licence"}).status_code == 403


@pytest.mark.rule("B14.mail")
def test_confidential_mail_goes_to_one_address_only(world: World) -> None:
    patient = make_patient("Ana", "Ruiz")
    make_profile(patient)
    patient.guarantor = Guarantor.objects.create(
        first_name="Paul", last_name="Ruiz", street="1 Hill Road", city="Peoria", state="IL", zip_code="61601"
    )
    patient.save()
    assert statements.build(patient, world.location, today=TODAY)["to"][0] == "PAUL RUIZ"
    data = {"is_confidential": True, "mail_street": "PO Box 9", "mail_city": "Decatur", "mail_state": "il",
            "mail_zip_code": "62521"}  # fmt: skip
    registration.change(patient, data, today=TODAY)
    to = statements.build(patient, world.location, today=TODAY)["to"]
    assert to == ["ANA RUIZ", "PO BOX 9", "DECATUR IL 62521"]
    registration.change(patient, {"mail_street": ""}, today=TODAY)
    assert statements.build(patient, world.location, today=TODAY)["to"][1] == "12 OAK LANE"
    assert Policy.objects.count() == 0
