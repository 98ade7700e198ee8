"""Close a day when its books tie, and reopen the last one (rules.md B13, I-24).

Before it: a biller at the end of the day. Behind it: the database refuses any posting on a closed day, and
ledger.py puts what comes late on the next open one. The insurers' side of the ties is asked of the rooms above.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import F, OuterRef, Q, Subquery, Sum

from billing import hooks, ledger
from billing.enums import MethodKind
from billing.errors import CannotClose
from billing.hooks import Break, Span
from billing.models import DayClose, DrawerClose, LedgerEntry
from clinics import audit
from clinics.models import Location
from clinics.scoping import current_actor, require_clinic_id
from lib.money import ZERO, show_money, total
from patients.here import moment_at

TIES = {
    "drawer": "Drawers counted",
    "bank": "Bank = checks and EFTs",
    "receipt": "Check = posted + escrow − provider-level",
    "claim": "Claim lines = visit lines",
}
PAGE = 200


@dataclass(frozen=True, slots=True)
class Figures:
    """What happened in the days of a close, and what stands at their end; dollars, all from the ledger."""

    charges: Decimal
    adjusted: Decimal
    written_off: Decimal
    methods: tuple[tuple[str, Decimal], ...]  # patients' money by method, less what was given back
    from_insurers: Decimal
    credit_change: Decimal
    escrow_change: Decimal
    other: Decimal  # provider-level items, interest, opening balances
    owed_before: Decimal
    owed_after: Decimal
    escrow: Decimal
    credit: Decimal

    @property
    def from_patients(self) -> Decimal:
        """All methods together."""
        return total(amount for _, amount in self.methods)

    @property
    def steps(self) -> list[tuple[str, Decimal]]:
        """What leads from owed before to owed after, each with its sign; they add up where the books roll."""
        money = [(f"Patients, {name}", -amount) for name, amount in self.methods]
        return [
            ("Owed before", self.owed_before),
            ("Charges", self.charges),
            *money,
            ("From insurers", -self.from_insurers),
            ("Reduced by insurers’ answers", -self.adjusted),
            ("Written off", -self.written_off),
            ("Patients’ money not used yet", self.credit_change),
            ("Insurers’ money not posted yet", self.escrow_change),
            ("Provider-level and other", -self.other),
        ]

    @property
    def rolls(self) -> bool:
        """Owed before + charges − money − adjusted − written off = owed after, with credit, escrow and the rest."""
        return total(amount for _, amount in self.steps) == self.owed_after

    def as_json(self) -> dict[str, Any]:
        """Kept with the close."""
        plain = {name: str(getattr(self, name)) for name in self.__slots__ if name != "methods"}
        return {**plain, "methods": {name: str(amount) for name, amount in self.methods}}


@dataclass(frozen=True, slots=True)
class Sheet:
    """A day before it is closed: its figures, and each thing that does not tie."""

    span: Span
    figures: Figures
    breaks: tuple[Break, ...]
    stops: str  # why it cannot be closed at all: it lies ahead, or it is closed

    @property
    def ties(self) -> list[tuple[str, str, int]]:
        """(key, words, how many breaks) of each tie."""
        return [(key, words, sum(row.tie == key for row in self.breaks)) for key, words in TIES.items()]


def sheet(location: Location, day: date, *, today: date) -> Sheet:
    """Everything since the last closed day, through ``day``; a constant number of queries."""
    last = ledger.closed_through()
    span = Span(
        last,
        day,
        moment_at(location, last + timedelta(days=1), time.min) if last else None,
        moment_at(location, day + timedelta(days=1), time.min),
    )
    stops = ""
    if day > today:
        stops = "This day is not over: close today at its end, or a day before it."
    elif last is not None and day <= last:
        stops = f"The books are closed through {last:%m/%d/%Y}."
    if stops:
        return Sheet(span, _figures(span), (), stops)
    return Sheet(span, _figures(span), (*_drawers(day), *hooks.DAY_TIES.ask(span)), "")


def close(
    location: Location, day: date, *, today: date, note: str = "", over_breaks: bool = False
) -> DayClose:
    """Close a day and all days before it; CannotClose says what does not tie.

    ``over_breaks``: the person may close although something is broken, with a note that is kept with the
    list. The clinic's lock is taken whole: postings under way are waited for and then counted, later ones
    find the day closed.
    """
    _lock_days()
    found = sheet(location, day, today=today)
    if found.stops:
        code = "closed_already" if day <= today else "day_ahead"
        raise CannotClose(found.stops, code=code)
    if not found.figures.rolls:  # I-1 makes this impossible; a close is the moment to be sure
        raise CannotClose("The ledger does not roll forward: see Settings, Integrity.", code="does_not_roll")
    if found.breaks and not over_breaks:
        raise CannotClose(_does_not_tie(found.breaks), code="does_not_tie", breaks=as_json(found.breaks))
    if found.breaks and not note.strip():
        raise CannotClose("Say why the day is closed although it does not tie.", code="note_needed")
    row = DayClose.objects.create(
        day=day,
        sums={
            "after": found.span.after.isoformat() if found.span.after else "",
            "figures": found.figures.as_json(),
            "breaks": as_json(found.breaks),
        },
        note=note.strip()[:200],
        closed_by=current_actor(),
    )
    audit.record(
        "day.close", "day", row.public_id, reason=row.note, day=day.isoformat(), breaks=len(found.breaks)
    )
    row.refresh_from_db(fields=["closed_at"])
    return row


def check_reopen(row: DayClose) -> None:
    """Refuse what nobody could reopen: reopened before, or a later day is still closed."""
    if row.reopened_at is not None:
        raise CannotClose("This day was reopened already.", code="open_already")
    later = DayClose.objects.filter(reopened_at__isnull=True, day__gt=row.day).order_by("day").first()
    if later is not None:
        raise CannotClose(
            f"{later.day:%m/%d/%Y} is closed, and with it every day before: reopen that day first.",
            code="later_closed",
        )


def reopen(row: DayClose, *, reason: str, at: datetime, asked_by: str = "") -> DayClose:
    """Open the last closed day again. Who may, with whom, is asked before (billing/approvals.py)."""
    if not reason.strip():
        raise CannotClose("Say why the day is opened again.", code="reason_needed")
    _lock_days()
    row = DayClose.objects.get(pk=row.pk)
    check_reopen(row)
    row.reopened_at, row.reopened_by, row.reopen_reason = at, current_actor(), reason.strip()[:200]
    row.save(update_fields=["reopened_at", "reopened_by", "reopen_reason"])
    audit.record(
        "day.reopen",
        "day",
        row.public_id,
        reason=row.reopen_reason,
        day=row.day.isoformat(),
        asked_by=asked_by,
    )
    return row


def closes() -> list[DayClose]:
    """Closed days, the latest first, reopened ones among them."""
    return list(DayClose.objects.order_by("-day", "-closed_at", "-pk")[:PAGE])


def as_json(breaks: Iterable[Break]) -> list[dict[str, str]]:
    """Breaks as they are kept and shown."""
    return [
        {
            "tie": row.tie,
            "words": row.words,
            "amount": str(row.amount),
            "route": row.route,
            "subject": row.subject,
        }
        for row in breaks
    ]


def _lock_days() -> None:
    """The lock that each posting takes shared, taken whole (billing/migrations/sql/close_lock.sql)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT public.lock_days(%s)", [require_clinic_id()])


