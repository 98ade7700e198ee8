"""One-Click Claim and Queue for Claim, and a claim's place in the queue until it leaves (rules.md B4).

Before it: the check-out screen and claims/building.py. After it: claims/review.py for what a person mends,
claims/submitting.py for what is ready. Repeating any button gives the same claim.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from datetime import date

from billing.models import Invoice
from claims import building, checks, lifecycle, scrubbing, voids
from claims.enums import ClaimState
from claims.errors import IllegalMove, NothingToClaim, NotReady
from claims.models import Claim
from claims.settings import AUTO_READY
from clinics import audit
from clinics.errors import BadInput
from clinics.settings import value_of
from lib.dates import local_day
from lib.findings import Finding, has_errors
from lib.frozen import freeze

WAITING = (ClaimState.NEW, ClaimState.READY, ClaimState.ON_HOLD)
RECHECKED = 500  # claims of one transaction


def missing(invoice: Invoice, today: date, rank: int = 1) -> list[Finding]:
    """What stands between this invoice and a claim that can go; nothing is saved.

    Errors disable One-Click; the list is shown with a link to each (B4). Raises NothingToClaim.
    """
    return [finding for _, finding in missing_by_claim(invoice, today, rank)]


def missing_by_claim(invoice: Invoice, today: date, rank: int = 1) -> list[tuple[Claim, Finding]]:
    """What ``missing`` says, each with the unsaved claim it is about: whose payer, card and patient it names."""
    drafts = building.draft_parts(invoice, rank, today=today)
    claims, documents = [draft.claim for draft in drafts], [draft.document for draft in drafts]
    looks = scrubbing.scrub_documents(claims, documents, today)
    return [(claim, finding) for claim, look in zip(claims, looks, strict=True) for finding in look.findings]


def one_click(invoice: Invoice, today: date, rank: int = 1) -> Claim:
    """The claim, ready to submit. Raises NotReady with the findings when anything is missing (B4).

    A claim that already stands is checked again and made ready if it is ``new``; one that has gone further
    is returned as it is.
    """
    standing = building.live_claims(invoice, rank)
    if not standing:
        # The next version of a corrected invoice's claim is checked as what it is, below.
        findings = missing(invoice, today, rank) if invoice.corrects_id is None else []
        if has_errors(findings):
            raise _not_ready(findings)
        standing = building.build_parts(invoice, rank, today=today)
    for claim in standing:
        if ClaimState(claim.state) == ClaimState.NEW:
            findings = check(claim, today)
            if has_errors(findings):
                raise _not_ready(findings)
            lifecycle.move(claim, ClaimState.READY, text="One-Click Claim: nothing is missing")
    return standing[0]


def enqueue(invoice: Invoice, today: date, rank: int = 1) -> Claim:
    """The claim in state ``new``, whatever is missing: a person opens it and walks the steps (B4)."""
    parts = building.build_parts(invoice, rank, today=today)
    for claim in parts:
        if ClaimState(claim.state) in WAITING:
            check(claim, today)
    return parts[0]


def create_by_setting(invoice: Invoice, today: date) -> Claim | None:
    """At check-out: where the location says so, make the claim at once, ready or else queued (B4)."""
    if value_of("claim_creation", invoice.location) != AUTO_READY:
        return None
    return make_ready_or_queue(invoice, today)


def follow_check_out(invoice: Invoice) -> None:
    """Told by check-out; a visit that leaves nothing to claim is no trouble."""
    if value_of("claim_creation", invoice.location) == AUTO_READY and invoice.appointment is not None:
        today = local_day(invoice.issued_at, invoice.location.time_zone)
        with contextlib.suppress(NothingToClaim):
            create_by_setting(invoice, today)


def make_ready_or_queue(invoice: Invoice, today: date, rank: int = 1) -> Claim:
    """The claim, ``ready`` when nothing is missing, else ``new`` with its findings."""
    parts = building.build_parts(invoice, rank, today=today)
    for claim in parts:
        if ClaimState(claim.state) == ClaimState.NEW and not has_errors(check(claim, today)):
            lifecycle.move(claim, ClaimState.READY, text="Made by itself: nothing is missing")
    return parts[0]


def next_layer(invoice: Invoice, rank: int, today: date, *, crossover_until: date | None = None) -> Claim:
    """The claim of the next layer after the one before has answered (B11.2).

    Crossed over by the payer before: it waits in ``awaiting_crossover`` and is not sent. Raises NothingToClaim.
    """
    standing = building.live_claims(invoice, rank)
    if standing or crossover_until is None:
        return standing[0] if standing else make_ready_or_queue(invoice, today, rank)
    waiting = []
    for draft in building.draft_parts(invoice, rank, today=today):
        draft.claim.state = ClaimState.AWAITING_CROSSOVER
        draft.claim.crossover_until = crossover_until
        text = f"Sent on by the payer before; its answer is awaited until {crossover_until:%m/%d/%Y}"
        draft.claim.last_event = text[:200]
        waiting.append(building.store_version(draft, text=text))
    return waiting[0]


def end_crossover(claim: Claim, today: date) -> None:
    """The crossover never answered: the claim becomes ``new`` for a person to look at and send (B11.2)."""
    lifecycle.move(claim, ClaimState.NEW, text="No answer to the crossover in time")
    check(claim, today)


def check(claim: Claim, today: date) -> list[Finding]:
    """Check one claim and keep its findings."""
    return check_many([claim], today)[0]


def check_many(claims: Sequence[Claim], today: date) -> list[list[Finding]]:
    """Check claims in a constant number of reads and keep their stamps; only changed findings are written."""
    results = scrubbing.scrub(claims, today)
    scrubbing.keep(results, today)
    for one in results:
        claim, fields = one.claim, checks.stored(one.findings)
        if claim.pk and fields["findings"] != claim.findings:
            Claim.objects.filter(pk=claim.pk).update(**fields)
            for name, value in fields.items():
                setattr(claim, name, value)
    return [one.findings for one in results]


def recheck(after: int, today: date) -> int | None:
    """Scrub up to RECHECKED waiting claims beyond key ``after`` again; the last key, None when none is left.

    For what changed around them: rules, tables, cards, payers. A ``ready`` claim that has an error now falls back;
    none becomes ready by itself. Claims that somebody works on are passed by: who works on them scrubs them.
    """
    rows = Claim.objects.select_for_update(skip_locked=True, of=("self",)).defer("document")
    claims = list(rows.filter(state__in=WAITING, pk__gt=after).order_by("pk")[:RECHECKED])
    for claim, findings in zip(claims, check_many(claims, today), strict=True):
        if claim.state == ClaimState.READY and has_errors(findings):
            lifecycle.move(claim, ClaimState.NEW, text="Something is missing since it was ready")
    return claims[-1].pk if claims else None


def hold(claim: Claim, reason: str, until: date | None = None) -> None:
    """Keep a claim back, with the reason and perhaps the day to look again. Raises IllegalMove."""
    if not reason.strip():
        raise BadInput("Say why the claim is held; the next person will ask.", code="reason_missing")
    note = f"Held: {reason.strip()}" + (f", until {until:%m/%d/%Y}" if until else "")
    lifecycle.move(claim, ClaimState.ON_HOLD, text=note, hold_reason=reason.strip()[:200], hold_until=until)
    audit.record("claim.hold", "claim", claim.public_id, reason=reason.strip()[:200])


def release(claim: Claim, today: date) -> None:
    """Back into the queue: ``ready`` when nothing is missing, else ``new``. Raises IllegalMove."""
    to = ClaimState.NEW if has_errors(check(claim, today)) else ClaimState.READY
    lifecycle.move(claim, to, text="Released from hold", hold_reason="", hold_until=None)
    audit.record("claim.release", "claim", claim.public_id)


def may_discard(claim: Claim) -> bool:
    """Whether a claim can be given up: nothing has left, or it is a void that was rejected."""
    state = ClaimState(claim.state)
    return state in WAITING or (state == ClaimState.REJECTED and claim.frequency == voids.VOID)


def discard(claim: Claim, reason: str) -> None:
    """Give up a claim that has not left: ``voided``, so that the invoice can be voided or claimed anew.

    Raises IllegalMove once it has left; what left is voided with the payer (frequency 8).
    """
    if not reason.strip():
        raise BadInput("Say why the claim is given up; the next person will ask.", code="reason_missing")
    if not may_discard(claim):
        raise IllegalMove(claim.control_number, ClaimState(claim.state), ClaimState.VOIDED)
    left = "" if claim.submitted_at else " before it left"
    lifecycle.move(claim, ClaimState.VOIDED, text=f"Given up{left}: {reason.strip()}")
    voids.refused(claim, f"The void was given up: {reason.strip()}")
    audit.record("claim.discard", "claim", claim.public_id, reason=reason.strip()[:200])


def settle(claim: Claim, findings: Iterable[Finding], text: str) -> None:
    """After a change: ``new`` with zero errors becomes ``ready``, ``ready`` with errors falls back to ``new``."""
    blocked = has_errors(list(findings))
    state = ClaimState(claim.state)
    if state == ClaimState.NEW and not blocked:
        lifecycle.move(claim, ClaimState.READY, text=text)
    elif state == ClaimState.READY and blocked:
        lifecycle.move(claim, ClaimState.NEW, text="Something is missing since it was ready")


def assign(claims: Iterable[Claim], assignee: str) -> int:
    """Give claims to a person (an e-mail address; empty gives them back). Returns how many changed."""
    changed = 0
    for claim in claims:
        if claim.assignee == assignee:
            continue
        Claim.objects.filter(pk=claim.pk).update(assignee=assignee)
        lifecycle.note(claim, "note", f"Given to {assignee}" if assignee else "Given back to everybody")
        claim.assignee = assignee
        changed += 1
    return changed


def _not_ready(findings: Sequence[Finding]) -> NotReady:
    errors = [finding for finding in findings if finding.severity == "error"]
    count = f"{len(errors)} thing{'s are' if len(errors) > 1 else ' is'} missing"
    return NotReady(f"The claim cannot go in one click: {count}.", findings=freeze(list(findings)))
