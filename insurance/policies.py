"""Policies (cards): checked, written, changed, expired. A card on no profile waits in the holding area.

Before it stand the forms and the API; after it profiles.py, which puts cards in order.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any

from clinics import audit
from insurance.enums import FilingIndicator, MedicareSecond, Relationship
from insurance.errors import BadCoverage
from insurance.models import EligibilityCheck, Payer, Plan, Policy
from lib.dates import age_on
from lib.findings import Finding
from patients.address import FORBIDDEN
from patients.errors import fields_of
from patients.models import Patient
from x12.documents.claim_rules import MBI

ELIGIBILITY_DAYS = 30  # B14: good for 30 days and inside the month
YOUNGEST_HOLDER = 14
GROWN_UP = (
    Relationship.SPOUSE,
    Relationship.CHILD,
    Relationship.LIFE_PARTNER,
)  # the holder is spouse or parent
# What a policy number looks like by kind of insurer; another shape is a warning, never a refusal.
SHAPES: dict[str, tuple[re.Pattern[str], str]] = {
    FilingIndicator.MEDICARE_B: (MBI, "Medicare number: 11 characters, such as 1EG4-TE5-MK73"),
    FilingIndicator.BLUE: (
        re.compile(r"[A-Z0-9]{3}[A-Z0-9]{5,14}"),
        "Blue Cross number: a prefix of three and 5 to 14 more",
    ),
    FilingIndicator.MEDICAID: (re.compile(r"[A-Z0-9]{8,14}"), "Medicaid number: 8 to 14 letters and digits"),
    FilingIndicator.TRICARE: (re.compile(r"[0-9]{9}|[0-9]{11}"), "TRICARE number: 9 or 11 digits"),
}
FIELDS = (
    "payer", "plan", "member_id", "group_number", "group_name", "relationship", "holder_first_name",
    "holder_last_name", "holder_birth_date", "holder_sex", "effective_on", "expires_on", "copay_individual",
    "copay_group", "medicare_second",
)  # fmt: skip


def problems(data: dict[str, Any], today: date) -> list[Finding]:
    """What is wrong with a card's values, at the field, in plain words."""
    found = []
    if not data.get("payer"):
        found.append(Finding("payer", "payer", "Choose the insurer."))
    plan: Plan | None = data.get("plan")
    if plan is not None and data.get("payer") and plan.payer_id != data["payer"].pk:
        found.append(Finding("plan", "plan", f"This plan is not one of {data['payer'].name}'s."))
    found += _member_problems(data)
    starts, ends = data.get("effective_on"), data.get("expires_on")
    if not starts:
        found.append(Finding("dates", "effective_on", "Enter the day from which the card is good."))
    elif ends and ends < starts:
        found.append(Finding("dates", "expires_on", "The card cannot end before it starts."))
    found += _holder_problems(data, today)
    for name in ("copay_individual", "copay_group"):
        if data.get(name) is not None and data[name] < Decimal(0):
            found.append(Finding("copay", name, "A copay cannot be negative."))
    return found


def _member_problems(data: dict[str, Any]) -> list[Finding]:
    member = data.get("member_id") or ""
    found = []
    if len(member) < 2:
        found.append(Finding("member_id", "member_id", "Enter the policy number as printed on the card."))
    for name in ("member_id", "group_number", "group_name", "holder_first_name", "holder_last_name"):
        if any(char in FORBIDDEN or not char.isprintable() for char in data.get(name) or ""):
            found.append(Finding("characters", name, f"Leave out {' '.join(FORBIDDEN)}: payers refuse them."))
    return found


def _holder_problems(data: dict[str, Any], today: date) -> list[Finding]:
    relationship = data.get("relationship") or ""
    found = []
    if relationship and relationship not in Relationship.values:
        found.append(Finding("relationship", "relationship", "Choose what the patient is to the holder."))
    if relationship and relationship != Relationship.SELF:
        for name, words in (("holder_first_name", "first name"), ("holder_last_name", "last name")):
            if not data.get(name):
                found.append(
                    Finding("holder", name, f"Enter the holder's {words}: the patient is not the holder.")
                )
    why = data.get("medicare_second") or ""
    if why and why not in MedicareSecond.values:
        found.append(Finding("medicare_second", "medicare_second", "Choose why Medicare is not first."))
    born = data.get("holder_birth_date")
    if born and born > today:
        found.append(Finding("holder", "holder_birth_date", "This date of birth is in the future."))
    return found


