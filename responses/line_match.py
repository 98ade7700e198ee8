"""The lines of an answer beside the lines that were submitted (rules.md B9.E07), pure.

REF*6R first, else code + modifiers + date + charge, else code + charge; each submitted line once. Two
service lines under one REF*6R whose charges add up to the line are a split line and count together.
Claim-level CAS are spread over the lines in order, so that afterwards every line explains its charge.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from lib.money import ZERO, total
from responses.claim_ledger import LedgerLine
from x12.documents.parties import Adjustment
from x12.documents.remittance import ClaimPayment, Procedure, ServicePayment


@dataclass(slots=True)
class LineAnswer:
    """What the payer said about one submitted line. ``places`` are the answering SVC, counted from 0."""

    line: LedgerLine
    charge: Decimal
    paid: Decimal
    adjustments: list[Adjustment] = field(default_factory=list)
    allowed: Decimal | None = None
    recoded_from: str = ""
    places: tuple[int, ...] = ()

    def sums(self) -> dict[tuple[str, str], Decimal]:
        """Adjustments by group and reason, zeros left out: what reversals are compared by."""
        found: dict[tuple[str, str], Decimal] = {}
        for item in self.adjustments:
            key = (item.group, item.reason)
            found[key] = found.get(key, ZERO) + item.amount
        return {key: amount for key, amount in found.items() if amount}


@dataclass(slots=True)
class LineReading:
    """The answers found, the service lines nobody submitted, and the submitted lines left unanswered."""

    answers: list[LineAnswer]
    strangers: list[ServicePayment]
    unanswered: list[LedgerLine]

    @property
    def is_complete(self) -> bool:
        """Every service line was submitted and every submitted line is answered."""
        return not self.strangers and not self.unanswered


def match_lines(payment: ClaimPayment, lines: Sequence[LedgerLine]) -> LineReading:
    """Bring an answer's lines to the submitted ones."""
    if not payment.lines:
        return _claim_level(payment, lines)
    found = _by_line_id(payment, lines)
    _by_value(payment, lines, found)
    answers = [
        _merge(line, [(n, payment.lines[n]) for n in found[line.id]]) for line in lines if line.id in found
    ]
    used = {place for places in found.values() for place in places}
    strangers = [
        service for place, service in enumerate(payment.lines) if place not in used and not _is_empty(service)
    ]
    _spread(list(payment.adjustments), answers)
    return LineReading(answers, strangers, [line for line in lines if line.id not in found])


def negated(payment: ClaimPayment) -> ClaimPayment:
    """A reversal with its signs turned: the answer that it takes back."""
    turn = tuple(replace(item, amount=-item.amount) for item in payment.adjustments)
    services = tuple(
        replace(
            service,
            charge=-service.charge,
            paid=-service.paid,
            allowed=None if service.allowed is None else -service.allowed,
            adjustments=tuple(replace(item, amount=-item.amount) for item in service.adjustments),
        )
        for service in payment.lines
    )
    return replace(payment, charge=-payment.charge, paid=-payment.paid, adjustments=turn, lines=services)


def claim_sums(payment: ClaimPayment) -> dict[tuple[str, str], Decimal]:
    """All CAS of an answer by group and reason, zeros left out."""
    found: dict[tuple[str, str], Decimal] = {}
    for item in [*payment.adjustments, *(each for line in payment.lines for each in line.adjustments)]:
        key = (item.group, item.reason)
        found[key] = found.get(key, ZERO) + item.amount
    return {key: amount for key, amount in found.items() if amount}


def _claim_level(payment: ClaimPayment, lines: Sequence[LedgerLine]) -> LineReading:
    """No service lines: the claim's own amounts are its line's, or every line's when they are all one thing.

    One thing: all paid, or all under one code (a denial, a deductible). How several amounts fall on several
    lines nobody has said, so those lines stay without an answer.
    """
    if len(lines) == 1:
        answer = LineAnswer(lines[0], payment.charge, payment.paid, list(payment.adjustments))
        return LineReading([answer], [], [])
    told = [item for item in payment.adjustments if item.amount]
    parts = [payment.paid] * bool(payment.paid) + [item.amount for item in told]
    if parts != [payment.charge] or payment.charge != total(line.charge for line in lines):
        return LineReading([], [], list(lines))
    answers = [
        LineAnswer(
            line,
            line.charge,
            ZERO if told else line.charge,
            [replace(item, amount=line.charge, quantity=None) for item in told],
        )
        for line in lines
    ]
    return LineReading(answers, [], [])


