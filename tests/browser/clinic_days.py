"""Alder's days for the browser: patients, visits and claims in many states, made by the real work functions.

Before it: tests/cast.py. After it: samples.py, which says what stands in an address, and the walk. Days are
relative to now, because the running product asks the clock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from time import monotonic, sleep
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from appointments.enums import AppointmentState
from appointments.models import Appointment, AppointmentStatus, Service
from billing import trials
from billing.models import FeeRow, FeeSchedule, ModifierRule, PatientFee, ReducedFee, SameDayRule
from clinics.models import Clinician, Membership, User
from clinics.roles import Role
from insurance.models import InsuranceProfile, Payer
from lib.dates import local_day
from patients.models import Patient
from tests.cast import World, make_patient, make_policy, make_profile, make_service, make_visit, make_world
from work import jobs

# The smallest picture that a browser draws: one grey point.
PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
    "0000000a49444154789c636800000082008177cd72b60000000049454e44ae426082"
)
GOING = ["Okafor 8", "Marsh 2", "Nandakumar 3", "Oyelaran 4", "Delgado-Hart 5", "Varga 6", "Bramwell 7"]
GOING += ["Haddadin 9", "Achterberg 13"]
SETTLE_SECONDS = 90
ZONE = ZoneInfo("America/Chicago")
MAILBOX_PASSWORD = "only for the sandbox beside us"


@dataclass
class Days:
    """What was made, by name."""

    world: World
    other: World
    today: date
    now: datetime
    patients: dict[str, Patient] = field(default_factory=dict)
    visits: dict[str, Appointment] = field(default_factory=dict)
    made: dict[str, Any] = field(default_factory=dict)

    def email(self, role: str) -> str:
        """Who signs in for a role at Alder."""
        return self.world.users[role].email


def make_days(product: Any) -> Days:
    """Two clinics; Alder with a full day and its past."""
    world = make_world("alder")
    other = make_world("birch", world.clinic.company)
    Membership.objects.create(
        user=world.users["company_biller"], clinic=other.clinic, role=Role.COMPANY_BILLER
    )
    verify_addresses()
    now = timezone.now()
    days = Days(world, other, local_day(now, "America/Chicago"), now)
    for each in (world, other):
        with each.open("builder"):
            open_mailbox(each, product)
    with world.open("front_desk@alder.example"):
        make_people(days)
        make_today(days)
        make_past(days)
        make_claims(days)
        make_rules(days)
        make_move(days)
        make_left(days)
        make_collections(days)
    with other.open("front_desk@birch.example"):
        stranger = make_patient("Nobody", "Elsewhere")
        make_visit(
            other, stranger, make_profile(stranger, make_policy(stranger, other.aetna)), day=days.today
        )
    return days


def verify_addresses() -> None:
    """django-allauth lets only people with a verified address set up a second factor."""
    from allauth.account.models import EmailAddress

    for user in User.objects.all():
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)


def open_mailbox(world: World, product: Any) -> None:
    """An account at the sandbox, and the clinic's connection to it over SFTP with the key confirmed."""
    from pathlib import Path

    from clearinghouses.sandbox.home import add_account, host_key
    from clearinghouses.sftp.transport import show_key

    folder = Path(product.variables["SANDBOX_DIR"])
    add_account(folder, world.clinic.slug, MAILBOX_PASSWORD)
    connection = world.connection
    connection.kind = "sftp"
    connection.host = "127.0.0.1"
    connection.port = int(product.variables["SANDBOX_SFTP_PORT"])
    connection.username = world.clinic.slug
    connection.password = MAILBOX_PASSWORD
    connection.host_key = show_key(host_key(folder))
    connection.outbound_folder, connection.inbound_folder = "inbound", "outbound"
    connection.archive_folder = "archive"
    connection.save()


