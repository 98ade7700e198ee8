"""The claim as people know it: boxes numbered like the CMS-1500, from the frozen document. Pure.

Before it: a Claim's document. After it: the review page, where each box carries its field path (findings
point at it) and the name of its 837P element.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from insurance.enums import FilingIndicator, MedicareSecond
from lib.money import show_money
from lib.spellings import show_diagnosis, show_zip
from x12.documents.claim_details import Note
from x12.documents.parties import Address
from x12.documents.professional_claim import ClaimDocument, Provider, ServiceLine

LETTERS = "ABCDEFGHIJKL"
COLUMNS = 12
FILLS: dict[int, tuple[int, ...]] = {
    0: (), 2: (2,), 3: (3,), 4: (4,), 5: (5,), 6: (3, 3), 7: (4, 3), 8: (4, 4), 9: (5, 4), 10: (5, 5)
}  # fmt: skip
RELATIONSHIPS = {
    "18": "Self", "01": "Spouse", "19": "Child", "20": "Employee", "21": "Unknown", "39": "Organ donor",
    "40": "Cadaver donor", "53": "Life partner", "G8": "Other",
}  # fmt: skip
SEXES = (("", "Choose…"), ("F", "Female"), ("M", "Male"), ("U", "Unknown"))
MSP = (("", "none"), *((value, f"{value} {words}") for value, words in MedicareSecond.choices))


def anchor(path: str) -> str:
    """The id of a field's control."""
    return "f-" + path.replace(".", "-") if path else ""


@dataclass(frozen=True, slots=True)
class Box:
    """One box. ``edit`` is the control: "" (only shown), text, lines, date or a list of choices."""

    number: str
    label: str
    value: str
    path: str = ""  # field of the document
    element: str = ""  # its place in the 837P
    span: int = 3
    edit: str = ""
    raw: str = ""  # what the control holds
    choices: tuple[tuple[str, str], ...] = ()
    is_private: bool = False

    @property
    def anchor(self) -> str:
        """The id a finding jumps to."""
        return anchor(self.path)


@dataclass(frozen=True, slots=True)
class Section:
    """A headed group of boxes."""

    title: str
    boxes: tuple[Box, ...]
    is_folded: bool = False  # of what few claims carry


@dataclass(frozen=True, slots=True)
class LineRow:
    """A row of box 24."""

    place: int
    line: ServiceLine
    pointers: str
    rendering: str
    place_of_service: str
    why: str = ""  # where its charge says why it is what it is

    @property
    def modifiers(self) -> str:
        """As typed."""
        return " ".join(self.line.modifiers)


def sections(document: ClaimDocument) -> list[Section]:
    """Everything but box 24, in the form's order."""
    return [
        Section("Patient and insured", tuple(in_rows(_people(document)))),
        Section("Condition", tuple(in_rows(_condition(document)))),
        Section("Provider and totals", tuple(in_rows(_totals(document)))),
    ]


def in_rows(boxes: Iterable[Box]) -> list[Box]:
    """Boxes in rows of twelve columns, short rows filled up with empty boxes so that no hole shows."""
    made: list[Box] = []
    used = 0
    for box in boxes:
        if used + box.span > COLUMNS:
            made += _fill(COLUMNS - used)
            used = 0
        made.append(box)
        used = (used + box.span) % COLUMNS
    return made + (_fill(COLUMNS - used) if used else [])


def _fill(columns: int) -> list[Box]:
    """Empty boxes over so many columns, in widths the style sheet knows."""
    spans = FILLS[columns]
    return [Box("", "", " ", span=span) for span in spans]


def line_rows(document: ClaimDocument) -> list[LineRow]:
    """Box 24."""
    rendering = _name(document.rendering_provider) or document.billing_provider.party.display_name
    return [
        LineRow(
            place,
            line,
            "".join(LETTERS[pointer - 1] for pointer in line.pointers if 1 <= pointer <= 12),
            rendering,
            line.place_of_service or document.place_of_service,
        )
        for place, line in enumerate(document.lines)
    ]


