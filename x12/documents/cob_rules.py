"""Coordination of benefits: what other payers did must add up before a secondary claim leaves.

Part of x12/documents/claim_rules.py; equations from section 4 of the domain reference.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

from lib.findings import Finding
from lib.money import total
from x12.documents.parties import Adjustment
from x12.documents.professional_claim import ClaimDocument, LineAdjudication, OtherPayer, ServiceLine
from x12.documents.write_elements import TRIPLES_PER_CAS

MAX_OTHER_PAYERS = 10
MAX_CAS = 5
RELATIONSHIPS = frozenset({"01", "18", "19", "20", "21", "39", "40", "53", "G8"})
GROUPS = ("CO", "OA", "PI", "PR")
REASON = re.compile(r"(?:[1-9][0-9]?|[123][0-9][0-9]|[ABDPWY][1-9][0-9]?|A0)\Z")  # the shape of a CARC


def check_other_payers(document: ClaimDocument) -> Iterator[Finding]:
    """Findings of 2320/2330/2430; a payer without ``amount_paid`` has not adjudicated and is not summed."""
    payers = document.other_payers
    if len(payers) > MAX_OTHER_PAYERS:
        yield Finding("other_payer_count", "other_payers", "At most ten other payers fit on a claim.")
    places = [document.coverage.responsibility, *(payer.responsibility for payer in payers)]
    known = [place for place in places if place != "U"]
    if len(set(known)) != len(known):
        yield Finding(
            "responsibility_repeated", "other_payers", "Two payers have the same place in the order."
        )
    ids = [payer.payer_id for payer in payers]
    if len(set(ids)) != len(ids) or document.payer.identifier in ids:
        yield Finding("other_payer_repeated", "other_payers", "A payer is listed twice.")
    if document.coverage.responsibility in ("S", "T") and not payers:
        yield Finding(
            "other_payer_missing", "other_payers", "A secondary claim must name the payer before it."
        )
    for place, line in enumerate(document.lines):
        for adjudication in line.adjudications:
            if adjudication.payer_id not in ids:
                yield Finding(
                    "adjudication_payer",
                    f"lines.{place}.adjudications",
                    f"{adjudication.payer_id} adjudicated the line but is not among the other payers.",
                )
            if adjudication.adjudicated_on is None:
                yield Finding(
                    "adjudication_date", f"lines.{place}.adjudications", "The adjudication date is missing."
                )
            into = adjudication.bundled_into_line
            if into is not None and not 1 <= into <= len(document.lines):
                text = f"It was bundled into line {into}, which the claim does not have."
                yield Finding("bundled_line", f"lines.{place}.adjudications", text)
    for place, payer in enumerate(payers):
        yield from _check_payer(document, payer, f"other_payers.{place}")


def _check_payer(document: ClaimDocument, payer: OtherPayer, where: str) -> Iterator[Finding]:
    answered = [(line, _by(line, payer)) for line in document.lines]
    told = [*payer.adjustments, *(a for _, found in answered for one in found for a in one.adjustments)]
    for item in told:
        if item.group not in GROUPS or not REASON.match(item.reason):
            text = f"{item.group}-{item.reason} is no adjustment of a payer's answer."
            yield Finding("adjustment_code", where, text)
    has_lines = any(found for _, found in answered)
    if payer.non_covered is not None and told:
        text = "A payer that was passed over (not covered) has no adjustments."
        yield Finding("non_covered_adjusted", where, text)
    loops = [payer.adjustments, *(one.adjustments for _, found in answered for one in found)]
    if any(_segments(adjustments) > MAX_CAS for adjustments in loops):
        yield Finding("adjustment_count", where, "More adjustments than fit into five CAS segments.")
    if payer.paid_on is not None and any(one.adjudicated_on for _, found in answered for one in found):
        yield Finding(
            "paid_on_twice", where, "The day of the answer is told for the claim and for its lines."
        )
    if payer.relationship not in RELATIONSHIPS:
        text = "How the patient is related to the other policy's holder is missing."
        yield Finding("other_relationship", where, text)
    if not payer.payer_name or len(payer.payer_id) < 2:
        yield Finding("other_payer_id", where, "The other payer's name or id is missing.")
    if not payer.subscriber.last_name or not payer.subscriber.identifier:
        yield Finding("other_subscriber", where, "The other policy's holder or member id is missing.")
    if payer.amount_paid is None:
        if has_lines or payer.adjustments:
            yield Finding("other_payer_paid", where, "What the other payer paid is missing (0.00 counts).")
        return
    if payer.paid_on is None and not has_lines:
        yield Finding("adjudication_date", where, f"The day of {payer.payer_name}'s answer is missing.")
    if payer.remaining_liability is not None and any(
        item.remaining_liability is not None for _, found in answered for item in found
    ):
        yield Finding("liability_twice", where, "The patient's remaining liability is told twice.")
    line_adjustments = Decimal("0.00")
    for place, (line, found) in enumerate(answered):
        if not found:
            continue
        adjusted = total(item.amount for one in found for item in one.adjustments)
        line_adjustments += adjusted
        if line.charge != total(one.paid for one in found) + adjusted:
            yield Finding(
                "cob_line_unbalanced",
                f"lines.{place}.adjudications",
                f"Charge {line.charge} is not what {payer.payer_name} paid plus its adjustments.",
            )
    claim_adjustments = total(item.amount for item in payer.adjustments)
    if document.total_charge != payer.amount_paid + claim_adjustments + line_adjustments:
        yield Finding(
            "cob_claim_unbalanced",
            where,
            f"Charge {document.total_charge} is not what {payer.payer_name} paid plus all its adjustments.",
        )
    if has_lines:
        paid = total(one.paid for _, found in answered for one in found)
        if payer.amount_paid != paid - claim_adjustments:
            yield Finding("cob_paid", where, f"What {payer.payer_name} paid is not the sum of its lines.")


def _segments(adjustments: tuple[Adjustment, ...]) -> int:
    """How many CAS these triples need: one a group, six triples each."""
    counts = Counter(item.group for item in adjustments)
    return sum(-(-count // TRIPLES_PER_CAS) for count in counts.values())


def _by(line: ServiceLine, payer: OtherPayer) -> list[LineAdjudication]:
    return [item for item in line.adjudications if item.payer_id == payer.payer_id]
