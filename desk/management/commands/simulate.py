"""``./manage simulate --seed N --days D``: seeded clinic days under faults, judged by an auditor with its own sums."""

from __future__ import annotations

import json
import logging
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from clinics.commands import QuietCommand

MOST_DAYS = 366


class Command(QuietCommand):
    """Exit status 0: the books agree; 1: they do not; 2: no throw-away database, or bad arguments."""

    help = "Lives seeded clinic days on a throw-away database with faults, and checks the books."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which story, and how long."""
        parser.add_argument("--seed", type=int, default=1, help="same seed, same story")
        parser.add_argument("--days", type=int, default=5, help=f"1 to {MOST_DAYS}")
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *args: Any, **options: Any) -> None:
        """Tell the story and print how it ended."""
        if not settings.THROWAWAY:
            self._refuse("it runs on a throw-away database only: call it by ./manage simulate")
        if not 1 <= options["days"] <= MOST_DAYS:
            self._refuse(f"--days is 1 to {MOST_DAYS}")
        from desk.simulation.run import simulate

        logging.disable(logging.ERROR)  # a killed process and a late file are the story, not news
        report = simulate(options["seed"], options["days"])
        if options["json"]:
            self.stdout.write(json.dumps(report.as_json()))
        else:
            self.stdout.write(
                f"{report.visits} visits, {report.claims} claims, {report.responses} responses; "
                f"faults {report.faults}; "
                f"{report.cents_off} cents off, {report.claims_lost} claims lost, "
                f"{report.claims_sent_twice} sent twice, {report.violations} promises broken"
            )
            for words in report.said:
                self.stdout.write(f"  {words}")
        if not report.ok:
            sys.exit(1)

    def _refuse(self, words: str) -> None:
        self.stderr.write(f"simulate: {words}", self.style.NOTICE)
        sys.exit(2)
