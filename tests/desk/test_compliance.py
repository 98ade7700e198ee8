"""Doubts about what was billed, and the month's sample: each is raised by its own cause and by nothing else."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from appointments.models import Appointment, Service
from claims.models import Claim, ClaimLine
from desk import compliance
from tests.cast import TODAY, make_patient, make_world
from tests.claims.helpers import bill, ready_claim, visit_of

pytestmark = pytest.mark.django_db
DAYS = (TODAY - timedelta(days=40), TODAY + timedelta(days=1))


@pytest.fixture
def world():
    return make_world()


def kinds() -> list[str]:
    return [doubt.kind for doubt in compliance.doubts(*DAYS)]


def sent(world, last: str = "Okafor") -> Claim:
    claim = ready_claim(world, patient=make_patient("Maren", last))
    Claim.objects.filter(pk=claim.pk).update(state="batched")
    Claim.objects.filter(pk=claim.pk).update(state="submitted", submitted_at=claim.created_at)
    claim.refresh_from_db()
    return claim


@pytest.mark.rule("B15.AUDIT")
def test_a_usual_visit_raises_no_doubt(world):
    with world.open():
        sent(world)
        assert kinds() == []


@pytest.mark.rule("B15.AUDIT")
def test_a_claim_whose_visit_was_taken_back(world):
    with world.open():
        claim = sent(world)
        Appointment.objects.filter(pk=claim.appointment_id).update(state="complete")
        assert kinds() == ["no_visit"]


@pytest.mark.rule("B15.AUDIT")
def test_units_that_do_not_fit_into_the_visit(world):
    with world.open():
        timed = world.adjustment
        Service.objects.filter(pk=timed.pk).update(interval_minutes=15, rounding="NW")
        timed.refresh_from_db()
        invoice = bill(world, None, timed)
        visit = visit_of(invoice)
        units = invoice.charges.get().units
        assert kinds() == []
        Appointment.objects.filter(pk=visit.pk).update(minutes=int(units * 15) - 1)
        found = compliance.doubts(*DAYS)
        assert [doubt.kind for doubt in found] == ["units"]
        assert f"{units * 15:.0f} minutes; the visit took {units * 15 - 1:.0f}" in found[0].words


@pytest.mark.rule("B15.AUDIT")
def test_a_day_of_more_than_24_hours(world):
    with world.open():
        rows = [visit_of(bill(world, make_patient("Maren", f"Day{place}"))) for place in range(3)]
        keys = [row.pk for row in rows]
        Appointment.objects.filter(pk__in=keys).update(minutes=480)
        assert "day" not in kinds(), "24 hours are a day"
        Appointment.objects.filter(pk=keys[0]).update(minutes=481)
        (doubt,) = (row for row in compliance.doubts(*DAYS) if row.kind == "day")
        assert doubt.words == "3 visits of this day come to 1441 minutes; a day has 1440."


@pytest.mark.rule("B15.AUDIT")
def test_one_clinician_at_two_places(world):
    with world.open():
        first = visit_of(bill(world, make_patient("Maren", "Okafor")))
        second = visit_of(bill(world, make_patient("Theo", "Lindqvist")))
        start = first.starts_at
        Appointment.objects.filter(pk=second.pk).update(starts_at=start + timedelta(minutes=first.minutes))
        assert kinds() == []  # one ends when the other begins
        Appointment.objects.filter(pk=second.pk).update(
            starts_at=start + timedelta(minutes=first.minutes - 10)
        )
        (doubt,) = compliance.doubts(*DAYS)
        assert doubt.kind == "overlap"
        assert doubt.words == "10 minutes overlap with the visit of Okafor, Maren."
        Service.objects.update(kind="group")
        assert kinds() == []


@pytest.mark.rule("B15.AUDIT")
@pytest.mark.parametrize(
    ("field", "value", "what"),
    [("modifiers", ["59"], "modifiers of line 1"), ("units", Decimal(3), "units of line 1")],
)
def test_what_was_changed_after_check_out(world, field, value, what):
    with world.open():
        claim = sent(world)
        ClaimLine.objects.filter(claim=claim, line_no=1).update(**{field: value})
        (doubt,) = compliance.doubts(*DAYS)
        assert (doubt.kind, doubt.claim) == ("changed", claim.public_id)
        assert what in doubt.words


@pytest.mark.rule("B15.SAMPLE")
def test_a_months_sample_is_drawn_once_for_all(world):
    with world.open():
        for number in range(4):
            sent(world, f"Number{chr(65 + number)}")
        ready_claim(world, patient=make_patient("Not", "Sent"))
        drawn = [row.claim.pk for row in compliance.month_sample(TODAY, 3)]
        assert len(set(drawn)) == 3
        assert [row.claim.pk for row in compliance.month_sample(TODAY.replace(day=1), 3)] == drawn
        assert drawn == [row.claim.pk for row in compliance.month_sample(TODAY, 4)][:3]
        assert len(compliance.month_sample(TODAY)) == 4
        assert compliance.month_sample(date(2020, 1, 1)) == []
        assert all(row.evidence and row.lines for row in compliance.month_sample(TODAY))


def test_pages_filter_and_export(client, world):
    with world.open():
        claim = sent(world)
        Appointment.objects.filter(pk=claim.appointment_id).update(state="complete")
    client.force_login(world.users["biller"])
    asked = {"from": f"{DAYS[0]}", "to": f"{DAYS[1]}"}
    page = client.get(reverse("desk:compliance"), asked)
    assert b"its visit is" in page.content
    assert b"No doubt fits" in client.get(reverse("desk:compliance"), {**asked, "kind": "units"}).content
    export = client.get(reverse("desk:compliance"), {**asked, "format": "csv"})
    assert export.content.decode().count("\n") == 2
    assert client.get(reverse("desk:compliance"), {"from": "9999-99-99", "to": "x"}).status_code == 200
    month = {"month": f"{TODAY:%Y-%m}"}
    assert claim.control_number.encode() in client.get(reverse("desk:compliance-sample"), month).content
    listed = client.get(reverse("desk-api:compliance"), asked).json()
    assert [row["kind"] for row in listed] == ["no_visit"]
    drawn = client.get(reverse("desk-api:compliance-sample"), month).json()
    assert [row["control_number"] for row in drawn] == [claim.control_number]
    client.force_login(world.users["front_desk"])
    assert client.get(reverse("desk:compliance")).status_code == 403
