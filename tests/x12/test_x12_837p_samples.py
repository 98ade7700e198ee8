"""Every 837P of the sample corpus: read, written, read again; each that is not, with its reason, one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import x12_cast as cast

from x12.documents.claim_rules import check_claim
from x12.documents.professional_claim import ClaimDocument, ClaimTransaction
from x12.documents.write_837p import write_837p
from x12.pyx12_check import find_faults
from x12.reader import SegmentReader
from x12.reading import read_file
from x12.tokens import Segment

pytestmark = pytest.mark.rule("X12.samples")
FILES = sorted((cast.SAMPLES / "x12" / "837P").glob("*")) if cast.SAMPLES.exists() else []
# Files whose claims are not told again, each with why, in words and by machine: the second text starts one of the
# faults that ``faults`` finds in it. Every file in which no judge finds a fault survives.
PLACEHOLDERS = (
    "HI*BK*8901*BF: codes in elements of their own, charges do not add up",
    "ours: charge_total of each",
)
BLACKED = ("an institutional claim, its codes blacked out", "guide: 999999X999X9")
INSTITUTIONAL = ("an institutional claim", "pyx12: CLM/elements: 7 (A) is not a valid code for Facility Code")
NO_CLAIM = ("an envelope without a claim", "claims: none")
NO_NAME = (
    "a billing provider without a name",
    'pyx12: NM1: 3 Mandatory loop "Billing Provider Name" (2010AA) missing',
)
SEPARATOR = ("another component separator than the ISA declares", "reader: component_separator")
NOT_WRITTEN: dict[str, tuple[str, str]] = {
    **{f"Inteligenz_X12Parser__FromNth_837_DeIdent_0{place}.dat": BLACKED for place in (2, 3, 4, 5)},
    "Inteligenz_X12Parser__TestData_InstitutionalClaim5010.txt": INSTITUTIONAL,
    "Inteligenz_X12Parser___5010_MedicaidExample.txt": (INSTITUTIONAL[0], "ours: charge_total of each"),
    "Inteligenz_X12Parser___5010_MissingEntityCode.txt": (INSTITUTIONAL[0], "ours: charge_total of each"),
    "Inteligenz_X12Parser___5010_Spec_3.1.1.txt": INSTITUTIONAL,
    "LinuxForHealth_x12__demo.example11.837": SEPARATOR,
    "LinuxForHealth_x12__demo.example12.837": SEPARATOR,
    "Query-farm_vgi-x12__truncated.edi": ("cut off in the middle of its claim", "reader: missing_se"),
    "apimeister_x12-types___837_test.rs__2.edi": (
        "names of fields in the place of values", "pyx12: BHT: 1 Segment BHT*0001 not found"
    ),
    "copyleftdev_x12-python__conftest.py__7.edi": NO_CLAIM,
    "cosyte_x12__837p-comprehensive.edi": ("a note of kind DGN on a line", "pyx12: NTE: 1 Segment NTE*DGN not found"),
    "cosyte_x12__837p-empty-optionals.edi": ("a line without service and day", "reader: missing_sv1"),
    "cosyte_x12__availity-repetition.edi": NO_CLAIM,
    "cosyte_x12__medicare-canonical.edi": NO_CLAIM,
    "imsweb_x12-parser__x12_ambiguous_loop.txt": ("a taxonomy of five letters, charges", "ours: charge_total of each"),
    "imsweb_x12-parser__x12_complex.txt": ("a taxonomy of four characters, charges", "ours: charge_total of each"),
    "imsweb_x12-parser__x12_bad_valid_code.txt": NO_NAME,
    "imsweb_x12-parser__x12_loop_errors3_missing_loops.txt": NO_NAME,
    **{
        f"imsweb_x12-parser__x12_{name}.txt": PLACEHOLDERS
        for name in (
            "bad_first_line", "bad_segment_identifier", "loop_errors1_exceeds_max_1_parent",
            "loop_errors2_exceeds_max_repeats_multiple_parents", "many_claims", "missing_elements",
            "missing_required_loop_in_one_repeat", "missing_required_loops_mult_repeats", "multiple_gs",
            "multiple_isa", "multiple_st", "multiple_transactions", "no_errors", "no_isa_line",
            "segments_out_of_order", "valid_different_separators",
        )
    },
    "mjpete3_x12__tc_parse_837p.rb__1.edi": (
        "names of fields in the place of values", "pyx12: DMG/elements: 7 (SUBSCRIBER SEX) is not a valid code"
    ),
    "rohanrkamath_KW-X12-Parser__edi_sample_75_claims.txt": (
        "an authorization (REF*G1) beneath a provider, payers do not add up", "ours: cob_claim_unbalanced of each"
    ),
    "xlate_staedi__837-header-ref-only.edi": NO_CLAIM,
}  # fmt: skip
# Segments that a file loses on the way, beyond what is left out on purpose, and the fault found with each.
PATIENTS = "2000B: facts of a patient who stands in 2000C"
LOST: dict[str, dict[str, str]] = {
    "Healthcare-Data-Insight_api-examples__837P-all-fields.dat": {
        "PAT*****D8*19900201*01*176*Y": PATIENTS,
        "NM1*85*1*DOE*JANE*A***MI*OTHERPAYERBILLING": (
            'pyx12: NM1/elements: 10 Data element "Name Last or Organization Name" (NM103) is marked as Not Used'
        ),
        "LIN**N4*01234567891": "pyx12: LIN: 1 Segment LIN* not found",  # it stands behind 2430
    },
    "Healthcare-Data-Insight_api-examples__837p-all-fields.edi": {"PAT*****D8*19900201*01*176*Y": PATIENTS},
    "LinuxForHealth_x12__demo.cob.example4.837": {"AMT*F2*15": "pyx12: AMT: 1 Segment AMT*F2 not found"},
    "cosyte_x12__837p-unknown-hi.edi": {"HI*ZZZ:CODE123": "pyx12: HI: 1 Segment HI*ZZZ:CODE123 not found"},
    "cosyte_x12__837p-with-patient-hl.edi": {
        "SBR*P*01******MB": "pyx12: SBR/elements: 7 (01) is not a valid code for Individual Relationship Code (SBR02)"
    },
    "imsweb_x12-parser__x12_segment_errors.txt": {
        "REF*EI*423534563": "pyx12: REF: 5 Segment REF exceeded max count"
    },
}  # fmt: skip
# Three files of one maker have the filing indicator in SBR08, which the guide has not, and a PRV without a taxonomy.
MISPLACED = "rohanrkamath_KW-X12-Parser__"
MISPLACED_FAULTS = {
    ("*****CI", "*****MC"): 'pyx12: SBR/elements: 10 Data element "Employment Status Code" (SBR08) is marked',
    ("PRV*BI*ZZ",): 'pyx12: PRV/elements: 1 Mandatory data element "Provider Taxonomy Code" (PRV03) is missing',
}  # fmt: skip
PROFESSIONAL = ("005010X222", "005010X222A1", "005010X222A2")
FIRST = 400  # segments of a transaction that the independent validator is shown
ENVELOPE = {"ISA", "GS", "GE", "IEA", "ST", "SE", "HL", "LX", "TA1", "BHT"}


def documents(data: bytes) -> list[ClaimTransaction]:
    found = [item.document for item in read_file(data).transactions]
    return [item for item in found if isinstance(item, ClaimTransaction) and item.claims]


def written_again(transaction: ClaimTransaction) -> tuple[set[str], ClaimTransaction]:
    """The segments written, and what is read from them."""
    lines = write_837p(transaction)
    data = cast.interchange("837", lines, "HC", "005010X222A1", "005010X222A1")
    return {line.rstrip("~") for line in lines}, documents(data)[0]


def test_each_sample_survives_read_write_read() -> None:
    assert len(FILES) == 69, "the shared samples are not at hand, or others"
    for path in FILES:
        if path.name in NOT_WRITTEN:
            continue
        found = documents(path.read_bytes())
        assert found, path.name
        segments: set[str] = set()
        for transaction in found:
            lines, again = written_again(transaction)
            segments |= lines
            assert in_order(again) == in_order(transaction), path.name
        missing = lost(path, segments, found)
        if path.name.startswith(MISPLACED):
            missing = {one for one in missing if not any(one.endswith(ends) for ends in MISPLACED_FAULTS)}
        assert missing == set(LOST.get(path.name, {})), path.name


def test_each_file_that_is_not_told_again_has_a_fault_that_a_machine_finds() -> None:
    names = {path.name: path for path in FILES}
    for name, (_words, fault) in NOT_WRITTEN.items():
        assert has(fault, path := names[name]), (name, fault, [*faults(path, fault)][:20])


def test_each_segment_that_is_lost_is_one_the_guide_does_not_have_there() -> None:
    for path in FILES:
        for segment, fault in LOST.get(path.name, {}).items():
            if fault == PATIENTS:
                assert stands_with_a_patient(path, segment), path.name
            else:
                assert has(fault, path), (path.name, fault)
        if path.name.startswith(MISPLACED) and path.name not in NOT_WRITTEN:
            # the second is found where a PRV is
            assert has(MISPLACED_FAULTS["*****CI", "*****MC"], path), path.name
            assert b"PRV*BI*ZZ*" not in path.read_bytes() or has(MISPLACED_FAULTS[("PRV*BI*ZZ",)], path)


def has(fault: str, path: Path) -> bool:
    return any(one.startswith(fault) for one in faults(path, fault))


def faults(path: Path, wanted: str) -> Iterator[str]:
    """What the judge that ``wanted`` names finds: the guide, the reader, our own findings, pyx12."""
    judge = wanted.partition(":")[0]
    data = path.read_bytes()
    if judge == "pyx12":
        for segments in transactions(data):
            found = find_faults(
                cast.interchange("837", segments[:FIRST], "HC", "005010X222A1", "005010X222A1")
            )
            yield from ("pyx12: " + one.removeprefix("ISA/groups/transactions/") for one in found)
            break  # the first is enough
    elif judge == "guide":
        yield from (
            f"guide: {one[8]}" for one in SegmentReader(data) if one.id == "GS" and one[8] not in PROFESSIONAL
        )
    elif judge == "reader":
        yield from (f"reader: {one.code}" for one in read_file(data).findings if one.severity == "error")
    else:
        claims = [claim for one in documents(data) for claim in one.claims]
        told = Counter(code for one in claims for code in {f.code for f in check_claim(one, cast.TODAY)})
        yield from (f"ours: {code} of each" for code, count in told.items() if count == len(claims))
        if not claims:
            yield "claims: none"


def transactions(data: bytes) -> Iterator[list[str]]:
    """The segments between each ST and SE, told with our own separators."""
    lines: list[str] = []
    for segment in SegmentReader(data):
        if segment.id == "SE":
            yield lines
            lines = []
        elif segment.id not in ("ISA", "GS", "GE", "IEA", "TA1", "ST"):
            mark = segment.delimiters.component
            lines.append("*".join(part.replace(mark, ":") for part in segment.parts))
    if lines:
        yield lines


def stands_with_a_patient(path: Path, text: str) -> bool:
    """Whether the segment stands in a 2000B whose patient has a level of his own beneath it."""
    level, found = "", False
    for segment in SegmentReader(path.read_bytes()):
        if segment.id == "HL":
            if found and segment[3] == "23":
                return True
            level, found = segment[3], False
        found |= level == "22" and "*".join(norm(list(segment.parts))) == text
    return False


def lost(path: Path, segments: set[str], found: list[ClaimTransaction]) -> set[str]:
    """Segments of the file that were not written, nor left out on purpose, nor told otherwise with one meaning."""
    billing = {claim.billing_provider.party.npi for one in found for claim in one.claims}
    places = {claim.place_of_service for one in found for claim in one.claims}
    alone = all(claim.patient is None for one in found for claim in one.claims)
    written = {norm(line.split("*")) for line in segments}
    missing = set()
    before: tuple[str, ...] = ()
    for segment in SegmentReader(path.read_bytes()):
        said = meaning(segment, places, alone)
        if said and said[0] not in ENVELOPE and said not in written and not repeats(said, before, billing):
            missing.add("*".join(said))
        before = said if said and said[0] == "NM1" else before
    return missing


def repeats(said: tuple[str, ...], before: tuple[str, ...], billing: set[str]) -> bool:
    """The rendering provider that is the billing one is left out, with its taxonomy."""
    name = said if said[0] == "NM1" else before if said[:2] == ("PRV", "PE") else ()
    return name[:2] == ("NM1", "82") and name[-1] in billing


def meaning(segment: Segment, places: set[str], alone: bool) -> tuple[str, ...]:
    """The segment as our writer tells it: ICD-10 qualifiers, no points, one day as D8, no place that is the claim's.

    ``alone``: each subscriber of the file is the patient, so that an SBR which does not say it (SBR02) gets its 18.
    """
    parts = [part.replace(segment.delimiters.component, ":") for part in segment.parts]
    if parts[0] == "HI":
        parts = [p.replace("BK:", "ABK:", 1) if p.startswith("BK:") else p for p in parts]
        parts = [
            p.replace("BF:", "ABF:", 1).replace(".", "") if p.startswith("BF:") else p.replace(".", "")
            for p in parts
        ]
    if parts[0] == "CLM":
        parts[5] = parts[5].replace("::", ":B:")  # a place of service, without saying that it is one
    if parts[0] == "SBR" and not segment[2].strip() and alone:
        parts[2] = "18"
    if parts[0] == "REF" and not segment[2].strip():
        return ()  # a reference without a number
    if parts[0] == "SV1" and len(parts) > 5 and parts[5] in places:
        parts[5] = ""
    if parts[:2] == ["DTP", "472"] and parts[2] == "RD8" and len(set(parts[3].split("-"))) == 1:
        parts[2:] = ["D8", parts[3].split("-")[0]]
    return norm(parts)


def norm(parts: list[str]) -> tuple[str, ...]:
    """Capitals, single blanks, plain numbers, no empty ends."""
    found = [number(" ".join(part.upper().split())).rstrip(":") for part in parts]
    while found and not found[-1]:
        found.pop()
    return tuple(found)


def number(text: str) -> str:
    whole, _, cents = text.removeprefix("-").partition(".")
    if not (whole + cents).isascii() or not (whole + cents).isdigit() or not (cents or "." in text):
        return text
    return f"{Decimal(text):f}".rstrip("0").rstrip(".")


def in_order(transaction: ClaimTransaction) -> list[Any]:
    """The claims by number and charge, in capitals."""
    found = [plain(meant(claim)) for claim in transaction.claims]
    return sorted(found, key=lambda claim: (claim["control_number"], claim["total_charge"], str(claim)))


def plain(value: Any) -> Any:
    if is_dataclass(value):
        return {part.name: plain(getattr(value, part.name)) for part in fields(value)}
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    return value.upper() if isinstance(value, str) else value


def meant(claim: ClaimDocument) -> ClaimDocument:
    """A claim without what the writer leaves out on purpose (docs/x12.md)."""
    days = {line.service_date for line in claim.lines}
    rendering = claim.rendering_provider
    repeats = rendering is not None and rendering.party.npi == claim.billing_provider.party.npi
    lines = tuple(
        replace(line, place_of_service="") if line.place_of_service == claim.place_of_service else line
        for line in claim.lines
    )
    others = tuple(
        replace(
            payer,
            providers=tuple(sorted(payer.providers, key=lambda one: one.role)),
        )
        for payer in claim.other_payers
    )
    subscriber = claim.subscriber
    if claim.patient is not None:  # PAT of 2000B is the patient's, who stands in 2000C here
        subscriber = replace(subscriber, death_date=None, weight_pounds=None, is_pregnant=False)
    return replace(
        claim,
        subscriber=subscriber,
        segment=0,
        lines=lines,
        other_payers=others,
        dates=replace(claim.dates, onset=None) if claim.dates.onset in days else claim.dates,
        rendering_provider=None if repeats else rendering,
    )
