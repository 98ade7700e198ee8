"""The minimum sets of rules.md B14: what is missing to book and to bill, and whose job it is. Pure.

What coverage adds to the billing set stands in insurance/requirements.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from patients.models import Patient

Owner = Literal["front desk", "biller"]


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing that is not there: the field it goes into, the chip's words, and who gets it."""

    field: str
    words: str
    owner: Owner


TO_BOOK = (
    ("first_name", "Needs first name"),
    ("last_name", "Needs last name"),
    ("birth_date", "Needs DOB"),
    ("phone", "Needs phone"),
    ("reason", "Needs reason"),
)
ADDRESS = ("street", "city", "state", "zip_code")


def missing_to_book(patient: Patient) -> list[Missing]:
    """Name, date of birth, telephone and reason of the visit: the front desk asks for them."""
    return [Missing(name, words, "front desk") for name, words in TO_BOOK if not getattr(patient, name)]


def missing_to_bill(patient: Patient) -> list[Missing]:
    """The booking set's identity, a full address and the sex: loop 2010 of the 837P needs them."""
    missing = [item for item in missing_to_book(patient) if item.field not in ("phone", "reason")]
    if not all(getattr(patient, name) for name in ADDRESS):
        missing.append(Missing("street", "Needs address", "front desk"))
    if not patient.sex:
        missing.append(Missing("sex", "Needs sex", "front desk"))
    return missing
