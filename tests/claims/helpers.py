"""Checked-out visits with their claims, and the worker's handlers run by hand."""

from __future__ import annotations

from typing import Any

from appointments.models import Appointment, Service
from billing.checkout import check_out
from billing.models import Invoice
from billing.payments import Payment
from claims import queue
from claims.models import Claim
from insurance.models import Payer
from patients.models import Patient
from tests.cast import NOW, TODAY, World, make_patient, make_policy, make_profile, make_visit


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
    from decimal import Decimal

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
