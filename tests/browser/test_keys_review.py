"""A claim is mended by keyboard alone: from finding to finding, also in boxes of what few claims carry."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from billing.checkout import check_out
from claims import building, review
from tests.browser.product import Product
from tests.cast import make_patient, make_policy, make_profile, make_visit


@pytest.mark.rule("B8.fields")
def test_findings_are_mended_one_after_the_other_by_keys(
    page_as: Any, days: Any, product: Product, django_db_blocker: Any
) -> None:
    with product.database(django_db_blocker), days.world.open("front_desk@alder.example"):
        patient = make_patient("Ruth", "Penfold")
        profile = make_profile(patient, make_policy(patient, days.world.aetna))
        visit = make_visit(days.world, patient, profile, day=days.today)
        claim = building.build(check_out(visit.public_id, [], at=days.now).invoice, 1, today=days.today)
        claim.refresh_from_db()
        half = {
            "supervising_provider.party.first_name": "Ann",
            "referring_provider.party.first_name": "Bo",
        }
        review.save_review(claim, half, claim.document_version, days.today)
        address = reverse("claims:claim", args=[claim.public_id])
    desk = page_as("biller").page
    desk.goto(address)
    keys = desk.keyboard
    fields = desk.locator("[data-fix]").evaluate_all(
        "all => [...new Set(all.map((link) => link.hash.slice(1)))]"
    )
    keys.press("f")
    for field in fields:
        expect(desk.locator(f"[id='{field}']")).to_be_focused()
        keys.press("Enter")
    expect(desk.get_by_role("button", name="Save")).to_be_focused()
    assert len(fields) == 2
