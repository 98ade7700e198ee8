"""The CMS-1500 (02/12) of a claim: every box with its value and the 837P element it equals. Pure.

Before it: the frozen document of a Claim. After it: claims/cms1500_form.py, which prints it, and the
cross-walk tab of the claim. Nothing is looked up: what is printed is what would be sent (rules.md B6.6).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from lib.money import ZERO
from x12.documents.parties import Address, Party
from x12.documents.professional_claim import ClaimDocument, Provider, ServiceLine

LINES_ON_A_FORM = 6
LETTERS = "ABCDEFGHIJKL"
SIGNED = "SIGNATURE ON FILE"
PRIMARY = "P"
COVERAGE = {"MA": "medicare", "MB": "medicare", "MC": "medicaid", "CH": "tricare", "VA": "champva"}
GROUP_PLANS = frozenset({"12", "13", "14", "15", "BL", "CI", "HM"})
OTHER_DATES = (
    ("454", "initial_treatment"), ("304", "last_seen"), ("453", "acute_manifestation"), ("439", "accident"),
    ("455", "last_xray"), ("471", "prescription"), ("090", "assumed_care"), ("091", "relinquished_care"),
    ("444", "first_contact"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing printed. ``spot`` is its place on the form (claims/cms1500_form.py)."""

    box: str
    spot: str
    text: str
    element: str = ""  # its 837P loop, segment and element
    label: str = ""


def pages(document: ClaimDocument) -> list[list[Entry]]:
    """The forms of one claim: six lines each, the total on the last one, the same box 26 on all."""
    chunks = [
        document.lines[start : start + LINES_ON_A_FORM]
        for start in range(0, len(document.lines), LINES_ON_A_FORM)
    ] or [()]
    return [
        [*_header(document), *_lines(document, chunk), *_totals(document, is_last=place == len(chunks))]
        for place, chunk in enumerate(chunks, 1)
    ]


def crosswalk(document: ClaimDocument) -> list[Entry]:
    """All entries of all pages, those repeated on each form once."""
    seen: dict[tuple[str, str, str], Entry] = {}
    for number, page in enumerate(pages(document)):
        for entry in page:
            if entry.box.startswith("24"):
                row = int(entry.spot.rpartition(".")[2]) + number * LINES_ON_A_FORM
                entry = replace(entry, label=f"{entry.label}, line {row + 1}")
            seen.setdefault((entry.box, entry.label, entry.text), entry)
    return list(seen.values())


def _header(document: ClaimDocument) -> Iterator[Entry]:
    yield from _payer(document)
    yield from _people(document)
    yield from _other_insurance(document)
    yield from _insured(document)
    yield from _condition(document)


def _payer(document: ClaimDocument) -> Iterator[Entry]:
    payer = document.payer
    yield Entry("", "payer.0", upper(payer.name), "2010BB NM103", "Payer")
    if payer.address:
        yield Entry("", "payer.1", upper(payer.address.line1), "2010BB N301", "Payer’s street")
        if payer.address.line2:
            yield Entry(
                "", "payer.2", upper(payer.address.line2), "2010BB N302", "Payer’s street, second line"
            )
        yield Entry("", "payer.3", city_line(payer.address, 39), "2010BB N4", "Payer’s city")


