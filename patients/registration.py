"""Registration: check what was entered, give a chart number, write the patient and the guarantor.

Before it stand the form and the API; after it insurance, which gives each patient a self-pay
profile in the same transaction (patients/hooks.py).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import connection

from clinics import audit
from clinics.models import ReferringProvider
from clinics.scoping import current_clinic_id
from lib.dates import age_on
from lib.findings import Finding
from lib.npi import is_npi
from patients.address import ADDRESS_FIELDS, FORBIDDEN, address_problems, tidy_address
from patients.enums import Sex
from patients.errors import BadPatient, PossibleDuplicate, fields_of
from patients.hooks import REGISTERED
from patients.models import Guarantor, Patient
from patients.names import digits, phone_digits
from patients.queries import possible_duplicates

FIRST_CHART_NUMBER = 1001
NAME_LENGTH = {"first_name": 35, "last_name": 60}  # NM104 and NM103 of the 837P
NAME_FIELDS = ("first_name", "middle_name", "last_name", "suffix")
PATIENT_FIELDS = (
    *NAME_FIELDS,
    *ADDRESS_FIELDS,
    "birth_date",
    "death_date",
    "sex",
    "phone",
    "email",
    "reason",
    "signature_on_file",
    "assigns_benefits",
    "referring_provider",
    "is_confidential",
    *(f"mail_{name}" for name in ADDRESS_FIELDS),
)
GUARANTOR_FIELDS = ("first_name", "last_name", "phone", "email", *ADDRESS_FIELDS)
LENGTHS: dict[str, int] = {
    prefix + field.name: field.max_length
    for model, prefix, names in (
        (Patient, "", (*PATIENT_FIELDS, "chart_number")), (Guarantor, "guarantor_", GUARANTOR_FIELDS)
    )
    for field in model._meta.fields
    if field.name in names and field.max_length
}  # fmt: skip


def register(data: dict[str, Any], *, today: date, allow_duplicate: bool = False) -> Patient:
    """Write a new patient with the next chart number; insurance follows with the self-pay profile.

    ``data`` holds PATIENT_FIELDS, ``ssn``, ``chart_number`` and the guarantor's fields with the prefix
    ``guarantor_``. Raises BadPatient with the words at each field, PossibleDuplicate unless allowed.
    """
    tidied = tidy(data)
    _refuse(problems(tidied, today))
    twins = possible_duplicates(tidied)
    if twins and not allow_duplicate:
        raise PossibleDuplicate(
            f"{twins[0].first_name} {twins[0].last_name}, chart {twins[0].chart_number}, is already registered.",
            patients=[twin.public_id for twin in twins],
        )
    return write_new(tidied)


def write_new(tidied: dict[str, Any]) -> Patient:
    """Write a patient whose tidied values somebody has looked through: ``register`` or an import."""
    patient = Patient(**{name: tidied[name] for name in PATIENT_FIELDS if name in tidied})
    patient.ssn = tidied.get("ssn", "")
    patient.chart_number = tidied.get("chart_number") or next_chart_number()
    patient.guarantor = _guarantor(tidied, None)
    patient.referring_provider = _new_referrer(tidied) or tidied.get("referring_provider")
    patient.save()
    audit.record("patient.register", "patient", patient.public_id, chart_number=patient.chart_number)
    REGISTERED.tell(patient)
    return patient


def change(patient: Patient, data: dict[str, Any], *, today: date) -> Patient:
    """Write changed fields of a patient; an empty ``ssn`` keeps the stored one. Audited by field name."""
    tidied = tidy(data)
    whole = {name: getattr(patient, name) for name in PATIENT_FIELDS} | tidied
    _refuse(problems(whole, today, exclude=patient))
    changed = [name for name in PATIENT_FIELDS if name in tidied and getattr(patient, name) != tidied[name]]
    for name in changed:
        setattr(patient, name, tidied[name])
    referrer = _new_referrer(tidied)
    if referrer is not None:
        patient.referring_provider = referrer
        changed.append("referring_provider")
    if tidied.get("ssn"):
        patient.ssn = tidied["ssn"]
        changed.append("ssn")
    if tidied.get("chart_number") and tidied["chart_number"] != patient.chart_number:
        patient.chart_number = tidied["chart_number"]
        changed.append("chart_number")
    if "guarantor_last_name" in tidied:
        before = patient.guarantor_id
        patient.guarantor = _guarantor(tidied, patient.guarantor)
        changed += ["guarantor"] if patient.guarantor_id != before or patient.guarantor_id else []
    patient.save()
    if changed:
        audit.record("patient.change", "patient", patient.public_id, fields=changed)
    return patient


def tidy(data: dict[str, Any]) -> dict[str, Any]:
    """The entered values as they are stored: trimmed, telephone, ZIP and SSN as digits."""
    tidied = {name: value.strip() if isinstance(value, str) else value for name, value in data.items()}
    tidy_address(tidied, "mail_")
    for prefix in ("", "guarantor_"):
        tidy_address(tidied, prefix)
        if tidied.get(f"{prefix}phone"):
            tidied[f"{prefix}phone"] = phone_digits(tidied[f"{prefix}phone"]) or tidied[f"{prefix}phone"]
    if tidied.get("ssn"):
        tidied["ssn"] = digits(tidied["ssn"]) or tidied["ssn"]
    return tidied


def problems(
    data: dict[str, Any],
    today: date,
    exclude: Patient | None = None,
    charts: Collection[str] | None = None,
) -> list[Finding]:
    """What is wrong with tidied values, each at its field in plain words; empty when all is well.

    Only the name is required here: a telephone booking may lack the rest, shown as chips (B14). ``charts`` are
    the chart numbers that are given, where the caller knows them; else the database is asked.
    """
    found = _name_problems(data, "") + address_problems(data) + address_problems(data, "mail_")
    found += _text_problems(data)
    born = data.get("birth_date")
    if born is not None and born > today:
        found.append(Finding("birth_date", "birth_date", "This date of birth is in the future."))
    elif born is not None and age_on(born, today) > 125:
        found.append(Finding("birth_date", "birth_date", "This date of birth is more than 125 years ago."))
    died = data.get("death_date")
    if died is not None and died > today:
        found.append(Finding("death_date", "death_date", "This date of death is in the future."))
    elif died is not None and born is not None and died < born:
        found.append(Finding("death_date", "death_date", "This date of death is before the date of birth."))
    if data.get("sex") and data["sex"] not in Sex.values:
        found.append(Finding("sex", "sex", "Choose female, male or unknown."))
    if data.get("ssn") and (len(data["ssn"]) != 9 or not data["ssn"].isdigit()):
        found.append(Finding("ssn", "ssn", "A social security number has nine digits."))
    found += _contact_problems(data, "")
    if data.get("guarantor_last_name") or data.get("guarantor_first_name"):
        found += _name_problems(data, "guarantor_") + address_problems(data, "guarantor_")
        found += _contact_problems(data, "guarantor_")
    found += _referrer_problems(data)
    chart = data.get("chart_number")
    if chart and (chart in charts if charts is not None else _chart_number_taken(chart, exclude)):
        found.append(
            Finding("chart_number", "chart_number", f"Chart number {chart} belongs to another patient.")
        )
    return found


def next_chart_number() -> str:
    """The clinic's next free chart number; two registrations at once get two numbers."""
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO patients_chartcounter (clinic_id, last) VALUES (%s, %s) ON CONFLICT (clinic_id) "
                "DO UPDATE SET last = patients_chartcounter.last + 1 RETURNING last",
                [current_clinic_id(), FIRST_CHART_NUMBER],
            )
            number = str(cursor.fetchone()[0])
        if not _chart_number_taken(number, None):  # somebody may have typed this number by hand
            return number


