"""Workbooks read back with the types they were written with."""

from __future__ import annotations

import io
from datetime import date, datetime
from decimal import Decimal

import pytest
from openpyxl import load_workbook

from lib import workbook


@pytest.mark.rule("B7.export")
def test_each_value_keeps_its_type_and_texts_that_look_like_something_else_stay_texts():
    row = [
        Decimal("-1234567.05"), 3, date(2026, 3, 16), datetime(2026, 3, 16, 14, 5), "00012345678901234", "=1+1",
        "https://clinic.example", None, True,
    ]  # fmt: skip
    content = workbook.write("a/b:c" * 9, [f"c{n}" for n in range(len(row))], [row, row])
    sheet = load_workbook(io.BytesIO(content)).active
    lines = list(sheet.iter_rows(min_row=2))
    assert len(lines) == 2
    for line in lines:
        assert [cell.value for cell in line] == [
            -1234567.05, 3, datetime(2026, 3, 16), datetime(2026, 3, 16, 14, 5), "00012345678901234", "=1+1",
            "https://clinic.example", None, "True",
        ]  # fmt: skip
        assert [cell.data_type for cell in line] == ["n", "n", "d", "d", "s", "s", "s", "n", "s"]
        assert not line[6].hyperlink
    assert (sheet.title[:4], len(sheet.title), sheet.freeze_panes) == ("a b ", 31, "A2")


def test_an_empty_list_is_a_sheet_with_its_head():
    sheet = load_workbook(io.BytesIO(workbook.write("", ["one"], []))).active
    assert [[cell.value for cell in row] for row in sheet.iter_rows()] == [["one"]]
