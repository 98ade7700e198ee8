"""Refusals of the carriers' room."""

from __future__ import annotations

from clinics.errors import BadInput, Refusal


class FileTooLarge(BadInput):
    """More bytes than one file may have."""

    status = 413
    code = "file_too_large"


class EmptyFile(BadInput):
    """No bytes at all."""

    code = "empty_file"


class NumbersExhausted(Refusal):
    """ISA13 or GS06 has reached 999,999,999 on this connection."""

    code = "control_numbers_exhausted"


class WrongNumber(Refusal):
    """Control numbers cannot go on after this one."""

    status = 400
    code = "wrong_number"


class WrongState(Refusal):
    """The file is not in a state from which this can be done."""

    code = "wrong_state"


class NotReachable(Refusal):
    """The partner's mailbox cannot be opened."""

    status = 502
    code = "not_reachable"
