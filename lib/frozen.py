"""Frozen copies: dataclasses to plain JSON and back, exactly.

Claims, invoices and traces are stored as the JSON of their dataclasses. Money becomes a string,
a date ISO 8601; reading back gives an equal object. Only the types we store are understood.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable
from dataclasses import MISSING, field, fields, is_dataclass, make_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from operator import attrgetter, itemgetter
from typing import Any, TypeVar

T = TypeVar("T")


def freeze(value: Any) -> Any:
    """Plain JSON (dict, list, str, int, bool, None) of a dataclass tree."""
    kind = type(value)
    return value if kind in PLAIN else (FREEZERS.get(kind) or _freezer(kind))(value)


PLAIN = frozenset({str, int, bool, type(None)})
# How values of a type are frozen, worked out at the first of each: thousands of answers go the same way.
FREEZERS: dict[type, Callable[[Any], Any]] = {
    Decimal: str,
    date: date.isoformat,
    datetime: datetime.isoformat,
    list: lambda value: [freeze(item) for item in value],
    tuple: lambda value: [freeze(item) for item in value],
    dict: lambda value: {str(key): freeze(item) for key, item in value.items()},
}


def _freezer(kind: type) -> Callable[[Any], Any]:
    found = _new_freezer(kind)
    FREEZERS[kind] = found
    return found


def _new_freezer(kind: type) -> Callable[[Any], Any]:
    if is_dataclass(kind):
        names = tuple(item.name for item in fields(kind))
        if len(names) == 1:
            return lambda value: {names[0]: freeze(getattr(value, names[0]))}
        read = attrgetter(*names)
        return lambda value: {
            name: item if type(item) in PLAIN else freeze(item)
            for name, item in zip(names, read(value), strict=True)
        }
    if issubclass(kind, Enum):
        return lambda value: value.value
    for base in (Decimal, date, list, tuple, dict):
        if issubclass(kind, base):
            return FREEZERS[datetime if issubclass(kind, datetime) else base]
    assert issubclass(kind, str | int), f"cannot freeze {kind}"
    return _same


def freeze_told(value: Any) -> Any:
    """``freeze`` without what stands at its default: ``thaw`` gives the same object back from half the text."""
    kind: Any = type(value)
    return value if kind in PLAIN else _telling_freezer(kind)(value)


@cache
def _telling_freezer(kind: Any) -> Callable[[Any], Any]:
    if kind in (list, tuple):
        return lambda value: [freeze_told(item) for item in value]
    if not is_dataclass(kind):
        return FREEZERS.get(kind) or _freezer(kind)
    names = tuple(item.name for item in fields(kind))
    read = attrgetter(*names) if len(names) > 1 else lambda value: (getattr(value, names[0]),)
    defaults = tuple(
        item.default if item.default_factory is MISSING else item.default_factory() for item in fields(kind)
    )
    return lambda value: {
        name: item if type(item) in PLAIN else freeze_told(item)
        for name, item, default in zip(names, read(value), defaults, strict=True)
        if not (item is default or item == default)
    }


def thaw(kind: type[T], data: Any) -> T:
    """The dataclass ``kind`` again from what ``freeze`` made; missing keys take their defaults."""
    wanted: Any = kind
    return typing.cast(T, _thawer(wanted)(data))


Thawer = Callable[[Any], Any]


@cache
def _thawer(kind: Any) -> Thawer:
    """How values of a type are read, worked out once: thousands of claims are read by the same few functions."""
    origin = typing.get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        inner = _thawer(next(k for k in typing.get_args(kind) if k is not type(None)))
        return _same if inner is _same else lambda data: None if data is None else inner(data)
    if origin in (list, tuple):
        each = _thawer(typing.get_args(kind)[0])
        if origin is list:
            return list if each is _same else lambda data: [each(item) for item in data]
        return tuple if each is _same else lambda data: tuple([each(item) for item in data]) if data else ()
    if origin is dict:
        value = _thawer(typing.get_args(kind)[1])
        return lambda data: {key: value(item) for key, item in data.items()}
    if is_dataclass(kind) and isinstance(kind, type):
        return _dataclass_thawer(kind)
    if kind is Decimal:
        return Decimal
    if kind in (date, datetime):
        return typing.cast(Thawer, kind.fromisoformat)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind
    return _same


def _same(data: Any) -> Any:
    return data


def _dataclass_thawer(kind: type) -> Thawer:
    """What ``freeze`` told whole is read field by field in order, the rest by name; unknown keys are dropped."""
    names = [item.name for item in fields(kind)]
    read_all = itemgetter(*names) if len(names) > 1 else lambda data: (data[names[0]],)
    make: Callable[..., Any] = maker(kind)
    parts: dict[str, Thawer] = {}
    odd: list[tuple[int, Thawer]] = []  # the places of what is not stored as it is

    def build(data: Any) -> Any:
        if not parts:  # a type that holds itself is complete by now
            hints = typing.get_type_hints(kind)
            parts.update({name: _thawer(hints[name]) for name in names})
            odd.extend([(place, parts[name]) for place, name in enumerate(names) if parts[name] is not _same])
        try:
            values = list(read_all(data))
        except KeyError:
            return make(**{name: parts[name](value) for name, value in data.items() if name in parts})
        for place, read in odd:
            values[place] = read(values[place])
        return make(*values)

    return build


def maker(kind: type[T]) -> Callable[..., T]:
    """Makes objects of a dataclass, and frozen ones two to three times faster than the class itself.

    The ``__init__`` of a frozen class calls for each field what gets around its own lock. Here a twin of the same
    layout and without the lock is filled, and then given the class.
    """
    named: Any = kind
    is_locked = named.__dataclass_params__.frozen and kind.__bases__ == (object,)
    if not is_locked or hasattr(kind, "__post_init__"):
        return kind
    told: list[Any] = [
        (item.name, Any, field(default=item.default, default_factory=item.default_factory))
        for item in fields(named)
    ]
    twin: Any = make_dataclass(kind.__name__, told, slots="__slots__" in vars(kind))

    def make(*given: Any, **named: Any) -> T:
        made = twin(*given, **named)
        made.__class__ = kind
        return typing.cast(T, made)

    return make
