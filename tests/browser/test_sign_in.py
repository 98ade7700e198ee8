"""Sign-in and its second step, as people see them: each page in three forms, and one person's whole way."""

from __future__ import annotations

import hmac
import struct
import time
from base64 import b32decode
from typing import Any

from tests.browser.browsing import FORMS, LIGHT, Reader
from tests.browser.test_walk import look

ACCOUNT_PAGES = ("/accounts/2fa/", "/accounts/password/change/", "/accounts/logout/")


def test_the_account_pages_are_clean(page_as: Any) -> None:
    problems = []
    for path in ACCOUNT_PAGES:
        for form in FORMS:
            problems += [f"{path} {item}" for item in look(page_as("owner", form), path, with_axe=True)]
    assert not problems, "\n".join(problems)


def test_a_second_step_is_set_up_used_and_taken_off(page_as: Any, days: Any) -> None:
    reader = page_as("auditor", LIGHT, fresh=True)
    page = reader.page
    page.goto("/accounts/2fa/")
    page.get_by_role("link", name="Set up").click()
    confirm_password(reader)
    secret = page.get_by_label("Secret, if you cannot scan").input_value()
    assert clean(reader) == []
    page.get_by_label("Six digits").fill(digits(secret, time.time()))
    page.get_by_role("button", name="Switch it on").click()
    page.get_by_role("listitem").filter(has_text="-").or_(page.locator("#recovery_codes")).first.wait_for()
    codes = page.locator("#recovery_codes li").all_inner_texts()
    assert len(codes) == 10
    assert clean(reader) == []
    page.goto("/accounts/2fa/")
    page.get_by_text("10 not used yet").wait_for()

    again = page_as("", LIGHT, fresh=True)
    again.page.goto("/accounts/login/")
    again.page.get_by_label("Email").fill(days.email("auditor"))
    again.page.get_by_label("Password").fill("correct horse battery")
    again.page.get_by_role("button", name="Sign in").click()
    again.page.wait_for_url("**/2fa/authenticate/**")
    assert clean(again) == []
    again.page.get_by_label("code", exact=False).first.fill(codes[0])
    again.page.get_by_role("button", name="Sign in").click()
    again.page.wait_for_url(lambda url: "/accounts/" not in url)

    page.goto("/accounts/2fa/totp/deactivate/")
    assert clean(reader) == []
    page.get_by_role("main").get_by_role("button").first.click()
    page.goto("/accounts/2fa/")
    page.get_by_role("link", name="Set up").wait_for()


def confirm_password(reader: Reader) -> None:
    """Guarded pages ask once more."""
    page = reader.page
    page.wait_for_load_state("load")
    if "/reauthenticate/" in page.url:
        assert clean(reader) == []
        page.get_by_label("Password").fill("correct horse battery")
        page.get_by_role("main").get_by_role("button").first.click()
        page.wait_for_url("**/totp/activate/**")


def clean(reader: Reader) -> list[str]:
    """What is wrong with the page that is open."""
    return [*reader.axe(), *reader.sideways(), *reader.told()]


def digits(secret: str, at: float) -> str:
    """RFC 6238: what the phone would show."""
    key = b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.digest(key, struct.pack(">Q", int(at) // 30), "sha1")
    start = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[start : start + 4])[0] & 0x7FFFFFFF) % 10**6:06d}"
