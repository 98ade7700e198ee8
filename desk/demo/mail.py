"""The weekly post of the demo: Bulk Submit, the clearinghouse's answers, and what they set in motion.

The clearinghouse is the sandbox's own code, asked directly instead of over SFTP, with its memory kept
for the running sandbox: it will know every control number that was used here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils import timezone

from claims import submitting
from claims.models import Claim
from clearinghouses import inbound
from clearinghouses.models import OutboundFile
from clearinghouses.sandbox.answering import answer
from clearinghouses.sandbox.memory import Memory
from clinics.scoping import open_clinic
from desk.demo.clock import moment
from desk.demo.world import DemoClinic
from work import outbox
from work.models import Outbox

EVERYTHING = 9.0  # sandbox delays: 0.5 = 999, 1 = its 277CA, 2 = the payer's, 3 = 835, 5 = later files


class Post:
    """One clinic's mailbox with the clearinghouse."""

    def __init__(self, demo: DemoClinic) -> None:
        self.demo = demo
        self.memory = Memory(account=demo.connection.username)
        self.answered: set[int] = set()

    def submit(self, at: datetime, *, only: Sequence[int] | None = None) -> None:
        """Bulk Submit whatever is ready, or only these claims."""
        with moment(at):
            with open_clinic(self.demo.clinic.pk, actor=f"biller@{self.demo.facts.slug}.example"):
                ready = Claim.objects.filter(state="ready")
                if only is not None:
                    ready = ready.filter(pk__in=only)
                if submitting.preview(ready, at.date()).count == 0:
                    return
                submitting.start(ready, at.date(), {"filter": "all ready"}, ticked=True)
            drain(self.demo.clinic.pk)

    def receive(self, at: datetime, *, up_to: float = EVERYTHING, kind: str = "") -> None:
        """Answer every delivered file that was not answered yet, up to a stage; ``kind`` ends its name."""
        with open_clinic(self.demo.clinic.pk, actor="demo"):
            rows = OutboundFile.objects.filter(state="delivered", stored__name__endswith=kind).exclude(
                pk__in=self.answered
            )
            files = [
                (row.pk, bytes(row.stored.content)) for row in rows.select_related("stored").order_by("pk")
            ]
        for key, content in files:
            self.answered.add(key)
            for made in answer(content, self.memory, at):
                if made.delays <= up_to:
                    self._take(made.name, made.content, at + timedelta(days=made.delays))

    def _take(self, name: str, content: bytes, at: datetime) -> None:
        with moment(at):
            with open_clinic(self.demo.clinic.pk, actor="collector"):
                inbound.receive(content, name, "collected", self.demo.connection)
            drain(self.demo.clinic.pk)


def drain(clinic_id: int) -> None:
    """Do what this clinic was promised, as the worker would, until nothing is due."""
    while True:
        rows = Outbox.objects.filter(clinic_id=clinic_id, state="pending", due_at__lte=timezone.now())
        if not [key for key in rows.order_by("due_at", "pk").values_list("pk", flat=True) if outbox.run(key)]:
            return
