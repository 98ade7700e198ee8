"""Eligibility to lines: the 270 a clinic asks with, the 271 the sandbox answers with (005010X279A1).

Before it: insurance/eligibility_files. After it: x12/writer, which puts the envelope around the lines. One
transaction asks one payer for one provider about any number of people.
"""

from __future__ import annotations

from datetime import datetime

from x12.documents.eligibility import Benefit, Eligibility, EligibilityPerson, RequestRejection
from x12.documents.parties import Party
from x12.documents.write_elements import write_party, write_references
from x12.guides.eligibility import ELIGIBILITY
from x12.writer import SegmentWriter, d8, money, quantity

VERSION_270 = VERSION_271 = "005010X279A1"
PURPOSES = {"270": "13", "271": "11"}  # BHT02: request, response
TRACES = {"270": "1", "271": "2"}  # TRN01: ours, the one that is answered


def write_270(asked: Eligibility, company: str, at: datetime) -> list[str]:
    """The lines between ST and SE of a 270 (GS01 HS).

    ``company`` is TRN03, ten characters (9 and the tax ID). A dependent follows its subscriber, who then
    carries no inquiry of their own. Raises WriteError.
    """
    return _write(asked, company, at)


def write_271(answered: Eligibility, company: str, at: datetime) -> list[str]:
    """The lines between ST and SE of a 271 (GS01 HB); for the sandbox and for tests. Raises WriteError."""
    return _write(answered, company, at)


def _write(document: Eligibility, company: str, at: datetime) -> list[str]:
    writer = SegmentWriter(ELIGIBILITY)
    writer.add("BHT", "0022", PURPOSES[document.kind], document.reference, f"{at:%Y%m%d}", f"{at:%H%M}")
    writer.add("HL", "1", "", "20", "1" if document.provider else "0")
    above = [row for row in document.rejections if row.level in ("20", "")]
    write_party(writer, "2100A/NM1", "PR", document.payer or Party())
    _write_rejections(writer, above)
    if document.provider is None:
        return writer.lines
    writer.add("HL", "2", "1", "21", "1" if document.people else "0")
    write_party(writer, "2100B/NM1", "1P", document.provider)
    _write_rejections(writer, [row for row in document.rejections if row.level == "21"])
    number, holder = 2, 2
    for place, person in enumerate(document.people):
        number += 1
        if person.level == "22":
            holder = number
        following = document.people[place + 1] if place + 1 < len(document.people) else None
        has_child = person.level == "22" and following is not None and following.level == "23"
        parent = "2" if person.level == "22" else str(holder)
        writer.add("HL", str(number), parent, person.level, "1" if has_child else "0")
        _write_person(writer, person, document.kind, company)
    return writer.lines


def _write_person(writer: SegmentWriter, person: EligibilityPerson, kind: str, company: str) -> None:
    for trace in person.traces:
        writer.add("2000/TRN", TRACES[kind], trace, company)
    if person.level == "22":
        write_party(writer, "2100C/NM1", "IL", person.party or Party())
    else:
        write_party(writer, "2100D/NM1", "03", person.party or Party())
    write_references(writer, "2100/REF", person.references)
    _write_rejections(writer, person.rejections)
    if person.birth_date or person.sex:
        born = d8(person.birth_date)
        writer.add("2100/DMG", "D8" if born else "", born, person.sex)
    if person.relationship:
        writer.add("2100/INS", "Y" if person.level == "22" else "N", person.relationship)
    for qualifier, value in person.dates:
        writer.add("2100/DTP", qualifier, "RD8" if "-" in value else "D8", value)
    for service_type in person.inquiries:
        writer.add("2110/EQ", service_type)
    for benefit in person.benefits:
        _write_benefit(writer, benefit)


def _write_rejections(
    writer: SegmentWriter, rows: list[RequestRejection] | tuple[RequestRejection, ...]
) -> None:
    for row in rows:
        writer.add("AAA", row.valid, "", row.reason, row.follow_up)


def _write_benefit(writer: SegmentWriter, benefit: Benefit) -> None:
    for service_type in benefit.service_types or ("",):
        writer.add(
            "2110/EB",
            benefit.information,
            benefit.coverage_level,
            service_type,
            benefit.insurance_type,
            benefit.plan_name,
            benefit.time_period,
            money(benefit.amount),
            quantity(benefit.percent),
            benefit.quantity_qualifier,
            quantity(benefit.quantity),
            benefit.authorization_required,
            benefit.in_network,
        )
    for qualifier, value in benefit.dates:
        writer.add("2110/DTP", qualifier, "RD8" if "-" in value else "D8", value)
    for message in benefit.messages:
        writer.add("2110/MSG", message)
    if benefit.related:
        writer.add("2110/LS", "2120")
        for code, party in zip(benefit.related_codes, benefit.related, strict=True):
            write_party(writer, "2120/NM1", code, party)
        writer.add("2110/LE", "2120")
