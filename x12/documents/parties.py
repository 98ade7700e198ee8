"""Names, addresses, contacts and references: the small values every document is made of.

Text that was not reported is ``""``; money, dates and quantities that were not reported are ``None``.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

PERSON = "1"
ORGANIZATION = "2"


@dataclass(frozen=True, slots=True)
class Address:
    """Street and place (N3, N4). ``postal_code`` is digits only for the US, nine where a rule asks so."""

    line1: str = ""
    line2: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to call (PER*IC): phone and fax are digits."""

    name: str = ""
    phone: str = ""
    extension: str = ""
    fax: str = ""
    email: str = ""
    url: str = ""
    function: str = "IC"  # PER01: IC information, CX payer claims office, BL technical


@dataclass(frozen=True, slots=True)
class Party:
    """One NM1: a person (``entity_type`` 1) or an organization (2), with an identifier and its qualifier.

    ``last_name`` holds the organization's name for type 2. Usual qualifiers: XX NPI, MI member id,
    PI payer id, 46 electronic id, FI tax id.
    """

    entity_type: str = ORGANIZATION
    last_name: str = ""
    first_name: str = ""
    middle_name: str = ""
    suffix: str = ""
    id_qualifier: str = ""
    identifier: str = ""

    @property
    def npi(self) -> str:
        """The identifier when it is an NPI, else empty."""
        return self.identifier if self.id_qualifier == "XX" else ""

    @property
    def display_name(self) -> str:
        """``LAST, FIRST M`` for a person, the name for an organization."""
        given = " ".join(part for part in (self.first_name, self.middle_name) if part)
        return f"{self.last_name}, {given}" if given else self.last_name


@dataclass(frozen=True, slots=True)
class Reference:
    """One REF: a qualifier and a value."""

    qualifier: str
    value: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class QualifiedAmount:
    """One AMT: informative money with its qualifier; takes no part in balancing."""

    qualifier: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class QualifiedQuantity:
    """One QTY."""

    qualifier: str
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Adjustment:
    """One CAS triple: why ``amount`` of a charge was not paid, and who owes it (``group`` CO, PR, OA, PI).

    ``quantity`` is the units adjusted, None when not reported (the usual case).
    """

    group: str
    reason: str
    amount: Decimal
    quantity: Decimal | None = None


@dataclass(frozen=True, slots=True)
class OutpatientRemarks:
    """MOA of an 835 or a 2320 loop: Medicare's rates and the claim's remark codes."""

    reimbursement_rate: Decimal | None = None
    payable_amount: Decimal | None = None
    remarks: tuple[str, ...] = ()
    esrd_amount: Decimal | None = None
    nonpayable_professional_amount: Decimal | None = None
