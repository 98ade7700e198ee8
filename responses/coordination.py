"""After a posting: the next layer's claim, the crossover timer, held credit, and what became due (rules.md B11.2).

Woken by the promise ``responses.rollover`` that each posting leaves; safe to run again. The move of the
PR part itself is in the posting: here nothing changes who owes.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from billing import balances
from claims import lifecycle, queue
from claims.enums import ClaimState
from claims.errors import NothingToClaim
from claims.models import Claim
from responses import family as families
from responses import manual
from responses.family import POSTED, Family
from responses.models import ClaimResponse

DEFAULT_CROSSOVER_DAYS = 30


def roll_over(response_id: int, *, at: datetime) -> None:
    """Do what one posting calls for. A posting undone in the meantime calls for nothing."""
    from responses.posting import clinic_day

    response = ClaimResponse.objects.select_related("claim").filter(pk=response_id).first()
    if response is None or response.claim is None or response.state not in POSTED:
        return
    key = (response.claim.invoice_id, response.claim.part)
    found = families.load([key]).get(key)
    if found is None:
        return
    today = clinic_day(at)
    outcome = response.plan.get("next", "none")
    rank = response.plan.get("layer")
    following = found.ledger.next_layer(rank) if rank else None
    if (
        outcome in ("layer-2", "layer-3", "crossover")
        and following
        and found.ledger.responsible == following.rank
    ):
        _next_claim(response, found, following.rank, outcome, today)
    elif outcome == "patient":
        _note_due(response, found)
    _close(response, found)
    manual.look_again(found, response)


def run_timers(today: date) -> int:
    """Crossovers without an answer in time: their claims become ``new`` (B11.2). Returns how many."""
    waiting = Claim.objects.select_for_update(of=("self",), skip_locked=True).filter(
        state=ClaimState.AWAITING_CROSSOVER, crossover_until__lt=today
    )
    moved = 0
    for claim in waiting.order_by("pk"):
        queue.end_crossover(claim, today)
        moved += 1
    return moved


def _next_claim(response: ClaimResponse, found: Family, rank: int, outcome: str, today: date) -> None:
    payer = found.payers[rank]
    until = None
    if outcome == "crossover":
        until = today + timedelta(days=payer.crossover_days or DEFAULT_CROSSOVER_DAYS)
    try:
        claim = queue.next_layer(found.invoice, rank, today, crossover_until=until)
    except NothingToClaim as refused:
        assert response.claim is not None
        lifecycle.note(response.claim, "note", f"No claim to {payer.name}: {refused.message}"[:300])
        return
    assert response.claim is not None
    text = f"{payer.name} is next: claim {claim.control_number} {claim.get_state_display().lower()}"
    lifecycle.note(response.claim, "coordination", text, data={"next": claim.public_id})


def _note_due(response: ClaimResponse, found: Family) -> None:
    assert response.claim is not None
    sums = balances.sum_lines(balances.lines([charge.pk for charge in found.charges.values()]).values())
    if sums.patient:
        lifecycle.note(response.claim, "coordination", f"Patient owes {sums.patient} after the last insurer")


def _close(response: ClaimResponse, found: Family) -> None:
    """A claim whose insurer owes nothing any more is closed."""
    assert response.claim is not None
    claim = Claim.objects.select_for_update(of=("self",)).get(pk=response.claim.pk)
    open_there = sum(line.insurers.get(claim.rank, 0) for line in found.ledger.lines)
    if claim.state == ClaimState.ADJUDICATED and not open_there and response.status_code != "22":
        lifecycle.move(claim, ClaimState.CLOSED, text="Answered and posted: the insurer owes nothing")
