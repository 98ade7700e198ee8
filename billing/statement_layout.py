"""Lay a statement's snapshot out on Letter pages: which line stands where, figures padded to line up.

Pure: from the frozen snapshot to HTML. One line is 14.5 pt; in Inter's tabular figures a figure space
(U+2007) is as wide as a digit or minus and a no-break space as wide as a point or comma, so right-aligned
columns need no table (a page costs by the line box, performance.md).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from textwrap import wrap
from typing import Any

import segno
from django.template.loader import render_to_string
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from billing.statement_words import request_words
from lib.money import ZERO, show_money

FIRST_LINES, NEXT_LINES = 21, 46  # lines of 14.5 pt on the first page and on a page after it
FIRST_TOP, NEXT_TOP = 298, 80  # pt from the page's top to the first line of the list
COLUMNS = (
    ("charge", "Charge"),
    ("insurer_paid", "paid"),
    ("written_off", "Written off"),
    ("with_insurer", "With insurer"),
    ("patient_paid", "You paid"),
    ("due", "You owe"),
)
DIGITS = 7  # digit slots of a column: 99,999.99
NARROW = 6
WORDS = 32  # letters that fit the left column at 9 pt, beside its tab
WIDE_WORDS = 110  # letters of a line over the page's whole width
FIGURE, MARK = 5.836, 2.56  # pt at 9 pt: a tabular digit, a point or comma of Inter


BASE_CSS = (
    "body{height:auto!important}.sheet-1{position:relative;width:8.5in;height:11in;break-after:page}"
    ".sheet-1:last-child{break-after:auto}.again{left:.6in;top:.5in;width:7in;height:14.5pt}"
    ".ask .how.wide{width:2.75in}.rows .w{overflow:hidden;width:2.95in}"
)


def layout_css(html: str) -> str:
    """The rules of the place classes that a document uses: templates carry no style of their own.

    y120 = top at 120 pt, h3 = three lines high, w2 and n2 = third column from the right, wide or narrow.
    """
    rules = [BASE_CSS]
    for kind, number in sorted(set(re.findall(r"\b([yhwn])(\d{1,3})\b", html))):
        place = int(number)
        digits = NARROW if kind == "n" else DIGITS
        rules.append(
            {
                "y": f".y{place}{{top:{place}pt!important}}",
                "h": f".h{place}{{height:{place * 14.5}pt!important}}",
            }.get(
                kind,
                f".th.{kind}{place}{{left:auto;width:1.2in!important;"
                f"right:{43.2 + place * ((digits + 3) * FIGURE + 2 * MARK):.1f}pt!important}}",
            )
        )
    return "".join(rules)


@dataclass(slots=True)
class Page:
    """One page as the template wants it: points from the top, heights in lines, text ready."""

    first: bool
    head: int
    top: int
    lines: list[tuple[str, str]] = field(default_factory=list)
    number: int = 1
    of: int = 1
    last: bool = False
    sum_top: int = 0
    sums: list[tuple[str, str]] = field(default_factory=list)
    notice: str = ""
    notice_top: int = 0
    notice_height: int = 0
    waiting: list[dict[str, str]] = field(default_factory=list)
    wait_head: int = 0
    wait_top: int = 0
    wait_words: str = ""
    wait_figures: str = ""

    @property
    def height(self) -> int:
        """Lines in the list."""
        return max(1, len(self.lines))

    @property
    def wait_height(self) -> int:
        """Lines of what waits at insurers."""
        return max(1, len(self.waiting))

    @property
    def sum_words(self) -> SafeString:
        """The sums' left column."""
        return mark_safe("\n".join(words for words, _ in self.sums))  # noqa: S308 - escaped where it was made

    @property
    def sum_figures(self) -> SafeString:
        """The sums' right column."""
        return mark_safe("\n".join(figures for _, figures in self.sums))  # noqa: S308 - digits and spaces

    @property
    def words(self) -> SafeString:
        """The left column."""
        return mark_safe("\n".join(words for words, _ in self.lines))  # noqa: S308 - escaped where it was made

    @property
    def figures(self) -> SafeString:
        """The right column."""
        return mark_safe("\n".join(figures for _, figures in self.lines))  # noqa: S308 - digits and spaces