def warnings(data: dict[str, Any], today: date) -> list[Finding]:
    """What is odd about a card and wants a look; it is written all the same."""
    found = []
    payer: Payer | None = data.get("payer")
    shape = SHAPES.get(payer.filing_indicator) if payer is not None else None
    member = (data.get("member_id") or "").replace("-", "").upper()
    if shape is not None and not shape[0].fullmatch(member):
        found.append(_odd("member_id", f"This is not the shape of a {shape[1]}."))
    born, starts = data.get("holder_birth_date"), data.get("effective_on")
    if born and starts and born > starts:
        found.append(_odd("holder_birth_date", "The holder was born after the card began."))
    if born and data.get("relationship") in GROWN_UP and age_on(born, today) < YOUNGEST_HOLDER:
        word = Relationship(data["relationship"]).label.lower()
        found.append(
            _odd(
                "holder_birth_date",
                f"The patient is the holder's {word}, and the holder is under {YOUNGEST_HOLDER}.",
            )
        )
    return found


def warnings_of(policy: Policy, today: date) -> list[Finding]:
    """``warnings`` of a card as it is stored."""
    return warnings({name: getattr(policy, name) for name in FIELDS}, today)


def _odd(where: str, words: str) -> Finding:
    return Finding("odd", where, words, "warning")


def add_policy(patient: Patient, data: dict[str, Any], *, today: date) -> Policy:
    """Write a card. It is on no profile yet (holding area); raises BadCoverage with the words at each field."""
    values = tidy(data)
    _refuse(problems(values, today))
    policy = Policy.objects.create(patient=patient, **values)
    audit.record("policy.add", "policy", policy.public_id, patient=patient.public_id, payer=policy.payer.name)
    return policy


def change_policy(policy: Policy, data: dict[str, Any], *, today: date) -> Policy:
    """Correct a card. Claims already made keep their frozen copy; new ones take the corrected values."""
    values = {name: getattr(policy, name) for name in FIELDS} | tidy(data)
    _refuse(problems(values, today))
    changed = [name for name in FIELDS if getattr(policy, name) != values[name]]
    for name in changed:
        setattr(policy, name, values[name])
    policy.save()
    if changed:
        audit.record("policy.change", "policy", policy.public_id, fields=changed)
    return policy


def tidy(data: dict[str, Any]) -> dict[str, Any]:
    """Only a card's fields, trimmed; a holder who is the patient is not written twice."""
    values = {
        name: value.strip() if isinstance(value, str) else value
        for name, value in data.items()
        if name in FIELDS
    }
    if values.get("relationship") == Relationship.SELF:
        values |= {
            "holder_first_name": "",
            "holder_last_name": "",
            "holder_birth_date": None,
            "holder_sex": "",
        }
    return values


def record_eligibility(
    policy: Policy,
    *,
    on: date,
    is_active: bool | None,
    note: str,
    today: date,
    told_by: str = "",
    reference: str = "",
    figures: dict[str, str] | None = None,
) -> EligibilityCheck:
    """What a payer said about a card by telephone (B14); ``figures`` are named as in benefits.py ("copay": "25.00")."""
    if on > today:
        raise BadCoverage(
            "The call cannot be in the future.", fields={"checked_on": ["This day is in the future."]}
        )
    check = EligibilityCheck.objects.create(
        policy=policy,
        checked_on=on,
        is_active=is_active,
        source="phone",
        note=note.strip()[:200],
        told_by=told_by.strip()[:80],
        reference=reference.strip()[:50],
        benefits={"active": is_active, **(figures or {})},
    )
    audit.record("eligibility.record", "policy", policy.public_id, active=is_active, on=on.isoformat())
    return check


def eligibility_is_fresh(checked_on: date, day: date) -> bool:
    """Valid for 30 days and inside the calendar month of the check (B14)."""
    within = 0 <= (day - checked_on).days <= ELIGIBILITY_DAYS
    return within and (checked_on.year, checked_on.month) == (day.year, day.month)


def active_payers() -> list[Payer]:
    """The insurers a new card may name."""
    return list(Payer.objects.filter(is_active=True).order_by("name"))


def _refuse(findings: list[Finding]) -> None:
    if findings:
        raise BadCoverage(findings[0].message, fields=fields_of(findings))
