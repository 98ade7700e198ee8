"""Denied and underpaid answers as work: grouped by payer, code and cause, so that one act handles many (B13).

Reads here; what is done with a selection is in denial_acts.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Q, QuerySet
from django.utils.http import urlencode

from claims.deadlines import limit_after
from lib.money import ZERO, parse_money, total
from responses.enums import PostingState
from responses.gates import NEVER_DENIES
from responses.models import ClaimResponse, FollowUp
from x12.carc import REASONS

MOST = 2000  # answers read for one page; more are named as such
NO_MORE = (PostingState.REVERSED, PostingState.DUPLICATE)
LEAST_SHORT = Decimal("1.00")  # B13: an item when the variance is above max(1.00, 2 %)
UNDERPAID = "underpaid"


@dataclass(slots=True)
class Item:
    """One answer that waits for work: the amount at stake, its code and its cause."""

    row: ClaimResponse
    code: str
    remark: str
    amount: Decimal
    last: FollowUp | None = None

    @property
    def appeal_by(self) -> date | None:
        """The last day for an appeal: the insurer's days from its answer; None where they are not known."""
        claim = self.row.claim
        days = claim.payer.appeal_days if claim is not None else None
        return limit_after(self.row.remittance.payment_date, days)

    @property
    def key(self) -> tuple[str, str, str]:
        """Payer, code, cause."""
        payer = self.row.remittance.payer
        return (payer.public_id if payer else "", self.code, self.remark)


@dataclass(slots=True)
class Group:
    """Answers of one payer with one code and cause."""

    payer: str
    payer_id: str
    code: str
    remark: str
    items: list[Item] = field(default_factory=list)
    worked: dict[str, int] = field(default_factory=dict)  # outcome -> how often, for this payer and code

    @property
    def amount(self) -> Decimal:
        """What is at stake."""
        return total(item.amount for item in self.items)

    @property
    def oldest(self) -> date | None:
        """The first payment date among them."""
        return min((item.row.remittance.payment_date for item in self.items), default=None)

    @property
    def words(self) -> str:
        """The code in plain words."""
        return words_of(self.code)

    @property
    def action(self) -> str:
        """What a biller does first."""
        reason = REASONS.get(self.code.partition("-")[2])
        return reason.action if reason else ""

    @property
    def query(self) -> str:
        """The address of the group, from its list."""
        return "?" + urlencode({"payer": self.payer_id, "code": self.code, "remark": self.remark})

    @property
    def tried(self) -> str:
        """What worked before, in words."""
        told = [
            f"{label.lower()} {self.worked[value]}"
            for value, label in FollowUp.Outcome.choices
            if value and self.worked.get(value)
        ]
        return ", ".join(told)


def words_of(code: str) -> str:
    """A denial's code in plain words."""
    if code.startswith(UNDERPAID):
        return "allowed less than the contract says"
    reason = REASONS.get(code.partition("-")[2])
    return reason.meaning if reason else "see the code list"


def denied(*, payer: str = "", code: str = "", remark: str | None = None) -> list[Item]:
    """Denied answers of claims that nobody has finished, newest first; narrowed to one group when asked.

    The last answer of a claim counts: an earlier one was overtaken by it.
    """
    rows = (
        ClaimResponse.objects.filter(claim__outcome__in=["denied", "partial"], claim__state="adjudicated")
        .exclude(state__in=NO_MORE)
        .exclude(status_code="22")
    )
    if payer:
        rows = rows.filter(remittance__payer__public_id=payer)
    seen: set[int] = set()
    items = []
    for row in _read(rows):
        if row.claim_id in seen:
            continue
        seen.add(row.claim_id or 0)
        item = _denial(row)
        if item is not None and (not code or item.code == code) and (remark is None or item.remark == remark):
            items.append(item)
    return _with_last(items)


def underpaid(*, payer: str = "", code: str = "") -> list[Item]:
    """Answers that allowed less than the contract by more than max(1.00, 2 %), until one says what came of it."""
    rows = ClaimResponse.objects.filter(
        Q(variance__lt=-LEAST_SHORT) & Q(variance__lt=F("expected_allowed") * Decimal("-0.02"))
    ).exclude(state__in=(*NO_MORE, PostingState.IGNORED))
    rows = rows.exclude(status_code="22").exclude(codes__contains=["E10"])  # taken back, or a denial already
    if payer:
        rows = rows.filter(remittance__payer__public_id=payer)
    items = []
    for row in _read(rows):
        services = row.document.get("lines") or []
        procedure = services[0]["procedure"]["code"] if services else "claim"
        item = Item(row, f"{UNDERPAID} {procedure}"[:20], "", -(row.variance or ZERO))
        if not code or item.code == code:
            items.append(item)
    return [item for item in _with_last(items) if item.last is None or not item.last.outcome]


def groups(items: Iterable[Item]) -> list[Group]:
    """The items by payer, code and cause, the most money first."""
    found: dict[tuple[str, str, str], Group] = {}
    for item in items:
        group = found.setdefault(
            item.key, Group(item.row.remittance.payer_name, item.key[0], item.code, item.remark)
        )
        group.items.append(item)
    tried: dict[tuple[str, str], dict[str, int]] = {}
    counted = FollowUp.objects.exclude(outcome="").values_list(
        "response__remittance__payer__public_id", "cause", "outcome"
    )
    for payer, cause, outcome, number in counted.annotate(number=Count("pk")):
        tried.setdefault((payer or "", cause), {})[outcome] = number
    for group in found.values():
        group.worked = tried.get((group.payer_id, group.code), {})
    return sorted(found.values(), key=lambda group: (-group.amount, group.payer, group.code))


def _read(rows: QuerySet[ClaimResponse]) -> list[ClaimResponse]:
    with_ = rows.select_related("remittance__payer", "claim__payer", "claim__invoice", "claim__patient")
    return list(with_.order_by("-pk")[:MOST])


def _with_last(items: list[Item]) -> list[Item]:
    """The last follow-up of each, in one query."""
    last: dict[int, FollowUp] = {}
    for made in FollowUp.objects.filter(response__in=[item.row.pk for item in items]).order_by("pk"):
        last[made.response_id] = made
    for item in items:
        item.last = last.get(item.row.pk)
    return items


def _denial(row: ClaimResponse) -> Item | None:
    amount = total(parse_money(line["denied"]) for line in row.plan.get("lines", []))
    code, remark = _main_cause(row.document)
    if not code and row.status_code == "4":
        code = "status-4"
    if not code:
        return None
    return Item(row, code, remark, amount or row.charged - row.paid)


def _main_cause(document: dict[str, Any]) -> tuple[str, str]:
    """The code with the most denied money, and the remarks of its line."""
    sums: dict[str, Decimal] = {}
    remarks: dict[str, str] = {}
    services = document.get("lines") or []
    claim_remarks = (document.get("outpatient") or {}).get("remarks") or []
    for holder in [*services, document]:
        told = " ".join(sorted(set(holder.get("remarks") or claim_remarks)))[:30]
        for item in holder.get("adjustments") or []:
            key = (item["group"], item["reason"])
            if item["group"] == "PR" or key in NEVER_DENIES:
                continue
            code = f"{item['group']}-{item['reason']}"
            sums[code] = sums.get(code, ZERO) + parse_money(item["amount"])
            remarks.setdefault(code, told)
    code = max(sums, key=lambda each: (sums[each], each), default="")
    return code, remarks.get(code, "")
