"""Which family each claim of a remittance answers (rules.md B9.E04, E05; B8).

By any control number ever used; else by the payer's claim number or by member, date and charge, and
those are suggestions for a person, never posted. The layer inside the family is layer_match's answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from billing import lineage
from billing.enums import InvoiceState
from claims.models import Claim
from clinics.lookups import Keys
from responses.claim_ledger import fold_number
from responses.enums import MatchQuality
from responses.family import FamilyKey
from responses.models import ClaimResponse
from x12.documents.remittance import ClaimPayment

NOBODY = frozenset({"", "0"})


@dataclass(frozen=True, slots=True)
class FamilyMatch:
    """The family found for one CLP, how sure, and why."""

    key: FamilyKey | None
    quality: MatchQuality
    reason: str


NO_MATCH = FamilyMatch(None, MatchQuality.NONE, "no claim was ever sent under this number")


def match_families(payments: Sequence[ClaimPayment]) -> list[FamilyMatch]:
    """One answer for each payment, in a constant number of queries for those with a known number."""
    by_number = _by_control_number(payments)
    found = []
    for payment in payments:
        key = by_number.get(payment.control_number.strip()) or by_number.get(
            fold_number(payment.control_number)
        )
        if key is not None and payment.control_number not in NOBODY:
            found.append(FamilyMatch(key, MatchQuality.CERTAIN, f"control number {payment.control_number}"))
        else:
            found.append(_suggest(payment))
    return found


def _by_control_number(payments: Sequence[ClaimPayment]) -> dict[str, FamilyKey]:
    asked: set[str] = set()
    for payment in payments:
        raw = payment.control_number.strip()
        folded = fold_number(raw)
        asked |= {raw[:20], raw.upper()[:20], folded, f"0{folded}"[:20], f"00{folded}"[:20]} - NOBODY
    rows = Claim.objects.filter(control_number__any_of=Keys(asked)).values_list(
        "control_number", "invoice_id", "part", "invoice__state"
    )
    found = list(rows)
    stands = lineage.later({invoice_id for _, invoice_id, _, state in found if state == InvoiceState.VOID})
    known: dict[str, FamilyKey] = {}
    for number, invoice_id, part, _ in found:
        known[number] = known[fold_number(number)] = (stands.get(invoice_id, invoice_id), part)
    return known


def _suggest(payment: ClaimPayment) -> FamilyMatch:
    """Second best: the payer's claim number, then member + date + charge, then name + date + charge."""
    numbers = {payment.payer_control_number, payment.original_payer_control_number} - NOBODY
    if numbers:
        claim = Claim.objects.filter(payer_claim_number__in=numbers).order_by("-pk").first()
        if claim is None:
            row = ClaimResponse.objects.filter(payer_claim_number__in=numbers, claim__isnull=False).first()
            claim = row.claim if row is not None else None
        if claim is not None:
            because = "only the payer's claim number is known"
            return FamilyMatch(_family_of(claim), MatchQuality.WEAK, because)
    return _by_person(payment) or NO_MATCH


def _family_of(claim: Claim) -> FamilyKey:
    """Where a claim's answers belong: to the invoice that stands, if its own was corrected."""
    return lineage.later([claim.invoice_id]).get(claim.invoice_id, claim.invoice_id), claim.part


def _by_person(payment: ClaimPayment) -> FamilyMatch | None:
    days = [payment.service_date, *(line.service_date for line in payment.lines)]
    day = next((day for day in days if day is not None), None)
    if day is None:
        return None
    same = Claim.objects.filter(service_from=day, total=abs(payment.charge))
    person = payment.insured or payment.patient
    members = {who.identifier for who in (payment.insured, payment.patient) if who is not None} - {""}
    by_member = list(same.filter(policy__member_id__in=members)[:2]) if members else []
    if len({(claim.invoice_id, claim.part) for claim in by_member}) == 1:
        claim = by_member[0]
        because = "same member, date and charge; the number is unknown"
        return FamilyMatch(_family_of(claim), MatchQuality.WEAK, because)
    patient = payment.patient or person
    if patient is None or not patient.last_name:
        return None
    by_name = list(
        same.filter(
            patient__last_name__iexact=patient.last_name,
            patient__first_name__istartswith=patient.first_name[:1],
        )[:2]
    )
    if len({(claim.invoice_id, claim.part) for claim in by_name}) == 1:
        claim = by_name[0]
        because = "same name, date and charge; the number is unknown"
        return FamilyMatch(_family_of(claim), MatchQuality.WEAK, because)
    return None
