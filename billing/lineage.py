"""Invoices and those they correct (rules.md B8): one visit, one family of claims.

A corrected invoice points at the one it corrects, which is void. Claims sent for any of them are answered as one.
"""

from __future__ import annotations

from collections.abc import Iterable

from billing.models import Invoice


def earlier(invoices: Iterable[Invoice]) -> dict[int, int]:
    """The invoices that these correct, directly or through others: key -> key of the one that stands.

    No query where none of them corrects anything.
    """
    stands = {row.corrects_id: row.pk for row in invoices if row.corrects_id}
    found: dict[int, int] = {}
    while stands:
        found.update(stands)
        rows = Invoice.objects.filter(pk__in=stands, corrects__isnull=False).values_list("pk", "corrects_id")
        stands = {before: stands[pk] for pk, before in rows if before is not None}
    return found


def later(ids: Iterable[int]) -> dict[int, int]:
    """The invoice that stands in place of each of these, for those that were corrected."""
    last = {pk: pk for pk in ids}
    moving = set(last)
    while moving:
        rows = Invoice.objects.filter(corrects_id__in=moving).order_by("pk").values_list("corrects_id", "pk")
        nexts = {before: after for before, after in rows if before is not None}
        last = {pk: nexts.get(at, at) for pk, at in last.items()}
        moving = set(nexts.values())
    return {pk: at for pk, at in last.items() if pk != at}


def whole(invoice: Invoice) -> list[int]:
    """Every invoice of the family, oldest first."""
    last = later([invoice.pk]).get(invoice.pk, invoice.pk)
    return sorted({last, *earlier([Invoice.objects.get(pk=last)])})
