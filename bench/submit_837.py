"""submit_837: ready claims in PostgreSQL to a committed 837P, against the plain twin and the limit script."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from bench.claims_world import DAY
from bench.limit_837 import interchange_text
from claims import encoding, lifecycle, scrubbing, submitting
from claims.enums import BatchState, ClaimState
from claims.models import Batch, BatchItem, Claim, ScrubStamp
from clearinghouses import control, sending
from clearinghouses.models import Connection
from clinics.scoping import current_actor, open_clinic
from lib.findings import has_errors
from lib.frozen import thaw
from lib.money import total
from work import jobs, outbox
from work.models import Job
from x12.documents.professional_claim import ClaimDocument
from x12.documents.write_837p import ClaimText


def make_ready(clinic_id: int) -> list[int]:
    """All claims ready again, as after a dissolved batch; their keys."""
    with open_clinic(clinic_id, actor="bench"):
        BatchItem.objects.filter(is_live=True).update(is_live=False)
        Claim.objects.filter(state=ClaimState.BATCHED).update(state=ClaimState.READY)
        return list(Claim.objects.filter(state=ClaimState.READY).order_by("pk").values_list("pk", flat=True))


def start_job(clinic_id: int, keys: list[int]) -> Job:
    """The job row of a submission, without the dry run before it."""
    with open_clinic(clinic_id, actor="bench"):
        return jobs.start(
            submitting.SUBMIT, "bench", total=len(keys), params={"claims": keys, "ticked": True}
        )


def ours(clinic_id: int, job: Job, at: datetime) -> None:
    """The product's own way, chunk after chunk, each one transaction."""
    after: int | None = 0
    while after is not None:
        with open_clinic(clinic_id, actor="bench"):
            after = submitting.submit_chunk(job, after, at, DAY)


def twin(clinic_id: int, job: Job, at: datetime) -> None:
    """The plain way: claim by claim through the models, every rule kept; the file is written at the end of a chunk."""
    keys: list[int] = job.params["claims"]
    for start in range(0, len(keys), submitting.CHUNK):
        with open_clinic(clinic_id, actor="bench"):
            _twin_chunk(job, keys[start : start + submitting.CHUNK], at)


def _twin_chunk(job: Job, keys: list[int], at: datetime) -> None:
    carrier = Connection.objects.get()
    batch = Batch(
        connection=carrier, job=job, state=BatchState.PENDING, usage=carrier.usage, created_by=current_actor()
    )
    going: list[tuple[Claim, ClaimText]] = []
    for key in keys:
        with transaction.atomic():
            claim = (
                Claim.objects.select_for_update(of=("self",))
                .select_related("location__billing_provider")
                .get(pk=key, state=ClaimState.READY)
            )
            document = thaw(ClaimDocument, claim.document)
            look = scrubbing.scrub_documents([claim], [document], DAY)[0]
            assert not has_errors(look.findings) and look.stamp.text is not None, look.findings
            text = f"In batch {batch.public_id} for {carrier.name}"
            lifecycle.move(claim, ClaimState.BATCHED, text=text)
            going.append((claim, look.stamp.text))
    texts = [text for _, text in going]
    numbers = control.next_numbers(carrier, encoding.set_count(len(going), carrier.claims_per_transaction))
    encoded = encoding.encode(texts, carrier, numbers, at)
    batch.outbound_file = sending.prepare(carrier, encoded.content, numbers)
    batch.stored = batch.outbound_file.stored
    batch.billing_provider = going[0][0].location.billing_provider
    batch.claim_count, batch.total = len(going), total(text.charge for text in texts)
    batch.interchange_number, batch.group_number = numbers.interchange, numbers.group
    batch.reference = numbers.references[0]
    batch.save(force_insert=True)
    for (claim, _), reference in zip(going, encoded.references, strict=True):
        BatchItem.objects.create(batch=batch, claim=claim, transaction_number=reference, reference=reference)
    _close(job, batch, keys[-1])


def limit(clinic_id: int, job: Job, at: datetime) -> None:
    """The floor: one read, string work from the stored JSON, the same rows by plain SQL, one commit; no rule."""
    keys: list[int] = job.params["claims"]
    for start in range(0, len(keys), submitting.CHUNK):
        with open_clinic(clinic_id, actor="bench"), connection.cursor() as cursor:
            _limit_chunk(cursor, job, keys[start : start + submitting.CHUNK], at)


def _limit_chunk(cursor: Any, job: Job, keys: list[int], at: datetime) -> None:
    clinic_id = job.clinic_id
    carrier = Connection.objects.get()
    cursor.execute(
        "SELECT id, document::text FROM claims_claim WHERE clinic_id = %s AND id = ANY(%s) AND state = 'ready' "
        "ORDER BY id FOR UPDATE SKIP LOCKED",
        [clinic_id, keys],
    )
    rows = cursor.fetchall()
    cursor.execute(
        "UPDATE claims_claim SET state = 'batched', last_event = 'limit', last_event_at = %s "
        "WHERE clinic_id = %s AND id = ANY(%s)",
        [at, clinic_id, [row[0] for row in rows]],
    )
    cursor.execute(
        "INSERT INTO claims_claimevent (clinic_id, claim_id, at, actor, kind, from_state, to_state, text, segment, "
        "file_key, data) SELECT %s, unnest(%s::bigint[]), %s, 'bench', 'state', 'ready', 'batched', 'limit', '', '', "
        "'{}'",
        [clinic_id, [row[0] for row in rows], at],
    )
    sets = encoding.set_count(len(rows), carrier.claims_per_transaction)
    numbers = control.next_numbers(carrier, sets)
    documents = [json.loads(row[1]) for row in rows]
    content = interchange_text(documents, carrier, numbers, at).encode("ascii")
    hashlib.sha256(content).hexdigest()
    outbound = sending.prepare(carrier, content, numbers)
    batch = Batch.objects.create(
        connection=carrier, job=job, billing_provider_id=_provider(), outbound_file=outbound, stored=outbound.stored,
        claim_count=len(rows), created_by="bench", interchange_number=numbers.interchange,
    )  # fmt: skip
    size = carrier.claims_per_transaction
    references = [numbers.references[place // size] for place in range(len(rows))]
    cursor.execute(
        "INSERT INTO claims_batchitem (clinic_id, batch_id, claim_id, transaction_number, reference, is_live) "
        "SELECT %s, %s, claim, number, number, true FROM unnest(%s::bigint[], %s::text[]) AS t(claim, number)",
        [clinic_id, batch.pk, [row[0] for row in rows], references],
    )
    _close(job, batch, keys[-1])


def _close(job: Job, batch: Batch, last: int) -> None:
    """The promise to carry the file and the job's progress, as ours writes them."""
    outbox.promise(submitting.SEND, batch.clinic_id, batch.pk)
    jobs.progress(job, done=sum(1 for key in job.params["claims"] if key <= last), errors=0)


def forget(clinic_id: int) -> None:
    """No claim was ever scrubbed."""
    with open_clinic(clinic_id, actor="bench"):
        ScrubStamp.objects.all().delete()


def _provider() -> int:
    return int(Claim.objects.values_list("location__billing_provider_id", flat=True)[:1][0])


def now() -> datetime:
    """The moment written into the files."""
    return timezone.now()
