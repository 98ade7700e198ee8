"""Where a claim stands: asked by 276, answered by the sandbox's 277 from the bytes alone; silence makes a task."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from claims import inquiries, inquiry_views, submitting
from claims.enums import ClaimState, InquiryState
from claims.errors import CannotInquire
from claims.models import Batch, Claim, ClaimEvent, StatusInquiry
from clearinghouses import inbound, sending
from clearinghouses.models import Connection, OutboundFile
from clearinghouses.sandbox.answering import answer
from clearinghouses.sandbox.memory import Memory
from clearinghouses.transport import Delivered, Refused, Unknown
from responses import inbox
from tests.cast import NOW, TODAY, World, make_world
from tests.claims.helpers import ready_claims
from x12.reading import read_file

pytestmark = [pytest.mark.django_db, pytest.mark.rule("B8.inquiry")]


@pytest.fixture
def world(settings: Any, tmp_path: Path) -> World:
    settings.EXCHANGE_DIR = tmp_path
    made = make_world()
    with made.open():
        Connection.objects.filter(pk=made.connection.pk).update(answers_276=True)
        made.connection.refresh_from_db()
    return made


def sent(world: World, count: int = 1, **fields: Any) -> tuple[list[Claim], Memory]:
    """Submitted claims that the sandbox has taken; its answers are not collected."""
    claims = ready_claims(world, count, **fields)
    job = submitting.start(Claim.objects.filter(pk__in=[c.pk for c in claims]), TODAY, {})
    submitting.submit_chunk(job, 0, NOW, TODAY)
    memory = Memory("alder")
    for batch in Batch.objects.filter(job=job).select_related("outbound_file__stored"):
        assert batch.outbound_file is not None
        answer(bytes(batch.outbound_file.stored.content), memory, NOW)
    Claim.objects.filter(pk__in=[c.pk for c in claims]).update(state=ClaimState.SUBMITTED, submitted_at=NOW)
    return [Claim.objects.get(pk=c.pk) for c in claims], memory


def content_of(row: StatusInquiry) -> bytes:
    assert row.outbound_file is not None
    return bytes(OutboundFile.objects.select_related("stored").get(pk=row.outbound_file.pk).stored.content)


def collect(world: World, row: StatusInquiry, memory: Memory) -> list[str]:
    """The sandbox's answers to the question, taken as the inbox takes them; their kinds."""
    kinds = []
    for item in answer(content_of(row), memory, NOW):
        file, _ = inbound.receive(item.content, item.name, "collected", world.connection)
        inbox.take(file, at=NOW)
        kinds += read_file(item.content).kinds
    return kinds


@pytest.mark.rule("SB21")
@pytest.mark.parametrize(
    ("member", "category", "words"),
    [
        ("COPAY25", "F1", "decided and paid, paid (F1:65), paid 85.00"),
        ("DENY197", "F2", "decided and denied"),
        ("DEDUCT", "F4", "nothing to pay"),
        ("REJ277", "A7", "MEMBER ID NOT ON FILE"),
    ],
)
def test_a_question_goes_out_and_its_answer_stands_on_the_timeline(
    world: World, member: str, category: str, words: str
) -> None:
    with world.open():
        (claim,), memory = sent(world, member=member)
        row = inquiries.ask(claim, NOW)
        assert (row.state, row.connection_id) == (InquiryState.WAITING, world.connection.pk)
        assert inquiries.ask(claim, NOW) == row, "a second click finds the first"
        assert collect(world, row, memory) == ["TA1", "999", "277"]
        row.refresh_from_db()
        assert (row.state, row.category) == (InquiryState.ANSWERED, category)
        assert words.lower() in row.text.lower(), row.text
        claim.refresh_from_db()
        assert claim.state == ClaimState.SUBMITTED, "a 277 tells; it moves nothing"
        assert claim.payer_claim_number
        events = list(ClaimEvent.objects.filter(claim=claim, kind="status").order_by("pk"))
        assert len(events) == 2 and events[1].segment.startswith(f"STC*{category}:")


@pytest.mark.rule("SB21")
def test_unknown_elsewhere_silent_and_twice(world: World) -> None:
    with world.open():
        (claim,), _ = sent(world)
        row = inquiries.ask(claim, NOW)
        assert collect(world, row, Memory("alder"))[-1] == "277"
        row.refresh_from_db()
        assert row.category == "A4" and "not found" in row.text
        before = (row.text, row.answered_at)
        for item in answer(content_of(row), Memory("alder"), NOW):  # the same answer in another envelope
            file, _ = inbound.receive(item.content + b"\n", item.name, "collected", world.connection)
            inbox.take(file, at=NOW + timedelta(hours=1))
        row.refresh_from_db()
        assert (row.text, row.answered_at) == before
        (silent,), quiet = sent(world, member="SILENT")
        row = inquiries.ask(silent, NOW)
        assert collect(world, row, quiet) == ["TA1", "999"]
        row.refresh_from_db()
        assert row.state == InquiryState.WAITING
        assert inquiries.give_up(NOW + timedelta(days=3)) == 1
        row.refresh_from_db()
        assert row.state == InquiryState.DUE and "telephone" in row.detail