def _people(document: ClaimDocument) -> Iterable[Box]:
    subscriber, patient = document.subscriber, document.patient
    where = "patient" if patient else "subscriber"
    person = patient or subscriber
    loop = "2010CA" if patient else "2010BA"
    coverage = document.coverage
    indicator = dict(FilingIndicator.choices).get(coverage.filing_indicator, coverage.filing_indicator)
    yield Box("1", "Coverage", str(indicator), "coverage.filing_indicator", "SBR09")
    member = subscriber.party.identifier
    yield Box(
        "1a",
        "Insured’s ID",
        member,
        "subscriber.party.identifier",
        "2010BA NM109",
        4,
        "text",
        member,
        is_private=True,
    )
    group = coverage.group_number
    yield Box("11", "Group", group, "coverage.group_number", "SBR03", 2, "text", group)
    plan = coverage.group_name
    yield Box("11c", "Plan", plan or document.payer.name, "coverage.group_name", "SBR04", 3, "text", plan)
    yield Box("2", "Patient", person.party.display_name, f"{where}.party", f"{loop} NM1", 4, is_private=True)
    yield _day("3", "Born", person.birth_date, f"{where}.birth_date", f"{loop} DMG02", 3)
    yield Box("3", "Sex", person.sex, f"{where}.sex", f"{loop} DMG03", 2, "choice", person.sex, SEXES)
    yield Box(
        "4", "Insured", subscriber.party.display_name, "subscriber.party", "2010BA NM1", 3, is_private=True
    )
    yield Box(
        "5",
        "Patient’s address",
        _address(person.address),
        f"{where}.address",
        f"{loop} N3, N4",
        5,
        is_private=True,
    )
    yield from _holder(document)
    yield from _other_insurers(document)


def _holder(document: ClaimDocument) -> Iterable[Box]:
    patient, subscriber = document.patient, document.subscriber
    relationship = patient.relationship if patient else "18"
    known = tuple(RELATIONSHIPS.items())
    yield Box(
        "6",
        "Relationship",
        RELATIONSHIPS.get(relationship, ""),
        "patient.relationship",
        "SBR02, PAT01",
        3,
        "choice" if patient else "",
        relationship,
        (("", "Choose…"), *known[1:]),
    )
    causes = document.related_causes
    named = [
        f"{label} {'yes' if flag else 'no'}"
        for label, flag in (
            ("Employment", causes.employment),
            ("Auto", causes.auto_accident),
            ("Other", causes.other_accident),
        )
    ]
    yield Box("10", "Because of", " · ".join(named), "related_causes", "CLM11", 4)
    if patient:
        yield _day("11a", "Insured born", subscriber.birth_date, "subscriber.birth_date", "2010BA DMG02", 3)
        yield Box(
            "11a",
            "Insured’s sex",
            subscriber.sex,
            "subscriber.sex",
            "2010BA DMG03",
            2,
            "choice",
            subscriber.sex,
            SEXES,
        )
    yield Box(
        "12",
        "Patient’s signature",
        "On file" if document.release_of_information == "Y" else "Not on file",
        "release_of_information",
        "CLM09",
        3,
        "choice",
        document.release_of_information,
        (("Y", "On file"), ("I", "Not on file")),
    )
    yield Box(
        "13",
        "Pay the provider",
        "Yes" if document.benefits_assigned == "Y" else "No",
        "benefits_assigned",
        "CLM08",
        4,
    )


def _other_insurers(document: ClaimDocument) -> Iterable[Box]:
    coverage = document.coverage
    if coverage.responsibility != "P" and coverage.filing_indicator in ("MA", "MB"):
        kind = coverage.insurance_type
        yield Box(
            "",
            "Medicare is not first because",
            kind,
            "coverage.insurance_type",
            "SBR05",
            4,
            "choice",
            kind,
            MSP,
        )
    for payer in document.other_payers:
        paid = (
            f"paid {show_money(payer.amount_paid)}" if payer.amount_paid is not None else "not answered yet"
        )
        yield Box(
            "9",
            f"Other insurer ({payer.responsibility})",
            f"{payer.payer_name}, {paid}",
            "other_payers",
            "2320, 2330B",
            5,
        )


