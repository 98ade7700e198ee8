"""One record a person: merge and its undo, import with mapping and its undo, confidential mail."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from billing import balances, statements
from billing.checkout import check_out
from clinics.errors import BadInput
from desk import merging
from insurance.models import Policy
from insurance.profiles import ensure_self_pay, holding_area
from patients import importing, queries, registration
from patients.models import Guarantor, Patient, PatientImport
from tests.cast import NOW, TODAY, World, make_patient, make_policy, make_profile, make_visit, make_world

pytestmark = pytest.mark.django_db
FILE = """Surname,Given,DOB,Gender,Cell,Notes
Ruiz,Ana,05/02/1984,female,2175550188,x
Ruiz,Ana,05/02/1984,F,,
Stone,Bo,02/30/1984,F,,
Okafor,Maren,05/17/1980,,,
Lund,Eva,,,,
"""


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


@pytest.mark.rule("B14.import")
def test_a_file_is_mapped_looked_at_taken_and_undone(world: World) -> None:
    make_patient()
    job = importing.start(FILE, "people.csv")
    assert job.mapping == {
        "last_name": "Surname", "first_name": "Given", "birth_date": "DOB", "sex": "Gender", "phone": "Cell"
    }  # fmt: skip
    rows = importing.dry_run(job, TODAY)
    assert [row.act for row in rows] == ["register", "wrong", "wrong", "here", "register"]
    assert Patient.objects.count() == 1
    for _ in range(2):
        done = importing.take(job, TODAY)
    assert (len(done.created), done.skipped, done.rows) == (2, 3, "")
    ana = Patient.objects.get(last_name="Ruiz")
    assert (ana.phone, ana.sex, ana.profiles.get().kind) == ("2175550188", "F", "self_pay")
    make_policy(ana, world.aetna)
    assert importing.undo(done) == 1
    assert sorted(Patient.objects.values_list("last_name", flat=True)) == ["Okafor", "Ruiz"]
    assert ana.profiles.count() == 1, "who stays keeps the self-pay profile"


@pytest.mark.rule("B14.import")
@pytest.mark.parametrize("text", ["", "a,a\n1,2\n", "Surname\n", '"x\n', "Surname,Given\n" + "A,B\n" * 501])
def test_a_file_that_cannot_be_read_is_refused(world: World, text: str) -> None:
    with pytest.raises(BadInput):
        importing.start(text, "x.csv")
    assert not PatientImport.objects.exists()


@pytest.mark.rule("B14.import")
def test_import_by_page_and_api(world: World, client: Client) -> None:
    client.force_login(world.users["admin"])
    sent = client.post(reverse("patients:imports"), {"file": SimpleUploadedFile("p.csv", FILE.encode())})
    page = client.get(sent.headers["Location"]).content.decode()
    assert "3</b> to register" in page
    assert client.post(sent.headers["Location"], {"act": "map", "map-first_name": "Given"}).status_code == 200
    assert client.post(sent.headers["Location"], {"act": "take"}).status_code == 302
    assert "Undo the import" in client.get(sent.headers["Location"]).content.decode()
    made = client.post("/api/v1/patients/imports/", {"text": FILE}, content_type="application/json")
    assert next(row["act"] for row in made.json()["rows"]) == "here"
    one = f"/api/v1/patients/imports/{made.json()['id']}/"
    assert client.post(one, {"act": "drop"}, content_type="application/json").json()["dropped"]
    client.force_login(world.users["biller"])
    assert client.get(reverse("patients:imports")).status_code == 403


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
