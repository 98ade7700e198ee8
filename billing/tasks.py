"""Thin edges to the worker: payment plans each hour, completed visits by night. Each run is guarded by its own rows."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from billing import agency, calls, planning, transition_batches
from clinics.models import Clinic, Location
from clinics.scoping import open_clinic
from lib.dates import local_day


@shared_task(name="billing.tasks.review_plans")
def review_plans() -> int:
    """End what is over: plans paid or in default, paid cases of the agency, kept promises; returns how many."""
    ended = 0
    for clinic_id in Clinic.objects.order_by("pk").values_list("pk", flat=True):
        with open_clinic(clinic_id, actor="billing"):
            place = Location.objects.order_by("pk").first()
            if place is not None:
                at = timezone.now()
                ended += sum(planning.review(local_day(at, place.time_zone), at).values())
                ended += agency.review(at) + calls.keep_promises(at)
    return ended


@shared_task(name="billing.tasks.charge_by_night")
def charge_by_night() -> int:
    """Promise the night's batch of each location that wants it, once a day (B17.0); returns how many."""
    started = 0
    now = timezone.now()
    for clinic_id in Clinic.objects.order_by("pk").values_list("pk", flat=True):
        with open_clinic(clinic_id, actor="billing"):
            for place in Location.objects.filter(is_active=True).select_related("clinic").order_by("pk"):
                started += transition_batches.start_nightly(place, now) is not None
    return started
