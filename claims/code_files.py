"""Files of codes as they are published or kept: NCCI pairs, unit limits (MUE), a clinic's own procedure list. Pure.

Text in, rows out, one at a time: a good row or what is wrong with it by its number. Nothing is shipped: the
files carry codes under licence and come from who may use them. Before it: an upload. After it:
claims/code_loading.py.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, BinaryIO, TextIO

CODE = re.compile(r"(?:[0-9]{5}|[0-9]{4}[A-Z]|[A-Z][0-9]{4})\Z")
COMPACT_DAY = re.compile(r"((?:19|20)[0-9]{2})([0-9]{2})([0-9]{2})\Z")
ISO_DAY = re.compile(r"((?:19|20)[0-9]{2})-([0-9]{2})-([0-9]{2})\Z")
US_DAY = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/((?:19|20)[0-9]{2})\Z")
NO_DAY = ("", "*")
BLOCK = 1_000_000  # bytes decoded at a time
PACKED = b"x\x01"  # how zlib begins at level 1, and no text
MAX_UNITS = 32_767
HEADS = {
    "code": "code", "cpt": "code", "hcpcs": "code", "from": "from", "effective": "from", "to": "to", "ends": "to",
    "sex": "sex", "age from": "age_from", "age to": "age_to", "add-on to": "add_on_to", "add on to": "add_on_to",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class PairRow:
    """An NCCI pair; ``ends_on`` is its day of deletion."""

    column1: str
    column2: str
    modifier: str
    begins_on: date
    ends_on: date | None


@dataclass(frozen=True, slots=True)
class LimitRow:
    """The most units of a code, by line (basis 1) or by day (2, 3)."""

    code: str
    units: int
    basis: str


@dataclass(frozen=True, slots=True)
class CodeRow:
    """A procedure code with its days, and for whom it is."""

    code: str
    begins_on: date | None = None
    ends_on: date | None = None
    sex: str = ""
    age_from: int | None = None
    age_to: int | None = None
    add_on_to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WrongRow:
    """A row that could not be read, numbered as a spreadsheet numbers it."""

    row: int
    words: str


Row = PairRow | LimitRow | CodeRow


class _Wrong(Exception):
    """What is wrong with the row at hand."""


def read(kind: str, source: str | bytes | Packed) -> Iterator[Row | WrongRow]:
    """Every row of a file of ``kind`` (ncci, mue, codes); its headings are passed over.

    Bytes are decoded as they are read: a file of a million rows is never held twice.
    """
    table = _table(source)
    if kind == "codes":
        yield from _code_rows(table)
        return
    parse: Callable[[list[str]], Row] = {"ncci": _pair, "mue": _limit}[kind]
    begun = False
    for number, cells in table:
        if not begun and _is_heading(cells[0]):
            continue
        begun = True
        yield _try(parse, cells, number)


class Packed:
    """A file as it waits for its reader, deflated: opened as often as somebody reads it, never unpacked whole."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def open(self) -> BinaryIO:
        """Its bytes from the start."""
        if self.content[:2] != PACKED:
            return io.BytesIO(self.content)
        return io.BufferedReader(_Inflating(self.content), 65_536)


class _Inflating(io.RawIOBase):
    def __init__(self, content: bytes) -> None:
        self._engine = zlib.decompressobj()
        self._left = io.BytesIO(content)
        self._ready = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready and not self._engine.eof:
            feed = self._engine.unconsumed_tail or self._left.read(65_536)
            if not feed:
                break  # cut off: what was there has been read
            self._ready = self._engine.decompress(feed, 262_144)
        part = self._ready[: len(buffer)]
        buffer[: len(part)] = part
        self._ready = self._ready[len(part) :]
        return len(part)


def encoding_of(source: bytes | Packed) -> str:
    """How a file's text is written; empty for what is no text."""
    packed = source if isinstance(source, Packed) else Packed(source)
    for encoding in ("utf-8-sig", "cp1252"):
        decoder = codecs.getincrementaldecoder(encoding)()
        stream = packed.open()
        try:
            while block := stream.read(BLOCK):
                if b"\x00" in block:
                    return ""
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return encoding
    return ""


def _table(source: str | bytes | Packed) -> Iterator[tuple[int, list[str]]]:
    if isinstance(source, str):
        lines: TextIO = io.StringIO(source, newline="")
        sample = source[:5000]
    else:
        packed = source if isinstance(source, Packed) else Packed(source)
        encoding = encoding_of(packed) or "cp1252"
        sample = io.TextIOWrapper(packed.open(), encoding, errors="replace", newline="").read(5000)
        lines = io.TextIOWrapper(packed.open(), encoding, errors="replace", newline="")
    mark = "\t" if "\t" in sample else ";" if sample.count(";") > sample.count(",") else ","
    try:
        for number, cells in enumerate(csv.reader(lines, delimiter=mark), 1):
            if any(cell.strip() for cell in cells):
                yield number, [cell.strip() for cell in cells]
    except csv.Error:
        # A field beyond the reader's limit, as of a file that is no table: told as its last row.
        yield 0, ["(not a table)"]


