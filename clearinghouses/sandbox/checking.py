"""The stranger's own eyes: is the envelope sound and new, does pyx12 take each transaction set.

Before it: watching. After it: answering, which turns the verdict into TA1 and 999.
"""

from __future__ import annotations

import io
import logging
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import Any

from clearinghouses.sandbox.memory import Memory, digest
from clearinghouses.sandbox.scenarios import Scenario, scenario_of
from x12.documents.claim_inquiry import ClaimInquiry
from x12.documents.eligibility import Eligibility
from x12.documents.functional_ack import ElementError, FunctionalAck, SegmentError, TransactionAck
from x12.documents.interchange_ack import InterchangeAck
from x12.documents.professional_claim import ClaimTransaction
from x12.envelope import Group, Interchange
from x12.reading import FileReading, TransactionReading, read_file

TAKEN_VERSION = "005010X222A1"
ELIGIBILITY_VERSION = "005010X279A1"
STATUS_VERSION = "005010X212"
# Findings of the envelope, and the TA1 note that stands for each.
ENVELOPE_NOTES = {
    "missing_iea": "023",
    "iea_control": "001",
    "iea_count": "021",
    "isa_width": "024",
    "missing_ge": "022",
    "unterminated_segment": "023",
}


@dataclass(slots=True)
class Verdict:
    """What became of one file: ``taken`` claims go on to their payers, ``asked`` are 270s, ``inquiries`` 276s."""

    interchange: Interchange | None
    ack: InterchangeAck | None = None
    functional: list[FunctionalAck] = field(default_factory=list)
    taken: list[tuple[TransactionReading, ClaimTransaction]] = field(default_factory=list)
    asked: list[Eligibility] = field(default_factory=list)
    inquiries: list[ClaimInquiry] = field(default_factory=list)

    @property
    def is_accepted(self) -> bool:
        """Whether the envelope was taken."""
        return self.ack is not None and self.ack.is_accepted


def is_whole(content: bytes) -> bool:
    """Whether an X12 file has its end; what is no X12 counts as whole."""
    text = content.strip()
    if not text.startswith(b"ISA") or len(text) < 106:
        return not text.startswith(b"ISA")
    terminator = text[105:106]
    last = text.rstrip(terminator + b"\r\n \t").rsplit(terminator, 1)[-1].strip()
    return last.startswith(b"IEA") and (text.endswith(terminator) or content[-1:] in b"\r\n")


def check(content: bytes, memory: Memory, at: datetime) -> Verdict:
    """Judge a file and remember its interchange when it is taken. Never raises for what it holds."""
    reading = read_file(content)
    if not reading.interchanges:
        return Verdict(None)
    interchange = reading.interchanges[0]
    verdict = Verdict(interchange)
    note = _envelope_note(reading, memory)
    number = interchange.control_number
    verdict.ack = InterchangeAck(
        control_number=number if number.isdigit() and len(number) == 9 else "000000000",
        date=f"{at:%y%m%d}",
        time=f"{at:%H%M}",
        status="A" if note == "000" else "R",
        note=note,
    )
    if note != "000":
        return verdict
    memory.accepted[_key(interchange)] = digest(content)
    is_inquiry = all(group.functional_code in ("HS", "HR") for group in interchange.groups)
    by_pyx12 = None if is_inquiry else _pyx12_acks(content)
    for group in interchange.groups:
        ack = _judge_group(group, reading, by_pyx12)
        verdict.functional.append(ack)
        good = {item.control_number for item in ack.transactions if item.is_accepted}
        for found in reading.transactions:
            if found.group is group and found.control_number in good:
                if isinstance(found.document, Eligibility):
                    verdict.asked.append(found.document)
                elif isinstance(found.document, ClaimInquiry):
                    verdict.inquiries.append(found.document)
                else:
                    assert isinstance(found.document, ClaimTransaction)
                    verdict.taken.append((found, found.document))
    return verdict


def _key(interchange: Interchange) -> str:
    return f"{interchange.sender}|{interchange.receiver}|{interchange.control_number}"


def _envelope_note(reading: FileReading, memory: Memory) -> str:
    """The TA1 note of what is wrong with the envelope; 000 when nothing is."""
    interchange = reading.interchanges[0]
    number = interchange.control_number
    if not (number.isascii() and number.isdigit() and len(number) == 9):
        return "024"
    if not interchange.sender:
        return "006"
    if not interchange.receiver:
        return "009"
    if _key(interchange) in memory.accepted:
        return "025"
    if len(reading.interchanges) > 1 or interchange.version != "00501":
        return "024"
    for finding in reading.findings:
        if finding.code in ENVELOPE_NOTES and finding.severity != "info":
            return ENVELOPE_NOTES[finding.code]
    return "000" if interchange.groups else "022"


