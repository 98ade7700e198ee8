"""Statuses of completed visits, units over the minutes at check-out, and the night's batch (B2, B15, B17.0, B17.2)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from appointments import visits
from appointments.booking import give_status
from appointments.errors import BadVisit, WrongState
from appointments.models import Appointment, AppointmentStatus, Service
from billing import transition_batches, worklists
from billing.checkout import check_out
from billing.errors import CannotCheckOut
from billing.models import Invoice
from billing.settings import NIGHTLY
from billing.transition_batches import start_nightly, try_visit
from billing.worklists import Asked
from clinics.settings import change
from tests.cast import NOW, TODAY, World, make_patient, make_policy, make_profile, make_visit, make_world
from work.models import Job, Outbox, PeriodRun

pytestmark = pytest.mark.django_db
NIGHT = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)  # 3:00 in Chicago, the day after TODAY


@pytest.fixture
def world() -> World:
    return make_world()


def one_visit(world: World, **fields: object) -> Appointment:
    patient = make_patient()
    return make_visit(world, patient, make_profile(patient, make_policy(patient, world.aetna)), **fields)


@pytest.mark.rule("B17.2")
def test_a_status_of_complete_without_a_charge_stops_check_out_and_batch(world, client: Client):
    with world.open():
        AppointmentStatus.objects.create(name="Courtesy visit", state="complete")
        AppointmentStatus.objects.create(name="Done", state="complete", transition=True)
        visit = one_visit(world)
    client.force_login(world.users["front_desk"])
    url = reverse("appointments:act", args=[visit.public_id])
    page = client.post(url, {"act": "status", "status": "Courtesy visit"}, follow=True).content.decode()
    assert "Nothing is charged: Courtesy visit is a status without a charge" in page
    shown = client.get(reverse("billing:check-out", args=[visit.public_id])).content.decode()
    assert "98941 is not charged in this status: give the visit another one on its page." in shown
    with world.open():
        with pytest.raises(CannotCheckOut, match="not charged in this status"):
            check_out(visit.public_id, [], at=NOW)
        assert try_visit(visit.public_id, at=NOW).outcome == "no_charge"
        assert worklists.missing_charges(Asked(), today=TODAY) == []
        assert transition_batches.waiting(world.location, TODAY, TODAY) == []
        assert Invoice.objects.count() == 0
    told = client.post(
        f"/api/v1/appointments/{visit.public_id}/act/",
        {"act": "status", "status": "Done"},
        content_type="application/json",
    )
    assert told.status_code == 200
    with world.open():
        assert [row.visit.pk for row in worklists.missing_charges(Asked(), today=TODAY)] == [visit.pk]
        assert check_out(visit.public_id, [], at=NOW).invoice.total == 150


@pytest.mark.rule("B2")
def test_a_status_fits_its_state_and_goes_with_it(world):
    with world.open():
        AppointmentStatus.objects.create(name="Courtesy visit", state="complete")
        AppointmentStatus.objects.create(name="Missed", state="no_show")
        visit = one_visit(world)
        with pytest.raises(BadVisit):
            give_status(visit, "Missed")
        give_status(visit, "Courtesy visit")
        visits.reopen(visit.public_id)
        visit.refresh_from_db()
        assert visit.status is None
        with pytest.raises(WrongState):
            give_status(visit, "Courtesy visit")


@pytest.mark.rule("B15")
def test_check_out_warns_of_units_over_the_minutes_and_lets_the_person_decide(world, client: Client):
    with world.open():
        Service.objects.filter(pk=world.adjustment.pk).update(interval_minutes=15, rounding="NW")
        visit = one_visit(world, minutes=30)
        visit.lines.update(units=3)
    client.force_login(world.users["front_desk"])
    page = client.get(reverse("billing:check-out", args=[visit.public_id])).content.decode()
    assert "Check the units: the units come to 45 minutes, the visit took 30." in page
    told = client.get(f"/api/v1/visits/{visit.public_id}/checkout/").json()
    assert told["warnings"] == ["the units come to 45 minutes, the visit took 30"]
    with world.open():
        assert check_out(visit.public_id, [], at=NOW).invoice.total == 450


@pytest.mark.rule("B17.1")
def test_the_nights_batch_runs_once_a_night_where_the_location_wants_it(world):
    with world.open():
        visit = one_visit(world)
        assert start_nightly(world.location, NIGHT) is None, "off as delivered"
        change(NIGHTLY, True, world.clinic, world.location)
        assert start_nightly(world.location, NIGHT - timedelta(hours=2)) is None, "before two o'clock"
        job = start_nightly(world.location, NIGHT)
        assert start_nightly(world.location, NIGHT) is None, "a second scheduler"
        assert (Job.objects.count(), PeriodRun.objects.count()) == (1, 1)
        assert Outbox.objects.filter(kind=transition_batches.KIND, subject_id=job.pk).count() == 1
    transition_batches.run(world.clinic.pk, job.pk)
    with world.open():
        assert Invoice.objects.get().appointment_id == visit.pk
        assert start_nightly(world.location, NIGHT + timedelta(days=1)) is None, "nothing is left to charge"
