"""Statements by account: what is asked, each account once whatever dies, and the ledger at the cut (B12)."""

from __future__ import annotations

import io
import os
import random
import signal
import subprocess
import sys
import time
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from billing import accounts, balances, payments, planning, policies, statement_batches, statements, writeoffs
from billing.checkout import check_out
from billing.enums import WriteOffType
from billing.errors import CannotWriteOff, NothingDue
from billing.models import CallNote, Statement, StatementMember
from billing.payments import Payment
from billing.planning import Terms
from billing.statement_layout import document_html
from billing.writeoffs import WriteOff
from clinics.models import Setting
from clinics.settings import change
from patients.models import Guarantor
from tests.cast import NOW, TODAY, make_patient, make_policy, make_profile, make_visit, make_world

D = Decimal
ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def world():
    return make_world()


def owing(world, first="Lee", visits=1, **fields):
    patient = make_patient(first, "Stone", **fields)
    profile = make_profile(patient)
    made = [
        check_out(make_visit(world, patient, profile).public_id, [], at=NOW).invoice for _ in range(visits)
    ]
    return patient, made


@pytest.mark.django_db
@pytest.mark.rule("B12.account")
def test_one_statement_for_a_guarantor_with_two_children(world):
    with world.open():
        mother = Guarantor.objects.create(
            first_name="Ada",
            last_name="Stone",
            street="1 Elm",
            city="Springfield",
            state="IL",
            zip_code="62701",
        )
        first, _ = owing(world, "Ann", guarantor=mother)
        second, _ = owing(world, "Ben", guarantor=mother)
        row = statements.issue(second, world.location, at=NOW)
        assert (row.balance, row.snapshot["asked"], row.snapshot["to"][0]) == (
            D("300.00"),
            "300.00",
            "ADA STONE",
        )
        assert row.snapshot["patient"] == "Ann Stone and Ben Stone"
        assert {each.patient_id: each.balance for each in row.members.all()} == {
            first.pk: D("150.00"),
            second.pk: D("150.00"),
        }
        assert statements.adds_up(row.snapshot)
        assert statement_batches.due_patients(world.location, TODAY) == []


@pytest.mark.django_db
@pytest.mark.rule("B12.account")
def test_what_runs_on_a_plan_or_is_disputed_is_not_asked(world):
    with world.open():
        patient, _ = owing(world)
        terms = Terms("monthly", TODAY + timedelta(days=10), 3, statements="send")
        plan = planning.make(patient, terms, location=world.location, today=TODAY, may_override=False)
        snapshot = statements.build(patient, world.location, today=TODAY)
        assert (snapshot["balance"], snapshot["asked"]) == ("150.00", "50.00")
        assert snapshot["apart"][0]["words"] == "On your payment plan: 100.00 later"
        planning.end(plan, "cancelled", "moved", NOW)
        held = Terms("monthly", TODAY + timedelta(days=10), 3)
        planning.make(patient, held, location=world.location, today=TODAY, may_override=False)
        with pytest.raises(NothingDue):
            statements.issue(patient, world.location, at=NOW)
        [due] = statement_batches.round_of(world.location, TODAY)
        assert due.held == "On a payment plan"
        other, invoices = owing(world, "Max", visits=2)
        CallNote.objects.create(
            patient=other, invoice=invoices[0], kind="dispute", state="open", text="x", created_by="x"
        )
        assert statements.build(other, world.location, today=TODAY)["asked"] == "150.00"


@pytest.mark.django_db
@pytest.mark.rule("B12.round")
def test_levels_rise_to_the_last(world):
    with world.open():
        patient, _ = owing(world)
        levels = []
        for number in range(6):
            at = NOW + timedelta(days=30 * number)
            levels.append(statements.issue(patient, world.location, at=at).snapshot["level"])
        assert levels == [1, 2, 3, 4, 4, 4]
        assert "Final request" in document_html(Statement.objects.latest("pk").snapshot)


@pytest.mark.django_db
@pytest.mark.rule("B12.round")
@pytest.mark.parametrize(
    ("percent", "paid", "level"), [(0, "4.99", 2), (0, "5.00", 1), (10, "14.99", 2), (10, "15.00", 1)]
)
def test_a_payment_that_counts_takes_a_level_back(world, percent, paid, level):
    with world.open():
        patient, _ = owing(world)
        change("dunning_payment_percent", percent, world.clinic)
        assert (
            statements.issue(patient, world.location, at=NOW - timedelta(days=30)).snapshot["asked"]
            == "150.00"
        )
        payments.take(patient, Payment(world.cash, D(paid)), [], location=world.location, today=TODAY)
        assert statements.issue(patient, world.location, at=NOW).snapshot["level"] == level


