"""``./manage ledger verify``: derive every invariant of the books again from the rows.

Thin: ``billing.verification`` does the work, clinic by clinic behind the wall.
"""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import CommandParser
from django.db import Error

from billing import verification
from clinics.commands import QuietCommand
from clinics.models import Clinic
from clinics.scoping import open_clinic


class Command(QuietCommand):
    """Exit status 0: the books tie; 1: some check found a violation; 2: it could not run."""

    help = "Checks the books: ledger verify [--clinic SLUG] [--json]."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """verify, one clinic or all, JSON or a table."""
        parser.add_argument("act", choices=["verify"], help="what to do")
        parser.add_argument("--clinic", help="slug of one clinic; all without it")
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check, print, exit."""
        try:
            results, clinics = self._verify(options["clinic"])
        except Error as error:
            self._cannot(f"the database refused: {str(error).splitlines()[0][:200]}")
        ok = not any(result.violations for result in results)
        if options["json"]:
            body = {"ok": ok, "clinics": clinics, "checks": [result.as_json() for result in results]}
            self.stdout.write(json.dumps(body, indent=1))
        else:
            self.stdout.write(_table(results, clinics))
        if not ok:
            raise SystemExit(1)

    def _verify(self, slug: str | None) -> tuple[list[verification.Result], int]:
        clinics = Clinic.objects.order_by("slug")
        if slug is not None:
            clinics = clinics.filter(slug=slug)
            if not clinics.exists():
                self._cannot(f"there is no clinic {slug[:60]!r}")
        results = {name: verification.Result(name) for name in verification.CHECKS}
        for clinic in clinics:
            with open_clinic(clinic.pk, actor="ledger verify"):
                verification.run(results)
        return list(results.values()), len(clinics)

    def _cannot(self, why: str) -> None:
        self.stderr.write(f"ledger: {why}", self.style.NOTICE)
        raise SystemExit(2)


def _table(results: list[verification.Result], clinics: int) -> str:
    width = max((len(result.name) for result in results), default=0)
    lines = [f"{'check'.ljust(width)}  {'rows':>10}  {'violations':>10}"]
    for result in results:
        lines.append(f"{result.name.ljust(width)}  {result.rows:>10,}  {result.violations:>10,}")
        lines += [f"    {sample}" for sample in result.samples]
    broken = sum(result.violations for result in results)
    words = "The books tie to the cent" if not broken else f"{broken} violations"
    return "\n".join([*lines, f"{words}: {clinics} clinics, {len(results)} checks."])
