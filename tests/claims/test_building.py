"""What is copied into a claim, and what is not (rules.md B17.5, B6.7, B4)."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from billing.checkout import check_out
from billing.hooks import LIVE_CLAIMS
from claims import building, checks, queue, review, scrubbing
from claims.check_context import CheckContext
from claims.enums import ClaimState
from claims.errors import IllegalMove, NothingToClaim, NotReady
from claims.models import Claim, ClaimEvent
from clinics import settings as house
from lib.frozen import thaw
from tests.cast import NOW, TODAY, make_patient, make_policy, make_profile, make_visit, make_world
from tests.claims.helpers import bill, visit_of
from x12.documents.professional_claim import ClaimDocument

pytestmark = pytest.mark.django_db


def document_of(claim: Claim) -> ClaimDocument:
    return thaw(ClaimDocument, claim.document)


@pytest.mark.rule("B6.7")
def test_the_copay_never_reduces_the_charge_on_the_claim() -> None:
    world = make_world()
    with world.open():
        claim = building.build(bill(world, pay="25.00"), 1, today=TODAY)
        document = document_of(claim)
        assert document.total_charge == Decimal("150.00") == claim.total
        assert document.patient_amount_paid == Decimal("25.00")
        world.aetna.tell_patient_paid = False
        world.aetna.save()
        silent = document_of(building.build(bill(world, make_patient("Ada"), pay="25.00"), 1, today=TODAY))
        assert (silent.total_charge, silent.patient_amount_paid) == (Decimal("150.00"), None)


@pytest.mark.rule("B17.5")
def test_subscriber_who_is_the_patient() -> None:
    world = make_world()
    with world.open():
        document = document_of(building.build(bill(world), 1, today=TODAY))
        assert document.patient is None
        assert document.subscriber.party.identifier == "W123456789"
        assert document.subscriber.birth_date == date(1980, 5, 17)
        assert document.dates.onset == date(2026, 2, 27)
        assert document.service_facility is None, "same address as the billing provider"
        assert document.rendering_provider is not None


@pytest.mark.rule("B17.5")
def test_why_medicare_is_not_first_comes_from_its_card() -> None:
    world = make_world()
    with world.open():
        payers = [world.aetna, world.medicare]
        invoice = bill(world, payers=payers, member="1EG4TE5MK73", medicare_second="12")
        first, second = (document_of(building.build(invoice, rank, today=TODAY)) for rank in (1, 2))
        assert (first.coverage.insurance_type, first.other_payers[0].insurance_type) == ("", "12")
        assert (second.coverage.insurance_type, second.other_payers[0].insurance_type) == ("12", "")


@pytest.mark.rule("B17.5")
def test_an_onset_on_the_day_of_service_is_left_out() -> None:
    world = make_world()
    with world.open():
        invoice = bill(world, visit={"onset_on": TODAY})
        assert document_of(building.build(invoice, 1, today=TODAY)).dates.onset is None


def test_a_dependent_stands_in_the_patient_loop() -> None:
    world = make_world()
    with world.open():
        invoice = bill(
            world,
            relationship="19",
            holder_first_name="Daniel",
            holder_last_name="Okafor",
            holder_birth_date=date(1955, 1, 2),
            holder_sex="M",
        )
        claim = queue.one_click(invoice, TODAY)
        document = document_of(claim)
        assert document.patient is not None
        assert document.patient.relationship == "19"
        assert document.subscriber.party.first_name == "Daniel"
        assert document.subscriber.address is None
        assert document.patient_birth_date == date(1980, 5, 17)


@pytest.mark.rule("B4")
def test_building_twice_gives_the_same_claim() -> None:
    world = make_world()
    with world.open():
        invoice = bill(world)
        first = queue.enqueue(invoice, TODAY)
        assert queue.enqueue(invoice, TODAY).pk == first.pk
        assert queue.one_click(invoice, TODAY).pk == first.pk
        assert Claim.objects.count() == 1


@pytest.mark.rule("B4")
def test_no_claim_where_the_insurer_owes_nothing() -> None:
    world = make_world()
    with world.open():
        world.exam.prices.update(price=Decimal("20.00"))
        invoice = bill(world, None, world.exam)
        with pytest.raises(NothingToClaim):
            queue.enqueue(invoice, TODAY)
        world.aetna.report_zero_share = True
        world.aetna.save()
        assert queue.enqueue(invoice, TODAY).total == Decimal("20.00")


def test_self_pay_has_no_claim() -> None:
    world = make_world()
    with world.open():
        invoice = bill(world, payers=[world.aetna])
        with pytest.raises(NothingToClaim):
            building.build(invoice, 2, today=TODAY)


def test_more_than_fifty_lines_are_split_into_parts() -> None:
    world = make_world()
    with world.open():
        invoice = bill(world, None, *[world.adjustment] * 53)
        parts = building.build_parts(invoice, 1, today=TODAY)
        assert [len(document_of(part).lines) for part in parts] == [50, 3]
        assert sum(part.total for part in parts) == Decimal("150.00") * 53
        assert len({part.control_number for part in parts}) == 2


@pytest.mark.rule("B14")
@pytest.mark.parametrize(("days", "expected"), [(None, 90), (365, 365)])
def test_the_filing_deadline_counts_from_the_date_of_service(days: int | None, expected: int) -> None:
    world = make_world()
    with world.open():
        world.aetna.filing_days = days
        world.aetna.save()
        claim = building.build(bill(world), 1, today=TODAY)
        assert claim.filing_deadline == TODAY + timedelta(days=expected)


@pytest.mark.rule("B4")
def test_one_click_needs_everything_and_queue_needs_nothing() -> None:
    world = make_world()
    with world.open():
        patient = make_patient(birth_date=None)
        invoice = bill(world, patient)
        assert [finding.where for finding in queue.missing(invoice, TODAY)] == ["subscriber.birth_date"]
        assert not Claim.objects.exists(), "asking saves nothing"
        with pytest.raises(NotReady) as refused:
            queue.one_click(invoice, TODAY)
        assert refused.value.data["findings"][0]["code"] == "birth_date"
        assert not Claim.objects.exists()
        claim = queue.enqueue(invoice, TODAY)
        assert claim.state == ClaimState.NEW
        assert claim.error_count == 1


@pytest.mark.rule("B4")
def test_unconfirmed_carried_over_lines_stop_a_claim() -> None:
    world = make_world()
    with world.open():
        invoice = bill(world)
        visit_of(invoice).lines.update(is_confirmed=False)
        codes = [finding.code for finding in queue.missing(invoice, TODAY)]
        assert codes == ["SALT-UNCONFIRMED"]


@pytest.mark.rule("B5.checks")
def test_a_check_that_crashes_holds_the_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    world = make_world()
    with world.open():
        claim = building.build(bill(world), 1, today=TODAY)
        assert scrubbing.scrub([claim], TODAY)[0].findings == []

        def check_broken(context: CheckContext) -> list[object]:
            raise KeyError("bug")

        monkeypatch.setattr(checks, "LASTING", (*checks.LASTING, check_broken))
        found = scrubbing.scrub([claim], TODAY)[0].findings
        assert [(item.code, item.severity) for item in found] == [("CHECK-CRASHED", "error")]


@pytest.mark.parametrize(
    ("needs", "code"),
    [
        ("referring_npi", "REQUIRED-REFERRING-NPI"),
        ("authorization", "REQUIRED-AUTHORIZATION"),
        ("group_number", "REQUIRED-GROUP-NUMBER"),
        ("moon_phase", "REQUIREMENT-UNKNOWN"),
    ],
)
@pytest.mark.rule("B17.1")
def test_what_a_payer_asks_for_is_checked(needs: str, code: str) -> None:
    world = make_world()
    with world.open():
        world.aetna.requires = [needs]
        world.aetna.save()
        assert [finding.code for finding in queue.missing(bill(world), TODAY)] == [code]


def test_an_expired_card_and_a_twin_are_found() -> None:
    world = make_world()
    with world.open():
        patient = make_patient()
        first = queue.one_click(bill(world, patient), TODAY)
        again = make_visit(world, patient, visit_of(first.invoice).profile)
        invoice = check_out(again.public_id, [], at=NOW).invoice
        found = queue.missing(invoice, TODAY)
        assert [finding.code for finding in found] == ["DUPLICATE"]
        assert first.control_number in found[0].message
        first.policy.expires_on = TODAY - timedelta(days=1)
        first.policy.save()
        assert "POLICY-EXPIRED" in [finding.code for finding in queue.check(first, TODAY)]


@pytest.mark.rule("B8")
def test_a_claim_copied_again_is_checked_by_the_card_it_now_has() -> None:
    world = make_world()
    with world.open():
        patient = make_patient()
        invoice = bill(world, patient)
        claim = queue.enqueue(invoice, TODAY)
        old = claim.policy
        old.expires_on = TODAY - timedelta(days=1)
        old.save()
        assert [one.code for one in queue.check(claim, TODAY)] == ["POLICY-EXPIRED"]
        world.aarp.requires = ["authorization"]
        world.aarp.save()
        new = make_policy(patient, world.aarp, "W987654321")
        old.layers.update(policy=new)
        review.refresh(claim, TODAY)
        claim.refresh_from_db()
        assert (claim.policy, claim.payer) == (new, world.aarp)
        assert [row["code"] for row in claim.findings] == ["REQUIRED-AUTHORIZATION"]
        assert [one.code for one in queue.check(claim, TODAY)] == ["REQUIRED-AUTHORIZATION"]
        old.expires_on, new.expires_on = None, TODAY - timedelta(days=1)
        old.save()
        new.save()
        new.layers.update(policy=old)
        assert review.refresh(claim, TODAY) == []
        assert claim.state == "ready"


def test_a_claim_that_never_left_can_be_given_up_and_made_anew() -> None:
    world = make_world()
    with world.open():
        invoice = bill(world)
        claim = queue.one_click(invoice, TODAY)
        assert LIVE_CLAIMS.ask(invoice) == [claim.control_number]
        queue.discard(claim, "wrong coverage")
        assert LIVE_CLAIMS.ask(invoice) == []
        assert queue.one_click(invoice, TODAY).pk != claim.pk
        with pytest.raises(IllegalMove):
            queue.discard(claim, "twice")


def test_every_move_leaves_an_event() -> None:
    world = make_world()
    with world.open():
        claim = queue.one_click(bill(world), TODAY)
        queue.hold(claim, "Waiting for the card", TODAY + timedelta(days=3))
        queue.release(claim, TODAY)
        moves = ClaimEvent.objects.filter(claim=claim).order_by("pk").values_list("from_state", "to_state")
        assert list(moves) == [("", "new"), ("new", "ready"), ("ready", "on_hold"), ("on_hold", "ready")]


@pytest.mark.django_db
def test_auto_ready_makes_the_claim_at_check_out():
    world = make_world()
    with world.open():
        house.change("claim_creation", "auto_ready", world.clinic, world.location)
        patient = make_patient()
        visit = make_visit(world, patient, make_profile(patient, make_policy(patient, world.aetna)))
        invoice = check_out(visit.public_id, [], at=NOW).invoice
        assert Claim.objects.get(invoice=invoice).state == "ready"
