"""Claims to the lines of an 837P (005010X222A1). Before it: claims/encoding. After it: x12/writer envelopes.

Claims are grouped billing provider, subscriber, patient in order of first appearance, one HL counter a
transaction; a subscriber's own claims come before those of dependents. What must not be sent is left out
here: an onset equal to a service date, a rendering provider or facility that repeats the billing provider.
"""

from __future__ import annotations

from collections.abc import Sequence

from x12.documents.parties import Party
from x12.documents.professional_claim import (
    BillingProvider,
    ClaimDocument,
    ClaimTransaction,
    Patient,
    Subscriber,
)
from x12.documents.write_claim import write_claim
from x12.documents.write_elements import (
    write_address,
    write_contact,
    write_party,
    write_references,
)
from x12.guides.professional import PROFESSIONAL
from x12.writer import SegmentWriter, WriteError, d8, quantity

SET_ID = "837"
FUNCTIONAL_CODE = "HC"
VERSION = "005010X222A1"
CLAIMS_PER_PERSON = 100  # 2300 may repeat that often beneath one 2000B or 2000C
Families = dict[object, dict[object, list[ClaimDocument]]]


def write_837p(transaction: ClaimTransaction) -> list[str]:
    """The lines between ST and SE. All claims must have one submitter and one receiver.

    Raises WriteError when a claim holds what the guide forbids; check_claim finds such claims earlier.
    """
    claims = transaction.claims
    if not claims:
        raise WriteError("no_claims", "837P", transaction.reference)
    first = claims[0]
    if any(claim.submitter != first.submitter or claim.receiver != first.receiver for claim in claims):
        raise WriteError("mixed_senders", "1000A", transaction.reference)
    writer = SegmentWriter(PROFESSIONAL)
    writer.add(
        "BHT",
        "0019",
        transaction.purpose,
        transaction.reference,
        d8(transaction.created_on),
        transaction.created_time,
        transaction.kind,
    )
    submitter, receiver = first.submitter, first.receiver
    name = Party(
        submitter.entity_type, submitter.name, submitter.first_name, "", "", "46", submitter.identifier
    )
    write_party(writer, "1000A/NM1", "41", name)
    write_contact(writer, "1000A/PER", submitter.contact)
    write_party(writer, "1000B/NM1", "40", Party("2", receiver.name, "", "", "", "46", receiver.identifier))
    _write_hierarchy(writer, claims)
    return writer.lines


def claim_at(lines: Sequence[str], position: int) -> str:
    """CLM01 of the claim that holds segment ``position`` (ST = 1, as a 999 counts); empty before any claim.

    ``lines`` are those of ``write_837p``. A position in a patient loop names the claim before it.
    """
    for line in reversed(lines[: max(position - 1, 0)]):
        if line.startswith("CLM*"):
            return line.split("*", 2)[1]
    return ""


def _write_hierarchy(writer: SegmentWriter, claims: Sequence[ClaimDocument]) -> None:
    tree: dict[BillingProvider, Families] = {}
    for claim in claims:
        families = tree.setdefault(claim.billing_provider, {})
        family = families.setdefault((claim.subscriber, claim.coverage, claim.payer), {})
        family.setdefault(claim.patient, []).append(claim)
    number = 0
    for provider, families in tree.items():
        number += 1
        billing_number = number
        _write_billing_provider(writer, provider, number)
        for family in families.values():
            number = _write_family(writer, family, billing_number, number)


def _write_family(
    writer: SegmentWriter, family: dict[object, list[ClaimDocument]], parent: int, number: int
) -> int:
    """A subscriber with the claims of his own, then those of each dependent; the last HL number it used."""
    own = family.pop(None, [])
    first = (own or next(iter(family.values())))[0]
    for start in range(0, max(len(own), 1), CLAIMS_PER_PERSON):
        number += 1
        subscriber, part = number, own[start : start + CLAIMS_PER_PERSON]
        _write_subscriber(writer, first, parent, number, family, part)
        for claim in part:
            write_claim(writer, claim)
        for members in family.values():
            for place in range(0, len(members), CLAIMS_PER_PERSON):
                number += 1
                _write_patient(writer, members[0], subscriber, number)
                for claim in members[place : place + CLAIMS_PER_PERSON]:
                    write_claim(writer, claim)
        family = {}
    return number


