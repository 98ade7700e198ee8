"""Check a visit out: price, invoice, collect, all in one transaction, once (rules.md B2, B3, B17).

The front desk's page shows ``preview``; ``check_out`` works it all out again under the visit's lock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from appointments.authorizations import Done, consume
from appointments.enums import AppointmentState
from appointments.models import Appointment
from billing import collecting, hooks, invoicing, payments, voiding
from billing.enums import InvoiceState, TransitionOutcome
from billing.errors import CannotCheckOut
from billing.estimating import AskedToday, asked_today
from billing.models import Charge, Invoice, Receipt, VisitTransition
from billing.payments import Payment
from billing.visit_pricing import PricedVisit, price_visit
from clinics import audit
from clinics.errors import NotYours
from clinics.settings import value_of
from lib.dates import local_day
from lib.money import ZERO, show_money

READY_STATES = (AppointmentState.ARRIVED, AppointmentState.IN_TREATMENT, AppointmentState.COMPLETE)
PROBLEM_WORDS = {
    "no_price": "has no price on this date: set a default price or a fee",
    "zero_units": "comes to zero units for this many minutes: correct the minutes or the units",
    "no_minutes": "is charged by time and the visit has no minutes",
    "no_transition": "is not charged in this status: give the visit another one on its page",
    "charge_too_large": "comes to more than can be billed on one line",
    "no_show_charge_forbidden": "may not be charged: the policy for missed visits says no",
}


@dataclass(frozen=True, slots=True)
class CheckoutPreview:
    """What the check-out screen shows. Amounts in dollars; ``collect_today`` is its one number."""

    visit: PricedVisit
    copay_due: Decimal
    old_balance: Decimal
    credit: Decimal
    credit_used: Decimal
    estimate: AskedToday
    collect_today: Decimal
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CheckoutResult:
    """The visit's invoice and what was taken; ``already`` when it had been checked out before."""

    invoice: Invoice
    receipts: tuple[Receipt, ...]
    credit_used: Decimal
    already: bool = False


def preview(appointment: Appointment) -> CheckoutPreview:
    """Price the visit and work out what to collect: copay + estimate + old balance - credit, each shown.

    ``estimate.above_copay`` is what the estimate adds to the copay (rule B14.collect).
    """
    found = collecting.collect([appointment])[appointment.pk]
    # Services that only stand in for those of today are no part of the visit.
    visit = found.priced if found.is_entered else PricedVisit((), found.priced.layers)
    return CheckoutPreview(
        visit=visit,
        copay_due=found.copay,
        old_balance=found.old_balance,
        credit=found.credit,
        credit_used=found.credit_used,
        estimate=found.estimate,
        collect_today=found.today,
        problems=problem_words(visit),
    )


def needs_zero_reason(appointment: Appointment, visit: PricedVisit) -> bool:
    """Whether the location asks why this visit comes to 0.00 (B2)."""
    blocks = bool(value_of("block_checkout_without_charge", appointment.location))
    return blocks and bool(visit.lines) and visit.total == ZERO and not visit.problems


def problem_words(visit: PricedVisit) -> tuple[str, ...]:
    """Why lines cannot be charged, in words that say how to mend them."""
    words = [
        f"{priced.line.service.code} {PROBLEM_WORDS.get(problem, problem)}"
        for priced, problem in visit.problems
    ]
    return tuple(words)


