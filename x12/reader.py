"""Bytes to segments, whatever the delimiters, in one pass and within limits; never raises for any bytes.

Before it: nothing. After it: x12/envelope.py. Tolerates CR/LF, indentation, 80-column wrapping, a byte order
mark, UTF-16, text before the ISA, an ISA of the wrong width, several interchanges with different delimiters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, repeat

from x12.findings import FindingList, quote
from x12.tokens import Delimiters, Segment

BLOCK_CHARACTERS = 1 << 15  # small enough that most segments die young
ISA_LENGTH = 106
ISA_SEPARATORS = (3, 6, 17, 20, 31, 34, 50, 53, 69, 76, 81, 83, 89, 99, 101, 103)
# An ISA: not in the middle of a word or element, then one separator used three times.
ISA_START = re.compile(r"(?<![A-Za-z0-9])ISA([^A-Za-z0-9 \t\r\n])[A-Za-z0-9 ]{0,2}\1[^\r\n]{0,12}?\1")
BARE_START = re.compile(
    r"(?:GS|ST)([^A-Za-z0-9\s])[^~\r\n]{4,200}?([^A-Za-z0-9 .])\s{0,4}(?:ST|BPR|BHT|AK1)\1"
)
SEGMENT_ID = re.compile(r"[A-Z][A-Z0-9]{1,2}\Z")
CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
LINE_ENDS = "\r\n"
BLANKS = " \t\r\n"  # str.isspace would also take 0x1C-0x1F, which are delimiters in some files


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may be at most; beyond it reading stops with a finding."""

    file_bytes: int = 25_000_000
    segments: int = 1_000_000
    element_bytes: int = 10_000


