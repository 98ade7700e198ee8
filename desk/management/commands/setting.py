"""``./manage setting NAME [VALUE] --clinic SLUG [--location NAME]``: read or set one of Advanced Settings."""

from __future__ import annotations

import json
import sys
from typing import Any, NoReturn

from django.core.management.base import CommandParser

from clinics import settings as house
from clinics.commands import QuietCommand
from clinics.errors import Refusal
from clinics.models import Clinic, Location
from clinics.scoping import open_clinic


class Command(QuietCommand):
    """Exit status 0: read or set; 1: the value does not fit; 2: no such setting, clinic or location."""

    help = "Reads or sets one setting of Advanced Settings; a change is audited like the page's."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which setting, where, and the new value."""
        parser.add_argument("name", help="such as autopay_claims")
        parser.add_argument("value", nargs="?", help="the new value; without it the setting is read")
        parser.add_argument("--clinic", required=True, metavar="SLUG")
        parser.add_argument("--location", metavar="NAME", help="without it the clinic's own value")
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *args: Any, **options: Any) -> None:
        """Read or change, print."""
        clinic = Clinic.objects.filter(slug=options["clinic"]).first()
        if clinic is None:
            self._stop(2, f"there is no clinic {options['clinic']!r}")
        with open_clinic(clinic.pk, actor="command line"):
            location = None
            if options["location"]:
                location = Location.objects.filter(name=options["location"]).first()
                if location is None:
                    self._stop(2, f"there is no location {options['location']!r} in {clinic.slug}")
            try:
                if options["value"] is None:
                    found = house.effective(options["name"], clinic, location)
                else:
                    found = house.change(options["name"], options["value"], clinic, location)
            except Refusal as refusal:
                self._stop(2 if refusal.code == "unknown_setting" else 1, refusal.message)
        if options["json"]:
            self.stdout.write(json.dumps({"name": found.name, "value": found.value, "origin": found.origin}))
        else:
            self.stdout.write(f"{found.name} = {found.value} ({found.origin})")

    def _stop(self, status: int, words: str) -> NoReturn:
        self.stderr.write(f"setting: {words}", self.style.NOTICE)
        sys.exit(status)