def _by_line_id(payment: ClaimPayment, lines: Sequence[LedgerLine]) -> dict[str, list[int]]:
    by_id = {number: line for line in lines for number in (*line.line_ids, line.id)}
    groups: dict[str, list[int]] = {}
    for place, service in enumerate(payment.lines):
        line = by_id.get(service.line_id) if service.line_id else None
        if line is not None:
            groups.setdefault(line.id, []).append(place)
    found: dict[str, list[int]] = {}
    for line in lines:
        places = groups.get(line.id, [])
        if len(places) > 1 and total(payment.lines[n].charge for n in places) != line.charge:
            places = [next((n for n in places if payment.lines[n].charge == line.charge), places[0])]
        if places:
            found[line.id] = places
    return found


def _by_value(payment: ClaimPayment, lines: Sequence[LedgerLine], found: dict[str, list[int]]) -> None:
    """Second and third key, for service lines that no line id settled."""
    used = {place for places in found.values() for place in places}
    for with_details in (True, False):
        for place, service in enumerate(payment.lines):
            if place in used:
                continue
            for line in lines:
                if line.id not in found and _same(service, line, payment.service_date, with_details):
                    found[line.id] = [place]
                    used.add(place)
                    break


def _same(service: ServicePayment, line: LedgerLine, claim_date: date | None, with_details: bool) -> bool:
    sent = service.submitted or service.procedure
    if _code(sent.code) != _code(line.code) or service.charge != line.charge:
        return False
    if not with_details:
        return True
    day = service.service_date or claim_date
    return _modifiers(sent.modifiers) == _modifiers(line.modifiers) and (
        day is None or line.service_date is None or day == line.service_date
    )


def _merge(line: LedgerLine, services: list[tuple[int, ServicePayment]]) -> LineAnswer:
    allowed = [service.allowed for _, service in services]
    return LineAnswer(
        line=line,
        charge=total(service.charge for _, service in services),
        paid=total(service.paid for _, service in services),
        adjustments=[item for _, service in services for item in service.adjustments],
        allowed=total(a for a in allowed if a is not None) if all(a is not None for a in allowed) else None,
        recoded_from=next(
            (_recoded(service, line) for _, service in services if _recoded(service, line)), ""
        ),
        places=tuple(place for place, _ in services),
    )


def _recoded(service: ServicePayment, line: LedgerLine) -> str:
    """The paid code when the payer changed the procedure (E08), else empty."""
    paid = service.procedure
    if service.submitted is not None and _words(service.submitted) != _words(paid):
        return _words(paid)
    return _words(paid) if _code(paid.code) != _code(line.code) else ""


def _spread(adjustments: list[Adjustment], answers: list[LineAnswer]) -> None:
    """Claim-level CAS lower what the lines were paid: each in line order up to the line's payment."""
    for item in adjustments:
        left = item.amount
        for answer in answers:
            share = min(left, max(answer.paid, ZERO)) if left > ZERO else ZERO
            if share:
                answer.paid -= share
                answer.adjustments.append(replace(item, amount=share))
                left -= share
        if left and answers:
            answers[0].paid -= left
            answers[0].adjustments.append(replace(item, amount=left))


def _is_empty(service: ServicePayment) -> bool:
    """A line the payer added for information: no money on it."""
    return not service.charge and not service.paid and not any(item.amount for item in service.adjustments)


def _code(text: str) -> str:
    return text.strip().upper()


def _modifiers(codes: Sequence[str]) -> list[str]:
    return sorted(code.strip().upper() for code in codes if code.strip())


def _words(procedure: Procedure) -> str:
    return " ".join([_code(procedure.code), *_modifiers(procedure.modifiers)])
