"""Calls, promises and disputes: kept, come back on their day, frozen while disputed (B13)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from billing import calls, statement_batches, statements
from billing.calls import Talk
from billing.checkout import check_out
from billing.enums import CallKind
from billing.errors import BadCall
from billing.models import CallNote
from lib.dates import local_day
from tests.cast import NOW, TODAY, make_patient, make_profile, make_visit, make_world

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world():
    return make_world()


@pytest.fixture
def owing(world):
    with world.open("biller@alder.example"):
        patient = make_patient()
        return check_out(make_visit(world, patient, make_profile(patient)).public_id, [], at=NOW).invoice


@pytest.mark.rule("B13.calls")
def test_a_dispute_freezes_what_it_is_about_until_it_is_closed(world, owing):
    with world.open("biller@alder.example"):
        patient = owing.patient
        asked = [pk for pk, _ in statement_batches.due_patients(world.location, TODAY)]
        assert asked == [patient.pk]
        row = calls.log(patient, Talk(CallKind.DISPUTE, "Was not there"), invoice=owing, today=TODAY)
        assert row.state == "open"
        assert statements.build(patient, world.location, today=TODAY)["asked"] == "0.00"
        assert calls.follow_ups(TODAY, "disputes") == [row]
        with pytest.raises(BadCall, match="disputed already"):
            calls.log(patient, Talk(CallKind.DISPUTE, "Again"), invoice=owing, today=TODAY)
        calls.close(row, "The visit is documented; patient agrees", at=NOW)
        assert statements.build(patient, world.location, today=TODAY)["asked"] == "150.00"
        with pytest.raises(BadCall, match="closed already"):
            calls.close(row, "twice", at=NOW)
        whole = calls.log(patient, Talk(CallKind.DISPUTE, "All of it"), invoice=None, today=TODAY)
        assert statement_batches.due_patients(world.location, TODAY) == []
        calls.close(whole, "Agreed", at=NOW)
        assert [pk for pk, _ in statement_batches.due_patients(world.location, TODAY)] == [patient.pk]


@pytest.mark.rule("B13.calls")
def test_a_promise_comes_back_on_its_day_and_a_plain_call_does_not(world, owing):
    later = TODAY + timedelta(days=3)
    with world.open("biller@alder.example"):
        calls.log(owing.patient, Talk(CallKind.CALL, "Explained the bill"), invoice=None, today=TODAY)
        row = calls.log(
            owing.patient, Talk(CallKind.PROMISE, "Friday", promise_on=later), invoice=None, today=TODAY
        )
        assert calls.follow_ups(TODAY) == []
        assert calls.follow_ups(later) == [row]
        for bad in (
            Talk(CallKind.CALL, "  "),
            Talk(CallKind.PROMISE, "some day"),
            Talk(CallKind.PROMISE, "before", promise_on=TODAY - timedelta(days=1)),
            Talk(CallKind.CALL, "no promise", promise_on=later),
            Talk(CallKind.CALL, "late", follow_up_on=TODAY - timedelta(days=1)),
        ):
            with pytest.raises(BadCall):
                calls.log(owing.patient, bad, invoice=None, today=TODAY)
        with pytest.raises(BadCall, match="not one of"):
            calls.log(make_patient("Else", "Body"), Talk(CallKind.CALL, "x"), invoice=owing, today=TODAY)
        assert CallNote.objects.count() == 2


@pytest.mark.rule("B13.calls")
def test_from_the_patients_page_to_the_list_and_closed(client, world, owing):
    client.force_login(world.users["front_desk"])
    patient, today = owing.patient.public_id, local_day(timezone.now(), "America/Chicago").isoformat()
    new = reverse("billing:call-new", args=[patient])
    part = reverse("billing:calls", args=[patient])
    assert "No call is noted" in client.get(part).content.decode()
    assert client.get(new).status_code == 200
    body = {"kind": "promise", "text": "Pays today", "promise_on": today, "promise_amount": "20.00"}
    assert client.post(new, {**body, "promise_amount": "1.005"}).status_code == 400
    assert client.post(new, {**body, "promise_on": "2001-01-01"}).status_code == 400
    assert client.post(new, {**body, "promise_on": "31.02.2026"}).status_code == 400
    for _ in range(2):
        assert client.post(new, {**body, "idempotency_key": "k"}).status_code == 302
    assert "Pays today" in client.get(part + f"?invoice={owing.public_id}").content.decode()
    assert client.get(part + "?invoice=nothing").status_code == 404
    assert "Pays today" in client.get(reverse("billing:follow-ups")).content.decode()
    with world.open():
        promise = CallNote.objects.get().public_id
        dispute = calls.log(owing.patient, Talk(CallKind.DISPUTE, "No"), invoice=owing, today=TODAY)
    assert client.post(reverse("billing:call-close", args=[promise]), {"outcome": "Paid"}).status_code == 302
    assert "Pays today" not in client.get(reverse("billing:follow-ups")).content.decode()
    end = reverse("billing:call-close", args=[dispute.public_id])
    assert client.post(end, {"outcome": "Mine"}).status_code == 409
    api = reverse("billing-api:call-close", args=[dispute.public_id])
    assert client.post(api, {"outcome": "Mine"}, content_type="application/json").status_code == 400
    client.force_login(world.users["biller"])
    assert client.post(end, {"outcome": "Explained"}).status_code == 302


@pytest.mark.rule("B13.calls")
def test_the_api_logs_reads_and_closes(client, world, owing):
    client.force_login(world.users["biller"])
    calls_url, patient = reverse("billing-api:calls"), owing.patient.public_id
    body = {"patient": patient, "invoice": owing.public_id, "kind": "dispute", "text": "Not mine"}
    headers = {"Idempotency-Key": "one"}
    made = client.post(calls_url, body, content_type="application/json", headers=headers)
    assert made.status_code == 201, made.content
    again = client.post(calls_url, body, content_type="application/json", headers=headers)
    assert (again.status_code, again.json()["id"]) == (200, made.json()["id"])
    other = client.post(
        calls_url, {**body, "invoice": "nothing"}, content_type="application/json",
        headers={"Idempotency-Key": "two"},
    )  # fmt: skip
    assert other.status_code == 404
    assert [row["id"] for row in client.get(calls_url, {"patient": patient}).json()] == [made.json()["id"]]
    due = reverse("billing-api:follow-ups")
    assert client.get(due).json() == []
    assert len(client.get(due, {"which": "disputes"}).json()) == 1
    assert client.get(due, {"which": "?"}).status_code == 400
    end = reverse("billing-api:call-close", args=[made.json()["id"]])
    closed = client.post(end, {"outcome": "Shown"}, content_type="application/json")
    assert (closed.status_code, closed.json()["state"]) == (200, "done")
