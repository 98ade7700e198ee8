"""Settings of prices: fees with CSV and copies, modifier rules, agreements, what-if and trials, as pages and API."""

from __future__ import annotations

import html
import re
from datetime import date, timedelta
from decimal import Decimal as D

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from billing import price_rules, trials
from billing.checkout import check_out
from billing.errors import RuleClash
from billing.models import (
    Charge,
    FeeRow,
    FeeSchedule,
    LedgerEntry,
    ModifierRule,
    PatientFee,
    PaymentMethod,
    ReducedFee,
    SameDayRule,
)
from insurance.models import Plan
from tests.cast import make_patient, make_policy, make_profile, make_service, make_visit, make_world
from work import outbox
from work.models import Job

pytestmark = pytest.mark.django_db(transaction=True)
SINCE = date(2026, 1, 1)


@pytest.fixture
def world():
    return make_world()


@pytest.fixture
def admin(client, world):
    client.force_login(world.users["admin"])
    return client


def url(name, *arguments):
    return reverse(f"billing:{name}", args=arguments)


def api(name, *arguments):
    return reverse(f"billing-api:{name}", args=arguments)


def add_fee(world, schedule, fee="130.00", since=SINCE, **keys):
    return FeeRow.objects.create(
        schedule=schedule, service=world.adjustment, effective_on=since, fee=D(fee), **keys
    )


@pytest.mark.rule("B17.3")
def test_a_fee_is_added_and_its_twin_is_refused_by_name(admin, world):
    with world.open():
        schedule = FeeSchedule.objects.create(name="Standard", kind="standard")
    typed = {
        "schedule": schedule.public_id,
        "service": world.adjustment.public_id,
        "payer": world.aetna.public_id,
        "effective_on": "2026-01-01",
        "fee": "130.00",
    }
    assert admin.post(url("fees"), typed).status_code == 302
    again = admin.post(url("fees"), {**typed, "fee": "131.00"})
    assert again.status_code == 400
    assert "Standard: 130.00 for 98941, Aetna from 01/01/2026 is there already" in again.content.decode()
    for wrong in (
        {"fee": "1.005"},
        {"fee": "-1"},
        {"fee": "NaN"},
        {"service": "NOSUCHID"},
        {"effective_on": "x"},
    ):
        assert admin.post(url("fees"), {**typed, **wrong}).status_code == 400
    with world.open():
        [row] = FeeRow.objects.all()
        assert row.fee == D("130.00")
    page = admin.get(url("fees")).content.decode()
    assert "130.00" in page
    assert "---------" not in page
    answer = admin.post(url("price-remove", "fee", row.public_id))
    assert answer.status_code == 302
    with world.open():
        assert not FeeRow.objects.exists()


@pytest.mark.rule("B17.3")
def test_an_export_comes_in_again_as_it_went_out(admin, world):
    with world.open():
        schedule = FeeSchedule.objects.create(name="Standard", kind="standard")
        plan = Plan.objects.get()
        add_fee(world, schedule)
        add_fee(world, schedule, "120.50", payer=world.aetna, plan=plan, credential="DC")
        add_fee(world, schedule, "99.00", clinician=world.clinician, location=world.location)
        twin = make_service("98941", "=Adjustment, long", "1.00")
        FeeRow.objects.create(schedule=schedule, service=twin, effective_on=SINCE, fee=D("0.00"))
        other = FeeSchedule.objects.create(name="Other", kind="standard")
    text = admin.get(url("fees"), {"format": "csv", "schedule": schedule.public_id}).content.decode()
    run = admin.post(
        api("fee-csv", schedule.public_id), {"csv": text}, content_type="application/json"
    ).json()
    assert (run["add"], run["change"], run["same"], run["wrong"]) == (0, 0, 4, [])
    sent = {"schedule": other.public_id, "file": SimpleUploadedFile("fees.csv", text.encode("utf-8-sig"))}
    dry = admin.post(url("fee-import"), sent)
    assert dry.status_code == 200
    assert "4 new, 0 changed" in dry.content.decode()
    with world.open():
        assert not FeeRow.objects.filter(schedule=other).exists(), "nothing is taken before it was seen"
    done = admin.post(url("fee-import"), {"schedule": other.public_id, "text": text, "apply": "1"})
    assert done.status_code == 302
    again = admin.get(api("fee-csv", other.public_id)).content.decode()
    assert sorted(again.splitlines()) == sorted(text.splitlines())
    changed = text.replace("120.50", "121.50")
    run = admin.post(
        api("fee-csv", other.public_id), {"csv": changed, "apply": True}, content_type="application/json"
    ).json()
    assert (run["add"], run["change"], run["same"], run["taken"]) == (0, 1, 3, True)
    with world.open():
        assert FeeRow.objects.filter(schedule=other, fee=D("121.50")).count() == 1


