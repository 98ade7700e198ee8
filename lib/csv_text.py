"""CSV files as people have them: from spreadsheets and other programs, in their encodings and with their separators.

Reading only: bytes to text, text to rows. What a column means is the caller's.
"""

from __future__ import annotations

import codecs
import csv
import io
from dataclasses import dataclass

SEPARATORS = ",;\t|"


class BadCsv(ValueError):
    """A file that cannot be read as a table; the message says why in plain words."""


@dataclass(frozen=True, slots=True)
class Table:
    """The names of the columns and the lines under them, each with its number in the file; empty lines left out."""

    head: list[str]
    lines: list[tuple[int, list[str]]]


def decode(content: bytes) -> str:
    """The text of a file: UTF-8 with or without its mark, UTF-16 with one, else Windows-1252 as older programs write.

    Raises BadCsv where it is none of them (a spreadsheet's own file, a picture).
    """
    is_wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for name in ("utf-16",) if is_wide else ("utf-8-sig", "cp1252"):
        try:
            text = content.decode(name)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
        break
    raise BadCsv("This is no text file. Save the table as CSV (UTF-8) and choose that file.")


def separator(text: str) -> str:
    """What separates the cells: the candidate that stands most often in the first line outside quotes; else a comma."""
    counts, quoted = dict.fromkeys(SEPARATORS, 0), False
    for char in text.lstrip("\ufeff\r\n"):
        if char == '"':
            quoted = not quoted
        elif char in "\r\n" and not quoted:
            break
        elif char in counts and not quoted:
            counts[char] += 1
    best = max(counts, key=lambda each: counts[each])
    return best if counts[best] else ","


def read(text: str) -> Table:
    """The table of a CSV text. Raises BadCsv with the line where quotes do not fit or the header names nothing."""
    text = text.lstrip("\ufeff")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator(text), strict=True)
    rows: list[tuple[int, list[str]]] = []
    began = 1
    try:
        for cells in reader:
            rows.append((began, cells))
            began = reader.line_num + 1
    except csv.Error as error:
        raise BadCsv(f"The quotes do not fit in the row that begins on line {began}: {error}.") from error
    filled = [(number, cells) for number, cells in rows if any(cell.strip() for cell in cells)]
    if not filled:
        raise BadCsv("The file is empty.")
    head = [name.strip() for name in filled[0][1]]
    while head and not head[-1]:  # a separator at the end of each line makes a column without a name
        head.pop()
    if "" in head or len(set(head)) < len(head):
        raise BadCsv("The first line must name the columns, each once.")
    return Table(head, filled[1:])


def overhang(head: list[str], cells: list[str]) -> bool:
    """Whether a row has more filled cells than there are columns: one that holds a separator was not quoted."""
    return any(cell.strip() for cell in cells[len(head) :])
