"""Pages of a patient import: choose a file, map its columns, look, take, undo."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_http_methods

from clinics import audit
from clinics.errors import BadInput, Refusal
from lib import csv_text
from patients import import_rows, importing
from patients.here import today_here
from patients.models import PatientImport

LARGEST = 10_000_000
SHOWN = 200  # rows of one page
ACTS = (("register", "To register"), ("here", "Already here"), ("wrong", "Wrong"))


class FileForm(forms.Form):
    """The file."""

    file = forms.FileField(
        label="CSV file",
        help_text="The first line names the columns; separated by commas, semicolons or tabs. Up to "
        f"{importing.MOST_ROWS:,} rows.",
    )


@require_http_methods(["GET", "POST"])
def import_list(request: HttpRequest) -> HttpResponse:
    """Choose a file; the imports before."""
    form = FileForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data["file"]
        try:
            if given.size > LARGEST:
                raise BadInput("This file is larger than 10 MB.", code="too_large")
            job = importing.start(csv_text.decode(given.read()), given.name)
        except csv_text.BadCsv as error:
            form.add_error("file", str(error))
        except BadInput as refusal:
            form.add_error("file", refusal.message)
        else:
            return redirect("patients:import", job.public_id)
    before = PatientImport.objects.select_related("job").defer("rows").order_by("-created_at")[:20]
    return render(request, "patients/imports.html", {"form": form, "before": before})


@require_http_methods(["GET", "POST"])
def one_import(request: HttpRequest, public_id: str) -> HttpResponse:
    """Map, look, take; afterwards what it did, with its undo."""
    job = get_object_or_404(PatientImport.objects.select_related("job"), public_id=public_id)
    error = ""
    if request.method == "POST":
        try:
            return _act(request, job)
        except Refusal as refusal:
            error = refusal.message
    if request.GET.get("format") == "csv":
        return _left_out(request, job)
    context: dict[str, Any] = {"job": job, "error": error, "is_working": importing.is_working(job)}
    if job.job is not None:
        context["job_url"] = _job_url(job.job.public_id)
    elif job.taken_at is None:
        context |= _look(request, job)
    return render(request, "patients/import.html", context)


def _act(request: HttpRequest, job: PatientImport) -> HttpResponse:
    act = request.POST.get("act", "")
    if act == "map":
        mapping = {target: request.POST.get(f"map-{target}", "") for target, _ in import_rows.TARGETS}
        importing.set_mapping(job, mapping)
    elif act == "take":
        importing.take(job, today_here(request))
    elif act == "undo":
        importing.undo(job, today_here(request))
    elif act == "drop":
        importing.drop(job)
        messages.success(request, "Forgotten")
        return redirect("patients:imports")
    else:
        raise BadInput("This page knows map, take, undo and drop.", code="unknown_act")
    return redirect("patients:import", job.public_id)


def _look(request: HttpRequest, job: PatientImport) -> dict[str, Any]:
    """What taking the file would do: counts, and the rows of one kind."""
    ready = {"first_name", "last_name"} <= set(job.mapping)
    rows = importing.dry_run(job, today_here(request)) if ready else []
    found = importing.counts(rows)
    show = request.GET.get("show", "")
    chosen = [row for row in rows if row.act == show] if show in found else rows
    tabs = [{"label": "All rows", "url": "?", "count": len(rows), "current": show not in found}]
    tabs += [
        {"label": label, "url": f"?show={act}", "count": found[act], "current": show == act}
        for act, label in ACTS
    ]
    return {
        "rows": chosen[:SHOWN], "more": max(0, len(chosen) - SHOWN), "tabs": tabs, "has_rows": bool(rows),
        "columns": importing.columns(job), "register_count": found["register"],
        "left_count": found["here"] + found["wrong"],
        "fields": [(key, label, job.mapping.get(key, "")) for key, label in import_rows.TARGETS],
    }  # fmt: skip


def _left_out(request: HttpRequest, job: PatientImport) -> HttpResponse:
    """The lines that are (or would be) left out with the reason, to be mended and read again."""
    if job.taken_at is None:
        rows = [row for row in importing.dry_run(job, today_here(request)) if row.act != "register"]
        text = importing.left_out(job, rows)
    else:
        text = job.rows
    audit.record("patient.import_export", "patient_import", job.public_id)
    response = HttpResponse(text, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="left-out.csv"'
    return response


def _job_url(public_id: str) -> str:
    try:
        return reverse("desk:job", args=[public_id])
    except NoReverseMatch:
        return ""
