"""States of remittances and claim responses (rules.md B7, B9)."""

from django.db import models


class PostingState(models.TextChoices):
    """What was done with a claim response."""

    PROPOSED = "proposed", "Proposed"
    AUTO_POSTED = "auto_posted", "Posted by rule"
    POSTED_MANUALLY = "posted_manually", "Posted by hand"
    EXCEPTION = "exception", "Exception"
    IGNORED = "ignored", "Ignored"
    DUPLICATE = "duplicate", "Duplicate"
    REVERSED = "reversed", "Reversed"


class MatchQuality(models.TextChoices):
    """How sure the claim is (E04, E05)."""

    CERTAIN = "certain", "Certain"
    WEAK = "weak", "Weak"
    NONE = "none", "No match"


class RemittanceState(models.TextChoices):
    """Open until its escrow is 0."""

    OPEN = "open", "Open"
    CLOSED = "closed", "Closed"
    UNBALANCED = "unbalanced", "Does not balance"
    DUPLICATE = "duplicate", "Duplicate"
    QUARANTINE = "quarantine", "Payee unknown"
