"""The proof packet says when a claim was filed and what came back (rules.md B14)."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from claims import proof
from claims.models import Claim
from insurance.models import Payer
from lib.pdf_pages import COURIER, POINT, SANS, width_of, wrapped
from tests.cast import World, make_world
from tests.claims.test_answers import answer_277, answer_999, sent, ta1, take

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(settings: Any, tmp_path: Path) -> World:
    settings.EXCHANGE_DIR = tmp_path
    return make_world()


@pytest.mark.rule("B14.proof")
def test_the_packet_holds_arithmetic_hash_segments_and_timeline(world: World) -> None:
    with world.open():
        Payer.objects.filter(pk=world.aetna.pk).update(filing_days=90)
        batch, claims = sent(world)
        for answer in (ta1(batch), answer_999(batch), answer_277(batch, claims, "A2", "ICN9")):
            take(world, answer)
        Claim.objects.filter(pk=claims[0].pk).update(
            service_to=date(2026, 3, 9), filing_deadline=date(2026, 6, 7),
            submitted_at=datetime(2026, 3, 20, 18, 0, tzinfo=UTC),
        )  # fmt: skip
        claim = Claim.objects.select_related("payer", "location").get(pk=claims[0].pk)
        reader = PdfReader(io.BytesIO(proof.packet(claim)))
        text = " ".join(" ".join(page.extract_text() for page in reader.pages).split())
        assert batch.stored is not None
        for words in (
            "03/09/2026 (the last date of service) and 90 days make 06/07/2026.",
            "submitted on 03/20/2026, 79 days before the limit",
            "Member W123456789, patient born 05/17/1980", "From Alder Group, NPI 1234567810, tax ID 123456789",
            "IK5*A", "STC*A2", "ICN9", claim.control_number,
        ):  # fmt: skip
            assert words in text, words
        assert batch.stored.sha256 in text.replace(" ", "")


@pytest.mark.rule("B14.proof")
def test_what_a_payer_writes_at_length_in_capitals_stays_on_the_sheet(world: World) -> None:
    with world.open():
        batch, claims = sent(world)
        told = "WORDWITHOUTBLANKS" * 9 + " AND MORE WORDS IN CAPITALS" * 8
        take(world, answer_277(batch, claims, "A7", text=told))
        claim = Claim.objects.select_related("payer", "location").get(pk=claims[0].pk)
        content = proof.packet(claim)
    widest: list[float] = []

    def keep(text: str, cm: list[float], tm: list[float], font: dict[str, str], size: float) -> None:
        words = text.strip()
        if words:
            name = COURIER if "Courier" in font["/BaseFont"] else SANS
            widest.append(tm[4] + width_of(words, round(size * POINT), name) / POINT)

    for page in PdfReader(io.BytesIO(content)).pages:
        page.extract_text(visitor_text=keep)
    assert len(widest) > 20
    assert 500 < max(widest) <= 8.5 * 72 - 0.7 * 72


def test_lines_are_as_wide_as_the_room_and_keep_every_letter() -> None:
    words = "MMMM iiii " * 30 + "W" * 200
    lines = wrapped(words, 20_000, 10 * POINT)
    assert all(width_of(line, 10 * POINT) <= 20_000 for line in lines)
    assert "".join("".join(lines).split()) == "".join(words.split())
    assert wrapped("", 20_000, 10 * POINT) == [""]