@pytest.mark.rule("B17.3")
def test_a_file_says_what_is_wrong_row_by_row_and_nothing_is_taken(admin, world):
    with world.open():
        schedule = FeeSchedule.objects.create(name="Standard", kind="standard")
    text = (
        "Service,Payer,From,Fee\n98941,Aetna,2026-01-01,130.00\n98941,Aetna,01/01/2026,131.00\n99999,,2026-01-01,1.00\n"
        "98941,Nobody,2026-02-30,1.005\n,,,\n98941,,,\n99213,,2026-01-01,-5.00\n"
    )
    page = admin.post(
        url("fee-import"),
        {"schedule": schedule.public_id, "file": SimpleUploadedFile("f.csv", text.encode())},
    )
    words = page.content.decode()
    assert page.status_code == 400
    for said in (
        "The same keys and day as row 2.",
        "There is no service 99999.",
        "There is no payer Nobody.",
        "2026-02-30 is no day",
        "1.005 is no amount",
        "From is empty. Fee is empty.",
        "Fee: less than 0.00.",
    ):
        assert said in words
    forced = {"schedule": schedule.public_id, "text": text, "apply": "1"}
    assert "nothing was taken" in admin.post(url("fee-import"), forced).content.decode()
    for bad in (b"", b"\x00\x01", b"a;b;c\n1;2;3", "Service,From".encode("utf-16"), b'"', b"x" * 1_000_001):
        sent = {"schedule": schedule.public_id, "file": SimpleUploadedFile("f.csv", bad)}
        assert admin.post(url("fee-import"), sent).status_code in (200, 400)
    with world.open():
        assert not FeeRow.objects.exists()


@pytest.mark.rule("B17.3")
def test_a_schedule_is_copied_with_a_percentage_from_a_day_on(admin, world):
    with world.open():
        schedule = FeeSchedule.objects.create(name="Standard", kind="standard")
        add_fee(world, schedule, "100.00", date(2025, 1, 1))
        add_fee(world, schedule, "133.33")
        add_fee(world, schedule, "500.00", date(2027, 1, 1))
        add_fee(world, schedule, "90.10", payer=world.aetna)
    typed = {
        "source": schedule.public_id, "name": "Standard", "percent": "3.5", "effective_on": "2026-07-01",
    }  # fmt: skip
    assert admin.post(url("fee-copy"), typed).status_code == 302
    with world.open():
        new = FeeRow.objects.filter(effective_on=date(2026, 7, 1)).order_by("fee")
        assert [str(row.fee) for row in new] == ["93.25", "138.00"], "93.2535 and 137.99655, half up once"
    again = admin.post(url("fee-copy"), typed)
    assert again.status_code == 400
    assert "is there already" in again.content.decode()
    made = admin.post(
        api("fee-copy"), {**typed, "name": "Half", "percent": "-50"}, content_type="application/json"
    )
    assert (made.status_code, made.json()["fees"]) == (201, 2)


