"""Where each box of the CMS-1500 stands on the sheet, and the PDF: data alone, or with a drawn form to read.

Before it: claims/cms1500.py. The grid is that of the form: 6 lines and 10 characters an inch, 12-point
Courier. For the red original only the data are printed, moved by the printer's own offsets; the drawn
form is ours and carries box numbers only, no text of the official one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from claims.cms1500 import LETTERS, LINES_ON_A_FORM, Entry, pages
from lib.pdf_pages import COURIER, INCH, POINT, SANS, PdfPage, make_pdf
from x12.documents.professional_claim import ClaimDocument

ROW, COLUMN = INCH // 6, INCH // 10  # hundredths of a point, as in lib/pdf_pages.py
LEFT, TOP = INCH // 4, 6 * POINT  # of column 1 and row 0
STEP = INCH // 100  # one of the printer's own offsets
FIRST_LINE = 41
LAST_ROW = 60  # 32a to 33b
INK = (72, 30, 24)
SHADE = (98, 94, 93)
SHADED = ("24", "24I", "24J")
MARGIN = 40  # a drawn frame stands that far left of its first character


@dataclass(frozen=True, slots=True)
class Spot:
    """A place on the grid: row, first column, how many characters; numbers stand at its right end."""

    row: int
    column: int
    width: int
    right: bool = False


@dataclass(frozen=True, slots=True)
class Frame:
    """A drawn field: its box number, rows and columns (both ends included)."""

    box: str
    top: int
    left: int
    bottom: int
    right: int


def _table(rows: str) -> dict[str, Spot]:
    found = {}
    for row in rows.split("\n"):
        if row.strip():
            name, line, column, width, *right = row.split()
            found[name] = Spot(int(line), int(column), int(width), bool(right))
    return found


SPOTS: dict[str, Spot] = _table("""
payer.0 2 41 39
payer.1 3 41 39
payer.2 4 41 39
payer.3 5 41 39
1.medicare 8 1 1
1.medicaid 8 8 1
1.tricare 8 15 1
1.champva 8 24 1
1.group 8 31 1
1.feca 8 39 1
1.other 8 45 1
1a 8 50 29
2 10 1 28
3 10 31 10
3.M 10 42 1
3.F 10 47 1
4 10 50 29
5 12 1 28
6.self 12 33 1
6.spouse 12 38 1
6.child 12 42 1
6.other 12 47 1
7 12 50 29
5.city 14 1 24
5.state 14 26 3
7.city 14 50 23
7.state 14 74 3
5.zip 16 1 12
7.zip 16 50 12
9 18 1 28
11 18 50 29
9a 20 1 28
10a.yes 20 35 1
10a.no 20 41 1
11a 20 53 10
11a.M 20 68 1
11a.F 20 75 1
10b.yes 22 35 1
10b.no 22 41 1
10b.state 22 45 2
11b.qualifier 22 50 2
11b 22 53 26
10c.yes 24 35 1
10c.no 24 41 1
11c 24 50 29
9d 26 1 28
10d 26 31 19
11d.yes 26 52 1
11d.no 26 57 1
12 29 7 25
13 29 56 23
14 31 2 8
14.qualifier 31 16 3
15.qualifier 31 31 3
15 31 37 8
16.from 31 54 8
16.to 31 68 8
17.qualifier 33 1 2
17 33 4 24
17a.qualifier 32 31 2
17a 32 34 15
17b 33 34 10
18.from 33 54 8
18.to 33 68 8
19 35 1 47
20.yes 35 52 1
20.no 35 57 1
20 35 62 10 right
21.indicator 36 42 1
22.code 37 50 10
22 37 62 17
23 39 50 29
25 54 1 15
25.SY 54 17 1
25.EI 54 19 1
26 54 23 14
27.yes 54 38 1
27.no 54 43 1
28 54 51 10 right
28.continued 54 51 10
29 54 62 9 right
31 58 1 21
32.0 57 23 26
32.1 58 23 26
32.2 59 23 26
32a 60 24 10
33.area 56 66 3
33.phone 56 70 9
33.0 57 50 29
33.1 58 50 29
33.2 59 50 29
33a 60 51 10
33b 60 63 14
""")
for _place, _letter in enumerate(LETTERS):
    SPOTS[f"21.{_letter}"] = Spot(37 + _place // 4, 3 + 13 * (_place % 4), 7)
for _row in range(LINES_ON_A_FORM):
    _line = 42 + 2 * _row
    for _name, _column, _width, _right in (
        ("24A.from", 1, 8, False), ("24A.to", 10, 8, False), ("24B", 19, 2, False), ("24C", 22, 2, False),
        ("24D", 25, 6, False), ("24D.1", 33, 2, False), ("24D.2", 36, 2, False), ("24D.3", 39, 2, False),
        ("24D.4", 42, 2, False), ("24E", 45, 4, False), ("24F", 50, 8, True), ("24G", 59, 3, True),
        ("24H", 63, 1, False), ("24J", 68, 11, False),
    ):  # fmt: skip
        SPOTS[f"{_name}.{_row}"] = Spot(_line, _column, _width, _right)
    SPOTS[f"24.{_row}"] = Spot(_line - 1, 1, 61)
    SPOTS[f"24I.{_row}"] = Spot(_line - 1, 65, 2)
    SPOTS[f"24J.id.{_row}"] = Spot(_line - 1, 68, 11)

# What a cross in each of these places says, in our own words, on the drawn form.
CAPTIONS: dict[str, str] = {
    **{name: name.partition(".")[2].capitalize() for name in SPOTS if name.startswith(("1.", "6."))},
    **{name: name.partition(".")[2].capitalize() for name in SPOTS if name.endswith((".yes", ".no"))},
    **{f"{box}.{sex}": sex for box in ("3", "11a") for sex in "MF"},
    "25.SY": "SSN", "25.EI": "EIN",
}  # fmt: skip

# Each drawn field: box, first row, first column, last row, last column.
FRAMES: tuple[Frame, ...] = tuple(
    Frame(box, top, left, bottom, right)
    for box, top, left, bottom, right in (
        ("1", 7, 1, 8, 49), ("1a", 7, 50, 8, 79),
        ("2", 9, 1, 10, 29), ("3", 9, 30, 10, 49), ("4", 9, 50, 10, 79),
        ("5", 11, 1, 12, 29), ("6", 11, 30, 12, 49), ("7", 11, 50, 12, 79),
        ("5", 13, 1, 16, 29), ("8", 13, 30, 16, 49), ("7", 13, 50, 16, 79),
        ("9", 17, 1, 18, 29), ("10", 17, 30, 18, 49), ("11", 17, 50, 18, 79),
        ("9a", 19, 1, 20, 29), ("10a", 19, 30, 20, 49), ("11a", 19, 50, 20, 79),
        ("9b", 21, 1, 22, 29), ("10b", 21, 30, 22, 49), ("11b", 21, 50, 22, 79),
        ("9c", 23, 1, 24, 29), ("10c", 23, 30, 24, 49), ("11c", 23, 50, 24, 79),
        ("9d", 25, 1, 26, 29), ("10d", 25, 30, 26, 49), ("11d", 25, 50, 26, 79),
        ("12", 27, 1, 29, 49), ("13", 27, 50, 29, 79),
        ("14", 30, 1, 31, 29), ("15", 30, 30, 31, 49), ("16", 30, 50, 31, 79),
        ("17", 32, 1, 33, 29), ("17a", 32, 30, 32, 49), ("17b", 33, 30, 33, 49), ("18", 32, 50, 33, 79),
        ("19", 34, 1, 35, 49), ("20", 34, 50, 35, 79),
        ("21", 36, 1, 39, 49), ("22", 36, 50, 37, 79), ("23", 38, 50, 39, 79),
        *(
            (box, FIRST_LINE + 2 * row + half, left, FIRST_LINE + 1 + 2 * row, right)
            for row in range(LINES_ON_A_FORM)
            for box, half, left, right in (
                ("24A", 1, 1, 18), ("24B", 1, 19, 21), ("24C", 1, 22, 24), ("24D", 1, 25, 44), ("24E", 1, 45, 49),
                ("24F", 1, 50, 58), ("24G", 1, 59, 61), ("24H", 1, 62, 64), ("24I", 0, 65, 67), ("24J", 0, 68, 79),
            )
        ),
        *(("24", FIRST_LINE + 2 * row, 1, FIRST_LINE + 2 * row, 64) for row in range(LINES_ON_A_FORM)),
        ("25", 53, 1, 54, 22), ("26", 53, 23, 54, 36), ("27", 53, 37, 54, 49), ("28", 53, 50, 54, 61),
        ("29", 53, 62, 54, 71), ("30", 53, 72, 54, 79),
        ("31", 55, 1, 60, 22), ("32", 55, 23, 59, 49), ("33", 55, 50, 59, 79),
        ("32a", 60, 23, 60, 35), ("32b", 60, 36, 60, 49), ("33a", 60, 50, 60, 61), ("33b", 60, 62, 60, 79),
    )
)  # fmt: skip


def frame_of(entry: Entry) -> Frame | None:
    """The field an entry must lie in; None for the payer's address above the form."""
    spot = SPOTS[entry.spot]
    for frame in FRAMES:
        if frame.box == entry.box and frame.top <= spot.row <= frame.bottom:
            return frame
    return None


