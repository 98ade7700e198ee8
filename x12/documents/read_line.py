"""A service line: SV1, SVD, and what was gathered for it becomes a ``ServiceLine``. Part of read_claim.py."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from x12.documents.claim_qualifiers import LINE_PROVIDERS
from x12.documents.elements import ElementReader
from x12.documents.professional_claim import LineAdjudication, ServiceLine
from x12.documents.read_details import finish_details, read_provider
from x12.findings import FindingList
from x12.tokens import Segment


def read_service(element: ElementReader, segment: Segment) -> dict[str, Any]:
    """Keywords of ServiceLine that SV1 tells."""
    parts = [text.strip() for text in segment.components(1)]
    pointers = (text.strip() for text in segment.components(7))
    units = element.quantity(segment, 4)
    return {
        "procedure_qualifier": parts[0],
        "procedure": parts[1] if len(parts) > 1 else "",
        "modifiers": tuple(text for text in parts[2:6] if text),
        "description": parts[6] if len(parts) > 6 else "",
        "charge": element.required_money(segment, 2, "claim"),
        "unit_basis": segment[3].strip(),
        "units": units if units is not None else Decimal(0),
        "place_of_service": segment[5].strip(),
        "pointers": tuple(
            int(text) for text in pointers if text.isascii() and text.isdigit() and len(text) < 3
        ),
        "is_emergency": segment[9] == "Y",
        "is_epsdt": segment[11] == "Y",
        "is_family_planning": segment[12] == "Y",
        "copay_exempt": segment[15] == "0",
    }


def read_adjudication(element: ElementReader, segment: Segment) -> dict[str, Any]:
    """Keywords of LineAdjudication that SVD tells."""
    parts = [text.strip() for text in segment.components(3)]
    return {
        "payer_id": segment[1].strip(),
        "paid": element.required_money(segment, 2, "claim"),
        "procedure_qualifier": parts[0],
        "procedure": parts[1] if len(parts) > 1 else "",
        "modifiers": tuple(text for text in parts[2:6] if text),
        "units": element.quantity(segment, 5),
        "bundled_into_line": element.whole_number(segment, 6),
    }


def finish_line(line: dict[str, Any], findings: FindingList) -> ServiceLine:
    """The line; one without a readable date is told."""
    start: Segment = line.pop("segment")
    if line.get("service_date") is None:
        line["service_date"] = date.min  # a foreign file without one; the finding blocks it
        findings.add(
            "missing_service_date",
            "The service line has no readable service date (DTP*472).",
            level="claim",
            segment=start.position,
        )
    line.setdefault("line_id", "")
    for name in LINE_PROVIDERS.values():
        if name in line:
            line[name] = read_provider(name, line[name])
    finish_details(line)
    line["adjudications"] = tuple(
        LineAdjudication(**{**item, "adjustments": tuple(item.get("adjustments", ()))})
        for item in line.get("adjudications", ())
    )
    return ServiceLine(**line)