@pytest.mark.rule("B17.6")
def test_rules_nothing_could_choose_between_are_refused_on_saving(admin, world):
    typed = {"service": world.exam.public_id, "age_to": "17", "modifiers": "ha, 95 ha", "fee_percent": "-10"}
    assert admin.post(url("modifier-rules"), typed).status_code == 302
    clash = admin.post(url("modifier-rules"), {**typed, "age_to": "", "age_from": "17"})
    assert clash.status_code == 400
    assert "HA 95 for 99213, age 0 to 17, fee -10.00 %" in clash.content.decode()
    for wrong in (
        {"modifiers": "9"},
        {"modifiers": "1A 2A 3A 4A 5A"},
        {"fee_amount": "5.00"},
        {"age_from": "18"},
        {"pos": "x"},
    ):
        assert admin.post(url("modifier-rules"), {**typed, **wrong}).status_code == 400
    same = {"what": "same-day", "services": [world.exam.public_id], "occurrence": "2", "modifier": "59"}
    assert admin.post(url("modifier-rules"), {**same, "and_later": "on"}).status_code == 302
    assert (
        "There is already: 59 for number 2 and later"
        in admin.post(url("modifier-rules"), {**same, "occurrence": "3"}).content.decode()
    )
    with world.open():
        assert [rule.modifiers for rule in ModifierRule.objects.all()] == [["HA", "95"]]
        assert SameDayRule.objects.count() == 1


@pytest.mark.rule("B17.3", "B17.7")
def test_what_is_agreed_with_a_patient(admin, world):
    with world.open():
        patient = make_patient()
        sliding = FeeSchedule.objects.create(name="Sliding A", kind="reduced")
    path = url("patient-agreed-fees", patient.public_id)
    program = {
        "what": "reduced",
        "schedule": sliding.public_id,
        "effective_on": "2026-01-01",
        "expires_on": "2026-06-30",
    }
    assert admin.post(path, program).status_code == 302
    clash = admin.post(path, {**program, "effective_on": "2026-06-30", "expires_on": ""})
    assert "Sliding A from 01/01/2026 until 06/30/2026" in clash.content.decode()
    assert admin.post(path, {**program, "effective_on": "2026-07-01", "expires_on": ""}).status_code == 302
    agreed = {"what": "agreed", "service": world.exam.public_id, "copay": "0.00"}
    assert admin.post(path, {**agreed, "copay": ""}).status_code == 400
    assert admin.post(path, agreed).status_code == 302
    assert admin.post(path, agreed).status_code == 400
    page = admin.get(path).content.decode()
    assert "Sliding A" in page
    assert "Okafor" in admin.get(url("agreed-fees")).content.decode()
    with world.open():
        assert ReducedFee.objects.count() == 2
        row = PatientFee.objects.get()
        assert (row.fee, row.copay) == (None, D("0.00"))
    assert admin.post(url("price-remove", "patient-fee", row.public_id)).status_code == 302


@pytest.mark.rule("B17.0")
def test_what_if_prices_by_the_live_rules_with_reasons(admin, world):
    with world.open():
        schedule = FeeSchedule.objects.create(name="Standard", kind="standard")
        add_fee(world, schedule, payer=world.aetna)
        world.adjustment.rounding, world.adjustment.interval_minutes = "NQ", 60
        world.adjustment.save()
        plan = Plan.objects.get()
    asked = {
        "service": world.adjustment.public_id,
        "day": "2026-03-09",
        "minutes": "50",
        "plan": plan.public_id,
    }
    part = admin.get(
        url("what-if"), {**asked, "part": "answer"}, headers={"HX-Request": "true"}
    ).content.decode()
    for said in ("97.50", "72.50", "Schedule Standard says 130.00", "B17.7"):
        assert said in part
    assert "97.50" in admin.get(url("what-if"), asked).content.decode()
    said = admin.post(api("what-if"), asked, content_type="application/json").json()
    assert (said["charge"], said["patient"], said["payer"], said["rule"]) == (
        "97.50",
        "25.00",
        "72.50",
        "fee_schedule",
    )
    none = admin.post(api("what-if"), {**asked, "minutes": None}, content_type="application/json").json()
    assert none["problems"] == ["no_minutes"]
    wrong = admin.post(
        api("what-if"), {**asked, "payer": world.medicare.public_id}, content_type="application/json"
    )
    assert (wrong.status_code, list(wrong.json()["error"]["fields"])) == (400, ["plan"])
    for bad in ([], "x", {"service": {"a": 1}}, {"service": ["x"]}, {**asked, "override": "NaN"}):
        assert admin.post(api("what-if"), bad, content_type="application/json").status_code == 400


