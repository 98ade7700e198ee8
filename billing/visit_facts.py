"""What prices depend on beside the rules: who pays, what was agreed, what was done earlier that day.

Loaded for many visits at once in a constant number of queries. Stands before ``visit_pricing``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from appointments.enums import AppointmentState
from appointments.models import Appointment, VisitLine
from billing import fees, modifiers, policies
from billing.models import PatientFee, PolicyRow, ReducedFee
from billing.rulebook import Names, RuleBook
from clinics.models import Location
from clinics.settings import value_of
from insurance.models import Layer
from insurance.profiles import layers_on_days

# Visits that did not happen are no earlier line of the day.
NOT_DONE = (
    AppointmentState.NO_SHOW,
    AppointmentState.LATE_CANCEL,
    AppointmentState.CANCELLED,
    AppointmentState.CLINICIAN_CANCELLED,
)


@dataclass(frozen=True, slots=True)
class VisitFacts:
    """Facts of some visits: layers and earlier lines by visit, agreements by patient, a switch by location."""

    layers: dict[int, tuple[Layer, ...]]
    agreed: dict[int, list[PatientFee]]
    reduced: dict[int, list[ReducedFee]]
    earlier: dict[int, tuple[modifiers.EarlierLine, ...]]
    forces_default: dict[int, bool]
    policies: list[PolicyRow]  # read only where a visit was missed

    def patient_fees(self, patient_id: int, names: Names) -> tuple[fees.PatientFee, ...]:
        """Fees and copays agreed with the patient."""
        return tuple(
            fees.PatientFee(names.of(row.service) or "", row.fee, row.copay, row.copay_per_unit)
            for row in self.agreed.get(patient_id, [])
        )

    def reduced_schedule(self, patient_id: int, day: date) -> str | None:
        """The reduced schedule the patient is eligible for on a day."""
        fitting = [
            row
            for row in self.reduced.get(patient_id, [])
            if row.effective_on <= day and (row.expires_on is None or row.expires_on >= day)
        ]
        return max(fitting, key=lambda row: row.effective_on).schedule.name if fitting else None


def load_facts(
    appointments: Sequence[Appointment], book: RuleBook, lines: Mapping[int, list[VisitLine]]
) -> VisitFacts:
    """Everything ``visit_pricing`` asks of these visits, whose location and profile are at hand."""
    patients = {visit.patient_id for visit in appointments}
    agreed: dict[int, list[PatientFee]] = {}
    for fee in PatientFee.objects.filter(patient_id__in=patients).select_related("service"):
        agreed.setdefault(fee.patient_id, []).append(fee)
    reduced: dict[int, list[ReducedFee]] = {}
    for row in ReducedFee.objects.filter(patient_id__in=patients).select_related("schedule"):
        reduced.setdefault(row.patient_id, []).append(row)
    asks = any(line.service.bill_patient_directly for own in lines.values() for line in own)
    locations = {visit.location_id: visit.location for visit in appointments}
    return VisitFacts(
        layers=visits_layers(appointments),
        agreed=agreed,
        reduced=reduced,
        earlier=_earlier(appointments, book) if book.same_day_rules else {},
        forces_default={key: asks and _forces(location) for key, location in locations.items()},
        policies=policies.every() if any(visit.state in NOT_DONE for visit in appointments) else [],
    )


def visits_layers(appointments: Sequence[Appointment]) -> dict[int, tuple[Layer, ...]]:
    """Who is asked for each visit, in order; nobody where the patient asked that no insurer is told."""
    asked = [visit for visit in appointments if not visit.self_pay_request]
    found = layers_on_days([(visit.profile, visit.service_date) for visit in asked])
    layers = {visit.pk: tuple(found[(visit.profile_id, visit.service_date)]) for visit in asked}
    return {visit.pk: layers.get(visit.pk, ()) for visit in appointments}


def _forces(location: Location) -> bool:
    return bool(value_of("bill_directly_forces_default_price", location))


def _earlier(
    appointments: Sequence[Appointment], book: RuleBook
) -> dict[int, tuple[modifiers.EarlierLine, ...]]:
    """Lines of the same patient and day that stand before each visit: by time of day, then as booked."""
    lines = (
        VisitLine.objects.filter(
            appointment__patient_id__in={visit.patient_id for visit in appointments},
            appointment__service_date__in={visit.service_date for visit in appointments},
        )
        .exclude(appointment__state__in=NOT_DONE)
        .select_related("service", "appointment__clinician", "appointment__profile")
        .order_by("appointment__starts_at", "appointment_id", "line_no")
    )
    by_day: dict[tuple[int, date], list[VisitLine]] = {}
    for line in lines:
        key = (line.appointment.patient_id, line.appointment.service_date)
        by_day.setdefault(key, []).append(line)
    others = {line.appointment_id: line.appointment for line in lines}
    layers = visits_layers(list(others.values()))

    def shown(line: VisitLine) -> modifiers.EarlierLine:
        first: Any = layers[line.appointment_id][:1]
        payer = book.names.of(first[0].policy.payer) if first else None
        return modifiers.EarlierLine(
            book.names.of(line.service) or "", book.names.of(line.appointment.clinician), payer
        )

    return {
        visit.pk: tuple(
            shown(line)
            for line in by_day.get((visit.patient_id, visit.service_date), [])
            if (line.appointment.starts_at, line.appointment_id) < (visit.starts_at, visit.pk)
        )
        for visit in appointments
    }
