"""Bytes to segments, whatever the delimiters, in one pass and within limits; never raises for any bytes.

Before it: nothing. After it: x12/envelope.py. Tolerates CR/LF, indentation, 80-column wrapping, a byte order
mark, UTF-16, text before the ISA, an ISA of the wrong width, several interchanges with different delimiters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from x12.findings import FindingList, quote
from x12.tokens import Block, Delimiters, Segment

# Small enough that most segments die young and that no element of a usual block can be too long.
BLOCK_CHARACTERS = 8_000
ISA_LENGTH = 106
ISA_SEPARATORS = (3, 6, 17, 20, 31, 34, 50, 53, 69, 76, 81, 83, 89, 99, 101, 103)
# An ISA: then one separator used three times.
_ISA_START = r"ISA([^A-Za-z0-9 \t\r\n])[A-Za-z0-9 ]{0,2}\1[^\r\n]{0,12}?\1"
ISA_START, ISA_START_BYTES = re.compile(_ISA_START), re.compile(_ISA_START.encode())
BARE_START = re.compile(
    r"(?:GS|ST)([^A-Za-z0-9\s])[^~\r\n]{4,200}?([^A-Za-z0-9 .])\s{0,4}(?:ST|BPR|BHT|AK1)\1"
)
SEGMENT_ID = re.compile(r"[A-Z][A-Z0-9]{1,2}\Z")
CONTROL_CHARACTERS = [chr(code) for code in (*range(9), 11, 12, *range(14, 32), 127)]
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
            for place in range(len(block.raws)):
                yield block.segment(place)

    def blocks(self) -> Iterator[Block]:
        """The same segments, not yet split, some hundreds at a time: the fast way through a large file."""
        if len(self._data) > self.limits.file_bytes:
            self.findings.add(
                "file_too_large",
                f"The file has {len(self._data)} bytes; at most {self.limits.file_bytes} are read.",
                level="file",
            )
            return
        text = Text(self._decode())
        starts = list(text.interchange_starts())
        if not starts:
            whole = text[0 : len(text)]
            self.findings.add("not_x12", explain_foreign(self._data, whole), level="file")
            yield from self._read_bare(whole.lstrip())
            return
        if text[0 : starts[0]].strip():
            self.findings.add(
                "leading_junk",
                f"{starts[0]} characters before the first ISA were skipped.",
                level="file",
                severity="warning",
            )
        for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
            head = text[start : min(end, start + ISA_LENGTH * 3)]
            yield from self._read_segments(text, start, end, self._read_delimiters(head))
            if self.count >= self.limits.segments:
                return

    def _decode(self) -> str | bytes:
        """The file as text; as it came where it is plain ASCII, which needs no copy."""
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
        if data.isascii():
            return data
        try:
            return data.decode("utf-8").lstrip("\ufeff")
        except UnicodeDecodeError:
            return data.decode("latin-1")

    def _read_bare(self, text: str) -> Iterator[Block]:
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
        yield Block(["ISA"], 0, delimiters)
        yield from self._read_segments(Text(text), 0, len(text), delimiters)

    def _read_segments(self, text: Text, start: int, end: int, delimiters: Delimiters) -> Iterator[Block]:
        limit = self.limits.element_bytes
        for raws, size, is_whole in self._split(text, start, end, delimiters):
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
            if size > limit and len(max(raws, key=len)) > limit:
                raws = self._cut_elements(raws, first, delimiters.element)
            self.count += len(raws)
            if not is_whole and raws[-1].split(delimiters.element)[0].strip(BLANKS) != "IEA":
                self.findings.add(
                    "unterminated_segment",
                    "The file ends in the middle of a segment: it was cut off.",
                    level="file",
                    segment=self.count,
                )
            yield Block(raws, first, delimiters)
            if self.count >= self.limits.segments:
                return

    def _cut_elements(self, raws: list[str], first: int, separator: str) -> list[str]:
        limit, kept = self.limits.element_bytes, []
        for position, raw in enumerate(raws, first):
            elements = raw.split(separator)
            if any(len(text) > limit for text in elements):
                raw = separator.join(text[:limit] for text in elements)
                self.findings.add(
                    "element_too_long",
                    f"An element of more than {limit} characters was cut.",
                    level="segment",
                    segment=position,
                )
            kept.append(raw)
        return kept

    def _split(
        self, text: Text, start: int, end: int, delimiters: Delimiters
    ) -> Iterator[tuple[list[str], int, bool]]:
        """Raw segments, a block at a time so that memory stays flat; its size, and whether the last was terminated."""
        cleaner, terminator = Cleaner(delimiters), delimiters.segment
        first, had_control = self.count + 1, False
        while start < end:
            stop = text.rfind(terminator, start, min(start + BLOCK_CHARACTERS, end)) + 1
            stop = stop or text.find(terminator, start + BLOCK_CHARACTERS, end) + 1 or end
            piece = cleaner.clean(text.piece(start, stop))
            if cleaner.found_control and not had_control:
                self.findings.add(
                    "control_characters",
                    "Control characters inside the data were taken out.",
                    level="interchange",
                    segment=first,
                    severity="warning",
                )
            had_control = cleaner.found_control
            yield cleaner.split(piece), len(piece), piece.endswith(terminator)
            start = stop

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


class Text:
    """A file's characters, a slice at a time: bytes of plain ASCII are never copied as a whole."""

    def __init__(self, source: str | bytes) -> None:
        self._source = source

    def __len__(self) -> int:
        return len(self._source)

    def __getitem__(self, place: slice) -> str:
        found = self._source[place]
        return found if isinstance(found, str) else found.decode("ascii")

    def piece(self, start: int, stop: int) -> str | bytes:
        """A slice as it came."""
        return self._source[start:stop]

    def find(self, mark: str, start: int, end: int) -> int:
        """As ``str.find``: -1 when it is not there."""
        if isinstance(self._source, str):
            return self._source.find(mark, start, end)
        return self._source.find(mark.encode(), start, end)

    def rfind(self, mark: str, start: int, end: int) -> int:
        """As ``str.rfind``: -1 when it is not there."""
        if isinstance(self._source, str):
            return self._source.rfind(mark, start, end)
        return self._source.rfind(mark.encode(), start, end)

    def interchange_starts(self) -> Iterator[int]:
        """Where an ISA begins a segment: not in the middle of a word, and no element whose value happens to be ISA."""
        place = 0
        while (match := self._search_isa(place)) is not None:
            start, end = match.span()
            before = self[max(start - 1, 0) : start]
            is_inside_word = before.isascii() and before.isalnum()
            if not is_inside_word and before != self[start + 3 : start + 4]:
                yield start
            place = start + 1 if is_inside_word else end

    def _search_isa(self, place: int) -> re.Match[str] | re.Match[bytes] | None:
        if isinstance(self._source, str):
            return ISA_START.search(self._source, place)
        return ISA_START_BYTES.search(self._source, place)


