"""The evening's batch, by the task the scheduler runs: tomorrow's schedule once, a second run does nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from celery import Task, current_app
from django.utils import timezone

from appointments.enums import AppointmentState
from clearinghouses.models import OutboundFile
from clinics import settings as house
from clinics.models import Location
from config.schedule import SCHEDULE
from insurance.models import EligibilityRequest
from insurance.settings import AHEAD
from insurance.tasks import ACTOR
from lib.dates import local_day
from tests.cast import World, make_patient, make_policy, make_profile, make_visit, make_world
from tests.claims.helpers import work_off
from work.models import Job, PeriodRun

pytestmark = pytest.mark.django_db(transaction=True)
HOURS = range(-14, 13)  # Etc/GMT-14 to Etc/GMT+12; the sign is the other way round than one thinks


@pytest.fixture
def world() -> World:
    return make_world()


def evening() -> Any:
    """The task of the schedule's line, as the worker finds it."""
    task: Task = current_app.tasks[str(SCHEDULE["eligibility-evening"]["task"])]
    return task.run()


def zone_where_it_is(hour: int) -> str:
    now = datetime.now(UTC)
    west = next(number for number in HOURS if (now - timedelta(hours=number)).hour == hour)
    return f"Etc/GMT{west:+d}" if west else "Etc/GMT"


def settle_at(world: World, hour: int, *, wanted: bool) -> None:
    """Move the location to where it is this hour now; one visit tomorrow."""
    zone = zone_where_it_is(hour)
    with world.open():
        Location.objects.update(time_zone=zone)
        world.location.refresh_from_db()
        house.change(AHEAD, "on" if wanted else "off", world.clinic, world.location)
        policy = make_policy(make_patient(), world.aetna, "W1")
        profile = make_profile(policy.patient, policy)
        tomorrow = local_day(timezone.now(), zone) + timedelta(days=1)
        make_visit(world, policy.patient, profile, day=tomorrow, state=AppointmentState.SCHEDULED)


@pytest.mark.rule("B14.evening")
def test_tomorrow_is_asked_about_once_and_the_second_run_does_nothing(world: World) -> None:
    settle_at(world, 18, wanted=True)
    assert evening() == 1
    work_off()
    with world.open():
        question = EligibilityRequest.objects.get()
        assert (question.asked_by, question.policy.member_id) == (ACTOR, "W1")
        assert OutboundFile.objects.get().name.endswith(".270")
        assert Job.objects.filter(kind="insurance.ask").count() == 1
    assert evening() == 0
    work_off()
    with world.open():
        assert EligibilityRequest.objects.count() == Job.objects.filter(kind="insurance.ask").count() == 1
    assert PeriodRun.objects.filter(job="insurance.evening").count() == 1


@pytest.mark.rule("B14.evening")
@pytest.mark.parametrize(("hour", "wanted", "batches"), [(16, True, 0), (17, True, 1), (17, False, 0)])
def test_the_table_of_the_docs(world: World, hour: int, wanted: bool, batches: int) -> None:
    settle_at(world, hour, wanted=wanted)
    assert evening() == batches
    assert evening() == 0
