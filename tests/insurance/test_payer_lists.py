"""Payer lists from CSV, filing limits, plan requirements, contract dates, pictures of cards, odd cards."""

from __future__ import annotations

from datetime import date
from decimal import Decimal as D
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.urls import reverse

from billing.checkout import check_out
from claims import queue
from clinics.errors import BadInput
from insurance import card_images, payer_import, payers, policies
from insurance.errors import BadCoverage
from insurance.models import CardImage, Payer, Plan
from lib import csv_text
from tests.cast import NOW, TODAY, World, make_patient, make_policy, make_profile, make_visit, make_world

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40 + b"IEND\xaeB`\x82"
LIST = """name,payer_id,claim_format,filing_days,accepts_frequency_7_8
Aetna,60054,Electronic (837P),120,yes
Harbor Health,HH001,electronic,90,no
"""


@pytest.fixture
def world() -> Any:
    made = make_world()
    with made.open():
        yield made


@pytest.mark.rule("B17.payer")
def test_a_list_is_judged_first_and_taken_whole(world: World) -> None:
    rows = payer_import.read(LIST)
    assert [(row.values["name"], row.act, row.changed) for row in rows] == [
        ("Aetna", "change", ("filing_days",)), ("Harbor Health", "add", ())
    ]  # fmt: skip
    assert not Payer.objects.filter(payer_id="HH001").exists()
    assert payer_import.take(LIST) == {"add": 1, "change": 1, "same": 0}
    assert payer_import.take(LIST) == {"add": 0, "change": 0, "same": 2}
    made = Payer.objects.get(payer_id="HH001")
    assert (made.filing_days, made.accepts_frequency_7_8) == (90, False)
    assert Payer.objects.get(name="Aetna").remit_payer_id == "1066033492", "what is not in the file stays"


@pytest.mark.rule("B17.payer")
def test_a_list_from_a_spreadsheet_is_read(world: World) -> None:
    """Semicolons, a byte order mark, umlauts of an older program; the page sends the text it has shown."""
    text = csv_text.decode(b'\xef\xbb\xbfName;Payer ID;Filing days\r\n"Harbor; Health";hh001;90\r\n')
    assert [(row.act, row.values["payer_id"]) for row in payer_import.read(text)] == [("add", "HH001")]
    row = payer_import.read(csv_text.decode("name;payer_id\nAssociaci\u00f3n;99\n".encode("cp1252")))[0]
    assert row.values["name"] == "Associaci\u00f3n"


@pytest.mark.rule("B17.payer")
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("payer,id\nAetna,60054\n", "name the columns"),
        ("", "empty"),
        ("name,payer_id\nHarbor, Inc,1A\n", "more cells"),
        ("name,payer_id\nAetna,6*4\n", "letters and digits"),
        ("name,payer_id\nX,1A\nX,1A\n", "twice"),
        ("name,payer_id,filing_days\nX,1A,ninety\n", "no number of days"),
        ("name,payer_id,claim_format\nX,1A,fax\n", "how this insurer is billed"),
        ('name,payer_id\n"X,1A\n', "quotes do not fit"),
    ],
)
def test_a_list_with_a_wrong_row_changes_nothing(world: World, text: str, words: str) -> None:
    before = list(Payer.objects.values())
    with pytest.raises(BadInput, match=words):
        payer_import.take(text)
    assert list(Payer.objects.values()) == before


@pytest.mark.rule("B17.payer")
def test_limits_plan_requirements_and_contract_dates(world: World) -> None:
    payers.save_payer({"corrected_days": 180, "appeal_days": 60, "guidelines": "Call first."}, world.aetna)
    with pytest.raises(BadCoverage):
        payers.save_payer({"appeal_days": 0}, world.aetna)
    payers.save_rate(world.aetna, "98941", D("110.00"), date(2026, 1, 1), date(2026, 6, 30))
    rates = payers.rates_of([world.aetna.pk], ["98941"])
    assert payers.allowed_on(rates, world.aetna.pk, "98941", TODAY) == D("110.00")
    assert payers.allowed_on(rates, world.aetna.pk, "98941", date(2026, 7, 1)) is None
    with pytest.raises(BadCoverage, match="before it starts"):
        payers.save_rate(world.aetna, "98941", D("1.00"), date(2026, 7, 1), date(2026, 6, 1))
    plan = Plan.objects.get(payer=world.aetna)
    payers.save_plan(
        world.aetna, plan.name, plan.copay_individual, None, plan, ["group_number", "holder_dob"]
    )
    patient = make_patient()
    visit = make_visit(world, patient, make_profile(patient, make_policy(patient, world.aetna)))
    missing = queue.missing(check_out(visit.public_id, [], at=NOW).invoice, TODAY)
    assert "REQUIRED-GROUP-NUMBER" in [finding.code for finding in missing]
    assert not [finding for finding in missing if finding.code == "REQUIREMENT-UNKNOWN"]
    for name, _ in payers.REQUIREMENTS:
        from claims.checks import REQUIREMENTS

        assert name in REQUIREMENTS, "what can be ticked can be checked"


