"""A statement in words: how each visit came to its amount, insurer by insurer, and the two largest reasons.

Reads the ledger for the visits on the statement; what it says is frozen with the snapshot (rules.md B12).
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.db.models import Q, Sum

from billing.models import LedgerEntry
from billing.patient_money import VisitMoney
from lib.money import ZERO, show_money

REQUESTS = {
    2: "Second request, please pay by",
    3: "Third request, please pay by",
    4: "Final request, please pay by",
}


def request_words(level: int) -> str:
    """How the asking begins, by how often it was asked."""
    return REQUESTS.get(level, "Please pay by")


def hows(visits: Sequence[VisitMoney]) -> dict[int, list[str]]:
    """By invoice: "Aetna paid 85.00, reduced 40.00", "We wrote off 5.00", "You paid 25.00"."""
    ids = [visit.invoice.pk for visit in visits]
    rows: Any = (
        LedgerEntry.objects.filter(charge__invoice_id__in=ids, payer__isnull=False)
        .filter(Q(account__startswith="adjustment:") | Q(account__startswith="ar:", receipt__isnull=False))
        .values_list("charge__invoice_id", "payer__name", "account")
        .annotate(sum=Sum("amount"))
        .order_by("account")
    )
    paid: dict[int, dict[str, Decimal]] = {}
    reduced: dict[int, dict[str, Decimal]] = {}
    for invoice_id, name, account, amount in rows:
        place = reduced if account.startswith("adjustment:") else paid
        by_name = place.setdefault(invoice_id, {})
        by_name[name] = by_name.get(name, ZERO) + (amount if place is reduced else -amount)
    return {
        visit.invoice.pk: _how(visit, paid.get(visit.invoice.pk, {}), reduced.get(visit.invoice.pk, {}))
        for visit in visits
    }


def why(visits: Sequence[VisitMoney]) -> list[str]:
    """At most two sentences that say where the largest amounts come from."""
    owed = sorted(
        (visit for visit in visits if visit.balance.patient > ZERO), key=lambda v: -v.balance.patient
    )
    said = []
    for visit in owed[:2]:
        day = visit.invoice.service_date
        amount = show_money(visit.balance.patient)
        if visit.balance.insurer_open or (not visit.payers and not visit.balance.paid_by_insurers):
            whole = show_money(visit.balance.patient + visit.balance.paid_by_patient)
            words, rest = f"your part of the visit is ${whole}", ""
        else:
            words, rest = "your insurance left this part to you", f": ${amount}"
        paid = visit.balance.paid_by_patient
        if paid:
            rest = f"; you paid ${show_money(paid)}, so ${amount} is left"
        said.append(f"{day:%B} {day.day}: {words}{rest}.")
    return said


def _how(visit: VisitMoney, paid: dict[str, Decimal], reduced: dict[str, Decimal]) -> list[str]:
    said = []
    for name in dict.fromkeys([*paid, *reduced]):
        parts = []
        if paid.get(name):
            parts.append(f"paid {show_money(paid[name])}")
        if reduced.get(name):
            parts.append(f"reduced {show_money(reduced[name])}")
        if parts:
            said.append(f"{name[:22]} {', '.join(parts)}")
    if visit.balance.written_off:
        said.append(f"We wrote off {show_money(visit.balance.written_off)}")
    return said
