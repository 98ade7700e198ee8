"""Refusals of the claims room."""

from __future__ import annotations

from claims.enums import ClaimState
from clinics.errors import Refusal


class IllegalMove(Refusal):
    """The claim cannot go from where it stands to there."""

    code = "illegal_move"

    def __init__(self, control_number: str, start: ClaimState, to: ClaimState, *, raced: bool = False) -> None:
        words = (
            f"Claim {control_number} was just changed by somebody else. Reload to see where it stands."
            if raced
            else f"Claim {control_number} is {start.label.lower()}; it cannot become {to.label.lower()} from there."
        )
        super().__init__(words, code="raced" if raced else "illegal_move", start=start.value, to=to.value)
