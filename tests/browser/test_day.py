"""One whole day in Chromium on the real parts, as front desk, biller and admin (the walk of the README).

A browser, gunicorn, PostgreSQL, Valkey, a Celery worker, SFTP and a stranger's clearinghouse: nothing stands in
for anything. Beat's bells are rung by the test, so that it waits for work and not for a clock.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta
from time import monotonic
from typing import Any

import pytest
from playwright.sync_api import Error as PageMoves
from playwright.sync_api import Locator, Page, expect
from pypdf import PdfReader

from tests.browser.product import Product

SECONDS = 120


@pytest.fixture
def until(product: Product) -> Callable[[Page, Callable[[], bool]], None]:
    """Ring the bells and look again until something is so."""

    def wait(page: Page, is_so: Callable[[], bool]) -> None:
        end = monotonic() + SECONDS
        while monotonic() < end:
            product.sweep()
            page.wait_for_timeout(400)
            with suppress(PageMoves):  # a job's page loads itself anew when the job is over
                page.reload()
                page.wait_for_load_state()
                if is_so():
                    return
        raise AssertionError(f"not within {SECONDS} s; the page says:\n{page.inner_text('main')}")

    return wait


def test_a_day_from_the_front_desk_to_the_statement(page_as: Any, days: Any, until: Any) -> None:
    desk, biller, admin = page_as("front_desk"), page_as("biller"), page_as("admin")
    for reader in (desk, biller):
        reader.expected |= {400, 404, 409}

    # Front desk: three people come in. What is missing for the third one's claim is her address.
    for first, last, member, second, street in (
        ("Ada", "Quist", "COPAY25-77", "AARP", "4 Elm Street"),
        ("Bo", "Lund", "REJ277-77", "", "5 Elm Street"),
        ("Cleo", "Ness", "W900000003", "", ""),
    ):
        register(desk.page, first, last, street)
        add_coverage(desk.page, member, second, days.today)
        walk_in(desk.page, last, days.today)
        treat(desk.page, days.today)
        check_out(desk.page, "10.00" if last == "Ness" else "25.00")
        make_claim(desk.page, is_complete=bool(street))

    # Biller: mends what is missing, looks at the preview, sends three claims, reads what came back.
    mend_address(biller.page, "Ness")
    submit(biller.page, ["Quist", "Lund", "Ness"], "450.00", until)
    report = biller.page
    open_report(report, "Insurance Claims")
    until(report, lambda: "Rejected" in state_of(report, "Lund"))

    # Auto-Pay Claims is off, so the answers wait; one is posted by hand, and what is left goes to the next insurer.
    responses = biller.page
    open_responses(responses, "Proposed")
    until(
        responses, lambda: row_of(responses, "Quist").count() == 1 and row_of(responses, "Ness").count() == 1
    )
    post_by_hand(responses, "Quist", "85.00")
    queue = biller.page
    queue.goto("/claims/?tab=ready")
    until(queue, lambda: row_of(queue, "Quist").count() == 1)
    expect(row_of(queue, "Quist")).to_contain_text("AARP")
    expect(row_of(queue, "Quist")).to_contain_text("2nd")

    # Admin: from now on answers that pass every gate post by themselves.
    switch_auto_pay(admin.page, "Post")

    # Biller: the rejected claim again, with the right number; its answer posts by rule.
    correct_and_resubmit(biller.page, "Lund", "REJ277-77", "W900000077")
    submit(biller.page, ["Lund", "Quist"], "300.00", until)
    open_responses(responses, "Posted")
    until(
        responses, lambda: row_of(responses, "Lund").count() == 1 and row_of(responses, "Quist").count() == 2
    )
    expect(row_of(responses, "Lund")).to_contain_text("85.00")

    # What nobody pays is the patient's: 10.00 of the copay of 25.00 was taken at the desk.
    open_responses(responses, "Proposed")
    post_by_hand(responses, "Ness", "85.00")
    text = statement_text(biller.page, "Ness", until)
    assert "Cleo Ness" in text
    assert "15.00" in text


def register(page: Page, first: str, last: str, street: str) -> None:
    """The registration page; only the name is needed, the rest is asked for."""
    page.goto("/patients/")
    page.get_by_role("link", name="New patient").click()
    for label, value in (
        ("First name", first), ("Last name", last), ("Date of birth", "1984-05-02"),
        ("Phone", f"217 555 01{ord(last[0])}"),
        ("Reason of the first visit", "Back pain"), ("Street", street), ("City", "Springfield" if street else ""),
        ("State", "IL" if street else ""), ("ZIP code", "62702" if street else ""),
    ):  # fmt: skip
        field(page, label).fill(value)
    field(page, "Sex").select_option(label="Female")
    page.get_by_role("button", name="Register patient").click()
    expect(page.get_by_role("heading", name=f"{first} {last}")).to_be_visible()


def add_coverage(page: Page, member: str, second: str, today: date) -> None:
    """A profile with a primary and perhaps a secondary insurer."""
    page.get_by_role("link", name="Manage").first.click()
    page.get_by_role("link", name="Add coverage").click()
    for place, (insurer, number) in enumerate([("Aetna", member), (second, "W77B")]):
        if not insurer:
            continue
        if place:
            page.get_by_text("Secondary insurance").click()
        fields(page, "Insurer").nth(place).select_option(label=insurer)
        fields(page, "Policy number").nth(place).fill(number)
        fields(page, "The patient is the holder's").nth(place).select_option(label="Self")
        fields(page, "Good from").nth(place).fill((today - timedelta(days=200)).isoformat())
        if not place:
            fields(page, "Copay").nth(place).fill("25.00")
    page.get_by_role("button", name="Create profile").click()
    expect(page.get_by_text(re.compile(r"then the patient")).first).to_be_visible()


def walk_in(page: Page, last: str, today: date) -> None:
    """Booked and here."""
    page.goto("/today/")
    page.get_by_role("link", name="Walk-in").click()
    page.get_by_label("Name, birth date, phone or chart number").press_sequentially(last, delay=20)
    page.get_by_role("radio", name=last).first.check()
    field(page, "Type").select_option(label="Adjustment")
    field(page, "Clinician").select_option(index=1)
    field(page, "Day").fill(today.isoformat())
    field(page, "Time").fill("08:00")
    page.get_by_label("The patient is here now").check()
    page.get_by_role("button", name="Book the visit").click()
    expect(page.get_by_role("button", name="Complete")).to_be_visible()


def treat(page: Page, today: date) -> None:
    """Services, diagnoses, the dates of current illness, complete."""
    field(page, "Diagnoses").fill("M99.03, M54.50")
    page.get_by_label("Service 1").select_option(label="98941 Adjustment, 3 to 4 areas")
    page.get_by_label("Pointers 1").fill("1, 2")
    page.get_by_role("button", name="Save line items").click()
    page.get_by_role("link", name="Treatment", exact=True).click()
    field(page, "Onset of current illness").fill((today - timedelta(days=9)).isoformat())
    page.get_by_role("button", name="Save treatment").click()
    page.get_by_role("button", name="Complete").click()
    page.get_by_role("link", name="Check out").first.click()


def check_out(page: Page, amount: str) -> None:
    """Cash with a memo; Insurance is no way for a patient to pay."""
    expect(page.get_by_role("heading", name="Check out")).to_be_visible()
    methods = page.get_by_role("group", name="Paid by")
    expect(methods.get_by_role("radio", name="Cash")).to_be_visible()
    expect(methods.get_by_text("Insurance")).to_have_count(0)
    methods.get_by_text("Cash", exact=True).click()
    page.get_by_label("Amount").first.fill(amount)
    page.get_by_label("Memo").fill("copay by the day's test")
    page.get_by_role("button", name=f"Take {amount} and check out").click()
    expect(page.get_by_role("heading", name="is checked out")).to_be_visible()
    expect(page.get_by_text("copay by the day's test").first).to_be_visible()


def make_claim(page: Page, *, is_complete: bool) -> None:
    """One-Click where nothing is missing, else what is missing is named and the claim is queued."""
    one_click = page.get_by_role("button", name="One-Click Claim")
    expect(one_click).to_be_visible()
    if is_complete:
        one_click.click()
        expect(page.get_by_text("Ready").first).to_be_visible()
        return
    expect(one_click).to_be_disabled()
    expect(page.get_by_text("street", exact=False).first).to_be_visible()
    page.get_by_role("button", name="Queue for Claim").click()
    expect(page.get_by_text(re.compile(r"\d+ missing; a biller looks at it"))).to_be_visible()


def mend_address(page: Page, last: str) -> None:
    """From the finding to the patient's page, back to the claim, copied again, ready."""
    page.goto("/my-day/")
    page.get_by_role("link", name="New to review").click()
    row_of(page, last).get_by_role("link", name=last).click()
    claim = page.url
    page.get_by_role("link", name="Open patient").first.click()
    for label, value in (
        ("Street", "6 Elm Street"),
        ("City", "Springfield"),
        ("State", "IL"),
        ("ZIP code", "62702"),
    ):
        field(page, label).fill(value)
    page.get_by_role("button", name="Save patient").click()
    expect(page.get_by_role("link", name="Book a visit")).to_be_visible()
    page.goto(claim)
    page.get_by_role("button", name="Copy again from the visit").click()
    expect(page.get_by_text("Every check passed")).to_be_visible()
    page.goto("/claims/?tab=ready")
    expect(row_of(page, last)).to_be_visible()


