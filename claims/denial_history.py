"""“This payer denied 4 like this in 60 days”: our own answers by payer, service code and reason (information only).

Before it: claims/adjudications.py. After it: the review page, the queue and the API, for a page of claims in two
statements. It never blocks: what a payer did to others is a hint, not a fault of this claim.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from claims.adjudications import PATIENT_SHARE
from claims.models import AdjudicationLine, Claim, ClaimLine
from lib.findings import Finding
from lib.money import ZERO
from x12.carc import reason_text

DAYS = 60
FEWEST = 2  # one denial is no pattern
QUIET = frozenset({"45", "253", *PATIENT_SHARE})  # reductions that say nothing of why


@dataclass(frozen=True, slots=True)
class Pattern:
    """Denied lines of one payer and code within DAYS, and the reasons, most frequent first."""

    code: str
    denied: int
    answered: int
    reasons: tuple[tuple[str, int], ...]


def load(claims: Sequence[Claim], today: date) -> Mapping[int, tuple[Pattern, ...]]:
    """By claim: what its payer denied of its codes in the last DAYS days. Claims that are decided get none."""
    waiting = [claim for claim in claims if claim.adjudicated_at is None]
    if not waiting:
        return {}
    codes: dict[int, list[str]] = defaultdict(list)
    lines = ClaimLine.objects.filter(claim_id__in=[claim.pk for claim in waiting])
    for key, code in lines.order_by("claim_id", "line_no").values_list("claim_id", "procedure_code"):
        codes[key].append(code)
    known = _patterns(
        {claim.payer_id for claim in waiting}, {code for held in codes.values() for code in held}, today
    )
    return {
        claim.pk: tuple(
            known[claim.payer_id, code]
            for code in dict.fromkeys(codes[claim.pk])
            if (claim.payer_id, code) in known
        )
        for claim in waiting
    }


def _patterns(payers: set[int], codes: set[str], today: date) -> dict[tuple[int, str], Pattern]:
    rows = (
        AdjudicationLine.objects.filter(
            adjudication__payer_id__in=payers,
            procedure_code__in=codes,
            adjudication__adjudicated_on__gte=today - timedelta(days=DAYS),
            adjudication__adjudicated_on__lte=today,
            adjudication__reversed_at__isnull=True,
        )
        .exclude(adjudication__status_code="22")
        .order_by()
        .values_list("adjudication__payer_id", "procedure_code", "charge", "paid", "adjustments")
    )
    answered: Counter[tuple[int, str]] = Counter()
    denied: Counter[tuple[int, str]] = Counter()
    reasons: dict[tuple[int, str], Counter[str]] = defaultdict(Counter)
    for payer, code, charge, paid, adjustments in rows:
        key = (payer, code)
        answered[key] += 1
        said = denial_reasons(charge, paid, adjustments)
        if said:
            denied[key] += 1
            reasons[key].update(said)
    return {
        key: Pattern(
            key[1], number, answered[key], tuple(sorted(reasons[key].items(), key=lambda one: (-one[1], one[0])))
        )
        for key, number in denied.items()
        if number >= FEWEST
    }  # fmt: skip


def denial_reasons(charge: Any, paid: Any, adjustments: Sequence[Sequence[Any]]) -> list[str]:
    """Why a line was denied, as GROUP-CARC; nothing when it was paid or left to the patient by contract. Pure."""
    if paid != ZERO or charge == ZERO:
        return []
    if any(group == "PR" and reason in PATIENT_SHARE for group, reason, *_ in adjustments):
        return []
    if any(reason == "23" for _, reason, *_ in adjustments):
        return []
    return sorted({f"{group}-{reason}" for group, reason, *_ in adjustments if reason not in QUIET})


def finding(pattern: Pattern, payer: str, place: int | None = None) -> Finding:
    """A pattern as information on a claim."""
    said = []
    for reason, number in pattern.reasons[:2]:
        words = reason_text(reason.partition("-")[2])
        said.append(f"{reason} {words}".strip() + (f" ({number})" if len(pattern.reasons) > 1 else ""))
    where = "" if place is None else f"lines.{place}.modifiers"
    message = (
        f"{payer} denied {pattern.denied} of {pattern.answered} lines of {pattern.code} in {DAYS} days: "
        f"{'; '.join(said)}."
    )
    return Finding("DENIED-BEFORE", where, message, "info")


def findings(claim: Claim, patterns: Sequence[Pattern]) -> list[Finding]:
    """The patterns of one claim as findings, each at its first line."""
    places: dict[str, int] = {}
    for place, line in enumerate(claim.document.get("lines", [])):
        places.setdefault(line.get("procedure"), place)
    return [finding(one, claim.payer_name, places.get(one.code)) for one in patterns]
