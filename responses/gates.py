"""The gates E01 to E17 of rules.md B9, each a small test with its reason in words: pure.

Called by responses/plan.py in order. A gate that does not hold calls ``work.stop`` with its code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

from lib.money import ZERO, total
from responses.claim_ledger import ClaimLedger, LedgerLine
from responses.layer_match import PayerNames
from responses.line_match import LineAnswer, LineReading
from responses.posting_rules import SETTLING, STOPPING, Action, Goes, PostingRule, find_rule
from x12.documents.parties import Adjustment
from x12.documents.remittance import ClaimPayment, claim_balances, claim_differences

NEVER_DENIES = frozenset({("CO", "45"), ("CO", "253"), ("OA", "23")})
PATIENT_SHARE = frozenset({"1", "2", "3"})
ALLOWED_TOO = frozenset({("OA", "23"), ("CO", "253")})  # beside the payment and the patient's share
PREDETERMINATION, NOT_OURS, DENIED = "25", "23", "4"
# CLP02 of an answer that is whole; of the older codes most say that the payer is not done yet (5 pended, 13 suspended).
ANSWERS = frozenset({"1", "2", "3", DENIED, "19", "20", "21", "22", NOT_OURS, PREDETERMINATION})


class Work(Protocol):
    """What a gate may do: stop the claim, or note a step."""

    def stop(self, code: str, because: str, **inputs: Any) -> None:
        """The gate does not hold."""

    def note(self, rule: str, result: Any, because: str, **inputs: Any) -> None:
        """A step for the trace."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The settings in force at the invoice's location, and the clinic's own rules if switched on."""

    unlisted_codes: str = "block"  # block, post_as_denial
    reversals: str = "block"  # block, auto_if_exact
    max_auto_variance: Decimal = ZERO
    rules: tuple[PostingRule, ...] = ()
    # Line, group and reason -> where a person sends it; None: nobody posts line by line (responses/by_hand.py).
    choices: Mapping[tuple[str, str, str], Goes] | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of the remittance around the claim."""

    key: str
    payer: PayerNames
    payer_key: str  # TRN03, else the name: whose claim number CLP07 is
    balance_reason: str = ""  # why the remittance does not add up, empty when it does
    is_damaged: bool = False  # the file was cut off or its counts are wrong
    is_repeat: bool = False
    reissue_reason: str = ""
    payee_reason: str = ""  # why the payee is none of ours: then nothing is matched
    is_weak: bool = False  # the family is a guess
    weak_reason: str = ""
    layer: int | None = None  # the layer a person chose
    accepted: frozenset[str] = frozenset()  # gates that a person has looked at and lets pass


@dataclass(slots=True)
class Classified:
    """One answered line with each adjustment sorted by its posting rule."""

    answer: LineAnswer
    write_offs: tuple[tuple[str, str, Decimal], ...] = ()
    patient: Decimal = ZERO
    note: Decimal = ZERO
    denied: Decimal = ZERO
    unsettled: list[str] = field(default_factory=list)  # "CO-16": makes a line paid 0 a denial
    allowed: Decimal = ZERO


def check_remittance(work: Work, payment: ClaimPayment, facts: Facts) -> None:
    """E01 for a re-issued trace number, E02 file, E03 claim: does the money explain itself?"""
    if facts.reissue_reason:
        work.stop("E01", facts.reissue_reason)
    if facts.balance_reason:
        work.stop("E02", facts.balance_reason)
    if not claim_balances(payment):
        differences = claim_differences(payment)
        told = ", ".join(
            f"{name.replace('_', ' ')} {amount}" for name, amount in list(differences.items())[:3]
        )
        work.stop("E03", f"the claim does not add up: {told or 'an amount cannot be read'}")


def check_taken(work: Work, payment: ClaimPayment, facts: Facts, ledger: ClaimLedger) -> None:
    """E01: the same payer claim number, status and payment came in another remittance (I-11)."""
    number = payment.payer_control_number
    if not number:
        return
    for answer in ledger.taken:
        same = (answer.payer, answer.payer_claim_number, answer.status_code, answer.paid)
        if answer.remittance != facts.key and same == (
            facts.payer_key,
            number,
            payment.status_code,
            payment.paid,
        ):
            because = f"the payer's claim {number} with {payment.paid} paid came before in another remittance"
            work.stop("E01", because, payer_claim_number=number)


def check_void(work: Work, ledger: ClaimLedger) -> None:
    """E13: nothing is open on a void invoice, whatever the answer says."""
    if ledger.void:
        work.stop("E13", f"invoice {ledger.void} is void: nothing is open on it", invoice=ledger.void)


def check_status(work: Work, payment: ClaimPayment) -> None:
    """E17: predetermination (25) and not ours (23) never post. E05: a CLP02 that tells of no finished answer."""
    if payment.status_code == PREDETERMINATION:
        work.stop("E17", "a predetermination (status 25): nothing is paid, nothing posts")
    elif payment.status_code == NOT_OURS:
        work.stop("E17", "not this payer's claim (status 23): it was forwarded, nothing posts")
    elif payment.status_code not in ANSWERS:
        told = f"status {payment.status_code} is" if payment.status_code else "no status is told, which is"
        work.stop("E05", f"{told} none of a finished answer (CLP02): look at it before it posts")


def check_lines(work: Work, payment: ClaimPayment, reading: LineReading, ledger: ClaimLedger) -> None:
    """E06 charge differs, E07 line not matched, E08 code recoded."""
    if payment.charge != ledger.charge:
        work.stop("E06", f"answered for {payment.charge}, submitted {ledger.charge}")
    for answer in reading.answers:
        if answer.charge != answer.line.charge:
            because = f"line {answer.line.code}: answered for {answer.charge}, submitted {answer.line.charge}"
            work.stop("E06", because, line=answer.line.id)
    for service in reading.strangers:
        work.stop(
            "E07", f"{service.procedure.code or 'a line'} {service.charge} was never submitted like that"
        )
    if reading.unanswered and not payment.lines:
        lines = len(reading.unanswered)
        work.stop(
            "E07", f"the answer tells the claim as a whole; how it falls on its {lines} lines it does not say"
        )
    for line in reading.unanswered:
        work.stop("E07", f"line {line.code} {line.charge} has no answer", line=line.id)
    for answer in reading.answers:
        if answer.recoded_from:
            work.stop(
                "E08", f"submitted {answer.line.code}, answered as {answer.recoded_from}", line=answer.line.id
            )


def classify(work: Work | None, answer: LineAnswer, payers: Sequence[str], terms: Terms) -> Classified:
    """Sort the CAS of a line by posting rule; E09 and E15 show here. Zero amounts move nothing."""
    each = Classified(answer)
    write_offs: dict[tuple[str, str], Decimal] = {}
    for item in answer.adjustments:
        chosen = (terms.choices or {}).get((answer.line.id, item.group, item.reason))
        rule = find_rule(terms.rules, payers, item.group, item.reason)
        label = f"{item.group}-{item.reason}"
        if chosen is not None:
            rule = chosen.rule(item.group, item.reason)
        elif rule is not None and rule.action in STOPPING:
            if work is not None:
                work.stop("E15", f"{rule.words} stops {label} {item.amount}", adjustment=label)
        elif _is_unlisted(answer, item, rule, terms) and work is not None:
            work.stop("E09", f"no posting rule for {label} {item.amount}", adjustment=label)
        _sort(each, rule, item.group, item.reason, item.amount, write_offs)
        if work is not None and rule is not None:
            work.note("B9.rules", rule.action.value, rule.words, adjustment=label, amount=str(item.amount))
    each.write_offs = tuple((g, r, amount) for (g, r), amount in write_offs.items() if amount)
    each.allowed = _allowed(answer)
    return each


def _is_unlisted(answer: LineAnswer, item: Adjustment, rule: PostingRule | None, terms: Terms) -> bool:
    """E09: money under a code without a rule. On a line paid nothing the same code is a denial: E10 tells it."""
    if not item.amount or rule is not None or terms.unlisted_codes == "post_as_denial":
        return False
    return answer.paid != ZERO or item.group == "PR" or (item.group, item.reason) in NEVER_DENIES


def check_denials(work: Work, payment: ClaimPayment, classified: Sequence[Classified]) -> None:
    """E10: a line paid nothing with an adjustment that no rule settles, or CLP02 = 4."""
    if payment.status_code == DENIED:
        work.stop("E10", "the payer denied the claim (status 4)")
    for each in classified:
        if each.answer.paid == ZERO and each.unsettled:
            amount = total(
                item.amount
                for item in each.answer.adjustments
                if f"{item.group}-{item.reason}" in each.unsettled
            )
            because = f"line {each.answer.line.code} was denied: {', '.join(each.unsettled)} {amount}"
            work.stop("E10", because, line=each.answer.line.id)


def check_whole(work: Work, payment: ClaimPayment, payers: Sequence[str], terms: Terms) -> None:
    """E10 for an answer without lines that pays nothing, when no line of ours could be given its codes."""
    if payment.lines or payment.paid:
        return
    whole = LineAnswer(
        LedgerLine("", "claim", payment.charge), payment.charge, ZERO, list(payment.adjustments)
    )
    unsettled = classify(None, whole, payers, terms).unsettled
    if unsettled:
        work.stop("E10", f"the claim was denied as a whole: {', '.join(unsettled)} {payment.charge}")


def check_allowed(work: Work, classified: Sequence[Classified], terms: Terms) -> None:
    """E14: allowed below the contract by more than ``max_auto_variance``; skipped without a contract row."""
    for each in classified:
        expected = each.answer.line.expected_allowed
        if expected is None:
            work.note("B9.E14", "skipped", f"no contract row for {each.answer.line.code}")
        elif each.allowed < expected - terms.max_auto_variance:
            because = (
                f"line {each.answer.line.code}: allowed {each.allowed}, the contract says {expected}, "
                f"{expected - each.allowed} short; {terms.max_auto_variance} may pass"
            )
            work.stop("E14", because, line=each.answer.line.id)


def _sort(
    each: Classified,
    rule: PostingRule | None,
    group: str,
    reason: str,
    amount: Decimal,
    write_offs: dict[tuple[str, str], Decimal],
) -> None:
    action = rule.action if rule is not None else None
    if action is Action.WRITE_OFF:
        write_offs[group, reason] = write_offs.get((group, reason), ZERO) + amount
    elif action in (Action.PATIENT, Action.NEXT_PAYER):
        each.patient += amount
    elif action is Action.NOTE:
        each.note += amount
    else:
        each.denied += amount
    if amount and action not in SETTLING and group != "PR" and (group, reason) not in NEVER_DENIES:
        each.unsettled.append(f"{group}-{reason}")


def _allowed(answer: LineAnswer) -> Decimal:
    """AMT*B6, else paid + PR-1/2/3 + what the payer before decided (OA-23) + sequestration (CO-253)."""
    if answer.allowed is not None:
        return answer.allowed
    share = total(
        item.amount
        for item in answer.adjustments
        if (item.group == "PR" and item.reason in PATIENT_SHARE) or (item.group, item.reason) in ALLOWED_TOO
    )
    return answer.paid + share