def _people(document: ClaimDocument) -> Iterator[Entry]:
    coverage, subscriber, patient = document.coverage, document.subscriber, document.patient
    person = patient or subscriber
    loop = "2010CA" if patient else "2010BA"
    kind = COVERAGE.get(coverage.filing_indicator)
    kind = kind or ("group" if coverage.filing_indicator in GROUP_PLANS else "other")
    yield Entry("1", f"1.{kind}", "X", "2000B SBR09", "Type of coverage")
    yield Entry("1a", "1a", upper(subscriber.party.identifier), "2010BA NM109", "Insured’s ID")
    yield Entry("2", "2", person_name(person.party), f"{loop} NM103-05", "Patient")
    yield from _date("3", "3", person.birth_date, f"{loop} DMG02", "Patient born", long=True)
    if person.sex in ("M", "F"):
        yield Entry("3", f"3.{person.sex}", "X", f"{loop} DMG03", "Patient’s sex")
    yield from _address("5", person.address, loop, "Patient")
    relation = {"01": "spouse", "19": "child"}.get(patient.relationship, "other") if patient else "self"
    element = "2000C PAT01" if patient else "2000B SBR02"
    yield Entry("6", f"6.{relation}", "X", element, "Relationship to insured")
    if patient or document.coverage.responsibility != PRIMARY or kind != "medicare":
        yield Entry("4", "4", person_name(subscriber.party), "2010BA NM103-05", "Insured")
        yield from _address("7", subscriber.address, "2010BA", "Insured")


def _other_insurance(document: ClaimDocument) -> Iterator[Entry]:
    others = document.other_payers
    yield Entry("11d", "11d.yes" if others else "11d.no", "X", "2320", "Another health plan")
    if not others:
        return
    other = others[0]
    yield Entry("9", "9", person_name(other.subscriber), "2330A NM103-05", "Other insured")
    number = other.group_number or other.subscriber.identifier
    element = "2320 SBR03" if other.group_number else "2330A NM109"
    yield Entry("9a", "9a", upper(number), element, "Other policy or group")
    plan = other.group_name if other.group_name and not other.group_number else other.payer_name
    yield Entry(
        "9d", "9d", upper(plan), "2330B NM103" if plan == other.payer_name else "2320 SBR04", "Other plan"
    )


def _insured(document: ClaimDocument) -> Iterator[Entry]:
    coverage, subscriber, causes = document.coverage, document.subscriber, document.related_causes
    for box, spot, is_so, label in (
        ("10a", "10a", causes.employment, "Employment"),
        ("10b", "10b", causes.auto_accident, "Auto accident"),
        ("10c", "10c", causes.other_accident, "Other accident"),
    ):
        yield Entry(box, f"{spot}.{'yes' if is_so else 'no'}", "X", "2300 CLM11", label)
    if causes.auto_accident and causes.state:
        yield Entry("10b", "10b.state", upper(causes.state), "2300 CLM11-4", "Accident state")
    if document.condition_codes:
        yield Entry("10d", "10d", " ".join(document.condition_codes), "2300 HI*BG", "Claim codes")
    is_medicare_first = (
        COVERAGE.get(coverage.filing_indicator) == "medicare" and coverage.responsibility == PRIMARY
    )
    group = coverage.group_number or ("NONE" if is_medicare_first else "")
    if group:
        element = "2000B SBR03" if coverage.group_number else "none: Medicare is first"
        yield Entry("11", "11", upper(group), element, "Insured’s group")
    yield from _date("11a", "11a", subscriber.birth_date, "2010BA DMG02", "Insured born", long=True)
    if subscriber.sex in ("M", "F"):
        yield Entry("11a", f"11a.{subscriber.sex}", "X", "2010BA DMG03", "Insured’s sex")
    case = subscriber.property_casualty_number or (
        document.patient.property_casualty_number if document.patient else ""
    )
    if case:
        yield Entry("11b", "11b.qualifier", "Y4", "2010BA REF01", "Other claim ID")
        yield Entry("11b", "11b", upper(case), "2010BA REF02", "Other claim ID")
    if coverage.group_name and not coverage.group_number:
        yield Entry("11c", "11c", upper(coverage.group_name), "2000B SBR04", "Plan")
    if document.release_of_information in ("Y", "I"):
        yield Entry("12", "12", SIGNED, "2300 CLM09", "Patient’s signature")
    if document.benefits_assigned == "Y":
        yield Entry("13", "13", SIGNED, "2300 CLM08", "Insured’s signature")


