"""Reads that pages, reports and the API share: the queue, all claims, batches, each in a few queries.

Lists page by keyset (performance.md 5): ``after`` names the last row, so page
1,200 costs what page 1 costs. Names stand on the claim itself: no joins.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum

from claims import deadlines
from claims.denial_history import Pattern
from claims.enums import BatchState, ClaimState, Outcome
from claims.models import Batch, BatchItem, Claim
from clinics.errors import BadInput
from insurance.models import Payer
from lib.money import ZERO
from x12.folding import fold

PAGE = 50
TABS = {
    "new": ClaimState.NEW,
    "ready": ClaimState.READY,
    "hold": ClaimState.ON_HOLD,
    "rejected": ClaimState.REJECTED,
}
SORTS = {
    "dos": "service_from",
    "patient": "patient_name",
    "payer": "payer_name",
    "charge": "total",
    "created": "created_at",
    "errors": "error_count",
    "left": "filing_deadline",
}
DATE_FIELDS = {
    "dos": "service_from", "created": "created_at__date", "submitted": "submitted_at__date",
    "posted": "adjudicated_at__date",
}  # fmt: skip
IN_FLIGHT = (ClaimState.SUBMITTED, ClaimState.ACKNOWLEDGED, ClaimState.ACCEPTED)


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of one page and where the next begins (empty at the end)."""

    rows: list[Claim]
    following: str


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A claim with what its row says beyond the model."""

    claim: Claim
    age: int
    deadline: deadlines.Deadline
    since: int | None = None  # days since it was submitted
    denied_before: int = 0  # like lines its payer denied lately (claims/denial_history.py)


def work_list(params: Mapping[str, str]) -> QuerySet[Claim]:
    """The claims of a filter as the address says it: tab, payer, assignee, findings, search. Unsorted."""
    rows = Claim.objects.filter(state=TABS.get(params.get("tab", ""), ClaimState.READY))
    return _narrow(rows, params)


def all_claims(params: Mapping[str, str]) -> QuerySet[Claim]:
    """Every claim by B7's filters: states, outcomes, payers, layer, and a date that says which date it is."""
    rows = Claim.objects.all()
    for name, field in (("state", "state"), ("outcome", "outcome"), ("layer", "rank")):
        chosen = _several(params, name)
        if chosen:
            rows = rows.filter(**{f"{field}__in": chosen})
    named = DATE_FIELDS.get(params.get("date", "dos"), "service_from")
    for name, lookup in (("from", "gte"), ("to", "lte")):
        day = parse_day(params.get(name, ""))
        if day is not None:
            rows = rows.filter(**{f"{named}__{lookup}": day})
    return _narrow(rows, params)


def _narrow(rows: QuerySet[Claim], params: Mapping[str, str]) -> QuerySet[Claim]:
    payers = _several(params, "payer")
    if payers:
        rows = rows.filter(payer__public_id__in=payers)
    who = params.get("who", "")
    if who == "nobody":
        rows = rows.filter(assignee="")
    elif who:
        rows = rows.filter(assignee=who)
    found = params.get("find", "")
    if found == "errors":
        rows = rows.filter(error_count__gt=0)
    elif found == "clean":
        rows = rows.filter(error_count=0)
    return search(rows, params.get("q", ""))


def search(rows: QuerySet[Claim], words: str) -> QuerySet[Claim]:
    """By any number of a claim, or by the beginning of the patient's name (a range, never LIKE)."""
    text = " ".join(words.split())[:60]
    if not text:
        return rows
    number = text.replace("-", "").upper()
    name = fold(text).lower().replace(",", " ")
    name = " ".join(name.split())
    by_name = Q(patient__search_name__gte=name, patient__search_name__lt=name + "\U0010fffd")
    return rows.filter(Q(control_number=number) | Q(payer_claim_number=number) | by_name)


def page(rows: QuerySet[Claim], sort: str = "", after: str = "", size: int = PAGE) -> Page:
    """One page in a stable order; newest service first when nothing is chosen. Raises BadInput."""
    falling = sort.startswith("-") or not sort
    field = SORTS.get(sort.lstrip("-"), "service_from")
    sign = "-" if falling else ""
    if after:
        rows = rows.filter(_beyond(field, after, falling=falling))
    found = list(rows.order_by(f"{sign}{field}", f"{sign}pk")[: size + 1])
    following = ""
    if len(found) > size:
        following = found[size - 1].public_id
    return Page(found[:size], following)


