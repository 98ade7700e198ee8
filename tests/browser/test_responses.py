"""A biller clears a morning's responses by keyboard: by rule, denied, reversed, underpaid, unmatched, takeback."""

from __future__ import annotations

import os
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from clinics.models import Setting
from insurance import payers
from responses.models import ClaimResponse, Remittance
from responses.receipts import tie
from tests.browser.product import Product
from tests.cast import make_payer
from tests.responses.edi import remit
from tests.responses.stage import EX1, answer, claimed, clp, money

PRAIRIE = {"payer": "PRAIRIE HEALTH", "payer_id": "1455512345"}
LIST = "/reports/insurance/claim-responses/"


def test_a_morning_of_responses_by_keyboard(
    page_as: Any, days: Any, product: Product, django_db_blocker: Any, tmp_path: Path
) -> None:
    claims, text = overnight(days, product, django_db_blocker)
    file = tmp_path / "morning.835"
    file.write_text(text)
    biller = page_as("biller")
    page: Page = biller.page
    page.goto(f"{LIST}upload/")
    page.locator("main input[type=file]").set_input_files(file)
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("is taken")).to_be_visible()
    with product.database(django_db_blocker), days.world.open("tester"):
        check = Remittance.objects.get(trace_number="MORNING1").public_id
    here = f"{LIST}?check={check}"

    # 1 posted by rule; 2 a denial: line by line, left with the payer and told why
    page.goto(here)
    expect(row(page, "Amber")).to_contain_text("Posted by rule")
    picture(page, "check")
    open_row(page, 2, "Beech", "e")
    picture(page, "lines")
    page.get_by_label("Note").fill("N382: asked the front desk for the member id")
    page.keyboard.press("Control+Enter")
    expect(row(page, "Beech")).to_contain_text("Posted")

    # 3 a reversal, exact: posted as remitted
    open_row(page, 3, "Cedar", "p")
    page.keyboard.press("Control+Enter")
    expect(row(page, "Cedar").first).to_contain_text("Posted")

    # 4 an underpayment: posted, the difference in dispute
    open_row(page, 4, "Dogwood", "d")
    page.get_by_label("Reason").fill("The contract says 120.00")
    page.keyboard.press("Control+Enter")
    expect(row(page, "Dogwood")).to_contain_text("Posted")

    # 5 nobody's number: matched by hand, then posted
    open_row(page, 5, "", "m")
    page.get_by_label("Claim number").fill(claims["Elder"].control_number)
    page.keyboard.press("Control+Enter")
    expect(row(page, "Elder")).to_contain_text("Proposed")
    open_row(page, 5, "Elder", "p")
    page.keyboard.press("Control+Enter")
    expect(row(page, "Elder")).to_contain_text("Posted")

    # the takeback: what it was for
    page.get_by_role("link", name="Say what it was for").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Reason").fill("Overpayment of January")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Provider-level item settled")).to_be_visible()
    picture(page, "cleared")

    with product.database(django_db_blocker), days.world.open("tester"):
        found = Remittance.objects.get(trace_number="MORNING1")
        sums = tie(found)
        assert (sums["escrow"], sums["difference"]) == (0, 0)
        assert not ClaimResponse.objects.filter(
            remittance=found, state__in=["exception", "proposed"]
        ).exists()
        assert money(claims["Beech"].invoice).insurers[1] == 150
        assert (
            money(claims["Cedar"].invoice).insurers[1] == 150
        )  # no card with a copay: all of it is open again
        assert money(claims["Elder"].invoice).insurer_open == 0
        Setting.objects.filter(name="autopay_claims", location=None, changed_by="morning").delete()


def overnight(days: Any, product: Product, blocker: Any) -> tuple[dict[str, Any], str]:
    """Five claims of one payer, one of them answered before, and the morning's file for all of them."""
    with product.database(blocker), days.world.open("biller@alder.example"):
        Setting.objects.update_or_create(
            clinic=days.world.clinic, location=None, name="autopay_claims",
            defaults={"value": "post", "changed_by": "morning"},
        )  # fmt: skip
        payer = make_payer("Prairie Health", "PRAIR", "1455512345")
        claims = {
            last: claimed(days.world, payer, last=last)
            for last in ("Amber", "Beech", "Cedar", "Dogwood", "Elder")
        }
        answer(clp(claims["Cedar"], *EX1, icn="C1"), trace="BEFORE1", **PRAIRIE)
        code = claims["Dogwood"].lines.get().procedure_code
        payers.save_rate(payer, code, Decimal("120.00"), date(2026, 1, 1))
        unmatched = clp(claims["Elder"], "1", "150", "95", ("CO", "45", "30"), ("PR", "3", "25"), icn="E1")
        unmatched.number, unmatched.lines[0].line_id = "NOTOURS77", ""
        text = remit(
            clp(claims["Amber"], "1", "150", "95", ("CO", "45", "30"), ("PR", "3", "25"), icn="A1"),
            clp(claims["Beech"], "1", "150", "0", ("CO", "16", "150"), icn="B1", remarks=("N382",)),
            clp(claims["Cedar"], "22", "-150", "-85", ("CO", "45", "-40"), ("PR", "3", "-25"), icn="C1"),
            clp(claims["Dogwood"], "1", "150", "60", ("CO", "45", "65"), ("PR", "3", "25"), icn="D1"),
            unmatched, trace="MORNING1", plb=[("WO", "12.00")], **PRAIRIE,
        )  # fmt: skip
        return claims, text


def row(page: Page, last: str) -> Any:
    """The row of a patient."""
    return page.locator("tr[data-row]").filter(has_text=last)


def open_row(page: Page, place: int, last: str, key: str) -> None:
    """Down to the row, open it, and the key of the act."""
    expect(page.locator("tr[data-row]").nth(place - 1)).to_contain_text(last)
    page.locator("tr[data-row]").first.focus()
    for _ in range(place - 1):
        page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator(f'tr.detail:visible [data-key="{key}"]')).to_be_visible()
    picture(page, f"opened-{place}")
    page.keyboard.press(key)
    page.wait_for_load_state()
    expect(page.locator("[data-ctrl=Enter]")).to_be_visible()


def picture(page: Page, name: str) -> None:
    """Kept for people to look at where SHOTS names a folder."""
    if os.environ.get("SHOTS"):
        page.screenshot(path=Path(os.environ["SHOTS"]) / f"morning-{name}.png", full_page=True)
