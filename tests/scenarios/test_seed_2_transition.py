"""Seed 2: from a visit to its charges and the copy that becomes a claim, every rung once."""

from __future__ import annotations

from datetime import date
from decimal import Decimal as D
from typing import Any

import pytest

from appointments.models import Appointment, AppointmentStatus, Service, ServicePrice, VisitLine
from billing import visit_pricing
from billing.models import Charge, FeeRow, FeeSchedule, Invoice, ModifierRule, PatientFee, ReducedFee
from claims import queue
from clinics.models import Clinician
from insurance.models import Payer, Plan
from lib.npi import npi_from_stem
from tests.cast import make_payer, make_visit
from tests.scenarios.stage import Story, money, wrong

pytestmark = pytest.mark.django_db(transaction=True)
MAR_9 = date(2026, 3, 9)


@pytest.fixture
def psychology(story: Story) -> Service:
    """90834 at 120.00 an hour, rounded to the nearest quarter; Aetna's plan takes 25.00 a visit, 15.00 a group."""
    with story.on(MAR_9):
        service = Service.objects.create(
            code="90834", name="Psychotherapy", rounding="NQ", interval_minutes=60
        )
        ServicePrice.objects.create(service=service, effective_on=date(2020, 1, 1), price=D("120.00"))
    return service


def leave(story: Story, visit: Appointment, hour: int) -> tuple[str, str, str, str, str]:
    """Check the visit out; fee, quantity, charge, patient's part and payer's part of its one line."""
    with story.on(MAR_9, hour) as at:
        charge = story.check_out(visit, at).invoice.charges.get()
        assert not wrong()
        return split(charge)


def visit_of(
    story: Story, service: Service, minutes: int = 50, payer: Payer | None = None, **more: Any
) -> Appointment:
    """A completed visit of a new patient."""
    with story.on(MAR_9, 8):
        count = Appointment.objects.count()
        patient = story.insured(
            "Pat", f"Number{chr(65 + count)}", f"W77{count}", payer or story.world.aetna, today=MAR_9
        )
        profile = patient.profiles.get(status="default")
        return make_visit(story.world, patient, profile, service, minutes=minutes, **more)


def split(charge: Charge) -> tuple[str, str, str, str, str]:
    """fee, quantity, charge, patient, payer."""
    line = money(charge.invoice)
    return (
        str(charge.unit_fee), f"{charge.units.normalize():f}", str(charge.amount), str(line.patient),
        str(line.insurer_open),
    )  # fmt: skip


@pytest.mark.rule("S2.1", "S2.8", "S2.9", "S2.10", "S2.11", "S2.12", "S2.22")
def test_the_default_price_times_the_rounded_time_split_by_the_copay(
    story: Story, psychology: Service
) -> None:
    assert leave(story, visit_of(story, psychology, 45), 9) == ("120.00", "0.75", "90.00", "25.00", "65.00")
    plain = leave(story, visit_of(story, story.world.adjustment, 45), 10)
    assert plain == ("150.00", "1", "150.00", "25.00", "125.00"), "not charged by time: one"


@pytest.mark.rule("S2.4", "S2.6", "S2.7", "S2.13", "S2.14")
def test_each_rung_of_the_fee_ladder_beats_the_one_below(story: Story, psychology: Service) -> None:
    with story.on(MAR_9, 8):
        standard = FeeSchedule.objects.create(name="Standard", kind="standard")
        FeeRow.objects.create(
            schedule=standard,
            service=psychology,
            payer=story.world.aetna,
            effective_on=date(2026, 1, 1),
            fee=D("130.00"),
        )
        sliding = FeeSchedule.objects.create(name="Sliding", kind="reduced")
        FeeRow.objects.create(
            schedule=sliding, service=psychology, effective_on=date(2026, 1, 1), fee=D("60.00")
        )
    assert leave(story, visit_of(story, psychology, 60), 9)[:3] == ("130.00", "1", "130.00")
    reduced = visit_of(story, psychology, 60)
    with story.on(MAR_9, 8):
        ReducedFee.objects.create(patient=reduced.patient, schedule=sliding, effective_on=date(2026, 1, 1))
    assert leave(story, reduced, 10)[:3] == ("60.00", "1", "60.00")
    agreed = visit_of(story, psychology, 60)
    with story.on(MAR_9, 8):
        ReducedFee.objects.create(patient=agreed.patient, schedule=sliding, effective_on=date(2026, 1, 1))
        PatientFee.objects.create(patient=agreed.patient, service=psychology, fee=D("55.00"))
    assert leave(story, agreed, 11)[0] == "55.00"
    override = visit_of(story, psychology, 120, override_price=D("99.00"))
    assert leave(story, override, 12) == ("99.00", "1", "99.00", "25.00", "74.00")


