"""Changing coverage in Chromium: the guard and the move dialog by keyboard, and again on a phone (B11.5, B11.6)."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.browsing import LIGHT, NARROW, Reader
from tests.browser.product import Product
from tests.cast import make_patient, make_policy, make_profile, make_visit


@pytest.fixture(scope="module")
def people(product: Product, days: Any, django_db_blocker: Any) -> dict[str, dict[str, Any]]:
    """Two people alike: Medicare in use since two visits, AARP's card on no profile, one visit billed to themselves."""
    from billing.checkout import check_out

    made = {}
    world = days.world
    with product.database(django_db_blocker), world.open("biller@alder.example"):
        for last in ("Gardner", "Petrov"):
            patient = make_patient("Ada", last)
            card = make_policy(patient, world.medicare, "1EG4TE5MK73")
            profile = make_profile(patient, card)
            own = make_profile(patient, status="active")
            for place, back in ((profile, 40), (profile, 6), (own, 5)):
                day = days.today - timedelta(days=back)
                check_out(make_visit(world, patient, place, day=day, onset_on=day).public_id, [], at=days.now)
            held = make_policy(
                patient, world.aarp, "A100000001", effective_on=days.today - timedelta(days=10)
            )
            made[last] = {"patient": patient, "profile": profile, "own": own, "card": card, "held": held}
    return made


@pytest.mark.rule("S3.15", "S3.17", "B11.5", "B11.6")
def test_by_keyboard(page_as: Any, people: Any, product: Product, days: Any, django_db_blocker: Any) -> None:
    reader: Reader = page_as("biller", LIGHT)
    page, who = reader.page, people["Gardner"]
    reader.open(f"/patients/{who['patient'].public_id}/insurance/")
    hover = page.locator("#hover-card")
    reach(page, page.get_by_role("link", name="Medicare", exact=True))
    expect(hover).to_contain_text("1EG4TE5MK73")
    expect(hover.locator(".pid-big")).to_be_visible()
    page.keyboard.press("Escape")
    expect(hover).to_be_hidden()

    # The guard: three answers by data, a new profile chosen already.
    press(page, page.get_by_role("link", name="Add to a profile…"))
    three_answers(reader)
    reach(page, page.get_by_role("radio", name="Create new profile"))
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("radio", name="Add it to Medicare")).to_be_checked()
    reach(page, page.get_by_label(re.compile("^Who verified")))
    page.keyboard.type("Ann at AARP by telephone, 5511")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Bill earlier visits to AARP")).to_be_visible()
    clean(reader)

    # The move: choose, preview, move, take it back.
    reader.open(f"/patients/{who['patient'].public_id}/insurance/")
    own = page.get_by_role("article", name="Self-pay")
    press(page, own.get_by_role("link", name="Move visits…"))
    choose(reader)
    reach(page, page.get_by_role("textbox", name="Note"))
    page.keyboard.type("The card was shown later")
    page.keyboard.press("Control+s")
    previewed(reader)
    page.keyboard.press("Control+s")
    moved(reader)
    with product.database(django_db_blocker), days.world.open():
        assert who["profile"].appointments.count() == 3
    reach(page, page.get_by_label("Why it is undone"))
    page.keyboard.type("It was hers after all")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Undone", exact=True).first).to_be_visible()
    clean(reader)
    with product.database(django_db_blocker), days.world.open():
        assert (who["profile"].appointments.count(), who["own"].appointments.count()) == (2, 1)


@pytest.mark.rule("S3.15", "S3.17", "B11.5", "B11.6")
def test_on_a_phone(visitors: Any, page_as: Any, people: Any, days: Any) -> None:
    who = people["Petrov"]
    touch(visitors, days.email("biller"), who)
    reader: Reader = page_as("biller", NARROW)
    page = reader.page
    reader.open(f"/insurance/cards/{who['held'].public_id}/place/")
    three_answers(reader)
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", name="Add coverage")).to_be_visible()
    reader.open(f"/insurance/profiles/{who['own'].public_id}/move/")
    choose(reader)
    page.get_by_role("button", name="Preview the move").click()
    previewed(reader)
    page.get_by_role("button", name="Move 1 visit").click()
    moved(reader)
    page.get_by_role("button", name="Undo the whole move").click()
    expect(page.get_by_text("Undone", exact=True).first).to_be_visible()


def touch(visitors: Any, email: str, who: dict[str, Any]) -> None:
    """A finger: the first tap on an insurer shows its card, one beside it hides it, the second tap follows."""
    context = visitors.browser.new_context(
        base_url=visitors.url, storage_state=visitors._state(email), has_touch=True,
        viewport={"width": NARROW.size[0], "height": NARROW.size[1]},
    )  # fmt: skip
    page = context.new_page()
    page.goto(f"/patients/{who['patient'].public_id}/insurance/")
    link, hover = page.get_by_role("link", name="Medicare", exact=True), page.locator("#hover-card")
    link.tap()
    expect(hover).to_contain_text("1EG4TE5MK73")
    box = hover.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= NARROW.size[0]
    page.get_by_role("heading", name="Insurance Management").tap()
    expect(hover).to_be_hidden()
    link.tap()
    expect(hover).to_be_visible()
    link.tap()
    page.wait_for_url("**/insurance/cards/**")
    expect(page.locator(".pid-big").first).to_be_visible()
    context.close()


def three_answers(reader: Reader) -> None:
    """The guard before anything is done."""
    page = reader.page
    guard = page.get_by_role("region", name="Medicare is in use")
    expect(guard).to_contain_text("2 visits")
    expect(guard).to_contain_text("1 of 2 covered by this card")
    expect(guard).to_contain_text(re.compile(r"Age of the profile\s*\d+ days"))
    expect(page.get_by_role("radio", name="Create new profile")).to_be_checked()
    clean(reader)


def choose(reader: Reader) -> None:
    """The self-pay visit, to Medicare: it is ticked, and every switch is on."""
    page = reader.page
    expect(page.get_by_role("heading", name="Move visits and re-bill")).to_be_visible()
    expect(page.locator("input[name=visit]:checked")).to_have_count(1)
    for name in ("Rebill: queue claims", "Transfer the patient balance"):
        expect(page.get_by_role("switch", name=name)).to_be_checked()
    clean(reader)


def previewed(reader: Reader) -> None:
    """Before and after, nothing done yet."""
    page = reader.page
    expect(page.get_by_role("heading", name="Self-pay to Medicare")).to_contain_text("nothing is changed yet")
    expect(page.get_by_role("button", name=re.compile(r"Move 1 visit, 150\.00"))).to_be_visible()
    clean(reader)


def moved(reader: Reader) -> None:
    """What was done, with its way back."""
    expect(reader.page.get_by_role("button", name="Undo the whole move")).to_be_visible()
    expect(reader.page.get_by_role("heading", name="Claims made")).to_be_visible()
    clean(reader)


def clean(reader: Reader) -> None:
    """No violation, nothing wider than the window, nothing in the console."""
    problems = [*reader.axe(), *reader.sideways(), *reader.told()]
    assert not problems, f"{reader.page.url}:\n" + "\n".join(problems)


def reach(page: Page, wanted: Locator) -> None:
    """Tab until it has the focus."""
    wanted.wait_for()
    for _ in range(80):
        if wanted.evaluate("e => e === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the keyboard does not reach {wanted}")


def press(page: Page, wanted: Locator) -> None:
    """Reach it and press Enter."""
    reach(page, wanted)
    page.keyboard.press("Enter")
