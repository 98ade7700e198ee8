"""Posting worked out from a case alone: ``./manage plan`` without a database (contract.md).

How a biller tries automation rules before switching them on. Reads the case into a ClaimLedger, takes
its remittances in order with the state carried along, and says what would be posted and who owes what.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any

from billing.case_file import Report, answer_file
from billing.case_json import MalformedError, Reader, flaw, show
from lib.frozen import freeze
from lib.money import ZERO
from responses.claim_ledger import ClaimLedger, LedgerLayer, LedgerLine, knows_number
from responses.gates import Facts, Terms
from responses.layer_match import names_of
from responses.plan import plan_claim, take, taking_order
from responses.plan_result import ClaimPlan, Decision
from responses.posting_rules import NOT_THE_PATIENTS, Action, PostingRule, bills_wrongly, repeated_rule
from responses.remittance_facts import (
    balance_reason,
    blocking_findings,
    fingerprint,
    payer_key,
    remittance_key,
)
from x12.documents.remittance import ClaimPayment, Remittance, provider_adjustment_total
from x12.reading import FileReading, TransactionReading, read_file


class Autopay(StrEnum):
    """``autopay_claims``; a plan says what would be posted whichever it is."""

    OFF = "off"
    PREVIEW = "preview"
    POST = "post"


class Unlisted(StrEnum):
    """``unlisted_codes``."""

    BLOCK = "block"
    POST_AS_DENIAL = "post_as_denial"


class Reversals(StrEnum):
    """``reversals``."""

    BLOCK = "block"
    AUTO_IF_EXACT = "auto_if_exact"


@dataclass(slots=True)
class Case:
    """A case read: terms, the family, and the texts of its remittances."""

    terms: Terms
    ledger: ClaimLedger
    remittances: list[str]


@dataclass(slots=True)
class _Taken:
    """Remittances taken so far: keys with what they said, and the traces of each payer."""

    keys: set[tuple[str, ...]] = field(default_factory=set)
    traces: set[tuple[str, str]] = field(default_factory=set)


def plan_file(path: str) -> Report:
    """Plan the case or the list of cases in a file; any file at all ends in a Report.

    Status 0: every claim would post (or was taken before); 1: some remittance or claim stops, or cannot
    be read; 2: some case is malformed or the file cannot be read.
    """
    return answer_file(path, _one)


def parse_case(data: Any) -> tuple[Case, tuple[str, ...]]:
    """A case of the contract, and its warnings (unknown keys). Raises MalformedError."""
    wrong = flaw(data)
    if wrong:
        raise MalformedError(wrong)
    warnings: list[str] = []
    reader = Reader(data, "", warnings)
    terms = reader.inner("settings", _terms) or Terms()
    ledger = reader.needed_inner("claim", _ledger)
    case = Case(terms, ledger, _remittances(reader))
    reader.finish()
    return case, tuple(warnings)


def plan_case(case: Case) -> dict[str, Any]:
    """Take every remittance in order and tell the state after them. The case's ledger is changed."""
    taken = _Taken()
    told: list[dict[str, Any]] = []
    for text in case.remittances:
        told += _take_text(text, case, taken)
    standing = case.ledger.standing()
    return {
        "remittances": told,
        "after": {
            "insurers": {str(rank): _money(amount) for rank, amount in standing.insurers.items()},
            "patient": _money(standing.patient),
            "unapplied_credit": _money(standing.unapplied_credit),
            "paid": _money(standing.paid),
            "written_off": _money(standing.written_off),
            "patient_paid": _money(case.ledger.patient_paid),
            "charges": _money(case.ledger.charge),
            "responsible_layer": case.ledger.responsible,
        },
    }


def _one(data: Any) -> tuple[int, dict[str, Any], tuple[str, ...]]:
    try:
        case, warnings = parse_case(data)
    except MalformedError as error:
        return 2, {"error": str(error)}, ()
    document = plan_case(case)
    return int(any(_is_wrong(each) for each in document["remittances"])), document, warnings


def _is_wrong(told: dict[str, Any]) -> bool:
    if told["duplicate"]:
        return False
    return (
        not told["balanced"]
        or any(claim["decision"] == Decision.EXCEPTION for claim in told["claims"])
        or any(finding["severity"] == "error" for finding in told["findings"])
    )


# --- reading the case ------------------------------------------------------------------------------


