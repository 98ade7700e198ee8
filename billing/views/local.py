"""Pages in the time of the location they are about, not of the server."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from clinics.models import Location


def render_at(
    location: Location | None,
    request: HttpRequest,
    template: str,
    context: dict[str, Any],
    *,
    status: int = 200,
) -> HttpResponse:
    """``render`` with every moment shown as the clock at ``location`` says."""
    if location is None:
        return render(request, template, context, status=status)
    with timezone.override(ZoneInfo(location.time_zone)):
        return render(request, template, context, status=status)
