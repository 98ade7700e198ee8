"""Seed 0: the front desk's and the biller's good day, from the tabs of a visit to the last cent."""

from __future__ import annotations

from datetime import date
from decimal import Decimal as D

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from appointments import visits
from billing import balances, statements, writeoffs
from billing.enums import WriteOffType
from billing.errors import BadPayment, CannotWriteOff
from billing.models import Invoice, Receipt
from billing.payments import Payment, parse_payment
from billing.writeoffs import WriteOff
from claims import corrections, queue, review, submitting
from claims.errors import NotReady
from claims.models import Batch, Claim
from clinics.settings import effective
from insurance import policies
from insurance.models import InsuranceProfile
from patients.registration import change
from responses import eobs, manual
from responses.models import ClaimResponse
from tests.cast import sign_in
from tests.scenarios.stage import ONSET, Story, money, wrong

pytestmark = pytest.mark.django_db(transaction=True)
MAR_2, MAR_9, MAR_10 = date(2026, 3, 2), date(2026, 3, 9), date(2026, 3, 10)


def checked_out(
    story: Story, first: str, last: str, member: str, cash: str = "", day: date = MAR_9
) -> Invoice:
    """A visit of that day on the first payer's card, out of the door."""
    with story.on(day, 9) as at:
        patient = story.insured(first, last, member, story.world.aetna, today=day)
        visit = story.treat(patient, at)
    with story.on(day, 9, 40) as at:
        return story.check_out(visit, at, cash).invoice


@pytest.mark.rule("S0.1", "S0.2", "S0.3", "S0.4")
def test_the_tabs_salt_once_the_visit_before_was_checked_out(story: Story) -> None:
    with story.on(MAR_2) as at:
        patient = story.insured("Maren", "Okafor", "COPAY25-1", story.world.aetna, today=MAR_2)
        first = story.treat(patient, at)
        assert not Invoice.objects.exists(), "a completed visit is no invoice yet"
        made = story.check_out(first, at, "25.00").invoice
        assert (made.appointment_id, made.kind, made.total) == (first.pk, "appointment", D("150.00"))
    with story.on(MAR_9, 9) as at:
        second = story.book(patient, at)
        carried = visits.arrive(second.public_id, at=at).carried
        assert carried.source_day == MAR_2
        second.refresh_from_db()
        assert ([line.service_id for line in second.lines.all()], second.onset_on) == (
            [story.world.adjustment.pk], ONSET,
        )  # fmt: skip
        visits.confirm_lines(second.public_id)
        visits.complete(second.public_id)
    with story.on(MAR_10, 9) as at:  # the visit of the 9th was never checked out: the source stays the 2nd
        third = story.book(patient, at)
        assert visits.arrive(third.public_id, at=at).carried.source_day == MAR_2


@pytest.mark.rule("S0.5", "S0.6", "S0.7")
def test_the_copay_is_taken_by_a_patient_method_with_its_memo(story: Story) -> None:
    with story.on(MAR_9) as at:
        patient = story.insured("Maren", "Okafor", "COPAY25-1", story.world.aetna, today=MAR_9)
        visit = story.treat(patient, at)
    with pytest.raises(BadPayment) as refused, story.on(MAR_9, 11):
        parse_payment(story.world.insurance_method.public_id, "25.00", "copay")
    assert refused.value.code == "insurance_method"
    with pytest.raises(BadPayment), story.on(MAR_9, 11) as at:
        from billing.checkout import check_out

        check_out(visit.public_id, [Payment(story.world.insurance_method, D("25.00"), "copay")], at=at)
    with story.on(MAR_9, 11, 5) as at:
        assert not Invoice.objects.exists(), "the refused check-out left nothing behind"
        with pytest.raises(IntegrityError), transaction.atomic():
            Receipt.objects.create(
                method=story.world.insurance_method, kind="insurance", patient=patient, amount=D("25.00"),
                received_on=MAR_9, effective_on=MAR_9, created_by="desk",
            )  # fmt: skip
        result = story.check_out(visit, at, "25.00")
        [receipt] = result.receipts
        assert (receipt.memo, receipt.kind, receipt.method.name) == ("copay", "patient", "Cash")
        line = money(result.invoice)
        assert (line.insurers[1], line.patient, line.paid_by_patient) == (125, 0, 25)
        assert not wrong()