class Cleaner:
    """Takes line ends and control characters that are no delimiters out of one interchange's text, and splits it."""

    def __init__(self, delimiters: Delimiters) -> None:
        marks = delimiters.element + delimiters.component + delimiters.segment + delimiters.repetition
        self.found_control = False
        self._terminator = delimiters.segment
        self._has_plain_marks = marks.isprintable()
        self._blanks = BLANKS + delimiters.segment
        self._gap = re.compile(f"{re.escape(delimiters.segment)}[{re.escape(self._blanks)}]")
        control = [char for char in CONTROL_CHARACTERS if char not in marks]
        ends = [char for char in LINE_ENDS if char not in marks and delimiters.segment != "\n"]
        self._control = "".join(control).encode()
        self._unwanted = "".join([*control, *ends]).encode()

    def clean(self, text: str | bytes) -> str:
        """The text without them; ``found_control`` tells whether more than line ends was ever taken out."""
        data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
        if self._terminator == "\n" and b"\r" in data:
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        kept = data.translate(None, self._unwanted)
        if len(kept) != len(data) and not self.found_control:
            self.found_control = len(data.translate(None, self._control)) != len(data)
        return kept.decode("ascii") if isinstance(text, bytes) else kept.decode("utf-8", "surrogatepass")

    def split(self, text: str) -> list[str]:
        """Raw segments. Indentation before a segment is taken off; blanks inside and after data are left alone."""
        raws = text.removesuffix(self._terminator).split(self._terminator)
        # Only other alphabets' spaces, or delimiters that count as spaces, can stand alone beside BLANKS.
        if (
            self._has_plain_marks
            and text.isascii()
            and text[:1] not in self._blanks
            and not self._gap.search(text)
        ):
            return raws
        return [raw for raw in (raw.lstrip(BLANKS) for raw in raws) if raw and not raw.isspace()]


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
