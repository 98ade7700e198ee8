"""What the payers behind the sandbox say about a claim when asked (276), from what they decided: docs/sandbox.md SB21.

Before it: answering, which notes every decision. After it: answering, which puts the 277 into an envelope.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from clearinghouses.sandbox.claim_acks import Decision
from clearinghouses.sandbox.memory import Memory
from clearinghouses.sandbox.scenarios import Scenario
from lib.money import ZERO
from x12.documents.claim_ack import StatusCode
from x12.documents.claim_inquiry import ClaimInquiry, InquiryClaim, InquiryStatus
from x12.documents.remittance import ClaimPayment

NOT_FOUND = StatusCode("A4", "35")


def note_decisions(memory: Memory, decisions: Iterable[Decision]) -> None:
    """What is known of a claim before it is paid: stopped, rejected, or in process."""
    for decision in decisions:
        refusal = decision.edit or decision.payer_refusal
        if decision.edit is not None:
            continue  # it never reached the payer, who knows nothing of it
        code = (refusal.category, refusal.status, refusal.entity) if refusal else ("P1", "20", "")
        memory.statuses[decision.claim.control_number] = {
            "codes": list(code),
            "text": refusal.text if refusal else "",
            "number": decision.claim_number,
            "charge": f"{decision.claim.total_charge:.2f}",
            "member": decision.claim.subscriber.party.identifier,
            "silent": decision.scenario is Scenario.SILENT,
        }


def note_payment(memory: Memory, control_number: str, payment: ClaimPayment, trace: str) -> None:
    """Decided: paid, denied, or nothing to pay."""
    known = memory.statuses.get(control_number)
    if known is None:
        return
    denied = not payment.paid and not payment.patient_responsibility
    category = "F1" if payment.paid > 0 else "F2" if denied else "F4"
    known.update(codes=[category, "65", ""], paid=f"{max(payment.paid, ZERO):.2f}", check=trace)


def respond(asked: ClaimInquiry, memory: Memory, at: datetime) -> ClaimInquiry | None:
    """The 277 to a 276; None when the payer is silent about every claim of it."""
    told = []
    for claim in asked.claims:
        known = _known(claim, memory)
        if known is not None and known.get("silent"):
            continue
        told.append(_answer(claim, known, at))
    if not told:
        return None
    return replace(asked, kind="277", created_on=at.date(), created_time=f"{at:%H%M}", claims=tuple(told))


def _known(claim: InquiryClaim, memory: Memory) -> dict[str, Any] | None:
    found = memory.statuses.get(claim.control_number)
    if found is None and claim.payer_claim_number:
        found = next(
            (one for one in memory.statuses.values() if one["number"] == claim.payer_claim_number), None
        )
    member = claim.subscriber.identifier if claim.subscriber else ""
    return found if found is not None and found["member"] == member else None


def _answer(claim: InquiryClaim, known: dict[str, Any] | None, at: datetime) -> InquiryClaim:
    if known is None:
        status = InquiryStatus((NOT_FOUND,), at.date(), claim.charge, Decimal("0.00"))
        return replace(claim, statuses=(status,), payer_claim_number="", charge=None)
    paid = Decimal(known["paid"]) if "paid" in known else None
    status = InquiryStatus(
        codes=(StatusCode(*known["codes"]),),
        effective_on=at.date(),
        charge=Decimal(known["charge"]),
        paid=paid,
        decided_on=at.date() if paid is not None else None,
        paid_on=at.date() if paid else None,
        check_number=str(known.get("check", ""))[:16] if paid else "",
        text=str(known["text"]),
    )
    return replace(claim, statuses=(status,), payer_claim_number=str(known["number"]), charge=None)
