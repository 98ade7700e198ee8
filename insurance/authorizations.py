"""Authorizations and referrals: written, renumbered, and judged by what is used of them (rules.md B14).

Before it: a person with the payer's letter. After it: appointments/authorizations.py, which counts the visits,
and claims/checks.py, which stops a claim that the payer would not honor.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from clinics import audit
from insurance.enums import AuthorizationKind, LimitKind
from insurance.errors import BadCoverage
from insurance.hooks import (
    AUTHORIZATION_CHANGED,
    AUTHORIZATION_USE,
    RENUMBERED,
    UNSENT_CLAIMS,
    Renumbered,
    Used,
)
from insurance.models import Authorization, Policy
from lib.findings import Finding
from lib.money import round_money, show_money
from patients.errors import fields_of

WARN_AT = Decimal("0.80")
NUMBER = re.compile(r"[A-Z0-9][A-Z0-9./-]{0,29}")  # REF02 of 2300 REF*G1: AN 1..50, ours 30
PROCEDURE = re.compile(r"[0-9A-Z]{5}")
FIELDS = (
    "kind",
    "number",
    "procedure_codes",
    "effective_on",
    "expires_on",
    "limit_kind",
    "limit",
    "note",
    "is_active",
)
WORDS = {LimitKind.VISITS: "visit", LimitKind.UNITS: "unit", LimitKind.DAYS: "day"}


@dataclass(frozen=True, slots=True)
class Standing:
    """An authorization with what is reserved and consumed of it; quantities as its limit counts them."""

    authorization: Authorization
    used: Used
    day: date

    @property
    def taken(self) -> Decimal:
        """Reserved and consumed together."""
        return self.used.reserved + self.used.consumed

    @property
    def left(self) -> Decimal:
        """What is left of the limit; never below zero."""
        return max(Decimal(0), self.authorization.limit - self.taken)

    @property
    def level(self) -> str:
        """ended, not_begun, used_up, low (from 80 %), or fine."""
        row = self.authorization
        if not row.is_active or self.day > row.expires_on:
            return "ended"
        if self.day < row.effective_on:
            return "not_begun"
        if self.taken >= row.limit:
            return "used_up"
        return "low" if self.taken >= row.limit * WARN_AT else "fine"

    @property
    def words(self) -> str:
        """ "3 of 12 visits left"; for an amount in dollars."""
        row = self.authorization
        if row.limit_kind == LimitKind.AMOUNT:
            left, limit = (show_money(round_money(amount)) for amount in (self.left, row.limit))
            return f"{left} of {limit} left"
        unit = WORDS[LimitKind(row.limit_kind)]
        limit = plain(row.limit)
        return f"{plain(self.left)} of {limit} {unit}{'' if limit == '1' else 's'} left"

    @property
    def chip(self) -> str:
        """Short words for a list, empty when nobody needs to look."""
        return {
            "ended": f"Auth {self.authorization.number} ended",
            "not_begun": f"Auth {self.authorization.number} not begun",
            "used_up": f"Auth {self.authorization.number} used up",
            "low": f"Auth: {self.words}",
            "fine": "",
        }[self.level]

    @property
    def short(self) -> str:
        """The shortest that says it, for the day's list: "Auth 1 left"; empty when nobody needs to look."""
        if self.level != "low":
            return {"used_up": "Auth used up", "ended": "Auth ended", "not_begun": "Auth not begun"}.get(
                self.level, ""
            )
        is_money = self.authorization.limit_kind == LimitKind.AMOUNT
        return f"Auth {show_money(round_money(self.left)) if is_money else plain(self.left)} left"


def plain(value: Decimal) -> str:
    """A quantity without trailing zeros."""
    return f"{value:f}".rstrip("0").rstrip(".") if "." in f"{value:f}" else f"{value:f}"


def standings(rows: Iterable[Authorization], day: date) -> list[Standing]:
    """Each with what is used of it, in one query more."""
    listed = list(rows)
    used = AUTHORIZATION_USE.ask([row.pk for row in listed]) if listed else {}
    return [Standing(row, used.get(row.pk, Used()), day) for row in listed]


