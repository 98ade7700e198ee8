"""What should not have come: a clear answer each, nothing lost, nothing twice (reliability.md F-13, F-15)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from appointments.models import Appointment
from billing.models import Invoice, LedgerEntry, LedgerTxn, Receipt
from claims import queue
from claims.models import Batch, BatchItem, Claim
from clearinghouses.models import InboundFile
from desk.demo.clock import moment
from responses.models import ClaimResponse, Remittance
from tests.responses.edi import remit
from tests.responses.stage import AETNA, EX1, clp
from tests.scenarios.stage import Story, drain, money, wrong
from work.files import read
from work.models import IdempotencyKey, Job

pytestmark = pytest.mark.django_db(transaction=True)
MAR_9 = date(2026, 3, 9)


def client_of(story: Story, role: str) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(story.world.users[role])
    return client


def sent(story: Story) -> Claim:
    with story.on(MAR_9) as at:
        patient = story.insured("Maren", "Okafor", "SILENT-1", story.world.aetna, today=MAR_9)
        claim = queue.one_click(story.check_out(story.treat(patient, at), at).invoice, MAR_9)
    story.submit_all(MAR_9)
    return claim


def good(story: Story, claim: Claim) -> bytes:
    with story.world.open():
        return remit(clp(claim, *EX1), **AETNA).encode()


GOOD = remit(**AETNA, amount="0").encode()
EDIFACT = b"UNA:+.? 'UNB+UNOA:1+SENDER+RECEIVER+260309:1200+1'UNH+1+REMADV:D:96A:UN'UNT+2+1'UNZ+1+1'"
FILES: dict[str, tuple[bytes, str]] = {
    "a letter": (b"Dear biller, enclosed please find our payment.", "could not be taken"),
    "binary": (bytes(range(256)) * 40, "could not be taken"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + b"\x00" * 500, "could not be taken"),
    "only ISA": (b"ISA*00*", "could not be taken"),
    "EDIFACT": (EDIFACT, "could not be taken"),
    "UTF-16": (GOOD.decode().encode("utf-16-be"), "UTF-16 text"),
    "4010": (GOOD.replace(b"005010X221A1", b"004010X091A1").replace(b"*00501*", b"*00401*"), "005010"),
}


@pytest.mark.rule("F-13")
@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("way", ["page", "api"])
def test_a_file_that_is_no_answer_is_kept_told_and_moves_no_money(story: Story, way: str, name: str) -> None:
    content, words = FILES[name]
    client = client_of(story, "biller")
    told = upload(client, way, content)
    assert told.status_code in (200, 201, 400), told.content[:300]
    text = told.content.decode()
    assert way == "api" or words in text, text[-3000:]
    with story.world.open():
        row = InboundFile.objects.select_related("stored").get()
        assert row.state in ("rejected", "read")
        assert row.findings, "it says why"
        assert read(row.stored) == content, "kept as it came"
        assert not LedgerEntry.objects.exists()
        assert not Receipt.objects.exists()
        assert not wrong()


def upload(client: Client, way: str, content: bytes) -> HttpResponse:
    name = "responses:upload" if way == "page" else "responses-api:remittances"
    data = {"file": SimpleUploadedFile("x.835", content)}
    return client.post(reverse(name), data)  # type: ignore[return-value]


@pytest.mark.parametrize("way", ["page", "api"])
def test_an_empty_and_a_too_large_file_are_refused_in_words(story: Story, way: str, monkeypatch: Any) -> None:
    from clearinghouses import inbound
    from responses import forms

    client = client_of(story, "biller")
    empty = upload(client, way, b"")
    assert empty.status_code in (200, 400)
    assert "empty" in empty.content.decode()
    monkeypatch.setattr(inbound, "MAX_BYTES", 1_000_000)
    monkeypatch.setattr(forms, "MAX_BYTES", 1_000_000)
    large = upload(client, way, b"ISA" + b"*" * 1_000_000)
    assert large.status_code in (200, 400, 413)
    assert "more than 1 MB" in large.content.decode()
    with story.world.open():
        assert not InboundFile.objects.exists()
        assert not LedgerTxn.objects.exists()


@pytest.mark.rule("F-13")
def test_cut_off_anywhere_nothing_posts(story: Story) -> None:
    claim = sent(story)
    with story.on(MAR_9):
        story.setting("autopay_claims", "post")
        before = LedgerEntry.objects.count()
    content = good(story, claim)
    client = client_of(story, "biller")
    for end in range(3, len(content) - 3, len(content) // 14):
        told = upload(client, "page", content[:end])
        assert told.status_code == 200, end
        with story.world.open():
            assert money(claim.invoice).insurers[1] == 125, end
            assert LedgerEntry.objects.count() == before, end
    assert upload(client, "page", content).status_code in (200, 302)
    with story.world.open():
        posted = ClaimResponse.objects.filter(state="auto_posted").count()
        assert posted <= 1
        assert not wrong()


@pytest.mark.rule("B3")
@pytest.mark.parametrize("amount", ["-5.00", "10.005", "NaN", "1e400", "", "0"])
@pytest.mark.parametrize("way", ["page", "api"])
def test_an_amount_that_is_none_is_told_and_takes_nothing(story: Story, way: str, amount: str) -> None:
    visit, client = complete(story), client_of(story, "front_desk")
    told = pay(client, way, visit, story.world.cash.public_id, amount, "k1")
    if way == "page" and amount in ("", "0"):  # nothing typed is nothing handed over
        assert told.status_code in (302, 400, 422)
    else:
        assert told.status_code in (200, 400, 422), told.content[:300]
        assert any(
            word in told.content.decode() for word in ("decimals", "more than 0.00", "amount", "number")
        )
    with story.world.open():
        assert not Receipt.objects.exists()
        assert Appointment.objects.get().state == ("checked_out" if told.status_code == 302 else "complete")


@pytest.mark.rule("B3")
@pytest.mark.parametrize("way", ["page", "api"])
def test_the_insurance_method_takes_no_copay(story: Story, way: str) -> None:
    visit, client = complete(story), client_of(story, "front_desk")
    told = pay(client, way, visit, story.world.insurance_method.public_id, "25.00", "k1")
    assert told.status_code in (200, 400, 422)
    assert "Insurance method" in told.content.decode()
    with story.world.open():
        assert not Receipt.objects.exists() and not Invoice.objects.exists()
        assert Appointment.objects.get().state == "complete"


def complete(story: Story) -> Appointment:
    with story.on(MAR_9) as at:
        patient = story.insured("Maren", "Okafor", "COPAY25-1", story.world.aetna, today=MAR_9)
        return story.treat(patient, at)


def pay(client: Client, way: str, visit: Appointment, method: str, amount: str, key: str) -> HttpResponse:
    """Check out with one payment, by the page or by the API."""
    if way == "page":
        data = {"method": method, "amount": amount, "memo": "copay", "idempotency_key": key}
        return client.post(reverse("billing:check-out", args=[visit.public_id]), data)  # type: ignore[return-value]
    body = {"payments": [{"method": method, "amount": amount, "memo": "copay"}]}
    address = reverse("billing-api:checkout", args=[visit.public_id])
    headers = {"Idempotency-Key": key} if key else {}
    return client.post(address, body, content_type="application/json", headers=headers)  # type: ignore[return-value]


# --- two clicks at once ----------------------------------------------------------------------------


def together(act: Callable[[int], HttpResponse]) -> list[int]:
    """Two requests that start at the same instant; their status codes."""
    gate, found = threading.Barrier(2), [0, 0]

    def run(place: int) -> None:
        gate.wait()
        try:
            found[place] = act(place).status_code
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(place,)) for place in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return sorted(found)


@pytest.mark.rule("F-15")
@pytest.mark.parametrize("way", ["page", "api"])
@pytest.mark.parametrize("keys", [("same", "same"), ("one", "two"), ("", "")])
def test_a_double_click_on_check_out_is_one_invoice_and_one_payment(
    story: Story, way: str, keys: tuple[str, str]
) -> None:
    visit = complete(story)
    clients = [client_of(story, "front_desk"), client_of(story, "front_desk")]
    found = together(
        lambda place: pay(clients[place], way, visit, story.world.cash.public_id, "25.00", keys[place])
    )
    assert found[0] in (200, 201, 302) and found[1] < 500, found
    with story.world.open():
        assert (Invoice.objects.count(), Receipt.objects.count()) == (1, 1)
        assert not wrong()


@pytest.mark.rule("F-15")
@pytest.mark.parametrize("keys", [("same", "same"), ("one", "two"), ("", "")])
def test_a_double_click_on_submit_sends_each_claim_once(story: Story, keys: tuple[str, str]) -> None:
    with story.on(MAR_9) as at:
        for last in ("One", "Two"):
            patient = story.insured("Pat", last, "SILENT-1", story.world.aetna, today=MAR_9)
            queue.one_click(story.check_out(story.treat(patient, at), at).invoice, MAR_9)
        ids = list(Claim.objects.values_list("public_id", flat=True))
    clients = [client_of(story, "biller"), client_of(story, "biller")]

    def click(place: int) -> HttpResponse:
        data = {"id": ids, "idempotency_key": keys[place]}
        return clients[place].post(reverse("claims:submit"), data)  # type: ignore[return-value]

    with moment(story.at(MAR_9, 17)):  # claims of March are not late in March
        found = together(click)
    assert found[0] in (200, 202, 204, 302) and found[1] < 500, found
    with story.world.open():
        if keys == ("same", "same"):
            assert Job.objects.count() == 1
        assert Job.objects.exists()
    with moment(story.at(MAR_9, 17, 5)):
        drain()
    with story.world.open():
        assert BatchItem.objects.count() == 2
        assert Claim.objects.filter(state="submitted").count() == 2
        assert sum(Batch.objects.values_list("claim_count", flat=True)) == 2


@pytest.mark.rule("F-15")
@pytest.mark.parametrize("way", ["page", "api"])
@pytest.mark.parametrize("keys", [("same", "same"), ("one", "two"), ("", "")])
def test_a_double_click_on_post_posts_once(story: Story, way: str, keys: tuple[str, str]) -> None:
    claim = sent(story)
    story.mail(good(story, claim), story.at(MAR_9, 19))
    with story.world.open():
        row = ClaimResponse.objects.get()
        assert row.state == "proposed"
    clients = [client_of(story, "biller"), client_of(story, "biller")]

    def click(place: int) -> HttpResponse:
        if way == "page":
            address = reverse("responses:act", args=[row.public_id, "post"])
            return clients[place].post(address, {"reason": "", "idempotency_key": keys[place]})  # type: ignore[return-value]
        address = reverse("responses-api:act", args=[row.public_id, "post"])
        headers = {"Idempotency-Key": keys[place]} if keys[place] else {}
        return clients[place].post(address, {}, content_type="application/json", headers=headers)  # type: ignore[return-value]

    found = together(click)
    assert found[0] in (200, 201, 302) and found[1] < 500, found
    with story.world.open():
        assert LedgerTxn.objects.filter(kind="adjudication").count() == 1
        assert money(claim.invoice).paid_by_insurers == Decimal("85.00")
        assert Remittance.objects.get().state == "closed"
        assert IdempotencyKey.objects.count() <= 2
        assert not wrong()
