"""How API callers say who they are: the browser's session with its CSRF token."""

from __future__ import annotations

from typing import Any

from rest_framework.authentication import SessionAuthentication


class SessionAuth(SessionAuthentication):
    """Session sign-in; a caller who is not signed in is told so with 401, not 403."""

    def authenticate_header(self, request: Any) -> str:
        """A header makes DRF answer 401."""
        return "Session"