def _does_not_tie(breaks: tuple[Break, ...]) -> str:
    rest = f", and {len(breaks) - 1} more" if len(breaks) > 1 else ""
    return f"The day does not tie: {breaks[0].words}{rest}."


def _figures(span: Span) -> Figures:
    """Two grouped readings of the ledger: the days themselves, and everything before them."""
    until = Q(txn__posted_on__lte=span.through)
    within = until & Q(txn__posted_on__gt=span.after) if span.after else until
    standing = (
        LedgerEntry.objects.filter(until)
        .values("account")
        .annotate(sum=Sum("amount"), new=Sum("amount", filter=within))
    )
    after: dict[str, Decimal] = {}
    new: dict[str, Decimal] = {}
    for row in standing.order_by():
        place = row["account"].split(":")[0]
        after[place] = after.get(place, ZERO) + row["sum"]
        new[place] = new.get(place, ZERO) + (row["new"] or ZERO)
    cash = (
        LedgerEntry.objects.filter(within, account="cash", receipt__kind=MethodKind.PATIENT)
        .values_list("receipt__method__name")
        .annotate(sum=Sum("amount"))
        .order_by("receipt__method__name")
    )
    methods = tuple((name, amount) for name, amount in cash)
    known = ("charges", "ar", "cash", "escrow", "patient_credit", "adjustment", "writeoff")
    owed = after.get("ar", ZERO)
    return Figures(
        charges=-new.get("charges", ZERO),
        adjusted=new.get("adjustment", ZERO),
        written_off=new.get("writeoff", ZERO),
        methods=methods,
        from_insurers=new.get("cash", ZERO) - total(amount for _, amount in methods),
        credit_change=-new.get("patient_credit", ZERO),
        escrow_change=-new.get("escrow", ZERO),
        other=total(amount for place, amount in new.items() if place not in known),
        owed_before=owed - new.get("ar", ZERO),
        owed_after=owed,
        escrow=-after.get("escrow", ZERO),
        credit=-after.get("patient_credit", ZERO),
    )


def _drawers(day: date) -> list[Break]:
    """Patients' money through the day that nobody has counted, a line a person and location."""
    last = DrawerClose.objects.filter(location=OuterRef("receipt__location"), person=OuterRef("txn__actor"))
    rows = (
        LedgerEntry.objects.filter(
            account="cash",
            receipt__kind=MethodKind.PATIENT,
            txn__posted_on__lte=day,
            receipt__location__isnull=False,
        )
        .annotate(counted=Subquery(last.order_by("-closed_at", "-pk").values("closed_at")[:1]))
        .filter(Q(counted__isnull=True) | Q(txn__posted_at__gt=F("counted")))
        .values("receipt__location__name", "txn__actor", "receipt__method__name")
        .annotate(sum=Sum("amount"))
        .order_by("receipt__location__name", "txn__actor", "receipt__method__name")
    )
    sums: dict[tuple[str, str], list[tuple[str, Decimal]]] = {}
    for row in rows:
        if row["sum"]:
            key = (row["receipt__location__name"], row["txn__actor"])
            sums.setdefault(key, []).append((row["receipt__method__name"], row["sum"]))
    return [
        Break(
            "drawer",
            f"{actor} has not counted at {place}: "
            + ", ".join(f"{method} {show_money(amount)}" for method, amount in methods),
            total(amount for _, amount in methods),
            "billing:drawer",
        )
        for (place, actor), methods in sums.items()
    ]
