"""An 835 as people read it: each segment with what it says, and where the figures of one answer stand in it.

Shown are the check's own segments and those of one claim; other claims are only counted. Bank account numbers are
never shown, not even in the segment's own words.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from clinics.errors import Refusal
from responses.models import ClaimResponse
from x12.carc import REASONS
from x12.codes import CLAIM_STATUS, ENTITIES, PAYMENT_METHODS, PROVIDER_ADJUSTMENTS, REMARKS
from x12.reader import SegmentReader
from x12.tokens import Segment

CLAIM_STARTS, SERVICE_STARTS = "CLP", "SVC"
AFTER_CLAIMS = frozenset({"PLB", "SE"})
SECRET = {"BPR": (7, 8, 9, 13, 14, 15), "RMR": ()}  # banks and accounts
REFERENCES = {
    "6R": "our line", "1K": "payer's claim", "F8": "payer's earlier claim", "EA": "medical record", "1L": "group",
    "TJ": "tax id", "EV": "receiver", "2U": "payer id", "CE": "class of contract", "G1": "authorization",
    "LU": "location", "HPI": "NPI", "0K": "policy form", "1W": "member", "9F": "referral",
}  # fmt: skip
DATES = {
    "405": "made on", "472": "service on", "150": "service from", "151": "service to", "232": "from", "233": "to",
    "036": "coverage ended", "050": "received",
}  # fmt: skip
AMOUNTS = {
    "B6": "allowed", "I": "interest, for information", "AU": "covered", "F5": "patient paid", "D8": "discount",
    "KH": "late filing", "NL": "negative ledger balance",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Said:
    """One segment: its place in the file, the text, what it says, and the figures that stand in it."""

    place: int
    text: str
    words: str
    depth: int = 0  # 0 check, 1 claim, 2 service line


@dataclass(slots=True)
class Reading:
    """What is shown of one transaction for one claim."""

    before: list[Said] = field(default_factory=list)
    claim: list[Said] = field(default_factory=list)
    after: list[Said] = field(default_factory=list)
    other_claims: int = 0


def read(segments: Iterable[Segment], at: int) -> Reading:
    """What to show of the transaction whose claim begins at segment ``at``; nothing where there is none."""
    found, in_claim, depth = Reading(), False, 0
    for segment in segments:
        if segment.id == "ST":
            found, in_claim, depth = Reading(), False, 0
        elif segment.id == CLAIM_STARTS:
            in_claim, depth = segment.position == at, 1
            found.other_claims += not in_claim
        elif segment.id in AFTER_CLAIMS:
            in_claim, depth = False, 0
        elif segment.id == SERVICE_STARTS:
            depth = 2
        elif segment.id == "LX":
            in_claim, depth = False, 0
        if in_claim:
            found.claim.append(_said(segment, depth))
        elif depth == 0 and segment.id not in ("ISA", "GS", "TA1"):
            part = found.after if found.claim or found.other_claims else found.before
            part.append(_said(segment, 0))
        if segment.id == "SE" and found.claim:
            break
    return found if found.claim else Reading()


def reading_of(row: ClaimResponse) -> Reading:
    """The answer's segments in the file it came in. Raises Refusal for one that was typed in."""
    file = row.remittance.inbound_file
    if file is None:
        raise Refusal("This answer was typed in: there is no file.")
    segments = SegmentReader(bytes(file.stored.content))
    return read(segments, int(row.document.get("segment") or 0))


def figures(segments: list[Said]) -> dict[str, int]:
    """Where each figure of an answer stands: "claim", "claim CO-45", "0" (first line), "0 CO-45", "0 allowed"."""
    places: dict[str, int] = {}
    line = -1
    for each in segments:
        parts = each.text.split("*")
        if parts[0] == CLAIM_STARTS:
            places["claim"] = each.place
        elif parts[0] == SERVICE_STARTS:
            line += 1
            places[str(line)] = each.place
        owner = "claim" if line < 0 else str(line)
        if parts[0] == "CAS":
            for reason in parts[2::3]:
                places.setdefault(f"{owner} {parts[1]}-{reason}", each.place)
        elif parts[0] == "AMT" and parts[1:2] == ["B6"]:
            places.setdefault(f"{owner} allowed", each.place)
    return places


