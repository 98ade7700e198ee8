"""How API callers say who they are: the browser's session with its CSRF token."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import SessionAuthentication


class SessionAuth(SessionAuthentication):
    """Session sign-in; a caller who is not signed in is told so with 401, not 403."""

    def authenticate_header(self, request: Any) -> str:
        """A header makes DRF answer 401."""
        return "Session"


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """SessionAuth in the API's description."""

    target_class = "clinics.api_auth.SessionAuth"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """The session's cookie."""
        return {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME}
