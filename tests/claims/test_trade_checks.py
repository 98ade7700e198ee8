"""The checks of the domain reference, section 16: one case an id, each made by one change of a sound claim."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from claims import checks
from claims.check_context import AuthorizationFact, CheckContext
from claims.reference import CodeUse, Neighbour, PairEdit, Reference
from lib.findings import Finding
from tests.x12 import x12_cast as cast
from x12.documents.professional_claim import ClaimDocument

pytestmark = pytest.mark.rule("X12.16")
DAY = cast.TODAY
SOUND = replace(
    cast.claim(),
    lines=(replace(cast.service_line(1), procedure="99213", modifiers=(), service_date=date(2026, 1, 5)),),
    total_charge=Decimal("100.00"),
)
SERVED = date(2026, 1, 5)


def context(document: ClaimDocument = SOUND, **facts: Any) -> CheckContext:
    return CheckContext(document=document, today=DAY, service_to=SERVED, **facts)


def lines(*changes: dict[str, Any], **claim: Any) -> CheckContext:
    """The sound claim with one line for each set of changes."""
    made = tuple(replace(SOUND.lines[0], line_id=f"L{n}", **one) for n, one in enumerate(changes, 1))
    total = sum((line.charge for line in made), Decimal(0))
    return context(replace(SOUND, lines=made, total_charge=total, **claim))


def kind(indicator: str, *changes: dict[str, Any], **claim: Any) -> CheckContext:
    """The same for another kind of insurance (MB Medicare)."""
    made = lines(*changes, **claim)
    coverage = replace(made.document.coverage, filing_indicator=indicator)
    party = replace(made.document.subscriber.party, identifier="1EG4TE5MK73")
    return replace(
        made,
        document=replace(
            made.document, coverage=coverage, subscriber=replace(made.document.subscriber, party=party)
        ),
    )


def person(**changes: Any) -> CheckContext:
    return context(replace(SOUND, subscriber=replace(SOUND.subscriber, **changes)))


def reference(made: CheckContext, **tables: Any) -> CheckContext:
    return replace(made, reference=Reference(**tables))


def faulty(how: Any) -> CheckContext:
    return reference(context(), diagnosis_faults={(SOUND.diagnoses[0], SERVED): how})


def npi(number: str) -> ClaimDocument:
    provider = SOUND.billing_provider
    return replace(
        SOUND, billing_provider=replace(provider, party=replace(provider.party, identifier=number))
    )


def mod(*modifiers: str, code: str = "99213", **more: Any) -> CheckContext:
    return lines({"modifiers": modifiers, "procedure": code, **more})


PAIR = {("99213", "98941"): (PairEdit("1", date(2020, 1, 1), None),)}
NEVER = {("99213", "98941"): (PairEdit("0", date(2020, 1, 1), date(2026, 1, 6)),)}
TWO = ({"procedure": "99213", "modifiers": ("25",)}, {"procedure": "98941"})
LISTED = {"listed_days": frozenset({SERVED})}
# (id, severity or "" for silence, the claim)
CASES: dict[str, tuple[str, str, Callable[[], CheckContext]]] = {
    "a wrong check digit": ("npi", "error", lambda: context(npi("1234567890"))),
    "no ICD shape": ("diagnosis_shape", "error", lambda: context(replace(SOUND, diagnoses=("J2",)))),
    "external cause first": ("diagnosis_external", "error", lambda: context(replace(SOUND, diagnoses=("W19XXXA",)))),
    "U07.1 is one": ("diagnosis_shape", "", lambda: context(replace(SOUND, diagnoses=("U071", "R509")))),
    "no CPT shape": ("procedure", "error", lambda: mod(code="9921")),
    "HCPCS II": ("procedure", "", lambda: mod(code="G0283")),
    "modifier of three": ("modifier", "error", lambda: mod("255")),
    "visit beside a procedure": ("MOD-25", "warning", lambda: lines({}, {"procedure": "20610"})),
    "visit with 25 beside it": ("MOD-25", "", lambda: lines({"modifiers": ("25",)}, {"procedure": "20610"})),
    "visit on another day": (
        "MOD-25", "", lambda: lines({}, {"procedure": "20610", "service_date": date(2026, 1, 6)})),
    "26 with TC": ("MOD-CONFLICT", "error", lambda: mod("26", "TC", code="72040")),
    "76 with 77": ("MOD-CONFLICT", "error", lambda: mod("76", "77")),
    "GA with GZ": ("MOD-CONFLICT", "error", lambda: kind("MB", {"modifiers": ("GA", "GZ")})),
    "GP with GO": ("MOD-CONFLICT", "error", lambda: mod("GP", "GO", code="97110")),
    "LT with RT": ("MOD-CONFLICT", "warning", lambda: mod("LT", "RT", code="20610")),
    "50 with LT": ("MOD-CONFLICT", "warning", lambda: mod("50", "LT", code="20610")),
    "59 with XS": ("MOD-CONFLICT", "warning", lambda: mod("59", "XS", code="97140")),
    "50 with two units": ("MOD-50-UNITS", "warning", lambda: mod("50", code="20610", units=Decimal(2))),
    "57 on a procedure": ("MOD-VISIT-ONLY", "warning", lambda: mod("57", code="20610")),
    "adjustment without AT": ("MOD-AT", "warning", lambda: kind("MB", {"procedure": "98941"})),
    "adjustment with AT": ("MOD-AT", "", lambda: kind("MB", {"procedure": "98941", "modifiers": ("AT",)})),
    "adjustment, no Medicare": ("MOD-AT", "", lambda: mod(code="98941")),
    "therapy without GP": ("MOD-THERAPY", "warning", lambda: kind("MB", {"procedure": "97110"})),
    "a notice to Aetna": ("MOD-ABN", "warning", lambda: mod("GA")),
    "no place": ("POS-UNKNOWN", "error", lambda: context(replace(SOUND, place_of_service="98"))),
    "no place on a line": ("POS-UNKNOWN", "error", lambda: lines({"place_of_service": "00"})),
    "telehealth without 95": ("TELEHEALTH-MOD", "warning", lambda: context(replace(SOUND, place_of_service="10"))),
    "95 in the office": ("TELEHEALTH-POS", "warning", lambda: mod("95")),
    "95 at home": ("TELEHEALTH-POS", "", lambda: lines({"modifiers": ("95",)}, place_of_service="10")),
    "the same line twice": ("LINE-REPEATED", "warning", lambda: lines({}, {})),
    "the same line with 76": ("LINE-REPEATED", "", lambda: lines({}, {"modifiers": ("76",)})),
    "another live claim": ("DUPLICATE", "error", lambda: context(twins=("ABC123",))),
    "new patient seen before": (
        "NEW-PATIENT", "warning", lambda: replace(mod(code="99203"), seen_before=date(2024, 5, 1))),
    "new patient indeed": ("NEW-PATIENT", "", lambda: mod(code="99203")),
    "ICD absent that day": (
        "ICD-INVALID", "error", lambda: faulty("absent")),
    "ICD heading": (
        "ICD-HEADER", "error", lambda: faulty("header")),
    "pair never, Medicare": ("NCCI-NEVER", "error", lambda: reference(kind("MB", *TWO), pairs=NEVER)),
    "pair never, others": ("NCCI-NEVER", "warning", lambda: reference(lines(*TWO), pairs=NEVER)),
    "pair on its day of deletion": (
        "NCCI-NEVER", "", lambda: reference(
            lines(*({**one, "service_date": date(2026, 1, 6)} for one in TWO)), pairs=NEVER)),
    "pair without a modifier": (
        "NCCI-PAIR", "warning", lambda: reference(lines({}, {"procedure": "98941"}), pairs=PAIR)),
    "pair with 25": ("NCCI-PAIR", "", lambda: reference(lines(*TWO), pairs=PAIR)),
    "pair on another claim": (
        "NCCI-PAIR", "warning",
        lambda: replace(reference(context(), pairs=PAIR), neighbours=(Neighbour("OTHER1", "98941", SERVED, ()),))),
    "units of a line": (
        "MUE-LINE", "error", lambda: reference(
            kind("MB", {"units": Decimal(5)}), limits={("99213", SERVED): (4, "1")})),
    "lines within the limit": (
        "MUE-LINE", "", lambda: reference(
            lines({"units": Decimal(4)}, {"units": Decimal(4)}), limits={("99213", SERVED): (4, "1")})),
    "units of a day, hard": (
        "MUE-DAY", "error", lambda: reference(
            kind("MB", {"units": Decimal(3)}, {"units": Decimal(2)}), limits={("99213", SERVED): (4, "2")})),
    "units of a day, appealable": (
        "MUE-DAY", "warning", lambda: reference(
            kind("MB", {"units": Decimal(3)}, {"units": Decimal(2)}), limits={("99213", SERVED): (4, "3")})),
    "units of a day, with another claim's": (
        "MUE-DAY", "error", lambda: replace(
            reference(kind("MB", {"units": Decimal(3)}), limits={("99213", SERVED): (4, "2")}),
            neighbours=(Neighbour("OTHER1", "99213", SERVED, (), Decimal(2), 7),))),
    "units of a day, one service on the claims of two layers": (
        "MUE-DAY", "", lambda: replace(
            reference(kind("MB", {"units": Decimal(2)}), limits={("99213", SERVED): (4, "2")}),
            neighbours=(Neighbour("FIRST1", "99213", SERVED, (), Decimal(2), 7),
                        Neighbour("SECOND", "99213", SERVED, (), Decimal(2), 7)))),
    "more units than minutes": (
        "UNITS-MINUTES", "warning", lambda: replace(context(), minutes=30, minutes_billed=Decimal(45))),
    "units within the minutes": (
        "UNITS-MINUTES", "", lambda: replace(context(), minutes=45, minutes_billed=Decimal(45))),
    "not on the clinic's list": ("CODE-NOT-LISTED", "error", lambda: reference(context(), **LISTED)),
    "listed later": (
        "CODE-NOT-LISTED", "error", lambda: reference(
            context(), **LISTED, listed={("99213", SERVED): (CodeUse(begins_on=date(2026, 1, 6)),)})),
    "for the other sex": (
        "CODE-SEX", "warning", lambda: reference(context(), **LISTED, listed={("99213", SERVED): (CodeUse(sex="F"),)})),
    "for the young": (
        "CODE-AGE", "warning", lambda: reference(
            context(), **LISTED, listed={("99213", SERVED): (CodeUse(age_to=17),)})),
    "add-on alone": (
        "ADD-ON-ALONE", "error", lambda: reference(
            context(), **LISTED, listed={("99213", SERVED): (CodeUse(add_on_to=("98941",)),)})),
    "add-on beside its primary": (
        "ADD-ON-ALONE", "", lambda: reference(
            lines({}, {"procedure": "98941"}), **LISTED,
            listed={("99213", SERVED): (CodeUse(add_on_to=("98941",)),), ("98941", SERVED): (CodeUse(),)})),
    "taxonomy": (
        "taxonomy", "error",
        lambda: context(replace(SOUND, billing_provider=replace(SOUND.billing_provider, taxonomy="207Q")))),
    "limit passed": ("FILING-OVER", "warning", lambda: context(filing_deadline=date(2026, 1, 10))),
    "limit near": ("FILING-SOON", "info", lambda: context(filing_deadline=date(2026, 1, 16))),
    "authorization asked": ("REQUIRED-AUTHORIZATION", "error", lambda: context(payer_requires=("authorization",))),
    "authorization over": (
        "AUTHORIZATION-DATES", "error", lambda: context(
            authorizations=(AuthorizationFact("A1", date(2025, 1, 1), date(2025, 12, 31), False),))),
    "referring asked": ("REQUIRED-REFERRING-NPI", "error", lambda: context(payer_requires=("referring_npi",))),
    "card over": ("POLICY-EXPIRED", "error", lambda: context(policy_to=date(2026, 1, 4))),
    "no date of birth": ("birth_date", "error", lambda: person(birth_date=None)),
    "no sex": ("sex", "error", lambda: person(sex="")),
    "no address": ("patient_address", "error", lambda: person(address=None)),
    "charge of nothing": ("charge_zero", "warning", lambda: mod(charge=Decimal("0.00"))),
    "half a unit": ("units_fraction", "warning", lambda: mod(units=Decimal("1.5"))),
    "after the day of death": ("DECEASED", "error", lambda: context(died_on=date(2026, 1, 1))),
    "after the death on the claim": (
        "service_after_death", "error", lambda: person(death_date=date(2026, 1, 1))),
    "a day to come": ("service_in_future", "error", lambda: mod(service_date=date(2026, 2, 1))),
}  # fmt: skip


def found(made: CheckContext) -> list[Finding]:
    return checks.run(made)


def test_the_sound_claim_is_sound() -> None:
    assert found(context()) == []


@pytest.mark.parametrize(("code", "severity", "make"), CASES.values(), ids=CASES)
def test_each_check(code: str, severity: str, make: Callable[[], CheckContext]) -> None:
    hits = [finding.severity for finding in found(make()) if finding.code == code]
    assert hits[:1] == ([severity] if severity else []), found(make())
    assert not any(finding.code == "CHECK-CRASHED" for finding in found(make()))


def test_every_id_of_the_docs_has_a_case_and_every_case_its_id() -> None:
    """The table of docs/scrubbing.md and this one name the same ids."""
    import re
    from pathlib import Path

    page = (Path(__file__).parents[2] / "docs" / "scrubbing.md").read_text()
    table = page.split("**Rule X12.16**")[1].split("Units against minutes")[0]
    cells = [row.split("|")[1] for row in table.splitlines() if row.startswith("| ") and "id |" not in row]
    named = {
        word for cell in cells for word in re.findall(r"[\w-]+", cell) if not word.startswith("REQUIRED")
    }
    cased = {code for code, severity, _ in CASES.values() if severity}
    # What stands beside a card's own dates and a payer's wishes is told in docs/claim-life-cycle.md.
    assert {code for code in cased if not code.startswith(("REQUIRED", "AUTHORIZATION"))} == named
