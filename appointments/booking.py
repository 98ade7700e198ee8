"""Booking: book, move, cancel. The profile is chosen by the date of service (rules.md B11.4).

After it stands visits.py. A booking takes a name, a telephone and a reason (B14); what is missing
is shown, never asked for a second time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import F, QuerySet

from appointments.authorizations import reserve
from appointments.enums import AppointmentState
from appointments.errors import BadVisit, Changed, CoverageBoundary, WrongState
from appointments.hooks import CANCELLED, RESTORED, Missed
from appointments.models import Appointment, AppointmentStatus, AppointmentType
from appointments.visits import arrive
from clinics import audit
from clinics.models import Clinician, Location
from insurance.models import InsuranceProfile
from insurance.profiles import ProfileChoice, ensure_self_pay, is_in_force, profile_for
from lib.dates import local_day
from patients.here import moment_at
from patients.models import Patient

CANCELS = (
    AppointmentState.NO_SHOW,
    AppointmentState.LATE_CANCEL,
    AppointmentState.CANCELLED,
    AppointmentState.CLINICIAN_CANCELLED,
)
FURTHEST = timedelta(days=2 * 366)


@dataclass(frozen=True, slots=True)
class Booked:
    """A booking and the chip of its profile ("" when nobody needs to look)."""

    appointment: Appointment
    chip: str


def book(
    patient: Patient,
    *,
    location: Location,
    clinician: Clinician,
    appointment_type: AppointmentType,
    starts_at: datetime,
    at: datetime,
    minutes: int | None = None,
    profile: InsuranceProfile | None = None,
    note: str = "",
    walk_in: bool = False,
) -> Booked:
    """Book a visit; ``walk_in`` makes it arrived at once. Without a ``profile`` B11.4 chooses one.

    The date of service is the day at the location and is never worked out again from ``starts_at``.
    """
    day = local_day(starts_at, location.time_zone)
    _check_time(starts_at, at, minutes)
    kept = patient.merged_into
    if kept is not None:
        raise BadVisit(
            f"This record was merged into chart {kept.chart_number}: book the visit there.",
            fields={"patient": [f"Merged into chart {kept.chart_number}: use that record."]},
        )
    _check_alive(patient, day)
    choice = _choose(patient, day, profile)
    row = Appointment.objects.create(
        patient=patient,
        location=location,
        clinician=clinician,
        appointment_type=appointment_type,
        profile=choice.profile,
        starts_at=starts_at,
        service_date=day,
        minutes=minutes or appointment_type.minutes,
        note=note.strip()[:200],
    )
    audit.record(
        "appointment.book", "appointment", row.public_id, patient=patient.public_id, day=day.isoformat(),
        profile=choice.profile.public_id, because=choice.because,
    )  # fmt: skip
    reserve(row)
    if walk_in:
        row = arrive(row.public_id, at=at).appointment
    return Booked(row, choice.chip)


def _check_alive(patient: Patient, day: date) -> None:
    if patient.death_date is not None and day > patient.death_date:
        text = f"This patient died on {patient.death_date:%m/%d/%Y}: nothing is booked for later days."
        raise BadVisit(text, fields={"starts_at": [text]})


def repeat(first: Appointment, *, every_weeks: int, times: int, at: datetime) -> list[Booked]:
    """Book a visit again every so many weeks, ``times`` in all with the first; who pays is chosen for each day.

    The time of day at the location stays the same over a change of clocks. All of it or nothing.
    """
    if not (1 <= every_weeks <= 12 and 2 <= times <= 52):
        raise BadVisit(
            "A series repeats every 1 to 12 weeks, 2 to 52 times.",
            fields={"repeat_times": ["2 to 52 times."]},
        )
    zone = ZoneInfo(first.location.time_zone)
    local = first.starts_at.astimezone(zone)
    with transaction.atomic():
        first.series = first.public_id
        _write(first, "series")
        made = [
            book(
                first.patient,
                location=first.location,
                clinician=first.clinician,
                appointment_type=first.appointment_type,
                starts_at=moment_at(
                    first.location, local.date() + timedelta(weeks=every_weeks * number), local.time()
                ),
                at=at,
                minutes=first.minutes,
                note=first.note,
            )
            for number in range(1, times)
        ]
        keys = [one.appointment.pk for one in made]
        Appointment.objects.filter(pk__in=keys).update(series=first.series)
    for one in made:
        one.appointment.series = first.series
    return made


def later_of_series(appointment: Appointment) -> QuerySet[Appointment]:
    """This visit and the later ones of its series that are still only booked."""
    return Appointment.objects.filter(
        series=appointment.series,
        service_date__gte=appointment.service_date,
        state=AppointmentState.SCHEDULED,
    ).exclude(series="")


def cancel_series(appointment: Appointment, *, reason: str = "") -> int:
    """Cancel this visit and the later ones of its series; nothing is charged. Returns how many."""
    with transaction.atomic():
        rows = list(
            later_of_series(appointment).select_for_update(no_key=True).order_by("service_date", "pk")
        )
        for row in rows:
            row.state, row.status = AppointmentState.CANCELLED, None
            _write(row, "state", "status")
            audit.record(
                "appointment.cancel", "appointment", row.public_id, reason=reason.strip()[:300],
                before="scheduled", after="cancelled", series=row.series,
            )  # fmt: skip
    return len(rows)


def asks_again(appointment: Appointment, day: date) -> ProfileChoice | None:
    """The profile that ``day`` would choose, where a move to it crosses a boundary of coverage (B11.4); else None.

    A boundary: the visit's profile pays nobody on that day, or another one has taken its place as the day's choice.
    """
    held, then = appointment.profile, profile_for(appointment.patient, day)
    if day == appointment.service_date or then.profile.pk == held.pk:
        return None
    if not is_in_force(held, day):
        return then
    before = profile_for(appointment.patient, appointment.service_date)
    return then if before.profile.pk == held.pk else None


def move(
    appointment: Appointment,
    *,
    starts_at: datetime,
    at: datetime,
    clinician: Clinician | None = None,
    minutes: int | None = None,
    profile: InsuranceProfile | None = None,
) -> Booked:
    """Move a booking. Over a boundary of coverage a ``profile`` must be given: CoverageBoundary asks for it."""
    if appointment.state != AppointmentState.SCHEDULED:
        raise WrongState(
            f"Only a scheduled visit can be moved; this one is {appointment.get_state_display().lower()}.",
            state=appointment.state,
        )
    _check_time(starts_at, at, minutes)
    day = local_day(starts_at, appointment.location.time_zone)
    _check_alive(appointment.patient, day)
    before = {"day": appointment.service_date.isoformat(), "profile": appointment.profile.public_id}
    if profile is None:
        _ask_who_pays(appointment, day)
        choice = ProfileChoice(appointment.profile, "kept", "")
    else:
        choice = _choose(appointment.patient, day, profile)
    appointment.starts_at, appointment.service_date, appointment.profile = starts_at, day, choice.profile
    appointment.clinician = clinician or appointment.clinician
    appointment.minutes = minutes or appointment.minutes
    _write(appointment, "starts_at", "service_date", "profile", "clinician", "minutes")
    audit.record(
        "appointment.move", "appointment", appointment.public_id, before=before, day=day.isoformat(),
        profile=choice.profile.public_id,
    )  # fmt: skip
    reserve(appointment)
    return Booked(appointment, choice.chip)


def _ask_who_pays(appointment: Appointment, day: date) -> None:
    """Refuse a move over a boundary until somebody has chosen; the day's own choice is offered first (B11.4)."""
    then = asks_again(appointment, day)
    if then is None:
        return
    held, own = appointment.profile, ensure_self_pay(appointment.patient)
    keeps = "it covers the new day too" if is_in_force(held, day) else "No coverage on this date"
    said = {
        own.public_id: (own, then.chip or "the patient pays, no claim is made"),
        held.public_id: (held, keeps),
    }
    if then.profile.pk != own.pk:
        said = {
            then.profile.public_id: (then.profile, "it covers the new day"),
            **dict(reversed(said.items())),
        }
    raise CoverageBoundary(
        f"This move crosses a boundary of the patient's coverage. Say who pays on {day:%m/%d/%Y}.",
        choices=[{"profile": key, "name": row.name, "says": words} for key, (row, words) in said.items()],
    )


