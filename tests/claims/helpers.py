"""Checked-out visits with their claims, and the worker's handlers run by hand."""

from __future__ import annotations

import os
import signal
import traceback
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.db import connection

from appointments.models import Appointment, Service
from billing.checkout import check_out
from billing.models import Invoice
from billing.payments import Payment
from claims import queue
from claims.models import Claim
from insurance.models import Payer
from patients.models import Patient
from tests.cast import NOW, TODAY, World, make_patient, make_policy, make_profile, make_visit
from work import outbox


def bill(
    world: World,
    patient: Patient | None = None,
    *services: Service,
    payers: list[Payer] | None = None,
    pay: str = "",
    member: str = "W123456789",
    visit: dict[str, Any] | None = None,
    **policy: Any,
) -> Invoice:
    """An invoice of a checked-out visit with these payers in order; ``pay`` is handed over in cash."""
    patient = patient or make_patient()
    cards = [make_policy(patient, payer, member, **policy) for payer in payers or [world.aetna]]
    profile = make_profile(patient, *cards)
    made = make_visit(world, patient, profile, *services, **(visit or {}))
    payments = [cash(world, pay)] if pay else []
    return check_out(made.public_id, payments, at=NOW).invoice


def cash(world: World, amount: str) -> Payment:
    """Money over the counter."""
    return Payment(method=world.cash, amount=Decimal(amount))


def ready_claim(world: World, **fields: Any) -> Claim:
    """A claim that can go."""
    return queue.one_click(bill(world, **fields), TODAY)


def ready_claims(world: World, count: int, **fields: Any) -> list[Claim]:
    """Several, each of its own patient."""
    return [
        ready_claim(
            world, patient=make_patient("Person", f"Number{chr(65 + n // 26)}{chr(65 + n % 26)}"), **fields
        )
        for n in range(count)
    ]


def visit_of(invoice: Invoice) -> Appointment:
    """The visit behind an invoice."""
    visit = invoice.appointment
    assert visit is not None
    return visit


def work_off(limit: int = 50) -> int:
    """Run every promise that is due, as the worker would; returns how many rows were run."""
    count = 0
    for _ in range(limit):
        due = outbox.due_ids()
        if not due:
            return count
        for key in due:
            outbox.run(key)
            count += 1
    raise AssertionError("the outbox never empties")


def run_and_die(act: Callable[[], object], at_statement: int) -> bool:
    """Run ``act`` in a child that kills itself before its n-th SQL statement; True when it got through."""
    child = os.fork()
    if child == 0:
        connection.connection = None  # the parent's socket is not ours to touch
        connection.in_atomic_block = False
        seen = 0

        def count(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
            nonlocal seen
            seen += 1
            if seen == at_statement:
                os.kill(os.getpid(), signal.SIGKILL)
            return execute(sql, params, many, context)

        try:
            with connection.execute_wrapper(count):
                act()
        except BaseException:  # noqa: BLE001 - the parent reads the exit code
            traceback.print_exc()
            os._exit(3)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.waitstatus_to_exitcode(status) == 0, "the child failed"
    return not os.WIFSIGNALED(status)
