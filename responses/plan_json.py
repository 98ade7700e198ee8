"""A plan as it is stored with its claim response, and the words and sums the lists show."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from billing.trace import as_json
from lib.money import ZERO, total
from lib.money import plain_money as money
from responses.claim_ledger import PATIENT, ClaimLedger, LedgerLayer
from responses.line_match import claim_sums
from responses.plan_result import ClaimPlan
from x12.documents.remittance import ClaimPayment


def plan_json(plan: ClaimPlan, ledger: ClaimLedger | None) -> dict[str, Any]:
    """Everything that was or would be posted, with its trace and the sides before and after."""
    return {
        "decision": plan.decision.value,
        "layer": plan.layer,
        "next": plan.next,
        "responsible_before": plan.responsible_before,
        "responsible_after": plan.responsible_after,
        "reverses": plan.reverses,
        "lines": [
            {
                "id": line.id, "charge": money(line.charge), "allowed": money(line.allowed),
                "paid": money(line.paid), "write_off": money(line.write_off), "patient": money(line.patient),
                "denied": money(line.denied), "note": money(line.note),
                "moves": {party: money(amount) for party, amount in line.moves.items()},
                "places": list(line.places),
            }
            for line in plan.lines
        ],
        "sides": sides(plan, ledger) if ledger is not None else [],
        "reasons": dict(plan.reasons),
        "match": plan.match.reason if plan.match else "",
        "trace": as_json(plan.trace),
    }  # fmt: skip


def sides(plan: ClaimPlan, ledger: ClaimLedger) -> list[dict[str, str]]:
    """Before and after for each insurer, the patient and the next statement: what the opened row shows."""
    moved: dict[str, Decimal] = {}
    for line in plan.lines:
        for party, amount in line.moves.items():
            moved[party] = moved.get(party, ZERO) + amount
    standing = ledger.standing()
    names: Mapping[int, LedgerLayer] = {layer.rank: layer for layer in ledger.layers}
    rows = []
    for rank, before in standing.insurers.items():
        if rank in names or before:
            change = moved.get(str(rank), ZERO)
            name = names[rank].payer if rank in names else f"Insurer {rank}"
            rows.append({"who": f"{name} owes", "before": money(before), "after": money(before + change)})
    gross = total(line.patient for line in ledger.lines)
    paid = ledger.patient_paid
    change = moved.get(PATIENT, ZERO)
    before, after = max(gross - paid, ZERO), max(gross + change - paid, ZERO)
    credit = max(paid - gross - change, ZERO)
    rows.append(
        {"who": "Patient owes", "before": money(before), "after": money(after), "credit": money(credit)}
    )
    # A statement asks for what the patient owes once no insurer is to answer any more (B12).
    stated = (
        before if plan.responsible_before is None else ZERO,
        after if plan.responsible_after is None else ZERO,
    )
    if any(stated):
        rows.append({"who": "On the next statement", "before": money(stated[0]), "after": money(stated[1])})
    return rows


def sums_of(payment: ClaimPayment) -> dict[str, Decimal]:
    """The columns of B7: contractual (CO-45, CO-253), patient responsibility (PR), everything else."""
    contractual = other = patient = ZERO
    for (group, reason), amount in claim_sums(payment).items():
        if group == "PR":
            patient += amount
        elif group == "CO" and reason in ("45", "253"):
            contractual += amount
        else:
            other += amount
    return {"contractual": contractual, "other_adjustment": other, "patient_responsibility": patient}
