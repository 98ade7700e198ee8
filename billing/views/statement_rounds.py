"""One round of statements: what a job issued, and one PDF for the printer (rules.md B12)."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from billing import statement_batches
from billing.views.tables import Cell, Table, counted, show
from clinics import audit
from lib.money import show_money, total
from work.models import Job


@require_GET
def statement_round(request: HttpRequest, public_id: str) -> HttpResponse:
    """The statements of a job, in the order of their numbers."""
    job = get_object_or_404(Job.objects, public_id=public_id)
    rows = statement_batches.of_job(job)
    table = Table(
        title="Statements of this round",
        sub=job.title,
        head=[("Number", False), ("Patient", False), ("Balance", True), ("PDF", False)],
        rows=[
            [
                Cell(row.number, url=reverse("billing:statement", args=[row.public_id]), name=True),
                Cell(row.patient.list_name, phi=True),
                Cell(row.balance),
                Cell("PDF", url=reverse("billing:statement-pdf", args=[row.public_id])),
            ]
            for row in rows
        ],
        said=f"{counted(len(rows), 'statement')} · {show_money(total(row.balance for row in rows))}",
        blank="No statement yet",
        blank_words="The worker has not come to it, or nobody owed anything any more.",
        above="billing/parts/round_print.html",
        extra={"job": job, "count": len(rows)},
    )
    return show(request, table, file_name="statements")


@require_POST
def statement_round_print(request: HttpRequest, public_id: str) -> HttpResponse:
    """All PDFs of the job as one file; each is noted as printed."""
    job = get_object_or_404(Job.objects, public_id=public_id)
    content = statement_batches.print_file(job)
    audit.record("statement.print", "job", job.public_id)
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="statements-{job.public_id}.pdf"'
    return response
