"""Payers, their plans and contract rates: checked and written. The clinic's own list, edited in Settings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from clinics import audit
from insurance.enums import ClaimFormat, FilingIndicator
from insurance.errors import BadCoverage
from insurance.models import ContractRate, Payer, Plan
from lib.findings import Finding
from patients.address import ADDRESS_FIELDS, address_problems, tidy_address
from patients.errors import fields_of

FIELDS = (
    "name", "payer_id", "claim_format", "filing_indicator", "remit_payer_id", "filing_days", "corrected_days",
    "appeal_days", "guidelines",
    "accepts_frequency_7_8", "report_zero_share", "tell_patient_paid", "collect_primary_copay", "crossover_days",
    "requires", "is_active",
    *ADDRESS_FIELDS,
)  # fmt: skip
# What a payer or a plan may ask for (B17.1); claims/checks.py knows how to look for each.
REQUIREMENTS = (
    ("dob", "Patient's date of birth"),
    ("sex", "Patient's sex"),
    ("policy_number", "Policy number"),
    ("group_number", "Group number"),
    ("holder_dob", "Holder's date of birth"),
    ("relationship", "Relationship to the holder"),
    ("referring_npi", "Referring provider's NPI"),
    ("authorization", "Authorization number"),
    ("accident_date", "Date of accident"),
    ("msp_reason", "Why Medicare pays second"),
    ("signed_note", "Signed note"),
)
LIMITS = (("filing_days", "initial"), ("corrected_days", "corrected"), ("appeal_days", "appeal"))
PAYER_ID = re.compile(r"[A-Z0-9][A-Z0-9-]{0,28}[A-Z0-9]")  # 2010BB NM109, 2 to 80 of AN; ours 2 to 30
PROCEDURE = re.compile(r"[0-9A-Z][0-9]{3}[0-9A-Z]")


def problems(data: dict[str, Any], exclude: Payer | None = None) -> list[Finding]:
    """What is wrong with a payer's values, at the field, in plain words."""
    found = []
    if not data.get("name"):
        found.append(Finding("name", "name", "Enter the insurer's name as on its cards."))
    if not PAYER_ID.fullmatch(data.get("payer_id") or ""):
        found.append(
            Finding(
                "payer_id", "payer_id", "A payer ID has letters and digits only, such as 60054: see the card."
            )
        )
    twins = Payer.objects.filter(name=data.get("name"), payer_id=data.get("payer_id"))
    if (twins.exclude(pk=exclude.pk) if exclude is not None else twins).exists():
        found.append(
            Finding("payer_id", "payer_id", "This insurer with this payer ID is already in the list.")
        )
    if data.get("claim_format") not in ClaimFormat.values:
        found.append(Finding("claim_format", "claim_format", "Choose how this insurer is billed."))
    if data.get("filing_indicator") not in FilingIndicator.values:
        found.append(Finding("filing_indicator", "filing_indicator", "Choose the kind of insurer."))
    unknown = set(data.get("requires") or []) - {name for name, _ in REQUIREMENTS}
    if unknown:
        found.append(Finding("requires", "requires", f"Unknown: {', '.join(sorted(unknown))}."))
    for name, words in LIMITS:
        days = data.get(name)
        if days is not None and not 1 <= days <= 9999:
            found.append(Finding("limit", name, f"The limit for {words} claims is 1 to 9999 days."))
    return found + address_problems(data)


def save_payer(data: dict[str, Any], payer: Payer | None = None) -> Payer:
    """Add or change an insurer; BadCoverage with the words at each field. Audited by field name."""
    row = payer or Payer()
    values = {name: getattr(row, name) for name in FIELDS} | {k: v for k, v in data.items() if k in FIELDS}
    values = {name: value.strip() if isinstance(value, str) else value for name, value in values.items()}
    values["payer_id"] = values["payer_id"].upper()
    tidy_address(values)
    findings = problems(values, exclude=payer)
    if findings:
        raise BadCoverage(findings[0].message, fields=fields_of(findings))
    changed = [name for name in FIELDS if getattr(row, name) != values[name]]
    for name in changed:
        setattr(row, name, values[name])
    row.save()
    audit.record("payer.change" if payer else "payer.add", "payer", row.public_id, fields=changed)
    return row