def _judge_group(
    group: Group, reading: FileReading, by_pyx12: dict[str, FunctionalAck] | None
) -> FunctionalAck:
    """The 999 of one group: pyx12's, made stricter by what only we know."""
    mine = [found for found in reading.transactions if found.group is group]
    ack = FunctionalAck(
        functional_code=group.functional_code or "HC",
        group_control_number=group.control_number or "0",
        version=group.version or "005010",
        included=len(mine),
        received=len(mine),
    )
    if (group.functional_code, group.version) == ("HS", ELIGIBILITY_VERSION):
        acks = tuple(_judge_inquiry(found) for found in mine)  # pyx12 has no map of this guide
    elif (group.functional_code, group.version) == ("HR", STATUS_VERSION):
        acks = tuple(_judge_inquiry(found) for found in mine)  # nor of this one
    elif (group.functional_code, group.version) == ("HC", TAKEN_VERSION):
        theirs = by_pyx12.get(group.control_number) if by_pyx12 is not None else None
        acks = tuple(_judge_transaction(found, theirs) for found in mine)
    else:
        return replace(ack, status="R", accepted=0, codes=("2",))
    accepted = sum(1 for item in acks if item.is_accepted)
    status = "A" if accepted == len(acks) else "P" if accepted else "R"
    return replace(ack, status=status, accepted=accepted, transactions=acks)


def _judge_transaction(found: TransactionReading, theirs: FunctionalAck | None) -> TransactionAck:
    number, version = found.control_number, found.version
    kind = found.kind[:3] if found.kind[:3].isdigit() else "837"
    number = number if 4 <= len(number) <= 9 else f"{number[:9]:0>4}"
    if found.kind != "837P" or not isinstance(found.document, ClaimTransaction):
        return TransactionAck(kind, number, version, "R", ("1",))
    if not found.is_complete or not found.document.claims:
        return TransactionAck(kind, number, version, "R", ("5",))
    errors = tuple(
        _guilty(claim.segment - found.position + 1, claim.control_number)
        for claim in found.document.claims
        if scenario_of(claim.subscriber.party.identifier) is Scenario.REJ999
    )
    if errors:
        return TransactionAck(kind, number, version, "R", ("5",), errors)
    if theirs is None:  # pyx12 gave up on the file
        return TransactionAck(kind, number, version, "R", ("5",))
    same = [item for item in theirs.transactions if item.control_number == found.control_number]
    if not same:
        return TransactionAck(kind, number, version, "R", ("5",))
    return replace(same[0], kind=kind, control_number=number, version=version)


def _judge_inquiry(found: TransactionReading) -> TransactionAck:
    """A 270 or 276 is taken when it is whole and asks a payer for a provider about somebody."""
    asked = found.document
    is_good = found.is_complete and (
        (
            isinstance(asked, Eligibility)
            and asked.kind == "270"
            and asked.payer is not None
            and asked.provider is not None
            and any(person.inquiries for person in asked.people)
        )
        or (
            isinstance(asked, ClaimInquiry)
            and asked.kind == "276"
            and asked.payer is not None
            and asked.provider is not None
            and any(claim.trace for claim in asked.claims)
        )
    )
    kind = "276" if isinstance(asked, ClaimInquiry) else "270"
    number = (
        found.control_number if 4 <= len(found.control_number) <= 9 else f"{found.control_number[:9]:0>4}"
    )
    if is_good:
        return TransactionAck(kind, number, found.version, "A")
    return TransactionAck(kind, number, found.version, "R", ("5",))


def _guilty(position: int, control_number: str) -> SegmentError:
    """Scenario REJ999: the claim's CLM02 is said to be wrong."""
    element = ElementError(element=2, code="I6", reference="782")
    return SegmentError("CLM", position, "2300", "8", control_number, elements=(element,))


@cache
def _pyx12() -> tuple[Any, Any]:
    """pyx12 with its maps remembered: loading one takes 160 ms, judging a claim 7 ms."""
    import pyx12.map_if
    import pyx12.params
    import pyx12.x12n_document

    logging.getLogger("pyx12").setLevel(logging.CRITICAL + 1)
    load_anew = pyx12.map_if.load_map_file
    maps: dict[str, Any] = {}

    def load_once(map_file: str, parameters: Any, map_path: str | None = None) -> Any:
        if map_file not in maps:
            maps[map_file] = load_anew(map_file, parameters, map_path)
        return maps[map_file]

    pyx12.map_if.load_map_file = load_once
    return pyx12.x12n_document.x12n_document, pyx12.params.params()


def _pyx12_acks(content: bytes) -> dict[str, FunctionalAck] | None:
    """The 999s pyx12 would send, by GS06; None when it gives up on the file."""
    run, parameters = _pyx12()
    told = io.StringIO()
    try:
        run(parameters, io.StringIO(content.decode("ascii")), told, None)
    except Exception:  # noqa: BLE001 - pyx12 raises many kinds for broken files
        return None
    acks = {}
    for found in read_file(told.getvalue().encode()).transactions:
        if isinstance(found.document, FunctionalAck):
            acks[found.document.group_control_number] = found.document
    return acks or None
