"""Seed 1: the biller's work, from the registration of a patient to the payment of the statement."""

from __future__ import annotations

from datetime import date
from decimal import Decimal as D

import pytest

from appointments import visits
from appointments.models import Appointment
from billing import balances, payments, statements
from billing.models import Receipt
from billing.payments import Payment
from claims import queue
from claims.models import Claim
from insurance import policies
from insurance.errors import BadCoverage
from insurance.profiles import layers_on
from lib.frozen import thaw
from patients.errors import BadPatient
from responses.models import ClaimResponse, Remittance
from responses.receipts import tie
from tests.cast import make_service
from tests.responses.edi import remit
from tests.responses.stage import AETNA, clp
from tests.scenarios.stage import Story, money, wrong
from x12.documents.professional_claim import ClaimDocument

pytestmark = pytest.mark.django_db(transaction=True)
MAR_2, MAR_9, MAR_16, APR_1 = date(2026, 3, 2), date(2026, 3, 9), date(2026, 3, 16), date(2026, 4, 1)


@pytest.mark.rule("S1.9", "S1.10", "S1.11", "S1.12", "S1.13")
def test_registration_policy_and_claim_share_one_file(story: Story) -> None:
    with story.on(MAR_2) as at:
        with pytest.raises(BadPatient):
            story.patient("Rosa", "", MAR_2)
        patient = story.patient("Rosa", "Delgado", MAR_2, reason="Neck pain")
        assert (patient.birth_date, patient.reason) == (date(1980, 5, 17), "Neck pain")
        with pytest.raises(BadCoverage):
            story.card(patient, story.world.aetna, "", MAR_2)
        card = story.card(
            patient, story.world.aetna, "W55501", MAR_2, relationship="19", holder_first_name="Daniel",
            holder_last_name="Delgado", holder_birth_date=date(1955, 1, 2), holder_sex="M",
        )  # fmt: skip
        profile = story.profile(patient, card)
        visit = story.treat(patient, at)
        assert visit.profile_id == profile.pk, "the visit took the file's default profile by itself"
        invoice = story.check_out(visit, at).invoice
        claim = queue.one_click(invoice, MAR_2)
        document = thaw(ClaimDocument, claim.document)
        assert (document.subscriber.party.last_name, document.subscriber.party.identifier) == (
            "Delgado",
            "W55501",
        )
        assert document.patient is not None, "the patient is the holder's child"
        assert (claim.patient_id, claim.payer_name, claim.total) == (patient.pk, "Aetna", D("150.00"))


@pytest.mark.rule("S1.14", "S1.26", "S1.27")
def test_before_the_visit_coverage_is_asked_for_and_the_copay_is_known(story: Story) -> None:
    from billing.checkout import preview

    with story.on(MAR_2) as at:
        patient = story.insured("Maren", "Okafor", "W1001", story.world.aetna, today=MAR_2)
        card = patient.policies.get()
        check = policies.record_eligibility(card, on=MAR_2, is_active=True, note="ref 881, Ann", today=MAR_2)
        assert policies.eligibility_is_fresh(check.checked_on, MAR_9)
        assert not policies.eligibility_is_fresh(check.checked_on, APR_1), "valid inside its month only"
        visit = story.treat(patient, at)
        asked = preview(Appointment.objects.get(pk=visit.pk))
        assert (asked.copay_due, asked.collect_today, asked.visit.payer) == (25, 25, 125)


@pytest.mark.rule("S1.4", "S1.19", "S1.25")
def test_a_bill_is_checked_against_the_visit_before_it_leaves(story: Story) -> None:
    with story.on(MAR_2) as at:
        patient = story.insured("Maren", "Okafor", "W1001", story.world.aetna, today=MAR_2)
        story.check_out(story.treat(patient, at), at)
    with story.on(MAR_9) as at:
        copied = story.book(patient, at)
        visits.arrive(copied.public_id, at=at)
        visits.complete(copied.public_id)
        invoice = story.check_out(Appointment.objects.get(pk=copied.pk), at).invoice
        codes = {f.code for f in queue.missing(invoice, MAR_9) if f.severity == "error"}
        assert codes == {"SALT-UNCONFIRMED"}, "nobody said yet that it was really done again"
        claim = queue.enqueue(invoice, MAR_9)
        assert claim.state == "new"
        told = [(line.procedure_code, line.amount, line.units) for line in claim.lines.all()]
        done = [(c.procedure_code, c.amount, c.units) for c in invoice.charges.all()]
        assert told == done, "the claim's lines are the visit's lines"


@pytest.mark.rule("S1.1", "S1.16", "S1.17", "S1.18", "S1.20", "S1.24")
def test_from_submission_to_the_paid_statement(story: Story) -> None:
    """98941 at 200.00: the payer allows 110.00, pays 80.00, leaves 30.00 where 25.00 was expected."""
    with story.on(MAR_2) as at:
        story.setting("autopay_claims", "post")
        patient = story.insured("Maren", "Okafor", "SILENT-1", story.world.aetna, today=MAR_2)
        service = make_service("98942", "Adjustment, 5 areas", "200.00")
        invoice = story.check_out(story.treat(patient, at, service), at, "25.00").invoice
        claim = queue.one_click(invoice, MAR_2)
    story.submit_all(MAR_2)
    story.answers(MAR_2)
    with story.on(MAR_16):
        told = clp(claim, "1", "200", "80", ("CO", "45", "90"), ("PR", "3", "30"), icn="A1")
    text = remit(told, trace="EFT 900", amount="80", **AETNA)
    story.mail(text.encode(), story.at(MAR_16))
    with story.on(MAR_16, 12) as at:
        row = ClaimResponse.objects.get()
        assert (row.state, row.claim_id, row.charged) == ("auto_posted", claim.pk, D("200.00"))
        assert tie(Remittance.objects.get()) == {
            "check": 80, "posted": 80, "escrow": 0, "provider_level": 0, "difference": 0,
        }  # fmt: skip
        line = money(invoice)
        assert (line.paid_by_insurers, line.adjusted, line.paid_by_patient, line.patient) == (80, 90, 25, 5)
    with story.on(APR_1) as at:
        statement = statements.issue(patient, story.world.location, at=at)
        [visit] = statement.snapshot["visits"]
        assert (statement.balance, visit["insurer_paid"], visit["written_off"], visit["patient_paid"]) == (
            D("5.00"), "80.00", "90.00", "25.00",
        )  # fmt: skip
        assert "2026-03-02" in str(visit) or "03/02/2026" in str(visit)
        assert "98942" in str(visit)
    with story.on(date(2026, 4, 9)) as at:
        payment = Payment(story.world.check, D("5.00"), "statement", "2201")
        payments.take(patient, payment, [], location=story.world.location, today=date(2026, 4, 9))
        invoice.refresh_from_db()
        assert (invoice.state, balances.patient_due(patient.pk)) == ("closed", 0)
        assert Receipt.objects.filter(kind="patient").count() == 2
        assert Claim.objects.get().state == "closed"
        assert layers_on(invoice.profile, MAR_2)[0].policy.payer_id == story.world.aetna.pk
        assert not wrong()
