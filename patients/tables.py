"""Lists as CSV files that are safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from typing import Any

from django.http import HttpResponse

NUMBER = re.compile(r"[-+]\d+(?:\.\d+)?")  # below zero, or a telephone number of another country


def csv_file(name: str, header: list[str], rows: Iterable[list[Any]]) -> HttpResponse:
    """An attachment ``name``.csv; cells that a spreadsheet would run as formulas are quoted with an apostrophe.

    Numbers stay numbers, those below zero too.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(header)
    for row in rows:
        writer.writerow([safe_cell(cell) for cell in row])
    response = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def safe_cell(cell: Any) -> str:
    """A cell that no spreadsheet runs as a formula."""
    text = "" if cell is None else str(cell)
    if text[:1] not in ("=", "+", "-", "@", "\t", "\r") or NUMBER.fullmatch(text):
        return text
    return f"'{text}"
