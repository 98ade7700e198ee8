"""Which fields of a claim a person may change, and how each is read (rules.md B8). Pure; part of claims/review.py.

A path is dotted, with places from 0: ``lines.0.drug.ndc``. Charges, codes and units are not among them: they are
corrected on the visit; amounts that only inform (a purchased service, postage) touch no ledger. A part that the
claim does not have yet (a supervising provider, a drug, an ambulance's way) is made by filling one of its fields,
and goes when all of them are empty again. A list is written one item a line: attachments ``OZ EL A77``,
certifications ``07 Y 01 04``, test results ``TR R2 31.5``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from claims.errors import NotEditable
from lib.frozen import freeze
from lib.npi import is_npi
from x12.documents.claim_details import Drug, Equipment, SpinalManipulation, Transport
from x12.documents.parties import Address, Party
from x12.documents.professional_claim import Provider, ServiceFacility

WORDS = re.compile(r"[\s,;]+")
MODIFIER = re.compile(r"[0-9A-Z]{2}\Z")
DIAGNOSIS = re.compile(r"[A-Z][0-9][0-9A-Z][0-9A-Z]{0,4}\Z")
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
}
ON_LINES = frozenset(
    {"referring_provider", "supervising_provider", "rendering_provider", "ordering_provider", "drug", "equipment",
     "purchased_service_from", "service_facility", "transport"}
)  # fmt: skip


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


# --- how each field is read -------------------------------------------------------------------------------


def _text(size: int) -> Callable[[Any], str]:
    def parse(raw: Any) -> str:
        text = str(raw or "").strip()
        if len(text) > size:
            raise ValueError(f"at most {size} characters")
        return text

    return parse


def _day(raw: Any) -> str | None:
    if raw in ("", None):
        return None
    try:
        return date.fromisoformat(str(raw)).isoformat()
    except ValueError:
        raise ValueError("a date such as 2026-03-09") from None


def _one_of(*allowed: str) -> Callable[[Any], str]:
    def parse(raw: Any) -> str:
        if str(raw) not in allowed:
            raise ValueError(f"one of {', '.join(filter(None, allowed))}")
        return str(raw)

    return parse


def _words(raw: Any) -> list[str]:
    items = raw if isinstance(raw, list) else WORDS.split(str(raw or ""))
    return [str(item).strip().upper() for item in items if str(item).strip()]


def _diagnoses(raw: Any) -> list[str]:
    codes = [code.replace(".", "") for code in _words(raw)]
    if len(codes) > 12 or len(set(codes)) != len(codes):
        raise ValueError("at most twelve codes, each once")
    if bad := [code for code in codes if not DIAGNOSIS.match(code)]:
        raise ValueError(f"{bad[0]} is not an ICD-10-CM code")
    return codes


def _modifiers(raw: Any) -> list[str]:
    codes = _words(raw)
    if len(codes) > 4 or any(not MODIFIER.match(code) for code in codes):
        raise ValueError("up to four modifiers of two characters")
    return codes


def _pointers(raw: Any) -> list[int]:
    """1 to 12, or the letters A to L of box 24E."""
    letters = "ABCDEFGHIJKL"
    words = (
        _words(raw)
        if isinstance(raw, list) or WORDS.search(str(raw).strip())
        else list(str(raw or "").upper())
    )
    if isinstance(raw, str) and raw.strip().isdigit() and len(raw.strip()) <= 2 and int(raw) <= 12:
        words = [raw.strip()]
    places = [letters.index(word) + 1 if word in letters else int(word) for word in words]
    if not 1 <= len(places) <= 4 or any(not 1 <= place <= 12 for place in places):
        raise ValueError("one to four diagnoses, A to L")
    return places


def _flag(raw: Any) -> bool:
    return str(raw).strip().lower() in ("1", "true", "on", "yes", "y")


def _note(raw: Any) -> dict[str, str] | None:
    if isinstance(raw, dict):
        raw = raw.get("text", "")
    text = _text(80)(raw)
    return {"kind": "ADD", "text": text} if text else None


def _amount(most: str, digits: int = 2) -> Callable[[Any], str | None]:
    """A number above or equal to zero, as text."""

    def parse(raw: Any) -> str | None:
        if raw in ("", None):
            return None
        try:
            value = Decimal(str(raw).strip())
        except InvalidOperation:
            raise ValueError("a number such as 12.5") from None
        if not value.is_finite() or not 0 <= value <= Decimal(most) or value != round(value, digits):
            raise ValueError(f"a number from 0 to {most}")
        return str(value.quantize(Decimal("0.01")) if digits == 2 else value)

    return parse


def _number(raw: Any) -> int | None:
    if raw in ("", None):
        return None
    if not str(raw).strip().isdecimal() or not 0 < int(raw) < 100:
        raise ValueError("a whole number from 1 to 99")
    return int(raw)


def _npi(raw: Any) -> str:
    text = str(raw or "").strip()
    if text and not is_npi(text):
        raise ValueError("an NPI has ten digits with a check digit")
    return text


def _capitals(size: int) -> Callable[[Any], str]:
    return lambda raw: _text(size)(raw).upper()


def _lines_of(raw: Any) -> list[Any]:
    """Items of a list: as they were stored, or one a line."""
    if isinstance(raw, list):
        return raw
    return [line.strip() for line in str(raw or "").splitlines() if line.strip()]


def _fixed_texts(raw: Any) -> list[str]:
    texts = [_text(80)(item) for item in _lines_of(raw)]
    if len(texts) > 10:
        raise ValueError("at most ten texts")
    return texts


def _attachments(raw: Any) -> list[dict[str, str]]:
    """``OZ EL A77``: what, how, and the number it was sent under."""
    found = []
    for item in _lines_of(raw):
        words = (
            [item.get("report_type", ""), item.get("transmission", ""), item.get("control_number", "")]
            if isinstance(item, dict)
            else item.upper().split(maxsplit=2)
        )
        if len(words) < 2 or len(words[0]) != 2 or len(words[1]) != 2:
            raise ValueError("one a line, such as OZ EL A77")
        number = _text(50)(words[2]) if len(words) > 2 else ""
        found.append({"report_type": words[0], "transmission": words[1], "control_number": number})
    return found


def _certifications(raw: Any) -> list[dict[str, Any]]:
    """``07 Y 01 04``: which, whether, and the conditions."""
    found: list[dict[str, Any]] = []
    for item in _lines_of(raw):
        if isinstance(item, dict):
            category, applies = str(item.get("category", "")), _flag(item.get("applies", ""))
            conditions = [str(code) for code in item.get("conditions", [])]
        else:
            words = item.upper().split()
            if len(words) < 3 or words[1] not in ("Y", "N"):
                raise ValueError("one a line, such as 75 Y IH")
            category, applies, conditions = words[0], words[1] == "Y", words[2:]
        found.append({"category": category, "applies": applies, "conditions": conditions})
    return found


def _test_results(raw: Any) -> list[dict[str, str]]:
    """``TR R2 31.5``: kind, what was measured, how much."""
    found = []
    for item in _lines_of(raw):
        words = (
            [str(item.get(name, "")) for name in ("kind", "measure", "value")]
            if isinstance(item, dict)
            else item.upper().split()
        )
        if len(words) != 3:
            raise ValueError("one a line, such as TR R2 31.5")
        value = _amount("99999", 3)(words[2])
        if value is None:
            raise ValueError("one a line, such as TR R2 31.5")
        found.append({"kind": words[0], "measure": words[1], "value": value})
    return found


def _code_list(raw: Any) -> list[str]:
    return [_text(5)(code) for code in _words(raw)]


PERSON = r"(subscriber|patient)\."
ADDRESS = r"address\.(line1|line2|city|state|postal_code)"
LINE = r"lines\.\d+\."
PROVIDERS = "(referring|supervising|primary_care)_provider"
LINE_PROVIDERS = "(referring|supervising|rendering|ordering)_provider"
WAY = r"(lines\.\d+\.)?transport\."
EDITABLE: tuple[tuple[re.Pattern[str], Callable[[Any], Any]], ...] = tuple(
    (re.compile(pattern), parse)
    for pattern, parse in (
        ("diagnoses", _diagnoses),
        (r"dates\.[a-z_]+", _day),
        ("prior_authorization|referral_number|clia_number|payer_claim_number", _text(30)),
        (r"coverage\.group_number|coverage\.group_name", _text(30)),
        (r"coverage\.insurance_type", _one_of("", "12", "13", "14", "15", "16", "41", "42", "43", "47")),
        (r"subscriber\.party\.identifier", _text(40)),
        (PERSON + r"party\.(last_name|first_name|middle_name)", _text(35)),
        (PERSON + "birth_date", _day),
        (PERSON + "sex", _one_of("", "F", "M", "U")),
        (PERSON + r"address\.(line1|line2|city|state|postal_code)", _text(55)),
        (PERSON + "property_casualty_number", _text(40)),
        (r"patient\.relationship", _one_of("01", "19", "20", "21", "39", "40", "53", "G8")),
        (r"related_causes\.(auto_accident|employment|other_accident)", _flag),
        (r"related_causes\.state", _text(2)),
        ("place_of_service", _text(2)),
        (
            "mammography_number|investigational_device|demonstration_project|care_plan_oversight",
            _capitals(30),
        ),
        ("medical_record_number|service_authorization_exception", _text(30)),
        ("crossover_indicator", _one_of("", "Y", "N")),
        ("special_program", _one_of("", "02", "03", "05", "09")),
        ("attachments|" + LINE + "attachments", _attachments),
        ("certifications|" + LINE + "certifications", _certifications),
        ("fixed_texts|" + LINE + "fixed_texts", _fixed_texts),
        ("condition_codes|anesthesia_procedures", _code_list),
        (PERSON + "death_date", _day),
        (PERSON + "weight_pounds", _amount("1999")),
        (PERSON + "is_pregnant", _flag),
        (PROVIDERS + r"\.party\.(last_name|first_name)", _text(35)),
        (PROVIDERS + r"\.party\.identifier", _npi),
        (r"service_facility\.party\.last_name", _text(60)),
        (r"service_facility\.party\.identifier", _npi),
        (r"service_facility\." + ADDRESS, _text(55)),
        (r"spinal_manipulation\.condition", _one_of("", *"ACDEFGM")),
        (r"spinal_manipulation\.(description|more)", _text(80)),
        (WAY + "reason", _one_of("", *"ABCDE")),
        (WAY + "(miles|weight_pounds)", _amount("9999")),
        (WAY + "(round_trip_purpose|stretcher_purpose)", _text(80)),
        (WAY + "drop_off_name", _text(60)),
        (WAY + r"(pick_up|drop_off)\.(line1|line2|city|state|postal_code)", _text(55)),
        (LINE + LINE_PROVIDERS + r"\.party\.(last_name|first_name)", _text(35)),
        (LINE + LINE_PROVIDERS + r"\.party\.identifier", _npi),
        (LINE + r"rendering_provider\.taxonomy", _capitals(10)),
        (LINE + r"ordering_provider\." + ADDRESS, _text(55)),
        (LINE + r"purchased_service_from\.party\.identifier", _npi),
        (LINE + r"service_facility\.party\.last_name", _text(60)),
        (LINE + r"service_facility\.party\.identifier", _npi),
        (LINE + r"service_facility\." + ADDRESS, _text(55)),
        (LINE + "place_of_service", _text(2)),
        (LINE + "(prior_authorization|referral_number|clia_number|referring_clia_number)", _text(30)),
        (LINE + "(immunization_batch|mammography_number)", _text(30)),
        (LINE + "description|" + LINE + "third_party_note", _text(80)),
        (LINE + "note", _note),
        (LINE + "(is_emergency|is_epsdt|is_family_planning|copay_exempt)", _flag),
        (LINE + "(last_seen|initial_treatment|prescription|last_xray|recertified|therapy_began)", _day),
        (LINE + "(last_certified|hemoglobin_test|creatinine_test|shipped)", _day),
        (LINE + "purchased_service_provider", _text(50)),
        (LINE + r"drug\.ndc", lambda raw: _text(13)(raw).replace("-", "")),
        (LINE + r"drug\.quantity", _amount("9999999", 3)),
        (LINE + r"drug\.unit", _one_of("", "UN", "ML", "GR", "F2", "ME")),
        (LINE + r"drug\.(prescription_number|link_number)", _text(50)),
        (LINE + r"equipment\.days", lambda raw: _amount("9999", 0)(raw) or "0"),
        (LINE + r"equipment\.months", _amount("9999", 0)),
        (LINE + r"equipment\.(rental_price|purchase_price)", _amount("9999999")),
        (LINE + "(purchased_service_charge|sales_tax|postage)", _amount("9999999")),
        (LINE + r"equipment\.price_frequency", _one_of("", "1", "4", "6")),
        (LINE + r"equipment\.certification", _one_of("", "I", "R", "S")),
        (LINE + "test_results", _test_results),
        (LINE + "transported_patients", _number),
        (LINE + "obstetric_units", _amount("99", 1)),
        (r"lines\.\d+\.modifiers", _modifiers),
        (r"lines\.\d+\.pointers", _pointers),
        ("note", _note),
        ("delay_reason", _one_of("", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "15")),
        ("release_of_information", _one_of("Y", "I")),
    )
)
