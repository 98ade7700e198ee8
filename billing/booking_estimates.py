"""What a visit would cost and who would pay it, while it is being booked: nothing is written (rules.md B14)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from django.utils.dateparse import parse_date

from appointments.authorizations import would_take
from appointments.models import Appointment, AppointmentType
from appointments.queries import too_long_a_day
from billing.estimating import VisitEstimate, estimate_visit, planned_visit
from clinics.models import Clinician, Location
from insurance.authorizations import Standing
from insurance.eligibility_reads import CardStanding, standings_on
from insurance.models import InsuranceProfile
from insurance.profiles import layers_on, profile_for
from patients.models import Patient


@dataclass(frozen=True, slots=True)
class BookingEstimate:
    """What the front desk sees beside the booking form."""

    visit: Appointment
    found: VisitEstimate
    cards: list[CardStanding]
    authorizations: list[Standing]
    chip: str  # "No coverage on this date", else empty
    warnings: tuple[str, ...]  # what somebody should look at before booking; nothing is refused


def of_booking(fields: Mapping[str, str], location: Location) -> BookingEstimate | None:
    """The estimate for what is entered so far; None until patient, type and day are chosen.

    ``fields`` are those of the booking form; ``location`` stands in where none is chosen. Names and days
    that cannot be read count as not chosen: the form itself says what is wrong with them. Until a clinician
    is chosen the first stands in; fees may differ by clinician.
    """
    patient = Patient.objects.filter(public_id=fields.get("patient", "")).first()
    kind = AppointmentType.objects.filter(public_id=fields.get("appointment_type", "")).first()
    day = _day(fields.get("day", ""))
    if patient is None or kind is None or day is None:
        return None
    place = Location.objects.filter(public_id=fields.get("location", "")).first() or location
    clinicians = Clinician.objects.filter(is_active=True).order_by("last_name", "id")
    clinician = clinicians.filter(public_id=fields.get("clinician", "")).first() or clinicians.first()
    if clinician is None:
        return None
    typed = InsuranceProfile.objects.filter(public_id=fields.get("profile", ""), patient=patient).first()
    choice = profile_for(patient, day)
    profile = typed or choice.profile
    visit = planned_visit(patient, kind, profile, location=place, clinician=clinician, day=day)
    cards = standings_on([layer.policy for layer in layers_on(profile, day)], day)
    too_long = too_long_a_day(visit.clinician, day, _minutes(fields.get("minutes", "")) or kind.minutes)
    return BookingEstimate(
        visit,
        estimate_visit(visit),
        cards,
        would_take(visit),
        "" if typed else choice.chip,
        (too_long,) if too_long else (),
    )


def _minutes(text: str) -> int:
    """Minutes as typed; 0 where they cannot be read: the form itself says so."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else 0


def _day(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:  # shaped like a day, but none of the calendar
        return None
