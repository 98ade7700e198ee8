"""``./manage plan CASE.json``: what would be posted, from a case alone.

Thin: ``responses.plan_case`` does the work. Touches no database.
"""

from __future__ import annotations

import json
import sys
from argparse import SUPPRESS
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from responses.plan_case import plan_file
from responses.plan_words import in_words


class Command(BaseCommand):
    """Exit status 0: all would post; 1: something stops or cannot be read; 2: malformed or unreadable."""

    help = "Says what would be posted for one case, or a list of them, from the rules in the file alone."
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Bad arguments end with one line: no usage in front of it."""
        return super().create_parser(prog_name, subcommand, usage=SUPPRESS, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        """The file, and whether the answer is one JSON document."""
        parser.add_argument("case", help="JSON file with one case or a list of cases")
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *args: Any, **options: Any) -> None:
        """Plan, print, exit."""
        report = plan_file(options["case"])
        if options["json"]:
            self.stdout.write(json.dumps(report.document, indent=1))
        elif report.status != 2 or isinstance(report.document, list):
            self.stdout.write(_printable(in_words(report.document)))
        if report.error is not None:
            self.stderr.write(f"plan: {report.error}", self.style.NOTICE)
        else:
            for text in report.warnings:
                self.stderr.write(f"warning: {text}", self.style.NOTICE)
        if report.status:
            raise SystemExit(report.status)


def _printable(text: str) -> str:
    """Text that any terminal takes: what its encoding lacks is written as an escape."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)
