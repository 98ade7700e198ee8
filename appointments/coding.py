"""The shapes of codes people type: diagnoses, modifiers, procedures, pointers. Pure; no code list is shipped."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from lib.findings import Finding

# ICD-10-CM: a letter, a digit, a digit or A/B, then up to four more after the dot.
DIAGNOSIS = re.compile(r"[A-Z][0-9][0-9AB][0-9A-Z]{0,4}")
MODIFIER = re.compile(r"[A-Z0-9]{2}")
SERVICE_CODE = re.compile(r"[A-Z0-9]{2,8}")
# CMS place of service codes that a clinic's visits use, in our own words; CLM05-1 and SV105 carry the code.
PLACES_OF_SERVICE = {
    "02": "Telehealth, patient not at home",
    "10": "Telehealth, patient at home",
    "11": "Office",
    "12": "Patient's home",
    "13": "Assisted living",
    "03": "School",
    "04": "Homeless shelter",
    "15": "Mobile unit",
    "19": "Off-campus outpatient hospital",
    "20": "Urgent care",
    "21": "Inpatient hospital",
    "22": "On-campus outpatient hospital",
    "23": "Emergency room",
    "31": "Skilled nursing facility",
    "32": "Nursing facility",
    "49": "Independent clinic",
    "50": "Federally qualified health center",
    "53": "Community mental health center",
    "62": "Comprehensive outpatient rehabilitation",
    "72": "Rural health clinic",
    "99": "Other place",
}
MAX_DIAGNOSES, MAX_POINTERS, MAX_MODIFIERS, MAX_LINES = 12, 4, 4, 50


def split_codes(text: str) -> list[str]:
    """What was typed between commas, semicolons and spaces, in capitals."""
    return [word for word in re.split(r"[\s,;]+", text.strip().upper()) if word]


def read_diagnoses(text: str, where: str = "diagnoses") -> tuple[list[str], list[Finding]]:
    """Typed ICD-10-CM codes without their dots, in order, and what is wrong with them."""
    codes, found = [], []
    for word in split_codes(text):
        code = word.replace(".", "", 1) if len(word) > 3 and word[3] == "." else word
        if not DIAGNOSIS.fullmatch(code):
            found.append(
                Finding("icd10", where, f"{word} does not look like an ICD-10-CM code, such as M54.50.")
            )
        elif code in codes:
            found.append(Finding("icd10_twice", where, f"{word} is there twice."))
        else:
            codes.append(code)
    if len(codes) > MAX_DIAGNOSES:
        found.append(
            Finding("icd10_many", where, f"A claim takes {MAX_DIAGNOSES} diagnoses; these are {len(codes)}.")
        )
    return codes, found


def read_modifiers(text: str, where: str) -> tuple[list[str], list[Finding]]:
    """Typed modifiers in order, and what is wrong with them."""
    words = split_codes(text)
    found = [
        Finding("modifier", where, f"{word} is not a modifier: two letters or digits, such as 59.")
        for word in words
        if not MODIFIER.fullmatch(word)
    ]
    if len(words) > MAX_MODIFIERS:
        found.append(Finding("modifiers_many", where, f"A line takes {MAX_MODIFIERS} modifiers."))
    if len(set(words)) < len(words):
        found.append(Finding("modifier_twice", where, "A modifier is there twice."))
    return words, found


def read_pointers(text: str, diagnoses: int, where: str) -> tuple[list[int], list[Finding]]:
    """Typed pointers (1-based places in the diagnosis list); empty takes the first four, as claims do."""
    words = split_codes(text)
    if not words:
        return list(range(1, min(diagnoses, MAX_POINTERS) + 1)), []
    if not all(word.isascii() and word.isdigit() for word in words):
        return [], [Finding("pointer", where, "Pointers are the numbers of the diagnoses, such as 1, 2.")]
    places = [int(word) for word in words]
    found = [
        Finding("pointer", where, f"There is no diagnosis number {place}.")
        for place in places
        if not 1 <= place <= diagnoses
    ]
    if len(places) > MAX_POINTERS or len(set(places)) < len(places):
        found.append(Finding("pointers_many", where, f"At most {MAX_POINTERS} different pointers."))
    return places, found


def read_units(text: str, where: str) -> tuple[Decimal | None, list[Finding]]:
    """Typed fixed units, more than zero, up to three decimals; empty means by rule."""
    if not text.strip():
        return None, []
    try:
        units = Decimal(text.strip())
    except InvalidOperation:
        units = Decimal("NaN")
    if not units.is_finite() or not Decimal(0) < units <= Decimal("9999.999"):
        return None, [Finding("units", where, "Units are a number above zero, such as 1 or 0.75.")]
    if units != units.quantize(Decimal("0.001")):
        return None, [Finding("units", where, "Units have at most three decimals.")]
    return units, []


def place_words(code: str) -> str:
    """A place of service as people read it: ``02 Telehealth, patient not at home``; "" for none."""
    return f"{code} {PLACES_OF_SERVICE.get(code, '')}".strip() if code else ""
