"""The smallest things of X12: the delimiters an ISA declares, a segment split by them, and blocks of raw segments."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Delimiters:
    """The four characters of one interchange, from its ISA; ``repetition`` is empty before 005010."""

    element: str = "*"
    component: str = ":"
    segment: str = "~"
    repetition: str = "^"


STANDARD = Delimiters()
ENVELOPE = frozenset(
    {"SE", "ST", "GE", "GS", "IEA", "ISA"}
)  # they open and end transactions and what is around


@dataclass(slots=True)
class Segment:
    """One segment: ``parts[0]`` is its id, ``seg[1]`` its first element, ``""`` beyond the last.

    ``position`` counts from 1 over the whole file; segments made by a writer have position 0.
    """

    parts: list[str]
    position: int = 0
    delimiters: Delimiters = STANDARD

    def __getitem__(self, place: int) -> str:
        try:
            return self.parts[place]
        except IndexError:
            return ""

    @property
    def id(self) -> str:
        """NM1, CLP, ..."""
        return self.parts[0]

    @property
    def elements(self) -> tuple[str, ...]:
        """The elements without the id."""
        return tuple(self.parts[1:])

    def components(self, place: int) -> list[str]:
        """The components of one element; a list with one empty text when it is absent."""
        return self[place].split(self.delimiters.component)

    def component(self, place: int, part: int) -> str:
        """Component ``part`` (from 1) of an element, empty when absent."""
        found = self.components(place)
        return found[part - 1] if part <= len(found) else ""

    def repetitions(self, place: int) -> tuple[str, ...]:
        """The repetitions of one element, empty when it is absent."""
        value = self[place]
        if not value:
            return ()
        mark = self.delimiters.repetition
        return tuple(value.split(mark)) if mark else (value,)

    def text(self) -> str:
        """The segment as written, without its terminator."""
        return self.delimiters.element.join(self.parts)


@dataclass(slots=True)
class Block:
    """Some hundreds of segments of one interchange that follow each other, as written; at least one.

    ``first`` is the position of the first in the file, counted from 1.
    """

    raws: list[str]
    first: int
    delimiters: Delimiters

    def segment(self, place: int) -> Segment:
        """The segment at ``place`` (from 0), split by its delimiters."""
        return Segment(self.raws[place].split(self.delimiters.element), self.first + place, self.delimiters)

    @property
    def last(self) -> int:
        """The position of the last segment in the file."""
        return self.first + len(self.raws) - 1
