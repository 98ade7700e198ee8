"""What coverage says no to."""

from __future__ import annotations

from clinics.errors import BadInput, Refusal


class BadCoverage(BadInput):
    """A card, profile, payer or rate cannot be taken as entered; ``fields`` names each with its words."""

    code = "bad_coverage"


class ProfileRefused(Refusal):
    """A rule of B11 says no to a change of a profile."""

    code = "profile_refused"


class ProfileInUse(ProfileRefused):
    """Visits stand on this profile: ``visits`` of them, ``open`` not closed."""

    code = "profile_in_use"


class CannotAsk(Refusal):
    """This card cannot be asked about electronically; the message says what to do instead."""

    code = "cannot_ask"
