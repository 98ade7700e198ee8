"""Readers of 270 and 271, and of 276 and 277 at summary level. After them: insurance and claim status."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from x12.documents.elements import ElementReader, read_party
from x12.documents.eligibility import (
    Benefit,
    Eligibility,
    EligibilityPerson,
    RequestRejection,
)
from x12.documents.parties import Reference
from x12.findings import FindingList
from x12.tokens import Segment


def read_eligibility(segments: Iterable[Segment], kind: str, findings: FindingList) -> Eligibility:
    """One ST 270 or 271: people with their EB rows, and every AAA with its level."""
    element = ElementReader(findings)
    header: dict[str, Any] = {}
    people: list[dict[str, Any]] = []
    rejections: list[RequestRejection] = []
    level = ""
    subscriber: dict[str, Any] = {}
    inside_other_party = False
    for segment in segments:
        name = segment.parts[0]
        person = people[-1] if people and level in ("22", "23") else None
        if name == "BHT":
            header["reference"] = segment[3].strip()
            header["created_on"], header["created_time"] = element.day(segment, 4), segment[5].strip()
        elif name == "HL":
            level = segment[3].strip()
            inside_other_party = False
            if level == "22":
                subscriber = {"level": level}
                people.append(subscriber)
            elif level == "23":
                people.append({"level": level, "subscriber": subscriber.get("party")})
        elif name == "AAA":
            texts = tuple(segment.elements)
            found = RequestRejection(level, segment[1].strip(), segment[3].strip(), segment[4].strip(), texts)
            rejections.append(found)
            if person is not None:
                person.setdefault("rejections", []).append(found)
        elif name == "NM1" and level in ("20", "21"):
            header.setdefault("payer" if level == "20" else "provider", read_party(segment))
        elif name in ("LS", "LE"):
            inside_other_party = name == "LS"
        elif person is not None and inside_other_party:
            if name == "NM1" and person.get("benefits"):
                person["benefits"][-1].setdefault("related", []).append(read_party(segment))
                person["benefits"][-1].setdefault("related_codes", []).append(segment[1].strip())
        elif person is not None:
            _take_person(person, name, segment, element)
    made = tuple(_person(found) for found in people)
    return Eligibility(kind=kind, people=made, rejections=tuple(rejections), **header)


def _take_person(person: dict[str, Any], name: str, segment: Segment, element: ElementReader) -> None:
    if name == "NM1":
        person.setdefault("party", read_party(segment))
    elif name == "TRN":
        person.setdefault("traces", []).append(segment[2].strip())
    elif name == "DMG":
        person.update(birth_date=element.day(segment, 2), sex=segment[3].strip())
    elif name == "INS":
        person["relationship"] = segment[2].strip()
    elif name == "REF" and not person.get("benefits"):
        person.setdefault("references", []).append(Reference(segment[1].strip(), segment[2].strip()))
    elif name == "DTP":
        row = person["benefits"][-1] if person.get("benefits") else person
        row.setdefault("dates", []).append((segment[1].strip(), segment[3].strip()))
    elif name == "EQ":
        person.setdefault("inquiries", []).append(segment[1].strip())
    elif name == "EB":
        person.setdefault("benefits", []).append(_benefit(segment, element))
    elif name == "MSG" and person.get("benefits"):
        person["benefits"][-1].setdefault("messages", []).append(segment[1].strip())


def _benefit(segment: Segment, element: ElementReader) -> dict[str, Any]:
    return {
        "information": segment[1].strip(),
        "coverage_level": segment[2].strip(),
        "service_types": segment.repetitions(3),
        "insurance_type": segment[4].strip(),
        "plan_name": segment[5].strip(),
        "time_period": segment[6].strip(),
        "amount": element.money(segment, 7),
        "percent": element.quantity(segment, 8),
        "quantity_qualifier": segment[9].strip(),
        "quantity": element.quantity(segment, 10),
        "authorization_required": segment[11].strip(),
        "in_network": segment[12].strip(),
        "procedure": segment[13].strip(),
        "elements": segment.elements,
        "segment": segment.position,
    }


def _person(found: dict[str, Any]) -> EligibilityPerson:
    values = _frozen(found)
    values["benefits"] = tuple(Benefit(**_frozen(row)) for row in found.get("benefits", ()))
    return EligibilityPerson(**values)


def _frozen(found: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in found.items()}
