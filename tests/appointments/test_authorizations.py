"""Authorizations: reserved by bookings, consumed by check-outs, given back by a void; what the claim says of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from appointments import booking
from appointments.authorizations import standings_of
from appointments.models import Appointment, AuthorizationUse
from billing.checkout import check_out
from billing.voiding import void_invoice
from claims import queue
from claims.authorization_numbers import unsent_with
from claims.models import Claim
from insurance import authorizations
from insurance.errors import BadCoverage
from insurance.models import Authorization, Policy
from tests.cast import NOW, TODAY, World, make_patient, make_policy, make_profile, make_visit, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def opened() -> Any:
    world = make_world()
    with world.open():
        yield world


@pytest.fixture
def card(opened: World) -> Policy:
    policy = make_policy(make_patient(), opened.aetna)
    make_profile(policy.patient, policy)
    return policy


def agree(
    card: Policy, number: str = "A-1", limit: str = "5", kind: str = "visits", **fields: Any
) -> Authorization:
    values = {
        "kind": "G1", "number": number, "effective_on": date(2026, 1, 1), "expires_on": date(2026, 12, 31),
        "limit_kind": kind, "limit": Decimal(limit),
    }  # fmt: skip
    return authorizations.save(card, {**values, **fields})


def book(world: World, card: Policy, days: int = 0) -> Appointment:
    at = datetime(2026, 3, 9, 15, 0, tzinfo=UTC) + timedelta(days=days)
    return booking.book(
        card.patient, location=world.location, clinician=world.clinician, appointment_type=world.visit_type,
        starts_at=at, at=NOW,
    ).appointment  # fmt: skip


def standing(row: Authorization, day: date = TODAY) -> authorizations.Standing:
    return authorizations.standings([row], day)[0]


def visit(world: World, card: Policy, *services: Any, day: date = TODAY) -> Appointment:
    from appointments.authorizations import reserve

    made = make_visit(world, card.patient, card.layers.get().profile, *services, day=day)
    reserve(made)
    return made


def claim_of(world: World, card: Policy, day: date = TODAY) -> Claim:
    return queue.enqueue(check_out(visit(world, card, day=day).public_id, [], at=NOW).invoice, TODAY)


def codes(claim: Claim) -> set[str]:
    return {row["code"] for row in claim.findings if row["code"].startswith(("AUTHORIZATION", "ENROLLMENT"))}


@pytest.mark.rule("B14.authorization")
def test_the_table_of_the_docs(opened: World, card: Policy) -> None:
    row = agree(card)
    visits = [book(opened, card, days) for days in range(3)]
    assert (standing(row).words, standing(row).chip) == ("2 of 5 visits left", "")
    visits.append(book(opened, card, 3))
    assert (standing(row).level, standing(row).chip) == ("low", "Auth: 1 of 5 visits left")
    for made in visits[:2]:
        Appointment.objects.filter(pk=made.pk).update(state="complete", service_date=TODAY)
        make_lines(opened, made)
        check_out(made.public_id, [], at=NOW)
    used = standing(row).used
    assert (used.reserved, used.consumed, standing(row).left) == (2, 2, 1)
    booking.cancel(Appointment.objects.get(pk=visits[3].pk), "cancelled", at=NOW)
    assert (standing(row).used.reserved, standing(row).left, standing(row).level) == (1, 2, "fine")


def make_lines(world: World, made: Appointment) -> None:
    from appointments.models import VisitLine

    VisitLine.objects.create(appointment=made, line_no=1, service=world.adjustment, pointers=[])


@pytest.mark.rule("B14.authorization")
def test_a_void_gives_back_and_a_second_check_out_consumes_once(opened: World, card: Policy) -> None:
    row = agree(card)
    made = visit(opened, card)
    invoice = check_out(made.public_id, [], at=NOW).invoice
    assert standing(row).used.consumed == 1
    void_invoice(invoice.public_id, reason="wrong", at=NOW)
    used = standing(row).used
    assert (used.reserved, used.consumed) == (1, 0)
    check_out(made.public_id, [], at=NOW)
    assert (standing(row).used.reserved, standing(row).used.consumed) == (0, 1)


@pytest.mark.rule("B14.authorization")
@pytest.mark.parametrize(
    ("kind", "limit", "words"),
    [("visits", "10", "8 of 10 visits left"), ("units", "10", "7 of 10 units left"),
     ("amount", "1000.00", "600.00 of 1,000.00 left"), ("days", "10", "9 of 10 days left")],
)  # fmt: skip
def test_what_each_limit_counts(opened: World, card: Policy, kind: str, limit: str, words: str) -> None:
    row = agree(card, limit=limit, kind=kind)
    for services in ((opened.adjustment,), (opened.adjustment, opened.exam)):
        check_out(visit(opened, card, *services).public_id, [], at=NOW)
    assert standing(row).words == words


@pytest.mark.rule("B14.authorization")
def test_services_dates_and_cards_decide_which_one_a_visit_takes(opened: World, card: Policy) -> None:
    exam_only = agree(card, "EXAM", procedure_codes=["99213"])
    over = agree(card, "OLD", expires_on=date(2026, 3, 1))
    any_service = agree(card, "ANY")
    referral = agree_referral(card)
    taken = {item.authorization for item in standings_of(visit(opened, card))}
    assert taken == {any_service, referral}
    assert not {exam_only, over} & taken


def agree_referral(card: Policy) -> Authorization:
    values = {
        "kind": "9F", "number": "REF1", "effective_on": date(2026, 1, 1), "expires_on": date(2026, 12, 31),
        "limit_kind": "visits", "limit": Decimal(3),
    }  # fmt: skip
    return authorizations.save(card, values)


@pytest.mark.rule("B14.authorization")
def test_an_authorization_that_comes_later_counts_what_is_booked(opened: World, card: Policy) -> None:
    book(opened, card)
    row = agree(card)
    assert standing(row).used.reserved == 1
    authorizations.save(card, {"expires_on": date(2026, 3, 1)}, row)
    assert AuthorizationUse.objects.count() == 0


@pytest.mark.rule("B14.authorization.claim")
def test_the_numbers_go_to_their_own_payer(opened: World) -> None:
    patient = make_patient()
    cards = [make_policy(patient, opened.medicare, "1EG4TE5MK73"), make_policy(patient, opened.aarp, "A1B2")]
    profile = make_profile(patient, *cards)
    agree(cards[0], "FIRST")
    agree(cards[1], "SECOND")
    agree_referral(cards[0])
    made = make_visit(opened, patient, profile)
    invoice = check_out(made.public_id, [], at=NOW).invoice
    from claims import building

    documents = [building.draft_parts(invoice, rank, today=TODAY)[0].document for rank in (1, 2)]
    found = [(doc.prior_authorization, doc.referral_number) for doc in documents]
    assert found == [("FIRST", "REF1"), ("SECOND", "")]


@pytest.mark.rule("B14.authorization.claim")
def test_a_claim_beyond_the_limit_or_outside_the_dates_is_stopped(opened: World, card: Policy) -> None:
    row = agree(card, limit="1")
    first, second = claim_of(opened, card), claim_of(opened, card, TODAY - timedelta(days=1))
    queue.check(first, TODAY)
    assert (codes(second), codes(Claim.objects.get(pk=first.pk))) == (set(), {"AUTHORIZATION-USED-UP"})
    Authorization.objects.filter(pk=row.pk).update(limit=9, expires_on=TODAY - timedelta(days=1))
    queue.check(first, TODAY)
    assert codes(Claim.objects.get(pk=first.pk)) == {"AUTHORIZATION-DATES"}


@pytest.mark.rule("B14.renumber")
def test_a_new_number_changes_waiting_claims_only(opened: World, card: Policy) -> None:
    row = agree(card)
    waiting, sent = claim_of(opened, card), claim_of(opened, card, TODAY - timedelta(days=1))
    for state in ("ready", "batched"):
        Claim.objects.filter(pk=sent.pk).update(state=state)
    assert unsent_with(row) == [waiting.control_number]
    assert authorizations.renumber(row, "b-2", update_claims=True) == 1
    documents = {claim.pk: claim.document["prior_authorization"] for claim in Claim.objects.all()}
    assert documents == {waiting.pk: "B-2", sent.pk: "A-1"}
    assert authorizations.renumber(row, "C-3", update_claims=False) == 0
    assert Claim.objects.get(pk=waiting.pk).document["prior_authorization"] == "B-2"


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"number": "A*1"}, "number"), ({"limit": Decimal(0)}, "limit"), ({"limit": Decimal("1.5")}, "limit"),
     ({"expires_on": date(2025, 1, 1)}, "expires_on"), ({"procedure_codes": ["9"]}, "procedure_codes")],
)  # fmt: skip
def test_bad_input_is_refused_at_its_field(
    opened: World, card: Policy, fields: dict[str, Any], field: str
) -> None:
    with pytest.raises(BadCoverage) as refusal:
        agree(card, **fields)
    assert field in refusal.value.data["fields"]
    assert Authorization.objects.count() == 0