def _condition(document: ClaimDocument) -> Iterator[Entry]:
    dates = document.dates
    days = {line.service_date for line in document.lines}
    onset = None if dates.onset in days else dates.onset
    first, qualifier = (onset, "431") if onset else (dates.last_menstrual_period, "484")
    if first:
        yield from _date("14", "14", first, f"2300 DTP*{qualifier}", "Current illness, injury, pregnancy")
        yield Entry("14", "14.qualifier", qualifier, f"2300 DTP*{qualifier}", "Which date")
    for qualifier, name in OTHER_DATES:
        day = getattr(dates, name)
        if day:
            yield Entry("15", "15.qualifier", qualifier, f"2300 DTP*{qualifier}", "Other date, which")
            yield from _date("15", "15", day, f"2300 DTP*{qualifier}", "Other date")
            break
    yield from _date("16", "16.from", dates.disability_from, "2300 DTP*360, 314", "Unable to work from")
    yield from _date("16", "16.to", dates.disability_to, "2300 DTP*361, 314", "Unable to work to")
    yield from _referrer(document)
    yield from _date("18", "18.from", dates.admission, "2300 DTP*435", "Hospitalised from")
    yield from _date("18", "18.to", dates.discharge, "2300 DTP*096", "Hospitalised to")
    if document.note:
        yield Entry("19", "19", upper(document.note.text)[:71], "2300 NTE02", "Additional information")
    outside = sum((line.purchased_service_charge or ZERO for line in document.lines), ZERO)
    yield Entry("20", "20.yes" if outside else "20.no", "X", "2400 PS1", "Outside lab")
    if outside:
        yield from _money("20", "20", outside, "2400 PS102", "Outside lab charges")
    yield Entry("21", "21.indicator", "0", "2300 HI01-1", "ICD indicator, 0 is ICD-10")
    for place, code in enumerate(document.diagnoses[:12]):
        yield Entry(
            "21", f"21.{LETTERS[place]}", code, f"2300 HI{place + 1:02d}-2", f"Diagnosis {LETTERS[place]}"
        )
    if document.frequency_code != "1":
        yield Entry("22", "22.code", document.frequency_code, "2300 CLM05-3", "Resubmission code")
        yield Entry("22", "22", upper(document.payer_claim_number), "2300 REF*F8", "Original reference")
    for element, number in (
        ("2300 REF*G1", document.prior_authorization), ("2300 REF*9F", document.referral_number),
        ("2300 REF*X4", document.clia_number),
    ):  # fmt: skip
        if number:
            yield Entry("23", "23", upper(number), element, "Authorization, referral or CLIA")
            break


def _referrer(document: ClaimDocument) -> Iterator[Entry]:
    ordering = next((line.ordering_provider for line in document.lines if line.ordering_provider), None)
    choices: tuple[tuple[str, str, Provider | None], ...] = (
        ("DN", "2310A", document.referring_provider), ("DK", "2420E", ordering),
        ("DQ", "2310D", document.supervising_provider),
    )  # fmt: skip
    for qualifier, loop, provider in choices:
        if provider is None:
            continue
        yield Entry("17", "17.qualifier", qualifier, f"{loop} NM101", "Referring, ordering or supervising")
        yield Entry(
            "17", "17", given_first(provider.party), f"{loop} NM103-05", "Referring, ordering or supervising"
        )
        if provider.references:
            first = provider.references[0]
            yield Entry("17a", "17a.qualifier", first.qualifier, f"{loop} REF01", "Other ID")
            yield Entry("17a", "17a", upper(first.value), f"{loop} REF02", "Other ID")
        if provider.party.npi:
            yield Entry("17b", "17b", provider.party.npi, f"{loop} NM109", "NPI")
        return


def _lines(document: ClaimDocument, chunk: tuple[ServiceLine, ...]) -> Iterator[Entry]:
    for row, line in enumerate(chunk):
        yield from _line(document, line, row)


