"""The frame's own small answers: health, which clinic, theme, menu counts, find, jobs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from clinics.errors import BadInput, NotYours
from clinics.models import Location, Membership
from clinics.permissions import role_may
from clinics.scoping import open_clinic
from clinics.typed import opened
from desk import finding, living, places
from patients.here import SESSION_KEY, location_if_any
from work.models import Heartbeat, Job

HOME_BY_ROLE = {"front_desk": "desk:today", "biller": "desk:my-day", "company_biller": "desk:clinics"}


@require_GET
def live(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return JsonResponse({"live": True})


@require_GET
def ready(request: HttpRequest) -> HttpResponse:
    """The database answers; says how old the worker's last sign of life is."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    beat = Heartbeat.objects.filter(name="worker").values_list("beat_at", flat=True).first()
    late = beat is None or timezone.now() - beat > timedelta(seconds=60)
    return JsonResponse({"ready": True, "worker": "late" if late else "alive"})


def home(request: Any) -> HttpResponse:
    """Each role starts at its own day."""
    return redirect(HOME_BY_ROLE.get(request.membership.role, "desk:dashboard"))


@require_POST
def choose_clinic(request: Any) -> HttpResponse:
    """Change to another clinic or location of mine; anybody else's answers 404."""
    slug, _, location = request.POST.get("where", "").partition(":")
    mine = Membership.objects.filter(user=request.user, is_active=True, clinic__slug=slug).first()
    if mine is None:
        raise NotYours("This clinic is not here.")
    changed = request.session.get("clinic_id") != mine.clinic_id
    request.session["clinic_id"] = mine.clinic_id
    request.session.pop(SESSION_KEY, None)
    with open_clinic(mine.clinic_id, actor=request.user.email, user_id=request.user.pk):
        row = Location.objects.filter(public_id=location, is_active=True).first()
    if row is not None:
        request.session[SESSION_KEY] = row.pk
    target = request.POST.get("next", "/")
    # A page of the old clinic would be a 404 in the new one: start at home there.
    safe = url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()})
    return HttpResponseRedirect("/" if changed or not safe else target)


@require_GET
def menu(request: Any) -> HttpResponse:
    """The places with fresh counts, each minute."""
    path = request.headers.get("HX-Current-URL", "/")
    here = "/" + path.split("/", 3)[3].split("?")[0] if path.count("/") >= 3 else "/"
    figures = places.counts(location_if_any(request))
    return render(
        request, "parts/places.html", {"places": places.for_role(request.membership.role, here, figures)}
    )


@require_POST
def find(request: Any) -> HttpResponse:
    """Ctrl K; by POST, so that what is typed stands in no address."""
    found = finding.find(request.POST.get("q", ""), request.membership.role)
    return render(request, "parts/found.html", {"found": found})


@require_POST
def narrow(request: Any) -> HttpResponse:
    """From a filter form back to its list; what was typed is sealed in the address (clinics/typed.py)."""
    target = request.POST.get("list", "/")
    if not (target.startswith("/") and url_has_allowed_host_and_scheme(target, allowed_hosts=None)):
        raise BadInput("That list is not one of ours.", code="unknown_list")
    asked = opened("", request.membership.clinic_id).copy()
    for name, values in request.POST.lists():
        if name not in ("csrfmiddlewaretoken", "list"):
            asked.setlist(name, [value for value in values if value])
    query = asked.urlencode()
    return HttpResponseRedirect(f"{target.split('?')[0]}?{query}" if query else target.split("?")[0])


@require_GET
def job(request: Any, public_id: str) -> HttpResponse:
    """One job: live while it runs, its result list when done."""
    row = get_object_or_404(Job.objects, public_id=public_id)
    context = {"job": shown(row), "row": row, "items": row.result.get("items", [])}
    if request.headers.get("HX-Request"):
        return render(request, "parts/job.html", {**context, "url": request.path, "result": row.result_url})
    return render(request, "desk/job.html", {**context, "title": row.title})


@require_GET
def signed_in_again(request: Any) -> HttpResponse:
    """The last page of a sign-in in a second tab: the act waits in the first one."""
    return render(request, "signed_in_again.html")


@require_GET
def design(request: Any) -> HttpResponse:
    """The living page of parts."""
    return render(request, "design/living.html", living.living_context())


def shown(row: Job) -> dict[str, Any]:
    """A job as parts/job.html takes it."""
    return {
        "id": row.public_id,
        "title": row.title,
        "state": row.state,
        "done": row.done,
        "total": row.total,
        "errors": row.errors,
        "words": row.message,
    }


def require_action(request: Any, action: str) -> None:
    """For parts of a page that need more than the page itself."""
    if not role_may(request.membership.role, action):
        raise NotYours("This is not here.")
