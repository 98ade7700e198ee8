"""What the rows of Settings come to when a visit is priced: every key of the rules, rows that share a name,
the day's repeats and minutes, and many visits at once."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal as D

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from appointments import visits
from appointments.models import AppointmentType
from billing import balances, rulebook
from billing.checkout import check_out
from billing.estimating import asked_today, estimate_visit
from billing.models import FeeRow, FeeSchedule, ModifierRule, PatientFee, ReducedFee, SameDayRule
from billing.retrace import retrace
from billing.visit_pricing import price_visit, price_visits
from clinics.models import Clinician
from clinics.settings import change
from insurance.models import Plan
from lib.frozen import freeze
from lib.npi import npi_from_stem
from tests.cast import (
    NOW,
    make_patient,
    make_payer,
    make_policy,
    make_profile,
    make_service,
    make_visit,
    make_world,
)

pytestmark = pytest.mark.django_db(transaction=True)
SINCE = date(2026, 1, 1)


@pytest.fixture
def world():
    return make_world()


def fees_of(visit):
    return [str(line.result.fee) for line in price_visit(visit).lines]


@pytest.mark.rule("B17.3")
def test_rows_that_share_a_name_stay_apart(world):
    with world.open():
        schedule = FeeSchedule.objects.create(name="Standard", kind="standard")
        twin = Clinician.objects.create(
            first_name="Ida", last_name="Bexley", credential="DC", npi=npi_from_stem("345678912")
        )
        FeeRow.objects.create(
            schedule=schedule, service=world.adjustment, clinician=twin, effective_on=SINCE, fee=D("11.00")
        )
        cigna = make_payer("Cigna", "62308")
        FeeRow.objects.create(
            schedule=schedule,
            service=world.adjustment,
            plan=Plan.objects.create(payer=cigna, name="PPO"),
            effective_on=SINCE,
            fee=D("12.00"),
        )
        group = make_service("98941", "Adjustment in a group", "70.00")
        FeeRow.objects.create(schedule=schedule, service=group, effective_on=SINCE, fee=D("71.00"))
        patient = make_patient()
        profile = make_profile(patient, make_policy(patient, world.aetna))
        assert fees_of(make_visit(world, patient, profile, world.adjustment, group)) == ["150.00", "71.00"]
        seen = make_visit(world, patient, profile)
        seen.clinician = twin
        seen.save()
        assert fees_of(seen) == ["11.00"]
        other = make_profile(patient, make_policy(patient, cigna), status="active")
        assert fees_of(make_visit(world, patient, other)) == ["12.00"]


@pytest.mark.rule("B17.3", "B17.6")
def test_credential_place_and_age_are_keys_too(world):
    with world.open():
        schedule = FeeSchedule.objects.create(name="Standard", kind="standard")
        FeeRow.objects.create(
            schedule=schedule, service=world.exam, credential="DC", effective_on=SINCE, fee=D("90.00")
        )
        ModifierRule.objects.create(pos="02", modifiers=["95"], fee_percent=D("-10"))
        ModifierRule.objects.create(age_to=17, modifiers=["HA"], fee_amount=D("5.00"))
        ModifierRule.objects.create(age_from=18, age_to=20, modifiers=["HB"])
        grown, child = make_patient(), make_patient("Ned", birth_date=date(2015, 1, 1))
        far = make_visit(world, grown, make_profile(grown), world.exam, place_of_service="02")
        [line] = price_visit(far).lines
        assert (str(line.result.fee), line.result.modifiers) == ("81.00", ("95",))
        [line] = price_visit(make_visit(world, child, make_profile(child), world.exam)).lines
        assert (str(line.result.fee), line.result.modifiers) == ("95.00", ("HA",))
        with pytest.raises(IntegrityError), transaction.atomic():
            ModifierRule.objects.create(age_from=15, modifiers=["HC"])
        with pytest.raises(IntegrityError), transaction.atomic():
            ModifierRule.objects.create(pos="02", modifiers=["GT"])
        ModifierRule.objects.create(age_from=15, pos="02", modifiers=["HC"])


@pytest.mark.rule("B17.6")
def test_the_second_time_of_a_day_has_its_modifier(world):
    with world.open():
        SameDayRule.objects.create(
            services=[world.adjustment.public_id, world.exam.public_id], occurrence=2, modifier="59"
        )
        patient, other = make_patient(), make_patient("Ned")
        profile = make_profile(patient)
        early = make_visit(world, patient, profile, world.exam)
        make_visit(world, other, make_profile(other))
        late = make_visit(
            world,
            patient,
            profile,
            world.adjustment,
            world.exam,
            starts_at=datetime(2026, 3, 9, 18, tzinfo=UTC),
        )
        assert [line.result.modifiers for line in price_visit(early).lines] == [()]
        assert [line.result.modifiers for line in price_visit(late).lines] == [("59",), ()]
        early.state = "no_show"
        early.save()
        assert [line.result.modifiers for line in price_visit(late).lines] == [(), ("59",)]


@pytest.mark.rule("B17.4")
@pytest.mark.parametrize(
    ("minutes", "units"),
    [(30, ["1", "1"]), (38, ["2", "1"]), (15, ["1", None]), (22, ["1", None]), (60, ["2", "2"])],
)
def test_timed_codes_of_one_visit_share_its_minutes(world, minutes, units):
    with world.open():
        for service in (world.adjustment, world.exam):
            service.rounding = "CMS8"
            service.save()
        patient = make_patient()
        visit = make_visit(
            world, patient, make_profile(patient), world.adjustment, world.exam, minutes=minutes
        )
        counted = [line.result.quantity for line in price_visit(visit).lines]
        assert [None if one is None else f"{one:f}" for one in counted] == units


@pytest.mark.rule("B17.3", "B17.7")
def test_agreements_and_the_switch_for_bills_to_patients(world):
    with world.open():
        patient = make_patient()
        profile = make_profile(patient, make_policy(patient, world.aetna))
        PatientFee.objects.create(patient=patient, service=world.exam, copay=D("10.00"), copay_per_unit=True)
        visit = make_visit(world, patient, profile, world.exam)
        visit.lines.update(units=D("2.5"))
        assert str(price_visit(visit).patient) == "25.00"
        sliding = FeeSchedule.objects.create(name="Sliding", kind="reduced")
        FeeRow.objects.create(schedule=sliding, service=world.adjustment, effective_on=SINCE, fee=D("60.00"))
        ReducedFee.objects.create(
            patient=patient, schedule=sliding, effective_on=SINCE, expires_on=date(2026, 3, 9)
        )
        with pytest.raises(IntegrityError), transaction.atomic():
            ReducedFee.objects.create(patient=patient, schedule=sliding, effective_on=date(2026, 3, 9))
        assert fees_of(make_visit(world, patient, profile)) == ["60.00"]
        assert fees_of(make_visit(world, patient, profile, day=date(2026, 3, 10))) == ["150.00"]
        world.adjustment.bill_patient_directly = True
        world.adjustment.save()
        visit = make_visit(world, patient, profile)
        assert (fees_of(visit), str(price_visit(visit).patient)) == (["60.00"], "60.00")
        change("bill_directly_forces_default_price", "on", world.clinic)
        assert fees_of(visit) == ["150.00"]


@pytest.mark.rule("B17.0")
def test_many_visits_cost_the_same_as_each_alone_and_no_more_questions(world):
    with world.open():
        schedule = FeeSchedule.objects.create(name="Standard", kind="standard")
        FeeRow.objects.create(
            schedule=schedule, service=world.exam, payer=world.aetna, effective_on=SINCE, fee=D("90.00")
        )
        SameDayRule.objects.create(services=[world.exam.public_id], occurrence=2, modifier="59")
        visits = []
        for number in range(6):
            patient = make_patient("Pat", f"Number{chr(65 + number)}")
            card = [make_policy(patient, world.aetna, f"W{number}")] if number % 2 else []
            visits.append(
                make_visit(world, patient, make_profile(patient, *card), world.exam, world.adjustment)
            )
        lines = {visit.pk: list(visit.lines.select_related("service")) for visit in visits}
        asked = []
        for some in (visits[:2], visits):
            with CaptureQueriesContext(connection) as seen:
                many = price_visits(some, rulebook.load(), lines)
            asked.append(len(seen))
        assert asked[0] == asked[1] <= 12
        alone = [price_visit(visit) for visit in visits]
        assert [visit.total for visit in many] == [visit.total for visit in alone]
        assert [[line.result.trace for line in visit.lines] for visit in many] == [
            [line.result.trace for line in visit.lines] for visit in alone
        ]


@pytest.mark.rule("B1.3", "B1.1", "B17.3")
def test_the_worked_day_of_same_as_last_time_is_priced_anew(world):
    """03-02 at 55.00; the fee is 57.00 from 03-05; 03-09 has the same lines, onset and the new fee; 03-10 nothing."""
    at = datetime(2026, 3, 10, 16, 0, tzinfo=UTC)
    with world.open():
        patient = make_patient()
        profile = make_profile(patient, make_policy(patient, world.aetna))
        schedule = FeeSchedule.objects.create(name="Standard", kind="standard")
        for since, fee in ((SINCE, "55.00"), (date(2026, 3, 5), "57.00")):
            FeeRow.objects.create(schedule=schedule, service=world.adjustment, effective_on=since, fee=D(fee))
        first = make_visit(
            world,
            patient,
            profile,
            day=date(2026, 3, 2),
            diagnoses=["M9901", "M9903"],
            onset_on=date(2026, 2, 27),
        )
        charged = check_out(first.public_id, [], at=at)
        assert [line.amount for line in charged.invoice.charges.all()] == [D("55.00")]
        second, third = (
            make_visit(world, patient, profile, day=day, state="scheduled", diagnoses=[], onset_on=None)
            for day in (date(2026, 3, 9), date(2026, 3, 10))
        )
        third.appointment_type = AppointmentType.objects.create(name="Re-exam")
        third.save()
        for visit in (second, third):
            visit.lines.all().delete()
            visits.arrive(visit.public_id, at=datetime.combine(visit.service_date, at.time(), tzinfo=UTC))
            visit.refresh_from_db()
        [line] = second.lines.all()
        assert (line.service_id, line.pointers, line.units) == (world.adjustment.pk, [1, 2], None)
        assert (second.diagnoses, second.onset_on) == (["M9901", "M9903"], date(2026, 2, 27))
        assert fees_of(second) == ["57.00"]
        assert (list(third.lines.all()), third.diagnoses, third.onset_on) == ([], [], None)


@pytest.mark.rule("B11.2.copay")
@pytest.mark.parametrize(
    ("second", "asks", "begins", "asked", "insurers"),
    [
        ("", None, "", "25.00", "125.00"),
        ("AARP", None, "", "25.00", "125.00"),
        ("Medicaid", None, "", "0.00", "150.00"),
        ("Medicaid", True, "", "25.00", "125.00"),
        ("AARP", False, "", "0.00", "150.00"),
        ("Medicaid", None, "2026-03-10", "25.00", "125.00"),
    ],
)
def test_no_copay_where_a_later_payer_wants_none_asked(world, second, asks, begins, asked, insurers):
    with world.open():
        patient = make_patient()
        cards = [make_policy(patient, world.aetna)]
        if second:
            kind = "MC" if second == "Medicaid" else "CI"
            payer = make_payer(second, "MCDIL", filing_indicator=kind, collect_primary_copay=asks)
            starts = date.fromisoformat(begins) if begins else date(2025, 1, 1)
            cards.append(make_policy(patient, payer, "M1", effective_on=starts))
        visit = make_visit(world, patient, make_profile(patient, *cards))
        priced = price_visit(visit)
        assert (str(priced.patient), str(priced.payer), str(priced.total)) == (asked, insurers, "150.00")
        trace = freeze(list(priced.lines[0].result.trace))
        assert (retrace(trace).patient, retrace(trace).payer) == (asked, insurers)
        assert str(asked_today(visit, priced).found.estimate.insured) == asked
        if asked == "0.00":
            words = f"{second} pays after it: the copay of 25.00 is not asked before {second} has answered."
            assert words in [step["because"] for step in trace]
            assert f"{second} is asked first" in [step.label for step in estimate_visit(visit).estimate.steps]
            done = check_out(visit.public_id, [], at=NOW)
            assert str(balances.patient_due(patient.pk)) == "0.00"
            assert str(done.invoice.total) == "150.00"
