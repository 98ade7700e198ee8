"""A second opinion on a batch before it leaves: pyx12, an independent validator, reads the very bytes.

Before it: claims/tasks.py, outside every transaction, for a file that nobody has tried to carry yet. After it:
clearinghouses/sending, or a refused batch with the objection. Larger batches than the setting says go without:
our own rules (x12/documents/claim_rules.py) have looked at every claim already. Where a person sends a held-back
file again, their word counts and it is not asked for a second time.
"""

from __future__ import annotations

import logging

from claims.enums import BatchState, Format
from claims.models import Batch
from clearinghouses.models import OutboundFile
from clinics.models import Location
from clinics.settings import value_of
from x12.pyx12_check import objections

logger = logging.getLogger("cleanclaim.claims")
SETTING = "second_opinion_claims"


def bytes_to_judge(batch: Batch) -> bytes | None:
    """The file's bytes where a second opinion is wanted; None where it is not."""
    file = batch.outbound_file
    place = Location.objects.filter(is_active=True).select_related("clinic").order_by("pk").first()
    if (
        file is None
        or place is None
        or batch.format != Format.ELECTRONIC
        or batch.state != BatchState.PENDING
    ):
        return None
    if file.state != OutboundFile.State.PENDING or file.attempts:
        return None
    if batch.claim_count > int(value_of(SETTING, place)):
        return None
    return bytes(file.stored.content)


def judge(content: bytes) -> str:
    """What the validator objects to, in a sentence; empty when nothing, or when it cannot tell."""
    found = objections(content)
    if not found:
        return ""
    if found[0].startswith("pyx12 gave up"):
        logger.warning("no second opinion: %s", found[0])
        return ""
    more = f", and {len(found) - 1} more" if len(found) > 1 else ""
    return f"Held back: the independent validator objects: {found[0]}{more}"
