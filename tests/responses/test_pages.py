"""The pages and the API of claim responses, as a biller uses them."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from billing import balances
from responses.models import ClaimResponse, PostingRule, Remittance
from tests.cast import make_world, sign_in
from tests.responses.edi import remit
from tests.responses.stage import AETNA, EX1, answer, claimed, clp, money, set_up

D = Decimal
pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return make_world()


@pytest.fixture
def biller(client, world):
    client.force_login(world.users["biller"])
    return client


def proposed(world):
    with world.open():
        claim = claimed(world, world.aetna, paid="25.00")
        [row] = answer(clp(claim, *EX1), **AETNA)
    return claim, row


def test_the_list_shows_tabs_rows_and_the_tie(biller, world):
    _, row = proposed(world)
    page = biller.get(reverse("responses:list"), {"tab": "proposed"}).content.decode()
    assert row.control_number in page
    check = biller.get(reverse("responses:list"), {"check": row.remittance.public_id}).content.decode()
    assert "in escrow" in check
    assert "85.00" in check
    for name in ("responses:remittances", "responses:by-month", "responses:upload", "responses:find-claim"):
        assert biller.get(reverse(name)).status_code == 200
    csv = biller.get(reverse("responses:list"), {"tab": "all", "format": "csv"})
    assert row.control_number in csv.content.decode()
    assert biller.get(reverse("responses:text", args=[row.remittance.public_id])).content.startswith(b"ISA")


@pytest.mark.rule("B7.export")
def test_numbers_are_exported_as_numbers_those_below_zero_too_and_formulas_are_not(biller, world):
    with world.open():
        claim = claimed(world, world.aetna, last="=HYPERLINK(1)")
        back = clp(claim, "22", "-150", "-85", ("CO", "45", "-40"), ("PR", "3", "-25"))
        [answered] = answer(back, plb=[("FB", "-85")], amount="0", **AETNA)
    listed = biller.get(reverse("responses:list"), {"tab": "all", "format": "csv"}).content.decode()
    [row] = list(csv.DictReader(io.StringIO(listed)))
    assert (row["charged"], row["paid"], row["contractual"], row["patient responsibility"]) == (
        "-150.00", "-85.00", "-40.00", "-25.00",
    )  # fmt: skip
    assert row["patient"].startswith("'=HYPERLINK")
    book = biller.get(reverse("responses:list"), {"tab": "all", "format": "xlsx"})
    assert 'filename="claim-responses.xlsx"' in book["Content-Disposition"]
    sheet = load_workbook(io.BytesIO(book.content)).active
    head, cells = list(sheet.iter_rows())
    named = {name.value: cell for name, cell in zip(head, cells, strict=True)}
    assert (named["charged"].value, named["paid"].value, named["paid"].number_format) == (
        -150,
        -85,
        "#,##0.00",
    )
    assert (named["patient"].value[0], named["patient"].data_type) == ("=", "s")
    assert (named["dos"].is_date, named["received"].is_date) == (True, True)
    by_the_clock = timezone.make_naive(answered.created_at, ZoneInfo(world.location.time_zone))
    assert abs(named["received"].value - by_the_clock) < timedelta(seconds=1)


def test_an_opened_answer_shows_the_plan_and_posts_once(biller, world):
    claim, row = proposed(world)
    opened = biller.get(reverse("responses:response", args=[row.public_id]), {"part": 1}).content.decode()
    assert "CO-45" in opened
    assert "If posted as remitted" in opened
    address = reverse("responses:act", args=[row.public_id, "post"])
    assert biller.get(address).status_code == 200
    for _ in range(2):
        assert biller.post(address, {"reason": "", "idempotency_key": "k1"}).status_code == 302
    assert biller.post(address, {"reason": "", "idempotency_key": "k2"}).status_code == 409
    with world.open():
        assert money(claim.invoice).insurer_open == 0
    undo = reverse("responses:act", args=[row.public_id, "undo"])
    assert biller.post(undo, {"reason": "wrong", "idempotency_key": "k3"}).status_code == 302
    with world.open():
        assert money(claim.invoice).insurer_open == 125


@pytest.mark.parametrize(
    "act", ["hold", "dispute", "leave", "match", "unmatch", "resubmit", "undo", "nonsense"]
)
def test_every_act_answers(biller, world, act):
    _, row = proposed(world)
    address = reverse("responses:act", args=[row.public_id, act])
    assert biller.get(address).status_code == (404 if act == "nonsense" else 200)
    answer_ = biller.post(
        address, {"reason": "because", "frequency": "7", "control_number": row.control_number}
    )
    assert answer_.status_code in (302, 404, 409)


def test_a_front_desk_may_not_see_and_another_clinic_finds_nothing(client, world):
    _, row = proposed(world)
    client.force_login(world.users["front_desk"])
    assert client.get(reverse("responses:list")).status_code == 403
    birch = make_world("birch")
    client.force_login(birch.users["biller"])
    assert client.get(reverse("responses:response", args=[row.public_id])).status_code == 404


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "could not be taken"),
        (b"hello, this is a letter", "could not be taken"),
        (b"ISA*00*", "could not be taken"),
    ],
)
def test_an_upload_that_is_no_answer_says_so(biller, world, content, words):
    page = biller.post(reverse("responses:upload"), {"file": SimpleUploadedFile("x.835", content)})
    assert page.status_code == 200
    assert words in page.content.decode()


def test_an_old_version_and_a_strangers_remittance(biller, world):
    with world.open():
        claim = claimed(world, world.aetna)
        text = remit(clp(claim, *EX1), **AETNA)
        foreign = clp(claim, *EX1)
        foreign.number, foreign.lines[0].line_id = "SOMEBODYELSES", ""
        stranger = remit(foreign, payer="UNHEARD OF MUTUAL", payer_id="1999999999", trace="F1")
    old = text.replace("005010X221A1", "004010X091A1")
    page = biller.post(reverse("responses:upload"), {"file": SimpleUploadedFile("old.835", old.encode())})
    assert "005010" in page.content.decode()
    page = biller.post(reverse("responses:upload"), {"file": SimpleUploadedFile("f.835", stranger.encode())})
    assert "is taken" in page.content.decode()
    with world.open():
        row = ClaimResponse.objects.get(control_number="SOMEBODYELSES")
        assert row.codes == ["E04"]
        assert balances.escrow(row.remittance.receipt_id) == 85


def test_an_upload_posts_and_the_same_file_again_says_so(biller, world):
    with world.open():
        set_up(world, autopay_claims="post")
        claim = claimed(world, world.aetna)
        text = remit(clp(claim, *EX1), **AETNA)
    for words in ("is taken", "taken before"):
        page = biller.post(reverse("responses:upload"), {"file": SimpleUploadedFile("e.835", text.encode())})
        assert words in page.content.decode()
    with world.open():
        assert Remittance.objects.count() == 1
        assert money(claim.invoice).insurer_open == 0


def test_the_sheet_of_a_paper_eob(biller, world):
    with world.open():
        claim = claimed(world, world.aetna)
    address = reverse("responses:eob", args=[claim.public_id])
    assert "l1-paid" in biller.get(address).content.decode()
    sheet = {
        "trace_number": "9001", "payment_date": "2026-03-20", "l1-line_id": "",
        "l1-paid": "85.00", "l1-code1": "CO-45", "l1-amount1": "40", "l1-code2": "PR-3", "l1-amount2": "24",
    }  # fmt: skip
    with world.open():
        sheet["l1-line_id"] = claim.lines.get().line_id
    page = biller.post(address, sheet)
    assert page.status_code == 200
    assert "does not add up" in page.content.decode()
    sheet["l1-amount2"] = "25"
    assert biller.post(address, sheet).status_code == 302
    with world.open():
        assert money(claim.invoice).insurer_open == 0
        assert ClaimResponse.objects.get().state == "posted_manually"


def test_the_api_does_the_same(biller, world):
    _, row = proposed(world)
    rows = biller.get(reverse("responses-api:responses"), {"tab": "proposed"}).json()
    assert [each["id"] for each in rows] == [row.public_id]
    one = biller.get(reverse("responses-api:response", args=[row.public_id])).json()
    assert one["now"]["posts"] is True
    address = reverse("responses-api:act", args=[row.public_id, "post"])
    for _ in range(2):
        told = biller.post(address, "{}", content_type="application/json", headers={"Idempotency-Key": "a"})
        assert told.json()["state"] == "posted_manually"
    assert biller.post(address, "{}", content_type="application/json").status_code == 409
    check = biller.get(reverse("responses-api:remittance", args=[row.remittance.public_id])).json()
    assert (check["tie"]["difference"], check["tie"]["escrow"], check["state"]) == ("0.00", "0.00", "closed")
    assert biller.get(reverse("responses-api:remittances")).json()[0]["amount"] == "85.00"
    undo = reverse("responses-api:undo-remittance", args=[row.remittance.public_id])
    assert biller.post(undo, "{}", content_type="application/json").json() == {"undone": 1}
    with world.open():
        other = claimed(world, world.aetna, last="Second")
        line_id = other.lines.get().line_id
    body = {
        "claim": other.public_id, "trace_number": "77", "payment_date": "2026-03-20",
        "lines": [{"line_id": line_id, "paid": "150.00", "adjustments": []}],
    }  # fmt: skip
    made = biller.post(reverse("responses-api:eob"), json.dumps(body), content_type="application/json")
    assert made.status_code == 201
    body["lines"][0]["paid"] = "149.00"
    assert (
        biller.post(
            reverse("responses-api:eob"), json.dumps(body), content_type="application/json"
        ).status_code
        == 400
    )
    text = remit(clp_of(world, other), trace="UP", **AETNA)
    taken = biller.post(
        reverse("responses-api:remittances"), {"file": SimpleUploadedFile("u.835", text.encode())}
    )
    assert taken.status_code == 201
    assert D(taken.json()["transactions"][0]["paid"]) == 85


def clp_of(world, claim):
    with world.open():
        return clp(claim, *EX1, icn="NEW")


def test_the_list_asks_a_constant_number_of_questions(biller, world, django_assert_max_num_queries):
    with world.open():
        for n in range(3):
            claim = claimed(world, world.aetna, last=f"P{n}")
            answer(clp(claim, *EX1, icn=f"I{n}"), trace=f"T{n}", **AETNA)
    with django_assert_max_num_queries(22):
        biller.get(reverse("responses:list"), {"tab": "proposed"})


def test_the_rules_page_adds_refuses_and_removes(client, world):
    sign_in(client, world.users["admin"])
    address = reverse("responses:rules")
    assert "No rules of our own" in client.get(address).content.decode()
    rule = {"payer": world.aetna.public_id, "group": "CO", "reason": "59", "action": "write_off"}
    assert client.post(address, rule).status_code == 302
    assert "already" in client.post(address, rule).content.decode()
    wrong = {"payer": "", "group": "CO", "reason": "96", "action": "patient"}
    assert "Only PR amounts" in client.post(address, wrong).content.decode()
    with world.open():
        [row] = PostingRule.objects.all()
        assert (row.payer_id, row.group, row.reason, row.action) == (world.aetna.pk, "CO", "59", "write_off")
        set_up(world, automation_rules=True)
    remove = reverse("responses:remove-rule")
    client.post(remove, rule)
    with world.open():
        assert PostingRule.objects.count() == 1
        set_up(world, automation_rules=False)
    client.post(remove, rule)
    with world.open():
        assert not PostingRule.objects.exists()


def test_the_rules_by_the_api(client, world):
    sign_in(client, world.users["admin"])
    address = reverse("responses-api:rules")
    rule = {"payer": world.aetna.public_id, "group": "CO", "reason": "59", "action": "write_off"}
    made = client.post(address, rule, content_type="application/json")
    assert (made.status_code, made.json()["rules"]) == (201, [{**rule, "name": world.aetna.name}])
    default = {"group": "CO", "reason": "45", "action": "write_off"}
    assert client.get(address).json()["defaults"][0] == default
    twice = client.post(address, rule, content_type="application/json")
    assert (twice.status_code, twice.json()["error"]["code"]) == (400, "rule_twice")
    refused = client.post(
        address, {"group": "CO", "reason": "96", "action": "patient"}, content_type="application/json"
    )
    assert refused.json()["error"]["code"] == "not_the_patients"
    assert (
        client.delete(address, {**rule, "reason": "60"}, content_type="application/json").status_code == 404
    )
    gone = client.delete(address, rule, content_type="application/json")
    assert (gone.status_code, gone.json()["rules"]) == (200, [])


def test_one_paper_check_answers_many_patients_and_must_add_up(biller, world):
    with world.open():
        claims = [claimed(world, world.aetna, last=name) for name in ("One", "Two")]
        lines = [claim.lines.get().line_id for claim in claims]
    found = biller.post(
        reverse("responses:find-claim"),
        {"control_numbers": " ".join(claim.control_number for claim in claims)},
    )
    assert "?also=" in found.url
    page = biller.get(found.url).content.decode()
    assert "l1-paid" in page
    assert "c1l1-paid" in page
    sheet = {"trace_number": "9002", "payment_date": "2026-03-20", "amount": "171.00"}
    for prefix, line_id in zip(("l1", "c1l1"), lines, strict=True):
        sheet |= {f"{prefix}-line_id": line_id, f"{prefix}-paid": "85.00", f"{prefix}-code1": "CO-45",
                  f"{prefix}-amount1": "65"}  # fmt: skip
    assert "1.00 apart" in biller.post(found.url, sheet).content.decode()
    with world.open():
        assert not Remittance.objects.exists()
    sheet["amount"] = "170.00"
    assert biller.post(found.url, sheet).status_code == 302
    with world.open():
        assert [row.state for row in ClaimResponse.objects.all()] == ["posted_manually"] * 2
        assert Remittance.objects.get().amount == D("170.00")
        assert all(money(claim.invoice).insurers[1] == 0 for claim in claims)
    assert biller.post(reverse("responses:find-claim"), {"control_numbers": "NOBODY"}).status_code == 200