def _condition(document: ClaimDocument) -> Iterable[Box]:
    dates = document.dates
    yield _day("14", "Current illness since", dates.onset, "dates.onset", "DTP*431")
    yield _day("15", "First treated", dates.initial_treatment, "dates.initial_treatment", "DTP*454")
    yield _day("15", "Accident", dates.accident, "dates.accident", "DTP*439")
    number = document.prior_authorization
    yield Box("23", "Authorization", number, "prior_authorization", "REF*G1", 3, "text", number)
    codes = " ".join(
        f"{LETTERS[place]} {show_diagnosis(code)}" for place, code in enumerate(document.diagnoses[:12])
    )
    yield Box(
        "21",
        "Diagnoses",
        codes,
        "diagnoses",
        "HI",
        12,
        "text",
        " ".join(map(show_diagnosis, document.diagnoses)),
    )
    note = show_note(document.note)
    yield Box(
        "19", "Note to the payer (ADD; another kind: CER: …)", note, "note", "NTE*ADD", 12, "text", note
    )


def show_note(note: Note | None) -> str:
    """As typed: its kind stands before it unless it is ADD."""
    if note is None:
        return ""
    return note.text if note.kind == "ADD" else f"{note.kind}: {note.text}"


def _totals(document: ClaimDocument) -> Iterable[Box]:
    billing = document.billing_provider
    yield Box("25", "Tax ID", billing.tax_id, "billing_provider.tax_id", f"REF*{billing.tax_id_qualifier}")
    yield Box("26", "Patient account", document.control_number, "control_number", "CLM01")
    yield Box("28", "Charge", show_money(document.total_charge), "total_charge", "CLM02", 2)
    paid = document.patient_amount_paid
    yield Box(
        "29",
        "Paid by patient",
        show_money(paid if paid is not None else Decimal(0)),
        "patient_amount_paid",
        "AMT*F5",
        2,
    )
    yield Box("27", "Assignment", "Yes" if document.assignment == "A" else "No", "assignment", "CLM07", 2)
    frequency = {"1": "1 original", "7": "7 replacement", "8": "8 void"}.get(document.frequency_code, "")
    number = document.payer_claim_number
    yield Box("22", "Sent as", frequency, "frequency_code", "CLM05-3", 3)
    yield Box(
        "22",
        "Payer’s claim number",
        number or "none",
        "payer_claim_number",
        "REF*F8",
        5,
        "text" if document.frequency_code != "1" else "",
        number,
    )
    yield Box(
        "31",
        "Rendering",
        _with_npi(document.rendering_provider) or "the billing provider",
        "rendering_provider.party",
        "2310B NM1",
        4,
    )
    facility = document.service_facility
    yield Box(
        "32",
        "Where",
        facility.party.display_name if facility else "the billing address",
        "service_facility",
        "2310C",
        4,
    )
    yield Box(
        "33",
        "Billing",
        f"{billing.party.display_name} · {billing.party.identifier}",
        "billing_provider.party",
        "2010AA NM1",
        4,
    )
    yield Box(
        "",
        "Payer",
        f"{document.payer.name} · {document.payer.identifier}",
        "payer.identifier",
        "2010BB NM109",
        4,
    )


def _day(number: str, label: str, value: date | None, path: str, element: str, span: int = 3) -> Box:
    shown = value.strftime("%m/%d/%Y") if value else ""
    return Box(
        number, label, shown, path, element, span, "date", value.isoformat() if value else "", is_private=True
    )


def _address(address: Address | None) -> str:
    if address is None:
        return ""
    zip_code = show_zip(address.postal_code)
    return ", ".join(
        filter(None, (address.line1, address.line2, address.city, f"{address.state} {zip_code}".strip()))
    )


def _name(provider: Provider | None) -> str:
    return provider.party.display_name if provider else ""


def _with_npi(provider: Provider | None) -> str:
    return f"{provider.party.display_name} · {provider.party.identifier}" if provider else ""
