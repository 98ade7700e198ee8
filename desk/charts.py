"""Charts of the dashboard: where each mark of a picture stands, worked out on the server; no script draws anything.

A picture is 360 units wide. Amounts are dollars. Each chart has its figures as a table beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from lib.money import ZERO, show_money

LEFT, RIGHT, TOP, FLOOR = (Decimal(edge) for edge in (40, 354, 14, 130))  # of the plot
BELOW, HIGHEST = Decimal(146), Decimal(10)  # words under the plot; no words above
BAR_FROM, BAR_MOST, BAR_STEP = Decimal(120), Decimal(170), 25  # side bars: words before, the figure after
ASIDE = Decimal("0.22")  # air at each side of a standing bar
TENTH = Decimal("0.1")
STEPS = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10))


@dataclass(frozen=True, slots=True)
class Mark:
    """A bar or a piece of one."""

    x: Decimal
    y: Decimal
    width: Decimal
    height: Decimal
    fill: str  # f1 insurers or the one series, f4 patients or what stands out


@dataclass(frozen=True, slots=True)
class Words:
    """Text in a picture. ``kind``: "" axis, v a figure, p another series; ``anchor``: start, middle, end."""

    x: Decimal
    y: Decimal
    text: str
    kind: str = ""
    anchor: str = "start"


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table beside the picture; ``url`` opens what it counts."""

    label: str
    cells: tuple[str, ...]
    url: str = ""

    @property
    def plain(self) -> list[str]:
        """The line for programs: figures without commas, minus as a hyphen."""
        return [self.label, *(cell.replace(",", "").replace("\u2212", "-") for cell in self.cells)]


@dataclass(slots=True)
class Chart:
    """One chart: its words, its marks, its table; without marks it says why in ``blank``."""

    name: str
    title: str
    say: str = ""
    spoken: str = ""
    height: int = 150
    heads: tuple[str, ...] = ()
    rows: list[Row] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    words: list[Words] = field(default_factory=list)
    guides: list[Decimal] = field(default_factory=list)  # y of the hairlines
    line: str = ""  # points of the series
    area: str = ""
    before: str = ""  # points of the series it is held against
    dot: tuple[Decimal, Decimal] | None = None
    goal: Decimal | None = None  # y of the line one wants to reach
    keys: tuple[tuple[str, str], ...] = ()  # fill, words
    blank: str = ""


def nice(most: Decimal) -> Decimal:
    """The end of an axis: the next of 1, 2, 2.5, 5, 10 times a power of ten.

    >>> nice(Decimal(84)), nice(Decimal(1448)), nice(Decimal(0))
    (Decimal('100'), Decimal('2000'), Decimal('1'))
    """
    if most <= ZERO:
        return Decimal(1)
    power = Decimal(10) ** (len(str(int(most))) - 1)
    return next(Decimal(int(step * power)) if power >= 10 else step for step in STEPS if step * power >= most)


def side_bars(chart: Chart, bars: Sequence[tuple[str, Decimal, str]], *, stands_out: str = "") -> Chart:
    """Bars from left to right, one under the other: words, value, the value in words."""
    most = max((value for _, value, _ in bars), default=ZERO) or Decimal(1)
    for place, (label, value, shown) in enumerate(bars):
        y, width = Decimal(6 + BAR_STEP * place), point(BAR_MOST * value / most)
        chart.words.append(Words(Decimal(0), y + 10, label if len(label) < 19 else label[:17].rstrip() + "…"))
        if value:
            chart.marks.append(Mark(BAR_FROM, y, width, Decimal(13), "f4" if label == stands_out else "f1"))
        chart.words.append(Words(BAR_FROM + width + 6, y + 10, shown, "v"))
    chart.height = 6 + BAR_STEP * max(len(bars), 3)
    return chart


def columns(chart: Chart, bars: Sequence[tuple[str, Decimal, Decimal]]) -> Chart:
    """Standing bars of two pieces: words below, insurers, patients."""
    top = nice(max((insurers + patients for _, insurers, patients in bars), default=ZERO))
    _axis(chart, top)
    room = (RIGHT - LEFT) / len(bars)
    for place, (label, insurers, patients) in enumerate(bars):
        x, at = point(LEFT + room * (place + ASIDE)), FLOOR
        for value, fill in ((insurers, "f1"), (patients, "f4")):
            height = point((FLOOR - TOP) * value / top)
            if height > 0:
                at -= height
                chart.marks.append(Mark(x, at, point(room * (1 - 2 * ASIDE)), height, fill))
        middle = point(LEFT + room * (2 * place + 1) / 2)
        if insurers + patients:
            chart.words.append(Words(middle, at - 5, short(insurers + patients), "v", "middle"))
        chart.words.append(Words(middle, BELOW, label, "", "middle"))
    return chart