def _is_heading(cell: str) -> bool:
    """Words, a licence notice or nothing, where a code would stand."""
    return " " in cell or len(cell) > 8 or not any(char.isdigit() for char in cell)


def _try(parse: Callable[[list[str]], Row], cells: list[str], number: int) -> Row | WrongRow:
    try:
        return parse(cells)
    except _Wrong as wrong:
        return WrongRow(number, str(wrong))


def _pair(cells: list[str]) -> Row:
    """Column 1, column 2, (in existence before 1996,) effective, deleted, modifier indicator."""
    if len(cells) < 5:
        raise _Wrong("A pair has two codes, its first day, its day of deletion and the modifier indicator.")
    begins, ends, modifier = cells[3:6] if len(cells) >= 6 else cells[2:5]
    first = _day(begins)
    if first is None:
        raise _Wrong("The first day is missing.")
    if modifier not in ("0", "1", "9"):
        raise _Wrong(f"The modifier indicator is 0, 1 or 9, not {modifier[:8] or 'nothing'}.")
    return PairRow(_code(cells[0]), _code(cells[1]), modifier, first, _day(ends))


def _limit(cells: list[str]) -> Row:
    """Code, units, adjudication indicator (1, 2 or 3, words after it are passed over)."""
    if len(cells) < 3:
        raise _Wrong("A limit has a code, its units and the adjudication indicator.")
    units = _number(cells[1], "units")
    basis = cells[2][:1]
    if units is None or units > MAX_UNITS:
        raise _Wrong("The units are missing or too many.")
    if basis not in ("1", "2", "3"):
        raise _Wrong(f"The adjudication indicator is 1, 2 or 3, not {cells[2][:8] or 'nothing'}.")
    return LimitRow(_code(cells[0]), units, basis)


def _code_rows(table: Iterator[tuple[int, list[str]]]) -> Iterator[Row | WrongRow]:
    """A list with a heading row, or one column of codes without any."""
    heads: list[str] = ["code"]
    for place, (number, cells) in enumerate(table):
        if place == 0 and _is_heading(cells[0]):
            heads = [HEADS.get(cell.lower(), "") for cell in cells]
            if "code" not in heads:
                yield WrongRow(number, "No heading says Code.")
                return
            continue
        named = {head: cell for head, cell in zip(heads, cells, strict=False) if head}
        yield _try(lambda _, named=named: _listed(named), cells, number)  # type: ignore[misc]


def _listed(cells: Mapping[str, str]) -> Row:
    sex = cells.get("sex", "").upper()[:1]
    if sex not in ("", "F", "M"):
        raise _Wrong(f"Sex is F, M or nothing, not {cells['sex'][:8]}.")
    first, last = _day(cells.get("from", "")), _day(cells.get("to", ""))
    youngest, oldest = _number(cells.get("age_from", ""), "age"), _number(cells.get("age_to", ""), "age")
    if first and last and last < first:
        raise _Wrong("It ends before it begins.")
    if youngest is not None and oldest is not None and oldest < youngest:
        raise _Wrong("The oldest age is below the youngest.")
    words = re.split(r"[\s,;|]+", cells.get("add_on_to", "").upper())
    primaries = tuple(word if word == "ANY" else _code(word) for word in words if word)
    return CodeRow(_code(cells.get("code", "")), first, last, sex, youngest, oldest, primaries)


def _code(text: str) -> str:
    code = text.upper()
    if not CODE.match(code):
        raise _Wrong(f"{text[:12] or 'Nothing'} is no CPT or HCPCS code.")
    return code


def _number(text: str, what: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 5):
        raise _Wrong(f"The {what} is no whole number: {text[:12]}.")
    return int(text)


def _day(text: str) -> date | None:
    if text in NO_DAY:
        return None
    for pattern, order in ((COMPACT_DAY, (1, 2, 3)), (ISO_DAY, (1, 2, 3)), (US_DAY, (3, 1, 2))):
        found = pattern.match(text)
        if found:
            year, month, day = (int(found.group(place)) for place in order)
            try:
                return date(year, month, day)
            except ValueError:
                break
    raise _Wrong(f"{text[:12]} is no day such as 20260101.")