def make_price_rules(days: Days) -> None:
    """What the pages of rules list: agreements with a patient, a rule for repeats, a trial with its changes."""
    from work.models import Job

    patient, exercise = days.patients["Okafor"], days.made["exercise"]
    sliding = FeeSchedule.objects.create(name="Sliding scale", kind="reduced")
    ReducedFee.objects.create(
        patient=patient, schedule=sliding, effective_on=date(2020, 1, 1), expires_on=date(2020, 12, 31)
    )
    PatientFee.objects.create(
        patient=patient, service=exercise, fee=None, copay=Decimal("5.00"), copay_per_unit=True
    )
    SameDayRule.objects.create(
        services=[exercise.public_id], occurrence=2, modifier="59", payer=days.world.medicare
    )
    change = {
        "visit": days.visits["Okafor"].public_id, "day": "2026-03-09", "code": "97110", "charged": "46.00",
        "before": "46.00", "after": "50.00", "patient_before": "5.00", "patient_after": "5.00",
        "modifiers_before": [], "modifiers_after": ["95"],
    }  # fmt: skip
    job = Job.objects.get(pk=days.made["trial"].pk)
    Job.objects.filter(pk=job.pk).update(result={**job.result, "changes": [change]})


def make_people(days: Days) -> None:
    """A second clinician, and people with one card, two cards, none, and with something missing."""
    world = days.world
    days.made["sato"] = Clinician.objects.create(
        first_name="Jun", last_name="Sato", credential="DC", npi="1093800019", taxonomy="111N00000X"
    )
    days.made["status"] = AppointmentStatus.objects.create(name="Seen", state="complete", transition=True)
    days.made["exercise"] = make_service("97110", "Therapeutic exercise, 15 minutes", "46.00")
    schedule = FeeSchedule.objects.create(name="Standard", kind="standard")
    days.made["fee"] = FeeRow.objects.create(
        schedule=schedule,
        service=days.made["exercise"],
        payer=world.medicare,
        effective_on=date(2026, 1, 1),
        fee=Decimal("40.00"),
    )
    ModifierRule.objects.create(pos="02", modifiers=["95"], fee_percent=Decimal("-10"))
    days.made["trial"] = jobs.start(
        trials.KIND, "Trial", params={"rule": "97110 at 50.00 by default", "months": 6, "kind": "default-price",
                                      "typed": {"effective_on": "2026-12-01"}},
    )  # fmt: skip
    jobs.finish(
        days.made["trial"],
        result={"visits": 4, "charges": 5, "changed": 1, "difference": "4.00", "patient_difference": "0.00",
                "changes": []},
        done=4,
    )  # fmt: skip
    person(days, "Maren", "Okafor", world.aetna, member="W100000001")
    person(days, "Gideon", "Marsh", world.medicare, world.aarp, member="1EG4TE5MK73")
    person(days, "Priya", "Nandakumar", world.aetna, member="COPAY25-1")
    person(days, "Walter", "Oyelaran", world.aetna, member="REJ277-1")
    person(days, "Rosa", "Delgado-Hart", world.aetna, member="DENY16-1")
    person(days, "Ines", "Varga", world.aetna, member="DEDUCT-1")
    person(days, "Otis", "Bramwell", world.aetna, world.aarp, member="XOVER-1")
    person(days, "Noor", "Haddadin", world.aetna, member="UNDERPAY-1")
    person(days, "Samuel", "Achterberg", world.aetna, member="TAKEBACK-1")
    person(days, "Jonah", "Pruitt")
    person(days, "Theo", "Lindqvist", world.aetna, member="W100000002", birth_date=None, sex="", street="")


def person(days: Days, first: str, last: str, *payers: Payer, member: str = "", **fields: Any) -> Patient:
    """A patient with a default profile of these payers."""
    patient = make_patient(first, last, **fields)
    cards = [
        make_policy(patient, payer, member if number == 0 else f"{member}B")
        for number, payer in enumerate(payers)
    ]
    days.made[f"profile {last}"] = make_profile(patient, *cards)
    if cards:
        days.made[f"policy {last}"] = cards[0]
    days.patients[last] = patient
    return patient


