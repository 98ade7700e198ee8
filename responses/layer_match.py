"""Which layer of a family an answer is about (rules.md B9.E04, E05), pure.

The layer whose payer the remittance names (payer id, TRN03, N1*PR), else CLP02 1/2/3; so a crossover
answer under the primary's number lands on layer 2. Anything else is weak and waits for a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from responses.claim_ledger import ClaimLedger, EarlierPosting, LedgerLayer
from responses.posting_rules import name_key
from x12.documents.remittance import ClaimPayment, Remittance

RANK_OF_STATUS = {"1": 1, "2": 2, "3": 3, "19": 1, "20": 2, "21": 3}


@dataclass(frozen=True, slots=True)
class PayerNames:
    """How a remittance names its payer."""

    name: str
    identifiers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class LayerMatch:
    """The layer found, whether it is certain, and why."""

    layer: int | None
    certain: bool
    reason: str


def names_of(remittance: Remittance) -> PayerNames:
    """Name and every id of the payer: N104, TRN03 with and without its leading 1, REF 2U and EO, BPR10."""
    raw = [
        remittance.payer.identifier,
        remittance.payer_identifier,
        remittance.originating_company,
        *(ref.value for ref in remittance.payer.references if ref.qualifier in ("2U", "EO", "NF", "HI")),
    ]
    found = {text.strip().upper() for text in raw if text.strip()}
    found |= {text[1:] for text in found if len(text) == 10 and text.startswith("1") and text.isdigit()}
    return PayerNames(remittance.payer.name, frozenset(found))


def find_layer(payment: ClaimPayment, payer: PayerNames, ledger: ClaimLedger) -> LayerMatch:
    """The layer that this answer belongs to."""
    named = _named(payer, ledger.layers)
    rank = RANK_OF_STATUS.get(payment.status_code)
    if len(named) == 1:
        return LayerMatch(named[0].rank, True, f"the remittance names {named[0].payer}")
    pool = named or list(ledger.layers)
    if rank is not None and any(layer.rank == rank for layer in pool):
        return LayerMatch(rank, True, f"status {payment.status_code} answers as layer {rank}")
    if payment.is_reversal:
        earlier = postings_under_number(payment, ledger.live_postings())
        if len({posting.layer for posting in earlier}) == 1:
            return LayerMatch(earlier[0].layer, True, "the layer of the posting it takes back")
    if len(pool) == 1 and rank is None:
        return LayerMatch(pool[0].rank, True, "the family has no other layer")
    guess = ledger.responsible if any(layer.rank == ledger.responsible for layer in pool) else None
    return LayerMatch(
        guess, False, f"{payer.name or 'an unnamed payer'} is none of the layers, nor is the status"
    )


def postings_under_number(payment: ClaimPayment, postings: Sequence[EarlierPosting]) -> list[EarlierPosting]:
    """Postings with the same payer claim number (CLP07, REF*F8); without one, all of the family."""
    numbers = {payment.payer_control_number, payment.original_payer_control_number} - {""}
    same = [posting for posting in postings if posting.payment.payer_control_number in numbers]
    return same or list(postings)


def _named(payer: PayerNames, layers: Sequence[LedgerLayer]) -> list[LedgerLayer]:
    by_id = [layer for layer in layers if layer.payer_ids & payer.identifiers]
    if by_id:
        return by_id
    asked = name_key(payer.name).split()
    equal = [layer for layer in layers if name_key(layer.payer).split() == asked and asked]
    if equal:
        return equal
    return [layer for layer in layers if _begins(asked, name_key(layer.payer).split())]


def _begins(one: list[str], other: list[str]) -> bool:
    """Whether the shorter name is how the longer one begins: "Medicare" and "Medicare Part B"."""
    shorter = min(len(one), len(other))
    return shorter > 0 and one[:shorter] == other[:shorter]
