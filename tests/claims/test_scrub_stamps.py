"""What a scrub found is remembered for as long as nothing it looked at has changed, and not one moment longer (B5)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from appointments.models import Appointment, AuthorizationUse, VisitLine
from billing.checkout import check_out
from claims import code_loading, diagnosis_table, queue, review, rule_tests, scrubbing, submitting
from claims.models import Claim, ClaimRule, CodeTable, ScrubStamp
from insurance.enums import AuthorizationKind
from insurance.models import Authorization, Enrollment, InsuranceProfile, Payer, Plan, Policy
from patients.models import Patient
from tests.cast import NOW, TODAY, World, make_patient, make_visit, make_world
from tests.claims.helpers import bill, ready_claim, ready_claims
from tests.x12 import x12_cast
from x12.documents.write_837p import claim_text

pytestmark = pytest.mark.django_db
ICD = "00001 M9904   1 Another code\n00002 M5450   1 Low back pain, unspecified\n"
Act = Callable[[World, Claim], object]


@pytest.fixture
def world() -> World:
    return make_world()


def look(claim: Claim, today: date = TODAY) -> scrubbing.Scrubbed:
    return scrubbing.scrub([Claim.objects.get(pk=claim.pk)], today)[0]


def is_remembered(claim: Claim, today: date = TODAY) -> bool:
    """Whether the stamp counts: the checks were not run."""
    return look(claim, today).version is None


def switch_rule(conditions: list[Any], **fields: Any) -> ClaimRule:
    return ClaimRule.objects.create(
        number=1, name="R", message="Mend it.", severity="error", state="on", conditions=conditions,
        created_by="t", **fields,
    )  # fmt: skip


def agree(claim: Claim, **fields: Any) -> Authorization:
    """An authorization whose number the claim carries, scrubbed with it."""
    row = Authorization.objects.create(
        policy_id=claim.policy_id, number="A1", kind=AuthorizationKind.AUTHORIZATION, limit_kind="visits", limit=1,
        patient_id=claim.patient_id, effective_on=date(2026, 1, 1), expires_on=date(2026, 12, 31), **fields,
    )  # fmt: skip
    review.save_review(claim, {"prior_authorization": "A1"}, claim.document_version, TODAY)
    return row


def other_claim(world: World, claim: Claim) -> None:
    """The same service on the same day, of another invoice."""
    profile = InsuranceProfile.objects.get(patient_id=claim.patient_id)
    again = make_visit(world, claim.patient, profile, world.adjustment)
    queue.enqueue(check_out(again.public_id, [], at=NOW).invoice, TODAY)


def load_codes(text: str) -> CodeTable:
    table = code_loading.upload("codes", date(2026, 1, 1), [("file.txt", text.encode())])
    assert table.clinic_id is not None
    code_loading.run(table.clinic_id, table.pk)
    table.refresh_from_db()
    code_loading.switch_on(table)
    return table


def plan_of(world: World, claim: Claim) -> None:
    plan = Plan.objects.filter(payer=world.aetna).first()
    Policy.objects.filter(pk=claim.policy_id).update(plan=plan)
    assert queue.check(claim, TODAY) == []
    Plan.objects.update(requires=["group_number"])


def moved_document(world: World, claim: Claim) -> None:
    """Past every function of ours, with a version that says nothing has changed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE claims_claim SET document = jsonb_set(document, '{diagnoses,0}', '\"V0000\"'), "
            "document_version = document_version WHERE clinic_id = %s AND id = %s",
            [claim.clinic_id, claim.pk],
        )


