"""The claim acknowledgement (277CA, X214): whether each claim was taken into adjudication."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from x12.documents.parties import Party, Reference

REJECTED_CATEGORIES = frozenset({"A3", "A4", "A6", "A7", "A8"})


@dataclass(frozen=True, slots=True)
class StatusCode:
    """One composite of STC: category A0-A8 and so on, status number, entity."""

    category: str
    status: str = ""
    entity: str = ""


@dataclass(frozen=True, slots=True)
class ClaimStatus:
    """One STC: up to three codes, action WQ accept or U reject, amount, free text (STC12)."""

    codes: tuple[StatusCode, ...]
    effective_on: date | None = None
    action: str = ""
    amount: Decimal | None = None
    text: str = ""

    @property
    def is_rejection(self) -> bool:
        """Action U, or a rejecting category where no action is told."""
        if self.action:
            return self.action == "U"
        return any(code.category in REJECTED_CATEGORIES for code in self.codes)


@dataclass(frozen=True, slots=True)
class LineStatus:
    """SVC with its STC: ``line_id`` is REF*FJ."""

    procedure: str  # SVC01 as text, HC:99213:25
    charge: Decimal | None = None
    line_id: str = ""
    statuses: tuple[ClaimStatus, ...] = ()
    service_date: date | None = None
    service_date_end: date | None = None
    references: tuple[Reference, ...] = ()


@dataclass(frozen=True, slots=True)
class AcknowledgedClaim:
    """2200D: one claim. ``control_number`` = TRN02 = our CLM01; ``payer_claim_number`` = REF*1K."""

    control_number: str
    patient: Party | None = None
    statuses: tuple[ClaimStatus, ...] = ()
    payer_claim_number: str = ""
    clearinghouse_trace: str = ""  # REF*D9
    references: tuple[Reference, ...] = ()
    service_date: date | None = None
    service_date_end: date | None = None
    lines: tuple[LineStatus, ...] = ()
    level: str = "PT"  # HL03; older files use 22 or 23
    segment: int = field(default=0, compare=False)

    @property
    def is_rejected(self) -> bool:
        """Whether any status of the claim or of a line rejects: the worst wins."""
        return any(s.is_rejection for s in self.statuses) or any(
            s.is_rejection for line in self.lines for s in line.statuses
        )


@dataclass(frozen=True, slots=True)
class AcknowledgedProvider:
    """2000C: one billing provider and its claims."""

    provider: Party | None = None
    trace: str = ""
    statuses: tuple[ClaimStatus, ...] = ()
    references: tuple[Reference, ...] = ()
    quantities: tuple[tuple[str, int], ...] = ()  # QTY QA accepted, QC rejected
    amounts: tuple[tuple[str, Decimal], ...] = ()  # AMT YU, YY
    claims: tuple[AcknowledgedClaim, ...] = ()

    @property
    def is_rejected(self) -> bool:
        """Rejected as a whole, with everything beneath even where no claim is listed."""
        return any(status.is_rejection for status in self.statuses)


@dataclass(frozen=True, slots=True)
class ClaimAck:
    """One ST 277CA: source (20), receiver (21), providers (19), claims (PT)."""

    reference: str = ""  # BHT03
    created_on: date | None = None
    source: Party | None = None
    source_trace: str = ""  # 2200A TRN02
    source_statuses: tuple[ClaimStatus, ...] = ()
    received_on: date | None = None  # DTP*050
    processed_on: date | None = None  # DTP*009
    receiver: Party | None = None
    batch_reference: str = ""  # 2200B TRN02 = our BHT03
    receiver_statuses: tuple[ClaimStatus, ...] = ()
    quantities: tuple[tuple[str, int], ...] = ()  # QTY 90 accepted, AA rejected
    amounts: tuple[tuple[str, Decimal], ...] = ()  # AMT YU, YY
    providers: tuple[AcknowledgedProvider, ...] = ()
    segment: int = field(default=0, compare=False)

    @property
    def is_rejected(self) -> bool:
        """The whole batch was rejected at receiver level."""
        return any(status.is_rejection for status in self.receiver_statuses)

    @property
    def claims(self) -> tuple[AcknowledgedClaim, ...]:
        """All claims of all providers."""
        return tuple(claim for provider in self.providers for claim in provider.claims)
