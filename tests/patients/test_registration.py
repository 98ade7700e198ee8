"""Registration: minimum sets, chart numbers, duplicates, search, the page and the API (B14)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinics.models import AuditEvent
from insurance.models import InsuranceProfile
from patients import queries, registration
from patients.errors import BadPatient, PossibleDuplicate
from patients.models import Patient
from patients.requirements import missing_to_bill, missing_to_book
from tests.cast import TODAY, World, make_patient, make_world

pytestmark = pytest.mark.django_db
WALTER: dict[str, Any] = {
    "first_name": "Walter", "last_name": "Oyelaran", "birth_date": date(1958, 11, 30), "phone": "(217) 555-0190",
    "reason": "Neck pain", "street": "4 Elm Street", "city": "Springfield", "state": "il", "zip_code": "62704-1234",
    "sex": "M", "ssn": "123-45-6789",
}  # fmt: skip


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def desk(client: Client, world: World) -> Client:
    client.force_login(world.users["front_desk"])
    return client


@pytest.mark.rule("B14", "B11.1")
def test_registering_writes_the_patient_and_a_self_pay_profile(world: World) -> None:
    with world.open():
        patient = registration.register(WALTER, today=TODAY)
        patient.refresh_from_db()
        assert (patient.chart_number, patient.phone, patient.zip_code, patient.state) == (
            "1001", "2175550190", "627041234", "IL",
        )  # fmt: skip
        assert (patient.ssn, patient.ssn_masked) == ("123456789", "***-**-6789")
        assert missing_to_book(patient) == missing_to_bill(patient) == []
        profile = InsuranceProfile.objects.get(patient=patient)
        assert (profile.kind, profile.status) == ("self_pay", "default")
        with connection.cursor() as cursor:
            cursor.execute("SELECT ssn FROM patients_patient WHERE clinic_id = %s", [world.clinic.pk])
            assert "123456789" not in cursor.fetchone()[0]


@pytest.mark.rule("B14")
def test_a_name_books_with_chips_and_whose_job_they_are(world: World) -> None:
    with world.open():
        theo = registration.register(
            {"first_name": "Theo", "last_name": "Lindqvist", "reason": "Knee"}, today=TODAY
        )
    assert [(m.words, m.owner) for m in missing_to_book(theo)] == [
        ("Needs DOB", "front desk"), ("Needs phone", "front desk"),
    ]  # fmt: skip
    assert [m.words for m in missing_to_bill(theo)] == ["Needs DOB", "Needs address", "Needs sex"]


@pytest.mark.rule("B14")
@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"birth_date": date(2026, 3, 10)}, "birth_date"),
        ({"birth_date": date(1890, 1, 1)}, "birth_date"),
        ({"last_name": " "}, "last_name"),
        ({"last_name": "Oy*elaran"}, "last_name"),
        ({"state": "XX"}, "state"),
        ({"zip_code": "1234"}, "zip_code"),
        ({"phone": "555-019"}, "phone"),
        ({"email": "walter"}, "email"),
        ({"sex": "Q"}, "sex"),
        ({"ssn": "12345"}, "ssn"),
        (
            {"referring_npi": "1234567890", "referring_first_name": "A", "referring_last_name": "B"},
            "referring_npi",
        ),
        ({"guarantor_last_name": "Oyelaran"}, "guarantor_first_name"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(world: World, change: dict[str, Any], field: str) -> None:
    with world.open(), pytest.raises(BadPatient) as refused:
        registration.register(WALTER | change, today=TODAY)
    assert list(refused.value.data["fields"]) == [field]


@pytest.mark.rule("B14")
def test_the_same_person_is_noticed_and_may_be_registered_anyway(world: World) -> None:
    with world.open():
        first = registration.register(WALTER, today=TODAY)
        for twin in (
            WALTER | {"phone": ""},
            {"first_name": "Nora", "last_name": "Oyelaran", "phone": "2175550190"},
        ):
            with pytest.raises(PossibleDuplicate) as refused:
                registration.register(twin, today=TODAY)
            assert refused.value.data["patients"] == [first.public_id]
        second = registration.register(WALTER, today=TODAY, allow_duplicate=True)
        assert second.chart_number == "1002"


@pytest.mark.rule("B14")
def test_chart_numbers_step_over_typed_ones_and_clinics_count_apart(world: World) -> None:
    other = make_world("birch")
    with world.open():
        registration.register({"first_name": "Ada", "last_name": "Old", "chart_number": "1001"}, today=TODAY)
        assert (
            registration.register({"first_name": "Bo", "last_name": "New"}, today=TODAY).chart_number
            == "1002"
        )
        with pytest.raises(BadPatient):
            registration.register({"first_name": "C", "last_name": "D", "chart_number": "1002"}, today=TODAY)
    with other.open():
        assert (
            registration.register({"first_name": "Bo", "last_name": "New"}, today=TODAY).chart_number
            == "1001"
        )


@pytest.mark.rule("B14")
def test_a_family_has_one_guarantor_and_an_empty_ssn_keeps_the_stored_one(world: World) -> None:
    mother = {
        "guarantor_first_name": "Ines",
        "guarantor_last_name": "Varga",
        "guarantor_phone": "217-555-0144",
    }
    with world.open():
        one = registration.register(
            {"first_name": "Al", "last_name": "Varga", "ssn": "123456789"} | mother, today=TODAY
        )
        two = registration.register({"first_name": "Bea", "last_name": "Varga"} | mother, today=TODAY)
        assert one.guarantor_id == two.guarantor_id
        changed = registration.change(one, {"last_name": "Varga-Lund", "ssn": ""}, today=TODAY)
        changed.refresh_from_db()
        assert (changed.ssn, changed.search_name) == ("123456789", "vargalund al")
        fields = AuditEvent.objects.get(action="patient.change").data["fields"]
        assert fields == ["last_name"]


@pytest.mark.rule("B14")
@pytest.mark.parametrize(
    "typed",
    [
        "okafor",
        "OKAFOR, mar",
        "Maren Okafor",
        "okafor maren",
        "05/17/1980",
        "1980-05-17",
        "(217) 555-0123",
        "7001",
    ],
)
def test_search_finds_by_name_birth_date_phone_and_chart(world: World, typed: str) -> None:
    with world.open():
        make_patient(chart_number="7001")
        make_patient(
            "Núria", "Ökonomou", birth_date=date(1990, 1, 1), phone="2175550199", chart_number="7002"
        )
        assert [p.chart_number for p in queries.search(typed)] == ["7001"]
        assert [p.chart_number for p in queries.search("okonomou nu")] == ["7002"]
        assert not queries.search("%").exists()
        assert not queries.search("zz").exists()


@pytest.mark.rule("B14")
def test_pages_follow_each_other_without_gaps(world: World) -> None:
    with world.open():
        for number in range(7):
            make_patient("Ann" if number % 2 else "Bob", f"Same{number // 3}", chart_number=f"P{number}")
        for sort in queries.SORTS:
            seen, after = [], ""
            while True:
                rows, after = queries.page("", sort, after, size=3)
                seen += [row.chart_number for row in rows]
                if not after:
                    break
            assert sorted(seen) == [f"P{n}" for n in range(7)]
            everybody = [p.chart_number for p in queries.search("").order_by(*queries.SORTS[sort])]
            assert seen == everybody


@pytest.mark.rule("B14")
def test_the_form_registers_once_and_names_stay_out_of_addresses(desk: Client, world: World) -> None:
    form = {name: str(value) for name, value in WALTER.items()} | {"idempotency_key": "k1"}
    answer = desk.post(reverse("patients:register"), form)
    again = desk.post(reverse("patients:register"), form)
    assert answer.status_code == again.status_code == 302
    assert answer.headers["Location"] == again.headers["Location"]
    with world.open():
        patient = Patient.objects.get()
    page = desk.get(answer.headers["Location"])
    assert b"Walter Oyelaran" in page.content
    assert b"123456789" not in page.content
    assert b"***-**-6789" in page.content
    found = desk.post(reverse("patients:list"), {"q": "oyel"}, headers={"HX-Request": "true"})
    assert patient.public_id in found.content.decode()
    exported = desk.post(reverse("patients:export"), {"q": ""})
    assert "Oyelaran,Walter" in exported.content.decode()
    book = desk.post(reverse("patients:export"), {"q": "", "format": "xlsx"})
    assert book.content.startswith(b"PK")
    with world.open():
        assert AuditEvent.objects.filter(action="patient.read", object_id=patient.public_id).count() == 1


@pytest.mark.rule("B14")
def test_the_form_shows_the_trouble_and_the_twins(desk: Client, world: World) -> None:
    bad = desk.post(
        reverse("patients:register"), {"first_name": "A", "last_name": "B", "birth_date": "2099-01-01"}
    )
    assert b"in the future" in bad.content
    with world.open():
        twin = make_patient()
    form = {"first_name": "Maren", "last_name": "Okafor", "birth_date": "1980-05-17", "idempotency_key": "k2"}
    shown = desk.post(reverse("patients:register"), form)
    assert b"Is it one of these?" in shown.content
    assert twin.public_id in shown.content.decode()
    assert desk.post(reverse("patients:register"), form | {"allow_duplicate": "on"}).status_code == 302
    edited = desk.post(
        reverse("patients:edit", args=[twin.public_id]), {"first_name": "Maren", "last_name": "Okafor-Lund"}
    )
    assert edited.status_code == 302
    with world.open():
        twin.refresh_from_db()
        assert (twin.last_name, twin.street) == ("Okafor-Lund", "")


@pytest.mark.rule("B14")
def test_the_list_asks_the_same_number_of_queries_for_one_and_three(desk: Client, world: World) -> None:
    counts = []
    desk.get("/places/")  # a session's first page also asks for the clinic's time zone
    for number in (1, 3):
        with world.open():
            while Patient.objects.count() < number:
                make_patient(chart_number=f"Q{Patient.objects.count()}")
        with CaptureQueriesContext(
            connection,
        ) as seen:
            assert desk.get(reverse("patients:list")).status_code == 200
        counts.append(len(seen))
    assert counts[0] == counts[1]


@pytest.mark.rule("B14")
def test_the_api_registers_searches_and_changes(desk: Client, world: World) -> None:
    body = {name: str(value) for name, value in WALTER.items()}
    made = desk.post(
        "/api/v1/patients/", body, content_type="application/json", headers={"Idempotency-Key": "a1"}
    )
    assert made.status_code == 201, made.json()
    assert made.json()["ssn"] == "***-**-6789"
    twice = desk.post(
        "/api/v1/patients/", body, content_type="application/json", headers={"Idempotency-Key": "a1"}
    )
    assert (twice.status_code, twice.json()["id"]) == (200, made.json()["id"])
    refused = desk.post("/api/v1/patients/", body, content_type="application/json")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "possible_duplicate")
    found = desk.post("/api/v1/patients/search/", {"q": "oyelaran"}, content_type="application/json")
    assert [row["id"] for row in found.json()["results"]] == [made.json()["id"]]
    where = f"/api/v1/patients/{made.json()['id']}/"
    wrong = desk.patch(where, {"birth_date": "2099-01-01"}, content_type="application/json")
    assert (wrong.status_code, list(wrong.json()["error"]["fields"])) == (400, ["birth_date"])
    fine = desk.patch(
        where, {"guarantor": {"first_name": "Ada", "last_name": "Oyelaran"}}, content_type="application/json"
    )
    assert fine.json()["guarantor"]["last_name"] == "Oyelaran"
    assert desk.get("/api/v1/patients/").json()["results"][0]["id"] == made.json()["id"]


@pytest.mark.rule("B14")
def test_another_clinics_patient_is_not_there(desk: Client) -> None:
    birch = make_world("birch")
    with birch.open():
        stranger = make_patient("Sam", "Stranger")
    for name in ("patients:patient", "patients:edit", "patients-api:patient", "insurance:manage"):
        assert desk.get(reverse(name, args=[stranger.public_id])).status_code == 404
    assert b"Stranger" not in desk.post(reverse("patients:list"), {"q": "stranger"}).content.replace(
        b'value="stranger"', b""
    )


@pytest.mark.rule("B7.export")
def test_a_file_that_does_not_hold_all_says_so(
    desk: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world.open():
        for last in ("Adams", "Baker", "Clark"):
            make_patient(last=last)
    whole = desk.post(reverse("patients:export"), {"q": ""}).content.decode()
    assert (len(whole.splitlines()), "Narrow" in whole) == (4, False)
    monkeypatch.setattr("patients.tables.MOST", 2)
    cut = desk.post(reverse("patients:export"), {"q": ""}).content.decode().splitlines()
    assert (len(cut), cut[-1].startswith("Only the first 2 lines")) == (4, True)
