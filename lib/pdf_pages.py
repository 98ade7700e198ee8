"""Small exact PDFs: text at a point, lines and boxes, in the two fonts every reader has. Pure; same in, same out.

For what must land on a printed form (CMS-1500) or be filed as a plain record (proof packet). Lengths and font
sizes are whole hundredths of a point (1/7200 inch) from the page's top left; colours whole percents. Text is
Latin-1; anything else becomes a question mark.
"""

from __future__ import annotations

from dataclasses import dataclass, field

POINT = 100
INCH = 72 * POINT
WIDTH, HEIGHT = 85 * INCH // 10, 11 * INCH  # US Letter
COURIER, SANS = "F1", "F2"
Colour = tuple[int, int, int]
BLACK: Colour = (0, 0, 0)


@dataclass(slots=True)
class PdfPage:
    """One page's drawing instructions, in order."""

    parts: list[str] = field(default_factory=list)

    def text(
        self, x: int, y: int, words: str, *, size: int = 10 * POINT, font: str = SANS, colour: Colour = BLACK
    ) -> None:
        """Words whose baseline stands at ``y`` below the top edge."""
        shown = words.encode("latin-1", "replace").decode("latin-1")
        shown = shown.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
        ink, where = _tint(colour), f"{_number(x)} {_number(HEIGHT - y)}"
        self.parts.append(f"BT /{font} {_number(size)} Tf {ink} rg {where} Td ({shown}) Tj ET")

    def box(
        self,
        x: int,
        y: int,
        width: int,
        height: int,
        *,
        colour: Colour = BLACK,
        fill: Colour | None = None,
    ) -> None:
        """A rectangle, empty or of one colour; ``y`` is its upper edge."""
        sides = f"{_number(x)} {_number(HEIGHT - y - height)} {_number(width)} {_number(height)} re"
        inside = f"{_tint(fill)} rg " if fill is not None else ""
        self.parts.append(f"{inside}{_tint(colour)} RG 0.5 w {sides} {'B' if fill is not None else 'S'}")


# Widths of Helvetica in thousandths of its size, by width; Courier's are all 600. What is not named is a capital.
_WIDE = {
    191: "'", 222: "ijl", 260: "|", 278: " !,./:;[\\]ftI", 333: "()-`r", 334: "{}", 355: '"', 389: "*", 469: "^",
    500: "cksvxyzJ", 556: "#$0123456789?Labdeghnopqu_", 584: "+<=>~", 611: "FTZ", 667: "&ABEKPSVXY", 722: "CDHNRUw",
    778: "GOQ", 833: "Mm", 889: "%", 944: "W", 1015: "@",
}  # fmt: skip
_WIDTHS = {char: width for width, chars in _WIDE.items() for char in chars}


def width_of(words: str, size: int, font: str = SANS) -> int:
    """How wide a text is, in hundredths of a point."""
    if font == COURIER:
        return len(words) * size * 600 // 1000
    return sum(_WIDTHS.get(char, 778) for char in words) * size // 1000


def wrapped(words: str, width: int, size: int, font: str = SANS) -> list[str]:
    """The text in lines that are no wider than ``width``, between words where it can be; at least one line."""
    lines: list[str] = []
    line = ""
    for word in words.split():
        longer = f"{line} {word}" if line else word
        if width_of(longer, size, font) <= width:
            line = longer
            continue
        if line:
            lines.append(line)
        line = word
        while width_of(line, size, font) > width:  # one word that no line holds
            most = next(n for n in range(len(line) - 1, 0, -1) if width_of(line[:n], size, font) <= width)
            lines.append(line[:most])
            line = line[most:]
    return [*lines, line]


def _number(hundredths: int) -> str:
    sign = "-" if hundredths < 0 else ""
    whole, rest = divmod(abs(hundredths), 100)
    return f"{sign}{whole}.{rest:02d}"


def _tint(colour: Colour) -> str:
    return " ".join(_number(part) for part in colour)


def make_pdf(pages: list[PdfPage], title: str = "") -> bytes:
    """The bytes of a PDF with these pages; at least one."""
    assert pages, "a PDF has a page"
    first = 6  # objects: 1 catalogue, 2 pages, 3 and 4 fonts, 5 title, then a page and its content by turns
    kids = " ".join(f"{first + 2 * place} 0 R" for place in range(len(pages)))
    said = title.encode("latin-1", "replace").decode("latin-1").translate(str.maketrans("", "", "()\\"))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Courier /Encoding /WinAnsiEncoding >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        f"<< /Title ({said}) >>",
    ]
    for place, page in enumerate(pages):
        content = "\n".join(page.parts)
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {WIDTH // POINT} {HEIGHT // POINT}] "
            f"/Contents {first + 2 * place + 1} 0 R /Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> >>"
        )
        objects.append(f"<< /Length {len(content.encode('latin-1'))} >>\nstream\n{content}\nendstream")
    out = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode("latin-1")
    table = len(out)
    rows = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    count = len(objects) + 1
    out += f"xref\n0 {count}\n0000000000 65535 f \n{rows}".encode("latin-1")
    out += f"trailer\n<< /Size {count} /Root 1 0 R /Info 5 0 R >>\nstartxref\n{table}\n%%EOF\n".encode(
        "latin-1"
    )
    return bytes(out)
