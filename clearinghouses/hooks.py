"""What this room tells upwards. responses/ registers in its AppConfig.ready(); nobody here knows of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clearinghouses.models import InboundFile

_when_received: list[Callable[[InboundFile], None]] = []


def when_received(act: Callable[[InboundFile], None]) -> Callable[[InboundFile], None]:
    """Register: called once for each new file, in the transaction that stores it (promise work there)."""
    if act not in _when_received:
        _when_received.append(act)
    return act


def received(inbound: InboundFile) -> None:
    """Tell all who registered."""
    for act in _when_received:
        act(inbound)