@pytest.mark.rule("S0.8", "S0.9")
def test_one_click_where_nothing_is_missing_else_the_queue(story: Story) -> None:
    good = checked_out(story, "Maren", "Okafor", "COPAY25-1")
    with story.on(MAR_9, 12) as at:
        unknown = story.patient("No", "Birthday", MAR_9, birth_date=None)
        story.profile(unknown, story.card(unknown, story.world.aetna, "COPAY25-2", MAR_9))
        invoice = story.check_out(story.treat(unknown, at), at).invoice
    with story.on(MAR_9, 13, actor="biller"):
        assert queue.one_click(good, MAR_9).state == "ready"
        with pytest.raises(NotReady) as refused:
            queue.one_click(invoice, MAR_9)
        assert any("birth" in finding["message"] for finding in refused.value.data["findings"])
        assert not Claim.objects.filter(invoice=invoice).exists()
        queued = queue.enqueue(invoice, MAR_9)
        assert queued.state == "new"
        look = submitting.preview(Claim.objects.all(), MAR_9)
        assert (look.count, look.skipped) == (1, 1)
        change(unknown, {"birth_date": date(1979, 3, 3)}, today=MAR_9)
        assert not [f for f in review.refresh(queued, MAR_9) if f.severity == "error"]
        assert Claim.objects.get(pk=queued.pk).state == "ready"


@pytest.mark.rule("S0.10", "S0.11", "S0.12", "S0.14", "S0.15", "S0.18")
def test_the_whole_day_by_itself(story: Story) -> None:
    invoice = checked_out(story, "Maren", "Okafor", "COPAY25-1", "40.00")
    with story.on(MAR_9, 16, actor="biller"):
        story.setting("autopay_claims", "post")
        claim = queue.one_click(invoice, MAR_9)
    client = Client()
    client.force_login(story.world.users["biller"])
    job = story.submit_all(MAR_9)
    with story.on(MAR_9, 17, 5, actor="biller"):
        job.refresh_from_db()
        assert job.result["submitted"] == 1
        assert Batch.objects.get().state == "delivered"
    page = client.get(reverse("claims:report")).content.decode()
    assert claim.control_number in page and "Submitted" in page
    story.answers(MAR_10)
    page = client.get(reverse("responses:list"), {"tab": "all"}).content.decode()
    assert claim.control_number in page
    assert "85.00" in page
    with story.on(MAR_10, 19):
        claim.refresh_from_db()
        invoice.refresh_from_db()
        assert (claim.state, claim.outcome, invoice.state) == ("closed", "paid", "closed")
        line = money(invoice)
        assert (line.paid_by_insurers, line.adjusted, line.paid_by_patient, line.open) == (85, 40, 25, 0)
        assert balances.patient_credit(invoice.patient_id).free == 15
        receipt = Receipt.objects.get(kind="insurance")
        assert (receipt.amount, receipt.method_id) == (85, story.world.insurance_method.pk)
        assert not wrong()


@pytest.mark.rule("S0.13")
def test_a_rejected_claim_is_duplicated_mended_and_sent_again(story: Story) -> None:
    invoice = checked_out(story, "Samuel", "Achter", "REJ277-7", "25.00")
    with story.on(MAR_9, 16, actor="biller"):
        story.setting("autopay_claims", "post")
        first = queue.one_click(invoice, MAR_9)
    story.submit_all(MAR_9)
    story.answers(MAR_9)
    with story.on(MAR_10, 9, actor="biller"):
        first.refresh_from_db()
        assert (first.state, first.outcome) == ("rejected", "")
        second = corrections.duplicate(first, "1", "the card's number was misread", today=MAR_10)
        assert (second.version, second.frequency, second.state) == (2, "1", "new")
        assert second.control_number != first.control_number
        card = invoice.patient.policies.get()
        policies.change_policy(card, {"member_id": "COPAY25-7"}, today=MAR_10)
        assert not [f for f in review.refresh(second, MAR_10) if f.severity == "error"]
        assert Claim.objects.get(pk=second.pk).state == "ready"
    story.submit_all(MAR_10)
    story.answers(MAR_10)
    with story.on(MAR_10, 20):
        states = dict(Claim.objects.values_list("version", "state"))
        assert states == {1: "superseded", 2: "closed"}
        assert money(invoice).open == 0
        assert not wrong()


