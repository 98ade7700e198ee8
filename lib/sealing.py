"""Frozen dataclasses made fast: filled while open to writing, then sealed without a copy.

A frozen dataclass pays for each field when it is made. An object of a twin class with the same slots in the same
order is filled by plain assignment and becomes the frozen one by a change of its class.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, make_dataclass
from typing import Any, TypeVar, cast

T = TypeVar("T")


def seal(made: object, kind: type[T]) -> T:
    """The same object as ``kind``, whose slots it has; TypeError when it has others."""
    made.__class__ = kind
    return cast(T, made)


def quick_maker(kind: type[T]) -> Callable[..., T]:
    """Makes objects of a frozen dataclass with slots from the values of all its fields, in order."""
    names = [field.name for field in fields(cast(Any, kind))]
    twin = make_dataclass(f"Open{kind.__name__}", names, slots=True, eq=False)

    def make(*values: object) -> T:
        made = twin(*values)
        made.__class__ = kind
        return cast(T, made)

    return make
