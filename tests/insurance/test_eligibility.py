"""Questions about cards and their answers, through the sandbox's own code: rows, order, loss, rejects, words."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from appointments.enums import AppointmentState
from clearinghouses import inbound
from clearinghouses.models import OutboundFile
from clearinghouses.sandbox.answering import Answer, answer
from clearinghouses.sandbox.memory import Memory
from clearinghouses.transport import Delivered, Refused, Unknown
from insurance import corrections, eligibility, policies
from insurance.enums import RequestState
from insurance.errors import CannotAsk
from insurance.models import EligibilityCheck, EligibilityRequest, Payer, Policy
from lib.dates import parse_d8
from responses import inbox
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
from work import outbox
from work.models import Job

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def opened(world: World) -> Any:
    with world.open():
        yield world


def card(world: World, member: str = "W1", payer: Payer | None = None, **fields: Any) -> Policy:
    return make_policy(
        make_patient("Maren", f"Okafor{member[:5].title()}"), payer or world.aetna, member, **fields
    )


def ask(world: World, policy: Policy, at: datetime = NOW, **fields: Any) -> EligibilityRequest:
    return eligibility.ask(policy, world.provider, day=TODAY, today=TODAY, at=at, **fields)


def answers(request: EligibilityRequest, memory: Memory | None = None) -> list[Answer]:
    assert request.outbound_file is not None
    return answer(bytes(request.outbound_file.stored.content), memory or Memory("alder"), NOW)


def take(world: World, files: list[Answer]) -> None:
    for item in files:
        row, _ = inbound.receive(
            item.content, name=item.name, source="collected", connection=world.connection
        )
        if row.state == "received":
            inbox.take(row, at=NOW)


def check_of(policy: Policy) -> EligibilityCheck:
    return EligibilityCheck.objects.get(policy=policy)


@pytest.mark.rule("B14.ask")
def test_a_question_is_a_row_with_its_bytes_and_a_promise(opened: World) -> None:
    request = ask(opened, card(opened))
    assert (request.state, request.outbound_file.state) == ("waiting", "pending")  # type: ignore[union-attr]
    text = bytes(request.outbound_file.stored.content).decode()  # type: ignore[union-attr]
    assert f"TRN*1*{request.public_id}*9123456789" in text
    assert (
        outbox.Outbox.objects.filter(kind="insurance.send", subject_id=request.outbound_file_id).count() == 1
    )
    assert ask(opened, request.policy) == request
    assert EligibilityRequest.objects.count() == 1


@pytest.mark.rule("B14.ask")
def test_after_ten_minutes_one_asks_anew_and_the_late_answer_to_the_first_is_kept(opened: World) -> None:
    policy = card(opened)
    first = ask(opened, policy)
    late = answers(first)
    second = ask(opened, policy, at=NOW + timedelta(minutes=11))
    assert second != first
    take(opened, late)
    first.refresh_from_db()
    assert (first.state, EligibilityCheck.objects.get(request=first).is_active) == ("answered", True)
    second.refresh_from_db()
    assert second.state == "waiting"


@pytest.mark.rule("B14.answer")
def test_what_the_payer_says_is_stored_with_its_bytes(opened: World) -> None:
    cigna = make_payer("Cigna", "62308")
    policy = card(opened, payer=cigna)
    request = ask(opened, policy)
    take(opened, answers(request))
    found = check_of(policy)
    assert (found.is_active, found.source, found.checked_on, found.service_type) == (True, "271", TODAY, "30")
    assert found.stored is not None
    wanted = {
        "coinsurance": "20.00",
        "deductible": "500.00",
        "deductible_left": "30.00",
        "out_of_pocket_left": "2400.00",
    }
    assert {key: found.benefits[key] for key in wanted} == wanted
    assert "copay" not in found.benefits
    assert "Deductible 30.00 left, individual" in [row["words"] for row in found.benefits["rows"]]


@pytest.mark.rule("B14.answer")
@pytest.mark.parametrize(
    ("member", "active", "words"),
    [
        ("INACTIVE1", False, ""),
        ("NOTFOUND1", None, "The payer does not find this member. Correct it and ask again."),
        ("BADDOB1", None, "The date of birth does not fit what the payer has. Correct it and ask again."),
        ("PAYERDOWN1", None, "The payer's system cannot answer now. You may ask again."),
    ],
)
def test_inactive_and_rejected(opened: World, member: str, active: bool | None, words: str) -> None:
    policy = card(opened, member)
    take(opened, answers(ask(opened, policy)))
    found = check_of(policy)
    assert found.is_active is active
    assert " ".join(f"{row['words']} {row['step']}" for row in found.rejections) == words


@pytest.mark.rule("B14.answer")
def test_limits_other_payers_and_a_holder_who_is_somebody_else(opened: World) -> None:
    policy = card(opened, "OTHERINS1", relationship="19", holder_first_name="Ada", holder_last_name="Okafor",
                  holder_birth_date=date(1960, 1, 1), holder_sex="F")  # fmt: skip
    take(opened, answers(ask(opened, policy)))
    found = check_of(policy)
    assert found.benefits["other_payers"] == [{"name": "CIGNA", "payer_id": "62308", "dates": ""}]
    limited = card(opened, "LIMITED1")
    take(opened, answers(ask(opened, limited), Memory("other")))
    rows = check_of(limited).benefits["limits"]
    assert [row["words"] for row in rows] == [
        "Limit 20 visits a calendar year, individual",
        "Limit 6 visits left, individual",
    ]


@pytest.mark.rule("B14.answer")
def test_lost_repeated_and_reordered_answers_end_in_the_same_state(world: World) -> None:
    """Every order of: the answer, its copy, the same in a new envelope, a reject that came before it."""
    with world.open():
        policy = card(world, "DUPFILE1")
        request = ask(world, policy)
        good = [item for item in answers(request) if item.name.endswith(".271")]
        down = answer(
            bytes(request.outbound_file.stored.content).replace(b"DUPFILE1", b"NOTFOUND"),  # type: ignore[union-attr]
            Memory("down"), NOW - timedelta(hours=1),
        )  # fmt: skip
        files = [*good, *(item for item in down if item.name.endswith(".271"))]
    assert len(files) == 4
    seen = set()
    from django.db import transaction

    for order in permutations(files):
        with world.open():
            point = transaction.savepoint()
            take(world, list(order))
            found = check_of(policy)
            seen.add(
                (
                    found.is_active,
                    found.order_key,
                    str(found.benefits),
                    EligibilityRequest.objects.get().state,
                )
            )
            transaction.savepoint_rollback(point)
    assert len(seen) == 1
    assert next(iter(seen))[0] is True


@pytest.mark.rule("B14.ask")
def test_what_became_of_the_file(opened: World) -> None:
    request = ask(opened, card(opened))
    file_id = request.outbound_file_id
    eligibility.settle(file_id, Delivered())
    request.refresh_from_db()
    assert request.state == RequestState.WAITING
    eligibility.settle(file_id, Unknown("dropped"))
    assert outbox.Outbox.objects.filter(kind="insurance.look", subject_id=file_id).count() == 1
    eligibility.settle(file_id, Refused("nobody listens"))
    request.refresh_from_db()
    assert (request.state, "nobody listens" in request.detail) == (RequestState.REFUSED, True)


@pytest.mark.rule("B14.ask")
def test_an_answer_proves_that_an_unknown_file_arrived(opened: World) -> None:
    request = ask(opened, card(opened))
    OutboundFile.objects.filter(pk=request.outbound_file_id).update(state="unknown")
    take(opened, [item for item in answers(request) if item.name.endswith(".271")])
    assert OutboundFile.objects.get().state == "delivered"


@pytest.mark.rule("B14.ask")
def test_a_refusing_ta1_or_999_ends_the_wait_and_leaves_no_orphan_among_the_claims(opened: World) -> None:
    from claims.models import Acknowledgement

    memory = Memory("alder")
    request = ask(opened, card(opened))
    first = answers(request, memory)
    again = [item for item in answers(request, memory) if "TA1" in item.name]  # the same ISA13 twice: 025
    take(opened, [item for item in first if "271" not in item.name])
    assert EligibilityRequest.objects.get().state == "waiting"
    take(opened, again)
    request.refresh_from_db()
    assert (request.state, "025" in request.detail) == ("refused", True)
    assert Acknowledgement.objects.count() == 0


@pytest.mark.rule("B14.ask")
def test_the_batch_asks_once_a_card_and_says_what_it_leaves(opened: World) -> None:
    tomorrow = TODAY + timedelta(days=1)
    cigna = make_payer("Cigna", "62308")
    paper = make_payer("Paper", "11111", claim_format="paper")
    known = card(opened, "W3")
    policies.record_eligibility(known, on=TODAY, is_active=True, note="", today=TODAY)
    cards = [card(opened, "W1"), card(opened, "W2", cigna), known, card(opened, "W4", paper)]
    for policy in cards:
        profile = make_profile(policy.patient, policy)
        for _ in range(2):
            make_visit(opened, policy.patient, profile, day=tomorrow, state=AppointmentState.SCHEDULED)
    job = eligibility.start_batch(tomorrow)
    assert eligibility.work_batch(job, today=TODAY, at=NOW) == 2
    assert eligibility.work_batch(job, today=TODAY, at=NOW) == 0
    file = OutboundFile.objects.get()
    assert bytes(file.stored.content).count(b"ST*270") == 2
    take(opened, answer(bytes(file.stored.content), Memory("alder"), NOW))
    done = Job.objects.get(pk=job.pk)
    assert (done.state, done.done, done.total, done.errors) == ("done", 2, 2, 0)
    assert EligibilityCheck.objects.filter(source="271").count() == 2


@pytest.mark.rule("B14.ask")
def test_questions_without_an_answer_are_given_up_after_a_day(opened: World) -> None:
    ask(opened, card(opened, "SILENT1"))
    assert eligibility.give_up(NOW + timedelta(hours=23)) == 0
    assert eligibility.give_up(NOW + timedelta(hours=25)) == 1
    assert EligibilityRequest.objects.get().state == "given_up"


@pytest.mark.rule("B14.ask")
def test_who_cannot_be_asked(opened: World) -> None:
    with pytest.raises(CannotAsk, match="call it"):
        ask(opened, card(opened, payer=make_payer("Paper", "11111", claim_format="paper")))
    opened.connection.is_active = False
    opened.connection.save()
    with pytest.raises(CannotAsk, match="connection"):
        ask(opened, card(opened, "W2"))


@pytest.mark.rule("B14.correction")
def test_the_payers_name_and_number_are_offered_and_taken_by_one_click(opened: World) -> None:
    policy = card(opened, "RENAMED1")
    take(opened, answers(ask(opened, policy)))
    found = check_of(policy)
    offered = {row["field"]: row["theirs"] for row in found.corrections}
    assert offered == {"member_id": "CRENAMED1", "last_name": f"{policy.patient.last_name.title()}-Smith"}
    corrections.apply(found, "member_id", today=TODAY)
    corrections.apply(found, "last_name", today=TODAY)
    corrections.apply(found, "last_name", today=TODAY)
    policy.refresh_from_db()
    policy.patient.refresh_from_db()
    assert (policy.member_id, policy.patient.last_name) == ("CRENAMED1", offered["last_name"])
    assert all(row["taken"] for row in EligibilityCheck.objects.get().corrections)


@pytest.mark.rule("B14.eligibility")
@pytest.mark.parametrize(
    ("checked", "visit", "good"),
    [("20260302", "20260330", True), ("20260302", "20260401", False), ("20260301", "20260401", False),
     ("20260310", "20260309", False)],
)  # fmt: skip
def test_how_long_an_answer_is_good(checked: str, visit: str, good: bool) -> None:
    days = parse_d8(checked), parse_d8(visit)
    assert days[0] is not None
    assert days[1] is not None
    assert policies.eligibility_is_fresh(days[0], days[1]) is good


@pytest.mark.rule("B14.eligibility")
def test_a_telephone_call_keeps_who_said_so_and_their_reference(opened: World) -> None:
    policy = card(opened)
    row = policies.record_eligibility(
        policy, on=TODAY, is_active=True, note="copay 20", told_by="Jo", reference="R-77", today=TODAY,
        figures={"copay": "20.00", "deductible_left": "0.00"},
    )  # fmt: skip
    assert (row.source, row.told_by, row.reference, row.benefits["copay"]) == ("phone", "Jo", "R-77", "20.00")
    with pytest.raises(policies.BadCoverage):
        policies.record_eligibility(
            policy, on=TODAY + timedelta(days=1), is_active=None, note="", today=TODAY
        )


def test_a_271_of_nobody_we_asked_about_changes_nothing(opened: World) -> None:
    request = ask(opened, card(opened))
    files = [item for item in answers(request) if item.name.endswith(".271")]
    EligibilityRequest.objects.all().delete()
    take(opened, files)
    assert EligibilityCheck.objects.count() == 0
