"""The question where a claim stands (276) and its answer (277), guide 005010X212."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from x12.documents.claim_ack import StatusCode
from x12.documents.parties import Party, Reference


@dataclass(frozen=True, slots=True)
class InquiryStatus:
    """One STC of a 277: category F0 to F4 decided, P pending, A known, R asked for, E error, D not found."""

    codes: tuple[StatusCode, ...]
    effective_on: date | None = None
    charge: Decimal | None = None  # STC04
    paid: Decimal | None = None  # STC05
    decided_on: date | None = None  # STC06
    paid_on: date | None = None  # STC08
    check_number: str = ""  # STC09
    text: str = ""  # STC12

    @property
    def category(self) -> str:
        """Of the first code."""
        return self.codes[0].category if self.codes else ""


@dataclass(frozen=True, slots=True)
class InquiryClaim:
    """One TRN: the claim that is asked about, and in a 277 what is said of it."""

    trace: str  # ours in the 276, repeated in the 277
    subscriber: Party | None = None
    patient: Party | None = None  # only when it is a dependent
    birth_date: date | None = None
    sex: str = ""
    control_number: str = ""  # REF*EJ, our CLM01
    payer_claim_number: str = ""  # REF*1K
    charge: Decimal | None = None  # AMT*T3
    service_date: date | None = None  # DTP*472
    service_date_end: date | None = None
    statuses: tuple[InquiryStatus, ...] = ()
    references: tuple[Reference, ...] = ()  # the others
    level: str = "22"
    segment: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class ClaimInquiry:
    """One ST 276 or 277 between a payer, who asks, and the provider who billed."""

    kind: str
    reference: str = ""  # BHT03
    created_on: date | None = None
    created_time: str = ""
    payer: Party | None = None
    receiver: Party | None = None  # 41: who sends the 276
    provider: Party | None = None  # 1P
    claims: tuple[InquiryClaim, ...] = ()
