"""Missed visits: the status decides, the patient alone owes, no claim can ever be made of it (B2, B17.2, B17.3)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from appointments import booking
from appointments.errors import BadVisit
from appointments.models import Appointment, AppointmentStatus
from billing import balances, payments, policies, transition_batches, verification
from billing.enums import InvoiceKind, InvoiceState
from billing.models import Charge, Invoice, VisitTransition
from billing.payments import Payment
from claims import building
from clinics.errors import Refusal
from tests.cast import NOW, TODAY, make_patient, make_policy, make_profile, make_visit, make_world

pytestmark = pytest.mark.django_db(transaction=True)


DAY = TODAY - timedelta(days=30)


@pytest.fixture
def world():
    return make_world()


@pytest.fixture
def visit(world):
    with world.open():
        patient = make_patient()
        return make_visit(
            world, patient, make_profile(patient, make_policy(patient, world.aetna)), state="scheduled"
        )


def status(name="No-show", state="no_show", fee="50.00", transition=True):
    return AppointmentStatus.objects.create(
        name=name, state=state, transition=transition, cancellation_fee=Decimal(fee) if fee else None
    )


@pytest.mark.rule("B2")
@pytest.mark.rule("B17.3")
def test_a_charged_no_show_is_the_patients_alone_and_voided_when_it_is_taken_back(world, visit):
    with world.open():
        status()
        said = booking.cancel(visit, "no_show", at=NOW)
        assert "50.00 is charged to the patient" in said[0]
        invoice = Invoice.objects.get()
        charge = Charge.objects.get()
        assert (invoice.kind, invoice.total, charge.units, charge.rule) == (
            InvoiceKind.MISSED, Decimal("50.00"), Decimal(1), "cancellation",
        )  # fmt: skip
        balance = balances.invoices([invoice.pk])[invoice.pk]
        assert (balance.patient, balance.insurer_open) == (Decimal("50.00"), Decimal("0.00"))
        with pytest.raises(Refusal):
            building.build(invoice, 1, today=TODAY)
        payments.take(
            visit.patient, Payment(world.cash, Decimal("50.00")), [], location=world.location, today=TODAY
        )
        visit.refresh_from_db()
        assert booking.take_back_cancel(visit, at=NOW) == [f"{invoice.number} of 50.00 is void."]
        assert Invoice.objects.get().state == InvoiceState.VOID
        assert Appointment.objects.get().state == "scheduled"
        assert balances.patient_credit(visit.patient_id).free == Decimal("50.00")
        booking.cancel(Appointment.objects.get(), "no_show", at=NOW)
        assert Invoice.objects.exclude(state=InvoiceState.VOID).get().number != invoice.number
        assert not [row for row in verification.run().values() if row.violations]


@pytest.mark.rule("B17.2")
def test_a_status_without_transition_or_none_at_all_charges_nothing(world, visit):
    with world.open():
        assert booking.cancel(visit, "late_cancel", at=NOW) == []
        booking.take_back_cancel(visit, at=NOW)
        status(transition=False)
        assert booking.cancel(visit, "no_show", at=NOW) == []
        assert Invoice.objects.count() == 0


@pytest.mark.rule("B2")
def test_without_a_fee_the_full_price_is_charged_and_said(world, visit):
    with world.open():
        status(fee="")
        said = booking.cancel(visit, "no_show", at=NOW)
        assert "150.00 is charged to the patient, the full price" in said[0]
        invoice = Invoice.objects.get()
        assert balances.invoices([invoice.pk])[invoice.pk].patient == Decimal("150.00")


@pytest.mark.rule("B17.7")
def test_a_payer_that_forbids_it_leaves_a_reason_and_no_invoice(world, visit):
    with world.open():
        status()
        world.aetna.filing_indicator = "MC"
        world.aetna.save()
        said = booking.cancel(visit, "no_show", at=NOW)
        assert "No-show fee: no row is set, the careful default holds" in said[0]
        assert Invoice.objects.count() == 0
        assert VisitTransition.objects.get().reasons[0]["code"] == "no_show_charge_forbidden"
        assert transition_batches.waiting(world.location, TODAY, TODAY) == [visit.public_id]


@pytest.mark.rule("B10.policy")
def test_the_policy_row_of_the_state_or_payer_decides_and_is_named(world, visit):
    with world.open():
        status()
        row = policies.add(
            "no_show_fee", {"value": "no", "state": "IL", "effective_on": DAY, "source": "the act"}
        )
        said = booking.cancel(visit, "no_show", at=NOW)
        assert f"No-show fee for IL since {DAY:%m/%d/%Y}" in said[0]
        assert Invoice.objects.count() == 0
        booking.take_back_cancel(visit, at=NOW)
        terms = {"value": "yes", "payer": world.aetna, "effective_on": DAY, "source": "contract, page 9"}
        better = policies.add("no_show_fee", terms)
        booking.cancel(Appointment.objects.get(), "no_show", at=NOW)
        [step] = [step for step in Charge.objects.get().trace if step["rule"] == "B10.policy"]
        assert (step["inputs"]["row"], step["result"]) == (better.public_id, True)
        policies.end(better, DAY)
        policies.end(row, DAY)


def test_several_statuses_of_one_state_must_be_named(world, visit, client):
    with world.open():
        status("No-show, first", fee="10.00", transition=False)
        status("No-show, again", fee="75.00")
        with pytest.raises(BadVisit, match="No-show, again"):
            booking.cancel(visit, "no_show", at=NOW)
    client.force_login(world.users["front_desk"])
    page = client.get(reverse("appointments:visit", args=[visit.public_id])).content.decode()
    assert "No-show, again (75.00 is charged to the patient)" in page
    url = reverse("appointments:cancel", args=[visit.public_id])
    client.post(url, {"state": "no_show:No-show, again", "reason": "did not come"})
    with world.open():
        assert Invoice.objects.get().total == Decimal("75.00")
    api = reverse("appointments-api:act", args=[visit.public_id])
    assert (
        client.post(api, {"act": "restore"}, content_type="application/json").json()["state"] == "scheduled"
    )
    answer = client.post(api, {"act": "no_show", "status": "nobody"}, content_type="application/json")
    assert answer.status_code == 400
