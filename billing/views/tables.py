"""Plain tables: columns and rows of cells, as a page or as CSV; the lists of what is left look alike."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse

from billing.views.local import render_at
from clinics import audit
from patients.here import location_here
from patients.tables import list_file, wants_file


@dataclass(frozen=True, slots=True)
class Cell:
    """One value: text, a day or dollars; with ``url`` a link, with ``family`` a badge."""

    value: Any
    url: str = ""
    family: str = ""
    icon: str = "circle-dashed"
    phi: bool = False
    name: bool = False
    label: str = ""  # its column's word, written before it on a phone
    wide: bool = False  # a phone leaves it out: one of several amounts, and it is 0.00

    @property
    def kind(self) -> str:
        """How the template shows it."""
        if self.family:
            return "badge"
        if isinstance(self.value, Decimal):
            return "money"
        if isinstance(self.value, int):
            return "count"
        if isinstance(self.value, datetime):
            return "moment"
        return "day" if isinstance(self.value, date) else "text"


@dataclass(slots=True)
class Table:
    """A list page. ``head``: (words, is a figure). ``acts``: (words, url, is the one action)."""

    title: str
    head: list[tuple[str, bool]]
    rows: list[list[Cell]]
    blank: str = "Nothing here"
    blank_words: str = ""
    sub: str = ""
    tabs: list[dict[str, Any]] = field(default_factory=list)
    tiles: list[dict[str, Any]] = field(default_factory=list)
    acts: list[tuple[str, str, bool]] = field(default_factory=list)
    dates: list[dict[str, Any]] = field(default_factory=list)
    selects: list[dict[str, Any]] = field(default_factory=list)
    search: str | None = None
    said: str = ""
    more: str = ""
    foot: list[Cell] = field(default_factory=list)
    above: str = ""  # a template shown over the list, with ``extra`` as its context
    extra: dict[str, Any] = field(default_factory=dict)


def show(request: HttpRequest, table: Table, *, file_name: str = "", status: int = 200) -> HttpResponse:
    """The page, or with ``?format=csv`` the same rows as a file; an export is audited."""
    if file_name and wants_file(request):
        audit.record("report.export", "report", file_name, rows=len(table.rows))
        return list_file(
            request,
            file_name,
            [words for words, _ in table.head],
            [[_plain(cell) for cell in row] for row in table.rows],
        )
    filtered = any(request.GET.get(each["name"]) for each in [*table.dates, *table.selects]) or bool(
        table.search
    )
    table.rows = [_labelled(row, table.head) for row in table.rows]
    context = {"table": table, "files": "yes" if file_name else "", "filtered": filtered, **table.extra}
    return render_at(location_here(request), request, "billing/list.html", context, status=status)


def counted(number: int, word: str) -> str:
    """1 plan, 2 plans."""
    return f"{number} {word}{'' if number == 1 else 's'}"


def _plain(cell: Cell) -> Any:
    return "" if cell.value is None else cell.value


def _labelled(row: list[Cell], head: list[tuple[str, bool]]) -> list[Cell]:
    """On a phone the name and the last amount need no word; other amounts, days and texts do."""
    last = max((at for at, cell in enumerate(row) if cell.kind == "money"), default=-1)
    return [
        replace(cell, wide=True)
        if cell.kind == "money" and at != last and not cell.value
        else cell
        if cell.name or at == last or cell.family or words.lower() in str(cell.value or words).lower()
        else replace(cell, label=words)
        for at, (cell, (words, _)) in enumerate(zip(row, head, strict=True))
    ]
