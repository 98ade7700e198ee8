"""Paper claims: a batch of CMS-1500 forms, printed here and mailed (rules.md B6, B6.5).

Before it: claims/submitting.py with locked claims. After it: a person prints the file and marks the batch
printed (claims/delivery.py); until then it can be dissolved. The stored file holds the data alone, as
printed on the red form; it never changes.
"""

from __future__ import annotations

from collections.abc import Sequence

from claims import lifecycle
from claims.cms1500_form import print_claims
from claims.enums import BatchState, ClaimState, Format
from claims.models import Batch, BatchItem, Claim
from clinics.lookups import Keys
from clinics.models import BillingProvider, Location
from clinics.scoping import current_actor
from clinics.settings import value_of
from lib.frozen import thaw
from lib.money import total
from work.files import store
from work.models import Job
from x12.documents.professional_claim import ClaimDocument


def make_batch(job: Job, claims: Sequence[Claim], provider: BillingProvider) -> Batch:
    """One batch of one billing provider: claims ``batched``, the printed data kept as a file."""
    stored = dict(Claim.objects.filter(pk__any_of=Keys(c.pk for c in claims)).values_list("pk", "document"))
    documents = [thaw(ClaimDocument, stored[claim.pk]) for claim in claims]
    batch = Batch(
        billing_provider=provider,
        job=job,
        format=Format.PAPER,
        state=BatchState.PENDING,
        usage="P",
        claim_count=len(claims),
        total=total(document.total_charge for document in documents),
        selection=job.params.get("selection", {}),
        created_by=job.created_by or current_actor(),
    )
    right, down = offsets(claims[0].location)
    content = print_claims(documents, right=right, down=down)
    batch.stored = store(content, f"CMS-1500_{batch.public_id}.pdf")
    lifecycle.move_many(claims, ClaimState.BATCHED, text=f"In batch {batch.public_id} to be printed")
    batch.save(force_insert=True)
    BatchItem.objects.bulk_create(
        [BatchItem(clinic_id=batch.clinic_id, batch=batch, claim=claim) for claim in claims]
    )
    return batch


def offsets(location: Location) -> tuple[int, int]:
    """How far this location's printer is moved: right and down in hundredths of an inch."""
    return int(value_of("cms1500_right", location)), int(value_of("cms1500_down", location))


def form_of(claim: Claim, *, drawn: bool) -> bytes:
    """One claim's forms: with the drawn form for reading, or the data alone."""
    right, down = (0, 0) if drawn else offsets(claim.location)
    return print_claims([thaw(ClaimDocument, claim.document)], drawn=drawn, right=right, down=down)


def forms_of(batch: Batch) -> bytes:
    """A batch's forms again on the drawn form, for reading on screen."""
    rows = BatchItem.objects.filter(batch=batch).select_related("claim").order_by("pk")
    return print_claims((thaw(ClaimDocument, item.claim.document) for item in rows), drawn=True)
