"""Charge completed visits nobody checked out, in the background, by a range of days (rules.md B17.0).

The same engine and the same check-out as the screen; where the screen would let a person go on, this
makes nothing and keeps the reasons (B17.1). A second run does what the first left: check-out is once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from appointments.enums import AppointmentState
from appointments.hooks import Missed
from appointments.models import Appointment
from billing import checkout, missed, transitions
from billing.enums import InvoiceState, TransitionOutcome
from billing.models import Invoice, VisitTransition
from billing.settings import NIGHTLY
from billing.transitions import Reason
from billing.visit_pricing import MISSED_STATES, price_visit
from clinics.errors import Refusal
from clinics.models import Location
from clinics.scoping import open_clinic
from clinics.settings import value_of
from lib.dates import local_day, local_hour
from work import jobs, outbox
from work.models import Job, PeriodRun

KIND = "billing.transition_batch"
NIGHTLY_HOUR = 2
NIGHTLY_DAYS = 30


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of one visit: the invoice's number, or the reasons."""

    outcome: TransitionOutcome
    reasons: list[Reason]
    invoice: str = ""


def try_visit(public_id: str, *, at: datetime) -> Tried:
    """Charge one visit if nothing stands in the way; else keep why not. One transaction of the caller."""
    visit = transitions.load(public_id)
    live = Invoice.objects.filter(appointment=visit).exclude(state=InvoiceState.VOID).first()
    if live is not None:
        return _kept(visit, TransitionOutcome.MADE, [], at, live.number)
    if visit.state in MISSED_STATES:
        missed.charge_missed(Missed(visit, at, []))
        made = missed.live_missed(visit)
        row = VisitTransition.objects.filter(appointment=visit).first()
        if made:
            return Tried(TransitionOutcome.MADE, [], made[0].number)
        return (
            Tried(TransitionOutcome(row.outcome), row.reasons)
            if row
            else Tried(TransitionOutcome.NO_CHARGE, [])
        )
    if visit.status is not None and visit.status.state == visit.state and not visit.status.transition:
        return _kept(visit, TransitionOutcome.NO_CHARGE, [], at)
    reasons = reasons_against(visit, at)
    if reasons:
        return _kept(visit, TransitionOutcome.NOT_TRANSITIONED, reasons, at)
    try:
        with transaction.atomic():
            made_invoice = checkout.check_out(public_id, [], at=at).invoice
    except Refusal as refusal:
        return _kept(visit, TransitionOutcome.NOT_TRANSITIONED, [
            transitions.reason(refusal.code, refusal.message.rstrip("."), "visit")
        ], at)  # fmt: skip
    return _kept(visit, TransitionOutcome.MADE, [], at, made_invoice.number)


def reasons_against(visit: Appointment, at: datetime) -> list[Reason]:
    """Everything that keeps a visit from being charged without a person."""
    if visit.state != AppointmentState.COMPLETE:
        return [transitions.reason("not_complete", f"it is {visit.get_state_display().lower()}", "visit")]
    if visit.service_date > local_day(at, visit.location.time_zone):
        return [transitions.reason("future_visit", "it is in the future", "visit")]
    priced = price_visit(visit)
    found = transitions.pricing_reasons(visit, priced)
    return found + transitions.time_reasons(visit, priced) + transitions.missing_reasons(visit, priced)


def waiting(location: Location, since: date, until: date) -> list[str]:
    """Visits of the days that are complete without a live invoice, or missed and charged by their status."""
    live = Invoice.objects.filter(appointment=OuterRef("pk"), clinic=OuterRef("clinic")).exclude(
        state=InvoiceState.VOID
    )
    rows = Appointment.objects.filter(location=location, service_date__range=(since, until))
    charged = rows.filter(state=AppointmentState.COMPLETE).exclude(status__transition=False)
    rows = charged | rows.filter(state__in=MISSED_STATES, status__transition=True)
    rows = rows.exclude(Exists(live)).order_by("service_date", "starts_at", "pk")
    return list(rows.values_list("public_id", flat=True))


def start(location: Location, since: date, until: date) -> Job:
    """Promise the batch for a range of days; the job's page shows how far it is."""
    wanted = waiting(location, since, until)
    job = jobs.start(
        KIND,
        f"Charge completed visits, {since:%m/%d/%Y} to {until:%m/%d/%Y}",
        total=len(wanted),
        params={"visits": wanted, "location": location.public_id},
    )
    outbox.promise(KIND, job.clinic_id, job.pk)
    return job


def start_nightly(location: Location, now: datetime) -> Job | None:
    """The batch of one location's night, once however many schedulers tick; None when there is nothing to do.

    For the days before today, NIGHTLY_DAYS back, from NIGHTLY_HOUR on by the location's clock, where its
    setting is on. The row of the period, the job and its promise are one transaction of the caller.
    """
    if local_hour(now, location.time_zone) < NIGHTLY_HOUR or not value_of(NIGHTLY, location):
        return None
    today = local_day(now, location.time_zone)
    _, is_first = PeriodRun.objects.get_or_create(
        job=KIND, period=f"{location.clinic_id}/{location.public_id}/{today:%Y%m%d}"
    )
    since, until = today - timedelta(days=NIGHTLY_DAYS), today - timedelta(days=1)
    if not is_first or not waiting(location, since, until):
        return None
    return start(location, since, until)


@outbox.handles(KIND)
def run(clinic_id: int, job_id: int) -> None:
    """Outbox: visit by visit, each in its own transaction; run again it goes on where it stopped."""
    with open_clinic(clinic_id, actor="worker"):
        job = Job.objects.get(pk=job_id)
        wanted = list(job.params["visits"])
    made, items = 0, []
    for number, public_id in enumerate(wanted, start=1):
        with open_clinic(clinic_id, actor=job.created_by):
            tried = try_visit(public_id, at=timezone.now())
            items.append(_item(public_id, tried))
            made += tried.outcome == TransitionOutcome.MADE
            jobs.progress(job, done=number, errors=number - made)
    with open_clinic(clinic_id, actor="worker"):
        jobs.finish(
            job,
            result={"charged": made, "not_transitioned": len(wanted) - made, "items": items},
            done=len(wanted),
            errors=len(wanted) - made,
            url="/not-transitioned/",
        )


def _item(public_id: str, tried: Tried) -> dict[str, Any]:
    visit = Appointment.objects.select_related("patient").get(public_id=public_id)
    return {
        "what": f"{visit.service_date:%m/%d/%Y} {visit.patient}",
        "url": f"/visits/{public_id}/",
        "result": tried.invoice or tried.outcome.label,
        "why": "; ".join(reason["words"] for reason in tried.reasons),
    }


def _kept(
    visit: Appointment, outcome: TransitionOutcome, reasons: list[Reason], at: datetime, invoice: str = ""
) -> Tried:
    visit.refresh_from_db(fields=["version"])
    transitions.keep(visit, outcome, reasons, at=at)
    return Tried(outcome, reasons, invoice)
