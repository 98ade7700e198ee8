"""The usual visit by keyboard alone: arrive, complete, tick, check out with copay, receipt, next patient.

Counted: docs/screens.md promises at most eight keystrokes.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.sync_api import expect

from appointments.enums import AppointmentState
from tests.browser.product import Product
from tests.cast import make_patient, make_policy, make_profile, make_visit


def test_the_usual_visit_takes_no_more_than_eight_keys(
    page_as: Any, days: Any, product: Product, django_db_blocker: Any
) -> None:
    start = datetime(days.today.year, days.today.month, days.today.day, 6, 0, tzinfo=UTC) + timedelta(hours=6)
    with product.database(django_db_blocker), days.world.open("front_desk@alder.example"):
        for place, last in enumerate(("Keyes", "Nextley")):
            patient = make_patient("Ida", last)
            profile = make_profile(patient, make_policy(patient, days.world.aetna))
            at = start + timedelta(minutes=place)
            if last == "Keyes":
                before = make_visit(
                    days.world,
                    patient,
                    profile,
                    day=days.today - timedelta(days=7),
                    state=AppointmentState.CHECKED_OUT,
                )
                before.checked_out_at = at - timedelta(days=7)
                before.save()
            visit = make_visit(
                days.world, patient, profile, day=days.today, starts_at=at,
                state=AppointmentState.SCHEDULED if last == "Keyes" else AppointmentState.COMPLETE,
            )  # fmt: skip
            if last == "Keyes":
                visit.lines.all().delete()
                visit.diagnoses = []
                visit.onset_on = None
                visit.save()
                chosen = visit.public_id
    desk = page_as("front_desk").page
    desk.goto(f"/today/?visit={chosen}")
    pressed = []

    def press(key: str) -> None:
        pressed.append(key)
        desk.keyboard.press(key)

    panel = desk.get_by_role("complementary", name="The chosen visit")
    expect(panel.get_by_role("heading", name="Ida Keyes")).to_be_visible()
    press("a")
    expect(panel.get_by_role("button", name="Complete")).to_be_visible()
    press("c")
    expect(panel.get_by_role("link", name="Check out")).to_be_visible()
    expect(panel.get_by_role("button", name="Complete")).to_have_count(0)
    press("o")
    expect(desk.get_by_role("heading", name="Check out Ida Keyes")).to_be_visible()
    press("y")
    expect(desk.get_by_text("wait for a tick")).to_have_count(0)
    expect(desk.get_by_role("button", name="Take 25.00 and check out")).to_be_visible()
    press("Enter")
    expect(desk.get_by_role("heading", name="Ida Keyes is checked out")).to_be_visible()
    expect(desk.get_by_role("article", name="Receipt")).to_contain_text("25.00")
    press("Enter")
    expect(desk.get_by_role("heading", name="Check out")).to_be_visible()
    expect(desk.get_by_role("heading", name="Ida Keyes")).to_have_count(0)
    assert len(pressed) <= 8, pressed


def test_what_is_pressed_before_the_scripts_are_there_is_not_lost(page_as: Any, days: Any) -> None:
    """A page shows before its scripts have come; a quick hand on a slow line is not told to try again."""
    desk = page_as("front_desk", fresh=True).page
    waiting: list[Any] = []

    def hold(route: Any) -> None:
        waiting.append(route)

    desk.route("**/htmx*.js", hold)  # the first of them; the others wait for it
    today = f"/today/?day={days.today:%Y-%m-%d}"
    desk.goto(today, wait_until="commit")
    finder = desk.get_by_role("button", name="Find a patient")
    expect(finder).to_be_visible()
    finder.click()
    expect(desk.get_by_role("dialog")).to_have_count(0)
    waiting.pop().continue_()
    expect(desk.get_by_role("dialog")).to_be_visible()
    desk.goto(today, wait_until="commit")
    expect(finder).to_be_visible()
    desk.keyboard.press("n")
    waiting.pop().continue_()
    expect(desk).to_have_url(re.compile("walk_in=1"))
    desk.goto("/patients/", wait_until="commit")
    desk.get_by_role("searchbox").fill("nobody of that name")
    waiting.pop().continue_()
    expect(desk.get_by_text("Nobody fits")).to_be_visible()