def submit(page: Page, people: list[str], total: str, until: Any) -> None:
    """Choose, preview, submit, follow the job to a result for each."""
    page.goto("/claims/?tab=ready")
    for last in people:
        row_of(page, last).get_by_role("checkbox").check()
    page.get_by_role("region", name="Chosen claims").get_by_role("button", name="Preview submit").click()
    dialog = page.get_by_role("dialog")
    expect(
        dialog.get_by_role("heading", name=re.compile(rf"Submit {len(people)} claims, {total}"))
    ).to_be_visible()
    dialog.get_by_role("button", name=f"Submit {len(people)} claims").click()
    page.wait_for_url("**/claims/jobs/**")
    expect(
        page.get_by_role("progressbar").or_(page.get_by_text(re.compile("Done|done"))).first
    ).to_be_visible()
    sent = re.compile("Submitted|Acknowledged|Accepted|Rejected")
    until(page, lambda: page.locator("tr[data-row]").filter(has_text=sent).count() == len(people))


def open_report(page: Page, name: str) -> None:
    """Reports > Insurance Reports."""
    page.get_by_role("navigation", name="Places").get_by_role("link", name="Reports").click()
    page.get_by_role("main").get_by_role("link", name=name).click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()


def open_responses(page: Page, tab: str) -> None:
    """Reports > Insurance Reports > Claim Responses, one of its tabs."""
    open_report(page, "Claim Responses")
    page.get_by_role("navigation", name="Responses by state").get_by_role("link", name=tab).click()