# What changes after the claim was stamped, and what the scrub must find then ("" where nothing is wrong).
CHANGES: dict[str, tuple[Act, str]] = {
    "edited in review": (
        lambda w, c: review.save_review(c, {"note": None, "diagnoses": ["M5450", "M9903"]}, c.document_version, TODAY)
        and None, "",
    ),
    "document changed in the database": (moved_document, "diagnosis_external"),
    "signature withdrawn": (lambda w, c: Patient.objects.update(signature_on_file=False), "SIGNATURE"),
    "card ended": (lambda w, c: Policy.objects.update(expires_on=date(2026, 1, 1)), "POLICY-EXPIRED"),
    "relationship unknown": (lambda w, c: Policy.objects.update(relationship=""), "RELATIONSHIP"),
    "payer asks for more": (lambda w, c: Payer.objects.update(requires=["group_number"]), "REQUIRED-GROUP-NUMBER"),
    "plan asks for more": (plan_of, "REQUIRED-GROUP-NUMBER"),
    "visit open again": (lambda w, c: Appointment.objects.update(state="complete"), "VISIT-OPEN"),
    "line unconfirmed": (lambda w, c: VisitLine.objects.update(is_confirmed=False), "SALT-UNCONFIRMED"),
    "enrollment ended": (
        lambda w, c: Enrollment.objects.create(
            payer=w.aetna, connection=w.connection, kind="837P", state="ended", since=TODAY), "ENROLLMENT",
    ),
    "connection renamed": (lambda w, c: type(w.connection).objects.update(name="Other"), ""),
    "filing limit moved": (lambda w, c: Claim.objects.update(filing_deadline=TODAY + timedelta(days=300)), ""),
    "rule switched on": (
        lambda w, c: switch_rule([{"test": "code_in", "value": ["98941"]}]), "RULE-1",
    ),
    "code table switched on": (lambda w, c: load_codes("99213\n"), "CODE-NOT-LISTED"),
    "diagnoses loaded": (
        lambda w, c: diagnosis_table.load(ICD.encode(), "icd10cm_order_2026.txt"), "ICD-INVALID",
    ),
    "the same service claimed beside it": (other_claim, "DUPLICATE"),
    "stamp of a later day": (lambda w, c: ScrubStamp.objects.update(scrubbed_on=TODAY + timedelta(days=1)), ""),
    "stamp gone": (lambda w, c: ScrubStamp.objects.all().delete(), ""),
}  # fmt: skip


@pytest.mark.rule("B5.stamp")
@pytest.mark.parametrize("name", CHANGES)
def test_whatever_changes_is_scrubbed_in_full(world: World, name: str) -> None:
    change, code = CHANGES[name]
    with world.open():
        claim = ready_claim(world)
        assert is_remembered(claim), "nothing changed since it was made"
        change(world, claim)
        if name != "edited in review":  # which scrubs and stamps the new document itself
            assert not is_remembered(claim)
        assert [finding.code for finding in look(claim).findings] == ([code] if code else [])
        assert look(claim).findings == full(claim), "remembered or not, the same is said"


def full(claim: Claim) -> list[Any]:
    """What the checks say of it with no stamp to be had."""
    ScrubStamp.objects.all().delete()
    return look(claim).findings


@pytest.mark.rule("B5.stamp")
def test_a_claim_that_is_stamped_leaves_by_its_text_and_one_that_changed_falls_back(world: World) -> None:
    with world.open():
        claims = ready_claims(world, 3)
        before = {claim.pk: look(claim).stamp.text for claim in claims}
        for claim in claims:
            document = scrubbing.Documents([claim])
            document.need([0])
            assert before[claim.pk] == claim_text(document[0])
        switch_rule([{"test": "days_old", "value": "3"}])
        Patient.objects.filter(pk=claims[0].patient_id).update(signature_on_file=False)
        seen = submitting.preview(Claim.objects.all(), TODAY)
        assert (seen.count, submitting.skip_counts(seen.skips)) == (2, {"SIGNATURE": 1})


@pytest.mark.rule("B5.stamp")
def test_days_pass(world: World) -> None:
    """The filing limit is told each day; a rule that asks for the day binds its stamps to the day."""
    with world.open():
        claim = ready_claim(world)
        Claim.objects.update(filing_deadline=TODAY + timedelta(days=40))
        assert queue.check(claim, TODAY) == []
        queue.check(Claim.objects.get(pk=claim.pk), TODAY)
        assert is_remembered(claim)
        for later, code in ((38, "FILING-SOON"), (50, "FILING-OVER")):
            day = TODAY + timedelta(days=later)
            assert is_remembered(claim, day)
            assert [finding.code for finding in look(claim, day).findings] == [code]
        assert not is_remembered(claim, TODAY - timedelta(days=1)), "a clock that went back"
        switch_rule([{"test": "days_old", "value": "30"}])
        assert queue.check(Claim.objects.get(pk=claim.pk), TODAY) == []
        assert is_remembered(claim)
        assert [f.code for f in look(claim, TODAY + timedelta(days=31)).findings][:1] == ["RULE-1"]


