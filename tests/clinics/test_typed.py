"""What is typed into a list's search stands in no address: not in forms, links, exports or acts on the list."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.http import QueryDict
from django.test import Client
from django.utils.html import escape

from clinics.typed import MARK, opened, seal
from tests.cast import World, make_world
from tests.claims.helpers import ready_claims

ROOT = Path(__file__).resolve().parents[2]
GET_FORM = re.compile(r"<form\b[^>]*method=\"get\".*?</form>", re.IGNORECASE | re.DOTALL)


def test_a_sealed_text_is_read_by_its_clinic_alone() -> None:
    token = seal("O'Neil, Zoë 李", 7)
    assert token.startswith(MARK) and "Neil" not in token
    assert opened(QueryDict(f"tab=new&q={token}"), 7)["q"] == "O'Neil, Zoë 李"
    assert opened(QueryDict(f"q={token}"), 8)["q"] == ""
    assert opened("q=~nothing-of-ours", 7)["q"] == opened("q=~é", 7)["q"] == ""
    assert opened("q=typed", 7)["q"] == "typed"  # a script's own address still works


def test_every_address_built_from_it_is_sealed_again() -> None:
    asked = opened("tab=new&q=Rivera", 7).copy()
    asked["sort"] = "-dos"
    assert "Rivera" not in asked.urlencode()
    assert opened(asked.urlencode(), 7).dict() == {"tab": "new", "q": "Rivera", "sort": "-dos"}
    assert asked.plain() == "tab=new&q=Rivera&sort=-dos"


def test_no_template_sends_typed_text_by_get() -> None:
    for path in (ROOT / "templates").rglob("*.html"):
        for form in GET_FORM.findall(path.read_text()):
            assert 'type="search"' not in form and "csrf_token" not in form, path


@pytest.mark.django_db(transaction=True)
def test_a_search_in_the_claim_queue_from_the_form_to_the_preview(settings: Any, tmp_path: Path) -> None:
    settings.EXCHANGE_DIR = tmp_path
    world: World = make_world()
    with world.open():
        made = ready_claims(world, 3)
    client = Client()
    client.force_login(world.users["biller"])
    name = made[0].patient_name[:6]
    form = {"list": "/claims/?tab=new", "tab": "ready", "q": name, "payer": "", "csrfmiddlewaretoken": "x"}
    sent_on = client.post("/narrow/", form)
    address = urlsplit(sent_on["Location"])
    assert sent_on.status_code == 302 and address.path == "/claims/"
    assert parse_qs(address.query).keys() == {"tab", "q"} and name not in address.query
    page = client.get(sent_on["Location"]).content.decode()
    assert f'value="{escape(name)}"' in page and page.count("data-row") == 3
    links = re.findall(r'(?:href|action)="([^"]*)"', page)
    assert any("format=csv" in link for link in links) and not any(name in link for link in links)
    carried = re.search(r'name="filter" value="([^"]*)"', page)
    assert carried is not None and name not in carried[1]
    body = {"all": "1", "filter": carried[1].replace("&amp;", "&")}
    assert "3 claims" in client.post("/claims/submit/preview/", body).content.decode()
    held = client.post("/claims/bulk/hold/", {**body, "reason": "asked the payer"})
    assert held.status_code == 302 and name not in held["Location"]


@pytest.mark.django_db(transaction=True)
def test_a_form_leads_to_our_own_lists_only() -> None:
    world = make_world()
    client = Client()
    client.force_login(world.users["biller"])
    for target in ("https://elsewhere.example/", "//elsewhere.example/", "claims", ""):
        assert client.post("/narrow/", {"list": target, "q": "x"}).status_code == 400
