"""Today's list: its collect column is check-out's one number, whatever the visit; constant statements."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from appointments.models import Appointment
from billing import one_offs, payments
from billing.checkout import check_out, preview
from billing.collecting import collect
from billing.models import PatientFee
from billing.payments import Payment
from clinics.models import Location
from clinics.settings import change
from desk import places
from desk.today import read_day
from insurance import payers, policies
from lib.dates import local_day
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

pytestmark = [pytest.mark.django_db, pytest.mark.rule("B14.collect")]
D = Decimal
DEDUCTIBLE = {"coinsurance": "20.00", "deductible_left": "30.00"}


@pytest.fixture
def world() -> World:
    return make_world()


def busy_day(world: World) -> dict[str, Appointment]:
    """Visits whose one number comes about in every way; the last three have no service entered yet."""
    cigna = make_payer("Cigna", "62308")
    payers.save_rate(cigna, "98941", D("110.00"), TODAY.replace(month=1, day=1))
    medicaid = payers.save_payer({"name": "State", "payer_id": "SKIL0", "filing_indicator": "MC"})

    def insured(
        first: str, figures: dict[str, str] | None = None, *more: object, **fields: object
    ) -> Appointment:
        card = make_policy(make_patient(first), cigna, copay_individual=D("25.00"))
        if figures:
            policies.record_eligibility(card, on=TODAY, is_active=True, note="", today=TODAY, figures=figures)
        rest = [make_policy(card.patient, payer, "M1") for payer in more]
        return make_visit(world, card.patient, make_profile(card.patient, card, *rest), **fields)

    def owes(visit: Appointment, amount: str) -> None:
        items = [one_offs.Item("Form", 1, D(amount))]
        one_offs.issue(visit.patient, items, location=world.location, at=NOW, today=TODAY)

    def has_credit(visit: Appointment, amount: str) -> None:
        payments.take(visit.patient, Payment(world.cash, D(amount)), [], location=world.location, today=TODAY)

    found = {
        "card": insured("Card"),
        "estimate": insured("Estimate", DEDUCTIBLE, state="arrived"),
        "old": insured("Old", DEDUCTIBLE),
        "credit": insured("Credit", DEDUCTIBLE),
        "much credit": insured("Much", {"copay": "25.00"}),
        "two insurers": insured("Two", DEDUCTIBLE, world.aarp),
        "medicaid second": insured("Low", None, medicaid),
        "asked not to bill": insured("Own", self_pay_request=True),
        "agreed": insured("Agreed"),
        "no price": insured("Priceless", state="in_treatment"),
        "planned as last time": insured("Again", DEDUCTIBLE, state="scheduled"),
        "planned": insured("New", state="scheduled"),
        "planned, old": insured("Newer", state="scheduled"),
    }
    owes(found["old"], "30.00")
    has_credit(found["credit"], "40.00")
    has_credit(found["much credit"], "400.00")
    PatientFee.objects.create(patient=found["agreed"].patient, service=world.adjustment, copay=D("10.00"))
    world.exam.prices.all().delete()
    found["no price"].lines.update(service=world.exam)
    again = found["planned as last time"]
    earlier = make_visit(world, again.patient, again.profile, day=TODAY - timedelta(days=7))
    check_out(earlier.public_id, [Payment(world.cash, D("25.00"))], at=NOW - timedelta(days=7))
    for name in ("planned as last time", "planned", "planned, old"):
        found[name].lines.all().delete()
    owes(found["planned, old"], "5.00")
    patient = make_patient("Self")
    found["self-pay"] = make_visit(world, patient, make_profile(patient))
    found["next week"] = insured("Later", DEDUCTIBLE, state="scheduled", day=TODAY + timedelta(days=1))
    return found


EXPECTED = {
    "card": "25.00", "estimate": "46.00", "old": "76.00", "credit": "6.00", "much credit": "0.00",
    "two insurers": "25.00", "medicaid second": "0.00", "asked not to bill": "150.00", "agreed": "10.00",
    "no price": "0.00", "planned as last time": "46.00", "planned": "25.00", "planned, old": "30.00",
    "self-pay": "150.00",
}  # fmt: skip


@pytest.mark.parametrize("uses_credit", [True, False])
def test_the_lists_number_is_check_outs_number_for_every_visit(world, uses_credit):
    with world.open():
        visits = busy_day(world)
        if not uses_credit:
            change("auto_apply_credit_to_copay", False, world.clinic, world.location)
        rows = {row.visit.pk: row for row in read_day(world.location, TODAY)}
        assert len(rows) == len(visits) - 1
        for name, visit in visits.items():
            asked = preview(Appointment.objects.get(pk=visit.pk))
            if name == "next week":
                continue
            row = rows[visit.pk]
            assert row.collect == asked.collect_today, name
            assert row.asked.estimate.above_copay == asked.estimate.above_copay, name
            without = {"credit": "46.00", "much credit": "25.00"}
            wanted = EXPECTED[name] if uses_credit else without.get(name, EXPECTED[name])
            assert row.collect == D(wanted), name


def test_many_visits_ask_as_many_questions_as_two(world):
    with world.open():
        busy_day(world)
        visits = list(
            Appointment.objects.filter(service_date=TODAY).select_related(
                "patient", "location__clinic", "clinician", "profile", "status", "appointment_type"
            )
        )
        counts = []
        planned = [visit for visit in visits if visit.patient.first_name in ("Again", "Estimate")]
        for some in (planned, visits):
            with CaptureQueriesContext(
                connection,
            ) as asked:
                collect(some)
            counts.append(len(asked))
        assert counts[0] == counts[1] <= 25


def test_list_panel_and_check_out_page_show_the_same(world, client: Client):
    with world.open():
        visits = busy_day(world)
    client.force_login(world.users["front_desk"])
    day = client.get(f"{reverse('desk:today')}?day={TODAY.isoformat()}").content.decode()
    panel = client.get(reverse("desk:visit-panel", args=[visits["old"].public_id])).content.decode()
    page = client.get(reverse("billing:check-out", args=[visits["old"].public_id])).content.decode()
    assert ">76.00<" in day
    assert ">76.00<" in panel
    assert "Estimate above the copay" in panel
    assert "Take 76.00 and check out" in page
    planned = visits["planned as last time"].public_id
    panel = client.get(reverse("desk:visit-panel", args=[planned])).content.decode()
    assert "Expected, with the services of" in panel
    assert client.get(reverse("billing:check-out", args=[planned])).status_code == 200
    panel = client.get(reverse("desk:visit-panel", args=[visits["planned"].public_id])).content.decode()
    assert "Expected by the card" in panel


def test_the_count_beside_today_is_what_its_tab_shows(world: World) -> None:
    """A visit of yesterday that nobody checked out stands under Missing charges, not here."""
    today = local_day(timezone.now(), world.location.time_zone)
    with world.open():
        patient = make_patient()
        profile = make_profile(patient)
        for back in (0, 1, 2):
            make_visit(world, patient, profile, day=today - timedelta(days=back))
        elsewhere = make_visit(world, patient, profile, day=today)
        elsewhere.location = Location.objects.create(
            name="West", billing_provider=world.provider, time_zone="America/Chicago"
        )
        elsewhere.save()
        assert places.counts(world.location)["to_check_out"] == 1
        assert places.counts(None)["to_check_out"] == 0
