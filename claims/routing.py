"""Which connection carries which claim: the payer's own route, else the clinic's first active connection.

Before it: claims/submitting.py. A clinic with one partner needs no routes at all.
"""

from __future__ import annotations

from collections.abc import Iterable

from claims.models import Claim, PayerRoute
from clearinghouses.models import Connection
from clearinghouses.queries import active_connections


def routes(claims: Iterable[Claim]) -> dict[int, Connection]:
    """The connection of each payer of these claims, in two queries; payers without one are left out."""
    return routes_of({claim.payer_id for claim in claims})


def routes_of(wanted: set[int]) -> dict[int, Connection]:
    """``routes`` by the keys of payers; insurance asks this too (CONNECTIONS_FOR)."""
    first = next(iter(active_connections()[:1]), None)
    found = dict.fromkeys(wanted, first) if first is not None else {}
    rows = PayerRoute.objects.filter(payer_id__in=wanted, connection__is_active=True).select_related(
        "connection"
    )
    for row in rows:
        found[row.payer_id] = row.connection
    return {payer: connection for payer, connection in found.items() if connection is not None}
