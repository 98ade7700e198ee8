"""Two clicks at one instant, and a process that dies between any two statements of a check-out."""

from __future__ import annotations

import os
import signal
import socket
import threading
from contextlib import suppress
from decimal import Decimal

import pytest
from django.db import InterfaceError, OperationalError, connection, connections
from django.test import Client
from django.urls import reverse
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


@pytest.mark.rule("B2.whole")
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


@pytest.mark.rule("B2.whole")
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


NOTHING, WHOLE = ("complete", 0, 0, 0), ("checked_out", 1, 1, 2)


def standing(world) -> tuple[str, int, int, int]:
    with world.open():
        return (
            Appointment.objects.get().state,
            Invoice.objects.count(),
            Receipt.objects.count(),
            LedgerTxn.objects.count(),
        )


def desk_of(world, role: str = "front_desk") -> Client:
    client = Client()
    client.force_login(world.users[role])
    return client


def post_page(world, client: Client, visit, key: str):
    form = {"method": world.cash.public_id, "amount": "25.00", "memo": "copay", "idempotency_key": key}
    return client.post(reverse("billing:check-out", args=[visit.public_id]), form)


def request_dies_at(world, client: Client, visit, boundary: int) -> bool:
    """A child sends the form and kills itself before statement ``boundary``; whether it died before it was done."""
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
            with connection.execute_wrapper(kill):
                post_page(world, client, visit, "the form")
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


@pytest.mark.rule("B2.whole")
def test_a_killed_request_is_nothing_or_whole_and_its_form_can_be_sent_again(world, visit):
    client, boundary, found = desk_of(world), 0, set()
    client.get(reverse("billing:check-out", args=[visit.public_id]))  # what a child would load anew each time
    while True:
        boundary += 17  # each single one of the request's is below, without a process
        died = request_dies_at(world, client, visit, boundary)
        now = standing(world)
        assert now in (NOTHING, WHOLE), boundary
        found.add(now)
        if now == WHOLE:  # the answer is lost; the browser's form is sent again with its key
            break
        assert died, "an answer without a check-out"
    assert boundary > 20
    answers = [post_page(world, client, visit, "the form") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [302, 302]
    assert answers[0]["Location"] == answers[1]["Location"]
    assert "receipt=" in answers[0]["Location"]
    assert (standing(world), found) == (WHOLE, {NOTHING, WHOLE})
    with world.open():
        assert not [row for row in verification.run().values() if row.violations]


def request_is_cut_at(world, client: Client, visit, boundary: int) -> bool:
    """Send the form, and let no statement or COMMIT from ``boundary`` on reach the server: its line is torn.

    To the database that is the process dying there, at a fraction of the price of a process. Whether it was torn.
    """
    sent = 0

    def count() -> None:
        nonlocal sent
        sent += 1
        if sent == boundary:  # no farewell: the server finds a torn line, as after SIGKILL
            with socket.socket(fileno=os.dup(connection.connection.fileno())) as line:
                line.shutdown(socket.SHUT_RDWR)
        if sent >= boundary:
            raise OperationalError("torn")

    def execute_or_tear(execute, sql, params, many, context):
        count()
        return execute(sql, params, many, context)

    def commit_or_tear(commit=connection._commit):
        count()
        return commit()

    connection._commit = commit_or_tear  # COMMIT goes through no cursor
    try:
        with connection.execute_wrapper(execute_or_tear), suppress(OperationalError, InterfaceError):
            post_page(world, client, visit, "the form")
    finally:
        del connection._commit
        connections.close_all()
    return sent >= boundary


@pytest.mark.rule("B2.whole")
def test_a_request_cut_at_each_single_statement_and_commit_is_nothing_or_whole(world, visit):
    client, boundary, found = desk_of(world), 0, []
    while not found or found[-1] == NOTHING:
        boundary += 1
        torn = request_is_cut_at(world, client, visit, boundary)
        found.append(standing(world))
        assert found[-1] in (NOTHING, WHOLE), boundary
        assert torn, "it was done before it was cut"
    assert boundary > 50, "each statement of the request had its turn, the COMMIT too"
    answer = post_page(world, client, visit, "the form")
    assert (answer.status_code, standing(world)) == (302, WHOLE)
    with world.open():
        assert not [row for row in verification.run().values() if row.violations]


@pytest.mark.rule("B2.whole")
@pytest.mark.parametrize("keys", [("same", "same"), ("one", "two")])
def test_two_desks_send_the_page_at_once(world, visit, keys):
    clients = [desk_of(world), desk_of(world, "front_desk" if keys[0] == keys[1] else "biller")]
    acts = [
        lambda client=client, key=key: post_page(world, client, visit, key)
        for client, key in zip(clients, keys, strict=True)
    ]
    codes = sorted(answer.status_code for answer in together(*acts))
    assert codes == ([302, 302] if keys[0] == keys[1] else [302, 409])
    assert standing(world) == WHOLE
