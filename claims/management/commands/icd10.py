"""``./manage icd10 FILE...``: load releases of ICD-10-CM from the public order files; without a file, list them.

Thin: claims/diagnosis_table.py does the work. The table is the same for every clinic, so the operator loads it.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from claims import diagnosis_table
from claims.errors import BadCodeFile
from claims.models import DiagnosisRelease
from clinics.commands import QuietCommand
from lib.dates import parse_day


class Command(QuietCommand):
    """Exit status 0: loaded or listed; 2: a file that cannot be read or is none, of which nothing was taken."""

    help = "Loads ICD-10-CM order files (icd10cm_order_2026.txt), or lists the releases that are loaded."

    def add_arguments(self, parser: CommandParser) -> None:
        """Files, and the first day where a name does not tell it."""
        parser.add_argument("files", nargs="*", help="order files as published, one a release")
        parser.add_argument(
            "--from", dest="starts_on", help="first day of the release, 2025-10-01 or 2026-04-01"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Load each file whole, or list."""
        starts_on = self._day(options["starts_on"])
        if starts_on is not None and len(options["files"]) != 1:
            raise CommandError("icd10: --from is for one file", returncode=2)
        for name in options["files"]:
            path = Path(name)
            try:
                release = diagnosis_table.load(path.read_bytes(), path.name, starts_on)
            except OSError as error:
                raise CommandError(f"icd10: {name}: {error.strerror}", returncode=2) from error
            except BadCodeFile as refusal:
                raise CommandError(f"icd10: {name}: {refusal.message}", returncode=2) from refusal
            self._say(release)
        if not options["files"]:
            rows = list(DiagnosisRelease.objects.order_by("starts_on"))
            for row in rows:
                self._say(row)
            if not rows:
                self.stdout.write("no release is loaded: diagnoses are checked by their shape alone")

    def _day(self, text: str | None) -> date | None:
        if text is None:
            return None
        day = parse_day(text)
        if day is None:
            raise CommandError(f"icd10: {text} is no day such as 2025-10-01", returncode=2)
        return day

    def _say(self, row: DiagnosisRelease) -> None:
        self.stdout.write(
            f"from {row.starts_on}: {row.billable} billable codes, {row.codes - row.billable} headings ({row.name})"
        )
