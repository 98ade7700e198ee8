"""A claim and a line of an 835 while they are being read: open to writing, then sealed into what remittance.py says.

They have the slots of ``ClaimPayment`` and ``ServicePayment`` and become these when they are sealed (lib/sealing.py).
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import cast

from lib.sealing import seal
from x12.documents.parties import (
    Adjustment,
    Contact,
    OutpatientRemarks,
    Party,
    QualifiedAmount,
    QualifiedQuantity,
    Reference,
)
from x12.documents.remittance import ClaimPayment, Procedure, ServicePayment


class OpenLine:
    """The fields of a ``ServicePayment``, to be written."""

    __slots__ = ServicePayment.__slots__

    def __init__(
        self, segment: int, procedure: Procedure, charge: Decimal, paid: Decimal, units: Decimal | None,
        revenue_code: str, submitted: Procedure | None, submitted_units: Decimal | None,
    ) -> None:  # fmt: skip
        self.procedure = procedure
        self.charge = charge
        self.paid = paid
        self.units = units
        self.revenue_code = revenue_code
        self.submitted = submitted
        self.submitted_units = submitted_units
        self.service_date: date | None = None
        self.service_date_end: date | None = None
        self.adjustments: tuple[Adjustment, ...] = ()
        self.line_id = ""
        self.allowed: Decimal | None = None
        self.remarks: tuple[str, ...] = ()
        self.references: tuple[Reference, ...] = ()
        self.amounts: tuple[QualifiedAmount, ...] = ()
        self.quantities: tuple[QualifiedQuantity, ...] = ()
        self.amounts_readable = True
        self.segment = segment


class OpenClaim:
    """The fields of a ``ClaimPayment``, to be written."""

    __slots__ = ClaimPayment.__slots__

    def __init__(
        self, control_number: str, status_code: str, charge: Decimal, paid: Decimal,
        patient_responsibility: Decimal | None, filing_indicator: str, payer_control_number: str,
        place_of_service: str, frequency_code: str, segment: int,
    ) -> None:  # fmt: skip
        self.control_number = control_number
        self.status_code = status_code
        self.charge = charge
        self.paid = paid
        self.patient_responsibility = patient_responsibility
        self.filing_indicator = filing_indicator
        self.payer_control_number = payer_control_number
        self.place_of_service = place_of_service
        self.frequency_code = frequency_code
        self.adjustments: tuple[Adjustment, ...] = ()
        self.patient: Party | None = None
        self.insured: Party | None = None
        self.corrected_insured: Party | None = None
        self.rendering_provider: Party | None = None
        self.crossover_carrier: Party | None = None
        self.corrected_priority_payer: Party | None = None
        self.other_subscriber: Party | None = None
        self.outpatient: OutpatientRemarks | None = None
        self.inpatient_remarks: tuple[str, ...] = ()
        self.references: tuple[Reference, ...] = ()
        self.service_date: date | None = None
        self.service_date_end: date | None = None
        self.coverage_expired_on: date | None = None
        self.received_on: date | None = None
        self.contacts: tuple[Contact, ...] = ()
        self.amounts: tuple[QualifiedAmount, ...] = ()
        self.quantities: tuple[QualifiedQuantity, ...] = ()
        self.lines: tuple[ServicePayment, ...] = ()
        self.amounts_readable = True
        self.segment = segment

    def seal(self, lines: list[OpenLine]) -> ClaimPayment:
        """The same object with its lines, frozen."""
        for line in lines:
            line.__class__ = ServicePayment  # type: ignore[assignment]
        self.lines = cast("tuple[ServicePayment, ...]", tuple(lines))
        return seal(self, ClaimPayment)
