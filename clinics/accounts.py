"""Sign-in rules on top of django-allauth."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Accounts are made by admins; nobody signs up by themselves."""

    def is_open_for_signup(self, request: Any) -> bool:
        """Never."""
        return False