def problems(data: dict[str, Any], policy: Policy, exclude: Authorization | None = None) -> list[Finding]:
    """What is wrong with the entered values, at the field, in plain words."""
    found = []
    if data.get("kind") not in AuthorizationKind.values:
        found.append(Finding("kind", "kind", "Choose authorization or referral."))
    number = data.get("number") or ""
    if not NUMBER.fullmatch(number):
        found.append(
            Finding("number", "number", "A number has letters, digits, dots, slashes and hyphens only.")
        )
    same = Authorization.objects.filter(policy=policy, number=number)
    if (same.exclude(pk=exclude.pk) if exclude else same).exists():
        found.append(Finding("number", "number", "This card has this number already."))
    begins, ends = data.get("effective_on"), data.get("expires_on")
    if not begins:
        found.append(Finding("dates", "effective_on", "Enter the first day it is good for."))
    if not ends:
        found.append(Finding("dates", "expires_on", "Enter the last day it is good for."))
    elif begins and ends < begins:
        found.append(Finding("dates", "expires_on", "It cannot end before it begins."))
    if data.get("limit_kind") not in LimitKind.values:
        found.append(Finding("limit", "limit_kind", "Choose what is counted."))
    limit = data.get("limit")
    if limit is None or not 0 < limit < 10**8:
        found.append(Finding("limit", "limit", "Enter how much is allowed, more than zero."))
    elif data.get("limit_kind") in (LimitKind.VISITS, LimitKind.DAYS) and limit != int(limit):
        found.append(Finding("limit", "limit", "Visits and days are whole."))
    bad = [code for code in data.get("procedure_codes") or [] if not PROCEDURE.fullmatch(code)]
    if bad:
        found.append(Finding("codes", "procedure_codes", f"No procedure code: {', '.join(bad[:5])}."))
    return found


def save(policy: Policy, data: dict[str, Any], row: Authorization | None = None) -> Authorization:
    """Add or change one; BadCoverage with the words at each field. Booked visits are counted anew.

    The number is not changed here but by ``renumber``, which asks about claims.
    """
    current = row or Authorization(policy=policy, patient=policy.patient)
    values = {name: getattr(current, name) for name in FIELDS}
    values |= {name: value for name, value in data.items() if name in FIELDS}
    values["number"] = current.number if row else str(values["number"] or "").strip().upper()
    values["procedure_codes"] = sorted(
        {code.strip().upper() for code in values["procedure_codes"] if code.strip()}
    )
    values["note"] = str(values["note"] or "").strip()[:200]
    findings = problems(values, policy, exclude=row)
    if findings:
        raise BadCoverage(findings[0].message, fields=fields_of(findings))
    changed = [name for name in FIELDS if getattr(current, name) != values[name]]
    for name in changed:
        setattr(current, name, values[name])
    current.version += 1 if row else 0
    current.save()
    act = "authorization.change" if row else "authorization.add"
    audit.record(act, "authorization", current.public_id, fields=changed, patient=policy.patient.public_id)
    AUTHORIZATION_CHANGED.tell(current)
    return current


def unsent_claims(row: Authorization) -> list[str]:
    """Control numbers of claims that carry this number and have not left: what a new number would change."""
    return UNSENT_CLAIMS.ask(row)


def renumber(row: Authorization, number: str, *, update_claims: bool) -> int:
    """Give it the payer's new number. Unsent claims follow when asked; sent ones stay as they were sent.

    Returns how many claims were changed. Raises BadCoverage.
    """
    locked = Authorization.objects.select_for_update(of=("self",)).select_related("policy").get(pk=row.pk)
    before, after = locked.number, number.strip().upper()
    values = {name: getattr(locked, name) for name in FIELDS} | {"number": after}
    findings = [item for item in problems(values, locked.policy, exclude=locked) if item.where == "number"]
    if findings:
        raise BadCoverage(findings[0].message, fields=fields_of(findings))
    if before == after:
        return 0
    claims = UNSENT_CLAIMS.ask(locked) if update_claims else []
    locked.number, locked.version = after, locked.version + 1
    locked.save(update_fields=["number", "version"])
    row.number = after
    audit.record(
        "authorization.renumber", "authorization", row.public_id, before=before, after=after, claims=claims
    )
    RENUMBERED.tell(Renumbered(locked, before, tuple(claims)))
    return len(claims)
