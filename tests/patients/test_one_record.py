"""One record a person: merge and its undo, confidential mail."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from billing import balances, statements
from billing.checkout import check_out
from billing.models import Approval
from clinics.models import AuditEvent, Membership
from clinics.roles import Role
from desk import merging
from insurance.models import Policy
from insurance.profiles import ensure_self_pay, holding_area
from patients import queries, registration
from patients.models import Guarantor, Patient
from tests.cast import (
    NOW,
    TODAY,
    World,
    make_patient,
    make_policy,
    make_profile,
    make_visit,
    make_world,
    sign_in,
)

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


@pytest.fixture
def shut() -> World:
    """A world whose clinic each request opens itself, as the person who signed in."""
    return make_world()


def api(client: Client, record: Patient, act: str, **body: Any) -> tuple[int, dict[str, Any]]:
    """Status and JSON of merging this record, or of taking that back."""
    address = f"/api/v1/patients/{record.public_id}/{act}/"
    answer = client.post(address, body, content_type="application/json")
    return answer.status_code, answer.json()


@pytest.mark.rule("B14.merge")
def test_a_biller_asks_and_an_admin_agrees(shut: World, client: Client) -> None:
    with shut.open():
        kept, second = two_records(shut)
    client.force_login(shut.users["biller"])
    where = reverse("desk:merge", args=[kept.public_id])
    assert "Compare" in client.get(where).content.decode()
    assert "Ask to merge chart OLD9" in client.get(where, {"second": second.public_id}).content.decode()
    form = {"second": second.public_id, "step": "merge"}
    assert b"Say how you know" in client.post(where, {**form, "reason": ""}).content
    assert client.post(where, {**form, "reason": "licence"}).status_code == 302
    assert b"waits for a second person" in client.post(where, {**form, "reason": "licence"}).content
    with shut.open():
        assert not kept.merged.exists(), "nobody has agreed yet"
        asked = reverse("billing:approval", args=[Approval.objects.get().public_id])
    assert b"another person approves it" in client.get(asked).content
    assert client.post(asked, {"answer": "approve"}).status_code == 409, "who asked cannot agree"
    client.force_login(shut.users["company_biller"])
    assert client.post(asked, {"answer": "approve"}).status_code == 409, "her role does not include it"
    client.force_login(shut.users["admin"])
    assert b"Compare both" in client.get(asked).content
    assert client.post(asked, {"answer": "approve"}).status_code == 302
    assert "OLD9" in client.get(reverse("desk:merged", args=[kept.public_id])).content.decode()
    assert "is part of" in client.get(reverse("desk:merged", args=[second.public_id])).content.decode()
    with shut.open():
        done = AuditEvent.objects.get(action="patient.merge")
    biller, admin = (shut.users[role].email for role in ("biller", "admin"))
    assert (done.actor, done.data["asked_by"]) == (admin, biller)


@pytest.mark.rule("B14.merge")
def test_merge_by_api_and_by_role(shut: World, client: Client) -> None:
    with shut.open():
        kept, second = two_records(shut)
    client.force_login(shut.users["admin"])
    status, said = api(client, kept, "merge", second=second.public_id, reason="licence")
    assert (status, said["state"]) == (202, "asked")
    client.force_login(shut.users["owner"])
    decide = f"/api/v1/write-offs/requests/{said['approval']}/decide/"
    assert client.post(decide, {"answer": "approve"}, content_type="application/json").status_code == 200
    client.force_login(shut.users["biller"])
    assert api(client, second, "unmerge")[0] == 403
    client.force_login(shut.users["admin"])
    assert api(client, second, "unmerge", reason="twins") == (200, {"id": kept.public_id, "merged": []})
    client.force_login(shut.users["front_desk"])
    assert api(client, kept, "merge", second=second.public_id, reason="licence")[0] == 403


@pytest.mark.rule("B14.merge")
def test_what_is_gone_when_somebody_agrees_is_said(shut: World, client: Client) -> None:
    with shut.open():
        kept, second = make_patient(), make_patient("Maren", "Okafor", chart_number="OLD9")
    client.force_login(shut.users["admin"])
    _, said = api(client, kept, "merge", second=second.public_id, reason="licence")
    with shut.open():
        second.delete()  # as the undo of its import does
    client.force_login(shut.users["owner"])
    decide = f"/api/v1/write-offs/requests/{said['approval']}/decide/"
    answer = client.post(decide, {"answer": "approve"}, content_type="application/json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "record_gone")


@pytest.mark.rule("B14.merge")
def test_an_owner_merges_alone_only_where_nobody_else_could_agree(shut: World, client: Client) -> None:
    with shut.open():
        kept, second = two_records(shut)
    Membership.objects.filter(role=Role.ADMIN).update(is_active=False)
    client.force_login(shut.users["owner"])
    body = {"second": second.public_id, "reason": "licence"}
    status, said = api(client, kept, "merge", **body)
    assert (status, said["error"]["code"]) == (403, "sign_in_again")
    page = client.get(reverse("desk:merge", args=[kept.public_id]))
    assert (page.status_code, "reauthenticate" in page["Location"]) == (302, True)
    sign_in(client, shut.users["owner"])
    assert api(client, kept, "merge", **body)[1]["merged"] == [second.public_id]
    assert api(client, second, "unmerge")[0] == 200
    Membership.objects.filter(role=Role.OWNER).update(is_active=False)
    client.force_login(shut.users["biller"])
    assert api(client, kept, "merge", **body)[1]["error"]["code"] == "nobody_agrees"


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