def save_plan(
    payer: Payer,
    name: str,
    copay_individual: Decimal | None,
    copay_group: Decimal | None,
    plan: Plan | None = None,
    requires: Sequence[str] | None = None,
) -> Plan:
    """Add or change one of a payer's plans with its usual copays and what it asks for beyond its payer."""
    row = plan or Plan(payer=payer)
    if not name.strip():
        raise BadCoverage("Give the plan a name.", fields={"name": ["Give the plan a name."]})
    if Plan.objects.filter(payer=payer, name=name.strip()).exclude(pk=row.pk).exists():
        raise BadCoverage("This plan is already in the list.", fields={"name": ["Already in the list."]})
    for field, amount in (("copay_individual", copay_individual), ("copay_group", copay_group)):
        if amount is not None and amount < 0:
            raise BadCoverage("A copay cannot be negative.", fields={field: ["Cannot be negative."]})
    if set(requires or []) - {key for key, _ in REQUIREMENTS}:
        raise BadCoverage("No check knows that requirement.", fields={"requires": ["Unknown."]})
    row.name, row.copay_individual, row.copay_group = name.strip(), copay_individual, copay_group
    if requires is not None:
        row.requires = list(requires)
    row.save()
    audit.record("plan.save", "payer", payer.public_id, plan=row.name)
    return row


def save_rate(
    payer: Payer, procedure_code: str, allowed: Decimal, effective_on: date, expires_on: date | None = None
) -> ContractRate:
    """What the contract allows for a procedure between two days, until a later rate takes over (B13)."""
    code = procedure_code.strip().upper()
    if not PROCEDURE.fullmatch(code):
        raise BadCoverage(
            "A procedure code has five characters.", fields={"procedure_code": ["Five characters."]}
        )
    if allowed < 0:
        raise BadCoverage(
            "The allowed amount cannot be negative.", fields={"allowed": ["Cannot be negative."]}
        )
    if expires_on is not None and expires_on < effective_on:
        raise BadCoverage("The rate cannot end before it starts.", fields={"expires_on": ["Too early."]})
    row, _ = ContractRate.objects.update_or_create(
        payer=payer, procedure_code=code, effective_on=effective_on,
        defaults={"allowed": allowed, "expires_on": expires_on},
    )  # fmt: skip
    audit.record(
        "rate.save", "payer", payer.public_id, code=code, allowed=str(allowed),
        effective_on=effective_on.isoformat(), expires_on=expires_on.isoformat() if expires_on else "",
    )  # fmt: skip
    return row


Rates = Mapping[tuple[int, str], Sequence[ContractRate]]


def rates_of(payer_ids: Iterable[int], codes: Iterable[str]) -> Rates:
    """The contract rates of these payers for these procedures, the latest first: one query for any number."""
    found: dict[tuple[int, str], list[ContractRate]] = {}
    rows = ContractRate.objects.filter(payer_id__in=set(payer_ids), procedure_code__in=set(codes))
    for row in rows.order_by("-effective_on"):
        found.setdefault((row.payer_id, row.procedure_code), []).append(row)
    return found


def allowed_on(rates: Rates, payer_id: int, procedure_code: str, day: date) -> Decimal | None:
    """The contract's allowed amount on a day: the latest rate that has begun and not ended; None without one."""
    begun = (row for row in rates.get((payer_id, procedure_code), ()) if row.effective_on <= day)
    row = next(begun, None)
    return row.allowed if row is not None and (row.expires_on is None or row.expires_on >= day) else None
