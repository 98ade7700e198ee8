"""US postal addresses: what may stand in one and what is wrong with it, in plain words. Pure."""

from __future__ import annotations

from typing import Any

from lib.findings import Finding
from lib.spellings import show_zip
from patients.names import digits

# USPS Publication 28, appendix B: states, DC, territories and the military.
STATES = frozenset(
    "AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH "
    "OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY AS GU MP PR VI FM MH PW AA AE AP".split()
)
ADDRESS_FIELDS = ("street", "street2", "city", "state", "zip_code")
FORBIDDEN = "*~^:|"  # what separates elements and segments on the wire


def address_problems(data: dict[str, Any], prefix: str = "") -> list[Finding]:
    """State, ZIP and characters; an empty address is fine here (needed to bill, not to book)."""
    found = []
    state = data.get(f"{prefix}state") or ""
    if state and state not in STATES:
        found.append(
            Finding("state", f"{prefix}state", f"{state} is not a US state. Use its two letters, such as IL.")
        )
    zip_code = data.get(f"{prefix}zip_code") or ""
    if zip_code and len(zip_code) not in (5, 9):
        found.append(
            Finding("zip_code", f"{prefix}zip_code", "A ZIP code has 5 digits, or 9 with its extension.")
        )
    for name in ("street", "street2", "city"):
        if any(char in FORBIDDEN for char in data.get(f"{prefix}{name}") or ""):
            found.append(
                Finding(
                    "characters",
                    f"{prefix}{name}",
                    f"Leave out {' '.join(FORBIDDEN)} here: payers refuse them.",
                )
            )
    return found


def tidy_address(data: dict[str, Any], prefix: str = "") -> None:
    """State in capitals and ZIP as digits, in place."""
    if data.get(f"{prefix}state"):
        data[f"{prefix}state"] = data[f"{prefix}state"].strip().upper()
    if data.get(f"{prefix}zip_code"):
        data[f"{prefix}zip_code"] = digits(data[f"{prefix}zip_code"]) or data[f"{prefix}zip_code"]


def mail_lines(patient: Any) -> list[str]:
    """Where what is sent to a patient goes: name, street, suite, city with state and ZIP.

    The guarantor's, where there is one; on a request for confidential communications only the patient's own
    address for it, so that neither statement nor letter reaches the household or the policy holder.
    """
    if patient.is_confidential:
        own = patient.mail_street
        parts = [getattr(patient, f"mail_{name}" if own else name) for name in ADDRESS_FIELDS]
        name = str(patient)
    else:
        who = patient.guarantor or patient
        parts, name = [getattr(who, field) for field in ADDRESS_FIELDS], str(who)
    street, street2, city, state, zip_code = parts
    lines = [name, street, street2, " ".join(part for part in (city, state, show_zip(zip_code)) if part)]
    return [line.strip() for line in lines if line.strip()]


def one_line(place: Any) -> str:
    """``12 Elm St, Springfield, IL 62704``; "" for an empty address."""
    end = " ".join(part for part in (place.state, show_zip(place.zip_code)) if part)
    return ", ".join(part for part in (place.street, place.street2, place.city, end) if part)
