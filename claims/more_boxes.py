"""Boxes for what a visit does not know: other providers, attachments, each line's drug, orderer and note. Pure.

Part of claims/boxes.py; the paths are those of claims/review_fields.py. A part appears when one of its boxes is
filled and goes when all of them are empty again. What is rarer still: claims/rare_boxes.py.
"""

from __future__ import annotations

from collections.abc import Iterator

from claims.boxes import Box, Section, in_rows, show_note
from x12.documents.professional_claim import ClaimDocument, Provider, ServiceLine

UNITS = (("", "none"), ("UN", "UN units"), ("ML", "ML millilitres"), ("GR", "GR grams"), ("F2", "F2 international"),
         ("ME", "ME milligrams"))  # fmt: skip


def more_sections(document: ClaimDocument) -> list[Section]:
    """Other providers and papers of the claim, then a section for each line."""
    return [
        Section("Other providers and papers", tuple(in_rows(_claim(document)))),
        *(
            Section(
                f"More of line {place + 1}: {line.procedure}",
                tuple(in_rows(_line(f"lines.{place}", line))),
            )
            for place, line in enumerate(document.lines)
        ),
    ]


def _claim(document: ClaimDocument) -> Iterator[Box]:
    yield from _provider("17", "Referred by", "referring_provider", document.referring_provider, "2310A")
    yield from _provider("", "Supervised by", "supervising_provider", document.supervising_provider, "2310D")
    papers = [
        " ".join(filter(None, (one.report_type, one.transmission, one.control_number)))
        for one in document.attachments
    ]
    yield Box("19", "Attachments, one a line: OZ EL A77", "; ".join(papers), "attachments", "PWK", 12, "lines",
              "\n".join(papers))  # fmt: skip


def _line(path: str, line: ServiceLine) -> Iterator[Box]:
    yield from _provider("17", "Ordered by", f"{path}.ordering_provider", line.ordering_provider, "2420E")
    drug = line.drug
    amount = f"{drug.quantity.normalize():f}" if drug and drug.quantity is not None else ""
    ndc, unit = (drug.ndc, drug.unit) if drug else ("", "")
    yield Box("24", "Drug (NDC)", ndc, f"{path}.drug.ndc", "LIN03", 4, "text", ndc)
    yield Box("24", "Quantity", amount, f"{path}.drug.quantity", "CTP04", 4, "text", amount)
    yield Box("24", "Unit", unit, f"{path}.drug.unit", "CTP05", 4, "choice", unit, UNITS)
    note = show_note(line.note)
    yield Box("24", "Note of the line", note, f"{path}.note", "NTE*ADD", 12, "text", note)


def _provider(number: str, words: str, path: str, provider: Provider | None, loop: str) -> Iterator[Box]:
    party = provider.party if provider else None
    last, first, npi = (party.last_name, party.first_name, party.identifier) if party else ("", "", "")
    yield Box(number, words, last, f"{path}.party.last_name", f"{loop} NM103", 4, "text", last)
    yield Box(number, "First name", first, f"{path}.party.first_name", f"{loop} NM104", 4, "text", first)
    yield Box(
        f"{number}b" if number else "",
        "NPI",
        npi,
        f"{path}.party.identifier",
        f"{loop} NM109",
        4,
        "text",
        npi,
    )
