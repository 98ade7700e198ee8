"""Charge missed visits: a no-show or late cancel whose status says so (rules.md B2, B17.3 row 2).

Follows appointments.hooks.CANCELLED and RESTORED in the transaction of the act: the invoice is the
patient's alone and never becomes a claim (its kind is ``missed``); the status taken back voids it.
"""

from __future__ import annotations

from typing import Any

from appointments.hooks import Missed
from appointments.models import Appointment
from billing import invoicing, transitions
from billing.enums import InvoiceKind, InvoiceState, TransitionOutcome
from billing.models import Invoice
from billing.visit_pricing import PricedVisit, price_missed
from billing.voiding import void_invoice
from clinics import audit
from lib.dates import local_day
from lib.money import show_money


def charge_missed(told: Missed) -> None:
    """Make the patient-only invoice of a cancelled visit, if its status is charged; once.

    What cannot be charged (no price, a payer that forbids it) is kept for the not-transitioned list.
    """
    status = told.appointment.status
    if status is None or not status.transition:
        return
    visit = transitions.load(told.appointment.public_id)
    if (
        Invoice.objects.filter(appointment=visit, kind=InvoiceKind.MISSED)
        .exclude(state=InvoiceState.VOID)
        .exists()
    ):
        return
    priced = price_missed(visit)
    reasons = transitions.pricing_reasons(visit, priced)
    if reasons:
        transitions.keep(visit, TransitionOutcome.NOT_TRANSITIONED, reasons, at=told.at)
        told.said.append(
            f"Nothing is charged yet: {reasons[0]['words']}. It stands on the not-transitioned list."
        )
        return
    invoice = invoicing.issue(
        visit, priced, at=told.at, today=local_day(told.at, visit.location.time_zone), kind=InvoiceKind.MISSED
    )
    invoicing.settle([invoice.pk])
    transitions.keep(visit, TransitionOutcome.MADE, [], at=told.at)
    audit.record(
        "visit.missed_charge", "appointment", visit.public_id, invoice=invoice.number, total=str(invoice.total),
        status=status.name, policy=_row(priced),
    )  # fmt: skip
    full = "" if status.cancellation_fee is not None else ", the full price: this status has no fee"
    told.said.append(f"{show_money(invoice.total)} is charged to the patient{full} ({invoice.number}).")


def _row(priced: PricedVisit) -> dict[str, Any]:
    """The policy row that allowed the fee; its step stands in the charge's trace, too."""
    steps = [step for line in priced.lines for step in line.result.trace if step.rule == "B10.policy"]
    return {"row": steps[0].inputs["row"], "because": steps[0].because} if steps else {}


def take_back(told: Missed) -> None:
    """The status was taken back: its invoice is void, what the patient paid on it is credit (B2)."""
    for invoice in live_missed(told.appointment):
        void_invoice(invoice.public_id, reason="The missed visit was taken back.", at=told.at)
        told.said.append(f"{invoice.number} of {show_money(invoice.total)} is void.")


def live_missed(appointment: Appointment) -> list[Invoice]:
    """The invoice of a missed visit that stands, if any."""
    rows = Invoice.objects.filter(appointment=appointment, kind=InvoiceKind.MISSED)
    return list(rows.exclude(state=InvoiceState.VOID))
