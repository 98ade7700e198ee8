"""Each list page takes the same, known number of statements at 1 and at 3 rows (style.md, Tests: Queries)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import NoReverseMatch, reverse

from clinics.checks import own_routes
from tests.architecture.house import nothing
from tests.conftest import empty_tables
from tests.query_counts import COUNTS, LISTS, NO_LISTS, check, count
from tests.sweep.canaries import make_canary


@pytest.fixture(scope="module", params=[1, 3])
def owner(
    request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: Any
) -> Iterator[tuple[int, Client, str]]:
    """The owner of a clinic with this many patients, visits, invoices, claims, answers and statements."""
    with django_db_blocker.unblock():
        empty_tables(None)
        client = Client()
        canary = make_canary("alder", "ZZALDERQ", "4171.37", days=request.param)
        client.force_login(canary.world.users["owner"])
        yield request.param, client, canary.things["patient"].public_id
        empty_tables(None)


@pytest.mark.parametrize("name", sorted(LISTS))
def test_a_list_takes_its_known_number_of_statements(name: str, owner: tuple[int, Client, str]) -> None:
    rows, client, patient = owner
    try:
        url = reverse(name)
    except NoReverseMatch:
        pytest.fail(f"{name} is among LISTS of tests/query_counts.py, but has no address")
    check(name, rows, *count(client, url + LISTS[name].format(patient=patient)))


def test_more_rows_take_no_more_statements() -> None:
    counts = json.loads(COUNTS.read_text())
    nothing([f"{name}: {found}" for name, found in counts.items() if found.get("1") != found.get("3")])


def test_every_page_without_parameters_is_a_list_or_says_why_not() -> None:
    names = {route.name for route in own_routes() if not route.parameters}
    nothing(names - set(LISTS) - set(NO_LISTS), "say in tests/query_counts.py whether these are lists:")
    nothing((set(LISTS) | set(NO_LISTS)) - names, "no such address:")
    nothing(set(json.loads(COUNTS.read_text())) - set(LISTS), "counted, but no list:")
