"""Rules of what only some claims carry: transport, certifications, attachments, notes, drugs, deaths, pregnancies.

Part of x12/documents/claim_rules.py. ``where`` is the field of ClaimDocument.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from lib.findings import Finding
from x12.documents.claim_details import Attachment, Certification, Equipment, Transport
from x12.documents.professional_claim import ClaimDocument, Patient, ServiceLine, Subscriber
from x12.documents.write_details import is_certificate

AMBULANCE = frozenset({"41", "42"})  # places of service
TRANSPORT_REASONS = frozenset("ABCDE")
SPINAL_CONDITIONS = frozenset("ACDEFGM")
TRANSMISSIONS = frozenset({"AA", "BM", "EL", "EM", "FT", "FX"})
NOTES = {"claim": frozenset({"ADD", "CER", "DCP", "DGN", "TPO"}), "line": frozenset({"ADD", "DCP"})}
# CRC01 -> what CRC03 to CRC07 may say.
_AMBULANCE = frozenset({"01", "04", "05", "06", "07", "08", "09", "12"})
_VISION = frozenset({"L1", "L2", "L3", "L4", "L5"})
CLAIM_CONDITIONS = {
    "07": _AMBULANCE,
    "E1": _VISION,
    "E2": _VISION,
    "E3": _VISION,
    "75": frozenset({"IH"}),
    "ZZ": frozenset({"AV", "NU", "S2", "ST"}),
}
LINE_CONDITIONS = {"07": _AMBULANCE, "70": frozenset({"65"}), "09": frozenset({"38", "ZV"})}
MOST_CONDITIONS = {"ZZ": 3, "70": 1, "75": 1, "09": 2}
DRUG_UNITS = frozenset({"F2", "GR", "ME", "ML", "UN"})
MAX_ATTACHMENTS = MAX_FIXED_TEXTS = 10
MAX_TESTS = 5
MAX_NOTE = 80


def check_details(document: ClaimDocument, today: date) -> Iterator[Finding]:
    """Findings of PAT, PWK, K3, NTE, CR1, CR2, CRC of the claim and its lines, of 2410, QTY, MEA and PS1."""
    if document.patient is not None:
        yield from _check_person(document.patient, "patient", document, today)
    else:
        yield from _check_person(document.subscriber, "subscriber", document, today)
    yield from _check_attachments(document.attachments, "attachments")
    yield from _check_texts(document.fixed_texts, "fixed_texts")
    if document.note is not None:
        yield from _check_note(document.note.kind, document.note.text, "note", NOTES["claim"])
    yield from _check_transport(document.transport, "transport")
    yield from _check_certifications(document.certifications, "certifications", CLAIM_CONDITIONS)
    spinal = document.spinal_manipulation
    if spinal is not None and spinal.condition not in SPINAL_CONDITIONS:
        yield Finding(
            "spinal_condition", "spinal_manipulation.condition", "How the patient is: A, C to G or M."
        )
    if document.crossover_indicator not in ("", "Y", "N"):
        yield Finding("crossover_indicator", "crossover_indicator", "The crossover indicator is Y or N.")
    if document.place_of_service in AMBULANCE and not any(
        one is not None for one in (document.transport, *(line.transport for line in document.lines))
    ):
        yield Finding("transport_missing", "transport", "An ambulance claim tells the way (CR1).", "warning")
    for place, line in enumerate(document.lines):
        yield from _check_line(line, f"lines.{place}")


def _check_person(
    person: Subscriber | Patient, where: str, document: ClaimDocument, today: date
) -> Iterator[Finding]:
    died = person.death_date
    if died is not None:
        if died > today or (person.birth_date is not None and died < person.birth_date):
            text = "The date of death lies in the future or before the birth."
            yield Finding("death_date", f"{where}.death_date", text)
        if any(line.service_date > died for line in document.lines):
            yield Finding("service_after_death", f"{where}.death_date", "A service lies after the death.")
    if person.weight_pounds is not None and not 0 < person.weight_pounds < 2000:
        yield Finding("weight", f"{where}.weight_pounds", "The weight in pounds is above 0 and below 2,000.")
    if person.is_pregnant and person.sex == "M":
        yield Finding("pregnancy_sex", f"{where}.is_pregnant", "A man is said to be pregnant.")


def _check_line(line: ServiceLine, where: str) -> Iterator[Finding]:
    yield from _check_attachments(line.attachments, f"{where}.attachments")
    yield from _check_texts(line.fixed_texts, f"{where}.fixed_texts")
    if line.note is not None:
        yield from _check_note(line.note.kind, line.note.text, f"{where}.note", NOTES["line"])
    if line.third_party_note:
        yield from _check_note("TPO", line.third_party_note, f"{where}.third_party_note", {"TPO"})
    yield from _check_transport(line.transport, f"{where}.transport")
    yield from _check_certifications(line.certifications, f"{where}.certifications", LINE_CONDITIONS)
    if len(line.test_results) > MAX_TESTS:
        yield Finding("test_count", f"{where}.test_results", "At most five test results fit on a line.")
    drug = line.drug
    if drug is not None and (drug.quantity is None or drug.quantity <= 0 or drug.unit not in DRUG_UNITS):
        yield Finding("drug_quantity", f"{where}.drug.quantity", "A drug needs its quantity and unit (CTP).")
    equipment = line.equipment
    if equipment is not None and not _is_priced(equipment):
        text = "Equipment has its days, its price to rent and its price to buy (0.00 counts)."
        yield Finding("equipment_price", f"{where}.equipment", text)
    if bool(line.purchased_service_provider) != (line.purchased_service_charge is not None):
        text = "A purchased service names who did it and what it cost (box 20)."
        yield Finding("purchased_service", f"{where}.purchased_service_charge", text)
    people, units = line.transported_patients, line.obstetric_units
    for name, count in (("transported_patients", people), ("obstetric_units", units)):
        if count is not None and count <= 0:
            yield Finding("count", f"{where}.{name}", "The number must be above 0.")
    for name, amount in (("sales_tax", line.sales_tax), ("postage", line.postage)):
        if amount is not None and amount < 0:
            yield Finding("amount_negative", f"{where}.{name}", "The amount is negative.")


def _check_attachments(found: Iterable[Attachment], where: str) -> Iterator[Finding]:
    items = tuple(found)
    if len(items) > MAX_ATTACHMENTS:
        yield Finding("attachment_count", where, "At most ten attachments fit.")
    for place, item in enumerate(items):
        if is_certificate(item) and where.startswith("lines."):
            continue
        if len(item.report_type) != 2 or item.transmission not in TRANSMISSIONS:
            yield Finding("attachment_kind", f"{where}.{place}", "What is attached, and how it travels.")
        elif item.transmission != "AA" and not item.control_number:
            text = "An attachment that was sent needs the number it was sent under."
            yield Finding("attachment_number", f"{where}.{place}", text)


def _check_texts(texts: tuple[str, ...], where: str) -> Iterator[Finding]:
    if len(texts) > MAX_FIXED_TEXTS or any(not 0 < len(text) <= MAX_NOTE for text in texts):
        yield Finding("fixed_text", where, "At most ten texts (K3) of 1 to 80 characters.")


def _check_note(kind: str, text: str, where: str, kinds: Iterable[str]) -> Iterator[Finding]:
    if kind not in kinds:
        yield Finding("note_kind", where, f"A note of kind {kind or 'none'} does not fit here.")
    if not 0 < len(text.strip()) <= MAX_NOTE:
        yield Finding("note_length", where, "A note has 1 to 80 characters; what is longer would be cut.")


def _is_priced(equipment: Equipment) -> bool:
    """SV5 whole, or only the CR3 of an item whose price stands in SV1."""
    prices = [price for price in (equipment.rental_price, equipment.purchase_price) if price is not None]
    if equipment.certification and not equipment.days and not prices:
        return True
    return equipment.days > 0 and len(prices) == 2


def _check_transport(transport: Transport | None, where: str) -> Iterator[Finding]:
    if transport is None:
        return
    if transport.reason not in TRANSPORT_REASONS:
        yield Finding("transport_reason", f"{where}.reason", "Why the ambulance went: A to E.")
    if transport.miles is None or transport.miles < 0:
        yield Finding("transport_miles", f"{where}.miles", "How far the ambulance went, in miles.")
    for name in ("pick_up", "drop_off"):
        address = getattr(transport, name)
        if address is None or not address.line1.strip() or len(address.city.strip()) < 2:
            yield Finding("transport_place", f"{where}.{name}", "The street and city of the way are missing.")


def _check_certifications(
    found: tuple[Certification, ...], where: str, known: dict[str, frozenset[str]]
) -> Iterator[Finding]:
    categories = [item.category for item in found]
    for place, item in enumerate(found):
        allowed = known.get(item.category)
        if allowed is None or not set(item.conditions) <= allowed:
            yield Finding("certification", f"{where}.{place}", f"{item.category} does not say this (CRC).")
        elif not 1 <= len(item.conditions) <= MOST_CONDITIONS.get(item.category, 5):
            yield Finding(
                "certification_count", f"{where}.{place}", "One condition at least, and not too many."
            )
        if item.category == "ZZ" and item.applies == ("NU" in item.conditions):
            text = "EPSDT: NU goes with No, a referral (AV, S2, ST) with Yes."
            yield Finding("epsdt_referral", f"{where}.{place}", text)
        limit = 3 if item.category in ("07", "E1", "E2", "E3") else 1
        if categories.count(item.category) > limit and categories.index(item.category) == place:
            yield Finding("certification_repeated", f"{where}.{place}", "It is certified too often.")
