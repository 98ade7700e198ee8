"""After a posting: the next layer's claim, the crossover timer, and another look at what waits (rules.md B11.2).

Woken by the promises that postings leave, one for a posting by hand, one for each block of a remittance; safe to
run again. The move of the
PR part itself is in the posting: here nothing changes who owes.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet

from claims import lifecycle, queue
from claims.enums import ClaimState
from claims.errors import NothingToClaim
from claims.lifecycle import Event
from claims.models import Claim, ClaimEvent
from clinics.calendar import clinic_day
from responses import closing, manual
from responses import family as families
from responses.enums import PostingState
from responses.family import POSTED, Family
from responses.models import ClaimResponse

DEFAULT_CROSSOVER_DAYS = 30


def roll_over(response_id: int, *, at: datetime) -> None:
    """Do what one posting calls for. A posting undone in the meantime calls for nothing."""
    _roll(ClaimResponse.objects.filter(pk=response_id), at)


def roll_over_block(first_id: int, size: int, *, at: datetime) -> None:
    """The same for all postings of one block of a remittance, named by the first of them: in a few statements."""
    _roll(block_of(first_id, size), at)


def block_of(first_id: int, size: int) -> QuerySet[ClaimResponse]:
    """The automatic postings of the block in which this answer stands."""
    first = ClaimResponse.objects.only("remittance_id", "ordinal").filter(pk=first_id).first()
    if first is None:
        return ClaimResponse.objects.none()
    start = (first.ordinal - 1) // size * size
    return ClaimResponse.objects.filter(
        remittance_id=first.remittance_id, ordinal__gt=start, ordinal__lte=start + size,
        state=PostingState.AUTO_POSTED,
    )  # fmt: skip


def _roll(rows: QuerySet[ClaimResponse], at: datetime) -> None:
    posted = list(
        rows.filter(state__in=POSTED, claim__isnull=False)
        .filter(Q(plan__next__in=closing.FURTHER) | Exists(_waiting(OuterRef("claim__invoice_id"))))
        .select_related("claim")
        .defer("document", "claim__document", "claim__findings")
        .order_by("ordinal", "pk")
    )
    keys = [(row.claim.invoice_id, row.claim.part) for row in posted if row.claim is not None]
    loaded = families.load(keys)
    today = clinic_day(at)
    lifecycle.move_each(
        [
            event
            for response, key in zip(posted, keys, strict=True)
            if key in loaded
            for event in _calls_for(response, loaded[key], today)
        ]
    )
    for response, key in zip(posted, keys, strict=True):
        if key in loaded and loaded[key].waits:
            manual.look_again(loaded[key], response)


def _waiting(invoice_id: OuterRef) -> QuerySet[ClaimResponse]:
    return ClaimResponse.objects.filter(claim__invoice_id=invoice_id, state=PostingState.EXCEPTION)


def _calls_for(response: ClaimResponse, found: Family, today: date) -> list[Event]:
    """The next layer's claim, and the word on it for the claim's timeline."""
    outcome = response.plan.get("next", "none")
    rank = response.plan.get("layer")
    following = found.ledger.next_layer(rank) if rank else None
    is_next = following is not None and found.ledger.responsible == following.rank
    if outcome not in closing.FURTHER or following is None or not is_next:
        return []
    assert response.claim is not None
    event = _next_claim(response.claim, found, following.rank, outcome, today)
    told = ClaimEvent.objects.filter(claim=event.claim, kind=event.kind, text=event.text)
    return [] if told.exists() else [event]  # a promise may be kept twice


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


def _next_claim(claim: Claim, found: Family, rank: int, outcome: str, today: date) -> Event:
    payer = found.payers[rank]
    until = None
    if outcome == "crossover":
        until = today + timedelta(days=payer.crossover_days or DEFAULT_CROSSOVER_DAYS)
    try:
        made = queue.next_layer(found.invoice, rank, today, crossover_until=until)
    except NothingToClaim as refused:
        return Event(claim, f"No claim to {payer.name}: {refused.message}"[:300], kind="note")
    text = f"{payer.name} is next: claim {made.control_number} {made.get_state_display().lower()}"
    return Event(claim, text, kind="coordination", data={"next": made.public_id})
