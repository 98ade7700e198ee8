"""/api/v1/ of the billing room: shapes, exactness, once, and who may./"""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from billing import balances
from billing.checkout import check_out
from billing.hooks import LIVE_CLAIMS
from billing.models import Receipt
from billing.payments import Payment
from tests.cast import PASSWORD, make_patient, make_policy, make_profile, make_visit, make_world

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world():
    return make_world()


@pytest.fixture
def visit(world):
    with world.open():
        patient = make_patient()
        return make_visit(world, patient, make_profile(patient, make_policy(patient, world.aetna)))


def api(world, role="front_desk"):
    client = APIClient()
    client.force_login(world.users[role])
    return client


def cash(world, amount="25.00", **fields):
    return {"method": world.cash.public_id, "amount": amount, "memo": "copay", **fields}


def test_preview_then_check_out_once(world, visit):
    desk = api(world)
    path = f"/api/v1/visits/{visit.public_id}/checkout/"
    preview = desk.get(path).json()
    assert (preview["total"], preview["copay"], preview["collect_today"]) == ("150.00", "25.00", "25.00")
    assert preview["lines"][0]["trace"]
    body = {"payments": [cash(world)]}
    first = desk.post(path, body, format="json", HTTP_IDEMPOTENCY_KEY="a1")
    again = desk.post(path, body, format="json", HTTP_IDEMPOTENCY_KEY="a1")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["invoice"]["id"] == again.json()["invoice"]["id"]
    assert again.json()["receipts"] == first.json()["receipts"]
    other = desk.post(path, {"payments": [cash(world, "26.00")]}, format="json", HTTP_IDEMPOTENCY_KEY="a1")
    assert other.status_code == 422
    without = desk.post(path, {"payments": []}, format="json")
    assert (without.status_code, without.json()["already"]) == (200, True)
    charge = first.json()["invoice"]["charges"][0]["id"]
    why = desk.get(f"/api/v1/charges/{charge}/why/").json()
    assert (why["amount"], why["rule"]) == ("150.00", "default_price")


@pytest.mark.rule("B3")
@pytest.mark.parametrize("amount", ["25.005", "-1.00", "0.00", "1e2000", "NaN", "", None, "25,00"])
def test_amounts_that_are_refused(world, visit, amount):
    answer = api(world).post(
        f"/api/v1/visits/{visit.public_id}/checkout/", {"payments": [cash(world, amount)]}, format="json"
    )
    assert answer.status_code == 400
    with world.open():
        assert Receipt.objects.count() == 0


@pytest.mark.rule("B3")
def test_the_insurance_method_answers_400_with_the_reason(world, visit):
    paid = {"method": world.insurance_method.public_id, "amount": "25.00"}
    for path, body in (
        (f"/api/v1/visits/{visit.public_id}/checkout/", {"payments": [paid]}),
        ("/api/v1/payments/", {**paid, "patient": visit.patient.public_id}),
    ):
        answer = api(world).post(path, body, format="json")
        assert answer.status_code == 400
        assert answer.json()["error"]["code"] == "insurance_method"
        assert "claim response" in answer.json()["error"]["message"]


def test_payment_reversal_refund_and_balance(world, visit):
    with world.open():
        check_out(visit.public_id, [], at=timezone.now())
    patient = visit.patient.public_id
    biller, owner = api(world, "biller"), api(world, "owner")
    owner.post("/accounts/reauthenticate/", {"password": PASSWORD})
    body = {**cash(world, "40.00"), "patient": patient}
    taken = biller.post("/api/v1/payments/", body, format="json", HTTP_IDEMPOTENCY_KEY="p1").json()
    assert (taken["amount"], taken["credit_left"]) == ("40.00", "15.00")
    assert (
        biller.post("/api/v1/payments/", body, format="json", HTTP_IDEMPOTENCY_KEY="p1").json()["id"]
        == taken["id"]
    )
    assert len(biller.get(f"/api/v1/payments/?patient={patient}").json()) == 1
    wanted = {"patient": patient, "amount": "15.00", "reason": "moved"}
    assert biller.post("/api/v1/refunds/", wanted, format="json").status_code == 403
    assert owner.post("/api/v1/refunds/", wanted, format="json").status_code == 400, "no key"
    refunded = owner.post("/api/v1/refunds/", wanted, format="json", HTTP_IDEMPOTENCY_KEY="r1")
    assert (refunded.status_code, refunded.json()["free_credit"]) == (201, "0.00")
    refused = biller.post(f"/api/v1/payments/{taken['id']}/reverse/", {"reason": "bounced"}, format="json")
    assert refused.json()["error"]["code"] == "already_refunded"
    shown = biller.get(f"/api/v1/patients/{patient}/balance/").json()
    assert (shown["patient_due"], shown["insurers"]) == ("0.00", [{"name": "Aetna", "amount": "125.00"}])


