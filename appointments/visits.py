"""A visit from arrival to complete: states, services, diagnoses, dates of current illness.

Booking comes before, check-out (billing) after. A checked-out visit is frozen: it changes only
after its invoice is void.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from appointments import carryforward
from appointments.authorizations import reserve
from appointments.carryforward import Carried
from appointments.coding import MAX_DIAGNOSES, MAX_LINES
from appointments.enums import AppointmentState, LineOrigin
from appointments.errors import BadVisit, Changed, WrongState
from appointments.models import Appointment, Service, VisitLine
from clinics import audit
from clinics.errors import NotYours
from clinics.settings import value_of
from lib.dates import local_day
from lib.findings import Finding
from patients.address import STATES
from patients.errors import fields_of

S = AppointmentState
# act -> (states it may start from, state it leads to). The only table of these moves.
MOVES: dict[str, tuple[tuple[S, ...], S]] = {
    "arrive": ((S.SCHEDULED,), S.ARRIVED),
    "start": ((S.ARRIVED,), S.IN_TREATMENT),
    "complete": ((S.ARRIVED, S.IN_TREATMENT), S.COMPLETE),
    "reopen": ((S.COMPLETE,), S.IN_TREATMENT),
    "undo_arrival": ((S.ARRIVED,), S.SCHEDULED),
}
OPEN_STATES = (S.ARRIVED, S.IN_TREATMENT, S.COMPLETE)
DATES = ("onset_on", "initial_treatment_on", "last_menstrual_on", "accident_on")
ACCIDENT_KINDS = (("AA", "Auto"), ("EM", "Work"), ("OA", "Other"))


@dataclass(frozen=True, slots=True)
class Moved:
    """A visit after a move, and what SALT did."""

    appointment: Appointment
    carried: Carried = field(default_factory=lambda: Carried(None))


@dataclass(frozen=True, slots=True)
class LineData:
    """One line as entered; ``id`` is the public id of a line that is there already."""

    service: Service
    modifiers: tuple[str, ...] = ()
    units: Decimal | None = None
    pointers: tuple[int, ...] = ()
    id: str = ""
    is_confirmed: bool = True


def arrive(public_id: str, *, at: datetime) -> Moved:
    """The patient is here. SALT runs now when it is automatic (B1.2)."""
    visit = locked(public_id)
    if visit.service_date != local_day(at, visit.location.time_zone):
        raise WrongState(
            f"This visit is on {visit.service_date:%m/%d/%Y}, not today. Move it first.", code="other_day"
        )
    _move(visit, "arrive")
    return Moved(visit, run_salt(visit))


def start(public_id: str) -> Moved:
    """Treatment begins."""
    return Moved(_move(locked(public_id), "start"))


def complete(public_id: str) -> Moved:
    """Treatment is over; the visit waits for check-out."""
    visit = _move(locked(public_id), "complete")
    return Moved(visit, run_salt(visit))


def reopen(public_id: str) -> Moved:
    """Back into treatment, before check-out."""
    return Moved(_move(locked(public_id), "reopen"))


def undo_arrival(public_id: str) -> Moved:
    """The arrival was a slip of the finger."""
    return Moved(_move(locked(public_id), "undo_arrival"))


def same_as_last_time(public_id: str) -> Carried:
    """The SALT button, or the first opening of the visit's page; nothing when SALT is off."""
    visit = locked(public_id)
    _refuse_closed(visit)
    if value_of("salt_mode", visit.location) == "off":
        return Carried(None)
    return carryforward.carry(visit)


def run_salt(visit: Appointment) -> Carried:
    """SALT by itself, only where the location's setting says automatic."""
    carryforward.fill_case(visit)
    if value_of("salt_mode", visit.location) != "auto":
        return Carried(None)
    return carryforward.carry(visit)


def set_line_items(
    public_id: str, lines: Sequence[LineData], diagnoses: Sequence[str], labels: dict[str, str] | None = None
) -> Appointment:
    """Write the line items tab: services in order, diagnoses in order (no dots), pointers 1-based."""
    visit = locked(public_id)
    _refuse_closed(visit)
    refuse(line_problems(lines, diagnoses))
    kept = {line.public_id: line for line in visit.lines.all()}
    unknown = [line.id for line in lines if line.id and line.id not in kept]
    if unknown:
        raise Changed("A line of this visit is gone: somebody else changed it. Reload the page.")
    with transaction.atomic():
        visit.lines.exclude(public_id__in=[line.id for line in lines if line.id]).delete()
        for number, row in enumerate(kept.values(), start=1):
            VisitLine.objects.filter(pk=row.pk).update(
                line_no=1000 + number
            )  # numbers are unique while they move
        for number, line in enumerate(lines, start=1):
            _write_line(visit, number, line, kept.get(line.id))
        visit.diagnoses = list(diagnoses)
        known = {**visit.diagnosis_labels, **(labels or {})}
        visit.diagnosis_labels = {code: known[code] for code in diagnoses if known.get(code)}
        visit.version += 1
        visit.save(update_fields=["diagnoses", "diagnosis_labels", "version"])
    codes = [line.service.code for line in lines]
    audit.record("visit.lines", "appointment", visit.public_id, codes=codes, diagnoses=list(diagnoses))
    reserve(visit)
    return visit


def confirm_lines(public_id: str, line_ids: Sequence[str] | None = None) -> int:
    """Tick SALT lines as really done (B1.5); all that wait when no ids are given. Returns how many."""
    visit = locked(public_id)
    _refuse_closed(visit)
    waiting = visit.lines.filter(is_confirmed=False)
    if line_ids is not None:
        waiting = waiting.filter(public_id__in=line_ids)
    count = waiting.update(is_confirmed=True)
    if count:
        Appointment.objects.filter(pk=visit.pk).update(version=visit.version + 1)
        audit.record("visit.confirm", "appointment", visit.public_id, lines=count)
    return count


