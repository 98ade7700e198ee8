"""Pages of a patient import: choose a file, map its columns, look, take, undo."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from clinics.errors import BadInput
from patients import importing
from patients.here import today_here
from patients.models import PatientImport

LARGEST = 2_000_000


class FileForm(forms.Form):
    """The file."""

    file = forms.FileField(
        label="CSV file", help_text="UTF-8, the first line names the columns, up to 500 rows."
    )


@require_http_methods(["GET", "POST"])
def import_list(request: HttpRequest) -> HttpResponse:
    """Choose a file; the imports before."""
    form = FileForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data["file"]
        try:
            if given.size > LARGEST:
                raise BadInput("This file is larger than 2 MB.", code="too_large")
            job = importing.start(given.read().decode("utf-8-sig"), given.name)
        except UnicodeDecodeError:
            form.add_error("file", "This is no CSV file in UTF-8.")
        except BadInput as refusal:
            form.add_error("file", refusal.message)
        else:
            return redirect("patients:import", job.public_id)
    jobs = PatientImport.objects.order_by("-created_at")[:20]
    return render(request, "patients/imports.html", {"form": form, "jobs": jobs})


@require_http_methods(["GET", "POST"])
def one_import(request: HttpRequest, public_id: str) -> HttpResponse:
    """Map, look, take; afterwards what it did, with its undo."""
    job = get_object_or_404(PatientImport.objects, public_id=public_id)
    today = today_here(request)
    error = ""
    if request.method == "POST":
        act = request.POST.get("act", "")
        try:
            if act == "map":
                mapping = {target: request.POST.get(f"map-{target}", "") for target, _ in importing.TARGETS}
                importing.set_mapping(job, mapping)
                return redirect("patients:import", job.public_id)
            if act == "take":
                done = importing.take(job, today)
                messages.success(request, f"{len(done.created)} patients registered, {done.skipped} left out")
                return redirect("patients:import", job.public_id)
            if act == "undo":
                stay = importing.undo(job)
                messages.success(
                    request, f"Undone; {stay} stay because they are in use" if stay else "Undone"
                )
                return redirect("patients:import", job.public_id)
            if act == "drop":
                importing.drop(job)
                return redirect("patients:imports")
            raise BadInput("This page knows map, take, undo and drop.", code="unknown_act")
        except BadInput as refusal:
            error = refusal.message
    context = {"job": job, "error": error}
    if job.taken_at is None:
        rows = importing.dry_run(job, today) if {"first_name", "last_name"} <= set(job.mapping) else []
        context |= {
            "rows": rows, "columns": importing.columns(job),
            "fields": [(key, label, job.mapping.get(key, "")) for key, label in importing.TARGETS],
            **{f"{act}_count": sum(row.act == act for row in rows) for act in ("register", "wrong", "here")},
        }  # fmt: skip
    return render(request, "patients/import.html", context)
