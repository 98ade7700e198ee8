"""By keyboard alone: a fee is added, the first thing in the way of a charge is opened, the drawer is counted."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from appointments.models import VisitLine
from billing import payments, transition_batches
from billing.models import FeeRow
from billing.payments import Payment
from tests.browser.product import Product
from tests.cast import make_patient, make_profile, make_visit

DESK = "front_desk@alder.example"


def tab_to(page: Page, wanted: str) -> None:
    """Press Tab until the field with this id has the focus; a trap or a field out of order fails."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == wanted:
            return
    pytest.fail(f"{wanted} is not reached by Tab")


def test_a_fee_is_added_by_keys(page_as: Any, days: Any, product: Product, django_db_blocker: Any) -> None:
    desk = page_as("admin").page
    desk.goto("/settings/fees/")
    tab_to(desk, "id_schedule")
    desk.keyboard.type("Stand")
    tab_to(desk, "id_service")
    desk.keyboard.type("97110")
    tab_to(desk, "id_fee")
    desk.keyboard.type("47.25")
    tab_to(desk, "id_effective_on")
    desk.keyboard.type(
        "02/01/2027" if desk.locator("#id_effective_on").get_attribute("type") != "date" else "02012027"
    )
    desk.keyboard.press("Control+s")
    expect(desk.get_by_role("table", name="Fees")).to_contain_text("47.25")
    with product.database(django_db_blocker), days.world.open():
        row = FeeRow.objects.get(fee=Decimal("47.25"))
        assert (row.service.code, row.effective_on.isoformat(), row.payer) == ("97110", "2027-02-01", None)


def test_what_is_in_the_way_of_a_charge_is_opened_and_tried_again_by_one_key(
    page_as: Any, days: Any, product: Product, django_db_blocker: Any
) -> None:
    with product.database(django_db_blocker), days.world.open(DESK):
        patient = make_patient("Kay", "Boardman")
        visit = make_visit(days.world, patient, make_profile(patient), day=days.today - timedelta(days=3))
        visit.lines.all().delete()
        transition_batches.try_visit(visit.public_id, at=timezone.now())
        chart = patient.chart_number
    page = page_as("front_desk").page
    page.goto(f"/missing-charges/?q={chart}")
    row = page.get_by_role("row").filter(has_text="Boardman")
    expect(row).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("r")
    expect(page).to_have_url(re.compile(visit.public_id))
    page.goto(f"/not-transitioned/?q={chart}")
    expect(row).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("r")
    expect(page).to_have_url(re.compile(visit.public_id))
    with product.database(django_db_blocker), days.world.open(DESK):
        VisitLine.objects.create(
            appointment=visit, line_no=1, service=days.world.adjustment, pointers=[1], is_confirmed=True
        )
    page.goto(f"/not-transitioned/?q={chart}")
    expect(row).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("t")
    expect(row).to_have_count(0)
    with product.database(django_db_blocker), days.world.open(DESK):
        visit.refresh_from_db()
        assert visit.state == "checked_out"


def test_the_drawer_is_counted_by_keys(
    page_as: Any, days: Any, product: Product, django_db_blocker: Any
) -> None:
    with product.database(django_db_blocker), days.world.open(DESK):
        cash = Payment(days.world.cash, Decimal("20.00"), "on account")
        patient = make_patient("Drew", "Till")
        payments.take(patient, cash, [], location=days.world.location, today=days.today)
    page = page_as("front_desk").page
    page.goto("/drawer/")
    counted = page.locator("input[id^=counted-]")
    expect(counted.first).to_be_focused()
    for place in range(counted.count()):
        page.keyboard.type("1.00")
        page.keyboard.press("Tab")
        if place + 1 < counted.count():
            expect(counted.nth(place + 1)).to_be_focused()
    expect(page.get_by_label("Note")).to_be_focused()
    page.keyboard.type("counted twice")
    page.keyboard.press("Control+s")
    expect(page.get_by_role("table", name="Counts, newest first")).to_contain_text("counted twice")
