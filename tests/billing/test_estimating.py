"""An estimate from the rows: contract rate, payer's answer, card, self-pay, last visit; and its frozen paper."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.test import Client
from pypdf import PdfReader

from appointments.models import Appointment
from billing import good_faith
from billing.checkout import check_out
from billing.errors import CannotEstimate
from billing.estimating import estimate_visit
from billing.models import GoodFaithEstimate
from insurance import authorizations, payers, policies
from insurance.models import Policy
from tests.cast import (
    NOW,
    PASSWORD,
    TODAY,
    World,
    make_patient,
    make_payer,
    make_policy,
    make_profile,
    make_service,
    make_visit,
    make_world,
)
from work import files

pytestmark = pytest.mark.django_db
LIMITED = {
    "kind": "G1",
    "number": "AUTH1",
    "effective_on": date(2026, 3, 1),
    "expires_on": date(2026, 6, 30),
    "limit_kind": "visits",
}
FIGURES = {"coinsurance": "20.00", "deductible_left": "30.00"}


@pytest.fixture
def opened() -> Any:
    world = make_world()
    with world.open():
        yield world


@pytest.fixture
def card(opened: World) -> Policy:
    cigna = make_payer("Cigna", "62308")
    payers.save_rate(cigna, "98941", Decimal("110.00"), date(2026, 1, 1))
    return make_policy(make_patient(), cigna)


def visit(world: World, card: Policy, *services: Any, **fields: Any) -> Appointment:
    profile = card.layers.first().profile if card.layers.exists() else make_profile(card.patient, card)
    return make_visit(world, card.patient, profile, *services, **fields)


def told(card: Policy, figures: dict[str, str], on: date = TODAY) -> None:
    policies.record_eligibility(card, on=on, is_active=True, note="", today=TODAY, figures=figures)


@pytest.mark.rule("B14.estimate")
def test_the_worked_example_from_rate_and_answer(opened: World, card: Policy) -> None:
    told(card, FIGURES)
    found = estimate_visit(visit(opened, card))
    assert [str(step.amount) for step in found.estimate.steps] == ["30.00", "16.00"]
    assert (str(found.estimate.total), found.estimate.is_known) == ("46.00", True)
    assert found.source == "the payer's word by telephone of 03/09/2026"


@pytest.mark.rule("B14.estimate")
def test_an_old_answer_does_not_count_and_the_card_is_asked(opened: World, card: Policy) -> None:
    told(card, FIGURES, on=date(2026, 2, 20))
    assert not estimate_visit(visit(opened, card)).estimate.is_known
    Policy.objects.filter(pk=card.pk).update(copay_individual=Decimal("20.00"))
    found = estimate_visit(visit(opened, card))
    assert (str(found.estimate.insured), found.source) == ("20.00", "the copay on the card")


@pytest.mark.rule("B14.estimate")
def test_without_a_rate_the_charge_stands_and_says_so(opened: World, card: Policy) -> None:
    told(card, {"coinsurance": "20.00"})
    found = estimate_visit(visit(opened, card, opened.exam))
    assert str(found.estimate.insured) == "20.00"
    assert found.expected[0].because == "our charge: no contract rate is known"


@pytest.mark.rule("B14.estimate")
def test_self_pay_items_old_balance_and_the_services_of_the_last_visit(opened: World, card: Policy) -> None:
    told(card, {"copay": "25.00"})
    opened.exam.bill_patient_directly = True
    opened.exam.save()
    check_out(
        visit(opened, card, opened.adjustment, opened.exam, day=TODAY - timedelta(days=7)).public_id,
        [],
        at=NOW,
    )
    booked = visit(opened, card, day=TODAY + timedelta(days=3), state="scheduled")
    booked.lines.all().delete()
    found = estimate_visit(booked)
    assert found.lines_from == TODAY - timedelta(days=7)
    assert (str(found.estimate.insured), str(found.estimate.self_pay)) == ("25.00", "100.00")
    assert found.estimate.old_balance > 0
    assert found.estimate.total == found.estimate.today + found.estimate.old_balance


@pytest.mark.rule("B14.estimate")
def test_a_second_insurer_is_named_because_it_may_be_less(opened: World, card: Policy) -> None:
    told(card, FIGURES)
    profile = make_profile(card.patient, card, make_policy(card.patient, opened.aarp, "A1"))
    found = estimate_visit(make_visit(opened, card.patient, profile))
    assert str(found.estimate.insured) == "46.00"
    assert found.source.endswith("; AARP is asked before the patient, so it may be less")


@pytest.mark.rule("B14.good_faith")
def test_a_good_faith_estimate_is_frozen_with_its_paper(opened: World, card: Policy) -> None:
    told(card, FIGURES)
    booked = visit(opened, card, day=TODAY + timedelta(days=3), state="scheduled")
    row = good_faith.make(booked, at=NOW)
    told(card, {"copay": "99.00"})
    kept = GoodFaithEstimate.objects.get(pk=row.pk)
    assert (str(kept.patient_share), str(kept.expected_charge), kept.snapshot["share"]) == (
        "46.00",
        "150.00",
        "46.00",
    )
    import io

    text = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(files.read(kept.pdf))).pages)
    assert "$46.00" in text
    assert "for the visit on 03/12/2026" in text
    assert "2026-03" not in text
    assert "dispute" in text
    with pytest.raises(DatabaseError), transaction.atomic():
        GoodFaithEstimate.objects.filter(pk=row.pk).update(patient_share=Decimal("1.00"))


@pytest.mark.rule("B14.good_faith")
def test_it_is_made_before_the_visit_and_with_services(opened: World, card: Policy) -> None:
    with pytest.raises(CannotEstimate, match="before the visit"):
        good_faith.make(visit(opened, card), at=NOW)
    empty = visit(opened, card, day=TODAY + timedelta(days=3), state="scheduled")
    empty.lines.all().delete()
    with pytest.raises(CannotEstimate, match="services"):
        good_faith.make(empty, at=NOW)
    assert GoodFaithEstimate.objects.count() == 0


def test_the_pages_and_the_api_tell_the_same(client: Client) -> None:
    world = make_world()
    with world.open():
        cigna = make_payer("Cigna", "62308")
        payers.save_rate(cigna, "98941", Decimal("110.00"), date(2026, 1, 1))
        policy = make_policy(make_patient(), cigna)
        told(policy, FIGURES)
        booked = visit(world, policy, day=TODAY, state="scheduled")
    client.login(username=world.users["front_desk"].email, password=PASSWORD)
    page = client.get(f"/visits/{booked.public_id}/estimate/").content.decode()
    assert "46.00" in page
    told_by_api = client.get(f"/api/v1/visits/{booked.public_id}/estimate/").json()
    assert (told_by_api["total"], told_by_api["steps"][0]["label"]) == ("46.00", "Deductible")
    assert client.post(f"/visits/{booked.public_id}/good-faith/").status_code == 302
    rows = client.get(f"/api/v1/visits/{booked.public_id}/good-faith-estimates/").json()
    assert [row["patient_share"] for row in rows] == ["46.00"]
    paper = client.get(f"/estimates/{rows[0]['id']}/pdf/")
    assert paper.content.startswith(b"%PDF")


def test_the_booking_form_tells_what_to_expect_before_there_is_a_visit(client: Client) -> None:
    world = make_world()
    with world.open():
        cigna = make_payer("Cigna", "62308")
        payers.save_rate(cigna, "98941", Decimal("110.00"), date(2026, 1, 1))
        policy = make_policy(make_patient(), cigna)
        told(policy, FIGURES)
        authorizations.save(policy, {**LIMITED, "limit": Decimal(2)})
        last = visit(world, policy, day=date(2026, 3, 2))  # the last visit of the type has the services
        check_out(last.public_id, [], at=NOW)
    client.login(username=world.users["front_desk"].email, password=PASSWORD)
    assert 'hx-get="/estimates/booking/"' in client.get("/visits/book/").content.decode()
    assert "Choose patient, type and day" in client.get("/estimates/booking/").content.decode()
    fields = {
        "patient": policy.patient.public_id,
        "appointment_type": world.visit_type.public_id,
        "day": TODAY.isoformat(),
    }
    page = client.get("/estimates/booking/", fields).content.decode()
    for words in ("Cigna", "Active", "46.00", "AUTH1", "of 2 visits left"):
        assert words in page
    told_by_api = client.get("/api/v1/estimates/booking/", fields).json()
    assert (told_by_api["visit"], told_by_api["total"], told_by_api["services_from"]) == (
        "",
        "46.00",
        "2026-03-02",
    )
    assert [row["level"] for row in told_by_api["authorizations"]] == ["used_up"]
    later = client.get("/estimates/booking/", {**fields, "day": "2026-04-20"}).content.decode()
    assert "Eligibility 42 days old" in later
    for day in ("2026-02-31", "x", ""):
        assert "Choose patient" in client.get("/estimates/booking/", {**fields, "day": day}).content.decode()
        assert client.get("/api/v1/estimates/booking/", {**fields, "day": day}).status_code == 400
    with world.open():
        assert Appointment.objects.count() == 1


@pytest.mark.rule("B15.day")
def test_booking_warns_when_a_clinicians_day_would_be_longer_than_a_day(client: Client) -> None:
    world = make_world()
    with world.open():
        patient = make_patient()
        profile = make_profile(patient)
        for hours, state in (
            (10, "scheduled"),
            (8, "arrived"),
            (5, "checked_out"),
            (20, "cancelled"),
            (20, "no_show"),
        ):
            make_visit(world, patient, profile, minutes=60 * hours, state=state)
        make_visit(world, patient, profile, minutes=900, day=TODAY + timedelta(days=1))
        group = make_service("90853", "Group", "40.00")
        group.kind = "group"
        group.save()
        make_visit(world, patient, profile, group, minutes=600)
    client.force_login(world.users["front_desk"])
    fields = {
        "patient": patient.public_id, "appointment_type": world.visit_type.public_id, "day": TODAY.isoformat(),
        "clinician": world.clinician.public_id,
    }  # fmt: skip
    for minutes, warned in (("60", False), ("61", True), ("", False), ("x", False), ("1440", True)):
        page = client.get("/estimates/booking/", {**fields, "minutes": minutes}).content.decode()
        assert ("More than a day holds" in page) is warned, minutes
        told_by_api = client.get("/api/v1/estimates/booking/", {**fields, "minutes": minutes}).json()
        assert bool(told_by_api["warnings"]) is warned
    assert "3 visits of 1380 minutes on this day already; with this one it comes to 1441" in (
        client.get("/estimates/booking/", {**fields, "minutes": "61"}).content.decode()
    )
