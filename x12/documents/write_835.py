"""A ``Remittance`` to the lines of an 835 (005010X221A1). Used by the sandbox clearinghouse and by tests."""

from __future__ import annotations

from itertools import groupby

from x12.documents.remittance import (
    BankAccount,
    ClaimPayment,
    Procedure,
    ProviderAdjustment,
    Remittance,
    RemittanceParty,
    ServicePayment,
)
from x12.documents.write_elements import (
    write_address,
    write_adjustments,
    write_contact,
    write_outpatient,
    write_party,
    write_references,
)
from x12.guides.responses import REMITTANCE
from x12.writer import SegmentWriter, d8, money, quantity

SET_ID = "835"
FUNCTIONAL_CODE = "HP"
VERSION = "005010X221A1"
PAIRS_PER_PLB = 6


def write_835(remittance: Remittance) -> list[str]:
    """The lines between ST and SE; a balanced remittance gives a balanced file. Raises WriteError."""
    writer = SegmentWriter(REMITTANCE)
    _write_payment(writer, remittance)
    _write_party(writer, "1000A", "PR", remittance.payer)
    _write_party(writer, "1000B", "PE", remittance.payee)
    if remittance.claims:
        writer.add("2000/LX", "1")
    for claim in remittance.claims:
        _write_claim(writer, claim)
    _write_provider_adjustments(writer, remittance.provider_adjustments)
    return writer.lines


def _account(account: BankAccount | None) -> tuple[str, str, str, str]:
    if account is None:
        return ("", "", "", "")
    return (
        account.routing_qualifier,
        account.routing_number,
        account.account_qualifier,
        account.account_number,
    )


def _write_payment(writer: SegmentWriter, remittance: Remittance) -> None:
    writer.add(
        "BPR",
        remittance.handling_code,
        money(remittance.amount),
        remittance.credit_debit,
        remittance.method,
        remittance.payment_format,
        *_account(remittance.payer_account),
        remittance.originating_company,
        remittance.originating_supplement,
        *_account(remittance.payee_account),
        d8(remittance.effective_date),
    )
    writer.add("TRN", "1", remittance.trace_number, remittance.payer_identifier, remittance.trace_supplement)
    if remittance.currency:
        writer.add("CUR", "PR", remittance.currency)
    if remittance.receiver_id:
        writer.add("REF", "EV", remittance.receiver_id)
    if remittance.system_version:
        writer.add("REF", "F2", remittance.system_version)
    if remittance.production_date is not None:
        writer.add("DTM", "405", d8(remittance.production_date))


def _write_party(writer: SegmentWriter, loop: str, qualifier: str, party: RemittanceParty) -> None:
    writer.add(f"{loop}/N1", qualifier, party.name, party.id_qualifier, party.identifier)
    write_address(writer, loop, party.address)
    write_references(writer, f"{loop}/REF", party.references)
    for contact in party.contacts:
        write_contact(writer, f"{loop}/PER", contact)


def _write_claim(writer: SegmentWriter, claim: ClaimPayment) -> None:
    writer.add(
        "2100/CLP",
        claim.control_number,
        claim.status_code,
        money(claim.charge),
        money(claim.paid),
        money(claim.patient_responsibility),
        claim.filing_indicator,
        claim.payer_control_number,
        claim.place_of_service,
        claim.frequency_code,
    )
    write_adjustments(writer, "2100/CAS", claim.adjustments)
    for qualifier, party in (
        ("QC", claim.patient),
        ("IL", claim.insured),
        ("74", claim.corrected_insured),
        ("82", claim.rendering_provider),
        ("TT", claim.crossover_carrier),
        ("PR", claim.corrected_priority_payer),
        ("GB", claim.other_subscriber),
    ):
        if party is not None:
            write_party(writer, "2100/NM1", qualifier, party)
    write_outpatient(writer, "2100/MOA", claim.outpatient)
    write_references(writer, "2100/REF", claim.references)
    for qualifier, day in (
        ("232", claim.service_date),
        ("233", claim.service_date_end),
        ("036", claim.coverage_expired_on),
        ("050", claim.received_on),
    ):
        if day is not None:
            writer.add("2100/DTM", qualifier, d8(day))
    for contact in claim.contacts:
        write_contact(writer, "2100/PER", contact)
    for amount in claim.amounts:
        writer.add("2100/AMT", amount.qualifier, money(amount.amount))
    for item in claim.quantities:
        writer.add("2100/QTY", item.qualifier, quantity(item.quantity))
    for line in claim.lines:
        _write_line(writer, line)


def _procedure(procedure: Procedure | None) -> tuple[str, ...]:
    if procedure is None:
        return ()
    parts = (procedure.qualifier, procedure.code, *procedure.modifiers)
    return (*parts, *([""] * (6 - len(parts))), procedure.description) if procedure.description else parts


def _write_line(writer: SegmentWriter, line: ServicePayment) -> None:
    writer.add(
        "2110/SVC",
        _procedure(line.procedure),
        money(line.charge),
        money(line.paid),
        line.revenue_code,
        quantity(line.units),
        _procedure(line.submitted),
        quantity(line.submitted_units),
    )
    if line.service_date is not None:
        writer.add("2110/DTM", "150" if line.service_date_end else "472", d8(line.service_date))
    if line.service_date_end is not None:
        writer.add("2110/DTM", "151", d8(line.service_date_end))
    write_adjustments(writer, "2110/CAS", line.adjustments)
    if line.line_id:
        writer.add("2110/REF", "6R", line.line_id)
    write_references(writer, "2110/REF", line.references)
    if line.allowed is not None:
        writer.add("2110/AMT", "B6", money(line.allowed))
    for amount in line.amounts:
        writer.add("2110/AMT", amount.qualifier, money(amount.amount))
    for item in line.quantities:
        writer.add("2110/QTY", item.qualifier, quantity(item.quantity))
    for code in line.remarks:
        writer.add("2110/LQ", "HE", code)


def _write_provider_adjustments(writer: SegmentWriter, items: tuple[ProviderAdjustment, ...]) -> None:
    """PLB: neighbours of one provider and fiscal period share a segment, six pairs at most."""
    for (provider, period), group in groupby(items, lambda item: (item.provider_id, item.fiscal_period_end)):
        same = list(group)
        for start in range(0, len(same), PAIRS_PER_PLB):
            pairs: list[str | tuple[str, ...]] = []
            for item in same[start : start + PAIRS_PER_PLB]:
                pairs += [(item.code, item.reference), money(item.amount)]
            writer.add("PLB", provider, d8(period), *pairs)