@pytest.mark.rule("B5.stamp")
def test_an_authorization_used_by_others_is_seen(world: World) -> None:
    with world.open():
        claim = ready_claim(world)
        row = agree(claim)
        assert is_remembered(claim)
        other = ready_claim(world, patient=make_patient("Other", "Person")).appointment
        AuthorizationUse.objects.create(
            authorization=row, appointment=other, state="consumed", service_date=TODAY
        )
        assert [finding.code for finding in look(claim).findings] == ["AUTHORIZATION-USED-UP"]
        Authorization.objects.filter(pk=row.pk).update(limit=50, expires_on=date(2026, 1, 2))
        assert [finding.code for finding in look(claim).findings] == ["AUTHORIZATION-DATES"]


@pytest.mark.rule("B5.stamp")
def test_another_program_trusts_no_stamp(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with world.open():
        claim = ready_claim(world)
        monkeypatch.setattr(scrubbing, "program", lambda: "the next release")
        assert not is_remembered(claim)
    monkeypatch.undo()
    hashes = set()
    for text in ("one", "two"):
        (tmp_path / "claims").mkdir(exist_ok=True)
        (tmp_path / "claims" / "checks.py").write_text(text)
        monkeypatch.setattr(scrubbing, "ROOT", tmp_path)
        scrubbing.program.cache_clear()
        hashes.add(scrubbing.program())
    monkeypatch.undo()
    scrubbing.program.cache_clear()
    assert len(hashes) == 2


@pytest.mark.rule("B5.stamp")
def test_nothing_is_remembered_of_what_is_wrong_or_not_stored(world: World) -> None:
    with world.open():
        invoice = bill(world)
        assert queue.missing(invoice, TODAY) == [] and not ScrubStamp.objects.exists()
        Patient.objects.update(signature_on_file=False)
        claim = queue.enqueue(invoice, TODAY)
        assert claim.error_count == 1 and not ScrubStamp.objects.exists()
        Patient.objects.update(signature_on_file=True)
        claim.document["diagnoses"] = []  # in memory only
        assert queue.check(claim, TODAY) == [], "what is stored is scrubbed"
        assert is_remembered(claim)


@pytest.mark.rule("B5.stamp")
def test_a_slow_scrub_stamps_nothing_newer_than_it_saw(world: World) -> None:
    """Somebody saves the claim between another's reading and stamping."""
    with world.open():
        claim = ready_claim(world)
        ScrubStamp.objects.all().delete()
        slow = scrubbing.scrub([claim], TODAY)
        moved_document(world, claim)
        scrubbing.keep(slow, TODAY)
        assert ScrubStamp.objects.count() == 1 and not is_remembered(claim)
        assert [finding.code for finding in look(claim).findings] == ["diagnosis_external"]


class Asked(Exception):
    """A rule's test wanted to know the day."""


class Timeless(rule_tests.Facts):
    """A claim as rules see it, on no day."""

    __slots__ = ()

    @property
    def today(self) -> date:  # type: ignore[override]
        raise Asked


def test_every_test_that_asks_for_the_day_says_so() -> None:
    """A rule with one of these binds the stamps to the day: none may be forgotten."""
    facts = object.__new__(Timeless)
    for name, value in (
        ("document", x12_cast.claim()),
        ("payer", ""),
        ("plan", ""),
        ("rank", 1),
        ("frequency", "1"),
    ):
        object.__setattr__(facts, name, value)
    values = {"days": "1", "number": "1", "money": "1.00", "choice": "1", "none": ""}
    asking = set()
    for name, test in rule_tests.TESTS.items():
        try:
            test.ask(facts, facts.document.lines[0] if test.of_line else None, values.get(test.kind, ["1"]))
        except Asked:
            asking.add(name)
    assert asking == {name for name, test in rule_tests.TESTS.items() if test.of_today} == {"days_old"}


def test_stamped_claims_cost_the_same_statements_however_many(world: World) -> None:
    with world.open():
        claims = ready_claims(world, 5)
        counts = []
        for some in (claims[:1], claims):
            with CaptureQueriesContext(connection) as log:
                assert all(one.version is None for one in scrubbing.scrub(some, TODAY))
            counts.append(len(log))
        assert counts[0] == counts[1]
        assert not any('"document"' in query["sql"].split("FROM")[0] for query in log.captured_queries)
