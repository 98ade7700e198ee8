"""Patients from a CSV file: their columns mapped to ours, looked at row by row, taken, and undone as one.

The text is kept encrypted until it is taken or dropped. Each row is registered as the front desk would do it;
a row that is wrong, or somebody who seems to be here already, is left out and named.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import ProtectedError
from django.utils import timezone

from clinics import audit
from clinics.errors import BadInput, Refusal
from clinics.scoping import current_actor
from patients import queries, registration
from patients.hooks import WITHDRAWN
from patients.models import Patient, PatientImport

MOST_ROWS = 500
TARGETS: tuple[tuple[str, str], ...] = (
    ("first_name", "First name"), ("middle_name", "Middle name"), ("last_name", "Last name"), ("suffix", "Suffix"),
    ("birth_date", "Date of birth"), ("sex", "Sex"), ("phone", "Phone"), ("email", "E-mail"),
    ("chart_number", "Chart number"), ("street", "Street"), ("street2", "Apartment"), ("city", "City"),
    ("state", "State"), ("zip_code", "ZIP code"), ("guarantor_first_name", "Guarantor, first name"),
    ("guarantor_last_name", "Guarantor, last name"), ("guarantor_phone", "Guarantor, phone"),
)  # fmt: skip
# How other programs call our fields, folded to letters.
CALLED = {
    "fname": "first_name", "given": "first_name", "givenname": "first_name", "lname": "last_name",
    "surname": "last_name", "familyname": "last_name", "dob": "birth_date", "birthdate": "birth_date",
    "birthday": "birth_date", "gender": "sex", "telephone": "phone", "mobile": "phone", "cell": "phone",
    "mail": "email", "chart": "chart_number", "mrn": "chart_number", "accountnumber": "chart_number",
    "address": "street", "address1": "street", "addressline1": "street", "address2": "street2", "zip": "zip_code",
    "postalcode": "zip_code",
}  # fmt: skip
SEXES = {"f": "F", "female": "F", "m": "M", "male": "M", "u": "U", "unknown": "U", "": ""}


@dataclass(slots=True)
class Row:
    """One line: its values, what is wrong, who seems to be the same person."""

    number: int
    values: dict[str, Any]
    wrong: list[str] = field(default_factory=list)
    twins: list[Patient] = field(default_factory=list)

    @property
    def act(self) -> str:
        """register, wrong or here (already registered)."""
        return "wrong" if self.wrong else "here" if self.twins else "register"


def start(text: str, name: str) -> PatientImport:
    """Keep a file and guess its columns. BadInput where it is no CSV with a header and rows."""
    head, body = _read(text)
    if not body:
        raise BadInput("There are no rows under the header.", code="no_rows")
    if len(body) > MOST_ROWS:
        raise BadInput(f"At most {MOST_ROWS} patients at once: split the file.", code="too_many")
    guessed: dict[str, str] = {}
    for column in head:
        target = guess(column)
        if target and target not in guessed:
            guessed[target] = column
    made = PatientImport.objects.create(
        name=name[:120], rows=text, mapping=guessed, created_by=current_actor()
    )
    audit.record("patient.import_start", "patient_import", made.public_id, rows=len(body))
    return made


def guess(column: str) -> str:
    """Our field for a column of theirs; "" when nothing fits."""
    folded = "".join(char for char in column.lower() if char.isalnum())
    for target, label in TARGETS:
        if folded in (target.replace("_", ""), "".join(char for char in label.lower() if char.isalnum())):
            return target
    return CALLED.get(folded, "")


def columns(job: PatientImport) -> list[str]:
    """Their columns."""
    return _read(job.rows)[0]


def set_mapping(job: PatientImport, mapping: dict[str, str]) -> None:
    """Which column fills which field; names are needed, one column fills one field."""
    known = set(columns(job))
    kept = {target: column for target, column in mapping.items() if column and target in dict(TARGETS)}
    if set(kept.values()) - known:
        raise BadInput("The file has no such column.", code="unknown_column")
    if len(set(kept.values())) < len(kept):
        raise BadInput("One column cannot fill two fields.", code="column_twice")
    if not {"first_name", "last_name"} <= set(kept):
        raise BadInput("Choose the columns of first and last name.", code="no_names")
    job.mapping = kept
    job.save(update_fields=["mapping"])


def dry_run(job: PatientImport, today: date) -> list[Row]:
    """What taking the file would do, row by row; nothing is written."""
    head, body = _read(job.rows)
    place = {column: number for number, column in enumerate(head)}
    rows = []
    seen: set[tuple[str, str, str]] = set()
    for number, line in body:
        cells = {
            target: line[place[column]].strip() if place[column] < len(line) else ""
            for target, column in job.mapping.items()
        }
        row = _row(number, cells, today)
        key = tuple(
            str(row.values.get(name, "")).lower() for name in ("first_name", "last_name", "birth_date")
        )
        if key in seen:
            row.wrong.append("This person stands in the file twice.")
        seen.add(key)  # type: ignore[arg-type]
        rows.append(row)
    return rows


def take(job: PatientImport, today: date) -> PatientImport:
    """Register every row that can be; the text is forgotten. A second call gives the first one's result."""
    with transaction.atomic():
        locked = PatientImport.objects.select_for_update(of=("self",), no_key=True).get(pk=job.pk)
        if locked.taken_at is not None:
            return locked
        created, skipped = [], 0
        for row in dry_run(locked, today):
            if row.act != "register":
                skipped += 1
                continue
            try:
                with transaction.atomic():
                    created.append(registration.register(row.values, today=today).public_id)
            except Refusal:  # two rows of the file with one telephone
                skipped += 1
        locked.created, locked.skipped, locked.rows, locked.taken_at = created, skipped, "", timezone.now()
        locked.save()
        audit.record(
            "patient.import", "patient_import", locked.public_id, created=len(created), skipped=skipped
        )
    return locked