def visit(
    days: Days, last: str, day: date, clock: str, *services: Service, state: str = "complete", **fields: Any
) -> Appointment:
    """One visit at a time of the clinic's day."""
    at = datetime.combine(day, time.fromisoformat(clock), ZONE).astimezone(UTC)
    profile: InsuranceProfile = days.made[f"profile {last}"]
    return make_visit(
        days.world,
        days.patients[last],
        profile,
        *services,
        day=day,
        state=state,
        starts_at=at,
        onset_on=day - timedelta(days=10),
        **fields,
    )


def make_today(days: Days) -> None:
    """One visit in each state of a morning."""
    state = AppointmentState
    for last, clock, value in (
        ("Okafor", "09:00", state.COMPLETE),
        ("Marsh", "09:15", state.COMPLETE),
        ("Nandakumar", "09:30", state.IN_TREATMENT),
        ("Lindqvist", "09:45", state.ARRIVED),
        ("Varga", "10:00", state.SCHEDULED),
        ("Pruitt", "10:15", state.SCHEDULED),
        ("Haddadin", "08:15", state.NO_SHOW),
    ):
        days.visits[last] = visit(days, last, days.today, clock, state=value)


def make_past(days: Days) -> None:
    """Checked-out visits of the last weeks, with copays in cash and some left open."""
    from billing import statements
    from billing.checkout import check_out
    from billing.payments import Payment

    world = days.world
    plan = (
        ("Okafor", 1, (world.adjustment,), "25.00"),
        ("Okafor", 8, (world.adjustment, world.exam), "25.00"),
        ("Marsh", 2, (world.adjustment,), ""),
        ("Nandakumar", 3, (world.adjustment, days.made["exercise"]), "10.00"),
        ("Oyelaran", 4, (world.exam,), "25.00"),
        ("Delgado-Hart", 5, (world.adjustment,), ""),
        ("Varga", 6, (world.exam,), ""),
        ("Bramwell", 7, (world.adjustment,), ""),
        ("Haddadin", 9, (world.adjustment,), "25.00"),
        ("Pruitt", 10, (world.exam,), "40.00"),
        ("Lindqvist", 11, (world.adjustment,), ""),
        ("Varga", 12, (world.adjustment,), ""),
        ("Achterberg", 13, (world.adjustment,), ""),
    )
    for last, back, services, pay in plan:
        made = visit(days, last, days.today - timedelta(days=back), "09:30", *services)
        paid = [Payment(method=world.cash, amount=Decimal(pay))] if pay else []
        result = check_out(made.public_id, paid, at=days.now - timedelta(days=back))
        days.visits.setdefault(f"{last} past", made)
        days.made[f"invoice {last} {back}"] = result.invoice
        days.made.setdefault("charge", result.invoice.charges.first())
        for receipt in result.receipts:
            days.made.setdefault("receipt", receipt)
    days.made["line"] = days.visits["Okafor"].lines.first()
    make_price_rules(days)
    days.made["statement"] = statements.issue(days.patients["Pruitt"], world.location, at=days.now)
    make_coverage(days)


