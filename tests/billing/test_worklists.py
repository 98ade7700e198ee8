"""Visits that are not money yet: the lists, their reasons, the background batch (B15, B17.0, B17.1)."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.urls import reverse

from appointments.models import Appointment, ServicePrice, VisitLine
from billing import transition_batches, worklists
from billing.models import Invoice, LedgerTxn, VisitTransition
from billing.worklists import Asked
from clinics.scoping import open_clinic
from insurance.models import Policy
from tests.cast import TODAY, make_patient, make_policy, make_profile, make_visit, make_world
from work.models import Job

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world():
    return make_world()


@pytest.fixture
def visits(world):
    """Four visits: whole, without a price, without a birth date, without codes."""
    with world.open():
        found = []
        for last in ("Whole", "Unpriced", "Birthless", "Uncoded"):
            patient = make_patient(last=last, **({"birth_date": None} if last == "Birthless" else {}))
            profile = make_profile(patient, make_policy(patient, world.aetna))
            found.append(
                make_visit(world, patient, profile, world.exam if last == "Unpriced" else world.adjustment)
            )
        ServicePrice.objects.filter(service=world.exam).delete()
        found[3].lines.all().delete()
        return found


def run_batch(world, since=TODAY, until=TODAY):
    with world.open("desk"):
        job = transition_batches.start(world.location, since, until)
    transition_batches.run(world.clinic.pk, job.pk)
    with world.open():
        return Job.objects.get(pk=job.pk)


@pytest.mark.rule("B17.0")
@pytest.mark.rule("B17.1")
def test_the_batch_charges_what_is_whole_and_says_what_the_others_lack(world, visits):
    job = run_batch(world)
    assert (job.state, job.result["charged"], job.result["not_transitioned"]) == ("done", 1, 3)
    with world.open():
        assert Invoice.objects.get().appointment_id == visits[0].pk
        rows = worklists.not_transitioned(Asked(), today=TODAY)
        codes = {row.visit.patient.last_name: [part["code"] for part in row.reasons] for row in rows}
        assert codes["Unpriced"] == ["no_price"]
        assert "missing" in codes["Birthless"]
        assert codes["Uncoded"] == ["no_lines"]
        money = LedgerTxn.objects.count()
    run_batch(world)
    with world.open():
        assert (Invoice.objects.count(), LedgerTxn.objects.count()) == (1, money), (
            "a second run makes nothing twice"
        )


@pytest.mark.rule("B17.1")
def test_a_mended_visit_is_charged_by_one_key(world, visits, client):
    run_batch(world)
    client.force_login(world.users["front_desk"])
    page = client.get(reverse("billing:not-transitioned")).content.decode()
    assert "Needs DOB" in page
    assert reverse("patients:edit", args=[visits[2].patient.public_id]) + "#id_birth_date" in page
    assert 'data-key="r"' in page
    assert 'data-key="t"' in page
    with world.open():
        visits[2].patient.birth_date = date(1990, 1, 1)
        visits[2].patient.save()
    client.post(reverse("billing:try-visit", args=[visits[2].public_id]))
    with world.open():
        assert Invoice.objects.filter(appointment=visits[2]).count() == 1
        assert VisitTransition.objects.get(appointment=visits[2]).reasons == []
    api = client.get(reverse("billing-api:not-transitioned")).json()
    assert {row["reasons"][0]["code"] for row in api} == {"no_price", "no_lines"}
    again = client.post(reverse("billing-api:try-visit", args=[visits[1].public_id])).json()
    assert (again["outcome"], again["reasons"][0]["code"]) == ("not_transitioned", "no_price")


@pytest.mark.rule("B17.1")
def test_what_the_payer_asks_for_stops_the_batch_only(world, visits):
    with world.open():
        world.aetna.requires = ["authorization", "group_number", "referring_npi", "dob"]
        world.aetna.save()
        Policy.objects.update(group_number="G1")
    run_batch(world)
    with world.open():
        row = next(r for r in worklists.not_transitioned(Asked(), today=TODAY) if r.visit.pk == visits[0].pk)
        assert [part["code"] for part in row.reasons] == ["requires_authorization", "requires_referring_npi"]


@pytest.mark.rule("B15")
def test_units_typed_beyond_the_minutes_and_lines_without_a_tick_wait_for_a_person(world, visits):
    with world.open():
        world.adjustment.rounding, world.adjustment.interval_minutes = "NW", 15
        world.adjustment.save()
        VisitLine.objects.filter(appointment=visits[0]).update(units=3, is_confirmed=False)
    run_batch(world)
    with world.open():
        row = next(r for r in worklists.not_transitioned(Asked(), today=TODAY) if r.visit.pk == visits[0].pk)
        assert [part["code"] for part in row.reasons] == ["too_many_units", "unconfirmed"]
        assert "45 minutes, the visit took 30" in row.reasons[0]["words"]


def test_missing_charges_lists_what_took_place_and_what_nobody_closed(world, visits, client):
    with world.open():
        forgotten = make_visit(
            world, visits[0].patient, visits[0].profile, state="scheduled", day=TODAY - timedelta(days=3)
        )
        make_visit(world, visits[0].patient, visits[0].profile, state="scheduled")
        make_visit(world, visits[0].patient, visits[0].profile, state="cancelled")
        rows = worklists.missing_charges(Asked(), today=TODAY)
        assert [row.visit.pk for row in rows] == [forgotten.pk, *[visit.pk for visit in visits]]
        assert (rows[0].age, rows[0].first["code"]) == (3, "still_scheduled")
        only = worklists.missing_charges(
            Asked(since=TODAY, chart=visits[1].patient.chart_number), today=TODAY
        )
        assert [row.visit.pk for row in only] == [visits[1].pk]
    client.force_login(world.users["front_desk"])
    text = client.get(
        reverse("billing:missing-charges"), {"format": "csv", "until": "2026-03-09"}
    ).content.decode()
    assert text.count("\n") == 7


@pytest.mark.rule("B15")
def test_the_coding_list_shows_the_visit_and_what_it_lacks(world, visits, client):
    with world.open():
        VisitLine.objects.filter(appointment=visits[0]).update(is_confirmed=False)
        Appointment.objects.filter(pk=visits[1].pk).update(diagnoses=[])
    client.force_login(world.users["biller"])
    page = client.get(reverse("billing:coding")).content.decode()
    for words in ("1 not ticked", "no diagnosis", "no service", "30 min"):
        assert words in page
    api = client.get(reverse("billing-api:coding")).json()
    assert [row["lacks"] for row in api] == [["1 not ticked"], ["no diagnosis"], ["no service"]]
    client.post(
        reverse("appointments:confirm", args=[visits[0].public_id]), {"next": reverse("billing:coding")}
    )
    assert len(client.get(reverse("billing-api:coding")).json()) == 2


def test_a_bad_range_is_refused(world, client):
    client.force_login(world.users["front_desk"])
    for since, until in (("2026-03-09", "2026-03-01"), ("x", ""), ("2020-01-01", "2026-01-01")):
        answer = client.post(reverse("billing:transition-batch"), {"since": since, "until": until})
        assert answer.status_code == 400
    with open_clinic(world.clinic.pk, actor="x"):
        assert Job.objects.count() == 0
