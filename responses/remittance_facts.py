"""Who a remittance is and whether it adds up: its identity (I-10), E02 and what stops it whole. Pure."""

from __future__ import annotations

import hashlib
import json

from responses.line_match import claim_sums
from responses.posting_rules import name_key
from x12.documents.remittance import (
    Remittance,
    claims_paid,
    provider_adjustment_total,
    remittance_difference,
)
from x12.reading import FileReading, TransactionReading

WHOLE_LEVELS = frozenset({"file", "interchange", "group", "transaction"})
TOLD_BY_E02 = frozenset({"remittance_unbalanced"})


def payer_key(remittance: Remittance) -> str:
    """Whose trace and claim numbers these are: TRN03, else the payer's name."""
    return (remittance.payer_identifier.strip() or name_key(remittance.payer.name))[:30]


def payee_key(remittance: Remittance) -> str:
    """Who was paid: the payee's NPI, else its tax id, else its identifier."""
    return (remittance.payee.npi or remittance.payee.tax_id or remittance.payee.identifier).strip()[:20]


def remittance_key(remittance: Remittance) -> tuple[str, ...]:
    """What makes two remittances the same: payer, trace number, payee, date and amount, in whatever file."""
    day = remittance.effective_date.isoformat() if remittance.effective_date else ""
    return (
        payer_key(remittance),
        remittance.trace_number,
        payee_key(remittance),
        day,
        f"{remittance.amount:.2f}",
    )


def fingerprint(remittance: Remittance) -> str:
    """What a remittance says, as a hash: claims with status, amounts, payer's number and codes, and the PLB.

    Envelopes, addresses and names do not count, so that the same payment in another file is the same. One
    payer, trace, date and amount with another fingerprint is a re-issue: a question, never a repeat (E01).
    """
    claims = [
        [
            each.control_number, each.status_code, f"{each.charge:.2f}", f"{each.paid:.2f}",
            each.payer_control_number,
            sorted(f"{group}-{reason} {amount:.2f}" for (group, reason), amount in claim_sums(each).items()),
        ]
        for each in remittance.claims
    ]  # fmt: skip
    provider = [[item.code, item.reference, f"{item.amount:.2f}"] for item in remittance.provider_adjustments]
    text = json.dumps([claims, provider], separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def balance_reason(remittance: Remittance) -> str:
    """E02 in words, with the figures; empty when BPR02 = sum of CLP04 - sum of PLB, in US dollars."""
    if remittance.foreign_currency:
        return f"its amounts are in {remittance.foreign_currency[:3]}, not in US dollars"
    if not remittance.amounts_readable:
        return "an amount of the payment cannot be read"
    difference = remittance_difference(remittance)
    if not difference:
        return ""
    return (
        f"the payment is {remittance.amount}, but claims {claims_paid(remittance)} less provider-level "
        f"{provider_adjustment_total(remittance)} differ from it by {difference}"
    )


def blocking_findings(reading: FileReading, each: TransactionReading) -> str:
    """Why this transaction cannot be posted at all: damage to the file or to the transaction itself.

    Damage inside one claim is E03 of that claim; other transactions of the file answer for themselves.
    """
    elsewhere = {
        (finding.code, finding.segment)
        for other in reading.transactions
        if other is not each
        for finding in other.findings
    }
    for finding in reading.findings:
        if finding.severity != "error" or finding.level not in WHOLE_LEVELS or finding.code in TOLD_BY_E02:
            continue
        if (finding.code, finding.segment) not in elsewhere:
            return f"the file is damaged: {finding.message}"
    return "" if each.is_complete else "the file is damaged: the transaction was cut off"