def check_out(
    appointment_id: str, handed_over: Sequence[Payment], *, at: datetime, zero_reason: str = ""
) -> CheckoutResult:
    """Check out one visit by its public id; a visit that is checked out gives its invoice again (B2).

    ``zero_reason`` says why a visit comes to 0.00 where the location asks for it; it stands on the invoice.

    One transaction of the caller: visit state, charges, frozen invoice, journal, receipts. Raises
    CannotCheckOut with a code when the visit or a price stands in the way; nothing is half done.
    """
    appointment = _lock_visit(appointment_id)
    live = live_invoice(appointment)
    if live is not None:
        return CheckoutResult(live, (), ZERO, already=True)
    if appointment.state not in READY_STATES:
        raise CannotCheckOut(
            f"This visit is {appointment.get_state_display().lower()}: mark it arrived first.",
            code="wrong_state",
        )
    today = local_day(at, appointment.location.time_zone)
    visit = _priced(appointment, today, zero_reason)
    notes = (
        {"zero_charge_reason": zero_reason.strip()[:200]}
        if visit.total == ZERO and zero_reason.strip()
        else {}
    )
    if appointment.self_pay_request:
        notes["self_pay_request"] = "The patient pays in full and asked that no insurer is billed."
    corrects = voiding.corrected_by_check_out(appointment)
    invoice = invoicing.issue(appointment, visit, at=at, today=today, notes=notes, corrects=corrects)
    charges = list(invoice.charges.all())
    used = ZERO
    if value_of("auto_apply_credit_to_copay", appointment.location) and visit.patient > ZERO:
        used = payments.apply_credit(
            appointment.patient, charges, visit.patient, today=today, key=f"credit:{invoice.public_id}"
        )
    if appointment.self_pay_request:
        _refuse_unpaid(visit.patient - used - sum((payment.amount for payment in handed_over), ZERO))
    receipts = tuple(
        payments.take(appointment.patient, payment, charges, location=appointment.location, today=today)
        for payment in handed_over
    )
    _hold_estimate(appointment, visit, charges, receipts, today)
    invoicing.settle([invoice.pk])
    invoice.refresh_from_db(fields=["state"])
    Appointment.objects.filter(pk=appointment.pk).update(
        state=AppointmentState.CHECKED_OUT, checked_out_at=at, version=appointment.version + 1
    )
    VisitTransition.objects.filter(appointment=appointment).update(outcome=TransitionOutcome.MADE, reasons=[])
    count_authorizations(appointment, invoice)
    hooks.CHECKED_OUT.tell(invoice)
    audit.record(
        "visit.check_out",
        "appointment",
        appointment.public_id,
        invoice=invoice.number,
        total=str(invoice.total),
    )
    return CheckoutResult(invoice, receipts, used)


def _hold_estimate(
    appointment: Appointment,
    visit: PricedVisit,
    charges: list[Charge],
    receipts: tuple[Receipt, ...],
    today: date,
) -> None:
    """What was paid ahead for the estimate waits for this visit's answer (rule B14.collect).

    Earlier credit is held too, where the location uses credit; else only what these receipts left over.
    """
    wanted = asked_today(appointment, visit).above_copay
    if wanted <= ZERO:
        return
    uses_credit = bool(value_of("auto_apply_credit_to_copay", appointment.location))
    only = None if uses_credit else {receipt.pk for receipt in receipts}
    payments.hold(appointment.patient, charges, wanted, today=today, only=only)


def count_authorizations(appointment: Appointment, invoice: Invoice) -> None:
    """What was charged counts against the authorizations of the cards that pay for the visit (B14)."""
    rows = invoice.charges.values_list("procedure_code", "units", "amount")
    consume(appointment, [Done(*row) for row in rows])


def live_invoice(appointment: Appointment) -> Invoice | None:
    """The visit's one live invoice, if it was checked out."""
    return Invoice.objects.filter(appointment=appointment).exclude(state=InvoiceState.VOID).first()


def _lock_visit(public_id: str) -> Appointment:
    """The visit, locked: the second of two clicks waits here and then finds the invoice."""
    row = (
        Appointment.objects.select_for_update(of=("self",), no_key=True)
        .select_related("patient", "location__billing_provider", "clinician", "profile", "clinic", "status")
        .filter(public_id=public_id)
        .first()
    )
    if row is None:
        raise NotYours("This visit is not here.")
    return row


def _refuse_unpaid(left: Decimal) -> None:
    """Whoever asks that no insurer is billed pays in full now (45 CFR 164.522(a)(1)(vi))."""
    if left > ZERO:
        raise CannotCheckOut(
            f"The patient asked that no insurer is billed, so the visit is paid in full now: {show_money(left)} "
            "is missing. Or bill the insurer after all.",
            code="pay_in_full",
        )


def _priced(appointment: Appointment, today: date, zero_reason: str) -> PricedVisit:
    visit = price_visit(appointment)
    if not visit.lines:
        raise CannotCheckOut("Add at least one service before checking out.", code="no_lines")
    problems = problem_words(visit)
    if problems:
        raise CannotCheckOut(
            "Cannot be charged: " + "; ".join(problems) + ".", code="not_billable", problems=problems
        )
    if appointment.service_date > today:
        raise CannotCheckOut("This visit is in the future.", code="future_visit")
    if needs_zero_reason(appointment, visit) and not zero_reason.strip():
        raise CannotCheckOut("This visit comes to 0.00: say why.", code="zero_charge")
    return visit
