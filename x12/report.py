"""What ``./manage x12 FILE --json`` prints: any bytes described as plain JSON, and the exit status.

The keys are fixed by the contract; more may be added. Pure, so that the command is only parsing and printing.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from lib.money import ZERO
from x12.claim_audit import audit_claims
from x12.documents.claim_ack import ClaimAck
from x12.documents.claim_inquiry import ClaimInquiry
from x12.documents.eligibility import Eligibility
from x12.documents.functional_ack import FunctionalAck
from x12.documents.interchange_ack import InterchangeAck
from x12.documents.professional_claim import ClaimTransaction
from x12.documents.remittance import (
    Remittance,
    claim_balances,
    claims_paid,
    provider_adjustment_total,
    remittance_difference,
)
from x12.reading import TransactionReading, read_file


def describe(data: bytes, today: date | None = None) -> dict[str, Any]:
    """The JSON of the contract for one file's bytes; with ``today`` an 837P is judged as if sent on that day."""
    reading = read_file(data)
    if today is not None:
        reading.findings.take_over(audit_claims(data, reading, today))
    return {
        "kinds": reading.kinds,
        "interchanges": len(reading.interchanges),
        "transactions": [_transaction(found) for found in reading.transactions],
        "findings": [
            {
                "code": finding.code,
                "level": finding.level,
                "severity": finding.severity,
                "segment": finding.segment,
                "message": finding.message,
            }
            for finding in reading.findings
        ],
        "segments": reading.segments,
    }


def exit_status(descriptions: Iterable[dict[str, Any]]) -> int:
    """0 when no finding of any file is an error, else 1 (2 is for files that cannot be opened)."""
    findings = (finding for description in descriptions for finding in description["findings"])
    return int(any(finding["severity"] == "error" for finding in findings))


def _transaction(found: TransactionReading) -> dict[str, Any]:
    described: dict[str, Any] = {
        "kind": found.kind,
        "control_number": found.control_number,
        "segments": found.segments,
        "segment": found.position,
        "version": found.version,
        "complete": found.is_complete,
    }
    document = found.document
    if isinstance(document, Remittance):
        described.update(_remittance(document))
    elif isinstance(document, ClaimTransaction):
        described.update(
            claims=len(document.claims),
            charges=_money(sum((claim.total_charge for claim in document.claims), ZERO)),
            lines=sum(len(claim.lines) for claim in document.claims),
        )
    elif isinstance(document, FunctionalAck):
        described.update(
            group_control_number=document.group_control_number,
            status=document.status,
            acknowledged={item.control_number: item.status for item in document.transactions},
        )
    elif isinstance(document, InterchangeAck):
        described.update(status=document.status, note=document.note)
    elif isinstance(document, ClaimAck):
        described.update(
            batch_reference=document.batch_reference,
            claims=len(document.claims),
            rejected=sum(claim.is_rejected for claim in document.claims),
            batch_rejected=document.is_rejected,
        )
    elif isinstance(document, Eligibility):
        described.update(
            people=len(document.people),
            benefits=sum(len(person.benefits) for person in document.people),
            rejections=len(document.rejections),
        )
    elif isinstance(document, ClaimInquiry):
        described.update(
            traces=len(document.claims), statuses=sum(len(claim.statuses) for claim in document.claims)
        )
    return described


def _remittance(document: Remittance) -> dict[str, Any]:
    unbalanced = [claim.control_number for claim in document.claims if not claim_balances(claim)]
    return {
        "trace_number": document.trace_number,
        "paid": _money(document.amount),
        "claims": len(document.claims),
        "claims_paid": _money(claims_paid(document)),
        "provider_adjustments": _money(provider_adjustment_total(document)),
        "balanced": document.amounts_readable and not remittance_difference(document),
        "unbalanced_claims": unbalanced,
        "payer": document.payer.name,
        "payee": document.payee.name,
    }


def _money(amount: Decimal) -> str:
    return f"{amount:.2f}"
