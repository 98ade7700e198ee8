"""``./manage x12 FILE [FILE ...]``: read any X12 file and say what is wrong with it.

Thin: ``x12.report`` does the work. Touches no database.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from clinics.commands import QuietCommand
from x12.report import describe, exit_status

LIMIT_BYTES = 256 * 1024 * 1024  # more than any partner sends; beyond it a file is not even opened


class Command(QuietCommand):
    """Exit status 0: nothing wrong; 1: some finding is an error; 2: a file cannot be opened."""

    help = "Reads X12 files, whatever their delimiters, and says what is wrong with them."
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        """The files, and whether the answer is one JSON document."""
        parser.add_argument("files", nargs="+", metavar="FILE", help="X12 files")
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *args: Any, **options: Any) -> None:
        """Read, print, exit with the worst status of the files."""
        results: list[dict[str, Any]] = []
        status = 0
        for name in options["files"]:
            try:
                data = _read(Path(name))
            except OSError as error:
                self.stderr.write(f"x12: {name}: {error.strerror or error}", self.style.NOTICE)
                results.append({"file": name, "error": str(error.strerror or error)})
                status = 2
                continue
            described = describe(data, timezone.localdate())
            results.append({"file": name, **described})
            status = max(status, exit_status([described]))
        if options["json"]:
            self.stdout.write(json.dumps(results[0] if len(results) == 1 else results, indent=1))
        else:
            self.stdout.write("\n".join(_in_words(result) for result in results))
        if status:
            sys.exit(status)


def _read(path: Path) -> bytes:
    if path.stat().st_size > LIMIT_BYTES:
        raise OSError(27, "larger than 256 MB")
    return path.read_bytes()


def _in_words(result: dict[str, Any]) -> str:
    if "error" in result:
        return f"{result['file']}: {result['error']}"
    kinds = ", ".join(result["kinds"]) or "no X12"
    lines = [
        f"{result['file']}: {kinds}, {len(result['transactions'])} transactions, {result['segments']} segments"
    ]
    lines += [
        f"  {finding['severity']} {finding['code']} at segment {finding['segment']}: {finding['message']}"
        for finding in result["findings"]
    ]
    return "\n".join(lines)