def undo(job: PatientImport) -> int:
    """Take an import back: patients with whom nothing was done since go; returns how many stay."""
    with transaction.atomic():
        locked = PatientImport.objects.select_for_update(of=("self",), no_key=True).get(pk=job.pk)
        stay = []
        for patient in Patient.objects.filter(public_id__in=locked.created):
            try:
                with transaction.atomic():
                    WITHDRAWN.tell(patient)
                    patient.delete()
            except ProtectedError:
                stay.append(patient.public_id)
        gone = len(locked.created) - len(stay)
        locked.created, locked.undone_at = stay, timezone.now()
        locked.save(update_fields=["created", "undone_at"])
        audit.record("patient.import_undo", "patient_import", locked.public_id, gone=gone, stay=len(stay))
    return len(stay)


def drop(job: PatientImport) -> None:
    """Forget a file that was not taken."""
    PatientImport.objects.filter(pk=job.pk, taken_at__isnull=True).delete()
    audit.record("patient.import_drop", "patient_import", job.public_id)


def _read(text: str) -> tuple[list[str], list[tuple[int, list[str]]]]:
    try:
        lines = list(csv.reader(io.StringIO(text), strict=True))
    except csv.Error as error:
        raise BadInput(f"This file cannot be read as CSV: {error}.", code="bad_csv") from error
    if not lines or len({name.strip() for name in lines[0]}) < len(lines[0]):
        raise BadInput("The first line must name the columns, each once.", code="bad_header")
    head = [name.strip() for name in lines[0]]
    return head, [(number, line) for number, line in enumerate(lines[1:], 2) if any(map(str.strip, line))]


def _row(number: int, cells: dict[str, str], today: date) -> Row:
    values: dict[str, Any] = {name: value for name, value in cells.items() if value}
    row = Row(number, values)
    if "birth_date" in values:
        born = queries.read_date(values["birth_date"])
        if born is None:
            row.wrong.append(f"{values['birth_date']} is no date such as 05/02/1984.")
        values["birth_date"] = born
    if "sex" in values:
        sex = SEXES.get(values["sex"].lower())
        if sex is None:
            row.wrong.append(f"{values['sex']} is no sex: female, male or unknown.")
        values["sex"] = sex or ""
    tidied = registration.tidy(values)
    row.wrong += [finding.message for finding in registration.problems(tidied, today)]
    if not row.wrong:
        row.twins = queries.possible_duplicates(tidied)
    return row
