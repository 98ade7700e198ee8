"""SALT, same as last time: which visit is copied and what of it (rules.md B1).

``latest_source`` and ``plan_copy`` are pure. visits.arrive and the visit page come before;
check-out comes after and prices the copied lines anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from django.db.models import F

from appointments.enums import AppointmentState, LineOrigin
from appointments.models import Appointment, VisitLine
from clinics import audit
from clinics.settings import value_of
from insurance.enums import ProfileKind

CASE_KINDS = (ProfileKind.WORK_COMP, ProfileKind.AUTO)
ACCIDENT_KIND = {ProfileKind.WORK_COMP.value: "EM", ProfileKind.AUTO.value: "AA"}  # CLM11
ILLNESS = ("onset_on", "initial_treatment_on", "last_menstrual_on")
ACCIDENT = ("accident_on", "accident_kind", "accident_state")


@dataclass(frozen=True, slots=True)
class PastVisit:
    """What choosing a source needs to know of an earlier visit."""

    id: int
    type_id: int
    state: str
    service_date: date
    checked_out_at: datetime | None


@dataclass(frozen=True, slots=True)
class CopiedLine:
    """One line as it is copied: never its price; units only where they were fixed by hand."""

    service_id: int
    code: str
    modifiers: tuple[str, ...]
    units: Decimal | None
    pointers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Tabs:
    """The two tabs of a visit: line items (lines and diagnoses) and treatment dates."""

    lines: tuple[CopiedLine, ...] = ()
    diagnoses: tuple[str, ...] = ()
    labels: dict[str, str] = field(default_factory=dict)
    dates: dict[str, date | str | None] = field(default_factory=dict)

    @property
    def has_codes(self) -> bool:
        """Whether the line items tab holds anything."""
        return bool(self.lines or self.diagnoses)

    @property
    def has_dates(self) -> bool:
        """Whether the treatment tab holds anything."""
        return any(self.dates.values())


@dataclass(frozen=True, slots=True)
class Copy:
    """What goes into the target; ``dropped`` lists codes that are not active any more (B1.4)."""

    tabs: Tabs
    dropped: tuple[str, ...]
    copies_lines: bool
    copies_dates: bool


@dataclass(frozen=True, slots=True)
class Carried:
    """What SALT did to a visit: from which day, how much, what was left out."""

    source_day: date | None
    lines: int = 0
    dates: int = 0
    dropped: tuple[str, ...] = ()


def latest_source(
    visits: Iterable[PastVisit], *, type_id: int, before: date, max_days: int | None = None
) -> PastVisit | None:
    """The latest checked-out visit of the same type before a day; of one day the later check-out (B1.1).

    The caller gives visits of one patient only. ``max_days`` limits the look-back; None or 0: no limit.
    """
    fitting = [
        visit
        for visit in visits
        if visit.state == AppointmentState.CHECKED_OUT
        and visit.type_id == type_id
        and visit.service_date < before
    ]
    if not fitting:
        return None
    latest = max(fitting, key=_recency)
    return None if max_days and (before - latest.service_date).days > max_days else latest


def _recency(visit: PastVisit) -> tuple[date, bool, datetime | date, int]:
    """Later day first, then the later check-out; a visit without its moment counts as the earlier one."""
    return (
        visit.service_date,
        visit.checked_out_at is not None,
        visit.checked_out_at or visit.service_date,
        visit.id,
    )


def plan_copy(source: Tabs, target: Tabs, active_services: Set[int]) -> Copy:
    """What SALT copies: each tab only if the target's is empty, never over anything (B1.2 to B1.4)."""
    copies_lines = source.has_codes and not target.has_codes
    copies_dates = source.has_dates and not target.has_dates
    lines = source.lines if copies_lines else ()
    return Copy(
        tabs=Tabs(
            lines=tuple(line for line in lines if line.service_id in active_services),
            diagnoses=source.diagnoses if copies_lines else (),
            labels=source.labels if copies_lines else {},
            dates=source.dates if copies_dates else {},
        ),
        dropped=tuple(line.code for line in lines if line.service_id not in active_services),
        copies_lines=copies_lines,
        copies_dates=copies_dates,
    )


