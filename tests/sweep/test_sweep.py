"""Every route, method and role, with the ids of another clinic in path, query and body (reliability.md d.2).

Enumerated from the resolver, so that nothing can be forgotten. Expected by the matrix: anonymous is sent to
sign in, a role without the act gets 403, another clinic's id is 404, nothing is ever a 5xx, and no answer to
Alder carries a word of Birch.
"""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.signals import got_request_exception
from django.test import Client

from clinics.checks import Route, own_routes
from clinics.permissions import PUBLIC, SIGNED_IN, role_may, route_action
from clinics.roles import Role
from tests.architecture.house import nothing
from tests.cast import sign_in
from tests.conftest import empty_tables
from tests.sweep.addresses import (
    ASKED_BY,
    UnknownParameter,
    address,
    address_of_nothing,
    rows_in,
    value_for,
)
from tests.sweep.canaries import Canary, fingerprint, make_canary

ROUTES = own_routes()
Houses = tuple[Canary, Canary]
PAGE_METHODS = ("GET", "POST")
API_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
SAFE = ("GET", "HEAD", "OPTIONS")
# Pages that are there for a moment of a row's life only: their own id may answer 404 or 409.
HOSTILE = {
    "q": "%_'\"<b>",
    "page": "-1",
    "after": "zzz",
    "before": "99999999999999999999",
    "sort": "__class__",
    "date": "9999-99-99",
    "day": "0000-00-00",
    "from": "2026-13-01",
    "to": "1",
    "state": "nowhere",
    "tab": "nowhere",
    "limit": "1e9",
    "location": "0",
    "patient": "' OR 1=1 --",
}


@dataclass
class Answer:
    """What came back, as text, with the exception behind a 500."""

    status: int
    text: str
    location: str
    why: str


class Visitor:
    """A browser of one principal."""

    def __init__(self, user: Any = None) -> None:
        self.client = Client(raise_request_exception=False)
        self.why = ""
        if user is not None:
            sign_in(self.client, user)
        got_request_exception.connect(self._note)

    def _note(self, sender: Any, request: Any = None, **_: Any) -> None:
        kind, error, trace = sys.exc_info()
        last = [frame for frame in traceback.extract_tb(trace) if "/.venv/" not in frame.filename][-1:]
        where = f"{last[0].filename.rpartition('/')[2]}:{last[0].lineno}" if last else ""
        self.why = f"{kind.__name__ if kind else ''} {str(error)[:90]} {where}"

    def ask(self, method: str, url: str, data: Any = None, **headers: Any) -> Answer:
        self.why = ""
        send = getattr(self.client, method.lower())
        if url.startswith("/api/") and method not in SAFE:
            response = send(
                url, data=json.dumps(data or {}), content_type="application/json", headers=headers
            )
        elif method in ("GET", "POST"):
            response = send(url, data or {}, headers=headers)
        else:
            response = send(url, headers=headers)
        body = b"".join(response.streaming_content) if response.streaming else response.content
        text = body.decode("utf-8", "replace") + json.dumps(dict(response.headers))
        return Answer(response.status_code, text.lower(), response.headers.get("Location", ""), self.why)


Visitors = dict[tuple[str, str], Visitor]


@pytest.fixture(scope="module")
def houses(django_db_setup: None, django_db_blocker: Any) -> Iterator[tuple[Canary, Canary]]:
    """Alder, who visits, and Birch, who must not be seen: committed rows, one pair for the whole sweep.

    Committed, because inside a test's own transaction the clinics of one request would stay set for the
    next and hide what leaks (reliability.md e2.6).
    """
    with django_db_blocker.unblock():
        empty_tables(None)
        yield make_canary("alder", "ZZALDERQ", "4171.37"), make_canary("birch", "ZZBIRCHQ", "8263.59")
        empty_tables(None)


@pytest.fixture(scope="module")
def visitors(houses: Houses) -> dict[tuple[str, str], Visitor]:
    """A browser for each role of each clinic, by (mark, role)."""
    return {
        (house.mark, role.value): Visitor(house.world.users[role.value]) for house in houses for role in Role
    }


