"""The copay loop and the scorecard's known benefits."""

from __future__ import annotations

from decimal import Decimal as D

import pytest
from django.urls import reverse

from billing import balances
from insurance.models import EligibilityCheck, Plan
from responses import copays, queries
from tests.cast import TODAY, make_world
from tests.responses.stage import AETNA, answer, claimed, clp, money, set_up

pytestmark = pytest.mark.django_db


@pytest.fixture
def posting():
    world = make_world()
    with world.open():
        set_up(world, autopay_claims="post", reversals="auto_if_exact")
        yield world


@pytest.mark.rule("B11.copay")
def test_the_payers_copay_is_less_the_rest_is_credit_and_the_plan_is_corrected_on_approval(client, posting):
    """25 collected; the payer leaves 15: 10 are credit. Approved, the next visit of the plan asks 15."""
    claim = claimed(posting, posting.aetna, paid="25.00")
    answer(clp(claim, "1", "150", "95", ("CO", "45", "40"), ("PR", "3", "15")), **AETNA)
    assert (money(claim.invoice).patient, balances.patient_credit(claim.patient_id).free) == (0, 10)
    [item] = copays.differing()
    plan = Plan.objects.get(public_id=item.public_id)
    assert (item.kind, item.known, item.told, item.is_reduction) == ("plan", D("25.00"), D("15.00"), True)
    page, body = reverse("responses:copays"), {"kind": "plan", "id": item.public_id, "amount": "15.00"}
    client.force_login(posting.users["biller"])
    assert "An admin corrects it" in client.get(page).content.decode()
    assert client.post(page, body).status_code == 403
    client.force_login(posting.users["admin"])
    assert "Set to 15.00" in client.get(page).content.decode()
    assert client.post(page, {**body, "amount": "14.00", "idempotency_key": "a"}).status_code == 400
    assert client.post(page, {**body, "idempotency_key": "b"}).status_code == 302
    plan.refresh_from_db()
    assert plan.copay_individual == 15
    assert copays.differing() == []
    second = claimed(posting, posting.aetna, last="Next", paid="15.00")
    assert (money(second.invoice).patient, money(second.invoice).paid_by_patient) == (0, 15)
    assert client.get(reverse("responses-api:copays")).json() == []


@pytest.mark.rule("B11.copay")
def test_a_deductible_is_no_copay_and_a_card_with_its_own_copay_is_corrected_alone(client, posting):
    claim = claimed(posting, posting.aetna, paid="25.00")
    answer(clp(claim, "1", "150", "85", ("CO", "45", "40"), ("PR", "1", "25")), **AETNA)
    assert copays.differing() == []
    other = claimed(posting, posting.aetna, last="Own")
    other.policy.copay_individual = D("40.00")
    other.policy.save()
    answer(clp(other, "1", "150", "80", ("CO", "45", "40"), ("PR", "3", "30"), icn="I2"), trace="T2", **AETNA)
    [item] = copays.differing()
    client.force_login(posting.users["owner"])
    [told] = client.get(reverse("responses-api:copays")).json()
    assert (told["kind"], told["known"], told["told"]) == ("card", "40.00", "30.00")
    body = {"kind": "card", "id": item.public_id, "amount": "30.00"}
    assert (
        client.post(reverse("responses-api:copays"), body, content_type="application/json").status_code == 200
    )
    other.policy.refresh_from_db()
    assert other.policy.copay_individual == 30


@pytest.mark.rule("B7.scorecard")
def test_the_scorecard_compares_the_patients_part_with_known_benefits(client, posting):
    """Allowed 110: the 271 left 60 of the deductible and 20 %: 60 + 10 = 70 expected; the payer told 80."""
    claim = claimed(posting, posting.aetna)
    EligibilityCheck.objects.create(
        policy=claim.policy, checked_on=TODAY, is_active=True, source="271",
        benefits={"deductible_left": "60.00", "coinsurance": "20"},
    )  # fmt: skip
    answer(clp(claim, "1", "150", "30", ("CO", "45", "40"), ("PR", "1", "60"), ("PR", "2", "20")), **AETNA)
    other = claimed(posting, posting.aetna, last="Card")
    answer(clp(other, "1", "150", "85", ("CO", "45", "40"), ("PR", "3", "25"), icn="I2"), trace="T2", **AETNA)
    [row] = queries.by_month()
    assert (row["benefits"], row["benefits_told"], row["sum_patient"]) == (
        D("95.00"),
        D("105.00"),
        D("105.00"),
    )
    client.force_login(posting.users["biller"])
    page = client.get(reverse("responses:by-month")).content.decode()
    assert "told 105.00" in page
    csv = client.get(reverse("responses:by-month"), {"format": "csv"}).content.decode().splitlines()
    assert csv[0].count(",") == csv[1].count(",")
    assert "105.00,105.00,95.00" in csv[1]
    [told] = client.get(reverse("responses-api:by-month")).json()
    assert (told["sum_patient"], told["benefits_told"], told["benefits"]) == ("105.00", "105.00", "95.00")