def post_by_hand(page: Page, last: str, amount: str) -> None:
    """Open the answer, see before and after, post it."""
    row_of(page, last).get_by_role("link").first.click()
    page.get_by_role("link", name="Post as remitted").click()
    page.get_by_role("button", name=f"Post {amount}").click()
    expect(page.get_by_text(f"Posted {amount}").first).to_be_visible()


def switch_auto_pay(page: Page, to: str) -> None:
    """Settings > Location Settings > Advanced Settings > Auto-Pay Claims."""
    page.goto("/")
    page.get_by_role("navigation", name="Places").get_by_role("link", name="Settings").click()
    page.get_by_role("link", name="Advanced Settings").first.click()
    page.get_by_role("navigation", name="Groups").get_by_role("link", name="Claim response handling").click()
    page.get_by_role("radiogroup", name="Auto-Pay Claims").get_by_text(to, exact=True).click()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("radiogroup", name="Auto-Pay Claims").get_by_label(to)).to_be_checked()


def correct_and_resubmit(page: Page, last: str, wrong: str, right: str) -> None:
    """Duplicate and resubmit the rejected claim, with the number of the card put right."""
    page.goto("/claims/?tab=rejected")
    row_of(page, last).get_by_role("link", name=last).click()
    page.get_by_role("link", name="Duplicate & resubmit").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("radio").first.check()
    dialog.get_by_label("Why").fill("The card had another number")
    dialog.get_by_role("button", name="Make version 2").click()
    expect(page.get_by_text(re.compile(r"\bv2\b"))).to_be_visible()
    box = page.locator(f"#review input[value='{wrong}']").first
    box.fill(right)
    page.get_by_role("button", name=re.compile("^Save")).click()
    page.goto("/claims/?tab=ready")
    expect(row_of(page, last)).to_be_visible()


def statement_text(page: Page, last: str, until: Any) -> str:
    """Issue the statement from the patient's page and read the PDF."""
    page.goto("/patients/")
    page.get_by_label("Name, date of birth, phone or chart number").fill(last)
    page.get_by_role("link", name=re.compile(last)).first.click()
    page.get_by_role("main").get_by_role("link", name="Statement").first.click()
    page.get_by_role("button", name="Issue statement of 15.00").click()
    link = page.get_by_role("main").get_by_role("link", name="PDF")
    answer = page.request.get(str(link.get_attribute("href")))
    assert answer.headers["content-type"] == "application/pdf"
    return "\n".join(sheet.extract_text() for sheet in PdfReader(io.BytesIO(answer.body())).pages)


def row_of(page: Page, last: str) -> Locator:
    """The rows of a person in the list."""
    return page.get_by_role("main").locator("tr[data-row]").filter(has_text=last)


def state_of(page: Page, last: str) -> str:
    """What the list says of the person's row."""
    return row_of(page, last).first.inner_text() if row_of(page, last).count() else ""


def field(page: Page, label: str) -> Locator:
    """A field by its own label; the mark "required" may stand behind it."""
    return fields(page, label).first


def fields(page: Page, label: str) -> Locator:
    """All fields of this label on the page, in order."""
    return page.get_by_label(re.compile(rf"^{re.escape(label)}(\s+required)?$"))