def make_coverage(days: Days) -> None:
    """What payers said and agreed to: an answer with figures and a correction, an authorization, an estimate."""
    from billing import good_faith
    from insurance import authorizations, enrollment
    from insurance.models import EligibilityCheck, EligibilityRequest

    world, policy = days.world, days.made["policy Marsh"]
    asked = EligibilityRequest.objects.create(
        policy=policy, connection=world.connection, service_date=days.today, reference="000000001",
        state="answered", asked_on=days.today, asked_at=days.now, asked_by="frontdesk@alder.example",
    )  # fmt: skip
    figures = {"coinsurance": "20.00", "deductible": "500.00", "deductible_left": "30.00", "plan": "GOLD PPO"}
    rows = [{"words": "Deductible 30.00 left, individual", "segment": "EB*C*IND*30***29*30"}]
    days.made["answer"] = EligibilityCheck.objects.create(
        policy=policy, request=asked, checked_on=days.today, service_date=days.today, is_active=True, source="271",
        benefits={"active": True, **figures, "rows": rows, "limits": [{"words": "Limit 6 visits left", "left": "yes"}]},
        corrections=[{"field": "member_id", "ours": policy.member_id, "theirs": "CX1"}],
    )  # fmt: skip
    EligibilityCheck.objects.create(
        policy=policy, checked_on=days.today - timedelta(days=40), is_active=None, source="271",
        rejections=[{"code": "75", "words": "The payer does not find this member.", "step": "Correct it."}],
    )  # fmt: skip
    days.made["authorization"] = authorizations.save(
        policy,
        {"kind": "G1", "number": "AUTH-4471", "effective_on": days.today - timedelta(days=30),
         "expires_on": days.today + timedelta(days=60), "limit_kind": "visits", "limit": Decimal(12)},
    )  # fmt: skip
    enrollment.save(world.aetna, world.connection, "837P", "pending", on=days.today, today=days.today)
    enrollment.save(world.aetna, world.connection, "837P", "active", on=days.today, today=days.today)
    enrollment.save(world.aarp, world.connection, "835", "asked", on=days.today, today=days.today)
    booked = visit(days, "Marsh", days.today + timedelta(days=2), "11:00", world.adjustment)
    Appointment.objects.filter(pk=booked.pk).update(state=AppointmentState.SCHEDULED)
    booked.refresh_from_db()
    days.visits["Marsh booked"] = booked
    days.made["good faith"] = good_faith.make(booked, at=days.now)


def make_claims(days: Days) -> None:
    """Claims in the queue: ready, new with findings, on hold; and several on their way."""
    from claims import queue, submitting
    from claims.models import Claim

    def one_click(key: str) -> Claim:
        invoice = days.made[f"invoice {key}"]
        findings = [item.message for item in queue.missing(invoice, days.today) if item.severity == "error"]
        assert not findings, f"{key}: {findings}"
        return queue.one_click(invoice, days.today)

    days.made["claim ready"] = one_click("Okafor 1")
    days.made["claim new"] = queue.enqueue(days.made["invoice Lindqvist 11"], days.today)
    days.made["claim held"] = one_click("Varga 12")
    queue.hold(days.made["claim held"], "Waiting for the referral", days.today + timedelta(days=7))
    going = [one_click(key) for key in GOING]
    for claim in going:
        days.made[f"claim {claim.patient.last_name}"] = claim
    chosen = Claim.objects.filter(pk__in=[claim.pk for claim in going])
    selection = {"ids": [claim.public_id for claim in going]}
    days.made["job"] = submitting.start(
        chosen, days.today, selection, ticked=True
    )  # Marsh's lacks AT, Okafor's 25


def make_rules(days: Days) -> None:
    """A table that was read and waits, and a rule that was tried and is on."""
    from claims import code_loading, rule_book, rule_trials
    from claims.payer_rules import Condition

    world = days.world
    limits = b"98941,1,2 Date of Service Edit: Policy\n97110,6,3 Date of Service Edit: Clinical\n97140,,3\n"
    table = code_loading.upload("mue", days.today.replace(day=1), [("practitioner-mue.csv", limits)])
    assert table.clinic_id is not None
    code_loading.run(table.clinic_id, table.pk)
    days.made["code table"] = table
    rule = rule_book.save(
        rule_book.RuleData(
            "Exercise beside an adjustment", "warning", "Put 59 on the exercise, or ask whether it was done apart.",
            "lines.N.modifiers", (world.aetna.public_id,), (),
            (Condition("code_in", ["97110"]), Condition("also_code", ["98940-98942"]),
             Condition("modifier_none", ["59"])), None, None,
        )
    )  # fmt: skip
    job = rule_trials.start(rule, 6, days.today)
    rule_trials.run(table.clinic_id, job.pk)
    days.made["claim rule"] = rule