class SegmentReader:
    """Iterates the segments of a file; a segment ``ISA`` opens each interchange and sets the delimiters.

    ``findings`` grows while iterating: read it afterwards. Iterate once.
    """

    def __init__(self, data: bytes, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.findings = FindingList()
        self.count = 0
        self._data = data

    def __iter__(self) -> Iterator[Segment]:
        for block in self.blocks():
            yield from block

    def blocks(self) -> Iterator[list[Segment]]:
        """The same segments, some thousands at a time: the fast way through a large file."""
        if len(self._data) > self.limits.file_bytes:
            self.findings.add(
                "file_too_large",
                f"The file has {len(self._data)} bytes; at most {self.limits.file_bytes} are read.",
                level="file",
            )
            return
        text = self._decode()
        starts = _interchange_starts(text)
        if not starts:
            self.findings.add("not_x12", explain_foreign(self._data, text), level="file")
            yield from self._read_bare(text.lstrip())
            return
        if text[: starts[0]].strip():
            self.findings.add(
                "leading_junk",
                f"{starts[0]} characters before the first ISA were skipped.",
                level="file",
                severity="warning",
            )
        for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
            part = text[start:end]
            yield from self._read_segments(part, self._read_delimiters(part))
            if self.count >= self.limits.segments:
                return

    def _decode(self) -> str:
        data = self._data
        if data[:2] in (b"\xff\xfe", b"\xfe\xff") or data[:6] in (b"I\0S\0A\0", b"\0I\0S\0A"):
            codec = "utf-16-be" if data[:2] == b"\xfe\xff" or data[:1] == b"\0" else "utf-16-le"
            self.findings.add(
                "utf16_text",
                "The file is UTF-16 text; it was read as such.",
                level="file",
                severity="warning",
            )
            return data.decode(codec, "replace").lstrip("\ufeff")
        try:
            return data.decode("utf-8").lstrip("\ufeff")
        except UnicodeDecodeError:
            return data.decode("latin-1")

    def _read_bare(self, text: str) -> Iterator[list[Segment]]:
        """A file that lost its ISA: read with guessed delimiters, so that it can at least be looked at.

        The finding ``not_x12`` stands already; the ISA given first is ours, at position 0.
        """
        found = BARE_START.match(text)
        if found is None:
            return
        element, segment = found.group(1), found.group(2)
        component = ":" if text.count(":") >= text.count(">") else ">"
        delimiters = Delimiters(element, component, "\n" if segment in LINE_ENDS else segment, "^")
        if len({element, component, delimiters.segment}) < 3:
            return
        yield [Segment(["ISA"], 0, delimiters)]
        yield from self._read_segments(text, delimiters)

    def _read_segments(self, text: str, delimiters: Delimiters) -> Iterator[list[Segment]]:
        marks = delimiters.element + delimiters.component + delimiters.segment + delimiters.repetition
        text = self._clean(text, delimiters, marks)
        element, limit = delimiters.element, self.limits.element_bytes
        # Blanks are off already: only other alphabets' spaces, or delimiters that count as spaces, are left.
        is_plain = text.isascii() and marks.isprintable()
        for raws, is_whole in _split(text, delimiters.segment):
            raws = [raw for raw in raws if raw and (is_plain or not raw.isspace())]
            if not raws:
                continue
            first = self.count + 1
            if first + len(raws) - 1 > self.limits.segments:
                raws = raws[: self.limits.segments - self.count]
                self.findings.add(
                    "too_many_segments",
                    f"Only the first {self.limits.segments} segments were read.",
                    level="file",
                    segment=self.limits.segments,
                )
            parts = [raw.split(element) for raw in raws]
            if max(map(len, raws), default=0) > limit:
                self._cut_elements(parts, first)
            self.count += len(raws)
            if not is_whole and parts[-1][0].strip(BLANKS) != "IEA":
                self.findings.add(
                    "unterminated_segment",
                    "The file ends in the middle of a segment: it was cut off.",
                    level="file",
                    segment=self.count,
                )
            yield list(map(Segment, parts, count(first), repeat(delimiters)))
            if self.count >= self.limits.segments:
                return

    def _cut_elements(self, parts: list[list[str]], first: int) -> None:
        limit = self.limits.element_bytes
        for position, elements in enumerate(parts, first):
            if any(len(text) > limit for text in elements):
                elements[:] = [text[:limit] for text in elements]
                self.findings.add(
                    "element_too_long",
                    f"An element of more than {limit} characters was cut.",
                    level="segment",
                    segment=position,
                )

    def _clean(self, text: str, delimiters: Delimiters, marks: str) -> str:
        """Line ends and control characters that are no delimiters are taken out of the text."""
        if delimiters.segment == "\n":
            if "\r" in text:
                text = text.replace("\r\n", "\n").replace("\r", "\n")
        elif "\n" in text or "\r" in text:
            text = text.translate({ord(char): None for char in LINE_ENDS if char not in marks})
        strange = {char for char in CONTROL_CHARACTERS.findall(text) if char not in marks}
        if strange:
            self.findings.add(
                "control_characters",
                "Control characters inside the data were taken out.",
                level="interchange",
                segment=self.count + 1,
                severity="warning",
            )
            text = text.translate({ord(char): None for char in strange})
        return text

    def _read_delimiters(self, text: str) -> Delimiters:
        """Delimiters by the fixed places of the ISA, else by counting its elements."""
        element = text[3]
        flat = text[: ISA_LENGTH + 20]
        if not _is_fixed_width(flat, element):
            flat = flat.translate({10: None, 13: None})
        if _is_fixed_width(flat, element):
            component, segment = flat[104], flat[105]
            version, repetition = flat[84:89], flat[82]
        else:
            self.findings.add(
                "isa_width",
                "The ISA segment does not have its fixed width of 106 characters; a payer would refuse it.",
                level="interchange",
                segment=self.count + 1,
                severity="warning",
            )
            pieces = text[: ISA_LENGTH * 3].split(element, 16)
            last = pieces[16] if len(pieces) == 17 else ""
            component, segment = (last[0], last[1]) if len(last) > 1 else (":", "~")
            version = pieces[12] if len(pieces) > 12 else ""
            repetition = pieces[11][:1] if len(pieces) > 11 else ""
        if segment in LINE_ENDS:
            segment = "\n"
        if segment.isalnum() or segment == element or segment == " ":
            segment = "~"
        if repetition.isalnum() or repetition in BLANKS or version < "00402" or repetition == element:
            repetition = ""
        if component.isalnum() or component in BLANKS or component in (element, segment):
            component = "\x1f"
        return Delimiters(element, component, segment, repetition)


def _is_fixed_width(text: str, element: str) -> bool:
    return len(text) >= ISA_LENGTH and all(text[place] == element for place in ISA_SEPARATORS)


def _interchange_starts(text: str) -> list[int]:
    return [match.start() for match in ISA_START.finditer(text) if _starts_segment(text, match)]


def _starts_segment(text: str, match: re.Match[str]) -> bool:
    """Not an element whose value happens to be ISA: the character before is not the element separator."""
    return match.start() == 0 or text[match.start() - 1] != match.group(1)


def _split(text: str, terminator: str) -> Iterator[tuple[list[str], bool]]:
    """Raw segments, a block at a time so that memory stays flat, and whether the last one was terminated.

    Indentation before a segment is taken off; blanks inside and after data are left alone.
    """
    start, size = 0, len(text)
    indented = any(terminator + blank in text for blank in BLANKS) or text[:1] in BLANKS
    while start < size:
        end = text.rfind(terminator, start, start + BLOCK_CHARACTERS) + 1
        if not end:
            end = text.find(terminator, min(start + BLOCK_CHARACTERS, size)) + 1
        stop = end - 1 if end else size
        raws = text[start:stop].split(terminator)
        yield [raw.lstrip(BLANKS) for raw in raws] if indented else raws, bool(end)
        if not end:
            return
        start = end


def explain_foreign(data: bytes, text: str) -> str:
    """Why bytes without an ISA are not X12, in words for the person who uploaded them."""
    head = text[:2000].lstrip()
    if not data.strip():
        return "The file is empty."
    if head.startswith(("UNA", "UNB")):
        return "This is an EDIFACT file (UNB), not X12: ask the sender for a HIPAA X12 005010 file."
    if head.startswith(("GS", "ST")) and len(head) > 2 and not head[2].isalnum():
        return "The file starts without its ISA envelope: the beginning is missing, so it cannot be trusted."
    known = {
        b"%PDF": "a PDF",
        b"PK\x03\x04": "a ZIP archive",
        b"\x1f\x8b": "a gzip archive",
        b"<": "XML or HTML",
    }
    for mark, name in known.items():
        if data.lstrip()[:8].startswith(mark):
            return f"This is {name}, not X12: unpack or export it as an X12 file first."
    if b"\0" in data[:2000] or sum(byte < 9 for byte in data[:2000]) > 10:
        return "The file is binary data, not X12."
    return f"No ISA segment was found, so this is not X12; it begins with {quote(head)}."


def looks_like_segment(segment: Segment) -> bool:
    """Whether the id has the shape of a segment id: one letter, then one or two letters or digits."""
    return SEGMENT_ID.match(segment.parts[0]) is not None
