"""Timely filing as a work list: every claim the payer has not taken yet, by how much of its time is gone (B14).

Before it: claims/deadlines.py, whose levels these are, said to the database. After it: the page and its API.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db.models import (
    Case,
    CharField,
    Count,
    DateField,
    F,
    Func,
    IntegerField,
    Q,
    QuerySet,
    Value,
    When,
)

from claims import queries
from claims.enums import ClaimState
from claims.models import Claim

TABS = {"over": "Passed", "late": "Under 10 % left", "soon": "Under 20 % left", "calm": "In time"}
OPEN = (
    ClaimState.NEW,
    ClaimState.READY,
    ClaimState.ON_HOLD,
    ClaimState.BATCHED,
    ClaimState.SUBMITTED,
    ClaimState.ACKNOWLEDGED,
    ClaimState.REJECTED,
    ClaimState.AWAITING_CROSSOVER,
)
NOT_SENT = (ClaimState.NEW, ClaimState.READY, ClaimState.ON_HOLD, ClaimState.REJECTED)


class _Days(Func):
    """One date less another, in whole days."""

    template = "(%(expressions)s)"
    arg_joiner = " - "
    output_field = IntegerField()


def open_claims(today: date) -> QuerySet[Any]:
    """Claims with a limit that the payer has not said yes to, each with ``left`` and ``level`` (deadlines.look).

    A clearinghouse's yes is none of the payer's. A void asks for nothing.
    """
    rows = (
        Claim.objects.filter(Q(state__in=OPEN) | (Q(state=ClaimState.ACCEPTED) & ~Q(accepted_by="payer")))
        .filter(filing_deadline__isnull=False)
        .exclude(frequency="8")
        .annotate(
            left=_Days(F("filing_deadline"), Value(today, DateField())),
            whole=_Days(F("filing_deadline"), F("service_to")),
        )
    )
    return rows.annotate(
        level=Case(
            When(left__lt=0, then=Value("over")),
            When(Q(left=0) | Q(whole__gte=F("left") * 10), then=Value("late")),
            When(whole__gte=F("left") * 5, then=Value("soon")),
            default=Value("calm"),
            output_field=CharField(),
        )
    )


def work_list(params: Mapping[str, str], today: date) -> QuerySet[Any]:
    """The open claims of a filter: level, payer, sent or not, who has it, search."""
    rows = narrow(open_claims(today), params)
    level = params.get("level", "")
    return rows.filter(level=level) if level in TABS else rows


def narrow(rows: QuerySet[Any], params: Mapping[str, str]) -> QuerySet[Any]:
    """Every part of the filter but the level."""
    if params.get("payer"):
        rows = rows.filter(payer__public_id=params["payer"])
    if params.get("sent") == "no":
        rows = rows.filter(state__in=NOT_SENT)
    elif params.get("sent") == "yes":
        rows = rows.exclude(state__in=NOT_SENT)
    who = params.get("who", "")
    if who:
        rows = rows.filter(assignee="" if who == "nobody" else who)
    return queries.search(rows, params.get("q", ""))


def count_urgent(today: date) -> int:
    """Claims of which less than a fifth of the time to file is left, or none."""
    found = counts(open_claims(today))
    return found["over"] + found["late"] + found["soon"]


def counts(rows: QuerySet[Any]) -> dict[str, int]:
    """How many claims stand at each level, in one statement."""
    found = dict(rows.order_by().values_list("level").annotate(n=Count("pk")))
    return {level: found.get(level, 0) for level in TABS}
