"""Every field a person may change: what is typed, what the claim then carries, and that it can be sent."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from claims.errors import NotEditable
from claims.review import apply_edits
from clinics.errors import BadInput
from lib.frozen import freeze, thaw
from tests.x12.x12_cast import TODAY, claim, claim_file, dependent
from x12.documents.claim_details import Attachment, Certification, Measurement
from x12.documents.claim_rules import check_claim
from x12.documents.professional_claim import ClaimDocument
from x12.pyx12_check import find_faults

pytestmark = pytest.mark.rule("B8.fields")
NPI = "1245319599"
CLAIM = freeze(claim())


def edit(edits: dict[str, Any], document: dict[str, Any] = CLAIM) -> ClaimDocument:
    changed, _ = apply_edits(document, edits)
    return thaw(ClaimDocument, changed)


TYPED: dict[str, tuple[dict[str, Any], str]] = {
    "who supervised": (
        {"supervising_provider.party.last_name": "Reed", "supervising_provider.party.first_name": "Ann",
         "supervising_provider.party.identifier": NPI},
        f"NM1*DQ*1*REED*ANN****XX*{NPI}~",
    ),
    "who ordered a line": (
        {"lines.1.ordering_provider.party.last_name": "Reed", "lines.1.ordering_provider.party.identifier": NPI},
        f"NM1*DK*1*REED*****XX*{NPI}~",
    ),
    "who rendered a line": (
        {"lines.0.rendering_provider.party.last_name": "Reed", "lines.0.rendering_provider.party.identifier": NPI,
         "lines.0.rendering_provider.taxonomy": "207q00000x"},
        "PRV*PE*PXC*207Q00000X~",
    ),
    "where": (
        {"service_facility.party.last_name": "Hospital", "service_facility.address.line1": "9 High St",
         "service_facility.address.city": "Dayton", "service_facility.address.state": "OH",
         "service_facility.address.postal_code": "454010001"},
        "NM1*77*2*HOSPITAL~",
    ),
    "an ambulance": (
        {"transport.reason": "A", "transport.miles": "12", "transport.pick_up.line1": "1 Elm St",
         "transport.pick_up.city": "Columbus", "transport.pick_up.state": "OH",
         "transport.drop_off.line1": "9 High St", "transport.drop_off.city": "Dayton",
         "transport.drop_off.state": "OH", "transport.drop_off_name": "Hospital",
         "certifications": "07 Y 01 04"},
        "CR1****A*DH*12~",
    ),
    "spinal manipulation": (
        {"spinal_manipulation.condition": "A", "spinal_manipulation.description": "Low back"},
        "CR2********A**LOW BACK~",
    ),
    "a drug": (
        {"lines.0.drug.ndc": "00409-1234-01", "lines.0.drug.quantity": "1.5", "lines.0.drug.unit": "ML"},
        "LIN**N4*00409123401~\nCTP****1.5*ML~",
    ),
    "attachments": ({"attachments": "OZ EL A77\nRR AA"}, "PWK*OZ*EL***AC*A77~\nPWK*RR*AA~"),
    "certifications": ({"certifications": "75 Y IH\nZZ N NU"}, "CRC*75*Y*IH~\nCRC*ZZ*N*NU~"),
    "fixed texts": ({"fixed_texts": "one\ntwo"}, "K3*ONE~\nK3*TWO~"),
    "a test": ({"lines.0.test_results": "TR R2 31.5"}, "MEA*TR*R2*31.5~"),
    "a purchased service": (
        {"lines.0.purchased_service_provider": "Lab7", "lines.0.purchased_service_charge": "12",
         "lines.0.purchased_service_from.party.identifier": NPI},
        "PS1*LAB7*12~",
    ),
    "a line's own authorization": ({"lines.0.prior_authorization": "A9"}, "REF*G1*A9~"),
    "a line's own place": ({"lines.0.place_of_service": "12"}, "*UN*1*12**1:2~"),
    "all treatment dates": (
        {"dates.last_seen": "2025-12-01", "dates.acute_manifestation": "2025-12-02", "dates.last_xray": "2025-12-03",
         "dates.last_worked": "2025-12-04", "dates.return_to_work": "2025-12-30", "dates.assumed_care": "2025-12-05",
         "dates.relinquished_care": "2025-12-31", "dates.first_contact": "2025-12-06"},
        "DTP*304*D8*20251201~\nDTP*453*D8*20251202~\nDTP*455*D8*20251203~",
    ),
    "death, weight": (
        {"subscriber.death_date": "2025-12-31", "subscriber.weight_pounds": "154"}, "PAT*****D8*20251231*01*154~"
    ),
    "references": (
        {"clia_number": "36D0000001", "mammography_number": "m1", "referral_number": "R1"}, "REF*X4*36D0000001~"
    ),
    "an unlisted code": (
        {"lines.0.description": "Unlisted", "lines.0.note": "what it was"}, "SV1*HC:99213:25::::UNLISTED*100*"
    ),
    "a note of another kind": ({"note": "cer: as ordered"}, "NTE*CER*AS ORDERED~"),
    "a contract": ({"contract.kind": "09", "contract.percent": "80", "contract.code": "ppo7"}, "CN1*09**80*PPO7~"),
    "a line's contract": ({"lines.0.contract.kind": "04", "lines.0.contract.amount": "50"}, "CN1*04*50~"),
    "answers of a form": (
        {"lines.0.forms": "ut 484.3 1a=y; 2=2025-12-01; 3=88.5%; 4=two litres"},
        "LQ*UT*484.3~\nFRM*1A*Y~\nFRM*2***20251201~\nFRM*3****88.5~\nFRM*4**TWO LITRES~",
    ),
    "emergency": ({"lines.0.is_emergency": "yes"}, "*1:2**Y~"),
}  # fmt: skip


@pytest.mark.parametrize("name", TYPED)
def test_what_is_typed_is_sent(name: str) -> None:
    edits, expected = TYPED[name]
    document = edit(edits)
    assert [one for one in check_claim(document, TODAY) if one.severity == "error"] == []
    data = claim_file(document)
    assert expected in data.decode()
    assert find_faults(data) == []


@pytest.mark.parametrize("name", TYPED)
def test_what_was_kept_is_read_again_and_emptying_it_takes_it_away(name: str) -> None:
    """A refresh applies the stored values once more; empty fields leave no half part behind."""
    edits, _ = TYPED[name]
    changed, changes = apply_edits(CLAIM, edits)
    again, _ = apply_edits(CLAIM, {path: new for path, (_, new) in changes.items()})
    assert again == changed
    emptied, _ = apply_edits(changed, dict.fromkeys(edits, ""))
    assert thaw(ClaimDocument, emptied) == thaw(ClaimDocument, CLAIM)


def test_an_empty_field_of_a_part_that_is_not_there_changes_nothing() -> None:
    document, changes = apply_edits(
        CLAIM, {"lines.0.drug.ndc": "", "transport.reason": "", "fixed_texts": ""}
    )
    assert (document, changes) == (freeze(thaw(ClaimDocument, CLAIM)), {})


def test_lists_by_the_api_are_lists() -> None:
    document = edit(
        {
            "attachments": [{"report_type": "OZ", "transmission": "AA"}],
            "certifications": [{"category": "75", "applies": True, "conditions": ["IH"]}],
            "lines.1.test_results": [{"kind": "TR", "measure": "R2", "value": "31.5"}],
        }
    )
    assert document.attachments == (Attachment("OZ", "AA"),)
    assert document.certifications == (Certification("75", True, ("IH",)),)
    assert document.lines[1].test_results == (Measurement("TR", "R2", Decimal("31.5")),)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("referring_provider.party.identifier", "1234567890"),
        ("attachments", "OZ"),
        ("certifications", "75 IH"),
        ("transport.miles", "far"),
        ("transport.miles", "-1"),
        ("lines.0.test_results", "TR R2 much"),
        ("lines.0.transported_patients", "0"),
        ("fixed_texts", "A" * 81),
        ("spinal_manipulation.condition", "Z"),
        ("subscriber.weight_pounds", "NaN"),
    ],
)
def test_what_cannot_be_read_is_said(path: str, value: str) -> None:
    with pytest.raises(BadInput):
        edit({path: value})


@pytest.mark.parametrize(
    "path",
    ["lines.0.units", "lines.0.charge", "lines.0.procedure", "billing_provider.tax_id", "lines.9.drug.ndc"],
)
def test_what_belongs_to_the_visit_is_not_changed_here(path: str) -> None:
    with pytest.raises(NotEditable):
        edit({path: "1"})


def test_a_dependents_facts_stand_with_the_dependent() -> None:
    document = edit({"patient.weight_pounds": "7.5", "patient.death_date": "2025-12-31"}, freeze(dependent()))
    assert document.patient is not None
    assert (document.patient.weight_pounds, document.patient.death_date) == (
        Decimal("7.50"),
        date(2025, 12, 31),
    )
