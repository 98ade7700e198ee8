"""``./manage bench [NAME ...] --json``: our code against its references, in one run, on a throw-away database."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from clinics.commands import QuietCommand

NAMES = ("submit_837", "read_835", "post_835")


class Command(QuietCommand):
    """Exit status 0: measured and every goal met; 1: some goal is not met; 2: it could not run."""

    help = "Measures our code against its references (docs/scaling.md)."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which ones, how many claims, how often."""
        parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
        parser.add_argument("--claims", type=int, default=2000, help="claims of each file")
        parser.add_argument("--runs", type=int, default=5, help="runs of each side")
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *args: Any, **options: Any) -> None:
        """Measure and print."""
        unknown = [name for name in options["names"] if name.split("/")[0] not in NAMES]
        if unknown:
            self._refuse(f"there is no benchmark {unknown[0]}; known: {', '.join(NAMES)}")
        if not settings.THROWAWAY:
            self._refuse("it runs on a throw-away database only: call it by ./manage bench")
        if not (1 <= options["claims"] <= 100_000 and 1 <= options["runs"] <= 100):
            self._refuse("--claims is 1 to 100000, --runs 1 to 100")
        logging.disable(logging.WARNING)
        asked = {name.split("/")[0] for name in options["names"]} or set(NAMES)
        results = []
        for name, measure in (
            ("submit_837", submit_837),
            ("read_835", read_835),
            ("post_835", post_835),
        ):
            if name in asked:
                results += measure(options["claims"], options["runs"])
        if options["json"]:
            self.stdout.write(json.dumps({"results": results}))
        else:
            for row in results:
                self.stdout.write(
                    f"{row['name']}: {row['ours']} {row['unit']} ({row['ours_min']}-{row['ours_max']}), "
                    f"{row['reference_is']} {row['reference']} ({row['reference_min']}-{row['reference_max']}): "
                    f"ratio {row['ratio']}{_span(row)}, {_verdict(row)}"
                )
        if not all(row["met"] for row in results):
            sys.exit(1)

    def _refuse(self, words: str) -> None:
        self.stderr.write(f"bench: {words}", self.style.NOTICE)
        sys.exit(2)


def _span(row: dict[str, Any]) -> str:
    return f" ({row['ratio_min']}-{row['ratio_max']})" if "ratio_min" in row else ""


def _verdict(row: dict[str, Any]) -> str:
    if not row["goal"]:
        return "no goal"
    return f"goal {row['goal']}, {'met' if row['met'] else 'not met'}"


def submit_837(count: int, runs: int) -> list[dict[str, Any]]:
    """Bulk submission against the plain twin and the limit script."""
    from bench import claims_world
    from bench import submit_837 as measured
    from bench.measuring import by_turns

    clinic = claims_world.make(count).clinic.pk

    def prepared(way: Callable[..., None], *, cold: bool = False) -> Callable[[], Callable[[], None]]:
        def prepare() -> Callable[[], None]:
            if cold:
                measured.forget(clinic)
            job = measured.start_job(clinic, measured.make_ready(clinic))
            return partial(way, clinic, job, measured.now())

        return prepare

    name = f"submit_837/{count}"
    return [
        by_turns(
            f"{name}/twin", count, prepared(measured.ours), prepared(measured.twin), is_what="plain Django twin",
            goal=(25, 1), runs=runs,
        ),
        by_turns(
            f"{name}/limit", count, prepared(measured.ours), prepared(measured.limit), is_what="limit script",
            goal=(1, 2), runs=runs,
        ),
        by_turns(  # as after an upgrade or a new rule: every claim is checked and written in full
            f"{name}/cold", count, prepared(measured.ours, cold=True), prepared(measured.twin),
            is_what="plain Django twin", goal=None, runs=runs,
        ),
    ]  # fmt: skip


def read_835(count: int, runs: int) -> list[dict[str, Any]]:
    """Reading a remittance against a library, and its memory against a file of a tenth."""
    from bench import read_835 as measured

    with TemporaryDirectory() as folder:
        return measured.measure(Path(folder), count, runs)


def post_835(count: int, runs: int) -> list[dict[str, Any]]:
    """Posting a remittance against the plain twin and the limit script."""
    from bench import post_835 as measured

    return measured.measure(count, runs)
