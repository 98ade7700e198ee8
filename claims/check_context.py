"""What the checks look at: the facts of a claim that only the house knows, and the whole context with its document.

Made by claims/check_facts.py and claims/scrubbing.py, read by claims/checks.py and the checks it gathers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from operator import attrgetter
from typing import Any

from claims import payer_rules
from claims.reference import NOTHING, Neighbour, Reference
from insurance.enums import Relationship
from x12.documents.professional_claim import ClaimDocument


@dataclass(frozen=True, slots=True)
class AuthorizationFact:
    """An authorization the claim names: its dates, and whether this visit is within its limit (B14)."""

    number: str
    begins: date
    ends: date
    is_used_up: bool
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What only the house knows about one claim. Every field is part of the stamp (claims/scrubbing.py)."""

    rank: int = 1
    frequency: str = "1"
    relationship: str = Relationship.SELF  # as on the card; empty when nobody has said
    payer_requires: tuple[str, ...] = ()
    policy_from: date | None = None
    policy_to: date | None = None
    filing_deadline: date | None = None
    service_to: date | None = None
    unconfirmed_lines: int = 0
    visit_is_checked_out: bool = True
    signature_on_file: bool = True
    died_on: date | None = None  # as the patient's record says it now
    authorizations: tuple[AuthorizationFact, ...] = ()  # those whose number the claim carries
    enrolled: bool = True  # 837P with this payer over the connection that carries it
    connection_name: str = ""
    on_paper: bool = False
    twins: tuple[str, ...] = ()  # control numbers of other live claims with an equal line
    neighbours: tuple[Neighbour, ...] = ()  # lines of other live claims: same patient, clinician, days
    seen_before: date | None = None  # the last service within three years; asked for new-patient visits only
    minutes: int | None = None  # of the visit; None where no service of it goes by time
    minutes_billed: Decimal = Decimal(0)  # what the units of its timed services stand for
    payer_key: str = ""  # public ids, as rules name them
    plan_key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckContext(Facts):
    """The document, the day, the facts, and what all claims are checked by."""

    document: ClaimDocument
    today: date
    reference: Reference = NOTHING  # what the code tables say
    rules: tuple[payer_rules.PayerRule, ...] = ()  # those a biller switched on


FACT_NAMES = tuple(item.name for item in fields(Facts))
# All facts in one tuple: what the stamp is made of.
said: Callable[[Facts], tuple[Any, ...]] = attrgetter(*FACT_NAMES)


def context_of(
    facts: Facts,
    document: ClaimDocument,
    today: date,
    reference: Reference = NOTHING,
    rules: tuple[payer_rules.PayerRule, ...] = (),
) -> CheckContext:
    """The facts with document, day, tables and rules."""
    known = dict(zip(FACT_NAMES, said(facts), strict=True))
    return CheckContext(document=document, today=today, reference=reference, rules=rules, **known)