def replay(world, job_id):
    """Do what the worker does, and give the job back."""
    with world.open():
        job = Job.objects.get(public_id=job_id)
        row = outbox.Outbox.objects.get(kind=trials.KIND, subject_id=job.pk)
    outbox.run(row.pk)
    with world.open():
        job.refresh_from_db()
        return job


@pytest.mark.rule("B17.8")
def test_a_new_fee_is_tried_on_past_visits_before_it_is_switched_on(admin, world):
    today = timezone.localdate()
    with world.open():
        schedule = FeeSchedule.objects.create(name="Standard", kind="standard")
        patient = make_patient()
        insured = make_profile(patient, make_policy(patient, world.aetna))
        own = make_profile(patient, status="active")
        for days, profile in ((10, insured), (40, insured), (70, own), (400, insured)):
            visit = make_visit(
                world, patient, profile, world.adjustment, world.exam, day=today - timedelta(days=days)
            )
            check_out(visit.public_id, [], at=timezone.now())
        make_visit(world, patient, insured, day=today)
        books = list(LedgerEntry.objects.order_by("pk").values_list("pk", "amount"))
    soon = (today + timedelta(days=30)).isoformat()
    typed = {
        "schedule": schedule.public_id, "service": world.adjustment.public_id, "payer": world.aetna.public_id,
        "effective_on": soon, "fee": "170.00", "try": "1", "months": "6",
    }  # fmt: skip
    answer = admin.post(url("fees"), typed)
    assert answer.status_code == 302
    job = replay(world, answer["Location"].rstrip("/").rpartition("/")[2])
    assert (job.state, job.done, job.total) == ("done", 3, 3)
    assert {key: job.result[key] for key in ("visits", "charges", "changed", "difference", "patient_difference")} == {
        "visits": 3, "charges": 6, "changed": 2, "difference": "40.00", "patient_difference": "0.00",
    }  # fmt: skip
    page = admin.get(answer["Location"]).content.decode()
    assert "2 charges would change, +40.00" in page
    assert len(re.findall(r"data-row", page)) == 2
    with world.open():
        assert not FeeRow.objects.exists(), "a trial saves no rule"
        assert list(LedgerEntry.objects.order_by("pk").values_list("pk", "amount")) == books
    assert admin.post(url("rule-trial-switch-on", job.public_id)).status_code == 302
    assert admin.post(url("rule-trial-switch-on", job.public_id)).status_code == 302
    with world.open():
        [row] = FeeRow.objects.all()
        assert (row.fee, row.effective_on.isoformat()) == (D("170.00"), soon)
        assert Charge.objects.filter(amount=D("170.00")).count() == 0


