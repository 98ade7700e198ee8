"""Every page, as each role that may open it: axe clean, nothing in the console, no policy broken, no sideways scroll.

The owner, who may open everything, looks at each page light, dark and on a phone. The others fetch it, and where it
is not the same as the owner's they open it light: their frame differs by the places menu alone, which is looked at on
their first pages.
"""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from django.urls import resolve

from clinics.permissions import PUBLIC, SIGNED_IN, role_may, route_action
from clinics.roles import Role
from tests.browser import samples
from tests.browser.browsing import FORMS, LIGHT, Reader
from tests.browser.clinic_days import Days

# Tokens, idempotency keys and times to the second.
OF_THE_MOMENT = re.compile(r'value="[A-Za-z0-9]{64}"|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}')
PIECE = re.compile(r'hx-get="([^"]+)"')
OTHERS = [role.value for role in Role if role is not Role.OWNER]


@pytest.mark.parametrize("route", samples.page_routes())
def test_a_page_for_everybody_who_may_open_it(page_as: Any, days: Days, route: str) -> None:
    path = samples.address(route, days)
    kind, text = fetched(page_as("owner"), path)
    problems = look_in_every_form(page_as("owner"), path) if kind == "page" else []
    for role in OTHERS:
        problems += open_as(page_as(role), role, route, path, kind, text)
    assert not problems, f"{path}:\n" + "\n".join(problems)


@pytest.mark.parametrize("view", samples.VIEWS, ids=lambda view: f"{view[0]} {view[1]}")
def test_another_view_of_a_page(page_as: Any, days: Days, view: Any) -> None:
    path = view[2](days)
    reader = page_as("owner")
    reader.expected.add(404)
    problems = look_in_every_form(reader, path)
    assert not problems, f"{path}:\n" + "\n".join(problems)


@pytest.mark.parametrize("role", OTHERS)
def test_a_role_starts_at_a_clean_page(page_as: Any, role: str) -> None:
    assert not look(page_as(role), "/", with_axe=True)


def kind_of(reader: Reader, path: str) -> str:
    """A whole page, a part of one, a file, or an address that takes posts only."""
    return fetched(reader, path)[0]


def fetched(reader: Reader, path: str) -> tuple[str, str]:
    """What kind of answer it is, and the page's own part of it as everybody would get it."""
    answer = reader.page.request.get(path, max_redirects=5)
    if answer.status == 405:
        return "post", ""
    assert answer.status == 200, f"{path} answers {answer.status} to the owner"
    if "text/html" not in answer.headers.get("content-type", ""):
        return "file", ""
    text = answer.text()
    return ("page", own_part(text)) if text.lstrip()[:9].lower() == "<!doctype" else ("part", "")


def own_part(text: str) -> str:
    """What lies inside <main>, without the keys that are new each time."""
    return OF_THE_MOMENT.sub("", text.partition("<main")[2].partition("</main>")[0])


def look(reader: Reader, path: str, *, with_axe: bool) -> list[str]:
    """Open it and tell everything that is wrong."""
    reader.open(path)
    found = [*(reader.axe() if with_axe else []), *reader.sideways(), *reader.told()]
    return [f"{reader.role}, {reader.form.name}: {item}" for item in found]


def look_in_every_form(reader: Reader, path: str) -> list[str]:
    """Light, dark and on a phone, from one loading."""
    reader.open(path)
    found = []
    for form in FORMS:
        reader.turn(form)
        found += [f"{reader.role}, {form.name}: {item}" for item in [*reader.axe(), *reader.sideways()]]
    reader.turn(LIGHT)
    return [*found, *(f"{reader.role}: {item}" for item in reader.told())]


def open_as(reader: Reader, role: str, route: str, path: str, kind: str, owners: str) -> list[str]:
    """A role that may opens the page; one that may not gets 403 and none of it.

    A page that is the very same as the owner's is not drawn again: its pieces that come later must be open to the
    role, too. Any other is looked at in the browser.
    """
    action = route_action(route, "GET")
    assert action is not None, f"{route} has no line in clinics/routes.py"
    allowed = action in (PUBLIC, SIGNED_IN) or role_may(role, action)
    answer = reader.page.request.get(path, max_redirects=5)
    wanted = 403 if not allowed else 405 if kind == "post" else 200
    if answer.status != wanted:
        return [f"{role}: {path} answers {answer.status}, not {wanted}"]
    if kind != "page" or not allowed:
        return []
    if own_part(answer.text()) == owners:
        return [f"{role}: {path} asks for {url}" for url in pieces(owners) if not may_open(role, url)]
    return look(reader, path, with_axe=False)


def pieces(text: str) -> list[str]:
    """The addresses from which a page fetches the rest of itself."""
    return [html.unescape(url).partition("?")[0] for url in PIECE.findall(text)]


def may_open(role: str, url: str) -> bool:
    """By the permission matrix."""
    action = route_action(resolve(url).view_name, "GET")
    return action in (PUBLIC, SIGNED_IN) or (action is not None and role_may(role, action))


def test_the_sign_in_page_and_what_it_says_to_strangers(page_as: Any) -> None:
    problems = []
    for form in FORMS:
        reader = page_as("", form, fresh=True)
        problems += look(reader, "/accounts/login/", with_axe=True)
        reader.page.get_by_label("Email").fill("nobody@alder.example")
        reader.page.get_by_label("Password").fill("wrong horse battery")
        reader.page.get_by_role("button", name="Sign in").click()
        reader.page.get_by_role("alert").wait_for()
        problems += [*reader.axe(), *reader.sideways(), *reader.told()]
        problems += look(reader, "/accounts/password/reset/", with_axe=True)
        reader.page.context.close()
    assert not problems, "\n".join(problems)


def test_pages_of_another_clinic_are_not_there(
    page_as: Any, days: Days, product: Any, django_db_blocker: Any
) -> None:
    from patients.models import Patient

    with product.database(django_db_blocker), days.other.open():
        stranger = Patient.objects.get(last_name="Elsewhere").public_id
    reader = page_as("owner", LIGHT)
    reader.expected.add(404)
    assert reader.open(f"/patients/{stranger}/").status == 404
    assert "Elsewhere" not in reader.page.content()