def document_html(snapshot: dict[str, Any]) -> str:
    """The whole document of one statement."""
    columns = shown_columns(snapshot)
    pages = lay_out(snapshot, columns)
    asked = Decimal(snapshot.get("asked", snapshot["balance"]))
    link = snapshot.get("pay_link", "")
    credit = Decimal(snapshot["credit"])
    visits = sum(1 for visit in snapshot["visits"] if Decimal(visit["due"]))
    payers = sorted({row["payer"] for row in snapshot["waiting"]})
    context = {
        "s": snapshot,
        "pages": pages,
        "date": long_day(snapshot["date"]),
        "pay_by": long_day(snapshot["pay_by"]),
        "visits_to": long_day(snapshot["visits_to"]),
        "balance": show_money(asked),
        "request": request_words(snapshot.get("level", 0)),
        "apart": snapshot.get("apart", []),
        "qr": qr(link) if link else "",
        "credit": f"{show_money(Decimal(snapshot['due']))} less {show_money(credit)} credit"
        if credit
        else "",
        "visits_words": "1 visit" if visits == 1 else f"{visits} visits",
        "heads": heads(snapshot, columns),
        "wait_title": f"With {' and '.join(payers)}, not due from you now" if payers else "",
        "age_heads": "\t".join(words for words, _ in snapshot["ages"]),
        "age_figures": "\t".join(
            show_money(Decimal(amount))
            for amount in [snapshot["due"], *(amount for _, amount in snapshot["ages"])]
        ),
    }
    return render_to_string("pdf/statement.html", context)


def shown_columns(snapshot: dict[str, Any]) -> tuple[str, ...]:
    """The columns that say something; "With insurer" only where a listed visit has such an amount."""
    return tuple(
        name for name, _ in COLUMNS if name != "with_insurer" or Decimal(snapshot["totals"]["with_insurer"])
    )


def lay_out(snapshot: dict[str, Any], columns: tuple[str, ...]) -> list[Page]:
    """Break the list into pages at visits, with the sums and what waits on the last one."""
    waiting = snapshot["waiting"][: NEXT_LINES - 8]
    sums = _sums(snapshot, columns)
    notice = wrap(snapshot.get("notice", {}).get("text", ""), WIDE_WORDS)
    tail = len(sums) + (2 + len(waiting) if waiting else 0) + (1 + len(notice) if notice else 0)
    pages = [Page(first=True, head=FIRST_TOP - 16, top=FIRST_TOP)]
    for block in (_block(visit, columns) for visit in snapshot["visits"]):
        _place(pages, block)
    if len(pages[-1].lines) + tail > _room(pages[-1]):
        pages.append(Page(first=False, head=NEXT_TOP - 16, top=NEXT_TOP))
    last = pages[-1]
    last.last = True
    last.sum_top = last.top + round(len(last.lines) * 14.5)
    last.sums = sums
    below = last.sum_top + round(len(sums) * 14.5) + 11
    if waiting:
        last.waiting = waiting
        last.wait_head = below
        last.wait_top = last.wait_head + 17
        last.wait_words = "\n".join(
            f"{short_day(row['date'])}\t{row['name']}, {row['payer']}" for row in waiting
        )
        last.wait_figures = "\n".join(show_money(Decimal(row["amount"])) for row in waiting)
        below = last.wait_top + round(len(waiting) * 14.5) + 11
    last.notice, last.notice_top, last.notice_height = "\n".join(notice), below, max(1, len(notice))
    for number, page in enumerate(pages, start=1):
        page.number, page.of = number, len(pages)
    return pages


def _place(pages: list[Page], block: list[tuple[str, str]]) -> None:
    """A visit stays together where it can; one longer than a page is broken."""
    while block:
        page = pages[-1]
        room = _room(page) - len(page.lines)
        if len(block) <= room or (not page.lines and not page.first):
            page.lines += block[: max(room, 1)]
            block = block[max(room, 1) :]
        if block:
            pages.append(Page(first=False, head=NEXT_TOP - 16, top=NEXT_TOP))


def _room(page: Page) -> int:
    return FIRST_LINES if page.first else NEXT_LINES


