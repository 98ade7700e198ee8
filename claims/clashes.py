"""A clash of control numbers: the partner refuses a file as a repeat of one it never had from us (TA1 R 025).

Before it: claims/acknowledgements.py, which lets such a word reject nothing, since the first copy usually stands. After
it: the batch page. A clash shows by silence: no other answer ever came. Only a person who asked the partner can tell
it from an answer that is late, and gives the batch's claims up; the connection's numbers are moved on first
(clearinghouses/control.py), or the next file clashes too.
"""

from __future__ import annotations

from django.db.models import Q, QuerySet

from claims import lifecycle
from claims.enums import ClaimState
from claims.errors import CannotResend
from claims.models import Acknowledgement, Batch, Claim
from clinics import audit
from clinics.errors import BadInput

NUMBER_USED = "*025"  # how the kept TA1 ends


def told(batch: Batch) -> Acknowledgement | None:
    """The partner's word that it had this number before, while nothing else was heard of this batch; else None."""
    about = Acknowledgement.objects.filter(Q(batch=batch) | Q(claim__submissions__batch=batch)).distinct()
    words = list(about.order_by("pk"))
    if not words or any(not is_clash(word) for word in words):
        return None
    return words[-1] if _silent(batch).exists() else None


def is_clash(word: Acknowledgement) -> bool:
    """Whether it is a TA1 that calls the number used."""
    return word.kind == "TA1" and word.segment.endswith(NUMBER_USED)


def give_up(batch: Batch, reason: str) -> int:
    """A person asked: the partner never took this file. Its claims are rejected, to be resubmitted as originals.

    Returns how many. Raises CannotResend where anything else was heard, BadInput without who said so.
    """
    locked = Batch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
    if not reason.strip():
        raise BadInput("Say who at the partner told that the file was never taken.", code="reason_missing")
    if told(locked) is None:
        raise CannotResend("The partner has answered this file otherwise, or did not call its number used.")
    claims = list(_silent(locked).select_for_update(of=("self",)).order_by("pk"))
    text = f"Never taken: number {locked.interchange_number} was used before ({reason.strip()[:200]})"
    moved = lifecycle.move_many(claims, ClaimState.REJECTED, text=text)
    audit.record("batch.clash", "batch", locked.public_id, reason=reason.strip()[:300], claims=moved)
    return moved


def _silent(batch: Batch) -> QuerySet[Claim]:
    return Claim.objects.filter(
        state=ClaimState.SUBMITTED, submissions__batch=batch, submissions__is_live=True
    )