def _terms(settings: Reader) -> Terms:
    _ = settings.get("autopay") is None or settings.choice("autopay", Autopay)
    unlisted = (
        settings.choice("unlisted_codes", Unlisted) if settings.get("unlisted_codes") else Unlisted.BLOCK
    )
    reversals = settings.choice("reversals", Reversals) if settings.get("reversals") else Reversals.BLOCK
    rules = settings.each("posting_rules", _rule)
    twin = repeated_rule(rules)
    if twin is not None:
        words = f"{twin.payer or 'every payer'} {twin.group}-{twin.reason or 'any'}"
        settings.fail("posting_rules", f"two rules for {words}; keep one")
    rules = tuple(rule for rule in rules if not bills_wrongly(rule.group, rule.action))
    return Terms(unlisted.value, reversals.value, settings.money("max_auto_variance") or ZERO, rules)


def _rule(rule: Reader) -> PostingRule:
    """One posting rule. One that would bill the patient for what is not PR is read, named and then left out."""
    reason = rule.get("reason")
    if isinstance(reason, int) and not isinstance(reason, bool):
        reason = str(reason)  # 59 as well as "59"
    elif reason is not None:
        reason = rule.needed_text("reason")
    made = PostingRule(rule.needed_text("group"), reason, rule.choice("action", Action), rule.text("payer"))
    if bills_wrongly(made.group, made.action):
        rule.warn("action", f"left out, as no clinic may have this rule: {NOT_THE_PATIENTS}")
    return made


def _ledger(claim: Reader) -> ClaimLedger:
    numbers = claim.texts("control_numbers")
    if not numbers:
        claim.fail("control_numbers", "needs at least one number under which the claim was sent")
    layers = claim.each("layers", _layer)
    if not layers:
        claim.fail("layers", "needs at least one insurer")
    ranks = [layer.rank for layer in layers]
    if len(set(ranks)) != len(ranks):
        claim.fail("layers", "two layers have the same rank")
    responsible = claim.whole("responsible_layer", 1, 3)
    if responsible is None:
        responsible = min(ranks)
    if responsible not in ranks:
        claim.fail("responsible_layer", f"there is no layer {responsible}")
    day = claim.day("date_of_service")
    lines = tuple(replace(line, service_date=line.service_date or day) for line in claim.each("lines", _line))
    if not lines:
        claim.fail("lines", "needs at least one line")
    if len({line.id for line in lines}) != len(lines):
        claim.fail("lines", "two lines have the same id")
    for line in lines:
        line.insurers = dict.fromkeys(ranks, ZERO)
        line.insurers[responsible] = line.charge - line.patient
    return ClaimLedger(
        control_numbers=numbers,
        layers=tuple(sorted(layers, key=lambda layer: layer.rank)),
        lines=lines,
        responsible=responsible,
        patient_paid=claim.money("patient_paid") or ZERO,
    )


def _layer(layer: Reader) -> LedgerLayer:
    layer.need("rank")
    rank = layer.whole("rank", 1, 3) or 1
    return LedgerLayer(rank, layer.needed_text("payer"), frozenset(layer.texts("payer_ids")))


def _line(line: Reader) -> LedgerLine:
    line.need("charge")
    charge: Decimal = line.money("charge") or ZERO
    expected = line.money("patient_expected") or ZERO
    if expected > charge:
        line.fail("patient_expected", f"is {expected}, more than the charge {charge}")
    number = line.needed_text("id")
    return LedgerLine(
        id=number,
        code=line.needed_text("code"),
        charge=charge,
        modifiers=line.texts("modifiers"),
        service_date=line.day("date_of_service"),
        line_ids=(number,),
        expected_allowed=line.money("expected_allowed"),
        patient=expected,
    )


def _remittances(reader: Reader) -> list[str]:
    texts = reader.get("remittances")
    if texts is None:
        return []
    if not isinstance(texts, list):
        reader.fail("remittances", f"must be a list of 835 texts, not {show(texts)}")
    for place, text in enumerate(texts):
        if not isinstance(text, str):
            reader.fail(f"remittances[{place}]", f"must be an 835 as text, not {show(text)}")
    return texts


# --- taking remittances ----------------------------------------------------------------------------


