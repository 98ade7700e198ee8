"""A list of insurers from a CSV file: looked at row by row first, then taken all at once.

Before it: payer_views.py and the API. The columns are the fields of payers.py; the export has the same ones,
so a list goes out, is edited and comes in again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from clinics import audit
from clinics.errors import BadInput
from insurance import payers
from insurance.enums import ClaimFormat, FilingIndicator
from insurance.models import Payer
from lib import csv_text
from patients.address import tidy_address

MOST_ROWS = 5000
COLUMNS = (
    "name", "payer_id", "claim_format", "filing_indicator", "remit_payer_id", "filing_days", "corrected_days",
    "appeal_days", "crossover_days", "accepts_frequency_7_8", "street", "street2", "city", "state", "zip_code",
)  # fmt: skip
NUMBERS = ("filing_days", "corrected_days", "appeal_days", "crossover_days")
YES = {"yes": True, "true": True, "1": True, "y": True, "no": False, "false": False, "0": False, "n": False}


@dataclass(slots=True)
class Row:
    """One line of the file and what taking it would do: add, change, same or wrong."""

    number: int
    values: dict[str, Any]
    known: Payer | None = None
    wrong: list[str] = field(default_factory=list)
    changed: tuple[str, ...] = ()

    @property
    def act(self) -> str:
        """add, change, same, wrong."""
        if self.wrong:
            return "wrong"
        if self.known is None:
            return "add"
        return "change" if self.changed else "same"


def read(text: str) -> list[Row]:
    """Every line judged; nothing is written. BadInput where the file as a whole cannot be read."""
    try:
        table = csv_text.read(text)
    except csv_text.BadCsv as error:
        raise BadInput(str(error), code="bad_csv") from error
    head = [name.lower().replace(" ", "_") for name in table.head]
    if not {"name", "payer_id"} <= set(head):
        raise BadInput(
            "The first line must name the columns; name and payer_id are needed.", code="bad_header"
        )
    body = table.lines
    if len(body) > MOST_ROWS:
        raise BadInput(f"At most {MOST_ROWS} insurers at once.", code="too_many")
    known: dict[str, list[Payer]] = {}
    for payer in Payer.objects.order_by("pk"):
        known.setdefault(payer.payer_id, []).append(payer)
    seen: set[tuple[str, str]] = set()
    rows = []
    for number, line in body:
        row = _row(number, dict(zip(head, (cell.strip() for cell in line), strict=False)), known)
        if csv_text.overhang(head, line):
            row.wrong.append("It has more cells than there are columns: put text with a separator in quotes.")
        key = (row.values["name"], row.values["payer_id"])
        if key in seen:
            row.wrong.append("This insurer stands in the file twice.")
        seen.add(key)
        rows.append(row)
    return rows


def take(text: str) -> dict[str, int]:
    """Add and change what the file says, all or nothing; BadInput while a row is wrong."""
    with transaction.atomic():
        rows = read(text)
        wrong = [row for row in rows if row.act == "wrong"]
        if wrong:
            raise BadInput(f"Line {wrong[0].number}: {wrong[0].wrong[0]}", code="wrong_rows", rows=len(wrong))
        for row in rows:
            if row.act in ("add", "change"):
                payers.save_payer(row.values, row.known)
        counts = {act: sum(row.act == act for row in rows) for act in ("add", "change", "same")}
        audit.record("payer.import", "payer", counts=counts)
    return counts


def _row(number: int, cells: dict[str, str], known: dict[str, list[Payer]]) -> Row:
    values: dict[str, Any] = {name: cells[name] for name in COLUMNS if cells.get(name)}
    values["name"], values["payer_id"] = cells.get("name", ""), cells.get("payer_id", "").upper()
    row = Row(number, values)
    _read_words(row)
    tidy_address(values)
    same_id = known.get(values["payer_id"], [])
    # The same name under the same id is that insurer; one insurer alone under the id was renamed.
    row.known = next((payer for payer in same_id if payer.name == values["name"]), None)
    whole = {name: getattr(row.known or Payer(), name) for name in payers.FIELDS} | values
    row.wrong += [finding.message for finding in payers.problems(whole, exclude=row.known)]
    if row.known is not None:
        row.changed = tuple(name for name in values if getattr(row.known, name) != values[name])
    return row


def _read_words(row: Row) -> None:
    values = row.values
    for name in NUMBERS:
        if name in values:
            if values[name].isdigit():
                values[name] = int(values[name])
            else:
                row.wrong.append(f"{name}: {values.pop(name)} is no number of days.")
    if "accepts_frequency_7_8" in values:
        word = YES.get(str(values["accepts_frequency_7_8"]).lower())
        if word is None:
            row.wrong.append("accepts_frequency_7_8 is yes or no.")
            del values["accepts_frequency_7_8"]
        else:
            values["accepts_frequency_7_8"] = word
    for name, choices in (("claim_format", ClaimFormat), ("filing_indicator", FilingIndicator)):
        if name in values:
            by_label = {label.lower(): value for value, label in choices.choices}
            values[name] = by_label.get(values[name].lower(), values[name])
