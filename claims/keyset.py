"""A page of a list in a stable order, from behind a row: no page shifts while somebody adds rows above it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

SIZE = 50


@dataclass(frozen=True, slots=True)
class Page:
    """Rows, and the public id to ask the next page with (empty: this is the last)."""

    rows: list[Any]
    following: str


def page(rows: QuerySet[Any], sorts: Mapping[str, str], sort: str, after: str, size: int = SIZE) -> Page:
    """One page. ``sorts``: the words of ?sort= and their columns, none of which may be null; the first one, falling,
    is the order when nothing was chosen. ``after``: a row's public id; one that is not there begins anew."""
    name = sorts.get(sort.lstrip("-"), "")
    falling = sort.startswith("-") or not name
    name = name or next(iter(sorts.values()))
    last = rows.model.objects.filter(public_id=after).values("pk", name).first() if after else None
    if last is not None:
        beyond, value = "lt" if falling else "gt", last[name]
        rows = rows.filter(
            Q(**{f"{name}__{beyond}": value}) | Q(**{name: value, f"pk__{beyond}": last["pk"]})
        )
    sign = "-" if falling else ""
    found = list(rows.order_by(f"{sign}{name}", f"{sign}pk")[: size + 1])
    return Page(found[:size], found[size - 1].public_id if len(found) > size else "")
