"""Reading a hand-written JSON case: every slip named by its place, never guessed at.

Below ``price_case``. A ``Reader`` wraps one JSON object and hands out its keys by type; what is
wrong raises ``MalformedError`` with the path and how to write it. A missing key means null. Keys
nobody asked for are collected as warnings.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, NoReturn, TypeVar

Choice = TypeVar("Choice", bound=StrEnum)
Made = TypeVar("Made")

_MONEY = re.compile(r"-?[0-9]{1,10}(\.[0-9]{1,2})?")
_PLAIN_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_UNITS = re.compile(r"[0-9]{1,6}(\.[0-9]{1,3})?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LONGEST_NUMBER = 18
_LONGEST_TEXT = 200


class MalformedError(ValueError):
    """A case that cannot be read; the message says where and how to mend it."""


@dataclass(frozen=True, slots=True)
class Odd:
    """A JSON number that is not a short whole number, kept as it was written."""

    text: str
    never: bool = False  # NaN and infinities are no JSON at all


class _Repeating(dict[str, Any]):
    """A JSON object in which a key came twice."""

    repeated: str = ""


def load(text: str) -> Any:
    """JSON with its slips kept inside (see ``flaw``), so that one bad case leaves its neighbours alone.

    Raises MalformedError when the text is no JSON.
    """
    try:
        return json.loads(
            text,
            object_pairs_hook=_pairs,
            parse_float=Odd,
            parse_int=lambda digits: int(digits) if len(digits) <= _LONGEST_NUMBER else Odd(digits),
            parse_constant=lambda name: Odd(name, never=True),
        )
    except json.JSONDecodeError as error:
        raise MalformedError(f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from error
    except RecursionError as error:
        raise MalformedError("not a case: nested too deeply") from error


def flaw(value: Any) -> str | None:
    """What no JSON value may hold, wherever it stands: a repeated key, NaN or an infinity."""
    waiting: list[tuple[str, Any]] = [("", value)]
    while waiting:
        path, item = waiting.pop()
        if isinstance(item, _Repeating):
            return f"{_join(path, item.repeated)}: the key is written twice; keep one"
        if isinstance(item, Odd) and item.never:
            return f"{path or 'the case'}: {item.text} is not a number one can write in JSON"
        if isinstance(item, dict):
            waiting += reversed([(_join(path, key), each) for key, each in item.items()])
        elif isinstance(item, list):
            waiting += reversed([(f"{path}[{place}]", each) for place, each in enumerate(item)])
    return None


class Reader:
    """One JSON object being read; ``where`` is its dotted path, empty for the case itself."""

    def __init__(self, data: Any, where: str, warnings: list[str]) -> None:
        if not isinstance(data, dict):
            raise MalformedError(f"{where or 'a case'}: must be an object in braces, not {show(data)}")
        self._data: dict[str, Any] = data
        self._where = where
        self._asked: set[str] = set()
        self._warnings = warnings

    def path(self, key: str) -> str:
        """The dotted path of a key."""
        return _join(self._where, key)

    def fail(self, key: str, text: str) -> NoReturn:
        """Raise MalformedError for a key."""
        raise MalformedError(f"{self.path(key)}: {text}")

    def warn(self, key: str, text: str) -> None:
        """Say something of a key that does not make the case malformed."""
        self._warnings.append(f"{self.path(key)}: {text}")

    def get(self, key: str) -> Any:
        """The raw value; None when the key is missing."""
        self._asked.add(key)
        return self._data.get(key)

    def need(self, key: str) -> Any:
        """The raw value; MalformedError when it is missing or null."""
        value = self.get(key)
        if value is None:
            self.fail(key, "is needed, but missing or null")
        return value

    def text(self, key: str) -> str | None:
        """Words; an empty text is refused, so that a slip never turns into "all"."""
        value = self.get(key)
        if value is None:
            return None
        if not isinstance(value, str):
            self.fail(key, f"must be text in quotes, not {show(value)}")
        if not value.strip():
            self.fail(key, "is empty; leave it out or write null")
        if len(value) > _LONGEST_TEXT:
            self.fail(key, f"is longer than {_LONGEST_TEXT} characters")
        return value

    def needed_text(self, key: str) -> str:
        """Words that must be there."""
        self.need(key)
        return self.text(key) or ""

    def flag(self, key: str) -> bool | None:
        """true or false."""
        value = self.get(key)
        if value is not None and not isinstance(value, bool):
            self.fail(key, f"must be true or false, not {show(value)}")
        return value

    def needed_flag(self, key: str) -> bool:
        """true or false, never null."""
        self.need(key)
        return bool(self.flag(key))

    def whole(self, key: str, least: int, most: int) -> int | None:
        """A whole number within bounds."""
        value = self.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | Odd):
            self.fail(key, f"must be a whole number, not {show(value)}")
        if isinstance(value, Odd) and not value.text.lstrip("-").isdigit():
            self.fail(key, f"must be a whole number, not {show(value)}")
        if isinstance(value, Odd) or not least <= value <= most:
            self.fail(key, f"must be between {least} and {most}, not {show(value)}")
        return int(value)

    def money(self, key: str, *, signed: bool = False) -> Decimal | None:
        """An amount of dollars, written as text with at most two decimals."""
        value = self.get(key)
        if value is None:
            return None
        if not isinstance(value, str):
            self.fail(key, f'must be an amount as text, such as "130.00", not {show(value)}')
        if not _MONEY.fullmatch(value):
            if _PLAIN_NUMBER.fullmatch(value):
                decimals = len(value.partition(".")[2])
                self.fail(
                    key,
                    f"{show(value)} " + ("has more than two decimals" if decimals > 2 else "is too large"),
                )
            self.fail(key, f'must be an amount such as "130.00", not {show(value)}')
        if value.startswith("-") and not signed:
            self.fail(key, f"must not be negative, and is {show(value)}")
        return Decimal(value).quantize(Decimal("0.01")) + Decimal("0.00")

    def units(self, key: str) -> Decimal | None:
        """A number of units, written as text with at most three decimals."""
        value = self.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | str) or not _UNITS.fullmatch(str(value)):
            self.fail(key, f'must be units such as "1" or "0.25", at most three decimals, not {show(value)}')
        return Decimal(value)

    def day(self, key: str) -> date | None:
        """A day as YYYY-MM-DD."""
        value = self.get(key)
        if value is None:
            return None
        if not isinstance(value, str) or not _DAY.fullmatch(value):
            self.fail(key, f'must be a day such as "2026-03-09", not {show(value)}')
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(key, f"{show(value)} is not a day of the calendar")

    def choice(self, key: str, kind: type[Choice]) -> Choice:
        """One of the named values."""
        value = self.need(key)
        if not isinstance(value, str) or value not in kind.__members__.values():
            self.fail(key, f"must be one of {', '.join(kind)}, not {show(value)}")
        return kind(value)

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of words; null is an empty one."""
        made = []
        for place, item in enumerate(self._list(key)):
            if not isinstance(item, str) or not item.strip() or len(item) > _LONGEST_TEXT:
                self.fail(f"{key}[{place}]", f"must be text in quotes, not {show(item)}")
            made.append(item)
        return tuple(made)

    def inner(self, key: str, make: Callable[[Reader], Made]) -> Made | None:
        """An object inside this one, made by ``make``; null stays None."""
        value = self.get(key)
        return None if value is None else self._made(value, self.path(key), make)

    def needed_inner(self, key: str, make: Callable[[Reader], Made]) -> Made:
        """An object that must be there."""
        return self._made(self.need(key), self.path(key), make)

    def each(self, key: str, make: Callable[[Reader], Made]) -> tuple[Made, ...]:
        """A list of objects, each made by ``make``; null is an empty one."""
        path = self.path(key)
        return tuple(self._made(item, f"{path}[{place}]", make) for place, item in enumerate(self._list(key)))

    def finish(self) -> None:
        """Warn of the keys nobody asked for."""
        for key in self._data:
            if key not in self._asked:
                self._warnings.append(f"{self.path(key)}: unknown key, ignored")

    def _list(self, key: str) -> list[Any]:
        value = self.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            self.fail(key, f"must be a list in square brackets, not {show(value)}")
        return value

    def _made(self, value: Any, path: str, make: Callable[[Reader], Made]) -> Made:
        reader = Reader(value, path, self._warnings)
        made = make(reader)
        reader.finish()
        return made


def show(value: Any) -> str:
    """A short look at a wrong value, on one line and in plain ASCII."""
    if isinstance(value, Odd):
        text = value.text
    elif isinstance(value, dict):
        text = "an object"
    elif isinstance(value, list):
        text = "a list"
    else:
        text = json.dumps(value)
    return text if len(text) <= 40 else text[:37] + "..."


def _join(where: str, key: str) -> str:
    name = key if key.isprintable() and key.isascii() and len(key) <= 60 else show(key)
    return f"{where}.{name}" if where else name


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) == len(pairs):
        return made
    counts = Counter(name for name, _ in pairs)
    repeating = _Repeating(made)
    repeating.repeated = next(name for name, count in counts.items() if count > 1)
    return repeating
