"""Settings > Clearinghouse connections: list, one connection with its test, confirm a host key."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from clearinghouses import connections, control, queries
from clearinghouses.carriers import show_fingerprint
from clearinghouses.forms import ConnectionForm
from clearinghouses.models import Connection, ControlCounter, OutboundFile
from clinics.models import BillingProvider
from work.models import Job

PLACE = "Clearinghouse connections"


@require_GET
def connection_list(request: HttpRequest) -> HttpResponse:
    """All connections with their last sign of life."""
    context = {
        "rows": list(queries.connections()),
        "crumbs": [("Settings", "/settings/"), (PLACE, "")],
        "alarms": list(queries.nearly_used_up()),
    }
    return render(request, "clearinghouses/connections.html", context)


@require_http_methods(["GET", "POST"])
def new_connection(request: HttpRequest) -> HttpResponse:
    """A new partner; who we are is known already."""
    us = BillingProvider.objects.order_by("pk").first()
    row = Connection(submitter_name=us.name[:60], submitter_phone=us.phone) if us else Connection()
    if us and us.contact_name:
        row.submitter_contact = us.contact_name
    return _edit(request, row, "New connection")


@require_http_methods(["GET", "POST"])
def connection(request: HttpRequest, public_id: str) -> HttpResponse:
    """One connection: how it does, and its form."""
    row = get_object_or_404(queries.connections(), public_id=public_id)
    return _edit(request, row, row.name)


def _edit(request: HttpRequest, row: Connection, title: str) -> HttpResponse:
    form = ConnectionForm(request.POST or None, instance=row)
    if request.method == "POST" and form.is_valid():
        saved = connections.save(row, {name: form.cleaned_data[name] for name in form.Meta.fields})
        messages.success(request, f"Saved {saved.name}. Test it before claims go out.")
        return redirect("clearinghouses:connection", saved.public_id)
    context = {
        "form": form,
        "title": title,
        "crumbs": [("Settings", "/settings/"), (PLACE, reverse("clearinghouses:connections")), (title, "")],
        "row": row if row.pk else None,
    }
    if row.pk:
        context |= {
            "fingerprint": show_fingerprint(row.host_key),
            "offered": show_fingerprint(row.offered_key),
            "counter": ControlCounter.objects.filter(connection=row).first(),
            "files": list(OutboundFile.objects.filter(connection=row).order_by("-pk")[:10]),
            "job": Job.objects.filter(kind=connections.TEST, params__connection=row.pk)
            .order_by("-pk")
            .first(),
        }
    status = 400 if form.errors else 200
    return render(request, "clearinghouses/connection.html", context, status=status)


@require_POST
def test_connection(request: HttpRequest, public_id: str) -> HttpResponse:
    """Start a test; the page shows its job."""
    row = get_object_or_404(Connection.objects, public_id=public_id)
    job = connections.start_test(row)
    Job.objects.filter(pk=job.pk).update(result_url=reverse("clearinghouses:connection", args=[public_id]))
    return redirect("clearinghouses:connection", public_id)


@require_POST
def confirm_key(request: HttpRequest, public_id: str) -> HttpResponse:
    """A person has compared the fingerprint with the partner."""
    row = get_object_or_404(Connection.objects, public_id=public_id)
    connections.confirm_key(row, request.POST.get("key", ""))
    messages.success(request, "The host key is confirmed. Test the connection again.")
    return redirect("clearinghouses:connection", public_id)


@require_POST
def go_on_after(request: HttpRequest, public_id: str) -> HttpResponse:
    """The partner named the last number it took: ours go on after it."""
    row = get_object_or_404(Connection.objects, public_id=public_id)
    typed = request.POST.get("number", "").strip()
    number = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else 0
    control.go_on_after(row, number)
    messages.success(request, f"The next file has number {number + 1}")
    return redirect("clearinghouses:connection", public_id)
