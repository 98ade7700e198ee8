"""Finding patients: by name prefix, chart number, date of birth or telephone. Reads only.

Every comparison is an equality or a range on a plain column: the wall lets only leakproof
operators use an index (performance.md 5).
"""

from __future__ import annotations

from datetime import date, datetime
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q

from patients.models import Patient
from patients.names import digits, name_ranges, phone_digits, search_name

PAGE = 50
SORTS: dict[str, tuple[str, ...]] = {
    "name": ("search_name", "id"),
    "-name": ("-search_name", "-id"),
    "registered": ("id",),
    "-registered": ("-id",),
}


def search(typed: str) -> Any:
    """Patients that fit what was typed; everybody for nothing, nobody for what cannot be read.

    A date is a birth date, ten digits a telephone, fewer a chart number, letters a name.
    """
    text = typed.strip()[:80]
    everybody = Patient.objects.select_related("guarantor", "referring_provider")
    rows = everybody.filter(merged_into__isnull=True)
    if not text:
        return rows
    born = read_date(text)
    if born is not None:
        return rows.filter(birth_date=born)
    if phone_digits(text) and not any(char.isalpha() for char in text):
        return rows.filter(phone=phone_digits(text))
    condition = [Q(search_name__gte=low, search_name__lt=high) for low, high in name_ranges(text)]
    found = rows.filter(reduce(or_, condition)) if condition else rows.none()
    # A chart number finds a merged record too: it is still on old papers.
    return found | everybody.filter(chart_number=text) if digits(text) else found


def read_date(text: str) -> date | None:
    """A date as people type it: 05/02/1984, 5/2/1984 or 1984-05-02."""
    for pattern in ("%m/%d/%Y", "%Y-%m-%d", "%m-%d-%Y"):
        try:
            return datetime.strptime(text, pattern).date()  # noqa: DTZ007 - a birth date has no zone
        except ValueError:
            continue
    return None


def page(typed: str, sort: str = "name", after: str = "", size: int = PAGE) -> tuple[list[Patient], str]:
    """One page of a search in order, and the public id to continue after ("" at the end).

    Keyset paging: the row ``after`` says where to go on, however many pages came before.
    """
    order = SORTS.get(sort, SORTS["name"])
    rows = search(typed).order_by(*order)
    anchor = Patient.objects.filter(public_id=after).first() if after else None
    if anchor is not None:
        way = "lt" if order[0].startswith("-") else "gt"
        onward = Q(**{f"id__{way}": anchor.pk})
        if len(order) == 2:
            onward = Q(**{f"search_name__{way}": anchor.search_name}) | (
                Q(search_name=anchor.search_name) & onward
            )
        rows = rows.filter(onward)
    found = list(rows[: size + 1])
    return found[:size], found[size - 1].public_id if len(found) > size else ""


def possible_duplicates(data: dict[str, Any], exclude: Patient | None = None) -> list[Patient]:
    """Patients with the same name and birth date, or the same telephone (B14: warned on entry)."""
    condition = Q(pk__in=[])
    if data.get("birth_date"):
        name = search_name(data.get("last_name") or "", data.get("first_name") or "")
        condition |= Q(search_name=name, birth_date=data["birth_date"])
    if data.get("phone"):
        condition |= Q(phone=data["phone"])
    rows = Patient.objects.filter(condition, merged_into__isnull=True).order_by("search_name", "id")
    if exclude is not None:
        rows = rows.exclude(pk=exclude.pk)
    return list(rows[:5])
