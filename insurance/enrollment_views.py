"""Settings › Enrollment: what each payer has let us do; and the pieces of the payer's page and the home."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from clinics.errors import BadInput
from insurance import enrollment
from insurance.asking_forms import EnrollmentForm
from insurance.enums import EnrollmentKind
from insurance.models import Payer
from patients.here import today_here
from patients.tables import list_file, wants_file


@require_http_methods(["GET", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """The table of payers and exchanges; a POST writes one exchange of the chosen payers."""
    today = today_here(request)
    form = EnrollmentForm(request.POST or None, initial={"since": today})
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        payers = list(Payer.objects.filter(public_id__in=request.POST.getlist("payer")))
        if not payers:
            raise BadInput("Choose at least one insurer.", code="no_payer")
        count = enrollment.save_many(payers, data["kind"], data["state"], on=data["since"], today=today)
        left = len(payers) - count
        more = f"; {left} without a connection left out" if left else ""
        messages.success(request, f"{EnrollmentKind(data['kind']).label}: {count} noted{more}")
        return redirect("insurance:enrollment")
    rows = enrollment.lines()
    if wants_file(request):
        head = ["Insurer", "Payer ID", "Connection", *EnrollmentKind.labels]
        lines = [
            [row.payer.name, row.payer.payer_id, row.connection.name if row.connection else "",
             *(cell.state for cell in row.cells)]
            for row in rows
        ]  # fmt: skip
        return list_file(request, "enrollment", head, lines)
    context = {
        "rows": rows,
        "form": form,
        "kinds": EnrollmentKind.choices,
        "missing": sum(row.needs_claims for row in rows),
        "without_files": sum(row.needs_payments for row in rows),
    }
    return render(request, "insurance/enrollment.html", context)


@require_GET
def of_payer(request: HttpRequest, payer_id: str) -> HttpResponse:
    """One payer's four exchanges, on its page."""
    payer = get_object_or_404(Payer.objects, public_id=payer_id)
    context = {"row": enrollment.lines([payer])[0], "labels": dict(EnrollmentKind.choices)}
    return render(request, "insurance/parts/enrollment.html", context)
