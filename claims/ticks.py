"""Warnings that a person has looked at: a warning goes out only with a tick (rules.md B5).

Before it: the claim page and the preview of Bulk Submit. After it: claims/submitting.py. A tick is an event
of the claim and counts for the very words it was given for: a warning that says something else is new.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from claims import lifecycle
from claims.models import Claim, ClaimEvent
from clinics import audit
from lib.findings import Finding

KIND = "tick"
Mark = tuple[str, str, str]  # code, where, message


def mark_of(finding: Finding) -> Mark:
    """What a tick remembers of a warning."""
    return finding.code, finding.where, finding.message


def load(claims: Sequence[Claim]) -> dict[int, frozenset[Mark]]:
    """What was ticked on each of these claims, in one query; none when no claim has a warning."""
    warned = [claim.pk for claim in claims if claim.pk and claim.warning_count]
    found: dict[int, set[Mark]] = defaultdict(set)
    if warned:
        rows = ClaimEvent.objects.filter(claim_id__in=warned, kind=KIND).values_list("claim_id", "data")
        for key, data in rows:
            found[key] |= {(code, where, message) for code, where, message in data.get("ticks", [])}
    return {key: frozenset(marks) for key, marks in found.items()}


def open_warnings(findings: Iterable[Finding], ticked: frozenset[Mark]) -> list[Finding]:
    """Warnings nobody has ticked."""
    return [item for item in findings if item.severity == "warning" and mark_of(item) not in ticked]


def tick(claim: Claim) -> int:
    """A person has looked at all warnings of this claim as they stand. Returns how many were new."""
    warnings = [Finding(row["code"], row["where"], row["message"], "warning")
                for row in claim.findings if row["severity"] == "warning"]  # fmt: skip
    fresh = open_warnings(warnings, load([claim]).get(claim.pk, frozenset()))
    if fresh:
        said = f"Looked at: {'; '.join(item.message for item in fresh)}"
        lifecycle.note(claim, KIND, said, data={"ticks": [list(mark_of(item)) for item in fresh]})
        audit.record("claim.tick", "claim", claim.public_id, codes=[item.code for item in fresh])
    return len(fresh)
