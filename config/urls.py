"""Every room's pages under one roof, and /api/v1/ beside them."""

from __future__ import annotations

from importlib.util import find_spec

from django.conf import settings
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

pages = [path("", include(f"{room}.urls")) for room in settings.ROOMS if find_spec(f"{room}.urls")]
api = [path("api/v1/", include(f"{room}.api")) for room in settings.ROOMS if find_spec(f"{room}.api")]

urlpatterns = [
    *pages,
    *api,
    path("api/v1/schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("api/v1/docs/", SpectacularSwaggerView.as_view(url_name="api-schema"), name="api-docs"),
    path("accounts/", include("allauth.urls")),
]

handler404 = "clinics.refusals.page_not_found"
handler500 = "clinics.refusals.server_error"
