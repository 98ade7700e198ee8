"""Settings > Integrity, the books' proof on one page, and Settings > Audit, who did what."""

from __future__ import annotations

import re
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from billing import verification
from clinics import audit
from clinics.models import AuditEvent
from clinics.permissions import role_may
from work import outbox
from work.models import Outbox

PAGE = 50


@require_GET
def integrity(request: Any) -> HttpResponse:
    """Every invariant checked against the rows now; and promised work that came to nothing."""
    results = sorted(
        verification.run().values(), key=lambda result: (-result.violations, _by_number(result.name))
    )
    dead = Outbox.objects.filter(clinic_id=request.membership.clinic_id, state=Outbox.State.DEAD)
    context = {
        "title": "Integrity",
        "results": results,
        "wrong": sum(result.violations for result in results),
        "rows_checked": sum(result.rows for result in results),
        "at": timezone.now(),
        "dead": dead.order_by("-finished_at")[:PAGE],
        "may_retry": role_may(request.membership.role, "settings.other"),
    }
    return render(request, "desk/integrity.html", context)


@require_POST
def work_again(request: Any) -> HttpResponse:
    """Everything that was given up is tried once more; each piece of work is safe to repeat."""
    clinic_id = request.membership.clinic_id
    dead = Outbox.objects.filter(clinic_id=clinic_id, state=Outbox.State.DEAD)
    armed = [key for key in dead.values_list("key", flat=True) if outbox.again(clinic_id, key)]
    if armed:
        audit.record("work.retry", "clinic", request.membership.clinic.slug, pieces=len(armed))
    messages.success(request, f"Trying {len(armed)} again." if armed else "Nothing was given up.")
    return redirect("desk:integrity")


def _by_number(name: str) -> list[tuple[int, str]]:
    """I-2 comes before I-10."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", name)]


@require_GET
def audit_log(request: Any) -> HttpResponse:
    """The newest acts first; ``?before=`` goes on from there, ``?object=`` keeps one record's."""
    rows = AuditEvent.objects.order_by("-at", "-id")
    wanted = request.GET.get("object", "")[:40]
    if wanted:
        rows = rows.filter(object_id=wanted)
    place = request.GET.get("from", "0")
    start = int(place) if place.isascii() and place.isdigit() and len(place) < 7 else 0
    shown = list(rows[start : start + PAGE + 1])
    context = {
        "title": "Audit",
        "rows": shown[:PAGE],
        "wanted": wanted,
        "following": start + PAGE if len(shown) > PAGE else None,
    }
    return render(request, "desk/audit.html", context)
