"""Reads of the schedule and of visits, in a constant number of queries. Also answers insurance's question."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from django.db.models import Count, Exists, OuterRef, Q, Sum

from appointments.enums import AppointmentState, ServiceKind
from appointments.hooks import CLOSED_BOOKS
from appointments.models import Appointment, VisitLine
from clinics.models import Clinician, Location
from insurance.enums import ProfileKind
from insurance.hooks import VisitDue, VisitUse
from insurance.models import Layer
from insurance.profiles import layers_on_days
from insurance.requirements import missing_of_profile
from lib.questions import Unanswered
from patients.models import Patient
from patients.requirements import Missing, missing_to_bill, missing_to_book

GONE = (
    AppointmentState.NO_SHOW,
    AppointmentState.LATE_CANCEL,
    AppointmentState.CANCELLED,
    AppointmentState.CLINICIAN_CANCELLED,
)
DAY_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True)
class DayRow:
    """One visit of the schedule: who pays, what is missing and whose job it is."""

    visit: Appointment
    layers: tuple[Layer, ...]
    missing: tuple[Missing, ...]
    line_count: int
    unconfirmed: int

    @property
    def clock(self) -> str:
        """The time of day at the location, such as 9:05."""
        local = self.visit.starts_at.astimezone(ZoneInfo(self.visit.location.time_zone))
        return f"{local.hour}:{local.minute:02d}"

    @property
    def first_payer(self) -> str:
        """Who pays first; "self-pay" without coverage."""
        return self.layers[0].policy.payer.name if self.layers else "self-pay"

    @property
    def is_over(self) -> bool:
        """Nothing is left to do for the front desk."""
        return self.visit.state == AppointmentState.CHECKED_OUT or self.visit.state in GONE


def day(location: Location, on: date) -> list[DayRow]:
    """The visits of a location on a day, in time order."""
    visits = Appointment.objects.filter(location=location, service_date=on).select_related(
        "patient", "clinician", "appointment_type", "profile", "location"
    )
    return day_rows(visits.order_by("starts_at", "id"))


def day_rows(visits: Iterable[Appointment]) -> list[DayRow]:
    """Rows for visits that were selected with patient, clinician, type, profile and location."""
    found = list(
        visits.annotate(  # type: ignore[attr-defined]
            line_count=Count("lines"), unconfirmed=Count("lines", filter=Q(lines__is_confirmed=False))
        )
    )
    layers = layers_on_days((visit.profile, visit.service_date) for visit in found)
    return [_row(visit, layers[visit.profile_id, visit.service_date]) for visit in found]


def uncharged_of_patient(patient: Patient, limit: int = 200) -> list[Appointment]:
    """A patient's visits that are not checked out, newest first; those that are stand with their money (billing)."""
    rows = Appointment.objects.filter(patient=patient).exclude(state=AppointmentState.CHECKED_OUT)
    rows = rows.select_related("clinician", "appointment_type", "profile", "location", "status")
    return list(rows.order_by("-service_date", "-starts_at", "-id")[:limit])


def visits_on(profile_ids: list[int]) -> dict[int, list[VisitUse]]:
    """Answer to insurance.hooks.VISITS_ON: the visits on each profile and whether each is closed.

    Closed means checked out and its books closed (billing says so); cancelled visits do not count.
    """
    rows = list(
        Appointment.objects.filter(profile_id__in=profile_ids)
        .exclude(state__in=GONE)
        .order_by("service_date", "id")
        .values_list("id", "public_id", "profile_id", "service_date", "state")
    )
    out = [key for key, _, _, _, state in rows if state == AppointmentState.CHECKED_OUT]
    try:
        closed = CLOSED_BOOKS.ask(out) if out else set()
    except Unanswered:
        closed = set()
    found: dict[int, list[VisitUse]] = {}
    for key, public_id, profile_id, service_date, _ in rows:
        found.setdefault(profile_id, []).append(VisitUse(public_id, service_date, key in closed))
    return found


def visits_due(day: date) -> list[VisitDue]:
    """Answer to insurance.hooks.VISITS_DUE: whose coverage has to be known on a day."""
    rows = (
        Appointment.objects.filter(service_date=day)
        .exclude(state__in=(*GONE, AppointmentState.CHECKED_OUT))
        .order_by("starts_at", "id")
        .values_list("profile_id", "location__billing_provider_id")
    )
    return [VisitDue(profile_id, provider_id, day) for profile_id, provider_id in rows]


def _row(visit: Appointment, layers: list[Layer]) -> DayRow:
    missing = missing_to_book(visit.patient)
    if visit.profile.kind != ProfileKind.SELF_PAY:
        billing = missing_to_bill(visit.patient) + missing_of_profile(visit.profile, layers)
        missing += [item for item in billing if item not in missing]
    return DayRow(visit, tuple(layers), tuple(missing), visit.line_count, visit.unconfirmed)  # type: ignore[attr-defined]


def time_of_day(clinician: Clinician, day: date) -> tuple[int, int]:
    """Visits of a clinician on a day and their minutes: not those cancelled or missed, group visits apart."""
    in_group = VisitLine.objects.filter(
        appointment=OuterRef("pk"), clinic=OuterRef("clinic"), service__kind=ServiceKind.GROUP
    )
    rows = Appointment.objects.filter(clinician=clinician, service_date=day).exclude(state__in=GONE)
    found = rows.filter(~Exists(in_group)).aggregate(visits=Count("pk"), minutes=Sum("minutes"))
    return found["visits"], found["minutes"] or 0


def too_long_a_day(clinician: Clinician, day: date, more: int) -> str:
    """The warning when ``more`` minutes make a clinician's day longer than 24 hours (B15), else empty."""
    visits, minutes = time_of_day(clinician, day)
    if minutes + more <= DAY_MINUTES:
        return ""
    return (
        f"{clinician} has {visits} visits of {minutes} minutes on this day already; with this one it comes to "
        f"{minutes + more}, and a day has {DAY_MINUTES}."
    )
