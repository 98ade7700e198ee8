"""What must be right before a professional claim leaves: rules a syntax checker does not know.

Pure: a claim and the day of sending in, findings out. After it: claims/checks shows them to a biller.
``where`` is the field of ClaimDocument, so that a page can point at it. Rules come from section 3 and 4 of
the domain reference; docs/x12.md lists every code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from lib.findings import Finding, Severity
from lib.money import total
from lib.npi import is_npi
from x12.documents.cob_rules import check_other_payers
from x12.documents.detail_rules import check_details
from x12.documents.line_rules import check_lines
from x12.documents.parties import Address, Party
from x12.documents.professional_claim import (
    ClaimDocument,
    ClaimTransaction,
    Provider,
    ServiceFacility,
)
from x12.documents.write_837p import ClaimText, claim_text, write_set
from x12.documents.write_elements import MOST_NUMBERS, numbers_of
from x12.folding import fold
from x12.writer import WriteError

CONTROL_NUMBER = re.compile(r"[A-Z0-9]{1,20}\Z")
TAXONOMY = re.compile(r"[0-9A-Z]{9}X\Z")
DIAGNOSIS = re.compile(r"[A-Z][0-9][0-9A-Z][0-9A-Z]{0,4}\Z")
PO_BOX = re.compile(
    r"\bP(?:OST)?\.?\s*O(?:FFICE)?\.?\s*BOX\b|\bLOCK\s*BOX\b|\bP\.?O\.?B\.?\s*[0-9]", re.IGNORECASE
)
MBI = re.compile(
    r"[1-9][AC-HJKMNP-RT-Y][0-9AC-HJKMNP-RT-Y][0-9][AC-HJKMNP-RT-Y][0-9AC-HJKMNP-RT-Y][0-9]"
    r"[AC-HJKMNP-RT-Y]{2}[0-9]{2}\Z"
)
STATES = frozenset(
    "AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC "
    "ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY AS GU MP PR VI FM MH PW AA AE AP".split()
)
MAX_DIAGNOSES = 12
PAST_DATES = (  # of ClaimDates: none can lie ahead of the day of sending, nor before the birth
    "onset", "accident", "initial_treatment", "last_seen", "last_xray", "last_menstrual_period",
    "acute_manifestation", "prescription", "last_worked", "admission", "discharge", "first_contact",
)  # fmt: skip
INPATIENT = frozenset({"21", "51", "61"})
RELATIONSHIPS = frozenset({"01", "19", "20", "21", "39", "40", "53", "G8"})


def check_claim(document: ClaimDocument, today: date, *, trial: bool = True) -> list[Finding]:
    """All findings of one claim to be sent on ``today``; empty means it may go.

    Without ``trial`` the writing is left out: for who calls ``try_to_write`` and keeps what was written.
    What is said on one day without an error is said on every later day: ``today`` only finds days to come.
    """
    found: list[Finding] = []
    for part in (
        _check_numbers(document),
        _check_billing(document),
        _check_people(document),
        _check_payer(document),
        _check_providers(document),
        _check_diagnoses(document),
        _check_dates(document, today),
        check_lines(document, today),
        check_other_payers(document),
        check_details(document, today),
    ):
        found.extend(part)
    if trial and not any(finding.severity == "error" for finding in found):
        written = try_to_write(document, today)
        found += [written] if isinstance(written, Finding) else []
    return found


def _error(code: str, where: str, message: str, severity: Severity = "error") -> Finding:
    return Finding(code, where, message, severity)


def _check_numbers(document: ClaimDocument) -> Iterator[Finding]:
    if not CONTROL_NUMBER.match(document.control_number):
        yield _error(
            "control_number", "control_number", "The claim number must be 1 to 20 letters A-Z and digits."
        )
    if document.total_charge != total(line.charge for line in document.lines):
        yield _error("charge_total", "total_charge", "The total charge is not the sum of its lines.")
    if document.frequency_code not in ("1", "7", "8"):
        yield _error("frequency", "frequency_code", "The frequency must be 1, 7 (replacement) or 8 (void).")
    elif document.frequency_code in ("7", "8") and not document.payer_claim_number:
        yield _error(
            "original_reference_missing",
            "payer_claim_number",
            "A replacement or void needs the payer's claim number of the claim it replaces.",
        )
    elif document.frequency_code == "1" and document.payer_claim_number:
        yield _error(
            "original_reference_unexpected",
            "payer_claim_number",
            "An original claim must not carry a payer's claim number.",
        )
    if len(document.place_of_service) != 2:
        yield _error("place_of_service", "place_of_service", "The place of service is missing.")
    causes = document.related_causes
    if causes.auto_accident and causes.state not in STATES and not causes.country:
        yield _error(
            "accident_state", "related_causes.state", "An auto accident needs the state where it happened."
        )
    if (causes.auto_accident or causes.other_accident) and document.dates.accident is None:
        yield _error("accident_date", "dates.accident", "An accident needs its date.")
    if causes.employment and document.coverage.filing_indicator not in ("", "WC"):
        words = "It happened at work; the payer is not one of workers' compensation."
        yield _error("employment_payer", "related_causes.employment", words, "info")
    paid = document.patient_amount_paid
    if paid is not None and paid < 0:
        yield _error("patient_paid", "patient_amount_paid", "The amount the patient paid is negative.")
    elif paid is not None and paid > document.total_charge:
        words = "The patient paid more than the claim asks for: is all of it for these services?"
        yield _error("patient_paid_over", "patient_amount_paid", words, "warning")


def _check_billing(document: ClaimDocument) -> Iterator[Finding]:
    provider = document.billing_provider
    yield from _check_party(provider.party, "billing_provider.party", needs_npi=True)
    yield from check_address(provider.address, "billing_provider.address", zip_digits=9)
    if PO_BOX.search(f"{provider.address.line1} {provider.address.line2}"):
        yield _error(
            "billing_po_box",
            "billing_provider.address",
            "The billing address must be a street, not a PO box; put the PO box into the pay-to address.",
        )
    if provider.pay_to_address is not None:
        yield from check_address(provider.pay_to_address, "billing_provider.pay_to_address")
    tax_id = provider.tax_id
    if not (len(tax_id) == 9 and tax_id.isascii() and tax_id.isdigit() and tax_id.strip("0")):
        yield _error("tax_id", "billing_provider.tax_id", "The tax id must have nine digits.")
    if provider.tax_id_qualifier not in ("EI", "SY") or (
        provider.tax_id_qualifier == "SY" and provider.party.entity_type != "1"
    ):
        yield _error(
            "tax_id_kind",
            "billing_provider.tax_id_qualifier",
            "Only a person may bill with an SSN; use the EIN.",
        )
    if provider.taxonomy and not TAXONOMY.match(provider.taxonomy):
        yield _error(
            "taxonomy", "billing_provider.taxonomy", "A taxonomy code has ten characters and ends with X."
        )
    contact = document.submitter.contact
    if not (contact.phone or contact.email or contact.fax):
        yield _error("submitter_contact", "submitter.contact", "The submitter needs a telephone or e-mail.")
    for where, number in (
        ("submitter.contact", contact.phone),
        ("submitter.contact", contact.fax),
        ("billing_provider.contact", provider.contact.phone if provider.contact else ""),
    ):
        if number and not (number.isascii() and number.isdigit()):
            yield _error("contact_digits", where, "Telephone and fax are digits only.")
    for where, called in (("submitter.contact", contact), ("billing_provider.contact", provider.contact)):
        if called is not None and len(numbers_of(called)) > MOST_NUMBERS:
            yield _error(
                "contact_numbers", where, "A contact has three numbers at most (PER): leave one out."
            )
    for name, text in (("submitter", document.submitter.name), ("receiver", document.receiver.name)):
        if not text.strip():
            yield _error(f"{name}_name", f"{name}.name", f"The {name} has no name.")
    for name, text in (
        ("submitter", document.submitter.identifier),
        ("receiver", document.receiver.identifier),
    ):
        if len(text.strip()) < 2:
            yield _error(f"{name}_id", f"{name}.identifier", f"The {name} has no identifier.")


def _check_party(party: Party, where: str, *, needs_npi: bool = False) -> Iterator[Finding]:
    if not fold(party.last_name):
        words = (
            "The name cannot be written in plain letters."
            if party.last_name.strip()
            else "The name is missing."
        )
        yield _error("name_missing", where, words)
    if party.entity_type not in ("1", "2"):
        yield _error("entity_type", where, "It must be a person or an organization.")
    must_have_npi = needs_npi or (party.id_qualifier == "XX" and party.identifier != "")
    if must_have_npi and not is_npi(party.npi):
        shown = party.identifier or "No NPI"
        yield _error("npi", where, f"{shown}: an NPI has ten digits with a check digit.")


def check_address(address: Address, where: str, zip_digits: int = 0) -> Iterator[Finding]:
    """Street, city, and for the US a state and ZIP; ``zip_digits`` 9 where the guide wants all nine."""
    if not fold(address.line1):
        yield _error("street_missing", where, "The street is missing.")
    if len(fold(address.city)) < 2:
        yield _error("city_missing", where, "The city is missing.")
    if address.country not in ("", "US", "USA"):
        return
    if address.state not in STATES:
        yield _error("state", where, "The state is missing or unknown.")
    code = address.postal_code
    allowed = (9,) if zip_digits == 9 else (5, 9)
    if not (code.isascii() and code.isdigit() and len(code) in allowed):
        wanted = "nine digits" if zip_digits == 9 else "five or nine digits"
        yield _error("zip", where, f"The ZIP code must have {wanted}.")


def _check_people(document: ClaimDocument) -> Iterator[Finding]:
    subscriber, patient = document.subscriber, document.patient
    yield from _check_party(subscriber.party, "subscriber.party")
    if not subscriber.party.identifier.strip():
        yield _error("member_id", "subscriber.party", "The member id is missing.")
    elif document.coverage.filing_indicator in ("MA", "MB") and not MBI.match(subscriber.party.identifier):
        yield _error("medicare_id", "subscriber.party", "This is no Medicare number (MBI, 11 characters).")
    person = patient if patient is not None else subscriber
    where = "patient" if patient is not None else "subscriber"
    if patient is not None:
        yield from _check_party(patient.party, "patient.party")
        if patient.relationship not in RELATIONSHIPS:
            yield _error(
                "relationship", "patient.relationship", "The relationship to the subscriber is missing."
            )
    if person.address is None:
        yield _error("patient_address", f"{where}.address", "The patient's address is missing.")
    else:
        yield from check_address(person.address, f"{where}.address")
    if person.birth_date is None:
        yield _error("birth_date", f"{where}.birth_date", "The patient's date of birth is missing.")
    if person.sex not in ("F", "M", "U"):
        yield _error("sex", f"{where}.sex", "The patient's sex is missing (F, M or U).")
    if patient is not None and subscriber.address is not None:
        yield from check_address(subscriber.address, "subscriber.address")


def _check_payer(document: ClaimDocument) -> Iterator[Finding]:
    payer, coverage = document.payer, document.coverage
    if not payer.name.strip():
        yield _error("payer_name", "payer.name", "The payer has no name.")
    if len(payer.identifier.strip()) < 2:
        yield _error("payer_id", "payer.identifier", "The payer has no electronic id.")
    if not coverage.filing_indicator:
        yield _error(
            "filing_indicator",
            "coverage.filing_indicator",
            "The kind of insurance (claim filing) is missing.",
        )
    if coverage.insurance_type and not (
        coverage.filing_indicator in ("MA", "MB") and coverage.responsibility != "P"
    ):
        yield _error(
            "insurance_type",
            "coverage.insurance_type",
            "The insurance type is only sent to Medicare when it is not primary.",
        )
    if (
        coverage.filing_indicator in ("MA", "MB")
        and coverage.responsibility != "P"
        and not coverage.insurance_type
    ):
        yield _error(
            "insurance_type_missing",
            "coverage.insurance_type",
            "Medicare as secondary needs the reason (insurance type).",
        )


def _check_providers(document: ClaimDocument) -> Iterator[Finding]:
    providers: list[tuple[str, Provider | None]] = [
        ("referring_provider", document.referring_provider),
        ("primary_care_provider", document.primary_care_provider),
        ("rendering_provider", document.rendering_provider),
        ("supervising_provider", document.supervising_provider),
    ]
    places: list[tuple[str, ServiceFacility | None]] = [("service_facility", document.service_facility)]
    for place, line in enumerate(document.lines):
        where = f"lines.{place}"
        providers += [
            (f"{where}.rendering_provider", line.rendering_provider),
            (f"{where}.ordering_provider", line.ordering_provider),
            (f"{where}.supervising_provider", line.supervising_provider),
            (f"{where}.referring_provider", line.referring_provider),
        ]
        places.append((f"{where}.service_facility", line.service_facility))
        seller = line.purchased_service_from
        if seller is not None and not (is_npi(seller.party.npi) or seller.references):
            yield _error(
                "npi", f"{where}.purchased_service_from.party", "Who did it has an NPI (ten digits)."
            )
    for name, provider in providers:
        if provider is None:
            continue
        yield from _check_party(provider.party, f"{name}.party", needs_npi=not provider.references)
        if provider.taxonomy and not TAXONOMY.match(provider.taxonomy):
            yield _error(
                "taxonomy", f"{name}.taxonomy", "A taxonomy code has ten characters and ends with X."
            )
    for name, facility in places:
        if facility is not None:
            yield from _check_party(facility.party, f"{name}.party")
            yield from check_address(facility.address, f"{name}.address", zip_digits=9)


def _check_diagnoses(document: ClaimDocument) -> Iterator[Finding]:
    codes = document.diagnoses
    if not codes:
        yield _error("diagnosis_missing", "diagnoses", "The claim has no diagnosis.")
    if len(codes) > MAX_DIAGNOSES:
        yield _error("diagnosis_count", "diagnoses", "At most 12 diagnoses fit on a claim.")
    if len(set(codes)) != len(codes):
        yield _error("diagnosis_repeated", "diagnoses", "A diagnosis is listed twice.")
    for place, code in enumerate(codes):
        if not DIAGNOSIS.match(code):
            yield _error(
                "diagnosis_shape", f"diagnoses.{place}", f"{code} is no ICD-10-CM code without its point."
            )
    if codes and codes[0][:1] in ("V", "W", "X", "Y"):
        yield _error(
            "diagnosis_external", "diagnoses.0", "An external cause (V00-Y99) cannot be the first diagnosis."
        )


def _check_dates(document: ClaimDocument, today: date) -> Iterator[Finding]:
    dates, birth = document.dates, document.patient_birth_date
    days = [line.service_date for line in document.lines]
    if dates.onset is not None and days and dates.onset > min(days):
        yield _error("onset_after_service", "dates.onset", "The onset lies after a service date.")
    if document.place_of_service in INPATIENT and dates.admission is None:
        yield _error("admission_missing", "dates.admission", "Inpatient service needs the admission date.")
    for name in PAST_DATES:
        day: date | None = getattr(dates, name)
        if day is not None and day > today:
            yield _error("date_in_future", f"dates.{name}", "The date lies in the future.")
        if day is not None and birth is not None and day < birth:
            yield _error("date_before_birth", f"dates.{name}", "The date lies before the patient's birth.")
    for name, what in (("accident", "accident"), ("admission", "admission")):
        day = getattr(dates, name)
        if day is not None and days and day > max(days):
            yield _error(f"{name}_after_service", f"dates.{name}", f"The {what} lies after every service.")
    if dates.admission is not None and dates.discharge is not None and dates.discharge < dates.admission:
        yield _error(
            "discharge_before_admission", "dates.discharge", "The discharge lies before the admission."
        )
    first, last = dates.disability_from, dates.disability_to
    if first is not None and last is not None and last < first:
        yield _error("disability_dates", "dates.disability_to", "The disability ends before it begins.")


def try_to_write(document: ClaimDocument, today: date) -> ClaimText | Finding:
    """The claim's segments; or what the writer's own guide, which has the last word, would refuse when sending."""
    try:
        text = claim_text(document)
        write_set(ClaimTransaction("CHECK", today, "0000"), document.submitter, document.receiver, [text])
    except WriteError as refusal:
        return _error(
            "guide",
            refusal.place,
            f"{refusal.code.replace('_', ' ').capitalize()} at {refusal.place}: {refusal.value[:60]}",
        )
    return text
