"""Frozen copies: dataclasses to plain JSON and back, exactly.

Claims, invoices and traces are stored as the JSON of their dataclasses. Money becomes a string,
a date ISO 8601; reading back gives an equal object. Only the types we store are understood.
"""

from __future__ import annotations

import types
import typing
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any, TypeVar

T = TypeVar("T")


def freeze(value: Any) -> Any:
    """Plain JSON (dict, list, str, int, bool, None) of a dataclass tree."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: freeze(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, date):  # datetime too
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [freeze(item) for item in value]
    if isinstance(value, dict):
        return {str(key): freeze(item) for key, item in value.items()}
    assert value is None or isinstance(value, str | int | bool), f"cannot freeze {type(value)}"
    return value


def thaw(kind: type[T], data: Any) -> T:
    """The dataclass ``kind`` again from what ``freeze`` made; missing keys take their defaults."""
    return typing.cast(T, _thaw(kind, data))


@cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _thaw(kind: Any, data: Any) -> Any:
    origin = typing.get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        if data is None:
            return None
        return _thaw(next(k for k in typing.get_args(kind) if k is not type(None)), data)
    if origin in (list, tuple):
        made = [_thaw(typing.get_args(kind)[0], item) for item in data]
        return made if origin is list else tuple(made)
    if origin is dict:
        return {key: _thaw(typing.get_args(kind)[1], item) for key, item in data.items()}
    if is_dataclass(kind) and isinstance(kind, type):
        hints = _hints(kind)
        return kind(**{f.name: _thaw(hints[f.name], data[f.name]) for f in fields(kind) if f.name in data})
    if kind is Decimal:
        return Decimal(data)
    if kind in (date, datetime):
        return kind.fromisoformat(data)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(data)
    return data
