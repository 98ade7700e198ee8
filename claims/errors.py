"""Refusals of the claims room."""

from __future__ import annotations

from claims.enums import ClaimState
from clinics.errors import Refusal


class IllegalMove(Refusal):
    """The claim cannot go from where it stands to there."""

    code = "illegal_move"

    def __init__(
        self, control_number: str, start: ClaimState, to: ClaimState, *, raced: bool = False
    ) -> None:
        words = (
            f"Claim {control_number} was just changed by somebody else. Reload to see where it stands."
            if raced
            else f"Claim {control_number} is {start.label.lower()}; it cannot become {to.label.lower()} from there."
        )
        super().__init__(words, code="raced" if raced else "illegal_move", start=start.value, to=to.value)


class NothingToClaim(Refusal):
    """No claim is due: the insurer's share is 0.00, the visit is self-pay or the invoice is no visit's."""

    code = "nothing_to_claim"


class NotReady(Refusal):
    """A one-click claim with something missing; ``findings`` lists it (B4)."""

    code = "not_ready"


class StaleDocument(Refusal):
    """Somebody saved this claim since the form was opened (optimistic ``document_version``)."""

    code = "stale_document"

    def __init__(self, control_number: str, version: int) -> None:
        super().__init__(
            f"Claim {control_number} was saved by somebody else since you opened it. Reload to see their change.",
            document_version=version,
        )


class NotEditable(Refusal):
    """The claim has left, or the field carries money and is corrected on the visit (B8)."""

    code = "not_editable"


class NotResubmittable(Refusal):
    """A duplicate that B8's table does not allow from where the claim stands."""

    code = "not_resubmittable"


class NothingToSubmit(Refusal):
    """A selection in which no claim can go."""

    code = "nothing_to_submit"


class CannotResend(Refusal):
    """Send again and dissolve are for refused batches only; an unknown one is looked for first (B6.5)."""

    code = "cannot_resend"


class CannotMove(Refusal):
    """Visits that cannot go to another profile, or a move that cannot be undone; ``stops`` says why (B11.6)."""

    code = "cannot_move"


class BadCodeFile(Refusal):
    """A file of codes that cannot be read, or a table that cannot be switched on or discarded where it stands."""

    code = "bad_code_file"


class BadRule(Refusal):
    """A claim rule that cannot be saved, tried or switched on; ``fields`` says what to mend."""

    status = 400
    code = "bad_rule"


class CannotInquire(Refusal):
    """Nothing to ask the payer about this claim, or nothing said."""

    code = "cannot_inquire"
