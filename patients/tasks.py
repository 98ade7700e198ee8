"""The worker's edge: take or undo an import of patients."""

from __future__ import annotations

from clinics.scoping import open_clinic
from patients import importing
from work.models import Job
from work.outbox import handles


@handles(importing.WORK)
def work_import(clinic_id: int, job_id: int) -> None:
    """Go on with an import where it stands; each piece is a transaction of its own."""
    with open_clinic(clinic_id, actor="import"):
        job = Job.objects.get(pk=job_id)
        rows = importing.plan(job) if job.finished_at is None else []
    over = job.finished_at is not None
    while not over:
        with open_clinic(clinic_id, actor="import"):
            over = importing.step(job, rows)
