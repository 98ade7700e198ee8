"""Claims with their versions and events, batches, and the payers' answers."""

from claims.models.adjudications import Adjudication, AdjudicationLine
from claims.models.batches import Acknowledgement, Batch, BatchItem
from claims.models.claim_rules import ClaimRule
from claims.models.claims import Claim, ClaimEvent, ClaimLine, ClaimTransition
from claims.models.code_tables import (
    CodePair,
    CodeTable,
    CodeTableFile,
    DiagnosisCode,
    DiagnosisRelease,
    ProcedureCode,
    UnitLimit,
)
from claims.models.coverage import CoverageMove
from claims.models.inquiries import StatusInquiry
from claims.models.routes import PayerRoute
from claims.models.scrub_stamps import ScrubStamp

__all__ = [
    "Acknowledgement",
    "Adjudication",
    "AdjudicationLine",
    "Batch",
    "BatchItem",
    "Claim",
    "ClaimEvent",
    "ClaimLine",
    "ClaimRule",
    "ClaimTransition",
    "CodePair",
    "CodeTable",
    "CodeTableFile",
    "CoverageMove",
    "DiagnosisCode",
    "DiagnosisRelease",
    "PayerRoute",
    "ProcedureCode",
    "ScrubStamp",
    "StatusInquiry",
    "UnitLimit",
]