def _chart_number_taken(number: str, exclude: Patient | None) -> bool:
    others = Patient.objects.filter(chart_number=number)
    return others.exclude(pk=exclude.pk).exists() if exclude is not None else others.exists()


def _name_problems(data: dict[str, Any], prefix: str) -> list[Finding]:
    found = []
    for name, words in (("first_name", "first name"), ("last_name", "last name")):
        value = data.get(prefix + name) or ""
        if not any(char.isalpha() for char in value):
            found.append(Finding("name", prefix + name, f"Enter the {words}, with at least one letter."))
        elif len(value) > NAME_LENGTH[name]:
            found.append(Finding("name", prefix + name, f"This {words} is too long for a claim."))
    for name in NAME_FIELDS:
        if any(char in FORBIDDEN or not char.isprintable() for char in data.get(prefix + name) or ""):
            found.append(
                Finding(
                    "characters", prefix + name, f"Leave out {' '.join(FORBIDDEN)} here: payers refuse them."
                )
            )
    return found


def _text_problems(data: dict[str, Any]) -> list[Finding]:
    """Text that is too long for its column, or holds what is no character; names have words of their own."""
    found = []
    for name, longest in LENGTHS.items():
        value = data.get(name)
        if not isinstance(value, str) or name.removeprefix("guarantor_") in NAME_LENGTH:
            continue
        if len(value) > longest:
            found.append(
                Finding("length", name, f"At most {longest} characters fit here, these are {len(value)}.")
            )
        elif name.removeprefix("guarantor_") not in NAME_FIELDS and not value.isprintable():
            found.append(
                Finding("characters", name, "Leave out line breaks and signs that cannot be printed.")
            )
    return found