def running(chart: Chart, now: Sequence[Decimal], before: Sequence[Decimal], days: int) -> Chart:
    """Two sums that grow day by day over a month of ``days``: this month's and the one before."""
    top = nice(max([*now, *before], default=ZERO))
    _axis(chart, top)
    points, old = _points(now, top, days), _points(before, top, days)
    chart.before, chart.line = _joined(old), _joined(points)
    if points:
        chart.dot = points[-1]
        chart.area = _joined([*points, (points[-1][0], FLOOR), (points[0][0], FLOOR)])
        side = "end" if points[-1][0] > RIGHT - 60 else "middle" if points[-1][0] > LEFT + 30 else "start"
        chart.words.append(Words(points[-1][0], max(HIGHEST, points[-1][1] - 7), short(now[-1]), "v", side))
    for day in (1, (days + 1) // 2, days):
        side = "start" if day == 1 else "end" if day == days else "middle"
        chart.words.append(Words(_x(day, days), BELOW, str(day), "", side))
    return chart


def rates(chart: Chart, values: Sequence[int], labels: Sequence[str], goal: int) -> Chart:
    """A rate in percent over equal times, with the goal as a line."""
    bottom = max(0, (min([*values, goal]) // 10) * 10 - 10)
    for share in (bottom, (bottom + 100) // 2, 100):
        y = _rate_y(share, bottom)
        chart.guides.append(y)
        chart.words.append(Words(LEFT - 6, y + 4, str(share), "", "end"))
    chart.goal = _rate_y(goal, bottom)
    chart.words.append(Words(LEFT + 4, chart.goal + 12, f"goal {goal}"))
    step = (RIGHT - LEFT) / (len(values) - 1)
    points = [(point(LEFT + step * place), _rate_y(value, bottom)) for place, value in enumerate(values)]
    chart.line, chart.dot = _joined(points), points[-1]
    falls = values[-1] < values[-2]
    chart.words.append(
        Words(RIGHT, max(HIGHEST, points[-1][1] + (16 if falls else -7)), f"{values[-1]}", "v", "end")
    )
    chart.words += [Words(LEFT, BELOW, labels[0]), Words(RIGHT, BELOW, labels[-1], "", "end")]
    return chart


def point(value: Decimal) -> Decimal:
    """A place in the picture, to a tenth of a unit."""
    return value.quantize(TENTH)


def short(amount: Decimal) -> str:
    """Dollars for a picture: whole ones, thousands as k from ten thousand on.

    >>> short(Decimal("579.94")), short(Decimal("84220.40"))
    ('580', '84.2k')
    """
    return f"{amount / 1000:,.1f}k".replace(".0k", "k") if amount >= 10_000 else f"{amount:,.0f}"


def money_rows(bars: Sequence[tuple[str, Decimal, int, str]]) -> list[Row]:
    """Table rows of amounts with how many they are: words, dollars, number, address."""
    return [Row(label, (f"{number:,}", show_money(amount)), url) for label, amount, number, url in bars]


def _axis(chart: Chart, top: Decimal) -> None:
    for share in (0, 1, 2):
        y = point(FLOOR - (FLOOR - TOP) * share / 2)
        chart.guides.append(y)
        chart.words.append(Words(LEFT - 6, y + 4, short(top * share / 2), "", "end"))


def _x(day: int, days: int) -> Decimal:
    return point(LEFT + (RIGHT - LEFT) * (day - 1) / max(days - 1, 1))


def _rate_y(share: int, bottom: int) -> Decimal:
    return point(FLOOR - (FLOOR - TOP) * (share - bottom) / (100 - bottom))


def _points(sums: Sequence[Decimal], top: Decimal, days: int) -> list[tuple[Decimal, Decimal]]:
    return [
        (_x(place + 1, days), point(FLOOR - (FLOOR - TOP) * max(value, ZERO) / top))
        for place, value in enumerate(sums)
    ]


def _joined(points: Sequence[tuple[Decimal, Decimal]]) -> str:
    return " ".join(f"{x},{y}" for x, y in points)
