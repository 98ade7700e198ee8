"""The billing room's pages as a browser asks for them."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from appointments.models import Appointment
from billing import balances
from billing.checkout import check_out
from billing.hooks import LIVE_CLAIMS
from billing.models import Invoice, LedgerTxn, PaymentMethod, Receipt, Statement
from billing.payments import Payment
from tests.cast import PASSWORD, make_patient, make_policy, make_profile, make_visit, make_world

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world():
    return make_world()


@pytest.fixture
def no_claims(monkeypatch):
    monkeypatch.setattr(LIVE_CLAIMS, "_answer", lambda invoice: [])


@pytest.fixture
def visit(world):
    with world.open():
        patient = make_patient()
        profile = make_profile(patient, make_policy(patient, world.aetna))
        return make_visit(world, patient, profile)


@pytest.fixture
def desk(client, world):
    client.force_login(world.users["front_desk"])
    return client


@pytest.fixture
def admin(client, world):
    client.force_login(world.users["admin"])
    return client


def url(name, *arguments):
    return reverse(f"billing:{name}", args=arguments)


def pay(world, **fields):
    return {
        "method": world.cash.public_id,
        "amount": "25.00",
        "memo": "copay",
        "idempotency_key": "k1",
        **fields,
    }


def test_the_page_shows_one_number_and_why(desk, world, visit):
    page = desk.get(url("check-out", visit.public_id)).content.decode()
    assert "Take 25.00 and check out" in page
    assert re.search(r'name="memo"[^>]*value="copay"', page)
    assert "autofocus" in page
    assert "Insurance</span>" not in page
    line = visit_line(world, visit)
    why = desk.get(url("why-line", visit.public_id, line)).content.decode()
    assert "Why 150.00?" in why
    assert "B17.7" in why


def visit_line(world, visit):
    with world.open():
        return visit.lines.get().public_id


@pytest.mark.rule("B2")
def test_check_out_in_one_step_and_the_second_click_changes_nothing(desk, world, visit):
    first = desk.post(url("check-out", visit.public_id), pay(world))
    second = desk.post(url("check-out", visit.public_id), pay(world))
    assert first.status_code == second.status_code == 302
    assert first["Location"] == second["Location"]
    with world.open():
        assert (Invoice.objects.count(), Receipt.objects.count()) == (1, 1)
        assert Appointment.objects.get().state == "checked_out"
    page = desk.get(first["Location"]).content.decode()
    assert "is checked out" in page
    assert "25.00" in page


def test_a_second_tab_does_not_take_the_money_twice(desk, world, visit):
    desk.post(url("check-out", visit.public_id), pay(world))
    answer = desk.post(url("check-out", visit.public_id), pay(world, idempotency_key="k2"))
    assert answer.status_code == 409
    with world.open():
        assert Receipt.objects.count() == 1


@pytest.mark.rule("B3")
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"amount": "-5.00"}, "more than 0.00"),
        ({"amount": "10.005"}, "at most two decimals"),
        ({"amount": "NaN"}, "at most two decimals"),
        ({"method": "insurance"}, "Insurance method is for what an insurer pays"),
        ({"method": "check"}, "needs its number"),
        ({"method": "check", "reference": "4111 1111 1111 1111"}, "looks like a card number"),
        ({"method": "nonsense"}, "Choose how it was paid"),
    ],
)
def test_what_cannot_be_taken_is_said_at_the_field_and_kept(desk, world, visit, change, words):
    names = {"insurance": world.insurance_method.public_id, "check": world.check.public_id}
    change = {
        **change,
        "method": names.get(change.get("method", ""), change.get("method", world.cash.public_id)),
    }
    answer = desk.post(url("check-out", visit.public_id), pay(world, **change, handed="99.00"))
    page = answer.content.decode()
    assert answer.status_code == 400
    assert words in page
    assert 'value="99.00"' in page
    assert f'name="amount" value="{change.get("amount", "25.00")}"' in page
    with world.open():
        assert (Invoice.objects.count(), LedgerTxn.objects.count(), Receipt.objects.count()) == (0, 0, 0)
    fixed = desk.post(url("check-out", visit.public_id), pay(world))
    assert fixed.status_code == 302, "a refused form keeps its key free"


def test_two_methods_in_one_go(desk, world, visit):
    fields = pay(
        world, amount="10.00", split="1", method_2=world.check.public_id, amount_2="15.00", reference_2="1001"
    )
    assert desk.post(url("check-out", visit.public_id), fields).status_code == 302
    with world.open():
        assert sorted(Receipt.objects.values_list("amount", flat=True)) == [
            Decimal("10.00"),
            Decimal("15.00"),
        ]
        assert balances.patient_due(visit.patient_id) == Decimal("0.00")


def test_bill_it_later_takes_nothing(desk, world, visit):
    assert desk.post(url("check-out", visit.public_id), pay(world, later="1")).status_code == 302
    with world.open():
        assert Receipt.objects.count() == 0
        assert balances.patient_due(visit.patient_id) == Decimal("25.00")


def test_a_visit_that_has_not_arrived_is_told_so(desk, world, visit):
    with world.open():
        Appointment.objects.update(state="scheduled")
    assert "Mark it arrived first" in desk.get(url("check-out", visit.public_id)).content.decode()
    answer = desk.post(url("check-out", visit.public_id), pay(world))
    assert answer.status_code == 409
    with world.open():
        assert Invoice.objects.count() == 0


def test_another_clinic_finds_nothing(client, world, visit):
    birch = make_world("birch", world.clinic.company)
    client.force_login(birch.users["front_desk"])
    assert client.get(url("check-out", visit.public_id)).status_code == 404
    assert client.get(url("patient-balance", visit.patient.public_id)).status_code == 404


def checked_out(world, visit, paid=""):
    with world.open("front_desk@alder.example"):
        handed = [Payment(world.cash, Decimal(paid))] if paid else []
        return check_out(visit.public_id, handed, at=timezone.now()).invoice


def test_a_payment_without_a_visit_shows_its_split_first(desk, world, visit):
    checked_out(world, visit)
    patient = visit.patient.public_id
    part = desk.get(url("payment-split", patient), {"amount": "40.00"}).content.decode()
    assert "Credit on account" in part
    assert "15.00" in part
    answer = desk.post(url("take-payment", patient), pay(world, amount="40.00", memo=""))
    assert answer.status_code == 302
    assert "25.00" in desk.get(answer["Location"]).content.decode()
    with world.open():
        assert balances.patient_credit(visit.patient_id).free == Decimal("15.00")
    bad = desk.post(url("take-payment", patient), pay(world, amount="1.234", idempotency_key="k9"))
    assert bad.status_code == 400
    assert "1.234" in bad.content.decode()


def test_refund_is_the_owners_and_never_more_than_the_credit(client, world, visit):
    checked_out(world, visit, "40.00")
    patient = visit.patient.public_id
    client.force_login(world.users["biller"])
    assert client.get(url("refund", patient)).status_code == 403
    client.force_login(world.users["owner"])
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    over = client.post(
        url("refund", patient), {"amount": "15.01", "reason": "moved", "idempotency_key": "r0"}
    )
    assert over.status_code == 400
    assert "Only 15.00" in over.content.decode()
    body = {"amount": "15.00", "reason": "moved away", "idempotency_key": "r1"}
    assert client.post(url("refund", patient), body).status_code == 302
    assert client.post(url("refund", patient), body).status_code == 302
    with world.open():
        assert balances.patient_credit(visit.patient_id).free == Decimal("0.00")
    empty = client.get(url("refund", patient)).content.decode()
    assert "There is nothing to give back" in empty
    assert "Give it back" not in empty


def test_a_bounced_check_is_owed_again(client, world, visit):
    checked_out(world, visit, "40.00")
    with world.open():
        receipt = Receipt.objects.get()
    client.force_login(world.users["front_desk"])
    assert client.get(url("reverse-payment", receipt.public_id)).status_code == 403
    client.force_login(world.users["biller"])
    assert client.post(url("reverse-payment", receipt.public_id), {"reason": "bounced"}).status_code == 302
    assert "Taken back" in client.get(url("receipt", receipt.public_id)).content.decode()
    with world.open():
        assert balances.patient_due(visit.patient_id) == Decimal("25.00")
        assert Receipt.objects.get().unapplied == Decimal("0.00")


def test_void_frees_the_visit_and_keeps_the_cash(admin, world, visit, no_claims):
    invoice = checked_out(world, visit, "25.00")
    answer = admin.post(
        url("void-invoice", invoice.public_id), {"reason": "wrong visit", "idempotency_key": "v"}
    )
    assert answer.status_code == 302
    assert "Void" in admin.get(answer["Location"]).content.decode()
    with world.open():
        assert Appointment.objects.get().state == "complete"
        assert balances.patient_credit(visit.patient_id).free == Decimal("25.00")
        assert balances.patient_due(visit.patient_id) == Decimal("0.00")
    page = admin.get(url("check-out", visit.public_id)).content.decode()
    assert "Check out, take nothing" in page, "the credit pays the copay"
    again = checked_out(world, visit)
    assert again.number != invoice.number


def test_void_refuses_while_a_claim_stands_or_nobody_can_tell(admin, world, visit, monkeypatch):
    invoice = checked_out(world, visit)
    monkeypatch.setattr(LIVE_CLAIMS, "_answer", None)
    assert "cannot be told" in admin.get(url("void-invoice", invoice.public_id)).content.decode()
    monkeypatch.setattr(LIVE_CLAIMS, "_answer", lambda invoice: ["7QK4M2V9X"])
    answer = admin.post(url("void-invoice", invoice.public_id), {"reason": "wrong"})
    assert answer.status_code == 400
    assert "7QK4M2V9X" in answer.content.decode()
    with world.open():
        assert Invoice.objects.get().state == "open"


def test_pages_of_an_invoice_and_a_balance(desk, world, visit):
    invoice = checked_out(world, visit, "10.00")
    for name, key in (
        ("invoice", invoice.public_id),
        ("invoice-print", invoice.public_id),
        ("patient-balance", visit.patient.public_id),
        ("explain", visit.patient.public_id),
    ):
        answer = desk.get(url(name, key))
        assert answer.status_code == 200, name
        assert "15.00" in answer.content.decode(), name
    story = desk.get(url("explain", visit.patient.public_id)).content.decode()
    assert "The visit cost 150.00. 125.00 was asked of Aetna, 25.00 is the patient&#x27;s part." in story
    assert "The patient paid 10.00 (Cash)." in story
    with world.open():
        charge = invoice.charges.get().public_id
    assert "Why 150.00?" in desk.get(url("why", charge)).content.decode()


def test_a_statement_from_preview_to_pdf(client, world, visit):
    checked_out(world, visit)
    client.force_login(world.users["biller"])
    patient = visit.patient.public_id
    assert "Issue statement of 25.00" in client.get(url("statement-preview", patient)).content.decode()
    answer = client.post(url("statement-preview", patient), {"idempotency_key": "s1"})
    assert answer.status_code == 302
    client.post(url("statement-preview", patient), {"idempotency_key": "s1"})
    with world.open():
        statement = Statement.objects.get()
    pdf = client.get(url("statement-pdf", statement.public_id))
    assert pdf.content.startswith(b"%PDF-")
    assert client.get(url("statement-pdf", statement.public_id)).content == pdf.content
    assert statement.number in client.get(url("statements")).content.decode()
    assert client.get(url("statement", statement.public_id)).status_code == 200


def test_nothing_due_is_no_statement(client, world, visit):
    checked_out(world, visit, "25.00")
    client.force_login(world.users["biller"])
    answer = client.post(url("statement-preview", visit.patient.public_id), {"idempotency_key": "s1"})
    assert answer.status_code == 409
    assert "owes nothing" in answer.content.decode()


@pytest.mark.rule("B10")
def test_write_offs_have_types_limits_and_reasons(client, world, visit):
    invoice = checked_out(world, visit)
    client.force_login(world.users["biller"])
    page = url("write-off", invoice.public_id)
    assert client.get(page).status_code == 200

    def post(**fields):
        body = {
            "party": "patient",
            "type": "financial_assistance",
            "amount": "5.00",
            "reason": "rounding",
            **fields,
        }
        return client.post(page, body)

    for fields, words in (
        ({"amount": "26.00"}, "more than the patient owes"),
        ({"party": "1", "type": "contractual", "amount": "60.00"}, "may write off 50.00"),
        ({"type": "timely_filing"}, "not for what the patient owes"),
        ({"type": "small_balance"}, "has not answered yet"),
        ({"type": "courtesy"}, "decided by an admin"),
        ({"reason": ""}, "required"),
        ({"amount": "1.001"}, "two decimals"),
    ):
        answer = post(**fields, idempotency_key=f"bad{words}")
        assert answer.status_code == 400, fields
        assert words in answer.content.decode(), fields
    assert post(idempotency_key="w1").status_code == 302
    assert post(idempotency_key="w1").status_code == 302
    with world.open():
        assert balances.patient_due(visit.patient_id) == Decimal("20.00")
    client.force_login(world.users["admin"])
    assert post(party="1", type="contractual", amount="125.00", idempotency_key="w2").status_code == 302
    with world.open():
        line = balances.invoices([invoice.pk])[invoice.pk]
        assert (line.insurer_open, line.written_off) == (Decimal("0.00"), Decimal("130.00"))


def test_settings_pages(admin, world):
    assert admin.get(url("payment-methods")).status_code == 200
    body = {"name": "HSA card", "position": "4", "is_active": "on", "needs_reference": "on"}
    assert admin.post(url("payment-methods"), body).status_code == 302
    assert admin.post(url("payment-methods"), body).status_code == 400
    with world.open():
        assert PaymentMethod.objects.get(name="HSA card").kind == "patient"
    change = admin.post(
        url("payment-methods"), {"method": world.insurance_method.public_id, "name": "X", "position": 1}
    )
    assert change.status_code == 404, "Insurance is the system's own"
    assert admin.get(url("fees")).status_code == 200
    with world.open():
        from billing.models import FeeSchedule

        schedule = FeeSchedule.objects.get().public_id
    fee = {
        "schedule": schedule,
        "service": world.adjustment.public_id,
        "effective_on": "2026-01-01",
        "fee": "90.00",
    }
    assert admin.post(url("fees"), fee).status_code == 302
    assert admin.post(url("fees"), fee).status_code == 400
    assert admin.post(url("fees"), {**fee, "fee": "1.005"}).status_code == 400


def test_an_invoice_is_closed_when_nobody_owes(world, visit):
    with world.open():
        patient = make_patient("Lee", "Stone")
        selfpay = make_visit(world, patient, make_profile(patient))
    assert checked_out(world, selfpay, "150.00").state == "closed"
    assert checked_out(world, visit, "25.00").state == "open", "the insurer still owes"


@pytest.mark.rule("B17.0")
def test_every_charge_says_why_on_the_invoice_and_on_the_patients_page(desk, world, visit):
    with world.open():
        invoice = check_out(visit.public_id, [], at=timezone.now()).invoice
        charge = invoice.charges.get()
        patient = visit.patient.public_id
    assert url("why", charge.public_id) in desk.get(url("invoice", invoice.public_id)).content.decode()
    assert url("invoice-why", invoice.public_id) in desk.get(url("patient-balance", patient)).content.decode()
    for address in (url("why", charge.public_id), url("invoice-why", invoice.public_id)):
        told = desk.get(address).content.decode()
        for words in (
            "Why 150.00?",
            "B17.3.6",
            "The service&#x27;s own price from 2020-01-01: 150.00.",
            "B17.7",
        ):
            assert words in told
