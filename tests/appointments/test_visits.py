"""Booking and visits: the profile of the day, the table of moves, line items, treatment, coding shapes (B2, B11.4)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appointments import booking, catalogue, coding, queries, visits
from appointments.enums import AppointmentState
from appointments.errors import BadVisit, Changed, CoverageBoundary, WrongState
from appointments.models import Appointment
from appointments.visits import MOVES, LineData
from clinics.errors import NotYours
from insurance.models import InsuranceProfile
from insurance.profiles import ensure_self_pay
from tests.cast import NOW, TODAY, World, make_patient, make_policy, make_profile, make_visit, make_world


@pytest.fixture
def world(db: None) -> Any:
    made = make_world()
    with made.open():
        yield made


@pytest.fixture
def profile(world: World) -> InsuranceProfile:
    patient = make_patient()
    return make_profile(patient, make_policy(patient, world.aetna, expires_on=date(2026, 3, 31)))


def book(world: World, home: InsuranceProfile, starts_at: datetime = NOW, **more: Any) -> booking.Booked:
    return booking.book(
        home.patient, location=world.location, clinician=world.clinician, appointment_type=world.visit_type,
        starts_at=starts_at, at=NOW, **more,
    )  # fmt: skip


@pytest.mark.rule("B11.4")
def test_a_booking_takes_the_profile_of_its_day_at_the_location(
    world: World, profile: InsuranceProfile
) -> None:
    late = datetime(2026, 4, 1, 3, 0, tzinfo=UTC)  # still March 31 in Chicago
    booked = book(world, profile, late)
    assert (booked.appointment.service_date, booked.appointment.profile, booked.chip) == (
        date(2026, 3, 31),
        profile,
        "",
    )
    after = book(world, profile, datetime(2026, 4, 1, 15, 0, tzinfo=UTC))
    assert (after.appointment.profile.kind, after.chip) == ("self_pay", "No coverage on this date")
    chosen = book(world, profile, profile=ensure_self_pay(profile.patient))
    assert (chosen.appointment.profile.kind, chosen.chip) == ("self_pay", "")
    stranger = make_patient("Sam", "Other", phone="2175550177")
    with pytest.raises(BadVisit, match="another patient"):
        book(world, profile, profile=ensure_self_pay(stranger))
    with pytest.raises(BadVisit):
        book(world, profile, NOW + timedelta(days=900))


@pytest.mark.rule("B11.4")
def test_moving_over_a_boundary_asks_again(world: World, profile: InsuranceProfile) -> None:
    booked = book(world, profile).appointment
    inside = booking.move(booked, starts_at=NOW + timedelta(days=7), at=NOW)
    assert (inside.appointment.profile, inside.chip) == (profile, "")
    own = ensure_self_pay(profile.patient)
    with pytest.raises(CoverageBoundary) as asked:
        booking.move(booked, starts_at=NOW + timedelta(days=40), at=NOW)
    assert [row["profile"] for row in asked.value.data["choices"]] == [own.public_id, profile.public_id]
    assert {row["says"] for row in asked.value.data["choices"]} == {"No coverage on this date"}
    assert Appointment.objects.get(pk=booked.pk).starts_at == NOW + timedelta(days=7), "nothing is moved yet"
    over = booking.move(booked, starts_at=NOW + timedelta(days=40), at=NOW, profile=own)
    assert over.appointment.profile == own
    tomorrow = booking.move(booked, starts_at=NOW + timedelta(days=41), at=NOW)
    assert tomorrow.appointment.profile == own, "what was chosen stays"
    back = booking.move(booked, starts_at=NOW, at=NOW, profile=profile)
    assert back.appointment.profile == profile
    stale = Appointment.objects.get(pk=booked.pk)
    booking.move(Appointment.objects.get(pk=booked.pk), starts_at=NOW, at=NOW)
    with pytest.raises(Changed):
        booking.move(stale, starts_at=NOW, at=NOW)


@pytest.mark.rule("B2.states")
def test_a_walk_in_is_here_at_once(world: World, profile: InsuranceProfile) -> None:
    assert book(world, profile, walk_in=True).appointment.state == "arrived"
    with pytest.raises(WrongState, match="not today"):
        book(world, profile, NOW + timedelta(days=1), walk_in=True)


@pytest.mark.rule("B2.states")
@pytest.mark.parametrize(("act", "state"), list(product(MOVES, AppointmentState.values)))
def test_the_table_of_moves(world: World, profile: InsuranceProfile, act: str, state: str) -> None:
    visit = make_visit(world, profile.patient, profile, state=state)
    starts, leads_to = MOVES[act]
    acts = {"arrive": lambda key: visits.arrive(key, at=NOW), "start": visits.start, "complete": visits.complete,
            "reopen": visits.reopen, "undo_arrival": visits.undo_arrival}  # fmt: skip
    if state in starts or state == leads_to:
        assert acts[act](visit.public_id).appointment.state == leads_to
        return
    with pytest.raises(WrongState):
        acts[act](visit.public_id)
    visit.refresh_from_db()
    assert visit.state == state


@pytest.mark.rule("B2.states")
def test_cancelling_and_taking_it_back(world: World, profile: InsuranceProfile) -> None:
    visit = book(world, profile).appointment
    booking.cancel(visit, "no_show", at=NOW)
    assert visit.state == "no_show"
    booking.take_back_cancel(visit, at=NOW)
    with pytest.raises(BadVisit):
        booking.cancel(visit, "complete", at=NOW)
    done = make_visit(world, profile.patient, profile)
    with pytest.raises(WrongState):
        booking.cancel(done, "cancelled", at=NOW)


@pytest.mark.rule("S0.1", "B2.states")
def test_line_items_are_replaced_as_a_whole_and_frozen_after_check_out(
    world: World, profile: InsuranceProfile
) -> None:
    visit = make_visit(world, profile.patient, profile)
    kept = visit.lines.get()
    lines = [
        LineData(world.exam, ("25",), None, (1,)),
        LineData(world.adjustment, (), Decimal("2"), (2,), kept.public_id),
    ]
    visits.set_line_items(visit.public_id, lines, ["M5450", "M9901"], {"M5450": "Low back pain"})
    visit.refresh_from_db()
    assert [(la.line_no, la.service.code, la.units) for la in visit.lines.all()] == [
        (1, "99213", None), (2, "98941", Decimal("2.000")),
    ]  # fmt: skip
    assert visit.lines.get(line_no=2).pk == kept.pk
    assert visit.diagnosis_labels == {"M5450": "Low back pain"}
    with pytest.raises(BadVisit):
        visits.set_line_items(visit.public_id, [LineData(world.exam, pointers=(3,))], ["M5450"])
    with pytest.raises(Changed):
        visits.set_line_items(visit.public_id, [LineData(world.exam, id="GONE")], ["M5450"])
    Appointment.objects.filter(pk=visit.pk).update(state="checked_out")
    for act in (
        lambda: visits.set_line_items(visit.public_id, [], []),
        lambda: visits.set_treatment(visit.public_id, {}),
    ):
        with pytest.raises(WrongState):
            act()


@pytest.mark.rule("S0.2")
@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"onset_on": date(2026, 3, 10)}, "onset_on"),
        ({"accident_on": date(2026, 3, 1)}, "accident_kind"),
        ({"accident_kind": "EM"}, "accident_on"),
        ({"accident_on": date(2026, 3, 1), "accident_kind": "AA"}, "accident_state"),
        ({"accident_on": date(2026, 3, 1), "accident_kind": "EM", "accident_state": "ZZ"}, "accident_state"),
        ({"place_of_service": "1"}, "place_of_service"),
    ],
)
def test_treatment_dates_that_cannot_be(
    world: World, profile: InsuranceProfile, change: dict[str, Any], field: str
) -> None:
    visit = make_visit(world, profile.patient, profile)
    with pytest.raises(BadVisit) as refused:
        visits.set_treatment(visit.public_id, change)
    assert list(refused.value.data["fields"]) == [field]
    visits.set_treatment(visit.public_id, {"onset_on": TODAY, "initial_treatment_on": TODAY})
    visit.refresh_from_db()
    assert visit.initial_treatment_on == TODAY


@pytest.mark.rule("S0.1")
def test_the_shapes_of_codes() -> None:
    assert coding.read_diagnoses("m54.50, M9903 U07.1")[0] == ["M5450", "M9903", "U071"]
    for wrong in ("54.50", "M5", "M54.5.0", "M54-50", "M54.50 M5450", "M54.123456"):
        assert coding.read_diagnoses(wrong)[1], wrong
    assert coding.read_diagnoses(" ".join(f"M{n:02d}" for n in range(13)))[1]
    assert coding.read_modifiers("at, 59", "m") == (["AT", "59"], [])
    for wrong in ("5", "599", "2-", "25 25", "25 59 76 77 78"):
        assert coding.read_modifiers(wrong, "m")[1], wrong
    assert coding.read_pointers("", 6, "p")[0] == [1, 2, 3, 4]
    assert coding.read_pointers("2,1", 2, "p") == ([2, 1], [])
    for wrong in ("3", "0", "a", "1 1", "²"):
        assert coding.read_pointers(wrong, 2, "p")[1], wrong
    assert coding.read_units("0.75", "u") == (Decimal("0.75"), [])
    for wrong in ("0", "-1", "x", "NaN", "1.0001", "1e9"):
        assert coding.read_units(wrong, "u")[1], wrong


@given(st.text(max_size=40))
def test_no_text_breaks_the_readers(text: str) -> None:
    codes, _ = coding.read_diagnoses(text)
    assert all(coding.DIAGNOSIS.fullmatch(code) for code in codes)
    coding.read_modifiers(text, "m")
    coding.read_pointers(text, 4, "p")
    units, findings = coding.read_units(text, "u")
    assert findings or units is None or units > 0


def test_another_clinics_visit_is_not_there(db: None) -> None:
    alder, birch = make_world(), make_world("birch")
    with birch.open():
        patient = make_patient()
        stranger = make_visit(birch, patient, make_profile(patient))
    with alder.open(), pytest.raises(NotYours):
        visits.complete(stranger.public_id)


def test_the_day_asks_the_same_number_of_queries_for_one_and_three(
    world: World, profile: InsuranceProfile, django_assert_num_queries: Any
) -> None:
    make_visit(world, profile.patient, profile)
    with django_assert_num_queries(2):
        assert len(queries.day(world.location, TODAY)) == 1
    for number in range(2):
        patient = make_patient("P", f"Nr{number}", phone="", birth_date=None)
        make_visit(world, patient, make_profile(patient, make_policy(patient, world.medicare, f"M{number}")))
    with django_assert_num_queries(2):
        rows = queries.day(world.location, TODAY)
    assert [row.first_payer for row in rows] == ["Aetna", "Medicare", "Medicare"]
    assert [m.words for m in rows[1].missing] == ["Needs DOB", "Needs phone"]
    assert (rows[0].clock, rows[0].line_count) == ("10:00", 1)


def test_the_catalogue_is_checked(world: World) -> None:
    made = catalogue.save_service(
        {"code": "97110", "name": "Exercise", "rounding": "NQ", "interval_minutes": 15}
    )
    catalogue.set_price(made, Decimal("45.00"), TODAY)
    for wrong in (
        {"code": "9 7"},
        {"name": ""},
        {"rounding": "ZZ"},
        {"rounding": "NW", "interval_minutes": None},
    ):
        with pytest.raises(BadVisit):
            catalogue.save_service({"code": "97112", "name": "Other"} | wrong)
    with pytest.raises(BadVisit, match="already"):
        catalogue.save_service({"code": "97110", "name": "Exercise"})
    with pytest.raises(BadVisit):
        catalogue.set_price(made, Decimal("-1.00"), TODAY)
    status = catalogue.save_status("No call", "no_show", transition=True)
    assert "full price" in catalogue.status_warning(status)
    with pytest.raises(BadVisit):
        catalogue.save_status("Done", "complete", cancellation_fee=Decimal("5.00"))