def fitted(entry: Entry) -> tuple[int, int, str]:
    """Row, column and text as printed: cut to the field's width, amounts at its right end."""
    spot = SPOTS[entry.spot]
    text = entry.text[: spot.width]
    column = spot.column + spot.width - len(text) if spot.right else spot.column
    return spot.row, column, text


# Names, streets, cities and notes end where their box ends; all else must fit.
MAY_BE_CUT = re.compile(r"payer\.\d|2|4|5|5\.city|7|7\.city|9|9d|11c|17|19|24\.\d|32\.[01]|33\.[01]")


def too_long(document: ClaimDocument) -> Iterator[tuple[int, Entry, int]]:
    """Entries that their box would cut although they may not be: the line's place from 0, the entry, the width."""
    for sheet, entries in enumerate(pages(document)):
        for entry in entries:
            width = SPOTS[entry.spot].width
            is_free = MAY_BE_CUT.fullmatch(entry.spot) and not entry.text.startswith("N4")
            if len(entry.text) > width and not is_free:
                is_line = entry.box.startswith("24")
                row = int(entry.spot.rpartition(".")[2]) + sheet * LINES_ON_A_FORM if is_line else 0
                yield row, entry, width


def print_claims(
    documents: Iterable[ClaimDocument],
    *,
    drawn: bool = False,
    right: int = 0,
    down: int = 0,
) -> bytes:
    """The PDF of these claims in order. ``drawn`` adds the form for reading; ``right`` and ``down`` move the
    data on the sheet, in hundredths of an inch (negative: left, up)."""
    sheets = []
    for document in documents:
        forms = pages(document)
        for number, entries in enumerate(forms, 1):
            page = PdfPage()
            if drawn:
                _draw(page, number, len(forms))
            for entry in entries:
                row, column, text = fitted(entry)
                page.text(
                    LEFT + (column - 1) * COLUMN + right * STEP,
                    TOP + row * ROW + down * STEP,
                    text,
                    size=12 * POINT,
                    font=COURIER,
                )
            sheets.append(page)
    return make_pdf(sheets, "CMS-1500")


