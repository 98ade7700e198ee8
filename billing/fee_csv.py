"""A fee schedule as a CSV file: what goes out comes in again unchanged, and a file is tried before it is taken.

Keys are written as people know them (code, payer, NPI); every slip is named by its row. Pages and the API
use the same two steps: ``read`` (nothing written) and ``apply`` (all rows or none).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction

from appointments.models import Service
from billing.errors import BadRule
from billing.models import FeeRow, FeeSchedule
from billing.price_rules import fee_key
from clinics import audit
from clinics.models import Clinician, Location
from insurance.models import Payer, Plan
from lib import csv_text
from lib.money import ZERO, BadAmount, parse_money

HEADER = (
    "Service", "Service name", "Payer", "Payer ID", "Plan", "Clinician NPI", "Credential", "Location", "From", "Fee",
)  # fmt: skip
NEEDED = ("Service", "From", "Fee")
LARGEST = 4_000_000
MOST_ROWS = 20_000
_DAY = re.compile(r"(19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}")
_US_DAY = re.compile(r"[0-9]{1,2}/[0-9]{1,2}/(19|20)[0-9]{2}")


@dataclass(slots=True)
class Line:
    """One row of the file: what it would do, or what is wrong with it."""

    number: int
    does: str = ""  # add, change, same; "" when wrong
    row: FeeRow | None = None
    before: Decimal | None = None
    wrong: list[str] = field(default_factory=list)
    cells: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class DryRun:
    """What a file would do to a schedule; ``wrong`` rows stop all of it."""

    schedule: FeeSchedule
    lines: list[Line]

    def of(self, does: str) -> list[Line]:
        """The rows that would do one thing: add, change, same, or "" for the wrong ones."""
        return [line for line in self.lines if line.does == does]

    @property
    def is_clean(self) -> bool:
        """Whether it may be taken."""
        return not self.of("")


def rows_of(rows: Iterable[FeeRow]) -> list[list[Any]]:
    """Rows of a schedule in the order of HEADER."""
    return [
        [
            row.service.code,
            row.service.name,
            row.payer.name if row.payer else "",
            row.payer.payer_id if row.payer else "",
            row.plan.name if row.plan else "",
            row.clinician.npi if row.clinician else "",
            row.credential,
            row.location.name if row.location else "",
            row.effective_on,
            row.fee,
        ]
        for row in rows
    ]


def decode(raw: bytes) -> str:
    """The file's text. Raises BadRule for what is no text, or too large."""
    if len(raw) > LARGEST:
        raise BadRule("The file is larger than 4 MB. Split it.", code="file_too_large")
    try:
        return csv_text.decode(raw)
    except csv_text.BadCsv as error:
        raise BadRule(str(error), code="not_csv") from error


def read(text: str, schedule: FeeSchedule) -> DryRun:
    """Read a file against a schedule; nothing is written. Raises BadRule when it is no table of fees."""
    table = _table(text)
    look = _Lookup()
    there = {(*fee_key(row), row.effective_on): row for row in FeeRow.objects.filter(schedule=schedule)}
    seen: dict[tuple[Any, ...], int] = {}
    lines = []
    for number, cells in table:
        line = Line(number, cells=cells)
        row = _row(line, schedule, look)
        if row is not None:
            key = (*fee_key(row), row.effective_on)
            if key in seen:
                line.wrong.append(f"The same keys and day as row {seen[key]}.")
            else:
                seen[key] = number
                line.row, old = row, there.get(key)
                line.before = old.fee if old else None
                line.does = "add" if old is None else "same" if old.fee == row.fee else "change"
        lines.append(line)
    return DryRun(schedule, lines)


def apply(run: DryRun) -> tuple[int, int]:
    """Take a clean file whole: (rows added, fees changed). Raises BadRule when a row is wrong."""
    if not run.is_clean:
        wrong = run.of("")
        raise BadRule(
            f"{len(wrong)} of {len(run.lines)} rows are wrong; nothing was taken. "
            f"Row {wrong[0].number}: {wrong[0].wrong[0]}",
            code="wrong_rows",
        )
    added = [line.row for line in run.of("add") if line.row]
    changed = [line.row for line in run.of("change") if line.row]
    with transaction.atomic():
        FeeRow.objects.bulk_create(added)
        there = {
            (*fee_key(row), row.effective_on): row for row in FeeRow.objects.filter(schedule=run.schedule)
        }
        for row in changed:
            old = there[(*fee_key(row), row.effective_on)]
            old.fee = row.fee
        FeeRow.objects.bulk_update([there[(*fee_key(row), row.effective_on)] for row in changed], ["fee"])
        audit.record(
            "fee_schedule.import", "fee-schedule", run.schedule.public_id, added=len(added),
            changed=[[row.service.code, row.effective_on.isoformat(), str(row.fee)] for row in changed[:200]],
        )  # fmt: skip
    return len(added), len(changed)


