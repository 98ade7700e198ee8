"""What booking and visits say no to."""

from __future__ import annotations

from clinics.errors import BadInput, Refusal


class BadVisit(BadInput):
    """Something entered for a booking, a visit or the catalogue cannot be taken; ``fields`` names each."""

    code = "bad_visit"


class WrongState(Refusal):
    """The visit is not in a state in which this can be done; ``state`` says in which it is."""

    code = "wrong_state"


class CoverageBoundary(Refusal):
    """A move over a boundary of coverage: somebody has to say who pays (B11.4). Nothing is moved.

    ``choices`` are the profiles to choose from, the day's own first: id, name, what is said of it.
    """

    code = "coverage_boundary"


class Changed(Refusal):
    """Somebody else changed the visit in between."""

    code = "changed_meanwhile"