def methods_of(route: Route) -> tuple[str, ...]:
    """What the view answers to: all for pages; for the API what its class has."""
    view = getattr(route.view, "cls", None) or getattr(route.view, "view_class", None)
    if view is None:
        return PAGE_METHODS
    return tuple(method for method in API_METHODS if hasattr(view, method.lower()))


def leaks(text: str, other: Canary) -> list[str]:
    return [word for word in other.words if word.lower() in text]


def test_every_parameter_is_known(houses: Houses) -> None:
    unknown = []
    for route in ROUTES:
        for parameter in route.parameters:
            for house in houses:
                try:
                    value_for(route, parameter, house)
                except UnknownParameter as error:
                    unknown.append(str(error))
    nothing(set(unknown))


def known(routes: list[Route], house: Canary) -> list[Route]:
    """The routes whose parameters are known; the test above fails for the others."""
    good = []
    for route in routes:
        try:
            address(route, house)
        except UnknownParameter:
            continue
        good.append(route)
    return good


def test_strangers_are_sent_to_sign_in(houses: Houses) -> None:
    alder, _ = houses
    visitor, wrong = Visitor(), []
    for route in known(ROUTES, alder):
        url = address(route, alder)
        for method in methods_of(route):
            action = route_action(route.name, method)
            answer = visitor.ask(method, url)
            if action == PUBLIC:
                good = answer.status < 500
            elif url.startswith("/api/"):
                good = answer.status == 401
            else:
                good = answer.status == 302 and answer.location.startswith("/accounts/login/")
            if not good or [word for word in leaks(answer.text, alder) if word not in url.lower()]:
                wrong.append(f"{method} {url} ({route.name}): {answer.status} {answer.why}")
    nothing(wrong)


def test_birch_is_not_there_for_any_role_of_alder(houses: Houses, visitors: Visitors) -> None:
    """Ids of Birch in the path: 403 where the role lacks the act, else 404; and Birch stays as it was."""
    alder, birch = houses
    before, wrong, asked = fingerprint(birch), [], 0
    for role in Role:
        visitor = visitors[alder.mark, role.value]
        for route in known(ROUTES, alder):
            for url in foreign_addresses(route, alder, birch):
                for method in methods_of(route):
                    answer = visitor.ask(method, url)
                    asked += 1
                    found = leaks(answer.text, birch)
                    good = _refused(route, role, method, answer.status) or (
                        method != "GET" and _is_as_nothing(visitor, route, method, alder, answer)
                    )
                    if not good or found:
                        wrong.append(f"{line(role, method, route, answer)} {found}")
    nothing(wrong)
    assert asked > 500
    assert fingerprint(birch) == before


def foreign_addresses(route: Route, alder: Canary, birch: Canary) -> list[str]:
    """With one row id a time from Birch, and with all of them."""
    rows = rows_in(route)
    urls = [address(route, alder, birch, position) for position in rows]
    return list(dict.fromkeys([*urls, address(route, alder, birch)])) if rows else []


def _is_as_nothing(visitor: Visitor, route: Route, method: str, own: Canary, answer: Answer) -> bool:
    """A view may judge the body before it looks the row up, if it answers the same for an id nobody has."""
    return answer.status == 400 and visitor.ask(method, address_of_nothing(route, own)).status == 400


def _refused(route: Route, role: Role, method: str, status: int) -> bool:
    action = route_action(route.name, method)
    if action not in (PUBLIC, SIGNED_IN) and (action is None or not role_may(role, action)):
        return status == 403
    return status in (404, 405)


def test_each_role_reaches_its_own_and_nothing_else(houses: Houses, visitors: Visitors) -> None:
    """Own ids, every method with an empty body: allowed is never 403 or 404 for a page, never 5xx."""
    wrong = []
    for is_reading in (True, False):  # what is written may change what can be read
        for house, other in (houses, houses[::-1]):
            for role in Role:
                visitor = visitors[house.mark, role.value]
                for route in known(ROUTES, house):
                    for method in methods_of(route):
                        if house is houses[1] and role != Role.OWNER:
                            continue  # Birch's people see what Alder's see: one of them is enough
                        if (method in SAFE) != is_reading or not _is_asked(route, role, method):
                            continue
                        answer = visitor.ask(method, address(route, house))
                        problem = _own_problem(route, role, method, answer.status)
                        found = leaks(answer.text, other)
                        if problem or found:
                            wrong.append(
                                f"{house.mark} {line(role, method, route, answer)} {problem} {found}"
                            )
    nothing(wrong)


