"""Strangers' 835s with claims made to match: what adds up posts with every cent placed, what does not says by how much.

The files are not ours and stay outside; where they are not at hand the test says so and is left out.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from lib.money import ZERO
from responses.claim_ledger import ClaimLedger, LedgerLayer, LedgerLine
from responses.gates import Facts, Terms
from responses.layer_match import names_of
from responses.line_match import negated
from responses.manual import MAY_PASS
from responses.plan import plan_claim, take
from responses.plan_result import Decision
from responses.posting_rules import Action, PostingRule
from responses.remittance_facts import balance_reason, blocking_findings
from x12.documents.remittance import Remittance, claim_balances, claim_differences, remittance_difference
from x12.reading import read_file

FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "samples" / "x12" / "835"
FILES = sorted(FOLDER.glob("*")) if FOLDER.is_dir() else []
# Every code has a rule, so that only what does not add up can stop a claim that a person lets pass.
RULES = tuple(
    PostingRule(group, None, Action.PATIENT if group == "PR" else Action.WRITE_OFF)
    for group in ("CO", "OA", "PI", "CR", "PR")
)
TERMS = Terms(reversals="auto_if_exact", rules=RULES)


def made_to_match(payment, payer):
    """A claim that was sent as this answer tells it, all of it open at its insurer."""
    asked = negated(payment) if payment.charge < ZERO else payment
    told = asked.lines or [None]
    lines = []
    for place, service in enumerate(told):
        sent = (service.submitted or service.procedure) if service else None
        charge = service.charge if service else asked.charge
        line = LedgerLine(
            id=f"{place}", code=sent.code if sent else "CLAIM", charge=charge,
            modifiers=sent.modifiers if sent else (), service_date=service.service_date if service else None,
            line_ids=(service.line_id,) if service and service.line_id else (), insurers={1: charge},
        )  # fmt: skip
        lines.append(line)
    numbers = (payment.control_number or "0",)
    return ClaimLedger(numbers, (LedgerLayer(1, payer.name or "Payer", payer.identifiers),), tuple(lines), 1)


def placed(ledger, paid_by_check):
    """Charges = open + patient + paid + written off, and what was paid is what the check paid."""
    stands = ledger.standing()
    owed = sum(stands.insurers.values(), ZERO) + stands.patient - stands.unapplied_credit
    return owed + stands.paid + stands.written_off == ledger.charge and stands.paid == paid_by_check


def answered(payment, facts):
    """The plan of one answer on a claim made to match; a reversal finds the posting that it takes back."""
    ledger = made_to_match(payment, facts.payer)
    stood = ZERO  # what was paid before it
    if payment.is_reversal:
        earlier = negated(payment)
        earlier = type(earlier)(
            **{name: getattr(earlier, name) for name in earlier.__slots__} | {"status_code": "1"}
        )
        before = Facts("before", facts.payer, facts.payer_key, accepted=MAY_PASS)
        first = plan_claim(earlier, ledger, before, TERMS)
        take(first, earlier, ledger, before, "earlier")
        stood = earlier.paid if first.posts else ZERO
    plan = plan_claim(payment, ledger, facts, TERMS)
    if plan.decision is not Decision.POST and not {"E02", "E03"} & set(plan.codes):
        accepted = Facts(facts.key, facts.payer, facts.payer_key, accepted=MAY_PASS)
        plan = plan_claim(payment, ledger, accepted, TERMS)
    take(plan, payment, ledger, facts, "now")
    return plan, ledger, stood


@pytest.mark.rule("B9.E02", "B9.E03", "B9")
def test_every_claim_of_every_sample_posts_to_the_cent_or_says_what_is_apart():
    assert FILES, "the shared samples are not at hand"
    posted = stopped = 0
    for path in FILES:
        reading = read_file(path.read_bytes())
        seen = set()
        for each in reading.transactions:
            document = each.document
            if not isinstance(document, Remittance) or document.trace_number in seen:
                continue
            seen.add(document.trace_number)
            blocked = blocking_findings(reading, each)
            reason = blocked or balance_reason(document)
            facts = Facts(
                "file", names_of(document), "payer", balance_reason=reason, is_damaged=bool(blocked)
            )
            if not blocked and reason and document.amounts_readable:
                assert str(remittance_difference(document)) in reason, path.name
            for payment in document.claims:
                plan, ledger, stood = answered(payment, facts)
                where = f"{path.name} {payment.control_number} {plan.codes} {plan.reasons}"
                if reason:
                    assert (plan.decision, plan.reasons["E02"]) == (Decision.EXCEPTION, reason), where
                elif not claim_balances(payment):
                    assert "E03" in plan.codes, where
                    if payment.amounts_readable:
                        assert any(
                            str(left) in plan.reasons["E03"] for left in claim_differences(payment).values()
                        )
                elif payment.status_code in ("23", "25"):
                    assert plan.codes == ("E17",), where
                else:
                    assert plan.decision is Decision.POST, where
                    assert placed(ledger, stood + payment.paid), where
                    posted += 1
                    continue
                assert placed(ledger, stood), where  # nothing moved
                stopped += 1
    assert posted > 50, (posted, stopped)
    assert stopped > 100, (posted, stopped)
