"""What billing asks the rooms above it; they register their answers in their AppConfig.ready().

A question that nobody answers refuses the act that depends on it (lib/questions.py).
"""

from __future__ import annotations

from billing.models import Invoice
from lib.questions import Announcement, Question

# Numbers of the claims of an invoice that still stand between us and a payer: (invoice) -> ["7QK4M2V9X", ...].
# Answered by claims. An invoice with a live claim cannot be voided (B2).
LIVE_CLAIMS: Question[list[str]] = Question("billing.live_claims")

# A visit was checked out: where the location says so, claims makes the claim at once (B4, claim_creation).
CHECKED_OUT: Announcement[Invoice] = Announcement("billing.checked_out")
