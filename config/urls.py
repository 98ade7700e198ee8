"""Every room's pages under one roof; /api/v1/ in config/api.py."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("accounts/", include("allauth.urls")),
]
