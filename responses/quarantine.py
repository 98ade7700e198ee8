"""A remittance whose payee is none of the clinic's waits here until a person says whose it is.

``posting.set_aside`` puts it there: nothing is matched, no receipt is opened, nothing posts.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from django.db import transaction

from clinics import audit
from clinics.errors import BadInput
from lib.frozen import thaw
from responses import posting
from responses.enums import PostingState, RemittanceState
from responses.errors import CannotPost
from responses.models import ClaimResponse, Remittance
from responses.remittance_facts import balance_reason
from x12.documents.remittance import ClaimPayment
from x12.documents.remittance import Remittance as RemittanceDocument


def release(remittance: Remittance, *, reason: str, at: datetime) -> list[ClaimResponse]:
    """It is ours after all: taken in now, under the settings in force, as if it had just come.

    Raises CannotPost when it is not set aside (any more), BadInput without a reason.
    """
    if not reason.strip():
        raise BadInput("Say how you know that this payment is the clinic's.", code="reason_missing")
    with transaction.atomic():
        row = _locked(remittance)
        answers = list(row.responses.order_by("ordinal"))
        claims = tuple(thaw(ClaimPayment, answer.document) for answer in answers)
        header = thaw(RemittanceDocument, row.document)
        row.responses.all().delete()
        balance = (
            "" if row.is_balanced else (balance_reason(replace(header, claims=claims)) or "damaged file")
        )
        row.state = RemittanceState.OPEN if row.is_balanced else RemittanceState.UNBALANCED
        made = posting.take_claims(row, replace(header, claims=claims), balance, at)
        audit.record("remittance.release", "remittance", row.public_id, reason=reason[:200])
        return made


def refuse(remittance: Remittance, *, reason: str) -> None:
    """It is not ours: its answers are set aside for good, with the reason; no money was ever booked."""
    if not reason.strip():
        raise BadInput("Say whose payment this is, or who was told.", code="reason_missing")
    with transaction.atomic():
        row = _locked(remittance)
        row.responses.update(state=PostingState.IGNORED, hold_reason=reason.strip()[:200])
        audit.record("remittance.refuse", "remittance", row.public_id, reason=reason[:200])


def _locked(remittance: Remittance) -> Remittance:
    row = Remittance.objects.select_for_update(no_key=True, of=("self",)).get(pk=remittance.pk)
    if (
        row.state != RemittanceState.QUARANTINE
        or not row.responses.filter(state=PostingState.EXCEPTION).exists()
    ):
        raise CannotPost("This payment is not set aside; reload to see what became of it.", state=row.state)
    return row
