"""``./manage distribute --check``: the day-one rules of scaling.md against the live catalogue.

Thin: clinics/distribution.py does the work.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import OperationalError

from clinics.commands import QuietCommand
from clinics.distribution import run_checks


class Command(QuietCommand):
    """Exit status 0: every rule holds; 1: some object breaks one; 2: it could not run."""

    help = "Tests the rules that keep the path past one machine open against the live catalogue."

    def add_arguments(self, parser: CommandParser) -> None:
        """--check is what it does today; it must be said, so that a later --do cannot surprise anybody."""
        parser.add_argument("--check", action="store_true", help="test the rules, change nothing")
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check, print, exit."""
        if not options["check"]:
            raise CommandError("distribute: say --check; nothing else is done from here", returncode=2)
        try:
            checks = run_checks()
        except OperationalError as error:
            raise CommandError(f"distribute: the database does not answer: {error}", returncode=2) from error
        is_good = not any(check.violations for check in checks)
        if options["json"]:
            report = {"ok": is_good, "checks": [asdict(check) for check in checks]}
            self.stdout.write(json.dumps(report, indent=1))
        else:
            for check in checks:
                self.stdout.write(
                    f"{'ok  ' if not check.violations else 'FAIL'}  {check.name} ({check.objects})"
                )
                for violation in check.violations:
                    self.stdout.write(f"      {violation}")
        if not is_good:
            raise SystemExit(1)
