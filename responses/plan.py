"""What would be posted for one claim of a remittance, and why (rules.md B9): pure.

Before it: layer_match and line_match. After it: plan_case carries the state in memory, posting.py writes
the same plan to the ledger. The gates E01 to E17 are looked at in order; a claim posts whole or not at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from billing.trace import Step
from lib.money import ZERO, total
from responses import gates
from responses.claim_ledger import PATIENT, ClaimLedger, EarlierPosting, LedgerLine, TakenAnswer
from responses.gates import Classified, Facts, Terms
from responses.layer_match import LayerMatch, PayerNames, find_layer
from responses.line_match import LineAnswer, match_lines, negated
from responses.plan_result import ClaimPlan, Decision, LinePlan
from responses.plan_reversal import find_exact, mirror_words, mirrored, taken_back
from x12.documents.remittance import ClaimPayment

MOST_REASONS = 4


class _Work:
    """One plan in the making: codes with their reasons, and the trace."""

    def __init__(self, payment: ClaimPayment, accepted: frozenset[str]) -> None:
        self.payment = payment
        self.accepted = accepted
        self.reasons: dict[str, str] = {}
        self.told: dict[str, list[str]] = {}
        self.trace: list[Step] = []

    def stop(self, code: str, because: str, **inputs: Any) -> None:
        """A gate that did not hold; a code with several reasons (lines, mostly) tells the first of them."""
        told = self.told.setdefault(code, [])
        if because in told:
            return
        told.append(because)
        if len(told) <= MOST_REASONS:
            self.trace.append(Step(f"B9.{code}", inputs, "stop", because))
            self.reasons[code] = "; ".join(told)
        elif len(told) == MOST_REASONS + 1:
            self.reasons[code] += "; and more"

    def note(self, rule: str, result: Any, because: str, **inputs: Any) -> None:
        """A step that decided something."""
        self.trace.append(Step(rule, inputs, result, because))


def plan_claim(payment: ClaimPayment, ledger: ClaimLedger | None, facts: Facts, terms: Terms) -> ClaimPlan:
    """Decide on one answer. ``ledger`` is None when no family is known under its number (E04).

    ``facts.is_weak`` says that the family itself is only a guess (E05). Nothing is changed here: see ``take``.
    """
    work = _Work(payment, facts.accepted)
    if facts.is_repeat:
        work.stop("E01", "this remittance was taken before; nothing is changed")
        return _finish(work, Decision.IGNORED, None, ledger)
    if facts.payee_reason:
        work.stop("E17", facts.payee_reason)
        return _finish(work, Decision.EXCEPTION, None, None)
    gates.check_remittance(work, payment, facts)
    if ledger is None:
        work.stop("E04", f"no claim was ever sent under {payment.control_number or 'an empty number'}")
        gates.check_status(work, payment)
        return _finish(work, Decision.EXCEPTION, None, None)
    match = find_layer(payment, facts.payer, ledger)
    if facts.layer is not None:
        match = LayerMatch(facts.layer, True, "chosen by a person")
    work.note("B9.E05", match.layer, match.reason, payer=facts.payer.name, status=payment.status_code)
    if facts.is_weak or not match.certain:
        work.stop("E05", facts.weak_reason or match.reason)
    gates.check_taken(work, payment, facts, ledger)
    if payment.is_reversal:
        return _plan_reversal(work, match, ledger, facts, terms)
    return _plan_answer(work, match, ledger, facts, terms)


def take(plan: ClaimPlan, payment: ClaimPayment, ledger: ClaimLedger, facts: Facts, key: str) -> None:
    """Carry the state on: the answer is taken, and posted when the plan says so. ``key`` names the posting."""
    if plan.decision is Decision.IGNORED:
        return
    if plan.posts:
        moves = {line.id: line.move() for line in plan.lines}
        ledger.move(moves)
        ledger.responsible = plan.responsible_after
        if plan.reverses is None:
            ledger.postings.append(
                EarlierPosting(key, plan.layer or 0, plan.responsible_before, payment, moves)
            )
        else:
            _forget(plan.reverses, ledger)
    if facts.is_damaged:
        return  # the whole file, sent again, brings the same answer
    ledger.taken.append(
        TakenAnswer(
            facts.key, facts.payer_key, payment.payer_control_number, payment.status_code, payment.paid
        )
    )


def taking_order(
    payments: Sequence[ClaimPayment], ledgers: Sequence[ClaimLedger | None], payer: PayerNames
) -> list[int]:
    """Places of a remittance's answers in the order to take them: the file's, but for one thing.

    A reversal of what stood before the remittance goes before an answer of the same family that was written
    in front of it: a payer may tell the correction first (x12 section 7 says the other order; some do not).
    """
    order: list[int] = []
    for place, (payment, ledger) in enumerate(zip(payments, ledgers, strict=True)):
        at = len(order)
        if payment.is_reversal and ledger is not None:
            family = [n for n, before in enumerate(order) if ledgers[before] is ledger]
            answers = [n for n in family if not payments[order[n]].is_reversal]
            if answers and _stood_before(payment, ledger, payer):
                at = answers[0]
        order.insert(at, place)
    return order


def _stood_before(payment: ClaimPayment, ledger: ClaimLedger, payer: PayerNames) -> bool:
    turned = negated(payment)
    match = find_layer(payment, payer, ledger)
    return find_exact(payment, turned, match_lines(turned, ledger.lines), match, ledger) is not None


def _forget(key: str, ledger: ClaimLedger) -> None:
    """A posting taken back no longer stands, so the same payment may come again."""
    for posting in ledger.postings:
        if posting.key == key:
            posting.is_reversed = True
            old = posting.payment
            ledger.taken = [
                answer
                for answer in ledger.taken
                if (answer.payer_claim_number, answer.status_code, answer.paid)
                != (old.payer_control_number, old.status_code, old.paid)
            ]


def _plan_answer(
    work: _Work, match: LayerMatch, ledger: ClaimLedger, facts: Facts, terms: Terms
) -> ClaimPlan:
    payment = work.payment
    reading = match_lines(payment, ledger.lines)
    gates.check_void(work, ledger)
    gates.check_lines(work, payment, reading, ledger)
    gates.check_status(work, payment)
    layer = ledger.layer(match.layer)
    payers = [facts.payer.name, layer.payer if layer else ""]
    classified = [gates.classify(work, answer, payers, terms) for answer in reading.answers]
    if "E17" not in work.reasons:
        gates.check_denials(work, payment, classified)
        if not classified:
            gates.check_whole(work, payment, payers, terms)
        if layer is not None and layer.rank != ledger.responsible:
            whose = f"layer {ledger.responsible}" if ledger.responsible else "no insurer"
            work.stop("E12", f"layer {layer.rank} answers, but {whose} is to answer now", layer=layer.rank)
        if layer is None or layer.rank == min(each.rank for each in ledger.layers):
            gates.check_allowed(work, classified, terms)
    rank = layer.rank if layer else (ledger.responsible or min(each.rank for each in ledger.layers))
    target = _next(work, payment, ledger, rank, classified)
    is_first = not ledger.live_postings()
    following = ledger.next_layer(rank)
    party = PATIENT if target == PATIENT or following is None else str(following.rank)
    lines = tuple(_line_plan(each, rank, party, is_first) for each in classified)
    if layer is not None and not {"E03", "E06", "E07", "E12", "E17"} & work.reasons.keys():
        _check_credit(work, lines, ledger)
    moved = bool(total(line.patient for line in lines)) or _differs_by_line(lines, target)
    stays = any(_open_after(line, rank, ledger) for line in lines)
    after = _pointer(target, ledger, rank) if moved else (rank if stays else None)
    told = target if moved else "none"
    return _finish(work, None, match, ledger, lines=lines, told=told, after=after)


def _differs_by_line(lines: tuple[LinePlan, ...], target: str) -> bool:
    """PR that cancels out over the claim still moves lines of the next insurer; to the patient it is nothing."""
    return target != PATIENT and any(line.patient for line in lines)


def _next(
    work: _Work, payment: ClaimPayment, ledger: ClaimLedger, rank: int, classified: list[Classified]
) -> str:
    """Where the PR part goes: the next layer in force, crossover when the payer forwards it, else the patient."""
    following = ledger.next_layer(rank)
    amount = total(each.patient for each in classified)
    carrier = payment.crossover_carrier.display_name if payment.crossover_carrier else ""
    if following is None:
        because = f"no insurer after layer {rank}"
        if payment.is_crossover:
            because += f"; the payer says it forwarded the claim{f' to {carrier}' if carrier else ''}"
        work.note("B11.2", PATIENT, because, amount=str(amount))
        return PATIENT
    if payment.is_crossover:
        because = f"forwarded by the payer to {carrier or following.payer}: no second claim is sent"
        work.note("B11.2", "crossover", because, amount=str(amount))
        return "crossover"
    work.note("B11.2", f"layer-{following.rank}", f"{following.payer} is next", amount=str(amount))
    return f"layer-{following.rank}"


def _pointer(target: str, ledger: ClaimLedger, rank: int) -> int | None:
    if target == PATIENT:
        return None
    following = ledger.next_layer(rank)
    return following.rank if following else None


def _line_plan(each: Classified, rank: int, party: str, is_first: bool) -> LinePlan:
    """The moves of one line: PR whole to the next in line, the expectation withdrawn, write-offs capped.

    A later payer's contractual amount is worked out from its own fee schedule: it posts only up to what is
    still open after its payment and PR. The first answer writes off what it says.
    """
    answer, line = each.answer, each.answer.line
    pool = line.insurers.get(rank, ZERO) + line.patient
    room = pool - answer.paid - each.patient
    write_offs = each.write_offs if is_first else _capped(each.write_offs, max(room, ZERO))
    write_off = total(amount for _, _, amount in write_offs)
    left = room - write_off
    denied = each.denied if is_first else max(left, ZERO)
    moves: dict[str, Decimal] = {str(rank): left - line.insurers.get(rank, ZERO)}
    moves[PATIENT] = -line.patient
    moves[party] = moves.get(party, ZERO) + each.patient
    return LinePlan(
        id=line.id,
        paid=answer.paid,
        write_off=write_off,
        patient=each.patient,
        denied=denied,
        note=each.note,
        charge=answer.charge,
        allowed=each.allowed,
        adjustments=write_offs,
        moves={name: amount for name, amount in moves.items() if amount},
        places=answer.places,
    )


def _capped(
    write_offs: tuple[tuple[str, str, Decimal], ...], room: Decimal
) -> tuple[tuple[str, str, Decimal], ...]:
    """Write-offs in order, each only up to what is still open."""
    made = []
    for group, reason, amount in write_offs:
        part = min(amount, room)
        if part:
            made.append((group, reason, part))
            room -= part
    return tuple(made)


def _open_after(plan: LinePlan, rank: int, ledger: ClaimLedger) -> Decimal:
    line = next(line for line in ledger.lines if line.id == plan.id)
    return line.insurers.get(rank, ZERO) + plan.moves.get(str(rank), ZERO)


def _check_credit(work: _Work, lines: tuple[LinePlan, ...], ledger: ClaimLedger) -> None:
    """E13: no insurer's side of a line may end below zero. The patient's may: the rest is credit."""
    by_id: dict[str, LedgerLine] = {line.id: line for line in ledger.lines}
    for plan in lines:
        for party, amount in plan.moves.items():
            if party == PATIENT or amount > ZERO:
                continue
            after = by_id[plan.id].insurers.get(int(party), ZERO) + amount
            if after < ZERO:
                because = f"layer {party} would owe {after} on line {plan.id}: more than is open"
                work.stop("E13", because, line=plan.id, layer=party)


def _plan_reversal(
    work: _Work, match: LayerMatch, ledger: ClaimLedger, facts: Facts, terms: Terms
) -> ClaimPlan:
    """CLP02 = 22: the exact mirror of an earlier posting when ``reversals`` allows it, else E11."""
    turned = negated(work.payment)
    reading = match_lines(turned, ledger.lines)
    found = find_exact(work.payment, turned, reading, match, ledger)
    lines: tuple[LinePlan, ...]
    if found is None and terms.choices is not None and match.layer is not None:
        lines = taken_back(reading, match.layer, ledger, facts, terms)
        _check_credit(work, lines, ledger)
        work.note("B9", "by hand", "no posting is its exact opposite: a person took it back line by line")
        return _finish(work, None, match, ledger, lines=lines, after=match.layer)
    if found is None:
        lines = tuple(mirror_words(answer, facts, ledger, match, terms) for answer in reading.answers)
        work.stop("E11", "a reversal, and no earlier posting has exactly these amounts")
        return _finish(work, None, match, ledger, lines=lines, after=ledger.responsible)
    places = {answer.line.id: answer.places for answer in reading.answers}
    told = {answer.line.id: answer for answer in match_lines(found.payment, ledger.lines).answers}
    lines = tuple(
        replace(
            mirrored(told.get(line.id, LineAnswer(line, ZERO, ZERO)), found, facts, ledger, terms),
            places=places.get(line.id, ()),
        )
        for line in ledger.lines
        if line.id in told
        or line.id in found.lines  # a person may have posted lines that the answer did not tell
    )
    if terms.reversals != "auto_if_exact":
        work.stop("E11", f"a reversal of {found.key}, exact; the setting says a person decides")
    else:
        _check_credit(work, lines, ledger)
    work.note("B9", found.key, "every amount is the opposite of this posting: it is mirrored")
    after = _turn_after(found, lines, ledger)
    return _finish(work, None, match, ledger, lines=lines, after=after, reverses=found.key)


def _turn_after(found: EarlierPosting, lines: tuple[LinePlan, ...], ledger: ClaimLedger) -> int | None:
    """Whose turn it was before what is taken back; an answer that a later one stands upon gives the turn back only
    where its insurer owes something again."""
    before = found.responsible_before
    is_newest = ledger.live_postings()[0].key == found.key
    if is_newest or (before is not None and any(_open_after(line, before, ledger) > ZERO for line in lines)):
        return before
    return ledger.responsible


def _finish(
    work: _Work,
    decision: Decision | None,
    match: LayerMatch | None,
    ledger: ClaimLedger | None,
    *,
    lines: tuple[LinePlan, ...] = (),
    told: str = "none",
    after: int | None = None,
    reverses: str | None = None,
) -> ClaimPlan:
    codes = tuple(sorted(work.reasons))
    stops = [code for code in codes if code not in work.accepted]
    decision = decision or (Decision.EXCEPTION if stops else Decision.POST)
    before = ledger.responsible if ledger else None
    return ClaimPlan(
        control_number=work.payment.control_number,
        decision=decision,
        codes=codes,
        layer=match.layer if match else None,
        next=told if decision is Decision.POST else "none",
        lines=lines,
        reasons={code: work.reasons[code] for code in codes},
        trace=tuple(work.trace),
        responsible_before=before,
        responsible_after=after if decision is Decision.POST else before,
        reverses=reverses,
        match=match,
    )