@pytest.mark.rule("B17.8")
def test_a_trial_of_a_copay_a_price_and_a_modifier_rule(admin, world):
    today = timezone.localdate()
    with world.open():
        patient = make_patient()
        profile = make_profile(patient, make_policy(patient, world.aetna))
        for days in (1, 2):
            check_out(
                make_visit(world, patient, profile, day=today - timedelta(days=days)).public_id,
                [],
                at=timezone.now(),
            )
        ModifierRule.objects.create(service=world.adjustment, modifiers=["95"])
        plan = Plan.objects.get()

    def tried(rule, values):
        sent = {"rule": rule, "months": 3, "values": values}
        answer = admin.post(api("rule-trials"), sent, content_type="application/json")
        assert answer.status_code == 202, answer.content
        replay(world, answer.json()["id"])
        return admin.get(api("rule-trial", answer.json()["id"])).json()

    copay = tried("copay", {"plan": plan.public_id, "individual": "40.00"})
    assert [copay["result"][key] for key in ("changed", "difference", "patient_difference")] == [
        2,
        "0.00",
        "30.00",
    ]
    price = tried(
        "default-price",
        {"service": world.adjustment.public_id, "price": "140.00", "effective_on": "2026-01-01"},
    )
    assert [price["result"][key] for key in ("changed", "difference")] == [2, "-20.00"]
    rule = tried(
        "modifier-rule", {"service": world.adjustment.public_id, "modifiers": "GT", "fee_percent": "10"}
    )
    assert [rule["result"][key] for key in ("changed", "difference")] == [2, "30.00"]
    assert rule["result"]["changes"][0]["modifiers_after"] == ["GT"]
    assert admin.post(api("rule-trial", rule["id"])).json()["switched_on"] is True
    assert admin.post(api("rule-trial", copay["id"])).status_code == 200
    with world.open():
        assert [row.modifiers for row in ModifierRule.objects.all()] == [["GT"]], (
            "it stands in the place of the old one"
        )
        assert (Plan.objects.get().copay_individual, Plan.objects.get().copay_group) == (D("40.00"), None)
    for bad in ({}, {"rule": "x", "values": {}}, {"rule": "copay", "months": 0, "values": {"plan": plan.public_id}},
                {"rule": "copay", "months": True, "values": []}):  # fmt: skip
        assert admin.post(api("rule-trials"), bad, content_type="application/json").status_code == 400


@pytest.mark.rule("B17.8")
def test_a_trial_asks_as_much_for_many_visits_as_for_few(world):
    with world.open():
        visits = []
        for number in range(8):
            patient = make_patient("Pat", f"Number{chr(65 + number)}")
            profile = make_profile(patient, make_policy(patient, world.aetna, f"W{number}"))
            visits.append(make_visit(world, patient, profile, world.exam, world.adjustment).pk)
        book = trials.rulebook.load()
        asked = []
        for some in (visits[:2], visits):
            with CaptureQueriesContext(connection) as seen:
                found = trials._Found()
                trials._replay(some, book, book, found)
            asked.append(len(seen))
        assert found.charges == 16
        assert asked[0] == asked[1] <= 12


def test_rules_are_added_listed_and_removed_by_the_api(admin, world):
    with world.open():
        patient = make_patient()
    made = admin.post(
        api("fee-schedules"), {"name": "Sliding", "kind": "reduced"}, content_type="application/json"
    )
    schedule = made.json()["id"]
    sent = {
        "fees": {
            "schedule": schedule,
            "service": world.exam.public_id,
            "effective_on": "2026-01-01",
            "fee": "50.00",
        },
        "modifier-rules": {"payer": world.aetna.public_id, "modifiers": "GT"},
        "same-day-rules": {
            "services": [world.exam.public_id],
            "occurrence": 2,
            "modifier": "59",
            "and_later": True,
        },
        "reduced-fees": {"patient": patient.public_id, "schedule": schedule, "effective_on": "2026-01-01"},
        "patient-fees": {"patient": patient.public_id, "service": world.exam.public_id, "fee": "45.00"},
    }
    for name, data in sent.items():
        head = {"Idempotency-Key": f"k-{name}"}
        first = admin.post(api(name), data, content_type="application/json", headers=head)
        again = admin.post(api(name), data, content_type="application/json", headers=head)
        assert (first.status_code, again.status_code) == (201, 200), first.content
        assert first.json() == again.json()
        clash = admin.post(api(name), data, content_type="application/json")
        assert (clash.status_code, clash.json()["error"]["code"]) == (409, "rule_clash")
        [row] = admin.get(api(name)).json()
        assert row == first.json()
        one = api("price-rule", row["kind"], row["id"])
        assert admin.get(one).json() == row
        assert admin.delete(one).status_code == 204
        assert admin.get(one).status_code == 404
    for bad in ([], "x", {"fee": {"a": 1}}, {"schedule": [1]}, {"modifiers": ["GT"]}):
        for name in sent:
            assert admin.post(api(name), bad, content_type="application/json").status_code == 400


