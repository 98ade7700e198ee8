"""A void (frequency 8) and the claim it takes back: what the payer's answer does to both (rules.md B5, B8).

Before it: claims/corrections.py, which asks for the void; claims/acknowledgements.py and
claims/adjudications.py with the payer's answer. The old claim waits in ``void_requested`` and stays the live
claim of its layer until the payer has taken the void.
"""

from __future__ import annotations

from claims import lifecycle
from claims.enums import ClaimState, Outcome
from claims.models import Claim

VOID = "8"
IN_FLIGHT = (ClaimState.SUBMITTED, ClaimState.ACKNOWLEDGED, ClaimState.ACCEPTED)


def original_of(void: Claim) -> Claim | None:
    """The claim a void takes back, locked; None when the claim is no void."""
    if void.frequency != VOID or void.replaces_id is None:
        return None
    return Claim.objects.select_for_update(of=("self",), no_key=True).get(pk=void.replaces_id)


def void_of(claim: Claim) -> Claim | None:
    """The newest void that was made for this claim and was not given up."""
    rows = Claim.objects.filter(replaces=claim, frequency=VOID).exclude(state=ClaimState.VOIDED)
    return rows.order_by("-version", "-pk").first()


def has_left(claim: Claim) -> bool:
    """Whether a void of this claim is on its way or further: only then is a reversal its answer."""
    void = void_of(claim)
    return void is not None and void.state not in (ClaimState.NEW, ClaimState.READY, ClaimState.ON_HOLD)


def taken(void: Claim, text: str, *, segment: str = "", file_key: str = "") -> None:
    """The payer took the void: the claim behind it is ``voided``. Safe to repeat; no void, nothing done."""
    original = original_of(void)
    if original is not None and original.state == ClaimState.VOID_REQUESTED:
        lifecycle.move(original, ClaimState.VOIDED, text=text, segment=segment, file_key=file_key)


def refused(void: Claim, text: str, *, segment: str = "", file_key: str = "") -> None:
    """The void came to nothing (denied, or given up before it left): the old claim is decided as before."""
    original = original_of(void)
    if original is not None and original.state == ClaimState.VOID_REQUESTED:
        lifecycle.move(original, ClaimState.ADJUDICATED, text=text, segment=segment, file_key=file_key)


def reversed_by_payer(claim: Claim, text: str, *, segment: str = "", file_key: str = "") -> None:
    """The payer's reversal (CLP02 22) under either number: the old claim is voided, the void is answered."""
    if claim.frequency == VOID:
        taken(claim, text, segment=segment, file_key=file_key)
        return
    void = void_of(claim)
    if void is not None and void.state in IN_FLIGHT:
        lifecycle.move(
            void,
            ClaimState.ADJUDICATED,
            text=text,
            segment=segment,
            file_key=file_key,
            outcome=Outcome.REVERSED,
        )