@pytest.mark.rule("S0.14", "S0.15", "S0.16")
def test_with_auto_pay_off_a_person_posts_from_the_response_or_from_paper(story: Story) -> None:
    electronic = checked_out(story, "Maren", "Okafor", "COPAY25-1")
    paper = checked_out(story, "Theo", "Lindqvist", "SILENT-1")
    admin = Client()
    sign_in(admin, story.world.users["admin"])
    address = reverse(
        "desk:advanced-settings", args=[story.world.location.public_id, "claim-response-handling"]
    )
    assert "autopay_claims" in admin.get(address).content.decode()
    with story.on(MAR_9, 16, actor="biller"):
        assert effective("autopay_claims", story.world.clinic, story.world.location).value == "off"
        first, second = queue.one_click(electronic, MAR_9), queue.one_click(paper, MAR_9)
    story.submit_all(MAR_9)
    story.answers(MAR_9)
    with story.on(MAR_10, 9, actor="biller") as at:
        row = ClaimResponse.objects.get(claim=first)
        assert (row.state, money(electronic).insurers[1]) == ("proposed", 125)
        manual.post_as_remitted(row, at=at)
        line_id = second.lines.get().line_id
        head = eobs.Eob("CHK 1001", MAR_10)
        eob = eobs.EobLine(line_id, D("85.00"), (("CO", "45", D("40.00")), ("PR", "3", D("25.00"))))
        eobs.enter_eob(second, head, [eob], at=at)
    with story.on(MAR_10, 10):
        for invoice in (electronic, paper):
            assert (money(invoice).insurers[1], money(invoice).patient) == (0, 25)
        methods = set(Receipt.objects.values_list("method__name", "kind"))
        assert methods == {("Insurance", "insurance")}
        assert not wrong()
    saved = admin.post(address, {"autopay_claims": "post"})
    assert saved.status_code == 302
    with story.on(MAR_10, 11):
        assert effective("autopay_claims", story.world.clinic, story.world.location).value == "post"


@pytest.mark.rule("S0.17")
def test_what_is_left_is_the_patients_or_written_off(story: Story) -> None:
    invoice = checked_out(story, "Rosa", "Delgado", "DEDUCT-3")
    with story.on(MAR_9, 16, actor="biller"):
        story.setting("autopay_claims", "post")
        queue.one_click(invoice, MAR_9)
    story.submit_all(MAR_9)
    story.answers(MAR_9)
    with story.on(MAR_10, 9, actor="biller@alder.example") as at:
        assert (money(invoice).patient, money(invoice).insurer_open, money(invoice).adjusted) == (110, 0, 40)
        statement = statements.issue(invoice.patient, story.world.location, at=at)
        assert statement.balance == D("110.00")
        too_much = WriteOff("patient", WriteOffType.FINANCIAL_ASSISTANCE, D("60.00"), "hardship form")
        with pytest.raises(CannotWriteOff) as refused:
            writeoffs.write_off(invoice, too_much, role="biller", today=MAR_10, key="w1")
        assert refused.value.code == "over_limit"
        writeoffs.write_off(invoice, too_much, role="admin", today=MAR_10, key="w1")
        assert (money(invoice).patient, money(invoice).written_off) == (50, 60)
        assert InsuranceProfile.objects.filter(patient=invoice.patient, status="default").count() == 1
        assert not wrong()
