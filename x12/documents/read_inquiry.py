"""276 and 277 segments to a ``ClaimInquiry``. Before it: x12/reading.py. After it: claims/inquiry_answers.py."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from x12.documents.claim_ack import StatusCode
from x12.documents.claim_inquiry import ClaimInquiry, InquiryClaim, InquiryStatus
from x12.documents.elements import ElementReader, read_party
from x12.documents.parties import Party, Reference
from x12.findings import FindingList
from x12.tokens import Segment

PARTIES = {"PR": "payer", "41": "receiver", "1P": "provider"}
NUMBERS = {"1K": "payer_claim_number", "EJ": "control_number"}


def read_inquiry(segments: Iterable[Segment], kind: str, findings: FindingList) -> ClaimInquiry:
    """One ST 276 or 277; lines (SVC) of a 277 are passed over, the claim's own word counts."""
    reader = _InquiryReader(findings)
    for segment in segments:
        reader.take(segment)
    return ClaimInquiry(kind, claims=tuple(reader.finish()), **reader.header)


class _InquiryReader:
    """One pass: HL tells whose turn it is, TRN opens a claim, SVC closes its part."""

    def __init__(self, findings: FindingList) -> None:
        self.element = ElementReader(findings)
        self.header: dict[str, Any] = {}
        self._claims: list[dict[str, Any]] = []
        self._holder: Party | None = None
        self._person: dict[str, Any] = {}
        self._level = ""
        self._open: dict[str, Any] | None = None

    def take(self, segment: Segment) -> None:
        name = segment.parts[0]
        if name == "BHT":
            self.header["reference"] = segment[3].strip()
            self.header["created_on"] = self.element.day(segment, 4)
            self.header["created_time"] = segment[5].strip()
        elif name == "HL":
            self._level = segment[3].strip()
            self._open = None
            self._person = {}
            if self._level != "23":
                self._holder = None
        elif name == "NM1":
            self._take_name(segment)
        elif name == "DMG":
            self._person.update(birth_date=self.element.day(segment, 2), sex=segment[3].strip())
        elif name == "TRN":
            self._open = {"trace": segment[2].strip(), "level": self._level, "segment": segment.position}
            self._open.update(self._person, subscriber=self._holder, statuses=[], references=[])
            self._claims.append(self._open)
        elif name == "SVC":
            self._open = None
        elif self._open is not None:
            self._take_fact(name, segment, self._open)

    def _take_name(self, segment: Segment) -> None:
        qualifier = segment[1].strip()
        if qualifier == "IL":
            self._holder = read_party(segment)
        elif qualifier == "QC":
            self._person["patient"] = read_party(segment)
        elif qualifier in PARTIES:
            self.header.setdefault(PARTIES[qualifier], read_party(segment))

    def _take_fact(self, name: str, segment: Segment, claim: dict[str, Any]) -> None:
        if name == "STC":
            claim["statuses"].append(self._status(segment))
        elif name == "REF":
            qualifier, value = segment[1].strip(), segment[2].strip()
            if qualifier in NUMBERS:
                claim.setdefault(NUMBERS[qualifier], value)
            else:
                claim["references"].append(Reference(qualifier, value))
        elif name == "AMT" and segment[1].strip() == "T3":
            claim["charge"] = self.element.money(segment, 2, "claim")
        elif name == "DTP" and segment[1].strip() == "472":
            first, last = self.element.period(segment)
            claim.update(service_date=first, service_date_end=last if last != first else None)

    def _status(self, segment: Segment) -> InquiryStatus:
        codes = []
        for place in (1, 10, 11):
            if segment[place].strip():
                parts = [text.strip() for text in segment.components(place)] + ["", ""]
                codes.append(StatusCode(parts[0], parts[1], parts[2]))
        return InquiryStatus(
            codes=tuple(codes),
            effective_on=self.element.day(segment, 2),
            charge=self.element.money(segment, 4, "claim"),
            paid=self.element.money(segment, 5, "claim"),
            decided_on=self.element.day(segment, 6),
            paid_on=self.element.day(segment, 8),
            check_number=segment[9].strip(),
            text=segment[12].strip(),
        )

    def finish(self) -> list[InquiryClaim]:
        """All claims, in file order."""
        return [
            InquiryClaim(
                **{**found, "statuses": tuple(found["statuses"]), "references": tuple(found["references"])}
            )
            for found in self._claims
        ]
