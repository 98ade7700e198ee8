"""Two clicks at one instant, and a process that dies between any two statements of a check-out."""

from __future__ import annotations

import os
import signal
import threading
from decimal import Decimal

import pytest
from django.db import connection, connections
from django.utils import timezone

from appointments.models import Appointment
from billing import balances, checkout, payments, verification
from billing.models import Invoice, LedgerTxn, Receipt
from billing.payments import Payment
from clinics.errors import Refusal
from clinics.scoping import open_clinic
from tests.cast import make_patient, make_policy, make_profile, make_visit, make_world
from work.idempotency import once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world():
    return make_world()


@pytest.fixture
def visit(world):
    with world.open():
        patient = make_patient()
        return make_visit(world, patient, make_profile(patient, make_policy(patient, world.aetna)))


def together(*acts):
    """Run the acts in threads that start at one instant; returns answers and refusals."""
    gate = threading.Barrier(len(acts))
    found = [None] * len(acts)

    def run(place, act):
        gate.wait()
        try:
            found[place] = act()
        except Refusal as refusal:
            found[place] = refusal
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(place, act)) for place, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return found


def check_out_with(world, visit, key):
    def act():
        with open_clinic(world.clinic.pk, actor="desk@alder.example"):
            paid = [Payment(world.cash, Decimal("25.00"), "copay")]

            def do():
                result = checkout.check_out(visit.public_id, paid, at=timezone.now())
                if result.already:
                    raise Refusal("already", code="already_done")
                return {"invoice": result.invoice.public_id}

            return once(key, {"visit": visit.public_id}, do)[0]

    return act


@pytest.mark.rule("B2")
@pytest.mark.parametrize("keys", [("same", "same"), ("one", "two")])
def test_a_double_click_is_one_check_out(world, visit, keys):
    found = together(*(check_out_with(world, visit, key) for key in keys))
    answers = [answer for answer in found if isinstance(answer, dict)]
    assert answers
    if keys[0] == keys[1]:
        assert answers == [answers[0]] * 2, found
    with world.open():
        assert (Invoice.objects.count(), Receipt.objects.count(), LedgerTxn.objects.count()) == (1, 1, 2)
        assert not [row for row in verification.run().values() if row.violations]


@pytest.mark.rule("I-5")
def test_two_desks_cannot_spend_one_credit_twice(world, visit):
    with world.open():
        checkout.check_out(visit.public_id, [Payment(world.cash, Decimal("40.00"))], at=timezone.now())
        patient = visit.patient

    def refund(key):
        def act():
            with open_clinic(world.clinic.pk, actor="admin"):
                return payments.refund(
                    patient, Decimal("15.00"), reason="x", today=visit.service_date, key=key
                )

        return act

    found = together(refund("a"), refund("b"))
    assert sorted(type(answer).__name__ for answer in found) == ["BadPayment", "Decimal"]
    with world.open():
        assert balances.patient_credit(patient.pk).free == Decimal("0.00")


def statements_of_a_check_out(world, visit) -> int:
    """How many statements one check-out sends, counted on a transaction that is thrown away."""
    seen = []

    def count(execute, sql, params, many, context):
        seen.append(sql)
        return execute(sql, params, many, context)

    with (
        pytest.raises(ZeroDivisionError),
        open_clinic(world.clinic.pk, actor="desk"),
        connection.execute_wrapper(count),
    ):
        checkout.check_out(visit.public_id, [Payment(world.cash, Decimal("25.00"))], at=timezone.now())
        raise ZeroDivisionError
    return len(seen)


def die_at(world, visit, boundary: int) -> None:
    """A child process checks the visit out and kills itself with SIGKILL before statement ``boundary``."""
    connections.close_all()
    child = os.fork()
    if child == 0:
        sent = 0

        def kill(execute, sql, params, many, context):
            nonlocal sent
            sent += 1
            if sent == boundary:
                os.kill(os.getpid(), signal.SIGKILL)
            return execute(sql, params, many, context)

        try:
            with open_clinic(world.clinic.pk, actor="desk"), connection.execute_wrapper(kill):
                checkout.check_out(
                    visit.public_id, [Payment(world.cash, Decimal("25.00"))], at=timezone.now()
                )
                os.kill(os.getpid(), signal.SIGKILL)
        finally:
            os._exit(7)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "the child was to die by its own hand"


def test_a_process_killed_at_any_statement_leaves_nothing_half_done(world, visit):
    boundaries = statements_of_a_check_out(world, visit)
    assert boundaries > 10
    for boundary in range(1, boundaries + 2):
        die_at(world, visit, boundary)
        with world.open():
            assert Appointment.objects.get().state == "complete", boundary
            assert (Invoice.objects.count(), Receipt.objects.count(), LedgerTxn.objects.count()) == (0, 0, 0)
    with world.open():
        result = checkout.check_out(
            visit.public_id, [Payment(world.cash, Decimal("25.00"))], at=timezone.now()
        )
        assert not result.already
        assert not [row for row in verification.run().values() if row.violations]
