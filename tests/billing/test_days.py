"""The day's close: it ties or says what breaks it, twice is refused, late money goes on, two owners reopen (B13)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from billing import approvals, days, drawers, payments, verification
from billing.checkout import check_out
from billing.errors import CannotClose, CannotDecide
from billing.models import Approval, DayClose, Invoice, LedgerTxn, Receipt
from billing.payments import Payment
from claims.models import Claim
from clinics.models import Membership, User
from clinics.roles import Role
from lib.dates import local_day
from responses import deposits
from responses.models import BankLine, Remittance
from tests.billing.test_checkout_races import together
from tests.cast import (
    NOW,
    PASSWORD,
    TODAY,
    make_patient,
    make_policy,
    make_profile,
    make_visit,
    make_world,
)
from tests.responses.stage import MEDICARE, answer, claimed, clp, set_up

D = Decimal


@pytest.fixture
def world():
    return make_world()


def paid_visit(world, amount="25.00", last="Okafor"):
    patient = make_patient(last=last)
    visit = make_visit(world, patient, make_profile(patient, make_policy(patient, world.aetna)))
    return check_out(visit.public_id, [Payment(world.cash, D(amount), "copay")], at=NOW).invoice


def count_drawer(world, person="tester"):
    opened = drawers.open_drawer(world.location, person)
    drawers.close(world.location, person, dict(opened.methods), seen=opened.system, day=TODAY)


def broken(world, day=TODAY):
    found = days.sheet(world.location, day, today=TODAY)
    return [(row.tie, row.amount) for row in found.breaks]


def url(name, *arguments, api=False):
    return reverse(f"billing{'-api' if api else ''}:{name}", args=arguments)


@pytest.mark.django_db(transaction=True)
@pytest.mark.rule("B13.day")
def test_a_day_closes_when_its_drawers_are_counted_and_twice_is_refused(world):
    with world.open():
        paid_visit(world)
        assert broken(world) == [("drawer", D("25.00"))]
        with (
            pytest.raises(CannotClose, match=r"tester has not counted at Alder Main: Cash 25.00"),
            transaction.atomic(),
        ):
            days.close(world.location, TODAY, today=TODAY)
    with world.open():
        count_drawer(world)
    with world.open():
        row = days.close(world.location, TODAY, today=TODAY)
        figures = row.sums["figures"]
        assert (figures["charges"], figures["methods"], figures["owed_after"]) == (
            "150.00",
            {"Cash": "25.00"},
            "125.00",
        )
        for day, code in (
            (TODAY, "closed_already"),
            (TODAY - timedelta(days=3), "closed_already"),
            (TODAY + timedelta(days=1), "day_ahead"),
        ):
            with pytest.raises(CannotClose) as refused, transaction.atomic():
                days.close(world.location, day, today=TODAY)
            assert refused.value.code == code
        paid_visit(world, "40.00", "Late")
        late = LedgerTxn.objects.filter(kind="receipt").latest("pk")
        assert (late.posted_on, late.effective_on) == (TODAY + timedelta(days=1), TODAY)
        with pytest.raises(IntegrityError, match="are closed"), transaction.atomic():
            LedgerTxn.objects.create(
                key="late",
                digest="x",
                kind="receipt",
                lines=2,
                posted_on=TODAY,
                effective_on=TODAY,
                actor="x",
            )
        found = days.sheet(world.location, TODAY + timedelta(days=1), today=TODAY + timedelta(days=1))
        assert (found.figures.owed_before, found.figures.charges) == (D("125.00"), D("150.00"))
        assert found.figures.rolls


@pytest.mark.django_db
@pytest.mark.rule("B13.day")
def test_what_breaks_the_insurers_side_is_named_and_mended(world):
    with world.open():
        set_up(world, autopay_claims="post")
        claim = claimed(world, world.medicare)
        posted = clp(claim, "1", "150.00", "100.00", ("CO", "45", "50.00"))
        answer(posted, plb=(("WO", "6.00"),), day="20260309", **MEDICARE)
        check = Remittance.objects.get()
        [tie] = deposits.deposits([check], TODAY)
        assert (tie.posted, tie.escrow, check.provider_total, tie.difference) == (
            D("100.00"),
            0,
            D("6.00"),
            0,
        )
        today = Receipt.objects.get().received_on
        assert days.sheet(world.location, today, today=today).breaks == ()
        line, _ = deposits.add_line(today, D("160.00"), "WIRE 77")
        other, _ = deposits.add_line(today, D("90.00"), check.trace_number)
        deposits.tie_by_hand(other, check, "")
        found = days.sheet(world.location, today, today=today)
        assert [(row.tie, row.amount) for row in found.breaks] == [
            ("bank", D("160.00")),
            ("bank", D("-4.00")),
        ]
        assert [row.subject for row in found.breaks] == [line.public_id, other.public_id]
        deposits.tie_by_hand(line, None, "a transfer of our own")
        deposits.tie_by_hand(BankLine.objects.get(pk=other.pk), check, "the bank kept 4.00")
        Invoice.objects.filter(pk=claim.invoice_id).update(state="void")
        Claim.objects.update(submitted_at=NOW)
        [row] = days.sheet(world.location, today, today=today).breaks
        assert (row.tie, row.subject) == ("claim", claim.public_id)
        Invoice.objects.filter(pk=claim.invoice_id).update(state="open")
        claim.lines.update(amount=D("149.00"))
        found = days.sheet(world.location, today, today=today)
        assert [(row.tie, row.amount) for row in found.breaks] == [
            ("claim", D("-1.00")),
            ("claim", D("1.00")),
        ]
        Remittance.objects.update(provider_total=D("7.00"))
        assert ("receipt", D("1.00")) in [
            (row.tie, row.amount) for row in days.sheet(world.location, today, today=today).breaks
        ]


@pytest.mark.django_db(transaction=True)
@pytest.mark.rule("B13.day")
def test_only_an_owner_closes_over_a_break_and_the_list_is_kept(client, world):
    today = local_day(timezone.now(), world.location.time_zone)
    with world.open():
        paid_visit(world)
    body = {"day": today.isoformat(), "note": "till was stolen"}
    for role, status in (
        ("front_desk", 403),
        ("auditor", 403),
        ("biller", 409),
        ("admin", 409),
        ("owner", 201),
    ):
        client.force_login(world.users[role])
        sheet = client.get(url("day-sheet", api=True) + f"?day={today}")
        assert sheet.status_code == (403 if role == "front_desk" else 200)
        answer = client.post(url("day-closes", api=True), body, content_type="application/json")
        assert answer.status_code == status, role
    assert answer.json()["sums"]["breaks"][0]["tie"] == "drawer"
    client.force_login(world.users["owner"])
    assert client.get(url("day-sheet", api=True) + "?day=3rd").status_code == 400
    assert b"The books are closed through" in client.get(url("day")).content
    assert client.get(url("closed-days") + "?format=csv").content.count(b"till was stolen") == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.rule("B13.day")
def test_a_payment_that_races_the_close_is_in_its_sums_or_on_the_next_day(world):
    """Real transactions on two connections, several rounds; the sums of the close are those of the ledger."""
    for number in range(6):
        day = TODAY + timedelta(days=number)
        with world.open():
            patient = make_patient(last=f"Race{number}")

        def pay(patient=patient, day=day):
            with world.open("payer"):
                row = payments.take(
                    patient, Payment(world.cash, D("10.00")), [], location=world.location, today=day
                )
                return LedgerTxn.objects.get(key=f"receipt:{row.public_id}").posted_on

        def close(day=day):
            with world.open("closer"):
                return days.close(world.location, day, today=day, note="race", over_breaks=True)

        posted_on, row = together(pay, close)
        inside = posted_on == day
        assert inside or posted_on == day + timedelta(days=1)
        with world.open():
            on_day = LedgerTxn.objects.filter(posted_on=day, kind="receipt").count()
            counted = D(row.sums["figures"]["methods"].get("Cash", "0.00")) / 10
            assert counted == on_day, "what is posted on a closed day is in its sums"
    with world.open():
        assert not [check for check in verification.run().values() if check.violations]


@pytest.mark.django_db(transaction=True)
@pytest.mark.rule("B13.day")
def test_two_people_close_at_one_instant_and_one_does(world):
    def close():
        with world.open("closer"):
            return days.close(world.location, TODAY, today=TODAY)

    found = together(close, close)
    assert sorted(type(each).__name__ for each in found) == ["CannotClose", "DayClose"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.rule("B13.reopen")
def test_two_owners_reopen_the_last_day_and_nobody_else(client, world):
    today = local_day(timezone.now(), world.location.time_zone)
    with world.open():
        first = days.close(world.location, today - timedelta(days=1), today=today)
        row = days.close(world.location, today, today=today)
    for role in ("biller", "admin", "company_biller", "auditor", "front_desk"):
        client.force_login(world.users[role])
        assert client.post(url("reopen-day", row.public_id), {"reason": "x"}).status_code == 403, role
    second = User.objects.create(email="second@alder.example", password=world.users["owner"].password)
    Membership.objects.create(user=second, clinic=world.clinic, role=Role.OWNER)
    client.force_login(world.users["owner"])
    page, by_api = url("reopen-day", row.public_id), url("reopen-day", row.public_id, api=True)
    assert client.post(page, {"reason": "a deposit was missed"})["Location"].startswith(
        "/accounts/reauthenticate/"
    )
    assert client.post(by_api, {"reason": "x"}).json()["error"]["code"] == "sign_in_again"
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    assert b"Another owner has to approve it" in client.get(page).content
    early = client.post(url("reopen-day", first.public_id), {"reason": "x"})
    assert (early.status_code, b"reopen that day first" in early.content) == (409, True)
    body = {"reason": "a deposit was missed", "idempotency_key": "r"}
    assert client.post(page, body).status_code == 302
    assert client.post(page, {**body, "idempotency_key": "r2"}).status_code == 409, "asked already"
    with world.open():
        asked = Approval.objects.get()
        assert DayClose.objects.get(pk=row.pk).reopened_at is None
    approve = url("approval", asked.public_id)
    assert client.post(approve, {"answer": "approve"}).status_code == 409, "who asked cannot approve"
    client.force_login(world.users["admin"])
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    assert client.post(approve, {"answer": "approve"}).status_code == 409, "an admin has no right to it"
    client.force_login(second)
    assert client.post(approve, {"answer": "approve"})["Location"].startswith("/accounts/reauthenticate/")
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    assert client.post(approve, {"answer": "approve"}).status_code == 302
    with world.open():
        row.refresh_from_db()
        assert (row.reopened_by, row.reopen_reason) == ("second@alder.example", "a deposit was missed")
        again = days.close(world.location, today, today=today)
        assert [each.pk for each in days.closes()][:2] == [again.pk, row.pk]
    assert b"Reopened" in client.get(url("closed-days")).content


@pytest.mark.django_db(transaction=True)
@pytest.mark.rule("B13.reopen")
def test_the_only_owner_reopens_alone_with_a_reason(client, world):
    today = local_day(timezone.now(), world.location.time_zone)
    with world.open():
        row = days.close(world.location, today, today=today)
    client.force_login(world.users["owner"])
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    page = url("reopen-day", row.public_id)
    assert b"You are the only owner" in client.get(page).content
    assert client.post(page, {"reason": ""}).status_code == 400
    assert client.post(page, {"reason": "a deposit was missed"}).status_code == 302
    with world.open():
        row.refresh_from_db()
        assert (row.reopened_by, row.reopen_reason) == ("owner@alder.example", "a deposit was missed")
        with pytest.raises(CannotClose, match="reopened already"):
            days.check_reopen(row)


@pytest.mark.django_db(transaction=True)
@pytest.mark.rule("B3.refund")
def test_an_admins_refund_waits_for_another_person_and_an_owners_for_a_fresh_sign_in(client, world):
    with world.open():
        invoice = paid_visit(world, "65.00")
    patient = invoice.patient
    body = {"amount": "40.00", "reason": "moved away", "idempotency_key": "a"}
    client.force_login(world.users["admin"])
    assert b"Ask for the refund" in client.get(url("refund", patient.public_id)).content
    assert client.post(url("refund", patient.public_id), {**body, "amount": "40.01"}).status_code == 400
    assert client.post(url("refund", patient.public_id), body).status_code == 302
    with world.open():
        asked = Approval.objects.get()
        assert not LedgerTxn.objects.filter(kind="refund").exists()
        with pytest.raises(CannotDecide), transaction.atomic():
            approvals.approve(asked, role="biller", today=TODAY, at=NOW)
    assert client.post(url("approval", asked.public_id), {"answer": "approve"}).status_code == 409
    client.force_login(world.users["owner"])
    assert client.get(url("refund", patient.public_id))["Location"].startswith("/accounts/reauthenticate/")
    api = {"patient": patient.public_id, "amount": "5.00", "reason": "moved"}
    head = {"HTTP_IDEMPOTENCY_KEY": "o", "content_type": "application/json"}
    assert client.post(url("refunds", api=True), api, **head).status_code == 403
    assert client.post(url("approval", asked.public_id), {"answer": "approve"}).status_code == 302
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    assert client.post(url("refunds", api=True), api, **head).json()["error"]["code"] == "refund_over_credit"
    with world.open():
        assert sum(entry.amount for entry in LedgerTxn.objects.get(kind="refund").entries.all()) == 0
    client.force_login(world.users["admin"])
    again = {**body, "amount": "10.00", "idempotency_key": "b"}
    assert client.post(url("refund", patient.public_id), again).status_code == 400, "nothing is free any more"


@pytest.mark.django_db
def test_the_databases_lock_is_the_closes_lock(world):
    """Closing takes whole what each posting takes shared: one key, in Python and in SQL."""
    with world.open(), connection.cursor() as cursor:
        days.close(world.location, TODAY, today=TODAY)
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ExclusiveLock' AND granted"
        )
        assert cursor.fetchone()[0] >= 1
