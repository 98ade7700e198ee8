"""Acknowledgements in every order, payers' answers, and the next version (rules.md B5, B8; F-12)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from claims import acknowledgements, adjudications, corrections, delivery, queue, review, submitting
from claims.enums import BatchState, ClaimState, Outcome
from claims.errors import NotEditable, NotResubmittable, StaleDocument
from claims.lifecycle import allowed_moves
from claims.models import Acknowledgement, Batch, BatchItem, Claim, ClaimEvent, ClaimTransition
from clearinghouses import inbound
from lib.frozen import thaw
from tests.cast import NOW, TODAY, World, make_patient, make_world
from tests.claims.helpers import bill, ready_claim, ready_claims
from x12.documents.claim_ack import AcknowledgedClaim, AcknowledgedProvider, ClaimAck, ClaimStatus, StatusCode
from x12.documents.functional_ack import FunctionalAck, SegmentError, TransactionAck
from x12.documents.interchange_ack import InterchangeAck
from x12.documents.parties import Adjustment, OutpatientRemarks, Party
from x12.documents.professional_claim import ClaimDocument
from x12.documents.remittance import ClaimPayment, Procedure, ServicePayment
from x12.documents.write_acks import VERSION_277CA, VERSION_999, write_277ca, write_999, write_ta1
from x12.reading import read_file
from x12.writer import GroupText, InterchangeHeader, TransactionText, write_interchange

pytestmark = pytest.mark.django_db
COUNTER = iter(range(1, 100_000))


@pytest.fixture
def world(settings: Any, tmp_path: Path) -> World:
    settings.EXCHANGE_DIR = tmp_path
    return make_world()


def sent(world: World, count: int = 1, **fields: Any) -> tuple[Batch, list[Claim]]:
    """Claims in a batch whose file nobody has carried yet."""
    claims = ready_claims(world, count, **fields)
    job = submitting.start(Claim.objects.filter(pk__in=[c.pk for c in claims]), TODAY, {}, ticked=True)
    submitting.submit_chunk(job, 0, NOW, TODAY)
    return Batch.objects.get(job=job), claims


def envelope(*, groups: list[GroupText] | None = None, acks: list[str] | None = None) -> bytes:
    header = InterchangeHeader("SANDBOX", "CLEANCLAIM", next(COUNTER), NOW)
    return write_interchange(header, groups or [], acks or [])


def group(code: str, kind: str, version: str, lines: list[str]) -> GroupText:
    return GroupText(
        code, "SANDBOX", "CLEANCLAIM", next(COUNTER), version, [TransactionText(kind, "0001", lines, version)]
    )


def ta1(batch: Batch, status: str = "A", note: str = "000") -> bytes:
    return envelope(
        acks=[write_ta1(InterchangeAck(f"{batch.interchange_number:09d}", "260309", "1600", status, note))]
    )


def answer_999(batch: Batch, status: str = "A", guilty: str = "") -> bytes:
    errors = (SegmentError("NM1", 12, "2010", "8", guilty),) if status == "R" else ()
    sets = tuple(
        TransactionAck("837", number, "005010X222A1", status, ("5",) if status == "R" else (), errors)
        for number in sorted(
            set(BatchItem.objects.filter(batch=batch).values_list("transaction_number", flat=True))
        )
    )
    ack = FunctionalAck(
        "HC", str(batch.group_number), "005010X222A1", status, len(sets), len(sets), len(sets), (), sets
    )
    return envelope(groups=[group("FA", "999", VERSION_999, write_999(ack))])


def answer_277(
    batch: Batch, claims: list[Claim], category: str = "A2", number: str = "", text: str = ""
) -> bytes:
    rejects = category in ("A3", "A6", "A7", "A8")
    status = ClaimStatus(
        (StatusCode(category, "20" if not rejects else "158", "QC"),),
        TODAY,
        "U" if rejects else "WQ",
        Decimal("150.00"),
        text,
    )
    told = tuple(
        AcknowledgedClaim(
            c.control_number, Party("1", "OKAFOR", "MAREN"), (status,), payer_claim_number=number
        )
        for c in claims
    )
    ack = ClaimAck(
        "REF1",
        TODAY,
        Party("2", "AETNA", "", "", "", "PI", "60054"),
        "TRACE1",
        (),
        TODAY,
        TODAY,
        Party("2", "ALDER", "", "", "", "46", "CLEANCLAIM"),
        batch.reference,
        (),
        (),
        (),
        (AcknowledgedProvider(Party("2", "ALDER", "", "", "", "XX", "1234567893"), "0", claims=told),),
    )
    return envelope(groups=[group("HN", "277", VERSION_277CA, write_277ca(ack))])


def take(world: World, content: bytes) -> acknowledgements.Taken:
    row, _ = inbound.receive(content, "ack.txt", "collected", world.connection)
    reading = read_file(content)
    assert reading.transactions, reading.findings
    return acknowledgements.take(row, reading, at=NOW)


def state(claim: Claim) -> str:
    return Claim.objects.get(pk=claim.pk).state


def test_the_database_knows_the_same_moves() -> None:
    assert set(ClaimTransition.objects.values_list("from_state", "to_state")) == allowed_moves()


def all_orders(number: int) -> Iterator[tuple[int, ...]]:
    """Every order of so many answers, each from the state before all of them."""
    for order in permutations(range(number)):
        before = transaction.savepoint()
        yield order
        transaction.savepoint_rollback(before)


@pytest.mark.rule("B6.5.lies")
@pytest.mark.parametrize("first", [True, False])
def test_that_a_number_was_taken_before_rejects_nothing(world: World, first: bool) -> None:
    with world.open():
        batch, [claim] = sent(world)
        again, word = ta1(batch, "R", "025"), answer_277(batch, [claim], "A2", "PCN77")
        for content in (again, word) if first else (word, again):
            take(world, content)
        assert (state(claim), Claim.objects.get(pk=claim.pk).payer_claim_number) == ("accepted", "PCN77")
        assert Acknowledgement.objects.get(kind="TA1").result == "information"
        assert ClaimEvent.objects.filter(claim=claim, text__contains="used before").exists()


@pytest.mark.rule("B6.5.lies")
def test_a_batch_that_was_given_up_and_is_answered_holds_its_claims(world: World) -> None:
    with world.open():
        batch, claims = sent(world, 2)
        Batch.objects.filter(pk=batch.pk).update(state=BatchState.REFUSED)
        delivery.dissolve(batch, "they said no")
        assert [state(claim) for claim in claims] == ["ready", "ready"]
        take(world, answer_277(batch, claims[:1], "A1"))
        assert [state(claim) for claim in claims] == ["ready", "ready"], "only a word on the way"
        take(world, answer_999(batch))
        assert [state(claim) for claim in claims] == ["on_hold", "on_hold"]
        assert "999, although batch" in Claim.objects.get(pk=claims[0].pk).hold_reason


@pytest.mark.rule("F-12")
def test_answers_in_all_24_orders_and_twice_end_the_same(world: World) -> None:
    with world.open():
        batch, [claim] = sent(world)
        files = [
            ta1(batch),
            answer_999(batch),
            answer_277(batch, [claim], "A1"),
            answer_277(batch, [claim], "A2", "PCN77"),
        ]
        for order in all_orders(4):
            for place in order:
                take(world, files[place])
                again = take(world, files[place])
                assert (again.rows, again.moved) == (0, 0)
            claim.refresh_from_db()
            reached = (claim.state, claim.payer_claim_number, claim.accepted_by)
            assert reached == ("accepted", "PCN77", "payer"), order
            batch.refresh_from_db()
            assert batch.state == BatchState.DELIVERED, "an answer proves that the file arrived"
            assert Acknowledgement.objects.count() == 4


@pytest.mark.rule("B5", "F-12")
def test_a_rejection_stands_in_all_24_orders_even_beside_an_acceptance(world: World) -> None:
    """The payer says both, or its answer comes again in a new envelope: what was refused once is never paid by luck."""
    with world.open():
        batch, [claim] = sent(world)
        files = [
            answer_999(batch),
            answer_277(batch, [claim], "A1"),
            answer_277(batch, [claim], "A2", "PCN77"),
            answer_277(batch, [claim], "A7", text="DOB DOES NOT MATCH"),
        ]
        for order in all_orders(4):
            for place in order:
                take(world, files[place])
            take(world, ta1(batch))
            take(world, answer_277(batch, [claim], "A1"))
            assert state(claim) == ClaimState.REJECTED, order
            event = ClaimEvent.objects.get(claim=claim, to_state="rejected")
            assert "date of birth" in event.text
            assert "DOB DOES NOT MATCH" in event.text
            assert event.segment.startswith("STC*A7:158:QC")


@pytest.mark.rule("B5")
def test_a_999_that_refuses_bounces_its_whole_set_and_names_the_guilty(world: World) -> None:
    with world.open():
        batch, claims = sent(world, 3)
        take(world, answer_999(batch, "R", claims[1].control_number))
        assert {state(claim) for claim in claims} == {ClaimState.REJECTED}
        texts = [ClaimEvent.objects.get(claim=claim, to_state="rejected").text for claim in claims]
        assert "NM1 in loop 2010" in texts[1]
        assert claims[1].control_number in texts[0]
        assert "send it again as it is" in texts[2]


@pytest.mark.rule("B5")
def test_a_refused_envelope_rejects_everything_in_it(world: World) -> None:
    with world.open():
        batch, claims = sent(world, 2)
        take(world, ta1(batch, "R", "021"))
        assert {state(claim) for claim in claims} == {ClaimState.REJECTED}
        assert "groups" in Claim.objects.get(pk=claims[0].pk).last_event


@pytest.mark.rule("F-12")
def test_an_orphan_waits_until_its_batch_appears(world: World) -> None:
    with world.open():
        stranger = Batch(interchange_number=1, group_number=1, reference="000000001")
        result = take(world, ta1(stranger, "R", "006"))
        assert (result.rows, result.orphans) == (1, 1)
        batch, claims = sent(world)
        assert batch.interchange_number == 1
        assert acknowledgements.rematch(NOW) == 1
        assert state(claims[0]) == ClaimState.REJECTED
        assert acknowledgements.rematch(NOW) == 0


def payment(
    claim: Claim,
    *,
    paid: str = "96.00",
    status: str = "1",
    cas: list[Adjustment] | None = None,
    **fields: Any,
) -> ClaimPayment:
    """An answer to a one-line claim of 150.00."""
    line = claim.lines.get()
    parts = tuple(
        cas
        if cas is not None
        else [Adjustment("CO", "45", Decimal("30.00")), Adjustment("PR", "2", Decimal("24.00"))]
    )
    service = ServicePayment(
        Procedure("98941"),
        Decimal("150.00"),
        Decimal(paid),
        Decimal(1),
        adjustments=parts,
        line_id=line.line_id,
    )
    return ClaimPayment(
        claim.control_number,
        status,
        Decimal("150.00"),
        Decimal(paid),
        payer_control_number="ICN1",
        lines=(service,),
        **fields,
    )


def record(claim: Claim, answer: ClaimPayment, key: str = "R1") -> None:
    claim.refresh_from_db()
    adjudications.record(claim, answer, source_kind="era", source_key=key, adjudicated_on=date(2026, 3, 20))


@pytest.mark.rule("B5")
@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ({}, Outcome.PAID),
        ({"paid": "0.00", "cas": [Adjustment("PR", "1", Decimal("150.00"))]}, Outcome.ZERO_PATIENT),
        ({"paid": "0.00", "status": "4", "cas": [Adjustment("CO", "16", Decimal("150.00"))]}, Outcome.DENIED),
        (
            {"paid": "-96.00", "status": "22", "cas": [Adjustment("CO", "45", Decimal("-54.00"))]},
            Outcome.REVERSED,
        ),
    ],
)
def test_outcomes_stand_beside_the_state(world: World, answer: dict[str, Any], outcome: Outcome) -> None:
    with world.open():
        _, claims = sent(world)
        record(claims[0], payment(claims[0], **answer))
        record(claims[0], payment(claims[0], **answer))
        claim = Claim.objects.get(pk=claims[0].pk)
        assert (claim.state, claim.outcome, claim.payer_claim_number) == ("adjudicated", outcome, "ICN1")
        assert claim.adjudications.count() == 1, "the same source twice is one record"


@pytest.mark.rule("B11.2.cob")
def test_the_second_payer_is_told_the_first_ones_answer_raw(world: World) -> None:
    from x12.pyx12_check import find_faults

    with world.open():
        batch, claims = sent(world, 1, payers=[world.aetna, world.aarp])
        invoice = claims[0].invoice
        waiting = queue.enqueue(invoice, TODAY, rank=2)
        assert "PRIOR-ANSWER" in [row["code"] for row in waiting.findings]
        record(claims[0], payment(claims[0], outpatient=OutpatientRemarks(remarks=("MA01",))))
        review.refresh(waiting, TODAY)
        document = thaw(ClaimDocument, waiting.document)
        assert document.coverage.responsibility == "S"
        other = document.other_payers[0]
        assert (other.responsibility, other.amount_paid, other.claim_control_number) == (
            "P",
            Decimal("96.00"),
            "ICN1",
        )
        told = document.lines[0].adjudications[0]
        assert told.payer_id == world.aetna.payer_id
        assert [(a.group, a.reason, a.amount) for a in told.adjustments] == [
            ("CO", "45", Decimal("30.00")),
            ("PR", "2", Decimal("24.00")),
        ]
        assert waiting.state == ClaimState.READY, waiting.findings
        assert waiting.total == Decimal("150.00"), "the full charge again"
        assert waiting.filing_deadline == date(2026, 3, 20) + timedelta(days=4000), (
            "counted from the first payer's answer"
        )
        job = submitting.start(Claim.objects.filter(pk=waiting.pk), TODAY, {})
        submitting.submit_chunk(job, 0, NOW, TODAY)
        stored = Batch.objects.get(job=job).stored
        assert stored is not None
        assert find_faults(bytes(stored.content)) == []
        assert batch.pk


@pytest.mark.rule("B11.2.cob")
def test_a_crossed_over_claim_waits_and_is_not_sent(world: World) -> None:
    with world.open():
        _, claims = sent(world, 1, payers=[world.aetna, world.aarp])
        record(claims[0], payment(claims[0], status="19"))
        waiting = queue.next_layer(claims[0].invoice, 2, TODAY, crossover_until=date(2026, 4, 19))
        assert waiting.state == ClaimState.AWAITING_CROSSOVER
        assert queue.next_layer(claims[0].invoice, 2, TODAY).pk == waiting.pk
        assert submitting.preview(Claim.objects.filter(pk=waiting.pk), TODAY).count == 0
        queue.end_crossover(waiting, TODAY)
        assert waiting.state == ClaimState.NEW


@pytest.mark.rule("B8")
@pytest.mark.parametrize(
    ("situation", "frequency", "code"),
    [
        ("rejected", "1", ""),
        ("rejected", "7", "not_adjudicated"),
        ("denied", "7", ""),
        ("denied", "8", ""),
        ("denied", "1", "would_be_duplicate"),
        ("denied_medicare", "7", "payer_takes_no_7_8"),
        ("denied_medicare", "1", ""),
        ("ma130", "1", ""),
        ("no_number", "7", "payer_claim_number_missing"),
        ("submitted", "1", "reason_missing"),
        ("submitted", "7", "not_adjudicated"),
        ("ready", "1", "not_sent"),
    ],
)
def test_what_may_be_sent_again_and_how(world: World, situation: str, frequency: str, code: str) -> None:
    with world.open():
        claim = _bring(world, situation)
        if code:
            with pytest.raises(NotResubmittable) as refused:
                corrections.duplicate(
                    claim, frequency, "" if code == "reason_missing" else "data error", today=TODAY
                )
            assert refused.value.code == code
            assert not Claim.objects.filter(replaces=claim).exists()
            return
        made = corrections.duplicate(claim, frequency, "data error", today=TODAY)
        again = corrections.duplicate(claim, frequency, "data error", today=TODAY)
        assert again.pk == made.pk, "pressing twice makes one version"
        document = thaw(ClaimDocument, made.document)
        assert (document.frequency_code, made.version, made.state) == (frequency, 2, "new")
        assert document.payer_claim_number == ("ICN1" if frequency in "78" else "")
        assert made.control_number != claim.control_number
        assert state(claim) == (ClaimState.VOID_REQUESTED if frequency == "8" else ClaimState.SUPERSEDED)
        assert made.lines.count() == claim.lines.count()
        assert [c.version for c in corrections.family(made)] == [1, 2]
        assert made.error_count == 0, made.findings


def _bring(world: World, situation: str) -> Claim:
    """A claim as the situation says."""
    if situation == "ready":
        return ready_claim(world)
    if situation == "denied_medicare":
        batch, claims = sent(world, 1, payers=[world.medicare], member="1EG4TE5MK73")
    else:
        batch, claims = sent(world)
    claim = claims[0]
    if situation == "rejected":
        take(world, answer_277(batch, claims, "A7"))
    elif situation == "submitted":
        take(world, ta1(batch))
    else:
        remarks = OutpatientRemarks(remarks=("MA130",)) if situation == "ma130" else None
        denied = [Adjustment("CO", "16", Decimal("150.00"))]
        record(claim, payment(claim, paid="0.00", status="4", cas=denied, outpatient=remarks))
        if situation == "no_number":
            Claim.objects.filter(pk=claim.pk).update(payer_claim_number="")
    claim.refresh_from_db()
    return claim


@pytest.mark.rule("B8")
def test_a_review_changes_no_money_and_nobody_overwrites_anybody(world: World) -> None:
    with world.open():
        patient = make_patient()
        invoice = bill(world, patient, visit={"diagnoses": []})
        claim = queue.enqueue(invoice, TODAY)
        assert claim.state == ClaimState.NEW
        version = claim.document_version
        with pytest.raises(NotEditable):
            review.save_review(claim, {"lines.0.charge": "10.00"}, version, TODAY)
        with pytest.raises(NotEditable):
            review.save_review(claim, {"total_charge": "10.00"}, version, TODAY)
        findings = review.save_review(
            claim,
            {"diagnoses": "M99.03, M54.50", "lines.0.modifiers": "59 gp", "lines.0.pointers": "AB"},
            version,
            TODAY,
        )
        assert findings == []
        assert claim.state == ClaimState.READY
        document = thaw(ClaimDocument, claim.document)
        assert document.diagnoses == ("M9903", "M5450")
        assert document.lines[0].pointers == (1, 2)
        assert claim.lines.get().modifiers == ["59", "GP"]
        with pytest.raises(StaleDocument):
            review.save_review(claim, {"diagnoses": "M9903"}, version, TODAY)
        patient.birth_date = date(1981, 1, 1)
        patient.save()
        review.refresh(claim, TODAY)
        document = thaw(ClaimDocument, claim.document)
        assert document.subscriber.birth_date == date(1981, 1, 1)
        assert document.diagnoses == ("M9903", "M5450"), "what was reviewed is kept"
        edit = ClaimEvent.objects.filter(claim=claim, kind="edit").order_by("pk").first()
        assert edit is not None
        assert edit.data["changes"]["diagnoses"] == [[], ["M9903", "M5450"]]