def test_a_file_of_questions_that_is_lost_is_refused_or_looked_for(world: World) -> None:
    with world.open():
        first, second = sent(world, 2)[0]
        one, two = inquiries.ask(first, NOW), inquiries.ask(second, NOW)
        assert one.outbound_file_id is not None and two.outbound_file_id is not None
        inquiries.settle(one.outbound_file_id, Refused("no connection"))
        inquiries.settle(two.outbound_file_id, Unknown("broke off"))
        one.refresh_from_db()
        two.refresh_from_db()
        assert (one.state, two.state) == (InquiryState.REFUSED, InquiryState.WAITING)
        again = inquiries.ask(first, NOW)
        assert again.pk != one.pk, "a refused question is asked anew"
        key, clinic = again.outbound_file_id, world.clinic.pk
    assert key is not None
    assert sending.outcome_of(OutboundFile(state="delivered")) == Delivered()
    assert clinic


def test_silence_asks_or_makes_a_task_once(world: World) -> None:
    with world.open():
        quiet, answered = sent(world, 2)[0]
        Claim.objects.filter(pk=answered.pk).update(state=ClaimState.ACCEPTED)
        assert inquiries.follow_silence(NOW + timedelta(days=2), 3, 30) == 0
        assert inquiries.follow_silence(NOW + timedelta(days=4), 3, 30) == 1, "no 999 or 277CA for three days"
        row = StatusInquiry.objects.get()
        assert (row.claim_id, row.state, row.why) == (
            quiet.pk,
            InquiryState.WAITING,
            "4 days without an answer",
        )
        assert inquiries.follow_silence(NOW + timedelta(days=4), 3, 30) == 0, "asked once"
        Connection.objects.update(answers_276=False)
        assert inquiries.follow_silence(NOW + timedelta(days=31), 3, 30) == 1, (
            "no payment or denial for thirty"
        )
        due = StatusInquiry.objects.get(claim=answered)
        assert due.state == InquiryState.DUE and "takes no 276" in due.detail
        assert ClaimEvent.objects.filter(claim=answered, kind="status").count() == 1
        Claim.objects.filter(pk=answered.pk).update(state=ClaimState.ADJUDICATED)
        with pytest.raises(CannotInquire):
            inquiries.ask(Claim.objects.get(pk=answered.pk), NOW)


def test_pages_and_api(world: World, client: Client) -> None:
    with world.open():
        claim, other = sent(world, 2)[0]
        Connection.objects.update(answers_276=False)
    client.force_login(world.users["biller"])
    page = reverse("claims:claim", args=[claim.public_id])
    assert "Ask the payer (276)" in client.get(page).content.decode()
    assert client.post(reverse("claims:ask", args=[claim.public_id])).status_code == 302
    listed = client.get(reverse("claims:inquiries")).content.decode()
    assert claim.control_number in listed and "takes no 276" in listed
    with world.open():
        row = StatusInquiry.objects.get()
    answered = reverse("claims:inquiry-answer", args=[row.public_id])
    assert client.post(answered, {"text": " "}).status_code == 409
    assert client.post(answered, {"text": "In review until Friday"}).status_code == 302
    assert client.post(answered, {"text": "Again"}).status_code == 409
    assert "In review until Friday" in client.get(f"{page}?tab=timeline").content.decode()
    assert claim.control_number not in client.get(reverse("claims:inquiries")).content.decode()
    made = client.post(f"/api/v1/claims/{other.public_id}/ask/")
    assert (made.status_code, made.json()["state"]) == (201, "due")
    told = client.post(f"/api/v1/claims/inquiries/{made.json()['id']}/answer/", {"text": "Paid last week"})
    assert told.json()["text"] == "Paid last week"
    rows = client.get("/api/v1/claims/inquiries/?state=answered").json()["results"]
    assert {one["control_number"] for one in rows} == {claim.control_number, other.control_number}
    client.force_login(world.users["auditor"])
    assert client.post(reverse("claims:ask", args=[claim.public_id])).status_code == 403
    birch = make_world("birch")
    client.force_login(birch.users["biller"])
    assert client.post(reverse("claims:ask", args=[claim.public_id])).status_code == 404
    assert client.get("/api/v1/claims/inquiries/").json()["results"] == []


def test_the_list_is_sorted_paged_and_exported(
    world: World, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world.open():
        claims = sent(world, 3)[0]
        Connection.objects.update(answers_276=False)
        for claim in claims:
            inquiries.ask(claim, NOW)
    client.force_login(world.users["biller"])
    monkeypatch.setattr(inquiry_views, "PAGE", 1)
    numbers = [claim.control_number for claim in claims]
    for sort, wanted in (
        ("patient", [claim.control_number for claim in claims]),
        ("-patient", [claim.control_number for claim in claims][::-1]),
        ("claim", sorted(numbers)),
        ("-claim", sorted(numbers, reverse=True)),
        ("charge", numbers),
        ("nonsense", numbers[::-1]),
    ):
        seen, url = [], f"{reverse('claims:inquiries')}?sort={sort}"
        while url:
            page = client.get(url).content.decode()
            seen += [number for number in numbers if number in page]
            found = re.search(r'href="([^"]+)" rel="next"', page)
            url = reverse("claims:inquiries") + html.unescape(found[1]) if found else ""
        assert seen == wanted, sort
    told = (
        client.get(f"{reverse('claims:inquiries')}?format=csv&q={numbers[1]}").content.decode().splitlines()
    )
    assert told[0].startswith("Asked,By,Claim,Patient") and len(told) == 2
    assert numbers[1] in told[1] and "by telephone" in told[1]
