"""Series of visits, and visits that are the same too many times running."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse

from appointments import booking, drift
from appointments.errors import BadVisit
from appointments.models import Appointment
from tests.cast import NOW, TODAY, make_patient, make_policy, make_profile, make_visit, make_world

pytestmark = pytest.mark.django_db(transaction=True)
CHICAGO = ZoneInfo("America/Chicago")


@pytest.fixture
def world():
    return make_world()


def book(world, patient, starts_at):
    return booking.book(
        patient, location=world.location, clinician=world.clinician, appointment_type=world.visit_type,
        starts_at=starts_at, at=NOW,
    ).appointment  # fmt: skip


@pytest.mark.rule("B11.4")
def test_a_series_keeps_its_hour_over_a_change_of_clocks_and_its_profile_by_date(world):
    with world.open():
        patient = make_patient()
        card = make_policy(patient, world.aetna, expires_on=TODAY + timedelta(days=20))
        make_profile(patient, card)
        first = book(
            world, patient, datetime(2026, 10, 19, 14, 0, tzinfo=UTC)
        )  # 9:00, before the clocks change
        made = booking.repeat(first, every_weeks=2, times=3, at=NOW)
        hours = {row.starts_at.astimezone(CHICAGO).hour for row in Appointment.objects.all()}
        assert hours == {9}
        assert [one.appointment.service_date.isoformat() for one in made] == ["2026-11-02", "2026-11-16"]
        assert set(Appointment.objects.values_list("series", flat=True)) == {first.public_id}
        assert made[0].appointment.profile.kind == "self_pay", "the card has run out by then"
        with pytest.raises(BadVisit):
            booking.repeat(first, every_weeks=1, times=60, at=NOW)
        with pytest.raises(BadVisit):
            booking.repeat(
                first, every_weeks=12, times=52, at=NOW
            )  # more than two years away: none is booked
        assert Appointment.objects.count() == 3
        assert booking.cancel_series(made[0].appointment) == 2
        first.refresh_from_db()
        assert first.state == "scheduled"


def test_a_series_by_page_and_api(world, client):
    with world.open():
        patient = make_patient()
    client.force_login(world.users["front_desk"])
    form = {
        "patient": patient.public_id, "location": world.location.public_id, "clinician": world.clinician.public_id,
        "appointment_type": world.visit_type.public_id, "day": "2027-01-04", "clock": "09:00",
        "repeat_weeks": "1", "repeat_times": "4", "idempotency_key": "s",
    }  # fmt: skip
    assert client.post(reverse("appointments:book"), {**form, "repeat_times": ""}).status_code == 200
    answer = client.post(reverse("appointments:book"), form)
    assert answer.status_code == 302
    page = client.get(answer["Location"]).content.decode()
    assert "Cancel this and the 3 later of the series" in page
    client.post(answer["Location"] + "cancel/", {"act": "series", "reason": "moved away"})
    with world.open():
        assert set(Appointment.objects.values_list("state", flat=True)) == {"cancelled"}
    body = {key: form[key] for key in ("patient", "location", "clinician", "appointment_type")}
    body |= {"starts_at": "2027-02-01T15:00:00Z", "repeat_times": 2}
    made = client.post(reverse("appointments-api:appointments"), body, content_type="application/json")
    assert made.status_code == 201
    key = made.json()["appointment"]["id"]
    assert made.json()["appointment"]["series"] == key
    act = reverse("appointments-api:act", args=[key])
    client.post(act, {"act": "cancel_series"}, content_type="application/json")
    with world.open():
        assert Appointment.objects.filter(series=key, state="cancelled").count() == 2


@pytest.mark.rule("B1.drift")
def test_visits_that_are_the_same_many_times_running_are_shown(world, client):
    with world.open():
        patient = make_patient()
        profile = make_profile(patient, make_policy(patient, world.aetna))
        for week in range(6):
            visit = make_visit(
                world, patient, profile, state="checked_out", day=TODAY - timedelta(weeks=6 - week)
            )
            visit.lines.update(origin="salt" if week else "typed")
            if week == 1:
                visit.lines.update(units=Decimal(2))
        rows = drift.drifting(today=TODAY, runs=4)
        assert [(row.times, row.copied, row.words) for row in rows] == [(4, 4, "98941")]
        assert rows[0].since == TODAY - timedelta(weeks=4)
        assert drift.drifting(today=TODAY, runs=5) == []
        assert drift.drifting(today=TODAY, runs=2, clinician="NOBODY") == []
        Appointment.objects.filter(service_date=TODAY - timedelta(weeks=1)).update(diagnoses=["M5450"])
        assert drift.drifting(today=TODAY, runs=2) == [], "the last visit differs: the run is over"
    client.force_login(world.users["biller"])
    assert client.get(reverse("appointments:salt-drift"), {"runs": "2"}).status_code == 200
    assert client.get(reverse("appointments-api:salt-drift")).json() == []
    assert client.get(reverse("appointments:salt-drift"), {"format": "csv"}).content.startswith(b"Patient,")
    client.force_login(world.users["front_desk"])
    assert client.get(reverse("appointments:salt-drift")).status_code == 403


@pytest.mark.rule("B1.drift")
@pytest.mark.parametrize(
    ("codes", "run"),
    [("", 0), ("A", 1), ("AB", 1), ("ABB", 2), ("ABAB", 1), ("BBB", 3), ("BABBB", 3)],
)
def test_a_run_is_what_stands_at_the_end(codes, run):
    told = [drift.Coded(None, (code,), code, False) for code in codes]
    assert len(drift.latest_run(told)) == run


def test_walk_in_times_are_now_and_patient_page_lists_each_visit_once(world, client):
    with world.open():
        patient = make_patient()
        profile = make_profile(patient, make_policy(patient, world.aetna))
        done = make_visit(world, patient, profile, state="checked_out")
        coming = make_visit(world, patient, profile, state="scheduled")
    client.force_login(world.users["front_desk"])
    page = client.get(reverse("appointments:book"), {"walk_in": "1"}).content.decode()
    assert 'name="clock" value="' in page
    part = client.get(reverse("appointments:patient-visits", args=[patient.public_id])).content.decode()
    assert coming.public_id in part
    assert done.public_id not in part
