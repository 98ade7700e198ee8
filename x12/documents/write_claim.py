"""One claim to its segments, 2300 to 2330. Part of x12/documents/write_837p.py, which writes the loops above.

What must not be sent is left out here: an onset equal to a service date, a rendering provider or a facility
that repeats the billing provider (domain reference section 2). Its lines: x12/documents/write_line.py.
"""

from __future__ import annotations

from x12.documents.parties import Party
from x12.documents.professional_claim import ClaimDocument, OtherPayer, RelatedCauses
from x12.documents.write_details import (
    write_attachments,
    write_certifications,
    write_contract,
    write_facility,
    write_places,
    write_provider,
    write_repricing,
    write_spinal,
    write_transport,
)
from x12.documents.write_elements import (
    write_address,
    write_adjustments,
    write_day,
    write_outpatient,
    write_party,
    write_references,
)
from x12.documents.write_line import write_line
from x12.writer import SegmentWriter, d8, money, yes_no

HOME = "12"
OTHER_PROVIDERS = (
    ("2330C", ("DN", "P3")), ("2330D", ("82",)), ("2330E", ("77",)), ("2330F", ("DQ",)), ("2330G", ("85",))
)  # fmt: skip


def write_claim(writer: SegmentWriter, claim: ClaimDocument) -> None:
    """CLM and everything beneath it. Raises WriteError."""
    elements: list[str | tuple[str, ...]] = [""] * 20
    elements[0] = claim.control_number
    elements[1] = money(claim.total_charge)
    elements[4] = (claim.place_of_service, "B", claim.frequency_code)
    elements[5] = yes_no(claim.provider_signature)
    elements[6] = claim.assignment
    elements[7] = claim.benefits_assigned
    elements[8] = claim.release_of_information
    elements[9] = claim.signature_source
    elements[10] = _causes(claim.related_causes)
    elements[11] = claim.special_program
    elements[19] = claim.delay_reason
    writer.add("2300/CLM", *elements)
    _write_claim_dates(writer, claim)
    write_attachments(writer, "2300", claim.attachments)
    write_contract(writer, "2300", claim.contract)
    if claim.patient_amount_paid is not None:
        writer.add("2300/AMT", "F5", money(claim.patient_amount_paid))
    for qualifier, value in (
        ("4N", claim.service_authorization_exception),
        ("F5", claim.crossover_indicator),
        ("EW", claim.mammography_number),
        ("9F", claim.referral_number),
        ("G1", claim.prior_authorization),
        ("F8", claim.payer_claim_number),
        ("X4", claim.clia_number),
        ("LX", claim.investigational_device),
        ("D9", claim.clearinghouse_trace),
        ("EA", claim.medical_record_number),
        ("P4", claim.demonstration_project),
        ("1J", claim.care_plan_oversight),
        ("9A", claim.repricing.number if claim.repricing else ""),
        ("9C", claim.repricing.adjusted_number if claim.repricing else ""),
    ):
        if value:
            writer.add("2300/REF", qualifier, value)
    for text in claim.fixed_texts:
        writer.add("2300/K3", text)
    if claim.note:
        writer.add("2300/NTE", claim.note.kind, claim.note.text)
    write_transport(writer, "2300", claim.transport)
    write_spinal(writer, claim.spinal_manipulation)
    write_certifications(writer, "2300", claim.certifications)
    codes = [("ABF" if place else "ABK", code) for place, code in enumerate(claim.diagnoses)]
    writer.add("2300/HI", *codes)
    if claim.anesthesia_procedures:
        codes = [("BO" if place else "BP", code) for place, code in enumerate(claim.anesthesia_procedures)]
        writer.add("2300/HI-BP", *codes)
    if claim.condition_codes:
        writer.add("2300/HI-BG", *(("BG", code) for code in claim.condition_codes))
    write_repricing(writer, "2300", claim.repricing)
    _write_claim_providers(writer, claim)
    for payer in claim.other_payers:
        _write_other_payer(writer, payer)
    for place, line in enumerate(claim.lines, 1):
        write_line(writer, claim, line, place)


