"""What billing asks the rooms above it; they register their answers in their AppConfig.ready().

A question that nobody answers refuses the act that depends on it (lib/questions.py).
"""

from __future__ import annotations

from lib.questions import Question

# Numbers of the claims of an invoice that still stand between us and a payer: (invoice) -> ["7QK4M2V9X", ...].
# Answered by claims. An invoice with a live claim cannot be voided (B2).
LIVE_CLAIMS: Question[list[str]] = Question("billing.live_claims")