def _beyond(field: str, after: str, *, falling: bool) -> Q:
    last = Claim.objects.filter(public_id=after).first()
    if last is None:
        raise BadInput("This page is no longer there; go back to the first.", code="bad_page")
    value: Any = getattr(last, field)
    side = "lt" if falling else "gt"
    return Q(**{f"{field}__{side}": value}) | Q(**{field: value, f"pk__{side}": last.pk})


def tab_counts() -> dict[str, int]:
    """How many claims stand in each tab of the queue, in one query."""
    rows = dict(
        Claim.objects.filter(state__in=TABS.values()).order_by().values_list("state").annotate(n=Count("pk"))
    )
    return {tab: rows.get(state.value, 0) for tab, state in TABS.items()}


def sums(rows: QuerySet[Claim]) -> tuple[int, Decimal]:
    """Count and charges of a filter."""
    found = rows.aggregate(n=Count("pk"), money=Sum("total"))
    return found["n"], found["money"] or ZERO


def decorate(
    claims: list[Claim], today: date, history: Mapping[int, tuple[Pattern, ...]] | None = None
) -> list[QueueRow]:
    """Age in days and days left to file for each row; with ``history`` how often its payer denied the like."""
    return [
        QueueRow(
            claim,
            (today - claim.service_to).days,
            deadlines.look(claim.filing_deadline, claim.service_to, today),
            days_since(claim, today),
            sum(one.denied for one in (history or {}).get(claim.pk, ())),
        )
        for claim in claims
    ]


def days_since(claim: Claim, today: date) -> int | None:
    """Whole days since it was submitted, by the location's calendar day; None before that."""
    if claim.submitted_at is None:
        return None
    return max((today - claim.submitted_at.date()).days, 0)  # UTC may be a day ahead of the clinic


def payers_with_claims() -> list[tuple[str, str]]:
    """Choices of the payer filter."""
    return list(Payer.objects.filter(is_active=True).order_by("name").values_list("public_id", "name"))


def batches(params: Mapping[str, str]) -> QuerySet[Batch]:
    """Batches newest first, by state; ``q`` is a batch, an ISA13, a partner, a provider or a person."""
    rows = Batch.objects.select_related("connection", "billing_provider").order_by("-created_at", "-pk")
    state, word = params.get("state", ""), params.get("q", "").strip()
    if state in BatchState.values:
        rows = rows.filter(state=state)
    if word:
        asked = (
            Q(public_id__iexact=word) | Q(connection__name__icontains=word) | Q(created_by__icontains=word)
        )
        asked |= Q(billing_provider__name__icontains=word)
        if word.isascii() and word.isdigit() and len(word) < 10:
            asked |= Q(interchange_number=int(word))
        rows = rows.filter(asked)
    return rows


def fates(batch: Batch) -> list[tuple[str, int]]:
    """How many claims of a batch stand in each state."""
    rows = (
        BatchItem.objects.filter(batch=batch)
        .order_by()
        .values_list("claim__state")
        .annotate(n=Count("pk"))
        .order_by("-n")
    )
    return [(state, number) for state, number in rows]


def no_response(today: date, days: int) -> QuerySet[Claim]:
    """Claims in flight without any word for so many days (home page, B16)."""
    rows = Claim.objects.filter(state__in=IN_FLIGHT, submitted_at__date__lte=today - timedelta(days=days))
    return rows.exclude(
        frequency="8", replaces__state=ClaimState.VOIDED
    )  # a void that was taken waits for nothing


def parse_day(text: str) -> date | None:
    """A date of a filter; anything else filters nothing."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _several(params: Mapping[str, str], name: str) -> list[str]:
    """All values of a multi-select, empty ones left out."""
    getlist = getattr(params, "getlist", None)
    values = getlist(name) if getlist is not None else [params.get(name, "")]
    return [value for value in values if value]


STATE_CHOICES = [(state.value, state.label) for state in ClaimState]
OUTCOME_CHOICES = [(outcome.value, outcome.label) for outcome in Outcome]
