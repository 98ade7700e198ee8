"""Checks of codes against tables: ICD-10-CM, NCCI pairs, unit limits, the clinic's own procedure list. Pure.

Part of claims/checks.py. Without a table in force for the day of service none of them says anything: what is
missing is told once, on the set-up list, never on each claim.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from lib.dates import age_on
from lib.findings import Finding, Severity
from lib.spellings import show_diagnosis
from x12.documents.professional_claim import ClaimDocument, ServiceLine

if TYPE_CHECKING:
    from claims.check_context import CheckContext

# Medicare and Medicaid go by NCCI and MUE themselves; others follow them by contract: there it is a warning.
BOUND_PAYERS = frozenset({"MA", "MB", "MC"})
# Modifiers that open a pair with indicator 1.
OPENERS = frozenset(
    "E1 E2 E3 E4 FA F1 F2 F3 F4 F5 F6 F7 F8 F9 TA T1 T2 T3 T4 T5 T6 T7 T8 T9 LT RT LC LD RC LM RI "
    "24 25 57 58 78 79 27 59 91 XE XS XP XU".split()
)


@dataclass(frozen=True, slots=True)
class _Service:
    """A code on a day: a line of this claim (``place``), or of another one (``number``)."""

    code: str
    day: date
    modifiers: tuple[str, ...]
    place: int | None = None
    number: str = ""


def check_diagnosis_codes(context: CheckContext) -> Iterator[Finding]:
    """Each diagnosis is billable in ICD-10-CM on every date of service (domain reference 3.5)."""
    faults = context.reference.diagnosis_faults
    if not faults:
        return
    days = sorted({line.service_date for line in context.document.lines})
    for place, code in enumerate(context.document.diagnoses):
        day = next((day for day in days if (code, day) in faults), None)
        if day is None:
            continue
        shown, where = show_diagnosis(code), f"diagnoses.{place}"
        if faults[code, day] == "header":
            yield Finding("ICD-HEADER", where, f"{shown} is a heading, not billable: choose a longer code.")
        else:
            yield Finding("ICD-INVALID", where, f"{shown} is no ICD-10-CM code on {day:%m/%d/%Y}.")


def check_pairs(context: CheckContext) -> Iterator[Finding]:
    """NCCI: column 2 is not paid beside column 1 on one day by one clinician, but for a modifier where allowed."""
    pairs = context.reference.pairs
    if not pairs:
        return
    own = [
        _Service(line.procedure, line.service_date, line.modifiers, place)
        for place, line in enumerate(context.document.lines)
    ]
    others = [_Service(one.code, one.day, one.modifiers, None, one.number) for one in context.neighbours]
    severity = _severity(context.document)
    for one in [*own, *others]:
        for two in [*own, *others]:
            if one is two or one.day != two.day or (one.place is None and two.place is None):
                continue
            edits = [edit for edit in pairs.get((one.code, two.code), ()) if edit.holds(one.day)]
            if edits:
                yield from _pair_finding(one, two, edits[0].modifier, severity)


def _pair_finding(one: _Service, two: _Service, modifier: str, severity: Severity) -> Iterator[Finding]:
    place = two.place if two.place is not None else one.place
    where = f"lines.{place}.modifiers"
    beside = (
        f"{one.code} on claim {one.number}"
        if one.number
        else f"{one.code}, which is on claim {two.number} with it"
        if two.number
        else one.code
    )
    if modifier == "0":
        words = f"{two.code} is never paid beside {beside} on one day (NCCI, no modifier helps): claim one of them."
        yield Finding("NCCI-NEVER", where, words, severity)
    elif not OPENERS & {*one.modifiers, *two.modifiers}:
        words = (
            f"{two.code} is not paid beside {beside} on the same day (NCCI) unless it was a service of its own: "
            "then 59, XE, XS, XP or XU on it (25 on an office visit), with the note to show it."
        )
        yield Finding("NCCI-PAIR", where, words, severity)


def check_unit_limits(context: CheckContext) -> Iterator[Finding]:
    """MUE: units of a line (1), or of a day (2, 3), within the limit of that day's table."""
    limits = context.reference.limits
    if not limits:
        return
    bound = _severity(context.document)
    by_day: dict[tuple[str, date], list[tuple[int, ServiceLine]]] = defaultdict(list)
    for place, line in enumerate(context.document.lines):
        by_day[line.procedure, line.service_date].append((place, line))
    for (code, day), lines in by_day.items():
        if (code, day) not in limits:
            continue
        most, basis = limits[code, day]
        if basis == "1":
            for place, line in lines:
                if line.units > most:
                    words = f"{code}: {_plain(line.units)} units on a line, at most {most} are paid (MUE, by line)."
                    yield Finding("MUE-LINE", f"lines.{place}.units", words, bound)
            continue
        beside = {one.charge: one for one in context.neighbours if (one.code, one.day) == (code, day)}
        units = sum((line.units for _, line in lines), Decimal(0))
        units += sum((one.units for one in beside.values()), Decimal(0))
        if units > most:
            numbers = ", ".join(sorted({one.number for one in beside.values()}))
            where = f" with those of {numbers}" if numbers else ""
            hard = basis == "2"
            tail = "no exception" if hard else "more only on appeal, with the note"
            yield Finding(
                "MUE-DAY",
                f"lines.{lines[0][0]}.units",
                f"{code}: {_plain(units)} units on {day:%m/%d/%Y}{where}, at most {most} a day are paid (MUE, {tail}).",
                bound if hard else "warning",
            )


def check_listed_codes(context: CheckContext) -> Iterator[Finding]:
    """The clinic's own list: the code is in force on the day, fits age and sex, and an add-on has its primary."""
    reference, document = context.reference, context.document
    if not reference.listed_days:
        return
    on_day: dict[date, set[str]] = defaultdict(set)
    for line in document.lines:
        on_day[line.service_date].add(line.procedure)
    for other in context.neighbours:
        on_day[other.day].add(other.code)
    person = document.patient or document.subscriber
    for place, line in enumerate(document.lines):
        day, code, where = line.service_date, line.procedure, f"lines.{place}.procedure"
        if day not in reference.listed_days:
            continue
        uses = [use for use in reference.listed.get((code, day), ()) if use.holds(day)]
        if not uses:
            yield Finding(
                "CODE-NOT-LISTED",
                where,
                f"{code} is not in force on {day:%m/%d/%Y} by the clinic's list of procedure codes.",
            )
            continue
        age = age_on(person.birth_date, day) if person.birth_date else None
        if not any(use.sex in ("", person.sex) for use in uses):
            yield Finding("CODE-SEX", where, f"{code} is for the other sex by the clinic's list.", "warning")
        elif age is not None and not any(
            (use.age_from or 0) <= age <= (200 if use.age_to is None else use.age_to) for use in uses
        ):
            yield Finding(
                "CODE-AGE", where, f"{code} does not fit the age of {age} by the clinic's list.", "warning"
            )
        rest = on_day[day] - {code}
        primaries = [use.add_on_to for use in uses]
        if all(primaries) and not any(
            rest & set(wanted) or ("ANY" in wanted and rest) for wanted in primaries
        ):
            named = ", ".join(primaries[0][:4]) if primaries[0] != ("ANY",) else "another code"
            yield Finding(
                "ADD-ON-ALONE", where, f"{code} is an add-on: it needs {named} on the same day.", "error"
            )


def _severity(document: ClaimDocument) -> Severity:
    return "error" if document.coverage.filing_indicator in BOUND_PAYERS else "warning"


def _plain(units: Decimal) -> str:
    return f"{units.normalize():f}"
