"""The payer takes an answer back (CLP02 = 22): which posting it mirrors, and its lines (rules.md B9): pure.

Used by plan.py. Exact means paid and every CAS are the opposite of a standing posting; what is not exact waits,
and a person may take it back line by line.
"""

from __future__ import annotations

from lib.money import total
from responses import gates
from responses.claim_ledger import PATIENT, ClaimLedger, EarlierPosting, LineMove
from responses.gates import Facts, Terms
from responses.layer_match import LayerMatch, postings_under_number
from responses.line_match import LineAnswer, LineReading, claim_sums, match_lines
from responses.plan_result import LinePlan
from x12.documents.remittance import ClaimPayment


def find_exact(
    payment: ClaimPayment, turned: ClaimPayment, reading: LineReading, match: LayerMatch, ledger: ClaimLedger
) -> EarlierPosting | None:
    """The standing posting of this layer whose exact opposite ``payment`` is; ``turned`` is it with signs turned."""
    live = [posting for posting in ledger.live_postings() if posting.layer == match.layer]
    for posting in postings_under_number(payment, live):
        if _is_exact(turned, reading, posting, ledger):
            return posting
    return None


def _is_exact(
    turned: ClaimPayment, reading: LineReading, posting: EarlierPosting, ledger: ClaimLedger
) -> bool:
    """Paid and every CAS exactly opposite: per line when both tell lines, else for the claim."""
    old = posting.payment
    if (turned.charge, turned.paid) != (old.charge, old.paid):
        return False
    if not turned.lines or not old.lines:
        return claim_sums(turned) == claim_sums(old)
    before = match_lines(old, ledger.lines)
    return (
        reading.is_complete
        and before.is_complete
        and {a.line.id: (a.charge, a.paid, a.sums()) for a in reading.answers}
        == {a.line.id: (a.charge, a.paid, a.sums()) for a in before.answers}
    )


def mirrored(
    answer: LineAnswer, posting: EarlierPosting, facts: Facts, ledger: ClaimLedger, terms: Terms
) -> LinePlan:
    """The opposite of a line as it was posted: a reversal without lines is shown with those of its posting."""
    layer = ledger.layer(posting.layer)
    each = gates.classify(None, answer, [facts.payer.name, layer.payer if layer else ""], terms)
    posted = posting.lines.get(answer.line.id)
    move = (posted or LineMove({}, answer.paid)).mirrored()
    return LinePlan(
        id=answer.line.id,
        paid=move.paid,
        write_off=move.write_off,
        patient=-each.patient,
        denied=-each.denied,
        note=-each.note,
        charge=-answer.charge,
        allowed=-each.allowed,
        moves=move.moves,
    )


def taken_back(
    reading: LineReading, rank: int, ledger: ClaimLedger, facts: Facts, terms: Terms
) -> tuple[LinePlan, ...]:
    """A reversal that is no exact mirror, line by line: what it takes back is open at its insurer again."""
    layer, following = ledger.layer(rank), ledger.next_layer(rank)
    party = PATIENT if following is None else str(following.rank)
    made = []
    for answer in reading.answers:
        each = gates.classify(None, answer, [facts.payer.name, layer.payer if layer else ""], terms)
        write_offs = tuple((group, reason, -amount) for group, reason, amount in each.write_offs)
        write_off = total(amount for _, _, amount in write_offs)
        moves = {str(rank): answer.paid - write_off + each.patient, party: -each.patient}
        made.append(
            LinePlan(
                id=answer.line.id,
                paid=-answer.paid,
                write_off=write_off,
                patient=-each.patient,
                denied=-each.denied,
                note=-each.note,
                charge=-answer.charge,
                allowed=-each.allowed,
                adjustments=write_offs,
                moves={name: amount for name, amount in moves.items() if amount},
                places=answer.places,
            )
        )
    return tuple(made)


def mirror_words(
    answer: LineAnswer, facts: Facts, ledger: ClaimLedger, match: LayerMatch, terms: Terms
) -> LinePlan:
    """What a reversal says when nothing can be mirrored; it moves nothing."""
    layer = ledger.layer(match.layer)
    each = gates.classify(None, answer, [facts.payer.name, layer.payer if layer else ""], terms)
    return LinePlan(
        id=answer.line.id,
        paid=-answer.paid,
        write_off=-total(a for _, _, a in each.write_offs),
        patient=-each.patient,
        denied=-each.denied,
        note=-each.note,
        charge=-answer.charge,
        allowed=-each.allowed,
        places=answer.places,
    )
