"""Providers, places and the rarer segments that a claim and its lines share: PWK, CN1, CR1, CR2, CRC, HCP.

Part of x12/documents/write_claim.py and write_line.py.
"""

from __future__ import annotations

from collections.abc import Iterable

from x12.documents.claim_details import (
    Attachment,
    Certification,
    Contract,
    Repricing,
    SpinalManipulation,
    Transport,
)
from x12.documents.professional_claim import Provider, ServiceFacility
from x12.documents.write_elements import write_address, write_contact, write_party, write_references
from x12.writer import SegmentWriter, money, quantity, yes_no

CATEGORIES = ("07", "70", "09", "E1", "E2", "E3", "75", "ZZ")  # CRC in the order of the guide

CERTIFICATE_WAYS = frozenset({"AB", "AD", "AF", "AG", "NS"})  # PWK02 with CT, on a line


def write_provider(writer: SegmentWriter, loop: str, qualifier: str, provider: Provider | None) -> None:
    """NM1, PRV, N3, N4, REF, PER of a person; nothing for None."""
    if provider is None:
        return
    write_party(writer, f"{loop}/NM1", qualifier, provider.party)
    if provider.taxonomy:
        writer.add(f"{loop}/PRV", "PE", "PXC", provider.taxonomy)
    write_address(writer, loop, provider.address)
    write_references(writer, f"{loop}/REF", provider.references)
    if provider.contact is not None:
        write_contact(writer, f"{loop}/PER", provider.contact)


def write_facility(writer: SegmentWriter, loop: str, facility: ServiceFacility) -> None:
    """NM1, N3, N4, REF, PER of the place where it was done."""
    write_party(writer, f"{loop}/NM1", "77", facility.party)
    write_address(writer, loop, facility.address)
    write_references(writer, f"{loop}/REF", facility.references)
    if facility.contact is not None:
        write_contact(writer, f"{loop}/PER", facility.contact)


def is_certificate(item: Attachment) -> bool:
    """Whether a PWK says how the certificate of medical necessity travels, not an attachment."""
    return item.report_type == "CT" and item.transmission in CERTIFICATE_WAYS


def write_attachments(writer: SegmentWriter, loop: str, attachments: Iterable[Attachment]) -> None:
    """PWK, one each."""
    for item in sorted(attachments, key=is_certificate):
        if is_certificate(item):
            writer.add(f"{loop}/PWK-CT", item.report_type, item.transmission)
            continue
        qualifier = "AC" if item.control_number else ""
        writer.add(f"{loop}/PWK", item.report_type, item.transmission, "", "", qualifier, item.control_number)


def write_transport(writer: SegmentWriter, loop: str, transport: Transport | None) -> None:
    """CR1; nothing for None, or where only the places are told."""
    if transport is None or not transport.reason:
        return
    weight = quantity(transport.weight_pounds)
    writer.add(
        f"{loop}/CR1",
        "LB" if weight else "",
        weight,
        "",
        transport.reason,
        "DH",
        quantity(transport.miles),
        "",
        "",
        transport.round_trip_purpose,
        transport.stretcher_purpose,
    )


def write_places(writer: SegmentWriter, loops: tuple[str, str], transport: Transport | None) -> None:
    """Where an ambulance took the patient up and where it set him down: the two loops, in this order."""
    if transport is None:
        return
    pick_up, drop_off = loops
    if transport.pick_up is not None:
        writer.add(f"{pick_up}/NM1", "PW", "2")
        write_address(writer, pick_up, transport.pick_up)
    if transport.drop_off is not None:
        writer.add(f"{drop_off}/NM1", "45", "2", transport.drop_off_name)
        write_address(writer, drop_off, transport.drop_off)


def write_spinal(writer: SegmentWriter, spinal: SpinalManipulation | None) -> None:
    """CR2; nothing for None."""
    if spinal is not None:
        texts = ("", spinal.description, spinal.more)
        writer.add("2300/CR2", "", "", "", "", "", "", "", spinal.condition, *texts)


def write_certifications(writer: SegmentWriter, loop: str, found: Iterable[Certification]) -> None:
    """CRC, in the order of the guide."""
    place = {category: number for number, category in enumerate(CATEGORIES)}
    for item in sorted(found, key=lambda one: place.get(one.category, len(CATEGORIES))):
        writer.add(f"{loop}/CRC", item.category, yes_no(item.applies), *item.conditions)


def write_contract(writer: SegmentWriter, loop: str, contract: Contract | None) -> None:
    """CN1; nothing for None."""
    if contract is not None:
        percent, discount = quantity(contract.percent), quantity(contract.discount_percent)
        told = (contract.kind, money(contract.amount), percent, contract.code, discount, contract.version)
        writer.add(f"{loop}/CN1", *told)


def write_repricing(writer: SegmentWriter, loop: str, repricing: Repricing | None) -> None:
    """HCP as it came; nothing for None, or where only numbers were told."""
    if repricing is not None and repricing.elements:
        writer.add(f"{loop}/HCP", *repricing.elements)
