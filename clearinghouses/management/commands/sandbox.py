"""`./manage sandbox`: become the sandbox clearinghouse, a program of its own without database or models."""

from __future__ import annotations

import os
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    """Hand this process over: nothing of the product stays in it."""

    help = (
        "Run the sandbox clearinghouse (SANDBOX_DIR, SANDBOX_SFTP_PORT, SANDBOX_DELAY_SECONDS, SANDBOX_SEED)."
    )
    requires_system_checks = []
    requires_migrations_checks = False

    def handle(self, *args: Any, **options: Any) -> None:
        """Never returns."""
        environment = {
            **os.environ,
            "SANDBOX_DIR": str(settings.SANDBOX_DIR),
            "SANDBOX_SFTP_PORT": str(settings.SANDBOX_SFTP_PORT),
            "SANDBOX_HTTPS_PORT": str(settings.SANDBOX_HTTPS_PORT),
            "PYTHONPATH": os.pathsep.join([str(settings.BASE_DIR), os.environ.get("PYTHONPATH", "")]),
        }
        for secret in ("DB_PASSWORD", "DB_OWNER_PASSWORD", "SECRET_KEY", "FIELD_KEY"):
            environment.pop(secret, None)  # a stranger has no business with them
        os.execve(sys.executable, [sys.executable, "-m", "clearinghouses.sandbox"], environment)  # noqa: S606
