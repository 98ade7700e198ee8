"""Where a person works: the location their session chose and the day it is there.

Pages of the rooms above use it too. The chosen location is an id in the session; anything that is
not an active location of the open clinic falls back to the clinic's first.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from clinics.errors import Refusal
from clinics.models import Location
from lib.dates import local_day

SESSION_KEY = "location_id"


def location_here(request: Any) -> Location:
    """The location of this session; refuses with words where the clinic has none yet."""
    here = location_if_any(request)
    if here is None:
        raise Refusal("This clinic has no location yet. An admin adds one in Settings.", code="no_location")
    return here


def location_if_any(request: Any) -> Location | None:
    """The location of this session, for what every page shows: the one chosen, else the first by name."""
    places = places_here(request)
    chosen = request.session.get(SESSION_KEY)
    return next((place for place in places if place.pk == chosen), places[0] if places else None)


def places_here(request: Any) -> list[Location]:
    """The clinic's active locations by name; a page that only reads asks for them once."""
    known: list[Location] | None = getattr(request, "places_here", None)
    if known is None:
        rows = Location.objects.filter(is_active=True).select_related("clinic", "billing_provider")
        known = list(rows.order_by("name", "id"))
        if request.method in ("GET", "HEAD"):
            request.places_here = known
    return known


def today_here(request: Any) -> date:
    """Today in the time zone of the session's location (rules.md conventions)."""
    return local_day(timezone.now(), location_here(request).time_zone)


def moment_at(location: Location, day: date, clock: Any) -> datetime:
    """A day and time of day at a location as a moment."""
    return datetime.combine(day, clock, tzinfo=ZoneInfo(location.time_zone))
