"""Cases of ``./manage plan`` for tests: how one is written, run and read.

``run`` takes a case through the product and asserts its closing equation; a story's expectation is ``decisions``
and ``stands``. The answers that many cases start from stand here too.
"""

from __future__ import annotations

import json
from decimal import Decimal as D

from responses.plan_case import parse_case, plan_case
from tests.responses.edi import Clp, Svc, claim, remit

K = "K7Q2M4X9"


def case(
    *remittances, charge="150.00", expected="25.00", paid="25.00", layers=("Medicare",), lines=None, **rules
):
    """A case of one line, or of ``lines``; what is over goes into its settings."""
    line = {"id": "L1", "code": "99213", "modifiers": [], "charge": charge, "patient_expected": expected}
    return {
        "settings": {"autopay": "post", **rules},
        "claim": {
            "control_numbers": [K],
            "layers": [{"rank": n, "payer": name} for n, name in enumerate(layers, 1)],
            "responsible_layer": 1,
            "date_of_service": "2026-03-09",
            "patient_paid": paid,
            "lines": lines or [line],
        },
        "remittances": list(remittances),
    }


def run(data):
    """The product's answer; its closing equation holds."""
    parsed, _ = parse_case(json.loads(json.dumps(data)))
    told = plan_case(parsed)
    after = told["after"]
    owed = sum(map(D, after["insurers"].values())) + D(after["patient"]) - D(after["unapplied_credit"])
    paid = D(after["paid"]) + D(after["patient_paid"]) + D(after["written_off"])
    assert owed + paid == D(after["charges"])
    return told


def claims_of(told):
    """Every claim of every remittance, in order."""
    return [each for remittance in told["remittances"] for each in remittance["claims"]]


def later(*claims, trace, payer="MEDICARE", **head):
    """A remittance whose payment never goes below zero: what is missing is carried forward (FB)."""
    net = sum(D(each.paid) for each in claims)
    if net < 0:
        head = {"plb": [("FB", str(net))], "amount": "0", **head}
    return remit(*claims, trace=trace, payer=payer, **head)


def stands(told):
    """What is left: by insurer, the patient (credit below zero), received, written off."""
    after = told["after"]
    patient = D(after["patient"]) - D(after["unapplied_credit"])
    return (
        [str(after["insurers"][rank]) for rank in sorted(after["insurers"])],
        f"{patient:.2f}", after["paid"], after["written_off"],
    )  # fmt: skip


def decisions(told):
    """Decision, codes and next of every claim."""
    return [(one["decision"], one["codes"], one["next"]) for one in claims_of(told)]


def rule(group, reason, action):
    """One posting rule for every payer."""
    return {"posting_rules": [{"payer": None, "group": group, "reason": reason, "action": action}]}


def two(trace, paid_1, cas_1, paid_2, cas_2, status="2", payer="AARP"):
    """An answer to both lines."""
    lines = [Svc("100", paid_1, cas_1, line_id="L1"), Svc("60", paid_2, cas_2, line_id="L2", code="97140")]
    return remit(
        Clp(K, status, "160", str(int(paid_1) + int(paid_2)), lines, icn=trace), trace=trace, payer=payer
    )


def whole(status, charge, paid, *cas, **rest):
    """An answer without service lines."""
    return Clp(K, status, charge, paid, cas=cas, **rest)


def rules(*rows):
    """Posting rules as (payer, group, reason, action)."""
    keys = ("payer", "group", "reason", "action")
    return {"posting_rules": [dict(zip(keys, row, strict=True)) for row in rows]}


# --- what many cases start from ---

ITSELF = {"reversals": "auto_if_exact"}
ONE = {"expected": "0.00", "paid": "0.00"}  # one line of 150.00, nothing asked of the patient
TWO_LINES = [
    {"id": "L1", "code": "99213", "charge": "100.00"},
    {"id": "L2", "code": "97140", "charge": "60.00"},
]
PAIR = {"lines": TWO_LINES, "paid": "0.00"}
TWO = {"charge": "200.00", "expected": "0.00", "paid": "0.00", "layers": ("Medicare", "AARP")}
THREE = {**TWO, "layers": ("Medicare", "AARP", "Tricare")}
# 200.00: the first insurer leaves 24.00 to the second, which leaves 10.00
P = claim(K, "1", "200", "96", ("CO", "45", "80"), ("PR", "2", "24"), icn="P1")
P_BACK = claim(K, "22", "-200", "-96", ("CO", "45", "-80"), ("PR", "2", "-24"), icn="P1")
S = claim(K, "2", "200", "14", ("OA", "23", "176"), ("PR", "2", "10"), icn="S1")
S_BACK = claim(K, "22", "-200", "-14", ("OA", "23", "-176"), ("PR", "2", "-10"), icn="S1")
# 150.00 with a copay of 25.00: example 1 of rules.md B9, taken back, and paid right
EX1 = claim(K, "1", "150", "85", ("CO", "45", "40"), ("PR", "3", "25"))
BACK = claim(K, "22", "-150", "-85", ("CO", "45", "-40"), ("PR", "3", "-25"))
RIGHT = claim(K, "1", "150", "70", ("CO", "45", "40"), ("PR", "3", "25"), ("PR", "2", "15"), icn="ICN2")
