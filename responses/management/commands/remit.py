"""``./manage remit FILE --clinic SLUG [--preview]``: take one 835 in as an upload does, and post it.

Thin: ``responses.remit`` does the work. ``--preview`` writes nothing.
"""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from clinics.commands import QuietCommand
from responses.remit import in_words, remit_file


class Command(QuietCommand):
    """Exit status 0: taken and all well; 1: something waits for a person; 2: it could not run."""

    help = "Takes one 835 in and posts it under the settings of each claim's location."
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        """The file, the clinic, and whether to write."""
        parser.add_argument("file", help="an 835 file")
        parser.add_argument("--clinic", required=True, help="the clinic's short name")
        parser.add_argument("--preview", action="store_true", help="write nothing, only tell")
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *args: Any, **options: Any) -> None:
        """Take, print, exit."""
        report = remit_file(options["file"], options["clinic"], preview=options["preview"], at=timezone.now())
        if report.error is not None:
            self.stderr.write(f"remit: {report.error}", self.style.NOTICE)
        if options["json"] and report.document is not None:
            self.stdout.write(json.dumps(report.document, indent=1))
        elif report.document is not None:
            self.stdout.write(in_words(report.document))
        if report.status:
            raise SystemExit(report.status)
