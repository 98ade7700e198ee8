"""Working a price out a second time, from its trace alone.

An auditor's sum: it shares no arithmetic with the engine (fractions instead of whole-number
steps) and reads only the plain JSON of the steps, so it works on a trace stored years ago.
Stands after ``pricing``; used by tests and by the ledger's verification.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import Any

from billing import fees, modifiers

_GRAINS = {"W": 1, "H": 2, "Q": 4, "T": 10}
_RUNGS = {
    "B17.3.0": "default_price",
    "B17.3.1": "override",
    "B17.3.2": "cancellation",
    "B17.3.3": "patient_fee",
    "B17.3.4": "reduced_fee",
    "B17.3.5": "fee_schedule",
    "B17.3.6": "default_price",
}


class TraceMismatchError(ValueError):
    """A step whose written result is not what its inputs give."""


@dataclass(frozen=True, slots=True)
class Amounts:
    """The amounts a trace leads to, as text; all None when it stops before the split."""

    rule: str | None = None
    fee: str | None = None
    quantity: str | None = None
    charge: str | None = None
    modifiers: tuple[str, ...] = ()
    patient: str | None = None
    payer: str | None = None


def retrace(trace: Sequence[Mapping[str, Any]]) -> Amounts:
    """Amounts from the steps (dicts with rule, inputs, result), each using what was worked out before.

    Raises TraceMismatchError naming the step that does not hold.
    """
    known: dict[str, Any] = {}
    for step in trace:
        rule = str(step["rule"])
        result = _rework(rule, step["inputs"], known)
        if result != step["result"]:
            raise TraceMismatchError(f"{rule}: written {step['result']!r}, worked out {result!r}")
    if "split" not in known:
        return Amounts(rule=known.get("rule"))
    return Amounts(
        rule=known["rule"],
        fee=_cents(known["fee"]),
        quantity=_shortest(known["quantity"]),
        charge=_cents(known["charge"]),
        modifiers=tuple(known["modifiers"]),
        patient=known["split"]["patient"],
        payer=known["split"]["payer"],
    )


def _rework(rule: str, inputs: Mapping[str, Any], known: dict[str, Any]) -> Any:
    """The result of one step, kept in ``known`` for the steps after it."""
    if rule in _RUNGS:
        fee = _rung_fee(rule, inputs)
        if fee is not None and "fee" not in known:
            known.update(rule=_RUNGS[rule], fee=Fraction(fee))
        return fee
    works: dict[str, Callable[[Mapping[str, Any], dict[str, Any]], Any]] = {
        "B17.2": lambda given, _: given["transition"],
        "B17.6.rule": _modifier_rule,
        "B17.6.same_day": _same_day,
        "B17.6": _combine,
        "B17.6.fee": _change_fee,
        "B17.4": _quantity,
        "B17.4.charge": _charge,
        "B17.7.missed": lambda *_: None,
        "B17.7.copay": _copay,
        "B11.2.copay": _leave_copay,
        "B17.7": _split,
    }
    if rule not in works:
        raise TraceMismatchError(f"unknown step {rule}")
    return works[rule](inputs, known)


def _rung_fee(rule: str, inputs: Mapping[str, Any]) -> str | None:
    if rule == "B17.3.1":
        return _text(inputs["override_price"])
    if rule == "B17.3.2":
        return None if inputs["showed_up"] else _text(inputs["cancellation_fee"])
    if rule == "B17.3.3":
        return _text(inputs["fee"])
    if rule in ("B17.3.4", "B17.3.5"):
        return _text(_closest(inputs["rows"], fees.KEY_ORDER, "fee"))
    in_order = sorted(inputs["prices"], key=lambda price: price["from"] or "")
    return _text(in_order[-1]["price"]) if in_order else None


def _closest(rows: Sequence[Mapping[str, Any]], order: Sequence[str], answer: str) -> Any:
    """What the winner says: most keys, then the first key in the order, then the latest day."""

    def rank(row: Mapping[str, Any]) -> tuple[int, str, str]:
        given = "".join("1" if key in row["keys"] else "0" for key in order)
        return len(row["keys"]), given, row.get("from") or ""

    return max(rows, key=rank)[answer] if rows else None


def _modifier_rule(inputs: Mapping[str, Any], known: dict[str, Any]) -> Any:
    known["by_rule"] = _closest(inputs["rules"], modifiers.KEY_ORDER, "modifiers")
    return known["by_rule"]


def _same_day(inputs: Mapping[str, Any], known: dict[str, Any]) -> list[str]:
    known["same_day"] = [
        rule["modifier"]
        for rule in inputs["rules"]
        if rule["count"] == rule["occurrence"] or (rule["and_later"] and rule["count"] > rule["occurrence"])
    ]
    return list(known["same_day"])


def _combine(inputs: Mapping[str, Any], known: dict[str, Any]) -> list[str]:
    result: list[str] = []
    for modifier in [*inputs["manual"], *(known.get("by_rule") or []), *known.get("same_day", [])]:
        if modifier not in result:
            result.append(modifier)
    known["modifiers"] = result
    return result


def _change_fee(inputs: Mapping[str, Any], known: dict[str, Any]) -> str:
    fee = known["fee"]
    if inputs["percent"] is not None:
        fee = _round_cents(fee + fee * Fraction(inputs["percent"]) / 100)
    else:
        fee += Fraction(inputs["amount"])
    known["fee"] = max(fee, Fraction(0))
    return _cents(known["fee"])


def _quantity(inputs: Mapping[str, Any], known: dict[str, Any]) -> str | None:
    if "units" in inputs:
        known["quantity"] = Fraction(inputs["units"])
    elif inputs["minutes"] is None:
        return None
    else:
        known["quantity"] = _timed(inputs) or Fraction(inputs["min_units"])
    return _shortest(known["quantity"])


def _timed(inputs: Mapping[str, Any]) -> Fraction:
    rounding = inputs["rounding"]
    if rounding == "CMS8":
        if "day_units" in inputs:
            return Fraction(inputs["day_units"])
        whole, rest = divmod(inputs["minutes"], 15)
        return Fraction(whole + (1 if rest >= 8 else 0))
    raw = Fraction(inputs["minutes"], inputs["interval_minutes"])
    if rounding == "X":
        return Fraction(floor(raw * 1000 + Fraction(1, 2)), 1000)
    grain = _GRAINS[rounding[1]]
    to_whole: dict[str, Callable[[Fraction], int]] = {
        "N": lambda parts: floor(parts + Fraction(1, 2)),
        "U": ceil,
        "D": floor,
    }
    return Fraction(to_whole[rounding[0]](raw * grain), grain)


def _charge(_: Mapping[str, Any], known: dict[str, Any]) -> str:
    known["charge"] = _round_cents(known["fee"] * known["quantity"])
    return _cents(known["charge"])


def _copay(inputs: Mapping[str, Any], known: dict[str, Any]) -> str:
    own, plan = inputs["patient_copay"], inputs["plan_copay"]
    units = known["quantity"] if inputs["per_unit"] else 1
    copay = Fraction(plan or 0) if own is None else Fraction(own) * units
    known["copay"] = _round_cents(copay)
    return _cents(known["copay"])


def _leave_copay(inputs: Mapping[str, Any], known: dict[str, Any]) -> str:
    if not inputs["collect_primary_copay"]:
        known["copay"] = Fraction(0)
    return _cents(known["copay"])


def _split(inputs: Mapping[str, Any], known: dict[str, Any]) -> dict[str, str]:
    charge, copay = known["charge"], known["copay"]
    asks_payer = (
        inputs["showed_up"]
        and not inputs["bill_patient_directly"]
        and inputs["claim_format"] in ("electronic", "paper")
        and charge >= copay
    )
    patient = copay if asks_payer else charge
    known["split"] = {"patient": _cents(patient), "payer": _cents(charge - patient)}
    return dict(known["split"])


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _round_cents(value: Fraction) -> Fraction:
    """Half up, away from zero: amounts here are never negative."""
    return Fraction(floor(value * 100 + Fraction(1, 2)), 100)


def _cents(value: Fraction) -> str:
    cents = int(value * 100)
    return f"{cents // 100}.{cents % 100:02d}"


def _shortest(value: Fraction) -> str:
    whole, thousandths = divmod(int(value * 1000), 1000)
    return f"{whole}.{thousandths:03d}".rstrip("0").rstrip(".")
