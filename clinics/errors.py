"""Refusals of the house: a rule that says no, with a code a machine can read and words a person can use."""

from __future__ import annotations

from typing import Any


class Refusal(Exception):
    """A rule said no. ``code`` is stable, ``message`` says how to mend it, ``status`` is the HTTP answer."""

    status = 409
    code = "refused"

    def __init__(self, message: str, *, code: str | None = None, **data: Any) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.data = data


class BadInput(Refusal):
    """What was sent cannot be taken as it stands."""

    status = 400
    code = "bad_input"


class NotAllowed(Refusal):
    """The person's role does not include this act (clinics/permissions.py)."""

    status = 403
    code = "not_allowed"


class NotYours(Refusal):
    """Not there, or another clinic's: both answer the same (reliability.md e4)."""

    status = 404
    code = "not_found"
