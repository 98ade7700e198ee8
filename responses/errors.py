"""Refusals of the responses room."""

from __future__ import annotations

from clinics.errors import BadInput, Refusal


class CannotPost(Refusal):
    """The answer cannot be posted as it stands; the message says why."""

    code = "cannot_post"


class CannotUnpost(Refusal):
    """The posting cannot be taken back: something was built upon it."""

    code = "cannot_unpost"


class BadEob(BadInput):
    """A typed-in EOB does not add up; ``findings`` name the lines."""

    code = "bad_eob"


class NotReadable(BadInput):
    """A file that is none of the answers we read."""

    code = "not_readable"