def _contact_problems(data: dict[str, Any], prefix: str) -> list[Finding]:
    found = []
    phone = data.get(f"{prefix}phone") or ""
    if phone and len(phone_digits(phone)) != 10:
        found.append(
            Finding("phone", f"{prefix}phone", "A telephone number has ten digits, area code first.")
        )
    if data.get(f"{prefix}email"):
        try:
            validate_email(data[f"{prefix}email"])
        except ValidationError:
            found.append(Finding("email", f"{prefix}email", "This is not an e-mail address."))
    return found


def _referrer_problems(data: dict[str, Any]) -> list[Finding]:
    npi, last = data.get("referring_npi") or "", data.get("referring_last_name") or ""
    if not npi and not last:
        return []
    found = []
    if not is_npi(npi):
        found.append(
            Finding("npi", "referring_npi", "This is not an NPI: ten digits whose last one checks the rest.")
        )
    for name in ("referring_first_name", "referring_last_name"):
        if not data.get(name):
            found.append(Finding("name", name, "Enter the name that belongs to the NPI."))
    return found


def _new_referrer(data: dict[str, Any]) -> ReferringProvider | None:
    """The referring provider that was typed in: the one with this NPI, or a new one."""
    if not data.get("referring_npi"):
        return None
    names = {"first_name": data["referring_first_name"], "last_name": data["referring_last_name"]}
    found = ReferringProvider.objects.filter(npi=data["referring_npi"]).first()
    return found or ReferringProvider.objects.create(npi=data["referring_npi"], **names)


def _guarantor(data: dict[str, Any], current: Guarantor | None) -> Guarantor | None:
    """The guarantor that was entered: the current one changed, a known one with the same name and phone, or new."""
    values = {name: data.get(f"guarantor_{name}") or "" for name in GUARANTOR_FIELDS}
    if not values["last_name"]:
        return None
    same = {name: values[name] for name in ("first_name", "last_name", "phone")}
    found = current or (Guarantor.objects.filter(**same).first() if values["phone"] else None)
    row = found or Guarantor()
    for name, value in values.items():
        if value or found is current:
            setattr(row, name, value)
    row.save()
    return row


def _refuse(findings: list[Finding]) -> None:
    if findings:
        raise BadPatient(findings[0].message, fields=fields_of(findings))
