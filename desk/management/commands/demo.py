"""``./manage demo``: the demo clinics with sixty days of visits, or their logins."""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from clinics.models import Clinic, Membership
from desk.demo.catalogue import PASSWORD


class Command(BaseCommand):
    """Makes demo data once; a database that holds a clinic is left alone."""

    help = "Makes two demo clinics and a billing company with sixty days of visits."

    def add_arguments(self, parser: CommandParser) -> None:
        """What to do."""
        parser.add_argument("--if-empty", action="store_true", help="do nothing when a clinic exists")
        parser.add_argument("--logins", action="store_true", help="only print the demo logins")
        parser.add_argument("--days", type=int, default=60, help="how many days back the story begins")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the data and leave the logins where ./start finds them."""
        if not options["logins"]:
            if Clinic.objects.exists():
                if not options["if_empty"]:
                    raise CommandError("This database holds a clinic already; demo data is for an empty one.")
            else:
                self._tell(options["days"])
        text = logins()
        folder = settings.DATA_DIR / "run"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "logins").write_text(text)
        if options["logins"]:
            self.stdout.write(text)

    def _tell(self, days: int) -> None:
        from desk.demo.story import tell

        began = time.monotonic()
        tell(timezone.now(), days)
        self.stdout.write(f"demo clinics made in {time.monotonic() - began:.1f} s")


def logins() -> str:
    """One line a demo user: address, role, clinic; empty when there is no demo clinic."""
    rows = (
        Membership.objects.filter(clinic__is_demo=True)
        .select_related("user", "clinic")
        .order_by("clinic__name", "pk")
    )
    lines = [f"  {row.user.email:32} {row.get_role_display():16} {row.clinic.name}" for row in rows]
    return "\n".join([*lines, f"  password for all: {PASSWORD}", ""]) if lines else ""
