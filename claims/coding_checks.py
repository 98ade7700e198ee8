"""Checks of how services are coded: modifiers, place of service, repeats, new patients (domain reference 16). Pure.

Part of claims/checks.py. Ranges are facts of the trade, no list of codes and no descriptors. What payers see
differently is a warning, which goes out when somebody has looked; what contradicts itself is an error.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from lib.findings import Finding, Severity
from x12.documents.professional_claim import ServiceLine

if TYPE_CHECKING:
    from claims.check_context import CheckContext

MEDICARE = frozenset({"MA", "MB"})
PLACES = frozenset(
    "01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 31 32 33 34 41 42 49 50 51 "
    "52 53 54 55 56 57 58 60 61 62 65 66 71 72 81 99".split()
)
TELEHEALTH_PLACES = frozenset({"02", "10"})
TELEHEALTH = frozenset({"93", "95", "GT", "GQ", "FQ", "FR"})
LIVE_VIDEO = frozenset({"93", "95", "GT"})
DISCIPLINES = frozenset({"GN", "GO", "GP"})
NOTICES = frozenset({"GA", "GX", "GY", "GZ"})
VISIT_ONLY = ("24", "25", "57")
CONFLICTS: tuple[tuple[frozenset[str], str, Severity], ...] = (
    (frozenset({"26", "TC"}), "26 is the reading alone and TC the recording alone", "error"),
    (frozenset({"76", "77"}), "76 is a repeat by the same clinician, 77 by another", "error"),
    (frozenset({"GA", "GZ"}), "GA says a notice (ABN) was signed, GZ that none was", "error"),
    (frozenset({"LT", "RT"}), "both sides are one line with 50, or two lines", "warning"),
    (frozenset({"50", "LT"}), "50 is both sides already", "warning"),
    (frozenset({"50", "RT"}), "50 is both sides already", "warning"),
    *(
        (frozenset({"59", x}), f"{x} is a closer word for 59", "warning")
        for x in ("XE", "XP", "XS", "XU")
    ),
)  # fmt: skip


def check_modifiers(context: CheckContext) -> Iterator[Finding]:
    """Modifiers that contradict each other, or stand where they mean nothing."""
    is_medicare = context.document.coverage.filing_indicator in MEDICARE
    for place, line in enumerate(context.document.lines):
        where, given = f"lines.{place}.modifiers", frozenset(line.modifiers)
        for pair, why, severity in CONFLICTS:
            if pair <= given:
                yield Finding("MOD-CONFLICT", where, f"{' and '.join(sorted(pair))}: {why}.", severity)
        if len(given & DISCIPLINES) > 1:
            yield Finding("MOD-CONFLICT", where, "A line is of one therapy: GP, GO or GN.")
        if "50" in given and line.units != 1:
            yield Finding("MOD-50-UNITS", where, "With 50 the units are 1 for most payers.", "warning")
        for modifier in VISIT_ONLY:
            if modifier in given and is_surgery(line.procedure):
                words = f"{modifier} belongs on the visit's code, not on the procedure {line.procedure}."
                yield Finding("MOD-VISIT-ONLY", where, words, "warning")
        if given & NOTICES and not is_medicare:
            named = ", ".join(sorted(given & NOTICES))
            yield Finding("MOD-ABN", where, f"{named} is about Medicare's notice (ABN).", "warning")
        if is_medicare:
            yield from _medicare(line, where, given)


def _medicare(line: ServiceLine, where: str, given: frozenset[str]) -> Iterator[Finding]:
    if is_spinal(line.procedure) and not given & {"AT", *NOTICES}:
        words = f"Medicare pays {line.procedure} for active treatment only: AT on it, or a notice (GA)."
        yield Finding("MOD-AT", where, words, "warning")
    if is_therapy(line.procedure) and not given & DISCIPLINES:
        words = f"Medicare asks for the therapy on {line.procedure}: GP, GO or GN."
        yield Finding("MOD-THERAPY", where, words, "warning")


def check_visit_and_procedure(context: CheckContext) -> Iterator[Finding]:
    """A visit beside a procedure on one day needs 25 (or 57 before a major one)."""
    lines = context.document.lines
    procedures = {
        line.service_date: line.procedure
        for line in lines
        if is_surgery(line.procedure) or is_spinal(line.procedure)
    }
    for place, line in enumerate(lines):
        beside = procedures.get(line.service_date)
        if beside and is_visit(line.procedure) and not {"25", "57", "24"} & set(line.modifiers):
            words = f"{line.procedure} stands beside {beside} on one day: 25 on it if it was a service of its own."
            yield Finding("MOD-25", f"lines.{place}.modifiers", words, "warning")


def check_places(context: CheckContext) -> Iterator[Finding]:
    """The place of service is known, and telehealth says so in place and modifier alike."""
    document = context.document
    if document.place_of_service and document.place_of_service not in PLACES:
        words = f"{document.place_of_service} is no place of service (box 24B)."
        yield Finding("POS-UNKNOWN", "place_of_service", words)
    is_medicare = document.coverage.filing_indicator in MEDICARE
    for place, line in enumerate(document.lines):
        at, given = line.place_of_service or document.place_of_service, set(line.modifiers)
        if line.place_of_service and line.place_of_service not in PLACES:
            words = f"{line.place_of_service} is no place of service (box 24B)."
            yield Finding("POS-UNKNOWN", f"lines.{place}.place_of_service", words)
        if at in TELEHEALTH_PLACES and not given & TELEHEALTH and not is_medicare:
            words = f"Place {at} is telehealth: most payers ask for 95 (93 by telephone alone)."
            yield Finding("TELEHEALTH-MOD", f"lines.{place}.modifiers", words, "warning")
        elif given & LIVE_VIDEO and at not in TELEHEALTH_PLACES:
            words = (
                f"{', '.join(sorted(given & LIVE_VIDEO))} is telehealth, but the place is {at}, not 02 or 10."
            )
            yield Finding("TELEHEALTH-POS", f"lines.{place}.modifiers", words, "warning")


def check_repeats(context: CheckContext) -> Iterator[Finding]:
    """The same service twice on one claim: one line with its units, or a modifier that tells them apart."""
    keys = [
        (line.service_date, line.procedure, line.modifiers, line.charge) for line in context.document.lines
    ]
    often = Counter(keys)
    for place, key in enumerate(keys):
        if often[key] > 1 and keys.index(key) != place:
            words = f"{key[1]} stands twice: one line with its units, or 76, 77 or 59 on the second."
            yield Finding("LINE-REPEATED", f"lines.{place}.modifiers", words, "warning")


def check_minutes(context: CheckContext) -> Iterator[Finding]:
    """Units of timed services stand for no more minutes than the visit took, all of them together."""
    if context.minutes is not None and context.minutes_billed > context.minutes:
        billed = f"{context.minutes_billed.normalize():f}"
        words = f"The units stand for {billed} minutes; the visit took {context.minutes}."
        yield Finding("UNITS-MINUTES", "lines.0.units", words, "warning")


def check_new_patient(context: CheckContext) -> Iterator[Finding]:
    """A new-patient visit only after three years without any service here."""
    seen = context.seen_before
    if seen is None:
        return
    for place, line in enumerate(context.document.lines):
        if is_new_visit(line.procedure):
            words = f"{line.procedure} is for new patients; this one was seen on {seen:%m/%d/%Y}, within three years."
            yield Finding("NEW-PATIENT", f"lines.{place}.procedure", words, "warning")


def _between(code: str, first: int, last: int) -> bool:
    return len(code) == 5 and code.isdigit() and first <= int(code) <= last


def is_visit(code: str) -> bool:
    """Evaluation and management, eye examinations included."""
    return _between(code, 99202, 99499) or _between(code, 92002, 92014)


def is_new_visit(code: str) -> bool:
    """An office visit of a new patient."""
    return _between(code, 99202, 99205)


def is_surgery(code: str) -> bool:
    """The surgery section."""
    return _between(code, 10004, 69990)


def is_spinal(code: str) -> bool:
    """Chiropractic manipulation of the spine."""
    return _between(code, 98940, 98942)


def is_therapy(code: str) -> bool:
    """Physical medicine and rehabilitation."""
    return _between(code, 97010, 97799)
