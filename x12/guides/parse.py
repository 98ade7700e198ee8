"""The small language of the guide tables: one line a segment, one word an element.

``2010AA/NM1 = 1:85! 3:..60<! 9:10..10`` reads: in loop 2010AA, NM101 is required and 85; NM103 is required
and cut to 60 characters; NM109 has exactly 10. ``,`` lists codes, ``!`` required, ``<`` may be cut,
``$`` money, ``5.2`` component 2 of element 5, ``*`` any text. ``5.1:11!!`` requires the whole composite, a
single ``!`` in a component only binds when the composite is sent. An element not named may not be sent.
"""

from __future__ import annotations

from dataclasses import dataclass

MONEY_LENGTH = 18


@dataclass(frozen=True, slots=True)
class ElementRule:
    """What one element or component may hold."""

    required: bool = False
    min_length: int = 1
    max_length: int = 80
    codes: frozenset[str] | None = None
    may_cut: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class SegmentRule:
    """One segment of one loop: rules by element place, and by (place, component) for composites.

    Each is a thing of its own (``eq=False``), so that what was checked by it can be remembered by it.
    """

    segment_id: str
    elements: dict[int, ElementRule]
    components: dict[int, dict[int, ElementRule]]
    required: tuple[int, ...]


Guide = dict[str, SegmentRule]


def parse_guide(text: str) -> Guide:
    """The table of a guide; raises ValueError for a line that cannot be read (a programming mistake)."""
    guide: Guide = {}
    for line in text.splitlines():
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        key, _, words = line.partition(" = ")
        segment_id = key.rpartition("/")[2].partition("-")[0]
        elements: dict[int, ElementRule] = {}
        required: list[int] = []
        components: dict[int, dict[int, ElementRule]] = {}
        for word in words.split():
            place, _, rule = word.partition(":")
            first, _, second = place.partition(".")
            if second:
                if rule.endswith("!!"):
                    required.append(int(first))
                components.setdefault(int(first), {})[int(second)] = _parse_rule(rule)
            else:
                elements[int(first)] = _parse_rule(rule)
        required += [place for place, element in elements.items() if element.required]
        if key in guide:
            raise ValueError(f"guide line given twice: {key}")
        guide[key] = SegmentRule(segment_id, elements, components, tuple(sorted(required)))
    return guide


def _parse_rule(text: str) -> ElementRule:
    required, may_cut = "!" in text, "<" in text
    text = text.rstrip("!<")
    if text == "$":
        return ElementRule(required, 1, MONEY_LENGTH, None, may_cut)
    if text in ("*", ""):
        return ElementRule(required, 1, 256, None, may_cut)
    if ".." in text:
        low, _, high = text.partition("..")
        return ElementRule(required, int(low or 1), int(high), None, may_cut)
    codes = frozenset(text.split(","))
    return ElementRule(required, 1, max(map(len, codes)), codes, may_cut)