@pytest.mark.django_db
@pytest.mark.rule("B12.round")
def test_each_reason_that_holds_an_account(world):
    with world.open():
        reasons = {}
        for name in ("Ann", "Ben", "Cid"):
            reasons[name] = owing(world, name)[0]
        accounts.mark_address(accounts.account_of(reasons["Ann"]), bad_since=TODAY)
        accounts.hold(accounts.account_of(reasons["Ben"]), until=TODAY, reason="asked to wait")
        CallNote.objects.create(
            patient=reasons["Cid"], kind="dispute", state="open", text="x", created_by="x"
        )
        found = {
            each.patient.first_name: each.held for each in statement_batches.round_of(world.location, TODAY)
        }
        assert found == {
            "Ann": "Mail came back",
            "Ben": "Held until 03/09/2026: asked to wait",
            "Cid": "Disputed",
        }


@pytest.mark.django_db
@pytest.mark.rule("B12.account")
def test_notice_and_pay_page_are_frozen_with_the_statement(world):
    with world.open():
        patient, _ = owing(world)
        row = policies.add(
            "statement_notice",
            {
                "value": "You may ask for an itemized bill.",
                "effective_on": TODAY,
                "source": "state law",
                "state": "IL",
            },
        )
        Setting.objects.create(
            clinic=world.clinic,
            name="payment_link",
            value="https://pay.example/?s={statement}",
            changed_by="x",
        )
        made = statements.issue(patient, world.location, at=NOW)
        assert made.snapshot["notice"]["row"] == row.public_id
        assert made.snapshot["pay_link"] == f"https://pay.example/?s={made.number}"
        html = document_html(made.snapshot)
        assert "You may ask for an itemized bill" in " ".join(html.replace("\t", " ").split())
        assert 'src="data:image/svg+xml' in html


STEPS = st.lists(
    st.tuples(st.sampled_from(["visit", "pay", "waive", "statement"]), st.integers(1, 30)),
    min_size=2,
    max_size=8,
)


@pytest.mark.django_db
@pytest.mark.rule("B12")
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS)
def test_a_statement_is_the_ledger_at_its_cut_whatever_happened(world, steps):
    with world.open():
        point = transaction.savepoint()
        patient = make_patient()
        profile = make_profile(patient, make_policy(patient, world.aetna))
        invoices = []
        for number, (act, size) in enumerate([*steps, ("statement", 1)]):
            if act == "visit":
                made = check_out(make_visit(world, patient, profile).public_id, [], at=NOW)
                invoices.append(made.invoice)
            elif act == "pay":
                payments.take(patient, Payment(world.cash, D(size)), [], location=world.location, today=TODAY)
            elif act == "waive" and invoices:
                wanted = WriteOff("patient", WriteOffType.COURTESY, D(size), "kind")
                try:
                    with transaction.atomic():
                        writeoffs.write_off(
                            random.Random(size).choice(invoices),
                            wanted,
                            role="owner",
                            today=TODAY,
                            key=f"k{number}",
                        )
                except CannotWriteOff:
                    pass
            else:
                due = balances.patient_due(patient.pk) - balances.patient_credit(patient.pk).free
                snapshot = statements.build(patient, world.location, today=TODAY)
                assert D(snapshot["balance"]) == due
                assert statements.adds_up(snapshot)
                if due > 0:
                    assert statements.issue(patient, world.location, at=NOW).balance == due
        transaction.savepoint_rollback(point)


RUN = """
import os, sys
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
import django
django.setup()
from billing import statement_batches
statement_batches.run(int(sys.argv[1]), int(sys.argv[2]))
"""
MANY = int(os.environ.get("STATEMENTS", "12"))


@pytest.mark.django_db(transaction=True)
@pytest.mark.rule("B12.round")
def test_a_round_that_is_killed_and_run_again_asks_each_account_once(world):
    """Real processes, killed with -9 at random moments. STATEMENTS=1000 and SEED=n repeat it larger."""
    seed = int(os.environ.get("SEED", "7"))
    dice = random.Random(seed)
    with world.open():
        for number in range(MANY):
            owing(world, f"P{number}")
        job = statement_batches.start(world.location, at=NOW, today=TODAY)
    kills = 0
    command = [sys.executable, "-c", RUN, str(world.clinic.pk), str(job.pk)]
    while kills < 3:
        process = subprocess.Popen(command, cwd=ROOT)
        try:
            process.wait(timeout=1.5 + dice.random() * 0.06 * MANY)
            break
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills += 1
    subprocess.run(command, cwd=ROOT, check=True, timeout=600)
    with world.open():
        job.refresh_from_db()
        assert (job.state, job.result) == ("done", {"statements": MANY, "nothing_due": 0})
        members = list(StatementMember.objects.filter(job=job).values_list("patient_id", flat=True))
        assert len(members) == len(set(members)) == Statement.objects.count() == MANY
        assert not Statement.objects.filter(pdf__isnull=True).exists()
        began = time.monotonic()
        first, second = statement_batches.print_file(job), statement_batches.print_file(job)
        assert len(PdfReader(io.BytesIO(first)).pages) == MANY
        assert first == second, "a reprint is the same bytes"
        sys.stdout.write(
            f"seed {seed}: {MANY} statements, {kills} kills, each once; file in {time.monotonic() - began:.1f} s\n"
        )
        with pytest.raises(IntegrityError), transaction.atomic():
            one = StatementMember.objects.first()
            one.pk = None
            one.statement = Statement.objects.last()
            one.save(force_insert=True)
