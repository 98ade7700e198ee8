"""Cases for the pricing tests: one plain visit, in JSON and as dataclasses, and what varies."""

from __future__ import annotations

import copy
from typing import Any

from billing.price_case import parse_case
from billing.pricing import PricingCase

PLAIN: dict[str, Any] = {
    "date": "2026-03-09",
    "minutes": 50,
    "clinician": "Dr A",
    "location": "Main",
    "override_price": None,
    "status": {"name": "Showed Up", "showed_up": True, "transition": True, "cancellation_fee": None},
    "service": {
        "code": "90834",
        "kind": "individual",
        "bill_patient_directly": False,
        "default_prices": [{"from": "2026-01-01", "price": "120.00"}],
        "duration": {"interval_minutes": 60, "rounding": "NQ", "min_units": "0"},
    },
    "patient": {"reduced_fee_schedule": None, "fees": []},
    "payer": {"name": "Aetna", "claim_format": "electronic", "plan": "PPO"},
    "copay": {"individual": "25.00", "group": "15.00"},
    "fee_schedules": [
        {
            "name": "standard",
            "kind": "standard",
            "rows": [
                {
                    "service": "90834",
                    "payer": "Aetna",
                    "plan": None,
                    "clinician": None,
                    "location": None,
                    "from": "2026-01-01",
                    "fee": "130.00",
                }
            ],
        },
        {"name": "sliding-a", "kind": "reduced", "rows": []},
    ],
    "modifier_rules": [{"service": "90834", "payer": None, "clinician": None, "modifiers": ["95"]}],
    "manual_modifiers": [],
}
NO_SHOW = {"name": "No-show", "showed_up": False, "transition": True, "cancellation_fee": "50.00"}
MISSING = object()


def as_json(**changes: Any) -> dict[str, Any]:
    """The plain case with changes; ``service__code`` reaches inside, MISSING takes a key out."""
    data = copy.deepcopy(PLAIN)
    for path, value in changes.items():
        *outer, last = path.split("__")
        place = data
        for key in outer:
            place = place[key]
        if value is MISSING:
            del place[last]
        else:
            place[last] = value
    return data


def case(**changes: Any) -> PricingCase:
    """The same as dataclasses."""
    return parse_case(as_json(**changes))[0]


def row(fee: str, since: str | None = None, **keys: Any) -> dict[str, Any]:
    """A fee schedule row."""
    return {"fee": fee, "from": since, **keys}


def schedules(*rows: dict[str, Any], reduced: list[dict[str, Any]] | None = None) -> list[dict[str, Any]]:
    """A standard schedule with these rows, and the reduced one called sliding-a when given."""
    made = [{"name": "standard", "kind": "standard", "rows": list(rows)}]
    if reduced is not None:
        made.append({"name": "sliding-a", "kind": "reduced", "rows": reduced})
    return made