def test_two_admins_at_once_cannot_save_what_one_could_not(world, monkeypatch):
    with world.open():
        schedule = FeeSchedule.objects.create(name="Standard", kind="standard")
        add_fee(world, schedule)
        row = FeeRow(schedule=schedule, service=world.adjustment, effective_on=SINCE, fee=D("9.00"))
        found = iter(["", "somebody else's"])
        monkeypatch.setattr(price_rules, "find_clash", lambda _: next(found))
        with pytest.raises(RuleClash, match="somebody else's"):
            price_rules.save(row)


@pytest.mark.rule("B3")
def test_the_insurance_method_is_the_systems_own(admin, world):
    page = admin.get(url("payment-methods")).content.decode()
    assert "the system’s own" in page
    assert f"method={world.insurance_method.public_id}" not in page
    typed = {"method": world.insurance_method.public_id, "name": "Cheque", "position": "1", "is_active": "on"}
    assert admin.post(url("payment-methods"), typed).status_code == 404
    assert admin.post(url("payment-methods"), {"name": "Insurance", "position": "1"}).status_code == 400
    with world.open():
        row = PaymentMethod.objects.get(pk=world.insurance_method.pk)
        assert (row.name, row.kind) == ("Insurance", "insurance")


def test_only_admins_set_prices(client, world):
    client.force_login(world.users["biller"])
    for name in ("fees", "fee-import", "fee-copy", "modifier-rules", "agreed-fees", "what-if", "rule-trials"):
        assert client.get(url(name)).status_code == 403


BOXES = {
    "services": lambda world: reverse("appointments:services"),
    "a service": lambda world: reverse("appointments:service", args=[world.adjustment.public_id]),
    "types and statuses": lambda world: reverse("appointments:types"),
    "a type": lambda world: reverse("appointments:type", args=[world.visit_type.public_id]),
    "a status": lambda world: reverse("appointments:status-new"),
    "fee schedules": lambda world: url("fees"),
    "reduced programs": lambda world: url("agreed-fees"),
    "modifier rules": lambda world: url("modifier-rules"),
    "copays of plans": lambda world: reverse("insurance:payer", args=[world.aetna.public_id]),
}


@pytest.mark.rule("B17.0")
def test_every_page_of_rules_holds_the_what_if_box_and_it_answers(admin, world):
    """Payment methods have none: how a patient pays prices nothing."""
    for page, address in BOXES.items():
        shown = admin.get(address(world)).content.decode()
        [box] = re.findall(r'hx-get="([^"]*what-would[^"]*|[^"]*what-if[^"]*)"', shown) or [None]
        assert box, f"{page} has no what-if box"
        form = admin.get(html.unescape(box), headers={"HX-Request": "true"}).content.decode()
        [ask] = re.findall(r'<form class="form" method="get" action="([^"]+)"', form)
        asked = {"service": world.adjustment.public_id, "day": "2026-03-09", "part": "answer"}
        answer = admin.get(html.unescape(ask), asked, headers={"HX-Request": "true"}).content.decode()
        assert "150.00" in answer and "B17.7" in answer, page


def test_the_patients_page_leads_to_what_was_agreed(admin, client, world):
    with world.open():
        patient = make_patient()
    link = url("patient-agreed-fees", patient.public_id)
    assert link in admin.get(url("patient-balance", patient.public_id)).content.decode()
    client.force_login(world.users["front_desk"])
    assert link not in client.get(url("patient-balance", patient.public_id)).content.decode()