@pytest.mark.rule("S2.3", "S2.5", "S2.26")
def test_a_missed_visit_costs_its_fee_if_its_status_says_so(story: Story, psychology: Service) -> None:
    missed = visit_of(story, psychology, 60, state="no_show")
    with story.on(MAR_9, 9):
        before = visit_pricing.price_visit(missed)
        assert (before.total, [code for _, code in before.problems]) == (0, ["no_transition"])
        missed.status = AppointmentStatus.objects.create(
            name="No-show", state="no_show", transition=True, cancellation_fee=D("50.00")
        )
        missed.save(update_fields=["status"])
        priced = visit_pricing.price_missed(missed)
        [line] = priced.lines
        assert (line.result.fee, line.result.quantity, priced.patient, priced.payer) == (50, 1, 50, 0)


@pytest.mark.rule("S2.2", "S2.15", "S2.16")
def test_a_missing_requirement_stops_the_claim_and_not_the_charge(story: Story, psychology: Service) -> None:
    with story.on(MAR_9, 8) as at:
        patient = story.patient("No", "Birthday", MAR_9, birth_date=None)
        profile = story.profile(patient, story.card(patient, story.world.aetna, "W1", MAR_9))
        visit = make_visit(story.world, patient, profile, psychology, minutes=60)
        invoice = story.check_out(visit, at).invoice
        assert money(invoice).charge == 120
        claim = queue.enqueue(invoice, MAR_9)
        assert claim.state == "new"
        assert any("birth" in row["message"] for row in claim.findings if row["severity"] == "error")
        frozen = claim.document
        assert (claim.appointment_id, claim.policy_id) == (visit.pk, profile.layers.get().policy_id)
        assert frozen["diagnoses"] and "90834" in str(frozen["lines"])
        VisitLine.objects.filter(appointment=visit).update(modifiers=["59"])
        claim.refresh_from_db()
        assert claim.document == frozen, "what the visit becomes later does not reach the copy"


@pytest.mark.rule("S2.17", "S2.18", "S2.19", "S2.20")
def test_the_most_specific_modifier_rule_wins(story: Story) -> None:
    with story.on(MAR_9, 8):
        cigna = make_payer("Cigna", "62308")
        service = Service.objects.create(code="90837", name="Psychotherapy, 60 min")
        ServicePrice.objects.create(service=service, effective_on=date(2020, 1, 1), price=D("150.00"))
        other = Clinician.objects.create(
            first_name="Ben", last_name="Bee", credential="PhD", npi=npi_from_stem("345678912")
        )
        ModifierRule.objects.create(service=service, modifiers=["95"])
        ModifierRule.objects.create(service=service, payer=story.world.aetna, modifiers=["GT"])
        ModifierRule.objects.create(service=service, clinician=other, modifiers=["HO"])
    expected = {
        (None, None): ["GT"],
        ("cigna", "other"): ["HO"],
        (None, "other"): ["GT"],
        ("cigna", None): ["95"],
    }
    for hour, ((payer, clinician), modifiers) in enumerate(expected.items(), start=9):
        visit = visit_of(story, service, payer=cigna if payer else None)
        if clinician:
            with story.on(MAR_9, 8):
                Appointment.objects.filter(pk=visit.pk).update(clinician=other)
        with story.on(MAR_9, hour) as at:
            assert story.check_out(visit, at).invoice.charges.get().modifiers == modifiers
    plain = visit_of(story, story.world.exam)
    with story.on(MAR_9, 15) as at:
        assert story.check_out(plain, at).invoice.charges.get().modifiers == [], "no rule fits: none"


@pytest.mark.rule("S2.21", "S2.23", "S2.24", "S2.25")
def test_who_pays_which_part(story: Story) -> None:
    with story.on(MAR_9, 8):

        def service(code: str, price: str, **more: Any) -> Service:
            made = Service.objects.create(code=code, name=code, **more)
            ServicePrice.objects.create(service=made, effective_on=date(2020, 1, 1), price=D(price))
            return made

        small, group = service("97010", "20.00"), service("90853", "40.00", kind="group")
        direct = service("S9999", "80.00", bill_patient_directly=True)
        statement_payer = make_payer("Lodge Fund", "LODGE", claim_format="patient_statement")
        Plan.objects.create(payer=statement_payer, name="Members")
    cases = [
        (small, None, ("20.00", "0.00")),
        (group, None, ("15.00", "25.00")),
        (direct, None, ("80.00", "0.00")),
        (group, statement_payer, ("40.00", "0.00")),
    ]
    for hour, (what, payer, parts) in enumerate(cases, start=9):
        assert leave(story, visit_of(story, what, payer=payer), hour)[3:] == parts, what.code
    with story.on(MAR_9, 15):
        assert Invoice.objects.count() == len(cases)
