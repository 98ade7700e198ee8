"""Tables as workbooks (.xlsx): a spreadsheet keeps numbers, days, and texts that look like numbers, as they are.

A CSV leaves that to the spreadsheet's guess: a member ID 00012345678901234 becomes 1.23457E+13.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from xlsxwriter import Workbook

WIDEST = 60  # characters of a column; longer texts go on behind it


def write(title: str, header: list[str], rows: Iterable[list[Any]]) -> bytes:
    """A workbook of one sheet: bold head that stays, filters, each value with its type.

    Decimals and whole numbers become numbers (dollars with two places), days and moments without a zone become dates;
    everything else is text, never a formula or a link.
    """
    out = io.BytesIO()
    plain = {
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "in_memory": True,
    }
    with Workbook(out, plain) as book:
        sheet = book.add_worksheet(_sheet_name(title))
        forms = {
            "head": book.add_format({"bold": True}),
            "money": book.add_format({"num_format": "#,##0.00"}),
            "day": book.add_format({"num_format": "mm/dd/yyyy"}),
            "moment": book.add_format({"num_format": "mm/dd/yyyy hh:mm"}),
        }
        sheet.write_row(0, 0, header, forms["head"])
        last, widths = 0, [len(words) for words in header]
        for last, row in enumerate(rows, start=1):
            for column, value in enumerate(row):
                _put(sheet, last, column, value, forms)
                if column < len(widths):
                    widths[column] = max(widths[column], len(str(value)))
        for column, width in enumerate(widths):
            sheet.set_column(column, column, min(width, WIDEST) + 2)
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, last, len(header) - 1)
    return out.getvalue()


def _put(sheet: Any, row: int, column: int, value: Any, forms: dict[str, Any]) -> None:
    if value is None or value == "":
        return
    if isinstance(value, Decimal):
        is_cents = value.as_tuple().exponent == -2
        sheet.write_number(row, column, value, forms["money"] if is_cents else None)
    elif isinstance(value, int) and not isinstance(value, bool):
        sheet.write_number(row, column, value)
    elif isinstance(value, datetime):
        sheet.write_datetime(row, column, value, forms["moment"])
    elif isinstance(value, date):
        sheet.write_datetime(row, column, value, forms["day"])
    else:
        sheet.write_string(row, column, str(value))


def _sheet_name(title: str) -> str:
    """At most 31 characters and none of those that a sheet's name may not have."""
    return "".join(" " if char in "[]:*?/\\'" else char for char in title)[:31].strip() or "List"
