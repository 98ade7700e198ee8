"""What a 271 says about one person, in the words of a front desk (domain reference 11). Pure.

Before it: x12, which gives the EB rows as they came. After it: eligibility_answers.py, which stores the
result, and estimates.py, which reckons with it. A figure is only taken where the rows agree; several
different ones (in and out of network, several services) are shown as rows and none is computed.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from insurance.eligibility_words import (
    FOLLOW_UPS,
    INFORMATION,
    LEVELS,
    NETWORK,
    PERIODS,
    QUANTITIES,
    REASONS,
)
from lib.money import round_money
from x12.documents.eligibility import Benefit, EligibilityPerson, RequestRejection
from x12.documents.parties import Party
from x12.folding import fold

ACTIVE, INACTIVE = ("1", "2", "3", "4", "5"), ("6", "7", "8")
TOTAL, REMAINING = ("23", "22", "25"), "29"
GENERAL = (
    "30",
    "98",
    "",
)  # health benefit plan coverage, office visit: what an office visit is reckoned with


def read_benefits(person: EligibilityPerson) -> dict[str, Any]:
    """The stored form of an answer: single figures where they are certain, then every row in words.

    Money and percents are texts ("25.00", "20"); a key that is missing means the payer did not say, or said
    several things.
    """
    rows = person.benefits
    found: dict[str, Any] = {"active": is_active(rows)}
    plan = next((row.plan_name for row in rows if row.information in ACTIVE and row.plan_name), "")
    if plan:
        found["plan"] = plan
    percent = _only(row.percent for row in _of(rows, "A"))
    figures = {
        "copay": _only(row.amount for row in _of(rows, "B")),
        "deductible": _only(row.amount for row in _of(rows, "C") if row.time_period in TOTAL),
        "deductible_left": _only(row.amount for row in _of(rows, "C") if row.time_period == REMAINING),
        "out_of_pocket": _only(row.amount for row in _of(rows, "G") if row.time_period in TOTAL),
        "out_of_pocket_left": _only(row.amount for row in _of(rows, "G") if row.time_period == REMAINING),
        "coinsurance": None if percent is None else round_money(percent * 100),
    }
    found |= {name: f"{value:.2f}" for name, value in figures.items() if value is not None}
    found["limits"] = [_limit(row) for row in rows if row.information == "F"]
    found["other_payers"] = [
        _other(row, party) for row in rows if row.information == "R" for party in row.related
    ]
    found["authorization_required"] = any(row.authorization_required == "Y" for row in rows)
    found["dates"] = [list(pair) for pair in person.dates]
    found["rows"] = [{"words": words(row), "segment": "EB*" + "*".join(row.elements)} for row in rows]
    return found


def is_active(rows: Iterable[Benefit]) -> bool | None:
    """True or False where the payer says so for the plan; None where it says neither or both."""
    general = [row for row in rows if not row.service_types or set(row.service_types) & set(GENERAL)] or list(
        rows
    )
    said = {row.information in ACTIVE for row in general if row.information in (*ACTIVE, *INACTIVE)}
    return said.pop() if len(said) == 1 else None


def words(row: Benefit) -> str:
    """One EB row as a sentence part: "Deductible 30.00 left, individual"."""
    parts = [INFORMATION.get(row.information, f"Benefit {row.information}")]
    if row.amount is not None:
        parts.append(f"{row.amount:,.2f}")
    if row.percent is not None:
        parts.append(f"{round_money(row.percent * 100).normalize():f} %")
    if row.quantity is not None:
        unit = QUANTITIES.get(row.quantity_qualifier, row.quantity_qualifier)
        parts.append(f"{row.quantity.normalize():f} {unit}".strip())
    if row.time_period:
        parts.append(PERIODS.get(row.time_period, f"period {row.time_period}"))
    text = " ".join(parts)
    more = [LEVELS.get(row.coverage_level, row.coverage_level), NETWORK.get(row.in_network, "")]
    if row.service_types and not set(row.service_types) & {"30"}:
        more.append(f"service {', '.join(row.service_types[:6])}")
    more += [row.plan_name, row.procedure, *row.messages, *(party.display_name for party in row.related)]
    if row.authorization_required == "Y":
        more.append("authorization needed")
    return ", ".join([text, *(item for item in more if item)])


def rejection_words(rejection: RequestRejection) -> dict[str, str]:
    """An AAA row in plain words with what to do."""
    reason = REASONS.get(rejection.reason, f"reason {rejection.reason}")
    step = FOLLOW_UPS.get(rejection.follow_up, "")
    return {"code": rejection.reason, "words": reason[:1].upper() + reason[1:] + ".", "step": step}


def find_corrections(person: EligibilityPerson, ours: dict[str, str]) -> list[dict[str, str]]:
    """Where the payer's record of member and patient differs from ``ours``: field, ours, theirs.

    ``ours`` holds member_id, and first_name, last_name of the patient; for a dependent also holder_first_name
    and holder_last_name. What the payer left empty is no correction.
    """
    holder = person.subscriber if person.level == "23" else person.party
    theirs: dict[str, str] = {"member_id": holder.identifier if holder else ""}
    if person.level == "23":
        theirs |= _names(holder, "holder_")
    theirs |= _names(person.party, "")
    found = []
    for field, value in theirs.items():
        known = ours.get(field, "")
        if value and fold(value) != fold(known):
            shown = value if field == "member_id" else value.title()
            found.append({"field": field, "ours": known, "theirs": shown})
    return found


def _names(party: Party | None, prefix: str) -> dict[str, str]:
    if party is None:
        return {}
    return {f"{prefix}first_name": party.first_name, f"{prefix}last_name": party.last_name}


def _of(rows: Iterable[Benefit], information: str) -> list[Benefit]:
    """Rows of a kind for an individual's general coverage in network; all of that kind when none is so marked."""
    mine = [row for row in rows if row.information == information]
    general = [row for row in mine if not row.service_types or set(row.service_types) & set(GENERAL)]
    inside = [row for row in general if row.in_network != "N" and row.coverage_level in ("IND", "")]
    return inside or general


def _only(values: Iterable[Decimal | None]) -> Decimal | None:
    """The one value that all name; None where there is none, or where two differ."""
    said = {value for value in values if value is not None}
    return said.pop() if len(said) == 1 else None


def _limit(row: Benefit) -> dict[str, str]:
    return {"words": words(row), "left": "yes" if row.time_period in (REMAINING, "33") else ""}


def _other(row: Benefit, party: Party) -> dict[str, str]:
    since = next((value for qualifier, value in row.dates if qualifier in ("290", "291", "292")), "")
    return {"name": party.display_name, "payer_id": party.identifier, "dates": since}
