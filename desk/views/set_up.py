"""Settings › Set-up: the list of what a clinic needs, its line on the admin's home, and the same by API."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from clinics.models import Clinic, Location
from clinics.scoping import require_clinic_id
from desk import set_up
from lib.dates import local_day


class SetUpLineSerializer(serializers.Serializer[Any]):
    """One line; ``state`` is done, look or to_do, ``url`` the page that mends it."""

    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    state = serializers.CharField()
    words = serializers.CharField()
    url = serializers.CharField()


@require_GET
def page(request: Any) -> HttpResponse:
    """Every line with where it stands and the way to mend it."""
    lines = set_up.read(_clinic(), today())
    context = {"lines": lines, "counts": set_up.counts(lines), "title": "Set-up"}
    return render(request, "desk/set_up.html", context)


@require_GET
def home_line(request: Any) -> HttpResponse:
    """What is still to do, for the admin's home."""
    lines = set_up.read(_clinic(), today())
    waiting = [line for line in lines if line.state == set_up.TO_DO]
    context = {"waiting": waiting, "counts": set_up.counts(lines), "n": len(lines)}
    return render(request, "desk/parts/set_up_line.html", context)


@extend_schema(responses=SetUpLineSerializer(many=True))
@api_view(["GET"])
def api(request: Request) -> Response:
    """The set-up list."""
    return Response(SetUpLineSerializer(set_up.read(_clinic(), today()), many=True).data)


def today() -> date:
    """The clinic's day: that of its first location; a clinic without one is asked in UTC."""
    zone = Location.objects.order_by("pk").values_list("time_zone", flat=True).first()
    return local_day(timezone.now(), zone or "UTC")


def _clinic() -> Clinic:
    return Clinic.objects.get(pk=require_clinic_id())