def _line(document: ClaimDocument, line: ServiceLine, row: int) -> Iterator[Entry]:
    last = line.service_date_end or line.service_date
    element = "2400 DTP*472"
    yield Entry("24A", f"24A.from.{row}", f"{line.service_date:%m %d %y}", element, "From")
    yield Entry("24A", f"24A.to.{row}", f"{last:%m %d %y}", element, "To")
    place = line.place_of_service or document.place_of_service
    element = "2400 SV105" if line.place_of_service else "2300 CLM05-1"
    yield Entry("24B", f"24B.{row}", place, element, "Place")
    if line.is_emergency:
        yield Entry("24C", f"24C.{row}", "Y", "2400 SV109", "Emergency")
    yield Entry("24D", f"24D.{row}", line.procedure, "2400 SV101-2", "Procedure")
    for place_, modifier in enumerate(line.modifiers[:4]):
        yield Entry(
            "24D", f"24D.{place_ + 1}.{row}", modifier, f"2400 SV101-{place_ + 3}", f"Modifier {place_ + 1}"
        )
    letters = "".join(LETTERS[pointer - 1] for pointer in line.pointers[:4])
    yield Entry("24E", f"24E.{row}", letters, "2400 SV107", "Pointer")
    yield from _money("24F", f"24F.{row}", line.charge, "2400 SV102", "Charge")
    yield Entry("24G", f"24G.{row}", units(line.units), "2400 SV104", "Units")
    if line.is_epsdt or line.is_family_planning:
        yield Entry("24H", f"24H.{row}", "Y", "2400 SV111, SV112", "EPSDT or family planning")
    provider = line.rendering_provider or document.rendering_provider
    own = "2420A" if line.rendering_provider else "2310B"
    party, element = (
        (provider.party, f"{own} NM109") if provider else (document.billing_provider.party, "2010AA NM109")
    )
    yield Entry("24J", f"24J.{row}", party.npi, element, "Rendering NPI")
    if provider and provider.taxonomy:
        yield Entry("24I", f"24I.{row}", "ZZ", f"{own} PRV", "ID qualifier")
        yield Entry("24J", f"24J.id.{row}", provider.taxonomy, f"{own} PRV03", "Rendering taxonomy")
    shaded = supplement(line)
    if shaded:
        element = "2410 LIN03, CTP" if shaded.startswith("N4") else "2400 NTE02"
        yield Entry("24", f"24.{row}", shaded, element, "Shaded part")


def supplement(line: ServiceLine) -> str:
    """The shaded half of a line: N4 with the drug and its quantity, else ZZ with the note."""
    if line.drug and line.drug.qualifier == "N4":
        quantity = f" {line.drug.unit}{units(line.drug.quantity)}" if line.drug.quantity is not None else ""
        return f"N4{line.drug.ndc}{quantity}"[:61]
    text = line.description or (line.note.text if line.note else "")
    return f"ZZ{upper(text)}"[:61] if text else ""


