"""Pages and API of what is left, as a browser and a machine ask for them."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from billing import balances
from billing.checkout import check_out
from billing.models import Approval, LedgerTxn, PaymentPlan, PolicyRow
from tests.cast import make_patient, make_profile, make_visit, make_world

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world():
    return make_world()


@pytest.fixture
def owing(world):
    with world.open():
        patient = make_patient()
        visit = make_visit(world, patient, make_profile(patient))
        return check_out(visit.public_id, [], at=timezone.now()).invoice


@pytest.fixture
def sign_in(client, world):
    def sign(role):
        client.force_login(world.users[role])
        return client

    return sign


def url(name, *arguments, api=False):
    return reverse(f"billing{'-api' if api else ''}:{name}", args=arguments)


def test_a_plan_from_the_patients_page_to_its_schedule(sign_in, world, owing):
    biller = sign_in("biller")
    patient = owing.patient.public_id
    assert "Payment plan" in biller.get(url("patient-balance", patient)).content.decode()
    page = biller.get(url("plan-new", patient)).content.decode()
    assert "50.00" in page
    first = timezone.now().date() + timedelta(days=20)
    typed = {"count": "2", "frequency": "monthly", "start_on": first.isoformat(), "statements": "hold"}
    offered = biller.get(url("plan-offer", patient), typed).content.decode()
    assert offered.count("75.00") == 2
    for bad in (
        {"count": "0"},
        {"count": "9"},
        {"start_on": "2001-01-01"},
        {"count": "", "instalment": "1.005"},
    ):
        assert biller.post(url("plan-new", patient), {**typed, **bad}).status_code == 400, bad
    made = biller.post(url("plan-new", patient), {**typed, "idempotency_key": "p"})
    again = biller.post(url("plan-new", patient), {**typed, "idempotency_key": "p"})
    assert made.status_code == 302
    assert made["Location"] == again["Location"]
    assert "75.00" in biller.get(made["Location"]).content.decode()
    assert biller.get(made["Location"] + "schedule/").content.startswith(b"%PDF-")
    assert "150.00" in biller.get(url("plans")).content.decode()
    assert biller.get(url("plans") + "?format=csv").content.startswith(b"Patient,")
    assert biller.post(made["Location"] + "end/", {"reason": "moved"}).status_code == 302
    with world.open():
        assert PaymentPlan.objects.get().state == "cancelled"
    assert sign_in("front_desk").get(url("plan-new", patient)).status_code == 403


def test_a_request_goes_from_one_person_to_another(sign_in, world, owing):
    biller = sign_in("biller")
    page = url("write-off", owing.public_id)
    body = {
        "party": "patient",
        "type": "administrative",
        "amount": "60.00",
        "reason": "twice",
        "idempotency_key": "w",
    }
    refused = biller.post(page, body)
    assert refused.status_code == 400
    assert "Ask another person" in refused.content.decode()
    assert biller.post(page, {**body, "ask": "1"}).status_code == 302
    with world.open():
        row = Approval.objects.get().public_id
    assert "You asked for this" in biller.get(url("approval", row)).content.decode()
    assert biller.post(url("approval", row), {"answer": "approve"}).status_code == 409
    admin = sign_in("admin")
    assert "administrative" in admin.get(url("approvals")).content.decode().lower()
    assert admin.post(url("approval", row), {"answer": "approve"}).status_code == 302
    listed = admin.get(url("write-off-list")).content.decode()
    assert "60.00" in listed
    with world.open():
        txn = LedgerTxn.objects.get(kind="writeoff").public_id
        assert balances.patient_due(owing.patient_id) == Decimal("90.00")
    assert admin.get(url("undo-write-off", txn)).status_code == 200
    assert admin.post(url("undo-write-off", txn), {"reason": "no", "idempotency_key": "u"}).status_code == 302
    with world.open():
        assert balances.patient_due(owing.patient_id) == Decimal("150.00")


def test_policies_terms_and_small_balances_have_pages(sign_in, world):
    admin = sign_in("admin")
    row = {
        "subject": "small_balance_limit",
        "value": "4.99",
        "state": "il",
        "effective_on": "2026-01-01",
        "source": "law",
    }
    assert admin.post(url("policies"), row).status_code == 302
    assert admin.post(url("policies"), row).status_code == 400
    assert admin.post(url("policies"), {**row, "state": "I1"}).status_code == 400
    assert "4.99" in admin.get(url("policies")).content.decode()
    with world.open():
        assert admin.post(url("end-policy", PolicyRow.objects.get().public_id)).status_code == 302
    assert admin.post(url("write-off-terms"), {"type": "courtesy", "gl_code": "1"}).status_code == 302
    assert admin.post(url("write-off-terms"), {"type": "nothing"}).status_code == 400
    assert admin.get(url("small-balances")).status_code == 200
    assert admin.post(url("small-balances"), {"amount": "1.00", "idempotency_key": "s"}).status_code == 409
    assert sign_in("biller").post(url("small-balances"), {"amount": "1.00"}).status_code == 403


def test_the_api_says_the_same(sign_in, world, owing):
    admin = sign_in("admin")

    def post(name, body, *arguments, key=""):
        headers = {"HTTP_IDEMPOTENCY_KEY": key} if key else {}
        return admin.post(url(name, *arguments, api=True), body, content_type="application/json", **headers)

    start = (timezone.now().date() + timedelta(days=9)).isoformat()
    asked = {"patient": owing.patient.public_id, "count": 3, "start_on": start}
    made = post("plans", asked, key="p")
    assert made.status_code == 201
    assert [row["amount"] for row in made.json()["instalments"]] == ["50.00"] * 3
    assert post("plans", asked, key="p").json()["id"] == made.json()["id"]
    assert post("plans", asked, key="q").json()["error"]["code"] == "stopped", "all of it is on a plan"
    one = made.json()["id"]
    assert admin.get(url("plan", one, api=True)).json()["left"] == "150.00"
    assert admin.get(url("plan-schedule", one, api=True)).content.startswith(b"%PDF-")
    assert post("plan-end", {"reason": "moved"}, one).json()["state"] == "cancelled"
    big = {"invoice": owing.public_id, "type": "courtesy", "amount": "600.00", "reason": "x"}
    assert post("approvals", big).status_code == 400, "more than is owed"
    assert post("approvals", {**big, "amount": "20.00"}).json()["error"]["code"] == "not_needed"
    row = {"subject": "statement_notice", "value": "Hello", "effective_on": "2026-01-01", "source": "law"}
    saved = post("policies", row)
    assert saved.status_code == 201
    assert admin.get(url("policies", api=True)).json()["rows"][0]["value"] == "Hello"
    assert post("end-policy", {}, saved.json()["id"]).json()["ends_on"]
    assert admin.get(url("small-balances", api=True)).json() == {"amount": "0.00", "lines": []}
    assert post("small-balances", {"amount": "1.00"}).status_code == 400


def test_a_round_of_statements_has_its_page_and_one_pdf(sign_in, world, owing):
    from billing import statement_batches
    from billing.tasks import review_plans

    biller = sign_in("biller")
    with world.open("biller@alder.example"):
        now = timezone.now()
        job = statement_batches.start(world.location, at=now, today=now.date())
    statement_batches.run(world.clinic.pk, job.pk)
    page = biller.get(url("statement-round", job.public_id)).content.decode()
    assert "One PDF of 1 statement" in page
    printed = biller.post(url("statement-round-print", job.public_id))
    assert printed.content.startswith(b"%PDF-")
    with world.open():
        job.refresh_from_db()
        assert job.result_url == url("statement-round", job.public_id)
    assert review_plans() == 0
