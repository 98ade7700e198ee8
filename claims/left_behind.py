"""What became of each claim of a submission: the batch it went into, or the words why it stayed behind (B6).

Before it: claims/submitting.py, which sorts and batches. After it: the job's page, its CSV and the API.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from claims import delivery
from claims.enums import ClaimState
from claims.models import BatchItem, Claim
from work.models import Job

PAGE = 100
SOUGHT = "The partner's mailbox is looked at for the batch it was in; submit it again in a minute"
SHOWN = ("public_id", "control_number", "patient_name", "service_from", "payer_name", "total", "state")
SORTS = {"dos": "service_from", "patient": "patient_name", "payer": "payer_name", "charge": "total"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """One chosen claim: its item in a batch of this job, or why it has none (empty while the job runs)."""

    claim: Claim
    item: BatchItem | None
    why: str


@dataclass(frozen=True, slots=True)
class Found:
    """A page of outcomes, how many there are in all, where the next page begins, and counts of the whole job."""

    rows: list[Outcome]
    number: int
    following: int | None
    went: int
    stayed: int


def state_reason(claim: Claim) -> tuple[str, str]:
    """Why a claim in this state cannot be submitted: a code and words."""
    state = ClaimState(claim.state)
    if state == ClaimState.NEW:
        first = next((row["message"] for row in claim.findings if row["severity"] == "error"), "")
        return "new", first or "New: open it and walk the steps first"
    if state == ClaimState.ON_HOLD:
        return "on_hold", f"On hold: {claim.hold_reason}" if claim.hold_reason else "On hold"
    if state == ClaimState.BATCHED:
        return "batched", "Already in a batch"
    if state == ClaimState.READY:
        return "busy", "Somebody was changing it; submit it again"
    if state == ClaimState.AWAITING_CROSSOVER:
        return "crossover", "Sent on by the payer before; its answer is awaited"
    return "submitted", f"Already submitted: {state.label.lower()}"


def reasons(claims: Iterable[Claim]) -> dict[str, str]:
    """Words for claims that are in no batch of their job, by public id; another's batch is named with its person."""
    claims = list(claims)
    elsewhere = {
        item.claim_id: item.batch
        for item in BatchItem.objects.filter(
            claim__in=[claim.pk for claim in claims], is_live=True
        ).select_related("batch")
    }
    sought = set(delivery.looked_for().filter(claim__in=[claim.pk for claim in claims]))
    found = {}
    for claim in claims:
        batch = elsewhere.get(claim.pk)
        words = SOUGHT if claim.pk in sought else state_reason(claim)[1]
        if batch is not None and claim.state != ClaimState.READY:
            words = f"{batch.created_by} submitted it, in batch {batch.public_id}"
        found[claim.public_id] = words
    return found


def look(job: Job, show: str = "", text: str = "", sort: str = "", start: int = 0, size: int = PAGE) -> Found:
    """The chosen claims of a job: ``show`` went, stayed or all; ``text`` in name or number; a page from ``start``."""
    items = dict(BatchItem.objects.filter(batch__job=job).values_list("claim_id", "pk"))
    chosen = job.params.get("claims", [])
    rows = Claim.objects.filter(pk__in=chosen)
    if text:
        rows = rows.filter(patient_name__icontains=text) | rows.filter(control_number__iexact=text)
    down = "-" if sort.startswith("-") else ""
    order = down + SORTS.get(sort.lstrip("-"), "patient_name")
    keys = list(rows.order_by(order, "pk").values_list("pk", flat=True))
    if show:
        keys = [key for key in keys if (key in items) == (show == "went")]
    shown = keys[start : start + size]
    claims = Claim.objects.only(*SHOWN).in_bulk(shown)
    held = {
        item.claim_id: item
        for item in BatchItem.objects.filter(pk__in=[items[key] for key in shown if key in items])
        .select_related("batch__connection")
        .defer("batch__selection")
    }
    kept = job.result.get("skipped", {})
    outcomes = [
        Outcome(claims[key], held.get(key), "" if key in held else kept.get(claims[key].public_id, ""))
        for key in shown
    ]
    following = start + size if start + size < len(keys) else None
    return Found(outcomes, len(keys), following, len(items), len(chosen) - len(items))


def summary(job: Job) -> list[tuple[int, str]]:
    """Every reason of a job that is over with how many claims it kept back, the commonest first."""
    counted = Counter(job.result.get("skipped", {}).values())
    return sorted(((number, words) for words, number in counted.items()), key=lambda row: (-row[0], row[1]))