def _block(visit: dict[str, Any], columns: tuple[str, ...]) -> list[tuple[str, str]]:
    """A visit's lines: a bold head with what the patient paid and owes, then one line a service."""
    named = visit.get("patient") or visit["clinician"]
    who = f", {escape(named)}" if named else ""
    head = f"<b>{short_day(visit['date'])}\t{escape(visit['name'])}</b>{who}"
    own = {key: visit[key] for key in columns if key in ("patient_paid", "due")}
    block: list[tuple[str, str]] = [(head, figures_line(own, columns, bold="last"))]
    for line in visit["lines"]:
        shown = {key: line[key] for key in columns if key not in ("patient_paid", "due")}
        block.append((f"\t{escape(line['words'])}", figures_line(shown, columns)))
    block += [(f"\t<i>{escape(part)}</i>", "") for said in visit.get("how", []) for part in wrap(said, WORDS)]
    return block


def _sums(snapshot: dict[str, Any], columns: tuple[str, ...]) -> list[tuple[str, str]]:
    """Together; then, where not all of it is asked for, what is taken off and what is left to pay now."""
    totals = {key: snapshot["totals"][key] for key in columns}
    rows: list[tuple[str, str]] = [("<b>\tTogether</b>", figures_line(totals, columns, bold="last"))]
    off = [("Your credit", Decimal(snapshot["credit"]))]
    off += [(_short_words(row), Decimal(row["amount"])) for row in snapshot.get("apart", [])]
    for words, amount in off:
        if amount:
            first, *rest = wrap(words, WORDS)
            rows.append((f"\t{escape(first)}", figures_line({"due": str(-amount)}, columns)))
            rows += [(f"\t{escape(part)}", "") for part in rest]
    if len(rows) > 1:
        asked = snapshot.get("asked", snapshot["balance"])
        rows.append(("<b>\tTo pay now</b>", figures_line({"due": asked}, columns, bold="last")))
    return rows


def _short_words(row: dict[str, Any]) -> str:
    """The reason; a plan's amount stands in its column, not in the words."""
    return "On your payment plan, later" if row.get("plan") else str(row["words"])


def qr(link: str) -> str:
    """The pay page as a QR code, an SVG in a data address: drawn from the frozen link alone."""
    drawn: str = segno.make(link, error="m", micro=False).svg_data_uri(scale=4, border=0, dark="#181d26")
    return drawn


def figures_line(amounts: dict[str, str], columns: tuple[str, ...], *, bold: str = "") -> SafeString:
    """One line of figures in fixed slots; what reduces the charge is shown with a minus."""
    digits = NARROW if len(columns) > 5 else DIGITS
    cells = []
    for place, name in enumerate(columns):
        text = ""
        if name in amounts:
            amount = Decimal(amounts[name])
            signed = amount if name in ("charge", "due") else -amount
            text = show_money(signed) if signed != ZERO or name in ("charge", "due") else ""
        cell = pad(text, digits, gap=0 if place == 0 else 2)
        cells.append(f"<b>{cell}</b>" if bold == "last" and name == columns[-1] else cell)
    return mark_safe("".join(cells))  # noqa: S308 - digits and spaces


def pad(text: str, digits: int, gap: int = 2) -> str:
    """``text`` right-aligned in a slot of ``digits`` digits and two marks, wherever it stands."""
    wide = sum(1 for char in text if char.isdigit() or char == "\u2212")
    marks = len(text) - wide
    return "\u2007" * (gap + digits + 1 - wide) + "\u00a0" * (2 - marks) + text


def heads(snapshot: dict[str, Any], columns: tuple[str, ...]) -> list[tuple[str, str]]:
    """Column heads with the class of their place; the insurer is named where there is only one."""
    names = {name for visit in snapshot["visits"] for line in visit["lines"] for name in line["insurers"]}
    words = dict(COLUMNS)
    words["insurer_paid"] = f"{_short(names.pop())} paid" if len(names) == 1 else "Insurance paid"
    wide = "n" if len(columns) > 5 else "w"
    return [(words[name], f"{wide}{len(columns) - 1 - place}") for place, name in enumerate(columns)]


def _short(name: str) -> str:
    return name if len(name) <= 12 else name[:11].rstrip() + "."


def long_day(text: str) -> str:
    """March 9, 2026."""
    day = date.fromisoformat(text)
    return f"{day:%B} {day.day}, {day.year}"


def short_day(text: str) -> str:
    """03/09/2026."""
    return f"{date.fromisoformat(text):%m/%d/%Y}"