def choose_profile(appointment: Appointment, profile: InsuranceProfile) -> Appointment:
    """Override who pays for a visit that is not checked out."""
    if appointment.state == AppointmentState.CHECKED_OUT:
        raise WrongState("This visit is checked out: move it with its money, in Insurance Management.")
    _check_owner(appointment.patient, profile)
    before = appointment.profile.public_id
    appointment.profile = profile
    _write(appointment, "profile")
    audit.record(
        "appointment.profile", "appointment", appointment.public_id, before=before, after=profile.public_id
    )
    reserve(appointment)
    return appointment


def statuses_of(state: str) -> list[AppointmentStatus]:
    """The admin's words for a state, by name."""
    return list(AppointmentStatus.objects.filter(state=state).order_by("name"))


def status_for(state: str, name: str = "") -> AppointmentStatus | None:
    """The status of a state by name; unnamed the clinic's only one, None where it has none (B2)."""
    known = statuses_of(state)
    if name:
        found = next((status for status in known if status.name == name), None)
        if found is None:
            raise BadVisit(
                "Choose a status of this state.", fields={"status": ["Not a status of this state."]}
            )
        return found
    if len(known) > 1:
        names = ", ".join(status.name for status in known)
        raise BadVisit(f"Say which status: {names}.", fields={"status": [f"One of {names}."]})
    return known[0] if known else None