def _take_text(text: str, case: Case, taken: _Taken) -> list[dict[str, Any]]:
    """Each 835 in one text; a text without any gives one answer that only carries findings."""
    reading = read_file(text.encode("utf-8", "replace"))
    found = [each for each in reading.transactions if isinstance(each.document, Remittance)]
    if not found:
        return [_unread(reading)]
    return [_take(each, reading, case, taken) for each in found]


def _unread(reading: FileReading) -> dict[str, Any]:
    findings = [freeze(finding) for finding in reading.findings]
    if not any(finding["severity"] == "error" for finding in findings):
        findings.append(_finding("not_a_remittance", "The text holds no 835 (remittance)."))
    return {
        "trace_number": None,
        "balanced": False,
        "paid": "0.00",
        "provider_adjustments": "0.00",
        "duplicate": False,
        "codes": [],
        "claims": [],
        "findings": findings,
    }


def _finding(code: str, message: str) -> dict[str, Any]:
    return {"code": code, "level": "file", "severity": "error", "segment": 0, "message": message}


def _take(each: TransactionReading, reading: FileReading, case: Case, taken: _Taken) -> dict[str, Any]:
    remittance = each.document
    assert isinstance(remittance, Remittance)
    key = (*remittance_key(remittance), fingerprint(remittance))
    trace = (payer_key(remittance), remittance.trace_number)
    blocked = blocking_findings(reading, each)
    repeat = key in taken.keys and not blocked
    reissue = ""
    if not repeat and remittance.trace_number and trace in taken.traces:
        reissue = f"trace {remittance.trace_number} came before with another amount, date or claims: held for review"
    facts = Facts(
        key="|".join(key),
        payer=names_of(remittance),
        payer_key=payer_key(remittance),
        balance_reason=blocked or balance_reason(remittance),
        is_damaged=bool(blocked),
        is_repeat=repeat,
        reissue_reason=reissue,
    )
    plans = _take_claims(remittance.claims, case, facts)
    if not blocked:
        taken.keys.add(key)
        taken.traces.add(trace)
    return {
        "trace_number": remittance.trace_number,
        "balanced": not balance_reason(remittance),
        "paid": _money(remittance.amount),
        "provider_adjustments": _money(provider_adjustment_total(remittance)),
        "duplicate": repeat,
        "codes": ["E16"] if remittance.provider_adjustments else [],
        "claims": [_claim(plan) for plan in plans],
        "findings": [freeze(finding) for finding in reading.findings],
    }


def _take_claims(payments: Sequence[ClaimPayment], case: Case, facts: Facts) -> list[ClaimPlan]:
    """The plans in the file's order; taken in ``taking_order``."""
    numbers = case.ledger.control_numbers
    known = [case.ledger if knows_number(numbers, each.control_number) else None for each in payments]
    plans: dict[int, ClaimPlan] = {}
    for place in taking_order(payments, known, facts.payer):
        plans[place] = _take_claim(place + 1, payments[place], case, facts)
    return [plans[place] for place in range(len(payments))]


def _take_claim(ordinal: int, payment: ClaimPayment, case: Case, facts: Facts) -> ClaimPlan:
    ledger: ClaimLedger | None = case.ledger
    if not knows_number(case.ledger.control_numbers, payment.control_number):
        numbers = {payment.payer_control_number, payment.original_payer_control_number} - {""}
        known = {answer.payer_claim_number for answer in case.ledger.taken}
        if numbers & known:
            because = "the number is unknown; only the payer's claim number is one of ours"
            facts = replace(facts, is_weak=True, weak_reason=because)
        else:
            ledger = None
    plan = plan_claim(payment, ledger, facts, case.terms)
    if ledger is not None:
        take(plan, payment, ledger, facts, f"{facts.key}|{ordinal}")
    return plan


def _claim(plan: ClaimPlan) -> dict[str, Any]:
    return {
        "control_number": plan.control_number,
        "decision": plan.decision.value,
        "codes": list(plan.codes),
        "layer": plan.layer,
        "next": plan.next,
        "lines": [
            {
                "id": line.id,
                "paid": _money(line.paid),
                "write_off": _money(line.write_off),
                "patient": _money(line.patient),
                "denied": _money(line.denied),
                "note": _money(line.note),
            }
            for line in plan.lines
        ],
        "reasons": dict(plan.reasons),
        "trace": [freeze(step) for step in plan.trace],
    }


def _money(amount: Decimal) -> str:
    return f"{amount + ZERO:.2f}"
