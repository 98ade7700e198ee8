"""The open clinic's calendar, for what belongs to no location."""

from __future__ import annotations

from datetime import date, datetime

from clinics.models import Location
from lib.dates import local_day


def clinic_day(at: datetime) -> date:
    """The open clinic's calendar day at a moment: that of its first location."""
    zone = Location.objects.order_by("pk").values_list("time_zone", flat=True).first()
    return local_day(at, zone or "America/Chicago")