def _causes(causes: RelatedCauses) -> tuple[str, ...]:
    flags = (("AA", causes.auto_accident), ("EM", causes.employment), ("OA", causes.other_accident))
    codes = [code for code, is_set in flags if is_set]
    if not codes:
        return ()
    return (*codes, *([""] * (3 - len(codes))), causes.state, causes.country)


def _write_claim_dates(writer: SegmentWriter, claim: ClaimDocument) -> None:
    dates = claim.dates
    service_days = {line.service_date for line in claim.lines}
    onset = None if dates.onset in service_days else dates.onset
    both_disability = dates.disability_from is not None and dates.disability_to is not None
    for qualifier, day in (
        ("431", onset),
        ("454", dates.initial_treatment),
        ("304", dates.last_seen),
        ("453", dates.acute_manifestation),
        ("439", dates.accident),
        ("484", dates.last_menstrual_period),
        ("455", dates.last_xray),
        ("471", dates.prescription),
        ("360", None if both_disability else dates.disability_from),
        ("361", None if both_disability else dates.disability_to),
        ("297", dates.last_worked),
        ("296", dates.return_to_work),
        ("435", dates.admission),
        ("096", dates.discharge),
        ("090", dates.assumed_care),
        ("091", dates.relinquished_care),
        ("444", dates.first_contact),
        ("050", dates.repricer_received),
    ):
        if day is not None:
            writer.add("2300/DTP", qualifier, "D8", d8(day))
    if both_disability:
        writer.add("2300/DTP", "314", "RD8", f"{d8(dates.disability_from)}-{d8(dates.disability_to)}")


def _write_claim_providers(writer: SegmentWriter, claim: ClaimDocument) -> None:
    write_provider(writer, "2310A", "DN", claim.referring_provider)
    write_provider(writer, "2310A", "P3", claim.primary_care_provider)
    rendering, billing = claim.rendering_provider, claim.billing_provider
    if rendering is not None and not (rendering.party.npi and rendering.party.npi == billing.party.npi):
        write_provider(writer, "2310B", "82", rendering)
    facility = claim.service_facility
    if facility is not None and facility.address != billing.address and claim.place_of_service != HOME:
        write_facility(writer, "2310C", facility)
    write_provider(writer, "2310D", "DQ", claim.supervising_provider)
    write_places(writer, ("2310E", "2310F"), claim.transport)


def _write_other_payer(writer: SegmentWriter, payer: OtherPayer) -> None:
    writer.add(
        "2320/SBR",
        payer.responsibility,
        payer.relationship,
        payer.group_number,
        payer.group_name,
        payer.insurance_type,
        "",
        "",
        "",
        payer.filing_indicator,
    )
    write_adjustments(writer, "2320/CAS", payer.adjustments)
    for qualifier, amount in (
        ("D", payer.amount_paid),
        ("EAF", payer.remaining_liability),
        ("A8", payer.non_covered),
    ):
        if amount is not None:
            writer.add("2320/AMT", qualifier, money(amount))
    signature, release = payer.patient_signature_source, payer.release_of_information
    writer.add("2320/OI", "", "", payer.benefits_assigned, signature, "", release)
    write_outpatient(writer, "2320/MOA", payer.outpatient)
    write_party(writer, "2330A/NM1", "IL", payer.subscriber)
    write_address(writer, "2330A", payer.subscriber_address)
    name = Party("2", payer.payer_name, "", "", "", payer.payer_id_qualifier, payer.payer_id)
    write_party(writer, "2330B/NM1", "PR", name)
    write_address(writer, "2330B", payer.payer_address)
    write_day(writer, "2330B/DTP", "573", payer.paid_on)
    for qualifier, value in (
        ("G1", payer.prior_authorization),
        ("9F", payer.referral_number),
        ("T4", "Y" if payer.claim_adjusted else ""),
        ("F8", payer.claim_control_number),
    ):
        if value:
            writer.add("2330B/REF", qualifier, value)
    write_references(writer, "2330B/REF", payer.references)
    for loop, roles in OTHER_PROVIDERS:
        for provider in payer.providers:
            if provider.role in roles:
                writer.add(f"{loop}/NM1", provider.role, provider.entity_type)
                write_references(writer, f"{loop}/REF", provider.references)