def carry(visit: Appointment) -> Carried:
    """Copy the last visit of the same type into this one and keep where it came from (B1.5).

    The caller holds the visit's row lock. Nothing is copied a second time once SALT ran, even if
    somebody emptied a tab since.
    """
    fill_case(visit)
    source = source_of(visit)
    if source is None or visit.salt_from is not None:
        return Carried(None)
    lines = list(source.lines.select_related("service"))
    active = {line.service_id for line in lines if line.service.is_active}
    made = plan_copy(
        tabs_of(source, lines), tabs_of(visit, list(visit.lines.select_related("service"))), active
    )
    if not (made.copies_lines or made.copies_dates):
        return Carried(None)
    confirmed = not value_of("salt_requires_confirmation", visit.location)
    for number, line in enumerate(made.tabs.lines, start=1):
        VisitLine.objects.create(
            appointment=visit, line_no=number, service_id=line.service_id, modifiers=list(line.modifiers),
            units=line.units, pointers=list(line.pointers), origin=LineOrigin.SALT, is_confirmed=confirmed,
        )  # fmt: skip
    if made.copies_lines:
        visit.diagnoses, visit.diagnosis_labels = list(made.tabs.diagnoses), made.tabs.labels
    for name, value in made.tabs.dates.items():
        setattr(visit, name, value)
    visit.salt_from = source.service_date
    visit.version += 1
    visit.save()
    fill_case(visit)
    carried = Carried(
        source.service_date, len(made.tabs.lines), sum(map(bool, made.tabs.dates.values())), made.dropped
    )
    audit.record(
        "visit.salt", "appointment", visit.public_id, source=source.public_id, lines=carried.lines,
        dates=carried.dates, dropped=list(carried.dropped),
    )  # fmt: skip
    return carried


def source_of(visit: Appointment) -> Appointment | None:
    """The visit SALT would copy from, or None."""
    return sources_of([visit]).get(visit.pk)


def sources_of(visits: Sequence[Appointment]) -> dict[int, Appointment]:
    """The visit SALT would copy from for each of these that has one, in two queries (and the setting's)."""
    if not visits:
        return {}
    columns = ("patient_id", "id", "appointment_type_id", "state", "service_date", "checked_out_at")
    rows = Appointment.objects.filter(
        patient_id__in={visit.patient_id for visit in visits},
        appointment_type_id__in={visit.appointment_type_id for visit in visits},
        service_date__lt=max(visit.service_date for visit in visits),
        state=AppointmentState.CHECKED_OUT,
    )
    past: dict[int, list[PastVisit]] = {}
    for patient_id, *row in rows.values_list(*columns):
        past.setdefault(patient_id, []).append(PastVisit(*row))
    limits = {visit.location_id: visit.location for visit in visits}
    days = {key: value_of("salt_max_days", location) for key, location in limits.items()}
    found = {
        visit.pk: latest_source(
            past.get(visit.patient_id, []),
            type_id=visit.appointment_type_id,
            before=visit.service_date,
            max_days=days[visit.location_id],
        )
        for visit in visits
    }
    wanted = {source.id for source in found.values() if source is not None}
    known = Appointment.objects.select_related("profile").in_bulk(wanted) if wanted else {}
    return {key: known[source.id] for key, source in found.items() if source is not None}


def tabs_of(visit: Appointment, lines: list[VisitLine]) -> Tabs:
    """A visit's two tabs. What its case profile says of the accident is not counted as entered."""
    dates: dict[str, date | str | None] = {name: getattr(visit, name) for name in ILLNESS}
    if (
        visit.profile.kind not in CASE_KINDS
    ):  # a case's accident belongs to its profile, not to the next visit
        dates |= {name: getattr(visit, name) for name in ACCIDENT}
    copied = tuple(
        CopiedLine(
            line.service_id, line.service.code, tuple(line.modifiers), line.units, tuple(line.pointers)
        )
        for line in lines
    )
    return Tabs(copied, tuple(visit.diagnoses), dict(visit.diagnosis_labels), dates)


def fill_case(visit: Appointment) -> None:
    """Copy date, kind and state of the accident from a case profile into the visit's dates (B11.4)."""
    profile = visit.profile
    if profile.kind not in CASE_KINDS or not profile.accident_on or visit.accident_on is not None:
        return
    visit.accident_on, visit.accident_state = profile.accident_on, profile.accident_state
    visit.accident_kind = ACCIDENT_KIND[profile.kind]
    visit.save(update_fields=["accident_on", "accident_state", "accident_kind"])


def note_voided_source(source: Appointment) -> int:
    """The source's invoice was voided later: its copies stay, with a note (B1.6). Returns how many."""
    copies = Appointment.objects.filter(
        patient_id=source.patient_id,
        appointment_type_id=source.appointment_type_id,
        salt_from=source.service_date,
    )
    said = f"SALT source of {source.service_date:%m/%d/%Y} was voided later."
    for copy in copies.exclude(note__contains=said):
        copy.note = f"{copy.note} {said}".strip()[-200:]
        Appointment.objects.filter(pk=copy.pk).update(note=copy.note, version=F("version") + 1)
        audit.record("visit.salt_source_voided", "appointment", copy.public_id, source=source.public_id)
    return len(copies)
