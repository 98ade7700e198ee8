"""Statements for everybody who owes: one job, patient by patient, PDFs in batches (rules.md B12)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Q, Sum
from django.utils import timezone

from billing import statement_pdf, statements
from billing.errors import NothingDue
from billing.models import LedgerEntry, Statement
from clinics.models import Location
from clinics.scoping import open_clinic
from clinics.settings import value_of
from lib.money import ZERO
from patients.models import Patient
from work import jobs, outbox
from work.models import Job

KIND = "billing.statement_batch"
CHUNK = 25


def due_patients(location: Location, today: date) -> list[tuple[int, Decimal]]:
    """Patients of the clinic who are due a statement: (patient, dollars owed less free credit).

    At least the smallest amount, and none within the cycle (Settings > Statements).
    """
    least = Decimal(value_of("statement_min_amount", location))
    cycle = int(value_of("statement_cycle_days", location))
    free_credit = Q(account="patient_credit", charge__isnull=True)
    rows = (
        LedgerEntry.objects.filter(Q(account="ar:patient") | free_credit, patient__isnull=False)
        .values_list("patient_id")
        .annotate(sum=Sum("amount"))
        .order_by("patient_id")
    )
    recent = set(
        Statement.objects.filter(cut_at__date__gt=today - timedelta(days=cycle)).values_list(
            "patient_id", flat=True
        )
    )
    return [(pk, owed) for pk, owed in rows if owed >= least and owed > ZERO and pk not in recent]


def start(location: Location, *, at: datetime, today: date) -> Job:
    """Promise statements for all who are due; the job's page shows how far it is."""
    wanted = [pk for pk, _ in due_patients(location, today)]
    job = jobs.start(
        KIND,
        f"Statements for {len(wanted)} patients",
        total=len(wanted),
        params={"patients": wanted, "location": location.public_id, "at": at.isoformat()},
    )
    outbox.promise(KIND, job.clinic_id, job.pk)
    return job


@outbox.handles(KIND)
def run(clinic_id: int, job_id: int) -> None:
    """Outbox: issue and draw, 25 a transaction; run again it goes on where it stopped."""
    with open_clinic(clinic_id, actor="worker"):
        job = Job.objects.get(pk=job_id)
        wanted = list(job.params["patients"])
    made = skipped = 0
    for start_at in range(0, len(wanted), CHUNK):
        with open_clinic(clinic_id, actor=job.created_by):
            done, none = _chunk(job, wanted[start_at : start_at + CHUNK])
            made, skipped = made + done, skipped + none
            jobs.progress(job, done=made + skipped)
    with open_clinic(clinic_id, actor="worker"):
        jobs.finish(
            job, result={"statements": made, "nothing_due": skipped}, done=made + skipped, url="/statements/"
        )


def _chunk(job: Job, patient_ids: list[int]) -> tuple[int, int]:
    location = Location.objects.select_related("clinic", "billing_provider").get(
        public_id=job.params["location"]
    )
    began = datetime.fromisoformat(job.params["at"])
    patients: list[Any] = list(
        Patient.objects.filter(pk__in=patient_ids).select_related("guarantor").order_by("pk")
    )
    known = {row.patient_id: row for row in Statement.objects.filter(patient__in=patients, cut_at__gte=began)}
    issued, none = [], 0
    for patient in patients:
        try:
            issued.append(known.get(patient.pk) or statements.issue(patient, location, at=timezone.now()))
        except NothingDue:
            none += 1
    statement_pdf.keep_pdfs(issued)
    return len(issued), none
