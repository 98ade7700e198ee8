"""The schedule, booking, the visit page, the catalogue's pages and the API, as people use them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from appointments.models import Appointment, Service
from insurance.models import InsuranceProfile
from lib.dates import local_day
from patients.models import Patient
from tests.cast import World, make_patient, make_policy, make_profile, make_visit, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def profile(world: World) -> InsuranceProfile:
    with world.open():
        patient = make_patient()
        return make_profile(patient, make_policy(patient, world.aetna))


@pytest.fixture
def desk(client: Client, world: World) -> Client:
    client.force_login(world.users["front_desk"])
    return client


def today() -> date:
    return local_day(timezone.now(), "America/Chicago")


def url(name: str, *args: str) -> str:
    return reverse(f"appointments:{name}", args=args)


def booking_form(world: World, profile: InsuranceProfile, **more: str) -> dict[str, str]:
    values = {
        "patient": profile.patient.public_id, "location": world.location.public_id,
        "clinician": world.clinician.public_id,
        "appointment_type": world.visit_type.public_id, "day": today().isoformat(), "clock": "10:30",
        "idempotency_key": "b1",
    }  # fmt: skip
    return {**values, **more}


@pytest.mark.rule("S0.1", "S0.2", "S0.3", "B1.5")
def test_the_day_of_a_visit_from_booking_to_complete(
    desk: Client, world: World, profile: InsuranceProfile
) -> None:
    with world.open():
        source = make_visit(world, profile.patient, profile, day=date(2026, 3, 2), state="checked_out")
        Appointment.objects.filter(pk=source.pk).update(checked_out_at=timezone.now())
    for _ in range(2):  # a double click books once
        booked = desk.post(url("book"), booking_form(world, profile))
        assert booked.status_code == 302
    with world.open():
        visit = Appointment.objects.exclude(pk=source.pk).get()
    assert booked.headers["Location"] == url("visit", visit.public_id)
    assert b"Arrive" in desk.get(url("schedule")).content
    assert desk.post(url("act", visit.public_id), {"act": "arrive"}).status_code == 302
    page = desk.get(url("visit", visit.public_id)).content.decode()
    assert "SALT from 03/02/2026" in page
    assert "Confirm 1 line" in page
    with world.open():
        line = visit.lines.get()
    form = {
        "diagnoses": "M54.50, M99.03", "id_1": line.public_id, "service_1": world.adjustment.public_id,
        "modifiers_1": "AT",
        "units_1": "", "pointers_1": "1, 2", "confirmed_1": "on", "service_2": world.exam.public_id,
        "modifiers_2": "25",
        "service_3": "",
    }  # fmt: skip
    bad = desk.post(url("line-items", visit.public_id), form | {"diagnoses": "54", "modifiers_2": "255"})
    assert b"does not look like an ICD-10-CM code" in bad.content
    assert b"is not a modifier" in bad.content
    assert desk.post(url("line-items", visit.public_id), form).status_code == 302
    late = desk.post(url("treatment", visit.public_id), {"onset_on": "2199-01-01", "minutes": "30"})
    assert b"This is after the visit" in late.content
    assert (
        desk.post(url("treatment", visit.public_id), {"onset_on": "2026-02-27", "minutes": "45"}).status_code
        == 302
    )
    assert desk.post(url("act", visit.public_id), {"act": "complete"}).status_code == 302
    with world.open():
        visit.refresh_from_db()
        assert (visit.state, visit.minutes, visit.diagnoses) == ("complete", 45, ["M5450", "M9903"])
        assert [(la.service.code, la.modifiers, la.is_confirmed) for la in visit.lines.all()] == [
            ("98941", ["AT"], True), ("99213", ["25"], True),
        ]  # fmt: skip


@pytest.mark.rule("B1.2")
def test_opening_the_page_of_an_arrived_visit_asks_for_salt(
    desk: Client, world: World, profile: InsuranceProfile
) -> None:
    with world.open():
        make_visit(world, profile.patient, profile, day=date(2026, 3, 2), state="checked_out")
        target = make_visit(
            world, profile.patient, profile, state="in_treatment", diagnoses=[], onset_on=None
        )
        target.lines.all().delete()
    salt = url("salt", target.public_id)
    assert f'hx-post="{salt}"' in desk.get(url("visit", target.public_id)).content.decode()
    answer = desk.post(salt, headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"] == url("visit", target.public_id)
    assert f'hx-post="{salt}"' not in desk.get(url("visit", target.public_id)).content.decode()
    assert desk.post(url("confirm", target.public_id)).status_code == 302


@pytest.mark.rule("B11.4", "S3.3")
def test_who_pays_can_be_overridden_and_a_visit_moved_and_cancelled(
    desk: Client, world: World, profile: InsuranceProfile
) -> None:
    desk.post(url("book"), booking_form(world, profile, day="2027-01-05"))
    with world.open():
        visit = Appointment.objects.get()
        other = make_profile(profile.patient, status="active")
    assert desk.post(url("choose-profile", visit.public_id), {"profile": other.public_id}).status_code == 302
    page = desk.get(url("visit", visit.public_id)).content.decode()
    assert "Self-pay" in page
    assert reverse("insurance:manage", args=[profile.patient.public_id]) in page
    moved = desk.post(url("move", visit.public_id), {"day": "2027-01-06", "clock": "09:00", "minutes": "20"})
    assert moved.status_code == 302
    with world.open():
        visit.refresh_from_db()
        assert visit.starts_at == datetime(2027, 1, 6, 9, tzinfo=ZoneInfo("America/Chicago"))
    assert (
        desk.post(url("cancel", visit.public_id), {"state": "late_cancel", "reason": "snow"}).status_code
        == 302
    )
    assert desk.post(url("cancel", visit.public_id), {"act": "restore"}).status_code == 302
    assert desk.post(url("act", visit.public_id), {"act": "arrive"}).status_code == 409
    assert desk.post(url("act", visit.public_id), {"act": "fly"}).status_code == 400


def test_the_list_pages_ask_the_same_number_of_queries_for_one_and_three(
    desk: Client, world: World, profile: InsuranceProfile
) -> None:
    counts: dict[str, list[int]] = {}
    desk.get("/places/")  # a session's first page also asks for the clinic's time zone
    for number in (1, 3):
        with world.open():
            while Appointment.objects.count() < number:
                make_visit(world, profile.patient, profile)
            while Service.objects.count() < number + 2:
                Service.objects.create(code=f"97{Service.objects.count():03d}", name="More")
        pages = [
            f"{url('schedule')}?day=2026-03-09",
            url("services"),
            url("types"),
            url("patient-visits", profile.patient.public_id),
        ]
        for page in pages:
            with CaptureQueriesContext(connection) as seen:
                assert desk.get(page).status_code == 200
            counts.setdefault(page, []).append(len(seen))
    assert all(one == three for one, three in counts.values()), counts


def test_booking_finds_the_patient_by_typing_and_names_the_trouble(
    desk: Client, world: World, profile: InsuranceProfile
) -> None:
    assert desk.get(url("book")).status_code == 200
    picked = desk.post(reverse("patients:pick"), {"q": "okaf"}).content.decode()
    assert f'value="{profile.patient.public_id}"' in picked
    assert b"Choose the patient" in desk.post(url("book"), booking_form(world, profile, patient="")).content
    chosen = desk.get(url("book"), {"patient": profile.patient.public_id}).content.decode()
    assert reverse("insurance:manage", args=[profile.patient.public_id]) in chosen
    csv = desk.get(url("schedule"), {"format": "csv", "day": "2026-03-09"})
    assert csv.content.startswith(b"Time,Patient")


def test_the_catalogue_is_the_admins(client: Client, world: World) -> None:
    client.force_login(world.users["front_desk"])
    assert client.get(url("service-new")).status_code == 403
    client.force_login(world.users["admin"])
    form = {
        "code": "97110",
        "name": "Exercise",
        "kind": "individual",
        "price": "45.00",
        "effective_on": "2026-01-01",
        "is_active": "on",
    }
    assert b"more than 2" in client.post(url("service-new"), form | {"price": "45.001"}).content
    assert client.post(url("service-new"), form).status_code == 302
    assert b"45.00" in client.get(url("services")).content
    assert client.get(url("services"), {"format": "csv"}).content.startswith(b"Code")
    with world.open():
        service = Service.objects.get(code="97110")
    assert client.get(url("service", service.public_id)).status_code == 200
    assert (
        client.post(url("type-new"), {"name": "Re-exam", "minutes": "45", "is_active": "on"}).status_code
        == 302
    )
    assert client.post(url("type-new"), {"name": "Re-exam", "minutes": "45"}).status_code == 400
    status = {"name": "No call", "state": "no_show", "transition": "on"}
    assert client.post(url("status-new"), status).status_code == 302
    assert b"No call" in client.get(url("types")).content
    assert client.get(url("status", "No call")).status_code == 200


@pytest.mark.rule("S0.1", "S0.2", "B11.4")
def test_the_same_by_the_api(desk: Client, world: World, profile: InsuranceProfile) -> None:
    def send(method: str, path: str, body: dict[str, Any], **headers: str) -> Any:
        return getattr(desk, method)(
            f"/api/v1/{path}", body, content_type="application/json", headers=headers
        )

    body = {
        "patient": profile.patient.public_id, "location": world.location.public_id,
        "clinician": world.clinician.public_id,
        "appointment_type": world.visit_type.public_id, "starts_at": timezone.now().isoformat(),
    }  # fmt: skip
    booked = send("post", "appointments/", body, **{"Idempotency-Key": "k"})
    assert (booked.status_code, booked.json()["appointment"]["profile"]) == (201, profile.public_id)
    again = send("post", "appointments/", body, **{"Idempotency-Key": "k"})
    key = booked.json()["appointment"]["id"]
    assert (again.status_code, again.json()["appointment"]["id"]) == (200, key)
    assert send("post", f"appointments/{key}/act/", {"act": "arrive"}).json()["state"] == "arrived"
    lines = {"lines": [{"service": world.exam.public_id, "modifiers": ["25"]}], "diagnoses": ["M54.50"]}
    done = send("put", f"appointments/{key}/line-items/", lines).json()
    assert (done["diagnoses"], done["lines"][0]["pointers"]) == (["M5450"], [1])
    wrong = send("put", f"appointments/{key}/line-items/", lines | {"diagnoses": ["54"]})
    assert (wrong.status_code, list(wrong.json()["error"]["fields"])) == (400, ["diagnoses"])
    dated = send("patch", f"appointments/{key}/treatment/", {"onset_on": "2026-02-27"})
    assert dated.json()["onset_on"] == "2026-02-27"
    assert send("post", f"appointments/{key}/act/", {"act": "complete"}).json()["state"] == "complete"
    assert send("post", f"appointments/{key}/act/", {"act": "cancelled"}).status_code == 409
    listed = desk.get("/api/v1/appointments/").json()
    assert [row["id"] for row in listed] == [key]
    assert desk.get(f"/api/v1/appointments/{key}/").json()["lines"][0]["code"] == "99213"
    assert desk.post("/api/v1/services/", {}, content_type="application/json").status_code == 403


@pytest.mark.rule("B11.4")
def test_a_move_over_a_boundary_of_coverage_asks_who_pays(
    desk: Client, world: World, profile: InsuranceProfile
) -> None:
    """Aetna's visit moves to a day that Medicare covers: keep, take, or self-pay; then it is moved."""
    later = today() + timedelta(days=40)
    with world.open():
        patient = profile.patient
        own = make_profile(patient, status="active")
        visit = make_visit(world, patient, profile, day=today() + timedelta(days=5), state="scheduled")
        card = make_policy(patient, world.medicare, "1EG4TE5MK73", effective_on=today() + timedelta(days=30))
        InsuranceProfile.objects.filter(pk=profile.pk).update(status="active")
        new = make_profile(patient, card)
    form = {"day": later.isoformat(), "clock": "10:30", "minutes": "30"}
    near = form | {"day": (today() + timedelta(days=6)).isoformat()}
    assert desk.post(url("move", visit.public_id), near).status_code == 302, "no boundary, no question"
    asked = desk.post(url("move", visit.public_id), form)
    told = asked.content.decode()
    assert asked.status_code == 200
    assert all(words in told for words in ("Take Medicare", "Keep Aetna", "Self-pay", later.isoformat()))

    def stands() -> tuple[date, int]:
        with world.open():
            visit.refresh_from_db()
            return visit.service_date, visit.profile_id

    assert stands() == (today() + timedelta(days=6), profile.pk)
    for chosen in (profile, own, new):
        desk.post(url("move", visit.public_id), near | {"profile": profile.public_id})
        answer = desk.post(url("move", visit.public_id), form | {"profile": chosen.public_id})
        assert answer.status_code == 302
        assert stands() == (later, chosen.pk)
    assert desk.post(url("move", visit.public_id), near).content.decode().count('name="profile"') == 3
    api = f"/api/v1/appointments/{visit.public_id}/move/"
    body = {"starts_at": f"{near['day']}T15:30:00Z"}
    refused = desk.post(api, body, content_type="application/json")
    error = refused.json()["error"]
    assert (refused.status_code, error["code"]) == (409, "coverage_boundary")
    assert [row["profile"] for row in error["choices"]] == [
        profile.public_id, new.public_id, own.public_id
    ]  # fmt: skip
    assert stands() == (later, new.pk), "the API asks the page's question and moves nothing before"
    body["profile"] = profile.public_id
    assert desk.post(api, body, content_type="application/json").status_code == 200
    assert stands() == (today() + timedelta(days=6), profile.pk)


@pytest.mark.rule("B11.4")
def test_a_walk_in_without_a_time_is_here_now_and_a_booking_needs_one(
    desk: Client, world: World, profile: InsuranceProfile
) -> None:
    refused = desk.post(url("book"), booking_form(world, profile, clock=""))
    assert "Say at what time." in refused.content.decode()
    before = timezone.now()
    assert desk.post(url("book"), booking_form(world, profile, clock="", walk_in="on")).status_code == 302
    with world.open():
        visit = Appointment.objects.get()
    assert visit.state == "arrived"
    assert before - timedelta(minutes=1) < visit.starts_at <= timezone.now()


def test_a_merged_record_takes_no_booking(desk: Client, world: World, profile: InsuranceProfile) -> None:
    with world.open():
        kept = make_patient("Maren", "Okafor-Lund")
        Patient.objects.filter(pk=profile.patient_id).update(merged_into=kept)
    told = desk.post(url("book"), booking_form(world, profile)).content.decode()
    assert f"merged into chart {kept.chart_number}: book the visit there" in told
    with world.open():
        assert not Appointment.objects.exists()
