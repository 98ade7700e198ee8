"""Values to segments that several documents share: names, addresses, contacts, adjustments, MOA."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from x12.documents.parties import Address, Adjustment, Contact, OutpatientRemarks, Party, Reference
from x12.writer import SegmentWriter, d8, money, quantity

MOST_NUMBERS = 3  # of a PER
TRIPLES_PER_CAS = 6


def write_party(writer: SegmentWriter, key: str, qualifier: str, party: Party) -> None:
    """NM1."""
    writer.add(
        key,
        qualifier,
        party.entity_type,
        party.last_name,
        party.first_name,
        party.middle_name,
        "",
        party.suffix,
        party.id_qualifier if party.identifier else "",
        party.identifier,
    )


def write_address(writer: SegmentWriter, loop: str, address: Address | None) -> None:
    """N3 and N4; nothing for None."""
    if address is None:
        return
    writer.add(f"{loop}/N3", address.line1, address.line2)
    country = "" if address.country in ("US", "USA") else address.country
    writer.add(f"{loop}/N4", address.city, address.state, address.postal_code, country)


def write_contact(writer: SegmentWriter, key: str, contact: Contact | None) -> None:
    """PER with up to three numbers: telephone, extension, e-mail, fax, web page; nothing for None."""
    if contact is None:
        return
    numbers = numbers_of(contact)[:MOST_NUMBERS]
    if numbers or contact.name:
        writer.add(key, contact.function, contact.name, *(part for pair in numbers for part in pair))


def numbers_of(contact: Contact) -> list[tuple[str, str]]:
    """The filled ones with their qualifiers, in the order of the segment; claim_rules tells of a fourth."""
    pairs = (
        ("TE", contact.phone),
        ("EX", contact.extension),
        ("EM", contact.email),
        ("FX", contact.fax),
        ("UR", contact.url),
    )
    return [(qualifier, value) for qualifier, value in pairs if value]


def write_references(writer: SegmentWriter, key: str, references: Iterable[Reference]) -> None:
    """One REF each."""
    for reference in references:
        writer.add(key, reference.qualifier, reference.value)


def write_adjustments(writer: SegmentWriter, key: str, adjustments: Iterable[Adjustment]) -> None:
    """CAS: each group once, in order of first appearance; the next segment of it after six triples."""
    groups: dict[str, list[str]] = {}
    for item in adjustments:
        units = quantity(item.quantity) if item.quantity else ""  # none told, rather than zero
        groups.setdefault(item.group, []).extend((item.reason, money(item.amount), units))
    for group, texts in groups.items():
        for start in range(0, len(texts), 3 * TRIPLES_PER_CAS):
            writer.add(key, group, *texts[start : start + 3 * TRIPLES_PER_CAS])


def write_outpatient(writer: SegmentWriter, key: str, outpatient: OutpatientRemarks | None) -> None:
    """MOA; nothing for None."""
    if outpatient is None:
        return
    remarks = (*outpatient.remarks, "", "", "", "", "")[:5]
    writer.add(
        key,
        quantity(outpatient.reimbursement_rate),
        money(outpatient.payable_amount),
        *remarks,
        money(outpatient.esrd_amount),
        money(outpatient.nonpayable_professional_amount),
    )


def write_day(writer: SegmentWriter, key: str, qualifier: str, day: date | None) -> None:
    """DTP with one day; nothing for None."""
    if day is not None:
        writer.add(key, qualifier, "D8", d8(day))


def write_period(writer: SegmentWriter, key: str, qualifier: str, first: date, last: date | None) -> None:
    """DTP with one day, or with two when ``last`` is another day."""
    if last is None or last == first:
        writer.add(key, qualifier, "D8", d8(first))
    else:
        writer.add(key, qualifier, "RD8", f"{d8(first)}-{d8(last)}")
