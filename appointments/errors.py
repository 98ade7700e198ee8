"""What booking and visits say no to."""

from __future__ import annotations

from clinics.errors import BadInput, Refusal


class BadVisit(BadInput):
    """Something entered for a booking, a visit or the catalogue cannot be taken; ``fields`` names each."""

    code = "bad_visit"


class WrongState(Refusal):
    """The visit is not in a state in which this can be done; ``state`` says in which it is."""

    code = "wrong_state"


class Changed(Refusal):
    """Somebody else changed the visit in between."""

    code = "changed_meanwhile"
