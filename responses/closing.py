"""What a posting leaves on its claim at once: a word on what the patient owes, and ``closed`` (rules.md B5, B11.2).

Called by posting.follow in the posting's own transaction; coordination.py does later what takes a new claim.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from claims import lifecycle
from claims.enums import ClaimState
from claims.lifecycle import Event
from lib.money import ZERO, total
from responses.family import Family
from responses.models import ClaimResponse

WORDS = "Answered and posted: the insurer owes nothing"
FURTHER = ("layer-2", "layer-3", "crossover")


def close(posted: Sequence[tuple[ClaimResponse, Family]], due: Mapping[int, Decimal]) -> None:
    """Notes and closings of all claims of a sitting. ``due`` is what patients owe now, by charge."""
    events = []
    for response, found in posted:
        owed = total(due.get(charge_id, ZERO) for charge_id in found.charge_ids)
        if response.claim is not None and owed and response.plan.get("next") == "patient":
            text = f"Patient owes {owed} after the last insurer"
            events.append(Event(response.claim, text, kind="coordination"))
    closed: set[int] = set()
    for response, found in posted:
        claim = response.claim
        if claim is None or claim.pk in closed or response.status_code == "22":
            continue
        if claim.state == ClaimState.ADJUDICATED and not any(
            line.insurers.get(claim.rank) for line in found.ledger.lines
        ):
            closed.add(claim.pk)
            events.append(Event(claim, WORDS, to=ClaimState.CLOSED))
    lifecycle.move_each(events)


def has_more(response: ClaimResponse, found: Family) -> bool:
    """Whether something is left for coordination: a claim to the next insurer, or an answer that waits."""
    return response.plan.get("next") in FURTHER or found.waits