def make_move(days: Days) -> None:
    """Somebody whose card had changed: one visit moved, one still to move, one with a card found later."""
    from billing.checkout import check_out
    from claims import coverage_moves
    from insurance import card_images
    from patients import importing

    world = days.world
    patient = person(days, "Leda", "Quist", world.aetna, member="W100000009", chart_number="QUI0001")
    old: InsuranceProfile = days.made["profile Quist"]
    first, second = (
        visit(days, "Quist", days.today - timedelta(days=back), "11:30", world.adjustment)
        for back in (16, 15)
    )
    for made in (first, second):
        check_out(made.public_id, [], at=days.now)
    new = make_profile(patient, make_policy(patient, world.medicare, "1EG4TE5MK72"), status="active")
    days.made["coverage move"] = coverage_moves.move(
        old, new, [first.public_id], coverage_moves.Options(rebill=False), at=days.now, note="Card shown"
    )
    days.made["patient import"] = importing.start(
        "Surname,Given,DOB,Cell\nQuist,Leda,05/17/1980,\nRuiz,Ana,05/02/1984,2175550188\n", "people.csv"
    )
    card_images.keep(days.made["policy Marsh"], "front", PICTURE)
    days.made["policy Quist held"] = make_policy(patient, world.aarp, "A100000009")


def make_left(days: Days) -> None:
    """Somebody whose bill is being seen to: a plan, a write-off and a request, a run, policies, a round."""
    from billing import approvals, calls, planning, policies, statement_pdf, statements, writeoffs
    from billing import days as day_books
    from billing.checkout import check_out
    from billing.enums import CallKind, WriteOffType
    from billing.models import WriteOffRun
    from billing.writeoffs import WriteOff

    world, patient = days.world, person(days, "Alma", "Reyes")
    first, second = (
        check_out(
            visit(days, "Reyes", days.today - timedelta(days=back), "12:30", world.exam).public_id,
            [],
            at=days.now - timedelta(days=back),
        ).invoice
        for back in (21, 20)
    )
    away = WriteOff("patient", WriteOffType.COURTESY, Decimal("5.00"), "Long-standing patient")
    days.made["write-off"] = writeoffs.write_off(first, away, role="owner", today=days.today, key="w:Reyes")
    more = WriteOff("patient", WriteOffType.ADMINISTRATIVE, Decimal("60.00"), "Told the wrong fee by phone")
    days.made["approval"] = approvals.ask_write_off(first, more, role="biller")
    days.made["run"] = WriteOffRun.objects.create(
        location=world.location, lines=[], count=3, amount=Decimal("7.40"), made_by="admin@alder.example"
    )
    job = jobs.start("billing.statement_batch", "Statements for 1 account", total=1)
    made = statements.issue(patient, world.location, at=days.now, job=job)
    statement_pdf.keep_pdfs([made])
    jobs.finish(job, result={"statements": 1, "nothing_due": 0}, done=1)
    days.made["round"] = job
    talk = calls.Talk(
        CallKind.CALL, "Asked why the exam costs more; explained the fee", spoke_with="Mrs Reyes"
    )
    calls.log(patient, talk, invoice=first, today=days.today)
    talk = calls.Talk(
        CallKind.PROMISE, "Pays when her check comes", promise_on=days.today, promise_amount=Decimal("20.00")
    )
    days.made["call"] = calls.log(patient, talk, invoice=second, today=days.today)
    old = days.today - timedelta(days=90)
    days.made["day close"] = day_books.close(world.location, old, today=days.today, note="Quarter’s end")
    terms = planning.Terms("monthly", days.today + timedelta(days=20), 3)
    days.made["plan"] = planning.make(
        patient, terms, location=world.location, today=days.today, may_override=True
    )
    for subject, value, state in (
        ("small_balance_limit", "4.99", "IL"),
        ("statement_notice", "Questions about this bill? Call us before the due date.", ""),
        ("no_show_fee", "no", "WI"),
    ):
        row = {
            "value": value,
            "state": state,
            "effective_on": days.today,
            "source": "Manual of 2026, chapter 4",
        }
        days.made["policy row"] = policies.add(subject, row)


