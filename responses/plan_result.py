"""What a plan says: the decision for one claim and the moves of each line. Made by plan.py, posted by posting.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from billing.trace import Step
from responses.claim_ledger import LineMove
from responses.layer_match import LayerMatch


class Decision(StrEnum):
    """Post, wait for a person, or leave alone because it was taken before."""

    POST = "post"
    EXCEPTION = "exception"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True)
class LinePlan:
    """One line: what the payer said in the ledger's words, and what posting moves.

    ``patient`` is what this payer leaves to the next in line, ``denied`` what stays open at the payer,
    ``note`` information only. ``adjustments`` are the write-offs that post, by group and reason.
    """

    id: str
    paid: Decimal
    write_off: Decimal
    patient: Decimal
    denied: Decimal
    note: Decimal
    charge: Decimal
    allowed: Decimal
    adjustments: tuple[tuple[str, str, Decimal], ...] = ()
    moves: Mapping[str, Decimal] = field(default_factory=dict)
    places: tuple[int, ...] = ()

    def move(self) -> LineMove:
        """The same for the claim ledger."""
        return LineMove(self.moves, self.paid, self.write_off)


@dataclass(frozen=True, slots=True)
class ClaimPlan:
    """The decision for one claim with everything behind it. ``next`` says where the PR part went."""

    control_number: str
    decision: Decision
    codes: tuple[str, ...]
    layer: int | None
    next: str
    lines: tuple[LinePlan, ...]
    reasons: Mapping[str, str]
    trace: tuple[Step, ...]
    responsible_before: int | None = None
    responsible_after: int | None = None
    reverses: str | None = None  # key of the posting that is taken back
    match: LayerMatch | None = None

    @property
    def posts(self) -> bool:
        """Whether all gates passed."""
        return self.decision is Decision.POST
