"""How a lower room asks an upper one without importing it (design.md 2).

A room names its questions in its ``hooks.py``; upper rooms register their answers in
``AppConfig.ready()``. A question that nobody answers raises ``Unanswered``, so that work which
depends on the answer refuses; tests/architecture asserts that each has its answerer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

R = TypeVar("R")
T = TypeVar("T")


class Unanswered(LookupError):
    """No upper room has registered an answer."""


class Question(Generic[R]):
    """One question with exactly one answerer: ``VISITS_ON = Question[...]("insurance.visits_on")``."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._answer: Callable[..., R] | None = None

    @property
    def is_answered(self) -> bool:
        """Whether somebody has registered."""
        return self._answer is not None

    def answered_by(self, answer: Callable[..., R]) -> Callable[..., R]:
        """Register the answer; a second, different one is a bug."""
        assert self._answer in (None, answer), f"{self.name} is answered twice"
        self._answer = answer
        return answer

    def ask(self, *args: Any, **kwargs: Any) -> R:
        """The answer; Unanswered where nobody gives one."""
        if self._answer is None:
            raise Unanswered(self.name)
        return self._answer(*args, **kwargs)


class Announcement(Generic[T]):
    """Something that happened below and that upper rooms have to follow in the same transaction."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._followers: list[Callable[[T], Any]] = []

    @property
    def is_answered(self) -> bool:
        """Whether anybody follows."""
        return bool(self._followers)

    def followed_by(self, follower: Callable[[T], Any]) -> Callable[[T], Any]:
        """Add a follower, once."""
        if follower not in self._followers:
            self._followers.append(follower)
        return follower

    def tell(self, subject: T) -> None:
        """Call every follower in the order in which they registered; Unanswered where there is none."""
        if not self._followers:
            raise Unanswered(self.name)
        for follower in self._followers:
            follower(subject)
