"""What the syntax checker misses is caught by us; valid claims of every kind pass both and read back equal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import x12_cast as cast

from x12.documents.claim_rules import check_claim
from x12.documents.parties import Contact
from x12.documents.professional_claim import (
    ClaimDates,
    ClaimDocument,
    Provider,
    RelatedCauses,
)

pytestmark = pytest.mark.rule("X12.missed")
CLAIM = cast.claim()
SECOND = cast.secondary()


def line(**changes: Any) -> ClaimDocument:
    return replace(CLAIM, lines=(replace(CLAIM.lines[0], **changes), *CLAIM.lines[1:]))


def billing(**changes: Any) -> ClaimDocument:
    return replace(CLAIM, billing_provider=replace(CLAIM.billing_provider, **changes))


def other(**changes: Any) -> ClaimDocument:
    return replace(
        SECOND, other_payers=(replace(SECOND.other_payers[0], **changes), *SECOND.other_payers[1:])
    )


def street(**changes: Any) -> Any:
    return replace(CLAIM.billing_provider.address, **changes)


def npi(number: str) -> ClaimDocument:
    return billing(party=replace(CLAIM.billing_provider.party, identifier=number))


def adjusted(reason: str) -> ClaimDocument:
    first = SECOND.lines[0]
    found = first.adjudications[0]
    parts = (replace(found.adjustments[0], reason=reason), *found.adjustments[1:])
    return replace(
        SECOND, lines=(replace(first, adjudications=(replace(found, adjustments=parts),)), *SECOND.lines[1:])
    )


FAULTS: dict[str, tuple[str, ClaimDocument]] = {
    "CLM02 is not the sum of SV102": ("charge_total", replace(CLAIM, total_charge=Decimal("1.00"))),
    "COB does not balance": ("cob_paid", other(amount_paid=Decimal("1.00"))),
    "NPI check digit": ("npi", npi("1234567890")),
    "NPI length": ("npi", npi("123456789")),
    "pointer to an absent diagnosis": ("pointer_range", line(pointers=(12,))),
    "ICD with a point": ("diagnosis_shape", replace(CLAIM, diagnoses=("J02.0", "R509"))),
    "no ICD at all": ("diagnosis_shape", replace(CLAIM, diagnoses=("1234", "R509"))),
    "CPT shape": ("procedure", line(procedure="992")),
    "service in the future": ("service_in_future", line(service_date=date(2031, 1, 1))),
    "onset after service": ("onset_after_service", replace(CLAIM, dates=ClaimDates(onset=date(2025, 12, 31)))),
    "onset before birth": ("date_before_birth", replace(CLAIM, dates=ClaimDates(onset=date(1969, 12, 31)))),
    "service before birth": ("service_before_birth", line(service_date=date(1900, 1, 1))),
    "frequency 9": ("frequency", replace(CLAIM, frequency_code="9")),
    "7 without F8": ("original_reference_missing", replace(CLAIM, frequency_code="7")),
    "8 without F8": ("original_reference_missing", replace(CLAIM, frequency_code="8")),
    "1 with F8": ("original_reference_unexpected", replace(CLAIM, payer_claim_number="ICN1")),
    "PO box": ("billing_po_box", billing(address=street(line1="PO Box 12"))),
    "lock box": ("billing_po_box", billing(address=street(line2="LOCK BOX 7"))),
    "ZIP of five digits": ("zip", billing(address=street(postal_code="43215"))),
    "state ZZ": ("state", billing(address=street(state="ZZ"))),
    "EIN with a hyphen": ("tax_id", billing(tax_id="12-345678")),
    "SBR01 twice": ("responsibility_repeated", other(responsibility="S")),
    "SVD01 unknown": ("adjudication_payer", other(payer_id="OTHER")),
    "AMT*D absent": ("other_payer_paid", other(amount_paid=None)),
    "CARC nonsense": ("adjustment_code", adjusted("ZZ9")),
    "CLM01 of 21 characters": ("control_number", replace(CLAIM, control_number="A" * 21)),
    "CLM01 in lower case": ("control_number", replace(CLAIM, control_number="abc")),
    "REF too long": ("guide", replace(CLAIM, prior_authorization="9" * 51)),
    "REF*6R too long": ("line_id", line(line_id="9" * 31)),
    "three decimals": ("charge_decimals", line(charge=Decimal("100.005"))),
    "negative charge": ("charge_negative", line(charge=Decimal("-1.00"))),
    "accident without state": ("accident_state", replace(CLAIM, related_causes=RelatedCauses(auto_accident=True))),
    "accident without date": (
        "accident_date", replace(CLAIM, related_causes=RelatedCauses(auto_accident=True, state="OH"))
    ),
    "subscriber without DMG": ("birth_date", replace(CLAIM, subscriber=replace(CLAIM.subscriber, birth_date=None))),
    "a fourth number of a contact": (
        "contact_numbers", billing(contact=Contact("JO", "6145550100", "12", "6145550101", "jo@x.example"))
    ),
    "taxonomy shape": ("taxonomy", billing(taxonomy="207Q00000")),
    "13 diagnoses": ("diagnosis_count", replace(CLAIM, diagnoses=tuple(f"M54{n:02d}" for n in range(13)))),
    "51 lines": ("line_count", replace(CLAIM, lines=tuple(cast.service_line(n) for n in range(1, 52)))),
    "five modifiers": ("modifier_count", line(modifiers=("25", "59", "LT", "76", "77"))),
    "five pointers": ("pointer_count", line(pointers=(1, 2, 3, 4, 5))),
    "no units": ("units", line(units=Decimal(0))),
    "no payer id": ("payer_id", replace(CLAIM, payer=replace(CLAIM.payer, identifier=""))),
    "Medicare number": (
        "medicare_id", replace(CLAIM, coverage=replace(CLAIM.coverage, filing_indicator="MB"))
    ),
    "same payer twice": ("other_payer_repeated", other(payer_id=SECOND.payer.identifier)),
    "no relationship": (
        "relationship",
        replace(cast.dependent(), patient=replace(cast.dependent().patient, relationship="18")),  # type: ignore[type-var]
    ),
}  # fmt: skip


@pytest.mark.parametrize(("code", "document"), FAULTS.values(), ids=FAULTS)
def test_each_fault_is_caught(code: str, document: ClaimDocument) -> None:
    found = [finding.code for finding in check_claim(document, cast.TODAY) if finding.severity == "error"]
    assert code in found


WRITTEN: dict[str, Callable[[], bool]] = {
    "ST03 equals GS08": lambda: cast.claim_file(CLAIM).count(b"005010X222A1") == 2,
    "SBR02 is empty with a patient loop": lambda: b"SBR*P**" in cast.claim_file(cast.dependent()),
    "SBR02 is 18 without": lambda: b"SBR*P*18*" in cast.claim_file(CLAIM),
    "HL04 0 without children": lambda: b"HL*2*1*22*0" in cast.claim_file(CLAIM),
    "HL04 1 with a patient": lambda: b"HL*2*1*22*1" in cast.claim_file(cast.dependent()),
    "rendering that equals billing": lambda: b"NM1*82" not in cast.claim_file(
        cast.claim(rendering_provider=Provider(cast.GROUP.party))
    ),
    "onset on a service day": lambda: b"DTP*431" not in cast.claim_file(
        cast.claim(dates=ClaimDates(onset=CLAIM.lines[0].service_date))
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRITTEN)
def test_what_the_writer_never_gets_wrong(name: str) -> None:
    assert WRITTEN[name]()
