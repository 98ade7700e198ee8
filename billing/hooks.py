"""What billing asks the rooms above it; they register their answers in their AppConfig.ready().

A question that nobody answers refuses the act that depends on it (lib/questions.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from billing.models import Invoice
from lib.questions import Announcement, Question

# Numbers of the claims of an invoice that still stand between us and a payer: (invoice) -> ["7QK4M2V9X", ...].
# Answered by claims. An invoice with a live claim cannot be voided (B2).
LIVE_CLAIMS: Question[list[str]] = Question("billing.live_claims")

# Why the claims of an invoice do not let it be corrected (B8); empty when every one was rejected or decided, so that
# the next version can follow the corrected invoice. Answered by claims.
CORRECTABLE: Question[list[str]] = Question("billing.correctable")

# A visit was checked out: where the location says so, claims makes the claim at once (B4, claim_creation).
CHECKED_OUT: Announcement[Invoice] = Announcement("billing.checked_out")


@dataclass(frozen=True, slots=True)
class Span:
    """The days that a close covers: after the last closed day, through ``through``; both as moments, too."""

    after: date | None
    through: date
    begins: datetime | None
    ends: datetime


@dataclass(frozen=True, slots=True)
class Break:
    """One tie that does not hold: ``tie`` is drawer, bank, receipt or claim; ``amount`` by how much, dollars.

    ``route`` and ``subject`` name the page where it is mended.
    """

    tie: str
    words: str
    amount: Decimal
    route: str
    subject: str = ""


# What keeps the insurers' side of some days from tying: the bank, the checks, the claims (B13). Answered by responses.
DAY_TIES: Question[list[Break]] = Question("billing.day_ties")

# A merge of two records that a second person approved: (kept, the second's public id, reason, at, asked by). It spans
# rooms. Answered by desk.
MERGE: Question[None] = Question("billing.merge")

# A refund check to an insurer that a second person approved: (what was wanted, reason, today). Answered by responses.
INSURER_REFUND: Question[None] = Question("billing.insurer_refund")

# Which of these invoices (ids) an insurer is asked about again after it had answered (B12). Answered by claims.
REOPENED: Question[set[int]] = Question("billing.reopened")
