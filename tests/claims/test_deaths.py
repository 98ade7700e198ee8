"""The day a patient died: from the record to claims, bookings, merged records and imports (B14.death)."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.test import Client

from appointments import booking
from appointments.errors import BadVisit
from claims import building, queue
from desk import merging
from insurance.profiles import ensure_self_pay
from lib.frozen import thaw
from patients import import_rows, registration
from patients.errors import BadPatient
from patients.models import Patient
from tests.cast import NOW, TODAY, World, make_patient, make_visit, make_world
from tests.claims.helpers import bill
from x12.documents.professional_claim import ClaimDocument
from x12.documents.write_837p import claim_text

pytestmark = [pytest.mark.django_db, pytest.mark.rule("B14.death")]
DEPENDENT = {"relationship": "19", "holder_first_name": "Daniel", "holder_last_name": "Okafor"}


@pytest.fixture
def world() -> World:
    return make_world()


def died(patient: Patient, day: date) -> Patient:
    return registration.change(patient, {"death_date": day}, today=TODAY)


@pytest.mark.parametrize("card", [{}, DEPENDENT], ids=["subscriber", "dependent"])
def test_a_claim_of_the_last_day_tells_it(world: World, card: dict[str, str]) -> None:
    with world.open():
        claim = building.build(bill(world, died(make_patient(), TODAY), **card), 1, today=TODAY)
        text = claim_text(thaw(ClaimDocument, claim.document))
        stands = text.patient if card else text.own
        assert f"PAT*{'19' if card else ''}****D8*{TODAY:%Y%m%d}" in stands


def test_a_claim_made_before_the_death_was_noted_is_stopped(world: World) -> None:
    with world.open():
        claim = queue.one_click(bill(world), TODAY)
        died(claim.patient, TODAY)
        assert queue.check(claim, TODAY) == []
        died(claim.patient, TODAY - timedelta(days=1))
        assert [finding.code for finding in queue.check(claim, TODAY)] == ["DECEASED"]
        noted = bill(world, died(make_patient("Ada"), TODAY - timedelta(days=1)))
        assert [finding.code for finding in queue.missing(noted, TODAY)] == ["service_after_death"]


def test_nothing_is_booked_or_moved_to_a_later_day(world: World) -> None:
    with world.open():
        patient = died(make_patient(), TODAY - timedelta(days=1))
        profile = ensure_self_pay(patient)
        visit = make_visit(world, patient, profile, day=TODAY + timedelta(days=2), state="scheduled")
        given = {
            "location": world.location, "clinician": visit.clinician, "at": NOW,
            "appointment_type": visit.appointment_type,
        }  # fmt: skip
        with pytest.raises(BadVisit, match="died on"):
            booking.book(patient, starts_at=NOW, **given)
        with pytest.raises(BadVisit, match="died on"):
            booking.move(visit, starts_at=NOW + timedelta(days=3), at=NOW)
        assert booking.book(patient, starts_at=NOW - timedelta(days=1), **given).appointment.pk


def test_what_cannot_be_is_refused_and_a_merge_fills_it(world: World) -> None:
    with world.open():
        kept, second = make_patient(), make_patient(chart_number="OLD9")
        for day in (TODAY + timedelta(days=1), date(1980, 5, 16)):
            with pytest.raises(BadPatient) as refused:
                died(kept, day)
            assert "death_date" in refused.value.data["fields"]
        died(second, TODAY)
        merging.merge(kept, second, reason="Same licence", at=NOW)
        kept.refresh_from_db()
        assert kept.death_date == TODAY
        merging.undo(second, reason="Twins")
        kept.refresh_from_db()
        assert kept.death_date is None
        row = import_rows._row(
            2, {"last_name": "Ruiz", "first_name": "Ana", "death_date": "03/05/2026"}, TODAY
        )
        assert row.values["death_date"] == date(2026, 3, 5) and not row.wrong


def test_by_the_page_and_the_api(world: World) -> None:
    with world.open():
        patient = make_patient()
    client = Client()
    client.force_login(world.users["front_desk"])
    address = f"/api/v1/patients/{patient.public_id}/"
    answer = client.patch(address, {"death_date": "2026-03-05"}, content_type="application/json")
    assert answer.status_code == 200 and answer.json()["death_date"] == "2026-03-05"
    assert "died" in client.get(f"/patients/{patient.public_id}/").content.decode()
    form = client.get(f"/patients/{patient.public_id}/edit/").content.decode()
    assert 'value="2026-03-05"' in form