def make_collections(days: Days) -> None:
    """Accounts on their way to an agency: one proposed, one decided, one handed over with money back."""
    from billing import accounts, agency, payments, policies
    from billing.checkout import check_out
    from billing.payments import Payment

    world, back = days.world, 45
    long_ago, at = days.today - timedelta(days=back), days.now - timedelta(days=back)
    own = {"value": "30", "effective_on": long_ago, "source": "Own rule of 2026"}
    policies.add("days_before_collections", own)
    people = (("Sorrel", "Ashdown", "13:00"), ("Tamsin", "Ashby", "14:00"), ("Ulric", "Ashcombe", "15:00"))
    for first, last, clock in people:
        patient = person(days, first, last)
        check_out(visit(days, last, long_ago, clock, world.exam).public_id, [], at=at)
        accounts.set_level(accounts.account_of(patient), 3, at)
    accounts.mark_address(accounts.account_of(days.patients["Ashdown"]), bad_since=days.today)

    def approve(last: str) -> Any:
        who, why = days.patients[last], "No answer to three letters and two calls"
        return agency.decide(who, "approved", reason=why, location=world.location, today=days.today)

    days.made["case"] = approve("Ashcombe")
    days.made["hand-off"] = agency.hand_off(
        "North Shore Recovery", location=world.location, today=days.today, at=days.now
    )
    paid = Payment(world.cash, Decimal("40.00"))
    payments.take(days.patients["Ashcombe"], paid, [], location=world.location, today=days.today)
    approve("Ashby")


def _standing(days: Days) -> list[tuple[str, str, str]]:
    """Where each claim stands, for whoever must find out why it was not answered."""
    from claims.models import Claim

    with days.world.open("tester"):
        return list(Claim.objects.order_by("pk").values_list("control_number", "state", "last_event"))


def settle(days: Days, sweep: Callable[[], None]) -> None:
    """Ring until the sandbox has answered everything; post one answer by hand. Remember what pages show."""
    from claims.models import Batch, StatusInquiry
    from responses import deposits, manual, scans
    from responses.models import ClaimResponse, FollowUp, ProviderAdjustment, Remittance

    end = monotonic() + SETTLE_SECONDS
    answers = len(GOING) - 1  # one is rejected in the 277CA and never decided
    count = 0
    while count < answers:
        assert monotonic() < end, (
            f"{count} of {answers} answers came in {SETTLE_SECONDS} s: {_standing(days)}"
        )
        sweep()
        sleep(0.4)
        with days.world.open("tester"):
            count = ClaimResponse.objects.count()
    with days.world.open("biller@alder.example"):
        paid = ClaimResponse.objects.get(claim=days.made["claim Nandakumar"])
        manual.post_as_remitted(paid, at=timezone.now(), reason="")
        days.made["batch"] = Batch.objects.order_by("pk").first()
        days.made["inquiry"] = StatusInquiry.objects.create(
            claim=days.made["claim new"], state="due", why="31 days without an answer", asked_by="claims",
            detail="It went on paper: ask by telephone",
        )  # fmt: skip
        days.made["remittance"] = Remittance.objects.order_by("pk").first()
        days.made["provider item"] = ProviderAdjustment.objects.select_related("remittance").first()
        days.made["scan"] = scans.keep(days.made["remittance"], "eob.png", PICTURE)
        days.made["response"] = ClaimResponse.objects.get(claim=days.made["claim Okafor"])
        days.made["follow-up"] = FollowUp.objects.create(
            response=days.made["response"], kind="appeal", cause="CO-197", text="Appeal", created_by="biller",
            letter="Please reprocess the claim.",
        )  # fmt: skip
        days.made["bank line"] = deposits.add_line(days.today, Decimal("12.34"), "AETNA HCCLAIMPMT")[0]