def _totals(document: ClaimDocument, *, is_last: bool) -> Iterator[Entry]:
    billing = document.billing_provider
    yield Entry("25", "25", billing.tax_id, "2010AA REF02", "Tax ID")
    yield Entry("25", f"25.{billing.tax_id_qualifier}", "X", "2010AA REF01", "EIN or SSN")
    yield Entry("26", "26", document.control_number, "2300 CLM01", "Patient account no.")
    yield Entry(
        "27", "27.no" if document.assignment == "C" else "27.yes", "X", "2300 CLM07", "Accept assignment"
    )
    if is_last:
        yield from _money("28", "28", document.total_charge, "2300 CLM02", "Total charge")
        if document.patient_amount_paid:
            yield from _money("29", "29", document.patient_amount_paid, "2300 AMT*F5", "Amount paid")
    else:
        yield Entry("28", "28.continued", "CONTINUED", "2300 CLM02", "Total charge")
    if document.provider_signature:
        yield Entry("31", "31", SIGNED, "2300 CLM06", "Provider’s signature")
    facility = document.service_facility
    if facility and facility.address != billing.address and document.place_of_service != "12":
        yield Entry("32", "32.0", upper(facility.party.display_name), "2310C NM103", "Service facility")
        yield Entry("32", "32.1", street(facility.address), "2310C N301", "Facility’s street")
        yield Entry("32", "32.2", city_line(facility.address, 26), "2310C N4", "Facility’s city")
        if facility.party.npi:
            yield Entry("32a", "32a", facility.party.npi, "2310C NM109", "Facility NPI")
    yield Entry("33", "33.0", upper(billing.party.display_name), "2010AA NM103", "Billing provider")
    yield Entry("33", "33.1", street(billing.address), "2010AA N301", "Billing street")
    yield Entry("33", "33.2", city_line(billing.address, 29), "2010AA N4", "Billing city")
    phone = billing.contact.phone if billing.contact else ""
    if len(phone) == 10:
        yield Entry("33", "33.area", phone[:3], "2010AA PER04", "Billing phone")
        yield Entry("33", "33.phone", phone[3:], "2010AA PER04", "Billing phone")
    yield Entry("33a", "33a", billing.party.npi, "2010AA NM109", "Billing NPI")
    if billing.taxonomy:
        yield Entry("33b", "33b", f"ZZ{billing.taxonomy}", "2000A PRV03", "Billing taxonomy")


# --- how values are written on paper -----------------------------------------------------------------


def upper(text: str) -> str:
    """Capitals without punctuation that a scanner stumbles over; hyphens stay."""
    kept = "".join(char if char.isalnum() or char in " -&/" else " " for char in text.upper())
    return " ".join(kept.split())


def person_name(party: Party) -> str:
    """LAST, FIRST, MIDDLE as box 2 wants it."""
    parts = [" ".join(filter(None, (party.last_name, party.suffix))), party.first_name, party.middle_name[:1]]
    return ", ".join(upper(part) for part in parts if part)


def given_first(party: Party) -> str:
    """FIRST MIDDLE LAST as box 17 wants it."""
    return upper(" ".join(filter(None, (party.first_name, party.middle_name, party.last_name))))


def street(address: Address) -> str:
    """One line of street."""
    return upper(f"{address.line1} {address.line2}")


def city_line(address: Address, width: int) -> str:
    """CITY ST ZIP in ``width`` characters: the city gives way, never the ZIP."""
    code = address.postal_code
    code = f"{code[:5]}-{code[5:]}" if len(code) == 9 else code
    rest = f" {address.state} {code}"
    return upper(address.city)[: width - len(rest)].rstrip() + rest


def units(value: Decimal) -> str:
    """1, 0.75: without zeros behind."""
    return f"{value.normalize():f}"


def _address(box: str, address: Address | None, loop: str, whose: str) -> Iterator[Entry]:
    if address is None:
        return
    yield Entry(box, box, street(address), f"{loop} N301", f"{whose}’s street")
    yield Entry(box, f"{box}.city", upper(address.city), f"{loop} N401", f"{whose}’s city")
    yield Entry(box, f"{box}.state", address.state, f"{loop} N402", f"{whose}’s state")
    yield Entry(box, f"{box}.zip", address.postal_code[:5], f"{loop} N403", f"{whose}’s ZIP")


def _date(
    box: str, spot: str, day: date | None, element: str, label: str, *, long: bool = False
) -> Iterator[Entry]:
    if day is not None:
        yield Entry(box, spot, day.strftime("%m %d %Y" if long else "%m %d %y"), element, label)


def _money(box: str, spot: str, amount: Decimal, element: str, label: str) -> Iterator[Entry]:
    """Dollars and cents apart, no point and no sign."""
    dollars, cents = f"{amount:.2f}".split(".")
    yield Entry(box, spot, f"{dollars} {cents}", element, label)