@pytest.mark.rule("B11.odd")
@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"member_id": "12345"}, "Medicare number"),
        ({"holder_birth_date": date(2026, 2, 1), "relationship": "19"}, "born after the card began"),
        ({"holder_birth_date": date(2013, 1, 1), "relationship": "01"}, "under 14"),
        ({"holder_birth_date": date(1980, 1, 1), "relationship": "19"}, ""),
        ({}, ""),
    ],
)
def test_what_is_odd_is_said_and_written(world: World, fields: dict[str, Any], words: str) -> None:
    data = {
        "payer": world.medicare, "member_id": "1EG4-TE5-MK73", "relationship": "18", "holder_first_name": "Ada",
        "holder_last_name": "Quist", "effective_on": date(2026, 1, 1), **fields,
    }  # fmt: skip
    card = policies.add_policy(make_patient(), data, today=TODAY)
    said = " ".join(finding.message for finding in policies.warnings_of(card, TODAY))
    assert (words in said) if words else not said


@pytest.mark.rule("B11.card")
def test_pictures_are_checked_by_their_bytes_and_encrypted(world: World, client: Client) -> None:
    card = make_policy(make_patient(), world.aetna)
    kept = card_images.keep(card, "front", PNG)
    assert CardImage.objects.get(pk=kept.pk).content == PNG
    with connection.cursor() as cursor:
        cursor.execute("SELECT content FROM insurance_cardimage WHERE id = %s", [kept.pk])
        assert b"PNG" not in bytes(cursor.fetchone()[0])
    for bad in (b"GIF89a", PNG[:-20], b"<svg onload=x>", b""):
        with pytest.raises(BadCoverage):
            card_images.keep(card, "back", bad)
    client.force_login(world.users["front_desk"])
    shown = client.get(reverse("insurance:card-image", args=[card.public_id, "front"]))
    assert (shown.content, shown["Content-Type"], shown["Cache-Control"]) == (PNG, "image/png", "no-store")
    where = reverse("insurance:card-image-save", args=[card.public_id])
    sent = client.post(where, {"side": "back", "image": SimpleUploadedFile("x.exe", PNG)})
    assert sent.status_code == 302
    page = client.get(reverse("insurance:card", args=[card.public_id])).content.decode()
    assert page.index('class="pid-big">60054') < page.index("/images/front/")
    assert (
        client.post(where, {"side": "back", "image": SimpleUploadedFile("x.png", b"no")}).status_code == 400
    )
    assert client.post(where, {"side": "front", "act": "remove"}).status_code == 302
    assert client.get(reverse("insurance:card-image", args=[card.public_id, "front"])).status_code == 404


@pytest.mark.rule("B17.payer")
def test_the_list_by_page_and_api(world: World, client: Client) -> None:
    client.force_login(world.users["admin"])
    where = reverse("insurance:payer-file")
    look = client.post(where, {"file": SimpleUploadedFile("p.csv", LIST.encode())}).content.decode()
    assert "1 to add, 1 to change" in look
    assert client.post(where, {"text": LIST, "step": "take"}).status_code == 302
    assert "as it is" in client.post(where, {"text": LIST}).content.decode()
    assert b"UTF-8" in client.post(where, {"file": SimpleUploadedFile("p.csv", b"\xff\xfe\x00")}).content
    judged = client.post("/api/v1/payers/import/", {"text": LIST}, content_type="application/json").json()
    assert [row["act"] for row in judged["rows"]] == ["same", "same"]
    rate = {"procedure_code": "98941", "allowed": "110.00", "effective_on": "2026-01-01"}
    rates = f"/api/v1/payers/{world.aetna.public_id}/rates/"
    assert client.post(rates, rate, content_type="application/json").status_code == 201
    assert client.get(rates).json()[0]["allowed"] == "110.00"
