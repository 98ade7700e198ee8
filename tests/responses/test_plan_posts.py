"""What ``./manage plan`` says is what posting does: the examiner's cases again, on real claims and books."""

from __future__ import annotations

import copy
import json
import os
from datetime import date
from decimal import Decimal as D
from typing import Any

import pytest
from django.db import transaction

from billing import balances
from claims.models import Claim
from insurance.models import ContractRate, Payer, Plan
from responses import rule_book
from responses.models import ClaimResponse
from responses.plan_case import parse_case, plan_case
from tests.cast import World, make_payer, make_service, make_world
from tests.responses.plans import K
from tests.responses.stage import claimed, set_up, take
from tests.responses.test_plan_examined import CASES as EXAMINED
from tests.responses.test_plan_harder import CASES as HARDER

CASES = {**EXAMINED, **HARDER}
# ./check takes every fifth case; by hand all of them: EXAMINED=1 ./check tests/responses/test_plan_posts.py
EVERY = 1 if os.environ.get("EXAMINED") else 5


Payers = dict[str, Payer]  # by the name that cases give them


def settled(world: World, payers: Payers, settings: dict[str, Any]) -> bool:
    """The case's settings and rules at the clinic; False when a rule may not be."""
    rules = settings.get("posting_rules", [])
    names = {"reversals": "block", "unlisted_codes": "block", "max_auto_variance": "0.00", **settings}
    set_up(
        world, autopay_claims="post", automation_rules=bool(rules),
        **{name: names[name] for name in ("reversals", "unlisted_codes", "max_auto_variance")},
    )  # fmt: skip
    for rule in rules:
        if rule["payer"] not in (None, *payers) or (
            rule["group"] != "PR" and rule["action"] in ("patient", "next_payer")
        ):
            return False
        payer = payers[rule["payer"]] if rule["payer"] else None
        rule_book.add(payer, rule["group"], rule["reason"] or "", rule["action"])
    return True


def real(world: World, payers: Payers, asked: dict[str, Any]) -> tuple[Claim, dict[str, Any]] | None:
    """A claim of ours like the case's, and the case with its numbers; None where this clinic cannot have it."""
    case = copy.deepcopy(asked)
    said = case["claim"]
    names = [layer["payer"] for layer in said["layers"]]
    lines = said["lines"]
    odd = any(not D(line["charge"]) for line in lines) or len({line["code"] for line in lines}) < len(lines)
    if odd or len(said["control_numbers"]) > 1 or not set(names) <= set(payers):
        return None
    if not settled(world, payers, case["settings"]):
        return None
    services = [make_service(line["code"], "x", line["charge"]) for line in lines]
    paid = said["patient_paid"] if D(said["patient_paid"]) else None
    claim = claimed(world, *(payers[name] for name in names), paid=paid, services=services)
    texts = [text.replace(K, claim.control_number) for text in case["remittances"]]
    said["control_numbers"] = [claim.control_number]
    for line, row in zip(lines, claim.lines.order_by("line_no"), strict=True):
        if line.get("expected_allowed"):
            ContractRate.objects.create(
                clinic=world.clinic, payer=payers[names[0]], procedure_code=line["code"],
                allowed=D(line["expected_allowed"]), effective_on=date(2026, 1, 1),
            )  # fmt: skip
        texts = [text.replace(f"REF*6R*{line['id']}~", f"REF*6R*{row.line_id}~") for text in texts]
        stands = balances.lines([row.charge_id])[row.charge_id]
        line |= {"id": row.line_id, "patient_expected": str(stands.patient + stands.paid_by_patient)}
    case["remittances"] = [text.replace("20260309", f"{claim.invoice.service_date:%Y%m%d}") for text in texts]
    return claim, case


def agrees(claim: Claim, case: dict[str, Any], name: str) -> None:
    """The same decisions and codes, and every party left with the same."""
    told = plan_case(parse_case(json.loads(json.dumps(case)))[0])
    for text in case["remittances"]:
        take(text)
    fresh = [each for each in told["remittances"] if not each["duplicate"]]
    planned = [(one["decision"] == "post", one["codes"]) for each in fresh for one in each["claims"]]
    rows = ClaimResponse.objects.order_by("remittance_id", "ordinal")
    assert [(row.state in ("auto_posted", "reversed"), row.codes) for row in rows] == planned, name
    after, credit = told["after"], balances.patient_credit(claim.patient_id)
    keys = claim.lines.values_list("charge_id", flat=True)
    line = balances.sum_lines(balances.lines(keys).values())
    owed = {int(rank): D(amount) for rank, amount in after["insurers"].items()}
    assert {rank: line.insurers[rank] for rank in owed} == owed, name
    stands = (
        line.patient, credit.free + credit.held, line.paid_by_insurers, line.adjusted + line.written_off
    )  # fmt: skip
    assert stands == tuple(D(after[key]) for key in ("patient", "unapplied_credit", "paid", "written_off")), (
        name
    )


@pytest.mark.django_db
@pytest.mark.rule("B9", "B11.2")
def test_every_case_posts_as_it_was_planned() -> None:
    world, posted = make_world(), 0
    with world.open():
        # As in the cases: what was paid at check-out was asked for there.
        Plan.objects.create(payer=world.medicare, name="Part B", copay_individual=D("25.00"))
        known = (world.medicare, world.aarp, world.aetna, make_payer("Tricare", "99726"))
        payers = {row.name: row for row in known}
        for name in list(CASES)[::EVERY]:
            before = transaction.savepoint()
            made = real(world, payers, CASES[name][0])
            if made is not None:  # this clinic has no such insurer, or its page refuses the rule
                agrees(*made, name)
                posted += 1
            transaction.savepoint_rollback(before)
    assert posted * EVERY >= 50
