"""What is wrong with an 837P file: each claim by the rules of sending, the loops by their numbers, then pyx12's view.

Before it: x12/reading.py, which reads whatever comes and forgives much. After it: x12/report.py. Here the file is
judged as if it were to be sent: what the reader passes over, and what a ``ClaimDocument`` no longer shows (HL
numbers, SBR02, the point of a diagnosis, who is named twice), is looked for in the segments themselves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date

from lib.findings import Finding
from x12.documents.claim_rules import check_claim
from x12.documents.professional_claim import ClaimDocument, ClaimTransaction
from x12.documents.write_claim import HOME
from x12.envelope import EnvelopeReader, Transaction
from x12.findings import FindingList
from x12.kinds import is_old_version
from x12.pyx12_check import objections
from x12.reader import SegmentReader
from x12.reading import FileReading, TransactionReading
from x12.tokens import Segment

KIND = "837P"
MOST_SEGMENTS = 20_000  # pyx12 takes some seconds for these; a larger file goes without its opinion
MOST_COMPARED = 20_000  # fifty lines with fifteen answers each and ten payers make 8,800
MOST_CERTIFIED = 100
LEVELS = {"20": "", "22": "20", "23": "22"}  # HL03 and that of its parent
ORDER = "PSTABCDEFGH"  # SBR01, by who is asked first
DIAGNOSES = frozenset({"ABK", "ABF"})
MBI_SINCE = date(2020, 1, 1)  # Medicare's present numbers
# Nobody sends claims of services before ICD-10 any more: such files are archives, or the standard's own examples,
# whose people and companies no registry knows.
ARCHIVED_BEFORE = date(2015, 10, 1)
UNKNOWN_THERE = frozenset(
    {"npi", "zip", "state", "taxonomy", "tax_id", "member_id", "billing_po_box", "diagnosis_shape"}
)
SYNTAX = "syntax"


def audit_claims(data: bytes, reading: FileReading, today: date) -> FindingList:
    """Everything that speaks against sending the 837P of this file on ``today``; empty for other kinds."""
    found = FindingList()
    transactions = [one for one in reading.transactions if _is_judged(one)]
    if not transactions:
        return found
    numbers: set[str] = set()
    for transaction in transactions:
        assert isinstance(transaction.document, ClaimTransaction)
        _judge_claims(transaction.document.claims, today, numbers, found)
    versions = {one.position: one.group.version if one.group else "" for one in transactions}
    for segments in _raw_transactions(data):
        if segments.position in versions:
            _judge_version(segments, versions[segments.position], found)
            _LoopWalk(found).walk(segments.segments)
    if len(transactions) == len(reading.transactions):
        _ask_pyx12(data, reading.segments, found)
    return found


def _is_judged(transaction: TransactionReading) -> bool:
    return (
        transaction.kind == KIND
        and isinstance(transaction.document, ClaimTransaction)
        and not is_old_version(transaction.version)
    )


def _raw_transactions(data: bytes) -> Iterator[Transaction]:
    silent = FindingList()
    for _, _, transaction in EnvelopeReader(SegmentReader(data).blocks(), silent).transactions():
        yield transaction


# --- each claim --------------------------------------------------------------------------------------


def _judge_claims(
    claims: Iterable[ClaimDocument], today: date, numbers: set[str], found: FindingList
) -> None:
    for claim in claims:
        if _is_beyond_measure(claim):
            told: list[Finding | None] = [Finding("claim_size", "lines", "No claim is that large.")]
        else:
            told = [_softened(claim, finding) for finding in check_claim(claim, today)]
        told += [*_named_twice(claim), *_unanswered(claim)]
        if claim.control_number in numbers:
            told.append(
                Finding("control_number_repeated", "control_number", "The claim number is used twice.")
            )
        numbers.add(claim.control_number)
        for finding in told:
            if finding is not None:
                found.add(
                    finding.code,
                    f"Claim {claim.control_number}, {finding.where}: {finding.message}",
                    level="claim",
                    segment=claim.segment,
                    severity=finding.severity,
                )


def _is_beyond_measure(claim: ClaimDocument) -> bool:
    """Whether judging it would take more than the time its size deserves: payers are compared with every line."""
    certified = [len(claim.certifications), *(len(line.certifications) for line in claim.lines)]
    told = len(claim.lines) + sum(len(line.adjudications) for line in claim.lines)
    is_wide = (len(claim.other_payers) + 1) * told > MOST_COMPARED
    return is_wide or max(certified) > MOST_CERTIFIED


def _softened(claim: ClaimDocument, finding: Finding) -> Finding | None:
    """What only our own claims must have, and what no claim of its time could have, is no error."""
    if finding.code in ("line_id", "line_id_repeated"):
        return finding if claim.lines[int(finding.where.split(".")[1])].line_id else None
    first = min((line.service_date for line in claim.lines), default=date.max)
    is_soft = (
        (finding.code == "control_number" and 0 < len(claim.control_number) <= 20)
        or finding.code == "non_covered_adjusted"  # the standard's own example tells both
        or (finding.code in UNKNOWN_THERE and first < ARCHIVED_BEFORE)
        or (finding.code == "medicare_id" and first < MBI_SINCE)
    )
    return replace(finding, severity="warning") if is_soft else finding


def _named_twice(claim: ClaimDocument) -> Iterator[Finding]:
    """What the guide says to leave out, and our writer does: X12.3.8 and X12.3.11."""
    billing, rendering, facility = (
        claim.billing_provider,
        claim.rendering_provider,
        claim.service_facility,
    )
    if rendering is not None and rendering.party.npi and rendering.party.npi == billing.party.npi:
        yield Finding(
            "rendering_repeated",
            "rendering_provider",
            "The rendering provider is the billing provider: leave 2310B out.",
        )
    if facility is not None and facility.address == billing.address:
        yield Finding(
            "facility_repeated",
            "service_facility",
            "The service facility has the billing address: leave 2310C out.",
        )
    if facility is not None and claim.place_of_service == HOME:
        yield Finding(
            "facility_at_home", "service_facility", "Care at home (12) has no service facility.", "warning"
        )
    if claim.dates.onset is not None and claim.dates.onset in {line.service_date for line in claim.lines}:
        yield Finding(
            "onset_on_service",
            "dates.onset",
            "The onset (431) is a day of service: it must differ from all of them.",
        )


def _unanswered(claim: ClaimDocument) -> Iterator[Finding]:
    """Each payer that stands before the one asked has answered, or was passed over (A8)."""
    if claim.coverage.responsibility not in ORDER:
        return
    for place, payer in enumerate(claim.other_payers):
        if ORDER.find(payer.responsibility) in range(ORDER.index(claim.coverage.responsibility)) and (
            payer.amount_paid is None and payer.non_covered is None
        ):
            text = f"{payer.payer_name} stands before and its answer is not told (AMT*D)."
            yield Finding("prior_answer", f"other_payers.{place}", text)


# --- what only the segments show -----------------------------------------------------------------------


def _judge_version(transaction: Transaction, group_version: str, found: FindingList) -> None:
    told = transaction.segments[0][3].strip()
    if told and group_version and told != group_version:
        found.add(
            "version_differs",
            f'ST03 is "{told}" but GS08 is "{group_version}".',
            level="transaction",
            segment=transaction.position,
        )


class _LoopWalk:
    """One pass over the segments of an ST: HL numbers and parents, SBR02, LX, and the points of diagnoses."""

    def __init__(self, found: FindingList) -> None:
        self._found = found
        self._count = 0
        self._open: dict[str, Segment] = {}  # the last HL of each level
        self._children: dict[str, int] = {}  # HL01 -> how many HL name it as their parent
        self._all: list[Segment] = []
        self._coverage: Segment | None = None  # SBR of the open 2000B
        self._in_claim = False
        self._line = 0

    def walk(self, segments: Iterable[Segment]) -> None:
        """Look at all of them, and at what only the end shows."""
        for segment in segments:
            name = segment.parts[0]
            if not segment.text().isascii():
                text = f"{name} has letters beyond plain ASCII: accents and curly quotes are not carried."
                self._tell("character_set", segment, text)
            if name == "HL":
                self._take_level(segment)
            elif name == "CLM":
                self._take_claim(segment)
            elif name == "SBR" and not self._in_claim:
                self._coverage = segment
            elif name == "LX" and self._in_claim:
                self._line += 1
                if segment[1].strip() != str(self._line):
                    self._tell("lx_number", segment, f"LX01 is {segment[1]}; it is line {self._line}.")
            elif name == "HI" and self._in_claim:
                self._take_codes(segment)
        for level in self._all:
            has_children = self._children.get(level[1].strip(), 0) > 0
            if level[4].strip() != ("1" if has_children else "0"):
                words = "levels beneath it" if has_children else "no level beneath it"
                self._tell("hl_children", level, f"HL04 is {level[4] or 'empty'}; it has {words}.")

    def _tell(self, code: str, segment: Segment, message: str) -> None:
        self._found.add(code, message, level="segment", segment=segment.position)

    def _take_level(self, segment: Segment) -> None:
        self._in_claim = False
        self._count += 1
        self._all.append(segment)
        number, parent, level = (segment[place].strip() for place in (1, 2, 3))
        if number != str(self._count):
            self._tell("hl_number", segment, f"HL01 is {number or 'empty'}; it is level {self._count}.")
        if level not in LEVELS:
            return
        above = self._open.get(LEVELS[level])
        expected = above[1].strip() if above is not None else ""
        if parent != expected or (LEVELS[level] and above is None):
            self._tell(
                "hl_parent", segment, f"HL02 is {parent or 'empty'}; it belongs to {expected or 'none'}."
            )
        self._children[parent] = self._children.get(parent, 0) + 1
        self._open[level] = segment
        if level == "20":
            self._open.pop("22", None)
        if level == "22":
            self._coverage = None
        if level == "23" and self._coverage is not None and self._coverage[2].strip() == "18":
            text = "SBR02 says that the subscriber is the patient (18), but a patient level (HL 23) follows."
            self._tell("subscriber_is_patient", segment, text)

    def _take_claim(self, segment: Segment) -> None:
        self._in_claim, self._line = True, 0
        level = self._all[-1][3].strip() if self._all else ""
        if level == "22" and (self._coverage is None or self._coverage[2].strip() != "18"):
            text = "SBR02 is not 18, but the claim stands beneath the subscriber without a patient level."
            self._tell("patient_level_missing", segment, text)
        elif level not in ("22", "23"):
            self._tell("patient_level_missing", segment, "The claim stands beneath no subscriber.")

    def _take_codes(self, segment: Segment) -> None:
        for place in range(1, len(segment.parts)):
            code = segment.component(place, 2)
            if segment.component(place, 1) in DIAGNOSES and "." in code:
                self._tell(
                    "diagnosis_point", segment, f"HI{place:02d} {code}: diagnoses are sent without a point."
                )


# --- the independent validator -------------------------------------------------------------------------


def _ask_pyx12(data: bytes, segments: int, found: FindingList) -> None:
    if segments > MOST_SEGMENTS:
        found.add(
            "second_opinion",
            f"The file is too large for pyx12's opinion (more than {MOST_SEGMENTS:,} segments).",
            level="file",
            severity="info",
        )
        return
    for objection, count in Counter(objections(data)).items():
        if not objection.startswith(("pyx12 gave up", "pyx12 refuses")):
            often = f" ({count} times)" if count > 1 else ""
            found.add(SYNTAX, f"pyx12: {objection}{often}", level="segment")