def set_treatment(public_id: str, data: dict[str, Any]) -> Appointment:
    """Write the treatment tab: onset, initial treatment, LMP, the accident block, place of service, authorization."""
    visit = locked(public_id)
    _refuse_closed(visit)
    names = (
        *DATES,
        "accident_kind",
        "accident_state",
        "place_of_service",
        "authorization_number",
        "minutes",
        "note",
    )
    values = {name: data[name] for name in names if name in data}
    refuse(treatment_problems({name: getattr(visit, name) for name in names} | values, visit.service_date))
    changed = [name for name, value in values.items() if getattr(visit, name) != value]
    for name in changed:
        setattr(visit, name, values[name])
    visit.version += 1
    visit.save(update_fields=[*changed, "version"])
    if changed:
        audit.record("visit.treatment", "appointment", visit.public_id, fields=changed)
    return visit


def ask_self_pay(public_id: str, wanted: bool) -> Appointment:
    """The patient pays in full and asks that no insurer is told of this visit; or takes that back."""
    visit = locked(public_id)
    _refuse_closed(visit)
    if visit.self_pay_request != wanted:
        visit.self_pay_request = wanted
        visit.version += 1
        visit.save(update_fields=["self_pay_request", "version"])
        audit.record("visit.self_pay_request", "appointment", visit.public_id, wanted=wanted)
    return visit


def line_problems(lines: Sequence[LineData], diagnoses: Sequence[str]) -> list[Finding]:
    """What a claim could never carry; the codes' shapes are read in coding.py before."""
    found = []
    if len(lines) > MAX_LINES:
        found.append(Finding("lines_many", "lines", f"A visit takes {MAX_LINES} lines."))
    if len(diagnoses) > MAX_DIAGNOSES:
        found.append(Finding("icd10_many", "diagnoses", f"A claim takes {MAX_DIAGNOSES} diagnoses."))
    for number, line in enumerate(lines, start=1):
        if any(not 1 <= pointer <= len(diagnoses) for pointer in line.pointers):
            found.append(
                Finding("pointer", "lines", f"Line {number} points to a diagnosis that is not there.")
            )
        if not line.service.is_active and not line.id:
            found.append(Finding("service", "lines", f"{line.service.code} is not offered any more."))
    return found


def treatment_problems(data: dict[str, Any], service_date: date) -> list[Finding]:
    """Dates after the visit, an accident without its kind, a state that is none."""
    found = [
        Finding("date", name, "This is after the visit.")
        for name in DATES
        if data.get(name) and data[name] > service_date
    ]
    if data.get("accident_on") and not data.get("accident_kind"):
        found.append(Finding("accident", "accident_kind", "Say what kind of accident it was."))
    if data.get("accident_kind") and not data.get("accident_on"):
        found.append(Finding("accident", "accident_on", "Enter the day of the accident."))
    if data.get("accident_kind") == "AA" and not data.get("accident_state"):
        found.append(
            Finding("accident", "accident_state", "An auto accident needs the state it happened in.")
        )
    if data.get("accident_state") and data["accident_state"] not in STATES:
        found.append(Finding("state", "accident_state", "Two letters of a US state, such as IL."))
    place = data.get("place_of_service") or ""
    if place and not (len(place) == 2 and place.isascii() and place.isdigit()):
        found.append(Finding("pos", "place_of_service", "A place of service has two digits, such as 11."))
    return found


def locked(public_id: str) -> Appointment:
    """The visit under its row lock, with what the work needs; another clinic's is not there."""
    rows = Appointment.objects.select_for_update(of=("self",), no_key=True)
    row = rows.select_related("patient", "location__clinic", "profile", "appointment_type").filter(
        public_id=public_id
    )
    found = row.first()
    if found is None:
        raise NotYours("This visit is not here.")
    return found


def _move(visit: Appointment, act: str) -> Appointment:
    starts, leads_to = MOVES[act]
    if visit.state == leads_to:
        return visit  # a second click changes nothing
    if visit.state not in starts:
        raise WrongState(
            f"This visit is {visit.get_state_display().lower()}; it cannot become {leads_to.label.lower()}.",
            state=visit.state,
        )
    before = visit.state
    rows = Appointment.objects.filter(pk=visit.pk, state=before)
    # The admin's word belongs to the state that is left (B2).
    assert rows.update(state=leads_to, status=None, version=visit.version + 1) == 1, "the row is locked"
    visit.state, visit.status, visit.version = leads_to, None, visit.version + 1
    audit.record(f"visit.{act}", "appointment", visit.public_id, before=before, after=leads_to.value)
    return visit


def _write_line(visit: Appointment, number: int, line: LineData, row: VisitLine | None) -> None:
    target = row or VisitLine(appointment=visit, origin=LineOrigin.TYPED)
    target.line_no, target.service, target.units = number, line.service, line.units
    target.modifiers, target.pointers = list(line.modifiers), list(line.pointers)
    target.is_confirmed = line.is_confirmed or target.origin == LineOrigin.TYPED
    target.save()


def _refuse_closed(visit: Appointment) -> None:
    if visit.state not in OPEN_STATES and visit.state != S.SCHEDULED:
        raise WrongState(
            f"This visit is {visit.get_state_display().lower()}: its lines stay as they are.",
            state=visit.state,
        )


def refuse(findings: list[Finding]) -> None:
    """BadVisit with the words at each field, when there are any findings."""
    if findings:
        raise BadVisit(findings[0].message, fields=fields_of(findings))
