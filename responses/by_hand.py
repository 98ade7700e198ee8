"""An answer posted line by line by a person: the sheet they begin with, and what it becomes (rules.md B9, B10): pure.

Before it: an answer that gates stopped. The sheet is the payer's answer on our own lines; the person may move money
between lines, mend codes, and say for each adjustment where it goes. Nobody may change what the check paid, and
only PR may reach the patient. After it: manual.py plans the edited answer and posts it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from clinics.errors import BadInput
from lib.money import ZERO, total
from responses.claim_ledger import ClaimLedger, LedgerLine
from responses.gates import Terms
from responses.line_match import LineAnswer, match_lines, negated
from responses.posting_rules import Action, Goes, find_rule
from x12.documents.parties import Adjustment
from x12.documents.remittance import ClaimPayment, Procedure, ServicePayment

MOST_CODES = 6
GOES_OF = {
    Action.WRITE_OFF: Goes.WRITE_OFF, Action.PATIENT: Goes.NEXT, Action.NEXT_PAYER: Goes.NEXT,
    Action.NOTE: Goes.NOTE, Action.HOLD: Goes.DISPUTE, Action.DISPUTE: Goes.DISPUTE,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class HandCode:
    """One adjustment of a line and where it goes."""

    group: str
    reason: str
    amount: Decimal
    goes: Goes


@dataclass(frozen=True, slots=True)
class HandLine:
    """One of our lines as a person has it: ``line_id`` is its REF*6R."""

    line_id: str
    paid: Decimal
    codes: tuple[HandCode, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class ByHand:
    """A whole answer line by line, by somebody with a role."""

    lines: tuple[HandLine, ...]
    role: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SheetLine:
    """One line of the sheet: ours beside what the payer said of it. A reversal's amounts are below zero."""

    line: LedgerLine
    charge: Decimal
    hand: HandLine
    answered_as: str  # another procedure than submitted
    is_answered: bool


@dataclass(frozen=True, slots=True)
class Sheet:
    """What the person begins with; ``strangers`` are service lines that nobody submitted."""

    lines: tuple[SheetLine, ...]
    strangers: tuple[ServicePayment, ...]
    paid: Decimal


def sheet(payment: ClaimPayment, ledger: ClaimLedger, payers: Sequence[str], terms: Terms) -> Sheet:
    """The answer laid on our lines, each adjustment going where the posting rules send it."""
    sign = -1 if payment.is_reversal else 1
    reading = match_lines(negated(payment) if payment.is_reversal else payment, ledger.lines)
    answers = {answer.line.id: answer for answer in reading.answers}
    made = []
    for line in ledger.lines:
        answer = answers.get(line.id)
        hand = HandLine(number_of(line), ZERO)
        if answer is not None:
            hand = HandLine(number_of(line), sign * answer.paid, _codes(answer, sign, payers, terms))
        made.append(
            SheetLine(
                line, sign * line.charge, hand, answer.recoded_from if answer else "", answer is not None
            )
        )
    return Sheet(tuple(made), tuple(reading.strangers), payment.paid)


def edited(payment: ClaimPayment, ledger: ClaimLedger, lines: Sequence[HandLine]) -> ClaimPayment:
    """The answer as the person has it: our lines with our charges, all adjustments on lines."""
    sign = -1 if payment.is_reversal else 1
    answers = {answer.line.id: answer for answer in match_lines(payment, ledger.lines).answers}
    typed = {hand.line_id: hand for hand in lines}
    services = []
    for line in ledger.lines:
        hand = typed[number_of(line)]
        answer = answers.get(line.id)
        services.append(
            ServicePayment(
                procedure=Procedure(line.code, line.modifiers), charge=sign * line.charge, paid=hand.paid,
                service_date=line.service_date, line_id=hand.line_id, allowed=answer.allowed if answer else None,
                adjustments=tuple(Adjustment(each.group, each.reason, each.amount) for each in hand.codes),
            )
        )  # fmt: skip
    return replace(
        payment, charge=sign * ledger.charge, adjustments=(), lines=tuple(services), amounts_readable=True
    )


def choices(ledger: ClaimLedger, lines: Sequence[HandLine]) -> dict[tuple[str, str, str], Goes]:
    """Line, group, reason -> where it goes: what the gates read."""
    ids = {number_of(line): line.id for line in ledger.lines}
    return {(ids[hand.line_id], c.group, c.reason): c.goes for hand in lines for c in hand.codes}


