"""Where a finding is mended: a box of the review page, or the page of what the claim was copied from.

Before it: findings, each with the field it is about (``where``). After it: the review page's Fix links and buttons.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Page(NamedTuple):
    """A page: its words, its route, and whose id it takes, as attributes of a claim ("" where it takes none)."""

    words: str
    route: str
    owner: str


VISIT = Page("Open visit", "appointments:visit", "appointment")
PATIENT = Page("Open patient", "patients:edit", "patient")
CARDS = Page("Open insurance", "insurance:manage", "patient")
BILL = Page("Open bill", "billing:invoice", "invoice")
BILLING_PROVIDER = Page("Open billing provider", "desk:billing-provider", "location.billing_provider")
CLINICIAN = Page("Open clinician", "desk:clinician", "appointment.clinician")
LOCATION = Page("Open location", "desk:location", "location")
PAYER = Page("Open payer", "insurance:payer", "payer")
CONNECTIONS = Page("Open connections", "clearinghouses:connections", "")
AUTHORIZATIONS = Page("See authorizations", "patients:patient", "patient")
# What the claim cannot mend, by the finding's code.
BY_CODE = {
    "SALT-UNCONFIRMED": VISIT,
    "VISIT-OPEN": VISIT,
    "RELATIONSHIP": CARDS,
    "HOLDER-NAME": CARDS,
    "POLICY-EXPIRED": CARDS,
    "SIGNATURE": PATIENT,
    "DECEASED": PATIENT,
    "AUTHORIZATION-DATES": AUTHORIZATIONS,
    "AUTHORIZATION-USED-UP": AUTHORIZATIONS,
    "ENROLLMENT": Page("Open enrollment", "insurance:enrollment", ""),
}
# Names and addresses are mended at their source, although the claim has boxes for them: others are made from it.
AT_SOURCE = frozenset({"patient_address", "name_missing", "street_missing", "city_missing", "zip", "state"})
SOURCES = re.compile(r"(subscriber|patient|billing_provider|service_facility|rendering_provider)\b(?!_)")
WHOLE = re.compile(r"lines(\.\d+)?|billing_provider|coverage|subscriber|patient")  # too much for one box
BY_FIELD: tuple[tuple[re.Pattern[str], Page], ...] = tuple(
    (re.compile(pattern), page)
    for pattern, page in (
        (r"submitter|receiver", CONNECTIONS),
        (r"billing_provider", BILLING_PROVIDER),
        (r"rendering_provider", CLINICIAN),
        (r"payer\b(?!_)|coverage\.(filing_indicator|responsibility)|coverage$", PAYER),
        (r"coverage|subscriber|patient\.(relationship|party)|patient$", CARDS),
        (r"patient\.", PATIENT),
        (r"lines\.\d+\.adjudications|other_payers\.\d+\.(adjustments|amount_paid|remaining|non_covered|paid_on|outpatient"
         r"|claim_control|claim_adjusted)", BILL),
        (r"other_payers", CARDS),
        (r"patient_amount_paid", BILL),
        (r"benefits_assigned|signature_source|assignment|provider_signature", PATIENT),
        (r"service_facility", LOCATION),
        (r"lines|total_charge", VISIT),
    )
)  # fmt: skip
# Facts a claim only copies: mended on the claim alone, the next one has the old value again.
OF_THE_PERSON = re.compile(r"(subscriber|patient)\.(birth_date|sex|death_date)")
OF_THE_CARD = re.compile(
    r"subscriber\.(party\.identifier|birth_date|sex)|patient\.relationship|coverage\.(group_number|group_name|insurance_type)"
)
# The first field behind a place of the 837P, for what the writer's own guide refuses ("2300/CLM05").
BY_LOOP: tuple[tuple[str, str], ...] = (
    ("1000A", "submitter"), ("1000B", "receiver"), ("2000A", "billing_provider"), ("2010A", "billing_provider"),
    ("2000B", "coverage"), ("2010BA", "subscriber"), ("2010BB", "payer"), ("2000C", "patient"), ("2010CA", "patient"),
    ("2300/CLM20", "delay_reason"), ("2300/CLM12", "special_program"), ("2300/CLM11", "related_causes"),
    ("2300/CLM", "place_of_service"), ("2300/DTP", "dates.onset"), ("2300/HI-BG", "condition_codes"),
    ("2300/HI-BP", "anesthesia_procedures"), ("2300/HI", "diagnoses"), ("2300/REF", "prior_authorization"),
    ("2300/PWK", "attachments"), ("2300/CN1", "contract"), ("2300/AMT", "patient_amount_paid"),
    ("2300/K3", "fixed_texts"), ("2300/NTE", "note"), ("2300/CR1", "transport"), ("2300/CR2", "spinal_manipulation"),
    ("2300/CRC", "certifications"), ("2310A", "referring_provider"), ("2310B", "rendering_provider"),
    ("2310C", "service_facility"), ("2310D", "supervising_provider"), ("2310E", "transport"), ("2310F", "transport"),
    ("2320", "other_payers"), ("2330", "other_payers"), ("2430", "lines.0.adjudications"), ("24", "lines"),
)  # fmt: skip


def field_of(where: str) -> str:
    """The field a finding is about, also where it names a place of the 837P; empty for none."""
    if where[:2].isdigit():
        return next((field for start, field in BY_LOOP if where.startswith(start)), "")
    return where


def box_of(where: str, boxes: Sequence[str]) -> str:
    """The field of the box a finding leads to: its own, else the first of the smallest part around it; or empty.

    ``boxes``: the fields that have a control on the page, in its order.
    """
    field = field_of(where)
    while field and not WHOLE.fullmatch(field):
        if field in boxes:
            return field
        below = next((box for box in boxes if box.startswith(field + ".")), "")
        if below:
            return below
        field = field.rpartition(".")[0]
    return ""


def copied_from(path: str, *, has_patient: bool) -> Page | None:
    """Whose page holds the fact a box copies: the patient's, the card's; None for what only the claim says."""
    if OF_THE_PERSON.fullmatch(path) and path.startswith("patient" if has_patient else "subscriber"):
        return PATIENT
    return CARDS if OF_THE_CARD.fullmatch(path) else None


def words_of(where: str, labels: Mapping[str, str]) -> str:
    """Where a finding is, as people say it: "line 1, modifiers", "box 11 Group"; a place of the 837P stays itself.

    ``labels``: the words of the boxes by their fields.
    """
    if not where or where[:2].isdigit():
        return where
    if where in labels:
        return labels[where]
    parts = where.replace("_", " ").split(".")
    if parts[0] == "lines" and len(parts) > 1 and parts[1].isdigit():
        parts[:2] = [f"line {int(parts[1]) + 1}"]
    return ", ".join(part for part in parts if not part.isdigit())


def is_at_source(code: str, where: str) -> bool:
    """Whether it is mended where the claim was copied from, although the claim may have a box for it."""
    return code in BY_CODE or (code in AT_SOURCE and SOURCES.match(field_of(where)) is not None)


def page_of(code: str, where: str, *, has_patient: bool) -> Page | None:
    """The page that mends what the claim has no box for, or what others are copied from too."""
    if code in BY_CODE:
        return BY_CODE[code]
    field = field_of(where)
    if field.startswith("subscriber") and not has_patient:
        return PATIENT
    return next((page for pattern, page in BY_FIELD if field and pattern.match(field)), None)
