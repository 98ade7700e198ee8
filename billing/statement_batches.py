"""Statements for everybody who owes: one job, account by account, PDFs in batches, one file for the printer (B12).

An account is asked once a job, whatever dies: the database holds (job, patient) unique, and a job that runs
again goes on with those who have none.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Q, Sum
from django.utils import timezone

from billing import apart, statement_pdf, statements
from billing.enums import CallKind
from billing.errors import NothingDue
from billing.models import Account, CallNote, LedgerEntry, Statement, StatementDelivery, StatementMember
from clinics.models import Location
from clinics.scoping import current_actor, open_clinic
from clinics.settings import value_of
from lib.money import ZERO, total
from patients.models import Patient
from work import files, jobs, outbox
from work.models import Job

KIND = "billing.statement_batch"
CHUNK = 25


@dataclass(frozen=True, slots=True)
class Due:
    """One account: its first patient, all its patients that owe, what would be asked, and what holds it."""

    patient: Patient
    patient_ids: tuple[int, ...]
    asked: Decimal
    held: str


def round_of(location: Location, today: date) -> list[Due]:
    """Every account that owes, with the reason where it gets no statement now; a handful of queries."""
    owed = _owed()
    people = {
        row.pk: row for row in Patient.objects.filter(pk__in=owed).select_related("guarantor").order_by("pk")
    }
    groups: dict[tuple[str, int], list[Patient]] = {}
    for row in people.values():
        key = ("guarantor", row.guarantor_id) if row.guarantor_id else ("patient", row.pk)
        groups.setdefault(key, []).append(row)
    held = _reasons(groups, location, today)
    pay_by = today + timedelta(days=int(value_of("statement_due_days", location)))
    aside = apart.of_patients(people, pay_by=pay_by, today=today)
    least = Decimal(value_of("statement_min_amount", location))
    found = []
    for key, group in groups.items():
        amount = total(owed[row.pk] for row in group)
        reasons = [each for row in group for each in aside.get(row.pk, [])]
        asked = max(ZERO, amount - total(each.amount for each in reasons))
        why = held.get(key, "")
        if not why and amount > ZERO and asked == ZERO:
            why = reasons[0].hold
        elif not why and asked < least:
            why = f"Less than {least}"
        if amount > ZERO:
            found.append(Due(group[0], tuple(row.pk for row in group), asked, why))
    return found


def due_patients(location: Location, today: date) -> list[tuple[int, Decimal]]:
    """Who would get a statement now: (first patient of the account, dollars asked)."""
    return [(each.patient.pk, each.asked) for each in round_of(location, today) if not each.held]


def start(location: Location, *, at: datetime, today: date) -> Job:
    """Promise statements for all who are due; the job's page shows how far it is."""
    wanted = [pk for pk, _ in due_patients(location, today)]
    job = jobs.start(
        KIND,
        f"Statements for {len(wanted)} accounts",
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
            job,
            result={"statements": made, "nothing_due": skipped},
            done=made + skipped,
            url=f"/statements/jobs/{job.public_id}/",
        )


def of_job(job: Job) -> list[Statement]:
    """The statements of a job in the order of their numbers."""
    ids = StatementMember.objects.filter(job=job).values("statement_id")
    return list(Statement.objects.filter(pk__in=ids).select_related("patient", "pdf").order_by("pk"))


def print_file(job: Job) -> bytes:
    """One PDF for the printer: the stored PDFs of the job's statements, byte for byte the same pages."""
    from pypdf import PdfWriter

    rows = of_job(job)
    statement_pdf.keep_pdfs(rows)
    writer = PdfWriter()
    for row in rows:
        assert row.pdf is not None, "keep_pdfs stored it or raised"
        writer.append(io.BytesIO(files.read(row.pdf)))
    target = io.BytesIO()
    writer.write(target)
    known = set(
        StatementDelivery.objects.filter(statement__in=rows, way="print").values_list(
            "statement_id", flat=True
        )
    )
    StatementDelivery.objects.bulk_create(
        StatementDelivery(clinic_id=row.clinic_id, statement=row, way="print", by=current_actor())
        for row in rows
        if row.pk not in known
    )
    return target.getvalue()


def _chunk(job: Job, patient_ids: list[int]) -> tuple[int, int]:
    location = Location.objects.select_related("clinic", "billing_provider").get(
        public_id=job.params["location"]
    )
    patients: list[Any] = list(
        Patient.objects.filter(pk__in=patient_ids).select_related("guarantor").order_by("pk")
    )
    known = {
        row.patient_id: row.statement
        for row in StatementMember.objects.filter(job=job, patient__in=patients).select_related(
            "statement__patient", "statement__pdf"
        )
    }
    issued, none = [], 0
    for patient in patients:
        try:
            issued.append(
                known.get(patient.pk) or statements.issue(patient, location, at=timezone.now(), job=job)
            )
        except NothingDue:
            none += 1
    statement_pdf.keep_pdfs(issued)
    return len(issued), none


def _owed() -> dict[int, Decimal]:
    free_credit = Q(account="patient_credit", charge__isnull=True)
    rows = (
        LedgerEntry.objects.filter(Q(account="ar:patient") | free_credit, patient__isnull=False)
        .values_list("patient_id")
        .annotate(sum=Sum("amount"))
        .order_by("patient_id")
    )
    return {pk: amount for pk, amount in rows if pk is not None and amount}


def _reasons(
    groups: dict[tuple[str, int], list[Patient]], location: Location, today: date
) -> dict[tuple[str, int], str]:
    """Why accounts are held: mail came back, a hold, a dispute, a statement within the cycle."""
    cycle = int(value_of("statement_cycle_days", location))
    since = today - timedelta(days=cycle)
    ids = [row.pk for group in groups.values() for row in group]
    recent = set(
        Statement.objects.filter(patient__in=ids, cut_at__date__gt=since).values_list("patient_id", flat=True)
    ) | set(
        StatementMember.objects.filter(patient__in=ids, statement__cut_at__date__gt=since).values_list(
            "patient_id", flat=True
        )
    )
    disputed = set(
        CallNote.objects.filter(
            patient__in=ids, kind=CallKind.DISPUTE, state="open", invoice__isnull=True
        ).values_list("patient_id", flat=True)
    )
    reasons = {}
    for row in Account.objects.filter(
        Q(patient__in=ids) | Q(guarantor__in=[number for kind, number in groups if kind == "guarantor"])
    ):
        key = ("guarantor", row.guarantor_id) if row.guarantor_id else ("patient", row.patient_id or 0)
        if row.bad_address_on is not None:
            reasons[key] = "Mail came back"
        elif row.hold_until is not None and row.hold_until >= today:
            reasons[key] = f"Held until {row.hold_until:%m/%d/%Y}: {row.hold_reason}"
    for key, group in groups.items():
        if any(row.pk in disputed for row in group):
            reasons.setdefault(key, "Disputed")
        elif any(row.pk in recent for row in group):
            reasons.setdefault(key, f"Asked within {cycle} days")
    return reasons
