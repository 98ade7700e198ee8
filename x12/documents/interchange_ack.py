"""The interchange acknowledgement (TA1): whether an envelope of ours was taken at the door."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class InterchangeAck:
    """TA1: ``status`` A accepted, E accepted with errors, R rejected; ``note`` 000 = no error."""

    control_number: str  # TA101 = our ISA13
    date: str  # TA102, as written (YYMMDD)
    time: str  # TA103
    status: str  # TA104
    note: str = ""  # TA105
    segment: int = field(default=0, compare=False)

    @property
    def is_accepted(self) -> bool:
        """A or E."""
        return self.status in ("A", "E")
