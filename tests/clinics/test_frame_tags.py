"""The small marks of every page: money at rest, states with word and icon, addresses of the same list."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from pkgutil import resolve_name

import pytest
from django.template import Context, Engine
from django.test import RequestFactory

from clinics.templatetags.states import LOOKS, look

ROOT = Path(__file__).resolve().parents[2]
SYMBOLS = set(re.findall(r'<symbol id="([^"]+)"', (ROOT / "static/icons.svg").read_text()))
ENGINE = Engine(builtins=["clinics.templatetags.frame"])


def show(source: str, **context: object) -> str:
    return ENGINE.from_string(source).render(Context(context))


@pytest.mark.parametrize(
    ("amount", "words", "at_rest"),
    [
        (Decimal("7412.50"), "7,412.50", False),
        (Decimal("-15.00"), "\u221215.00", False),
        (Decimal("0.00"), "0.00", True),
        (None, "\u2013", True),
    ],
)
def test_money_is_shown_with_commas_a_true_minus_and_zero_at_rest(
    amount: Decimal | None, words: str, at_rest: bool
) -> None:
    html = show("{% money amount %}", amount=amount)
    assert re.sub(r"<[^>]+>", "", html) == words
    assert ("nil" in html) is at_rest


def test_money_with_a_reason_is_a_link_to_it() -> None:
    html = show('{% money amount "/why/7/" %}', amount=Decimal("57.00"))
    assert html == '<a class="m" href="/why/7/" data-sheet>57.00</a>'


def test_what_a_person_wrote_is_escaped() -> None:
    assert "<b>" not in show('{% chip words code="CO-45" %}', words="<b>x</b>").replace("<b>CO-45</b>", "")
    assert "&lt;i&gt;" in show('{% badge words "ok" "check" %}', words="<i>")


@pytest.mark.parametrize("kind", sorted(LOOKS))
def test_every_state_has_a_word_and_a_symbol_that_exists(kind: str) -> None:
    for name, seen in LOOKS[kind].items():
        assert seen.word, f"{kind} {name} has no word"
        assert seen.icon in SYMBOLS, f"{kind} {name}: no symbol {seen.icon}"
        assert seen.family in {"ok", "go", "warn", "stop", "mute"}


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("visit", "appointments.enums:AppointmentState"),
        ("claim", "claims.enums:ClaimState"),
        ("outcome", "claims.enums:Outcome"),
        ("batch", "claims.enums:BatchState"),
        ("batch", "clearinghouses.models:OutboundFile.State"),
        ("file", "clearinghouses.models:InboundFile.State"),
        ("money", "billing.enums:InvoiceState"),
        ("response", "responses.enums:PostingState"),
        ("remittance", "responses.enums:RemittanceState"),
        ("match", "responses.enums:MatchQuality"),
        ("coverage", "insurance.enums:ProfileStatus"),
        ("job", "work.models:Job.State"),
        ("job", "work.models:Outbox.State"),
    ],
)
def test_every_state_of_the_rooms_has_its_look(kind: str, path: str) -> None:
    for value in resolve_name(path).values:
        assert value in LOOKS[kind], f"{path}: {value} has no look among {kind}"


def test_a_state_nobody_described_shows_its_own_name() -> None:
    assert look("claim", "sent_by_owl").word == "Sent by owl"


def test_templates_name_only_symbols_that_exist() -> None:
    for page in (ROOT / "templates").rglob("*.html"):
        for name in re.findall(r'{% icon "([^"]+)"', page.read_text()):
            assert name in SYMBOLS, f"{page.relative_to(ROOT)}: no symbol {name}"


def test_templates_keep_the_policy_no_inline_code() -> None:
    inline = re.compile(r"<style|\sstyle=|\son[a-z]+=|hx-on|<script(?![^>]*(src=|type=\"application/json\"))")
    for page in (ROOT / "templates").rglob("*.html"):
        if "pdf" not in page.parts:
            assert not inline.search(page.read_text()), f"{page.relative_to(ROOT)} has inline code"


def test_sorting_turns_and_starts_the_pages_anew() -> None:
    request = RequestFactory().get("/claims/", {"tab": "ready", "sort": "dos", "after": "41"})
    html = show('{% th "DOS" sort="dos" %}', request=request)
    assert 'href="?tab=ready&amp;sort=-dos"' in html
    assert 'aria-sort="ascending"' in html
