"""The front desk's day: one row a visit with the one number to collect and what is missing.

Read in a constant number of queries, whatever the number of visits.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Sum

from appointments.enums import AppointmentState
from appointments.models import Appointment
from billing.models import LedgerEntry
from clinics.models import Location
from desk.cover import Flag, cover_flags
from insurance.models import Layer
from lib.money import ZERO
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
    """One visit of the day. ``collect`` is None once the visit is over."""

    visit: Appointment
    layer: Layer | None
    copay: Decimal
    old_balance: Decimal
    credit: Decimal
    collect: Decimal | None
    missing: tuple[Missing, ...]
    cover: tuple[Flag, ...] = ()

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
        .select_related("patient", "clinician", "appointment_type", "profile", "location")
        .order_by("starts_at", "id")
    )
    layers = _first_layers(visits, day)
    patient_ids = {visit.patient_id for visit in visits}
    due = _sums("ar:patient", patient_ids)
    credit = _sums("patient_credit", patient_ids, charge__isnull=True)  # held credit is not free
    open_visits = [visit for visit in visits if visit.state in OPEN_STATES]
    cover = cover_flags(open_visits, day)
    return [
        _row(
            visit,
            layers.get(visit.profile_id),
            due.get(visit.patient_id, ZERO),
            -credit.get(visit.patient_id, ZERO),
            cover.get(visit.pk, ()),
        )
        for visit in visits
    ]


def _row(
    visit: Appointment, layer: Layer | None, due: Decimal, credit: Decimal, cover: tuple[Flag, ...]
) -> DayRow:
    copay = _copay(layer)
    is_open = visit.state in OPEN_STATES
    missing = tuple(missing_to_bill(visit.patient)) if is_open else ()
    if is_open and layer is None and visit.profile.kind != "self_pay":
        missing += (Missing("profile", "No coverage on this date", "front desk"),)
    collect = max(ZERO, copay + due - credit) if is_open else None
    return DayRow(visit, layer, copay, due, credit, collect, missing, cover)


def _copay(layer: Layer | None) -> Decimal:
    if layer is None:
        return ZERO
    policy = layer.policy
    own = policy.copay_individual
    return own if own is not None else ((policy.plan.copay_individual if policy.plan else None) or ZERO)


def _first_layers(visits: Iterable[Appointment], day: date) -> dict[int, Layer]:
    rows = (
        Layer.objects.filter(profile_id__in={visit.profile_id for visit in visits}, effective_on__lte=day)
        .exclude(expires_on__lt=day)
        .select_related("policy__payer", "policy__plan")
        .order_by("-position")
    )
    return {row.profile_id: row for row in rows}  # the lowest position is written last


def _sums(account: str, patient_ids: set[int], **where: Any) -> dict[int, Decimal]:
    rows = LedgerEntry.objects.filter(account=account, patient_id__in=patient_ids, **where)
    return dict(rows.values_list("patient_id").annotate(sum=Sum("amount")))
