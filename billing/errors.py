"""Refusals of the billing room."""

from __future__ import annotations

from clinics.errors import Refusal


class LedgerConflict(Refusal):
    """The same ledger key was used for different content: never a silent second posting."""

    code = "ledger_conflict"


class DayClosed(LedgerConflict):
    """The day was closed while this was posted."""

    code = "day_closed"


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


class NothingToCharge(Refusal):
    """A one-off invoice or a fee that cannot be made as it stands."""

    status = 400
    code = "nothing_to_charge"


class BadDrawer(Refusal):
    """The drawer was counted against other figures, or an amount cannot be read."""

    status = 409
    code = "bad_drawer"


class CannotVoid(Refusal):
    """The invoice stays: a claim or an insurer's answer stands on it, or no reason was given."""

    code = "cannot_void"


class CannotWriteOff(Refusal):
    """This amount, type or person does not fit a write-off (B10)."""

    status = 400
    code = "cannot_write_off"


class NothingDue(Refusal):
    """There is nothing to ask the patient for."""

    code = "nothing_due"


class StatementHeld(NothingDue):
    """The account is disputed: nothing is asked until that is closed."""

    code = "disputed"


class PdfUnavailable(Refusal):
    """The PDF could not be made: Pango is missing, or a page took too long."""

    status = 503
    code = "pdf_unavailable"


class CannotEstimate(Refusal):
    """A good-faith estimate cannot be made of this visit; the message says why."""

    code = "cannot_estimate"


class BadRule(Refusal):
    """A price rule that cannot be read: ``fields`` says where."""

    status = 400
    code = "bad_rule"


class RuleClash(Refusal):
    """Nothing could choose between this rule and one that is there; the message names it."""

    code = "rule_clash"


class BadPolicy(Refusal):
    """A policy row that does not fit its subject, or has no source."""

    status = 400
    code = "bad_policy"


class CannotDecide(Refusal):
    """This request is not for this person to decide, or was decided."""

    code = "cannot_decide"


class CannotPlan(Refusal):
    """A payment plan that does not fit the balance, the rules or the day (B12)."""

    status = 400
    code = "cannot_plan"


class BadCall(Refusal):
    """A call, promise or dispute that cannot be kept as it stands."""

    status = 400
    code = "bad_call"


class CannotClose(Refusal):
    """A day that does not tie, is closed already, or may not be reopened by this person (B13)."""

    code = "cannot_close"


class CannotCollect(Refusal):
    """A case for an agency that does not fit its account or its state (B12)."""

    code = "cannot_collect"