@transaction.atomic
def cancel(
    appointment: Appointment, state: str, *, at: datetime, status: str = "", reason: str = ""
) -> list[str]:
    """Cancel, late cancel, no-show or cancelled by the clinician; only before treatment.

    A status that is charged makes its patient-only invoice in the same transaction (B2, B17.3).
    Returns what was said of money, in words for the person who cancels.
    """
    if state not in CANCELS:
        raise BadVisit("Choose how it was cancelled.", fields={"state": ["Choose how it was cancelled."]})
    if appointment.state not in (AppointmentState.SCHEDULED, AppointmentState.ARRIVED):
        raise WrongState(
            f"A visit that is {appointment.get_state_display().lower()} cannot be cancelled.",
            state=appointment.state,
        )
    appointment.status = status_for(state, status)
    before, appointment.state = appointment.state, AppointmentState(state)
    _write(appointment, "state", "status")
    audit.record(
        "appointment.cancel",
        "appointment",
        appointment.public_id,
        reason=reason.strip()[:300],
        before=before,
        after=state,
        status=appointment.status.name if appointment.status else "",
    )
    reserve(appointment)
    told = Missed(appointment, at, [])
    CANCELLED.tell(told)
    return told.said


@transaction.atomic
def take_back_cancel(appointment: Appointment, *, at: datetime) -> list[str]:
    """A cancelled visit stands again as scheduled; what its status had charged is void (B2)."""
    if appointment.state not in CANCELS:
        raise WrongState("This visit is not cancelled.", state=appointment.state)
    before, appointment.state = appointment.state, AppointmentState.SCHEDULED
    appointment.status = None
    _write(appointment, "state", "status")
    audit.record("appointment.restore", "appointment", appointment.public_id, before=before)
    reserve(appointment)
    told = Missed(appointment, at, [])
    RESTORED.tell(told)
    return told.said


@transaction.atomic
def give_status(appointment: Appointment, name: str) -> list[str]:
    """Give a complete visit one of the clinic's statuses for it, or none with "" (B2, B17.2).

    Returns what it means for money, in words. A status whose transition is off keeps the visit from being charged.
    """
    if appointment.state != AppointmentState.COMPLETE:
        raise WrongState(
            f"A status of complete visits does not fit: this one is {appointment.get_state_display().lower()}.",
            state=appointment.state,
        )
    status = status_for(AppointmentState.COMPLETE, name) if name else None
    before = appointment.status.name if appointment.status else ""
    if before == name:
        return []
    appointment.status = status
    _write(appointment, "status")
    audit.record("appointment.status", "appointment", appointment.public_id, before=before, after=name)
    if status is not None and not status.transition:
        return [f"Nothing is charged: {status.name} is a status without a charge."]
    return []


def _choose(patient: Patient, day: Any, profile: InsuranceProfile | None) -> ProfileChoice:
    if profile is None:
        return profile_for(patient, day)
    _check_owner(patient, profile)
    chip = "" if is_in_force(profile, day) else "No coverage on this date"
    return ProfileChoice(profile, "chosen", chip)


def _check_owner(patient: Patient, profile: InsuranceProfile) -> None:
    if profile.patient_id != patient.pk:
        raise BadVisit("This profile belongs to another patient.", fields={"profile": ["Another patient's."]})


def _check_time(starts_at: datetime, at: datetime, minutes: int | None) -> None:
    if starts_at - at > FURTHEST:
        raise BadVisit("This is more than two years away.", fields={"day": ["More than two years away."]})
    if minutes is not None and not 1 <= minutes <= 24 * 60:
        raise BadVisit("A visit takes 1 to 1440 minutes.", fields={"minutes": ["1 to 1440 minutes."]})


def _write(appointment: Appointment, *names: str) -> None:
    """One conditional update: a visit that somebody else changed meanwhile is left alone."""
    values = {name: getattr(appointment, name) for name in names}
    rows = Appointment.objects.filter(pk=appointment.pk, version=appointment.version)
    if rows.update(**values, version=F("version") + 1) != 1:
        raise Changed("Somebody else changed this visit meanwhile. Reload it.")
    appointment.version += 1
