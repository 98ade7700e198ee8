"""What became of a batch's bytes: delivered, refused or unknown, and what a person may do then (rules.md B6.5).

Before it: claims/submitting.py (bytes and rows) and clearinghouses/sending (the network). After it:
claims/acknowledgements.py. ``submitted`` only after proof; a refused batch keeps its claims until somebody
chooses; an unknown one is looked for, never sent again.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils import timezone

from claims import lifecycle
from claims.enums import BatchState, ClaimState, Format
from claims.errors import CannotResend
from claims.models import Acknowledgement, Batch, BatchItem, Claim
from clearinghouses import sending
from clearinghouses.transport import Delivered, Outcome, Refused
from clinics import audit
from clinics.scoping import require_clinic_id
from work import outbox
from work.models import Outbox

SEND = "claims.send"
LOOK = "claims.look"
LOOK_PAUSES = (15, 30, 60, 120, 300, 600, 1800)  # seconds until the far side is looked at again
AT_ONCE = timedelta(minutes=1)
OPEN = (BatchState.PENDING, BatchState.UNKNOWN)


def lock(batch_id: int) -> Batch:
    """The batch, locked, with its connection and file."""
    return (
        Batch.objects.select_for_update(of=("self",))
        .select_related("connection", "outbound_file")
        .get(pk=batch_id)
    )


def settle(batch: Batch, outcome: Outcome, at: datetime) -> None:
    """Write the outcome of carrying or looking; safe to repeat. The caller holds the batch's lock."""
    if isinstance(outcome, Delivered):
        mark_delivered(batch, at, "The partner has the file")
    elif batch.state not in OPEN:
        return
    elif isinstance(outcome, Refused):
        _set(batch, BatchState.REFUSED, outcome.reason)
    else:
        _set(batch, BatchState.UNKNOWN, outcome.reason)
        look_later(batch)


def mark_delivered(batch: Batch, at: datetime, evidence: str) -> None:
    """The bytes are there, by confirmation or because the partner answered: the claims are submitted."""
    if batch.state in (BatchState.DELIVERED, BatchState.DISSOLVED, BatchState.EMPTY):
        return
    _set(batch, BatchState.DELIVERED, "", delivered_at=at)
    waiting = list(
        Claim.objects.select_for_update(of=("self",))
        .filter(state=ClaimState.BATCHED, submissions__batch=batch, submissions__is_live=True)
        .order_by("pk")
    )
    where = f"Submitted to {batch.connection.name}" if batch.connection else "Submitted on paper"
    lifecycle.move_many(waiting, ClaimState.SUBMITTED, text=f"{where}: {evidence}", submitted_at=at)


def look_later(batch: Batch) -> None:
    """Promise another look at the far side, each time a little later."""
    looks = _looks(batch)
    pause = LOOK_PAUSES[min(looks, len(LOOK_PAUSES) - 1)]
    outbox.promise(LOOK, batch.clinic_id, batch.pk, key=f"{LOOK}:{batch.pk}:{looks + 1}", delay_seconds=pause)


def look_now(batch: Batch) -> None:
    """A person asks to look at the far side at once, and not only when the next look is due."""
    outbox.promise(LOOK, batch.clinic_id, batch.pk, key=f"{LOOK}:{batch.pk}:{_looks(batch) + 1}")


def send_again(batch: Batch) -> None:
    """A person sends a refused batch again: same bytes, same numbers. Raises CannotResend."""
    locked = lock(batch.pk)
    if locked.state != BatchState.REFUSED or locked.outbound_file is None:
        raise CannotResend(_why_not(locked))
    sending.send_again(locked.outbound_file)
    attempt = locked.outbound_file.attempts + 1
    _set(locked, BatchState.PENDING, "")
    outbox.promise(SEND, locked.clinic_id, locked.pk, key=f"{SEND}:{locked.pk}:{attempt}")
    audit.record("batch.send_again", "batch", locked.public_id)


def may_doubt(batch: Batch) -> bool:
    """Whether a batch was confirmed by the partner's mailbox alone, and never answered."""
    return (
        batch.state == BatchState.DELIVERED
        and batch.outbound_file_id is not None
        and not Acknowledgement.objects.filter(batch=batch).exists()
    )


def doubt(batch: Batch) -> None:
    """A person has the file of an unanswered batch looked for: a mailbox may thank for what it lost.

    Its claims stay ``submitted``. Found, it is delivered again; proven absent, the same bytes may be sent again
    under the same numbers, so that a partner who has it after all takes it once. Raises CannotResend.
    """
    locked = lock(batch.pk)
    if not may_doubt(locked) or locked.outbound_file is None:
        raise CannotResend("It was answered, or never confirmed: there is nothing to look for.")
    sending.doubt(locked.outbound_file)
    _set(locked, BatchState.UNKNOWN, "It was confirmed, but never answered")
    look_now(locked)
    audit.record("batch.doubt", "batch", locked.public_id)


