"""What check-out asks today: copay + estimate + old balance - credit, nothing twice; and what becomes of it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from appointments.models import Appointment
from billing import balances, one_offs, payments, verification, voiding, writeoffs
from billing.checkout import check_out, preview
from billing.enums import WriteOffType
from billing.errors import BadPayment
from billing.models import Invoice, PatientFee, Receipt
from billing.payments import Payment
from billing.writeoffs import WriteOff
from claims import building
from clinics.settings import change
from insurance import payers, policies
from insurance.models import Policy
from tests.cast import (
    NOW,
    TODAY,
    World,
    make_patient,
    make_payer,
    make_policy,
    make_profile,
    make_visit,
    make_world,
)
from tests.responses.stage import answer, clp, set_up

pytestmark = [pytest.mark.django_db, pytest.mark.rule("B14.collect")]
D = Decimal
DEDUCTIBLE = {"coinsurance": "20.00", "deductible_left": "30.00"}


@pytest.fixture
def world() -> World:
    return make_world()


def card(world: World, figures: dict[str, str] | None) -> Policy:
    cigna = make_payer("Cigna", "62308", remit="1059403080")
    payers.save_rate(cigna, "98941", D("110.00"), TODAY.replace(month=1, day=1))
    row = make_policy(make_patient(), cigna, copay_individual=D("25.00"))
    if figures is not None:
        policies.record_eligibility(
            row, on=TODAY, is_active=True, note="Ann, ref 7", today=TODAY, figures=figures
        )
    return row


def visit_of(world: World, row: Policy, *more: Policy, **fields: object) -> Appointment:
    return make_visit(world, row.patient, make_profile(row.patient, row, *more), **fields)


def owes(world: World, patient: object, amount: str) -> None:
    item = one_offs.Item("Form", 1, D(amount))
    one_offs.issue(patient, [item], location=world.location, at=NOW, today=TODAY)


def has_credit(world: World, patient: object, amount: str) -> None:
    payments.take(patient, Payment(world.cash, D(amount)), [], location=world.location, today=TODAY)


def is_whole() -> bool:
    return not [row for row in verification.run().values() if row.violations]


@pytest.mark.parametrize(
    ("figures", "old", "credit", "estimate", "collect"),
    [
        (None, "", "", "0.00", "25.00"),
        ({"copay": "25.00"}, "", "", "0.00", "25.00"),
        ({"copay": "40.00"}, "", "", "15.00", "40.00"),
        (DEDUCTIBLE, "", "", "21.00", "46.00"),
        (DEDUCTIBLE, "30.00", "", "21.00", "76.00"),
        (DEDUCTIBLE, "", "40.00", "21.00", "6.00"),
        ({"copay": "25.00", "out_of_pocket_left": "0.00"}, "", "", "0.00", "25.00"),
        ({"deductible_left": "30.00"}, "", "", "0.00", "25.00"),
    ],
)
def test_the_worked_table(world, figures, old, credit, estimate, collect):
    with world.open():
        visit = visit_of(world, card(world, figures))
        if old:
            owes(world, visit.patient, old)
        if credit:
            has_credit(world, visit.patient, credit)
        found = preview(visit)
        assert found.copay_due == D("25.00")
        assert (found.estimate.above_copay, found.collect_today) == (D(estimate), D(collect))
        paid = [Payment(world.cash, found.collect_today)]
        check_out(visit.public_id, paid, at=NOW)
        left = balances.patient_credit(visit.patient_id)
        assert (balances.patient_due(visit.patient_id), left.free, left.held) == (0, 0, D(estimate))
        assert is_whole()


def test_a_second_insurer_a_request_not_to_bill_and_an_agreed_copay_ask_no_estimate(world):
    with world.open():
        row = card(world, DEDUCTIBLE)
        visit = visit_of(world, row, make_policy(row.patient, world.aarp, "M1"))
        found = preview(visit)
        assert (found.estimate.above_copay, found.collect_today) == (0, D("25.00"))
        assert "next insurer" in found.estimate.because
        visit.self_pay_request = True
        assert (preview(visit).estimate.above_copay, preview(visit).collect_today) == (0, D("150.00"))
        visit.self_pay_request = False
        visit.profile.layers.filter(position=2).delete()
        assert preview(visit).estimate.above_copay == D("21.00")
        PatientFee.objects.create(patient=visit.patient, service=world.adjustment, copay=D("10.00"))
        found = preview(visit)
        assert (found.collect_today, "agreed" in found.estimate.because) == (D("10.00"), True)


def test_what_is_owed_is_paid_before_what_is_expected(world):
    with world.open():
        visit = visit_of(world, card(world, DEDUCTIBLE))
        owes(world, visit.patient, "30.00")
        check_out(visit.public_id, [Payment(world.cash, D("60.00"))], at=NOW)
        left = balances.patient_credit(visit.patient_id)
        assert (balances.patient_due(visit.patient_id), left.free, left.held) == (0, 0, D("5.00"))


def test_without_the_credit_setting_only_todays_money_is_held(world):
    with world.open():
        change("auto_apply_credit_to_copay", False, world.clinic, world.location)
        visit = visit_of(world, card(world, DEDUCTIBLE))
        has_credit(world, visit.patient, "100.00")
        check_out(visit.public_id, [Payment(world.cash, D("30.00"))], at=NOW)
        left = balances.patient_credit(visit.patient_id)
        assert (left.free, left.held) == (D("100.00"), D("5.00"))


def test_held_money_is_not_refunded_and_a_bounced_check_takes_it_back(world):
    with world.open():
        visit = visit_of(world, card(world, DEDUCTIBLE))
        made = check_out(visit.public_id, [Payment(world.check, D("46.00"), reference="7")], at=NOW)
        with pytest.raises(BadPayment, match="free credit"):
            payments.refund(visit.patient, D("1.00"), reason="x", today=TODAY, key="r")
        from billing import takebacks

        takebacks.reverse_payment(made.receipts[0], reason="bounced", today=TODAY)
        left = balances.patient_credit(visit.patient_id)
        assert (balances.patient_due(visit.patient_id), left.free, left.held) == (D("25.00"), 0, 0)
        assert is_whole()


@pytest.mark.parametrize(
    ("paid", "share", "free"), [("64", "46", "0.00"), ("80", "30", "16.00"), ("100", "10", "36.00")]
)
def test_the_answer_uses_what_was_held_and_frees_the_rest(world, paid, share, free):
    with world.open():
        set_up(world, autopay_claims="post")
        visit = visit_of(world, card(world, DEDUCTIBLE))
        invoice = check_out(visit.public_id, [Payment(world.cash, D("46.00"))], at=NOW).invoice
        claim = building.build(invoice, 1, today=TODAY)
        told = clp(claim, "1", "150", paid, ("CO", "45", "40"), ("PR", "3", share))
        [row] = answer(told, payer="CIGNA", payer_id="1059403080")
        assert (row.state, row.codes) == ("auto_posted", [])
        left = balances.patient_credit(visit.patient_id)
        assert (balances.patient_due(visit.patient_id), left.free, left.held) == (0, D(free), 0)
        assert is_whole()


def test_a_void_and_a_write_off_of_the_insurers_part_free_it(world):
    with world.open():
        visit = visit_of(world, card(world, DEDUCTIBLE))
        first = check_out(visit.public_id, [Payment(world.cash, D("46.00"))], at=NOW).invoice
        voiding.void_invoice(first.public_id, reason="wrong visit", at=NOW)
        assert balances.patient_credit(visit.patient_id) == balances.Credit(D("46.00"), D("0.00"))
        assert preview(Appointment.objects.get(pk=visit.pk)).collect_today == 0
        second = check_out(visit.public_id, [], at=NOW).invoice
        assert balances.patient_credit(visit.patient_id) == balances.Credit(D("0.00"), D("21.00"))
        wanted = WriteOff("1", WriteOffType.ADMINISTRATIVE, D("125.00"), "not filed")
        writeoffs.write_off(second, wanted, role="owner", today=TODAY, key="w")
        assert balances.patient_credit(visit.patient_id) == balances.Credit(D("21.00"), D("0.00"))
        assert is_whole()


def test_the_page_the_sheet_the_receipt_and_the_api_tell_the_same(world, client: Client):
    with world.open():
        visit = visit_of(world, card(world, DEDUCTIBLE))
        owes(world, visit.patient, "30.00")
    client.force_login(world.users["front_desk"])
    url = reverse("billing:check-out", args=[visit.public_id])
    page = client.get(url).content.decode()
    assert "Take 76.00 and check out" in page
    assert 'value="copay, estimate and balance"' in page
    sheet = client.get(reverse("billing:estimate", args=[visit.public_id]), {"sheet": "1"}).content.decode()
    assert "Why 21.00?" in sheet
    assert "46.00 is expected from the patient, 25.00 of it is asked as copay" in sheet
    told = client.get(f"/api/v1/visits/{visit.public_id}/checkout/").json()
    assert (told["copay"], told["estimate"], told["collect_today"]) == ("25.00", "21.00", "76.00")
    form = {"method": world.cash.public_id, "amount": "76.00", "memo": "all", "idempotency_key": "k"}
    answered = client.post(url, form)
    done = client.get(answered["Location"]).content.decode()
    assert "held until the insurer answers" in done
    assert "Held until insurers answer" in done
    with world.open():
        assert (Invoice.objects.count(), Receipt.objects.get().amount) == (2, D("76.00"))
