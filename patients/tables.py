"""Lists as files: CSV that is safe to open in a spreadsheet, or a workbook."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from lib import workbook
from patients.here import location_if_any

MOST = 20_000  # lines of one file; a list asks for one more, so that the file can say when there are more
WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
NUMBER = re.compile(r"[-+]\d+(?:\.\d+)?")  # below zero, or a telephone number of another country


def wants_file(request: HttpRequest) -> bool:
    """Whether the list is asked for as a file: ``?format=csv`` or ``?format=xlsx``."""
    return _format(request) in ("csv", "xlsx")


def list_file(request: HttpRequest, name: str, header: list[str], rows: Iterable[list[Any]]) -> HttpResponse:
    """The list in the form asked for, at most MOST lines; a last line says when there are more (rule B7.export)."""
    here = location_if_any(request)
    zone = ZoneInfo(here.time_zone if here else "UTC")
    lines = ([_local(cell, zone) for cell in row] for row in _told(iter(rows)))
    if _format(request) != "xlsx":
        return csv_file(name, header, lines)
    return _attachment(workbook.write(name, header, lines), f"{name}.xlsx", WORKBOOK)


def csv_file(name: str, header: list[str], rows: Iterable[list[Any]]) -> HttpResponse:
    """An attachment ``name``.csv; cells that a spreadsheet would run as formulas are quoted with an apostrophe.

    Numbers stay numbers, those below zero too.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(header)
    for row in rows:
        writer.writerow([safe_cell(cell) for cell in row])
    return _attachment(text.getvalue(), f"{name}.csv", "text/csv; charset=utf-8")


def safe_cell(cell: Any) -> str:
    """A cell that no spreadsheet runs as a formula."""
    text = "" if cell is None else cell.isoformat(" ", "minutes") if isinstance(cell, datetime) else str(cell)
    if text[:1] not in ("=", "+", "-", "@", "\t", "\r") or NUMBER.fullmatch(text):
        return text
    return f"'{text}"


def _format(request: HttpRequest) -> str:
    asked = request.POST if request.method == "POST" else request.GET
    return asked.get("format", "")


def _told(rows: Iterator[list[Any]]) -> Iterator[list[Any]]:
    yield from islice(rows, MOST)
    if next(rows, None) is not None:
        yield [
            f"Only the first {MOST:,} lines are in this file. Narrow the list by its filters to get the others."
        ]


def _local(cell: Any, zone: ZoneInfo) -> Any:
    """A moment by the location's clock, without its zone, which a spreadsheet does not know."""
    return timezone.make_naive(cell, zone) if isinstance(cell, datetime) and timezone.is_aware(cell) else cell


def _attachment(content: str | bytes, name: str, kind: str) -> HttpResponse:
    response = HttpResponse(content, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
