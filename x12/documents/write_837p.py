"""Claims to the lines of an 837P (005010X222A1). Before it: claims/encoding. After it: x12/writer envelopes.

Two steps, so that a claim is written once, when it is scrubbed, and a file of thousands is put together from what
was written: ``claim_text`` gives the segments of one claim, ``write_set`` joins those of many and numbers the HLs.
Claims are grouped billing provider, subscriber, patient in order of first appearance, one HL counter a
transaction; a subscriber's own claims come before those of dependents. What must not be sent is left out
here: an onset equal to a service date, a rendering provider or facility that repeats the billing provider.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from x12.documents.parties import Party
from x12.documents.professional_claim import (
    BillingProvider,
    ClaimDocument,
    ClaimTransaction,
    Patient,
    Receiver,
    Submitter,
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


@dataclass(frozen=True, slots=True)
class ClaimText:
    """The segments of one claim, checked against the guide: lines joined by line feeds, all but the HLs.

    Claims with equal ``provider`` stand beneath one 2000A, with equal ``family`` beneath one 2000B, with equal
    ``patient`` beneath one 2000C.
    """

    control_number: str
    charge: Decimal  # CLM02
    provider: str  # 2000A, 2010AA, 2010AB
    family: str  # 2000B, 2010BA, 2010BB; its first line is SBR as it stands for dependents
    own: str  # SBR and PAT in its place, where the subscriber is the patient; else empty
    patient: str  # 2000C, 2010CA of a dependent; else empty
    claim: str  # 2300 to 2430


Family = dict[str, list[ClaimText]]  # by patient; the subscriber's own claims under ""


def claim_text(claim: ClaimDocument) -> ClaimText:
    """Write one claim. Raises WriteError for what the guide forbids; check_claim finds such claims earlier."""
    patient = claim.patient
    parts = [SegmentWriter(PROFESSIONAL) for _ in range(5)]
    provider, family, own, person, rest = parts
    _write_billing_provider(provider, claim.billing_provider)
    _write_subscriber(family, claim)
    if patient is None:
        _write_coverage(own, claim, "18")
        own.add("2000B/PAT", "", "", "", "", *_person_facts(claim.subscriber))
    else:
        _write_patient(person, patient)
    write_claim(rest, claim)
    return ClaimText(claim.control_number, claim.total_charge, *("\n".join(writer.lines) for writer in parts))


def write_837p(transaction: ClaimTransaction) -> list[str]:
    """The lines between ST and SE. All claims must have one submitter and one receiver. Raises WriteError."""
    claims = transaction.claims
    if not claims:
        raise WriteError("no_claims", "837P", transaction.reference)
    first = claims[0]
    if any(claim.submitter != first.submitter or claim.receiver != first.receiver for claim in claims):
        raise WriteError("mixed_senders", "1000A", transaction.reference)
    return write_set(transaction, first.submitter, first.receiver, [claim_text(claim) for claim in claims])


def write_set(
    transaction: ClaimTransaction, submitter: Submitter, receiver: Receiver, texts: Sequence[ClaimText]
) -> list[str]:
    """The lines between ST and SE of claims that are written already; those of ``transaction`` are not looked at.

    Raises WriteError for a sender or receiver that the guide forbids.
    """
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
    name = Party(
        submitter.entity_type, submitter.name, submitter.first_name, "", "", "46", submitter.identifier
    )
    write_party(writer, "1000A/NM1", "41", name)
    write_contact(writer, "1000A/PER", submitter.contact)
    write_party(writer, "1000B/NM1", "40", Party("2", receiver.name, "", "", "", "46", receiver.identifier))
    return writer.lines + _hierarchy(texts)


def claim_at(lines: Sequence[str], position: int) -> str:
    """CLM01 of the claim that holds segment ``position`` (ST = 1, as a 999 counts); empty before any claim.

    ``lines`` are those of ``write_837p``. A position in a patient loop names the claim before it.
    """
    for line in reversed(lines[: max(position - 1, 0)]):
        if line.startswith("CLM*"):
            return line.split("*", 2)[1]
    return ""


def _hierarchy(texts: Sequence[ClaimText]) -> list[str]:
    """All loops from 2000A on, numbered."""
    tree: dict[str, dict[str, Family]] = {}
    for text in texts:
        family = tree.setdefault(text.provider, {}).setdefault(text.family, {})
        family.setdefault(text.patient, []).append(text)
    lines: list[str] = []
    number = 0
    for provider, families in tree.items():
        number += 1
        billing = number
        lines.append(f"HL*{number}**20*1")
        lines += provider.split("\n")
        for common, family in families.items():
            number = _add_family(lines, common.split("\n"), family, billing, number)
    return lines


def _add_family(lines: list[str], common: list[str], family: Family, parent: int, number: int) -> int:
    """A subscriber with the claims of his own, then those of each dependent; the last HL number used."""
    dependents = {patient: claims for patient, claims in family.items() if patient}
    own: dict[str, list[ClaimText]] = {}
    for text in family.get("", ()):
        own.setdefault(text.own, []).append(text)
    if not own:
        own[common[0]] = []
    for coverage, claims in own.items():
        for start in range(0, max(len(claims), 1), CLAIMS_PER_PERSON):
            number += 1
            subscriber = number
            lines.append(f"HL*{number}*{parent}*22*{1 if dependents else 0}")
            lines += coverage.split("\n")
            lines += common[1:]
            for text in claims[start : start + CLAIMS_PER_PERSON]:
                lines += text.claim.split("\n")
            for patient, members in dependents.items():
                number = _add_patient(lines, patient.split("\n"), members, subscriber, number)
            dependents = {}
    return number


def _add_patient(
    lines: list[str], person: list[str], claims: Sequence[ClaimText], parent: int, number: int
) -> int:
    for start in range(0, len(claims), CLAIMS_PER_PERSON):
        number += 1
        lines.append(f"HL*{number}*{parent}*23*0")
        lines += person
        for text in claims[start : start + CLAIMS_PER_PERSON]:
            lines += text.claim.split("\n")
    return number


def _write_billing_provider(writer: SegmentWriter, provider: BillingProvider) -> None:
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


def _write_coverage(writer: SegmentWriter, claim: ClaimDocument, relationship: str) -> None:
    coverage = claim.coverage
    writer.add(
        "2000B/SBR",
        coverage.responsibility,
        relationship,
        coverage.group_number,
        coverage.group_name,
        coverage.insurance_type,
        "",
        "",
        "",
        coverage.filing_indicator,
    )


def _write_subscriber(writer: SegmentWriter, claim: ClaimDocument) -> None:
    subscriber, payer = claim.subscriber, claim.payer
    _write_coverage(writer, claim, "")
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


def _write_patient(writer: SegmentWriter, patient: Patient) -> None:
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