def _table(text: str) -> list[tuple[int, dict[str, str]]]:
    """Rows by heading, numbered as a spreadsheet numbers them (the heading is row 1)."""
    try:
        rows = list(csv.reader(io.StringIO(text), delimiter=csv_text.separator(text)))
    except csv.Error as error:
        raise BadRule(f"This is not a CSV file: {error}.", code="not_csv") from error
    if not rows or not any(rows[0]):
        raise BadRule("The file is empty.", code="empty_file")
    known = {name.lower(): name for name in HEADER}
    heads = [known.get(_cell(head).lower(), "") for head in rows[0]]
    missing = [name for name in NEEDED if name not in heads]
    if missing:
        raise BadRule(
            f"The first row has no heading {', '.join(missing)}. Headings are {', '.join(HEADER)}.",
            code="no_heading",
        )
    if len(rows) > MOST_ROWS + 1:
        raise BadRule(f"More than {MOST_ROWS:,} rows. Split the file.", code="file_too_large")
    return [
        (number, {head: _cell(cell) for head, cell in zip(heads, cells, strict=False) if head})
        for number, cells in enumerate(rows[1:], start=2)
        if any(cell.strip() for cell in cells)
    ]


def _cell(text: str) -> str:
    """A cell without the apostrophe that keeps spreadsheets from running it."""
    text = text.strip()
    return text[1:] if text[:1] == "'" and text[1:2] in ("=", "+", "-", "@") else text


class _Lookup:
    """The clinic's rows by the words of a file."""

    def __init__(self) -> None:
        self.services: list[Service] = list(Service.objects.all())
        self.payers: list[Payer] = list(Payer.objects.all())
        self.plans: list[Plan] = list(Plan.objects.select_related("payer"))
        self.clinicians: list[Clinician] = list(Clinician.objects.all())
        self.locations: list[Location] = list(Location.objects.all())


def _row(line: Line, schedule: FeeSchedule, look: _Lookup) -> FeeRow | None:
    cells = line.cells
    service = _one(line, "Service", "service", look.services, _service_is(cells), needed=True)
    payer = _one(line, "Payer", "payer", look.payers, _payer_is(cells))
    plans = [plan for plan in look.plans if payer is None or plan.payer_id == payer.pk]
    plan = _one(line, "Plan", "plan", plans, _named(cells.get("Plan", "")))
    npi = cells.get("Clinician NPI", "")
    clinician = _one(line, "Clinician NPI", "clinician with NPI", look.clinicians, lambda row: row.npi == npi)
    location = _one(line, "Location", "location", look.locations, _named(cells.get("Location", "")))
    day, fee = _day(line), _fee(line)
    credential = cells.get("Credential", "")
    if len(credential) > 12:
        line.wrong.append("Credential: at most 12 characters.")
    if line.wrong or day is None or fee is None:
        return None
    return FeeRow(
        schedule=schedule, service=service, payer=payer, plan=plan, clinician=clinician, credential=credential,
        location=location, effective_on=day, fee=fee,
    )  # fmt: skip


def _one(
    line: Line, head: str, word: str, rows: list[Any], fits: Callable[[Any], bool], *, needed: bool = False
) -> Any:
    typed = line.cells.get(head, "")
    if not typed and head == "Payer":
        typed = line.cells.get("Payer ID", "")
    if not typed:
        if needed:
            line.wrong.append(f"{head} is empty.")
        return None
    found = [row for row in rows if fits(row)]
    if len(found) == 1:
        return found[0]
    if not found:
        line.wrong.append(f"There is no {word} {typed[:40]}.")
    else:
        more = {"Service": " Add the service name.", "Payer": " Add the payer ID.", "Plan": " Add the payer."}
        line.wrong.append(f"There are {len(found)} of {word} {typed[:40]}.{more.get(head, '')}")
    return None


def _service_is(cells: dict[str, str]) -> Callable[[Service], bool]:
    code, name = cells.get("Service", "").upper(), cells.get("Service name", "").lower()
    return lambda row: row.code == code and (not name or row.name.lower() == name)


def _payer_is(cells: dict[str, str]) -> Callable[[Payer], bool]:
    name, number = cells.get("Payer", "").lower(), cells.get("Payer ID", "")
    return lambda row: (not name or row.name.lower() == name) and (not number or row.payer_id == number)


def _named(name: str) -> Callable[[Any], bool]:
    return lambda row: row.name.lower() == name.lower()


def _day(line: Line) -> date | None:
    typed = line.cells.get("From", "")
    try:
        if _US_DAY.fullmatch(typed):
            month, day, year = typed.split("/")
            return date(int(year), int(month), int(day))
        if _DAY.fullmatch(typed):
            return date.fromisoformat(typed)
    except ValueError:
        pass
    line.wrong.append(
        f"From: {typed[:20] or 'nothing'} is no day such as 2026-03-09." if typed else "From is empty."
    )
    return None


def _fee(line: Line) -> Decimal | None:
    typed = line.cells.get("Fee", "")
    try:
        fee = parse_money(typed.removeprefix("$").replace(",", ""))
    except BadAmount:
        line.wrong.append(f"Fee: {typed[:20]} is no amount such as 130.00." if typed else "Fee is empty.")
        return None
    if fee < ZERO:
        line.wrong.append("Fee: less than 0.00.")
        return None
    return fee
