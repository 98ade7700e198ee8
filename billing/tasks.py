"""Thin edge to the worker: payment plans are looked at each hour; a plan that has ended is passed over."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from billing import planning
from clinics.models import Clinic, Location
from clinics.scoping import open_clinic
from lib.dates import local_day


@shared_task(name="billing.tasks.review_plans")
def review_plans() -> int:
    """Paid plans are done, plans with two missed instalments end in default; returns how many ended."""
    ended = 0
    for clinic_id in Clinic.objects.order_by("pk").values_list("pk", flat=True):
        with open_clinic(clinic_id, actor="billing"):
            place = Location.objects.order_by("pk").first()
            if place is not None:
                at = timezone.now()
                ended += sum(planning.review(local_day(at, place.time_zone), at).values())
    return ended
