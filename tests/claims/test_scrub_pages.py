"""Rules a biller builds, the past they are tried on, likely denials, timely filing: rows, pages and the API."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from claims import code_loading, deadlines, denial_history, filing, queue, rule_book, rule_trials
from claims.errors import BadRule
from claims.models import Claim, ClaimRule, CodeTable
from claims.payer_rules import Condition
from claims.rule_book import RuleData
from clinics.models import AuditEvent
from tests.cast import TODAY, World, make_patient, make_world
from tests.claims.helpers import bill, ready_claim, work_off
from tests.claims.test_answers import answer_277, payment, record, sent, take
from tests.claims.test_code_tables import MUE
from work.models import Job
from x12.documents.parties import Adjustment

pytestmark = pytest.mark.django_db(transaction=True)
NO_AT = (Condition("code_in", ["98941"]), Condition("modifier_none", ["AT"]))


@pytest.fixture
def world(settings: Any, tmp_path: Path, transactional_db: None) -> World:
    settings.EXCHANGE_DIR = tmp_path
    return make_world()


def sign_in(world: World, role: str = "biller") -> Client:
    client = Client()
    client.force_login(world.users[role])
    return client


def data(**fields: Any) -> RuleData:
    values: dict[str, Any] = {
        "name": "AT", "severity": "error", "message": "Put AT on it.", "field": "lines.N.modifiers", "payers": (),
        "plans": (), "conditions": NO_AT, "starts_on": None, "ends_on": None, **fields,
    }  # fmt: skip
    return RuleData(**values)


def tried(rule: ClaimRule) -> ClaimRule:
    job = rule_trials.start(rule, 6, TODAY)
    assert rule.clinic_id is not None
    rule_trials.run(rule.clinic_id, job.pk)
    rule.refresh_from_db()
    return rule


@pytest.mark.rule("B5.trial")
def test_a_rule_is_tried_switched_on_and_speaks(world: World) -> None:
    """The table of docs/scrubbing.md."""
    with world.open():
        _, claims = sent(world, 2)
        why = [Adjustment("CO", "97", Decimal("150.00"))]
        record(claims[0], payment(claims[0], paid="0.00", status="4", cas=why))
        with_at = ready_claim(world, patient=make_patient("Other", "Person"))
        Claim.objects.filter(pk=with_at.pk).update(submitted_at="2026-03-09T12:00Z")
        document = with_at.document
        document["lines"][0]["modifiers"] = ["AT"]
        Claim.objects.filter(pk=with_at.pk).update(document=document)
        Claim.objects.update(submitted_at="2026-03-09T12:00Z")
        rule = rule_book.save(data())
        with pytest.raises(BadRule, match="Try it"):
            rule_book.switch_on(rule)
        tried(rule)
        assert {k: rule.trial[k] for k in ("claims", "flagged", "denied")} == {
            "claims": 3,
            "flagged": 2,
            "denied": 1,
        }
        job = Job.objects.get(public_id=rule.trial["job"])
        assert sorted(one["fate"] for one in job.result["items"]) == ["denied", "no answer yet"]
        rule_book.switch_on(rule)
        fresh = queue.enqueue(bill(world, make_patient("New", "One")), TODAY)
        assert [f["code"] for f in fresh.findings if f["severity"] == "error"] == ["RULE-1"]
        rule_book.switch_off(rule)
        assert queue.check(fresh, TODAY) == []
        done = list(
            AuditEvent.objects.filter(object_kind="claim-rule")
            .order_by("pk")
            .values_list("action", flat=True)
        )
        assert done == [
            "claim_rule.save",
            "claim_rule.trial",
            "claim_rule.switch_on",
            "claim_rule.switch_off",
        ]


def test_versions_what_is_on_stays_until_the_next_is_tried(world: World) -> None:
    with world.open():
        first = tried(rule_book.save(data()))
        rule_book.switch_on(first)
        second = rule_book.save(data(message="Other words."), first)
        assert (second.number, second.version, second.state) == (first.number, 2, "draft")
        again = rule_book.save(data(conditions=NO_AT[:1]), first)
        assert (again.pk, again.trial) == (second.pk, {}), "one draft beside it, changed in place"
        with pytest.raises(BadRule):
            rule_book.switch_on(again)
        assert [rule.message for rule in rule_book.load_on()] == ["Put AT on it."]
        rule_book.switch_on(tried(again))
        first.refresh_from_db()
        assert first.state == "off"
        assert [row.version for row in rule_book.newest(ClaimRule.objects.all())] == [2]
        for bad in ({"name": ""}, {"conditions": ()}, {"severity": "info"}, {"field": "x"}, {"message": ""},
                    {"starts_on": date(2026, 2, 1), "ends_on": date(2026, 1, 1)}):  # fmt: skip
            with pytest.raises(BadRule):
                rule_book.save(data(**bad))


def test_a_stored_rule_that_nobody_understands_holds_the_claim(world: World) -> None:
    with world.open():
        rule = tried(rule_book.save(data()))
        rule_book.switch_on(rule)
        ClaimRule.objects.filter(pk=rule.pk).update(conditions=[{"test": "from_a_later_version", "value": 1}])
        claim = queue.enqueue(bill(world), TODAY)
        assert [f["code"] for f in claim.findings if f["severity"] == "error"] == ["RULE-1-NOT-TRIED"]
        ClaimRule.objects.filter(pk=rule.pk).update(conditions=["junk"])
        assert [f.code for f in queue.check(claim, TODAY) if f.severity == "error"] == ["RULE-1-NOT-TRIED"]


def test_rule_pages_from_the_form_to_the_switch(world: World) -> None:
    client = sign_in(world)
    assert "No rule yet" in client.get("/settings/claim-rules/").content.decode()
    form = {"name": "AT for spines", "severity": "error", "message": "Put AT on it.", "field": "",
            "payers": [world.aetna.public_id], "test": ["code_in", "modifier_none", ""],
            "value": ["98940-98942", "at", ""]}  # fmt: skip
    bad = client.post("/settings/claim-rules/new/", {**form, "value": ["nonsense!", "at", ""]})
    assert bad.status_code == 400
    assert "is no code, range" in bad.content.decode()
    saved = client.post("/settings/claim-rules/new/", form, follow=True)
    page = saved.content.decode()
    assert "Service code is one of 98940-98942" in page
    assert "Switch it on" not in page
    url = saved.redirect_chain[-1][0]
    with world.open():
        _, claims = sent(world, 1)
        Claim.objects.filter(pk=claims[0].pk).update(submitted_at="2026-03-09T12:00Z")
    client.post(f"{url}try/", {"months": "36"})
    assert "Trial of rule 1" in client.get(url).content.decode()
    work_off()
    page = client.get(url).content.decode()
    assert "It would have flagged 1 claim, 0 of which were denied." in page
    assert claims[0].patient_name in page
    client.post(f"{url}switch-on/")
    listed = client.get("/settings/claim-rules/?state=on").content.decode()
    assert "AT for spines" in listed
    assert "Aetna" in listed
    assert "98940-98942" in client.get(f"{url}edit/").content.decode()
    assert b"RULE-1" in client.get("/settings/claim-rules/?format=csv").content
    assert client.post(f"{url}dance/").status_code == 400
    assert sign_in(world, "front_desk").get(url).status_code == 403
    assert sign_in(world, "auditor").post(f"{url}switch-off/").status_code == 403
    assert sign_in(make_world("birch")).get(url).status_code == 404


def test_rules_by_the_api(world: World) -> None:
    client = sign_in(world)
    assert any(one["test"] == "code_in" for one in client.get("/api/v1/claim-rules/tests/").json()["tests"])
    body = {
        "name": "AT",
        "severity": "warning",
        "message": "AT?",
        "conditions": [{"test": "code_in", "value": ["9894*"]}],
    }
    key = {"HTTP_IDEMPOTENCY_KEY": "one"}
    made = client.post("/api/v1/claim-rules/", json.dumps(body), content_type="application/json", **key)
    assert made.status_code == 201, made.content
    again = client.post("/api/v1/claim-rules/", json.dumps(body), content_type="application/json", **key)
    assert (again.status_code, again.json()["id"]) == (200, made.json()["id"])
    url = f"/api/v1/claim-rules/{made.json()['id']}/"
    for wrong in ({"payers": ["nobody"]}, {"conditions": [{"test": "x"}]}, {"conditions": [{"test": "code_in"}]},
                  {"plans": ["none"]}, {"severity": "info"}):  # fmt: skip
        refused = client.post(
            "/api/v1/claim-rules/", json.dumps({**body, **wrong}), content_type="application/json"
        )
        assert refused.status_code == 400, wrong
    act = {"content_type": "application/json"}
    assert client.post(f"{url}act/", json.dumps({"act": "switch_on"}), **act).status_code == 400
    client.post(f"{url}act/", json.dumps({"act": "try", "months": 3}), **act)
    work_off()
    on = client.post(f"{url}act/", json.dumps({"act": "switch_on"}), **act).json()
    assert (on["rule"]["state"], on["trial"]["state"]) == ("on", "done")
    put = client.put(url, json.dumps({**body, "message": "Look."}), **act).json()
    assert (put["version"], put["state"]) == (2, "draft")
    assert [row["number"] for row in client.get("/api/v1/claim-rules/").json()] == [1]


def test_code_table_pages_and_api(world: World) -> None:
    client = sign_in(world, "admin")
    page = client.get("/settings/code-tables/").content.decode()
    assert "No table for today" in page
    file = SimpleUploadedFile("mue.csv", MUE.encode())
    sent_page = client.post(
        "/settings/code-tables/", {"kind": "mue", "effective_on": "2026-01-01", "file": file}, follow=True
    )
    url = sent_page.redirect_chain[-1][0]
    assert "Read Unit limits" in sent_page.content.decode()
    work_off()
    page = client.get(url).content.decode()
    assert "3 rows" in page
    assert "The units are missing" in page
    client.post(f"{url}switch-on/")
    assert "In force" in client.get("/settings/code-tables/").content.decode()
    empty = SimpleUploadedFile("none.csv", b"\x00")
    bad = client.post("/settings/code-tables/", {"kind": "mue", "effective_on": "2026-01-01", "file": empty})
    assert bad.status_code == 400
    more = client.post("/api/v1/code-tables/", {"kind": "mue", "effective_on": "2026-04-01",
                                               "file": SimpleUploadedFile("two.csv", b"98941,1,2\n")})  # fmt: skip
    assert more.status_code == 202, more.content
    work_off()
    one = f"/api/v1/code-tables/{more.json()['id']}/"
    assert client.get(one).json()["state"] == "tried"
    done = client.post(f"{one}act/", json.dumps({"act": "discard"}), content_type="application/json").json()
    assert done["state"] == "discarded"
    assert len(client.get("/api/v1/code-tables/").json()["tables"]) == 2
    assert client.post("/api/v1/code-tables/", {"kind": "mue"}).status_code == 409
    assert sign_in(world).get("/settings/code-tables/").status_code == 403
    with world.open():
        assert CodeTable.objects.get(state="in_force").row_count == 3
        with pytest.raises(code_loading.BadCodeFile):
            code_loading.upload("mue", TODAY, [("a", b"x")] * 9)


@pytest.mark.rule("B5.denied_before")
def test_what_this_payer_denied_lately(world: World) -> None:
    """The table of docs/scrubbing.md."""
    with world.open():
        _, claims = sent(world, 4)
        for place, (claim, reason) in enumerate(zip(claims, ("97", "97", "16", ""), strict=True)):
            why = [Adjustment("CO", reason, Decimal("150.00"))] if reason else []
            answer = payment(
                claim, paid="0.00" if reason else "150.00", status="4" if reason else "1", cas=why
            )
            record(claim, answer, f"H{place}")
        fresh = queue.enqueue(bill(world, make_patient("New", "One")), TODAY)
        day = date(2026, 3, 20)
        (pattern,) = denial_history.load([fresh], day)[fresh.pk]
        assert (pattern.denied, pattern.answered, pattern.reasons) == (3, 4, (("CO-97", 2), ("CO-16", 1)))
        assert denial_history.load([fresh], day + timedelta(days=61)).get(fresh.pk, ()) == ()
        assert denial_history.load([claims[0]], day) == {}, "what is decided needs no hint"
        (said,) = denial_history.findings(fresh, [pattern])
        assert said.severity == "info"
        assert "denied 3 of 4 lines of 98941 in 60 days: CO-97" in said.message
        with CaptureQueriesContext(connection) as log:
            denial_history.load([fresh], day)
        alone = len(log)
        several = [fresh, *(queue.enqueue(bill(world, make_patient("N", f"Two{n}")), TODAY) for n in "abc")]
        with CaptureQueriesContext(connection) as log:
            denial_history.load(several, day)
        assert len(log) == alone == 2


def test_one_denial_is_no_pattern_and_a_share_is_no_denial() -> None:
    zero, charge = Decimal("0.00"), Decimal("150.00")
    assert denial_history.denial_reasons(charge, zero, [["CO", "97", "150.00", None]]) == ["CO-97"]
    assert denial_history.denial_reasons(charge, zero, [["PR", "1", "150.00", None]]) == []
    assert denial_history.denial_reasons(charge, zero, [["OA", "23", "150.00", None]]) == []
    assert denial_history.denial_reasons(charge, zero, [["CO", "45", "150.00", None]]) == []
    assert denial_history.denial_reasons(charge, Decimal("1.00"), [["CO", "97", "149.00", None]]) == []


@pytest.mark.rule("B14.filing")
def test_timely_filing_by_level(world: World) -> None:
    """The table of docs/scrubbing.md, by the pure function and by the database alike."""
    with world.open():
        claim = ready_claim(world)
        served = TODAY
        Claim.objects.filter(pk=claim.pk).update(filing_deadline=served + timedelta(days=100))
        for day, level in (
            (79, "calm"),
            (80, "soon"),
            (89, "soon"),
            (90, "late"),
            (100, "late"),
            (101, "over"),
        ):
            today = served + timedelta(days=day)
            row = filing.open_claims(today).get()
            assert (row.level, row.left) == (level, 100 - day)
            assert deadlines.look(row.filing_deadline, row.service_to, today).level == level
        batch, (out,) = sent(world, 1)
        mine = filing.open_claims(TODAY).filter(pk=out.pk)
        take(world, answer_277(batch, [out], "A1"))
        assert mine.exists(), "the clearinghouse's yes is none of the payer's"
        take(world, answer_277(batch, [out], "A2", "ICN2"))
        assert not mine.exists()


@settings(max_examples=25, deadline=None)
@given(st.integers(-3, 400), st.integers(-40, 420))
@pytest.mark.django_db(transaction=True)
def test_the_level_by_arithmetic_alone(whole: int, gone: int) -> None:
    """The database's condition, said in Python, is the pure function's."""
    served = date(2026, 1, 1)
    deadline, today = served + timedelta(days=whole), served + timedelta(days=gone)
    left = (deadline - today).days
    said = (
        "over"
        if left < 0
        else "late"
        if left == 0 or whole >= 10 * left
        else "soon"
        if whole >= 5 * left
        else "calm"
    )
    assert deadlines.look(deadline, served, today).level == said


def test_the_filing_page_csv_api_and_pdfs(world: World) -> None:
    client = sign_in(world)
    assert "No open claim has a limit" in client.get("/claims/filing/").content.decode()
    with world.open():
        soon = ready_claim(world)
        later = queue.enqueue(bill(world, make_patient("Later", "Person")), TODAY)
        Claim.objects.filter(pk=soon.pk).update(filing_deadline=date(2020, 1, 1))
        Claim.objects.filter(pk=later.pk).update(filing_deadline=date(2099, 1, 1))
    page = client.get("/claims/filing/").content.decode()
    assert page.index(soon.patient_name) < page.index(later.patient_name)
    assert later.patient_name not in client.get("/claims/filing/?level=over").content.decode()
    assert "No claim at this level" in client.get("/claims/filing/?level=soon").content.decode()
    assert "No claim fits" in client.get("/claims/filing/?q=Zzzz").content.decode()
    export = client.get("/claims/filing/?format=csv&level=over").content.decode()
    assert soon.control_number in export
    assert later.control_number not in export
    told = client.get("/api/v1/claims/filing/").json()
    assert [row["control_number"] for row in told["results"]] == [soon.control_number, later.control_number]
    assert (told["counts"]["over"], told["counts"]["calm"]) == (1, 1)
    assert told["results"][0]["level"] == "over"
    form = client.get(f"/api/v1/claims/{soon.public_id}/cms-1500/?print=data")
    assert form.content[:5] == b"%PDF-"
    with world.open():
        _, claims = sent(world, 1)
    proof = client.get(f"/api/v1/claims/{claims[0].public_id}/proof/")
    assert (proof.status_code, proof.content[:5]) == (200, b"%PDF-")
    detail = client.get(f"/api/v1/claims/{soon.public_id}/").json()
    assert detail["denied_before"] == []


@pytest.mark.rule("B8")
def test_the_review_fills_providers_drug_notes_and_papers(world: World) -> None:
    client = sign_in(world)
    with world.open():
        claim = queue.enqueue(bill(world), TODAY)
    page = client.get(f"/claims/{claim.public_id}/").content.decode()
    for path in ("referring_provider.party.identifier", "lines.0.drug.ndc", "lines.0.note", "attachments"):
        assert f'name="{path}"' in page
    form = {
        "document_version": str(claim.document_version),
        "referring_provider.party.last_name": "Reed", "referring_provider.party.identifier": "1245319599",
        "lines.0.ordering_provider.party.last_name": "Moss", "lines.0.ordering_provider.party.identifier": "1245319599",
        "lines.0.drug.ndc": "00409-1234-01", "lines.0.drug.quantity": "1.5", "lines.0.drug.unit": "ML",
        "lines.0.note": "see chart", "attachments": "OZ EL A77\r\nB4 FX B78",
    }  # fmt: skip
    client.post(f"/claims/{claim.public_id}/save/", form)
    with world.open():
        claim.refresh_from_db()
    document = claim.document
    assert document["referring_provider"]["party"]["identifier"] == "1245319599"
    assert document["lines"][0]["ordering_provider"]["party"]["last_name"] == "Moss"
    assert document["lines"][0]["drug"]["ndc"] == "00409123401"
    assert document["lines"][0]["note"]["text"] == "see chart"
    assert [one["control_number"] for one in document["attachments"]] == ["A77", "B78"]
    again = client.get(f"/claims/{claim.public_id}/").content.decode()
    assert "OZ EL A77\nB4 FX B78</textarea>" in again
    emptied = {**form, "document_version": str(claim.document_version),
               **{name: "" for name in form if "referring" in name}}  # fmt: skip
    client.post(f"/claims/{claim.public_id}/save/", emptied)
    with world.open():
        claim.refresh_from_db()
    assert claim.document["referring_provider"] is None
    assert len(claim.document["attachments"]) == 2