def check(
    hand: ByHand,
    payment: ClaimPayment,
    ledger: ClaimLedger,
    layer: int | None,
    payers: Sequence[str],
    terms: Terms,
) -> None:
    """Every line explains its charge, the lines are paid what the check paid, and nobody owes what is not theirs.

    Raises BadInput, which says what is apart and by how much.
    """
    sign = -1 if payment.is_reversal else 1
    ours = {number_of(line): line for line in ledger.lines}
    if sorted(ours) != sorted(line.line_id for line in hand.lines):
        raise BadInput("Every line of the claim is told once, and no other.", code="lines_differ")
    has_next = layer is not None and ledger.next_layer(layer) is not None
    for line in hand.lines:
        code, charge = ours[line.line_id].code, sign * ours[line.line_id].charge
        left = charge - line.paid - total(each.amount for each in line.codes)
        if left:
            raise BadInput(f"Line {code}: {left} of {charge} are not explained yet.", code="unbalanced")
        if len({(each.group, each.reason) for each in line.codes}) < len(line.codes):
            raise BadInput(f"Line {code} tells one code twice; put them together.", code="code_twice")
        for each in line.codes:
            by_rule = each.goes is _goes(each.group, each.reason, payers, terms)
            if not by_rule or each.goes is Goes.NEXT:
                _may_go(each, code, has_next=has_next)
        if any(each.goes is Goes.DISPUTE for each in line.codes) and not (line.note or hand.reason).strip():
            raise BadInput(f"Line {code}: say what is disputed.", code="reason_missing")
    paid = total(line.paid for line in hand.lines)
    if paid != payment.paid:
        raise BadInput(
            f"The check pays {payment.paid} for this claim; its lines are paid {paid}: {payment.paid - paid} apart.",
            code="unbalanced",
        )


def beyond_rules(hand: ByHand, payers: Sequence[str], terms: Terms) -> Decimal:
    """What the person writes off that no posting rule would: it counts against the role's limit."""
    return total(
        each.amount
        for line in hand.lines
        for each in line.codes
        if each.goes is Goes.WRITE_OFF and _goes(each.group, each.reason, payers, terms) is not Goes.WRITE_OFF
    )


def told(hand: ByHand, ledger: ClaimLedger) -> dict[str, Any]:
    """The person's sheet as it is kept with the plan and in the audit."""
    ours = {number_of(line): line for line in ledger.lines}
    return {
        "reason": hand.reason.strip()[:200],
        "lines": [
            {
                "line": line.line_id, "code": ours[line.line_id].code, "paid": f"{line.paid:.2f}",
                "codes": [
                    {"code": f"{c.group}-{c.reason}", "amount": f"{c.amount:.2f}", "goes": c.goes.value}
                    for c in line.codes
                ],
                "note": line.note.strip()[:200],
            }
            for line in hand.lines
        ],
    }  # fmt: skip


def disputed(hand: ByHand, ledger: ClaimLedger) -> str:
    """What is in dispute, in words; empty when nothing is."""
    ours: Mapping[str, LedgerLine] = {number_of(line): line for line in ledger.lines}
    parts = [
        f"{ours[line.line_id].code} {each.group}-{each.reason} {each.amount}: {line.note or hand.reason}"
        for line in hand.lines
        for each in line.codes
        if each.goes is Goes.DISPUTE
    ]
    return "; ".join(parts)


def number_of(line: LedgerLine) -> str:
    """The number under which a line was last sent."""
    return line.line_ids[-1] if line.line_ids else line.id


def _codes(answer: LineAnswer, sign: int, payers: Sequence[str], terms: Terms) -> tuple[HandCode, ...]:
    return tuple(
        HandCode(group, reason, sign * amount, _goes(group, reason, payers, terms))
        for (group, reason), amount in answer.sums().items()
    )


def _goes(group: str, reason: str, payers: Sequence[str], terms: Terms) -> Goes:
    rule = find_rule(terms.rules, payers, group, reason)
    return GOES_OF[rule.action] if rule is not None else Goes.STAYS


def _may_go(each: HandCode, code: str, *, has_next: bool) -> None:
    label = f"{each.group}-{each.reason}"
    if each.goes is Goes.NEXT and each.group != "PR" and not has_next:
        raise BadInput(
            f"Line {code}: {label} is not the patient's to pay (B10); write it off, leave it or dispute it.",
            code="not_the_patients",
        )
    if each.goes is Goes.WRITE_OFF and each.group == "PR":
        raise BadInput(
            f"Line {code}: {label} is the patient's share; waive it on the invoice, with a reason (B10).",
            code="patients_share",
        )
