"""A patient calls about a bill: found, explained, put on a plan, the schedule mailed, by keyboard, in a minute."""

from __future__ import annotations

from datetime import timedelta
from time import monotonic, sleep
from typing import Any

import pytest
from playwright.sync_api import expect

from billing import plan_pdf
from billing.checkout import check_out
from billing.models import PaymentPlan
from tests.browser.product import Product
from tests.cast import make_patient, make_profile, make_visit


@pytest.mark.rule("B12.call")
def test_a_call_about_a_bill_ends_with_a_plan_and_its_schedule(
    page_as: Any, days: Any, product: Product, django_db_blocker: Any
) -> None:
    with product.database(django_db_blocker), days.world.open("front_desk@alder.example"):
        patient = make_patient("Hester", "Callaway", email="hester@example.org")
        back = timedelta(days=50)
        visit = make_visit(days.world, patient, make_profile(patient), day=days.today - back)
        check_out(visit.public_id, [], at=days.now - back)
    desk = page_as("biller").page
    desk.goto("/my-day/")
    began, keys = monotonic(), desk.keyboard
    keys.press("Control+k")
    keys.type("calloway")  # misheard
    keys.press("Escape")
    keys.press("Control+k")
    keys.type("callaway")  # the letters replace what was asked before; none is lost, however soon they come
    expect(desk.get_by_label("Find anything, do anything").and_(desk.locator("input"))).to_have_value(
        "callaway"
    )
    expect(desk.get_by_role("option").filter(has_text="Callaway").first).to_be_visible()
    keys.press("Enter")
    expect(desk.get_by_role("heading", name="Hester Callaway")).to_be_visible()
    expect(desk.locator("a[data-key='l']")).to_be_visible()
    keys.press("w")
    sheet = desk.locator("#sheet")
    expect(sheet).to_contain_text("150.00")
    keys.press("Escape")
    expect(sheet).to_be_hidden()
    keys.press("l")
    expect(desk.get_by_role("heading", name="Payment plan")).to_be_visible()
    expect(desk.locator("#offer")).to_contain_text("50.00")
    keys.press("Control+s")
    expect(desk.get_by_role("heading", name="150.00 in 3 payments")).to_be_visible()
    keys.press("m")
    expect(desk.get_by_text("The schedule is on its way")).to_be_visible()
    took = monotonic() - began
    end = monotonic() + 30
    while not product.office.taken and monotonic() < end:
        sleep(0.2)
    [mail] = [mail for to, mail in product.office.taken if to == "hester@example.org"]
    with product.database(django_db_blocker), days.world.open("tester"):
        plan = PaymentPlan.objects.select_related("patient__guarantor", "location__clinic").get(
            patient=patient
        )
        assert [part.get_content()[:5] for part in mail.iter_attachments()] == [b"%PDF-"]
        assert [row.amount for row in plan.instalments.all()] == [50, 50, 50]
        assert plan_pdf.draw(plan).startswith(b"%PDF-")
    assert took < 60, f"a caller waited {took:.0f} s"
