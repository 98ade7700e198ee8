"""What came in, read and handed on: acknowledgements to claims, 271 to insurance, 835 to posting.

Before it: clearinghouses/inbound (the bytes are stored and promised here). A file that cannot be read is
rejected with its findings and kept. Taking a file twice changes nothing: every kind has its own unique rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import partial

from clearinghouses.models import InboundFile
from insurance import eligibility_answers
from lib.findings import Finding
from responses.posting import Taken, take_remittance
from responses.remittance_facts import blocking_findings
from x12.documents.remittance import Remittance
from x12.findings import X12Finding
from x12.reading import FileReading, read_file

TAKE = "responses.take"
ACKNOWLEDGEMENTS = frozenset({"TA1", "999", "997", "277CA"})


@dataclass(slots=True)
class Inbox:
    """What one file held and what became of it."""

    inbound: InboundFile
    reading: FileReading
    remittances: list[Taken] = field(default_factory=list)

    @property
    def is_read(self) -> bool:
        """Whether anything in it could be taken."""
        return self.inbound.state == InboundFile.State.READ


def take(
    inbound: InboundFile,
    *,
    at: datetime,
    effective_on: date | None = None,
    told: Callable[[int], None] = lambda done: None,
) -> Inbox:
    """Read a stored file of the open clinic and hand it on, in the open transaction.

    ``effective_on`` is the payment date that a person gave with the file (``era_payment_date`` custom). ``told`` hears
    how many claims of the file are worked out.
    """
    reading = read_file(bytes(inbound.stored.content))
    result = Inbox(inbound, reading)
    known = [each for each in reading.transactions if each.document is not None]
    inbound.kinds = reading.kinds
    inbound.findings = [_finding(finding) for finding in reading.findings]
    inbound.state = InboundFile.State.READ if known else InboundFile.State.REJECTED
    inbound.save(update_fields=["kinds", "findings", "state"])
    rest = replace(reading, transactions=eligibility_answers.take(inbound, reading, at=at))
    from claims import acknowledgements, inquiry_answers

    rest = replace(rest, transactions=inquiry_answers.take(inbound, rest, at=at))
    if ACKNOWLEDGEMENTS & set(rest.kinds):
        acknowledgements.take(inbound, rest, at=at)
    before = 0
    for place, each in enumerate(reading.transactions, 1):
        if isinstance(each.document, Remittance):
            own = [Finding(f.code, f"segment {f.segment}", f.message, f.severity) for f in each.findings]
            result.remittances.append(
                take_remittance(
                    each.document, at=at, inbound=inbound, ordinal=place, findings=own,
                    blocked=blocking_findings(reading, each), effective_on=effective_on,
                    told=partial(_told, told, before),
                )
            )  # fmt: skip
            before += len(each.document.claims)
    inbound.taken_now = result.remittances  # type: ignore[attr-defined]  # for the page that just uploaded it
    return result


def _told(told: Callable[[int], None], before: int, done: int) -> None:
    told(before + done)


def _finding(finding: X12Finding) -> dict[str, object]:
    return {
        "code": finding.code, "level": finding.level, "severity": finding.severity, "segment": finding.segment,
        "message": finding.message,
    }  # fmt: skip