def _is_asked(route: Route, role: Role, method: str) -> bool:
    """Where nobody is refused one role is enough; where many are, each refusal is quick."""
    action = route_action(route.name, method)
    if action in (PUBLIC, SIGNED_IN):
        return role == Role.OWNER
    is_refused = action is None or not role_may(role, action)
    return is_refused or (method == "GET" or role == Role.OWNER)


def line(role: str, method: str, route: Route, answer: Answer) -> str:
    """One finding as a person reads it."""
    return f"{role} {method} /{route.path} ({route.name}): {answer.status} {answer.why}"


def _own_problem(route: Route, role: Role, method: str, status: int) -> str:
    action = route_action(route.name, method)
    if action is None or (action not in (PUBLIC, SIGNED_IN) and not role_may(role, action)):
        return "" if status == 403 else "should be 403"
    if status >= 500:
        return "failed"
    if method == "GET" and status not in (200, 204, 302, 400, 405, 409):
        return "should be there"
    return ""


def test_ids_of_birch_in_query_and_body_change_nothing_and_show_nothing(
    houses: Houses, visitors: Visitors
) -> None:
    alder, birch = houses
    before, wrong = fingerprint(birch), []
    visitor = visitors[alder.mark, "owner"]
    asked = {name: _public(birch.things[thing]) for name, thing in ASKED_BY.items()}
    for route in known(ROUTES, alder):
        url = address(route, alder)
        for method in methods_of(route):
            answer = visitor.ask(method, url, dict(asked))
            found = [word for word in leaks(answer.text, birch) if word not in _echoed(asked)]
            if answer.status >= 500 or found:
                wrong.append(f"{line(Role.OWNER, method, route, answer)} {found}")
    nothing(wrong)
    assert fingerprint(birch) == before


def _echoed(asked: dict[str, str]) -> set[str]:
    return {value.lower() for value in asked.values()}


def _public(thing: Any) -> str:
    return str(getattr(thing, "public_id", thing.pk))


def test_hostile_queries_never_break_a_page(houses: Houses, visitors: Visitors) -> None:
    alder, _ = houses
    visitor, wrong = visitors[alder.mark, "owner"], []
    for route in known(ROUTES, alder):
        url = address(route, alder)
        if visitor.ask("GET", url, HOSTILE).status < 500:
            continue
        for name, value in HOSTILE.items():  # which of them was it?
            answer = visitor.ask("GET", url, {name: value})
            if answer.status >= 500:
                wrong.append(f"{line(Role.OWNER, 'GET', route, answer)} {name}={value!r}")
    nothing(wrong)


def test_hostile_bodies_never_break_an_address(houses: Houses, visitors: Visitors) -> None:
    """Wrong types, endless numbers, lists for texts: 4xx with words, never 5xx (F-13)."""
    alder, _ = houses
    visitor, wrong = visitors[alder.mark, "owner"], []
    fields = (
        *ASKED_BY,
        "name",
        "first_name",
        "last_name",
        "amount",
        "price",
        "date",
        "birth_date",
        "reason",
        "code",
    )
    for route in known(ROUTES, alder):
        url = address(route, alder)
        for method in [method for method in methods_of(route) if method not in SAFE]:
            values: list[Any] = ["9" * 40, "NaN"]
            if url.startswith("/api/"):
                values += [[], {"a": 1}, 10**30]
            for value in values:
                answer = visitor.ask(method, url, dict.fromkeys(fields, value))
                if answer.status >= 500:
                    wrong.append(f"{line(Role.OWNER, method, route, answer)} {value!r}")
    nothing(wrong)


def test_nul_is_refused_at_the_door(houses: Houses, visitors: Visitors) -> None:
    """In a query, a form and JSON: PostgreSQL's text cannot hold it, so nothing behind the door may see it."""
    visitor = visitors[houses[0].mark, "owner"]
    asked = [
        ("GET", "/patients/?q=a%00b", None),
        ("POST", "/patients/new/", {"last_name": "a\0b"}),
        ("POST", "/api/v1/patients/", {"last_name": "a\0b"}),
    ]
    assert [visitor.ask(*each).status for each in asked] == [400, 400, 400]
