"""One service line to its segments, 2400 to 2430. Part of x12/documents/write_claim.py."""

from __future__ import annotations

from x12.documents.claim_details import Drug, Equipment
from x12.documents.professional_claim import ClaimDocument, LineAdjudication, ServiceLine
from x12.documents.write_details import (
    write_attachments,
    write_certifications,
    write_contract,
    write_facility,
    write_places,
    write_provider,
    write_repricing,
    write_transport,
)
from x12.documents.write_elements import write_adjustments, write_day, write_period
from x12.writer import SegmentWriter, d8, money, quantity


def write_line(writer: SegmentWriter, claim: ClaimDocument, line: ServiceLine, place: int) -> None:
    """LX, SV1 and everything beneath them. Raises WriteError."""
    writer.add("2400/LX", str(place))
    writer.add(
        "2400/SV1",
        _procedure(line.procedure_qualifier, line.procedure, line.modifiers, line.description),
        money(line.charge),
        line.unit_basis,
        quantity(line.units),
        "" if line.place_of_service == claim.place_of_service else line.place_of_service,
        "",
        tuple(str(pointer) for pointer in line.pointers),
        "",
        "Y" if line.is_emergency else "",
        "",
        "Y" if line.is_epsdt else "",
        "Y" if line.is_family_planning else "",
        "",
        "",
        "0" if line.copay_exempt else "",
    )
    equipment = line.equipment
    if equipment is not None and equipment.days:
        _write_equipment(writer, line, equipment)
    write_attachments(writer, "2400", line.attachments)
    write_transport(writer, "2400", line.transport)
    if equipment is not None and equipment.certification:
        writer.add("2400/CR3", equipment.certification, "MO", quantity(equipment.months))
    write_certifications(writer, "2400", line.certifications)
    write_period(writer, "2400/DTP", "472", line.service_date, line.service_date_end)
    for qualifier, day in (
        ("471", line.prescription),
        ("607", line.recertified),
        ("463", line.therapy_began),
        ("461", line.last_certified),
        ("304", line.last_seen),
        ("738", line.hemoglobin_test),
        ("739", line.creatinine_test),
        ("011", line.shipped),
        ("455", line.last_xray),
        ("454", line.initial_treatment),
    ):
        write_day(writer, "2400/DTP", qualifier, day)
    _write_facts(writer, line)
    write_repricing(writer, "2400", line.repricing)
    _write_drug(writer, line.drug)
    write_provider(writer, "2420A", "82", line.rendering_provider)
    write_provider(writer, "2420B", "QB", line.purchased_service_from)
    if line.service_facility is not None:
        write_facility(writer, "2420C", line.service_facility)
    write_provider(writer, "2420D", "DQ", line.supervising_provider)
    write_provider(writer, "2420E", "DK", line.ordering_provider)
    write_provider(writer, "2420F", "DN", line.referring_provider)
    write_places(writer, ("2420G", "2420H"), line.transport)
    for adjudication in line.adjudications:
        _write_adjudication(writer, adjudication)
    for form in line.forms:
        writer.add("2440/LQ", form.code_list, form.name)
        for told in form.answers:
            writer.add(
                "2440/FRM", told.question, told.yes_no, told.text, d8(told.day), quantity(told.percent)
            )


def _write_equipment(writer: SegmentWriter, line: ServiceLine, equipment: Equipment) -> None:
    writer.add(
        "2400/SV5",
        (line.procedure_qualifier, line.procedure),
        "DA",
        quantity(equipment.days),
        money(equipment.rental_price),
        money(equipment.purchase_price),
        equipment.price_frequency,
    )


def _write_facts(writer: SegmentWriter, line: ServiceLine) -> None:
    """QTY, MEA, CN1, REF, AMT, K3, NTE, PS1."""
    if line.transported_patients is not None:
        writer.add("2400/QTY", "PT", str(line.transported_patients))
    if line.obstetric_units is not None:
        writer.add("2400/QTY", "FL", quantity(line.obstetric_units))
    for result in line.test_results:
        writer.add("2400/MEA", result.kind, result.measure, quantity(result.value))
    write_contract(writer, "2400", line.contract)
    for qualifier, value in (
        ("9B", line.repricing.number if line.repricing else ""),
        ("9D", line.repricing.adjusted_number if line.repricing else ""),
        ("G1", line.prior_authorization),
        ("6R", line.line_id),
        ("EW", line.mammography_number),
        ("X4", line.clia_number),
        ("F4", line.referring_clia_number),
        ("BT", line.immunization_batch),
        ("9F", line.referral_number),
    ):
        if value:
            writer.add("2400/REF", qualifier, value)
    for qualifier, amount in (("T", line.sales_tax), ("F4", line.postage)):
        if amount is not None:
            writer.add("2400/AMT", qualifier, money(amount))
    for text in line.fixed_texts:
        writer.add("2400/K3", text)
    if line.note:
        writer.add("2400/NTE", line.note.kind, line.note.text)
    if line.third_party_note:
        writer.add("2400/NTE", "TPO", line.third_party_note)
    if line.purchased_service_provider:
        writer.add("2400/PS1", line.purchased_service_provider, money(line.purchased_service_charge))


def _write_drug(writer: SegmentWriter, drug: Drug | None) -> None:
    if drug is None:
        return
    writer.add("2410/LIN", "", drug.qualifier, drug.ndc)
    if drug.quantity is not None:
        writer.add("2410/CTP", "", "", "", quantity(drug.quantity), (drug.unit,))
    if drug.link_number:
        writer.add("2410/REF", "VY", drug.link_number)
    elif drug.prescription_number:
        writer.add("2410/REF", "XZ", drug.prescription_number)


def _procedure(
    qualifier: str, code: str, modifiers: tuple[str, ...], description: str = ""
) -> tuple[str, ...]:
    if not description:
        return (qualifier, code, *modifiers)
    return (qualifier, code, *modifiers, *([""] * (4 - len(modifiers))), description)


def _write_adjudication(writer: SegmentWriter, adjudication: LineAdjudication) -> None:
    bundled = adjudication.bundled_into_line
    writer.add(
        "2430/SVD",
        adjudication.payer_id,
        money(adjudication.paid),
        _procedure(adjudication.procedure_qualifier, adjudication.procedure, adjudication.modifiers),
        "",
        quantity(adjudication.units),
        str(bundled) if bundled is not None else "",
    )
    write_adjustments(writer, "2430/CAS", adjudication.adjustments)
    write_day(writer, "2430/DTP", "573", adjudication.adjudicated_on)
    if adjudication.remaining_liability is not None:
        writer.add("2430/AMT", "EAF", money(adjudication.remaining_liability))
