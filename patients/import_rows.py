"""What each row of a patient import would do: read, compared with the file's other rows and with who is here.

Before it: importing.py, which keeps the file and takes what may go. ``judge`` knows no database; ``look_up`` asks it
in a handful of queries, however many rows there are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import Q

from lib import csv_text
from patients import queries, registration
from patients.models import Patient
from patients.names import search_name

TARGETS: tuple[tuple[str, str], ...] = (
    ("first_name", "First name"), ("middle_name", "Middle name"), ("last_name", "Last name"), ("suffix", "Suffix"),
    ("birth_date", "Date of birth"), ("sex", "Sex"), ("phone", "Phone"), ("email", "E-mail"),
    ("chart_number", "Chart number"), ("street", "Street"), ("street2", "Apartment"), ("city", "City"),
    ("state", "State"), ("zip_code", "ZIP code"), ("guarantor_first_name", "Guarantor, first name"),
    ("guarantor_last_name", "Guarantor, last name"), ("guarantor_phone", "Guarantor, phone"),
    ("death_date", "Date of death"),
)  # fmt: skip
# How other programs call our fields, folded to letters.
CALLED = {
    "fname": "first_name", "given": "first_name", "givenname": "first_name", "lname": "last_name",
    "surname": "last_name", "familyname": "last_name", "dob": "birth_date", "birthdate": "birth_date",
    "birthday": "birth_date", "gender": "sex", "telephone": "phone", "mobile": "phone", "cell": "phone",
    "dod": "death_date", "mail": "email",
    "chart": "chart_number", "mrn": "chart_number", "accountnumber": "chart_number",
    "address": "street", "address1": "street", "addressline1": "street", "address2": "street2", "zip": "zip_code",
    "postalcode": "zip_code",
}  # fmt: skip
SEXES = {"f": "F", "female": "F", "m": "M", "male": "M", "u": "U", "unknown": "U", "": ""}
MIDNIGHTS = (" 00:00:00", "T00:00:00", " 12:00:00 AM", " 0:00")  # what exports put after a day
TOGETHER = 1000  # keys of one query


@dataclass(slots=True)
class Row:
    """One line: its values, what is wrong, who is the same person, who only shares the telephone."""

    number: int
    values: dict[str, Any]
    wrong: list[str] = field(default_factory=list)
    twins: list[Patient] = field(default_factory=list)
    shares: str = ""

    @property
    def act(self) -> str:
        """register, wrong or here (already registered)."""
        return "wrong" if self.wrong else "here" if self.twins else "register"

    @property
    def why(self) -> str:
        """Why it is left out, in words; "" when it is registered."""
        if self.wrong:
            return " ".join(self.wrong)
        return f"Already here: chart {self.twins[0].chart_number}" if self.twins else ""


def guess(column: str) -> str:
    """Our field for a column of theirs; "" when nothing fits."""
    folded = "".join(char for char in column.lower() if char.isalnum())
    for target, label in TARGETS:
        if folded in (target.replace("_", ""), "".join(char for char in label.lower() if char.isalnum())):
            return target
    return CALLED.get(folded, "")


def judge(table: csv_text.Table, mapping: dict[str, str], today: date) -> list[Row]:
    """Every line read and held against the lines before it; who is here already is look_up's."""
    place = {column: number for number, column in enumerate(table.head)}
    rows = []
    same: dict[str, list[Row]] = defaultdict(list)
    charts: dict[str, int] = {}
    phones: dict[str, int] = {}
    for number, line in table.lines:
        cells = {
            target: line[place[column]].strip() if place[column] < len(line) else ""
            for target, column in mapping.items()
        }
        row = _row(number, cells, today)
        if csv_text.overhang(table.head, line):
            row.wrong.insert(
                0, "It has more cells than there are columns: put text with a separator in quotes."
            )
        name, born = _name(row), row.values.get("birth_date")
        twin = next((one for one in same[name] if _may_be_one(born, one.values.get("birth_date"))), None)
        if twin is not None:
            row.wrong.append(f"This person stands in the file twice: see line {twin.number}.")
        same[name].append(row)
        chart, phone = row.values.get("chart_number"), row.values.get("phone")
        if chart and charts.setdefault(chart, number) != number:
            row.wrong.append(f"Line {charts[chart]} has this chart number too.")
        if phone and phones.setdefault(phone, number) != number:
            row.shares = f"line {phones[phone]}"
        rows.append(row)
    return rows


def look_up(rows: Sequence[Row], today: date) -> None:
    """Who of these is registered already, whose chart number is given, who shares a telephone with whom."""
    going = [row for row in rows if not row.wrong]
    known = _known(going)
    by_name: dict[str, list[Patient]] = defaultdict(list)
    by_phone: dict[str, Patient] = {}
    charts = set()
    for patient in known:
        if patient.merged_into_id is None:
            by_name[patient.search_name].append(patient)
            by_phone.setdefault(patient.phone, patient)
        charts.add(patient.chart_number)
    for row in going:
        born, phone = row.values.get("birth_date"), row.values.get("phone")
        row.twins = [each for each in by_name[_name(row)] if _may_be_one(born, each.birth_date)][:5]
        chart = row.values.get("chart_number")
        if not row.twins and chart in charts:
            row.wrong.append(f"Chart number {chart} belongs to another patient.")
        if phone and phone in by_phone:
            row.shares = f"{by_phone[phone].list_name}, chart {by_phone[phone].chart_number}"


def _known(rows: Sequence[Row]) -> list[Patient]:
    """Patients with the name, the telephone or the chart number of one of the rows."""
    wanted = {
        "search_name": {_name(row) for row in rows},
        "phone": {row.values["phone"] for row in rows if row.values.get("phone")},
        "chart_number": {row.values["chart_number"] for row in rows if row.values.get("chart_number")},
    }
    found: dict[int, Patient] = {}
    for name, values in wanted.items():
        keys = sorted(values)
        for start in range(0, len(keys), TOGETHER):
            part = Q(**{f"{name}__in": keys[start : start + TOGETHER]})
            found |= {patient.pk: patient for patient in Patient.objects.filter(part)}
    return sorted(found.values(), key=lambda patient: patient.pk)


def _name(row: Row) -> str:
    return search_name(str(row.values.get("last_name") or ""), str(row.values.get("first_name") or ""))


def _may_be_one(born: date | None, other: date | None) -> bool:
    """One name: the same person if the days of birth agree, or one is not known and nobody can tell."""
    return born is None or other is None or born == other


def _row(number: int, cells: dict[str, str], today: date) -> Row:
    values: dict[str, Any] = {name: value for name, value in cells.items() if value}
    row = Row(number, values)
    for name in {"birth_date", "death_date"} & values.keys():
        day = _day(values[name])
        if day is None:
            row.wrong.append(f"{values[name][:20]} is no date such as 05/02/1984.")
        values[name] = day
    if "sex" in values:
        sex = SEXES.get(values["sex"].lower())
        if sex is None:
            row.wrong.append(f"{values['sex'][:20]} is no sex: female, male or unknown.")
        values["sex"] = sex or ""
    row.values = registration.tidy(values)
    row.wrong += [finding.message for finding in registration.problems(row.values, today, charts=())]
    return row


def _day(text: str) -> date | None:
    """A day as exports write it: 05/02/1984, 1984-05-02, 19840502, each perhaps with midnight after it."""
    for midnight in MIDNIGHTS:
        text = text.removesuffix(midnight)
    if len(text) == 8 and text.isascii() and text.isdigit():
        try:
            return datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007 - a birth date has no zone
        except ValueError:
            return None
    return queries.read_date(text)