def _draw(page: PdfPage, number: int, count: int) -> None:
    """Frames with their numbers, in one colour."""
    for frame in FRAMES:
        x, y = LEFT + (frame.left - 1) * COLUMN - MARGIN, TOP + (frame.top - 1) * ROW + 200
        width = (frame.right - frame.left + 1) * COLUMN
        height = (frame.bottom - frame.top + 1) * ROW
        if (
            frame.box in SHADED
        ):  # the upper half of a service line: one strip, no line through what is printed in it
            page.box(x, y, width, ROW, colour=INK, fill=SHADE)
        page.box(x, y, width, height, colour=INK)
        if (
            frame.top == frame.bottom and frame.top == LAST_ROW
        ):  # one row: the number beside the data, not above
            page.text(x + MARGIN, y + 450, frame.box, size=400, font=SANS, colour=INK)
        elif not frame.box.startswith("24"):
            page.text(x + 150, y + 600, frame.box, size=550, font=SANS, colour=INK)
        elif frame.box != "24" and frame.bottom == FIRST_LINE + 1:
            above = TOP + (FIRST_LINE - 1) * ROW
            page.text(x + 150, above, frame.box, size=550, font=SANS, colour=INK)
    for name, words in CAPTIONS.items():
        spot = SPOTS[name]
        x, y = LEFT + (spot.column - 1) * COLUMN, TOP + (spot.row - 1) * ROW
        page.text(x, y + 200, words, size=450, font=SANS, colour=INK)
    for letter in LETTERS:  # what 24E points at
        spot = SPOTS[f"21.{letter}"]
        page.text(
            LEFT + (spot.column - 2) * COLUMN, TOP + spot.row * ROW, letter, size=550, font=SANS, colour=INK
        )
    said = f"CMS-1500 (02/12), for reading only: sheet {number} of {count}"
    page.text(LEFT, TOP + 62 * ROW, said, size=7 * POINT, font=SANS, colour=INK)
