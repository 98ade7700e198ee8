"""Who bills, where patients are seen and who treats them: what may stand in each row, checked and written.

Pages and API share it. What these rows say is copied into every claim when it is made (B17.5); a change
here counts from the next claim on and touches none that exists.
"""

from __future__ import annotations

import re
from typing import Any
from zoneinfo import available_timezones

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from appointments.coding import PLACES_OF_SERVICE
from appointments.enums import AppointmentState
from appointments.models import Appointment
from clinics import audit
from clinics.errors import BadInput
from clinics.models import BillingProvider, Clinician, Location
from lib.findings import Finding
from lib.npi import is_npi
from patients.address import ADDRESS_FIELDS, FORBIDDEN, address_problems, tidy_address
from patients.errors import fields_of
from patients.names import digits, phone_digits
from x12.documents.claim_rules import PO_BOX, TAXONOMY

Row = Clinician | Location | BillingProvider
PAY_TO = {"street": "pay_to_street", "city": "pay_to_city", "state": "pay_to_state", "zip_code": "pay_to_zip"}
FIELDS: dict[type[Row], tuple[str, ...]] = {
    Clinician: ("first_name", "last_name", "credential", "npi", "taxonomy", "is_active"),
    Location: (
        "name", "billing_provider", "place_of_service", "time_zone", *ADDRESS_FIELDS, "phone", "npi", "clia",
        "is_active",
    ),
    BillingProvider: (
        "name", "first_name", "npi", "tax_id", "tax_id_kind", "taxonomy", *ADDRESS_FIELDS, "contact_name",
        "phone", *PAY_TO.values(),
    ),
}  # fmt: skip
KINDS: dict[type[Row], str] = {
    Clinician: "clinician",
    Location: "location",
    BillingProvider: "billing_provider",
}
CLIA = re.compile(r"[0-9]{2}D[0-9]{7}")
# Zones of US clinics, west of Greenwich last; a clinic elsewhere names any other zone by the API.
ZONES = (
    ("America/New_York", "Eastern"),
    ("America/Chicago", "Central"),
    ("America/Denver", "Mountain"),
    ("America/Phoenix", "Arizona, no summer time"),
    ("America/Los_Angeles", "Pacific"),
    ("America/Anchorage", "Alaska"),
    ("Pacific/Honolulu", "Hawaii"),
    ("America/Puerto_Rico", "Atlantic, Puerto Rico"),
    ("Pacific/Guam", "Guam"),
    ("Pacific/Pago_Pago", "Samoa"),
)


class BadProvider(BadInput):
    """Some fields need another value; ``fields`` names each with its words."""

    code = "bad_provider"


def tidy(kind: type[Row], data: dict[str, Any]) -> dict[str, Any]:
    """The values as they are stored: trimmed, numbers as digits, codes in capitals."""
    made = {key: value.strip() if isinstance(value, str) else value for key, value in data.items()}
    tidy_address(made)
    for name in ("npi", "tax_id"):
        if made.get(name):
            made[name] = re.sub(r"[\s-]", "", made[name])
    for name in ("taxonomy", "clia", "pay_to_state"):
        if made.get(name):
            made[name] = made[name].upper()
    if made.get("phone"):
        made["phone"] = phone_digits(made["phone"]) or made["phone"]
    if made.get("pay_to_zip"):
        made["pay_to_zip"] = digits(made["pay_to_zip"]) or made["pay_to_zip"]
    return {name: made[name] for name in FIELDS[kind] if name in made}


def problems(kind: type[Row], data: dict[str, Any], row: Row | None = None) -> list[Finding]:
    """What is wrong with the tidied values of a row, at its fields."""
    check = {Clinician: _clinician, Location: _location, BillingProvider: _billing_provider}[kind]
    found = check(data, row)
    if data.get("taxonomy") and not TAXONOMY.match(data["taxonomy"]):
        found.append(Finding("taxonomy", "taxonomy", "A taxonomy code has ten characters and ends with X."))
    if data.get("phone") and not phone_digits(data["phone"]):
        found.append(Finding("phone", "phone", "A telephone number has ten digits."))
    seen = {one.where for one in found}
    for name in ("name", "first_name", "last_name", "credential", "contact_name"):
        if name not in seen and any(char in FORBIDDEN for char in data.get(name) or ""):
            found.append(
                Finding("characters", name, f"Leave out {' '.join(FORBIDDEN)} here: payers refuse them.")
            )
    return found


