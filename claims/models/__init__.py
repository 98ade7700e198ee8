"""Claims with their versions and events, batches, and the payers' answers."""

from claims.models.adjudications import Adjudication, AdjudicationLine
from claims.models.batches import Acknowledgement, Batch, BatchItem
from claims.models.claims import Claim, ClaimEvent, ClaimLine, ClaimTransition
from claims.models.coverage import CoverageMove
from claims.models.routes import PayerRoute

__all__ = [
    "Acknowledgement",
    "Adjudication",
    "AdjudicationLine",
    "Batch",
    "BatchItem",
    "Claim",
    "ClaimEvent",
    "ClaimLine",
    "ClaimTransition",
    "CoverageMove",
    "PayerRoute",
]
