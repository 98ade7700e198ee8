"""What the frame takes on every page: places with counts, the open clinic, the person, jobs in progress."""

from __future__ import annotations

from typing import Any

from django.db import connection as database
from django.urls import reverse

from clearinghouses.models import Connection
from desk import places
from patients.here import location_if_any, places_here
from work.models import Job


def frame(request: Any) -> dict[str, Any]:
    """Context of base.html; nothing for pages without a clinic (sign-in, errors before it)."""
    membership = getattr(request, "membership", None)
    if membership is None:
        return {}
    if database.needs_rollback or not database.in_atomic_block:
        return {}  # an error page: its transaction is broken or over, so the frame goes without its counts
    return {
        "sandbox": Connection.objects.filter(is_sandbox=True, is_active=True).exists(),
        "places": places.for_role(membership.role, request.path, places.counts(location_if_any(request))),
        "places_url": reverse("desk:places"),
        "find_url": reverse("desk:find"),
        "where": _where(request, membership),
        "jobs": _jobs(),
        "me": {
            "name": str(request.user),
            "role": membership.get_role_display(),
            "links": [
                {"label": "Sign-in and security", "url": reverse("mfa_index"), "icon": "lock"},
                {"label": "Change password", "url": reverse("account_change_password"), "icon": "key"},
            ],
            "sign_out_url": reverse("account_logout"),
        },
    }


def _where(request: Any, membership: Any) -> dict[str, Any]:
    locations, here = places_here(request), location_if_any(request)
    choices = [
        {
            "clinic": membership.clinic.name,
            "location": location.name,
            "value": f"{membership.clinic.slug}:{location.public_id}",
            "note": membership.get_role_display(),
            "current": here is not None and here.pk == location.pk,
        }
        for location in locations
    ]
    choices += [
        {
            "clinic": other.clinic.name,
            "location": "",
            "value": f"{other.clinic.slug}:",
            "note": other.get_role_display(),
        }
        for other in request.memberships
        if other.clinic_id != membership.clinic_id
    ]
    return {
        "clinic": membership.clinic.name,
        "location": here.name if here else "",
        "action": reverse("desk:choose-clinic"),
        "choices": choices if len(choices) > 1 else [],
    }


def _jobs() -> dict[str, Any]:
    running = (
        Job.objects.filter(state__in=[Job.State.QUEUED, Job.State.RUNNING]).order_by("-created_at").first()
    )
    if running is None:
        return {}
    words = f"{running.title}: {running.done} of {running.total}" if running.total else running.title
    return {"words": words, "url": reverse("desk:job", args=[running.public_id])}
