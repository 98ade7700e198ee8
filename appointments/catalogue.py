"""The catalogue: services with default prices, appointment types, statuses. Checked and written; Settings edits it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from appointments.coding import SERVICE_CODE
from appointments.enums import AppointmentState, ServiceKind
from appointments.errors import BadVisit
from appointments.models import AppointmentStatus, AppointmentType, Service, ServicePrice
from clinics import audit
from lib.findings import Finding
from patients.errors import fields_of

SERVICE_FIELDS = (
    "code",
    "name",
    "kind",
    "bill_patient_directly",
    "interval_minutes",
    "rounding",
    "min_units",
    "is_active",
)
# B17.4: direction x grain, exact, or the eight-minute rule.
ROUNDINGS = (
    ("", "Always one unit"),
    *((f"{way}{grain}", f"{way_word}, {grain_word}")
      for way, way_word in (("N", "Nearest"), ("U", "Up"), ("D", "Down"))
      for grain, grain_word in (("W", "whole"), ("H", "half"), ("Q", "quarter"), ("T", "tenth"))),
    ("X", "Exact, three decimals"),
    ("CMS8", "Eight-minute rule"),
)  # fmt: skip
CANCEL_STATES = (
    AppointmentState.NO_SHOW,
    AppointmentState.LATE_CANCEL,
    AppointmentState.CANCELLED,
    AppointmentState.CLINICIAN_CANCELLED,
)


def service_problems(data: dict[str, Any], exclude: Service | None = None) -> list[Finding]:
    """What is wrong with a service's values, at the field."""
    found = []
    if not SERVICE_CODE.fullmatch(data.get("code") or ""):
        found.append(Finding("code", "code", "A code has 2 to 8 letters or digits, such as 98941."))
    if not data.get("name"):
        found.append(Finding("name", "name", "Say what is done, in your own words."))
    if data.get("kind") not in ServiceKind.values:
        found.append(Finding("kind", "kind", "Choose individual or group."))
    rounding = data.get("rounding") or ""
    if rounding not in dict(ROUNDINGS):
        found.append(Finding("rounding", "rounding", "Choose how minutes become units."))
    elif rounding and rounding != "CMS8" and not data.get("interval_minutes"):
        found.append(Finding("interval", "interval_minutes", "Enter the minutes of one unit."))
    if (data.get("min_units") or Decimal(0)) < 0:
        found.append(Finding("min_units", "min_units", "This cannot be negative."))
    twins = Service.objects.filter(code=data.get("code"), name=data.get("name"))
    if (twins.exclude(pk=exclude.pk) if exclude is not None else twins).exists():
        found.append(Finding("twice", "code", "This service is already in the list."))
    return found


def save_service(data: dict[str, Any], service: Service | None = None) -> Service:
    """Add or change a service; visits that used it keep pointing to it. Audited by field name."""
    row = service or Service()
    values = {name: getattr(row, name) for name in SERVICE_FIELDS} | {
        k: v for k, v in data.items() if k in SERVICE_FIELDS
    }
    values["code"] = (values["code"] or "").strip().upper()
    values["name"] = (values["name"] or "").strip()
    values["min_units"] = values["min_units"] if values["min_units"] is not None else Decimal(0)
    _refuse(service_problems(values, exclude=service))
    changed = [name for name in SERVICE_FIELDS if getattr(row, name) != values[name]]
    for name in changed:
        setattr(row, name, values[name])
    row.save()
    audit.record("service.change" if service else "service.add", "service", row.public_id, fields=changed)
    return row


def set_price(service: Service, price: Decimal, effective_on: date) -> ServicePrice:
    """The default price from a day on (B17.3, the last resort). Visits already priced keep theirs."""
    if price < 0:
        raise BadVisit("A price cannot be negative.", fields={"price": ["Cannot be negative."]})
    row, _ = ServicePrice.objects.update_or_create(
        service=service, effective_on=effective_on, defaults={"price": price}
    )
    audit.record(
        "service.price", "service", service.public_id, price=str(price), effective_on=effective_on.isoformat()
    )
    return row


def save_type(
    name: str, minutes: int, *, is_active: bool = True, appointment_type: AppointmentType | None = None
) -> AppointmentType:
    """Add or rename an appointment type; SALT follows the type, not its name (B1.6)."""
    row = appointment_type or AppointmentType()
    found = []
    if not name.strip():
        found.append(Finding("name", "name", "Give the type a name."))
    if AppointmentType.objects.filter(name=name.strip()).exclude(pk=row.pk).exists():
        found.append(Finding("twice", "name", "This type is already in the list."))
    if not 1 <= minutes <= 1440:
        found.append(Finding("minutes", "minutes", "1 to 1440 minutes."))
    _refuse(found)
    row.name, row.minutes, row.is_active = name.strip(), minutes, is_active
    row.save()
    audit.record("appointment_type.save", "appointment_type", row.public_id, name=row.name)
    return row


def save_status(
    name: str,
    state: str,
    *,
    transition: bool = False,
    cancellation_fee: Decimal | None = None,
    status: AppointmentStatus | None = None,
) -> AppointmentStatus:
    """Add or change a status. ``transition`` says whether a visit in it is charged (B17.2)."""
    row = status or AppointmentStatus()
    found = []
    if not name.strip():
        found.append(Finding("name", "name", "Give the status a name."))
    if AppointmentStatus.objects.filter(name=name.strip()).exclude(pk=row.pk).exists():
        found.append(Finding("twice", "name", "This status is already in the list."))
    if state not in AppointmentState.values:
        found.append(Finding("state", "state", "Choose the state it belongs to."))
    if cancellation_fee is not None and (cancellation_fee < 0 or state not in CANCEL_STATES):
        found.append(Finding("fee", "cancellation_fee", "Only a cancellation has a fee, of zero or more."))
    _refuse(found)
    row.name, row.state = name.strip(), state
    row.transition, row.cancellation_fee = transition, cancellation_fee
    row.save()
    audit.record(
        "appointment_status.save", "appointment_status", str(row.name), state=state, transition=transition
    )
    return row


def status_warning(status: AppointmentStatus) -> str:
    """B2: a cancellation that is charged without a fee costs the full price."""
    if status.state in CANCEL_STATES and status.transition and status.cancellation_fee is None:
        return "The full price will be charged for this cancellation."
    return ""


def _refuse(findings: list[Finding]) -> None:
    if findings:
        raise BadVisit(findings[0].message, fields=fields_of(findings))
