"""The ledger's door and what the database refuses behind it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction

from billing import balances, ledger, payments
from billing.checkout import check_out
from billing.enums import TxnKind
from billing.errors import BadPayment, LedgerConflict, Unbalanced
from billing.ledger import Entry
from billing.models import Charge, LedgerEntry, LedgerTxn, Receipt
from billing.payments import Payment
from tests.cast import NOW, TODAY, make_patient, make_policy, make_profile, make_visit, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return make_world()


def checked_out(world, paid: str | None = None):
    patient = make_patient()
    profile = make_profile(patient, make_policy(patient, world.aetna))
    visit = make_visit(world, patient, profile)
    handed = [Payment(world.cash, Decimal(paid), "copay")] if paid else []
    return check_out(visit.public_id, handed, at=NOW).invoice


def only_line(invoice):
    charge = invoice.charges.get()
    return charge, balances.lines([charge.pk])[charge.pk]


@pytest.mark.rule("B3")
def test_forty_for_a_copay_of_twenty_five_leaves_fifteen_credit(world):
    with world.open():
        invoice = checked_out(world, "40.00")
        _, line = only_line(invoice)
        assert (line.insurers[1], line.patient, line.paid_by_patient) == (
            Decimal("125.00"),
            Decimal("0.00"),
            Decimal("25.00"),
        )
        assert balances.patient_credit(invoice.patient_id) == balances.Credit(
            Decimal("15.00"), Decimal("0.00")
        )
        assert Receipt.objects.get().unapplied == Decimal("15.00")
        assert line.is_whole


def test_the_same_key_is_a_no_op_and_other_content_is_refused(world):
    with world.open():
        invoice = checked_out(world)
        charge, _ = only_line(invoice)
        entries = [
            Entry("writeoff:courtesy", Decimal("5.00"), charge.pk, charge.patient_id),
            Entry("ar:patient", Decimal("-5.00"), charge.pk, charge.patient_id),
        ]
        first = ledger.post(key="w1", kind=TxnKind.WRITEOFF, entries=entries, on=TODAY)
        again = ledger.post(key="w1", kind=TxnKind.WRITEOFF, entries=entries, on=TODAY)
        assert first.pk == again.pk
        assert LedgerTxn.objects.filter(key="w1").count() == 1
        other = [Entry(e.account, e.amount * 2, e.charge_id, e.patient_id) for e in entries]
        with pytest.raises(LedgerConflict):
            ledger.post(key="w1", kind=TxnKind.WRITEOFF, entries=other, on=TODAY)


def test_a_reversal_mirrors_exactly_and_only_once(world):
    with world.open():
        invoice = checked_out(world)
        charge, before = only_line(invoice)
        entries = [
            Entry("writeoff:courtesy", Decimal("5.00"), charge.pk, charge.patient_id),
            Entry("ar:patient", Decimal("-5.00"), charge.pk, charge.patient_id),
        ]
        txn = ledger.post(key="w1", kind=TxnKind.WRITEOFF, entries=entries, on=TODAY)
        ledger.reverse(txn, key="w1:undo", on=TODAY, reason="mistake")
        assert only_line(invoice)[1] == before
        with pytest.raises(LedgerConflict):
            ledger.reverse(txn, key="w1:undo2", on=TODAY, reason="again")


def test_a_reversal_that_is_no_mirror_is_refused_by_the_database(world):
    with world.open():
        invoice = checked_out(world)
        charge, _ = only_line(invoice)
        txn = LedgerTxn.objects.get(kind="checkout")
        with pytest.raises(Unbalanced):
            ledger.post(
                key="bad",
                kind=TxnKind.REVERSAL,
                on=TODAY,
                reverses=txn,
                entries=[
                    Entry("charges", Decimal("150.00"), charge.pk, charge.patient_id),
                    Entry("ar:1", Decimal("-150.00"), charge.pk, charge.patient_id, world.aetna.pk),
                ],
            )


def raw_header(lines: int) -> int:
    txn = LedgerTxn(
        key="raw", digest="x", kind="writeoff", lines=lines, posted_on=TODAY, effective_on=TODAY, actor="t"
    )
    txn.save(force_insert=True)
    return txn.pk


def check_now() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.parametrize("amounts", [("5.00", "-4.00"), ("5.00",)])
def test_i1_the_database_refuses_what_does_not_sum_to_zero_or_lacks_entries(world, amounts):
    with world.open(), pytest.raises(DatabaseError), transaction.atomic():
        pk = raw_header(2)
        for number, amount in enumerate(amounts, start=1):
            LedgerEntry.objects.create(
                txn_id=pk, lines=2, line_no=number, account="interest", amount=Decimal(amount)
            )
        check_now()


def test_i1b_a_committed_transaction_takes_no_more_entries(world):
    with world.open():
        invoice = checked_out(world)
        txn = LedgerTxn.objects.get(kind="checkout")
        assert invoice
        for lines, line_no in ((txn.lines, txn.lines + 1), (txn.lines + 2, txn.lines + 1), (txn.lines, 1)):
            with pytest.raises(DatabaseError), transaction.atomic():
                LedgerEntry.objects.create(
                    txn=txn, lines=lines, line_no=line_no, account="interest", amount=Decimal("1.00")
                )
                check_now()


@pytest.mark.parametrize("model", [LedgerTxn, LedgerEntry, Charge, Receipt])
def test_i4_nobody_changes_or_deletes_ledger_rows(world, model):
    with world.open():
        checked_out(world, "25.00")
        with pytest.raises(DatabaseError), transaction.atomic():
            model.objects.all().update(clinic_id=world.clinic.pk)
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f'DELETE FROM "{model._meta.db_table}" WHERE clinic_id = %s', [world.clinic.pk])


def test_i5_credit_is_never_overdrawn(world):
    with world.open():
        invoice = checked_out(world, "40.00")
        receipt = Receipt.objects.get()
        with pytest.raises(Unbalanced) as refusal:
            ledger.post(
                key="too-much",
                kind=TxnKind.REFUND,
                on=TODAY,
                entries=[
                    Entry(
                        "patient_credit",
                        Decimal("15.01"),
                        patient_id=invoice.patient_id,
                        receipt_id=receipt.pk,
                    ),
                    Entry("cash", Decimal("-15.01"), patient_id=invoice.patient_id, receipt_id=receipt.pk),
                ],
            )
        assert refusal.value.code == "overspent"


@pytest.mark.rule("B3")
def test_the_insurance_method_is_refused_for_a_copay_by_code_and_by_database(world):
    with world.open():
        with pytest.raises(BadPayment) as refusal:
            payments.check_payment(Payment(world.insurance_method, Decimal("25.00")))
        assert refusal.value.code == "insurance_method"
        patient = make_patient()
        with pytest.raises(DatabaseError), transaction.atomic():
            Receipt.objects.create(
                method=world.insurance_method,
                kind="insurance",
                patient=patient,
                amount=Decimal("25.00"),
                received_on=TODAY,
                effective_on=TODAY,
                created_by="t",
            )


@pytest.mark.parametrize("amount", ["-5", "0", "12.345", "NaN", "1e3000", "", "abc"])
def test_bad_amounts_are_refused_in_words(world, amount):
    with world.open(), pytest.raises(BadPayment):
        payments.parse_payment(world.cash.public_id, amount)


def test_a_card_number_is_never_kept(world):
    with world.open(), pytest.raises(BadPayment) as refusal:
        payments.parse_payment(world.check.public_id, "25.00", reference="4111 1111 1111 1111")
    assert refusal.value.code == "card_number"


@pytest.mark.rule("B2")
def test_checking_out_twice_gives_the_same_invoice(world):
    with world.open():
        patient = make_patient()
        visit = make_visit(world, patient, make_profile(patient, make_policy(patient, world.aetna)))
        first = check_out(visit.public_id, [Payment(world.cash, Decimal("25.00"))], at=NOW)
        second = check_out(visit.public_id, [Payment(world.cash, Decimal("25.00"))], at=NOW)
        assert second.already
        assert first.invoice.pk == second.invoice.pk
        assert Receipt.objects.count() == 1


@pytest.mark.rule("B3")
def test_credit_pays_the_next_copay_before_anything_is_asked(world):
    with world.open():
        first = checked_out(world, "40.00")
        visit = make_visit(world, first.patient, first.profile)
        result = check_out(visit.public_id, [], at=NOW)
        assert result.credit_used == Decimal("15.00")
        _, line = only_line(result.invoice)
        assert line.patient == Decimal("10.00")
        assert balances.patient_credit(first.patient_id).free == Decimal("0.00")
