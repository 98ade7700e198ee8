"""Settings › Code tables: ICD-10-CM releases, and the clinic's own lists with upload, dry run, switch on."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from claims import code_loading, diagnosis_table
from claims.errors import BadCodeFile
from claims.models import CodeTable, DiagnosisRelease
from clinics.errors import BadInput
from patients.here import today_here
from work.idempotency import once

SHOWN = 100
COLUMNS = {
    "ncci": "Column 1, column 2, in existence before 1996, first day, day of deletion, modifier indicator "
    "(0, 1, 9), as CMS publishes them; text or CSV.",
    "mue": "Code, units, adjudication indicator (1 line, 2 or 3 day), as CMS publishes them; the first day is "
    "that of the quarter.",
    "codes": "Your own licensed list: Code, and where you have them From, To, Sex, Age from, Age to, "
    "Add-on to (codes, or ANY).",
}  # fmt: skip


class UploadForm(forms.Form):
    """One table: its kind, its first day, its files."""

    kind = forms.ChoiceField(label="Table", choices=CodeTable.Kind.choices)
    effective_on = forms.DateField(
        label="For services from", widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )
    file = forms.FileField(label="File")
    more = forms.FileField(
        label="Second file", required=False, help_text="When the list is published in parts."
    )
    third = forms.FileField(label="Third file", required=False)
    fourth = forms.FileField(label="Fourth file", required=False)

    def contents(self) -> list[tuple[str, bytes]]:
        """Names and bytes of what was sent."""
        given = [self.cleaned_data[name] for name in ("file", "more", "third", "fourth")]
        return [(one.name, one.read()) for one in given if one]


@require_http_methods(["GET", "POST"])
def code_tables(request: HttpRequest) -> HttpResponse:
    """What is loaded, what is in force; an upload starts the reading."""
    today = today_here(request)
    form = UploadForm(initial={"effective_on": today.replace(day=1)})
    if request.method == "POST":
        form = UploadForm(request.POST, request.FILES)
        if form.is_valid():
            try:
                made = take(request, form)
            except BadCodeFile as refusal:
                form.add_error("file", refusal.message)
            else:
                return redirect("claims:code-table", made)
    tables = list(CodeTable.objects.select_related("job").order_by("kind", "-effective_on", "-pk")[:SHOWN])
    context = {
        "form": form,
        "tables": tables,
        "columns": [(label, COLUMNS[kind]) for kind, label in CodeTable.Kind.choices],
        **releases(today),
    }
    return render(request, "claims/code_tables.html", context, status=400 if form.errors else 200)


def take(request: Any, form: UploadForm) -> str:
    """Upload once for each form; the public id of the table."""
    data, files = form.cleaned_data, form.contents()
    asked = {
        "act": "code_table",
        "kind": data["kind"],
        "day": str(data["effective_on"]),
        "files": [name for name, _ in files],
    }
    answer, _ = once(
        request.POST.get("idempotency_key", ""),
        asked,
        lambda: {"table": code_loading.upload(data["kind"], data["effective_on"], files).public_id},
    )
    return str(answer["table"])


def releases(today: date) -> dict[str, Any]:
    """ICD-10-CM as it stands: all releases, and the one of today."""
    return {
        "releases": list(DiagnosisRelease.objects.order_by("-starts_on")[:12]),
        "current": diagnosis_table.release_on(today),
    }


@require_GET
def code_table(request: HttpRequest, public_id: str) -> HttpResponse:
    """One table: how far its reading is, then what it holds, changes and could not read."""
    row = get_object_or_404(CodeTable.objects.select_related("job"), public_id=public_id)
    context = {
        "table": row,
        "job": row.job,
        "reading": row.state == CodeTable.State.READING,
        "may_switch_on": row.state == CodeTable.State.TRIED,
        "may_discard": row.state in (CodeTable.State.TRIED, CodeTable.State.IN_FORCE),
        "hidden": max(row.wrong_count - len(row.wrong_rows), 0),
        "replaces": code_loading.in_force(row.kind).filter(effective_on=row.effective_on).exclude(pk=row.pk).first(),
        "crumbs": [("Settings", reverse("desk:settings")), ("Code tables", reverse("claims:code-tables")),
                   (row.get_kind_display(), "")],
    }  # fmt: skip
    return render(request, "claims/code_table.html", context)


@require_POST
def code_table_act(request: HttpRequest, public_id: str, act: str) -> HttpResponse:
    """Switch a table on, or take it away."""
    row = get_object_or_404(CodeTable.objects, public_id=public_id)
    if act == "switch-on":
        code_loading.switch_on(row)
        messages.success(
            request, f"{row.get_kind_display()} in force for services from {row.effective_on:%m/%d/%Y}"
        )
    elif act == "discard":
        code_loading.discard(row)
        messages.success(request, f"{row.get_kind_display()} taken away: no claim is checked by it")
    else:
        raise BadInput("There is no such act.", code="unknown_act")
    return redirect("claims:code-tables")