def words(segment: Segment) -> str:
    """What one segment says, in a few words; empty for one that only frames others."""
    tell = _TELL.get(segment.id)
    return tell(segment) if tell else ""


def _said(segment: Segment, depth: int) -> Said:
    parts = [segment.id, *segment.elements]
    for place in SECRET.get(segment.id, ()):
        if place < len(parts) and parts[place]:
            parts[place] = "…"
    return Said(segment.position, "*".join(parts), words(segment), depth)


def _claim(seg: Segment) -> str:
    status = CLAIM_STATUS.get(seg[2], f"status {seg[2]}")
    told = f"claim {seg[1]}: {status}; charged {seg[3]}, paid {seg[4]}"
    told += f", patient's part {seg[5]}" if seg[5] else ""
    return told + (f"; payer's number {seg[7]}" if seg[7] else "")


def _adjustments(seg: Segment) -> str:
    told = []
    for place in range(2, len(seg.parts), 3):
        reason = seg[place]
        known = REASONS.get(reason)
        told.append(f"{seg[1]}-{reason} {seg[place + 1]}" + (f" ({known.meaning})" if known else ""))
    return ", ".join(told)


def _service(seg: Segment) -> str:
    told = f"service {_procedure(seg, 1)}: charged {seg[2]}, paid {seg[3]}"
    told += f", units {seg[5]}" if seg[5] else ""
    return told + (f"; submitted as {_procedure(seg, 6)}" if seg[6] else "")


def _procedure(seg: Segment, place: int) -> str:
    code, *rest = seg.components(place)[1:] or [seg[place]]
    return " ".join([code, *[modifier for modifier in rest[:4] if modifier]])


def _name(seg: Segment) -> str:
    who = ENTITIES.get(seg[1], seg[1])
    name = seg[2] if seg.id == "N1" else " ".join(filter(None, [seg[4], seg[3]]))
    number = seg[4] if seg.id == "N1" else seg[9]
    return f"{who}: {name}" + (f" ({number})" if number else "")


def _provider_level(seg: Segment) -> str:
    told = []
    for place in range(3, len(seg.parts), 2):
        code, *reference = seg.components(place)
        kind = PROVIDER_ADJUSTMENTS.get(code, "provider-level")
        told.append(
            f"{code} {seg[place + 1]} ({kind}{', ' + reference[0] if reference and reference[0] else ''})"
        )
    return ", ".join(told)


def _remarks(seg: Segment, codes: Iterable[str]) -> str:
    return "remarks " + ", ".join(f"{code} {REMARKS.get(code, '')}".strip() for code in codes if code)


def _day(text: str) -> str:
    return f"{text[4:6]}/{text[6:8]}/{text[:4]}" if len(text) == 8 and text.isdigit() else text


_TELL = {
    "BPR": lambda seg: f"{PAYMENT_METHODS.get(seg[4], seg[4])} of {seg[2]} on {_day(seg[16])}",
    "TRN": lambda seg: f"trace number {seg[2]}" + (f" of payer {seg[3]}" if seg[3] else ""),
    "N1": _name,
    "NM1": _name,
    "CLP": _claim,
    "CAS": _adjustments,
    "SVC": _service,
    "PLB": _provider_level,
    "DTM": lambda seg: f"{DATES.get(seg[1], 'date')} {_day(seg[2])}",
    "REF": lambda seg: f"{REFERENCES.get(seg[1], 'reference ' + seg[1])} {seg[2]}",
    "AMT": lambda seg: f"{AMOUNTS.get(seg[1], 'amount ' + seg[1])} {seg[2]}",
    "MOA": lambda seg: _remarks(seg, seg.parts[3:8]),
    "LQ": lambda seg: _remarks(seg, [seg[2]]),
    "LX": lambda seg: f"group of claims {seg[1]}",
    "SE": lambda seg: f"end of the remittance, {seg[1]} segments",
}
