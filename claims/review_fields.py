"""Which fields of a claim a person may change, and how each is read (rules.md B8). Pure; part of claims/review.py.

A path is dotted, with places from 0: ``lines.0.drug.ndc``. Charges, codes and units are not among them: they are
corrected on the visit; amounts that only inform (a purchased service, postage) touch no ledger. A part that the
claim does not have yet (a supervising provider, a drug, an ambulance's way) is made by filling one of its fields,
and goes when all of them are empty again. A list is written one item a line: attachments ``OZ EL A77``,
certifications ``07 Y 01 04``, test results ``TR R2 31.5``, forms ``UT 484.3 1A=Y; 2=88.5%``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from claims import review_values as read
from claims.errors import NotEditable
from lib.frozen import freeze
from x12.documents.claim_details import Contract, Drug, Equipment, SpinalManipulation, Transport
from x12.documents.parties import Address, Party
from x12.documents.professional_claim import Provider, ServiceFacility

BLANK: tuple[Any, ...] = ("", None, False, [])


def parser_of(path: str) -> Callable[[Any], Any]:
    """How the value of a field is read. Raises NotEditable for money and for what is not in the table."""
    for pattern, parse in EDITABLE:
        if pattern.fullmatch(path):
            return parse
    raise NotEditable(
        "Codes, units and charges are corrected on the visit; the claim then follows."
        if path.startswith(("lines.", "total"))
        else f"{path} is not changed on the claim.",
        field=path,
    )


# --- parts that a claim may lack --------------------------------------------------------------------------


_PERSON = freeze(Provider(Party("1", "", "", "", "", "XX", "")))
_COMPANY = freeze(Provider(Party("2", "", "", "", "", "XX", "")))
_ORDERING = freeze(Provider(Party("1", "", "", "", "", "XX", ""), address=Address()))
_PLACE = freeze(ServiceFacility(Party("2", "", "", "", "", "XX", ""), Address()))
_WAY = freeze(Transport(pick_up=Address(), drop_off=Address()))
# name of the part -> what it is while nothing is filled in; the same on the claim and on its lines
PARTS: dict[str, dict[str, Any]] = {
    "referring_provider": _PERSON,
    "supervising_provider": _PERSON,
    "primary_care_provider": _PERSON,
    "rendering_provider": _PERSON,
    "ordering_provider": _ORDERING,
    "purchased_service_from": _COMPANY,
    "service_facility": _PLACE,
    "transport": _WAY,
    "spinal_manipulation": freeze(SpinalManipulation("")),
    "drug": freeze(Drug("")),
    "equipment": freeze(Equipment(Decimal(0))),
    "contract": freeze(Contract("")),
}


def is_optional(path: str) -> bool:
    """Whether the path leads into a part that a claim may lack."""
    return any(step in PARTS for step in path.split(".")[:-1])


def open_parts(document: dict[str, Any], path: str) -> list[str]:
    """Make the part that ``path`` leads into, where the claim has none; its name, or nothing."""
    way = path.split(".")
    owner: Any = document
    for step in way[:-1]:
        if isinstance(owner, list):
            owner = owner[int(step)] if int(step) < len(owner) else None
        elif isinstance(owner, dict):
            if owner.get(step) is None and step in PARTS:
                owner[step] = copy_of(PARTS[step])
                return [step]
            owner = owner.get(step)
        if owner is None:
            return []
    return []


def close_parts(document: dict[str, Any]) -> None:
    """What nobody has filled in, or emptied again, goes."""
    for owner in (document, *document["lines"]):
        for name, empty in PARTS.items():
            part = owner.get(name)
            if part is not None and _is_empty(part, empty):
                owner[name] = None


def copy_of(part: dict[str, Any]) -> dict[str, Any]:
    """A copy all the way down."""
    return {key: copy_of(value) if isinstance(value, dict) else value for key, value in part.items()}


def _is_empty(part: Any, empty: Any) -> bool:
    if isinstance(empty, dict):
        return part is None or all(_is_empty(part.get(key), value) for key, value in empty.items())
    return part in BLANK or part == [] or part == empty


PERSON = r"(subscriber|patient)\."
ADDRESS = r"address\.(line1|line2|city|state|postal_code)"
LINE = r"lines\.\d+\."
PROVIDERS = "(referring|supervising|primary_care)_provider"
LINE_PROVIDERS = "(referring|supervising|rendering|ordering)_provider"
WAY = r"(lines\.\d+\.)?transport\."
CONTRACT = r"(lines\.\d+\.)?contract\."
EDITABLE: tuple[tuple[re.Pattern[str], Callable[[Any], Any]], ...] = tuple(
    (re.compile(pattern), parse)
    for pattern, parse in (
        ("diagnoses", read.diagnoses),
        (r"dates\.[a-z_]+", read.day),
        ("prior_authorization|referral_number|clia_number|payer_claim_number", read.text_of(30)),
        (r"coverage\.group_number|coverage\.group_name", read.text_of(30)),
        (r"coverage\.insurance_type", read.one_of("", "12", "13", "14", "15", "16", "41", "42", "43", "47")),
        (r"subscriber\.party\.identifier", read.text_of(40)),
        (PERSON + r"party\.(last_name|first_name|middle_name)", read.text_of(35)),
        (PERSON + "birth_date", read.day),
        (PERSON + "sex", read.one_of("", "F", "M", "U")),
        (PERSON + r"address\.(line1|line2|city|state|postal_code)", read.text_of(55)),
        (PERSON + "property_casualty_number", read.text_of(40)),
        (r"patient\.relationship", read.one_of("01", "19", "20", "21", "39", "40", "53", "G8")),
        (r"related_causes\.(auto_accident|employment|other_accident)", read.yes_or_no),
        (r"related_causes\.state", read.text_of(2)),
        ("place_of_service", read.text_of(2)),
        (
            "mammography_number|investigational_device|demonstration_project|care_plan_oversight",
            read.capitals(30),
        ),
        ("medical_record_number|service_authorization_exception", read.text_of(30)),
        ("crossover_indicator", read.one_of("", "Y", "N")),
        ("special_program", read.one_of("", "02", "03", "05", "09")),
        ("attachments|" + LINE + "attachments", read.attachments),
        ("certifications|" + LINE + "certifications", read.certifications),
        ("fixed_texts|" + LINE + "fixed_texts", read.fixed_texts),
        ("condition_codes|anesthesia_procedures", read.code_list),
        (PERSON + "death_date", read.day),
        (PERSON + "weight_pounds", read.amount("1999")),
        (PERSON + "is_pregnant", read.yes_or_no),
        (PROVIDERS + r"\.party\.(last_name|first_name)", read.text_of(35)),
        (PROVIDERS + r"\.party\.identifier", read.npi),
        (r"service_facility\.party\.last_name", read.text_of(60)),
        (r"service_facility\.party\.identifier", read.npi),
        (r"service_facility\." + ADDRESS, read.text_of(55)),
        (r"spinal_manipulation\.condition", read.one_of("", *"ACDEFGM")),
        (r"spinal_manipulation\.(description|more)", read.text_of(80)),
        (WAY + "reason", read.one_of("", *"ABCDE")),
        (WAY + "(miles|weight_pounds)", read.amount("9999")),
        (WAY + "(round_trip_purpose|stretcher_purpose)", read.text_of(80)),
        (WAY + "drop_off_name", read.text_of(60)),
        (WAY + r"(pick_up|drop_off)\.(line1|line2|city|state|postal_code)", read.text_of(55)),
        (LINE + LINE_PROVIDERS + r"\.party\.(last_name|first_name)", read.text_of(35)),
        (LINE + LINE_PROVIDERS + r"\.party\.identifier", read.npi),
        (LINE + r"rendering_provider\.taxonomy", read.capitals(10)),
        (LINE + r"ordering_provider\." + ADDRESS, read.text_of(55)),
        (LINE + r"purchased_service_from\.party\.identifier", read.npi),
        (LINE + r"service_facility\.party\.last_name", read.text_of(60)),
        (LINE + r"service_facility\.party\.identifier", read.npi),
        (LINE + r"service_facility\." + ADDRESS, read.text_of(55)),
        (LINE + "place_of_service", read.text_of(2)),
        (LINE + "(prior_authorization|referral_number|clia_number|referring_clia_number)", read.text_of(30)),
        (LINE + "(immunization_batch|mammography_number)", read.text_of(30)),
        (LINE + "description|" + LINE + "third_party_note", read.text_of(80)),
        (LINE + "note", read.note("ADD", "DCP")),
        (LINE + "forms", read.forms),
        (LINE + "(is_emergency|is_epsdt|is_family_planning|copay_exempt)", read.yes_or_no),
        (LINE + "(last_seen|initial_treatment|prescription|last_xray|recertified|therapy_began)", read.day),
        (LINE + "(last_certified|hemoglobin_test|creatinine_test|shipped)", read.day),
        (LINE + "purchased_service_provider", read.text_of(50)),
        (LINE + r"drug\.ndc", lambda raw: read.text_of(13)(raw).replace("-", "")),
        (LINE + r"drug\.quantity", read.amount("9999999", 3)),
        (LINE + r"drug\.unit", read.one_of("", "UN", "ML", "GR", "F2", "ME")),
        (LINE + r"drug\.(prescription_number|link_number)", read.text_of(50)),
        (LINE + r"equipment\.days", lambda raw: read.amount("9999", 0)(raw) or "0"),
        (LINE + r"equipment\.months", read.amount("9999", 0)),
        (LINE + r"equipment\.(rental_price|purchase_price)", read.amount("9999999")),
        (LINE + "(purchased_service_charge|sales_tax|postage)", read.amount("9999999")),
        (LINE + r"equipment\.price_frequency", read.one_of("", "1", "4", "6")),
        (LINE + r"equipment\.certification", read.one_of("", "I", "R", "S")),
        (LINE + "test_results", read.test_results),
        (LINE + "transported_patients", read.small_number),
        (LINE + "obstetric_units", read.amount("99", 1)),
        (r"lines\.\d+\.modifiers", read.modifiers),
        (r"lines\.\d+\.pointers", read.pointers),
        ("note", read.note("ADD", "CER", "DCP", "DGN", "TPO")),
        (CONTRACT + "kind", read.one_of("", "01", "02", "03", "04", "05", "06", "09")),
        (CONTRACT + "amount", read.amount("9999999")),
        (CONTRACT + "(percent|discount_percent)", read.amount("100", 2)),
        (CONTRACT + "(code|version)", read.capitals(30)),
        ("delay_reason", read.one_of("", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "15")),
        ("release_of_information", read.one_of("Y", "I")),
    )
)
