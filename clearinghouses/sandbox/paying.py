"""Answers of one payer to one payee gathered into an 835 that balances, debts settled by PLB.

Before it: adjudicating. After it: answering, which puts envelopes around it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from clearinghouses.sandbox.contracts import PayerContract
from clearinghouses.sandbox.memory import Memory
from lib.money import ZERO
from x12.documents.parties import Contact, Reference
from x12.documents.professional_claim import BillingProvider
from x12.documents.remittance import (
    BankAccount,
    ClaimPayment,
    ProviderAdjustment,
    Remittance,
    RemittanceParty,
)

TAKEN_BACK = Decimal("6.00")


@dataclass(frozen=True, slots=True)
class Payee:
    """Who is paid: the billing provider of the claims."""

    name: str
    npi: str
    tax_id: str

    @classmethod
    def of(cls, provider: BillingProvider) -> Payee:
        """From 2010AA."""
        return cls(provider.party.display_name, provider.party.identifier, provider.tax_id)


def pay(
    payer: PayerContract, payee: Payee, claims: list[ClaimPayment], memory: Memory, day: date, seed: int
) -> Remittance:
    """One payment. Older debts are taken out as far as it reaches; a negative one is carried forward."""
    trace = f"EFT{memory.serial('trace', seed)}"
    key = f"{payer.identifier}|{payee.npi}"
    rest = sum((claim.paid for claim in claims), ZERO)
    pairs: list[tuple[str, str, Decimal]] = []
    for code, book in (("FB", memory.forwarded), ("WO", memory.recoupments)):
        for reference, amount in memory.settle(book, key, max(rest, ZERO)):
            pairs.append((code, reference, amount))
            rest -= amount
    if rest < 0:
        pairs.append(("FB", trace, rest))
        memory.owe(memory.forwarded, key, trace, -rest)
        rest = ZERO
    year_end = date(day.year, 12, 31)
    is_paid = rest > 0
    return Remittance(
        trace_number=trace,
        payer_identifier=payer.trace_identifier,
        amount=rest,
        method="ACH" if is_paid else "NON",
        effective_date=day,
        handling_code="I" if is_paid else "H",
        payment_format="CCP" if is_paid else "",
        payer_account=BankAccount("01", "999999992", "DA", "99999") if is_paid else None,
        originating_company=payer.trace_identifier,
        payee_account=BankAccount("01", "999999992", "DA", "88888") if is_paid else None,
        production_date=day,
        payer=RemittanceParty(
            name=payer.name,
            address=payer.address,
            references=(Reference("2U", payer.identifier),),
            contacts=(Contact(name="EDI HELP", phone="8005550100", function="BL"),),
        ),
        payee=RemittanceParty(payee.name, "XX", payee.npi, references=_tax(payee)),
        claims=tuple(claims),
        provider_adjustments=tuple(
            ProviderAdjustment(payee.npi, year_end, code, reference, amount)
            for code, reference, amount in pairs
        ),
    )


def take_back_later(payer: PayerContract, payee: Payee, claim: ClaimPayment, memory: Memory) -> None:
    """The payer finds it has paid too much: the next payment that can bear it is reduced by PLB WO."""
    amount = min(TAKEN_BACK, claim.paid)
    if amount > 0:
        key = f"{payer.identifier}|{payee.npi}"
        memory.owe(memory.recoupments, key, claim.payer_control_number, amount)


def _tax(payee: Payee) -> tuple[Reference, ...]:
    return (Reference("TJ", payee.tax_id),) if payee.tax_id else ()