def save(kind: type[Row], given: dict[str, Any], row: Row | None = None) -> Row:
    """Add or change a row; what is not given stays. Raises BadProvider; audited by field names."""
    made: Any = row or kind()
    data = {name: getattr(made, name, None) for name in FIELDS[kind] if name != "billing_provider"}
    if kind is Location:
        data["billing_provider"] = row.billing_provider if isinstance(row, Location) else None
    data |= tidy(kind, given)
    found = problems(kind, data, row)
    if found:
        raise BadProvider(found[0].message, fields=fields_of(found))
    changed = sorted(name for name, value in data.items() if row is None or getattr(row, name) != value)
    for name, value in data.items():
        setattr(made, name, value)
    try:
        with transaction.atomic():
            made.save()
    except IntegrityError:  # somebody saved its twin a moment ago
        found = problems(kind, data, row)
        if not found:
            raise
        raise BadProvider(found[0].message, fields=fields_of(found)) from None
    if changed:
        audit.record(
            f"{KINDS[kind]}.{'change' if row else 'add'}", KINDS[kind], made.public_id, fields=changed
        )
    return made  # type: ignore[no-any-return]


def still_booked(row: Row) -> int:
    """How many coming visits name a clinician or location that is not offered any more."""
    if isinstance(row, BillingProvider) or row.is_active:
        return 0
    booked = Appointment.objects.filter(state=AppointmentState.SCHEDULED, starts_at__gte=timezone.now())
    return booked.filter(**{KINDS[type(row)]: row}).count()


def _clinician(data: dict[str, Any], row: Row | None) -> list[Finding]:
    found = _required(data, first_name="Enter the first name.", last_name="Enter the last name.")
    found += _npi(data, needed=True)
    twin = _others(Clinician, row).filter(npi=data.get("npi") or "-").first()
    if twin is not None and not found:
        found.append(Finding("twice", "npi", f"{twin} has this NPI already."))
    return found


def _location(data: dict[str, Any], row: Row | None) -> list[Finding]:
    found = _required(data, name="Give the location a name.", billing_provider="Choose who bills for it.")
    if _others(Location, row).filter(name__iexact=data.get("name") or "").exists():
        found.append(Finding("twice", "name", "There is a location of this name already."))
    if data.get("place_of_service") not in PLACES_OF_SERVICE:
        found.append(Finding("place", "place_of_service", "Choose a place of service."))
    if data.get("time_zone") not in available_timezones():
        found.append(Finding("time_zone", "time_zone", "Choose a time zone."))
    if data.get("clia") and not CLIA.fullmatch(data["clia"]):
        found.append(Finding("clia", "clia", "A CLIA number is two digits, D and seven digits: 14D0123456."))
    if not data.get("is_active") and not _others(Location, row).filter(is_active=True).exists():
        found.append(Finding("last", "is_active", "This is the last location patients can be booked at."))
    return [*found, *_npi(data), *_address(data)]


def _billing_provider(data: dict[str, Any], row: Row | None) -> list[Finding]:
    found = _required(data, name="Enter the name the payers know.") + _npi(data, needed=True)
    if not re.fullmatch(r"[0-9]{9}", data.get("tax_id") or ""):
        found.append(Finding("tax_id", "tax_id", "A tax id has nine digits."))
    if data.get("tax_id_kind") not in ("EI", "SY"):
        found.append(Finding("tax_id_kind", "tax_id_kind", "Choose EIN or SSN."))
    if data.get("tax_id_kind") == "SY" and not data.get("first_name"):
        found.append(
            Finding("first_name", "first_name", "Only a person bills with an SSN: enter the first name.")
        )
    found += _address(data)
    if PO_BOX.search(f"{data.get('street') or ''} {data.get('street2') or ''}"):
        found.append(
            Finding("po_box", "street", "This must be a street. A PO box goes into the pay-to address.")
        )
    pay_to = {name: data.get(field) or "" for name, field in PAY_TO.items()}
    if any(pay_to.values()):
        found += [
            Finding(one.code, PAY_TO[one.where], one.message)
            for one in [*_complete(pay_to), *address_problems(pay_to)]
        ]
    return found


def _others(kind: type[Row], row: Row | None) -> QuerySet[Any]:
    return kind.objects.all() if row is None else kind.objects.exclude(pk=row.pk)


def _address(data: dict[str, Any]) -> list[Finding]:
    """A claim wants the address whole, and the ZIP code with its four further digits."""
    found = [*_complete(data), *address_problems(data)]
    if len(data.get("zip_code") or "") == 5:
        found.append(Finding("zip_code", "zip_code", "Add the last four digits (ZIP+4): claims need nine."))
    return found


def _complete(data: dict[str, Any]) -> list[Finding]:
    return _required(
        data,
        street="Enter the street.",
        city="Enter the city.",
        state="Enter the state.",
        zip_code="Enter the ZIP code.",
    )


def _required(data: dict[str, Any], **words: str) -> list[Finding]:
    return [Finding("missing", name, said) for name, said in words.items() if not data.get(name)]


def _npi(data: dict[str, Any], *, needed: bool = False) -> list[Finding]:
    npi = data.get("npi") or ""
    if npi and not is_npi(npi):
        return [
            Finding("npi", "npi", "This is no NPI: ten digits, the last one a check digit. Look it up again.")
        ]
    return _required(data, npi="Enter the NPI.") if needed else []
