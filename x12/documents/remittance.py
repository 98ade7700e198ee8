"""The remittance (835) as we keep it: what responses/ matches, plans and posts.

Money is exact: an amount that cannot be read is a finding, counts as 0.00 and marks its claim
``amounts_readable=False`` so that nobody posts it. ``None`` is not reported, zero is zero.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from x12.documents.parties import (
    Address,
    Adjustment,
    Contact,
    OutpatientRemarks,
    Party,
    QualifiedAmount,
    QualifiedQuantity,
    Reference,
)


@dataclass(frozen=True, slots=True)
class BankAccount:
    """BPR06-09 or BPR12-15: shown masked, never in lists."""

    routing_qualifier: str
    routing_number: str
    account_qualifier: str
    account_number: str


@dataclass(frozen=True, slots=True)
class RemittanceParty:
    """N1*PR or N1*PE with address, second ids and contacts. N103/N104: XX NPI, FI tax id, XV plan id."""

    name: str = ""
    id_qualifier: str = ""
    identifier: str = ""
    address: Address | None = None
    references: tuple[Reference, ...] = ()
    contacts: tuple[Contact, ...] = ()

    @property
    def npi(self) -> str:
        """The NPI, from N104 (XX); empty when not given."""
        return self.identifier if self.id_qualifier == "XX" else ""

    @property
    def tax_id(self) -> str:
        """The tax id, from N104 (FI) or REF*TJ; empty when not given."""
        if self.id_qualifier == "FI":
            return self.identifier
        return next((ref.value for ref in self.references if ref.qualifier == "TJ"), "")


@dataclass(frozen=True, slots=True)
class Procedure:
    """The composite of SVC01 and SVC06."""

    code: str
    modifiers: tuple[str, ...] = ()
    qualifier: str = "HC"
    description: str = ""


@dataclass(frozen=True, slots=True)
class ServicePayment:
    """2110: one line as paid. ``submitted`` (SVC06) only when the payer changed the code."""

    procedure: Procedure
    charge: Decimal
    paid: Decimal
    units: Decimal | None = None  # SVC05; None means 1
    revenue_code: str = ""  # SVC04
    submitted: Procedure | None = None
    submitted_units: Decimal | None = None  # SVC07
    service_date: date | None = None  # DTM*472, or 150
    service_date_end: date | None = None  # DTM*151
    adjustments: tuple[Adjustment, ...] = ()
    line_id: str = ""  # REF*6R
    allowed: Decimal | None = None  # AMT*B6
    remarks: tuple[str, ...] = ()  # LQ*HE
    references: tuple[Reference, ...] = ()  # the others
    amounts: tuple[QualifiedAmount, ...] = ()  # the others
    quantities: tuple[QualifiedQuantity, ...] = ()
    amounts_readable: bool = True
    segment: int = field(default=0, compare=False)  # position of SVC in the file


CROSSOVER_REMARKS = frozenset({"MA07", "MA18", "N89"})  # the payer has sent the claim on


@dataclass(frozen=True, slots=True)
class ClaimPayment:
    """2100: one claim as adjudicated (CLP02 says how)."""

    control_number: str  # CLP01, our CLM01
    status_code: str  # CLP02
    charge: Decimal  # CLP03
    paid: Decimal  # CLP04
    patient_responsibility: Decimal | None = None  # CLP05
    filing_indicator: str = ""  # CLP06
    payer_control_number: str = ""  # CLP07
    place_of_service: str = ""  # CLP08
    frequency_code: str = ""  # CLP09
    adjustments: tuple[Adjustment, ...] = ()
    patient: Party | None = None  # NM1*QC
    insured: Party | None = None  # NM1*IL, when not the patient
    corrected_insured: Party | None = None  # NM1*74
    rendering_provider: Party | None = None  # NM1*82
    crossover_carrier: Party | None = None  # NM1*TT
    corrected_priority_payer: Party | None = None  # NM1*PR
    other_subscriber: Party | None = None  # NM1*GB
    outpatient: OutpatientRemarks | None = None  # MOA
    inpatient_remarks: tuple[str, ...] = ()  # MIA05, 20-23
    references: tuple[Reference, ...] = ()
    service_date: date | None = None  # DTM*232
    service_date_end: date | None = None  # DTM*233
    coverage_expired_on: date | None = None  # DTM*036
    received_on: date | None = None  # DTM*050
    contacts: tuple[Contact, ...] = ()
    amounts: tuple[QualifiedAmount, ...] = ()
    quantities: tuple[QualifiedQuantity, ...] = ()
    lines: tuple[ServicePayment, ...] = ()
    amounts_readable: bool = True  # of the claim itself and all its lines
    segment: int = field(default=0, compare=False)  # position of CLP in the file

    @property
    def remarks(self) -> tuple[str, ...]:
        """Claim-level remark codes, from MOA or MIA."""
        return self.outpatient.remarks if self.outpatient else self.inpatient_remarks

    @property
    def is_reversal(self) -> bool:
        """CLP02 = 22."""
        return self.status_code == "22"

    @property
    def is_crossover(self) -> bool:
        """Forwarded by the payer to another: CLP02 19, 20, 21, a crossover carrier named, or a remark that says so."""
        told = {*self.remarks, *(remark for line in self.lines for remark in line.remarks)}
        return (
            self.status_code in ("19", "20", "21")
            or self.crossover_carrier is not None
            or bool(told & CROSSOVER_REMARKS)
        )

    @property
    def original_payer_control_number(self) -> str:
        """REF*F8 of a reversal or correction: the earlier CLP07."""
        return next((ref.value for ref in self.references if ref.qualifier == "F8"), "")


@dataclass(frozen=True, slots=True)
class ProviderAdjustment:
    """One pair of PLB: a positive ``amount`` reduces the payment, a negative one increases it."""

    provider_id: str  # PLB01
    fiscal_period_end: date | None  # PLB02
    code: str  # PLB03-1
    reference: str  # PLB03-2
    amount: Decimal
    segment: int = field(default=0, compare=False)


DOLLARS = frozenset({"", "USD", "X" * 3})  # CUR02; three X are the standard's code for no currency named


@dataclass(frozen=True, slots=True)
class Remittance:
    """One ST 835: one payment (or none) and what it is for."""

    trace_number: str  # TRN02, check or EFT number
    payer_identifier: str  # TRN03, 1 + the payer's EIN
    amount: Decimal  # BPR02
    method: str = ""  # BPR04: ACH, CHK, NON, FWT, BOP
    effective_date: date | None = None  # BPR16
    handling_code: str = "I"  # BPR01
    credit_debit: str = "C"  # BPR03
    payment_format: str = ""  # BPR05
    payer_account: BankAccount | None = None  # BPR06-09
    originating_company: str = ""  # BPR10
    originating_supplement: str = ""  # BPR11
    payee_account: BankAccount | None = None  # BPR12-15
    trace_supplement: str = ""  # TRN04
    currency: str = ""  # CUR02, as told; empty means US dollars
    receiver_id: str = ""  # REF*EV
    system_version: str = ""  # REF*F2
    production_date: date | None = None  # DTM*405
    payer: RemittanceParty = RemittanceParty()
    payee: RemittanceParty = RemittanceParty()
    claims: tuple[ClaimPayment, ...] = ()
    provider_adjustments: tuple[ProviderAdjustment, ...] = ()
    amounts_readable: bool = True  # of BPR and PLB

    @property
    def foreign_currency(self) -> str:
        """The currency of its amounts where they are no US dollars, else empty."""
        return "" if self.currency in DOLLARS else self.currency


ZERO = Decimal("0.00")


# --- balancing: exact differences, zero when it balances (domain reference section 6) ----------------


def line_difference(line: ServicePayment) -> Decimal:
    """SVC02 minus its adjustments minus SVC03; 0.00 when the line balances."""
    return line.charge - sum((a.amount for a in line.adjustments), Decimal("0.00")) - line.paid


def claim_differences(claim: ClaimPayment) -> dict[str, Decimal]:
    """The equations of one claim that do not hold, by name, with their difference; empty when all do.

    ``charge_less_adjustments``: CLP03 - all CAS - CLP04. ``line_charges``: CLP03 - sum of SVC02 and
    ``line_payments``: sum of SVC03 - claim CAS - CLP04, both only when there are lines. ``line_n``: line n.
    """
    zero = Decimal("0.00")
    claim_cas = sum((a.amount for a in claim.adjustments), zero)
    line_cas = sum((a.amount for line in claim.lines for a in line.adjustments), zero)
    found = {"charge_less_adjustments": claim.charge - claim_cas - line_cas - claim.paid}
    if claim.lines:
        found["line_charges"] = claim.charge - sum((line.charge for line in claim.lines), zero)
        found["line_payments"] = sum((line.paid for line in claim.lines), zero) - claim_cas - claim.paid
    for number, line in enumerate(claim.lines, 1):
        found[f"line_{number}"] = line_difference(line)
    return {name: amount for name, amount in found.items() if amount}


def claim_balances(claim: ClaimPayment) -> bool:
    """Whether all equations of the claim hold and every amount in it could be read: asked of every claim."""
    if not claim.amounts_readable:
        return False
    own, charges, paid = ZERO, ZERO, ZERO
    for item in claim.adjustments:
        own += item.amount
    if not claim.lines:
        return claim.charge - own == claim.paid
    for line in claim.lines:
        left = charge = line.charge
        for item in line.adjustments:
            left -= item.amount
        if left != line.paid:
            return False
        charges += charge
        paid += left
    # Where each line adds up and both sums agree, all adjustments together do too.
    return charges == claim.charge and paid - own == claim.paid


def claims_paid(remittance: Remittance) -> Decimal:
    """Sum of CLP04."""
    return sum((claim.paid for claim in remittance.claims), Decimal("0.00"))


def provider_adjustment_total(remittance: Remittance) -> Decimal:
    """Sum of PLB amounts; positive reduces the payment."""
    return sum((item.amount for item in remittance.provider_adjustments), Decimal("0.00"))


def remittance_difference(remittance: Remittance) -> Decimal:
    """BPR02 minus (sum of CLP04 minus sum of PLB); 0.00 when the payment explains itself."""
    return remittance.amount - (claims_paid(remittance) - provider_adjustment_total(remittance))


def remittance_balances(remittance: Remittance) -> bool:
    """Whether payment, claims and lines all add up exactly and every amount could be read."""
    return (
        remittance.amounts_readable
        and not remittance_difference(remittance)
        and all(claim_balances(claim) for claim in remittance.claims)
    )