def _write_billing_provider(writer: SegmentWriter, provider: BillingProvider, number: int) -> None:
    writer.add("2000A/HL", str(number), "", "20", "1")
    if provider.taxonomy:
        writer.add("2000A/PRV", "BI", "PXC", provider.taxonomy)
    if provider.currency:
        writer.add("2000A/CUR", "85", provider.currency)
    write_party(writer, "2010AA/NM1", "85", provider.party)
    write_address(writer, "2010AA", provider.address)
    if provider.tax_id:
        writer.add("2010AA/REF", provider.tax_id_qualifier, provider.tax_id)
    if provider.licence_number:
        writer.add("2010AA/REF", "0B", provider.licence_number)
    if provider.upin:
        writer.add("2010AA/REF", "1G", provider.upin)
    write_contact(writer, "2010AA/PER", provider.contact)
    if provider.pay_to_address is not None:
        writer.add("2010AB/NM1", "87", provider.party.entity_type)
        write_address(writer, "2010AB", provider.pay_to_address)
    plan = provider.pay_to_plan
    if plan is not None:
        write_party(writer, "2010AC/NM1", "PE", plan.party)
        write_address(writer, "2010AC", plan.address)
        write_references(writer, "2010AC/REF", plan.references)
        if plan.tax_id:
            writer.add("2010AC/REF", "EI", plan.tax_id)


def _write_subscriber(
    writer: SegmentWriter,
    claim: ClaimDocument,
    parent: int,
    number: int,
    dependents: dict[object, list[ClaimDocument]],
    own: list[ClaimDocument],
) -> None:
    coverage, subscriber, payer = claim.coverage, claim.subscriber, claim.payer
    writer.add("2000B/HL", str(number), str(parent), "22", "1" if dependents else "0")
    writer.add(
        "2000B/SBR",
        coverage.responsibility,
        "18" if own else "",
        coverage.group_number,
        "" if coverage.group_number else coverage.group_name,
        coverage.insurance_type,
        "",
        "",
        "",
        coverage.filing_indicator,
    )
    if own:
        writer.add("2000B/PAT", "", "", "", "", *_person_facts(subscriber))
    write_party(writer, "2010BA/NM1", "IL", subscriber.party)
    write_address(writer, "2010BA", subscriber.address)
    if subscriber.birth_date is not None:
        writer.add("2010BA/DMG", "D8", d8(subscriber.birth_date), subscriber.sex)
    if subscriber.ssn:
        writer.add("2010BA/REF", "SY", subscriber.ssn)
    if subscriber.property_casualty_number:
        writer.add("2010BA/REF", "Y4", subscriber.property_casualty_number)
    write_party(
        writer, "2010BB/NM1", "PR", Party("2", payer.name, "", "", "", payer.id_qualifier, payer.identifier)
    )
    write_address(writer, "2010BB", payer.address)
    write_references(writer, "2010BB/REF", payer.references)


def _write_patient(writer: SegmentWriter, claim: ClaimDocument, parent: int, number: int) -> None:
    patient = claim.patient
    assert patient is not None
    writer.add("2000C/HL", str(number), str(parent), "23", "0")
    writer.add("2000C/PAT", patient.relationship, "", "", "", *_person_facts(patient))
    write_party(writer, "2010CA/NM1", "QC", patient.party)
    write_address(writer, "2010CA", patient.address)
    if patient.birth_date is not None:
        writer.add("2010CA/DMG", "D8", d8(patient.birth_date), patient.sex)
    if patient.property_casualty_number:
        writer.add("2010CA/REF", "Y4", patient.property_casualty_number)


def _person_facts(person: Subscriber | Patient) -> tuple[str, ...]:
    """PAT05 to PAT09: date of death, weight in pounds, pregnancy."""
    died, weight = d8(person.death_date), quantity(person.weight_pounds)
    return ("D8" if died else "", died, "01" if weight else "", weight, "Y" if person.is_pregnant else "")