def looked_for() -> QuerySet[BatchItem, int]:
    """Keys of claims whose given-up batch is looked for just now: they wait for what the look finds (B6.5.lies).

    A look that is put off for long, or could not be made three times, holds nobody up.
    """
    under_way = (Outbox.State.PENDING, Outbox.State.RUNNING)
    looks = Outbox.objects.filter(
        clinic_id=require_clinic_id(), kind=LOOK, state__in=under_way, due_at__lte=timezone.now() + AT_ONCE
    )
    given_up = BatchItem.objects.filter(batch__state=BatchState.DISSOLVED)
    return given_up.filter(batch_id__in=looks.values("subject_id")).values_list("claim_id", flat=True)


def answered_after_all(batch: Batch, why: str) -> int:
    """The partner has a batch that was given up: its claims that wait again are held, so that none goes twice.

    Returns how many. The caller holds the batch's lock.
    """
    if batch.state != BatchState.DISSOLVED:
        return 0
    claims = Claim.objects.select_for_update(of=("self",)).filter(
        state__in=(ClaimState.NEW, ClaimState.READY), submissions__batch=batch
    )
    reason = f"{why}, although batch {batch.public_id} was given up as refused: ask before it is sent again"
    held = list(claims.order_by("pk"))
    for claim in held:
        lifecycle.move(
            claim, ClaimState.ON_HOLD, text=f"Held: {reason}", hold_reason=reason[:200], hold_until=None
        )
    return len(held)


def is_stuck(batch: Batch) -> bool:
    """Whether a batch waits to be sent while the work that should send it was given up (three attempts)."""
    if batch.state != BatchState.PENDING or batch.outbound_file_id is None or batch.clinic_id is None:
        return False
    rows = Outbox.objects.filter(clinic_id=batch.clinic_id, kind=SEND, subject_id=batch.pk)
    last = rows.order_by("-pk").first()
    return last is None or last.state == Outbox.State.DEAD


def try_again(batch: Batch) -> None:
    """A person starts the sending of a stuck batch anew; a file that may be there is looked for, not put."""
    locked = lock(batch.pk)
    if not is_stuck(locked):
        raise CannotResend(_why_not(locked))
    assert locked.clinic_id is not None
    tries = Outbox.objects.filter(clinic_id=locked.clinic_id, kind=SEND, subject_id=locked.pk).count()
    outbox.promise(SEND, locked.clinic_id, locked.pk, key=f"{SEND}:{locked.pk}:again{tries}")
    audit.record("batch.try_again", "batch", locked.public_id)


def mark_printed(batch: Batch, at: datetime) -> None:
    """A person says that the paper forms were printed and mailed: the claims are submitted (B6.5)."""
    locked = lock(batch.pk)
    if locked.format != Format.PAPER or locked.state != BatchState.PENDING:
        raise CannotResend(_why_not(locked))
    mark_delivered(locked, at, "printed and mailed")
    audit.record("batch.printed", "batch", locked.public_id, claims=locked.claim_count)


def dissolve(batch: Batch, reason: str) -> int:
    """Give up a refused batch, or one on paper that was not printed. Returns how many claims are ready again.

    Those bytes can never be sent. Raises CannotResend.
    """
    locked = lock(batch.pk)
    waiting = Claim.objects.filter(submissions__batch=locked, submissions__is_live=True)
    if locked.state == BatchState.REFUSED and waiting.exclude(state=ClaimState.BATCHED).exists():
        raise CannotResend("Its claims count as submitted: send the same file again, or resubmit each claim.")
    unprinted = locked.format == Format.PAPER and locked.state == BatchState.PENDING
    if locked.state != BatchState.REFUSED and not unprinted:
        raise CannotResend(_why_not(locked))
    _set(locked, BatchState.DISSOLVED, reason.strip() or locked.detail)
    BatchItem.objects.filter(batch=locked).update(is_live=False)
    claims = list(
        Claim.objects.select_for_update(of=("self",))
        .filter(state=ClaimState.BATCHED, submissions__batch=locked)
        .order_by("pk")
    )
    moved = lifecycle.move_many(
        claims, ClaimState.READY, text=f"Batch {locked.public_id} was dissolved: it never left"
    )
    if locked.outbound_file is not None and locked.outbound_file.attempts:
        look_now(locked)  # a partner may have said no and taken it all the same
    audit.record("batch.dissolve", "batch", locked.public_id, reason=reason.strip())
    return moved


def _looks(batch: Batch) -> int:
    """How often a look was promised: each promise has a key of its own."""
    assert batch.clinic_id is not None
    return Outbox.objects.filter(clinic_id=batch.clinic_id, kind=LOOK, subject_id=batch.pk).count()


def _why_not(batch: Batch) -> str:
    if batch.state == BatchState.UNKNOWN:
        return "Nobody knows yet whether the file arrived: the partner's mailbox is looked at first."
    return f"This batch is {BatchState(batch.state).label.lower()}: only a refused one is sent again or dissolved."


def _set(batch: Batch, state: BatchState, detail: str, **fields: object) -> None:
    values = {"state": state, "detail": detail[:300], **fields}
    Batch.objects.filter(pk=batch.pk).update(**values)
    for name, value in values.items():
        setattr(batch, name, value)
