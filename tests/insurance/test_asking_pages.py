"""Pages and API of eligibility, authorizations and enrollment, as a person and a program use them."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from appointments.authorizations import reserve
from billing.checkout import check_out
from billing.voiding import void_invoice
from claims import queue
from claims.models import Claim
from insurance import authorizations, eligibility
from insurance.models import Authorization, EligibilityCheck, EligibilityRequest, Enrollment, Policy
from tests.cast import (
    NOW,
    PASSWORD,
    TODAY,
    World,
    make_patient,
    make_policy,
    make_profile,
    make_visit,
    make_world,
)
from tests.insurance.test_eligibility import answers, take

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def card(world: World) -> Policy:
    with world.open():
        policy = make_policy(make_patient(), world.aetna, "RENAMED1")
        make_profile(policy.patient, policy)
        return policy


@pytest.fixture
def desk(client: Client, world: World) -> Client:
    client.login(username=world.users["front_desk"].email, password=PASSWORD)
    return client


@pytest.fixture
def admin(world: World) -> Client:
    made = Client()
    made.login(username=world.users["admin"].email, password=PASSWORD)
    return made


def test_ask_see_the_answer_take_the_correction(desk: Client, world: World, card: Policy) -> None:
    assert desk.post(f"/insurance/cards/{card.public_id}/ask/").status_code == 302
    part = desk.post(f"/insurance/cards/{card.public_id}/ask/", HTTP_HX_REQUEST="true").content.decode()
    assert "Eligibility asked" in part
    with world.open():
        take(world, answers(EligibilityRequest.objects.get()))
        check = EligibilityCheck.objects.get()
    page = desk.get(f"/insurance/cards/{card.public_id}/answers/").content.decode()
    assert "CRENAMED1" in page
    assert "Take CRENAMED1" in page
    sent = desk.post(f"/eligibility/answers/{check.public_id}/take/", {"field": "member_id"})
    assert sent.status_code == 302
    with world.open():
        assert Policy.objects.get().member_id == "CRENAMED1"
    listed = desk.get("/eligibility/").content.decode()
    assert "Answered" in listed
    assert "copay 25.00" in listed
    assert "active" in desk.get("/eligibility/?format=csv").content.decode()
    with world.open():
        profile = card.layers.get().profile.public_id
    assert "Aetna" in desk.get(f"/insurance/profiles/{profile}/eligibility/").content.decode()


def test_ask_about_tomorrow_shows_the_job(desk: Client, world: World) -> None:
    sent = desk.post("/eligibility/ask/", {"idempotency_key": "k1"})
    again = desk.post("/eligibility/ask/", {"idempotency_key": "k1"})
    assert sent["Location"] == again["Location"]
    assert "Eligibility for" in desk.get(sent["Location"]).content.decode()
    assert desk.post("/eligibility/ask/", {"day": "1999-01-01"}).status_code == 400


def test_a_call_with_its_figures(desk: Client, world: World, card: Policy) -> None:
    form = {
        "e-checked_on": "2026-01-05",
        "e-answer": "active",
        "e-told_by": "Jo",
        "e-reference": "R1",
        "e-copay": "20",
    }
    assert desk.post(f"/insurance/cards/{card.public_id}/eligibility/", form).status_code == 302
    page = desk.get(f"/insurance/cards/{card.public_id}/answers/").content.decode()
    assert "Jo" in page
    assert "20.00" in page
    wrong = desk.post(f"/insurance/cards/{card.public_id}/eligibility/", form | {"e-coinsurance": "120"})
    assert wrong.status_code == 400
    api = f"/api/v1/policies/{card.public_id}/eligibility/"
    body = {"checked_on": "2026-01-06", "is_active": True, "told_by": "Ann", "reference": "R2",
            "coinsurance": "20", "deductible_left": "30.00"}  # fmt: skip
    made = desk.post(api, body, content_type="application/json")
    assert (made.status_code, made.json()["told_by"], made.json()["reference"]) == (201, "Ann", "R2")
    assert made.json()["benefits"] == {"active": True, "coinsurance": "20.00", "deductible_left": "30.00"}
    assert desk.post(api, body | {"coinsurance": "120"}, content_type="application/json").status_code == 400


def form_of(card: Policy, **fields: Any) -> dict[str, Any]:
    values = {
        "policy": card.public_id, "kind": "G1", "number": "ab-1", "effective_on": "2026-01-01",
        "expires_on": "2026-12-31", "limit": "2", "limit_kind": "visits", "procedure_codes": "",
    }  # fmt: skip
    return {**values, **fields}


def test_an_authorization_from_entry_to_its_new_number(desk: Client, world: World, card: Policy) -> None:
    new = f"/patients/{card.patient.public_id}/authorizations/new/"
    assert "cannot end before" in desk.post(new, form_of(card, expires_on="2025-01-01")).content.decode()
    assert desk.post(new, form_of(card, idempotency_key="k")).status_code == 302
    desk.post(new, form_of(card, idempotency_key="k"))
    with world.open():
        row = Authorization.objects.get()
        visit = make_visit(world, card.patient, card.layers.get().profile, state="scheduled")
        reserve(visit)
    assert "1 of 2 visits left" in desk.get(f"/visits/{visit.public_id}/authorizations/").content.decode()
    assert "AB-1" in desk.get(f"/patients/{card.patient.public_id}/authorizations/").content.decode()
    assert "AB-1" in desk.get("/authorizations/").content.decode()
    assert "AB-1" in desk.get("/authorizations/?format=csv").content.decode()
    assert "Nothing fits" in desk.get("/authorizations/?level=used_up").content.decode()
    page = f"/authorizations/{row.public_id}/"
    assert "another number" in desk.get(page).content.decode()
    change = {**form_of(card), "limit": "5", "is_active": "on"}
    assert desk.post(page, change).status_code == 302
    assert desk.post(f"{page}number/", {"n-number": "zz9"}).status_code == 302
    with world.open():
        row.refresh_from_db()
        assert (row.number, row.limit) == ("ZZ9", Decimal(5))


@pytest.mark.rule("B14.authorization", "B14.authorization.claim", "B14.renumber")
def test_an_authorization_by_the_pages_from_booking_to_the_claim(
    desk: Client, world: World, card: Policy
) -> None:
    """Five visits: 80 % warns on the visit and the patient; a check-out consumes; at zero the claim has an error with
    its link; a void gives back; a new number is offered to the claim that waits and leaves the sent one alone."""
    with world.open():
        profile, patient = card.layers.get().profile, card.patient.public_id
        cards = {"limit": Decimal(5), "kind": "G1", "limit_kind": "visits", "number": "AB-1"}
        row = authorizations.save(
            card, {**cards, "effective_on": date(2026, 1, 1), "expires_on": date(2026, 12, 31)}
        )
        booked = [
            make_visit(world, card.patient, profile, day=TODAY + timedelta(days=back - 4))
            for back in range(5)
        ]
    said = [f"/visits/{visit.public_id}/authorizations/" for visit in booked]
    for number, visit in enumerate(booked[:4]):
        with world.open():
            reserve(visit)
        words = desk.get(said[number]).content.decode()
        assert (f"{4 - number} of 5 visits left" in words, "Nearly used up" in words) == (True, number == 3)
    assert "Nearly used up" in desk.get(f"/patients/{patient}/authorizations/").content.decode()
    assert "AB-1" in desk.get("/authorizations/?level=low").content.decode()
    with world.open():
        invoices = [check_out(visit.public_id, [], at=NOW).invoice for visit in booked]
        sent = queue.enqueue(invoices[0], TODAY)
        for state in ("ready", "batched"):
            Claim.objects.filter(pk=sent.pk).update(state=state)
    page = desk.get(f"/authorizations/{row.public_id}/").content.decode()
    assert "<dt>Booked</dt><dd>0</dd><dt>Checked out</dt><dd>5</dd>" in page
    desk.post(f"/authorizations/{row.public_id}/", {**form_of(card), "limit": "4", "is_active": "on"})
    assert "AB-1" in desk.get("/authorizations/?level=used_up").content.decode()
    with world.open():
        late = queue.enqueue(invoices[4], TODAY)
    biller = Client()
    biller.force_login(world.users["biller"])
    review = biller.get(f"/claims/{late.public_id}/").content.decode()
    assert "AUTHORIZATION-USED-UP" in review
    assert f'href="/patients/{patient}/">See authorizations</a>' in review
    with world.open():
        void_invoice(invoices[1].public_id, reason="billed by mistake", at=NOW)
    page = desk.get(f"/authorizations/{row.public_id}/").content.decode()
    assert "<dt>Booked</dt><dd>1</dd><dt>Checked out</dt><dd>4</dd>" in page
    assert f"1 claim with this number has not been sent: {late.control_number}" in page
    number = {"n-number": "zz-9", "n-update_claims": "on"}
    assert desk.post(f"/authorizations/{row.public_id}/number/", number).status_code == 302
    with world.open():
        assert Claim.objects.get(pk=late.pk).document["prior_authorization"] == "ZZ-9"
        assert Claim.objects.get(pk=sent.pk).document["prior_authorization"] == "AB-1"


@pytest.mark.rule("B14.enrollment", "B14.set_up")
def test_a_claim_without_enrollment_says_who_mends_it_and_leads_there(
    admin: Client, world: World, card: Policy
) -> None:
    """A real connection: no active 837P, no claim; the set-up list counts it; noted on the page, the claim goes."""
    with world.open():
        world.connection.is_sandbox = False
        world.connection.save()
        visit = make_visit(world, card.patient, card.layers.get().profile)
        claim = queue.enqueue(check_out(visit.public_id, [], at=NOW).invoice, TODAY)
    page = admin.get(f"/claims/{claim.public_id}/").content.decode()
    assert "has not enrolled us for claims (837P)" in page
    assert 'href="/settings/enrollment/">Open enrollment</a>' in page
    biller = Client()
    biller.force_login(world.users["biller"])
    theirs = biller.get(f"/claims/{claim.public_id}/").content.decode()
    assert "an admin notes it in Settings, Enrollment" in theirs
    assert "Open enrollment" not in theirs, "no link to a page that would say no"
    assert "Claims wait for 3 of 3" in admin.get("/settings/set-up/").content.decode()
    form = {"payer": [world.aetna.public_id], "kind": "837P", "state": "active", "since": "2026-01-01"}
    assert admin.post("/settings/enrollment/", form).status_code == 302
    with world.open():
        queue.check(claim, TODAY)
    assert "Open enrollment" not in admin.get(f"/claims/{claim.public_id}/").content.decode()
    assert "Claims wait for 2 of 3" in admin.get("/settings/set-up/").content.decode()


def test_enrollment_is_noted_for_several_and_shown_where_it_matters(admin: Client, world: World) -> None:
    with world.open():
        world.connection.is_sandbox = False
        world.connection.save()
    page = admin.get("/settings/enrollment/").content.decode()
    assert "held back" in page
    chosen = [world.aetna.public_id, world.medicare.public_id]
    form = {"payer": chosen, "kind": "837P", "state": "active", "since": "2026-01-01"}
    assert admin.post("/settings/enrollment/", form).status_code == 302
    with world.open():
        assert Enrollment.objects.filter(state="active").count() == 2
    assert "Claims wait for 1 of 3" in admin.get("/settings/set-up/line/").content.decode()
    assert (
        "typed by hand" in admin.get(f"/settings/payers/{world.aetna.public_id}/enrollment/").content.decode()
    )
    assert admin.post("/settings/enrollment/", {**form, "payer": []}).status_code == 400
    assert "Aetna" in admin.get("/settings/enrollment/?format=csv").content.decode()


def test_the_api_tells_and_does_the_same(admin: Client, world: World, card: Policy) -> None:
    asked = admin.post(f"/api/v1/policies/{card.public_id}/ask/", {}, content_type="application/json")
    assert asked.status_code == 201
    again = admin.post(f"/api/v1/policies/{card.public_id}/ask/", {}, content_type="application/json")
    assert (again.status_code, again.json()["id"]) == (200, asked.json()["id"])
    with world.open():
        take(world, answers(EligibilityRequest.objects.get()))
    told = admin.get(f"/api/v1/policies/{card.public_id}/answers/").json()
    assert told[0]["benefits"]["copay"] == "25.00"
    taken = admin.post(
        f"/api/v1/eligibility/answers/{told[0]['id']}/take/",
        {"field": "member_id"},
        content_type="application/json",
    )
    assert taken.status_code == 200
    assert admin.get("/api/v1/eligibility/?state=answered").json()[0]["state"] == "answered"
    batch = admin.post("/api/v1/eligibility/batches/", {"day": "2026-03-10"}, content_type="application/json")
    assert batch.status_code == 202
    body = {**form_of(card), "procedure_codes": ["98941"]}
    made = admin.post("/api/v1/authorizations/", body, content_type="application/json")
    assert (made.status_code, made.json()["left"]) == (201, "2")
    one = f"/api/v1/authorizations/{made.json()['id']}/"
    assert admin.patch(one, {"limit": "3"}, content_type="application/json").json()["left"] == "3"
    assert (
        admin.post(f"{one}renumber/", {"number": "N2"}, content_type="application/json").json()["number"]
        == "N2"
    )
    assert len(admin.get(f"/api/v1/authorizations/?patient={card.patient.public_id}").json()) == 1
    row = {"payer": world.aetna.public_id, "connection": world.connection.public_id, "kind": "835", "state": "asked",
           "since": "2026-01-02"}  # fmt: skip
    assert admin.post("/api/v1/enrollments/", row, content_type="application/json").status_code == 201
    states = {(r["payer"], r["kind"]): r["state"] for r in admin.get("/api/v1/enrollments/").json()}
    assert states[world.aetna.public_id, "835"] == "asked"


def test_another_clinics_rows_are_not_there(world: World, card: Policy) -> None:
    other = make_world("birch")
    with world.open():
        row = authorizations.save(
            card,
            {"kind": "G1", "number": "A1", "effective_on": date(2026, 1, 1), "expires_on": date(2026, 12, 31),
             "limit_kind": "visits", "limit": Decimal(1)},
        )  # fmt: skip
        eligibility.ask(card, world.provider, day=TODAY, today=TODAY, at=NOW)
    stranger = Client()
    stranger.login(username=other.users["admin"].email, password=PASSWORD)
    for url in (f"/authorizations/{row.public_id}/", f"/insurance/cards/{card.public_id}/answers/"):
        assert stranger.get(url).status_code == 404
    assert "A1" not in stranger.get("/authorizations/?format=csv").content.decode()
    assert "Okafor" not in stranger.get("/eligibility/").content.decode()
