"""The functional acknowledgement (999, and the older 997): whether a group and its sets were taken."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ElementError:
    """IK4 (AK4): element and component place, what is wrong (code), the bad value when it is told."""

    element: int
    code: str
    component: int | None = None
    repetition: int | None = None
    reference: str = ""  # IK402, data element number
    value: str = ""  # IK404


@dataclass(frozen=True, slots=True)
class SegmentError:
    """IK3 (AK3): segment, its position counted from ST = 1, loop, and what is wrong.

    ``control_number`` is CLM01 when the receiver names it (CTX*CLM01).
    """

    segment_id: str
    position: int | None
    loop: str = ""
    code: str = ""
    control_number: str = ""
    contexts: tuple[str, ...] = ()  # the other CTX segments, as text
    elements: tuple[ElementError, ...] = ()


@dataclass(frozen=True, slots=True)
class TransactionAck:
    """AK2 to IK5: one ST of ours, taken (A), taken with errors (E) or refused (R, M, W, X)."""

    kind: str  # AK201
    control_number: str  # AK202 = our ST02
    version: str  # AK203
    status: str  # IK501
    codes: tuple[str, ...] = ()  # IK502-06
    errors: tuple[SegmentError, ...] = ()

    @property
    def is_accepted(self) -> bool:
        """A or E."""
        return self.status in ("A", "E")


@dataclass(frozen=True, slots=True)
class FunctionalAck:
    """One ST 999 or 997: AK1 names our group (GS06), AK9 sums up."""

    functional_code: str  # AK101 = our GS01
    group_control_number: str  # AK102 = our GS06
    version: str = ""  # AK103
    status: str = ""  # AK901: A, E, P partial, R
    included: int | None = None
    received: int | None = None
    accepted: int | None = None
    codes: tuple[str, ...] = ()  # AK905-09
    transactions: tuple[TransactionAck, ...] = ()
    is_997: bool = False
    segment: int = field(default=0, compare=False)
