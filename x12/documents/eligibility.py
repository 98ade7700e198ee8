"""Eligibility (270, 271) as people with what was asked or answered; claim status (276, 277) at summary level."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from x12.documents.parties import Party, Reference


@dataclass(frozen=True, slots=True)
class Benefit:
    """One EB row; ``service_types`` are the repetitions of EB03; percent is the patient's share."""

    information: str  # EB01
    coverage_level: str = ""
    service_types: tuple[str, ...] = ()
    insurance_type: str = ""
    plan_name: str = ""
    time_period: str = ""
    amount: Decimal | None = None
    percent: Decimal | None = None
    quantity_qualifier: str = ""
    quantity: Decimal | None = None
    authorization_required: str = ""
    in_network: str = ""
    procedure: str = ""
    messages: tuple[str, ...] = ()  # MSG
    dates: tuple[tuple[str, str], ...] = ()  # DTP of this row: qualifier and value as written
    related: tuple[Party, ...] = ()  # NM1 between LS and LE: another payer, a primary-care physician
    related_codes: tuple[str, ...] = ()  # their NM101 in the same order: PR, P3, ...
    elements: tuple[str, ...] = ()  # the row as it came
    segment: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class RequestRejection:
    """One AAA row with the HL level it stood under."""

    level: str
    valid: str  # AAA01
    reason: str  # AAA03
    follow_up: str  # AAA04
    elements: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EligibilityPerson:
    """2000C or 2000D: subscriber or dependent with what was asked or answered about them."""

    level: str  # HL03: 22, 23
    subscriber: Party | None = None  # of a dependent: the person of the level above
    party: Party | None = None
    birth_date: date | None = None
    sex: str = ""
    traces: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()
    dates: tuple[tuple[str, str], ...] = ()  # DTP qualifier and value as written
    inquiries: tuple[str, ...] = ()  # EQ01 of a 270
    benefits: tuple[Benefit, ...] = ()
    relationship: str = ""  # INS02
    rejections: tuple[RequestRejection, ...] = ()  # AAA at this person's level


@dataclass(frozen=True, slots=True)
class Eligibility:
    """One ST 270 or 271. A 271 repeats the ``reference`` (BHT03) of its 270."""

    kind: str
    reference: str = ""
    created_on: date | None = None
    created_time: str = ""
    payer: Party | None = None
    provider: Party | None = None
    people: tuple[EligibilityPerson, ...] = ()
    rejections: tuple[RequestRejection, ...] = ()
