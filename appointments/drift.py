"""SALT drift: visits of one type that carry the same codes many times running (rules.md B1, "drift report").

Copying is a help until nobody looks any more. ``latest_run`` is pure; carryforward.py does the copying.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Prefetch

from appointments.enums import AppointmentState, LineOrigin
from appointments.models import Appointment, VisitLine

LOOK_BACK = timedelta(days=365)
MOST = 20_000  # visits read at once


@dataclass(frozen=True, slots=True)
class Coded:
    """A checked-out visit as far as its codes go; two with equal ``codes`` are the same."""

    visit: Appointment
    codes: tuple[object, ...]
    words: str
    is_copied: bool


@dataclass(frozen=True, slots=True)
class DriftRow:
    """The last visits of one patient and type, all the same."""

    last: Appointment
    times: int
    since: date
    copied: int
    words: str


def latest_run(coded: Sequence[Coded]) -> list[Coded]:
    """The visits at the end of a series (oldest first) that carry the same codes as the last one."""
    run: list[Coded] = []
    for one in reversed(coded):
        if run and one.codes != run[0].codes:
            break
        run.append(one)
    return run[::-1]


def drifting(*, today: date, runs: int, clinician: str = "") -> list[DriftRow]:
    """Patients whose last ``runs`` visits of a type, or more, are the same; the longest run first.

    Looks back a year. Visits without codes are no run.
    """
    rows = (
        Appointment.objects.filter(state=AppointmentState.CHECKED_OUT, service_date__gt=today - LOOK_BACK)
        .select_related("patient", "appointment_type", "clinician")
        .prefetch_related(Prefetch("lines", VisitLine.objects.select_related("service").order_by("line_no")))
        .order_by("service_date", "checked_out_at", "pk")
    )
    series: dict[tuple[int, int], list[Coded]] = {}
    for visit in rows[:MOST]:
        series.setdefault((visit.patient_id, visit.appointment_type_id), []).append(coded(visit))
    found = [_row(latest_run(visits)) for visits in series.values()]
    shown = [row for row in found if row.times >= max(2, runs) and row.words]
    if clinician:
        shown = [row for row in shown if row.last.clinician.public_id == clinician]
    return sorted(shown, key=lambda row: (-row.times, row.last.service_date, row.last.pk))


def coded(visit: Appointment) -> Coded:
    """The codes of a visit whose lines are at hand: services, modifiers, units, diagnoses, pointers, in order."""
    lines = list(visit.lines.all())
    codes = tuple(
        (line.service_id, tuple(line.modifiers), line.units, tuple(line.pointers)) for line in lines
    )
    words = ", ".join(" ".join([line.service.code, *line.modifiers]) for line in lines)
    return Coded(
        visit, (codes, tuple(visit.diagnoses)) if lines else (), words, any(_copied(line) for line in lines)
    )


def _copied(line: VisitLine) -> bool:
    return line.origin == LineOrigin.SALT


def _row(run: Iterable[Coded]) -> DriftRow:
    visits = list(run)
    last = visits[-1]
    return DriftRow(
        last.visit,
        len(visits),
        visits[0].visit.service_date,
        sum(one.is_copied for one in visits),
        last.words,
    )
