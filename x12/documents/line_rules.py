"""Rules of the service lines of a professional claim. Part of x12/documents/claim_rules.py."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from lib.findings import Finding
from x12.documents.professional_claim import ClaimDocument, ServiceLine

PROCEDURE = re.compile(r"(?:[0-9]{5}|[0-9]{4}[FTUM]|[A-V][0-9]{4})\Z")
MODIFIER = re.compile(r"[0-9A-Z]{2}\Z")
LINE_ID = re.compile(r"[A-Z0-9\-]{1,30}\Z")
NDC = re.compile(r"[0-9]{11}\Z")
MAX_LINES = 50
MAX_UNITS = Decimal("9999.9")
CENT = Decimal("0.01")


def check_lines(document: ClaimDocument, today: date) -> Iterator[Finding]:
    """Findings of all lines; ``where`` is ``lines.N.field`` with N from 0."""
    if not document.lines:
        yield Finding("lines_missing", "lines", "The claim has no service line.")
    if len(document.lines) > MAX_LINES:
        yield Finding("line_count", "lines", "At most 50 lines fit on a claim: split it.")
    seen: set[str] = set()
    for place, line in enumerate(document.lines):
        where = f"lines.{place}"
        if line.line_id in seen:
            yield Finding("line_id_repeated", f"{where}.line_id", "Two lines have the same id.")
        seen.add(line.line_id)
        yield from _check_service(line, where)
        yield from _check_pointers(line, where, len(document.diagnoses))
        yield from _check_dates(line, where, document, today)


def _check_service(line: ServiceLine, where: str) -> Iterator[Finding]:
    if not LINE_ID.match(line.line_id):
        yield Finding("line_id", f"{where}.line_id", "A line needs its id (at most 30 letters and digits).")
    if line.procedure_qualifier == "HC" and not PROCEDURE.match(line.procedure):
        yield Finding(
            "procedure", f"{where}.procedure", f"{line.procedure or 'Nothing'} is no CPT or HCPCS code."
        )
    if len(line.modifiers) > 4:
        yield Finding("modifier_count", f"{where}.modifiers", "At most four modifiers fit on a line.")
    if len(set(line.modifiers)) != len(line.modifiers):
        yield Finding("modifier_repeated", f"{where}.modifiers", "A modifier is listed twice.")
    for modifier in line.modifiers:
        if not MODIFIER.match(modifier):
            yield Finding(
                "modifier", f"{where}.modifiers", f"{modifier} is no modifier (two letters or digits)."
            )
    if line.charge != line.charge.quantize(CENT):
        yield Finding("charge_decimals", f"{where}.charge", "Money has two decimals.")
    if line.charge < 0:
        yield Finding("charge_negative", f"{where}.charge", "The charge is negative.")
    elif not line.charge:
        yield Finding("charge_zero", f"{where}.charge", "The charge is zero.", "warning")
    if not 0 < line.units <= MAX_UNITS:
        yield Finding("units", f"{where}.units", "The units must be above 0 and at most 9999.9.")
    elif line.unit_basis == "UN" and line.units != line.units.to_integral_value() and line.drug is None:
        yield Finding("units_fraction", f"{where}.units", "Units of a service are whole numbers.", "warning")
    if line.drug is not None and line.drug.qualifier == "N4" and not NDC.match(line.drug.ndc):
        yield Finding("ndc", f"{where}.drug.ndc", "A drug code (NDC) has eleven digits.")


def _check_pointers(line: ServiceLine, where: str, diagnoses: int) -> Iterator[Finding]:
    where = f"{where}.pointers"
    if not line.pointers:
        yield Finding("pointer_missing", where, "The line points at no diagnosis.")
    if len(line.pointers) > 4:
        yield Finding("pointer_count", where, "A line points at four diagnoses at most.")
    if len(set(line.pointers)) != len(line.pointers):
        yield Finding("pointer_repeated", where, "The line points twice at one diagnosis.")
    if any(not 1 <= pointer <= diagnoses for pointer in line.pointers):
        yield Finding("pointer_range", where, "The line points at a diagnosis that is not on the claim.")


def _check_dates(line: ServiceLine, where: str, document: ClaimDocument, today: date) -> Iterator[Finding]:
    birth, first, last = document.patient_birth_date, line.service_date, line.service_date_end
    if max(first, last or first) > today:
        yield Finding("service_in_future", f"{where}.service_date", "The service date lies in the future.")
    if birth is not None and first < birth:
        yield Finding("service_before_birth", f"{where}.service_date", "The service lies before the birth.")
    if last is not None and last < first:
        yield Finding("service_span", f"{where}.service_date_end", "The service ends before it begins.")
    elif last is not None and last > first and line.units <= 1:
        yield Finding("units_span", f"{where}.units", "One unit for a span of days: is it so?", "warning")
    if last is not None and last >= first and (last.year, last.month) != (first.year, first.month):
        yield Finding(
            "service_span_months",
            f"{where}.service_date_end",
            "The service spans two months; many payers want one claim a month.",
            "warning",
        )
