"""The front desk's day: one row a visit with the one number to collect and what is missing.

Read in a constant number of queries, whatever the number of visits.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from appointments.enums import AppointmentState
from appointments.models import Appointment
from billing.collecting import Collect, collect
from clinics.models import Location
from desk.cover import Flag, cover_flags
from insurance.models import Layer
from patients.requirements import Missing, missing_to_bill

OPEN_STATES = (
    AppointmentState.SCHEDULED,
    AppointmentState.ARRIVED,
    AppointmentState.IN_TREATMENT,
    AppointmentState.COMPLETE,
)
TABS = {
    "here": ("Here", (AppointmentState.ARRIVED, AppointmentState.IN_TREATMENT)),
    "check-out": ("To check out", (AppointmentState.COMPLETE,)),
    "to-come": ("To come", (AppointmentState.SCHEDULED,)),
    "done": ("Done", tuple(state for state in AppointmentState if state not in OPEN_STATES)),
}


@dataclass(frozen=True, slots=True)
class DayRow:
    """One visit of the day. ``asked`` (the parts of ``collect``) is None once the visit is over."""

    visit: Appointment
    layer: Layer | None
    asked: Collect | None
    missing: tuple[Missing, ...]
    cover: tuple[Flag, ...] = ()

    @property
    def collect(self) -> Decimal | None:
        """The one number, the same that check-out asks; None once the visit is over."""
        return self.asked.today if self.asked else None

    @property
    def flags(self) -> tuple[Flag, ...]:
        """Everything the list shows as a chip: what is missing first, then what coverage wants."""
        return (*(Flag(item.words, "warn", "user-question") for item in self.missing), *self.cover)

    @property
    def clock(self) -> str:
        """The time of day at the location, such as 9:05."""
        local = self.visit.starts_at.astimezone(ZoneInfo(self.visit.location.time_zone))
        return f"{local.hour}:{local.minute:02d}"

    @property
    def is_done(self) -> bool:
        """Nothing is left to do at the desk."""
        return self.visit.state not in OPEN_STATES


def read_day(location: Location, day: date) -> list[DayRow]:
    """The visits of a day at a location in time order."""
    visits = list(
        Appointment.objects.filter(location=location, service_date=day)
        .select_related("patient", "clinician", "appointment_type", "profile", "location__clinic", "status")
        .order_by("starts_at", "id")
    )
    layers = _first_layers(visits, day)
    open_visits = [visit for visit in visits if visit.state in OPEN_STATES]
    asked = collect(open_visits)
    cover = cover_flags(open_visits, day)
    return [
        _row(visit, layers.get(visit.profile_id), asked.get(visit.pk), cover.get(visit.pk, ()))
        for visit in visits
    ]


def _row(visit: Appointment, layer: Layer | None, asked: Collect | None, cover: tuple[Flag, ...]) -> DayRow:
    is_open = asked is not None
    missing = tuple(missing_to_bill(visit.patient)) if is_open else ()
    if is_open and layer is None and visit.profile.kind != "self_pay":
        missing += (Missing("profile", "No coverage on this date", "front desk"),)
    return DayRow(visit, layer, asked, missing, cover)


def _first_layers(visits: Iterable[Appointment], day: date) -> dict[int, Layer]:
    rows = (
        Layer.objects.filter(profile_id__in={visit.profile_id for visit in visits}, effective_on__lte=day)
        .exclude(expires_on__lt=day)
        .select_related("policy__payer", "policy__plan")
        .order_by("-position")
    )
    return {row.profile_id: row for row in rows}  # the lowest position is written last
