"""A JSON file with one case or a list of cases, answered case by case; the command that prints the answers.

``./manage price`` and ``./manage plan`` differ only in what answers a case. Touches no database.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from billing.case_json import MalformedError, load, show
from clinics.commands import QuietCommand

LARGEST_FILE = 64 * 1024 * 1024
# A case as JSON gives its exit status, its document, and the warnings about it.
Answer = Callable[[Any], tuple[int, dict[str, Any], tuple[str, ...]]]


@dataclass(frozen=True, slots=True)
class Report:
    """What the command says: exit status, the JSON document, one line for status 2, warnings."""

    status: int
    document: Any
    error: str | None = None
    warnings: tuple[str, ...] = ()


def answer_file(path: str, answer: Answer) -> Report:
    """Answer the case or the list of cases in a file; any file at all ends in a Report.

    The status is the worst of the answers'; 2 where a case is malformed or the file cannot be read.
    """
    try:
        data = load(_read(path))
    except MalformedError as error:
        return Report(2, {"error": str(error)}, f"{show(path)}: {error}")
    if not isinstance(data, list):
        status, document, warnings = answer(data)
        line = f"{show(path)}: {document['error']}" if status == 2 else None
        return Report(status, document, line, warnings)
    answers = [answer(item) for item in data]
    bad = [(place, told["error"]) for place, (status, told, _) in enumerate(answers, 1) if status == 2]
    line = None
    if bad:
        line = f"{show(path)}: {len(bad)} of {len(answers)} cases malformed; case {bad[0][0]}: {bad[0][1]}"
    warnings = tuple(f"case {place}: {text}" for place, told in enumerate(answers, 1) for text in told[2])
    return Report(
        max((told[0] for told in answers), default=0), [told[1] for told in answers], line, warnings
    )


class CaseCommand(QuietCommand):
    """``NAME CASE.json [--json]``; a command says what takes the file and how the answer reads in words."""

    requires_system_checks: list[str] = []
    requires_migrations_checks = False
    name: str
    take: Callable[[str], Report]
    in_words: Callable[[Any], str]

    def add_arguments(self, parser: CommandParser) -> None:
        """The file, and whether the answer is one JSON document."""
        parser.add_argument("case", help="JSON file with one case or a list of cases")
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *args: Any, **options: Any) -> None:
        """Answer, print, exit."""
        report = self.take(options["case"])
        if options["json"]:
            self.stdout.write(json.dumps(report.document, indent=1))
        elif report.status != 2 or isinstance(report.document, list):
            self.stdout.write(_printable(self.in_words(report.document)))
        if report.error is not None:
            self.stderr.write(f"{self.name}: {report.error}", self.style.NOTICE)
        else:
            for text in report.warnings:
                self.stderr.write(f"warning: {text}", self.style.NOTICE)
        if report.status:
            raise SystemExit(report.status)


def _read(path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            raw = file.read(LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise MalformedError(f"cannot be read: {reason or error}") from error
    if len(raw) > LARGEST_FILE:
        raise MalformedError(f"larger than {LARGEST_FILE // 1024 // 1024} MB")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MalformedError("not JSON: the file is not UTF-8 text") from error


def _printable(text: str) -> str:
    """Text that any terminal takes: what its encoding lacks is written as an escape."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)