def test_a_credit_that_was_used_is_taken_back_with_its_payment(world, visit):
    """40.00 pays 25.00 today and 15.00 of the next copay; bounced, both are owed again."""
    with world.open():
        check_out(visit.public_id, [Payment(world.check, Decimal("40.00"), "", "77")], at=timezone.now())
        later = make_visit(world, visit.patient, visit.profile, world.exam)
        check_out(later.public_id, [], at=timezone.now())
        assert balances.patient_due(visit.patient_id) == Decimal("10.00")
        receipt = Receipt.objects.get().public_id
    biller = api(world, "biller")
    for _ in range(2):
        answer = biller.post(f"/api/v1/payments/{receipt}/reverse/", {"reason": "bounced"}, format="json")
        assert (answer.status_code, answer.json()["reversed"]) == (200, True)
    with world.open():
        assert balances.patient_due(visit.patient_id) == Decimal("50.00")
        assert balances.patient_credit(visit.patient_id).free == Decimal("0.00")


def test_invoices_write_offs_void_and_statements(world, visit, monkeypatch):
    with world.open():
        invoice = check_out(visit.public_id, [], at=timezone.now()).invoice.public_id
    biller = api(world, "biller")
    wanted = {"invoice": invoice, "type": "financial_assistance", "amount": "5.00", "reason": "rounding"}
    assert biller.post("/api/v1/write-offs/", wanted, format="json").json()["error"]["code"] == "key_needed"
    done = biller.post("/api/v1/write-offs/", wanted, format="json", HTTP_IDEMPOTENCY_KEY="w1")
    assert (done.status_code, done.json()["patient_open"], done.json()["written_off"]) == (
        201,
        "20.00",
        "5.00",
    )
    assert api(world).post("/api/v1/write-offs/", wanted, format="json").status_code == 403
    statement = biller.post(
        "/api/v1/statements/", {"patient": visit.patient.public_id}, format="json", HTTP_IDEMPOTENCY_KEY="s1"
    )
    assert (statement.status_code, statement.json()["balance"]) == (201, "20.00")
    one = statement.json()["id"]
    assert biller.get(f"/api/v1/statements/{one}/").json()["snapshot"]["balance"] == "20.00"
    assert biller.get(f"/api/v1/statements/{one}/pdf/").content.startswith(b"%PDF-")
    monkeypatch.setattr(LIVE_CLAIMS, "_answer", lambda row: ["K7"])
    blocked = biller.post(f"/api/v1/invoices/{invoice}/void/", {"reason": "wrong"}, format="json")
    assert (blocked.status_code, blocked.json()["error"]["code"]) == (409, "cannot_void")
    monkeypatch.setattr(LIVE_CLAIMS, "_answer", lambda row: [])
    voided = biller.post(f"/api/v1/invoices/{invoice}/void/", {"reason": "wrong"}, format="json")
    assert (voided.json()["state"], voided.json()["patient_open"]) == ("void", "0.00")
    assert len(biller.get(f"/api/v1/invoices/?patient={visit.patient.public_id}").json()) == 1


def test_other_clinics_and_missing_names_answer_alike(world, visit):
    birch = make_world("birch", world.clinic.company)
    stranger = api(birch, "owner")
    assert stranger.get(f"/api/v1/visits/{visit.public_id}/checkout/").status_code == 404
    assert stranger.get(f"/api/v1/invoices/?patient={visit.patient.public_id}").status_code == 404
    assert stranger.get("/api/v1/invoices/").status_code == 400
    assert stranger.get("/api/v1/statements/NOTTHERE/pdf/").status_code == 404
