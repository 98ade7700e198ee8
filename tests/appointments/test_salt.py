"""SALT, same as last time: what is copied, when, and that it waits for a tick (B1, S0.1 to S0.3)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appointments import carryforward, visits
from appointments.carryforward import CopiedLine, PastVisit, Tabs, latest_source, plan_copy
from appointments.models import Appointment, AppointmentType
from clinics import settings as clinic_settings
from insurance.models import InsuranceProfile
from tests.cast import (
    TODAY,
    World,
    make_patient,
    make_payer,
    make_policy,
    make_profile,
    make_visit,
    make_world,
)

MAR_2, MAR_9 = date(2026, 3, 2), TODAY
AT = datetime(2026, 3, 9, 16, 0, tzinfo=UTC)


def past(
    number: int, day: date = MAR_2, type_id: int = 1, state: str = "checked_out", hour: int = 15
) -> PastVisit:
    return PastVisit(number, type_id, state, day, datetime(day.year, day.month, day.day, hour, tzinfo=UTC))


@pytest.mark.rule("B1.1", "B1.6", "S0.3")
def test_the_source_is_the_latest_checked_out_visit_of_the_type() -> None:
    visits_ = [
        past(1, date(2026, 2, 1)),
        past(2, MAR_2),
        past(3, MAR_2, hour=18),  # of one day the later check-out
        past(4, date(2026, 3, 5), state="complete"),
        past(5, date(2026, 3, 6), state="cancelled"),
        past(6, date(2026, 3, 7), type_id=2),
        past(7, MAR_9),
    ]
    found = latest_source(visits_, type_id=1, before=MAR_9)
    assert found is not None
    assert found.id == 3
    assert latest_source(visits_, type_id=2, before=MAR_9) == visits_[5]
    assert latest_source(visits_, type_id=3, before=MAR_9) is None
    assert latest_source(visits_, type_id=1, before=MAR_9, max_days=6) is None
    assert latest_source(visits_, type_id=1, before=MAR_9, max_days=7) == visits_[2]
    assert latest_source(visits_, type_id=1, before=MAR_9, max_days=0) == visits_[2]


LINE = CopiedLine(1, "98941", ("AT",), None, (1, 2))
FULL = Tabs((LINE,), ("M9901", "M9903"), {}, {"onset_on": date(2026, 2, 27)})


@pytest.mark.rule("B1.2", "B1.3", "B1.4")
def test_each_tab_is_decided_by_itself_and_never_written_over() -> None:
    everything = plan_copy(FULL, Tabs(), {1})
    assert (everything.tabs, everything.dropped) == (FULL, ())
    has_lines = plan_copy(FULL, Tabs(lines=(LINE,)), {1})
    assert (has_lines.copies_lines, has_lines.copies_dates, has_lines.tabs.lines) == (False, True, ())
    has_dates = plan_copy(FULL, Tabs(dates={"onset_on": MAR_9}), {1})
    assert (has_dates.copies_lines, has_dates.tabs.dates) == (True, {})
    gone = plan_copy(FULL, Tabs(), set())
    assert (gone.tabs.lines, gone.dropped, gone.tabs.diagnoses) == ((), ("98941",), FULL.diagnoses)
    assert plan_copy(Tabs(dates=FULL.dates), Tabs(), {1}).copies_lines is False


@pytest.mark.rule("B1.2")
@given(st.booleans(), st.booleans(), st.booleans(), st.booleans())
def test_a_filled_tab_is_never_touched(
    lines: bool, dates: bool, target_lines: bool, target_dates: bool
) -> None:
    source = Tabs((LINE,) if lines else (), (), {}, FULL.dates if dates else {})
    target = Tabs((LINE,) if target_lines else (), (), {}, {"onset_on": MAR_9} if target_dates else {})
    made = plan_copy(source, target, {1})
    assert made.copies_lines == (lines and not target_lines)
    assert made.copies_dates == (dates and not target_dates)


@pytest.fixture
def world(db: None) -> Any:
    made = make_world()
    with made.open():
        yield made


@pytest.fixture
def profile(world: World) -> InsuranceProfile:
    patient = make_patient()
    return make_profile(patient, make_policy(patient, world.aetna))


def last_time(world: World, profile: InsuranceProfile, **more: Any) -> Appointment:
    values = {"state": "checked_out", "day": MAR_2, "diagnoses": ["M9901", "M9903"]} | more
    visit = make_visit(world, profile.patient, profile, **values)
    visit.lines.update(modifiers=["AT"])
    return visit


def today(world: World, profile: InsuranceProfile, **more: Any) -> Appointment:
    visit = make_visit(
        world, profile.patient, profile, state="scheduled", diagnoses=[], onset_on=None, **more
    )
    visit.lines.all().delete()
    return visit


@pytest.mark.rule("B1.2", "B1.3", "B1.5", "S0.1", "S0.2", "S0.3")
def test_arriving_copies_both_tabs_and_the_lines_wait_for_a_tick(
    world: World, profile: InsuranceProfile
) -> None:
    source = last_time(world, profile, override_price=Decimal("1.00"), place_of_service="12", note="sore")
    target = today(world, profile)
    moved = visits.arrive(target.public_id, at=AT)
    target.refresh_from_db()
    line = target.lines.get()
    assert (line.service_id, line.modifiers, line.pointers) == (world.adjustment.pk, ["AT"], [1, 2])
    assert (line.origin, line.is_confirmed, line.units) == ("salt", False, None)
    assert (target.diagnoses, target.onset_on) == (["M9901", "M9903"], date(2026, 2, 27))
    assert (target.salt_from, moved.carried.source_day) == (MAR_2, MAR_2)
    assert (target.override_price, target.place_of_service, target.note) == (None, "", "")
    assert visits.confirm_lines(target.public_id) == 1
    assert target.lines.get().is_confirmed
    assert source.lines.count() == 1


@pytest.mark.rule("B1.1", "B1.6")
def test_another_type_gets_nothing_and_a_renamed_one_still_does(
    world: World, profile: InsuranceProfile
) -> None:
    last_time(world, profile)
    other = AppointmentType.objects.create(name="Re-exam")
    exam = today(world, profile)
    exam.appointment_type = other
    exam.save()
    assert visits.arrive(exam.public_id, at=AT).carried.source_day is None
    world.visit_type.name = "Chiropractic adjustment"
    world.visit_type.save()
    same = today(world, profile)
    assert visits.arrive(same.public_id, at=AT).carried.source_day == MAR_2


@pytest.mark.rule("B1.2", "B1.5")
def test_the_settings_decide_when_it_runs_and_whether_a_tick_is_asked(
    world: World, profile: InsuranceProfile
) -> None:
    last_time(world, profile)
    clinic_settings.change("salt_mode", "button", world.clinic, world.location)
    clinic_settings.change("salt_requires_confirmation", "off", world.clinic)
    target = today(world, profile)
    visits.arrive(target.public_id, at=AT)
    assert target.lines.count() == 0
    visits.same_as_last_time(target.public_id)
    assert target.lines.get().is_confirmed
    clinic_settings.change("salt_mode", "off", world.clinic, world.location)
    other = today(world, profile)
    visits.arrive(other.public_id, at=AT)
    assert visits.same_as_last_time(other.public_id).source_day is None
    assert other.lines.count() == 0


@pytest.mark.rule("B1.2")
def test_it_runs_once_and_never_over_what_was_entered(world: World, profile: InsuranceProfile) -> None:
    last_time(world, profile)
    target = today(world, profile)
    visits.arrive(target.public_id, at=AT)
    visits.set_line_items(target.public_id, [], [])
    visits.complete(target.public_id)
    assert target.lines.count() == 0  # somebody emptied it on purpose
    typed = make_visit(world, profile.patient, profile, state="scheduled", onset_on=None, diagnoses=["M5450"])
    visits.arrive(typed.public_id, at=AT)
    typed.refresh_from_db()
    assert (typed.diagnoses, typed.onset_on) == (["M5450"], date(2026, 2, 27))


@pytest.mark.rule("B1.4", "B1.6")
def test_services_not_offered_any_more_are_listed_and_a_voided_source_leaves_a_note(
    world: World, profile: InsuranceProfile
) -> None:
    source = last_time(world, profile)
    world.adjustment.is_active = False
    world.adjustment.save()
    target = today(world, profile)
    assert visits.arrive(target.public_id, at=AT).carried.dropped == ("98941",)
    assert carryforward.note_voided_source(source) == 1
    carryforward.note_voided_source(source)
    target.refresh_from_db()
    assert target.note == "SALT source of 03/02/2026 was voided later."
    assert target.diagnoses == ["M9901", "M9903"]


@pytest.mark.rule("B11.4", "B1.3")
def test_an_accident_comes_from_its_case_and_stays_with_it(world: World, profile: InsuranceProfile) -> None:
    patient = profile.patient
    fund = make_policy(patient, make_payer("Crestline Fund", "70410"), "WC1")
    injury = make_profile(
        patient, fund, status="active", kind="work_comp", accident_on=date(2026, 1, 5), accident_state="IL"
    )
    case = today(world, injury)
    visits.arrive(case.public_id, at=AT)
    case.refresh_from_db()
    assert (case.accident_on, case.accident_kind, case.accident_state) == (date(2026, 1, 5), "EM", "IL")
    Appointment.objects.filter(pk=case.pk).update(
        state="checked_out", service_date=MAR_2, onset_on=date(2026, 1, 5)
    )
    health = today(world, profile)
    visits.arrive(health.public_id, at=AT)
    health.refresh_from_db()
    assert (health.accident_on, health.onset_on) == (None, date(2026, 1, 5))
