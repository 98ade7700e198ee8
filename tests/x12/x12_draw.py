"""Random values from a seed, put together from small ones: the few words of Hypothesis that random claims need.

Claims have some two hundred fields; Hypothesis gives up on examples of that size, or draws nearly empty ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from random import Random
from typing import Any


class Strategy:
    """Makes a value from a source of chance."""

    def __init__(self, make: Callable[[Random], Any]) -> None:
        self.make = make

    def __or__(self, other: Strategy) -> Strategy:
        return Strategy(lambda chance: (self if chance.random() < 0.5 else other).make(chance))

    def map(self, change: Callable[[Any], Any]) -> Strategy:
        return Strategy(lambda chance: change(self.make(chance)))


def just(value: Any) -> Strategy:
    return Strategy(lambda _chance: value)


def none() -> Strategy:
    return just(None)


def booleans() -> Strategy:
    return Strategy(lambda chance: chance.random() < 0.5)


def integers(least: int, most: int) -> Strategy:
    return Strategy(lambda chance: chance.randint(least, most))


def dates(first: date, last: date) -> Strategy:
    return integers(0, (last - first).days).map(lambda days: first + timedelta(days=days))


def sampled_from(values: Sequence[Any]) -> Strategy:
    return Strategy(lambda chance: chance.choice(values))


def text(letters: str, least: int, most: int) -> Strategy:
    return Strategy(lambda chance: "".join(chance.choices(letters, k=chance.randint(least, most))))


def lists(of: Strategy, least: int, most: int) -> Strategy:
    return Strategy(lambda chance: [of.make(chance) for _ in range(chance.randint(least, most))])


def some(values: Sequence[Any], least: int = 0, most: int = 3) -> Strategy:
    """Some of the values as a tuple, each at most once, in their order."""

    def make(chance: Random) -> tuple[Any, ...]:
        places = chance.sample(range(len(values)), chance.randint(least, min(most, len(values))))
        return tuple(values[place] for place in sorted(places))

    return Strategy(make)


def tuples(*of: Strategy) -> Strategy:
    return Strategy(lambda chance: tuple(one.make(chance) for one in of))


def builds(made: Callable[..., Any], *values: Strategy, **named: Strategy) -> Strategy:
    return Strategy(
        lambda chance: made(
            *(one.make(chance) for one in values),
            **{name: one.make(chance) for name, one in named.items()},
        )
    )
