"""Boxes for what few claims carry: more dates, numbers and programs, ambulances, equipment, contracts, forms. Pure.

Part of the review page beside claims/boxes.py and claims/more_boxes.py; every field of claims/review_fields.py has its
box in one of the three (a test). They are folded away; those of a line are asked for, since fifty lines of them fit
on no page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from claims.boxes import Box, Section, in_rows
from lib.frozen import freeze
from x12.documents.professional_claim import ClaimDocument

Choices = tuple[tuple[str, str], ...]
YES: Choices = (("", "no"), ("true", "yes"))
REASONS: Choices = (
    ("", "none"), ("A", "A nearest facility"), ("B", "B for a doctor"), ("C", "C to the family"),
    ("D", "D specialist"), ("E", "E rehabilitation"),
)  # fmt: skip
SPINE: Choices = (
    ("", "none"), ("A", "A acute"), ("C", "C chronic"), ("D", "D not acute"), ("E", "E not life-threatening"),
    ("F", "F routine"), ("G", "G symptomatic"), ("M", "M acute on chronic"),
)  # fmt: skip
CONTRACTS: Choices = (
    ("", "none"), ("01", "01 DRG"), ("02", "02 per diem"), ("03", "03 variable"), ("04", "04 flat"),
    ("05", "05 capitated"), ("06", "06 percent"), ("09", "09 other"),
)  # fmt: skip
DELAYS: Choices = (
    ("", "none"), ("1", "1 eligibility unknown"), ("2", "2 litigation"), ("3", "3 authorization late"),
    ("4", "4 certifying provider"), ("5", "5 forms missing"), ("6", "6 custom-made"), ("7", "7 third party"),
    ("8", "8 eligibility late"), ("9", "9 rejected before"), ("10", "10 administration"), ("11", "11 other"),
    ("15", "15 natural disaster"),
)  # fmt: skip
PROGRAMS: Choices = (
    ("", "none"), ("02", "02 handicapped children"), ("03", "03 special federal"), ("05", "05 disability"),
    ("09", "09 second opinion"),
)  # fmt: skip
EXCEPTIONS: Choices = (
    ("", "none"), ("1", "1 immediate care"), ("2", "2 late"), ("3", "3 emergency"), ("4", "4 temporary Medicaid"),
    ("5", "5 second opinion"), ("6", "6 another payer"), ("7", "7 special handling"),
)  # fmt: skip
FREQUENCIES: Choices = (("", "none"), ("1", "1 weekly"), ("4", "4 monthly"), ("6", "6 daily"))
CERTIFIED: Choices = (("", "none"), ("I", "I first"), ("R", "R renewed"), ("S", "S revised"))


class Rare(NamedTuple):
    """One box: its field, words and element; ``kind`` as ``Box.edit``, or how a list is shown."""

    path: str
    label: str
    element: str
    kind: str = "text"
    choices: Choices = ()
    span: int = 4
    number: str = ""


def _address(path: str, words: str, loop: str) -> Iterator[Rare]:
    yield Rare(f"{path}.line1", f"{words}: street", f"{loop} N301")
    yield Rare(f"{path}.line2", "Second line", f"{loop} N302")
    yield Rare(f"{path}.city", "City", f"{loop} N401")
    yield Rare(f"{path}.state", "State", f"{loop} N402")
    yield Rare(f"{path}.postal_code", "ZIP", f"{loop} N403")


def _provider(path: str, words: str, loop: str) -> Iterator[Rare]:
    yield Rare(f"{path}.party.last_name", words, f"{loop} NM103")
    yield Rare(f"{path}.party.first_name", "First name", f"{loop} NM104")
    yield Rare(f"{path}.party.identifier", "NPI", f"{loop} NM109")


def _facility(loop: str) -> Iterator[Rare]:
    yield Rare("service_facility.party.last_name", "Where it was done", f"{loop} NM103", number="32")
    yield Rare("service_facility.party.identifier", "NPI", f"{loop} NM109", number="32a")
    yield from _address("service_facility.address", "There", loop)


def _transport(up: str, down: str) -> Iterator[Rare]:
    yield Rare("transport.reason", "Why by ambulance", "CR104", "choice", REASONS)
    yield Rare("transport.miles", "Miles", "CR106")
    yield Rare("transport.weight_pounds", "Weight in pounds", "CR102")
    yield Rare("transport.round_trip_purpose", "Why there and back", "CR109", span=12)
    yield Rare("transport.stretcher_purpose", "Why on a stretcher", "CR110", span=12)
    yield from _address("transport.pick_up", "Picked up", up)
    yield Rare("transport.drop_off_name", "Taken to", f"{down} NM103")
    yield from _address("transport.drop_off", "Set down", down)


def _contract() -> Iterator[Rare]:
    yield Rare("contract.kind", "Contract", "CN101", "choice", CONTRACTS)
    yield Rare("contract.amount", "Amount", "CN102")
    yield Rare("contract.percent", "Percent", "CN103")
    yield Rare("contract.code", "Number of the contract", "CN104")
    yield Rare("contract.discount_percent", "Discount in percent", "CN105")
    yield Rare("contract.version", "Version", "CN106")


def _days(prefix: str, *told: tuple[str, str, str]) -> Iterator[Rare]:
    for name, words, qualifier in told:
        yield Rare(f"{prefix}{name}", words, f"DTP*{qualifier}", "date")


CERTIFICATIONS = "Certifications, one a line: 75 Y IH"
FIXED_TEXTS = "Texts a payer asks for, one a line"
DATES = tuple(
    _days(
        "dates.",
        ("last_menstrual_period", "Last menstrual period", "484"), ("last_seen", "Last seen", "304"),
        ("acute_manifestation", "Acute since", "453"), ("last_xray", "Last X-ray", "455"),
        ("prescription", "Prescribed", "471"), ("disability_from", "Disabled from", "360"),
        ("disability_to", "Disabled until", "361"), ("last_worked", "Last worked", "297"),
        ("return_to_work", "Back at work", "296"), ("admission", "Admitted", "435"),
        ("discharge", "Discharged", "096"), ("assumed_care", "Took over the care", "090"),
        ("relinquished_care", "Gave up the care", "091"), ("first_contact", "First contact", "444"),
        ("repricer_received", "Repricer received", "050"),
    )
)  # fmt: skip
NUMBERS = (
    Rare("referral_number", "Referral", "REF*9F"),
    Rare("clia_number", "CLIA", "REF*X4"),
    Rare("medical_record_number", "Medical record", "REF*EA"),
    Rare("mammography_number", "Mammography", "REF*EW"),
    Rare("investigational_device", "Investigational device", "REF*LX"),
    Rare("demonstration_project", "Demonstration project", "REF*P4"),
    Rare("care_plan_oversight", "Care plan oversight", "REF*1J"),
    Rare("service_authorization_exception", "Without authorization because", "REF*4N", "choice", EXCEPTIONS),
    Rare("crossover_indicator", "Crossover", "REF*F5", "choice", (("", "none"), ("Y", "yes"), ("N", "no"))),
    Rare("special_program", "Special program", "CLM12", "choice", PROGRAMS),
    Rare("delay_reason", "Why late", "CLM20", "choice", DELAYS),
    Rare("condition_codes", "Condition codes", "HI*BG", "codes"),
    Rare("anesthesia_procedures", "Procedures under anesthesia", "HI*BP", "codes"),
)
CAUSES = (
    Rare("related_causes.employment", "Because of work", "CLM11", "choice", YES, number="10a"),
    Rare("related_causes.auto_accident", "Auto accident", "CLM11", "choice", YES, number="10b"),
    Rare("related_causes.state", "In the state", "CLM11-4", number="10b"),
    Rare("related_causes.other_accident", "Another accident", "CLM11", "choice", YES, number="10c"),
    Rare("place_of_service", "Place of service", "CLM05-1", number="24B"),
)
PAPERS = (
    Rare("certifications", CERTIFICATIONS, "CRC", "certifications", span=12),
    Rare("fixed_texts", FIXED_TEXTS, "K3", "texts", span=12),
)
WAY_AND_SPINE = (
    *_transport("2310E", "2310F"),
    Rare("spinal_manipulation.condition", "Spinal manipulation", "CR208", "choice", SPINE),
    Rare("spinal_manipulation.description", "How it is", "CR210", span=12),
    Rare("spinal_manipulation.more", "More", "CR211", span=12),
)
PLACES = (*_facility("2310C"), *_provider("primary_care_provider", "Primary care", "2310A"))
LINE = (
    Rare("place_of_service", "Place of service", "SV105"),
    Rare("description", "Description of an unlisted code", "SV101-7", span=12),
    Rare("is_emergency", "Emergency", "SV109", "choice", YES),
    Rare("is_epsdt", "EPSDT", "SV111", "choice", YES),
    Rare("is_family_planning", "Family planning", "SV112", "choice", YES),
    Rare("copay_exempt", "No copay", "SV115", "choice", YES),
    Rare("prior_authorization", "Authorization of the line", "REF*G1"),
    Rare("referral_number", "Referral of the line", "REF*9F"),
    Rare("clia_number", "CLIA", "REF*X4"),
    Rare("referring_clia_number", "CLIA of who sent it", "REF*F4"),
    Rare("immunization_batch", "Vaccine batch", "REF*BT"),
    Rare("mammography_number", "Mammography", "REF*EW"),
    *_days(
        "",
        ("last_seen", "Last seen", "304"), ("initial_treatment", "First treated", "454"),
        ("prescription", "Prescribed", "471"), ("last_xray", "Last X-ray", "455"),
        ("recertified", "Certified again", "607"), ("therapy_began", "Therapy began", "463"),
        ("last_certified", "Last certified", "461"), ("hemoglobin_test", "Hemoglobin test", "738"),
        ("creatinine_test", "Creatinine test", "739"), ("shipped", "Shipped", "011"),
    ),
    *_provider("rendering_provider", "Rendered by", "2420A"),
    Rare("rendering_provider.taxonomy", "Taxonomy", "2420A PRV03"),
    *_provider("supervising_provider", "Supervised by", "2420D"),
    *_provider("referring_provider", "Referred by", "2420F"),
    *_address("ordering_provider.address", "Who ordered", "2420E"),
    *_facility("2420C"),
    Rare("purchased_service_provider", "Purchased from (number)", "PS101", number="20"),
    Rare("purchased_service_charge", "For", "PS102", number="20"),
    Rare("purchased_service_from.party.identifier", "NPI of who did it", "2420B NM109", number="20"),
    Rare("sales_tax", "Sales tax", "AMT*T"),
    Rare("postage", "Postage", "AMT*F4"),
    Rare("drug.prescription_number", "Prescription number", "REF*XZ"),
    Rare("drug.link_number", "Compound (link number)", "REF*VY"),
    Rare("equipment.days", "Equipment: days", "SV503"),
    Rare("equipment.rental_price", "Price to rent", "SV504"),
    Rare("equipment.purchase_price", "Price to buy", "SV505"),
    Rare("equipment.price_frequency", "Rented", "SV506", "choice", FREQUENCIES),
    Rare("equipment.certification", "Certificate", "CR301", "choice", CERTIFIED),
    Rare("equipment.months", "Months certified", "CR303"),
    Rare("test_results", "Test results, one a line: TR R2 31.5", "MEA", "tests", span=12),
    Rare("transported_patients", "Patients in one ambulance", "QTY*PT"),
    Rare("obstetric_units", "Obstetric units", "QTY*FL"),
    *_transport("2420G", "2420H"),
    Rare("certifications", CERTIFICATIONS.replace("75 Y IH", "09 Y 38"), "CRC", "certifications", span=12),
    Rare("attachments", "Attachments, one a line: OZ EL A77", "PWK", "attachments", span=12),
    Rare("forms", "Forms, one a line: UT 484.3 1A=Y; 2=88.5%", "LQ, FRM", "forms", span=12),
    *_contract(),
    Rare("fixed_texts", FIXED_TEXTS, "K3", "texts", span=12),
    Rare("third_party_note", "Note to a third party", "NTE*TPO", span=12),
)  # fmt: skip


def rare_sections(document: ClaimDocument, lines: Iterable[int] = ()) -> list[Section]:
    """Folded sections of the claim, then those of the asked lines (places from 0)."""
    frozen = freeze(document)
    groups: list[tuple[str, Iterable[Rare], str]] = [
        ("Accident and place", CAUSES, ""),
        ("Names and addresses, and facts of the patient", _people(document), ""),
        ("More dates", DATES, ""),
        ("Numbers and programs", NUMBERS, ""),
        ("Certifications and texts", PAPERS, ""),
        ("Ambulance and spine", WAY_AND_SPINE, ""),
        ("Other places and providers", PLACES, ""),
        ("Contract", tuple(_contract()), ""),
        *(
            (f"All of line {place + 1}: {document.lines[place].procedure}", LINE, f"lines.{place}.")
            for place in lines
            if place < len(document.lines)
        ),
    ]
    return [
        Section(title, tuple(in_rows(_box(frozen, rare, prefix) for rare in group)), is_folded=True)
        for title, group, prefix in groups
    ]


def _people(document: ClaimDocument) -> Iterator[Rare]:
    """Who was treated, and who holds the card where that is somebody else."""
    for who, words, loop in (("patient", "Patient", "2010CA"), ("subscriber", "Insured", "2010BA")):
        if who == "patient" and document.patient is None:
            continue
        yield Rare(f"{who}.party.last_name", f"{words}’s name", f"{loop} NM103")
        yield Rare(f"{who}.party.first_name", "First name", f"{loop} NM104")
        yield Rare(f"{who}.party.middle_name", "Middle name", f"{loop} NM105")
        if getattr(document, who).address is not None:
            yield from _address(f"{who}.address", words, loop)
        yield Rare(f"{who}.property_casualty_number", "Property and casualty claim", "REF*Y4")
    who, loop = ("patient", "2000C") if document.patient else ("subscriber", "2000B")
    yield Rare(f"{who}.death_date", "Died", f"{loop} PAT06", "date")
    yield Rare(f"{who}.weight_pounds", "Weight in pounds", f"{loop} PAT08")
    yield Rare(f"{who}.is_pregnant", "Pregnant", f"{loop} PAT09", "choice", YES)


def _box(frozen: Mapping[str, Any], rare: Rare, prefix: str) -> Box:
    path = prefix + rare.path
    raw = _shown(_at(frozen, path), rare.kind)
    if rare.path == "equipment.days" and raw == "0":
        raw = ""
    kind = (
        rare.kind if rare.kind in ("text", "date", "choice") else "text" if rare.kind == "codes" else "lines"
    )
    words = next((told for value, told in rare.choices if value == raw), raw)
    is_private = path.startswith(("subscriber", "patient."))
    return Box(
        rare.number, rare.label, words if raw else "", path, rare.element, rare.span, kind, raw, rare.choices,
        is_private=is_private,
    )  # fmt: skip


def _at(frozen: Any, path: str) -> Any:
    """The stored value of a field; None where the claim has no such part."""
    for step in path.split("."):
        frozen = frozen[int(step)] if isinstance(frozen, list) else (frozen or {}).get(step)
    return frozen


def _shown(value: Any, kind: str) -> str:
    """A stored value as it is typed (claims/review_values.py reads it again)."""
    if value is None or value == [] or value is False:
        return ""
    if value is True:
        return "true"
    if kind == "codes":
        return " ".join(value)
    if isinstance(value, list):
        return "\n".join(ITEMS[kind](item) for item in value)
    return str(value)


def _certification(item: Mapping[str, Any]) -> str:
    return " ".join([item["category"], "Y" if item["applies"] else "N", *item["conditions"]])


def _form(item: Mapping[str, Any]) -> str:
    answers = (
        f"{one['question']}={one['yes_no'] or one['text'] or one['day'] or str(one['percent']) + '%'}"
        for one in item["answers"]
    )
    return f"{item['code_list']} {item['name']} {'; '.join(answers)}"


ITEMS: dict[str, Callable[[Any], str]] = {
    "texts": str,
    "attachments": lambda one: " ".join(
        filter(None, (one["report_type"], one["transmission"], one["control_number"]))
    ),
    "tests": lambda one: f"{one['kind']} {one['measure']} {one['value']}",
    "certifications": _certification,
    "forms": _form,
}
