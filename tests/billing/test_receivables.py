"""Receivables, risk, promises, holds and collections: worked figures, people's decisions, walls (B12, B13)."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from billing import (
    accounts,
    agency,
    balances,
    calls,
    payments,
    planning,
    policies,
    receivables,
    small_balances,
    statement_batches,
    statements,
    takebacks,
)
from billing.accounts import Asking
from billing.checkout import check_out
from billing.enums import CallKind
from billing.errors import CannotCollect, CannotPlan, NothingDue, StatementHeld
from billing.models import CollectionCase, CollectionHandoff, LedgerEntry, LedgerTxn, PaymentPlan
from billing.payments import Payment
from billing.planning import Terms
from claims.models import Claim
from lib.dates import local_day
from patients.models import Guarantor
from tests.cast import NOW, TODAY, make_patient, make_profile, make_visit, make_world
from tests.responses.stage import AETNA, answer, claimed, clp, set_up

D = Decimal
LATER = TODAY + timedelta(days=130)


@pytest.fixture
def world():
    return make_world()


def owing(world, first="Lee", **fields):
    patient = make_patient(first, "Stone", **fields)
    return patient, check_out(make_visit(world, patient, make_profile(patient)).public_id, [], at=NOW).invoice


def asked(patient, times=3):
    accounts.set_level(accounts.account_of(patient), times, NOW)


def pay(world, patient, amount):
    return payments.take(patient, Payment(world.cash, D(amount)), [], location=world.location, today=TODAY)


def ages(found, name):
    [party] = [row for row in found.parties if row.name == name]
    return {words: amount for words, amount in party.ages.items() if amount}


@pytest.mark.django_db
@pytest.mark.rule("B12.receivables")
def test_every_open_cent_has_its_party_and_age(world):
    with world.open():
        set_up(world, autopay_claims="post")
        claim = claimed(world, world.aetna)
        found = receivables.read(TODAY)
        assert ages(found, "Aetna") == {"0 to 30 days": D("125.00")}
        assert ages(found, "Patients") == {"0 to 30 days": D("25.00")}
        answer(clp(claim, "1", "150.00", "50.00", ("CO", "45", "40.00"), ("PR", "1", "60.00")), **AETNA)
        answered = LedgerTxn.objects.filter(kind="adjudication").latest("pk").posted_on
        found = receivables.read(answered + timedelta(days=40))
        assert [row.name for row in found.parties] == ["Patients"]
        assert found.total == D("60.00") == found.patients
        early = receivables.read(TODAY + timedelta(days=31))
        assert ages(early, "Patients")["31 to 60"] >= D("25.00")
        other = make_patient(last="Credit")
        pay(world, other, "15.00")
        found = receivables.read(answered)
        assert (found.credit, found.escrow, found.total) == (D("15.00"), D("0.00"), D("60.00"))
        ledger = LedgerEntry.objects.filter(account__startswith="ar:")
        assert found.total == sum(ledger.values_list("amount", flat=True))


@pytest.mark.rule("B12.receivables")
@pytest.mark.parametrize(
    ("owed", "charges", "days"),
    [
        ("9000.00", "27000.00", "30.0"),
        ("100.00", "300.00", "30.0"),
        ("1.00", "0.00", None),
        ("0.00", "5.00", "0.0"),
    ],
)
def test_days_in_ar(owed, charges, days):
    assert receivables.days_in_ar(D(owed), D(charges)) == (D(days) if days else None)


@pytest.mark.django_db
@pytest.mark.rule("B12.risk")
def test_what_speaks_against_payment_is_counted(world):
    with world.open():
        good, _ = owing(world, "Good")
        bad, _ = owing(world, "Bad")
        account = accounts.account_of(bad)
        accounts.set_level(account, 3, NOW)
        accounts.mark_address(account, bad_since=TODAY)
        terms = Terms("monthly", TODAY, 3)
        planning.make(good, terms, location=world.location, today=TODAY, may_override=True)
        talk = calls.Talk(CallKind.PROMISE, "pays", promise_on=TODAY, promise_amount=D("20.00"))
        calls.log(bad, talk, invoice=None, today=TODAY)
        first, second = receivables.risks(TODAY)
        assert (first.patient, first.points, first.grade) == (bad, 3, "high")
        assert first.reasons == ("mail came back", "asked 3 times")
        assert (second.points, second.grade) == (0, "none")
        PaymentPlan.objects.update(state="defaulted")
        first, second = receivables.risks(TODAY + timedelta(days=100))
        assert first.reasons == ("over 90 days", "mail came back", "asked 3 times", "broken promise")
        assert second.reasons == ("over 90 days", "plan in default")
        accounts.set_level(account, 4, NOW)
        first, _ = receivables.risks(TODAY + timedelta(days=121))
        assert (first.points, first.reasons[:3]) == (
            7,
            ("over 120 days", "mail came back", "final request sent"),
        )
        assert [row.patient for row in receivables.risks(TODAY, search="good")] == [good]


@pytest.mark.django_db
@pytest.mark.rule("B13.promise")
def test_a_promise_is_a_task_until_its_money_comes(world):
    with world.open():
        patient, _ = owing(world)
        talk = calls.Talk(
            CallKind.PROMISE,
            "pays on Friday",
            promise_on=TODAY + timedelta(days=4),
            promise_amount=D("20.00"),
        )
        row = calls.log(patient, talk, invoice=None, today=TODAY)
        bounced = pay(world, patient, "30.00")
        takebacks.reverse_payment(bounced, reason="bounced", today=TODAY)
        pay(world, patient, "10.00")
        assert calls.came_since([row]) == {row.pk: D("10.00")}
        assert calls.keep_promises(NOW) == 0
        day = TODAY + timedelta(days=5)
        assert receivables.broken_promises([patient.pk], day - timedelta(days=1)) == set()
        assert receivables.broken_promises([patient.pk], day) == {patient.pk}
        pay(world, patient, "10.00")
        assert receivables.broken_promises([patient.pk], day) == set()
        assert calls.keep_promises(NOW) == 1
        row.refresh_from_db()
        assert (row.state, row.outcome) == ("done", "Kept: 20.00 came")


@pytest.mark.django_db(transaction=True)
@pytest.mark.rule("B12.hold")
def test_holds_and_returned_mail_by_page_and_api(client, world):
    today = local_day(timezone.now(), "America/Chicago")
    with world.open():
        patient, _ = owing(world)
    page = reverse("billing:asking", args=[patient.public_id])
    by_api = reverse("billing-api:asking", args=[patient.public_id])
    client.force_login(world.users["front_desk"])
    assert client.get(page).status_code == 403
    client.force_login(world.users["biller"])
    assert client.get(page).status_code == 200
    until = (today + timedelta(days=9)).isoformat()
    assert client.post(page, {"hold_until": until}).status_code == 400, "a hold has its reason"
    past = {"hold_until": (today - timedelta(days=1)).isoformat(), "hold_reason": "x"}
    assert client.post(page, past).status_code == 400
    assert client.post(by_api, past, content_type="application/json").status_code == 400
    assert client.post(page, {"hold_until": until, "hold_reason": "asked to wait"}).status_code == 302

    def held():
        with world.open():
            [due] = statement_batches.round_of(world.location, today)
            return due.held

    assert held().startswith("Held until") and "asked to wait" in held()
    body = {"hold_until": None, "bad_address": True}
    assert client.post(by_api, body, content_type="application/json").json()["bad_address"] is True
    assert held() == "Mail came back"
    with world.open():
        assert statements.issue(patient, world.location, at=timezone.now()).balance == D("150.00"), (
            "by hand it goes"
        )


@pytest.mark.django_db
@pytest.mark.rule("B12.hold")
def test_by_hand_too_nothing_is_asked_while_the_account_is_disputed(world):
    with world.open():
        patient, _ = owing(world)
        row = calls.log(patient, calls.Talk(CallKind.DISPUTE, "never was here"), invoice=None, today=TODAY)
        with pytest.raises(StatementHeld, match="disputed"), transaction.atomic():
            statements.issue(patient, world.location, at=NOW)
        calls.close(row, "was here", at=NOW)
        assert statements.issue(patient, world.location, at=NOW).balance == D("150.00")


@pytest.mark.django_db
@pytest.mark.rule("B12.hold")
def test_what_an_insurer_is_asked_again_is_not_asked_of_the_patient(world):
    with world.open():
        set_up(world, autopay_claims="post")
        claim = claimed(world, world.aetna)
        answer(clp(claim, "1", "150.00", "85.00", ("CO", "45", "40.00"), ("PR", "3", "25.00")), **AETNA)
        patient = claim.patient
        assert statements.build(patient, world.location, today=TODAY)["asked"] == "25.00"
        claim.refresh_from_db()
        values = {field.attname: getattr(claim, field.attname) for field in Claim._meta.concrete_fields}
        values.pop("id")
        Claim.objects.filter(pk=claim.pk).update(adjudicated_at=NOW)
        again = {"public_id": "AGAIN", "control_number": "AGAIN1", "replaces_id": claim.pk, "frequency": "7"}
        Claim.objects.create(**{**values, **again, "rank": 2, "state": "new", "version": 2})
        snapshot = statements.build(patient, world.location, today=TODAY)
        assert (snapshot["asked"], snapshot["apart"][0]["words"]) == ("0.00", "Your insurer is asked again")
        [due] = statement_batches.round_of(world.location, TODAY)
        assert due.held == "An insurer is asked again"


@pytest.mark.django_db
@pytest.mark.rule("B12.hold")
@pytest.mark.rule("B10.policy")
def test_what_medicaid_left_is_asked_only_where_a_row_allows_it(world):
    with world.open():
        set_up(world, autopay_claims="post")
        world.aetna.filing_indicator = "MC"
        world.aetna.save()
        claim = claimed(world, world.aetna)
        answer(clp(claim, "1", "150.00", "107.00", ("CO", "45", "40.00"), ("PR", "3", "3.00")), **AETNA)
        patient = claim.patient
        assert balances.patient_due(patient.pk) == D("3.00")
        snapshot = statements.build(patient, world.location, today=TODAY)
        assert snapshot["asked"] == "0.00"
        assert "careful default" in snapshot["apart"][0]["policy"]["because"]
        with pytest.raises(NothingDue), transaction.atomic():
            statements.issue(patient, world.location, at=NOW)
        terms = {"value": "yes", "payer_class": "medicaid", "effective_on": TODAY, "source": "manual, 3.1"}
        policies.add("medicaid_billing", terms)
        assert statements.build(patient, world.location, today=TODAY)["asked"] == "3.00"


@pytest.mark.django_db
@pytest.mark.rule("B12.account")
def test_what_is_on_a_plan_and_disputed_is_set_aside_once(world):
    with world.open():
        patient, first = owing(world)
        terms = Terms("monthly", TODAY + timedelta(days=10), 3)
        planning.make(patient, terms, location=world.location, today=TODAY, may_override=False)
        calls.log(patient, calls.Talk(CallKind.DISPUTE, "too much"), invoice=first, today=TODAY)
        check_out(make_visit(world, patient, patient.profiles.get()).public_id, [], at=NOW)
        snapshot = statements.build(patient, world.location, today=TODAY)
        assert (snapshot["balance"], snapshot["asked"]) == ("300.00", "150.00")
        assert [(row["words"], row["amount"]) for row in snapshot["apart"]] == [
            ("Being looked into", "150.00")
        ]
        [due] = statement_batches.round_of(world.location, TODAY)
        assert (due.asked, due.held) == (D("150.00"), ""), "the round asks what the statement asks"


@pytest.mark.django_db
@pytest.mark.rule("B12.collections")
def test_a_rule_proposes_by_the_policy_of_the_state(world):
    with world.open():
        patient, _ = owing(world)
        asked(patient)
        day = TODAY + timedelta(days=120)
        [one] = agency.candidates(world.location, day)
        assert (one.amount, one.level, one.days) == (D("150.00"), 3, 120)
        assert ["careful default" in said.because for said in one.decisions] == [True, True]
        assert agency.candidates(world.location, day - timedelta(days=1)) == []
        asked(patient, 2)
        assert agency.candidates(world.location, day) == []
        for subject, value in (("statements_before_collections", "1"), ("days_before_collections", "30")):
            policies.add(subject, {"value": value, "state": "IL", "effective_on": TODAY, "source": "the act"})
        [one] = agency.candidates(world.location, TODAY + timedelta(days=30))
        assert "for IL since" in one.decisions[0].because
        account = accounts.account_of(patient)
        accounts.hold(account, until=LATER, reason="hardship")
        assert agency.candidates(world.location, LATER) == []
        accounts.hold(account, until=None, reason="")
        accounts.set_asking(patient, Asking(), today=TODAY)
        row = calls.log(
            patient, calls.Talk(CallKind.DISPUTE, "no"), invoice=patient.invoices.get(), today=TODAY
        )
        assert agency.candidates(world.location, LATER) == []
        calls.close(row, "yes", at=NOW)
        planning.make(
            patient, Terms("monthly", TODAY, 3), location=world.location, today=TODAY, may_override=False
        )
        assert agency.candidates(world.location, LATER) == []


@pytest.mark.django_db
@pytest.mark.rule("B12.collections")
def test_a_person_decides_a_file_leaves_and_what_comes_back_is_counted(world):
    with world.open():
        mother = Guarantor.objects.create(
            first_name="=Ada",
            last_name="Stone",
            street="1 Elm",
            city="Springfield",
            state="IL",
            zip_code="62701",
        )
        patient, first = owing(world, "Ann", guarantor=mother)
        other, _ = owing(world, "Max")
        paid, _ = owing(world, "Pay")
        for each in (patient, other, paid):
            asked(each)
        place, day = world.location, LATER
        for decision, reason in (("handed", "x"), ("approved", " ")):
            with pytest.raises(CannotCollect), transaction.atomic():
                agency.decide(patient, decision, reason=reason, location=place, today=day)
        agency.decide(other, "spared", reason="hardship", location=place, today=day)
        CollectionCase.objects.update(decided_at=NOW + timedelta(days=130))
        case = agency.decide(patient, "approved", reason="no answer", location=place, today=day)
        late = agency.decide(paid, "approved", reason="no answer", location=place, today=day)
        assert agency.candidates(place, day) == []
        assert [each.patient for each in agency.candidates(place, day + timedelta(days=91))] == [other]
        with pytest.raises(CannotCollect), transaction.atomic():
            agency.decide(patient, "spared", reason="again", location=place, today=day)
        pay(world, paid, "150.00")
        made = agency.hand_off("North Agency", location=place, today=day, at=NOW)
        late.refresh_from_db()
        assert (late.state, made.count, made.amount) == ("closed", 1, D("150.00"))
        [row] = csv.DictReader(io.StringIO(bytes(made.file.content).decode()))
        assert (row["name"], row["amount"], row["first_due_on"]) == (
            "'=Ada Stone",
            "150.00",
            TODAY.isoformat(),
        )
        assert set(row) == set(agency.COLUMNS)
        text = bytes(made.file.content).decode()
        assert not [word for word in ("98941", "Adjustment", "Aetna", "1980", "Ann") if word in text]
        with pytest.raises(CannotCollect), transaction.atomic():
            agency.hand_off("North Agency", location=place, today=day, at=NOW)
        with pytest.raises(CannotPlan, match="collection agency"), transaction.atomic():
            planning.make(patient, Terms("monthly", day, 2), location=place, today=day, may_override=True)
        with pytest.raises(NothingDue), transaction.atomic():
            statements.issue(patient, place, at=NOW)
        assert [line.invoice for line in small_balances.preview(place, day)] == []
        check_out(make_visit(world, patient, patient.profiles.get()).public_id, [], at=NOW)
        assert statements.build(patient, place, today=day)["asked"] == "150.00", "the new visit is ours"
        payments.take(
            patient, Payment(world.cash, D("40.00")), list(first.charges.all()), location=place, today=TODAY
        )
        CollectionHandoff.objects.get()
        [stands] = agency.follow([CollectionCase.objects.get(pk=case.pk)])
        assert (stands.recovered, stands.left) == (D("40.00"), D("110.00"))
        assert receivables.read(day).at_agency == D("110.00")
        case = agency.take_back(case, reason="moved", at=NOW)
        assert statements.build(patient, place, today=day)["asked"] == "260.00"
        with pytest.raises(IntegrityError), transaction.atomic():
            for _ in range(2):
                CollectionCase.objects.create(
                    account=case.account, patient=patient, state="approved", amount=1, why={}, decided_by="x"
                )


@pytest.mark.django_db
@pytest.mark.rule("B12.collections")
def test_a_case_that_is_paid_closes_by_itself(world):
    with world.open():
        patient, _ = owing(world)
        asked(patient)
        agency.decide(patient, "approved", reason="no answer", location=world.location, today=LATER)
        agency.hand_off("North", location=world.location, today=LATER, at=NOW)
        assert agency.review(NOW) == 0
        pay(world, patient, "150.00")
        assert agency.review(NOW) == 1
        row = CollectionCase.objects.get()
        assert (row.state, row.outcome) == ("closed", "Settled, 150.00 of 150.00 paid")


@pytest.mark.django_db(transaction=True)
@pytest.mark.rule("B12.collections")
def test_pages_and_api_of_receivables_and_collections(client, world):
    with world.open():
        for name in ("Ann", "Ben"):
            patient, _ = owing(world, name)
            asked(patient)
        policies.add("days_before_collections", {"value": "0", "effective_on": TODAY, "source": "own rule"})
    client.force_login(world.users["biller"])
    for name in ("receivables", "receivables-risk", "collections"):
        page = client.get(reverse(f"billing:{name}"))
        assert b"150.00" in page.content or b"300.00" in page.content, name
        file = client.get(reverse(f"billing:{name}") + "?format=csv").content
        assert b"150.00" in file or b"300.00" in file, name
    risk = client.get(reverse("billing-api:receivables-risk")).json()["patients"]
    assert [row["owed"] for row in risk] == ["150.00", "150.00"]
    assert client.get(reverse("billing-api:receivables")).json()["total"] == "300.00"
    decide = reverse("billing:collection-decide", args=[patient.public_id])
    assert b"Days before collections for everybody" in client.get(decide).content
    body = {"decision": "approved", "reason": "no answer", "idempotency_key": "d"}
    assert client.post(decide, {**body, "reason": ""}).status_code == 400
    assert client.post(decide, body).status_code == 302
    assert client.post(decide, body).status_code == 302, "the same form again"
    assert client.post(decide, {**body, "idempotency_key": "e"}).status_code == 400
    wanted = {"patient": risk[0]["patient"], "decision": "approved", "reason": "no answer"}
    made = client.post(reverse("billing-api:collections"), wanted, content_type="application/json")
    assert (made.status_code, made.json()["state"]) == (201, "approved")
    handoffs = reverse("billing:handoffs")
    assert client.post(handoffs, {"agency": "North"}).status_code == 403, (
        "a biller decides, an admin hands over"
    )
    client.force_login(world.users["admin"])
    assert b"Hand over 2 accounts, 300.00" in client.get(handoffs).content
    assert client.post(handoffs, {"agency": "North", "idempotency_key": "h"}).status_code == 302
    [row] = client.get(reverse("billing-api:handoffs")).json()
    assert (row["count"], row["amount"]) == (2, "300.00")
    file = client.get(reverse("billing:handoff-file", args=[row["id"]]))
    assert file.content == client.get(reverse("billing-api:handoff-file", args=[row["id"]])).content
    case = client.get(reverse("billing-api:collections")).json()["cases"][0]
    back = reverse("billing:collection-take-back", args=[case["id"]])
    assert client.post(back, {"reason": "moved"}).status_code == 302
    assert client.post(back, {"reason": "moved"}).status_code == 409
    api = reverse("billing-api:collection-take-back", args=[case["id"]])
    assert (
        client.post(api, {"reason": "x"}, content_type="application/json").json()["error"]["code"]
        == "closed_already"
    )
    for tab in ("approved", "handed", "spared", "closed"):
        assert client.get(reverse("billing:collections") + f"?tab={tab}").status_code == 200


@pytest.mark.django_db(transaction=True)
@pytest.mark.rule("B12.receivables")
def test_the_lists_ask_a_constant_number_of_questions(client, world):
    client.force_login(world.users["admin"])
    with world.open():
        policies.add("days_before_collections", {"value": "0", "effective_on": TODAY, "source": "own rule"})

    def counts():
        found = []
        for name in ("receivables", "receivables-risk", "collections", "day"):
            client.get(reverse(f"billing:{name}"))
            with CaptureQueriesContext(connection) as seen:
                assert client.get(reverse(f"billing:{name}")).status_code == 200
            found.append(len(seen))
        return found

    def add(*names):
        with world.open():
            for name in names:
                mother = Guarantor.objects.create(
                    first_name="A", last_name="B", street="1", city="S", state="IL", zip_code="62701"
                )
                for patient in (owing(world, name)[0], owing(world, name, guarantor=mother)[0]):
                    asked(patient)

    add("A")
    few = counts()
    add("B", "C", "D")
    assert counts() == few
