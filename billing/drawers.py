"""Drawers: what one person took at a location since the last count, and the count itself (rules.md B13).

The system's side comes from the ledger's cash entries, by the person who posted them: payments taken,
less refunds and payments taken back. A close is a row that never changes; the next one starts there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Sum

from billing.errors import BadDrawer
from billing.models import DrawerClose, LedgerEntry
from clinics import audit
from clinics.models import Location
from lib.money import ZERO, show_money, total

PAGE = 100


@dataclass(frozen=True, slots=True)
class Drawer:
    """What should be there: dollars by method since ``opened_at`` (None: never counted)."""

    opened_at: datetime | None
    methods: tuple[tuple[str, Decimal], ...]

    @property
    def system(self) -> Decimal:
        """All methods together."""
        return total(amount for _, amount in self.methods)


def open_drawer(location: Location, person: str) -> Drawer:
    """The drawer of one person at one location as it stands."""
    last = DrawerClose.objects.filter(location=location, person=person).order_by("-closed_at", "-pk").first()
    rows = LedgerEntry.objects.filter(
        account="cash", receipt__kind="patient", receipt__location=location, txn__actor=person
    )
    if last is not None:
        rows = rows.filter(txn__posted_at__gt=last.closed_at)
    sums = (
        rows.values_list("receipt__method__name")
        .annotate(sum=Sum("amount"))
        .order_by("receipt__method__name")
    )
    return Drawer(last.closed_at if last else None, tuple((name, amount) for name, amount in sums))


def close(
    location: Location,
    person: str,
    counted: Mapping[str, Decimal],
    *,
    seen: Decimal,
    day: date,
    note: str = "",
) -> DrawerClose:
    """Keep a count beside what the system says; a difference needs a note.

    ``seen`` is the system's sum on the page that was counted from: when money moved since, BadDrawer asks
    to look again. The location's row is the lock, so two counts of one drawer take turns.
    """
    Location.objects.select_for_update(no_key=True).get(pk=location.pk)
    drawer = open_drawer(location, person)
    if drawer.system != seen:
        raise BadDrawer(
            f"The drawer has changed since: the system says {show_money(drawer.system)} now. Look and count again.",
            code="drawer_moved",
        )
    known = dict(drawer.methods)
    strange = set(counted) - set(known)
    if strange or any(amount < ZERO for amount in counted.values()):
        raise BadDrawer("Count the methods of this drawer, 0.00 or more.", code="bad_count")
    if not known:
        raise BadDrawer(
            "There is nothing to count: no money moved since the last count.", code="nothing_to_count"
        )
    found = {name: counted.get(name, ZERO) for name in known}
    difference = total(found.values()) - drawer.system
    if found != known and not note.strip():
        raise BadDrawer(
            f"The count differs ({show_money(difference)} in all): write what you know of it.",
            code="note_needed",
        )
    row = DrawerClose.objects.create(
        location=location, person=person, day=day, opened_at=drawer.opened_at, system=drawer.system,
        counted=total(found.values()), note=note.strip()[:200],
        methods=[{"method": name, "system": str(known[name]), "counted": str(found[name])} for name in known],
    )  # fmt: skip
    audit.record(
        "drawer.close", "drawer", row.public_id, person=person, system=str(drawer.system), counted=str(row.counted),
    )  # fmt: skip
    row.refresh_from_db(fields=["closed_at"])
    return row


def closes(location: Location, person: str = "") -> list[DrawerClose]:
    """Counts of a location, newest first; of everybody or one person."""
    rows = DrawerClose.objects.filter(location=location).order_by("-closed_at", "-pk")
    return list((rows.filter(person=person) if person else rows)[:PAGE])
