"""``./manage ledger verify``: silent on true books, loud on each kind of false ones."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from billing import payments, statements, takebacks, verification, voiding, writeoffs
from billing.checkout import check_out
from billing.enums import WriteOffType
from billing.hooks import LIVE_CLAIMS
from billing.models import Invoice, LedgerTxn, Receipt
from billing.payments import Payment
from billing.writeoffs import WriteOff
from tests.cast import NOW, TODAY, make_patient, make_policy, make_profile, make_visit, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return make_world()


@pytest.fixture
def no_claims(monkeypatch):
    monkeypatch.setattr(LIVE_CLAIMS, "_answer", lambda invoice: [])


def busy_day(world) -> None:
    """Every act of the desk once: check-out with credit, refund, bounced check, write-off, void, statement."""
    patient = make_patient()
    profile = make_profile(patient, make_policy(patient, world.aetna))
    first = make_visit(world, patient, profile)
    check_out(first.public_id, [Payment(world.cash, Decimal("60.00"), "copay")], at=NOW)
    second = make_visit(world, patient, profile, world.exam)
    check_out(second.public_id, [Payment(world.check, Decimal("5.00"), "", "1001")], at=NOW)
    payments.refund(patient, Decimal("5.00"), reason="asked for it", today=TODAY, key="refund:1")
    takebacks.reverse_payment(Receipt.objects.get(reference="1001"), reason="bounced", today=TODAY)
    third = make_visit(world, patient, profile, world.exam)
    invoice = check_out(third.public_id, [], at=NOW).invoice
    writeoffs.write_off(
        invoice,
        WriteOff("patient", WriteOffType.FINANCIAL_ASSISTANCE, Decimal("4.00"), "hard times"),
        role="biller",
        today=TODAY,
        key="w:1",
    )
    voiding.void_invoice(invoice.public_id, reason="wrong visit", at=NOW)
    fourth = make_visit(world, patient, profile, world.exam, world.adjustment)
    check_out(fourth.public_id, [], at=NOW)
    statements.issue(patient, world.location, at=NOW + timedelta(hours=1))


@pytest.mark.rule("I-3")
def test_after_a_busy_day_the_books_tie(world, no_claims):
    with world.open():
        busy_day(world)
        found = verification.run()
    wrong = {name: result.samples for name, result in found.items() if result.violations}
    assert not wrong
    empty = [
        name
        for name, result in found.items()
        if not result.rows and not name.startswith(("I-13", "I-5c", "I-6"))
    ]
    assert not [name for name in empty if name in BILLING_CHECKS], (
        "a check that looked at nothing proves nothing"
    )


BILLING_CHECKS = verification.OWN

# Each lie is told by the owner with the triggers asleep; the named check has to see it.
LIES = {
    "I-1 ": "UPDATE billing_ledgerentry SET amount = amount + 1 WHERE id = (SELECT min(id) FROM billing_ledgerentry)",
    "I-3 ": "UPDATE billing_ledgerentry SET receipt_id = NULL WHERE id = (SELECT min(id) FROM billing_ledgerentry WHERE"
    " account = 'ar:patient' AND receipt_id IS NOT NULL)",
    "I-5 ": "UPDATE billing_receipt SET unapplied = unapplied + 1 WHERE id = (SELECT min(id) FROM billing_receipt)",
    "I-7 ": "UPDATE billing_receipt SET amount = amount + 1 WHERE id = (SELECT min(id) FROM billing_receipt)",
    "invoices are": "UPDATE billing_invoice SET total = total + 1",
    "an invoice is closed": "UPDATE billing_invoice SET state = 'closed' WHERE state = 'open'",
    "statements": "UPDATE billing_statement SET balance = balance + 1",
    "I-3b": "UPDATE billing_charge SET amount = amount + 1 WHERE id = (SELECT min(id) FROM billing_charge)",
}


@pytest.mark.django_db(transaction=True)
def test_each_lie_is_seen_by_its_check(world, no_claims):
    import os
    from contextlib import closing

    from tests.conftest import owner_connection

    with world.open():
        busy_day(world)
    for name, lie in LIES.items():
        with closing(owner_connection(os.environ["DB_NAME"])) as owner, owner.cursor() as cursor:
            tables = ("ledgerentry", "ledgertxn", "receipt", "invoice", "statement", "charge")
            for table in tables:
                cursor.execute(f"ALTER TABLE billing_{table} DISABLE TRIGGER no_update")
                cursor.execute(f"ALTER TABLE billing_{table} NO FORCE ROW LEVEL SECURITY")
            try:
                cursor.execute("BEGIN")
                cursor.execute(lie)
                assert cursor.rowcount >= 1, name
                cursor.execute(f"SET LOCAL app.clinics = '{world.clinic.pk}'")
                found = _violations(cursor, name, world.clinic.pk)
                assert found >= 1, f"{name} did not see: {lie}"
                cursor.execute("ROLLBACK")
            finally:
                for table in tables:
                    cursor.execute(f"ALTER TABLE billing_{table} ENABLE TRIGGER no_update")
                    cursor.execute(f"ALTER TABLE billing_{table} FORCE ROW LEVEL SECURITY")


def _violations(cursor, start: str, clinic_id: int) -> int:
    """Run one registered check on the lying transaction's own cursor."""
    name = next(name for name in verification.CHECKS if name.startswith(start))
    if name.startswith("statements"):
        cursor.execute("SELECT balance, snapshot->>'balance' FROM billing_statement")
        return sum(1 for cents, text in cursor.fetchall() if cents != Decimal(text) * 100)
    sql = verification.SQL[name]
    cursor.execute(f"SELECT count(*) FROM ({sql}) AS l(thing, wrong) WHERE wrong", {"clinic": clinic_id})
    return cursor.fetchone()[0]


def run_command(*arguments: str) -> tuple[int, str, str]:
    out, err = StringIO(), StringIO()
    try:
        call_command("ledger", *arguments, stdout=out, stderr=err)
        status = 0
    except SystemExit as ended:
        status = int(ended.code or 0)
    return status, out.getvalue(), err.getvalue()


@pytest.mark.django_db(transaction=True)
def test_the_command_answers_as_the_contract_says(world, no_claims):
    with world.open():
        busy_day(world)
    status, out, _ = run_command("verify", "--json")
    body = json.loads(out)
    assert (status, body["ok"]) == (0, True)
    assert all({"name", "rows", "violations"} <= set(check) for check in body["checks"])
    assert run_command("verify", "--clinic", "alder")[0] == 0
    status, out, err = run_command("verify", "--clinic", "nowhere", "--json")
    assert (status, out, err.count("\n")) == (2, "", 1)


@pytest.mark.django_db(transaction=True)
def test_a_violation_ends_with_status_one(world, no_claims):
    with world.open():
        busy_day(world)
        # app_rw may move an invoice's state: the one lie that needs no owner.
        Invoice.objects.filter(state="open").update(state="closed")
    status, out, _ = run_command("verify", "--json")
    body = json.loads(out)
    assert (status, body["ok"]) == (1, False)
    assert any(check["violations"] and check["samples"] for check in body["checks"])
    assert run_command("verify")[0] == 1


def test_it_is_deaf_to_other_clinics(world):
    birch = make_world("birch", world.clinic.company)
    with birch.open():
        patient = make_patient()
        profile = make_profile(patient)
        check_out(make_visit(birch, patient, profile).public_id, [], at=NOW)
    with world.open():
        found = verification.run()
        assert LedgerTxn.objects.count() == 0
    assert found["I-1 every transaction has its entries and sums to 0"].rows == 0
    assert connection.in_atomic_block
