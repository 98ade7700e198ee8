"""Lists of visits that are not money yet: without a charge, not transitioned, without confirmed codes.

Each in a constant number of queries, at most a page; what a row lacks comes with the place to mend it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from appointments.enums import AppointmentState
from appointments.models import Appointment
from billing.enums import InvoiceState, TransitionOutcome
from billing.models import Invoice, VisitTransition
from billing.transitions import Reason, reason
from clinics.models import Clinician, Location

PAGE = 100
SORTS = {
    "day": ("service_date", "starts_at", "pk"),
    "-day": ("-service_date", "-starts_at", "-pk"),
    "patient": ("patient__last_name", "patient__first_name", "service_date", "pk"),
    "-patient": ("-patient__last_name", "-patient__first_name", "-service_date", "-pk"),
}
# Visits that took place, or whose day is over and nobody said what became of them.
UNCHARGED = (
    AppointmentState.SCHEDULED, AppointmentState.ARRIVED, AppointmentState.IN_TREATMENT, AppointmentState.COMPLETE,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """What a list is narrowed to."""

    location: Location | None = None
    clinician: Clinician | None = None
    state: str = ""
    since: date | None = None
    until: date | None = None
    chart: str = ""  # a chart number: names do not stand in addresses
    sort: str = "day"


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """A visit of one of the lists with its reasons; ``age`` in days."""

    visit: Appointment
    reasons: tuple[Reason, ...]
    age: int
    is_stale: bool = False  # the visit changed since it was tried

    @property
    def first(self) -> Reason:
        """The reason to mend first."""
        return self.reasons[0]


def missing_charges(asked: Asked, *, today: date, limit: int = PAGE) -> list[WaitingRow]:
    """Visits without a charge (Juvonno's "arrived or completed, not invoiced"), the oldest first."""
    over = Q(service_date__lt=today, state=AppointmentState.SCHEDULED)
    here = Q(
        service_date__lte=today,
        state__in=[state for state in UNCHARGED if state != AppointmentState.SCHEDULED],
    )
    rows = _narrowed(_without_invoice(Appointment.objects.filter(over | here)), asked)
    found = list(rows[:limit])
    tried = _tried(found)
    return [_uncharged(visit, tried.get(visit.pk), today) for visit in found]


def not_transitioned(asked: Asked, *, today: date, limit: int = PAGE) -> list[WaitingRow]:
    """Visits that were tried and made no charge, with all reasons, while that is so (B17.1)."""
    tries = VisitTransition.objects.filter(
        appointment=OuterRef("pk"), clinic=OuterRef("clinic"), outcome=TransitionOutcome.NOT_TRANSITIONED
    )
    rows = _narrowed(_without_invoice(Appointment.objects.filter(Exists(tries))), asked)
    found = list(rows.exclude(state=AppointmentState.SCHEDULED)[:limit])
    tried = _tried(found)
    return [
        WaitingRow(
            visit, tuple(tried[visit.pk].reasons), (today - visit.service_date).days,
            tried[visit.pk].visit_version != visit.version,
        )
        for visit in found
        if visit.pk in tried and tried[visit.pk].reasons
    ]  # fmt: skip


def uncoded(asked: Asked, *, limit: int = PAGE) -> list[Appointment]:
    """Completed visits without confirmed codes (B15): no service, no diagnosis, or copied lines without a tick."""
    counted = Appointment.objects.filter(state=AppointmentState.COMPLETE).annotate(
        line_count=Count("lines"), unconfirmed=Count("lines", filter=Q(lines__is_confirmed=False))
    )
    rows = _narrowed(counted.filter(Q(line_count=0) | Q(unconfirmed__gt=0) | Q(diagnoses=[])), asked)
    return list(rows.prefetch_related("lines__service")[:limit])


def _uncharged(visit: Appointment, tried: VisitTransition | None, today: date) -> WaitingRow:
    if tried is not None and tried.reasons and tried.visit_version == visit.version:
        found = tuple(tried.reasons)
    elif visit.state == AppointmentState.COMPLETE:
        found = (reason("not_checked_out", "complete, nobody checked it out", "check-out"),)
    elif visit.state == AppointmentState.SCHEDULED:
        found = (reason("still_scheduled", "the day is over: did the patient come?", "visit"),)
    else:
        found = (reason("not_complete", "here, but never completed", "visit"),)
    return WaitingRow(visit, found, (today - visit.service_date).days)


def _without_invoice(rows: QuerySet[Appointment]) -> QuerySet[Appointment]:
    live = Invoice.objects.filter(appointment=OuterRef("pk"), clinic=OuterRef("clinic")).exclude(
        state=InvoiceState.VOID
    )
    return rows.exclude(Exists(live)).exclude(state=AppointmentState.COMPLETE, status__transition=False)


def _narrowed(rows: QuerySet[Appointment], asked: Asked) -> QuerySet[Appointment]:
    wanted: dict[str, Any] = {
        "location": asked.location, "clinician": asked.clinician, "state": asked.state,
        "service_date__gte": asked.since, "service_date__lte": asked.until,
    }  # fmt: skip
    rows = rows.filter(**{name: value for name, value in wanted.items() if value})
    if asked.chart:
        rows = rows.filter(patient__chart_number__istartswith=asked.chart)
    rows = rows.select_related("patient", "location", "clinician", "appointment_type", "profile", "status")
    return rows.order_by(*SORTS.get(asked.sort, SORTS["day"]))


def _tried(visits: Iterable[Appointment]) -> dict[int, VisitTransition]:
    rows = VisitTransition.objects.filter(appointment__in=[visit.pk for visit in visits])
    return {row.appointment_id: row for row in rows.filter(outcome=TransitionOutcome.NOT_TRANSITIONED)}
