"""Refusals of the billing room."""

from __future__ import annotations

from clinics.errors import Refusal


class LedgerConflict(Refusal):
    """The same ledger key was used for different content: never a silent second posting."""

    code = "ledger_conflict"


class Unbalanced(Refusal):
    """The database refused a transaction that does not balance or overdraws a receipt."""

    code = "unbalanced"


class CannotCheckOut(Refusal):
    """The visit cannot be checked out as it stands."""

    code = "cannot_check_out"


class BadPayment(Refusal):
    """A payment that cannot be taken: wrong method, amount or reference."""

    status = 400
    code = "bad_payment"
